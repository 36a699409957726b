//! A workflow's assignment callback decides what becomes of reservations.

use serde_json::{Value, json};
use switchboard_tests::Exchange;

use crate::endpoint::Endpoint;

/// Nobody listens there.
const NOBODY: &str = "http://127.0.0.1:9/";

/// Lets the workflow ask these endpoints.
async fn asks(exchange: &Exchange, url: &str, fallback: &str) {
    let path = format!("{}/Workflows/{}", exchange.workspace, exchange.sid("workflow"));
    let form = [("AssignmentCallbackUrl", url), ("FallbackAssignmentCallbackUrl", fallback)];
    exchange.api.post(&path, &form).await.ok();
    exchange.settles().await;
}

async fn instructs(instruction: Value) -> Endpoint {
    Endpoint::saying(vec![(200, instruction.to_string())]).await
}

/// A task that only carol can take; its path.
async fn arrives(exchange: &Exchange) -> String {
    let form = [("Attributes", r#"{"language":"fr"}"#), ("TaskChannel", "sms")];
    let task = exchange.api.make(&format!("{}/Tasks", exchange.workspace), &form).await;
    format!("{}/Tasks/{task}", exchange.workspace)
}

async fn status(exchange: &Exchange, task: &str) -> String {
    let task = exchange.api.get(task).await.ok();
    task["assignment_status"].as_str().unwrap_or_default().to_owned()
}

async fn reservations(exchange: &Exchange, task: &str) -> Vec<String> {
    let all = exchange.api.all(&format!("{task}/Reservations"), "reservations").await;
    let status = |one: &Value| one["reservation_status"].as_str().unwrap_or_default().to_owned();
    all.iter().map(status).collect()
}

async fn events(exchange: &Exchange, kind: &str) -> Vec<Value> {
    let path = format!("{}/Events?EventType={kind}", exchange.workspace);
    exchange.api.all(&path, "events").await
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_accept_gives_the_task_to_the_worker() {
    let exchange = Exchange::open().await;
    let endpoint = instructs(json!({ "instruction": "accept" })).await;
    asks(&exchange, &endpoint.url, "").await;
    let task = arrives(&exchange).await;
    exchange.settles().await;
    assert_eq!(status(&exchange, &task).await, "assigned");
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 1);
    assert!(endpoint.signed(&calls[0]));
    for (name, value) in [
        ("WorkerName", "carol"),
        ("WorkerSid", &exchange.sid("carol")),
        ("TaskAttributes", r#"{"language":"fr"}"#),
        ("TaskPriority", "0"),
        ("WorkflowSid", &exchange.sid("workflow")),
        ("TaskQueueSid", &exchange.sid("french")),
    ] {
        assert_eq!(calls[0].get(name), value, "{name}");
    }
    assert!(calls[0].get("ReservationSid").starts_with("WR"));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_reject_sends_the_worker_elsewhere() {
    let exchange = Exchange::open().await;
    let path = format!("{}/Activities?FriendlyName=Break", exchange.workspace);
    let pause = exchange.api.all(&path, "activities").await[0]["sid"].clone();
    let endpoint = instructs(json!({ "instruction": "reject", "activity_sid": pause })).await;
    asks(&exchange, &endpoint.url, "").await;
    let task = arrives(&exchange).await;
    exchange.settles().await;
    assert_eq!(status(&exchange, &task).await, "pending");
    assert_eq!(reservations(&exchange, &task).await, ["rejected"]);
    assert_eq!(exchange.agent("carol").stands().await["activity_sid"], pause);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_names_an_activity_that_is_not_there_is_not_asked_again_and_again() {
    let exchange = Exchange::open().await;
    let other = "WA00000000000000000000000000000000";
    for activity in [Some(json!(other)), Some(json!("x")), None] {
        let mut instruction = json!({ "instruction": "reject" });
        if let Some(activity) = activity {
            instruction["activity_sid"] = activity;
        }
        let endpoint = instructs(instruction).await;
        asks(&exchange, &endpoint.url, "").await;
        let before = events(&exchange, "reservation.failed").await.len();
        let task = arrives(&exchange).await;
        exchange.settles().await;
        assert_eq!(endpoint.calls().len(), 1);
        assert_eq!(status(&exchange, &task).await, "reserved");
        assert_eq!(reservations(&exchange, &task).await, ["pending"]);
        let failed = events(&exchange, "reservation.failed").await;
        assert_eq!(failed.len(), before + 1);
        assert_eq!(failed[before]["event_data"]["reason_code"], "40100");
        let form = [("AssignmentStatus", "canceled"), ("Reason", "enough")];
        exchange.api.post(&task, &form).await.ok();
        exchange.settles().await;
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn the_fallback_is_asked_if_the_first_endpoint_fails() {
    let exchange = Exchange::open().await;
    let fallback = instructs(json!({ "instruction": "accept" })).await;
    let broken = Endpoint::start(&[500]).await;
    for url in [NOBODY, broken.url.as_str()] {
        asks(&exchange, url, &fallback.url).await;
        let task = arrives(&exchange).await;
        exchange.settles().await;
        assert_eq!(status(&exchange, &task).await, "assigned", "{url}");
        let form = [("AssignmentStatus", "completed"), ("Reason", "done")];
        exchange.api.post(&task, &form).await.ok();
        exchange.settles().await;
    }
    assert_eq!((fallback.calls().len(), broken.calls().len()), (2, 1));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_reservation_of_which_nobody_can_be_told_is_canceled_and_the_task_offered_anew() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    asks(&exchange, NOBODY, NOBODY).await;
    let task = arrives(&exchange).await;
    switchboard_tests::eventually("a second offer", || async {
        (reservations(&exchange, &task).await == ["canceled", "pending"]).then_some(())
    })
    .await;
    // The next one is not canceled at once; meanwhile the worker can take it.
    exchange.agent("carol").answers("accepted").await;
    exchange.later(std::time::Duration::from_secs(5));
    exchange.settles().await;
    assert_eq!(reservations(&exchange, &task).await, ["canceled", "accepted"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_without_an_instruction_leaves_the_answer_to_the_worker() {
    let exchange = Exchange::open().await;
    for endpoint in [Endpoint::start(&[200]).await, instructs(json!({})).await] {
        asks(&exchange, &endpoint.url, "").await;
        let task = arrives(&exchange).await;
        exchange.settles().await;
        assert_eq!(status(&exchange, &task).await, "reserved");
        exchange.agent("carol").accepts().await;
        assert_eq!(status(&exchange, &task).await, "assigned");
        let form = [("AssignmentStatus", "completed"), ("Reason", "done")];
        exchange.api.post(&task, &form).await.ok();
        exchange.settles().await;
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_instruction_that_needs_a_voice_call_fails_and_is_told() {
    let exchange = Exchange::open().await;
    let endpoint = instructs(json!({ "instruction": "dequeue", "to": "+15550100" })).await;
    asks(&exchange, &endpoint.url, "").await;
    let task = arrives(&exchange).await;
    exchange.settles().await;
    assert_eq!(status(&exchange, &task).await, "reserved");
    let failed = events(&exchange, "reservation.failed").await;
    assert_eq!(failed.len(), 1);
    assert_eq!(failed[0]["event_data"]["reason_code"], "40140");
    exchange.agent("carol").accepts().await;
    assert_eq!(status(&exchange, &task).await, "assigned");
    exchange.rests().await;
}
