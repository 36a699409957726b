//! Routing receipts: why this worker, and why nobody yet. Here the router does its work.

use serde_json::{Value, json};
use switchboard_tests::Centre;

use super::{World, text, world};
use crate::world::HOST;

/// A queue whose workers have a skill, and a workflow whose only target asks for a level; URLs of the workspace
/// and of the queue.
async fn centre(world: &World, target: Value) -> (String, String) {
    let centre = Centre::new("Support", &[]).queue("Skilled", "skill > 0", &[]);
    let centre = centre.workflow(&[], move |made| {
        let mut first = target.clone();
        first["queue"] = json!(made.sid("Skilled"));
        json!({ "filters": [
            { "filter_friendly_name": "Everything", "expression": "1==1", "targets": [first] },
        ] })
    });
    let made = centre.open(world).await;
    let workspace = format!("{HOST}{}", made.workspace());
    let queue = format!("{workspace}/TaskQueues/{}", made.sid("Skilled"));
    (workspace, queue)
}

async fn works(world: &World, workspace: &str, name: &str, attributes: Value) -> Value {
    let available = world.activity(workspace, "Available").await;
    let attributes = attributes.to_string();
    let form = [("FriendlyName", name), ("ActivitySid", &available), ("Attributes", &attributes)];
    world.created(&format!("{workspace}/Workers"), &form).await
}

async fn arrives(world: &World, workspace: &str, attributes: Value) -> String {
    let attributes = attributes.to_string();
    let form = [("Attributes", attributes.as_str())];
    let task = world.created(&format!("{workspace}/Tasks"), &form).await;
    world.settles().await;
    text(&task, "url")
}

fn reasons(receipt: &Value) -> Vec<(String, String, Value)> {
    let all = receipt["candidates"].as_array().unwrap().iter();
    let mut all: Vec<_> = all
        .map(|one| (text(one, "worker_name"), text(one, "reason"), one["clause"].clone()))
        .collect();
    all.sort_by(|one, other| one.0.cmp(&other.0));
    all
}

#[tokio::test]
async fn a_waiting_task_says_why_it_waits_and_for_whom() {
    let world = world().await;
    let (url, queue) = centre(&world, json!({ "expression": "worker.level >= task.level" })).await;
    let task = arrives(&world, &url, json!({ "level": 3 })).await;
    let receipt = world.get(&format!("{task}/Receipt")).await.expect(200);
    assert_eq!(receipt["why"], "queue_has_no_workers");
    assert_eq!((&receipt["task_queue_workers"], &receipt["candidates"]), (&json!(0), &json!([])));
    works(&world, &url, "Ann", json!({ "skill": 1, "level": 2 })).await;
    works(&world, &url, "Bob", json!({ "skill": 0, "level": 5 })).await;
    world.settles().await;
    let receipt = world.get(&format!("{task}/Receipt")).await.expect(200);
    assert_eq!(
        (&receipt["why"], &receipt["filter"]),
        (&json!("nobody_is_free"), &json!("Everything"))
    );
    assert_eq!((&receipt["target"], &receipt["ahead"]), (&json!(0), &json!(0)));
    let clause = json!("worker.level >= task.level");
    assert_eq!(reasons(&receipt), [("Ann".to_owned(), "expression".to_owned(), clause)]);
    assert_eq!(receipt["next_deadline"]["what"], "is_canceled");
    assert_eq!(text(&receipt, "url"), format!("{task}/Receipt"));
    world.post(&queue, &[("TargetWorkers", "skill > 7"), ("AgeingBound", "60")]).await.expect(200);
    world.settles().await;
    let receipt = world.get(&format!("{task}/Receipt")).await.expect(200);
    let clause = json!("skill > 7");
    let none = |name: &str| (name.to_owned(), "not_in_queue".to_owned(), clause.clone());
    assert_eq!(reasons(&receipt), [none("Ann"), none("Bob")]);
    assert_eq!(receipt["next_deadline"]["what"], "goes_before_all_others");
    world.post(&task, &[("AssignmentStatus", "canceled"), ("Reason", "x")]).await.expect(200);
    let receipt = world.get(&format!("{task}/Receipt")).await.expect(200);
    assert_eq!(
        (&receipt["why"], &receipt["assignment_status"]),
        (&json!("not_waiting"), &json!("canceled"))
    );
    let nothing = format!("{url}/Tasks/WT{}/Receipt", "0".repeat(32));
    world.get(&nothing).await.refused(404, 20404);
}

