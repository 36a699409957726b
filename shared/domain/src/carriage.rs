//! What carriers bring and take: who they are, the ladder of delivery, what they are handed. What they tell is in
//! [`told`].

mod limits;
mod outgoing;
pub mod told;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::private::Private;
use crate::sid::{AccountSid, ConnectionSid, MessageSid, Sid as _};

pub use limits::{BODY_BYTES_MAX, MEDIA_MAX};
pub use outgoing::{
    Choice, Composed, OutboundMessage, SendOutcome, Shown, Signal, SignalKind, Unsupported,
};
pub use told::{
    Alias, AliasKind, Arrival, Content, IdentityChange, InboundMessage, Media, Notice, Part, Price,
    Pricing, Report, StatusReport, UNKNOWN_CONTENT, Unreadable, Watermark,
};

/// Hands the list of carriers to a macro, as `name => Variant,` each. **The one line of a new carrier**; the rest
/// of it is the folder `shared/carriers/src/<name>`. The name stands in the webhook's path and in the names of
/// settings (`CARRIER_<NAME>_…`); the first carrier is that of records which name none.
#[macro_export]
macro_rules! carriers {
    ($each:ident) => {
        $each! {
            twilio => Twilio,
            meta => Meta,
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

    /// Whether it carries a message to a group as one.
    pub const fn knows_groups(self) -> bool {
        match self {
            Self::Twilio => true,
            Self::Meta => false,
        }
    }

    /// Whether it answers STOP, START and HELP by itself (rule E.3).
    pub const fn answers_keywords(self) -> bool {
        match self {
            Self::Twilio => true,
            Self::Meta => false,
        }
    }

    /// Whether it takes questions with buttons and lists as they are; one that does not has templates for them (rule E.10).
    pub const fn takes_questions(self) -> bool {
        match self {
            Self::Twilio => false,
            Self::Meta => true,
        }
    }

    /// Whether it knows a template by an identifier of its own, and fills in all of it; another one goes by WhatsApp's name, and is told
    /// what stands in the text alone (rule E.10).
    pub const fn identifies_templates(self) -> bool {
        match self {
            Self::Twilio => true,
            Self::Meta => false,
        }
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
    /// The connection that they are of, which has a webhook of its own; none if they are the environment's.
    pub connection: Option<ConnectionSid>,
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
    /// It waits for its time.
    Scheduled,
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
    /// It was taken back before its time.
    Canceled,
}

impl DeliveryStatus {
    /// The canonical spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether `next` may take this status's place: the ladder is only climbed, a failure ends it,
    /// and only the proof of arrival undoes a failure. No carrier has what is scheduled or canceled, so none reports on it.
    pub fn gives_way_to(self, next: Self) -> bool {
        match (self, next) {
            (Self::Scheduled | Self::Canceled, _) | (_, Self::Scheduled | Self::Canceled) => false,
            (Self::Queued | Self::Sent, Self::Undelivered | Self::Failed)
            | (Self::Undelivered | Self::Failed, Self::Delivered | Self::Read) => true,
            (Self::Delivered | Self::Read, Self::Undelivered | Self::Failed)
            | (Self::Undelivered | Self::Failed, _) => false,
            (Self::Queued | Self::Sent | Self::Delivered | Self::Read, _) => self < next,
        }
    }
}

/// The message that a carrier's identifier stands for.
pub fn message_sid(carrier: CarrierName, carrier_message_id: &str) -> MessageSid {
    MessageSid::derived(&[carrier.name(), carrier_message_id])
}

#[cfg(test)]
mod tests {
    use serde_json::Value;
    use strum::VariantArray as _;

    use super::DeliveryStatus::{
        Canceled, Delivered, Failed, Queued, Read, Scheduled, Sent, Undelivered,
    };
    use super::*;

    #[test]
    fn names_are_spelled_as_published() {
        let all = DeliveryStatus::VARIANTS.iter();
        let names: Vec<&str> = all.clone().map(|status| status.name()).collect();
        let published = [
            "scheduled",
            "queued",
            "sent",
            "delivered",
            "read",
            "undelivered",
            "failed",
            "canceled",
        ];
        assert_eq!(names, published);
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
        let all: [DeliveryStatus; 8] =
            [Scheduled, Queued, Sent, Delivered, Read, Undelivered, Failed, Canceled];
        for from in all {
            for to in all {
                assert_eq!(from.gives_way_to(to), allowed.contains(&(from, to)), "{from:?} {to:?}");
            }
        }
    }
}
