//! Rehearsals: a recorded time under another configuration. Here the router does its work.

use serde_json::{Value, json};
use switchboard_domain::record::Record;
use switchboard_store::Listing;
use switchboard_tests::{Centre, Made};

use super::{World, text, world};
use crate::world::HOST;

/// A workspace with a queue for Ann and one for Bob, who work there, and a workflow that tries Ann's first; URLs
/// of workspace and workflow, and the configuration with Bob's first.
async fn centre(world: &World) -> (String, String, String) {
    let mut centre = Centre::new("Support", &[]);
    for name in ["Ann", "Bob"] {
        centre = centre.worker(name, json!({ "name": name }));
        centre = centre.queue(&format!("queue of {name}"), &format!("name == '{name}'"), &[]);
    }
    let made = centre.workflow(&[], |made| targets(made, "Ann", "Bob")).open(world).await;
    let workspace = format!("{HOST}{}", made.workspace());
    let workflow = format!("{workspace}/Workflows/{}", made.sid("workflow"));
    (workspace, workflow, json!({ "task_routing": targets(&made, "Bob", "Ann") }).to_string())
}

/// One filter for everything: a minute in one queue, then the other.
fn targets(made: &Made, first: &str, second: &str) -> Value {
    let queue = |name: &str| made.sid(&format!("queue of {name}")).to_owned();
    let targets = json!([{ "queue": queue(first), "timeout": 60 }, { "queue": queue(second) }]);
    json!({ "filters": [{ "expression": "1==1", "targets": targets }] })
}

/// Everybody who is asked for a task accepts it.
async fn accepted(world: &World, task_url: &str) {
    let page = world.get(&format!("{task_url}/Reservations")).await.expect(200);
    let reservation = text(&page["reservations"][0], "url");
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    world.settles().await;
}

/// The configuration of a workflow without its second target, its first one left after twenty seconds.
async fn without_second_target(world: &World, workflow: &str) -> String {
    let present = text(&world.get(workflow).await.expect(200), "configuration");
    let mut short: Value = serde_json::from_str(&present).unwrap();
    let targets = &mut short["task_routing"]["filters"][0]["targets"];
    *targets = json!([{ "queue": targets[0]["queue"], "timeout": 20 }]);
    short.to_string()
}

/// A task that arrives, is accepted after four seconds and completed after another ten; its identifier.
async fn is_done(world: &World, workspace: &str) -> String {
    let task = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    let url = text(&task, "url");
    world.wait(4);
    accepted(world, &url).await;
    world.wait(10);
    let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
    world.post(&url, &done).await.expect(200);
    world.settles().await;
    world.wait(1);
    text(&task, "sid")
}

