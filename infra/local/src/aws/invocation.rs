//! Invocations with Lambda's rules: environments are kept warm, do one thing at a time and are lost when the
//! function dies; nothing takes longer than its timeout.
//!
//! # On disk means on disk
//!
//! With a data folder there are two logs, the tables' and the queues', and a power cut may take the end of each.
//! What is written is readable at once and on the disk a little later, for all writers together. So nobody may pass
//! on what they have read before it is there, or the one log would speak of what the other never held:
//!
//! 1. A write to a table, and a send to a queue, is answered when it is on the disk (`Tables::answer`, `Sqs::call`).
//! 2. A send leaves when what its function has seen of the tables is on the disk (`Queues::answer`).
//! 3. A function hears of changes of a table when they are on the disk, and its answer counts when what it has seen
//!    is: only then the caller has it, messages are deleted, changes are checked off (here).
//! 4. A deleted message and a change that is checked off wait for nothing. If that is lost they come again.

use std::any::Any;
use std::collections::BTreeMap;
use std::future::poll_fn;
use std::pin::pin;
use std::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::task::Poll;
use std::time::Duration;

use anyhow::{Context, Result};
use serde_json::Value;
use switchboard_disk::{Durable, Mark};
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::Dependencies;
use switchboard_runtime::deadline::until;
use switchboard_runtime::dependencies::Clock;
use tokio::sync::broadcast;
use tokio::task::JoinError;
use tokio::time::Instant;

use crate::aws::faults::Death;
use crate::aws::functions::{Clients, Environment, StandIns, Start, link};
use crate::aws::trace::{INVOCATION, Notes, Outcome, Trace, Trigger, Watch};
use crate::aws::usage::{Meter, Usage};
use crate::lock::lock;

/// At most this many traces are kept for a subscriber who is slow.
const TRACES_KEPT: usize = 4096;

/// Why there is no answer from a function.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum FunctionError {
    /// The template has no such function.
    Unknown(String),
    /// It ended with an error, or panicked.
    Failed(String),
    /// It took longer than it may.
    TimedOut(Duration),
    /// A fault killed it.
    Killed,
    /// It was polled so often and came to no end: it is busy without waiting for anything.
    Spun(u64),
}

impl std::fmt::Display for FunctionError {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            Self::Unknown(name) => write!(out, "there is no function {name}"),
            Self::Failed(reason) => write!(out, "the function failed: {reason}"),
            Self::TimedOut(limit) => write!(out, "the function took longer than {limit:?}"),
            Self::Killed => write!(out, "the function was killed"),
            Self::Spun(polls) => write!(out, "the function was polled {polls} times: it spins"),
        }
    }
}

impl std::error::Error for FunctionError {}

/// What bounds an invocation beside its timeout.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Bounds {
    /// How often it is polled at most; for ever without it.
    pub(crate) polls_max: Option<u64>,
    /// Whether it knows when it will be ended.
    pub(crate) tells_end: bool,
}

/// All functions.
pub(crate) struct Functions {
    linked: BTreeMap<String, Linked>,
    clock: Clock,
    meter: Arc<Meter>,
    watch: Option<Watch>,
    traces: broadcast::Sender<Arc<Trace>>,
    number: AtomicU64,
    running: AtomicUsize,
    bounds: Bounds,
    /// When what the tables hold is on the disk.
    tables: Durable,
}

struct Linked {
    start: Start,
    idle: Mutex<Vec<Environment>>,
    timeout: Duration,
    on: Dependencies,
}

/// Counts an invocation for as long as it runs.
struct Running(Arc<Functions>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.running.fetch_sub(1, Ordering::SeqCst);
    }
}

impl std::fmt::Debug for Functions {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        out.debug_list().entries(self.linked.keys()).finish()
    }
}

