//! What is handed to a carrier: one message to one customer, or a sign that somebody reads or types; and what the
//! carrier answers.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::private::Private;
use crate::sid::MessageSid;

use super::told::Media;

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
    /// Everybody else in the group, if it goes to one: all of them see each other.
    pub others: Vec<Address>,
    /// The text.
    pub body: Private<String>,
    /// Files, by address that the carrier can fetch.
    pub media: Vec<Media>,
    /// What it is, if it is more than text and files.
    pub composed: Option<Composed>,
    /// The carrier's identifier of the message that it answers.
    pub reply_to: Option<String>,
    /// How long the carrier may keep it waiting, in seconds, if the sender said so.
    pub valid_seconds: Option<u32>,
    /// Whether the carrier is asked to tell us our names back when it reports: of a message that is not kept, nobody
    /// could make use of them.
    pub is_kept: bool,
}

impl OutboundMessage {
    /// A message of text alone, from the business to the customer.
    pub fn text(
        (message, delivery): (MessageSid, u32),
        (from, to): (Address, Address),
        body: impl Into<String>,
    ) -> Self {
        Self {
            message,
            delivery,
            from,
            to,
            others: Vec::new(),
            body: Private(body.into()),
            media: Vec::new(),
            composed: None,
            reply_to: None,
            valid_seconds: None,
            is_kept: true,
        }
    }
}

/// A message that is more than text and files. Its text, if it has one, is the message's.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Composed {
    /// A text that the carrier knows and has approved, with its places filled in, the first one first.
    Template {
        /// What the carrier calls it.
        name: String,
        /// The language, as the carrier spells it; some carriers have one name for each language.
        language: String,
        /// What stands in its places, each with its name; where places have numbers alone, the first one first.
        values: Vec<(String, Private<String>)>,
        /// The passcode that its button copies, if it is for that.
        copies: Option<Private<String>>,
    },
    /// A question with buttons to answer it.
    Buttons(Vec<Choice>),
    /// A question with a list to answer it.
    List {
        /// What stands on the button that opens the list.
        button: String,
        /// Its rows.
        rows: Vec<Choice>,
    },
    /// An emoji on a message of the customer's.
    Reaction {
        /// The carrier's identifier of that message.
        to: String,
        /// The emoji; none takes it away.
        emoji: Option<String>,
    },
    /// A place.
    Location {
        /// Degrees north, in decimals.
        latitude: String,
        /// Degrees east, in decimals.
        longitude: String,
        /// What the place is called.
        name: Option<String>,
        /// Its postal address, in one line.
        address: Option<String>,
    },
}

/// One of the answers that are offered.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Choice {
    /// What comes back when it is chosen.
    pub id: String,
    /// What stands on it.
    pub title: String,
    /// What stands below that, in a list.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub description: Option<String>,
}

/// What a customer is shown beside messages.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Signal {
    /// What.
    pub kind: SignalKind,
    /// The business address.
    pub from: Address,
    /// The customer.
    pub to: Address,
    /// The carrier's identifier of the customer's latest message.
    pub about: String,
}

/// What a customer can be shown beside messages.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SignalKind {
    /// That their messages were read.
    Read,
    /// That somebody types; on some channels it says too that their messages were read.
    Typing,
}

/// What became of a [`Signal`]. It is worth nothing later, so nobody tries again.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Shown {
    /// The carrier took it.
    Shown,
    /// The channel has no such thing, or the connection no such sender.
    NotThere,
    /// The carrier could not be asked, or has no time.
    Unavailable {
        /// Why, for people; never a value.
        reason: String,
    },
    /// The carrier does not want it.
    Refused {
        /// The published error code.
        error_code: u32,
        /// Why, for people; never a value.
        reason: String,
    },
}

/// That a carrier cannot be asked for something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{reason}")]
pub struct Unsupported {
    /// The published error code.
    pub error_code: u32,
    /// Why, for people; never a value.
    pub reason: &'static str,
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
