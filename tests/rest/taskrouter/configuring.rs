//! Workspaces, activities, task channels, queues, workflows.

use serde_json::{Value, json};

use super::{text, world};
use crate::world::HOST;

fn names(page: &Value, key: &str, name: &str) -> Vec<String> {
    let mut all: Vec<String> =
        page[key].as_array().unwrap().iter().map(|one| text(one, name)).collect();
    all.sort();
    all
}

#[tokio::test]
async fn a_new_workspace_comes_with_activities_and_channels_and_offline_as_default() {
    let world = world().await;
    let workspace = world.created("", &[("FriendlyName", "Support")]).await;
    assert_eq!(world.routed(), [json!("configuration")]);
    assert_eq!(workspace["default_activity_name"], "Offline");
    assert_eq!(workspace["timeout_activity_name"], "Offline");
    assert_eq!(workspace["multi_task_enabled"], true);
    let url = text(&workspace, "url");
    let activities = world.get(&format!("{url}/Activities")).await.expect(200);
    let expected = ["Available", "Break", "Offline", "Unavailable"];
    assert_eq!(names(&activities, "activities", "friendly_name"), expected);
    let available = world.get(&format!("{url}/Activities?Available=yes")).await.expect(200);
    assert_eq!(names(&available, "activities", "friendly_name"), ["Available"]);
    let channels = world.get(&format!("{url}/TaskChannels")).await.expect(200);
    let expected = ["chat", "default", "sms", "video", "voice"];
    assert_eq!(names(&channels, "channels", "unique_name"), expected);
    let queues = world.get(&format!("{url}/TaskQueues")).await.expect(200);
    assert_eq!(queues["task_queues"], json!([]));
}

#[tokio::test]
async fn a_workspace_is_changed_and_what_is_emptied_is_gone() {
    let world = world().await;
    let url = world.workspace().await;
    let busy = world.activity(&url, "Break").await;
    let form = [
        ("EventCallbackUrl", "https://example.org/e"),
        ("EventsFilter", "task.created"),
        ("TimeoutActivitySid", &busy),
        ("PrioritizeQueueOrder", "lifo"),
    ];
    let changed = world.post(&url, &form).await.expect(200);
    assert_eq!(changed["event_callback_url"], "https://example.org/e");
    assert_eq!(changed["timeout_activity_name"], "Break");
    assert_eq!(changed["prioritize_queue_order"], "LIFO");
    let form = [("EventCallbackUrl", ""), ("EventsFilter", "")];
    let emptied = world.post(&url, &form).await.expect(200);
    assert_eq!(
        (&emptied["event_callback_url"], &emptied["events_filter"]),
        (&Value::Null, &Value::Null)
    );
    assert_eq!(world.routed().len(), 2);
    let same = world.post(&url, &[]).await.expect(200);
    assert_eq!(same, emptied);
    assert!(world.asked().is_empty());
    world.post(&url, &[("DefaultActivitySid", &"WA".repeat(17))]).await.refused(400, 20001);
    world.post(&url, &[("MultiTaskEnabled", "false")]).await.refused(400, 20001);
    world.post(&url, &[("FriendlyName", "")]).await.refused(400, 20001);
}

#[tokio::test]
async fn a_workspace_is_removed_with_its_contents_but_not_with_open_tasks() {
    let world = world().await;
    let url = world.workspace().await;
    let task = world.task(&url).await;
    assert!(world.delete(&url).await.refused(400, 20001).contains("not over"));
    world.delete(&task).await.expect(204);
    for number in 0..95 {
        world.created(&format!("{url}/Activities"), &[("FriendlyName", &number.to_string())]).await;
    }
    world.delete(&url).await.expect(204);
    world.get(&url).await.refused(404, 20404);
    world.get(&format!("{url}/Activities")).await.refused(404, 20404);
    world.delete(&url).await.refused(404, 20404);
}

