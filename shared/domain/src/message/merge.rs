//! Replies that follow each other at once leave as one, if their messaging service asks for it: every message to a carrier costs money.
//! The rule is this project's own; the vendor has none.
//!
//! ```text
//!  first copy:  waits ──time of the service──▶ takes those behind it along, and is sent ──▶ its end
//!  the others:  wait for the first, and come to the same end, each with a receipt of its own
//! ```
//!
//! What is taken along is written in the transaction that leases the first copy, so that a crash sends neither twice nor none.

use serde::{Deserialize, Serialize};

use super::{Delivery, Message, Progress, fit_text};
use crate::address::ChannelType;
use crate::carriage::{DeliveryStatus, StatusReport};
use crate::encoding::segments;
use crate::sid::MessageSid;
use crate::timestamp::{Millis, Timestamp};

/// The longest time that a reply waits for others.
pub const MERGED_WITHIN_MAX: u8 = 5;
/// So many replies leave as one at most.
pub const MERGED_MAX: usize = 10;
/// What stands between two texts.
const BETWEEN: &str = "\n";

/// A copy of a message, somewhere else.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct CopyOf {
    /// The message.
    pub message: MessageSid,
    /// The number of the copy.
    pub number: u32,
}

/// What becomes of a copy that is in another one's hands.
#[derive(Debug, Clone, PartialEq)]
pub enum Taken {
    /// That one is on its way.
    Waits,
    /// That one came to an end, and so does this.
    Ends(Box<Progress>),
    /// It is known already what came of this.
    Ended,
}

impl Message {
    /// Whether a copy may leave with others, or take them along.
    pub fn may_merge(&self, number: u32) -> bool {
        self.mergeable(number).is_some()
    }

    /// Until when a copy waits for what its author writes next; none if it goes at once.
    pub fn waits_for_more(&self, number: u32, within: Millis, now: Timestamp) -> Option<Timestamp> {
        let copy = self.mergeable(number)?;
        Some(copy.created + within).filter(|until| now < *until)
    }

