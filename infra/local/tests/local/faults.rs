use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use aws_sdk_dynamodb::types::{AttributeValue, Put, TransactWriteItem};
use switchboard::{Call, Fault, Faults, FunctionError, Options, Outcome, http_event};
use switchboard_domain::effect::{Effect, RouterAlarm, RouterEvent, RouterSubject};
use switchboard_domain::timestamp::Timestamp;

use crate::{PATIENCE, start_with};

/// Basic auth of the default account.
pub(crate) const AUTH: &str =
    "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpsb2NhbC1hdXRoLXRva2Vu";

/// Does something to the first call of one operation.
#[derive(Debug)]
struct Once {
    operation: &'static str,
    before: Option<Fault>,
    after: Option<Fault>,
    calls: AtomicUsize,
}

impl Once {
    fn is_first(&self, call: &Call<'_>) -> bool {
        call.operation == self.operation && self.calls.fetch_add(1, Ordering::SeqCst) == 0
    }
}

impl Faults for Once {
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        self.before.filter(|_| self.is_first(call))
    }

    fn after(&self, call: &Call<'_>) -> Option<Fault> {
        self.after.filter(|_| self.is_first(call))
    }
}

fn once(operation: &'static str, before: Option<Fault>, after: Option<Fault>) -> Arc<Once> {
    Arc::new(Once { operation, before, after, calls: AtomicUsize::new(0) })
}

