//! One queue as pure rules: who receives what, who may delete it, and when it comes back.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use crate::attributes::Attributes;
use crate::error::{ErrorKind, SqsError};
use crate::journal::Change;
use crate::line::{Line, Place};
use crate::message::{Content, Message, State};
use crate::receipt::Receipt;
use crate::repeats::{Memory, RepeatKey, Sighting, WINDOW_MS};

/// The longest a message may be held, all extensions included.
pub(crate) const VISIBILITY_MS_MAX: i64 = 12 * 60 * 60 * 1000;
const IN_FLIGHT_MAX: usize = 120_000;

/// A queue and everything in it.
#[derive(Debug)]
pub(crate) struct Queue {
    pub(crate) serial: u64,
    pub(crate) name: String,
    pub(crate) attributes: Attributes,
    pub(crate) tags: BTreeMap<String, String>,
    pub(crate) created_ms: i64,
    pub(crate) modified_ms: i64,
    pub(crate) purged_ms: Option<i64>,
    messages: BTreeMap<u64, Message>,
    line: Line,
    timers: BTreeSet<(i64, u64)>,
    ages: BTreeSet<(i64, u64)>,
    delayed: usize,
    in_flight: usize,
    sightings: Memory<RepeatKey, Sighting>,
    attempts: Memory<String, Vec<(u64, u32)>>,
}

/// A message as handed to a consumer.
#[derive(Debug, Clone)]
pub(crate) struct Delivery {
    pub(crate) receipt: Receipt,
    pub(crate) first_received_ms: i64,
    pub(crate) content: Arc<Content>,
}

/// What a consumer asks for, already checked.
#[derive(Debug, Clone)]
pub(crate) struct Wish {
    pub(crate) limit: usize,
    pub(crate) visibility_ms: i64,
    pub(crate) attempt: Option<String>,
    /// After how many receives a message is dead, if there is a queue for the dead.
    pub(crate) receives_max: Option<u32>,
}

/// How many messages are where.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) visible: usize,
    pub(crate) in_flight: usize,
    pub(crate) delayed: usize,
}

impl Queue {
    pub(crate) fn new(serial: u64, name: String, attributes: Attributes, now_ms: i64) -> Self {
        Self {
            serial,
            name,
            line: Line::new(attributes.fifo),
            attributes,
            tags: BTreeMap::new(),
            created_ms: now_ms,
            modified_ms: now_ms,
            purged_ms: None,
            messages: BTreeMap::new(),
            timers: BTreeSet::new(),
            ages: BTreeSet::new(),
            delayed: 0,
            in_flight: 0,
            sightings: Memory::new(),
            attempts: Memory::new(),
        }
    }

    /// Lets time pass: delays and visibility timeouts end, old messages and old repeats go.
    pub(crate) fn advance(&mut self, now_ms: i64, changes: &mut Vec<Change>) {
        while let Some(&(until, number)) = self.timers.first()
            && until <= now_ms
        {
            self.set_state(number, State::Ready);
        }
        while let Some(&(sent, number)) = self.ages.first()
            && sent + self.attributes.retention_ms <= now_ms
        {
            self.take(number, changes);
        }
        if self.sightings.forget(now_ms) {
            changes.push(Change::SightingsEnded { queue: self.serial, until_ms: now_ms });
        }
        self.attempts.forget(now_ms);
    }

    /// Returns when time alone next makes a message receivable.
    pub(crate) fn next_event_ms(&self) -> Option<i64> {
        self.timers.first().map(|(until, _)| *until)
    }

    /// Returns whether nothing is receivable now.
    pub(crate) fn is_quiet(&self, now_ms: i64) -> bool {
        self.counts().visible == 0 && self.next_event_ms().is_none_or(|next| next > now_ms)
    }

    pub(crate) fn counts(&self) -> Counts {
        let visible = self.messages.len() - self.in_flight - self.delayed;
        Counts { visible, in_flight: self.in_flight, delayed: self.delayed }
    }

    /// Returns what an earlier send of the same deduplication id was answered with.
    pub(crate) fn sighting(&self, key: &RepeatKey) -> Option<&Sighting> {
        self.sightings.get(key)
    }

    /// Remembers a deduplication id for five minutes.
    pub(crate) fn remember(&mut self, key: RepeatKey, seen: Sighting, changes: &mut Vec<Change>) {
        changes.push(Change::Sighted {
            queue: self.serial,
            key: key.clone(),
            sighting: seen.clone(),
        });
        self.restore_sighting(key, seen);
    }

    pub(crate) fn restore_sighting(&mut self, key: RepeatKey, seen: Sighting) {
        self.sightings.insert(key, seen.until_ms, seen);
    }

