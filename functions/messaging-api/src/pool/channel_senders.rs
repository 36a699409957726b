//! Senders on channels in the pool of a messaging service.

use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::configuration::{MessagingService, PoolChannelSender};
use switchboard_domain::sender::{ChannelSender, country_of};
use switchboard_domain::sid::{ChannelSenderSid, MessagingServiceSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::Call;
use switchboard_store::{Key, key};

use super::members::Member;

impl Member for PoolChannelSender {
    type Sid = ChannelSenderSid;
    type Own = ChannelSender;
    const PARAMETER: &'static str = "Sid";
    const LIST: &'static str = "senders";
    const ACCOUNTS: &'static str = "/v2/Channels/Senders";

    fn key(sid: ChannelSenderSid) -> Key {
        key::channel_sender(sid)
    }

    fn of(own: &ChannelSender, now: Timestamp) -> Self {
        Self { sid: own.sid, sender: own.sender.clone(), created: now }
    }

    fn sid(&self) -> ChannelSenderSid {
        self.sid
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn all(service: &mut MessagingService) -> &mut Vec<Self> {
        &mut service.channel_senders
    }

    fn service(own: &ChannelSender) -> Option<MessagingServiceSid> {
        own.messaging_service
    }

    fn moved(own: ChannelSender, to: Option<MessagingServiceSid>, now: Timestamp) -> ChannelSender {
        ChannelSender { messaging_service: to, updated: now, ..own }
    }

    fn render(&self, call: &Call<'_>, service: MessagingServiceSid) -> Value {
        json!({
            "sid": self.sid,
            "account_sid": call.on.config.account_sid,
            "messaging_service_sid": service,
            "date_created": self.created.iso(),
            "date_updated": self.created.iso(),
            "sender": self.sender,
            "sender_type": sender_type(self.sender.channel()),
            "country_code": country_of(self.sender.bare()),
            "url": call.url(&format!("v1/Services/{service}/ChannelSenders/{}", self.sid)),
        })
    }
}

/// What the vendor calls a channel here.
fn sender_type(channel: ChannelType) -> &'static str {
    match channel {
        ChannelType::Whatsapp => "WhatsApp",
        ChannelType::Messenger => "Messenger",
        ChannelType::Rcs => "RCS",
        ChannelType::Instagram
        | ChannelType::Sms
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => channel.name(),
    }
}