async fn stored(world: &World, workspace: &str) -> Vec<Record> {
    let sid = workspace.rsplit('/').next().unwrap().parse().unwrap();
    let all = Listing::contents_of(sid);
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
    let used = world.used();
    let path = format!("{workflow}/Rehearsal");
    let same = world.post(&path, &[]).await.expect(200);
    assert_eq!(same["changed"], json!({ "count": 0, "assignments": [], "not_listed": 0 }));
    assert_eq!((&same["tasks"], &same["assumed"]["answers"]), (&json!(2), &json!(0)));
    assert_eq!(same["accepted"], json!({ "then": 2, "now": 2 }));
    let waits = &same["waits"][0];
    assert_eq!(
        (text(waits, "task_queue_name").as_str(), &waits["then"]),
        ("queue of Ann", &waits["now"])
    );
    let four = json!({
        "count": 2, "median_ms": 4000, "percentile_95_ms": 4000, "worst_ms": 4000,
    });
    assert_eq!(waits["now"], four);
    let none = json!({ "count": 0, "task_sids": [], "not_listed": 0 });
    assert_eq!(same["fell_out"], json!({ "then": none, "now": none }));
    assert!(same["recorded_events"].as_u64().unwrap() > 10, "{same}");

    let moved = world.post(&path, &[("Configuration", &other)]).await.expect(200);
    assert_eq!(moved["changed"]["count"], 2);
    let mut found: Vec<String> = Vec::new();
    for one in moved["changed"]["assignments"].as_array().unwrap() {
        found.push(text(one, "task_sid"));
        assert_eq!((text(&one["then"], "worker_name"), text(&one["now"], "worker_name")), both());
        assert_eq!(text(&one["now"], "task_queue_name"), "queue of Bob");
    }
    assert_eq!(found, tasks);
    let of = |queue: &str| {
        let all = moved["waits"].as_array().unwrap();
        all.iter()
            .find(|one| one["task_queue_name"] == format!("queue of {queue}"))
            .unwrap()
            .clone()
    };
    let nobody = json!({
        "count": 0, "median_ms": null, "percentile_95_ms": null, "worst_ms": null,
    });
    assert_eq!((&of("Ann")["then"], &of("Ann")["now"]), (&four, &nobody));
    assert_eq!((&of("Bob")["then"], &of("Bob")["now"]), (&nobody, &four));
    assert_eq!(moved["assumed"]["answers"], 2);
    assert_eq!(moved["assumed"]["answer_after_ms"], 4000);
    assert_eq!(moved["assumed"]["service_ms"], 10_000);
    assert_eq!(text(&moved, "url"), path);
    let used = world.used().since(&used);
    assert!(used.total().write_units == 0.0, "{used:?}");
    assert!(used.total().read_units > 0.0, "{used:?}");
    assert_eq!(used.total().messages_sent, 0);
    assert_eq!(stored(&world, &workspace).await, before);
    assert!(world.asked().is_empty(), "nobody is told");
}

fn both() -> (String, String) {
    ("Ann".to_owned(), "Bob".to_owned())
}

#[tokio::test]
async fn configurations_that_cannot_be_rehearsed_are_refused_as_workflows_refuse_them() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    let path = format!("{workflow}/Rehearsal");
    let filters = json!([{ "expression": "a ==", "targets": [{ "queue": "WQ1" }] }]);
    let unreadable = json!({ "task_routing": { "filters": filters } }).to_string();
    let first = &other[other.find("WQ").unwrap()..][..34];
    let nowhere = other.replacen(first, &format!("WQ{}", "0".repeat(32)), 1);
    let workflows = format!("{workspace}/Workflows");
    for wrong in ["{", unreadable.as_str(), nowhere.as_str()] {
        let form = [("FriendlyName", "X"), ("Configuration", wrong)];
        let answered = world.post(&path, &form).await;
        assert_eq!(answered.body, world.post(&workflows, &form).await.body, "{wrong}");
        assert_eq!(answered.body, world.post(&workflow, &form).await.body, "{wrong}");
        answered.refused(400, 20001);
    }
    world.post(&path, &[("Configuration", "")]).await.refused(400, 20001);
    let said = world.post(&path, &[("Configuration", "{")]).await.refused(400, 20001);
    assert!(said.contains("column"), "{said} names the position");
    let nothing = "0".repeat(32);
    world.post(&format!("{workflows}/WW{nothing}/Rehearsal"), &[]).await.refused(404, 20404);
    let elsewhere = text(&world.created("", &[("FriendlyName", "Sales")]).await, "url");
    let own = workflow.rsplit('/').next().unwrap();
    world.post(&format!("{elsewhere}/Workflows/{own}/Rehearsal"), &[]).await.refused(404, 20404);
}