    /// Takes in a new message.
    pub(crate) fn add(&mut self, message: Message, changes: &mut Vec<Change>) {
        changes.push(Change::MessageAdded { queue: self.serial, message: message.clone() });
        self.restore_message(message);
    }

    pub(crate) fn restore_message(&mut self, message: Message) {
        let (number, state) = (message.number, message.state);
        self.ages.insert((message.content.sent_ms, number));
        self.messages.insert(number, Message { state: State::Ready, ..message });
        self.set_state(number, state);
    }

    /// Hands out messages; the second list is what was received too often and leaves the queue.
    pub(crate) fn receive(
        &mut self,
        wish: &Wish,
        now_ms: i64,
        changes: &mut Vec<Change>,
    ) -> Result<(Vec<Delivery>, Vec<Message>), SqsError> {
        if let Some(again) = self.replay(wish, now_ms, changes) {
            return Ok((again, Vec::new()));
        }
        let limit = wish.limit.min(IN_FLIGHT_MAX.saturating_sub(self.in_flight));
        if limit == 0 && !self.attributes.fifo {
            let reason = "The maximum number of in flight messages is reached.";
            return Err(SqsError::new(ErrorKind::OverLimit, reason));
        }
        let (mut given, mut dead) = (Vec::new(), Vec::new());
        while given.len() < limit {
            let front = self.line.front(limit - given.len());
            if front.is_empty() {
                break;
            }
            for number in front {
                let count = self.messages.get(&number).map_or(0, |m| m.receive_count);
                if wish.receives_max.is_some_and(|most| count >= most) {
                    dead.extend(self.take(number, changes));
                } else {
                    given.extend(self.hand_out(number, wish.visibility_ms, now_ms, changes));
                }
            }
        }
        self.remember_attempt(wish, &given, now_ms);
        Ok((given, dead))
    }

    /// Deletes a received message. A FIFO queue insists that the receipt still holds it.
    pub(crate) fn delete(
        &mut self,
        receipt: Receipt,
        handle: &str,
        changes: &mut Vec<Change>,
    ) -> Result<(), SqsError> {
        let Some(message) = self.messages.get(&receipt.number) else {
            return Ok(());
        };
        let latest = message.receive_count == receipt.count;
        let held = matches!(message.state, State::InFlight { .. });
        match (self.attributes.fifo, latest, held) {
            (true, true, true) | (false, true, _) => {
                self.take(receipt.number, changes);
                Ok(())
            }
            (true, _, _) => {
                Err(SqsError::invalid("ReceiptHandle", handle, "The receipt handle has expired."))
            }
            (false, false, _) => Ok(()),
        }
    }

    /// Lets a held message come back sooner or later than was agreed.
    pub(crate) fn change_visibility(
        &mut self,
        receipt: Receipt,
        handle: &str,
        visibility_ms: i64,
        now_ms: i64,
        changes: &mut Vec<Change>,
    ) -> Result<(), SqsError> {
        let message = self
            .messages
            .get(&receipt.number)
            .filter(|message| message.receive_count == receipt.count)
            .ok_or_else(|| {
                let reason =
                    "Message does not exist or is not available for visibility timeout change.";
                SqsError::invalid("ReceiptHandle", handle, reason)
            })?;
        let State::InFlight { since_ms, .. } = message.state else {
            let reason = "The message referred to isn't in flight.";
            return Err(SqsError::new(ErrorKind::MessageNotInflight, reason));
        };
        if now_ms + visibility_ms > since_ms + VISIBILITY_MS_MAX {
            let reason = "Total VisibilityTimeout for the message is beyond the limit [43200 \
                          seconds].";
            return Err(SqsError::invalid("VisibilityTimeout", visibility_ms / 1000, reason));
        }
        let until_ms = now_ms + visibility_ms;
        self.set_state(receipt.number, State::InFlight { since_ms, until_ms, changed: true });
        self.record_state(receipt.number, changes);
        self.advance(now_ms, changes);
        Ok(())
    }

    /// Makes every held message visible now and tells how many that were.
    pub(crate) fn release_in_flight(&mut self, now_ms: i64, changes: &mut Vec<Change>) -> usize {
        self.advance(now_ms, changes);
        let held: Vec<u64> = self
            .messages
            .values()
            .filter(|message| matches!(message.state, State::InFlight { .. }))
            .map(|message| message.number)
            .collect();
        for number in &held {
            self.set_state(*number, State::Ready);
            self.record_state(*number, changes);
        }
        held.len()
    }

    /// Takes out every receivable message that `home` finds a place for, in order.
    pub(crate) fn take_visible(
        &mut self,
        home: &impl Fn(&Message) -> Option<String>,
        changes: &mut Vec<Change>,
    ) -> Vec<(String, Message)> {
        let mut taken = Vec::new();
        for number in self.line.front(usize::MAX) {
            if let Some(home) = self.messages.get(&number).and_then(home) {
                taken.extend(self.take(number, changes).map(|message| (home, message)));
            }
        }
        taken
    }

