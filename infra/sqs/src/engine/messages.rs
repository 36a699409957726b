//! The requests about messages: send, receive, delete and hold, one by one or in batches.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use serde_json::{Value, json};

use super::draft::{
    TRACE_HEADER, check_draft, check_range, check_token, deduplication_id, delay_ms, group, key,
    receipt_of, size_of, trace_header,
};
use super::{Engine, sequence};
use crate::error::{ErrorKind, SqsError};
use crate::message::{Content, MESSAGE_BYTES_MAX, Message, State, md5_of_attributes, md5_of_body};
use crate::queue::{Delivery, Queue, VISIBILITY_MS_MAX, Wish};
use crate::receipt::Receipt;
use crate::repeats::{Sighting, WINDOW_MS};
use crate::request::{
    Batch, ChangeVisibility, ChangeVisibilityEntry, DeleteEntry, DeleteMessage, Draft, Entry,
    Receive, Send, SendEntry, required,
};

const BATCH_MAX: usize = 10;
const WAIT_SECONDS_MAX: i64 = 20;

impl Engine {
    pub(super) fn send(&mut self, request: &Send, now_ms: i64) -> Result<Value, SqsError> {
        self.queue_now(&request.queue_url, now_ms)?;
        self.send_one(&request.queue_url, &request.draft, now_ms)
    }

    pub(super) fn send_batch(
        &mut self,
        request: &Batch<SendEntry>,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        self.queue_now(&request.queue_url, now_ms)?;
        check_batch(&request.entries)?;
        let total: usize = request.entries.iter().map(|entry| size_of(&entry.draft)).sum();
        if total > MESSAGE_BYTES_MAX {
            let reason = format!(
                "Batch requests cannot be longer than {MESSAGE_BYTES_MAX} bytes. You have sent \
                 {total} bytes."
            );
            return Err(SqsError::new(ErrorKind::BatchRequestTooLong, reason));
        }
        Ok(each(&request.entries, |entry| self.send_one(&request.queue_url, &entry.draft, now_ms)))
    }

    /// Hands out what can be had now.
    pub(crate) fn receive(
        &mut self,
        request: &Receive,
        now_ms: i64,
    ) -> Result<Vec<Value>, SqsError> {
        let target = {
            let queue = self.queue(&request.queue_url)?;
            let redrive = queue.attributes.redrive.as_ref();
            redrive.and_then(|redrive| {
                let target = self.queue_of_arn(&redrive.target_arn)?;
                Some((target.name.clone(), redrive.max_receive_count))
            })
        };
        let (queue, changes) = self.queue_now(&request.queue_url, now_ms)?;
        let wish = wish(request, queue, target.as_ref().map(|(_, most)| *most))?;
        let (given, dead) = queue.receive(&wish, now_ms, changes)?;
        let (name, serial) = (queue.name.clone(), queue.serial);
        if !given.is_empty() {
            // Those who wait have to learn when these may come back.
            self.woken.insert(serial);
        }
        if let Some((target, _)) = target {
            self.bury(dead, &name, &target, now_ms);
        }
        let fifo = name.ends_with(".fifo");
        Ok(given.iter().map(|delivery| self.render(delivery, fifo, request)).collect())
    }

    /// Returns how many seconds a receive may wait for a first message.
    pub(crate) fn wait_seconds(&self, request: &Receive) -> Result<i64, SqsError> {
        let queue = self.queue(&request.queue_url)?;
        let wait = request.wait_time_seconds.unwrap_or(queue.attributes.wait_seconds);
        check_range("WaitTimeSeconds", wait, 0, WAIT_SECONDS_MAX)?;
        Ok(wait)
    }

    pub(super) fn delete(
        &mut self,
        request: &DeleteMessage,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        self.delete_one(&request.queue_url, &request.receipt_handle, now_ms)
    }

    pub(super) fn delete_batch(
        &mut self,
        request: &Batch<DeleteEntry>,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        self.queue(&request.queue_url)?;
        check_batch(&request.entries)?;
        Ok(each(&request.entries, |entry| {
            self.delete_one(&request.queue_url, &entry.receipt_handle, now_ms)
        }))
    }

    pub(super) fn change_visibility(
        &mut self,
        request: &ChangeVisibility,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let url = &request.queue_url;
        self.hold_one(url, &request.receipt_handle, request.visibility_timeout, now_ms)
    }

