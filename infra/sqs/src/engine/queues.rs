//! The requests about queues themselves: create, find, describe, tag, empty, delete.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::Engine;
use crate::attributes::Attributes;
use crate::error::{ErrorKind, SqsError};
use crate::journal::{Change, QueueRecord};
use crate::queue::Queue;
use crate::request::{
    CreateQueue, GetAttributes, GetUrl, ListQueues, ListSources, OfQueue, SetAttributes, Tag,
    Untag, required,
};

const PURGE_PAUSE_MS: i64 = 60_000;
const TAGS_MAX: usize = 50;
const PAGE_MAX: i64 = 1000;

impl Engine {
    pub(super) fn create_queue(
        &mut self,
        request: &CreateQueue,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let name = required(&request.queue_name, "QueueName")?;
        if let Some(queue) = self.queues.get(name) {
            if let Some(attribute) = queue.attributes.first_difference(name, &request.attributes)? {
                let reason = format!(
                    "A queue already exists with the same name and a different value for \
                     attribute {attribute}"
                );
                return Err(SqsError::new(ErrorKind::QueueNameExists, reason));
            }
            return Ok(json!({ "QueueUrl": self.url(name) }));
        }
        let attributes = Attributes::create(name, &request.attributes)?;
        self.check_redrive(name, &attributes)?;
        check_tags(&request.tags)?;
        let mut queue = Queue::new(self.issue(), name.to_owned(), attributes, now_ms);
        queue.tags = request.tags.clone();
        self.changes.push(record(&queue));
        self.queues.insert(name.to_owned(), queue);
        Ok(json!({ "QueueUrl": self.url(name) }))
    }

    pub(super) fn get_queue_url(&self, request: &GetUrl) -> Result<Value, SqsError> {
        let name = required(&request.queue_name, "QueueName")?;
        self.queues.get(name).ok_or_else(SqsError::no_queue)?;
        Ok(json!({ "QueueUrl": self.url(name) }))
    }

    pub(super) fn get_attributes(
        &mut self,
        request: &GetAttributes,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        self.queue_now(&request.queue_url, now_ms)?;
        let queue = self.queue(&request.queue_url)?;
        let known = self.describe(queue);
        let mut wanted = BTreeMap::new();
        for name in &request.attribute_names {
            if name == "All" {
                wanted.clone_from(&known);
            } else if let Some(value) = known.get(name) {
                wanted.insert(name.clone(), value.clone());
            } else if !is_optional(name) {
                return Err(SqsError::unknown_attribute(name));
            }
        }
        Ok(if wanted.is_empty() { json!({}) } else { json!({ "Attributes": wanted }) })
    }

    pub(super) fn set_attributes(
        &mut self,
        request: &SetAttributes,
        now_ms: i64,
    ) -> Result<Value, SqsError> {
        let queue = self.queue(&request.queue_url)?;
        let attributes = queue.attributes.update(&request.attributes)?;
        if request.attributes.contains_key("RedrivePolicy") {
            self.check_redrive(&queue.name, &attributes)?;
        }
        let (queue, changes) = self.queue_now(&request.queue_url, now_ms)?;
        queue.attributes = attributes;
        queue.modified_ms = now_ms;
        changes.push(record(queue));
        Ok(json!({}))
    }

    pub(super) fn list_queues(&self, request: &ListQueues) -> Result<Value, SqsError> {
        let prefix = request.queue_name_prefix.as_deref().unwrap_or_default();
        let names = self.queues.keys().filter(|name| name.starts_with(prefix));
        self.page(names, request.max_results, request.next_token.as_deref(), "QueueUrls")
    }

    pub(super) fn list_sources(&self, request: &ListSources) -> Result<Value, SqsError> {
        let arn = self.arn(&self.queue(&request.queue_url)?.name);
        let names = self.queues.values().filter(|queue| {
            queue.attributes.redrive.as_ref().is_some_and(|redrive| redrive.target_arn == arn)
        });
        let names = names.map(|queue| &queue.name);
        self.page(names, request.max_results, request.next_token.as_deref(), "queueUrls")
    }

    pub(super) fn delete_queue(&mut self, request: &OfQueue) -> Result<Value, SqsError> {
        let (name, serial) = {
            let queue = self.queue(&request.queue_url)?;
            (queue.name.clone(), queue.serial)
        };
        self.queues.remove(&name);
        self.changes.push(Change::QueueGone { serial });
        self.woken.insert(serial);
        Ok(json!({}))
    }

    pub(super) fn purge(&mut self, request: &OfQueue, now_ms: i64) -> Result<Value, SqsError> {
        let (queue, changes) = self.queue_now(&request.queue_url, now_ms)?;
        if queue.purged_ms.is_some_and(|purged| now_ms - purged < PURGE_PAUSE_MS) {
            let reason = format!(
                "Only one PurgeQueue operation on {} is allowed every 60 seconds.",
                queue.name
            );
            return Err(SqsError::new(ErrorKind::PurgeQueueInProgress, reason));
        }
        queue.purge(now_ms, changes);
        changes.push(record(queue));
        Ok(json!({}))
    }