#[tokio::test]
async fn a_period_that_cannot_be_read_or_is_too_long_or_too_long_ago_is_refused() {
    let world = world().await;
    let (_, workflow, _) = centre(&world).await;
    let path = format!("{workflow}/Rehearsal");
    let wrong = [
        ("Minutes", "0"),
        ("Minutes", "soon"),
        ("StartDate", "yesterday"),
        ("EndDate", "2026-13-01T00:00:00Z"),
        ("StartDate", "2026-11-22T11:00:00Z"),
    ];
    for (name, value) in wrong {
        let said = world.post(&path, &[(name, value)]).await.refused(400, 20001);
        assert!(said.contains(name), "{said}");
    }
    let backwards = [("StartDate", "2026-11-21T10:00:00Z"), ("EndDate", "2026-11-20T10:00:01Z")];
    world.post(&path, &backwards).await.refused(400, 20001);
    let days = [("StartDate", "2026-11-20T10:00:00Z"), ("EndDate", "2026-11-21T10:00:01Z")];
    for long in [&[("Minutes", "1441")][..], &days] {
        let said = world.post(&path, long).await.refused(400, 20001);
        assert!(said.contains("24 hours"), "{said}");
    }
    let day = [("StartDate", "2026-11-20T10:00:00Z"), ("EndDate", "2026-11-21T10:00:00Z")];
    for whole in [&[("Minutes", "1440")][..], &day] {
        world.post(&path, whole).await.expect(200);
    }
    world.post(&path, &[("StartDate", "2026-10-01T00:00:00Z")]).await.refused(400, 14241);
}

#[tokio::test]
async fn a_period_of_which_nothing_was_recorded_says_so_and_shows_no_difference() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    world.settles().await;
    is_done(&world, &workspace).await;
    let night = [
        ("StartDate", "2026-11-21T02:00:00Z"),
        ("EndDate", "2026-11-21T04:00:00Z"),
        ("Configuration", other.as_str()),
    ];
    let empty = world.post(&format!("{workflow}/Rehearsal"), &night).await.expect(200);
    let period = (text(&empty, "start_date"), text(&empty, "end_date"));
    assert_eq!(period, ("2026-11-21T02:00:00Z".to_owned(), "2026-11-21T04:00:00Z".to_owned()));
    assert_eq!((&empty["recorded_events"], &empty["tasks"]), (&json!(0), &json!(0)));
    assert_eq!(empty["accepted"], json!({ "then": 0, "now": 0 }));
    assert_eq!(empty["changed"], json!({ "count": 0, "assignments": [], "not_listed": 0 }));
    assert_eq!(empty["waits"], json!([]));
    assert_eq!(empty["fell_out"]["then"], empty["fell_out"]["now"]);
    assert_eq!(empty["assumed"]["answers"], 0);
    assert!(empty["assumed"]["rules"].as_array().unwrap().len() > 5);
}

#[tokio::test]
async fn a_task_that_would_fall_out_is_named() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    let short = without_second_target(&world, &workflow).await;
    world.settles().await;
    let first = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    accepted(&world, &text(&first, "url")).await;
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

#[tokio::test]
async fn a_task_that_fell_out_is_named_and_so_is_who_would_have_taken_it() {
    let world = world().await;
    let (workspace, workflow, other) = centre(&world).await;
    let short = without_second_target(&world, &workflow).await;
    world.post(&workflow, &[("Configuration", &short)]).await.expect(200);
    world.settles().await;
    world.wait(1);
    let first = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    world.wait(3);
    accepted(&world, &text(&first, "url")).await;
    let second = world.created(&format!("{workspace}/Tasks"), &[]).await;
    world.settles().await;
    world.wait(70);
    world.settles().await;
    let path = format!("{workflow}/Rehearsal");
    let same = world.post(&path, &[]).await.expect(200);
    assert_eq!(same["fell_out"]["then"]["task_sids"], json!([second["sid"]]));
    assert_eq!(same["fell_out"]["now"], same["fell_out"]["then"]);
    assert_eq!(same["changed"]["count"], 0);
    let fine = world.post(&path, &[("Configuration", &other)]).await.expect(200);
    assert_eq!(fine["fell_out"]["now"]["count"], 0);
    assert_eq!(fine["accepted"], json!({ "then": 1, "now": 2 }));
    let changed = fine["changed"]["assignments"].as_array().unwrap();
    let gained = changed.iter().find(|one| one["task_sid"] == second["sid"]).unwrap();
    assert_eq!(
        (&gained["then"], text(&gained["now"], "worker_name").as_str()),
        (&Value::Null, "Ann")
    );
}
