//! What it costs that nobody is responsible for a conversation, and that somebody is again.

use serde_json::json;
use switchboard_tests::NUMBER;
use switchboard_tests::cost::Entry;

use crate::desk::Desk;
use crate::paths::{PAST_THE_ALARM, channel};

const PARKED: &str = "+13105550191";
const WAITING: &str = "+13105550192";
const OVER: &str = "+13105550193";

/// Parking and coming back, a task that nobody takes with a fallback and without, and a conversation that is closed under its task.
pub(crate) async fn walk(desk: &Desk) -> Vec<Entry> {
    let mut entries = Vec::new();
    cares(desk, &[("Resume", "workflow")]).await;
    let conversation = seated(desk, PARKED).await;
    let seats = format!("{}/Participants", channel(&conversation));
    let all = desk.exchange.api.all(&seats, "participants").await;
    let agent = all.iter().find(|one| one["type"] == "agent").expect("an agent");
    let seat = format!("{seats}/{}", agent["sid"].as_str().unwrap_or_default());
    let parks = async { desk.exchange.api.post(&seat, &[("Status", "closed")]).await.ok() };
    entries.push(desk.count("agent parks", 1, parks).await);
    desk.rests_for(PAST_THE_ALARM).await;
    entries.push(
        desk.count("inbound, a parked conversation comes back", 1, desk.writes(PARKED)).await,
    );
    desk.rests_for(PAST_THE_ALARM).await;

    let (workspace, workflow) = (desk.exchange.sid("workspace"), desk.exchange.sid("workflow"));
    let fallback = json!({ "workspace_sid": workspace, "workflow_sid": workflow }).to_string();
    cares(desk, &[("Fallback", &fallback)]).await;
    desk.writes(WAITING).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let conversation = desk.conversation(WAITING).await;
    entries
        .push(desk.count("task canceled, to the fallback", 1, cancels(desk, &conversation)).await);
    desk.rests_for(PAST_THE_ALARM).await;
    entries.push(desk.count("fallback canceled, it waits", 1, cancels(desk, &conversation)).await);

    let conversation = seated(desk, OVER).await;
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let closes = async { desk.exchange.api.post(&path, &[("State", "closed")]).await.ok() };
    entries.push(desk.count("conversation closed under its agent", 1, closes).await);
    entries
}

async fn cares(desk: &Desk, form: &[(&str, &str)]) {
    desk.exchange.api.post(&format!("/flex-api/v1/Addresses/{NUMBER}/Care"), form).await.ok();
}

/// A customer who writes and has an agent.
async fn seated(desk: &Desk, address: &str) -> String {
    desk.writes(address).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(address).await;
    let offer = desk.offer(&conversation).await;
    desk.answers(&offer, "accepted").await;
    desk.rests_for(PAST_THE_ALARM).await;
    conversation
}

/// Cancels the task of the last invite.
async fn cancels(desk: &Desk, conversation: &str) {
    let invites = format!("{}/Invites", channel(conversation));
    let mut all = desk.exchange.api.all(&invites, "invites").await;
    let last = all.pop().expect("an invite");
    let task = last["routing"]["properties"]["sid"].as_str().unwrap_or_default();
    let form = [("AssignmentStatus", "canceled"), ("Reason", "nobody")];
    let path = format!("{}/Tasks/{task}", desk.exchange.workspace);
    desk.exchange.api.post(&path, &form).await.ok();
}
