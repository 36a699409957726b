//! Statistics: the figures of a short day, each in the published shape.

use serde_json::{Value, json};
use switchboard_tests::Schema;

use super::{text, world};
use crate::world::World;

/// The workspace of a short day, and what is in it.
struct Day {
    url: String,
    alice: String,
    queue: String,
    workflow: String,
    /// The task that nobody is there for.
    waiting: String,
}

fn last(url: &str) -> String {
    url.rsplit('/').next().unwrap().to_owned()
}

/// Alice takes a task after five seconds and ends it after ten more. She does not answer for a second one, which is
/// canceled, and is offline since. A third one waits for seven seconds.
async fn day(world: &World) -> Day {
    let url = world.workspace().await;
    world.settles().await;
    let alice = text(&world.worker(&url, "Alice").await, "sid");
    let first = world.task(&url).await;
    world.settles().await;
    world.wait(5);
    let offers = world.get(&format!("{first}/Reservations")).await.expect(200);
    let offer = text(&offers["reservations"][0], "url");
    world.post(&offer, &[("ReservationStatus", "accepted")]).await.expect(200);
    world.settles().await;
    world.wait(10);
    let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
    world.post(&first, &done).await.expect(200);
    world.settles().await;
    let second = world.task(&url).await;
    world.settles().await;
    world.wait(120);
    world.settles().await;
    let canceled = [("AssignmentStatus", "canceled"), ("Reason", "gone")];
    world.post(&second, &canceled).await.expect(200);
    world.settles().await;
    let third = world.task(&url).await;
    world.settles().await;
    world.wait(7);
    let queues = world.get(&format!("{url}/TaskQueues")).await.expect(200);
    let workflows = world.get(&format!("{url}/Workflows")).await.expect(200);
    Day {
        alice,
        queue: text(&queues["task_queues"][0], "sid"),
        workflow: text(&workflows["workflows"][0], "sid"),
        waiting: last(&third),
        url,
    }
}

/// Some members of an answer.
fn some(body: &Value, names: &[&str]) -> Vec<i64> {
    let number = |name: &&str| body[*name].as_i64().unwrap_or_else(|| panic!("{name} of {body}"));
    names.iter().map(number).collect()
}

const RESERVED: [&str; 6] = [
    "reservations_created",
    "reservations_accepted",
    "reservations_timed_out",
    "reservations_rejected",
    "reservations_canceled",
    "reservations_rescinded",
];

