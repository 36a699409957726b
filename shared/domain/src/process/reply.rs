//! What an endpoint answers to a customer's message: messages of ours (rule E.4). Their identifiers follow from the message that they
//! answer, so what is asked for twice is sent once.

use super::{media, notify};
use crate::address::Address;
use crate::carriage::Media;
use crate::codes::Code;
use crate::conversation::Pair;
use crate::decision::Decision;
use crate::incoming::Listener;
use crate::message::{Message, TEXT_CHARS_MAX, Terms, outside, status_callback};
use crate::private::Private;
use crate::sender::OwnSender;
use crate::sid::{MessageSid, Sid as _};
use crate::timestamp::Timestamp;

/// The most files of one (rule E.8).
pub const MEDIA_MAX: usize = 10;
/// The most replies to one message. **Inferred:** that there is a limit is published (14109), and not which.
pub const REPLIES_MAX: usize = 20;

/// One message that is asked for in answer to another.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Reply {
    /// To whom, if not to who wrote.
    pub to: Option<String>,
    /// By which number of ours, if not by the one that was written to.
    pub from: Option<String>,
    /// The text.
    pub body: String,
    /// Where the files are.
    pub media: Vec<String>,
    /// Who hears of its status, if not whoever the number that sends it names.
    pub status_callback: Option<Listener>,
}

/// Why a reply is not sent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Unsendable {
    /// Nobody can be reached so: 14101.
    To,
    /// It is no number of ours, or one on another channel: 14102.
    From,
    /// There is no text and no file, or too much of it: 14103.
    Body,
    /// A file is not on the web, or there are too many: 21620, 21623.
    Media(Code),
}

impl Unsendable {
    /// The published code.
    pub const fn number(self) -> u32 {
        match self {
            Self::To => 14_101,
            Self::From => 14_102,
            Self::Body => 14_103,
            Self::Media(code) => code.number(),
        }
    }
}

impl Reply {
    /// Another sender than the number that was written to, which has to be one of ours.
    pub fn other_sender(&self, inbound: &Message) -> Option<Address> {
        let from: Address = self.from.as_ref()?.parse().ok()?;
        let own = inbound.origin.as_ref().map(|origin| &origin.pair.proxy);
        (own != Some(&from)).then_some(from)
    }

    /// The message that it is, by the record of the sender. Its identifier follows from the one that it answers and
    /// from its place among the answers, so what is asked for twice is sent once.
    ///
    /// # Errors
    /// Says what about it cannot be.
    pub fn message(
        &self,
        inbound: &Message,
        place: usize,
        own: Option<&OwnSender>,
        now: Timestamp,
    ) -> Result<Message, Unsendable> {
        let origin = inbound.origin.as_ref().ok_or(Unsendable::To)?;
        let address = |text: &Option<String>, own: &Address| match text {
            Some(text) => text.parse().ok(),
            None => Some(own.clone()),
        };
        let to = address(&self.to, &origin.pair.address).filter(Address::can_be_written_to);
        let to = to.ok_or(Unsendable::To)?;
        let from = address(&self.from, &origin.pair.proxy).ok_or(Unsendable::From)?;
        let body = self.body.trim();
        if body.chars().count() > TEXT_CHARS_MAX || (body.is_empty() && self.media.is_empty()) {
            return Err(Unsendable::Body);
        }
        if self.media.len() > MEDIA_MAX {
            return Err(Unsendable::Media(Code::TooManyMediaFiles));
        }
        let is_on_the_web =
            |url: &String| url.starts_with("https://") || url.starts_with("http://");
        if !self.media.iter().all(is_on_the_web) {
            return Err(Unsendable::Media(Code::InvalidMediaUrl));
        }
        let media = self.media.iter().map(|url| Media::by_name(url.clone()));
        let body = Some(Private(body.to_owned())).filter(|body| !body.is_empty());
        let pair = Pair::new(to, from).map_err(|_| Unsendable::From)?;
        let sid = Self::sid(inbound.sid, place);
        let message = outside(sid, pair, body, media.collect(), None, now);
        let status_callback = status_callback(self.status_callback.clone(), None, own);
        let terms = Terms { status_callback, ..Terms::default() };
        message.map(|it| it.in_answer().on_terms(terms)).map_err(|_| Unsendable::Body)
    }

