//! Reservations, from both sides.

use serde_json::json;

use super::{World, text, world};

/// A workspace, Alice, and a task that she was offered: URLs, and her identifier.
async fn offered(world: &World) -> (String, String, String, String) {
    let url = world.workspace().await;
    let alice = world.worker(&url, "Alice").await;
    let task = world.task(&url).await;
    let reservation = world.offer(&task, &text(&alice, "sid")).await;
    (url, text(&alice, "url"), task, reservation)
}

fn seen_from(worker: &str, reservation: &str) -> String {
    format!("{worker}/Reservations/{}", reservation.rsplit('/').next().unwrap())
}

#[tokio::test]
async fn a_worker_accepts_wraps_up_and_completes() {
    let world = world().await;
    let (_, worker, task, reservation) = offered(&world).await;
    let mine = seen_from(&worker, &reservation);
    let response = world.post(&mine, &[("ReservationStatus", "accepted")]).await;
    let tag = response.etag.clone().unwrap();
    let accepted = response.expect(200);
    assert_eq!(accepted["reservation_status"], "accepted");
    assert_eq!(accepted["url"], mine);
    let seen = world.get(&task).await;
    assert_eq!(seen.etag.as_deref(), Some(tag.as_str()));
    assert_eq!(seen.expect(200)["assignment_status"], "assigned");
    let again = world.post(&reservation, &[("Instruction", "accept")]).await;
    assert_eq!((again.status, again.etag), (200, Some(tag)));
    world.delete(&task).await.refused(400, 20001);
    for (status, of_task) in [("wrapping", "wrapping"), ("completed", "completed")] {
        let body = world.post(&reservation, &[("ReservationStatus", status)]).await.expect(200);
        assert_eq!(body["reservation_status"], status);
        assert_eq!(world.get(&task).await.expect(200)["assignment_status"], of_task);
    }
    world.post(&mine, &[("ReservationStatus", "wrapping")]).await.refused(400, 20001);
    assert_eq!(world.routed().len(), 3);
}

#[tokio::test]
async fn a_task_is_completed_with_a_reason_only() {
    let world = world().await;
    let (_, _, task, reservation) = offered(&world).await;
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.expect(200);
    world
        .post(&task, &[("AssignmentStatus", "canceled"), ("Reason", "x")])
        .await
        .refused(400, 20001);
    world.post(&task, &[("AssignmentStatus", "completed")]).await.refused(400, 20001);
    let form = [("AssignmentStatus", "completed"), ("Reason", "answered")];
    let done = world.post(&task, &form).await.expect(200);
    assert_eq!(
        (&done["assignment_status"], &done["reason"]),
        (&json!("completed"), &json!("answered"))
    );
    assert_eq!(world.get(&reservation).await.expect(200)["reservation_status"], "completed");
}

#[tokio::test]
async fn a_rejection_can_move_the_worker() {
    let world = world().await;
    let (url, worker, task, reservation) = offered(&world).await;
    let lunch = world.activity(&url, "Break").await;
    let nowhere = format!("WA{}", "0".repeat(32));
    let reject = ("ReservationStatus", "rejected");
    world.post(&reservation, &[reject, ("WorkerActivitySid", &nowhere)]).await.refused(400, 20001);
    world.post(&reservation, &[reject, ("WorkerActivitySid", &lunch)]).await.expect(200);
    assert_eq!(world.get(&worker).await.expect(200)["activity_name"], "Break");
    assert_eq!(world.get(&task).await.expect(200)["assignment_status"], "pending");
    let told = world.routed();
    assert_eq!(told.len(), 2, "{told:?}");
    assert!(told.iter().any(|subject| subject["worker"].is_string()), "{told:?}");
    world.post(&reservation, &[("ReservationStatus", "accepted")]).await.refused(400, 20001);
}

#[tokio::test]
async fn a_late_answer_is_refused_and_a_stale_tag_too() {
    let world = world().await;
    let (_, _, _, reservation) = offered(&world).await;
    let accept = [("ReservationStatus", "accepted")];
    world.post_if("1", &reservation, &accept).await.refused(412, 20412);
    world.wait(120);
    world.post(&reservation, &accept).await.refused(400, 20001);
}

#[tokio::test]
async fn one_of_two_is_faster_and_the_other_one_is_told_that_it_is_gone() {
    let world = world().await;
    let (url, alice, task, first) = offered(&world).await;
    let bob = world.worker(&url, "Bob").await;
    let second = world.offer(&task, &text(&bob, "sid")).await;
    let queue =
        text(&world.get(&format!("{url}/TaskQueues")).await.expect(200)["task_queues"][0], "url");
    world.post(&queue, &[("MaxReservedWorkers", "2")]).await.expect(200);
    let bobs = format!("{}/Reservations", text(&bob, "url"));
    let page = world.get(&bobs).await.expect(200);
    assert_eq!(page["reservations"].as_array().unwrap().len(), 1);
    world.delete(&text(&bob, "url")).await.refused(400, 20001);
    world.post(&first, &[("ReservationStatus", "accepted")]).await.expect(200);
    let late = world.post(&second, &[("ReservationStatus", "accepted")]).await;
    late.refused(410, 20410);
    world.post(&second, &[("ReservationStatus", "completed")]).await.refused(410, 20410);
    let page = world.get(&format!("{bobs}?ReservationStatus=rescinded")).await.expect(200);
    assert_eq!(page["reservations"].as_array().unwrap().len(), 1);
    let page = world.get(&format!("{alice}/Reservations")).await.expect(200);
    assert_eq!(page["reservations"][0]["reservation_status"], "accepted");
    let page = world.get(&format!("{task}/Reservations?PageSize=1")).await.expect(200);
    assert_eq!(page["reservations"].as_array().unwrap().len(), 1);
    assert!(page["meta"]["next_page_url"].is_string());
}

#[tokio::test]
async fn a_reservation_is_seen_from_its_own_task_and_worker_only() {
    let world = world().await;
    let (url, _, _, reservation) = offered(&world).await;
    let bob = text(&world.worker(&url, "Bob").await, "url");
    let other = world.task(&url).await;
    let sid = reservation.rsplit('/').next().unwrap();
    for parent in [bob, other] {
        world.get(&format!("{parent}/Reservations/{sid}")).await.refused(404, 20404);
        let page = world.get(&format!("{parent}/Reservations")).await.expect(200);
        assert_eq!(page["reservations"], json!([]));
    }
}