    /// The messages whose copies leave with one of this message: what the same author wrote next, in order, while nobody else wrote
    /// and the text is one that its channel takes; as text messages they are to be no dearer apart.
    pub fn takes_along<'a>(
        &self,
        number: u32,
        next: &'a [Self],
        within: Millis,
    ) -> Vec<(&'a Self, CopyOf)> {
        let mut taken = Vec::new();
        let Some(first) = self.mergeable(number) else { return taken };
        let (channel, end) = (first.pair.address.channel(), first.created + within);
        let mut text = self.words().to_owned();
        let mut apart = segments(&text);
        for message in next.iter().filter(|one| !one.removed) {
            let mut copies = message.deliveries.iter();
            let theirs = copies.find(|one| one.pair == first.pair);
            let theirs = theirs.and_then(|one| message.mergeable(one.number));
            let Some(copy) = theirs.filter(|one| one.created <= end) else { break };
            let longer = format!("{text}{BETWEEN}{}", message.words());
            apart += segments(message.words());
            let is_dearer = channel == ChannelType::Sms && segments(&longer) > apart;
            let is_theirs = message.author == self.author && message.index > self.index;
            if !is_theirs || is_dearer || fit_text(channel, &longer).is_err() {
                break;
            }
            text = longer;
            taken.push((message, CopyOf { message: message.sid, number: copy.number }));
            if taken.len() + 1 == MERGED_MAX {
                break;
            }
        }
        taken
    }

    /// A copy that may leave with others, or take them along: the text of somebody in a conversation, that nobody has begun to send.
    fn mergeable(&self, number: u32) -> Option<&Delivery> {
        let is_text = !self.words().is_empty() && self.media.is_empty() && !self.removed;
        let is_text = is_text && self.filled.is_none();
        let is_reply =
            self.conversation.is_some() && self.origin.is_none() && self.answers_keyword.is_none();
        let copy = self.delivery(number).filter(|_| is_text && is_reply)?;
        let is_new = copy.status == DeliveryStatus::Queued && copy.attempts == 0;
        let is_free = copy.merged.is_empty() && copy.merged_into.is_none();
        (is_new && is_free && !self.goes_to_a_group(copy)).then_some(copy)
    }

    fn words(&self) -> &str {
        self.body.as_ref().map_or("", |body| body.as_str())
    }

    /// The same with a copy that takes others along.
    #[must_use]
    pub fn taking(mut self, number: u32, others: &[CopyOf]) -> Self {
        if let Some(copy) = self.delivery_mut(number) {
            copy.merged = others.to_vec();
        }
        self
    }

    /// The same with a copy that leaves with another.
    #[must_use]
    pub fn taken_by(mut self, number: u32, lead: CopyOf) -> Self {
        if let Some(copy) = self.delivery_mut(number) {
            copy.merged_into = Some(lead);
        }
        self
    }

    /// The text of this message and those that leave with it. One that was taken away meanwhile is left out.
    pub fn text_with<'a>(&'a self, others: impl IntoIterator<Item = &'a Self>) -> String {
        let texts = std::iter::once(self).chain(others).map(Self::words);
        let texts: Vec<&str> = texts.filter(|text| !text.is_empty()).collect();
        texts.join(BETWEEN)
    }

    /// The copy that stands for one of this message at its carrier: itself, unless it left with another.
    pub fn stands_for(&self, number: u32) -> CopyOf {
        let lead = self.delivery(number).and_then(|copy| copy.merged_into);
        lead.unwrap_or(CopyOf { message: self.sid, number })
    }

    /// What becomes of a copy that leaves with one of another message. If that one is not there any more, it was sent: what waits
    /// cannot be taken away.
    pub fn goes_with(&self, number: u32, lead: Option<&Delivery>, now: Timestamp) -> Taken {
        let mut message = self.clone();
        let copy = message.delivery_mut(number);
        let Some(copy) = copy.filter(|copy| copy.status == DeliveryStatus::Queued) else {
            return Taken::Ended;
        };
        let (status, error_code) =
            lead.map_or((DeliveryStatus::Sent, None), |lead| (lead.status, lead.error_code));
        if status == DeliveryStatus::Queued {
            return Taken::Waits;
        }
        copy.carrier_message_id = lead.and_then(|lead| lead.carrier_message_id.clone());
        (copy.status, copy.error_code, copy.updated) = (status, error_code, now);
        let events = vec![self.delivery_updated(number)];
        Taken::Ends(Box::new(Progress { message, events }))
    }
}

