//! A message, and how far it got on its way to each recipient.
//!
//! A message of a conversation and a programmable message are one record. An inbound one takes its
//! identifier from the carrier's, so a redelivery finds it written; an outbound one has a delivery per
//! recipient, and each delivery is a programmable message and a receipt of its own.
//!
//! ```text
//! waiting ──begin──▶ leased ──accepted──▶ sent out ──receipts──▶ delivered, read, undelivered, failed
//!    ▲                 │ │
//!    └─── retry ───────┘ └── nobody knows ──▶ ask the carrier first
//! ```

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::carriage::{
    CarrierName, DeliveryStatus, InboundMessage, Media, SendOutcome, StatusReport,
};
use crate::configuration::PhoneNumber;
use crate::conversation::{Conversation, Notice, Pair, Source, State};
use crate::decision::Decision;
use crate::effect::{Effect, SendRequest};
use crate::mutation::{Mutation, is_on};
use crate::private::Private;
use crate::refusal::Refusal;
use crate::sid::{ConversationSid, MessageSid, MessagingServiceSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

pub use crate::carriage::BODY_BYTES_MAX;

/// A send that was begun and not ended by then is of unknown outcome. Longer than any call lasts.
pub const LEASE: Millis = Millis::seconds(30);
/// A carrier that is down is tried so often before the delivery fails.
pub const ATTEMPTS_MAX: u32 = 8;
/// The code of a delivery that was given up (30008: unknown error, rule E.7).
pub const GAVE_UP: u32 = 30008;

/// Which way a message went, as the programmable messages show it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Direction {
    /// From a customer.
    Inbound,
    /// To customers, by our REST API.
    OutboundApi,
}

/// One recipient's copy of a message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Delivery {
    /// Which kin of the message it is.
    pub number: u32,
    /// The participant it goes to, within a conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<u32>,
    /// From and to, seen by the customer: `proxy` is the sender.
    pub pair: Pair,
    /// The carrier it is handed to; without one, that of the sender's record.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierName>,
    /// How far it got.
    pub status: DeliveryStatus,
    /// Why not further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
    /// The carrier's identifier, once it has one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_message_id: Option<String>,
    /// How often a send was begun.
    #[serde(default)]
    pub attempts: u32,
    /// When the send under way was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub begun: Option<Timestamp>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A message.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Message {
    /// Its identifier.
    pub sid: MessageSid,
    /// The conversation it is in; none for a message that no conversation wanted.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationSid>,
    /// Its place in the conversation.
    #[serde(default)]
    pub index: u32,
    /// Which way it went.
    pub direction: Direction,
    /// Who wrote it, as the conversation knows him.
    pub author: String,
    /// The number of the participant who wrote it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub participant: Option<u32>,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Private<String>>,
    /// The files.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub media: Vec<Media>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// From and to of an inbound message.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub origin: Option<Origin>,
    /// The messaging service it came in or goes out by.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// The copies that go to customers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deliveries: Vec<Delivery>,
    /// When it was written.
    pub created: Timestamp,
    /// When it was edited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub edited: Option<Timestamp>,
    /// Its content is gone; what is left only stops a redelivery from bringing it back.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub removed: bool,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// Where an inbound message came from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Origin {
    /// The customer's address and the business'.
    pub pair: Pair,
    /// The carrier.
    pub carrier: CarrierName,
    /// The carrier's identifier.
    pub carrier_message_id: String,
    /// What else the carrier said.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub extra: BTreeMap<String, Private<String>>,
}

/// What is to be written into a conversation.
#[derive(Debug, Clone, PartialEq)]
pub struct Post {
    /// The message's identifier.
    pub sid: MessageSid,
    /// Who writes; `system` if nobody said.
    pub author: Option<String>,
    /// The text.
    pub body: Option<Private<String>>,
    /// The files.
    pub media: Vec<Media>,
    /// JSON text.
    pub attributes: Option<String>,
    /// Where it came from, if from a channel.
    pub origin: Option<Origin>,
    /// Who asked for it.
    pub source: Source,
}

