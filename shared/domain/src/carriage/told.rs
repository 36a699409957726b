//! What carriers tell, in one vocabulary: a customer's message and what it consists of, how far ours got and what it
//! cost, and who is now called by another name. What a carrier said in its own words is kept beside, in `extra`.

mod content;
mod pricing;

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use super::{CarrierName, DeliveryStatus, message_sid};
use crate::address::{Address, ChannelType};
use crate::conversation::group_of;
use crate::media::MediaState;
use crate::private::Private;
use crate::sid::{MediaSid, MessageSid};
use crate::timestamp::Timestamp;

pub use content::Content;
pub use pricing::{Price, Pricing};

/// The media type of a file of which nothing is known.
pub const UNKNOWN_CONTENT: &str = "application/octet-stream";

/// What is put on `inbound.fifo`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Arrival {
    /// A customer wrote.
    Message(Box<InboundMessage>),
    /// A customer is called by another name from now on.
    Identity(Box<IdentityChange>),
    /// A genuine request that makes no sense to us: never handled, so it ends among the dead letters with its text.
    Unreadable(Box<Unreadable>),
}

/// What is put on `receipts`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Report {
    /// How far one message got.
    Status(Box<StatusReport>),
    /// How far everything before a moment got.
    Watermark(Box<Watermark>),
}

/// One file that came with a message; `url` is where the carrier keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where to fetch it; with the carrier's token, where the carrier names it by an identifier.
    pub url: Private<String>,
    /// Its media type, as the carrier says.
    pub content_type: String,
    /// Its size in bytes, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
    /// The carrier's identifier of it, for which a fresh address can be asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_media_id: Option<String>,
    /// What the sender called it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub file_name: Option<Private<String>>,
    /// Its SHA-256 in base64, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sha256: Option<String>,
    /// Its identifier, where that does not follow from the message's: it was uploaded before.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sid: Option<MediaSid>,
    /// What became of its content.
    #[serde(default, skip_serializing_if = "MediaState::is_waiting")]
    pub state: MediaState,
}

impl Media {
    /// A file of which only the address and the media type are known.
    pub fn new(url: impl Into<String>, content_type: impl Into<String>) -> Self {
        Self {
            url: Private(url.into()),
            content_type: content_type.into(),
            size_bytes: None,
            carrier_media_id: None,
            file_name: None,
            sha256: None,
            sid: None,
            state: MediaState::Waiting,
        }
    }

    /// A file of which only the address is known: its media type is what the name at the end says, and nothing else does.
    pub fn by_name(url: impl Into<String>) -> Self {
        let url = url.into();
        let content_type = content_type(&url);
        Self::new(url, content_type)
    }
}

fn content_type(url: &str) -> &'static str {
    let path = url.split(['?', '#']).next().unwrap_or(url);
    let extension = path.rsplit('/').next().and_then(|name| name.rsplit_once('.'));
    match extension.map(|(_, extension)| extension.to_ascii_lowercase()).as_deref() {
        Some("jpg" | "jpeg") => "image/jpeg",
        Some("png") => "image/png",
        Some("gif") => "image/gif",
        Some("webp") => "image/webp",
        Some("heic") => "image/heic",
        Some("mp3") => "audio/mpeg",
        Some("ogg" | "oga") => "audio/ogg",
        Some("m4a") => "audio/mp4",
        Some("amr") => "audio/amr",
        Some("mp4") => "video/mp4",
        Some("mov") => "video/quicktime",
        Some("pdf") => "application/pdf",
        Some("vcf") => "text/vcard",
        Some("txt") => "text/plain",
        _ => UNKNOWN_CONTENT,
    }
}

/// A message that a customer wrote, as a carrier delivered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundMessage {
    /// Who brought it.
    pub carrier: CarrierName,
    /// The carrier's own identifier: the same message always has the same one.
    pub carrier_message_id: String,
    /// The customer: the phone number, where the carrier tells one.
    pub from: Address,
    /// By which other names the carrier knows the same customer.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub aliases: BTreeSet<Alias>,
    /// The business.
    pub to: Address,
    /// Who else received it, if it was written to a group.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub others: BTreeSet<Address>,
    /// The text, perhaps empty.
    pub body: Private<String>,
    /// Files, in the carrier's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// What it consists of beside text and files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub content: Vec<Content>,
    /// The carrier's identifier of the message that it answers.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reply_to: Option<String>,
    /// What the customer is called on that channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<Private<String>>,
    /// When it was written, by the carrier's clock, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub written_at: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// What else the carrier said, as received, by its own names.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Private<String>>,
    /// What was longer than is kept, or announced and not there.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub truncated: BTreeSet<Part>,
}

/// A part of an inbound message that can be cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Part {
    /// The text.
    Body,
    /// The files.
    Media,
    /// What it consists of besides.
    Content,
    /// The customer's name.
    ProfileName,
    /// What else the carrier said.
    Extra,
}

