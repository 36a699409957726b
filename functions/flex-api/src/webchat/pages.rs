//! What pages ask for: a chat, another token, the transcript, and the end of the chat.
//!
//! The published description keeps only the names of the first two; their parameters are those that the vendor's widget sends.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::AccountSettings;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::sid::DeploymentKeySid;
use switchboard_domain::webchat::{DeploymentKey, GuestClaims};
use switchboard_rest::{Answer, ApiError, Call, Method, Reply, guest_of, guest_token};
use switchboard_store::key;

use super::guest::conversation_of;
use super::{ending, opening, transcript};

pub(super) async fn route(call: &Call<'_>) -> Answer {
    match (call.method, call.path().as_slice()) {
        (Method::Post, ["v2", "Webchat", "Init"]) => init(call).await,
        (Method::Post, ["v2", "Webchat", "Tokens", "Refresh"]) => refresh(call).await,
        (Method::Post, ["v2", "Webchat", "Transcript"]) => transcribed(call).await,
        (Method::Post, ["v2", "Webchat", "End"]) => end(call).await,
        _ => call.no_such_operation(),
    }
}

/// The deployment key of a request, which has to come from a page of one of its origins. Which of the two is wrong is not said.
async fn admitted(call: &Call<'_>) -> Result<DeploymentKey, ApiError> {
    let named = call.form.given("DeploymentKey").ok_or_else(|| {
        ApiError::because(Code::InvalidWebchatParameter, "DeploymentKey is missing")
    })?;
    let sid: DeploymentKeySid = named.parse().map_err(|_| Code::WebchatUnauthorized)?;
    let settings: Option<AccountSettings> = call.on.store.get(key::account_settings()).await?;
    let found = settings.as_ref().and_then(|settings| settings.deployment_key(sid));
    let admitted = found.filter(|key| key.allows(call.header("origin")));
    Ok(admitted.cloned().ok_or(Code::WebchatUnauthorized)?)
}

/// Who asks, by the token that their page holds.
fn guest(call: &Call<'_>, key: &DeploymentKey) -> Result<GuestClaims, ApiError> {
    let token = call
        .form
        .given("Token")
        .ok_or_else(|| ApiError::because(Code::InvalidWebchatParameter, "Token is missing"))?;
    guest_of(call.on, key.sid, token)
}

/// `POST /v2/Webchat/Init`.
async fn init(call: &Call<'_>) -> Answer {
    let key = admitted(call).await?;
    let wanted = opening::Wanted::of_page(call, key.address)?;
    let conversation = opening::open(call, &wanted).await?;
    Ok(Reply::created(tokened(call, &key, &conversation)?).secret())
}

/// `POST /v2/Webchat/Tokens/Refresh`: for the same guest and the same chat, as long as the token before is good.
async fn refresh(call: &Call<'_>) -> Answer {
    let key = admitted(call).await?;
    let guest = guest(call, &key)?;
    call.nothing_else()?;
    let conversation = conversation_of(call, &guest).await?;
    Ok(Reply::ok(tokened(call, &key, &conversation)?).secret())
}

fn tokened(
    call: &Call<'_>,
    key: &DeploymentKey,
    conversation: &Conversation,
) -> Result<Value, ApiError> {
    let (token, until) = guest_token(call.on, key, conversation).ok_or(Code::Unavailable)?;
    Ok(json!({
        "token": token,
        "expiration": until.iso(),
        "identity": conversation.webchat.as_ref().map(|chat| chat.guest.as_str()),
        "conversation_sid": conversation.sid,
    }))
}

/// `POST /v2/Webchat/Transcript`; ours.
async fn transcribed(call: &Call<'_>) -> Answer {
    let key = admitted(call).await?;
    let guest = guest(call, &key)?;
    let format = transcript::Format::read(call.form.given("Format"))?;
    call.nothing_else()?;
    let conversation = conversation_of(call, &guest).await?;
    transcript::of(call, &conversation, format).await
}

/// `POST /v2/Webchat/End`; ours.
async fn end(call: &Call<'_>) -> Answer {
    let key = admitted(call).await?;
    let guest = guest(call, &key)?;
    let conversation = ending::end(call, &guest).await?;
    Ok(Reply::ok(json!({
        "conversation_sid": conversation.sid,
        "identity": guest.grants.identity,
        "status": conversation.state.name(),
    })))
}
