//! All queues together: who exists, what a request means for them, and what it changed.

mod answer;
mod draft;
mod messages;
mod queues;
mod redrive;

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;
use sha2::{Digest, Sha256};

use crate::attributes::Attributes;
use crate::error::{ErrorKind, SqsError};
use crate::journal::{Change, JournalError, Kept};
use crate::message::hex;
use crate::queue::Queue;
use crate::request::{Request, required};

/// Sequence numbers have twenty digits in AWS; this is the first of them.
const SEQUENCE_START: u64 = 10_000_000_000_000_000_000;

/// Where the queues pretend to be, as shown in their URLs and ARNs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Settings {
    /// What queue URLs begin with, without a slash at the end.
    pub endpoint: String,
    /// The region in ARNs.
    pub region: String,
    /// The account in URLs and ARNs.
    pub account: String,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            endpoint: "http://sqs.local".into(),
            region: "us-east-1".into(),
            account: "000000000000".into(),
        }
    }
}

/// Every queue and the rules over them; it does nothing by itself and never asks for the time.
#[derive(Debug)]
pub struct Engine {
    settings: Settings,
    seed: i64,
    next: u64,
    queues: BTreeMap<String, Queue>,
    moves: Vec<redrive::Move>,
    changes: Vec<Change>,
    woken: BTreeSet<u64>,
}

impl Engine {
    /// Creates an engine without queues; equal seeds give equal message ids.
    pub fn new(settings: Settings, seed: i64) -> Self {
        Self {
            settings,
            seed,
            next: 1,
            queues: BTreeMap::new(),
            moves: Vec::new(),
            changes: Vec::new(),
            woken: BTreeSet::new(),
        }
    }

    /// Does one request at `now_ms`, without waiting for messages.
    ///
    /// # Errors
    /// Returns the refusal SQS documents; a refused request changes nothing.
    pub fn call(&mut self, target: &str, body: &[u8], now_ms: i64) -> Result<Value, SqsError> {
        let answer = self.answer(&Request::parse(target, body)?, now_ms);
        self.take_changes();
        answer
    }

    /// Makes everything in flight visible now and tells how many messages that were.
    pub fn release_in_flight(&mut self, now_ms: i64) -> usize {
        let mut released = 0;
        for queue in self.queues.values_mut() {
            released += queue.release_in_flight(now_ms, &mut self.changes);
            self.woken.insert(queue.serial);
        }
        released
    }

    pub(crate) fn restore(settings: Settings, kept: Kept) -> Result<Self, JournalError> {
        let mut engine = Self::new(settings, kept.seed);
        engine.next = kept.next;
        let mut by_serial = BTreeMap::new();
        for record in kept.queues {
            let queue = queues::restore(record)
                .map_err(|error| JournalError::Corrupt(error.to_string()))?;
            by_serial.insert(queue.serial, queue);
        }
        let lost = || JournalError::Corrupt("something of a queue that is not there".into());
        for (serial, message) in kept.messages {
            by_serial.get_mut(&serial).ok_or_else(lost)?.restore_message(message);
        }
        for (serial, key, sighting) in kept.sightings {
            by_serial.get_mut(&serial).ok_or_else(lost)?.restore_sighting(key, sighting);
        }
        engine.queues = by_serial.into_values().map(|queue| (queue.name.clone(), queue)).collect();
        Ok(engine)
    }

    /// Returns what has changed since last asked, and the first number not given out.
    pub(crate) fn take_changes(&mut self) -> (Vec<Change>, u64) {
        (std::mem::take(&mut self.changes), self.next)
    }

    /// Returns the queues whose waiting receivers should look again.
    pub(crate) fn take_woken(&mut self) -> BTreeSet<u64> {
        std::mem::take(&mut self.woken)
    }

    /// Returns when time alone may make something receivable there.
    pub(crate) fn next_event_ms(&self, url: &Option<String>) -> Option<i64> {
        self.queue(url).ok().and_then(Queue::next_event_ms)
    }

