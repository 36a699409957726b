//! The message that answers a keyword of a customer.

use super::{Message, outside};
use crate::carriage::InboundMessage;
use crate::consent::Keyword;
use crate::conversation::Pair;
use crate::private::Private;
use crate::sender::SenderReceipt;
use crate::sid::{MessageSid, MessagingServiceSid, Sid as _};
use crate::timestamp::Timestamp;

/// What answers a keyword by itself, outside of conversations, by the carrier that brought it; none if the two addresses do not fit
/// together. Its identifier follows from the keyword's, so there is one.
pub fn keyword_answer(
    inbound: &InboundMessage,
    keyword: Keyword,
    text: &str,
    service: Option<MessagingServiceSid>,
    now: Timestamp,
) -> Option<Message> {
    let pair = Pair::new(inbound.from.clone(), inbound.to.clone()).ok()?;
    let sid = MessageSid::derived(&["keyword", &inbound.sid().to_string()]);
    let text = Some(Private(text.to_owned()));
    let by = service.map(|service| (service, SenderReceipt::named(&inbound.to)));
    let mut message = outside(sid, pair, text, Vec::new(), by, now).ok()?.in_answer();
    message.fields.answers_keyword = Some(keyword);
    for copy in &mut message.fields.deliveries {
        copy.carrier = Some(inbound.carrier);
    }
    Some(message)
}

impl Message {
    /// Whether it goes out to somebody who wants nothing more: they asked for it by their keyword (rule E.3).
    pub fn is_exempt(&self) -> bool {
        self.answers_keyword.is_some_and(Keyword::is_answered_anyhow)
    }
}
