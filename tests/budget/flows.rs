//! What the steps of a flow cost: a question to somebody new, a reply that is branched on and asked again, and one that leads to an agent.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::cost::Entry;

use crate::desk::Desk;

const CUSTOMER: &str = "+14155550881";
/// No alarm of the routers is left then.
const PAST_THE_ALARM: Duration = Duration::from_secs(130);

fn definition(workflow: &str) -> String {
    let state = |name: &str, kind: &str, properties: Value, transitions: Value| json!({"name": name, "type": kind, "properties": properties, "transitions": transitions});
    let condition =
        json!([{"type": "equal_to", "arguments": ["{{widgets.ask.inbound.Body}}"], "value": "1"}]);
    json!({"description": "", "initial_state": "Trigger", "states": [
        state("Trigger", "trigger", json!({}), json!([{"event": "incomingConversationMessage", "next": "ask"}])),
        state("ask", "send-and-wait-for-reply", json!({"body": "1 or 2?", "timeout": "3600"}),
            json!([{"event": "incomingMessage", "next": "split"}, {"event": "timeout", "next": "agent"}])),
        state("split", "split-based-on", json!({"input": "{{widgets.ask.inbound.Body}}"}),
            json!([{"event": "noMatch", "next": "set"}, {"event": "match", "next": "agent", "conditions": condition}])),
        state("set", "set-variables", json!({"variables": [{"key": "n", "value": "{{flow.variables.n | plus: 1}}"}]}),
            json!([{"event": "next", "next": "ask"}])),
        state("agent", "send-to-flex", json!({"workflow": workflow, "channel": "sms", "attributes": "{}"}), json!([])),
    ]})
    .to_string()
}

/// The way of a customer through it.
pub(crate) async fn walk(desk: &Desk) -> [Entry; 3] {
    let (flow, workflow) = (desk.exchange.sid("flow"), desk.exchange.sid("workflow"));
    let definition = definition(&workflow);
    let form = [("Status", "published"), ("Definition", definition.as_str())];
    desk.exchange.api.post(&format!("/studio/v2/Flows/{flow}"), &form).await.ok();
    desk.exchange.settles().await;
    let first = desk.says(CUSTOMER, "hello");
    let first = desk.count("inbound message, answered by a flow's question", 1, first).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let again = desk.says(CUSTOMER, "3");
    let again = desk.count("reply to a flow, branched on and asked again", 1, again).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let agent = desk.says(CUSTOMER, "1");
    let agent = desk.count("reply to a flow, which leads to an agent", 1, agent).await;
    [first, again, agent]
}