    /// Returns whether nothing is receivable there now; a queue that does not exist is not quiet.
    pub(crate) fn is_quiet(&self, url: &Option<String>, now_ms: i64) -> bool {
        self.queue(url).is_ok_and(|queue| queue.is_quiet(now_ms))
    }

    /// Returns the number that stands for a queue as long as it exists.
    pub(crate) fn serial(&self, url: &Option<String>) -> Result<u64, SqsError> {
        self.queue(url).map(|queue| queue.serial)
    }

    fn issue(&mut self) -> u64 {
        let number = self.next;
        self.next += 1;
        number
    }

    /// Returns an id in the form of a UUID that no other number and seed gives.
    fn id_of(&self, number: u64) -> String {
        let mut digest = Sha256::new();
        digest.update(self.seed.to_be_bytes());
        digest.update(number.to_be_bytes());
        let text = hex(&digest.finalize()[..16]);
        let part = |from: usize, to: usize| &text[from..to];
        format!(
            "{}-{}-4{}-8{}-{}",
            part(0, 8),
            part(8, 12),
            part(13, 16),
            part(17, 20),
            part(20, 32)
        )
    }

    fn queue(&self, url: &Option<String>) -> Result<&Queue, SqsError> {
        self.queues.get(name_in(url)?).ok_or_else(SqsError::no_queue)
    }

    /// Finds a queue and lets time pass in it.
    fn queue_now(
        &mut self,
        url: &Option<String>,
        now_ms: i64,
    ) -> Result<(&mut Queue, &mut Vec<Change>), SqsError> {
        let queue = self.queues.get_mut(name_in(url)?).ok_or_else(SqsError::no_queue)?;
        queue.advance(now_ms, &mut self.changes);
        Ok((queue, &mut self.changes))
    }

    fn arn(&self, name: &str) -> String {
        format!("arn:aws:sqs:{}:{}:{name}", self.settings.region, self.settings.account)
    }

    fn url(&self, name: &str) -> String {
        format!("{}/{}/{name}", self.settings.endpoint, self.settings.account)
    }

    /// Returns the queue an ARN names, if it is one of ours.
    fn queue_of_arn(&self, arn: &str) -> Option<&Queue> {
        let name = arn.rsplit(':').next()?;
        self.queues.get(name).filter(|_| arn == self.arn(name))
    }

    fn check_redrive(&self, name: &str, attributes: &Attributes) -> Result<(), SqsError> {
        let Some(redrive) = &attributes.redrive else {
            return Ok(());
        };
        let refuse = |reason: &str| SqsError::invalid("RedrivePolicy", &redrive.target_arn, reason);
        let target = self
            .queue_of_arn(&redrive.target_arn)
            .ok_or_else(|| refuse("Dead letter target does not exist."))?;
        if target.name == name {
            return Err(refuse("A queue cannot be its own dead-letter queue."));
        }
        if target.attributes.fifo != attributes.fifo {
            return Err(refuse("Dead-letter queue must be same type of queue as the source."));
        }
        if !redrive::allows(&target.attributes.redrive_allow, &self.arn(name)) {
            return Err(refuse("The dead-letter queue does not allow this source queue."));
        }
        Ok(())
    }
}

/// Returns the queue's name in a queue URL, whatever host the URL begins with.
fn name_in(url: &Option<String>) -> Result<&str, SqsError> {
    let url = required(url, "QueueUrl")?;
    let (_, name) = url.rsplit_once('/').filter(|(_, name)| !name.is_empty()).ok_or_else(|| {
        let shown: String = url.chars().take(200).collect();
        let reason = format!("The address {shown} is not valid for this endpoint.");
        SqsError::new(ErrorKind::InvalidAddress, reason)
    })?;
    Ok(name)
}

fn sequence(number: u64) -> String {
    (SEQUENCE_START + number).to_string()
}
