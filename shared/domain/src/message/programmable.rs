//! A message as Programmable Messaging sees it.

use super::{Delivery, Direction, Fields, Message, Origin};
use crate::carriage::{DeliveryStatus, InboundMessage, Media};
use crate::conversation::Pair;
use crate::private::Private;
use crate::refusal::Refusal;
use crate::sender::SenderReceipt;
use crate::sid::{MessageSid, MessagingServiceSid, MmsSid, Sid as _, SmsSid};
use crate::template::Filled;
use crate::timestamp::Timestamp;

impl Message {
    /// The same as an answer to what a customer wrote.
    #[must_use]
    pub fn in_answer(mut self) -> Self {
        self.fields.direction = Direction::OutboundReply;
        self
    }

    /// The same as it is made of a template, whose text is in place of its own.
    #[must_use]
    pub fn made_of(mut self, filled: Filled) -> Self {
        self.fields.body = filled.text();
        self.fields.filled = Some(Box::new(filled));
        self
    }

    /// The status of a copy, as Programmable Messaging shows it (rule E.7).
    pub fn status_of(&self, copy: &Delivery) -> &'static str {
        let waits = copy.status == DeliveryStatus::Queued;
        if waits && copy.begun.is_some() {
            "sending"
        } else if waits && copy.attempts == 0 && self.messaging_service.is_some() {
            "accepted"
        } else {
            copy.status.name()
        }
    }

    /// What one view of it is called: the carrier's own identifier where that is one, else kin of the message's. `delivery` is the
    /// number of a copy; none is what came in.
    pub fn programmable_sid(&self, delivery: Option<u32>) -> String {
        let first = self.origin.as_ref().filter(|origin| origin.carrier.is_default());
        let carriers = first.map(|origin| origin.carrier_message_id.as_str());
        let is_one = |text: &&str| text.parse::<SmsSid>().is_ok() || text.parse::<MmsSid>().is_ok();
        if let Some(text) = carriers.filter(is_one) {
            return text.to_owned();
        }
        let number = delivery.unwrap_or_else(|| self.sid.number());
        match self.media.is_empty() {
            true => self.sid.kin::<SmsSid>(number).to_string(),
            false => self.sid.kin::<MmsSid>(number).to_string(),
        }
    }
}

/// A message that no conversation wanted: kept, and shown as unrouted.
pub fn unrouted(inbound: &InboundMessage, service: Option<MessagingServiceSid>) -> Message {
    Message::new(Fields {
        sid: inbound.sid(),
        conversation: None,
        index: 0,
        listed: true,
        direction: Direction::Inbound,
        author: inbound.from.to_string(),
        participant: None,
        body: Some(inbound.text().unwrap_or_default()),
        media: inbound.media.clone(),
        media_gone: Vec::new(),
        attributes: inbound.attributes(),
        speaker: None,
        origin: Some(Origin::of(inbound, None)),
        messaging_service: service,
        sender: None,
        answers_keyword: None,
        filled: None,
        terms: None,
        deliveries: Vec::new(),
        created: inbound.received_at,
        edited: None,
        removed: false,
    })
}

/// A programmable message outside of conversations; by which messaging service it goes, and why that chose the sender.
pub fn outside(
    sid: MessageSid,
    pair: Pair,
    body: Option<Private<String>>,
    media: Vec<Media>,
    by: Option<(MessagingServiceSid, SenderReceipt)>,
    now: Timestamp,
) -> Result<Message, Refusal> {
    if body.as_ref().is_none_or(|body| body.is_empty()) && media.is_empty() {
        return Err(Refusal::EmptyMessage);
    }
    let (messaging_service, sender) = by.unzip();
    Ok(Message::new(Fields {
        sid,
        conversation: None,
        index: 0,
        listed: true,
        direction: Direction::OutboundApi,
        author: pair.proxy.to_string(),
        participant: None,
        body,
        media,
        media_gone: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        messaging_service,
        sender,
        answers_keyword: None,
        filled: None,
        terms: None,
        deliveries: vec![Delivery::new(1, None, pair, now)],
        created: now,
        edited: None,
        removed: false,
    }))
}
