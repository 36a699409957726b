//! Every resource answers what its published schema says.

use serde_json::Value;

use crate::reference::{conforms, links, published};
use crate::world::{World, text};

#[tokio::test]
async fn every_resource_is_as_published() {
    let Some(published) = published() else { return };
    let world = World::new();
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

    let of = |kind: &str| format!("taskrouter.v1.workspace{kind}");
    let one = |list: &str, key: &'static str| (format!("{url}/{list}"), key);
    conforms(&published, &of(""), &workspace);
    for (schema, (list, key)) in [
        (of(".activity"), one("Activities", "activities")),
        (of(".task_channel"), one("TaskChannels", "channels")),
        (of(".task_queue"), one("TaskQueues", "task_queues")),
        (of(".workflow"), one("Workflows", "workflows")),
        (of(".worker"), one("Workers", "workers")),
        (of(".task"), one("Tasks", "tasks")),
        (of(".worker.worker_channel"), (format!("{worker_url}/Channels"), "channels")),
        (of(".task.task_reservation"), (format!("{task_url}/Reservations"), "reservations")),
        (of(".worker.worker_reservation"), (format!("{worker_url}/Reservations"), "reservations")),
    ] {
        let page = world.get(&list).await.expect(200);
        assert_eq!(page["meta"]["key"], key, "{list}");
        let listed = &page[key][0];
        conforms(&published, &schema, listed);
        let fetched = world.get(&text(listed, "url")).await.expect(200);
        assert_eq!(&fetched, listed, "{schema}");
    }
    for (url, sid) in [(&from_task, reservation), (&from_worker, reservation)] {
        let seen = world.get(url).await.expect(200);
        assert_eq!((text(&seen, "url"), text(&seen, "sid")), (url.clone(), sid.to_owned()));
    }
}

#[tokio::test]
async fn links_are_those_of_the_published_examples() {
    let Some(published) = published() else { return };
    let world = World::new();
    let workspace = world.created("", &[("FriendlyName", "A"), ("Template", "FIFO")]).await;
    let url = text(&workspace, "url");
    world.worker(&url, "Alice").await;
    world.task(&url).await;
    let below = |list: &str| format!("/v1/Workspaces/{{WorkspaceSid}}/{list}");
    let named = |answer: &Value| answer["links"].as_object().unwrap().keys().cloned().collect();
    let all: Vec<String> = named(&workspace);
    let mut expected = links(&published, "/v1/Workspaces", "post", "201");
    expected.sort();
    assert_eq!(all, expected);
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
        let mut expected = links(&published, &below(list), "post", "201");
        expected.sort();
        assert_eq!(all, expected, "{list}");
    }
}
