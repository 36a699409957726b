//! Flows are checked when they are saved.

use serde_json::{Value, json};

use super::{Support, text, world};
use crate::world::World;

pub(super) const FLOWS: &str = "/studio/v2/Flows";

/// A flow that hands everybody over to a workflow.
pub(crate) fn definition(workflow: &str, channel: &str) -> String {
    json!({
        "description": "Hands everybody over",
        "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                { "event": "incomingConversationMessage", "next": "agent" }] },
            { "name": "agent", "type": "send-to-flex", "transitions": [],
              "properties": { "workflow": workflow, "channel": channel, "attributes": "{}" } },
        ],
    })
    .to_string()
}

#[tokio::test]
async fn a_flow_counts_its_revisions_and_shows_its_definition_when_it_is_fetched() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let definition = definition(&centre.workflow, "sms");
    let form = [("FriendlyName", "F"), ("Status", "draft"), ("Definition", &definition)];
    let made = world.post(FLOWS, &form).await.expect(201);
    assert_eq!((&made["revision"], &made["status"]), (&json!(1), &json!("draft")));
    let url = text(&made, "url");
    let changed = world.post(&url, &[("Status", "published")]).await.expect(200);
    assert_eq!((&changed["revision"], &changed["status"]), (&json!(2), &json!("published")));
    let kept: Value = serde_json::from_str(&definition).unwrap();
    assert_eq!(changed["definition"], kept);
    let listed = world.get(FLOWS).await.expect(200);
    assert_eq!(listed["flows"][0]["definition"], Value::Null);
    world.delete(&url).await.expect(204);
    assert_eq!(world.get(&url).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn a_flow_that_leads_nowhere_is_refused_and_not_kept() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let nowhere = definition("WW0123456789abcdef0123456789abcdef", "sms");
    let no_channel = definition(&centre.workflow, "carrier-pigeon");
    for wrong in [nowhere.as_str(), &no_channel, "{}", "not JSON"] {
        let form = [("FriendlyName", "F"), ("Status", "published"), ("Definition", wrong)];
        assert_eq!(world.post(FLOWS, &form).await.refusal(), (400, 20001), "{wrong}");
    }
    let form = [("FriendlyName", "F"), ("Status", "perhaps"), ("Definition", "{}")];
    assert_eq!(world.post(FLOWS, &form).await.refusal().0, 400);
    let listed = world.get(FLOWS).await.expect(200);
    assert_eq!(listed["flows"], json!([]));
}

/// A flow that says something and asks.
fn asking() -> String {
    json!({
        "description": "", "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                { "event": "incomingRequest", "next": "ask" }] },
            { "name": "ask", "type": "send-and-wait-for-reply", "transitions": [
                { "event": "incomingMessage" }],
              "properties": { "body": "Hi {{flow.data.name}}", "timeout": "60" } },
        ],
    })
    .to_string()
}

async fn a_flow(world: &World, status: &str) -> String {
    let definition = asking();
    let form = [("FriendlyName", "F"), ("Status", status), ("Definition", definition.as_str())];
    text(&world.post(FLOWS, &form).await.expect(201), "url")
}

#[tokio::test]
async fn each_save_is_a_revision_and_the_published_one_stays_while_there_is_a_draft() {
    let world = world().await;
    let url = a_flow(&world, "published").await;
    let other = asking().replace("Hi", "Hello");
    let form = [("Status", "draft"), ("Definition", other.as_str()), ("CommitMessage", "try it")];
    world.post(&url, &form).await.expect(200);
    let listed = world.get(&format!("{url}/Revisions")).await.expect(200);
    let shown: Vec<_> = listed["revisions"].as_array().unwrap().iter().collect();
    assert_eq!((&shown[0]["revision"], &shown[0]["status"]), (&json!(2), &json!("draft")));
    assert_eq!((shown.len(), &shown[0]["commit_message"]), (2, &json!("try it")));
    for (named, number) in [("LatestPublished", 1), ("LatestRevision", 2), ("1", 1)] {
        let one = world.get(&format!("{url}/Revisions/{named}")).await.expect(200);
        assert_eq!(one["revision"], number, "{named}");
    }
    assert_eq!(world.get(&format!("{url}/Revisions/3")).await.refusal(), (404, 20404));
    let form = [("To", "+14155550188"), ("From", super::DESK)];
    let begun = world.post(&format!("{url}/Executions"), &form).await.expect(201);
    assert_eq!(begun["flow_version"], 1);
}