impl InboundMessage {
    /// A message of which nothing but its text is known.
    pub fn new(
        carrier: CarrierName,
        carrier_message_id: impl Into<String>,
        (from, to): (Address, Address),
        body: impl Into<String>,
        received_at: Timestamp,
    ) -> Self {
        Self {
            carrier,
            carrier_message_id: carrier_message_id.into(),
            from,
            aliases: BTreeSet::new(),
            to,
            others: BTreeSet::new(),
            body: Private(body.into()),
            media: Vec::new(),
            content: Vec::new(),
            reply_to: None,
            profile_name: None,
            written_at: None,
            received_at,
            extra: BTreeMap::new(),
            truncated: BTreeSet::new(),
        }
    }

    /// The addresses of the group that it was written to, as they are looked up; none if it was written to us alone, or to what
    /// cannot be a group here: that is a message of its sender like any other.
    pub fn group(&self) -> Option<BTreeSet<Address>> {
        let others = self.others.iter();
        (!self.others.is_empty()).then(|| group_of(others.chain([&self.from, &self.to]))).flatten()
    }

    /// All names of the customer, the sender's address first, each once.
    pub fn names(&self) -> impl Iterator<Item = &Address> {
        let others = self.aliases.iter().map(|alias| &alias.address);
        let mut told = BTreeSet::new();
        std::iter::once(&self.from).chain(others).filter(move |name| told.insert(*name))
    }

    /// The text to show: what was written, else the words of the button, choice, place or contact that was sent (rule
    /// B.8).
    pub fn text(&self) -> Option<Private<String>> {
        self.text_to(None)
    }

    /// The same, where it is known what the message that it reacts to is called.
    pub fn text_to(&self, target: Option<&str>) -> Option<Private<String>> {
        let written = Some(self.body.clone()).filter(|body| !body.is_empty());
        let words = || self.content.iter().find_map(|part| part.words(target));
        // A picture needs no words.
        let stands_in = || self.content.iter().find_map(Content::stand_in);
        let stands_in = || self.media.is_empty().then(stands_in).flatten();
        written.or_else(|| words().or_else(stands_in).map(Private))
    }

    /// The carrier's identifier of the message that it reacts to or answers.
    pub fn answers(&self) -> Option<&str> {
        let reaction = self.content.iter().find_map(|part| {
            if let Content::Reaction { to, .. } = part { to.as_deref() } else { None }
        });
        reaction.or(self.reply_to.as_deref())
    }

    /// The attributes of the message that it becomes, as JSON: which parts were cut, if any.
    pub fn attributes(&self) -> Option<String> {
        let note = serde_json::json!({ "truncated": self.truncated });
        (!self.truncated.is_empty()).then(|| note.to_string())
    }

    /// The identifier this message always gets: a redelivery cannot be a second message.
    pub fn sid(&self) -> MessageSid {
        message_sid(self.carrier, &self.carrier_message_id)
    }
}

/// Another name of a customer, in the normal form of an address on the channel of the message.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Alias {
    /// What kind of name.
    pub kind: AliasKind,
    /// The name.
    pub address: Address,
}

/// What a name of a customer is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AliasKind {
    /// A phone number, `+` and digits.
    Phone,
    /// The channel's own identifier of the account, as received but for a `+` before digits: it need not be the phone
    /// number, not even where it looks like one (Brazil's ninth digit, Mexico's 1, Argentina's 9).
    AccountId,
    /// An identifier that only this business is told, `US.1349…`: it can change.
    UserId,
    /// The identifier above it, shared by the businesses of one portfolio.
    ParentUserId,
}

/// What a carrier says has become of a message that we sent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusReport {
    /// Who says so.
    pub carrier: CarrierName,
    /// The carrier's identifier of the message.
    pub carrier_message_id: String,
    /// Our message and the number of its delivery, as we asked the carrier to tell us back.
    pub message: Option<MessageSid>,
    /// The number of the delivery within the message.
    pub delivery: Option<u32>,
    /// The status.
    pub status: DeliveryStatus,
    /// The published error code, on failure.
    pub error_code: Option<u32>,
    /// The customer, as the carrier names them now, if it does.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub customer: Option<Address>,
    /// The business address, if the carrier names it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub business: Option<Address>,
    /// The channel by which it went in the end, where the carrier says: a message of RCS may fall back to SMS.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub channel: Option<ChannelType>,
    /// What it costs, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
    /// When it happened, by the carrier's clock, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<Timestamp>,
    /// When the report reached us.
    pub received_at: Timestamp,
}

impl StatusReport {
    /// A report that says no more than the status.
    pub fn new(
        carrier: CarrierName,
        carrier_message_id: impl Into<String>,
        status: DeliveryStatus,
        received_at: Timestamp,
    ) -> Self {
        Self {
            carrier,
            carrier_message_id: carrier_message_id.into(),
            message: None,
            delivery: None,
            status,
            error_code: None,
            customer: None,
            business: None,
            channel: None,
            pricing: None,
            happened_at: None,
            received_at,
        }
    }
}

