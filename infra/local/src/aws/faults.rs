//! Faults on demand: what a network, a throttled table or a dying function does to a request.

use std::fmt;
use std::pin::Pin;

use serde_json::Value;

/// Which service a request goes to.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Service {
    /// DynamoDB.
    Tables,
    /// SQS.
    Queues,
    /// KMS.
    Keys,
    /// S3.
    Objects,
}

/// One request of a function, as its faults see it.
#[derive(Debug, Clone, Copy)]
pub struct Call<'a> {
    /// Who asks.
    pub function: &'a str,
    /// Who is asked.
    pub service: Service,
    /// For what: `TransactWriteItems`.
    pub operation: &'a str,
    /// The request's document.
    pub body: &'a Value,
    /// The number of the invocation that asks; 0 outside of functions.
    pub invocation: u64,
}

/// What is to become of a request that waited at a gate.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Passage {
    /// What goes wrong before it has its effect.
    pub before: Option<Fault>,
    /// What goes wrong after it had its effect.
    pub after: Option<Fault>,
}

/// A wait for a passage.
pub type Gate = Pin<Box<dyn Future<Output = Passage> + Send>>;

/// What goes wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Fault {
    /// The service says that it is asked too often; nothing happens.
    Throttled,
    /// Another transaction holds one of the items; nothing happens. Tables only.
    Conflict,
    /// The service fails with status 500; nothing happens before it, everything after it.
    Failed,
    /// No answer arrives. Before the call it was never made, after the call it had its effect.
    Lost,
    /// The service takes for ever, and the function's time runs out.
    Hung,
    /// The function dies on the spot, its environment with it.
    Killed,
}

/// Decides which requests go wrong.
pub trait Faults: fmt::Debug + Send + Sync {
    /// Asked before a request has its effect.
    fn before(&self, call: &Call<'_>) -> Option<Fault> {
        let _ = call;
        None
    }

    /// Where a request waits until it may pass, so that a test decides whose turn it is; none lets it through.
    fn gate(&self, call: &Call<'_>) -> Option<Gate> {
        let _ = call;
        None
    }

    /// Told of every answer, before the fault that may lose it.
    fn answered(&self, call: &Call<'_>, status: u16) {
        let _ = (call, status);
    }

    /// How many milliseconds a function's clock is ahead.
    fn skew(&self, function: &str) -> i64 {
        let _ = function;
        0
    }

    /// Asked after a request has had its effect.
    fn after(&self, call: &Call<'_>) -> Option<Fault> {
        let _ = call;
        None
    }

    /// Asked when a function is done with messages of a queue: whether the queue never learns of it, so that
    /// they are delivered once more when their visibility is over.
    fn repeats(&self, function: &str, queue: &str) -> bool {
        let _ = (function, queue);
        false
    }
}

/// The panic payload of a function that was killed.
#[derive(Debug)]
pub(crate) struct Death;