#[tokio::test]
async fn a_short_day_is_told_of_the_workspace_its_workflow_and_its_queue() {
    let world = world().await;
    let day = day(&world).await;
    for (below, entered) in [
        (String::new(), "tasks_created"),
        (format!("/Workflows/{}", day.workflow), "tasks_entered"),
        (format!("/TaskQueues/{}", day.queue), "tasks_entered"),
    ] {
        let url = format!("{}{below}", day.url);
        let span = world
            .get(&format!("{url}/CumulativeStatistics?SplitByWaitTime=4,5,120"))
            .await
            .expect(200);
        assert_eq!(some(&span, &RESERVED), [2, 1, 1, 0, 0, 0], "{below}");
        let tasks = [entered, "tasks_completed", "tasks_canceled", "tasks_deleted", "tasks_moved"];
        assert_eq!(some(&span, &tasks), [3, 1, 1, 0, 0], "{below}");
        assert_eq!(span["avg_task_acceptance_time"], 5);
        let wait = |seconds: i64| json!({ "avg": seconds, "min": seconds, "max": seconds, "total": seconds });
        assert_eq!(span["wait_duration_until_accepted"], wait(5));
        assert_eq!(span["wait_duration_until_canceled"], wait(120));
        let side = |canceled, accepted| json!({ "tasks_canceled": canceled, "reservations_accepted": accepted });
        let splits = json!({
            "4": { "below": side(0, 0), "above": side(1, 1) },
            "5": { "below": side(0, 1), "above": side(1, 0) },
            "120": { "below": side(1, 1), "above": side(0, 0) },
        });
        assert_eq!(span["split_by_wait_time"], splits);
        let now = world.get(&format!("{url}/RealTimeStatistics")).await.expect(200);
        let status = json!({ "pending": 1, "reserved": 0, "assigned": 0, "wrapping": 0 });
        assert_eq!((&now["tasks_by_status"], &now["total_tasks"]), (&status, &json!(1)));
        assert_eq!(now["tasks_by_priority"], json!({ "0": 1 }));
        assert_eq!(now["longest_task_waiting_sid"], day.waiting.as_str());
        assert_eq!(now["longest_task_waiting_age"], 7);
        let both = world.get(&format!("{url}/Statistics")).await.expect(200);
        assert_eq!(both["realtime"]["longest_task_waiting_age"], 7);
        assert_eq!(some(&both["cumulative"], &RESERVED), [2, 1, 1, 0, 0, 0]);
        let nothing = world.get(&format!("{url}/RealTimeStatistics?TaskChannel=voice")).await;
        assert_eq!(nothing.expect(200)["total_tasks"], 0);
        let nothing = world.get(&format!("{url}/CumulativeStatistics?TaskChannel=voice")).await;
        assert_eq!(some(&nothing.expect(200), &RESERVED), [0; 6]);
    }
    let queue = format!("{}/TaskQueues/{}/RealTimeStatistics", day.url, day.queue);
    let queue = world.get(&queue).await.expect(200);
    assert_eq!(some(&queue, &["total_eligible_workers", "total_available_workers"]), [1, 0]);
    assert_eq!(queue["longest_relative_task_sid_in_queue"], day.waiting.as_str());
}

#[tokio::test]
async fn workers_are_told_by_what_they_did_and_how_evenly_they_shared() {
    let world = world().await;
    let day = day(&world).await;
    let spent = |cumulative: &Value, name: &str| {
        let all = cumulative["activity_durations"].as_array().unwrap();
        all.iter().find(|one| one["friendly_name"] == name).unwrap()["total"].as_i64().unwrap()
    };
    let all = format!("{}/Workers", day.url);
    let one = world.get(&format!("{all}/{}/Statistics", day.alice)).await.expect(200);
    let of_all = world.get(&format!("{all}/Statistics")).await.expect(200);
    let named = world.get(&format!("{all}/Statistics?FriendlyName=alice")).await.expect(200);
    let of_queue = world.get(&format!("{all}/Statistics?TaskQueueSid={}", day.queue)).await;
    let span = world.get(&format!("{all}/CumulativeStatistics")).await.expect(200);
    let bodies =
        [&one, &of_all, &named, &of_queue.expect(200)].map(|body| body["cumulative"].clone());
    for cumulative in bodies.iter().chain([&span]) {
        assert_eq!(some(cumulative, &RESERVED), [2, 1, 1, 0, 0, 0]);
        assert_eq!(spent(cumulative, "Available"), 135, "until she did not answer");
        assert_eq!(spent(cumulative, "Offline"), 7);
    }
    let nobody = world.get(&format!("{all}/Statistics?FriendlyName=Bob")).await.expect(200);
    assert_eq!(some(&nobody["cumulative"], &RESERVED), [0; 6]);
    assert_eq!(nobody["realtime"]["total_workers"], 0);
    let now = world.get(&format!("{all}/RealTimeStatistics")).await.expect(200);
    assert_eq!(now["total_workers"], 1);
    world.worker(&day.url, "Bob").await;
    let fairness =
        world.get(&format!("{all}/Fairness?TaskQueueSid={}", day.queue)).await.expect(200);
    assert_eq!(fairness["fairness_index"], 0.5, "one of two accepted all");
    assert_eq!(some(&fairness, &["total_eligible_workers", "reservations_accepted"]), [2, 1]);
    // A span that ended before Alice changed is told by her next change.
    let early = "StartDate=2026-11-22T10:00:00Z&EndDate=2026-11-22T10:00:03Z";
    let early = world.get(&format!("{all}/{}/Statistics?{early}", day.alice)).await.expect(200);
    assert_eq!(spent(&early["cumulative"], "Available"), 3);
}