    pub(super) fn change_visibility_batch(
        &mut self,
        request: &Batch<ChangeVisibilityEntry>,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        self.queue(&request.queue_url)?;
        check_batch(&request.entries)?;
        let url = &request.queue_url;
        Ok(each(&request.entries, |entry| {
            self.hold_one(url, &entry.receipt_handle, entry.visibility_timeout, now_ms)
        }))
    }

    fn send_one(
        &mut self,
        url: &Option<String>,
        draft: &Draft,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let queue = self.queue(url)?;
        let body = draft.message_body.as_deref().unwrap_or_default();
        check_draft(draft, body, queue.attributes.message_bytes_max)?;
        let trace_header = trace_header(&draft.message_system_attributes)?;
        let delay_ms = delay_ms(draft, queue)?;
        let group = group(draft, queue.attributes.fifo)?;
        let deduplication_id = deduplication_id(draft, body, queue)?;
        let key = deduplication_id.as_ref().map(|id| key(queue, group.as_deref(), id));
        let seen = key.as_ref().and_then(|key| queue.sighting(key)).cloned();
        let (fifo, serial) = (queue.attributes.fifo, queue.serial);
        if let Some(seen) = seen {
            return Ok(receipt_of(draft, body, &seen.message_id, Some(seen.number)));
        }

        let number = self.issue();
        let id = self.id_of(number);
        let content = Content {
            id: id.clone(),
            body: body.to_owned(),
            attributes: draft.message_attributes.clone(),
            trace_header,
            group: group.map(Arc::from),
            deduplication_id,
            sent_ms: now_ms,
            dead_letter_source: None,
        };
        let state = if delay_ms == 0 {
            State::Ready
        } else {
            State::Delayed { until_ms: now_ms + delay_ms }
        };
        let (queue, changes) = self.queue_now(url, now_ms)?;
        let content = Arc::new(content);
        let message = Message { number, content, state, receive_count: 0, first_received_ms: None };
        queue.add(message, changes);
        if let Some(key) = key {
            let until_ms = now_ms + WINDOW_MS;
            let seen = Sighting { number, message_id: id.clone(), until_ms };
            queue.remember(key, seen, changes);
        }
        self.woken.insert(serial);
        Ok(receipt_of(draft, body, &id, fifo.then_some(number)))
    }

    fn delete_one(
        &mut self,
        url: &Option<String>,
        handle: &Option<String>,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let (queue, changes) = self.queue_now(url, now_ms)?;
        let handle = required(handle, "ReceiptHandle")?;
        queue.delete(Receipt::parse(handle, queue.serial)?, handle, changes)?;
        let serial = queue.serial;
        self.woken.insert(serial);
        Ok(json!({}))
    }

    fn hold_one(
        &mut self,
        url: &Option<String>,
        handle: &Option<String>,
        seconds: Option<i64>,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let (queue, changes) = self.queue_now(url, now_ms)?;
        let handle = required(handle, "ReceiptHandle")?;
        let seconds = seconds.ok_or_else(|| SqsError::missing("VisibilityTimeout"))?;
        check_range("VisibilityTimeout", seconds, 0, VISIBILITY_MS_MAX / 1000)?;
        let receipt = Receipt::parse(handle, queue.serial)?;
        queue.change_visibility(receipt, handle, seconds * 1000, now_ms, changes)?;
        let serial = queue.serial;
        self.woken.insert(serial);
        Ok(json!({}))
    }

    fn render(&self, delivery: &Delivery, fifo: bool, request: &Receive) -> Value {
        let content = &delivery.content;
        let mut message = json!({
            "MessageId": content.id,
            "ReceiptHandle": delivery.receipt.handle(),
            "MD5OfBody": md5_of_body(&content.body),
            "Body": content.body,
        });
        let names = &request.message_attribute_names;
        let attributes: BTreeMap<_, _> =
            content.attributes.iter().filter(|(name, _)| is_wanted(name, names)).collect();
        if let Some(md5) = md5_of_attributes(attributes.iter().map(|(name, value)| (*name, *value)))
        {
            message["MessageAttributes"] = json!(attributes);
            message["MD5OfMessageAttributes"] = json!(md5);
        }
        let mut system = self.system_attributes(delivery, fifo);
        let wanted = |list: &[String], name: &str| list.iter().any(|n| n == "All" || n == name);
        system.retain(|name, _| {
            wanted(&request.attribute_names, name)
                || wanted(&request.message_system_attribute_names, name)
        });
        if !system.is_empty() {
            message["Attributes"] = json!(system);
        }
        message
    }

