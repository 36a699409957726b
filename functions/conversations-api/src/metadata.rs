//! What came with a customer's message beside its text and files: the rest of what its channel told.

use serde_json::{Map, Value, json};
use switchboard_rest::{Answer, Call, Reply};

use crate::messages::load;
use crate::scope::Scope;

/// `GET …/Messages/{Sid}/ChannelMetadata`; messages that no carrier brought have none.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let (conversation, message) = load(call, scope, of, sid).await?;
    let origin = message.origin.as_ref().ok_or_else(|| call.not_found())?;
    let mut data = Map::new();
    if !origin.content.is_empty() {
        data.insert("content".to_owned(), json!(origin.content));
    }
    if let Some(id) = &origin.reply_to {
        data.insert("reply_to".to_owned(), id.as_str().into());
    }
    if let Some(name) = &origin.profile_name {
        data.insert("profile_name".to_owned(), json!(name));
    }
    let path = format!("Conversations/{}/Messages/{}", conversation.sid, message.sid);
    Ok(Reply::ok(scope.stamped(json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": conversation.sid,
        "message_sid": message.sid,
        "type": origin.pair.address.channel().name(),
        "data": Value::Object(data),
        "url": call.url(&scope.path(&format!("{path}/ChannelMetadata"))),
    }))))
}