#[tokio::test]
async fn a_reservation_says_why_it_went_to_its_worker_and_what_the_others_fail_today() {
    let world = world().await;
    let rule = json!({ "expression": "worker.level >= 3", "order_by": "worker.level DESC" });
    let (url, _) = centre(&world, rule).await;
    let low = works(&world, &url, "Low", json!({ "skill": 1, "level": 1 })).await;
    works(&world, &url, "High", json!({ "skill": 1, "level": 9 })).await;
    works(&world, &url, "Middle", json!({ "skill": 1, "level": 4 })).await;
    world.settles().await;
    let task = arrives(&world, &url, json!({})).await;
    let reservations = world.get(&format!("{task}/Reservations")).await.expect(200);
    let sid = text(&reservations["reservations"][0], "sid");
    let path = format!("{url}/Reservations/{sid}/Receipt");
    let receipt = world.get(&path).await.expect(200);
    assert_eq!(receipt["worker_name"], "High");
    assert_eq!((&receipt["filter"], &receipt["target"]), (&json!("Everything"), &json!(0)));
    assert_eq!(receipt["expression"], "worker.level >= 3");
    assert_eq!(receipt["order_by"], "worker.level DESC");
    let passed = |name: &str, why: &str, clause: Value| (name.to_owned(), why.to_owned(), clause);
    let behind = passed("Middle", "ordered_behind", Value::Null);
    let fails = passed("Low", "expression", json!("worker.level >= 3"));
    assert_eq!(reasons(&receipt), [fails, behind.clone()]);
    let better = [("Attributes", r#"{"skill":1,"level":3}"#)];
    world.post(&text(&low, "url"), &better).await.expect(200);
    let receipt = world.get(&path).await.expect(200);
    assert_eq!(reasons(&receipt), [passed("Low", "expression", Value::Null), behind]);
    assert_eq!(receipt["url"], path);
    let other = format!("{url}/Reservations/WR{}/Receipt", "0".repeat(32));
    world.get(&other).await.refused(404, 20404);
}

#[tokio::test]
async fn a_known_worker_who_cannot_be_had_is_named_with_the_published_code() {
    let world = world().await;
    let (url, _) = centre(&world, json!({ "known_worker_sid": "task.agent" })).await;
    let (elsewhere, _) = centre(&world, json!({})).await;
    works(&world, &url, "Ann", json!({ "skill": 1 })).await;
    let out = works(&world, &url, "Out", json!({ "skill": 0 })).await;
    let foreign = works(&world, &elsewhere, "Foreign", json!({ "skill": 1 })).await;
    world.settles().await;
    let nobody = json!(format!("WK{}", "0".repeat(32)));
    for (agent, code) in [
        (out["sid"].clone(), json!(40152)),
        (nobody, json!(40154)),
        (json!("Ann"), json!(40154)),
        (foreign["sid"].clone(), json!(40155)),
        (Value::Null, Value::Null),
    ] {
        let task = arrives(&world, &url, json!({ "agent": agent })).await;
        let receipt = world.get(&format!("{task}/Receipt")).await.expect(200);
        assert_eq!(receipt["known_worker_error"]["code"], code, "{agent}");
        assert_eq!(receipt["assignment_status"], "pending");
    }
}

#[tokio::test]
async fn a_worker_who_rejects_goes_back_or_stays_where_tasks_are_done_one_by_one() {
    let world = world().await;
    let form =
        [("FriendlyName", "One by one"), ("Template", "FIFO"), ("MultiTaskEnabled", "false")];
    let url = text(&world.created("", &form).await, "url");
    let (asked, busy) =
        (world.activity(&url, "Unavailable").await, world.activity(&url, "Break").await);
    let queues = world.get(&format!("{url}/TaskQueues")).await.expect(200);
    let queue = text(&queues["task_queues"][0], "url");
    let form = [("ReservationActivitySid", asked.as_str()), ("AssignmentActivitySid", &busy)];
    world.post(&queue, &form).await.expect(200);
    let ann = text(&works(&world, &url, "Ann", json!({})).await, "url");
    world.settles().await;
    let does = async || text(&world.get(&ann).await.expect(200), "activity_name");
    let offered = async || {
        let page = format!("{ann}/Reservations?ReservationStatus=pending");
        text(&world.get(&page).await.expect(200)["reservations"][0], "url")
    };
    let task = arrives(&world, &url, json!({})).await;
    assert_eq!(does().await, "Unavailable");
    world.post(&offered().await, &[("Instruction", "reject")]).await.expect(200);
    world.settles().await;
    assert_eq!(does().await, "Unavailable", "they stay");
    let back = world.activity(&url, "Available").await;
    world.post(&ann, &[("ActivitySid", &back)]).await.expect(200);
    world.settles().await;
    let reservation = offered().await;
    world.post(&reservation, &[("ReservationStatus", "rejected")]).await.expect(200);
    world.post(&task, &[("AssignmentStatus", "canceled"), ("Reason", "x")]).await.expect(200);
    world.settles().await;
    assert_eq!(does().await, "Available", "they go back");
    arrives(&world, &url, json!({})).await;
    let reservation = offered().await;
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    world.settles().await;
    assert_eq!(does().await, "Break");
    world.post(&reservation, &[("ReservationStatus", "completed")]).await.expect(200);
    world.settles().await;
    assert_eq!(does().await, "Break", "completion moves nobody");
}