    pub(super) fn tag(&mut self, request: &Tag, now_ms: i64) -> Result<Value, SqsError> {
        let (queue, changes) = self.queue_now(&request.queue_url, now_ms)?;
        let mut tags = queue.tags.clone();
        tags.extend(request.tags.clone());
        check_tags(&tags)?;
        queue.tags = tags;
        changes.push(record(queue));
        Ok(json!({}))
    }

    pub(super) fn untag(&mut self, request: &Untag, now_ms: i64) -> Result<Value, SqsError> {
        let (queue, changes) = self.queue_now(&request.queue_url, now_ms)?;
        queue.tags.retain(|key, _| !request.tag_keys.contains(key));
        changes.push(record(queue));
        Ok(json!({}))
    }

    pub(super) fn list_tags(&self, request: &OfQueue) -> Result<Value, SqsError> {
        let tags = &self.queue(&request.queue_url)?.tags;
        Ok(if tags.is_empty() { json!({}) } else { json!({ "Tags": tags }) })
    }

    fn describe(&self, queue: &Queue) -> BTreeMap<String, String> {
        let counts = queue.counts();
        let mut all = queue.attributes.in_force();
        all.extend([
            ("QueueArn".into(), self.arn(&queue.name)),
            ("ApproximateNumberOfMessages".into(), counts.visible.to_string()),
            ("ApproximateNumberOfMessagesNotVisible".into(), counts.in_flight.to_string()),
            ("ApproximateNumberOfMessagesDelayed".into(), counts.delayed.to_string()),
            ("CreatedTimestamp".into(), (queue.created_ms / 1000).to_string()),
            ("LastModifiedTimestamp".into(), (queue.modified_ms / 1000).to_string()),
        ]);
        all
    }

    /// Lists queue URLs; the token of a page is the last name on it.
    fn page<'a>(
        &self,
        names: impl Iterator<Item = &'a String>,
        limit: Option<i64>,
        after: Option<&str>,
        field: &str,
    ) -> Result<Value, SqsError> {
        if let Some(limit) = limit.filter(|limit| !(1..=PAGE_MAX).contains(limit)) {
            return Err(SqsError::invalid("MaxResults", limit, "It must be from 1 to 1000."));
        }
        let size = usize::try_from(limit.unwrap_or(PAGE_MAX)).unwrap_or_default();
        let after = after.unwrap_or_default();
        let mut rest = names.filter(|name| name.as_str() > after).peekable();
        let shown: Vec<&String> = rest.by_ref().take(size).collect();
        let urls: Vec<String> = shown.iter().map(|name| self.url(name)).collect();
        let mut answer = json!({ field: urls });
        if limit.is_some() && rest.peek().is_some() {
            answer["NextToken"] = json!(shown.last());
        }
        Ok(answer)
    }
}

pub(super) fn restore(record: QueueRecord) -> Result<Queue, SqsError> {
    let attributes = Attributes::restore(record.fifo, &record.attributes)?;
    let mut queue = Queue::new(record.serial, record.name, attributes, record.created_ms);
    queue.tags = record.tags;
    queue.modified_ms = record.modified_ms;
    queue.purged_ms = record.purged_ms;
    Ok(queue)
}

fn record(queue: &Queue) -> Change {
    Change::QueuePut(QueueRecord {
        serial: queue.serial,
        name: queue.name.clone(),
        fifo: queue.attributes.fifo,
        attributes: queue.attributes.set_values().clone(),
        tags: queue.tags.clone(),
        created_ms: queue.created_ms,
        modified_ms: queue.modified_ms,
        purged_ms: queue.purged_ms,
    })
}

fn check_tags(tags: &BTreeMap<String, String>) -> Result<(), SqsError> {
    if tags.len() > TAGS_MAX {
        let reason = format!("A queue may have at most {TAGS_MAX} tags.");
        return Err(SqsError::invalid("Tags", tags.len(), &reason));
    }
    let fits = |key: &str, value: &str| (1..=128).contains(&key.len()) && value.len() <= 256;
    match tags.iter().find(|(key, value)| !fits(key, value)) {
        Some((key, _)) => Err(SqsError::invalid("Tags", key, "The tag is too long or empty.")),
        None => Ok(()),
    }
}

/// Tells whether an attribute exists although this queue has no value for it.
fn is_optional(name: &str) -> bool {
    matches!(
        name,
        "Policy"
            | "RedrivePolicy"
            | "RedriveAllowPolicy"
            | "KmsMasterKeyId"
            | "KmsDataKeyReusePeriodSeconds"
            | "FifoQueue"
            | "ContentBasedDeduplication"
            | "DeduplicationScope"
            | "FifoThroughputLimit"
    )
}