#[tokio::test]
async fn a_transaction_whose_answer_is_lost_is_repeated_without_a_second_effect() {
    let fault = once("TransactWriteItems", None, Some(Fault::Lost));
    let faults: Option<Arc<dyn Faults>> = Some(Arc::clone(&fault) as _);
    let deployment = start_with(Options { faults, ..Options::default() }).await;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = Put::builder()
        .table_name(deployment.table_name("routing"))
        .item("pk", text("a"))
        .item("sk", text("a"))
        .condition_expression("attribute_not_exists(pk)");
    let put = TransactWriteItem::builder().put(put.build().unwrap()).build();
    let sent = deployment.dynamodb("test").transact_write_items().transact_items(put).send().await;
    sent.expect("the token makes the second attempt the same transaction");
    assert_eq!(fault.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test]
async fn a_function_that_is_killed_is_woken_again_for_what_it_left() {
    // The effect has happened, and nobody has learned of it.
    let fault = once("SendMessageBatch", None, Some(Fault::Killed));
    let faults: Option<Arc<dyn Faults>> = Some(fault);
    let deployment = start_with(Options { faults, ..Options::default() }).await;
    let mut traces = deployment.traces();
    let (workspace, subject) = (format!("WS{:032}", 1).parse().unwrap(), RouterSubject::Clock);
    let effects = [Effect::Route(RouterEvent { workspace, subject })];
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let put = deployment.dynamodb("test").put_item();
    let put = put.table_name(deployment.table_name("routing"));
    let put = put.item("pk", text("T1")).item("sk", text("-"));
    let put = put.item("fx", text(&serde_json::to_string(&effects).unwrap()));
    put.item("v", AttributeValue::N("1".to_owned())).send().await.unwrap();
    deployment.drained(PATIENCE).await.unwrap();
    let mut relayed = Vec::new();
    let mut routed = 0;
    while let Ok(trace) = traces.try_recv() {
        match trace.function.as_str() {
            "effect-relay" => relayed.push(trace.outcome.clone()),
            "task-assignment" => routed += 1,
            _ => {}
        }
    }
    assert_eq!(relayed, [Outcome::Killed, Outcome::Done]);
    assert_eq!(routed, 1, "the second copy has the same deduplication id");
}

#[tokio::test]
async fn an_api_that_is_killed_in_the_middle_is_an_error_of_the_server() {
    let faults: Option<Arc<dyn Faults>> = Some(once("Query", Some(Fault::Killed), None));
    let deployment = start_with(Options { faults, ..Options::default() }).await;
    let event = http_event("GET", "/taskrouter/v1/Workspaces", &[("authorization", AUTH)], b"");
    let killed = deployment.invoke("taskrouter-api", event.clone()).await;
    assert_eq!(killed, Err(FunctionError::Killed));
    let answer = deployment.invoke("taskrouter-api", event).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
    let unknown = deployment.invoke("nobody", serde_json::Value::Null).await;
    assert_eq!(unknown, Err(FunctionError::Unknown("nobody".to_owned())));
}

#[tokio::test]
async fn a_throttled_request_is_tried_again_by_the_client() {
    let fault = once("GetItem", Some(Fault::Throttled), None);
    let faults: Option<Arc<dyn Faults>> = Some(Arc::clone(&fault) as _);
    let deployment = start_with(Options { faults, ..Options::default() }).await;
    let text = |value: &str| AttributeValue::S(value.to_owned());
    let get = deployment.dynamodb("test").get_item().table_name(deployment.table_name("routing"));
    get.key("pk", text("a")).key("sk", text("a")).send().await.unwrap();
    assert_eq!(fault.calls.load(Ordering::SeqCst), 2);
}

#[tokio::test(start_paused = true)]
async fn a_function_whose_time_runs_out_is_cut_off() {
    let faults: Option<Arc<dyn Faults>> = Some(once("Query", Some(Fault::Hung), None));
    // Less than the client waits for an answer: otherwise it asks again, and the function is in time.
    let template = Options::default().template.replace("Timeout: 15\n", "Timeout: 1\n");
    let options = Options { faults, template, tells_end: false, ..Options::default() };
    let deployment = start_with(options).await;
    let mut traces = deployment.traces();
    let event = http_event("GET", "/taskrouter/v1/Workspaces", &[("authorization", AUTH)], b"");
    let late = deployment.invoke("taskrouter-api", event.clone()).await;
    let limit = deployment.template().functions["taskrouter-api"].timeout;
    assert_eq!(late, Err(FunctionError::TimedOut(limit)));
    assert_eq!(traces.recv().await.unwrap().outcome, Outcome::TimedOut);
    let answer = deployment.invoke("taskrouter-api", event).await.unwrap();
    assert_eq!(answer["statusCode"], 200);
}

#[tokio::test(start_paused = true)]
async fn a_function_that_knows_its_end_says_so_a_second_before() {
    let faults: Option<Arc<dyn Faults>> = Some(once("Query", Some(Fault::Hung), None));
    let template = Options::default().template.replace("Timeout: 15\n", "Timeout: 2\n");
    let deployment = start_with(Options { faults, template, ..Options::default() }).await;
    let mut traces = deployment.traces();
    let event = http_event("GET", "/taskrouter/v1/Workspaces", &[("authorization", AUTH)], b"");
    let answer = deployment.invoke("taskrouter-api", event).await.unwrap();
    assert_eq!(
        (&answer["statusCode"], &answer["headers"]["retry-after"]),
        (&503.into(), &"1".into())
    );
    assert_eq!(traces.recv().await.unwrap().duration, Duration::from_secs(1));
}

/// A queue that never learns of the first batch that was done.
#[derive(Debug, Default)]
struct Forgetful(AtomicUsize);

impl Faults for Forgetful {
    fn repeats(&self, function: &str, queue: &str) -> bool {
        (function, queue) == ("timer", "timers") && self.0.fetch_add(1, Ordering::SeqCst) == 0
    }
}

#[tokio::test]
async fn a_batch_that_the_queue_did_not_learn_of_comes_twice() {
    let faults: Option<Arc<dyn Faults>> = Some(Arc::<Forgetful>::default());
    let deployment = start_with(Options { faults, ..Options::default() }).await;
    let mut traces = deployment.traces();
    let (workspace, subject) = (format!("WS{:032}", 1).parse().unwrap(), RouterSubject::Clock);
    let wake = RouterAlarm { at: Timestamp(0), event: RouterEvent { workspace, subject } };
    let send = deployment.sqs_client("test").send_message();
    let send = send.queue_url(deployment.queue_url("timers"));
    send.message_body(serde_json::to_string(&wake).unwrap()).send().await.unwrap();
    deployment.drained(PATIENCE).await.unwrap();
    let mut timers = 0;
    while let Ok(trace) = traces.try_recv() {
        if trace.function == "timer" {
            assert_eq!(trace.outcome, Outcome::Done);
            timers += 1;
        }
    }
    assert_eq!(timers, 2);
    assert_eq!(deployment.dead_letters().await.unwrap(), []);
}
