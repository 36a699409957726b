use serde_json::{Value, json};
use switchboard_sqs::ErrorKind;

use crate::world::{World, bodies, count, held};

fn one_queue(attributes: Value) -> (World, String) {
    let mut world = World::new();
    let url = world.queue("q", attributes);
    (world, url)
}

#[test]
fn a_message_comes_back_exactly_when_its_visibility_timeout_ends() {
    let (mut world, url) = one_queue(json!({ "VisibilityTimeout": "10" }));
    world.send(&url, "x");
    assert_eq!(count(&world.receive(&url)[0]), "1");
    assert_eq!(world.counts(&url), ["0", "1", "0"]);
    world.pass(9_999);
    assert!(world.receive(&url).is_empty());
    world.pass(1);
    let again = world.receive(&url);
    assert_eq!(count(&again[0]), "2");
    let attributes = &again[0]["Attributes"];
    assert_eq!(attributes["SentTimestamp"], "1700000000000");
    assert_eq!(attributes["ApproximateFirstReceiveTimestamp"], "1700000000000");
    world.delete(&url, &again[0]);
    world.pass(3_600_000);
    assert!(world.receive(&url).is_empty());
}

#[test]
fn the_latest_handle_deletes_even_after_its_timeout_and_an_older_one_does_nothing() {
    let (mut world, url) = one_queue(json!({}));
    world.send(&url, "x");
    let first = world.receive(&url).remove(0);
    world.pass(30_000);
    let second = world.receive(&url).remove(0);
    world.delete(&url, &first);
    assert_eq!(world.counts(&url), ["0", "1", "0"]);
    world.pass(30_000);
    world.delete(&url, &second);
    assert_eq!(world.counts(&url), ["0", "0", "0"]);
    world.delete(&url, &second);
    let bad = json!({ "QueueUrl": url, "ReceiptHandle": "garbage" });
    assert_eq!(world.refused("DeleteMessage", bad), ErrorKind::ReceiptHandleIsInvalid);
}

#[test]
fn a_delay_of_the_message_goes_before_the_delay_of_the_queue() {
    let (mut world, url) = one_queue(json!({ "DelaySeconds": "5" }));
    world.send(&url, "queue");
    let own = json!({ "QueueUrl": url, "MessageBody": "own", "DelaySeconds": 1 });
    world.ask("SendMessage", own);
    assert_eq!(world.counts(&url), ["0", "0", "2"]);
    world.pass(1000);
    assert_eq!(bodies(&world.receive(&url)), ["own"]);
    world.pass(4000);
    assert_eq!(bodies(&world.receive(&url)), ["queue"]);
    let long = json!({ "QueueUrl": url, "MessageBody": "x", "DelaySeconds": 901 });
    assert_eq!(world.refused("SendMessage", long), ErrorKind::InvalidParameterValue);
}

#[test]
fn visibility_can_be_ended_extended_and_never_exceeds_twelve_hours() {
    let (mut world, url) = one_queue(json!({}));
    world.send(&url, "x");
    let message = world.receive(&url).remove(0);
    world.hold(&url, &message, 0);
    let stale = json!({
        "QueueUrl": url, "ReceiptHandle": message["ReceiptHandle"], "VisibilityTimeout": 1,
    });
    assert_eq!(world.refused("ChangeMessageVisibility", stale), ErrorKind::MessageNotInflight);

    let message = world.receive(&url).remove(0);
    world.hold(&url, &message, 100);
    world.pass(99_999);
    assert!(world.receive(&url).is_empty());
    let mut longer = held(&url, &message);
    longer["VisibilityTimeout"] = json!(43_200);
    let refused = world.refused("ChangeMessageVisibility", longer);
    assert_eq!(refused, ErrorKind::InvalidParameterValue);
    world.pass(1);
    assert_eq!(count(&world.receive(&url)[0]), "3");
}

#[test]
fn messages_are_lost_when_the_retention_period_ends_wherever_they_are() {
    let (mut world, url) = one_queue(json!({ "MessageRetentionPeriod": "60" }));
    world.send(&url, "held");
    world.receive(&url);
    world.send(&url, "visible");
    let late = json!({ "QueueUrl": url, "MessageBody": "delayed", "DelaySeconds": 900 });
    world.ask("SendMessage", late);
    world.pass(59_999);
    world.send(&url, "young");
    world.pass(1);
    assert_eq!(bodies(&world.receive(&url)), ["young"]);
    assert_eq!(world.counts(&url), ["0", "1", "0"]);
}

