//! A carrier's own side, as pure functions: its HTTP API, and the webhooks that it would post. The laptop puts a
//! server before it, the simulator its faults.

use std::fmt::Debug;

use switchboard_domain::carriage::{AliasKind, CarrierName, DeliveryStatus};
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;

use crate::request::{Answer, SignedRequest};

/// The stand-in of one carrier. It keeps nothing: who runs it keeps the messages that it takes.
pub trait Stub: Debug + Send + Sync {
    /// Which carrier it stands in for.
    fn name(&self) -> CarrierName;

    /// Answers a request to the carrier's API; none if it is no request to this carrier.
    fn answer(
        &self,
        request: &http::Request<Vec<u8>>,
        kept: &[Taken],
        mood: Mood,
        now: Timestamp,
    ) -> Option<Served>;

    /// Whether it reports to the address that it was registered with, and not to one that comes with a message.
    fn reports_where_registered(&self) -> bool {
        false
    }

    /// The webhook that reports the status of a message; none where none was asked for.
    fn report(&self, message: &Taken) -> Option<SignedRequest>;

    /// The webhook that brings a customer's message to `url`. What stands behind `#` there is the carrier's alone.
    fn inbound(&self, url: &str, message: &CustomerMessage<'_>) -> SignedRequest;

    /// The webhooks that bring several messages: as few as the carrier would make of them.
    fn inbound_together(&self, url: &str, messages: &[CustomerMessage<'_>]) -> Vec<SignedRequest> {
        messages.iter().map(|message| self.inbound(url, message)).collect()
    }

    /// An identifier of a message as the carrier writes it; the same bytes make the same one.
    fn message_id(&self, bytes: [u8; 16], has_media: bool) -> String;
}

/// How the carrier is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Mood {
    /// It works.
    Well,
    /// It answers that it is not available.
    Down,
    /// It has too many requests, and says when to come again in seconds.
    Busy(u32),
    /// It refuses messages with this error code.
    Refusing(u32),
}

/// An answer, and the message that was taken by it.
#[derive(Debug)]
pub struct Served {
    /// The answer.
    pub answer: Answer,
    /// The message, if one was taken.
    pub taken: Option<Taken>,
    /// The customer's message under which they were shown that somebody reads or types, by its identifier; or the
    /// customer, where the channel has no such identifier.
    pub shown: Option<String>,
}

impl Served {
    /// An answer by which nothing was taken.
    pub const fn only(answer: Answer) -> Self {
        Self { answer, taken: None, shown: None }
    }

    /// The answer by which a message was taken.
    pub const fn taking(answer: Answer, taken: Taken) -> Self {
        Self { answer, taken: Some(taken), shown: None }
    }

    /// The answer by which somebody was shown a sign.
    pub const fn showing(answer: Answer, shown: String) -> Self {
        Self { answer, taken: None, shown: Some(shown) }
    }
}

/// A message as the carrier keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taken {
    /// Which carrier has it.
    pub carrier: CarrierName,
    /// The carrier's identifier.
    pub id: String,
    /// Our message and the number of its delivery, if the carrier was told to tell us them back.
    pub about: Option<(MessageSid, u32)>,
    /// The recipient.
    pub to: String,
    /// The other recipients of a message to a group.
    pub others: Vec<String>,
    /// The sender.
    pub from: String,
    /// The text.
    pub body: String,
    /// The files.
    pub media_urls: Vec<String>,
    /// Where reports are wanted.
    pub report_to: Option<String>,
    /// How far it got; a new message is queued.
    pub status: DeliveryStatus,
    /// The error code, on failure.
    pub error_code: Option<u32>,
    /// When it was taken.
    pub created_at: Timestamp,
}

impl Taken {
    /// The message as each of its recipients has it: a carrier reports on each of them.
    pub fn copies(&self) -> impl Iterator<Item = Self> {
        let one = |to: &String| Self { to: to.clone(), others: Vec::new(), ..self.clone() };
        std::iter::once(&self.to).chain(&self.others).map(one)
    }
}

/// A message that a customer writes.
#[derive(Debug, Clone, Copy)]
pub struct CustomerMessage<'a> {
    /// The carrier's identifier.
    pub id: &'a str,
    /// The customer's address, with its channel's prefix.
    pub from: &'a str,
    /// The business address.
    pub to: &'a str,
    /// Who else receives it, if it is written to a group.
    pub others: &'a [&'a str],
    /// The text.
    pub body: &'a str,
    /// Address and media type of each file.
    pub media: &'a [(&'a str, &'a str)],
    /// The customer's name, on channels that have one.
    pub profile_name: Option<&'a str>,
    /// The customer's other names on the channel, without its prefix.
    pub names: &'a [(AliasKind, &'a str)],
    /// What it is, if it is more than a text with files.
    pub gesture: Option<Gesture<'a>>,
    /// The carrier's identifier of the message that it answers.
    pub reply_to: Option<&'a str>,
    /// Whether it was forwarded.
    pub is_forwarded: bool,
    /// The identifier of the advertisement that the customer came from, and what it says.
    pub came_from: Option<(&'a str, &'a str)>,
}

/// What a customer does beside writing. Every stand-in tells it in its carrier's own words.
#[derive(Debug, Clone, Copy)]
pub enum Gesture<'a> {
    /// Sends a place.
    Place {
        /// Degrees north.
        latitude: &'a str,
        /// Degrees east.
        longitude: &'a str,
        /// What it is called, and its address; only WhatsApp tells both.
        named: Option<(&'a str, &'a str)>,
    },
    /// Presses a button: what stands on it, and what is behind it.
    Button(&'a str, &'a str),
    /// Chooses from a list: the row's identifier, and what stands in it.
    Choice(&'a str, &'a str),
    /// Puts an emoji on the message with that identifier of the carrier, or takes it away.
    Reaction(&'a str, Option<&'a str>),
}

impl<'a> CustomerMessage<'a> {
    /// A message with a text alone.
    pub const fn text(id: &'a str, from: &'a str, to: &'a str, body: &'a str) -> Self {
        Self {
            id,
            from,
            to,
            others: &[],
            body,
            media: &[],
            profile_name: None,
            names: &[],
            gesture: None,
            reply_to: None,
            is_forwarded: false,
            came_from: None,
        }
    }
}
