//! Workers and their channels.

use serde_json::{Value, json};

use super::{text, world};

#[tokio::test]
async fn a_worker_starts_in_the_default_activity_and_has_a_unique_name() {
    let world = world().await;
    let url = world.workspace().await;
    let workers = format!("{url}/Workers");
    let form = [("FriendlyName", "Alice"), ("Attributes", r#"{"languages":  ["es"]}"#)];
    let response = world.post(&workers, &form).await;
    assert_eq!(response.etag.as_deref(), Some("1"));
    let alice = response.expect(201);
    assert_eq!((&alice["activity_name"], &alice["available"]), (&json!("Offline"), &json!(false)));
    assert_eq!(alice["attributes"], r#"{"languages":  ["es"]}"#);
    assert_eq!(world.routed(), [json!({ "worker": alice["sid"] })]);
    world.post(&workers, &[("FriendlyName", "ALICE")]).await.refused(409, 20409);
    let bob = world.created(&workers, &[("FriendlyName", "Bob")]).await;
    world.post(&text(&bob, "url"), &[("FriendlyName", "alice")]).await.refused(409, 20409);
    world.post(&text(&alice, "url"), &[("FriendlyName", "ALICE")]).await.expect(200);
    world.post(&workers, &[("FriendlyName", "C"), ("Attributes", "[]")]).await.refused(400, 20001);
    let nowhere = format!("WA{}", "0".repeat(32));
    let form = [("FriendlyName", "C"), ("ActivitySid", nowhere.as_str())];
    world.post(&workers, &form).await.refused(400, 20001);
    world.post(&workers, &[]).await.refused(400, 20001);
}

#[tokio::test]
async fn a_stale_tag_is_refused_and_a_change_of_activity_is_dated() {
    let world = world().await;
    let url = world.workspace().await;
    let worker = text(&world.worker(&url, "Alice").await, "url");
    let away = world.activity(&url, "Break").await;
    world.wait(60);
    let response = world.post_if("1", &worker, &[("ActivitySid", &away)]).await;
    assert_eq!(response.etag.as_deref(), Some("2"));
    let moved = response.expect(200);
    assert_eq!((&moved["activity_name"], &moved["available"]), (&json!("Break"), &json!(false)));
    assert_ne!(moved["date_status_changed"], moved["date_created"]);
    world.post_if("1", &worker, &[("FriendlyName", "A")]).await.refused(412, 20412);
    world.delete_if("1", &worker).await.refused(412, 20412);
    world.wait(60);
    let renamed = world.post_if("\"2\"", &worker, &[("FriendlyName", "A")]).await;
    assert_eq!(renamed.etag.as_deref(), Some("3"));
    assert_eq!(renamed.expect(200)["date_status_changed"], moved["date_status_changed"]);
    assert_eq!(world.get(&worker).await.etag.as_deref(), Some("3"));
    world.delete_if("3", &worker).await.expect(204);
    world.get(&worker).await.refused(404, 20404);
    assert_eq!(world.routed().len(), 3);
}

#[tokio::test]
async fn a_worker_who_leaves_can_reject_pending_reservations() {
    let world = world().await;
    let url = world.workspace().await;
    let alice = world.worker(&url, "Alice").await;
    let (worker, sid) = (text(&alice, "url"), text(&alice, "sid"));
    let task = world.task(&url).await;
    let reservation = world.offer(&task, &sid).await;
    assert!(world.delete(&worker).await.refused(400, 20001).contains("open reservation"));
    let reject = ("RejectPendingReservations", "true");
    world.post(&worker, &[reject]).await.refused(400, 20001);
    let away = world.activity(&url, "Break").await;
    world.post(&worker, &[reject, ("ActivitySid", &away)]).await.expect(200);
    assert_eq!(world.get(&reservation).await.expect(200)["reservation_status"], "rejected");
    assert_eq!(world.get(&task).await.expect(200)["assignment_status"], "pending");
    let told = world.routed();
    assert!(told.contains(&json!({ "worker": sid })), "{told:?}");
    assert!(told.iter().any(|subject| subject["task"].is_string()), "{told:?}");
    world.delete(&worker).await.expect(204);
}

#[tokio::test]
async fn workers_are_found_by_what_is_known_of_them() {
    let world = world().await;
    let url = world.workspace().await;
    world.worker(&url, "Alice").await;
    let form = [("FriendlyName", "Bob"), ("Attributes", r#"{"skill":3}"#)];
    world.created(&format!("{url}/Workers"), &form).await;
    for (query, found) in [
        ("Available=true", vec!["Alice"]),
        ("ActivityName=Offline", vec!["Bob"]),
        ("FriendlyName=bob", vec!["Bob"]),
        ("TargetWorkersExpression=skill%20%3E%202", vec!["Bob"]),
        ("TargetWorkersExpression=friendly_name%20%3D%3D%20'Alice'", vec!["Alice"]),
        ("TaskQueueName=Sample+Queue&Ordering=FriendlyName:desc", vec!["Bob", "Alice"]),
        ("TaskQueueName=Other", vec![]),
    ] {
        let page = world.get(&format!("{url}/Workers?{query}")).await.expect(200);
        let workers = page["workers"].as_array().unwrap();
        let names: Vec<&str> =
            workers.iter().map(|one| one["friendly_name"].as_str().unwrap()).collect();
        assert_eq!(names, found, "{query}");
    }
    world.get(&format!("{url}/Workers?TargetWorkersExpression=a")).await.refused(400, 20001);
}

#[tokio::test]
async fn a_capacity_has_three_names_and_is_filled_by_reservations() {
    let world = world().await;
    let url = world.workspace().await;
    let alice = world.worker(&url, "Alice").await;
    let channels = format!("{}/Channels", text(&alice, "url"));
    let page = world.get(&channels).await.expect(200);
    assert_eq!(page["channels"].as_array().unwrap().len(), 5);
    let form = [("Capacity", "2"), ("Available", "false")];
    let by_name = world.post(&format!("{channels}/default"), &form).await.expect(200);
    assert_eq!(by_name["configured_capacity"], 2);
    assert_eq!(by_name["available"], false);
    assert_eq!(world.routed(), [json!({ "worker": alice["sid"] })]);
    for name in ["sid", "task_channel_sid"] {
        let fetched = world.get(&format!("{channels}/{}", text(&by_name, name))).await.expect(200);
        assert_eq!(fetched, by_name, "{name}");
    }
    let task = world.task(&url).await;
    let reservation = world.offer(&task, &text(&alice, "sid")).await;
    let full = |channel: Value| {
        (channel["assigned_tasks"].clone(), channel["available_capacity_percentage"].clone())
    };
    let offered = world.get(&format!("{channels}/default")).await.expect(200);
    assert_eq!(full(offered), (json!(0), json!(50)));
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    let taken = world.get(&format!("{channels}/default")).await.expect(200);
    assert_eq!(full(taken), (json!(1), json!(50)));
    world.post(&format!("{channels}/default"), &[("Capacity", "-1")]).await.refused(400, 20001);
    world.get(&format!("{channels}/fax")).await.refused(404, 20404);
}
