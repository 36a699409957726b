use std::time::Instant;

use serde_json::{Value, json};
use switchboard_sqs::ErrorKind;

use crate::world::{World, bodies, count, held};

const FIVE_MINUTES_MS: i64 = 300_000;

fn one_queue(attributes: Value) -> (World, String) {
    let mut world = World::new();
    let url = world.queue("q.fifo", attributes);
    (world, url)
}

#[test]
fn a_receive_returns_several_messages_of_a_group_in_order_and_locks_the_group() {
    let (mut world, url) = one_queue(json!({}));
    for body in ["1", "2", "3"] {
        world.send_to(&url, "a", body);
    }
    world.send_to(&url, "b", "4");
    let two = world.receive_with(&url, json!({ "MaxNumberOfMessages": 2 }));
    assert_eq!(bodies(&two), ["1", "2"]);
    let sequence = |m: &Value| m["Attributes"]["SequenceNumber"].as_str().unwrap().to_owned();
    assert_eq!(sequence(&two[0]).len(), 20);
    assert!(sequence(&two[0]) < sequence(&two[1]));
    assert_eq!(bodies(&world.receive(&url)), ["4"]);

    world.delete(&url, &two[0]);
    assert!(world.receive(&url).is_empty());
    world.delete(&url, &two[1]);
    assert_eq!(bodies(&world.receive(&url)), ["3"]);
}

#[test]
fn an_expired_message_comes_first_again() {
    let (mut world, url) = one_queue(json!({}));
    for body in ["1", "2", "3"] {
        world.send_to(&url, "a", body);
    }
    world.receive_with(&url, json!({ "MaxNumberOfMessages": 1, "VisibilityTimeout": 2 }));
    world.pass(2000);
    let again = world.receive(&url);
    assert_eq!(bodies(&again), ["1", "2", "3"]);
    assert_eq!([count(&again[0]), count(&again[1])], ["2", "1"]);
    for message in again.iter().rev() {
        world.hold(&url, message, 0);
    }
    assert_eq!(bodies(&world.receive(&url)), ["1", "2", "3"]);
}

#[test]
fn an_expired_handle_can_neither_delete_nor_hold() {
    let (mut world, url) = one_queue(json!({ "VisibilityTimeout": "1" }));
    world.send_to(&url, "a", "x");
    let old = world.receive(&url).remove(0);
    world.pass(1000);
    let refused = ErrorKind::InvalidParameterValue;
    assert_eq!(world.refused("DeleteMessage", held(&url, &old)), refused);
    let new = world.receive(&url).remove(0);
    assert_eq!(world.refused("DeleteMessage", held(&url, &old)), refused);
    let mut hold = held(&url, &old);
    hold["VisibilityTimeout"] = json!(5);
    assert_eq!(world.refused("ChangeMessageVisibility", hold), refused);
    world.delete(&url, &new);
    world.delete(&url, &new);
}

#[test]
fn a_repeated_deduplication_id_is_answered_alike_for_five_minutes_even_after_a_delete() {
    let (mut world, url) = one_queue(json!({}));
    let first = world.send_to(&url, "a", "x");
    let message = world.receive(&url).remove(0);
    world.delete(&url, &message);
    world.pass(FIVE_MINUTES_MS - 1);
    let repeat = world.send_to(&url, "a", "x");
    assert_eq!(repeat["MessageId"], first["MessageId"]);
    assert_eq!(repeat["SequenceNumber"], first["SequenceNumber"]);
    assert!(world.receive(&url).is_empty());
    world.pass(1);
    let new = world.send_to(&url, "a", "x");
    assert_ne!(new["MessageId"], first["MessageId"]);
    assert_eq!(bodies(&world.receive(&url)), ["x"]);
}

#[test]
fn deduplication_counts_for_the_queue_or_for_the_group() {
    for (scope, received) in [("queue", 1), ("messageGroup", 2)] {
        let (mut world, url) = one_queue(json!({ "DeduplicationScope": scope }));
        for group in ["a", "b"] {
            let request = json!({
                "QueueUrl": url, "MessageBody": "x",
                "MessageGroupId": group, "MessageDeduplicationId": "same",
            });
            world.ask("SendMessage", request);
        }
        assert_eq!(world.receive(&url).len(), received, "{scope}");
    }
}