#[tokio::test]
async fn an_activity_in_use_stays() {
    let world = world().await;
    let url = world.workspace().await;
    let worker = world.worker(&url, "Alice").await;
    for name in ["Offline", "Available"] {
        let sid = world.activity(&url, name).await;
        world.delete(&format!("{url}/Activities/{sid}")).await.refused(400, 20001);
    }
    let lunch = world.created(&format!("{url}/Activities"), &[("FriendlyName", "Lunch")]).await;
    assert_eq!(lunch["available"], false);
    let lunch_url = text(&lunch, "url");
    let queue =
        text(&world.get(&format!("{url}/TaskQueues")).await.expect(200)["task_queues"][0], "url");
    let form = [("ReservationActivitySid", text(&lunch, "sid"))];
    let form = form.each_ref().map(|(name, value)| (*name, value.as_str()));
    let changed = world.post(&queue, &form).await.expect(200);
    assert_eq!(changed["reservation_activity_name"], "Lunch");
    world.delete(&lunch_url).await.refused(400, 20001);
    world.post(&queue, &[("ReservationActivitySid", "")]).await.expect(200);
    let renamed = world.post(&lunch_url, &[("FriendlyName", "Supper")]).await.expect(200);
    assert_eq!(renamed["friendly_name"], "Supper");
    world.delete(&lunch_url).await.expect(204);
    world.delete(&lunch_url).await.refused(404, 20404);
    assert_eq!(worker["activity_name"], "Available");
}

#[tokio::test]
async fn a_task_channel_is_found_by_its_name_and_stays_while_a_task_is_on_it() {
    let world = world().await;
    let url = world.workspace().await;
    let channels = format!("{url}/TaskChannels");
    let form = [("FriendlyName", "E-mail"), ("UniqueName", "email")];
    world.post(&channels, &form).await.refused(400, 20001);
    let form = [("FriendlyName", "Mail"), ("UniqueName", "email")];
    let mail = world.created(&channels, &form).await;
    world.post(&channels, &form).await.refused(409, 20409);
    let by_name = world.get(&format!("{channels}/email")).await.expect(200);
    assert_eq!(by_name, mail);
    let form = [("ChannelOptimizedRouting", "true")];
    let changed = world.post(&format!("{channels}/email"), &form).await.expect(200);
    assert_eq!(changed["channel_optimized_routing"], true);
    let task = world.created(&format!("{url}/Tasks"), &[("TaskChannel", "email")]).await;
    world.delete(&text(&mail, "url")).await.refused(400, 20001);
    world.delete(&text(&task, "url")).await.expect(204);
    world.delete(&text(&mail, "url")).await.expect(204);
    world.get(&format!("{channels}/email")).await.refused(404, 20404);
}

#[tokio::test]
async fn queues_are_found_by_whom_they_take_and_stay_while_they_are_led_to() {
    let world = world().await;
    let url = world.workspace().await;
    let queues = format!("{url}/TaskQueues");
    let form = [("FriendlyName", "Spanish"), ("TargetWorkers", "languages HAS 'es'")];
    let spanish = world.created(&queues, &form).await;
    assert_eq!(
        (&spanish["max_reserved_workers"], &spanish["task_order"]),
        (&json!(1), &json!("FIFO"))
    );
    let form = [("FriendlyName", "Nobody"), ("TargetWorkers", ""), ("TaskOrder", "LIFO")];
    let nobody = world.created(&queues, &form).await;
    assert_eq!(nobody["target_workers"], Value::Null);
    let evaluated =
        format!("{queues}?EvaluateWorkerAttributes=%7B%22languages%22%3A%5B%22es%22%5D%7D");
    let taking = world.get(&evaluated).await.expect(200);
    assert_eq!(names(&taking, "task_queues", "friendly_name"), ["Sample Queue", "Spanish"]);
    let form = [("FriendlyName", "X"), ("TargetWorkers", "a ==")];
    assert!(world.post(&queues, &form).await.refused(400, 20001).contains("at character 4"));
    for wrong in
        [("MaxReservedWorkers", "51"), ("TaskOrder", "random"), ("MaxReservedWorkers", "0")]
    {
        world.post(&text(&spanish, "url"), &[wrong]).await.refused(400, 20001);
    }
    let sample = world.get(&format!("{queues}?FriendlyName=Sample+Queue")).await.expect(200);
    let sample = text(&sample["task_queues"][0], "url");
    assert!(world.delete(&sample).await.refused(400, 20001).contains("workflow"));
    world.delete(&text(&spanish, "url")).await.expect(204);
}