impl Post {
    /// What an inbound message puts into a conversation.
    pub fn of(inbound: &InboundMessage) -> Result<Self, Refusal> {
        Ok(Self {
            sid: inbound.sid(),
            author: Some(inbound.from.to_string()),
            body: Some(inbound.body.clone()).filter(|body| !body.is_empty()),
            media: inbound.media.clone(),
            attributes: inbound.attributes(),
            origin: Some(Origin::of(inbound)?),
            source: Source::Channel,
        })
    }
}

impl Origin {
    fn of(inbound: &InboundMessage) -> Result<Self, Refusal> {
        Ok(Self {
            pair: Pair::new(inbound.from.clone(), inbound.to.clone())?,
            carrier: inbound.carrier,
            carrier_message_id: inbound.carrier_message_id.clone(),
            extra: inbound.extra.clone(),
        })
    }
}

/// Appends a message to a conversation: gives it the next index, wakes a quiet conversation, makes a copy
/// for every channel participant but the author, and tells the webhooks (rules B.3, A.3).
pub fn append(
    conversation: &mut Conversation,
    post: Post,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    conversation.must_be_open()?;
    if post.body.as_ref().is_none_or(|body| body.is_empty()) && post.media.is_empty() {
        // A carrier may deliver a message without text or file; it is kept. Nobody may post one.
        if post.origin.is_none() {
            return Err(Refusal::EmptyMessage);
        }
    }
    if post.body.as_ref().is_some_and(|body| body.len() > BODY_BYTES_MAX) && post.origin.is_none() {
        return Err(Refusal::BodyTooLong);
    }
    let before = conversation.state;
    conversation.state = State::Active;
    conversation.updated = now;
    let index = conversation.next_index;
    conversation.next_index += u32::from(!is_on(Mutation::IndexRepeated));
    let author = post.author.unwrap_or_else(|| "system".to_owned());
    let participant = conversation.participant_called(&author).map(|one| one.number);
    if let Some(origin) = &post.origin {
        conversation.answers_by(participant, origin.carrier);
    }
    let message = Message {
        sid: post.sid,
        conversation: Some(conversation.sid),
        index,
        direction: if post.origin.is_some() { Direction::Inbound } else { Direction::OutboundApi },
        participant,
        body: post.body,
        media: post.media,
        attributes: post.attributes,
        messaging_service: conversation.messaging_service,
        deliveries: copies(conversation, participant, &author, now),
        origin: post.origin,
        author,
        created: now,
        edited: None,
        removed: false,
        version: Version::NEW,
    };
    let mut effects: Vec<Effect> =
        message.deliveries.iter().map(|copy| message.send_request(copy)).collect();
    if before == State::Inactive {
        let woken = Notice { state_from: Some(before), ..Notice::of("onConversationStateUpdated") };
        effects.extend(conversation.tell(&woken, post.source));
    }
    let added =
        Notice { message: Some(message.sid), number: participant, ..Notice::of("onMessageAdded") };
    effects.extend(conversation.tell(&added, post.source));
    Ok(Decision::put(message).asking(effects))
}

/// A copy for everybody on a channel, except for who wrote it.
fn copies(
    conversation: &Conversation,
    author_number: Option<u32>,
    author: &str,
    now: Timestamp,
) -> Vec<Delivery> {
    let mut number = 0;
    let others = conversation.participants.iter().filter(|one| Some(one.number) != author_number);
    others
        .filter_map(|one| {
            let pair = one.pair.clone()?;
            if pair.proxy.as_str() == author {
                return None;
            }
            number += 1;
            let delivery = Delivery::new(number, Some(one.number), pair, now);
            Some(Delivery { carrier: one.carrier, ..delivery })
        })
        .collect()
}