impl Functions {
    pub(crate) fn new(
        clock: Clock,
        meter: Arc<Meter>,
        watch: Option<Watch>,
        bounds: Bounds,
        tables: Durable,
    ) -> Self {
        let (traces, _) = broadcast::channel(TRACES_KEPT);
        let (number, running) = (AtomicU64::new(1), AtomicUsize::new(0));
        let linked = BTreeMap::new();
        Self { linked, clock, meter, watch, traces, number, running, bounds, tables }
    }

    /// Adds a function.
    pub(crate) fn add(
        &mut self,
        name: &str,
        (on, clients): (Dependencies, Clients),
        timeout: Duration,
        stand_ins: &StandIns,
    ) -> Result<()> {
        let start = link(name, (on.clone(), clients), stand_ins)
            .with_context(|| format!("function {name}"))?;
        let linked = Linked { start, idle: Mutex::default(), timeout, on };
        self.linked.insert(name.to_owned(), linked);
        Ok(())
    }

    /// What a function works with.
    pub(crate) fn dependencies(&self, name: &str) -> Option<&Dependencies> {
        self.linked.get(name).map(|linked| &linked.on)
    }

    /// The deployment's time.
    pub(crate) fn now(&self) -> Timestamp {
        (self.clock)()
    }

    /// Hears of every invocation from now on.
    pub(crate) fn traces(&self) -> broadcast::Receiver<Arc<Trace>> {
        self.traces.subscribe()
    }

    /// How many invocations there are at this moment, and how many there have been.
    pub(crate) fn activity(&self) -> (usize, u64) {
        (self.running.load(Ordering::SeqCst), self.number.load(Ordering::SeqCst))
    }

    /// Invokes a function; it goes on when nobody waits for it any more.
    pub(crate) async fn invoke(
        self: &Arc<Self>,
        name: &str,
        trigger: Trigger,
        event: Value,
    ) -> Result<Value, FunctionError> {
        if !self.linked.contains_key(name) {
            return Err(FunctionError::Unknown(name.to_owned()));
        }
        self.running.fetch_add(1, Ordering::SeqCst);
        let (running, name) = (Running(Arc::clone(self)), name.to_owned());
        let ended = tokio::spawn(async move {
            let functions = &running.0;
            functions.on_disk(&trigger).await?;
            functions.supervise(&name, trigger, event).await
        });
        ended.await.unwrap_or_else(|error| Err(FunctionError::Failed(error.to_string())))
    }

    /// Waits until what a function is going to be told is on the disk.
    async fn on_disk(&self, trigger: &Trigger) -> Result<(), FunctionError> {
        match trigger {
            Trigger::Stream { .. } => kept(&self.tables.mark()).await,
            // A message that is lost again was never acknowledged, and whoever sent it sends it again.
            Trigger::Http { .. } | Trigger::Queue { .. } | Trigger::Schedule | Trigger::Direct => {
                Ok(())
            }
        }
    }

