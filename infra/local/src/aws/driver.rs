//! A deployment that is driven from outside, step by step: what the event source mappings do, one call at a
//! time, so that a simulation decides what is delivered when.

use std::sync::Arc;

use anyhow::{Result, anyhow};
use serde_json::Value;

use crate::aws::deployment::Deployment;
use crate::aws::faults::Death;
use crate::aws::invocation::FunctionError;
use crate::aws::mappings::{failures, queue, stream};
use crate::aws::template::Source;
use crate::aws::trace::{self, Trigger};

/// What wakes a function.
#[derive(Debug, Clone, PartialEq)]
pub struct Waking {
    /// Who is woken.
    pub function: String,
    /// By what.
    pub source: Source,
}

/// The number of the invocation that runs this; 0 outside of functions.
pub fn invocation() -> u64 {
    trace::invocation()
}

/// Ends the invocation that runs this on the spot, as [`crate::Fault::Killed`] does.
pub fn die() -> ! {
    // Without the panic hook: it is the fault that was asked for.
    std::panic::resume_unwind(Box::new(Death))
}

impl Deployment {
    /// Everything that wakes functions, by the order of their names.
    pub fn wakings(&self) -> Vec<Waking> {
        let functions = self.template().functions.values();
        let of = |function: &crate::aws::template::Function| {
            let name = function.name.clone();
            let each = function.sources.clone().into_iter();
            each.map(move |source| Waking { function: name.clone(), source })
        };
        functions.flat_map(of).collect()
    }

    /// Invokes a function; the answer can be waited for anywhere.
    pub fn invocation_of(
        &self,
        function: &str,
        event: Value,
    ) -> impl Future<Output = Result<Value, FunctionError>> + Send + 'static {
        let (functions, function) = (Arc::clone(&self.functions), function.to_owned());
        async move { functions.invoke(&function, Trigger::Direct, event).await }
    }

    /// The number that the next invocation will have.
    pub fn next_invocation(&self) -> u64 {
        self.functions.activity().1
    }

    /// Receives a batch of a queue, named as in the template, without waiting for one.
    ///
    /// # Errors
    /// If the queue cannot be read.
    pub async fn receive(&self, queue: &str, most: usize) -> Result<Vec<Value>> {
        let queues = &self.services.queues;
        if queues.sqs().is_some_and(|sqs| sqs.is_quiet(&queues.url(queue))) {
            return Ok(Vec::new());
        }
        queues.receive(queue, most, 0).await
    }

    /// The event that a mapping makes of received messages.
    pub fn queue_event(&self, queue: &str, messages: &[Value]) -> Value {
        let queues = &self.services.queues;
        queue::event(messages.to_vec(), &queues.arn(queue), queues.region())
    }

    /// The messages of a batch that a function is done with, by its answer.
    pub fn succeeded<'a>(messages: &'a [Value], answer: &Value) -> Vec<&'a Value> {
        queue::succeeded(messages, answer)
    }

    /// Deletes received messages.
    ///
    /// # Errors
    /// If the queue refuses.
    pub async fn delete(&self, queue: &str, done: &[&Value]) -> Result<()> {
        let queues = &self.services.queues;
        let handles = done.iter().filter_map(|message| message["ReceiptHandle"].as_str());
        queues.delete(queue, handles.map(str::to_owned).collect()).await
    }

    /// When time alone may make something receivable in a queue, in milliseconds.
    pub fn next_due(&self, queue: &str) -> Option<i64> {
        let queues = &self.services.queues;
        queues.sqs()?.next_event_ms(&queues.url(queue))
    }

    /// Records of a table's stream after a sequence number, from the first one without; and how many requests
    /// have written to it until now.
    ///
    /// # Errors
    /// If the stream cannot be read.
    pub async fn changes(
        &self,
        table: &str,
        after: Option<&str>,
        most: usize,
    ) -> Result<Vec<Value>> {
        self.services.tables.records(table, after, most).await
    }

    /// Forgets the records of a table's stream up to a sequence number.
    ///
    /// # Errors
    /// If the stream cannot be written.
    pub fn checkpoint(&self, table: &str, sequence_number: &str) -> Result<()> {
        self.services.tables.forget(table, Some(sequence_number))
    }

    /// How many requests may have written to a table until now.
    ///
    /// # Errors
    /// If the table has no stream.
    pub fn writes(&self, table: &str) -> Result<u64> {
        let stream = self.services.tables.stream(table);
        let stream = stream.ok_or_else(|| anyhow!("table {table} has no stream"))?;
        Ok(stream.written.load(std::sync::atomic::Ordering::SeqCst))
    }

    /// The event that a mapping makes of stream records.
    pub fn stream_event(&self, table: &str, records: &[Value]) -> Value {
        stream::event(records, table, self.services.queues.region())
    }

    /// How many records from the first on a function is done with, by its answer.
    pub fn consumed(records: &[Value], answer: &Value) -> usize {
        failures(answer).map_or(0, |failed: Vec<&str>| stream::done(records, &failed))
    }

    /// The sequence number of a stream record.
    pub fn sequence_number(record: &Value) -> &str {
        stream::sequence_number(record)
    }
}