#[test]
fn a_deduplication_id_is_required_unless_the_body_gives_it() {
    let (mut world, url) = one_queue(json!({}));
    let mut request = json!({ "QueueUrl": url, "MessageBody": "x" });
    assert_eq!(world.refused("SendMessage", request.clone()), ErrorKind::MissingParameter);
    request["MessageGroupId"] = json!("a");
    assert_eq!(world.refused("SendMessage", request), ErrorKind::InvalidParameterValue);

    let by_content = world.queue("c.fifo", json!({ "ContentBasedDeduplication": "true" }));
    for body in ["same", "same", "other"] {
        let request = json!({
            "QueueUrl": by_content, "MessageBody": body, "MessageGroupId": "a",
        });
        world.ask("SendMessage", request);
    }
    assert_eq!(bodies(&world.receive(&by_content)), ["same", "other"]);
}

#[test]
fn only_the_queue_may_delay_and_a_delayed_head_holds_its_group_back() {
    let (mut world, url) = one_queue(json!({ "DelaySeconds": "10" }));
    let own = json!({
        "QueueUrl": url, "MessageBody": "x", "DelaySeconds": 3,
        "MessageGroupId": "a", "MessageDeduplicationId": "d",
    });
    assert_eq!(world.refused("SendMessage", own), ErrorKind::InvalidParameterValue);
    world.send_to(&url, "a", "1");
    let set = json!({ "QueueUrl": url, "Attributes": { "DelaySeconds": "0" } });
    world.ask("SetQueueAttributes", set);
    world.send_to(&url, "a", "2");
    world.send_to(&url, "b", "3");
    assert_eq!(bodies(&world.receive(&url)), ["3"]);
    world.pass(10_000);
    assert_eq!(bodies(&world.receive(&url)), ["1", "2"]);
}

#[test]
fn an_attempt_id_replays_a_receive_until_a_message_of_it_is_touched() {
    let (mut world, url) = one_queue(json!({ "VisibilityTimeout": "10" }));
    world.send_to(&url, "a", "1");
    world.send_to(&url, "a", "2");
    world.send_to(&url, "b", "3");
    let attempt = json!({ "ReceiveRequestAttemptId": "t", "MaxNumberOfMessages": 2 });
    let first = world.receive_with(&url, attempt.clone());
    world.pass(5000);
    assert_eq!(world.receive_with(&url, attempt.clone()), first);
    // The replay began the visibility timeout anew.
    world.pass(9999);
    assert_eq!(world.receive_with(&url, attempt.clone()), first);
    world.delete(&url, &first[0]);
    assert_eq!(bodies(&world.receive_with(&url, attempt.clone())), ["3"]);

    let standard = world.queue("s", json!({}));
    let request = json!({ "QueueUrl": standard, "ReceiveRequestAttemptId": "t" });
    assert_eq!(world.refused("ReceiveMessage", request), ErrorKind::InvalidParameterValue);
}

#[test]
fn a_batch_keeps_its_order_and_drops_repeats() {
    let (mut world, url) = one_queue(json!({}));
    let entries: Vec<Value> = (0..10)
        .map(|i| {
            json!({
                "Id": format!("i{i}"), "MessageBody": format!("b{i}"),
                "MessageGroupId": "a", "MessageDeduplicationId": format!("d{}", i % 5),
            })
        })
        .collect();
    let answer = world.ask("SendMessageBatch", json!({ "QueueUrl": url, "Entries": entries }));
    assert_eq!(answer["Successful"].as_array().unwrap().len(), 10);
    assert_eq!(bodies(&world.receive(&url)), ["b0", "b1", "b2", "b3", "b4"]);
}

#[test]
fn a_receive_does_not_look_at_every_message_or_group() {
    let (mut world, url) = one_queue(json!({}));
    for i in 0..20_000 {
        world.send_to(&url, "long", &i.to_string());
        world.send_to(&url, &format!("g{i}"), "x");
    }
    let begun = Instant::now();
    for _ in 0..5000 {
        let message = world.receive_with(&url, json!({ "MaxNumberOfMessages": 1 })).remove(0);
        world.delete(&url, &message);
    }
    // Scanning 40 000 messages a thousand times would take many times as long.
    assert!(begun.elapsed().as_secs() < 3, "{:?}", begun.elapsed());
}
