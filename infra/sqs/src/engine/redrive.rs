//! Dead letters: messages received too often leave for another queue, and come back on request.

use std::collections::BTreeMap;
use std::sync::Arc;

use serde_json::{Value, json};

use super::Engine;
use crate::attributes::RedriveAllow;
use crate::error::{ErrorKind, SqsError};
use crate::message::{Content, Message, State};
use crate::request::{CancelMove, ListMoves, StartMove, required};

const RATE_MAX: i64 = 500;
const MOVES_KEPT: usize = 10;

/// A finished move of messages out of a dead-letter queue.
#[derive(Debug, Clone)]
pub(super) struct Move {
    handle: String,
    source_arn: String,
    destination_arn: Option<String>,
    rate: Option<i64>,
    moved: usize,
    left: usize,
    started_ms: i64,
}

impl Engine {
    /// Puts messages that were received too often into the dead-letter queue.
    pub(super) fn bury(&mut self, dead: Vec<Message>, source: &str, target: &str, now_ms: i64) {
        let source_arn = self.arn(source);
        for message in dead {
            let mut content = Content::clone(&message.content);
            content.dead_letter_source = Some(source_arn.clone());
            // Only in a FIFO dead-letter queue does the retention period start anew.
            if target.ends_with(".fifo") {
                content.sent_ms = now_ms;
            }
            let content = Arc::new(content);
            let number = self.issue();
            let moved = Message { number, content, state: State::Ready, ..message };
            self.put(target, moved);
        }
    }

    pub(super) fn start_move(
        &mut self,
        request: &StartMove,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let source_arn = required(&request.source_arn, "SourceArn")?.to_owned();
        let rate = request.max_number_of_messages_per_second;
        if let Some(rate) = rate.filter(|rate| !(1..=RATE_MAX).contains(rate)) {
            let reason = "Must be between 1 and 500.";
            return Err(SqsError::invalid("MaxNumberOfMessagesPerSecond", rate, reason));
        }
        let source = self.checked_source(&source_arn)?;
        let destination = self.checked_destination(request, &source)?;
        if let Some(queue) = self.queues.get_mut(&source) {
            queue.advance(now_ms, &mut self.changes);
        }
        let (moved, left) = self.move_all(&source, destination.as_deref(), now_ms);

        let number = self.issue();
        let handle = self.id_of(number);
        self.moves.push(Move {
            handle: handle.clone(),
            source_arn: source_arn.clone(),
            destination_arn: request.destination_arn.clone(),
            rate,
            moved,
            left,
            started_ms: now_ms,
        });
        let of_source = self.moves.iter().filter(|task| task.source_arn == source_arn).count();
        if of_source > MOVES_KEPT
            && let Some(oldest) = self.moves.iter().position(|t| t.source_arn == source_arn)
        {
            self.moves.remove(oldest);
        }
        Ok(json!({ "TaskHandle": handle }))
    }

    pub(super) fn list_moves(&self, request: &ListMoves) -> Result<Value, SqsError> {
        let source_arn = required(&request.source_arn, "SourceArn")?;
        self.queue_of_arn(source_arn).ok_or_else(no_resource)?;
        let limit = request.max_results.unwrap_or(1);
        if !(1..=MOVES_KEPT as i64).contains(&limit) {
            return Err(SqsError::invalid("MaxResults", limit, "Must be between 1 and 10."));
        }
        let limit = usize::try_from(limit).unwrap_or(1);
        let latest = self.moves.iter().rev().filter(|task| task.source_arn == source_arn);
        let results: Vec<Value> = latest.take(limit).map(Move::render).collect();
        Ok(json!({ "Results": results }))
    }

    /// Refuses: a move is over before its start is answered, so there is never one to cancel.
    pub(super) fn cancel_move(&self, request: &CancelMove) -> Result<Value, SqsError> {
        let handle = required(&request.task_handle, "TaskHandle")?;
        if self.moves.iter().any(|task| task.handle == handle) {
            let reason = "The message movement task is not running: it has already ended.";
            return Err(SqsError::new(ErrorKind::UnsupportedOperation, reason));
        }
        Err(no_resource())
    }

