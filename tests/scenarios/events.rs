//! What happens in a workspace is written down, in order, and told to the callbacks that are configured.

use std::sync::Arc;
use std::time::Duration;

use serde_json::Value;
use switchboard::Options;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::dependencies::Clock;
use switchboard_tests::{Exchange, eventually};

use crate::endpoint::Endpoint;

/// The events of a task, in order.
async fn events(exchange: &Exchange, filter: &str) -> Vec<Value> {
    let path = format!("{}/Events?PageSize=1000&{filter}", exchange.workspace);
    exchange.api.all(&path, "events").await
}

fn types(events: &[Value]) -> Vec<&str> {
    events.iter().filter_map(|event| event["event_type"].as_str()).collect()
}

/// What is told of a task from its creation to its end, with one agent who takes it.
const LIFE: [&str; 8] = [
    "workflow.entered",
    "task-queue.entered",
    "task.created",
    "workflow.target-matched",
    "reservation.created",
    "reservation.accepted",
    "reservation.completed",
    "task.completed",
];

async fn completes(exchange: &Exchange, task: &str) {
    let form = [("AssignmentStatus", "completed"), ("Reason", "all done")];
    exchange.api.post(&format!("{}/Tasks/{task}", exchange.workspace), &form).await.ok();
    exchange.settles().await;
}

