//! The TaskRouter product, and the steps that its tests begin with.

mod configuring;
mod conformity;
mod events;
mod limits;
mod naming;
mod operations;
mod receipts;
mod rehearsal;
mod reserving;
mod saying_more;
mod staffing;
mod statistics;
mod tasking;

use serde_json::Value;
use switchboard_domain::decision::Decision;
use switchboard_domain::routing::receipt::Receipt;
use switchboard_domain::task::{self, Command, Source, Task};
use switchboard_domain::timestamp::Millis;
use switchboard_store::key;

use crate::world::World;

async fn world() -> World {
    World::of("taskrouter-api", "/taskrouter/v1/Workspaces").await
}

/// The text of a member.
#[track_caller]
fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} of {body}")).to_owned()
}

impl World {
    /// What the routers were told to look at since the last look.
    fn routed(&self) -> Vec<Value> {
        self.asked().into_iter().map(|event| event["subject"].clone()).collect()
    }

    /// Offers a task to a worker as the router does; the URL of the reservation, seen from the task.
    async fn offer(&self, task_url: &str, worker: &str) -> String {
        let sid = task_url.rsplit('/').next().unwrap().parse().unwrap();
        let task: Task = self.on.store.get(key::task(sid)).await.unwrap().unwrap();
        let reserve = Command::Reserve {
            worker: worker.parse().unwrap(),
            worker_name: "Alice".to_owned(),
            timeout: Millis::seconds(120),
            receipt: Receipt::default(),
        };
        let reserved = task::decide(&task, reserve, Source::Router, self.on.now()).unwrap().task;
        let reservation = reserved.reservation_sid(reserved.reservations.last().unwrap());
        self.given(Decision::put(reserved)).await;
        format!("{task_url}/Reservations/{reservation}")
    }

    /// Creates something; what came back.
    async fn created(&self, url: &str, form: &[(&str, &str)]) -> Value {
        self.post(url, form).await.expect(201)
    }

    /// A workspace with one queue, one workflow that leads there, and no workers; its URL.
    async fn workspace(&self) -> String {
        let form = [("FriendlyName", "Support"), ("Template", "FIFO")];
        let url = text(&self.created("", &form).await, "url");
        self.asked();
        url
    }

    /// The identifier of an activity.
    async fn activity(&self, workspace: &str, name: &str) -> String {
        let url = format!("{workspace}/Activities?FriendlyName={name}");
        text(&self.get(&url).await.expect(200)["activities"][0], "sid")
    }

    /// A worker who is available.
    async fn worker(&self, workspace: &str, name: &str) -> Value {
        let available = self.activity(workspace, "Available").await;
        let form = [("FriendlyName", name), ("ActivitySid", &available)];
        let worker = self.created(&format!("{workspace}/Workers"), &form).await;
        self.asked();
        worker
    }

    /// A task without anything particular; its URL.
    async fn task(&self, workspace: &str) -> String {
        let task = self.created(&format!("{workspace}/Tasks"), &[]).await;
        self.asked();
        text(&task, "url")
    }
}
