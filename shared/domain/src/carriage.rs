//! What carriers bring and take: inbound messages, status reports, and the ladder of delivery.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::private::Private;
use crate::sid::{AccountSid, MessageSid, Sid as _};
use crate::timestamp::Timestamp;

/// Hands the list of carriers to a macro, as `name => Variant,` each. **The one line of a new carrier**; the rest
/// of it is the folder `shared/carriers/src/<name>`. The name stands in the webhook's path and in the names of
/// settings (`CARRIER_<NAME>_…`); the first carrier is that of records which name none.
#[macro_export]
macro_rules! carriers {
    ($each:ident) => {
        $each! {
            twilio => Twilio,
        }
    };
}

macro_rules! named {
    ($($name:ident => $Variant:ident,)+) => {
        /// The carriers that can be connected.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
        #[serde(rename_all = "lowercase")]
        pub enum CarrierName {
            $(
                #[doc = concat!("`", stringify!($name), "`.")]
                $Variant,
            )+
        }

        impl CarrierName {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$Variant,)+];

            /// As in the webhook's path.
            pub const fn name(self) -> &'static str {
                match self {
                    $(Self::$Variant => stringify!($name),)+
                }
            }
        }
    };
}

carriers!(named);

impl CarrierName {
    /// From the webhook's path.
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.iter().copied().find(|carrier| carrier.name() == text)
    }

    /// The name of one of its settings among [`CarrierSettings::own`]: `TWILIO_BASE_URL` for `BASE_URL`.
    pub fn setting(self, name: &str) -> String {
        format!("{}_{name}", self.name().to_ascii_uppercase())
    }

    /// Whether it is the carrier of records that name none.
    pub fn is_default(&self) -> bool {
        *self == Self::default()
    }
}

impl Default for CarrierName {
    /// The first of the list: before there was a second one, no record named its carrier.
    fn default() -> Self {
        Self::ALL[0]
    }
}

/// What carriers are connected with.
#[derive(Debug, Clone, Copy)]
pub struct CarrierSettings<'a> {
    /// Our own account: the default where a carrier's is not set.
    pub account_sid: AccountSid,
    /// Our own token: likewise.
    pub auth_token: &'a Private<String>,
    /// Where the world reaches us, without a slash at the end; empty if it does not.
    pub public_url: &'a str,
    /// The carriers' own settings, by name without `CARRIER_`: `TWILIO_BASE_URL`, ….
    pub own: &'a BTreeMap<String, Private<String>>,
}

/// The longest text that a message keeps, in bytes (rule B.3: 32 KB).
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// The most files of an inbound message (rule H).
pub const MEDIA_MAX: usize = 10;
/// The media type of a file of which nothing is known.
pub const UNKNOWN_CONTENT: &str = "application/octet-stream";
/// The longest name of a customer that is kept, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// The longest address of a file that is kept, in bytes.
const URL_BYTES_MAX: usize = 2048;
/// The longest media type, in bytes; registered ones are of 127 characters at most on either side.
const CONTENT_TYPE_BYTES_MAX: usize = 255;
/// What is kept of all that a carrier says besides, names and values, in bytes.
const EXTRA_BYTES_MAX: usize = 16 * 1024;

/// Shortens a text to at most this many bytes, between two characters; says whether anything was cut.
fn cut(text: &mut String, bytes_max: usize) -> bool {
    let is_long = text.len() > bytes_max;
    text.truncate(text.floor_char_boundary(bytes_max));
    is_long
}

/// One file that came with a message; `url` is where the carrier keeps it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Media {
    /// Where to fetch it.
    pub url: Private<String>,
    /// Its media type, as the carrier says.
    pub content_type: String,
    /// Its size in bytes, if the carrier says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub size_bytes: Option<u64>,
}

/// A message that a customer wrote, as a carrier delivered it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundMessage {
    /// Who brought it.
    pub carrier: CarrierName,
    /// The carrier's own identifier: the same message always has the same one.
    pub carrier_message_id: String,
    /// The customer.
    pub from: Address,
    /// The business.
    pub to: Address,
    /// The text, perhaps empty.
    pub body: Private<String>,
    /// Files, in the carrier's order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// What the customer is called on that channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub profile_name: Option<Private<String>>,
    /// When it reached us.
    pub received_at: Timestamp,
    /// What else the carrier said (buttons, location, referral), by its own names.
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
    /// The customer's name.
    ProfileName,
    /// What else the carrier said.
    Extra,
}

