//! Tasks.

use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{Sid as _, TaskQueueSid, TaskSid};
use switchboard_domain::task::{Ending, Task};
use switchboard_domain::version::Version;
use switchboard_store::{Kept as _, key};

use super::{text, world};

#[tokio::test]
async fn a_task_takes_the_only_workflow_and_the_default_channel_and_is_routed() {
    let world = world().await;
    let url = world.workspace().await;
    let tasks = format!("{url}/Tasks");
    let form = [("Attributes", r#"{"type":  "sms"}"#), ("Priority", "5")];
    let response = world.post(&tasks, &form).await;
    assert_eq!(response.etag.as_deref(), Some("1"));
    let task = response.expect(201);
    assert_eq!(task["workflow_friendly_name"], "Default Fifo Workflow");
    assert_eq!(task["task_channel_unique_name"], "default");
    assert_eq!(task["attributes"], r#"{"type":  "sms"}"#);
    assert_eq!((&task["timeout"], &task["priority"]), (&json!(86_400), &json!(5)));
    assert_eq!(task["virtual_start_time"], task["date_created"]);
    assert_eq!(world.routed(), [json!({ "task": task["sid"] })]);
    for wrong in [
        ("Timeout", "1209601"),
        ("Priority", "2147483648"),
        ("TaskChannel", "fax"),
        ("VirtualStartTime", "2100-01-01T00:00:00Z"),
        ("VirtualStartTime", "1899-12-31T23:59:59Z"),
        ("Attributes", "{"),
        ("IgnoreCapacity", "true"),
    ] {
        world.post(&tasks, &[wrong]).await.refused(400, 20001);
    }
    let second =
        [("FriendlyName", "Second"), ("Configuration", r#"{"task_routing":{"filters":[]}}"#)];
    world.created(&format!("{url}/Workflows"), &second).await;
    assert!(world.post(&tasks, &[]).await.refused(400, 20001).contains("2 workflows"));
}

#[tokio::test]
async fn a_task_for_one_worker_is_counted_in_a_queue_of_theirs() {
    let world = world().await;
    let url = world.workspace().await;
    let alice = text(&world.worker(&url, "Alice").await, "sid");
    let task = world.created(&format!("{url}/Tasks"), &[("RoutingTarget", &alice)]).await;
    assert_eq!(task["routing_target"], alice);
    assert_eq!(task["task_queue_friendly_name"], "Sample Queue");
    assert_eq!(task["ignore_capacity"], true, "unless it says otherwise");
    for (given, ignores) in
        [("true", true), ("Yes", true), ("1", true), ("false", false), ("no", false)]
    {
        let form = [("RoutingTarget", alice.as_str()), ("IgnoreCapacity", given)];
        let task = world.created(&format!("{url}/Tasks"), &form).await;
        assert_eq!(task["ignore_capacity"], ignores, "{given}");
        world.delete(&text(&task, "url")).await.expect(204);
    }
    let page = world.get(&format!("{url}/Tasks?RoutingTarget={alice}")).await.expect(200);
    assert_eq!(page["tasks"][0]["sid"], task["sid"]);
}

#[tokio::test]
async fn a_task_is_made_for_a_queue_by_either_parameter_and_keeps_the_queue_from_removal() {
    let world = world().await;
    let url = world.workspace().await;
    let tasks = format!("{url}/Tasks");
    let form = [("FriendlyName", "Other"), ("TargetWorkers", "1==2")];
    let other = world.created(&format!("{url}/TaskQueues"), &form).await;
    let queue = text(&other, "sid");
    for parameter in ["RoutingTarget", "TaskQueueSid"] {
        let task = world.created(&tasks, &[(parameter, &queue)]).await;
        assert_eq!(
            (&task["task_queue_sid"], &task["routing_target"]),
            (&other["sid"], &other["sid"])
        );
        assert_eq!(task["workflow_friendly_name"], "Default Fifo Workflow");
        assert_eq!(task["ignore_capacity"], false);
        assert!(world.delete(&text(&other, "url")).await.refused(400, 20001).contains("in use"));
        let page = world.get(&format!("{tasks}?RoutingTarget={queue}")).await.expect(200);
        assert_eq!(page["tasks"][0]["sid"], task["sid"]);
        world.delete(&text(&task, "url")).await.expect(204);
    }
    let workflows = world.get(&format!("{url}/Workflows")).await.expect(200);
    let workflow = text(&workflows["workflows"][0], "sid");
    let by_workflow = world.created(&tasks, &[("RoutingTarget", &workflow)]).await;
    assert_eq!(by_workflow["workflow_sid"], json!(workflow));
    let nowhere = format!("WQ{}", "0".repeat(32));
    for wrong in [
        [("RoutingTarget", queue.as_str()), ("TaskQueueSid", nowhere.as_str())],
        [("RoutingTarget", workflow.as_str()), ("TaskQueueSid", queue.as_str())],
        [("RoutingTarget", nowhere.as_str()), ("Priority", "1")],
        [("RoutingTarget", queue.as_str()), ("IgnoreCapacity", "true")],
    ] {
        world.post(&tasks, &wrong).await.refused(400, 20001);
    }
    world.delete(&text(&other, "url")).await.expect(204);
}

#[tokio::test]
async fn a_task_is_changed_under_its_tag_and_ends_with_a_reason() {
    let world = world().await;
    let url = world.workspace().await;
    let task = world.task(&url).await;
    let response = world.post_if("1", &task, &[("Priority", "9"), ("TaskChannel", "sms")]).await;
    assert_eq!(response.etag.as_deref(), Some("2"));
    let changed = response.expect(200);
    assert_eq!(changed["task_channel_unique_name"], "sms");
    world.post_if("1", &task, &[("Priority", "1")]).await.refused(412, 20412);
    world.post(&task, &[("AssignmentStatus", "canceled")]).await.refused(400, 20001);
    world.post(&task, &[("AssignmentStatus", "completed")]).await.refused(400, 20001);
    world.post(&task, &[("AssignmentStatus", "assigned")]).await.refused(400, 20001);
    let both = [("AssignmentStatus", "wrapping"), ("Attributes", "{}")];
    world.post(&task, &both).await.refused(400, 20001);
    let form = [("AssignmentStatus", "Canceled"), ("Reason", "no longer needed")];
    let canceled = world.post(&task, &form).await.expect(200);
    assert_eq!(canceled["assignment_status"], "canceled");
    assert_eq!(canceled["reason"], "no longer needed");
    let again = world.post(&task, &form).await;
    assert_eq!((again.status, again.etag.as_deref()), (200, Some("3")));
    assert_eq!(world.routed().len(), 2);
}

#[tokio::test]
async fn a_finished_task_is_shown_for_five_minutes_and_a_deleted_one_not_at_all() {
    let world = world().await;
    let url = world.workspace().await;
    let (done, deleted) = (world.task(&url).await, world.task(&url).await);
    let form = [("AssignmentStatus", "canceled"), ("Reason", "x")];
    world.post(&done, &form).await.expect(200);
    world.delete_if("7", &deleted).await.refused(412, 20412);
    world.delete(&deleted).await.expect(204);
    world.get(&deleted).await.refused(404, 20404);
    world.delete(&deleted).await.refused(404, 20404);
    let page = world.get(&format!("{url}/Tasks")).await.expect(200);
    assert_eq!(page["tasks"].as_array().unwrap().len(), 1);
    world.wait(299);
    world.get(&done).await.expect(200);
    world.wait(1);
    world.get(&done).await.refused(404, 20404);
    let page = world.get(&format!("{url}/Tasks")).await.expect(200);
    assert_eq!(page["tasks"], json!([]));
    assert_eq!(world.routed().len(), 2);
}

/// A request that makes a task looks whether the workspace is there, and one that deletes the workspace looks for tasks: each
/// may have looked before the other wrote.
#[tokio::test]
async fn a_task_that_is_made_while_its_workspace_is_deleted_goes_with_it() {
    let world = world().await;
    let url = world.workspace().await;
    let task = world.task(&url).await;
    let sid: TaskSid = task.rsplit('/').next().unwrap().parse().unwrap();
    let mut made: Task = world.on.store.get(key::task(sid)).await.unwrap().unwrap();
    world.delete(&task).await.expect(204);
    world.delete(&url).await.expect(204);
    world.settles().await;
    made.tampered().sid = TaskSid::derived(&["made meanwhile"]);
    made.version = Version::NEW;
    let announced = made.announcement();
    world.given(Decision::put(made.clone()).asking(announced)).await;
    world.settles().await;
    let left: Option<Task> = world.on.store.get(key::task(made.sid)).await.unwrap();
    assert!(left.is_none_or(|task| task.has_ended(Ending::Deleted)));
    world.get(&format!("{url}/Tasks/{}", made.sid)).await.refused(404, 20404);
}

#[tokio::test]
async fn tasks_are_found_by_filters_and_put_in_order() {
    let world = world().await;
    let url = world.workspace().await;
    let tasks = format!("{url}/Tasks");
    for (kind, priority, start) in [
        ("a", "1", "2020-01-03T00:00:00Z"),
        ("b", "3", "2020-01-02T00:00:00Z"),
        ("c", "2", "1950-01-01T00:00:00Z"),
    ] {
        let attributes = json!({ "kind": kind }).to_string();
        let form = [
            ("Attributes", attributes.as_str()),
            ("Priority", priority),
            ("VirtualStartTime", start),
        ];
        world.created(&tasks, &form).await;
        world.wait(1);
    }
    let kinds = |page: &Value| -> String {
        let all = page["tasks"].as_array().unwrap().iter();
        let kind = |task: &Value| -> Value {
            serde_json::from_str(task["attributes"].as_str().unwrap()).unwrap()
        };
        all.map(|task| kind(task)["kind"].as_str().unwrap().to_owned()).collect()
    };
    for (query, found) in [
        ("", "abc"),
        ("Ordering=DateCreated:desc", "cba"),
        ("Ordering=Priority:desc", "bca"),
        ("Ordering=VirtualStartTime:asc", "cba"),
        ("Priority=2", "c"),
        ("AssignmentStatus=pending&AssignmentStatus=reserved", "abc"),
        ("AssignmentStatus=assigned", ""),
        ("EvaluateTaskAttributes=kind%20IN%20%5B'a','c'%5D", "ac"),
        ("WorkflowName=Default+Fifo+Workflow", "abc"),
        ("WorkflowName=Other", ""),
        ("TaskQueueName=Sample+Queue", ""),
        ("HasAddons=true", ""),
    ] {
        let page = world.get(&format!("{tasks}?{query}")).await.expect(200);
        assert_eq!(kinds(&page), found, "{query}");
    }
    for ordering in ["DateCreated:desc", "Priority:desc"] {
        let query = format!("{tasks}?Ordering={ordering}&PageSize=2");
        let first = world.get(&query).await.expect(200);
        let second = world.get(&text(&first["meta"], "next_page_url")).await.expect(200);
        let whole = world.get(&format!("{tasks}?Ordering={ordering}")).await.expect(200);
        assert_eq!(kinds(&first) + &kinds(&second), kinds(&whole));
        assert_eq!(second["meta"]["next_page_url"], Value::Null);
        let back = world.get(&text(&second["meta"], "previous_page_url")).await.expect(200);
        assert_eq!(kinds(&back), kinds(&first));
    }
    world.get(&format!("{tasks}?Ordering=Age:asc")).await.refused(400, 20001);
}

/// However many wait, the caller waits for one write; the router does the rest, some at a time, and one that is built
/// anew goes on where another one stopped.
#[tokio::test]
async fn waiting_tasks_enter_a_changed_workflow_anew_when_asked() {
    let world = world().await;
    let url = world.workspace().await;
    let mut sids = Vec::new();
    for _ in 0..500 {
        let task = world.created(&format!("{url}/Tasks"), &[]).await;
        sids.push(text(&task, "sid").parse::<TaskSid>().unwrap());
    }
    world.settles().await;
    let other = world.created(&format!("{url}/TaskQueues"), &[("FriendlyName", "Other")]).await;
    let to_other = json!({ "task_routing": { "default_filter": { "queue": other["sid"] } } });
    let to_other = to_other.to_string();
    let workflow =
        text(&world.get(&format!("{url}/Workflows")).await.expect(200)["workflows"][0], "url");
    let queue: TaskQueueSid = text(&other, "sid").parse().unwrap();
    let in_other = async || {
        let keys: Vec<_> = sids.iter().map(|sid| key::task(*sid)).collect();
        let found = world.on.store.get_all(&keys).await.unwrap().into_values();
        found.filter_map(Task::from_record).filter(|task| task.queue == Some(queue)).count()
    };
    world.settles().await;
    world.asked();
    world.post(&workflow, &[("Configuration", &to_other)]).await.expect(200);
    assert_eq!(world.routed(), [json!("configuration")]);
    world.settles().await;
    assert_eq!(in_other().await, 0, "nobody asked");
    world.asked();
    let before = world.used();
    world.post(&workflow, &[("ReEvaluateTasks", "true")]).await.expect(200);
    let used = world.used().since(&before).of("taskrouter-api");
    assert_eq!(used.write_units, 4.0, "the workflow and the head");
    assert_eq!(world.routed(), [json!("configuration")]);
    let before = world.used();
    world.settles().await;
    assert_eq!(in_other().await, sids.len());
    let used = world.used().since(&before).of("task-assignment");
    assert!(used.invocations > 1, "{used:?}: it answers in between");
}