    /// The identifier of the reply at a place.
    pub fn sid(inbound: MessageSid, place: usize) -> MessageSid {
        MessageSid::derived(&["reply", &inbound.to_string(), &place.to_string()])
    }
}

/// Everything that sending replies takes, in one decision.
pub fn send(replies: Vec<Message>) -> Decision {
    let mut decision = Decision::unchanged();
    for reply in replies {
        let mut effects = notify::sends(&reply);
        effects.extend(media::copies(&reply));
        decision = decision.and(reply).asking(effects);
    }
    decision
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::{CarrierName, InboundMessage};
    use crate::message::{Direction, unrouted};

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn inbound() -> Message {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        let id = "SM0123456789abcdef0123456789abcdef";
        unrouted(&InboundMessage::new(CarrierName::default(), id, pair, "hello", NOW), None)
    }

    fn reply(body: &str) -> Reply {
        Reply { body: body.to_owned(), ..Reply::default() }
    }

    #[test]
    fn a_reply_goes_to_who_wrote_by_the_number_they_wrote_to_and_is_the_same_twice() {
        let inbound = inbound();
        let first = reply(" thanks ").message(&inbound, 0, None, NOW).unwrap();
        let pair = &first.deliveries[0].pair;
        assert_eq!((pair.address.as_str(), pair.proxy.as_str()), ("+14155550100", "+18005550199"));
        assert_eq!(first.body.as_ref().unwrap().as_str(), "thanks");
        assert_eq!(first.direction, Direction::OutboundReply);
        assert_eq!(first.sid, reply("thanks").message(&inbound, 0, None, NOW).unwrap().sid);
        assert_ne!(first.sid, reply("thanks").message(&inbound, 1, None, NOW).unwrap().sid);
        assert_eq!(send(vec![first]).effects.len(), 1);
    }

    #[test]
    fn what_cannot_be_sent_says_why_by_its_published_code() {
        let inbound = inbound();
        let to = |to: &str| Reply { to: Some(to.to_owned()), ..reply("x") };
        let from = |from: &str| Reply { from: Some(from.to_owned()), ..reply("x") };
        let files =
            |count| Reply { media: vec!["https://f.example/a.png".to_owned(); count], ..reply("") };
        for (reply, code) in [
            (reply(" "), 14_103),
            (reply(&"x".repeat(TEXT_CHARS_MAX + 1)), 14_103),
            (to("nobody at all"), 14_101),
            (to("chat:ann"), 14_101),
            (to("ACME"), 14_101),
            (from("?"), 14_102),
            (from("whatsapp:+18005550199"), 14_102),
            (from("+14155550100"), 14_102),
            (files(MEDIA_MAX + 1), 21_623),
            (Reply { media: vec!["file:///etc/hosts".to_owned()], ..reply("x") }, 21_620),
            (Reply { media: vec!["/a.png".to_owned()], ..reply("x") }, 21_620),
        ] {
            let found = reply.message(&inbound, 0, None, NOW).map_err(Unsendable::number);
            assert_eq!(found, Err(code), "{reply:?}");
        }
        assert!(reply(&"x".repeat(TEXT_CHARS_MAX)).message(&inbound, 0, None, NOW).is_ok());
        assert_eq!(files(2).message(&inbound, 0, None, NOW).unwrap().media.len(), 2);
    }

    #[test]
    fn another_sender_has_to_be_looked_up() {
        let inbound = inbound();
        let from = |from: &str| Reply { from: Some(from.to_owned()), ..reply("x") };
        assert_eq!(reply("x").other_sender(&inbound), None);
        assert_eq!(from("+18005550199").other_sender(&inbound), None);
        let other = from("+18005550111").other_sender(&inbound).unwrap();
        assert_eq!(other.as_str(), "+18005550111");
    }
}
