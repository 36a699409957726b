//! A queue wakes a function: batches, partial failures, and one delete for all that is done.

use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Map, Value, json};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};
use tokio::time::Instant;

use super::{Reach, failures, stopped};
use crate::aws::template::Batching;
use crate::aws::trace::Trigger;
use crate::aws::usage::{Usage, billed};

/// One delete takes at most this many messages.
const RECEIVE_MAX: usize = 10;
/// A receive waits this many seconds.
const WAIT_SECONDS: i64 = 20;
/// While a batch is not full, it is looked for more this often.
const LOOK_AGAIN: Duration = Duration::from_millis(20);
/// After a receive that failed.
const PAUSE: Duration = Duration::from_secs(1);

/// One mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    function: String,
    queue: String,
    batching: Batching,
    reach: Reach,
}

impl Mapping {
    pub(super) const fn new(
        function: String,
        queue: String,
        batching: Batching,
        reach: Reach,
    ) -> Self {
        Self { function, queue, batching, reach }
    }

    /// Polls until the deployment stops, with this many batches at a time.
    pub(super) async fn run(self, concurrency_max: usize) {
        let mapping = Arc::new(self);
        let permits_max = concurrency_max.max(1);
        let permits = Arc::new(Semaphore::new(permits_max));
        let mut stopping = mapping.reach.stopping.clone();
        loop {
            // Nothing is received that could not be handled at once: its visibility is running.
            let Ok(permit) = Arc::clone(&permits).acquire_owned().await else {
                return;
            };
            let received = tokio::select! {
                received = mapping.batch() => received,
                () = stopped(&mut stopping) => break,
            };
            match received {
                Ok(messages) if messages.is_empty() => {}
                Ok(messages) => {
                    tokio::spawn(Arc::clone(&mapping).process(messages, permit));
                }
                Err(error) => {
                    tracing::warn!(queue = mapping.queue, "cannot receive: {error:#}");
                    tokio::time::sleep(PAUSE).await;
                }
            }
        }
        // What was received is handled and deleted before this ends.
        let _ = permits.acquire_many(u32::try_from(permits_max).unwrap_or(u32::MAX)).await;
    }

    /// Waits for messages, and then as long as the window is open for more of them.
    async fn batch(&self) -> Result<Vec<Value>> {
        let mut messages = self.receive(self.batching.size, WAIT_SECONDS).await?;
        let ends = Instant::now() + self.batching.window.min(self.reach.window_max);
        while !messages.is_empty() && messages.len() < self.batching.size {
            if Instant::now() + LOOK_AGAIN > ends {
                break;
            }
            tokio::time::sleep(LOOK_AGAIN).await;
            // What was received is handled, whatever becomes of the next request.
            match self.receive(self.batching.size - messages.len(), 0).await {
                Ok(more) => messages.extend(more),
                Err(_) => break,
            }
        }
        Ok(messages)
    }

    async fn receive(&self, most: usize, wait_seconds: i64) -> Result<Vec<Value>> {
        let queues = &self.reach.services.queues;
        let messages = queues.receive(&self.queue, most, wait_seconds).await?;
        if messages.is_empty() {
            return Ok(messages);
        }
        let bytes = messages.iter().filter_map(|it| it["Body"].as_str()).map(str::len).sum();
        let receive_requests = billed(bytes);
        self.reach.meter.add(&self.function, Usage { receive_requests, ..Usage::default() });
        Ok(messages)
    }

    async fn process(self: Arc<Self>, messages: Vec<Value>, permit: OwnedSemaphorePermit) {
        let queues = &self.reach.services.queues;
        let trigger = Trigger::Queue {
            queue: queues.short(&self.queue).to_owned(),
            messages: messages.len(),
        };
        let arn = queues.arn(&self.queue);
        let names = |message: &Value| json!({ "MessageId": message["MessageId"], "ReceiptHandle": message["ReceiptHandle"] });
        let (held, messages): (Vec<Value>, _) = (messages.iter().map(names).collect(), messages);
        let event = event(messages, &arn, queues.region());
        let answer = self.reach.functions.invoke(&self.function, trigger, event).await;
        let done: Vec<&Value> = match &answer {
            Ok(answer) if self.batching.reports_failures => succeeded(&held, answer),
            Ok(_) => held.iter().collect(),
            Err(_) => Vec::new(),
        };
        let queue = queues.short(&self.queue);
        let faults = self.reach.services.faults.as_deref();
        let repeats = faults.is_some_and(|faults| faults.repeats(&self.function, queue));
        if !done.is_empty()
            && !repeats
            && let Err(error) = self.delete(&done).await
        {
            tracing::warn!(queue = self.queue, "cannot delete what is done: {error:#}");
        }
        drop(permit);
    }

