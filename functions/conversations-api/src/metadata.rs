//! What came with a customer's message beside its text and files (rule B.8).

use serde_json::json;
use switchboard_rest::{Answer, Call, Reply};

use crate::messages::load;
use crate::scope::Scope;

/// `GET …/Messages/{Sid}/ChannelMetadata`; messages that no carrier brought have none. Beside the vocabulary of all
/// carriers, `as_received` has what this one said by its own names.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let (conversation, message) = load(call, scope, of, sid).await?;
    let origin = message.origin.as_ref().ok_or_else(|| call.not_found())?;
    let mut told = origin.metadata(&message.media);
    told["data"]["as_received"] = json!(origin.extra);
    let path = format!("Conversations/{}/Messages/{}", conversation.sid, message.sid);
    Ok(Reply::ok(scope.stamped(json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": conversation.sid,
        "message_sid": message.sid,
        "type": told["type"],
        "data": told["data"],
        "url": call.url(&scope.path(&format!("{path}/ChannelMetadata"))),
    }))))
}
