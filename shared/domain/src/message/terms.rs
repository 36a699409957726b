//! How a programmable message is sent: who hears of its status, how long it may wait for its carrier, and when it goes out
//! (rules E.1, E.7). A copy of a conversation's message has no terms: its conversation's webhooks hear of it, and nothing that is
//! published lets it expire.

use serde::{Deserialize, Serialize};

use super::{Begin, Delivery, Message, Progress};
use crate::carriage::DeliveryStatus;
use crate::configuration::MessagingService;
use crate::incoming::{Listener, listener, settings};
use crate::sender::OwnSender;
use crate::timestamp::{Millis, Timestamp};

/// The code of a copy that waited longer than it is valid (error dictionary, 30036).
pub const EXPIRED: u32 = 30_036;
/// How long a message may wait, in seconds, if nobody says so: as long as anybody may say (rule E.1).
pub const VALIDITY_MAX: u32 = 36_000;

/// How one message is sent.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Terms {
    /// Who hears of each status after the first.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub status_callback: Option<Listener>,
    /// Whether that is whom its sender names, who is asked when it is handed over.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub asks_sender: bool,
    /// How many seconds it may wait for its carrier, if somebody said so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub validity: Option<u32>,
    /// When it goes out, if not at once.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub send_at: Option<Timestamp>,
    /// When it was let go: from then on it waits for its carrier as any other.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub released: Option<Timestamp>,
}

/// Who hears of the status of a message (rule E.1): whoever it names itself, else its messaging service, else the sender's
/// own. That the number comes last is inferred: the reference has its setting, and says of two that the message's wins.
pub fn status_callback(
    own: Option<Listener>,
    service: Option<&MessagingService>,
    sender: Option<&OwnSender>,
) -> Option<Listener> {
    let services = || {
        let kept = settings(service?.settings.as_deref());
        listener(&kept, "StatusCallback", "StatusCallbackMethod")
    };
    own.or_else(services).or_else(|| sender?.status_callback.clone())
}

/// How many seconds a message may wait: as it says itself, else as its messaging service does.
pub fn validity(own: Option<u32>, service: Option<&MessagingService>) -> Option<u32> {
    let services = || {
        let kept = settings(service?.settings.as_deref());
        kept["ValidityPeriod"].as_u64().and_then(|seconds| u32::try_from(seconds).ok())
    };
    own.or_else(services)
}

impl Message {
    /// The same on these terms. One that has a time to go out is scheduled.
    #[must_use]
    pub fn on_terms(mut self, terms: Terms) -> Self {
        if terms.send_at.is_some() {
            for copy in &mut self.fields.deliveries {
                copy.status = DeliveryStatus::Scheduled;
            }
        }
        self.fields.terms = (terms != Terms::default()).then(|| Box::new(terms));
        self
    }

    /// Who hears of its status.
    pub fn status_callback(&self) -> Option<&Listener> {
        self.terms.as_ref()?.status_callback.as_ref()
    }

    /// Whether its sender is still to be asked who hears of its status.
    pub fn asks_sender(&self) -> bool {
        self.terms.as_ref().is_some_and(|terms| terms.asks_sender)
    }

    /// The same when its sender was asked; as it is, if that is not needed.
    #[must_use]
    pub fn heard_as_by(mut self, sender: Option<&OwnSender>) -> Self {
        if !self.asks_sender() {
            return self;
        }
        let mut terms = self.fields.terms.take().map(|terms| *terms).unwrap_or_default();
        terms.asks_sender = false;
        terms.status_callback = status_callback(terms.status_callback, None, sender);
        self.fields.terms = (terms != Terms::default()).then(|| Box::new(terms));
        self
    }

    /// When it goes out, or was to go out, if not at once.
    pub fn send_at(&self) -> Option<Timestamp> {
        self.terms.as_ref()?.send_at
    }

    /// Since when a copy waits for its carrier.
    pub fn queued_at(&self, copy: &Delivery) -> Timestamp {
        let released = self.terms.as_ref().and_then(|terms| terms.released);
        released.unwrap_or(copy.created)
    }

    /// The last moment at which a copy is handed to its carrier, if there is one.
    fn valid_until(&self, copy: &Delivery) -> Option<Timestamp> {
        if self.conversation.is_some() {
            return None;
        }
        let seconds = self.terms.as_ref().and_then(|terms| terms.validity);
        let seconds = seconds.unwrap_or(VALIDITY_MAX);
        Some(self.queued_at(copy) + Millis::seconds(i64::from(seconds)))
    }

    /// How long its carrier may keep a copy waiting, in seconds, where somebody said how long it may wait.
    pub fn valid_seconds(&self, copy: &Delivery, now: Timestamp) -> Option<u32> {
        let most = self.terms.as_ref()?.validity?;
        let left = (self.valid_until(copy)? - now).0 / 1000;
        Some(u32::try_from(left).unwrap_or(0).clamp(1, most.max(1)))
    }

    /// Fails a copy that waited for its carrier for longer than it is valid; none if it did not, or if a carrier may have it: a
    /// send whose end nobody knows is asked about first.
    pub fn expire(&self, number: u32, now: Timestamp) -> Option<Progress> {
        let copy = self.delivery(number)?;
        let is_over = self.valid_until(copy).is_some_and(|until| now > until);
        if !is_over || copy.begin(now) != Begin::Send {
            return None;
        }
        let mut message = self.clone();
        let copy = message.delivery_mut(number)?;
        copy.fail(EXPIRED);
        copy.updated = now;
        Some(Progress { message, events: Vec::new() })
    }
}

#[cfg(test)]
mod tests;
