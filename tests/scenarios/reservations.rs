//! Offers that are refused, forgotten, or come too late.

use std::time::Duration;

use serde_json::json;
use switchboard_tests::Exchange;

/// The agent who has the offer, and the other one.
async fn offered(exchange: &Exchange) -> (&'static str, &'static str) {
    exchange.settles().await;
    if exchange.agent("alice").reservations("pending").await.is_empty() {
        ("bob", "alice")
    } else {
        ("alice", "bob")
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_who_rejects_is_not_asked_again_while_another_one_can_be() {
    let exchange = Exchange::open().await;
    exchange.customer("+14155550120").writes("hello").await;
    let (first, second) = offered(&exchange).await;
    exchange.agent(first).rejects().await;
    assert_eq!(exchange.agent(second).reservations("pending").await.len(), 1);
    exchange.agent(second).accepts().await;
    assert_eq!(exchange.tasks().await[0]["assignment_status"], "assigned");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_worker_who_does_not_answer_goes_to_the_timeout_activity_and_the_next_is_asked() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.customer("+14155550121").writes("hello").await;
    let (first, second) = offered(&exchange).await;
    let offer = exchange.agent(first).is_offered().await;
    exchange.later(Duration::from_secs(61));
    exchange.ticks().await;
    let path = format!(
        "{}/Workers/{}/Reservations/{}",
        exchange.workspace,
        exchange.sid(first),
        offer["sid"].as_str().unwrap()
    );
    assert_eq!(exchange.api.get(&path).await.ok()["reservation_status"], "timeout");
    assert_eq!(exchange.agent(first).stands().await["available"], json!(false));
    assert_eq!(exchange.agent(second).reservations("pending").await.len(), 1);
    let late = exchange.api.post(&path, &[("ReservationStatus", "accepted")]).await;
    assert_eq!(late.status, 400, "{}", late.body);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_waiting_task_is_offered_when_somebody_becomes_available() {
    let exchange = Exchange::open().await;
    exchange.agent("alice").goes("Offline").await;
    exchange.agent("bob").goes("Offline").await;
    exchange.customer("+14155550122").writes("hello").await;
    exchange.settles().await;
    assert_eq!(exchange.tasks().await[0]["assignment_status"], "pending");
    exchange.agent("bob").goes("Available").await;
    exchange.agent("bob").accepts().await;
    exchange.rests().await;
}

/// Its own alarm clock ends a task that waits for seconds: the minute's tick, which never comes here, would be late.
#[tokio::test(flavor = "multi_thread")]
async fn a_task_with_a_short_timeout_ends_to_the_second() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.agent("alice").goes("Offline").await;
    exchange.agent("bob").goes("Offline").await;
    let workflow = exchange.sid("workflow");
    let form = [("WorkflowSid", workflow.as_str()), ("Timeout", "30")];
    exchange.api.make(&format!("{}/Tasks", exchange.workspace), &form).await;
    exchange.settles().await;
    exchange.later(Duration::from_secs(29));
    exchange.settles().await;
    assert_eq!(exchange.tasks().await[0]["assignment_status"], "pending");
    exchange.later(Duration::from_secs(1));
    exchange.settles().await;
    let task = &exchange.tasks().await[0];
    assert_eq!(task["assignment_status"], "canceled");
    assert_eq!(task["reason"], "Task TTL Exceeded");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_task_that_waited_too_long_is_canceled() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    exchange.agent("alice").goes("Offline").await;
    exchange.agent("bob").goes("Offline").await;
    let form = [("WorkflowSid", exchange.sid("workflow")), ("Timeout", "30".to_owned())];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    exchange.api.make(&format!("{}/Tasks", exchange.workspace), &form).await;
    exchange.settles().await;
    exchange.later(Duration::from_secs(31));
    exchange.ticks().await;
    let task = &exchange.tasks().await[0];
    assert_eq!(task["assignment_status"], "canceled");
    assert_eq!(task["reason"], "Task TTL Exceeded");
    exchange.rests().await;
}
