//! How long the customers of a conversation may be written to freely, where their channel bounds that: a resource of ours, so that the
//! published ones stay as they are.

use serde_json::{Value, json};
use switchboard_domain::conversation::{Conversation, Participant};
use switchboard_domain::sid::{ParticipantSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, Call, Reply};

use crate::scope::Scope;

/// `GET …/Conversations/{Sid}/Window`: each participant on WhatsApp. When somebody wrote last who has not since that is noted, nobody
/// knows; then nothing is refused here, and the carrier decides.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let conversation = scope.conversation(call, of).await?;
    let all = conversation.participants.iter().filter(|one| one.has_window());
    let windows: Vec<Value> = all.map(|one| render(call, &conversation, one)).collect();
    let path = scope.path(&format!("Conversations/{}/Window", conversation.sid));
    Ok(Reply::ok(scope.stamped(json!({
        "account_sid": call.on.config.account_sid,
        "conversation_sid": conversation.sid,
        "windows": windows,
        "url": call.url(&path),
    }))))
}

fn render(call: &Call<'_>, of: &Conversation, one: &Participant) -> Value {
    let window = one.window();
    let when = |moment: Option<Timestamp>| moment.map(Timestamp::iso);
    json!({
        "participant_sid": of.sid.kin::<ParticipantSid>(one.number),
        "address": one.pair.as_ref().map(|pair| &pair.address),
        "proxy_address": one.pair.as_ref().map(|pair| &pair.proxy),
        "is_open": window.map(|window| window.is_open(call.now)),
        "last_inbound": when(window.map(|window| window.last_inbound)),
        "closes_at": when(window.map(|window| window.closes_at)),
    })
}
