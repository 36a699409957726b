//! Workers by their tokens: themselves, what they do, and what is offered to them.

use reqwest::Method;
use serde_json::{Value, json};
use switchboard_tests::Api;

use super::world;
use crate::world::World;

/// A workspace with two workers, a task, and a token for the first.
struct Scene {
    world: World,
    workspace: String,
    own: String,
    other: String,
    available: String,
    worker: Api,
}

impl Scene {
    async fn open() -> Self {
        let world = world().await;
        let key = world.key().await;
        let root = "/taskrouter/v1/Workspaces";
        let made = world.post(root, &[("FriendlyName", "Support"), ("Template", "FIFO")]).await;
        let sid = made.text("sid");
        let workspace = format!("{root}/{sid}");
        let found = world.get(&format!("{workspace}/Activities?FriendlyName=Available")).await;
        let available = found.expect(200)["activities"][0]["sid"].as_str().unwrap().to_owned();
        let mut workers = Vec::new();
        for name in ["ann", "bob"] {
            let form = [("FriendlyName", name)];
            workers.push(world.post(&format!("{workspace}/Workers"), &form).await.text("sid"));
        }
        let grants = json!({ "task_router": {
            "workspace_sid": sid, "worker_sid": workers[0], "role": "worker" } });
        let worker = world.holder(&key, &grants);
        let (own, other) = (workers[0].clone(), workers[1].clone());
        Self { world, workspace, own, other, available, worker }
    }

    fn path(&self, what: &str) -> String {
        let what = what.replace("{own}", &self.own).replace("{other}", &self.other);
        format!("{}/{what}", self.workspace)
    }
}

#[tokio::test]
async fn a_worker_says_what_they_do_and_answers_what_is_offered() {
    let scene = Scene::open().await;
    let own = scene.path("Workers/{own}");
    assert_eq!(scene.worker.get(&own).await.ok()["friendly_name"], "ann");
    let busy = scene.worker.post(&own, &[("ActivitySid", &scene.available)]).await.expect(200);
    assert_eq!(busy["available"], Value::Bool(true));
    let task = scene.world.post(&scene.path("Tasks"), &[]).await.text("sid");
    scene.world.settles().await;
    let offered = scene.worker.get(&scene.path("Workers/{own}/Reservations")).await.ok();
    let offered = offered["reservations"][0].clone();
    assert_eq!(offered["task_sid"], task.as_str(), "{offered}");
    scene.worker.get(&scene.path(&format!("Tasks/{task}"))).await.expect(200);
    let one =
        scene.path(&format!("Workers/{{own}}/Reservations/{}", offered["sid"].as_str().unwrap()));
    let taken = scene.worker.post(&one, &[("ReservationStatus", "accepted")]).await.expect(200);
    assert_eq!(taken["reservation_status"], "accepted");
    for path in ["Activities", "Workers/{own}/Channels", "Workers/{own}/Channels/default"] {
        scene.worker.get(&scene.path(path)).await.expect(200);
    }
}

#[tokio::test]
async fn nothing_else_is_for_a_worker() {
    let scene = Scene::open().await;
    let task = scene.world.post(&scene.path("Tasks"), &[]).await.text("sid");
    let name = [("FriendlyName", "boss")];
    let skills = [("Attributes", r#"{"skills":["all"]}"#)];
    let activity = [("ActivitySid", scene.available.as_str())];
    for (method, path, form) in [
        (Method::POST, "Workers/{own}", &name[..]),
        (Method::POST, "Workers/{own}", &skills[..]),
        (Method::DELETE, "Workers/{own}", &[]),
        (Method::GET, "Workers/{other}", &[]),
        (Method::POST, "Workers/{other}", &activity[..]),
        (Method::GET, "Workers/{other}/Reservations", &[]),
        (Method::GET, "Workers", &[]),
        (Method::POST, "Workers", &name[..]),
        (Method::POST, "Workers/{own}/Channels/default", &[("Capacity", "50")]),
        (Method::GET, "Workers/{own}/Statistics", &[]),
        (Method::GET, "Tasks", &[]),
        (Method::GET, &format!("Tasks/{task}"), &[]),
        (Method::POST, &format!("Tasks/{task}"), &[("AssignmentStatus", "canceled")]),
        (Method::POST, "Tasks", &[]),
        (Method::GET, "Events", &[]),
        (Method::GET, "TaskQueues", &[]),
        (Method::POST, "Activities", &name[..]),
        (Method::GET, "Workflows", &[]),
    ] {
        let refused = scene.worker.send(method.clone(), &scene.path(path), form, &[]).await;
        assert_eq!(refused.refusal(), (403, 20403), "{method} {path}");
    }
    for path in [
        "/taskrouter/v1/Workspaces",
        &scene.workspace,
        "/taskrouter/v1/Workspaces/WS00000000000000000000000000000001/Activities",
    ] {
        assert_eq!(scene.worker.get(path).await.refusal(), (403, 20403), "{path}");
    }
    let chat = scene.worker.get("/conversations/v1/Conversations").await;
    assert_eq!(chat.refusal(), (403, 50107), "no chat grant");
}

#[tokio::test]
async fn a_worker_who_is_gone_has_a_token_for_nothing() {
    let scene = Scene::open().await;
    assert_eq!(scene.world.delete(&scene.path("Workers/{own}")).await.status, 204);
    assert_eq!(scene.worker.get(&scene.path("Activities")).await.refusal(), (404, 20404));
}