/// A message that no conversation wanted: kept, and shown as unrouted.
pub fn unrouted(
    inbound: &InboundMessage,
    service: Option<MessagingServiceSid>,
) -> Result<Message, Refusal> {
    let origin = Origin::of(inbound)?;
    Ok(Message {
        sid: inbound.sid(),
        conversation: None,
        index: 0,
        direction: Direction::Inbound,
        author: inbound.from.to_string(),
        participant: None,
        body: Some(inbound.body.clone()),
        media: inbound.media.clone(),
        attributes: inbound.attributes(),
        origin: Some(origin),
        messaging_service: service,
        deliveries: Vec::new(),
        created: inbound.received_at,
        edited: None,
        removed: false,
        version: Version::NEW,
    })
}

/// A programmable message outside of conversations.
pub fn outside(
    sid: MessageSid,
    pair: Pair,
    body: Option<Private<String>>,
    media: Vec<Media>,
    service: Option<MessagingServiceSid>,
    now: Timestamp,
) -> Result<(Message, Vec<Effect>), Refusal> {
    if body.as_ref().is_none_or(|body| body.is_empty()) && media.is_empty() {
        return Err(Refusal::EmptyMessage);
    }
    let message = Message {
        sid,
        conversation: None,
        index: 0,
        direction: Direction::OutboundApi,
        author: pair.proxy.to_string(),
        participant: None,
        body,
        media,
        attributes: None,
        origin: None,
        messaging_service: service,
        deliveries: vec![Delivery::new(1, None, pair, now)],
        created: now,
        edited: None,
        removed: false,
        version: Version::NEW,
    };
    let effects = message.deliveries.iter().map(|copy| message.send_request(copy)).collect();
    Ok((message, effects))
}

/// What `outbound-message` is to do with a delivery.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Begin {
    /// Write down that a send is begun, then call the carrier.
    Send,
    /// A send was begun and its end never written: ask the carrier whether it has the message.
    AskFirst {
        /// When the send was begun.
        since: Timestamp,
    },
    /// Somebody else is sending right now; look again then.
    Wait {
        /// When the lease is over.
        until: Timestamp,
    },
    /// It is out, or it failed for good.
    Done,
}

impl Delivery {
    fn new(number: u32, participant: Option<u32>, pair: Pair, now: Timestamp) -> Self {
        Self {
            number,
            participant,
            pair,
            carrier: None,
            status: DeliveryStatus::Queued,
            error_code: None,
            carrier_message_id: None,
            attempts: 0,
            begun: None,
            created: now,
            updated: now,
        }
    }

    /// The carrier that takes it: the one that brought what it answers, else the one that the sender is with. A
    /// sender of which there is no record is with the first carrier.
    pub fn carrier(&self, sender: Option<&PhoneNumber>) -> CarrierName {
        self.carrier.or(sender.map(|it| it.carrier)).unwrap_or_default()
    }

    /// Decides whether to send.
    pub fn begin(&self, now: Timestamp) -> Begin {
        match (self.status, &self.carrier_message_id, self.begun) {
            (DeliveryStatus::Queued, None, None) => Begin::Send,
            (DeliveryStatus::Queued, None, Some(begun)) if now < begun + LEASE => {
                Begin::Wait { until: begun + LEASE }
            }
            (DeliveryStatus::Queued, None, Some(_)) if is_on(Mutation::ResentUnasked) => {
                Begin::Send
            }
            (DeliveryStatus::Queued, None, Some(since)) => Begin::AskFirst { since },
            (DeliveryStatus::Queued, Some(_), _)
            | (
                DeliveryStatus::Sent
                | DeliveryStatus::Delivered
                | DeliveryStatus::Read
                | DeliveryStatus::Undelivered
                | DeliveryStatus::Failed,
                _,
                _,
            ) => Begin::Done,
        }
    }

    /// How long to wait before the next try: 2, 4, 8, … seconds, five minutes at most.
    pub fn backoff(&self) -> Millis {
        Millis::seconds((1_i64 << self.attempts.clamp(1, 9)).min(300))
    }
}

impl Message {
    /// The delivery with that number.
    pub fn delivery(&self, number: u32) -> Option<&Delivery> {
        self.deliveries.iter().find(|delivery| delivery.number == number)
    }

