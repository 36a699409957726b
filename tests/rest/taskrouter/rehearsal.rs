//! Rehearsals: a recorded time under another configuration. Here the router does its work.

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_store::{Listing, Table};

use super::{World, text, world};

/// A workspace with a queue for Ann and one for Bob, who work there, and a workflow that tries hers first; URLs
/// of workspace and workflow, and the configuration with his first.
async fn centre(world: &World) -> (String, String, String) {
    let workspace = text(&world.created("", &[("FriendlyName", "Support")]).await, "url");
    let available = world.activity(&workspace, "Available").await;
    let mut queues = Vec::new();
    for name in ["Ann", "Bob"] {
        let expression = format!("name == '{name}'");
        let form = [("FriendlyName", name), ("TargetWorkers", expression.as_str())];
        let queue = world.created(&format!("{workspace}/TaskQueues"), &form).await;
        queues.push(queue["sid"].clone());
        let attributes = json!({ "name": name }).to_string();
        let form =
            [("FriendlyName", name), ("ActivitySid", &available), ("Attributes", &attributes)];
        world.created(&format!("{workspace}/Workers"), &form).await;
    }
    let targets = |first: &Value, second: &Value| {
        let targets = json!([{ "queue": first, "timeout": 60 }, { "queue": second }]);
        let filters = json!([{ "expression": "1==1", "targets": targets }]);
        json!({ "task_routing": { "filters": filters } }).to_string()
    };
    let present = targets(&queues[0], &queues[1]);
    let form = [("FriendlyName", "W"), ("Configuration", present.as_str())];
    let workflow = world.created(&format!("{workspace}/Workflows"), &form).await;
    (workspace, text(&workflow, "url"), targets(&queues[1], &queues[0]))
}

/// A task that arrives, is accepted after four seconds and completed after another ten; its identifier.
async fn is_done(world: &World, workspace: &str) -> String {
    let task = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    let url = text(&task, "url");
    world.wait(4);
    let page = world.get(&format!("{url}/Reservations")).await.expect(200);
    let reservation = text(&page["reservations"][0], "url");
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    world.settles().await;
    world.wait(10);
    let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
    world.post(&url, &done).await.expect(200);
    world.settles().await;
    world.wait(1);
    text(&task, "sid")
}

async fn stored(world: &World, workspace: &str) -> Vec<Record> {
    let sid = workspace.rsplit('/').next().unwrap();
    let all = Listing::partition(Table::Routing, sid, "");
    world.on.store.everything(&all).await.unwrap()
}

#[tokio::test]
async fn another_order_of_targets_moves_exactly_the_tasks_that_it_concerns_and_stores_nothing() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    world.settles().await;
    world.wait(1);
    let tasks = [is_done(&world, &workspace).await, is_done(&world, &workspace).await];
    let before = stored(&world, &workspace).await;
    world.asked();
    let path = format!("{workflow}/Rehearsal");
    let same = world.post(&path, &[]).await.expect(200);
    assert_eq!(same["changed"], json!({ "count": 0, "assignments": [], "not_listed": 0 }));
    assert_eq!((&same["tasks"], &same["assumed"]["answers"]), (&json!(2), &json!(0)));
    assert_eq!(same["accepted"], json!({ "then": 2, "now": 2 }));
    let waits = &same["waits"][0];
    assert_eq!((text(waits, "task_queue_name").as_str(), &waits["then"]), ("Ann", &waits["now"]));
    assert_eq!((&waits["now"]["count"], &waits["now"]["worst_ms"]), (&json!(2), &json!(4000)));

    let moved = world.post(&path, &[("Configuration", &other)]).await.expect(200);
    assert_eq!(moved["changed"]["count"], 2);
    let mut found: Vec<String> = Vec::new();
    for one in moved["changed"]["assignments"].as_array().unwrap() {
        found.push(text(one, "task_sid"));
        assert_eq!((text(&one["then"], "worker_name"), text(&one["now"], "worker_name")), both());
        assert_eq!(text(&one["now"], "task_queue_name"), "Bob");
    }
    assert_eq!(found, tasks);
    assert_eq!(moved["assumed"]["answers"], 2);
    assert_eq!(moved["assumed"]["answer_after_ms"], 4000);
    assert_eq!(moved["assumed"]["service_ms"], 10_000);
    assert_eq!(text(&moved, "url"), path);
    assert_eq!(stored(&world, &workspace).await, before);
    assert!(world.asked().is_empty(), "nobody is told");
}

fn both() -> (String, String) {
    ("Ann".to_owned(), "Bob".to_owned())
}

#[tokio::test]
async fn what_can_not_be_rehearsed_is_refused_as_the_workflow_refuses_it() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    let path = format!("{workflow}/Rehearsal");
    let filters = json!([{ "expression": "a ==", "targets": [{ "queue": "WQ1" }] }]);
    let unreadable = json!({ "task_routing": { "filters": filters } }).to_string();
    let nowhere = other.replacen(
        &other[other.find("WQ").unwrap()..][..34],
        &format!("WQ{}", "0".repeat(32)),
        1,
    );
    for wrong in ["", "{", unreadable.as_str(), nowhere.as_str()] {
        let form = [("Configuration", wrong)];
        let answered = world.post(&path, &form).await;
        let resource = world.post(&workflow, &form).await;
        assert_eq!(answered.refusal().0, 400, "{wrong}");
        assert_eq!(answered.body, resource.body, "{wrong}");
    }
    let said = world.post(&path, &[("Configuration", "{")]).await.body["message"].to_string();
    assert!(said.contains("column"), "{said} names the position");
    for (name, value) in [("Minutes", "1441"), ("Minutes", "0"), ("StartDate", "yesterday")] {
        assert_eq!(world.post(&path, &[(name, value)]).await.refusal().0, 400, "{name} {value}");
    }
    let days = [("StartDate", "2026-11-20T10:00:00Z"), ("EndDate", "2026-11-21T10:00:01Z")];
    let said = world.post(&path, &days).await;
    assert_eq!(said.refusal().0, 400);
    assert!(said.text("message").contains("24 hours"), "{}", said.body);
    let backwards = [("StartDate", "2026-11-21T10:00:00Z"), ("EndDate", "2026-11-20T10:00:01Z")];
    assert_eq!(world.post(&path, &backwards).await.refusal().0, 400);
    let nothing = format!("{workspace}/Workflows/WW{}/Rehearsal", "0".repeat(32));
    world.post(&nothing, &[]).await.refused(404, 20404);
}

#[tokio::test]
async fn a_task_that_would_fall_out_is_named_and_so_is_one_that_did() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    let kept = text(&world.get(&workflow).await.expect(200), "configuration");
    let mut short: Value = serde_json::from_str(&kept).unwrap();
    let targets = &mut short["task_routing"]["filters"][0]["targets"];
    *targets = json!([{ "queue": targets[0]["queue"], "timeout": 20 }]);
    let short = short.to_string();
    world.settles().await;
    let first = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    let page = world.get(&format!("{}/Reservations", text(&first, "url"))).await.expect(200);
    let reservation = text(&page["reservations"][0], "url");
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    let second = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    world.wait(61);
    world.settles().await;
    let path = format!("{workflow}/Rehearsal");
    let fallen = world.post(&path, &[("Configuration", &short)]).await.expect(200);
    assert_eq!(fallen["fell_out"]["then"]["count"], 0);
    assert_eq!(fallen["fell_out"]["now"]["task_sids"], json!([second["sid"]]));
    let fine = world.post(&path, &[("Configuration", &other)]).await.expect(200);
    assert_eq!(fine["fell_out"]["now"]["count"], 0);
}