    fn system_attributes(&self, delivery: &Delivery, fifo: bool) -> BTreeMap<&'static str, String> {
        let Delivery { receipt, first_received_ms, content } = delivery;
        let mut all = BTreeMap::from([
            ("SenderId", self.settings.account.clone()),
            ("SentTimestamp", content.sent_ms.to_string()),
            ("ApproximateReceiveCount", receipt.count.to_string()),
            ("ApproximateFirstReceiveTimestamp", first_received_ms.to_string()),
        ]);
        if fifo {
            all.insert("SequenceNumber", sequence(receipt.number));
        }
        let optional = [
            ("MessageGroupId", content.group.as_deref()),
            ("MessageDeduplicationId", content.deduplication_id.as_deref()),
            ("DeadLetterQueueSourceArn", content.dead_letter_source.as_deref()),
            (TRACE_HEADER, content.trace_header.as_deref()),
        ];
        let present = optional.into_iter().filter_map(|(k, v)| Some((k, v?.to_owned())));
        all.extend(present);
        all
    }
}

/// Does every entry of a batch for itself and sorts the answers into successes and failures.
fn each<E: Entry>(entries: &[E], mut one: impl FnMut(&E) -> Result<Value, SqsError>) -> Value {
    let (mut successful, mut failed) = (Vec::new(), Vec::new());
    for entry in entries {
        match one(entry) {
            Ok(mut answer) => {
                answer["Id"] = json!(entry.id());
                successful.push(answer);
            }
            Err(error) => failed.push(json!({
                "Id": entry.id(),
                "SenderFault": error.kind.is_senders_fault(),
                "Code": error.kind.code(),
                "Message": error.message,
            })),
        }
    }
    let mut answer = json!({ "Successful": successful });
    if !failed.is_empty() {
        answer["Failed"] = json!(failed);
    }
    answer
}

fn check_batch<E: Entry>(entries: &[E]) -> Result<(), SqsError> {
    let refuse = |kind, reason: String| Err(SqsError::new(kind, reason));
    if entries.is_empty() {
        let reason = "There should be at least one entry in the request.";
        return refuse(ErrorKind::EmptyBatchRequest, reason.into());
    }
    if entries.len() > BATCH_MAX {
        let reason = format!(
            "Maximum number of entries per request are {BATCH_MAX}. You have sent {}.",
            entries.len()
        );
        return refuse(ErrorKind::TooManyEntriesInBatchRequest, reason);
    }
    let allowed = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_');
    let mut seen = BTreeSet::new();
    for id in entries.iter().map(Entry::id) {
        if !(1..=80).contains(&id.len()) || !id.chars().all(allowed) {
            let reason = "A batch entry id can only contain alphanumeric characters, hyphens and \
                          underscores. It can be at most 80 letters long.";
            return refuse(ErrorKind::InvalidBatchEntryId, reason.into());
        }
        if !seen.insert(id) {
            return refuse(ErrorKind::BatchEntryIdsNotDistinct, format!("Id {id} repeated."));
        }
    }
    Ok(())
}

fn wish(request: &Receive, queue: &Queue, receives_max: Option<u32>) -> Result<Wish, SqsError> {
    let limit = request.max_number_of_messages.unwrap_or(1);
    check_range("MaxNumberOfMessages", limit, 1, BATCH_MAX as i64)?;
    let visibility_ms = match request.visibility_timeout {
        Some(seconds) => {
            check_range("VisibilityTimeout", seconds, 0, VISIBILITY_MS_MAX / 1000)?;
            seconds * 1000
        }
        None => queue.attributes.visibility_ms,
    };
    if let Some(attempt) = &request.receive_request_attempt_id {
        if !queue.attributes.fifo {
            let reason = "The request include parameter that is not valid for this queue type.";
            return Err(SqsError::invalid("ReceiveRequestAttemptId", attempt, reason));
        }
        check_token("ReceiveRequestAttemptId", attempt)?;
    }
    let attempt = request.receive_request_attempt_id.clone();
    let limit = usize::try_from(limit).unwrap_or(1);
    Ok(Wish { limit, visibility_ms, attempt, receives_max })
}

/// Tells whether a list of names, with `All`, `.*` or `prefix.*` in it, asks for an attribute.
fn is_wanted(name: &str, list: &[String]) -> bool {
    list.iter().any(|wanted| match wanted.strip_suffix(".*") {
        _ if wanted == "All" || wanted == name => true,
        Some("") => true,
        Some(prefix) => name.strip_prefix(prefix).is_some_and(|rest| rest.starts_with('.')),
        None => false,
    })
}