/// One customer, one agent, one task, from its beginning to its end; the task.
async fn a_task_is_done(exchange: &Exchange) -> String {
    let form = [("Attributes", r#"{"language":"fr"}"#), ("TaskChannel", "sms")];
    let task = exchange.api.make(&format!("{}/Tasks", exchange.workspace), &form).await;
    exchange.agent("carol").accepts().await;
    completes(exchange, &task).await;
    task
}

#[tokio::test(flavor = "multi_thread")]
async fn the_life_of_a_task_is_told_in_the_observed_order() {
    let exchange = Exchange::open().await;
    let task = a_task_is_done(&exchange).await;
    let life = events(&exchange, &format!("TaskSid={task}")).await;
    assert_eq!(types(&life), LIFE);
    let offered = &life[4];
    assert_eq!(offered["resource_type"], "reservation");
    let data = &offered["event_data"];
    assert_eq!(data["worker_name"], "carol");
    assert_eq!(data["task_queue_name"], "french");
    assert_eq!(data["workflow_name"], "workflow");
    assert_eq!(data["task_channel_unique_name"], "sms");
    assert_eq!(data["task_assignment_status"], "reserved");
    assert_eq!(life[7]["event_data"]["task_completed_reason"], "all done");
    let carol = events(&exchange, &format!("WorkerSid={}", exchange.sid("carol"))).await;
    let carol = types(&carol);
    assert_eq!(carol[0], "worker.created");
    assert!(carol.contains(&"reservation.accepted") && !carol.contains(&"task.created"));
    exchange.rests().await;
}

/// The workspace is gone when its deletion is told, so the event itself says where.
#[tokio::test(flavor = "multi_thread")]
async fn the_callback_of_a_workspace_hears_of_its_deletion_if_it_wants_to() {
    let exchange = Exchange::open().await;
    for (filter, expected) in
        [("workspace.deleted", vec!["workspace.deleted"]), ("task.created", vec![])]
    {
        let endpoint = Endpoint::start(&[204]).await;
        let form = [
            ("FriendlyName", filter),
            ("EventCallbackUrl", endpoint.url.as_str()),
            ("EventsFilter", filter),
        ];
        let root = "/taskrouter/v1/Workspaces";
        let sid = exchange.api.make(root, &form).await;
        exchange.settles().await;
        assert_eq!(exchange.api.delete(&format!("{root}/{sid}")).await.status, 204);
        exchange.settles().await;
        let calls = endpoint.calls();
        let heard: Vec<&str> = calls.iter().map(|call| call.get("EventType")).collect();
        assert_eq!(heard, expected, "{filter}");
        for call in &calls {
            assert!(endpoint.signed(call));
            assert_eq!((call.get("WorkspaceSid"), call.get("WorkspaceName")), (&*sid, filter));
        }
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_callback_hears_of_everything_signed_and_in_order() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[204]).await;
    exchange.api.post(&exchange.workspace, &[("EventCallbackUrl", &endpoint.url)]).await.ok();
    exchange.settles().await;
    let task = a_task_is_done(&exchange).await;
    let calls = endpoint.calls();
    let of_task: Vec<_> = calls.iter().filter(|call| call.get("TaskSid") == task).collect();
    let heard: Vec<&str> = of_task.iter().map(|call| call.get("EventType")).collect();
    assert_eq!(heard, LIFE);
    for call in &calls {
        assert!(endpoint.signed(call), "{}", call.get("EventType"));
    }
    let accepted = of_task[5];
    assert_eq!(accepted.get("WorkspaceName"), "centre");
    assert_eq!(accepted.get("ResourceType"), "reservation");
    assert_eq!(accepted.get("ResourceSid"), accepted.get("ReservationSid"));
    assert_eq!(accepted.get("TaskAttributes"), r#"{"language":"fr"}"#);
    let listed = events(&exchange, &format!("Sid={}", accepted.get("Sid"))).await;
    assert_eq!(types(&listed), ["reservation.accepted"]);
    assert_eq!(listed[0]["event_date_ms"].to_string(), accepted.get("TimestampMs"));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_event_callback_hears_only_of_what_its_filter_names() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[204]).await;
    let form = [
        ("EventCallbackUrl", endpoint.url.as_str()),
        ("EventsFilter", "task.created, reservation.accepted"),
    ];
    exchange.api.post(&exchange.workspace, &form).await.ok();
    exchange.settles().await;
    a_task_is_done(&exchange).await;
    let calls = endpoint.calls();
    let heard: Vec<&str> = calls.iter().map(|call| call.get("EventType")).collect();
    assert_eq!(heard, ["task.created", "reservation.accepted"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_asks_for_positions_hears_of_them_when_they_change() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[204]).await;
    let filter = ("EventsFilter", "task.position.updated");
    let form = [("EventCallbackUrl", endpoint.url.as_str()), filter];
    exchange.api.post(&exchange.workspace, &form).await.ok();
    exchange.agent("carol").goes("Offline").await;
    exchange.settles().await;
    let tasks = format!("{}/Tasks", exchange.workspace);
    let form = [("Attributes", r#"{"language":"fr"}"#), ("TaskChannel", "sms")];
    let first = exchange.api.make(&tasks, &form).await;
    exchange.settles().await;
    let second = exchange.api.make(&tasks, &form).await;
    exchange.settles().await;
    exchange.agent("carol").goes("Available").await;
    exchange.settles().await;
    let calls = endpoint.calls();
    let heard: Vec<(&str, &str)> =
        calls.iter().map(|call| (call.get("TaskSid"), call.get("TaskPosition"))).collect();
    assert_eq!(heard, [(&*first, "1"), (&*second, "2"), (&*second, "1")]);
    for call in &calls {
        assert!(endpoint.signed(call));
        assert_eq!(call.get("EventType"), "task.position.updated");
        assert_eq!(call.get("TaskQueueSid"), exchange.sid("french"));
        assert_eq!(call.get("WorkspaceName"), "centre");
    }
    assert!(events(&exchange, &format!("TaskSid={second}")).await.len() > 1);
    let canceled = [("AssignmentStatus", "canceled"), ("Reason", "x")];
    exchange.api.post(&format!("{tasks}/{second}"), &canceled).await.ok();
    exchange.agent("carol").accepts().await;
    completes(&exchange, &first).await;
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_callback_that_fails_holds_up_only_its_own_resource() {
    // Time stands still until it is moved.
    let clock: Clock = Arc::new(|| Timestamp(1_795_341_600_000));
    let options = Options { clock: Some(clock), ..Options::default() };
    let exchange = Exchange::opened(options).await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[503, 204]).await;
    let form = [("EventCallbackUrl", endpoint.url.as_str()), ("EventsFilter", "task.created")];
    exchange.api.post(&exchange.workspace, &form).await.ok();
    exchange.settles().await;
    let tasks = format!("{}/Tasks", exchange.workspace);
    let called = async |times: usize| {
        eventually("a call", async || (endpoint.calls().len() >= times).then_some(())).await;
    };
    let first = exchange.api.make(&tasks, &[]).await;
    called(1).await;
    let second = exchange.api.make(&tasks, &[]).await;
    called(2).await;
    exchange.later(Duration::from_secs(60));
    exchange.ticks().await;
    called(3).await;
    exchange.settles().await;
    let heard: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("TaskSid").to_owned()).collect();
    assert_eq!(heard, [first.clone(), second, first]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn records_removed_by_their_ttl_are_no_events() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let task = a_task_is_done(&exchange).await;
    exchange.later(Duration::from_secs(400));
    exchange.deployment.sweep().unwrap();
    exchange.settles().await;
    let left = exchange.api.get(&format!("{}/Tasks/{task}", exchange.workspace)).await;
    assert_eq!(left.status, 404);
    let life = events(&exchange, &format!("TaskSid={task}&Minutes=60")).await;
    assert_eq!(types(&life), LIFE);
    exchange.rests().await;
}
