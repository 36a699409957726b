//! Events: what is listed, how it is narrowed, and how it is paged.

use serde_json::Value;
use switchboard_tests::Schema;

use super::{text, world};
use crate::world::World;

/// A workspace in which one worker is offered two tasks, one after the other; its URL, and those of the tasks.
async fn busy(world: &World) -> (String, [String; 2]) {
    let url = world.workspace().await;
    world.wait(1);
    world.worker(&url, "Alice").await;
    let mut tasks = [String::new(), String::new()];
    for task in &mut tasks {
        world.wait(1);
        *task = world.task(&url).await;
        world.settles().await;
    }
    (url, tasks)
}

async fn listed(world: &World, url: &str, query: &str) -> Vec<Value> {
    let page = world.get(&format!("{url}/Events?PageSize=1000&{query}")).await.expect(200);
    page["events"].as_array().unwrap().clone()
}

fn types(events: &[Value]) -> Vec<String> {
    events.iter().map(|event| text(event, "event_type")).collect()
}

#[tokio::test]
async fn an_event_is_as_published_and_found_by_its_identifier() {
    let Some(published) = Schema::open("twilio_taskrouter_v1.json") else { return };
    let world = world().await;
    let (url, _) = busy(&world).await;
    let root = "/v1/Workspaces/{WorkspaceSid}/Events";
    let page = world.get(&format!("{url}/Events")).await.expect(200);
    assert_eq!(page["meta"]["key"], "events");
    published.check("get", root, 200, &page);
    for event in page["events"].as_array().unwrap() {
        let fetched = world.get(&text(event, "url")).await.expect(200);
        published.check("get", &format!("{root}/{{Sid}}"), 200, &fetched);
        assert_eq!(&fetched, event);
        if text(event, "resource_type") != "reservation" {
            world.get(&text(event, "resource_url")).await.expect(200);
        }
    }
    let first = text(&page["events"][0], "sid");
    let none = format!("{}{}", &first[..30], "ffff");
    for wrong in [none.as_str(), "EV1", "WT1"] {
        world.get(&format!("{url}/Events/{wrong}")).await.refused(404, 20404);
    }
}

#[tokio::test]
async fn a_list_is_narrowed_by_every_parameter() {
    let world = world().await;
    let (url, tasks) = busy(&world).await;
    let sid = |url: &str| url.rsplit('/').next().unwrap().to_owned();
    let fresh = [
        "workflow.entered",
        "task-queue.entered",
        "task.created",
        "workflow.target-matched",
        "reservation.created",
    ];
    let one = listed(&world, &url, &format!("TaskSid={}", sid(&tasks[0]))).await;
    assert_eq!(types(&one), fresh);
    let offer = &one[4];
    let reservation = text(offer, "resource_sid");
    let of = |event: &Value, name: &str| text(&event["event_data"], name);
    for (query, expected) in [
        (format!("ReservationSid={reservation}"), vec!["reservation.created"]),
        (format!("Sid={}", text(offer, "sid")), vec!["reservation.created"]),
        (
            format!("WorkerSid={}", of(offer, "worker_sid")),
            vec!["worker.created", "reservation.created"],
        ),
        (
            format!("WorkerSid={}&EventType=reservation.created", of(offer, "worker_sid")),
            vec!["reservation.created"],
        ),
        ("EventType=worker.created".to_owned(), vec!["worker.created"]),
        ("EventType=nothing".to_owned(), vec![]),
    ] {
        assert_eq!(types(&listed(&world, &url, &query).await), expected, "{query}");
    }
    let both = 5 + 4;
    for query in [
        format!("WorkflowSid={}&TaskChannel=default", of(offer, "workflow_sid")),
        format!("TaskChannel={}&EventType=", of(offer, "task_channel_sid")),
    ] {
        let found = listed(&world, &url, &query).await;
        let found = found.iter().filter(|event| event["event_data"]["task_sid"].is_string());
        assert_eq!(found.count(), both, "{query}");
    }
    let queue =
        listed(&world, &url, &format!("TaskQueueSid={}", of(offer, "task_queue_sid"))).await;
    assert_eq!(queue.len(), both + 1, "and that of the queue itself");
    for wrong in ["TaskSid=x", "Minutes=0", "Minutes=43201", "StartDate=yesterday"] {
        world.get(&format!("{url}/Events?{wrong}")).await.refused(400, 20001);
    }
    world.get("/WS00000000000000000000000000000000/Events").await.refused(404, 20404);
}

#[tokio::test]
async fn a_list_goes_back_a_quarter_of_an_hour_unless_a_time_is_given() {
    let world = world().await;
    let (url, tasks) = busy(&world).await;
    let task = format!("TaskSid={}", tasks[0].rsplit('/').next().unwrap());
    let count = async |query: &str| listed(&world, &url, &format!("{task}&{query}")).await.len();
    assert_eq!(count("").await, 5);
    world.wait(16 * 60);
    assert_eq!(count("").await, 0);
    assert_eq!(count("Minutes=20").await, 5);
    assert_eq!(count("StartDate=2026-11-22T10:00:00Z").await, 5);
    assert_eq!(count("StartDate=2026-11-22T10:00:00Z&EndDate=2026-11-22T10:00:02Z").await, 5);
    assert_eq!(count("EndDate=2026-11-22T10:00:02Z").await, 5);
    assert_eq!(count("StartDate=2026-11-22T10:00:00Z&EndDate=2026-11-22T10:00:01Z").await, 0);
    let whole = listed(&world, &url, "Minutes=43200").await;
    assert!(whole.len() > 9, "the partitions of a month are read");
    world.wait(31 * 24 * 3600);
    assert_eq!(count("StartDate=2026-11-22T10:00:00Z").await, 0);
    let old = text(&whole[0], "url");
    world.get(&old).await.refused(404, 20404);
}

#[tokio::test]
async fn pages_lead_there_and_back() {
    let world = world().await;
    let (url, tasks) = busy(&world).await;
    let task = tasks[0].rsplit('/').next().unwrap();
    for query in
        ["Minutes=60".to_owned(), format!("TaskSid={task}"), "EventType=task.created".to_owned()]
    {
        let all = listed(&world, &url, &query).await;
        let mut seen = Vec::new();
        let mut pages = Vec::new();
        let mut next = Some(format!("{url}/Events?PageSize=2&{query}"));
        while let Some(link) = next {
            let page = world.get(&link).await.expect(200);
            let events = page["events"].as_array().unwrap().clone();
            assert!(events.len() <= 2);
            seen.extend(events);
            next = page["meta"]["next_page_url"].as_str().map(str::to_owned);
            pages.push(page);
        }
        assert_eq!(seen, all, "{query}");
        for pair in pages.windows(2) {
            let back = text(&pair[1]["meta"], "previous_page_url");
            assert_eq!(world.get(&back).await.expect(200)["events"], pair[0]["events"], "{query}");
        }
    }
    world.get(&format!("{url}/Events?Page=1")).await.refused(400, 40153);
}
