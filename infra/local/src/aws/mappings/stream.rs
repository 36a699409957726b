//! A table's stream wakes a function: in order, again from the first failure, given up in the end.
//!
//! What all functions that follow a stream are done with is forgotten at once, which is the checkpoint: after a
//! crash the first record that is kept is the first that one of them was not done with. The others get some of
//! theirs again, as they may on Lambda.

use std::collections::VecDeque;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;

use anyhow::Result;
use serde_json::{Value, json};

use super::{Reach, failures, stopped};
use crate::aws::dynamo::Stream;
use crate::aws::template::{Batching, Filters};
use crate::aws::trace::Trigger;

/// A batch that failed is tried again after this, then after twice that, ….
const PAUSE: Duration = Duration::from_millis(200);
/// …, but never later than after this.
const PAUSE_MAX: Duration = Duration::from_secs(10);

/// What the template says about a stream's mapping.
#[derive(Debug)]
pub(super) struct Rules {
    pub(super) batching: Batching,
    pub(super) filters: Filters,
    pub(super) bisect: bool,
    pub(super) retries_max: Option<u64>,
    pub(super) on_failure: Option<String>,
}

/// One mapping.
#[derive(Debug)]
pub(super) struct Mapping {
    function: String,
    table: String,
    stream: Arc<Stream>,
    rules: Rules,
    reach: Reach,
    position: Option<String>,
}

impl Mapping {
    pub(super) fn new(
        function: String,
        table: String,
        stream: Arc<Stream>,
        rules: Rules,
        reach: Reach,
    ) -> Self {
        stream.enrol(&function);
        Self { function, table, stream, rules, reach, position: None }
    }

    /// Follows the stream until the deployment stops.
    pub(super) async fn run(mut self) {
        let mut stopping = self.reach.stopping.clone();
        let stream = Arc::clone(&self.stream);
        loop {
            // Whoever writes from here on is heard of, even before there is anybody to listen.
            let news = stream.news.notified();
            tokio::pin!(news);
            news.as_mut().enable();
            // First of all there may be what an earlier process has left.
            let consumed = tokio::select! {
                consumed = self.consume() => consumed,
                () = stopped(&mut stopping) => return,
            };
            if let Err(error) = consumed {
                tracing::warn!(table = self.table, "cannot follow the stream: {error:#}");
                tokio::time::sleep(PAUSE_MAX).await;
                continue;
            }
            let window = self.rules.batching.window.min(self.reach.window_max);
            tokio::select! {
                () = news => tokio::time::sleep(window).await,
                () = stopped(&mut stopping) => return,
            }
        }
    }

    async fn consume(&mut self) -> Result<()> {
        loop {
            let written = self.stream.written.load(Ordering::SeqCst);
            let (position, limit) = (self.position.as_deref(), self.rules.batching.size);
            let tables = &self.reach.services.tables;
            let filters = &self.rules.filters;
            let read = tables.wanted(&self.table, position, limit, filters).await?;
            let Some(last) = read.last else {
                self.stream.caught_up(&self.function, written);
                return Ok(());
            };
            self.deliver(read.wanted).await?;
            // What wakes nobody is done with as well.
            self.checkpoint(&last)?;
        }
    }

