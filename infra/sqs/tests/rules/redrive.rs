use serde_json::{Value, json};
use switchboard_sqs::ErrorKind;

use crate::world::{World, bodies, count};

fn policy(arn: &str, most: u32) -> Value {
    let policy = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": most });
    json!({ "RedrivePolicy": policy.to_string(), "VisibilityTimeout": "1" })
}

/// A queue whose messages are dead after `most` receives, and the queue for the dead.
fn pair(ending: &str, most: u32) -> (World, String, String) {
    let mut world = World::new();
    let dead = world.queue(&format!("dead{ending}"), json!({}));
    let arn = world.attribute(&dead, "QueueArn");
    let live = world.queue(&format!("live{ending}"), policy(&arn, most));
    (world, live, dead)
}

#[test]
fn a_message_received_too_often_moves_at_the_next_receive_and_keeps_its_id() {
    let (mut world, live, dead) = pair("", 2);
    let sent = world.send(&live, "poison");
    for _ in 0..2 {
        assert_eq!(world.receive(&live).len(), 1);
        world.pass(1000);
    }
    assert_eq!(world.counts(&dead), ["0", "0", "0"]);
    assert!(world.receive(&live).is_empty());
    assert_eq!(world.counts(&live), ["0", "0", "0"]);

    let message = world.receive(&dead).remove(0);
    assert_eq!(message["MessageId"], sent["MessageId"]);
    assert_eq!(count(&message), "3");
    let source = &message["Attributes"]["DeadLetterQueueSourceArn"];
    assert_eq!(source, "arn:aws:sqs:us-east-1:000000000000:live");
    // In a standard queue the age goes on counting.
    assert_eq!(message["Attributes"]["SentTimestamp"], "1700000000000");
}

#[test]
fn a_dead_head_lets_its_group_go_on_in_the_same_receive() {
    let (mut world, live, dead) = pair(".fifo", 1);
    world.send_to(&live, "g", "poison");
    world.send_to(&live, "g", "next");
    world.receive_with(&live, json!({ "MaxNumberOfMessages": 1 }));
    world.pass(1000);
    assert_eq!(bodies(&world.receive(&live)), ["next"]);
    let message = world.receive(&dead).remove(0);
    assert_eq!(message["Body"], "poison");
    assert_eq!(message["Attributes"]["MessageGroupId"], "g");
    assert_eq!(message["Attributes"]["SentTimestamp"], "1700000001000");
}

#[test]
fn messages_of_a_group_reach_the_dead_letter_queue_in_order() {
    let (mut world, live, dead) = pair(".fifo", 1);
    for body in ["1", "2", "3"] {
        world.send_to(&live, "g", body);
    }
    world.receive(&live);
    world.pass(1000);
    assert!(world.receive(&live).is_empty());
    assert_eq!(bodies(&world.receive(&dead)), ["1", "2", "3"]);
}

#[test]
fn a_redrive_policy_needs_an_existing_queue_of_the_same_type_that_allows_it() {
    let (mut world, live, dead) = pair("", 1);
    let arn = world.attribute(&dead, "QueueArn");
    let refused = ErrorKind::InvalidParameterValue;
    let mut create = |name: &str, arn: &str| {
        let mut attributes = policy(arn, 1);
        if name.ends_with(".fifo") {
            attributes["FifoQueue"] = json!("true");
        }
        world.refused("CreateQueue", json!({ "QueueName": name, "Attributes": attributes }))
    };
    assert_eq!(create("other.fifo", &arn), refused);
    assert_eq!(create("other", "arn:aws:sqs:us-east-1:000000000000:absent"), refused);
    assert_eq!(create("other", "dead"), refused);
    let own = world.attribute(&live, "QueueArn");
    let itself = json!({ "QueueUrl": live, "Attributes": policy(&own, 1) });
    assert_eq!(world.refused("SetQueueAttributes", itself), refused);

    let closed = json!({ "RedriveAllowPolicy": r#"{"redrivePermission":"denyAll"}"# });
    world.ask("SetQueueAttributes", json!({ "QueueUrl": dead, "Attributes": closed }));
    let other = json!({ "QueueName": "other", "Attributes": policy(&arn, 1) });
    assert_eq!(world.refused("CreateQueue", other), refused);

    let sources = world.ask("ListDeadLetterSourceQueues", json!({ "QueueUrl": dead }));
    assert_eq!(sources["queueUrls"], json!([live]));
}

#[test]
fn a_move_brings_dead_messages_home_as_new_ones() {
    let (mut world, live, dead) = pair("", 1);
    let sent = world.send(&live, "x");
    world.receive(&live);
    world.pass(1000);
    world.receive(&live);
    let arn = world.attribute(&dead, "QueueArn");
    let task = world.ask("StartMessageMoveTask", json!({ "SourceArn": arn }));
    let message = world.receive(&live).remove(0);
    assert_eq!(message["Body"], "x");
    assert_eq!(count(&message), "1");
    assert_ne!(message["MessageId"], sent["MessageId"]);
    assert_eq!(message["Attributes"].get("DeadLetterQueueSourceArn"), None);

    let listed = world.ask("ListMessageMoveTasks", json!({ "SourceArn": arn }));
    assert_eq!(listed["Results"][0]["Status"], "COMPLETED");
    assert_eq!(listed["Results"][0]["ApproximateNumberOfMessagesMoved"], 1);
    let cancel = json!({ "TaskHandle": task["TaskHandle"] });
    assert_eq!(world.refused("CancelMessageMoveTask", cancel), ErrorKind::UnsupportedOperation);
}

#[test]
fn a_move_leaves_what_is_held_and_what_has_no_home() {
    let (mut world, _live, dead) = pair("", 1);
    world.send(&dead, "sent here directly");
    let arn = world.attribute(&dead, "QueueArn");
    world.ask("StartMessageMoveTask", json!({ "SourceArn": arn }));
    assert_eq!(world.counts(&dead), ["1", "0", "0"]);
    let listed = world.ask("ListMessageMoveTasks", json!({ "SourceArn": arn }));
    assert_eq!(listed["Results"][0]["Status"], "FAILED");
    assert_eq!(listed["Results"][0]["FailureReason"], "CouldNotDetermineMessageSource");

    let other = world.queue("other", json!({}));
    let other_arn = world.attribute(&other, "QueueArn");
    world.send(&dead, "second");
    world.receive_with(&dead, json!({ "MaxNumberOfMessages": 1 }));
    let request = json!({ "SourceArn": arn, "DestinationArn": other_arn });
    world.ask("StartMessageMoveTask", request);
    assert_eq!(bodies(&world.receive(&other)), ["second"]);
    assert_eq!(world.counts(&dead), ["0", "1", "0"]);
}

#[test]
fn a_move_starts_only_from_a_dead_letter_queue() {
    let (mut world, live, _dead) = pair("", 1);
    let arn = world.attribute(&live, "QueueArn");
    let kind = world.refused("StartMessageMoveTask", json!({ "SourceArn": arn }));
    assert_eq!(kind, ErrorKind::InvalidParameterValue);
    let kind = world.refused("StartMessageMoveTask", json!({ "SourceArn": "arn:x" }));
    assert_eq!(kind, ErrorKind::ResourceNotFound);
}