    fn checked_source(&self, arn: &str) -> Result<String, SqsError> {
        let source = self.queue_of_arn(arn).ok_or_else(no_resource)?;
        let is_target = self.queues.values().any(|queue| {
            queue.attributes.redrive.as_ref().is_some_and(|redrive| redrive.target_arn == arn)
        });
        if !is_target {
            let reason = "Source queue must be configured as a Dead Letter Queue.";
            return Err(SqsError::invalid("SourceArn", arn, reason));
        }
        Ok(source.name.clone())
    }

    fn checked_destination(
        &self,
        request: &StartMove,
        source: &str,
    ) -> Result<Option<String>, SqsError> {
        let Some(arn) = &request.destination_arn else {
            return Ok(None);
        };
        let destination = self.queue_of_arn(arn).ok_or_else(no_resource)?;
        let refuse = |reason| Err(SqsError::invalid("DestinationArn", arn, reason));
        if destination.name == source {
            return refuse("Source queue and destination queue cannot be the same.");
        }
        if destination.attributes.fifo != source.ends_with(".fifo") {
            return refuse("The destination must be of the same type as the source.");
        }
        Ok(Some(destination.name.clone()))
    }

    /// Moves what is visible, as new messages; what has nowhere to go stays and is counted.
    fn move_all(&mut self, source: &str, destination: Option<&str>, now_ms: i64) -> (usize, usize) {
        let Some(queue) = self.queues.get(source) else {
            return (0, 0);
        };
        let mut homes = BTreeMap::new();
        for from in queue.visible_sources() {
            if !homes.contains_key(from) {
                homes.insert(from.to_owned(), self.queue_of_arn(from).map(|q| q.name.clone()));
            }
        }
        let home = |message: &Message| {
            let from = message.content.dead_letter_source.as_ref();
            let original = || homes.get(from?)?.clone();
            destination.map(str::to_owned).or_else(original)
        };
        let Some(queue) = self.queues.get_mut(source) else {
            return (0, 0);
        };
        let taken = queue.take_visible(&home, &mut self.changes);
        let left = queue.counts().visible;
        let moved = taken.len();
        for (home, message) in taken {
            let number = self.issue();
            let mut content = Content::clone(&message.content);
            content.id = self.id_of(number);
            content.sent_ms = now_ms;
            content.dead_letter_source = None;
            let content = Arc::new(content);
            let state = State::Ready;
            self.put(
                &home,
                Message { number, content, state, receive_count: 0, first_received_ms: None },
            );
        }
        (moved, left)
    }

    fn put(&mut self, target: &str, message: Message) {
        if let Some(queue) = self.queues.get_mut(target) {
            queue.add(message, &mut self.changes);
            self.woken.insert(queue.serial);
        }
    }
}

impl Move {
    fn render(&self) -> Value {
        let mut entry = json!({
            "Status": if self.left == 0 { "COMPLETED" } else { "FAILED" },
            "SourceArn": self.source_arn,
            "ApproximateNumberOfMessagesMoved": self.moved,
            "ApproximateNumberOfMessagesToMove": self.moved + self.left,
            "StartedTimestamp": self.started_ms,
        });
        if let Some(arn) = &self.destination_arn {
            entry["DestinationArn"] = json!(arn);
        }
        if let Some(rate) = self.rate {
            entry["MaxNumberOfMessagesPerSecond"] = json!(rate);
        }
        if self.left > 0 {
            entry["FailureReason"] = json!("CouldNotDetermineMessageSource");
        }
        entry
    }
}

/// Tells whether a dead-letter queue takes messages from the queue with this ARN.
pub(super) fn allows(allow: &RedriveAllow, source_arn: &str) -> bool {
    match allow {
        RedriveAllow::AllowAll => true,
        RedriveAllow::DenyAll => false,
        RedriveAllow::ByQueue { source_queue_arns } => {
            source_queue_arns.iter().any(|arn| arn == source_arn)
        }
    }
}

fn no_resource() -> SqsError {
    let reason = "The resource that you specified for the SourceArn parameter doesn't exist.";
    SqsError::new(ErrorKind::ResourceNotFound, reason)
}