#[test]
fn a_batch_is_refused_as_a_whole_for_its_shape_and_entry_by_entry_for_its_content() {
    let (mut world, url) = one_queue(json!({}));
    let entries = |ids: &[&str]| -> Vec<Value> {
        ids.iter().map(|id| json!({ "Id": id, "MessageBody": "x" })).collect()
    };
    let mut kind = |entries: Vec<Value>| {
        world.refused("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries }))
    };
    assert_eq!(kind(vec![]), ErrorKind::EmptyBatchRequest);
    assert_eq!(kind(entries(&["a"; 11])), ErrorKind::TooManyEntriesInBatchRequest);
    assert_eq!(kind(entries(&["a", "a"])), ErrorKind::BatchEntryIdsNotDistinct);
    assert_eq!(kind(entries(&["a b"])), ErrorKind::InvalidBatchEntryId);
    let half = "x".repeat(600 * 1024);
    let large = ["a", "b"].map(|id| json!({ "Id": id, "MessageBody": half }));
    assert_eq!(kind(large.to_vec()), ErrorKind::BatchRequestTooLong);

    let mut mixed = entries(&["good", "empty"]);
    mixed[1]["MessageBody"] = json!("");
    let answer = world.ask("SendMessageBatch", json!({ "QueueUrl": url, "Entries": mixed }));
    assert_eq!(answer["Successful"][0]["Id"], "good");
    assert_eq!(answer["Failed"][0]["Id"], "empty");
    assert_eq!(answer["Failed"][0]["SenderFault"], true);
    assert_eq!(answer["Failed"][0]["Code"], "MissingParameter");
    assert_eq!(world.counts(&url), ["1", "0", "0"]);

    let message = world.receive(&url).remove(0);
    let entries = json!([
        { "Id": "held", "ReceiptHandle": message["ReceiptHandle"] },
        { "Id": "bad", "ReceiptHandle": "garbage" },
    ]);
    let answer = world.ask("DeleteMessageBatch", json!({ "QueueUrl": url, "Entries": entries }));
    assert_eq!(answer["Successful"], json!([{ "Id": "held" }]));
    assert_eq!(answer["Failed"][0]["Code"], "ReceiptHandleIsInvalid");
}

#[test]
fn body_and_attributes_together_may_have_one_mebibyte() {
    let (mut world, url) = one_queue(json!({}));
    let whole = "x".repeat(1024 * 1024);
    world.send(&url, &whole);
    let mut larger = json!({ "QueueUrl": url, "MessageBody": whole });
    larger["MessageAttributes"] = json!({ "a": { "DataType": "String", "StringValue": "x" } });
    assert_eq!(world.refused("SendMessage", larger), ErrorKind::InvalidParameterValue);
    let small = world.queue("small", json!({ "MaximumMessageSize": "1024" }));
    let body = json!({ "QueueUrl": small, "MessageBody": "x".repeat(1025) });
    assert_eq!(world.refused("SendMessage", body), ErrorKind::InvalidParameterValue);
}

#[test]
fn message_attributes_come_back_as_asked_for_with_a_digest_of_those_returned() {
    let (mut world, url) = one_queue(json!({ "VisibilityTimeout": "0" }));
    let text = |value: &str| json!({ "DataType": "String", "StringValue": value });
    let attributes = json!({
        "trace.id": text("1"), "trace.span": text("2"), "tracer": text("3"),
        "raw": { "DataType": "Binary", "BinaryValue": "AQI=" },
    });
    let request = json!({
        "QueueUrl": url, "MessageBody": "x", "MessageAttributes": attributes,
        "MessageSystemAttributes": { "AWSTraceHeader": text("Root=1") },
    });
    let sent = world.ask("SendMessage", request);
    let all = world.receive(&url).remove(0);
    assert_eq!(all["MD5OfMessageAttributes"], sent["MD5OfMessageAttributes"]);
    assert_eq!(all["MessageAttributes"], attributes);
    assert_eq!(all["Attributes"]["AWSTraceHeader"], "Root=1");

    let mut names = |list: Value| -> Vec<String> {
        let message = world.receive_with(&url, json!({ "MessageAttributeNames": list })).remove(0);
        let attributes = message["MessageAttributes"].as_object().cloned().unwrap_or_default();
        assert_eq!(message.get("MD5OfMessageAttributes").is_some(), !attributes.is_empty());
        attributes.keys().cloned().collect()
    };
    assert_eq!(names(json!(["trace.*"])), ["trace.id", "trace.span"]);
    assert_eq!(names(json!(["raw", "absent"])), ["raw"]);
    assert_eq!(names(json!([".*"])).len(), 4);
    assert!(names(json!([])).is_empty());

    let few = json!({ "MessageSystemAttributeNames": [], "AttributeNames": ["SentTimestamp"] });
    let message = world.receive_with(&url, few).remove(0);
    assert_eq!(message["Attributes"].as_object().unwrap().len(), 1);
}

#[test]
fn a_standard_queue_takes_a_group_but_no_deduplication_id() {
    let (mut world, url) = one_queue(json!({}));
    let mut request = json!({ "QueueUrl": url, "MessageBody": "x", "MessageGroupId": "tenant" });
    world.ask("SendMessage", request.clone());
    let message = world.receive(&url).remove(0);
    assert_eq!(message["Attributes"]["MessageGroupId"], "tenant");
    assert_eq!(message["Attributes"].get("SequenceNumber"), None);
    request["MessageDeduplicationId"] = json!("d");
    assert_eq!(world.refused("SendMessage", request), ErrorKind::InvalidParameterValue);
}

#[test]
fn parameters_of_a_receive_outside_their_range_are_refused() {
    let (mut world, url) = one_queue(json!({}));
    for (name, value) in [
        ("MaxNumberOfMessages", 0),
        ("MaxNumberOfMessages", 11),
        ("WaitTimeSeconds", 21),
        ("VisibilityTimeout", 43_201),
        ("VisibilityTimeout", -1),
    ] {
        let request = json!({ "QueueUrl": url, name: value });
        let kind = world.refused("ReceiveMessage", request);
        assert_eq!(kind, ErrorKind::InvalidParameterValue, "{name} {value}");
    }
}

#[test]
fn everything_in_flight_can_be_released_at_once() {
    let (mut world, url) = one_queue(json!({ "VisibilityTimeout": "43200" }));
    world.send(&url, "held");
    world.receive(&url);
    let late = json!({ "QueueUrl": url, "MessageBody": "delayed", "DelaySeconds": 900 });
    world.ask("SendMessage", late);
    assert_eq!(world.release_in_flight(), 1);
    assert_eq!(world.counts(&url), ["1", "0", "1"]);
    assert_eq!(count(&world.receive(&url)[0]), "2");
}
