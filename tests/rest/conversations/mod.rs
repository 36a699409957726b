//! The Conversations product, and the steps that its tests begin with.

mod beforehand;
mod group;
mod hooks;
mod inside;
mod lifecycle;
mod limits;
mod lookup;
mod messages;
mod ownership;
mod people;
mod published;
mod setup;
mod speaker;
mod templates;
mod timers;

use serde_json::Value;
use switchboard_domain::configuration::Flow;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{FlowSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;

use crate::world::World;

async fn world() -> World {
    let world = World::of("conversations-api", "/conversations").await;
    world.owns(&[DESK, "+18005550191", "+18005550192", "+18005550193", "+18005550194"]).await;
    world
}

const ALICE: &str = "+14155550100";
const BOB: &str = "+14155550101";
const DESK: &str = "+18005550199";

async fn a_conversation(world: &World) -> String {
    let sid = world.post("/v1/Conversations", &[]).await.text("sid");
    format!("/v1/Conversations/{sid}")
}

async fn joins(world: &World, conversation: &str, address: &str) -> String {
    let form = [("MessagingBinding.Address", address), ("MessagingBinding.ProxyAddress", DESK)];
    let made = world.post(&format!("{conversation}/Participants"), &form).await;
    made.expect(201)["sid"].as_str().unwrap().to_owned()
}

async fn listens(world: &World, conversation: &str, events: &[&str]) {
    let mut form = vec![("Target", "webhook"), ("Configuration.Url", "https://example.com")];
    form.extend(events.iter().map(|event| ("Configuration.Filters", *event)));
    world.post(&format!("{conversation}/Webhooks"), &form).await.expect(201);
}

fn events(asked: &[Value]) -> Vec<&str> {
    asked.iter().filter_map(|effect| effect["event"].as_str()).collect()
}

fn sids(list: &Value) -> Vec<String> {
    let records = list[list["meta"]["key"].as_str().unwrap()].as_array().unwrap();
    records.iter().map(|one| one["sid"].as_str().unwrap().to_owned()).collect()
}

async fn a_flow(world: &World) -> String {
    let flow = Flow {
        sid: FlowSid::derived(&["f"]),
        friendly_name: "Hand over".to_owned(),
        definition: "{}".to_owned(),
        published: true,
        addresses: std::collections::BTreeSet::new(),
        route: None,
        routes: std::collections::BTreeMap::new(),
        live: None,
        test_users: Vec::new(),
        revision: 1,
        commit_message: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        version: Version::NEW,
    };
    let sid = flow.sid.to_string();
    world.given(Decision::put(flow)).await;
    sid
}
