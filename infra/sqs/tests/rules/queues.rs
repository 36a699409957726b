use serde_json::json;
use switchboard_sqs::ErrorKind;

use crate::world::World;

#[test]
fn creating_a_queue_again_gives_the_same_queue_unless_an_attribute_differs() {
    let mut world = World::new();
    let url = world.queue("orders", json!({ "VisibilityTimeout": "5" }));
    assert_eq!(world.queue("orders", json!({ "VisibilityTimeout": "5" })), url);
    assert_eq!(world.queue("orders", json!({})), url);
    // The default counts as a value too.
    world.queue("orders", json!({ "DelaySeconds": "0" }));
    let other = json!({ "QueueName": "orders", "Attributes": { "VisibilityTimeout": "6" } });
    assert_eq!(world.refused("CreateQueue", other), ErrorKind::QueueNameExists);
    assert_eq!(world.ask("GetQueueUrl", json!({ "QueueName": "orders" }))["QueueUrl"], url);
}

#[test]
fn a_queue_that_is_not_there_is_refused_by_every_request() {
    let mut world = World::new();
    let url = json!("http://sqs.local/000000000000/absent");
    for operation in [
        "DeleteQueue",
        "GetQueueAttributes",
        "ListDeadLetterSourceQueues",
        "ListQueueTags",
        "PurgeQueue",
        "ReceiveMessage",
        "SendMessage",
        "SendMessageBatch",
        "DeleteMessageBatch",
        "SetQueueAttributes",
        "TagQueue",
        "UntagQueue",
    ] {
        let kind = world.refused(operation, json!({ "QueueUrl": url, "MessageBody": "x" }));
        assert_eq!(kind, ErrorKind::QueueDoesNotExist, "{operation}");
        assert_eq!(world.refused(operation, json!({})), ErrorKind::MissingParameter);
    }
    let bare = json!({ "QueueUrl": "absent" });
    assert_eq!(world.refused("PurgeQueue", bare), ErrorKind::InvalidAddress);
}

#[test]
fn a_queue_describes_itself() {
    let mut world = World::new();
    let url = world.queue("q.fifo", json!({ "ContentBasedDeduplication": "true" }));
    world.pass(5000);
    let set = json!({ "QueueUrl": url, "Attributes": { "DelaySeconds": "3" } });
    world.ask("SetQueueAttributes", set);
    let asked = json!({ "QueueUrl": url, "AttributeNames": ["All"] });
    let all = world.ask("GetQueueAttributes", asked)["Attributes"].clone();
    assert_eq!(all["QueueArn"], "arn:aws:sqs:us-east-1:000000000000:q.fifo");
    assert_eq!(all["CreatedTimestamp"], "1700000000");
    assert_eq!(all["LastModifiedTimestamp"], "1700000005");
    assert_eq!(all["DelaySeconds"], "3");
    assert_eq!(all["VisibilityTimeout"], "30");
    assert_eq!(all["MessageRetentionPeriod"], "345600");
    assert_eq!(all["MaximumMessageSize"], "1048576");
    assert_eq!(all["FifoQueue"], "true");
    assert_eq!(all["ContentBasedDeduplication"], "true");
    assert_eq!(all["DeduplicationScope"], "queue");
    assert_eq!(all.get("RedrivePolicy"), None);
    let unknown = json!({ "QueueUrl": url, "AttributeNames": ["Colour"] });
    assert_eq!(world.refused("GetQueueAttributes", unknown), ErrorKind::InvalidAttributeName);
    let readonly = json!({ "QueueUrl": url, "Attributes": { "QueueArn": "x" } });
    assert_eq!(world.refused("SetQueueAttributes", readonly), ErrorKind::InvalidAttributeName);
}

#[test]
fn queues_are_listed_by_prefix_and_page() {
    let mut world = World::new();
    for name in ["a1", "a2", "a3", "b1"] {
        world.queue(name, json!({}));
    }
    let all = world.ask("ListQueues", json!({ "QueueNamePrefix": "a" }));
    assert_eq!(all["QueueUrls"].as_array().unwrap().len(), 3);
    assert_eq!(all.get("NextToken"), None);
    let first = world.ask("ListQueues", json!({ "QueueNamePrefix": "a", "MaxResults": 2 }));
    assert_eq!(first["QueueUrls"].as_array().unwrap().len(), 2);
    let next = json!({
        "QueueNamePrefix": "a", "MaxResults": 2, "NextToken": first["NextToken"],
    });
    let second = world.ask("ListQueues", next);
    assert_eq!(second["QueueUrls"], json!(["http://sqs.local/000000000000/a3"]));
    assert_eq!(second.get("NextToken"), None);
}

#[test]
fn tags_are_set_listed_and_taken_away() {
    let mut world = World::new();
    let url = world.queue("q", json!({}));
    world.ask("TagQueue", json!({ "QueueUrl": url, "Tags": { "team": "a", "cost": "b" } }));
    world.ask("UntagQueue", json!({ "QueueUrl": url, "TagKeys": ["cost"] }));
    let tags = world.ask("ListQueueTags", json!({ "QueueUrl": url }));
    assert_eq!(tags["Tags"], json!({ "team": "a" }));
}

#[test]
fn a_purge_empties_a_queue_and_may_be_repeated_after_a_minute() {
    let mut world = World::new();
    let url = world.queue("q", json!({}));
    world.send(&url, "one");
    world.receive(&url);
    world.send(&url, "two");
    world.ask("PurgeQueue", json!({ "QueueUrl": url }));
    assert_eq!(world.counts(&url), ["0", "0", "0"]);
    world.pass(59_999);
    let again = json!({ "QueueUrl": url });
    assert_eq!(world.refused("PurgeQueue", again.clone()), ErrorKind::PurgeQueueInProgress);
    world.pass(1);
    world.ask("PurgeQueue", again);
}

#[test]
fn a_deleted_queue_takes_its_messages_with_it() {
    let mut world = World::new();
    let url = world.queue("q", json!({}));
    world.send(&url, "x");
    let message = world.receive(&url).remove(0);
    world.ask("DeleteQueue", json!({ "QueueUrl": url }));
    let absent = json!({ "QueueUrl": url });
    assert_eq!(world.refused("ReceiveMessage", absent), ErrorKind::QueueDoesNotExist);
    world.queue("q", json!({}));
    assert_eq!(world.counts(&url), ["0", "0", "0"]);
    let old = crate::world::held(&url, &message);
    assert_eq!(world.refused("DeleteMessage", old), ErrorKind::ReceiptHandleIsInvalid);
}