impl InboundMessage {
    /// The message with every part cut to what is kept of it (rule H), and a note of what was cut: a carrier that
    /// sends too much is not refused, since it would only send the same again. Texts are cut between characters.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        if cut(&mut self.body.0, BODY_BYTES_MAX) {
            self.truncated.insert(Part::Body);
        }
        if self.profile_name.as_mut().is_some_and(|name| cut(&mut name.0, NAME_BYTES_MAX)) {
            self.truncated.insert(Part::ProfileName);
        }
        let files = self.media.len();
        self.media.retain(|file| file.url.len() <= URL_BYTES_MAX);
        self.media.truncate(MEDIA_MAX);
        if self.media.len() < files {
            self.truncated.insert(Part::Media);
        }
        for file in &mut self.media {
            if file.content_type.len() > CONTENT_TYPE_BYTES_MAX {
                UNKNOWN_CONTENT.clone_into(&mut file.content_type);
            }
        }
        let mut left = EXTRA_BYTES_MAX;
        let mut is_cut = false;
        self.extra.retain(|name, value| {
            // Once one does not fit, none after it does.
            left = left.saturating_sub(name.len());
            let fits = left > 0;
            is_cut |= cut(&mut value.0, left) || !fits;
            left -= value.len();
            fits
        });
        if is_cut {
            self.truncated.insert(Part::Extra);
        }
        self
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

/// The message that a carrier's identifier stands for.
pub fn message_sid(carrier: CarrierName, carrier_message_id: &str) -> MessageSid {
    MessageSid::derived(&[carrier.name(), carrier_message_id])
}

/// How far one message got on its way to one recipient (rules B.4, E.7).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum DeliveryStatus {
    /// Still with us, or with the carrier.
    Queued,
    /// The carrier passed it on.
    Sent,
    /// It arrived.
    Delivered,
    /// It was read.
    Read,
    /// The carrier reports that it did not arrive.
    Undelivered,
    /// It could not be sent.
    Failed,
}

impl DeliveryStatus {
    /// The canonical spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether `next` may take this status's place: the ladder is only climbed, a failure ends it,
    /// and only the proof of arrival undoes a failure.
    pub fn gives_way_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Queued | Self::Sent, Self::Undelivered | Self::Failed)
            | (Self::Undelivered | Self::Failed, Self::Delivered | Self::Read) => true,
            (Self::Delivered | Self::Read, Self::Undelivered | Self::Failed)
            | (Self::Undelivered | Self::Failed, _) => false,
            (Self::Queued | Self::Sent | Self::Delivered | Self::Read, _) => self < next,
        }
    }
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
    /// When the report reached us.
    pub received_at: Timestamp,
}

/// One message to hand to a carrier.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OutboundMessage {
    /// Our message.
    pub message: MessageSid,
    /// The delivery within it.
    pub delivery: u32,
    /// The business address.
    pub from: Address,
    /// The customer.
    pub to: Address,
    /// The text.
    pub body: Private<String>,
    /// Files, by address that the carrier can fetch.
    pub media: Vec<Media>,
}

