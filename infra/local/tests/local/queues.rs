use switchboard::{Outcome, Trigger, Usage};

use crate::{PATIENCE, start};

#[tokio::test]
async fn the_sdk_sends_and_receives_over_the_connector() {
    let deployment = start().await;
    let client = deployment.sqs_client("test");
    // No function is woken by it, so the message is ours.
    let url = deployment.queue_url("relay-dead-letters");
    let sent = client.send_message().queue_url(&url).message_body("hello").send().await.unwrap();
    assert_eq!(sent.md5_of_message_body(), Some("5d41402abc4b2a76b9719d911017c592"));
    let received = client.receive_message().queue_url(&url).send().await.unwrap();
    let [message] = received.messages() else { panic!("{received:?}") };
    assert_eq!(message.body(), Some("hello"));
    assert_eq!(message.md5_of_body(), sent.md5_of_message_body());
    let handle = message.receipt_handle().unwrap();
    client.delete_message().queue_url(&url).receipt_handle(handle).send().await.unwrap();
    let missing = client.receive_message().queue_url("http://sqs.local/000000000000/missing");
    let error = missing.send().await.unwrap_err().into_service_error();
    assert!(error.is_queue_does_not_exist(), "{error:?}");
    assert_eq!(deployment.counters().of("test").messages_sent, 1);
}

#[tokio::test]
async fn a_message_that_cannot_be_understood_ends_among_the_dead_letters() {
    let deployment = start().await;
    let mut traces = deployment.traces();
    let mark = deployment.counters();
    let client = deployment.sqs_client("test");
    let send = |group: &'static str| {
        client
            .send_message()
            .queue_url(deployment.queue_url("inbound.fifo"))
            .message_body("not what autocreation takes")
            .message_group_id(group)
            .message_deduplication_id(group)
            .send()
    };
    send("a").await.unwrap();
    deployment.drained(PATIENCE).await.unwrap();
    let letters = deployment.dead_letters().await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!(letters[0].queue, "inbound-dead-letters.fifo");
    assert_eq!(letters[0].body, "not what autocreation takes");
    assert_eq!(letters[0].group.as_deref(), Some("a"));
    assert_eq!(deployment.dead_letters().await.unwrap(), letters, "a look takes nothing away");
    for _ in 0..2 {
        let trace = traces.recv().await.unwrap();
        assert_eq!(trace.function, "autocreation");
        let queue = "inbound.fifo".to_owned();
        assert_eq!(trace.trigger, Trigger::Queue { queue, messages: 1 });
        assert_eq!(trace.outcome, Outcome::Partial(1));
    }
    let used = deployment.counters().since(&mark).of("autocreation");
    let expected = Usage { invocations: 2, receive_requests: 2, ..Usage::default() };
    assert_eq!(used, expected);
}