    async fn supervise(
        &self,
        name: &str,
        trigger: Trigger,
        event: Value,
    ) -> Result<Value, FunctionError> {
        let linked =
            self.linked.get(name).ok_or_else(|| FunctionError::Unknown(name.to_owned()))?;
        let number = self.number.fetch_add(1, Ordering::SeqCst);
        let (started, began) = ((self.clock)(), Instant::now());
        let idle = lock(&linked.idle).pop();
        let environment = idle.unwrap_or_else(|| (linked.start)());
        let notes = Arc::new(Mutex::new(Notes { number, ..Notes::default() }));
        let running = bounded(environment(event), self.bounds.polls_max);
        let end = self.bounds.tells_end.then(|| began + linked.timeout);
        let running = async move {
            match end {
                Some(end) => until(end, running).await,
                None => running.await,
            }
        };
        let task = tokio::spawn(INVOCATION.scope(Arc::clone(&notes), running));
        let abort = task.abort_handle();
        let ended = match tokio::time::timeout(linked.timeout, task).await {
            Ok(Ok(Ok(Ok(answer)))) => Ok(answer),
            Ok(Ok(Ok(Err(error)))) => Err(FunctionError::Failed(format!("{error:#}"))),
            Ok(Ok(Err(Spinning(polls)))) => Err(FunctionError::Spun(polls)),
            Ok(Err(error)) => Err(death(error)),
            Err(_) => {
                abort.abort();
                Err(FunctionError::TimedOut(linked.timeout))
            }
        };
        // Whoever died takes what it had kept warm along.
        if matches!(ended, Ok(_) | Err(FunctionError::Failed(_))) {
            lock(&linked.idle).push(environment);
        }
        let notes = std::mem::take(&mut *lock(&notes));
        let ended = match kept(&notes.seen).await {
            Ok(()) => ended,
            Err(unkept) => ended.and(Err(unkept)),
        };
        let refusal = ended.as_ref().ok().and_then(refusal);
        let reasons = notes.reasons.into_iter().chain(refusal).collect();
        self.meter.add(name, Usage { invocations: 1, ..Usage::default() });
        self.publish(Trace {
            number,
            started,
            function: name.to_owned(),
            trigger,
            duration: began.elapsed(),
            written: notes.written,
            sent: notes.sent,
            write_units: notes.write_units,
            read_units: notes.read_units,
            outcome: outcome(&ended),
            reasons,
        });
        ended
    }

    fn publish(&self, trace: Trace) {
        if let Some(watch) = &self.watch {
            watch(&trace);
        }
        // Nobody has to listen.
        let _ = self.traces.send(Arc::new(trace));
    }
}

async fn kept(mark: &Mark) -> Result<(), FunctionError> {
    mark.kept().await.map_err(|error| FunctionError::Failed(error.to_string()))
}

/// A future was polled so often and did not end.
struct Spinning(u64);

/// Polls a future until it ends, or so often at most. While somebody is busy simulated time stands still, so that nothing
/// else would ever end it.
async fn bounded<T>(
    future: impl Future<Output = T> + Send,
    polls_max: Option<u64>,
) -> Result<T, Spinning> {
    let (mut future, mut polls) = (pin!(future), 0);
    poll_fn(|context| {
        polls += 1;
        match polls_max {
            Some(most) if polls > most => Poll::Ready(Err(Spinning(most))),
            Some(_) | None => future.as_mut().poll(context).map(Ok),
        }
    })
    .await
}

fn death(error: JoinError) -> FunctionError {
    let Ok(panic) = error.try_into_panic() else {
        return FunctionError::Failed("it was aborted".to_owned());
    };
    if panic.is::<Death>() {
        return FunctionError::Killed;
    }
    FunctionError::Failed(format!("it panicked: {}", words(panic.as_ref())))
}

fn words(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<&str>().copied();
    text.or_else(|| panic.downcast_ref::<String>().map(String::as_str)).unwrap_or("no words")
}

/// The published code of a request that was refused; its words may be the caller's own.
fn refusal(answer: &Value) -> Option<String> {
    let is_refused = answer["statusCode"].as_u64().is_some_and(|status| status >= 400);
    let body = answer["body"].as_str().filter(|_| is_refused)?;
    let code = serde_json::from_str::<Value>(body).ok()?["code"].as_u64()?;
    Some(format!("code {code}"))
}

fn outcome(ended: &Result<Value, FunctionError>) -> Outcome {
    match ended {
        Ok(answer) => {
            let status = answer["statusCode"].as_u64().and_then(|it| u16::try_from(it).ok());
            let failed = answer["batchItemFailures"].as_array().map_or(0, Vec::len);
            match (status, failed) {
                (Some(status), _) => Outcome::Status(status),
                (None, 0) => Outcome::Done,
                (None, failed) => Outcome::Partial(failed),
            }
        }
        Err(FunctionError::TimedOut(_)) => Outcome::TimedOut,
        Err(FunctionError::Killed) => Outcome::Killed,
        Err(error) => Outcome::Failed(error.to_string()),
    }
}