    fn delivery_mut(&mut self, number: u32) -> Option<&mut Delivery> {
        self.deliveries.iter_mut().find(|delivery| delivery.number == number)
    }

    /// Asks for a delivery to be handed to its carrier.
    pub fn send_request(&self, delivery: &Delivery) -> Effect {
        let pair = &delivery.pair;
        let group = MessageSid::derived(&[pair.address.as_str(), pair.proxy.as_str()]);
        Effect::Send(SendRequest {
            message: self.sid,
            delivery: delivery.number,
            group: group.to_string()[2..].to_owned(),
        })
    }

    /// Writes down that a send is begun: from now on its outcome is unknown until it is recorded.
    pub fn lease(&self, number: u32, now: Timestamp) -> Option<Self> {
        let mut message = self.clone();
        let delivery = message.delivery_mut(number)?;
        delivery.begun = Some(now);
        delivery.attempts += 1;
        Some(message)
    }

    /// Records what the carrier answered. An unknown outcome leaves the lease as it is, so that the next
    /// look asks the carrier first.
    pub fn record(&self, number: u32, outcome: &SendOutcome, now: Timestamp) -> Option<Self> {
        let mut message = self.clone();
        let delivery = message.delivery_mut(number)?;
        match outcome {
            SendOutcome::Accepted { carrier_message_id } => {
                delivery.carrier_message_id = Some(carrier_message_id.clone());
                delivery.begun = None;
                if delivery.status.gives_way_to(DeliveryStatus::Sent) {
                    delivery.status = DeliveryStatus::Sent;
                }
            }
            SendOutcome::Retry { .. } if delivery.attempts < ATTEMPTS_MAX => delivery.begun = None,
            SendOutcome::Retry { .. } => fail(delivery, GAVE_UP),
            SendOutcome::Rejected { error_code, .. } => fail(delivery, *error_code),
            SendOutcome::Unknown { .. } => return None,
        }
        delivery.updated = now;
        Some(message)
    }

    /// Moves a delivery forward by a carrier's report; none if it says nothing new, or is about another message of
    /// the carrier's than the one that the delivery became.
    pub fn report(&self, number: u32, report: &StatusReport, now: Timestamp) -> Option<Self> {
        let mut message = self.clone();
        let delivery = message.delivery_mut(number)?;
        let learns_id = delivery.carrier_message_id.is_none();
        let is_same = delivery.carrier_message_id.as_ref() == Some(&report.carrier_message_id);
        let is_theirs = delivery.carrier.is_none_or(|carrier| carrier == report.carrier);
        if !is_theirs || !learns_id && !is_same {
            return None;
        }
        if !delivery.status.gives_way_to(report.status) && !learns_id {
            return None;
        }
        if learns_id {
            delivery.carrier_message_id = Some(report.carrier_message_id.clone());
            delivery.begun = None;
        }
        if delivery.status.gives_way_to(report.status) {
            delivery.status = report.status;
            delivery.error_code = report.error_code;
        }
        delivery.updated = now;
        Some(message)
    }

    /// The sender of the message, as programmable messages show it.
    pub fn from<'a>(&'a self, delivery: Option<&'a Delivery>) -> Option<&'a Address> {
        match (delivery, &self.origin) {
            (Some(delivery), _) => Some(&delivery.pair.proxy),
            (None, Some(origin)) => Some(&origin.pair.address),
            (None, None) => None,
        }
    }

    /// The recipient of the message, as programmable messages show it.
    pub fn to<'a>(&'a self, delivery: Option<&'a Delivery>) -> Option<&'a Address> {
        match (delivery, &self.origin) {
            (Some(delivery), _) => Some(&delivery.pair.address),
            (None, Some(origin)) => Some(&origin.pair.proxy),
            (None, None) => None,
        }
    }
}

fn fail(delivery: &mut Delivery, code: u32) {
    delivery.begun = None;
    delivery.status = DeliveryStatus::Failed;
    delivery.error_code = Some(code);
}

#[cfg(test)]
mod tests;
