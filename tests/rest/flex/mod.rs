//! The Interactions product and flows, and the steps that their tests begin with.

mod care;
mod configuration;
pub(crate) mod flows;
mod interactions;
mod people;
mod published;
mod transfers;
mod webchat;
mod webhooks;

use serde_json::{Value, json};
use switchboard_tests::{Answered, Centre, Made};

use crate::world::World;

const INTERACTIONS: &str = "/flex-api/v1/Interactions";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const CUSTOMER: &str = "+14155550100";
const DESK: &str = "+18005550199";

async fn world() -> World {
    let world = World::of("flex-api", "").await;
    world.owns(&[DESK]).await;
    world
}

/// A contact centre with one queue, one workflow and Alice, who is available.
struct Support {
    path: String,
    workspace: String,
    workflow: String,
    queue: String,
    alice: String,
}

impl Support {
    async fn open(world: &World) -> Self {
        let centre = Centre::new("Support", &[]).worker("Alice", json!({}));
        let centre = centre.queue("everybody", "1==1", &[]);
        let first = |made: &Made| json!({ "default_filter": { "queue": made.sid("everybody") } });
        let made = centre.workflow(&[], first).open(world).await;
        world.settles().await;
        world.asked();
        let sid = |name: &str| made.sid(name).to_owned();
        Self {
            path: made.workspace(),
            workspace: sid("workspace"),
            workflow: sid("workflow"),
            queue: sid("everybody"),
            alice: sid("Alice"),
        }
    }

    /// Any worker who is free.
    fn routing(&self) -> Value {
        json!({ "properties": { "workspace_sid": self.workspace } })
    }

    /// Alice and nobody else.
    fn to_alice(&self) -> Value {
        let properties = json!({
            "workspace_sid": self.workspace, "queue_sid": self.queue, "worker_sid": self.alice,
        });
        json!({ "properties": properties })
    }

    /// Alice takes what is offered to her.
    async fn accepts(&self, world: &World) -> Value {
        world.settles().await;
        let reservations = format!("{}/Workers/{}/Reservations", self.path, self.alice);
        let pending = world.get(&format!("{reservations}?ReservationStatus=pending")).await;
        let offer = text(&pending.expect(200)["reservations"][0], "sid");
        let form = [("ReservationStatus", "accepted")];
        let accepted = world.post(&format!("{reservations}/{offer}"), &form).await.expect(200);
        world.settles().await;
        accepted
    }

    /// How a task stands.
    async fn task(&self, world: &World, sid: &str) -> Value {
        world.get(&format!("{}/Tasks/{sid}", self.path)).await.expect(200)
    }
}

#[track_caller]
fn text(body: &Value, name: &str) -> String {
    body[name].as_str().unwrap_or_else(|| panic!("{name} of {body}")).to_owned()
}

/// The task of an interaction or an invite.
#[track_caller]
fn task_of(answer: &Value) -> String {
    text(&answer["routing"]["properties"], "sid")
}

/// The attributes of the task of an interaction or an invite.
#[track_caller]
fn attributes_of(answer: &Value) -> Value {
    serde_json::from_str(&text(&answer["routing"]["properties"], "attributes")).unwrap()
}

/// A conversation with a customer in it.
async fn a_conversation(world: &World) -> String {
    let sid = world.post(CONVERSATIONS, &[]).await.text("sid");
    let form = [("MessagingBinding.Address", CUSTOMER), ("MessagingBinding.ProxyAddress", DESK)];
    world.post(&format!("{CONVERSATIONS}/{sid}/Participants"), &form).await.expect(201);
    sid
}

/// The `Channel` of a customer who wrote.
fn channel(conversation: &str) -> Value {
    let properties = json!({ "media_channel_sid": conversation });
    json!({ "type": "sms", "initiated_by": "customer", "properties": properties })
}

async fn create(world: &World, channel: &Value, routing: &Value) -> Answered {
    let (channel, routing) = (channel.to_string(), routing.to_string());
    world.post(INTERACTIONS, &[("Channel", &channel), ("Routing", &routing)]).await
}

/// An interaction of a customer who wrote.
async fn an_interaction(world: &World, centre: &Support) -> Value {
    let conversation = a_conversation(world).await;
    create(world, &channel(&conversation), &centre.routing()).await.expect(200)
}

/// The URL of the channel of an interaction.
fn channel_of(interaction: &Value) -> String {
    let (url, sid) = (text(interaction, "url"), text(&interaction["channel"], "sid"));
    format!("{url}/Channels/{sid}")
}

/// The participants of a channel who have not left.
async fn seated(world: &World, channel: &str) -> Vec<Value> {
    let page = world.get(&format!("{channel}/Participants")).await.expect(200);
    page["participants"].as_array().unwrap().clone()
}

/// How the conversation of an interaction stands.
async fn conversation_of(world: &World, interaction: &Value) -> Value {
    let sid = text(&attributes_of(interaction), "conversationSid");
    world.get(&format!("{CONVERSATIONS}/{sid}")).await.expect(200)
}