#[tokio::test]
async fn test_users_are_kept() {
    let world = world().await;
    let url = format!("{}/TestUsers", a_flow(&world, "draft").await);
    assert_eq!(world.get(&url).await.expect(200)["test_users"], json!([]));
    let form = [("TestUsers", "+14155550100"), ("TestUsers", "+14155550101")];
    let kept = world.post(&url, &form).await.expect(200);
    assert_eq!(kept["test_users"], json!(["+14155550100", "+14155550101"]));
    assert_eq!(world.post(&url, &[]).await.refusal().0, 400);
}

#[tokio::test]
async fn an_execution_is_begun_shown_ended_and_removed() {
    let world = world().await;
    let url = a_flow(&world, "published").await;
    let all = format!("{url}/Executions");
    let form = [("To", "+14155550189"), ("From", super::DESK), ("Parameters", r#"{"name":"Ann"}"#)];
    let begun = world.post(&all, &form).await.expect(201);
    let one = text(&begun, "url");
    assert_eq!(
        (&begun["status"], &begun["contact_channel_address"]),
        (&json!("active"), &json!("+14155550189"))
    );
    world.settles().await;
    let context = world.get(&format!("{one}/Context")).await.expect(200);
    assert_eq!(context["context"]["widgets"]["ask"]["outbound"]["Body"], "Hi Ann");
    let steps = world.get(&format!("{one}/Steps")).await.expect(200);
    let step = &steps["steps"][0];
    assert_eq!(
        (&step["name"], &step["transitioned_to"]),
        (&json!("incomingRequest"), &json!("ask"))
    );
    let step = text(step, "url");
    assert_eq!(world.get(&step).await.expect(200)["transitioned_from"], "Trigger");
    let of_step = world.get(&format!("{step}/Context")).await.expect(200);
    assert!(of_step["context"]["widgets"].is_object());
    assert_eq!(world.post(&one, &[("Status", "active")]).await.refusal(), (400, 20001));
    for _ in 0..2 {
        let ended = world.post(&one, &[("Status", "ended")]).await.expect(200);
        assert_eq!(
            (&ended["status"], &ended["context"]["ended"]["how"]),
            (&json!("ended"), &json!("stopped"))
        );
    }
    for (query, count) in [
        ("Status=ended", 1),
        ("Status=active", 0),
        ("DateCreatedFrom=2000-01-01T00:00:00Z", 1),
        ("DateCreatedTo=2000-01-01T00:00:00Z", 0),
    ] {
        let listed = world.get(&format!("{all}?{query}")).await.expect(200);
        assert_eq!(listed["executions"].as_array().unwrap().len(), count, "{query}");
    }
    assert_eq!(world.get(&format!("{all}?Status=perhaps")).await.refusal().0, 400);
    world.delete(&one).await.expect(204);
    assert_eq!(world.get(&one).await.refusal(), (404, 20404));
}

#[tokio::test]
async fn an_execution_that_cannot_begin_is_refused() {
    let world = world().await;
    let all = format!("{}/Executions", a_flow(&world, "draft").await);
    let good = [("To", "+14155550190"), ("From", super::DESK)];
    assert_eq!(world.post(&all, &good).await.refusal(), (400, 20001), "it was never published");
    assert_eq!(world.post(&all, &good[..1]).await.refusal().0, 400);
    let all = format!("{}/Executions", a_flow(&world, "published").await);
    let form = [good[0], good[1], ("Parameters", "{")];
    assert_eq!(world.post(&all, &form).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn widgets_of_calls_and_unknown_ones_are_refused_by_name() {
    let world = world().await;
    for (kind, what) in [("say-play", "voice"), ("carrier-pigeon", "unknown")] {
        let definition = asking().replace("send-and-wait-for-reply", kind);
        for (path, name) in [(FLOWS, "F"), ("/studio/v2/Flows/Validate", "F")] {
            let form = [("FriendlyName", name), ("Status", "draft"), ("Definition", &definition)];
            let refused = world.post(path, &form).await.refused(400, 20001);
            assert!(refused.contains(what) && refused.contains(kind), "{refused}");
            assert!(refused.contains("states.ask"), "{refused}");
        }
    }
    let definition = asking().replace("flow.data.name", "flow.data.name | pirate");
    let form = [("FriendlyName", "F"), ("Status", "draft"), ("Definition", &definition)];
    let warned = world.post(FLOWS, &form).await.expect(201)["warnings"].to_string();
    assert!(
        warned.contains("states.ask.properties.body: the filter pirate is unknown"),
        "{warned}"
    );
}
