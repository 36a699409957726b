//! One recipient's copy of a message, and how far it got.

use serde::{Deserialize, Serialize};

use super::{CopyOf, Message};
use crate::address::Address;
use crate::carriage::{CarrierName, DeliveryStatus, Pricing, SendOutcome, StatusReport, Watermark};
use crate::configuration::PhoneNumber;
use crate::conversation::{ConversationEvent, Pair};
use crate::timestamp::{Millis, Timestamp};

/// A send that was begun and not ended by then is of unknown outcome. Longer than any call lasts.
pub const LEASE: Millis = Millis::seconds(30);
/// A report without our names waits so long for the end of a send: shorter than a queue has patience.
const UNDER_WAY: Millis = Millis::seconds(120);
/// A carrier that is down is tried this often before the delivery fails.
pub const ATTEMPTS_MAX: u32 = 8;
/// The code of a delivery that was given up (30008: unknown error, rule E.7).
pub const GAVE_UP: u32 = 30008;

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
    /// The number of the copy with which it is handed over, if it goes to a group as one of several.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub led_by: Option<u32>,
    /// Numbers of ours that are in the group too: everybody sees them, and no copy goes to them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub beside: Vec<Address>,
    /// Copies of other messages whose texts leave with it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub merged: Vec<CopyOf>,
    /// The copy of another message with which its text leaves.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merged_into: Option<CopyOf>,
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
    /// What the carrier said that it costs.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pricing: Option<Pricing>,
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

/// A message whose delivery got further.
#[derive(Debug, Clone, PartialEq)]
pub struct Progress {
    /// The message as it then stands.
    pub message: Message,
    /// What there is to tell; nothing if the status stayed.
    pub events: Vec<ConversationEvent>,
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
    /// Another process is sending right now; look again then.
    Wait {
        /// When the lease is over.
        until: Timestamp,
    },
    /// It is out, it failed for good, or it is not to go out: its time has not come, or it was canceled.
    Done,
}

