//! What a webhook is told of a conversation and what is in it, before and after (rule B.5): names and texts, in a fixed order.

use serde_json::json;

use crate::address::Address;
use crate::carriage::Media;
use crate::conversation::{Conversation, Member, Pair, Participant, User};
use crate::message::{Message, Origin};
use crate::sid::{MediaSid, ParticipantSid, RoleSid, Sid as _};
use crate::timestamp::Timestamp;

/// Parameters, as they are sent.
#[derive(Clone, Default, PartialEq, Eq)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// All of them, in order.
    pub fn into_pairs(self) -> Vec<(String, String)> {
        self.0
    }

    /// Adds one.
    pub fn add(&mut self, name: &str, value: impl Into<String>) {
        self.0.push((name.to_owned(), value.into()));
    }

    /// Adds one if there is something to say.
    pub fn add_given(&mut self, name: &str, value: Option<impl Into<String>>) {
        if let Some(value) = value {
            self.add(name, value);
        }
    }

    /// When something was created and changed.
    pub fn dates(&mut self, created: Timestamp, updated: Option<Timestamp>) {
        self.add("DateCreated", created.iso_millis());
        self.add_given("DateUpdated", updated.map(Timestamp::iso_millis));
    }

    /// Where a conversation belongs.
    pub fn place(&mut self, conversation: &Conversation) {
        self.add("ChatServiceSid", conversation.service.to_string());
        self.add_given(
            "MessagingServiceSid",
            conversation.messaging_service.map(|it| it.to_string()),
        );
    }

    /// What is said of a conversation.
    pub fn conversation(&mut self, conversation: &Conversation) {
        self.add("FriendlyName", conversation.friendly_name.clone().unwrap_or_default());
        self.add("UniqueName", conversation.unique_name.clone().unwrap_or_default());
        self.attributes(conversation.attributes.as_ref());
        self.add("State", conversation.state.name());
    }

    /// The addresses of the first participant on a channel; of a group that a message opened, who received it and who wrote it (rule
    /// A.8).
    pub fn first_pair(&mut self, conversation: &Conversation) {
        let author = conversation.opened_by.and_then(|number| conversation.participant(number));
        if let Some(author) = author.and_then(Participant::telephone) {
            let all = conversation.participants.iter();
            let all = all.filter_map(|one| one.telephone().or(one.projected()));
            let receivers: Vec<&str> =
                all.filter(|own| *own != author).map(Address::as_str).collect();
            let ours = conversation.participants.iter().find_map(Participant::projected);
            self.add("MessagingBinding.Address", receivers.join(","));
            self.add_given("MessagingBinding.ProjectedAddress", ours.map(Address::to_string));
            self.add("MessagingBinding.AuthorAddress", author.to_string());
        } else if let Some(pair) =
            conversation.participants.iter().find_map(|one| one.pair.as_ref())
        {
            self.pair(pair);
        }
    }

    fn pair(&mut self, pair: &Pair) {
        self.add("MessagingBinding.Address", pair.address.to_string());
        self.add("MessagingBinding.ProxyAddress", pair.proxy.to_string());
    }

    /// What a message says, and who wrote it.
    pub fn message(&mut self, message: &Message, conversation: &Conversation) {
        self.add("Body", message.body.as_ref().map(|body| body.0.clone()).unwrap_or_default());
        self.add("Author", message.author.clone());
        let sid = |number| conversation.sid.kin::<ParticipantSid>(number).to_string();
        self.add_given("ParticipantSid", message.participant.map(sid));
        self.attributes(message.attributes.as_ref());
        self.media(message.files());
        self.channel_metadata(message.origin.as_ref(), &message.media);
    }

    /// What a carrier said beside text and files, as JSON text (rule B.8).
    pub fn channel_metadata(&mut self, origin: Option<&Origin>, media: &[Media]) {
        if let Some(origin) = origin.filter(|origin| origin.says_more()) {
            self.add("ChannelMetadata", origin.metadata(media).to_string());
        }
    }

    /// Files, as JSON text. What came with a message is told before it is fetched: its size is not known then, unless the
    /// carrier says it.
    pub fn media<'a>(&mut self, files: impl Iterator<Item = (MediaSid, &'a Media)>) {
        let shown = files.map(|(sid, file)| {
            json!({
                "Sid": sid,
                "ContentType": file.content_type,
                "Size": file.size_bytes,
                "Filename": file.file_name,
            })
        });
        let shown: Vec<_> = shown.collect();
        if !shown.is_empty() {
            self.add("Media", json!(shown).to_string());
        }
    }

    /// Who a participant is.
    pub fn participant(&mut self, one: &Participant, conversation: &Conversation) {
        if let Some(identity) = &one.identity {
            self.add("Identity", identity.clone());
        }
        if one.identity.is_some() && one.member.is_none() {
            self.add("MessagingBinding.Type", "CHAT");
        }
        self.add_given("RoleSid", one.role_sid(conversation.service));
        if let Some(pair) = &one.pair {
            self.add("MessagingBinding.Type", pair.address.channel().name().to_uppercase());
            self.pair(pair);
        }
        if let Some(member) = &one.member {
            self.add("MessagingBinding.Type", "SMS");
            match member {
                Member::Telephone(own) => self.add("MessagingBinding.Address", own.to_string()),
                Member::Projected(ours) => {
                    self.add("MessagingBinding.ProjectedAddress", ours.to_string());
                }
            }
        }
        self.attributes(one.attributes.as_ref());
    }

    /// Who a user is. Nobody is connected yet, nor registered for notifications.
    pub fn user(&mut self, user: &User, is_update: bool) {
        self.add("ChatServiceSid", user.service.to_string());
        self.add("UserSid", user.sid.to_string());
        self.dates(user.created, Some(user.updated));
        self.add("Identity", user.identity.clone());
        self.add("RoleSid", user.service.kin::<RoleSid>(user.role).to_string());
        self.attributes(user.attributes.as_ref());
        self.add("FriendlyName", user.friendly_name.clone().unwrap_or_default());
        if is_update {
            self.add("isOnline", "false");
            self.add("isNotifiable", "false");
        }
    }

    fn attributes(&mut self, attributes: Option<&String>) {
        self.add("Attributes", attributes.map_or("{}", String::as_str));
    }
}
