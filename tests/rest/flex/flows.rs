//! Flows are checked when they are saved.

use serde_json::{Value, json};

use super::{Support, text, world};

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