/// That everything we sent to a customer before a moment got so far: for carriers that name no messages then.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Watermark {
    /// Who says so.
    pub carrier: CarrierName,
    /// The customer.
    pub customer: Address,
    /// The business address.
    pub business: Address,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Everything that was sent until then, by the carrier's clock.
    pub until: Timestamp,
    /// When it reached us.
    pub received_at: Timestamp,
}

/// That a customer is called by another name from now on. The old names stay theirs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct IdentityChange {
    /// Who says so.
    pub carrier: CarrierName,
    /// The carrier's identifier of this notice.
    pub carrier_notice_id: String,
    /// The business address that the customer writes to.
    pub to: Address,
    /// The names by which the customer was known; never empty.
    pub old: BTreeSet<Alias>,
    /// The names by which they are known now; never empty.
    pub new: BTreeSet<Alias>,
    /// When it happened, by the carrier's clock, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub happened_at: Option<Timestamp>,
    /// When it reached us.
    pub received_at: Timestamp,
}

/// What a carrier itself tells, and no customer: nothing follows from it by itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// Who says so.
    pub carrier: CarrierName,
    /// What it is about, in the carrier's words: `customer_identity_changed`, `error 131000`, …
    pub about: String,
    /// The customer it is about, if it is about one.
    pub customer: Option<Address>,
}

/// A genuine request that could not be understood, kept whole so that nothing is lost.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Unreadable {
    /// Who made it.
    pub carrier: CarrierName,
    /// What is wrong with it, for people; never a value.
    pub unreadable: String,
    /// The request's query and body, or the part of the body that is not understood.
    pub text: Private<String>,
    /// When it reached us.
    pub received_at: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message() -> InboundMessage {
        let pair =
            ("whatsapp:+551187654321".parse().unwrap(), "whatsapp:+15550100".parse().unwrap());
        InboundMessage::new(CarrierName::default(), "id", pair, "", Timestamp(0))
    }

    #[test]
    fn a_customer_is_known_by_each_name_once_and_by_the_senders_first() {
        let mut message = message();
        for (kind, address) in [
            (AliasKind::Phone, "whatsapp:+551187654321"),
            (AliasKind::AccountId, "whatsapp:+551187654321"),
            (AliasKind::UserId, "whatsapp:BR.1"),
        ] {
            message.aliases.insert(Alias { kind, address: address.parse().unwrap() });
        }
        let names: Vec<&str> = message.names().map(Address::as_str).collect();
        assert_eq!(names, ["whatsapp:+551187654321", "whatsapp:BR.1"]);
    }

    #[test]
    fn what_is_queued_is_read_back_as_what_it_was() {
        let mut message = message();
        message.content = vec![Content::Forwarded { many_times: false }];
        let alias = |address: &str| {
            BTreeSet::from([Alias { kind: AliasKind::UserId, address: address.parse().unwrap() }])
        };
        let change = IdentityChange {
            carrier: CarrierName::default(),
            carrier_notice_id: "n".to_owned(),
            to: "whatsapp:+15550100".parse().unwrap(),
            old: alias("whatsapp:US.1"),
            new: alias("whatsapp:US.2"),
            happened_at: None,
            received_at: Timestamp(0),
        };
        let unreadable = Unreadable {
            carrier: CarrierName::default(),
            unreadable: "parameter From is missing".to_owned(),
            text: "Body=hi".into(),
            received_at: Timestamp(0),
        };
        for arrival in [
            Arrival::Message(Box::new(message.clone())),
            Arrival::Identity(Box::new(change)),
            Arrival::Unreadable(Box::new(unreadable)),
        ] {
            let text = serde_json::to_string(&arrival).unwrap();
            assert_eq!(serde_json::from_str::<Arrival>(&text).unwrap(), arrival);
        }
        let alone = serde_json::to_string(&message).unwrap();
        let queued = serde_json::to_string(&Arrival::Message(Box::new(message))).unwrap();
        assert_eq!(alone, queued);
        let watermark = Watermark {
            carrier: CarrierName::default(),
            customer: "messenger:1".parse().unwrap(),
            business: "messenger:2".parse().unwrap(),
            status: DeliveryStatus::Read,
            until: Timestamp(5),
            received_at: Timestamp(6),
        };
        let report =
            StatusReport::new(CarrierName::default(), "id", DeliveryStatus::Sent, Timestamp(0));
        for report in [Report::Status(Box::new(report)), Report::Watermark(Box::new(watermark))] {
            let text = serde_json::to_string(&report).unwrap();
            assert_eq!(serde_json::from_str::<Report>(&text).unwrap(), report);
        }
    }
}