    /// Returns the queues that sent here the messages that could be received now.
    pub(crate) fn visible_sources(&self) -> impl Iterator<Item = &str> {
        let front = self.line.front(usize::MAX).into_iter().filter_map(|n| self.messages.get(&n));
        front.filter_map(|message| message.content.dead_letter_source.as_deref())
    }

    /// Deletes everything; what was sent stays remembered for deduplication.
    pub(crate) fn purge(&mut self, now_ms: i64, changes: &mut Vec<Change>) {
        let numbers: Vec<u64> = self.messages.keys().copied().collect();
        for number in numbers {
            self.take(number, changes);
        }
        self.purged_ms = Some(now_ms);
    }

    fn hand_out(
        &mut self,
        number: u64,
        visibility_ms: i64,
        now_ms: i64,
        changes: &mut Vec<Change>,
    ) -> Option<Delivery> {
        let until_ms = now_ms + visibility_ms;
        self.set_state(number, State::InFlight { since_ms: now_ms, until_ms, changed: false });
        let message = self.messages.get_mut(&number)?;
        message.receive_count += 1;
        message.first_received_ms.get_or_insert(now_ms);
        self.record_state(number, changes);
        self.delivery(number)
    }

    fn delivery(&self, number: u64) -> Option<Delivery> {
        let message = self.messages.get(&number)?;
        let receipt = Receipt { queue: self.serial, number, count: message.receive_count };
        let first_received_ms = message.first_received_ms?;
        Some(Delivery { receipt, first_received_ms, content: message.content.clone() })
    }

    /// Answers a repeated receive with the same messages, if nobody has touched any of them.
    fn replay(
        &mut self,
        wish: &Wish,
        now_ms: i64,
        changes: &mut Vec<Change>,
    ) -> Option<Vec<Delivery>> {
        let items = self.attempts.get(wish.attempt.as_ref()?)?.clone();
        let untouched = items.iter().all(|(number, count)| {
            self.messages.get(number).is_some_and(|message| {
                message.receive_count == *count
                    && matches!(message.state, State::InFlight { changed: false, .. })
            })
        });
        if !untouched {
            return None;
        }
        let until_ms = now_ms + wish.visibility_ms;
        for (number, _) in &items {
            let held = State::InFlight { since_ms: now_ms, until_ms, changed: false };
            self.set_state(*number, held);
            self.record_state(*number, changes);
        }
        Some(items.iter().filter_map(|(number, _)| self.delivery(*number)).collect())
    }

    fn remember_attempt(&mut self, wish: &Wish, given: &[Delivery], now_ms: i64) {
        if let (Some(attempt), true, false) =
            (&wish.attempt, self.attributes.fifo, given.is_empty())
        {
            let items = given.iter().map(|d| (d.receipt.number, d.receipt.count)).collect();
            self.attempts.insert(attempt.clone(), now_ms + WINDOW_MS, items);
        }
    }

    /// Moves a message between states; the one place that keeps counters, timers and order true.
    fn set_state(&mut self, number: u64, next: State) {
        let Some(message) = self.messages.get_mut(&number) else {
            return;
        };
        let before = std::mem::replace(&mut message.state, next);
        let group = message.content.group.clone();
        self.leave_state(number, before);
        let place = match next {
            State::Ready => Place::Ready,
            State::Delayed { until_ms } => {
                self.delayed += 1;
                self.timers.insert((until_ms, number));
                Place::Delayed
            }
            State::InFlight { until_ms, .. } => {
                self.in_flight += 1;
                self.timers.insert((until_ms, number));
                Place::Held
            }
        };
        self.line.place(group.as_ref(), number, place);
    }

    fn leave_state(&mut self, number: u64, state: State) {
        match state {
            State::Ready => {}
            State::Delayed { until_ms } => {
                self.delayed -= 1;
                self.timers.remove(&(until_ms, number));
            }
            State::InFlight { until_ms, .. } => {
                self.in_flight -= 1;
                self.timers.remove(&(until_ms, number));
            }
        }
    }

    fn take(&mut self, number: u64, changes: &mut Vec<Change>) -> Option<Message> {
        let message = self.messages.remove(&number)?;
        self.leave_state(number, message.state);
        self.line.remove(message.content.group.as_ref(), number);
        self.ages.remove(&(message.content.sent_ms, number));
        changes.push(Change::MessageGone { number });
        Some(message)
    }

    fn record_state(&self, number: u64, changes: &mut Vec<Change>) {
        if let Some(message) = self.messages.get(&number) {
            changes.push(Change::MessageState {
                number,
                state: message.state,
                receive_count: message.receive_count,
                first_received_ms: message.first_received_ms,
            });
        }
    }
}
