//! A message as Programmable Messaging sees it.

use super::{Delivery, Direction, Fields, Message, Origin};
use crate::address::ChannelType;
use crate::carriage::{
    CarrierName, DeliveryStatus, InboundMessage, Media, Signal, SignalKind, message_sid,
};
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
        // It keeps its name when its last file is taken away.
        match self.media.is_empty() && self.media_gone.is_empty() {
            true => self.sid.kin::<SmsSid>(number).to_string(),
            false => self.sid.kin::<MmsSid>(number).to_string(),
        }
    }

    /// The sign that somebody types an answer, to the customer who wrote this on that channel, and the carrier that brought
    /// it (rule E.13). None of what we wrote, of another channel's, and of what was removed: the sign goes by the carrier's own
    /// identifier of the customer's message (*Typing Indicators resource*: "reference the ID of the message that you're
    /// preparing a response for").
    pub fn typing(&self, channel: ChannelType) -> Option<(CarrierName, Signal)> {
        let origin = self.origin.as_ref().filter(|_| !self.removed)?;
        let Pair { address, proxy } = &origin.pair;
        let signal = Signal {
            kind: SignalKind::Typing,
            from: proxy.clone(),
            to: address.clone(),
            about: origin.carrier_message_id.clone(),
        };
        (address.channel() == channel).then_some((origin.carrier, signal))
    }
}

/// The messages that a programmable identifier can stand for: what one of the first carrier's became, and one of ours by its
/// family. Which of them it is, [`Message::programmable_sid`] tells.
pub fn named(text: &str) -> Option<[MessageSid; 2]> {
    let sms = text.parse().map(|sid: SmsSid| sid.twin());
    let bytes: MessageSid = sms.or_else(|_| text.parse().map(|sid: MmsSid| sid.twin())).ok()?;
    Some([message_sid(CarrierName::default(), text), bytes.kin::<MessageSid>(0)])
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

#[cfg(test)]
mod tests {
    use super::*;

    const CUSTOMER: &str = "whatsapp:+14155550171";
    const BUSINESS: &str = "whatsapp:+18005550177";

    /// One that is not the first.
    fn other() -> CarrierName {
        *CarrierName::ALL.iter().find(|carrier| !carrier.is_default()).unwrap()
    }

    fn inbound(carrier: CarrierName, id: &str) -> Message {
        let pair = (CUSTOMER.parse().unwrap(), BUSINESS.parse().unwrap());
        unrouted(&InboundMessage::new(carrier, id, pair, "hello", Timestamp(0)), None)
    }

    #[test]
    fn somebody_types_to_the_customer_under_the_carriers_name_of_the_message() {
        let message = inbound(other(), "wamid.x");
        let (carrier, signal) = message.typing(ChannelType::Whatsapp).unwrap();
        assert_eq!((carrier, signal.kind), (other(), SignalKind::Typing));
        assert_eq!((signal.from.as_str(), signal.to.as_str()), (BUSINESS, CUSTOMER));
        assert_eq!(signal.about, "wamid.x");
    }

    #[test]
    fn nobody_types_on_another_channel_about_our_own_or_about_what_is_gone() {
        let mut message = inbound(other(), "wamid.x");
        assert_eq!(message.typing(ChannelType::Sms), None);
        message.fields.removed = true;
        assert_eq!(message.typing(ChannelType::Whatsapp), None);
        let pair = Pair::new(CUSTOMER.parse().unwrap(), BUSINESS.parse().unwrap()).unwrap();
        let sid = MessageSid::derived(&["m"]);
        let ours = outside(sid, pair, Some("hi".into()), Vec::new(), None, Timestamp(0)).unwrap();
        assert_eq!(ours.typing(ChannelType::Whatsapp), None);
    }

    #[test]
    fn a_programmable_identifier_leads_to_its_message_whoever_brought_it() {
        let of_other = inbound(other(), "wamid.x");
        let sid = format!("SM{}", "5".repeat(32));
        for message in [inbound(CarrierName::default(), &sid), of_other] {
            let text = message.programmable_sid(None);
            assert!(named(&text).unwrap().contains(&message.sid), "{text}");
        }
        for wrong in ["", "SM5", &sid[2..], &format!("CH{}", "5".repeat(32)), "wamid.x"] {
            assert_eq!(named(wrong), None, "{wrong}");
        }
    }
}