impl StatusReport {
    /// What a report on a copy says of one that left with it: as much, but that it cost nothing.
    #[must_use]
    pub fn of_merged(&self) -> Self {
        Self { pricing: None, message: None, delivery: None, ..self.clone() }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tests::{NOW, conversation, sent, written_next};
    use super::*;
    use crate::carriage::SendOutcome;

    const WITHIN: Millis = Millis::seconds(2);

    /// Texts that one agent writes one after the other, a tenth of a second between them.
    fn said(texts: &[(&str, &str)]) -> Vec<Message> {
        let mut open = conversation(1);
        let mut all = Vec::new();
        for (place, (author, text)) in (0..).zip(texts) {
            let (after, message) = written_next(&open, author, text, NOW + Millis(100 * place));
            open = after;
            all.push(message);
        }
        all
    }

    fn together(texts: &[(&str, &str)]) -> usize {
        let all = said(texts);
        all[0].takes_along(1, &all[1..], WITHIN).len()
    }

    #[test]
    fn a_reply_waits_for_the_time_of_its_service_and_no_longer() {
        let message = sent(1);
        let end = message.deliveries[0].created + WITHIN;
        assert_eq!(message.waits_for_more(1, WITHIN, end + Millis(-1)), Some(end));
        assert_eq!(message.waits_for_more(1, WITHIN, end), None);
        let begun = message.lease(1, NOW).unwrap();
        assert_eq!(begun.waits_for_more(1, WITHIN, NOW), None);
        assert_eq!(message.waits_for_more(9, WITHIN, NOW), None);
    }

    #[test]
    fn what_one_author_writes_in_a_row_leaves_as_one() {
        assert_eq!(together(&[("ann", "a"), ("ann", "b"), ("ann", "c")]), 2);
        assert_eq!(together(&[("ann", "a"), ("bob", "b"), ("ann", "c")]), 0);
        assert_eq!(together(&[("ann", "a"), ("ann", "b"), ("bob", "c"), ("ann", "d")]), 1);
        let all = said(&[("ann", "a"), ("ann", "b"), ("ann", "c")]);
        assert_eq!(all[0].text_with(&all[1..]), "a\nb\nc");
        // The customer's own words come between.
        assert_eq!(together(&[("ann", "a"), ("+14155550100", "b"), ("ann", "c")]), 0);
        let many = vec![("ann", "m"); MERGED_MAX + 3];
        assert_eq!(together(&many), MERGED_MAX - 1);
    }

    #[test]
    fn what_was_written_later_goes_by_itself() {
        let all = said(&[("ann", "a"), ("ann", "b"), ("ann", "c")]);
        let within = |milliseconds| all[0].takes_along(1, &all[1..], Millis(milliseconds)).len();
        assert_eq!([within(99), within(100), within(199), within(200)], [0, 1, 1, 2]);
    }

    #[test]
    fn a_text_is_no_longer_than_its_channel_takes_and_no_dearer() {
        let (half, rest) = ("m".repeat(1000), "m".repeat(600));
        assert_eq!(together(&[("ann", &half), ("ann", &rest)]), 0);
        assert_eq!(together(&[("ann", &half), ("ann", &rest[1..])]), 1);
        // 150 characters of GSM-7 and one that is not: one segment each, three together.
        let plain = "m".repeat(150);
        assert_eq!(together(&[("ann", &plain), ("ann", "ж")]), 0);
        assert_eq!(together(&[("ann", "м"), ("ann", "ж")]), 1);
    }

    #[test]
    fn a_copy_that_was_taken_along_comes_to_the_end_of_the_other() {
        let all = said(&[("ann", "a"), ("ann", "b")]);
        let (lead, other) = (&all[0], &all[1]);
        let taken = lead.takes_along(1, &all[1..], WITHIN);
        let taken: Vec<CopyOf> = taken.into_iter().map(|(_, copy)| copy).collect();
        let lead = lead.lease(1, NOW).unwrap().taking(1, &taken);
        let other = other.clone().taken_by(1, CopyOf { message: lead.sid, number: 1 });
        assert_eq!(other.goes_with(1, lead.delivery(1), NOW), Taken::Waits);
        assert!(other.takes_along(1, &all, WITHIN).is_empty());
        let accepted = SendOutcome::Accepted { carrier_message_id: "SM1".to_owned() };
        let refused = SendOutcome::Rejected { error_code: 21610, reason: String::new() };
        for (outcome, status, code, id) in [
            (accepted, DeliveryStatus::Sent, None, Some("SM1")),
            (refused, DeliveryStatus::Failed, Some(21610), None),
        ] {
            let out = lead.record(1, &outcome, NOW).unwrap().message;
            let Taken::Ends(end) = other.goes_with(1, out.delivery(1), NOW) else { panic!() };
            let copy = end.message.delivery(1).unwrap();
            let ended = (copy.status, copy.error_code, copy.carrier_message_id.as_deref());
            assert_eq!((ended, end.events.len()), ((status, code, id), 1));
            assert_eq!(end.message.goes_with(1, out.delivery(1), NOW), Taken::Ended);
        }
        let Taken::Ends(end) = other.goes_with(1, None, NOW) else { panic!() };
        assert_eq!(end.message.deliveries[0].status, DeliveryStatus::Sent);
    }
}