impl Delivery {
    pub(super) fn new(number: u32, participant: Option<u32>, pair: Pair, now: Timestamp) -> Self {
        Self {
            number,
            participant,
            pair,
            led_by: None,
            beside: Vec::new(),
            merged: Vec::new(),
            merged_into: None,
            carrier: None,
            status: DeliveryStatus::Queued,
            error_code: None,
            carrier_message_id: None,
            pricing: None,
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

    /// The end that this copy came to since `before`, once: delivered, or failed as its carrier says. What is read was
    /// delivered.
    pub fn came_to(&self, before: &Message) -> Option<DeliveryStatus> {
        let end = |status| match status {
            DeliveryStatus::Scheduled
            | DeliveryStatus::Queued
            | DeliveryStatus::Sent
            | DeliveryStatus::Canceled => None,
            DeliveryStatus::Delivered | DeliveryStatus::Read => Some(DeliveryStatus::Delivered),
            DeliveryStatus::Undelivered | DeliveryStatus::Failed => Some(DeliveryStatus::Failed),
        };
        let earlier = before.delivery(self.number).and_then(|one| end(one.status));
        end(self.status).filter(|now| earlier != Some(*now))
    }

    /// Decides whether to send.
    pub fn begin(&self, now: Timestamp) -> Begin {
        match (self.status, &self.carrier_message_id, self.begun) {
            (DeliveryStatus::Queued, None, None) => Begin::Send,
            (DeliveryStatus::Queued, None, Some(begun)) if now < begun + LEASE => {
                Begin::Wait { until: begun + LEASE }
            }
            (DeliveryStatus::Queued, None, Some(since)) => Begin::AskFirst { since },
            (DeliveryStatus::Queued, Some(_), _)
            | (
                DeliveryStatus::Scheduled
                | DeliveryStatus::Canceled
                | DeliveryStatus::Sent
                | DeliveryStatus::Delivered
                | DeliveryStatus::Read
                | DeliveryStatus::Undelivered
                | DeliveryStatus::Failed,
                _,
                _,
            ) => Begin::Done,
        }
    }

    /// It will never be out, for a published reason.
    pub(super) const fn fail(&mut self, code: u32) {
        self.begun = None;
        self.status = DeliveryStatus::Failed;
        self.error_code = Some(code);
    }

    /// How long to wait before the next try: 2, 4, 8, … seconds, five minutes at most.
    pub fn backoff(&self) -> Millis {
        Millis::seconds((1_i64 << self.attempts.clamp(1, 9)).min(300))
    }
}

impl Message {
    pub(super) fn delivery_mut(&mut self, number: u32) -> Option<&mut Delivery> {
        self.fields.deliveries.iter_mut().find(|delivery| delivery.number == number)
    }

    /// Gives up the copies that no carrier can have: there is nothing to say in them any more.
    pub(super) fn give_copies_up(&mut self, now: Timestamp) {
        for copy in &mut self.fields.deliveries {
            if copy.merged_into.is_none() && copy.begin(now) == Begin::Send {
                copy.fail(GAVE_UP);
                copy.updated = now;
            }
        }
    }

    /// Writes down that a send is begun: from now on its outcome is unknown until it is recorded.
    pub fn lease(&self, number: u32, now: Timestamp) -> Option<Self> {
        let mut message = self.clone();
        let delivery = message.delivery_mut(number)?;
        delivery.begun = Some(now);
        delivery.attempts += 1;
        Some(message)
    }

    /// The copies that are handed over with one, itself first.
    pub fn handed_over_with(&self, number: u32) -> impl Iterator<Item = &Delivery> {
        let is_led = move |one: &&Delivery| one.led_by == Some(number);
        self.delivery(number).into_iter().chain(self.deliveries.iter().filter(is_led))
    }

    /// Whether a copy is one of several that a group gets at once.
    pub fn goes_to_a_group(&self, copy: &Delivery) -> bool {
        let lead = copy.led_by.unwrap_or(copy.number);
        !copy.beside.is_empty() || self.handed_over_with(lead).nth(1).is_some()
    }

    /// The copy that a report is about which names one: of those that were handed over with it, the one to the customer who is
    /// reported on (rule A.8).
    pub fn copy_to(&self, number: u32, customer: Option<&Address>) -> u32 {
        let is_theirs = |one: &&Delivery| Some(&one.pair.address) == customer;
        self.handed_over_with(number).find(is_theirs).map_or(number, |one| one.number)
    }

    /// Records what the carrier answered, of a copy and of those that were handed over with it. An unknown outcome leaves the lease
    /// as it is, so that the next look asks the carrier first.
    pub fn record(&self, number: u32, outcome: &SendOutcome, now: Timestamp) -> Option<Progress> {
        let attempts = self.delivery(number)?.attempts;
        let numbers: Vec<u32> = self.handed_over_with(number).map(|one| one.number).collect();
        let (mut message, mut events) = (self.clone(), Vec::new());
        for number in numbers {
            let delivery = message.delivery_mut(number)?;
            let before = delivery.status;
            match outcome {
                SendOutcome::Accepted { carrier_message_id } => {
                    // One that is led may have been told by an identifier of its own already.
                    if delivery.led_by.is_none() || delivery.carrier_message_id.is_none() {
                        delivery.carrier_message_id = Some(carrier_message_id.clone());
                    }
                    delivery.begun = None;
                    if delivery.status.gives_way_to(DeliveryStatus::Sent) {
                        delivery.status = DeliveryStatus::Sent;
                    }
                }
                SendOutcome::Retry { .. } if attempts < ATTEMPTS_MAX && !self.removed => {
                    delivery.begun = None;
                }
                SendOutcome::Retry { .. } => delivery.fail(GAVE_UP),
                SendOutcome::Rejected { error_code, .. } => delivery.fail(*error_code),
                SendOutcome::Unknown { .. } => return None,
            }
            delivery.updated = now;
            if delivery.status != before {
                events.push(self.delivery_updated(number));
            }
        }
        Some(Progress { message, events })
    }

    /// Moves a delivery forward by a carrier's report; none if it says nothing new, or is about another message of
    /// the carrier's than the one that the delivery became.
    pub fn report(&self, number: u32, report: &StatusReport, now: Timestamp) -> Option<Progress> {
        let mut message = self.clone();
        let in_group = self.delivery(number).is_some_and(|copy| self.goes_to_a_group(copy));
        let delivery = message.delivery_mut(number)?;
        let learns_id = delivery.carrier_message_id.is_none();
        let is_same = delivery.carrier_message_id.as_ref() == Some(&report.carrier_message_id);
        let is_theirs = delivery.carrier.is_none_or(|carrier| carrier == report.carrier);
        // A carrier may call each copy that a group gets by an identifier of its own, beside the one it answered with.
        if !is_theirs || !(learns_id || is_same || in_group) {
            return None;
        }
        let climbs = delivery.status.gives_way_to(report.status);
        let pricing = Pricing::later(delivery.pricing.as_ref(), report.pricing.as_ref());
        if !climbs && !learns_id && pricing == delivery.pricing {
            return None;
        }
        delivery.pricing = pricing;
        if learns_id {
            delivery.carrier_message_id = Some(report.carrier_message_id.clone());
            delivery.begun = None;
        }
        if climbs {
            delivery.status = report.status;
            delivery.error_code = report.error_code;
        }
        delivery.updated = now;
        // What it costs is nobody's news.
        let event = (climbs || learns_id).then(|| self.delivery_updated(number));
        Some(Progress { message, events: event.into_iter().collect() })
    }

    /// Whether a copy was handed over before a moment. Messages are numbered as they are posted, so those before it were, too.
    pub fn was_handed_over_before(&self, moment: Timestamp) -> bool {
        self.deliveries.iter().any(|one| one.created < moment)
    }

    /// The number of the delivery that the carrier calls so.
    pub fn delivery_called(&self, carrier: CarrierName, carrier_message_id: &str) -> Option<u32> {
        let is_so = |one: &&Delivery| {
            one.carrier_message_id.as_deref() == Some(carrier_message_id)
                && one.carrier.is_none_or(|own| own == carrier)
        };
        self.deliveries.iter().find(is_so).map(|one| one.number)
    }

    /// Whether a copy to that customer was begun to be sent a moment ago, and what the carrier calls it is not written
    /// down yet. One that is so for longer is a call whose answer was lost: no report will name it either.
    pub fn is_under_way(&self, pair: &Pair, now: Timestamp) -> bool {
        let mut to_them = self.deliveries.iter().filter(|one| one.pair == *pair);
        to_them.any(|one| {
            one.begun.is_some_and(|begun| now < begun + UNDER_WAY)
                && one.carrier_message_id.is_none()
        })
    }

    /// What a watermark says of the copies to that customer: those that the carrier had by then and that did not get as
    /// far yet.
    pub fn reports_of(&self, mark: &Watermark, pair: &Pair) -> Vec<(u32, StatusReport)> {
        let is_before = |one: &&Delivery| {
            one.pair == *pair
                && one.created <= mark.until
                && one.carrier.is_none_or(|own| own == mark.carrier)
                && one.status.gives_way_to(mark.status)
        };
        let report = |one: &Delivery| {
            let id = one.carrier_message_id.as_ref()?;
            let report = StatusReport::new(mark.carrier, id, mark.status, mark.received_at);
            Some((one.number, StatusReport { happened_at: Some(mark.until), ..report }))
        };
        self.deliveries.iter().filter(is_before).filter_map(report).collect()
    }

    pub(super) fn delivery_updated(&self, number: u32) -> ConversationEvent {
        ConversationEvent::DeliveryUpdated { message: self.sid, number }
    }
}