#[tokio::test]
async fn a_workflow_that_cannot_be_read_or_leads_nowhere_is_refused_and_nothing_is_stored() {
    let world = world().await;
    let url = world.workspace().await;
    let workflows = format!("{url}/Workflows");
    let elsewhere =
        format!(r#"{{"task_routing":{{"default_filter":{{"queue":"WQ{}"}}}}}}"#, "0".repeat(32));
    let queues = world.get(&format!("{url}/TaskQueues")).await.expect(200);
    let queue = text(&queues["task_queues"][0], "sid");
    let leading = |member: &str, value: String| {
        let target = json!({ "queue": queue, (member): value });
        let filters = json!([{ "expression": "1==1", "targets": [target] }]);
        json!({ "task_routing": { "filters": filters } }).to_string()
    };
    let activity = leading("skip_if", format!("workers.WA{} == 0", "0".repeat(32)));
    let worker = leading("known_worker_sid", format!("WK{}", "0".repeat(32)));
    for (configuration, why) in [
        (activity.as_str(), "activity WA0"),
        (worker.as_str(), "worker WK0"),
        ("{", "line 1"),
        (r#"{"task_routing":{"filters":[{"expression":"a =="}]}}"#, "filters[0]"),
        (elsewhere.as_str(), "is not in this workspace"),
    ] {
        let form = [("FriendlyName", "W"), ("Configuration", configuration)];
        let message = world.post(&workflows, &form).await.refused(400, 20001);
        assert!(message.contains(why), "{message}");
    }
    let page = world.get(&workflows).await.expect(200);
    assert_eq!(names(&page, "workflows", "friendly_name"), ["Default Fifo Workflow"]);
    let workflow = text(&page["workflows"][0], "url");
    world.post(&workflow, &[("TaskReservationTimeout", "86401")]).await.refused(400, 20001);
    world.post(&workflow, &[("AssignmentCallbackUrl", "nowhere")]).await.refused(400, 20001);
    let form = [("TaskReservationTimeout", "30"), ("AssignmentCallbackUrl", "https://example.org")];
    let changed = world.post(&workflow, &form).await.expect(200);
    assert_eq!(changed["task_reservation_timeout"], 30);
    let task = world.task(&url).await;
    world.delete(&workflow).await.refused(400, 20001);
    world.delete(&task).await.expect(204);
    world.delete(&workflow).await.expect(204);
}

#[tokio::test]
async fn pages_lead_through_a_list_and_a_number_alone_leads_nowhere() {
    let world = world().await;
    let url = world.workspace().await;
    let mut next = format!("{url}/TaskChannels?PageSize=2");
    let mut seen = Vec::new();
    let mut last = Value::Null;
    while let Some(rest) = next.strip_prefix(HOST) {
        assert!(rest.starts_with("/taskrouter/v1/"));
        last = world.get(&next).await.expect(200);
        seen.extend(names(&last, "channels", "unique_name"));
        next = last["meta"]["next_page_url"].as_str().unwrap_or_default().to_owned();
    }
    seen.sort();
    assert_eq!(seen, ["chat", "default", "sms", "video", "voice"]);
    let before = world.get(&text(&last["meta"], "previous_page_url")).await.expect(200);
    assert_eq!(before["channels"].as_array().unwrap().len(), 2);
    world.get(&format!("{url}/TaskChannels?Page=1")).await.refused(400, 40153);
}
