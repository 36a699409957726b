//! Senders of the account that are no telephone's number: short codes, and senders on channels.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::sid::{ChannelSenderSid, MessagingServiceSid, ShortCodeSid, Sid as _};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// A short code of the account; its identifier follows from the digits, since whoever writes to it says no country.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ShortCode {
    /// Its identifier.
    pub sid: ShortCodeSid,
    /// The digits.
    pub code: Address,
    /// The ISO code of the one country that it reaches.
    pub country: String,
    /// A name for people.
    pub friendly_name: String,
    /// The messaging service whose pool it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// The remaining settings, kept and given back as they came.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// When it was added.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl ShortCode {
    /// The identifier of a short code.
    pub fn sid_of(code: &Address) -> ShortCodeSid {
        ShortCodeSid::derived(&["short code", code.as_str()])
    }
}

/// A sender on a channel, such as a number that WhatsApp knows; its identifier follows from its address.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ChannelSender {
    /// Its identifier.
    pub sid: ChannelSenderSid,
    /// The sender, with the channel's prefix.
    pub sender: Address,
    /// The messaging service whose pool it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// Configuration, webhooks and profile as one object of JSON text, by their published names.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// When it was added.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl ChannelSender {
    /// The identifier of a sender.
    pub fn sid_of(sender: &Address) -> ChannelSenderSid {
        ChannelSenderSid::derived(&["channel sender", sender.as_str()])
    }
}
