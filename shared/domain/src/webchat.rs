//! Webchat, server side (rule G): which pages may open a chat, what a guest holds, and what is said of them.
//!
//! ```text
//!  page ──deployment key, origin──▶ conversation of the chat address' service, with the guest in it
//!    ▲                                        │ first message of the guest
//!    └──────── token, for an hour ────        └──▶ the address' flow
//! ```
//!
//! A deployment key is no secret: it stands in a page. What it is worth is that browsers say truly which page asks, so a chat
//! is opened for the origins of the key alone, by nobody else but the account itself.

mod origin;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

pub use self::origin::{NotAnOrigin, Origin};

use crate::codes::Code;
use crate::sid::{
    AccountSid, AddressConfigurationSid, ConversationSid, DeploymentKeySid, FlowSid, ServiceSid,
};
use crate::timestamp::Timestamp;

/// Most deployment keys of an account (rule G.1).
pub const KEYS_MAX: usize = 10;
/// Most origins of one (rule G.1).
pub const ORIGINS_MAX: usize = 10;
/// The longest pre-engagement data, in bytes (rule G.2).
pub const PRE_ENGAGEMENT_BYTES_MAX: usize = 16 * 1024;
/// How long a token of a guest is good unless its key says otherwise, in seconds; ours, and short, as the vendor's sample
/// recommends and its six hours are not.
pub const TOKEN_TTL_S: i64 = 3600;
/// The shortest and the longest that a key can say.
pub const TOKEN_TTL_S_RANGE: (i64, i64) = (60, 6 * 3600);
/// How a guest is called whom nobody named, before what tells them apart.
pub const ANONYMOUS: &str = "guest-";

/// What a page names to open chats.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct DeploymentKey {
    /// Its identifier, which is what a page names.
    pub sid: DeploymentKeySid,
    /// The chat address that it opens chats with; for good (rule G.1).
    pub address: AddressConfigurationSid,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// The pages that may.
    pub origins: Vec<Origin>,
    /// How long a guest's token is good, in seconds.
    pub token_ttl_seconds: i64,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl DeploymentKey {
    /// Whether a page of this origin may use it. A request that names none comes from no browser.
    pub fn allows(&self, origin: Option<&str>) -> bool {
        let origin = origin.and_then(|text| text.parse::<Origin>().ok());
        origin.is_some_and(|origin| self.origins.contains(&origin))
    }
}

/// That a conversation is a webchat.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webchat {
    /// The identity of the guest.
    pub guest: String,
    /// What they say they are called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub name: Option<String>,
    /// The flow that begins with their first message; none from then on.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub flow: Option<FlowSid>,
}

impl Webchat {
    /// What they are called.
    pub fn called(&self) -> &str {
        self.name.as_deref().unwrap_or(&self.guest)
    }
}

/// The claims of a guest's token: those of an access token with a chat grant, so that clients read it, and the one
/// conversation that it is for.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuestClaims {
    /// Distinguishes tokens.
    pub jti: String,
    /// The deployment key.
    pub iss: DeploymentKeySid,
    /// The account.
    pub sub: AccountSid,
    /// When it was made, in seconds since 1970.
    pub iat: i64,
    /// Until when it counts.
    pub exp: i64,
    /// Who holds it, and where.
    pub grants: GuestGrants,
    /// The conversation.
    pub conversation_sid: ConversationSid,
}

/// The grants of a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuestGrants {
    /// Who they are.
    pub identity: String,
    /// Where.
    pub chat: GuestChat,
}

/// The chat grant of a guest.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct GuestChat {
    /// The service of the conversation.
    pub service_sid: ServiceSid,
}

impl GuestClaims {
    /// Whether a token counts, that was signed here, for whoever uses this key. Both clocks are ours, so there is no leeway.
    ///
    /// # Errors
    /// [`Code::InvalidTokenIssuer`], [`Code::TokenExpired`].
    pub fn check(
        &self,
        key: DeploymentKeySid,
        account: AccountSid,
        now: Timestamp,
    ) -> Result<(), Code> {
        if self.iss != key || self.sub != account {
            return Err(Code::InvalidTokenIssuer);
        }
        match now.0.div_euclid(1000) < self.exp {
            true => Ok(()),
            false => Err(Code::TokenExpired),
        }
    }
}

/// The attributes of a conversation that begins with this pre-engagement data.
///
/// # Errors
/// [`Code::PreEngagementTooLarge`], [`Code::PreEngagementNotJson`].
pub fn attributes(pre_engagement: Option<&str>) -> Result<Option<String>, Code> {
    let Some(text) = pre_engagement else { return Ok(None) };
    if text.len() > PRE_ENGAGEMENT_BYTES_MAX {
        return Err(Code::PreEngagementTooLarge);
    }
    let data: Value = serde_json::from_str(text).map_err(|_| Code::PreEngagementNotJson)?;
    Ok(Some(json!({ "pre_engagement_data": data }).to_string()))
}

/// Whether somebody can be called so.
pub fn is_identity(text: &str) -> bool {
    const CHARS_MAX: usize = 256;
    !text.is_empty()
        && text.trim() == text
        && !text.contains(char::is_control)
        && !text.eq_ignore_ascii_case("system")
        && text.chars().count() <= CHARS_MAX
}

#[cfg(test)]
mod tests;
