//! Messages in a row that a webhook is told of once (rule C.19).
//!
//! ```text
//!  hi ── 2 s ── anybody? ── 1 s ── hello ── 5 s, nothing ──▶ one call, about "hello"
//! ```
//!
//! Nothing is written down: whether a message is told by the next one follows from the times of the two. So whoever calls
//! can be asked twice, late, or by another process.

use super::{Conversation, Target};
use crate::message::{Direction, Message};
use crate::timestamp::{Millis, Timestamp};

/// However fast somebody writes, every tenth message of a conversation is told.
const TOLD_EACH: u32 = 10;

/// What becomes of a call about a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Collected {
    /// It is made.
    Now,
    /// It may still be told by the next one: look again then.
    Later(Millis),
    /// The next message tells it.
    ByTheNext,
}

/// Decides, of a message and the one behind it, if there is one. Only what customers write is collected.
pub fn collected(
    message: &Message,
    next: Option<&Message>,
    within: u8,
    now: Timestamp,
) -> Collected {
    let counts = |one: &&Message| one.direction == Direction::Inbound;
    let until = message.created + Millis::seconds(i64::from(within));
    let is_told = !counts(&message) || (message.index + 1).is_multiple_of(TOLD_EACH);
    match next {
        _ if is_told => Collected::Now,
        Some(next) if counts(&next) && next.created <= until => Collected::ByTheNext,
        Some(_) => Collected::Now,
        None if now < until => Collected::Later(until - now),
        None => Collected::Now,
    }
}

impl Conversation {
    /// Lets the endpoint that its address attached be told of messages in a row once.
    pub(crate) fn collects(&mut self, within: Option<u8>) {
        for webhook in &mut self.fields.webhooks {
            if matches!(webhook.target, Target::Webhook { .. }) {
                webhook.collects = within;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::{CarrierName, InboundMessage};
    use crate::message::unrouted;

    fn written(id: &str, seconds: i64, index: u32) -> Message {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        let at = Timestamp(seconds * 1000);
        let inbound = InboundMessage::new(CarrierName::default(), id, pair, "hi", at);
        let mut told = serde_json::to_value(unrouted(&inbound, None)).unwrap();
        (told["index"], told["created"]) = (index.into(), at.0.into());
        serde_json::from_value(told).unwrap()
    }

    fn at(seconds: i64) -> Timestamp {
        Timestamp(seconds * 1000)
    }

    #[test]
    fn c19_a_message_waits_until_nobody_writes_within_the_time() {
        let first = written("1", 100, 0);
        assert_eq!(collected(&first, None, 5, at(101)), Collected::Later(Millis::seconds(4)));
        assert_eq!(collected(&first, None, 5, at(105)), Collected::Now);
        let soon = written("2", 105, 1);
        assert_eq!(collected(&first, Some(&soon), 5, at(105)), Collected::ByTheNext);
        assert_eq!(collected(&first, Some(&soon), 5, at(999)), Collected::ByTheNext, "as late");
        let late = written("3", 106, 1);
        assert_eq!(collected(&first, Some(&late), 5, at(106)), Collected::Now);
    }

    #[test]
    fn c19_whoever_never_stops_writing_is_told_of_with_every_tenth_message() {
        let (tenth, next) = (written("10", 100, 9), written("11", 101, 10));
        assert_eq!(collected(&tenth, Some(&next), 5, at(100)), Collected::Now);
        assert_eq!(collected(&next, None, 5, at(101)), Collected::Later(Millis::seconds(5)));
    }

    #[test]
    fn c19_what_agents_write_is_told_at_once_and_collects_nothing() {
        let first = written("1", 100, 0);
        let mut told = serde_json::to_value(written("2", 101, 1)).unwrap();
        told["direction"] = "outbound-api".into();
        let reply: Message = serde_json::from_value(told).unwrap();
        assert_eq!(collected(&first, Some(&reply), 5, at(101)), Collected::Now);
        assert_eq!(collected(&reply, None, 5, at(101)), Collected::Now);
    }
}