    async fn delete(&self, done: &[&Value]) -> Result<()> {
        let queues = &self.reach.services.queues;
        for done in done.chunks(RECEIVE_MAX) {
            let handles = done.iter().filter_map(|message| message["ReceiptHandle"].as_str());
            self.reach.meter.add(&self.function, Usage { delete_requests: 1, ..Usage::default() });
            queues.delete(&self.queue, handles.map(str::to_owned).collect()).await?;
        }
        Ok(())
    }
}

/// The messages that a function is done with. An answer that names no message of the batch fails all of it.
pub(crate) fn succeeded<'a>(messages: &'a [Value], answer: &Value) -> Vec<&'a Value> {
    let Some(failed) = failures(answer) else {
        return Vec::new();
    };
    let is_ours = |id: &&str| messages.iter().any(|message| message["MessageId"] == **id);
    if !failed.iter().all(is_ours) {
        return Vec::new();
    }
    let is_failed = |message: &Value| failed.iter().any(|id| message["MessageId"] == **id);
    messages.iter().filter(|message| !is_failed(message)).collect()
}

/// Messages as Lambda delivers them.
pub(crate) fn event(messages: Vec<Value>, arn: &str, region: &str) -> Value {
    let record = |mut message: Value| {
        let mut record = json!({
            "messageId": message["MessageId"].take(),
            "receiptHandle": message["ReceiptHandle"].take(),
            "body": message["Body"].take(),
            "attributes": message["Attributes"].take(),
            "messageAttributes": attributes(&message["MessageAttributes"]),
            "md5OfBody": message["MD5OfBody"].take(),
            "eventSource": "aws:sqs",
            "eventSourceARN": arn,
            "awsRegion": region,
        });
        if message["MD5OfMessageAttributes"].is_string() {
            record["md5OfMessageAttributes"] = message["MD5OfMessageAttributes"].take();
        }
        record
    };
    json!({ "Records": messages.into_iter().map(record).collect::<Vec<_>>() })
}

fn attributes(sent: &Value) -> Value {
    let mut attributes = Map::new();
    for (name, value) in sent.as_object().into_iter().flatten() {
        let mut attribute = json!({
            "dataType": value["DataType"],
            "stringListValues": [],
            "binaryListValues": [],
        });
        for (ours, theirs) in [("stringValue", "StringValue"), ("binaryValue", "BinaryValue")] {
            if value[theirs].is_string() {
                attribute[ours] = value[theirs].clone();
            }
        }
        attributes.insert(name.clone(), attribute);
    }
    Value::Object(attributes)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn batch() -> Vec<Value> {
        ["a", "b", "c"].map(|id| json!({ "MessageId": id })).to_vec()
    }

    fn done(answer: Value) -> Vec<String> {
        let messages = batch();
        let done = succeeded(&messages, &answer);
        done.iter().map(|it| it["MessageId"].as_str().unwrap().to_owned()).collect()
    }

    #[test]
    fn messages_that_are_not_reported_are_done() {
        assert_eq!(done(json!({ "batchItemFailures": [{ "itemIdentifier": "b" }] })), ["a", "c"]);
        assert_eq!(done(json!({ "batchItemFailures": [] })).len(), 3);
        assert_eq!(done(json!(null)).len(), 3);
        assert_eq!(done(json!({})).len(), 3);
    }

    #[test]
    fn a_report_that_makes_no_sense_fails_the_batch() {
        for item in [json!({}), json!({ "itemIdentifier": "" }), json!({ "itemIdentifier": "x" })] {
            assert!(done(json!({ "batchItemFailures": [item] })).is_empty());
        }
        assert!(done(json!({ "batchItemFailures": "all" })).is_empty());
    }
}