#[tokio::test]
async fn every_answer_is_as_published() {
    let Some(published) = Schema::open("twilio_taskrouter_v1.json") else { return };
    let world = world().await;
    let day = day(&world).await;
    let root = "/v1/Workspaces/{WorkspaceSid}";
    for (path, template) in [
        (String::new(), ""),
        (format!("/Workflows/{}", day.workflow), "/Workflows/{WorkflowSid}"),
        (format!("/TaskQueues/{}", day.queue), "/TaskQueues/{TaskQueueSid}"),
        ("/Workers".to_owned(), "/Workers"),
    ] {
        for form in ["Statistics", "RealTimeStatistics", "CumulativeStatistics"] {
            let body = world.get(&format!("{}{path}/{form}", day.url)).await.expect(200);
            published.check("get", &format!("{root}{template}/{form}"), 200, &body);
            assert!(text(&body, "url").ends_with(&format!("{path}/{form}")));
        }
    }
    let one = world.get(&format!("{}/Workers/{}/Statistics", day.url, day.alice)).await.expect(200);
    published.check("get", &format!("{root}/Workers/{{WorkerSid}}/Statistics"), 200, &one);
    let list = world.get(&format!("{}/TaskQueues/Statistics", day.url)).await.expect(200);
    published.check("get", &format!("{root}/TaskQueues/Statistics"), 200, &list);
    assert_eq!(list["meta"]["key"], "task_queues_statistics");
    assert_eq!(list["task_queues_statistics"][0]["cumulative"]["tasks_entered"], 3);
    let none = world.get(&format!("{}/TaskQueues/Statistics?FriendlyName=x", day.url)).await;
    assert_eq!(none.expect(200)["task_queues_statistics"], json!([]));
    let bulk = format!("{}/TaskQueues/RealTimeStatistics", day.url);
    let absent = format!("WQ{}", "0".repeat(32));
    let form = [("TaskQueueSids", day.queue.as_str()), ("TaskQueueSids", &absent)];
    let some = world.post(&bulk, &form).await.expect(200);
    published.check("post", &format!("{root}/TaskQueues/RealTimeStatistics"), 200, &some);
    assert_eq!(some["task_queue_response_count"], 1);
    assert_eq!(some["task_queue_data"][0]["task_queue_sid"], day.queue.as_str());
    world.post(&bulk, &[("TaskQueueSids", "x")]).await.refused(400, 20001);
}

#[tokio::test]
async fn statistics_of_missing_resources_are_not_found_and_old_ones_are_refused() {
    let world = world().await;
    let url = world.workspace().await;
    let nowhere = "0".repeat(32);
    for path in [
        format!("/Workflows/WW{nowhere}/CumulativeStatistics"),
        format!("/TaskQueues/WQ{nowhere}/RealTimeStatistics"),
        format!("/TaskQueues/WQ{nowhere}/Statistics"),
        format!("/Workers/WK{nowhere}/Statistics"),
        "/Workers/RealTimeStatistic".to_owned(),
    ] {
        world.get(&format!("{url}{path}")).await.refused(404, 20404);
    }
    world.get(&format!("/WS{nowhere}/Statistics")).await.refused(404, 20404);
    world.get(&format!("/WS{nowhere}/Workers/Fairness")).await.refused(404, 20404);
    for path in ["/Statistics", "/Workers/CumulativeStatistics", "/TaskQueues/Statistics"] {
        let old = format!("{url}{path}?StartDate=2026-10-01T00:00:00Z");
        world.get(&old).await.refused(400, 14241);
        world.get(&format!("{url}{path}?Minutes=0")).await.refused(400, 20001);
        world.get(&format!("{url}{path}?TaskChannel=fax")).await.refused(400, 20001);
    }
    world.get(&format!("{url}/Statistics?SplitByWaitTime=x")).await.refused(400, 20001);
}
