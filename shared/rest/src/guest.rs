//! Tokens of webchat guests (rule G). They have the form of an access token with a chat grant, which clients take apart; what they
//! are signed with follows from the account's token and the deployment key, so it ends with either of them.

use hmac::{Hmac, KeyInit as _, Mac as _};
use sha2::Sha256;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::sid::{DeploymentKeySid, RequestSid};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webchat::{DeploymentKey, GuestChat, GuestClaims, GuestGrants};
use switchboard_runtime::Dependencies;

use crate::reply::ApiError;
use crate::token::{signed_as, verified};

/// What clients of the vendor look for in the header.
const CONTENT_TYPE: &str = "twilio-fpa;v=1";

fn secret_for(on: &Dependencies, key: DeploymentKeySid) -> Option<Vec<u8>> {
    let account = Some(&on.config.auth_token).filter(|token| !token.is_empty())?;
    let mut mac = Hmac::<Sha256>::new_from_slice(account.as_bytes()).ok()?;
    mac.update(b"token of a guest\0");
    mac.update(key.to_string().as_bytes());
    Some(mac.finalize().into_bytes().to_vec())
}

/// A token for the guest of a webchat, and until when it is good; none if the account has no token, or the conversation is
/// no webchat.
pub fn guest_token(
    on: &Dependencies,
    key: &DeploymentKey,
    conversation: &Conversation,
) -> Option<(String, Timestamp)> {
    let chat = conversation.webchat.as_ref()?;
    let now = on.now();
    let iat = now.0.div_euclid(1000);
    let claims = GuestClaims {
        jti: on.mint::<RequestSid>().to_string(),
        iss: key.sid,
        sub: on.config.account_sid,
        iat,
        exp: iat + key.token_ttl_seconds,
        grants: GuestGrants {
            identity: chat.guest.clone(),
            chat: GuestChat { service_sid: conversation.service },
        },
        conversation_sid: conversation.sid,
    };
    let token = signed_as(CONTENT_TYPE, &claims, &secret_for(on, key.sid)?);
    Some((token, Timestamp(iat * 1000) + Millis::seconds(key.token_ttl_seconds)))
}

/// Who holds a guest's token, for whoever uses this key.
///
/// # Errors
/// 401, with the published code of what is wrong.
pub fn guest_of(
    on: &Dependencies,
    key: DeploymentKeySid,
    token: &str,
) -> Result<GuestClaims, ApiError> {
    let secret = secret_for(on, key).ok_or(Code::InvalidToken)?;
    let claims: GuestClaims = verified(token, &secret)?;
    claims.check(key, on.config.account_sid, on.now())?;
    Ok(claims)
}