/// What a carrier answered to a send.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SendOutcome {
    /// The carrier has it, under this identifier.
    Accepted {
        /// The carrier's identifier.
        carrier_message_id: String,
    },
    /// The carrier surely does not have it; try again after this many seconds at the earliest.
    Retry {
        /// Why, for people.
        reason: String,
        /// Seconds that the carrier asks us to wait.
        after_seconds: Option<u32>,
    },
    /// The carrier may have it: the answer never came.
    Unknown {
        /// Why, for people.
        reason: String,
    },
    /// The carrier will never take it.
    Rejected {
        /// The published error code.
        error_code: u32,
        /// Why, for people.
        reason: String,
    },
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::Value;
    use strum::VariantArray as _;

    use super::DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered};
    use super::*;

    #[test]
    fn names_are_spelled_as_published() {
        let all = DeliveryStatus::VARIANTS.iter();
        let names: Vec<&str> = all.clone().map(|status| status.name()).collect();
        assert_eq!(names, ["queued", "sent", "delivered", "read", "undelivered", "failed"]);
        let stored: Vec<Value> = all.map(|status| serde_json::to_value(status).unwrap()).collect();
        assert_eq!(stored, names);
    }

    #[test]
    fn a_carrier_is_known_by_the_name_that_it_is_stored_under() {
        for carrier in CarrierName::ALL {
            assert_eq!(CarrierName::parse(carrier.name()), Some(*carrier));
            let stored = serde_json::to_value(carrier).unwrap();
            assert_eq!(stored, carrier.name());
            assert_eq!(serde_json::from_value::<CarrierName>(stored).unwrap(), *carrier);
        }
        assert_eq!(CarrierName::parse("nobody"), None);
        assert!(CarrierName::default().is_default());
    }

    fn inbound(body: &str) -> InboundMessage {
        InboundMessage {
            carrier: CarrierName::default(),
            carrier_message_id: "SM1".to_owned(),
            from: "+14155550100".parse().unwrap(),
            to: "+18005550199".parse().unwrap(),
            body: body.into(),
            media: Vec::new(),
            profile_name: None,
            received_at: Timestamp(0),
            extra: BTreeMap::new(),
            truncated: BTreeSet::new(),
        }
    }

    fn file(url: String, content_type: &str) -> Media {
        Media { url: Private(url), content_type: content_type.to_owned(), size_bytes: None }
    }

    #[test]
    fn a_message_within_its_limits_is_left_as_it_is() {
        let mut message = inbound(&"x".repeat(BODY_BYTES_MAX));
        message.media = vec![file("https://a.example".to_owned(), "image/png"); MEDIA_MAX];
        message.profile_name = Some("Zoë".into());
        message.extra.insert("Label".to_owned(), "x".repeat(EXTRA_BYTES_MAX - 5).into());
        assert_eq!(message.clone().within_limits(), message);
        assert_eq!(message.attributes(), None);
    }

    #[test]
    fn too_long_texts_are_cut_between_characters_and_noted() {
        let mut message = inbound(&format!("{}ü", "x".repeat(BODY_BYTES_MAX - 1)));
        message.media = vec![file("https://a.example".to_owned(), &"t".repeat(256)); MEDIA_MAX + 1];
        message.media[0].url = "u".repeat(URL_BYTES_MAX + 1).into();
        message.profile_name = Some("é".repeat(NAME_BYTES_MAX).into());
        message.extra.insert("A".to_owned(), "€".repeat(EXTRA_BYTES_MAX).into());
        message.extra.insert("B".to_owned(), "b".into());
        let kept = message.within_limits();
        assert_eq!(kept.body.as_str(), "x".repeat(BODY_BYTES_MAX - 1));
        assert_eq!(kept.media.len(), MEDIA_MAX);
        assert!(kept.media.iter().all(|one| one.content_type == UNKNOWN_CONTENT));
        assert_eq!(kept.profile_name.as_ref().map(|name| name.len()), Some(NAME_BYTES_MAX));
        assert_eq!(kept.extra.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(kept.extra["A"].len(), (EXTRA_BYTES_MAX - 1) / 3 * 3);
        let noted = kept.attributes().unwrap();
        assert_eq!(noted, r#"{"truncated":["body","media","profile_name","extra"]}"#);
        assert_eq!(kept.clone().within_limits(), kept);
    }

    proptest! {
        #[test]
        fn any_message_of_a_carrier_fits_into_a_queue_and_an_item(
            body in "\\PC{0,40}",
            times in 0..4000_usize,
            extra in proptest::collection::btree_map("[A-Z]{0,3000}", "\\PC{0,3000}", 0..20),
            files in 0..30_usize,
            url in "[!-~]{0,3000}",
        ) {
            let mut message = inbound(&body.repeat(times));
            message.media = vec![file(url, "x"); files];
            let extra = extra.into_iter().map(|(name, value)| (name, value.into()));
            message.extra = extra.collect();
            let kept = message.clone().within_limits();
            prop_assert!(message.body.starts_with(kept.body.as_str()));
            prop_assert_eq!(kept.truncated.contains(&Part::Body), kept.body != message.body);
            prop_assert_eq!(kept.truncated.contains(&Part::Media), kept.media != message.media);
            prop_assert_eq!(kept.truncated.contains(&Part::Extra), kept.extra != message.extra);
            prop_assert!(kept.body.len() + kept.extra.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>()
                + kept.media.iter().map(|one| one.url.len()).sum::<usize>() <= 70 * 1024);
        }
    }

    #[test]
    fn receipts_only_climb_and_only_arrival_undoes_a_failure() {
        let allowed = [
            (Queued, Sent),
            (Queued, Delivered),
            (Queued, Read),
            (Queued, Undelivered),
            (Queued, Failed),
            (Sent, Delivered),
            (Sent, Read),
            (Sent, Undelivered),
            (Sent, Failed),
            (Delivered, Read),
            (Undelivered, Delivered),
            (Undelivered, Read),
            (Failed, Delivered),
            (Failed, Read),
        ];
        let all: [DeliveryStatus; 6] = [Queued, Sent, Delivered, Read, Undelivered, Failed];
        for from in all {
            for to in all {
                assert_eq!(from.gives_way_to(to), allowed.contains(&(from, to)), "{from:?} {to:?}");
            }
        }
    }
}
