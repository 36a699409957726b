//! Routing that says more: channels in targets, positions, warnings, and test cases. Here the router does its work.

use serde_json::{Value, json};
use switchboard_tests::{Centre, Made};

use super::{World, text, world};
use crate::world::HOST;

/// A queue with Ann, who takes one call and two chats at a time, and a workflow with these filters; URL of the workspace, and
/// what was made.
async fn centre(
    world: &World,
    routing: impl Fn(&Made) -> Value + Send + 'static,
) -> (String, Made) {
    let centre = Centre::new("Support", &[]).worker("Ann", json!({}));
    let centre = centre.with_capacity("chat", "2").queue("Everybody", "1==1", &[]);
    let made = centre.workflow(&[], routing).open(world).await;
    world.settles().await;
    (format!("{HOST}{}", made.workspace()), made)
}

/// Everything goes to everybody, where the target says so.
fn only_if(expression: &str) -> impl Fn(&Made) -> Value + Send + use<> {
    let expression = expression.to_owned();
    move |made| {
        let target = json!({ "queue": made.sid("Everybody"), "expression": expression });
        json!({ "filters": [{ "expression": "1==1", "targets": [target] }] })
    }
}

async fn arrives(world: &World, workspace: &str, channel: &str) -> String {
    let form = [("TaskChannel", channel), ("Attributes", r#"{"topic":"x"}"#)];
    let task = world.created(&format!("{workspace}/Tasks"), &form).await;
    world.settles().await;
    text(&task, "url")
}

async fn status(world: &World, task: &str) -> String {
    text(&world.get(task).await.expect(200), "assignment_status")
}

async fn is_accepted(world: &World, task: &str) {
    let page = world.get(&format!("{task}/Reservations")).await.expect(200);
    let reservation = text(&page["reservations"][0], "url");
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    world.settles().await;
}

async fn is_completed(world: &World, task: &str) {
    let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
    world.post(task, &done).await.expect(200);
    world.settles().await;
}

#[tokio::test]
async fn who_has_a_call_gets_no_chat_until_it_is_over_and_the_receipt_says_so() {
    let world = world().await;
    let rule = "worker.channel.voice.assigned_tasks == 0";
    let (url, _) = centre(&world, only_if(rule)).await;
    let call = arrives(&world, &url, "voice").await;
    assert_eq!(status(&world, &call).await, "reserved");
    let chat = arrives(&world, &url, "chat").await;
    assert_eq!(status(&world, &chat).await, "pending");
    is_accepted(&world, &call).await;
    assert_eq!(status(&world, &chat).await, "pending");
    let receipt = world.get(&format!("{chat}/Receipt")).await.expect(200);
    let ann = &receipt["candidates"][0];
    assert_eq!((&ann["reason"], &ann["clause"]), (&json!("expression"), &json!(rule)));
    assert_eq!(ann["values"], json!({ "worker.channel.voice.assigned_tasks": 1 }));
    is_completed(&world, &call).await;
    assert_eq!(status(&world, &chat).await, "reserved");
}

#[tokio::test]
async fn the_receipt_of_a_reservation_says_what_is_seen_of_those_passed_over() {
    let world = world().await;
    let rule = "worker.channel.voice.available_capacity_percentage == 100";
    let (url, made) = centre(&world, only_if(rule)).await;
    let call = arrives(&world, &url, "voice").await;
    is_accepted(&world, &call).await;
    let form = [("FriendlyName", "Bob"), ("ActivitySid", made.sid("available"))];
    world.created(&format!("{url}/Workers"), &form).await;
    world.settles().await;
    let chat = arrives(&world, &url, "chat").await;
    let page = world.get(&format!("{chat}/Reservations")).await.expect(200);
    assert_eq!(page["reservations"][0]["worker_name"], "Bob");
    let sid = text(&page["reservations"][0], "sid");
    let receipt = world.get(&format!("{url}/Reservations/{sid}/Receipt")).await.expect(200);
    let ann = &receipt["candidates"][0];
    assert_eq!((&ann["worker_name"], &ann["clause"]), (&json!("Ann"), &json!(rule)));
    let seen = json!({ "worker.channel.voice.available_capacity_percentage": 0 });
    assert_eq!(ann["values"], seen);
}

#[tokio::test]
async fn a_waiting_task_has_a_position_and_an_estimate_once_the_pace_is_known() {
    let world = world().await;
    let (url, made) = centre(&world, only_if("1==1")).await;
    let first = arrives(&world, &url, "voice").await;
    let position = world.get(&format!("{first}/Position")).await.expect(200);
    assert_eq!((&position["position"], &position["estimated_wait"]), (&Value::Null, &Value::Null));
    assert_eq!(position["assignment_status"], "reserved");
    let [second, third] =
        [arrives(&world, &url, "voice").await, arrives(&world, &url, "voice").await];
    let position = world.get(&format!("{third}/Position")).await.expect(200);
    assert_eq!((&position["position"], &position["estimated_wait"]), (&json!(2), &Value::Null));
    assert_eq!(position["task_queue_sid"], made.sid("Everybody"));
    assert_eq!(position["task_queue_name"], "Everybody");
    assert_eq!(text(&position, "url"), format!("{third}/Position"));
    world.post(&third, &[("Priority", "5")]).await.expect(200);
    world.settles().await;
    for (task, expected) in [(&third, 1), (&second, 2)] {
        let position = world.get(&format!("{task}/Position")).await.expect(200);
        assert_eq!(position["position"], expected, "the router's own order");
    }
    is_accepted(&world, &first).await;
    world.wait(1);
    let position = world.get(&format!("{second}/Position")).await.expect(200);
    assert_eq!(position["estimated_wait"], 1800, "one was taken in a quarter of an hour");
    assert_eq!(position["estimated_by"]["tasks_taken"], 1);
    let nothing = format!("{url}/Tasks/WT{}/Position", "0".repeat(32));
    world.get(&nothing).await.refused(404, 20404);
}

#[tokio::test]
async fn names_that_mean_nothing_where_they_stand_are_warned_of() {
    let world = world().await;
    let (url, made) = centre(&world, |made| {
        let queue = made.sid("Everybody");
        let target =
            json!({ "queue": queue, "expression": "worker.channel.fax.assigned_tasks == 0" });
        json!({ "filters": [
            { "expression": "task.topic == 'x' OR worker.topic == 'x'", "targets": [target] },
        ] })
    })
    .await;
    let workflow = format!("{url}/Workflows/{}", made.sid("workflow"));
    let shown = world.get(&workflow).await.expect(200);
    assert_eq!(shown.get("warnings"), None, "a published body stays as it is");
    let told = world.get(&format!("{workflow}/Warnings")).await.expect(200);
    let all: Vec<(String, String)> = told["warnings"]
        .as_array()
        .unwrap()
        .iter()
        .map(|one| (text(one, "place"), text(one, "name")))
        .collect();
    let filter = "task_routing.filters[0].expression".to_owned();
    let target = "task_routing.filters[0].targets[0].expression".to_owned();
    let expected = [
        (filter.clone(), "task.topic".to_owned()),
        (filter, "worker.topic".to_owned()),
        (target, "worker.channel.fax.assigned_tasks".to_owned()),
    ];
    assert_eq!(all, expected);
    let queue = format!("{url}/TaskQueues/{}", made.sid("Everybody"));
    let told = world.get(&format!("{queue}/Warnings")).await.expect(200);
    assert_eq!(told["warnings"], json!([]));
    world.post(&queue, &[("TargetWorkers", "worker.skill HAS task.skill")]).await.expect(200);
    let told = world.get(&format!("{queue}/Warnings")).await.expect(200);
    let names: Vec<String> =
        told["warnings"].as_array().unwrap().iter().map(|one| text(one, "name")).collect();
    assert_eq!(names, ["task.skill", "worker.skill"]);
}

/// Everything in this queue, or in none.
fn to_queue(queue: Option<&str>) -> Value {
    let filter =
        |queue: &str| json!({ "expression": "topic == 'x'", "targets": [{ "queue": queue }] });
    json!({ "task_routing": { "filters": queue.map(filter).into_iter().collect::<Vec<_>>() } })
}

#[tokio::test]
async fn a_workflow_that_fails_its_test_cases_is_not_changed_if_it_is_asked_to_run_them() {
    let world = world().await;
    let (url, made) =
        centre(&world, |made| to_queue(Some(made.sid("Everybody")))["task_routing"].clone()).await;
    let (queue, ann) = (made.sid("Everybody"), made.sid("Ann"));
    let workflow = format!("{url}/Workflows/{}", made.sid("workflow"));
    let tests = format!("{workflow}/RoutingTests");
    let tasks = json!([
        { "attributes": { "topic": "x" }, "channel": "chat", "queue": queue, "worker": ann },
        { "attributes": { "topic": "y" }, "queue": null, "worker": null },
    ]);
    let form = [("UniqueName", "chats"), ("Tasks", &tasks.to_string())];
    let test = world.post(&tests, &form).await.expect(201);
    assert_eq!((&test["unique_name"], &test["tasks"][0]["worker"]), (&json!("chats"), &json!(ann)));
    assert_eq!(test["tasks"][1]["channel"], "default");
    assert_eq!(world.get(&text(&test, "url")).await.expect(200), test);
    assert_eq!(world.get(&tests).await.expect(200)["routing_tests"], json!([test]));
    assert_eq!(world.post(&tests, &form).await.expect(200), test, "made anew under its name");

    let passed = world.post(&format!("{tests}/Run"), &[]).await.expect(200);
    assert_eq!((&passed["tasks"], &passed["failed"]), (&json!(2), &json!(0)));
    assert_eq!(passed["outcomes"][0]["found"]["worker_name"], "Ann");
    let nowhere = to_queue(None).to_string();
    let failed = world.post(&format!("{tests}/Run"), &[("Configuration", &nowhere)]).await;
    let failed = failed.expect(200);
    assert_eq!(failed["failed"], 1);
    let why = text(&failed["outcomes"][0], "difference");
    assert!(why.starts_with("expected queue Everybody (WQ"), "{why}");
    assert!(why.ends_with("found none"), "{why}");

    let before = world.get(&workflow).await.expect(200);
    let form = [("Configuration", nowhere.as_str()), ("RunTests", "true")];
    let refused = world.post(&workflow, &form).await.refused(400, 20001);
    assert!(refused.contains("chats task 1: expected queue Everybody"), "{refused}");
    assert_eq!(world.get(&workflow).await.expect(200), before);
    let form = [("FriendlyName", "renamed"), ("RunTests", "true")];
    let renamed = world.post(&workflow, &form).await.expect(200);
    assert_eq!(renamed["friendly_name"], "renamed");
    assert_eq!(renamed.as_object().unwrap().len(), before.as_object().unwrap().len());
    let form = [("Configuration", nowhere.as_str())];
    world.post(&workflow, &form).await.expect(200);

    world.delete(&text(&test, "url")).await.expect(204);
    world.delete(&text(&test, "url")).await.refused(404, 20404);
    assert_eq!(world.get(&tests).await.expect(200)["routing_tests"], json!([]));
    let form = [("Configuration", nowhere.as_str()), ("RunTests", "true")];
    world.post(&workflow, &form).await.expect(200);
}

#[tokio::test]
async fn test_cases_have_a_bound_and_need_something_to_expect() {
    let world = world().await;
    let (url, made) = centre(&world, only_if("1==1")).await;
    let tests = format!("{url}/Workflows/{}/RoutingTests", made.sid("workflow"));
    let task = r#"[{"queue":null}]"#;
    for form in [
        vec![("Tasks", task)],
        vec![("UniqueName", "a")],
        vec![("UniqueName", "a"), ("Tasks", "[{}]")],
        vec![("UniqueName", "a b"), ("Tasks", task)],
        vec![("UniqueName", "a"), ("Tasks", task), ("Colour", "red")],
    ] {
        world.post(&tests, &form).await.refused(400, 20001);
    }
    let long = json!([{ "attributes": { "a": "x".repeat(4_000) }, "queue": null }]).to_string();
    for name in ["a", "b", "c"] {
        world.post(&tests, &[("UniqueName", name), ("Tasks", &long)]).await.expect(201);
    }
    let full = world.post(&tests, &[("UniqueName", "d"), ("Tasks", &long)]).await;
    assert!(full.refused(400, 20001).contains("15000 bytes"));
    for number in 0..17 {
        let name = format!("n{number}");
        world.post(&tests, &[("UniqueName", &name), ("Tasks", task)]).await.expect(201);
    }
    let many = world.post(&tests, &[("UniqueName", "last"), ("Tasks", task)]).await;
    assert!(many.refused(400, 20001).contains("20 test cases"));
}
