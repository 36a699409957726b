//! Every resource answers what its published schema says.

use serde_json::Value;
use switchboard_tests::Schema;

use super::{text, world};

const FILE: &str = "twilio_taskrouter_v1.json";

#[tokio::test]
async fn every_resource_is_as_published() {
    let Some(published) = Schema::open(FILE) else { return };
    let world = world().await;
    let callback = ("EventCallbackUrl", "https://example.org/events");
    let form = [("FriendlyName", "Support"), ("Template", "fifo"), callback];
    let workspace = world.created("", &form).await;
    let url = text(&workspace, "url");
    let worker = world.worker(&url, "Alice").await;
    let worker_url = text(&worker, "url");
    let task_url = world.task(&url).await;
    let from_task = world.offer(&task_url, &text(&worker, "sid")).await;
    let reservation = from_task.rsplit('/').next().unwrap();
    let from_worker = format!("{worker_url}/Reservations/{reservation}");

    published.check("post", "/v1/Workspaces", 201, &workspace);
    let below = |base: &str, list: &str| (format!("{base}/{list}"), list.to_owned());
    let root = "/v1/Workspaces/{WorkspaceSid}";
    let of_worker = format!("{root}/Workers/{{WorkerSid}}");
    let of_task = format!("{root}/Tasks/{{TaskSid}}");
    for ((template, list), base, key) in [
        (below(root, "Activities"), &url, "activities"),
        (below(root, "TaskChannels"), &url, "channels"),
        (below(root, "TaskQueues"), &url, "task_queues"),
        (below(root, "Workflows"), &url, "workflows"),
        (below(root, "Workers"), &url, "workers"),
        (below(root, "Tasks"), &url, "tasks"),
        (below(&of_worker, "Channels"), &worker_url, "channels"),
        (below(&of_task, "Reservations"), &task_url, "reservations"),
        (below(&of_worker, "Reservations"), &worker_url, "reservations"),
    ] {
        let page = world.get(&format!("{base}/{list}")).await.expect(200);
        assert_eq!(page["meta"]["key"], key, "{list}");
        published.check("get", &template, 200, &page);
        let listed = &page[key][0];
        let fetched = world.get(&text(listed, "url")).await.expect(200);
        published.check("get", &format!("{template}/{{Sid}}"), 200, &fetched);
        assert_eq!(&fetched, listed, "{template}");
    }
    for (url, sid) in [(&from_task, reservation), (&from_worker, reservation)] {
        let seen = world.get(url).await.expect(200);
        assert_eq!((text(&seen, "url"), text(&seen, "sid")), (url.clone(), sid.to_owned()));
    }
}

#[tokio::test]
async fn links_are_those_of_the_published_examples() {
    let Some(published) = Schema::open(FILE) else { return };
    let world = world().await;
    let workspace = world.created("", &[("FriendlyName", "A"), ("Template", "FIFO")]).await;
    let url = text(&workspace, "url");
    world.worker(&url, "Alice").await;
    world.task(&url).await;
    let below = |list: &str| format!("/v1/Workspaces/{{WorkspaceSid}}/{list}");
    let named = |answer: &Value| answer["links"].as_object().unwrap().keys().cloned().collect();
    let all: Vec<String> = named(&workspace);
    assert_eq!(all, published.links("post", "/v1/Workspaces", 201));
    for (list, key) in [
        ("Activities", "activities"),
        ("TaskChannels", "channels"),
        ("TaskQueues", "task_queues"),
        ("Workflows", "workflows"),
        ("Workers", "workers"),
        ("Tasks", "tasks"),
    ] {
        let page = world.get(&format!("{url}/{list}")).await.expect(200);
        let all: Vec<String> = named(&page[key][0]);
        assert_eq!(all, published.links("post", &below(list), 201), "{list}");
    }
}