    /// Delivers records until each is done or given up.
    async fn deliver(&mut self, records: Vec<Value>) -> Result<()> {
        let mut pending = VecDeque::from([records]);
        pending.retain(|batch| !batch.is_empty());
        let (mut attempts, mut pause) = (0, PAUSE);
        while let Some(mut batch) = pending.pop_front() {
            let (done, is_whole_failure) = self.invoke(&batch).await;
            if done > 0 {
                self.checkpoint(sequence_number(&batch[done - 1]))?;
                batch.drain(..done);
                (attempts, pause) = (0, PAUSE);
            }
            if batch.is_empty() {
                continue;
            }
            if is_whole_failure && self.rules.bisect && batch.len() > 1 {
                let rest = batch.split_off(batch.len() / 2);
                pending.push_front(rest);
                pending.push_front(batch);
                continue;
            }
            if self.rules.retries_max.is_some_and(|most| attempts >= most) {
                self.give_up(&batch, attempts).await?;
                let last = batch.pop();
                last.iter().try_for_each(|last| self.checkpoint(sequence_number(last)))?;
                (attempts, pause) = (0, PAUSE);
                continue;
            }
            attempts += 1;
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PAUSE_MAX);
            pending.push_front(batch);
        }
        Ok(())
    }

    /// Invokes the function; returns how many records from the first on are done, and whether all failed.
    async fn invoke(&self, batch: &[Value]) -> (usize, bool) {
        let services = &self.reach.services;
        let trigger = Trigger::Stream {
            table: services.tables.short(&self.table).to_owned(),
            records: batch.len(),
        };
        let event = event(batch, &self.table, services.queues.region());
        match self.reach.functions.invoke(&self.function, trigger, event).await {
            Ok(answer) if self.rules.batching.reports_failures => match failures(&answer) {
                Some(failed) => (done(batch, &failed), false),
                None => (0, true),
            },
            Ok(_) => (batch.len(), false),
            Err(_) => (0, true),
        }
    }

    fn checkpoint(&mut self, number: &str) -> Result<()> {
        if self.position.as_deref() == Some(number) {
            return Ok(());
        }
        self.position = Some(number.to_owned());
        match self.stream.done(&self.function, number) {
            Some(number) => self.reach.services.tables.forget(&self.table, Some(&number)),
            None => Ok(()),
        }
    }

    /// Tells the destination for failures which records were given up.
    async fn give_up(&self, batch: &[Value], attempts: u64) -> Result<()> {
        tracing::error!(table = self.table, records = batch.len(), "changes are given up");
        let Some(queue) = &self.rules.on_failure else {
            return Ok(());
        };
        let number = |record: Option<&Value>| record.map(|it| sequence_number(it).to_owned());
        let letter = json!({
            "requestContext": {
                "functionArn": self.function,
                "condition": "RetryAttemptsExhausted",
                "approximateInvokeCount": attempts + 1,
            },
            "version": "1.0",
            "DDBStreamBatchInfo": {
                "shardId": "shardId-00000001",
                "startSequenceNumber": number(batch.first()),
                "endSequenceNumber": number(batch.last()),
                "batchSize": batch.len(),
                "streamArn": self.table,
            },
        });
        let queues = &self.reach.services.queues;
        let request = json!({ "QueueUrl": queues.url(queue), "MessageBody": letter.to_string() });
        queues.ask("SendMessage", &request).await.map(drop)
    }
}

/// How many records come before the first that failed. An identifier that is not of the batch fails all.
pub(crate) fn done(batch: &[Value], failed: &[&str]) -> usize {
    let place = |id: &&str| batch.iter().position(|record| sequence_number(record) == *id);
    failed.iter().map(|id| place(id).unwrap_or(0)).min().unwrap_or(batch.len())
}

pub(crate) fn sequence_number(record: &Value) -> &str {
    record["dynamodb"]["SequenceNumber"].as_str().unwrap_or_default()
}

/// Records as Lambda delivers them.
pub(crate) fn event(batch: &[Value], table: &str, region: &str) -> Value {
    let record = |record: &Value| {
        let mut record = record.clone();
        record["awsRegion"] = json!(region);
        let arn = format!("arn:aws:dynamodb:{region}:000000000000:table/{table}/stream/local");
        record["eventSourceARN"] = json!(arn);
        record
    };
    json!({ "Records": batch.iter().map(record).collect::<Vec<_>>() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn everything_before_the_first_failure_is_done() {
        let record = |number: &str| json!({ "dynamodb": { "SequenceNumber": number } });
        let batch = ["1", "2", "3"].map(record);
        assert_eq!(done(&batch, &[]), 3);
        assert_eq!(done(&batch, &["3", "2"]), 1);
        assert_eq!(done(&batch, &["9"]), 0);
    }
}
