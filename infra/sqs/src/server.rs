//! The handle everyone shares: one engine behind a lock, its journal, its clock, and receivers
//! who wait for messages.

use std::collections::BTreeMap;
use std::fmt;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use switchboard_disk::Durable;
use tokio::sync::Notify;
use tokio::time::{Instant, sleep_until};

use crate::engine::{Engine, Settings};
use crate::error::SqsError;
use crate::journal::{Journal, JournalError};
use crate::request::{Receive, Request};

/// Tells the time as milliseconds since 1970; a test or a simulation passes its own.
pub type Clock = Arc<dyn Fn() -> i64 + Send + Sync>;

/// An answer as HTTP carries it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Response {
    /// The HTTP status.
    pub status: u16,
    /// Header names in lower case, and their values.
    pub headers: Vec<(&'static str, String)>,
    /// The JSON document.
    pub body: Vec<u8>,
}

/// The embedded SQS; clones share the same queues.
#[derive(Clone)]
pub struct Sqs {
    shared: Arc<Shared>,
}

struct Shared {
    core: Mutex<Core>,
    clock: Clock,
    durable: Durable,
}

struct Core {
    engine: Engine,
    journal: Option<Journal>,
    settings: Settings,
    waiting: BTreeMap<u64, Arc<Notify>>,
    answers: u64,
    is_stale: bool,
}

/// What a receiver does next.
enum Next {
    Answer(Result<Value, SqsError>),
    Wait { until: Instant },
}

impl fmt::Debug for Sqs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Sqs").finish_non_exhaustive()
    }
}

/// Returns the clock of this machine.
pub fn system_clock() -> Clock {
    Arc::new(|| {
        let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
        i64::try_from(since.as_millis()).unwrap_or(i64::MAX)
    })
}

impl Sqs {
    /// Creates queues that live as long as the process.
    pub fn memory(clock: Clock) -> Self {
        Self::memory_with(Settings::default(), clock)
    }

    /// Creates queues that live as long as the process, with their address.
    pub fn memory_with(settings: Settings, clock: Clock) -> Self {
        let engine = Engine::new(settings.clone(), clock());
        Self::start(engine, None, settings, clock)
    }

    /// Opens queues that are kept in a file, which is created if it does not exist.
    ///
    /// # Errors
    /// Returns why the file cannot be opened or read; only one process may have it open.
    pub fn open_with(
        path: impl AsRef<Path>,
        settings: Settings,
        clock: Clock,
    ) -> Result<Self, JournalError> {
        let journal = Journal::open(path.as_ref(), clock())?;
        let engine = Engine::restore(settings.clone(), journal.read()?)?;
        Ok(Self::start(engine, Some(journal), settings, clock))
    }

    /// Makes everything in flight visible at once and tells how many messages that were.
    ///
    /// For the start of a deployment that lives in one process: no consumer has survived.
    ///
    /// # Errors
    /// Returns why the journal could not keep it; then nothing is released.
    pub fn release_in_flight(&self) -> Result<usize, JournalError> {
        let now_ms = (self.shared.clock)();
        let mut core = self.core();
        core.refresh()?;
        let released = core.engine.release_in_flight(now_ms);
        core.keep()?;
        Ok(released)
    }

    /// Lets waiting receivers look again, for whoever has moved an injected clock.
    pub fn wake(&self) {
        for notify in self.core().waiting.values() {
            notify.notify_waiters();
        }
    }

    /// When time alone may next make something receivable in a queue; for whoever moves an injected clock.
    pub fn next_event_ms(&self, queue_url: &str) -> Option<i64> {
        self.core().engine.next_event_ms(&Some(queue_url.to_owned()))
    }

    /// Whether a receive would bring nothing now; for whoever polls many queues that are mostly empty.
    pub fn is_quiet(&self, queue_url: &str) -> bool {
        let now_ms = (self.shared.clock)();
        self.core().engine.is_quiet(&Some(queue_url.to_owned()), now_ms)
    }

    /// Answers one request: `target` is the `X-Amz-Target` header, `body` the JSON document.
    ///
    /// A receive that may wait does so until something is receivable or its time is over. What is
    /// acknowledged has been kept: what nobody would repeat, on the disk.
    pub async fn call(&self, target: &str, body: &[u8]) -> Response {
        let answer = match Request::parse(target, body) {
            Ok(request) => self.promised(&request).await,
            Err(error) => Err(error),
        };
        let number = {
            let mut core = self.core();
            core.answers += 1;
            core.answers
        };
        Response::new(answer, number)
    }

    fn start(engine: Engine, journal: Option<Journal>, settings: Settings, clock: Clock) -> Self {
        let waiting = BTreeMap::new();
        let durable = journal.as_ref().map(Journal::durable).cloned().unwrap_or_default();
        let core = Core { engine, journal, settings, waiting, answers: 0, is_stale: false };
        Self { shared: Arc::new(Shared { core: Mutex::new(core), clock, durable }) }
    }

    fn core(&self) -> MutexGuard<'_, Core> {
        self.shared.core.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Answers when what is answered outlives a power cut, if the asker relies on that.
    ///
    /// The mark is taken after the request is done, so it covers what was done before, too: the
    /// answer to a repeated send speaks of a message that somebody else may still wait for.
    ///
    /// # Errors
    /// Returns the refusal SQS documents.
    pub async fn promised(&self, request: &Request) -> Result<Value, SqsError> {
        if let Request::ReceiveMessage(receive) = request {
            return self.receive(receive).await;
        }
        let answer = self.now(request)?;
        if request.is_relied_on() {
            let mark = self.shared.durable.mark();
            mark.kept().await.map_err(|error| SqsError::unkept(&error))?;
        }
        Ok(answer)
    }

    fn now(&self, request: &Request) -> Result<Value, SqsError> {
        let now_ms = (self.shared.clock)();
        self.core().within(|engine| engine.answer(request, now_ms))
    }

    async fn receive(&self, request: &Receive) -> Result<Value, SqsError> {
        let wait = self.core().engine.wait_seconds(request)?;
        let last = Instant::now() + Duration::from_secs(wait.unsigned_abs());
        let last_ms = (self.shared.clock)() + wait * 1000;
        loop {
            // Listening begins before looking, or a message that comes in between is missed.
            let woken = self.core().waiting(request)?;
            let notified = woken.notified();
            tokio::pin!(notified);
            notified.as_mut().enable();
            let until = match self.look(request, last, last_ms) {
                Next::Answer(answer) => return answer,
                Next::Wait { until } => until,
            };
            tokio::select! {
                () = notified => {}
                () = sleep_until(until) => {}
            }
        }
    }

    fn look(&self, request: &Receive, last: Instant, last_ms: i64) -> Next {
        let now_ms = (self.shared.clock)();
        let mut core = self.core();
        match core.within(|engine| engine.receive(request, now_ms)) {
            Err(error) => Next::Answer(Err(error)),
            Ok(messages) if !messages.is_empty() => {
                Next::Answer(Ok(json!({ "Messages": messages })))
            }
            Ok(_) if Instant::now() >= last || now_ms >= last_ms => Next::Answer(Ok(json!({}))),
            Ok(_) => {
                let next_ms = core.engine.next_event_ms(&request.queue_url);
                let until = next_ms.map_or(last, |next| {
                    // At least a moment, or a clock that stands still would be asked for ever.
                    let pause = (next - now_ms).max(1).unsigned_abs();
                    last.min(Instant::now() + Duration::from_millis(pause))
                });
                Next::Wait { until }
            }
        }
    }
}

impl Core {
    /// Does something with the engine; the result counts only once it is kept.
    fn within<T>(
        &mut self,
        act: impl FnOnce(&mut Engine) -> Result<T, SqsError>,
    ) -> Result<T, SqsError> {
        self.refresh().map_err(|error| SqsError::unkept(&error))?;
        let done = act(&mut self.engine);
        self.keep().map_err(|error| SqsError::unkept(&error))?;
        done
    }

    fn keep(&mut self) -> Result<(), JournalError> {
        let (changes, next) = self.engine.take_changes();
        if let Some(journal) = &mut self.journal
            && let Err(error) = journal.keep(&changes, next)
        {
            self.is_stale = true;
            return Err(error);
        }
        for serial in self.engine.take_woken() {
            if let Some(notify) = self.waiting.get(&serial) {
                notify.notify_waiters();
            }
        }
        Ok(())
    }

    /// Goes back to what is kept, if the engine is ahead of it since a failed write.
    fn refresh(&mut self) -> Result<(), JournalError> {
        if let Some(journal) = self.journal.as_ref().filter(|_| self.is_stale) {
            self.engine = Engine::restore(self.settings.clone(), journal.read()?)?;
            self.is_stale = false;
        }
        Ok(())
    }

    /// Returns what wakes those who wait for messages of this queue.
    fn waiting(&mut self, request: &Receive) -> Result<Arc<Notify>, SqsError> {
        let serial = self.engine.serial(&request.queue_url)?;
        self.waiting.retain(|known, notify| *known == serial || Arc::strong_count(notify) > 1);
        Ok(self.waiting.entry(serial).or_default().clone())
    }
}

impl Response {
    fn new(answer: Result<Value, SqsError>, number: u64) -> Self {
        let mut headers = vec![
            ("content-type", "application/x-amz-json-1.0".to_owned()),
            ("x-amzn-requestid", format!("{number:08x}-0000-4000-8000-000000000000")),
        ];
        let (status, body) = match answer {
            Ok(body) => (200, body),
            Err(error) => {
                let fault = if error.kind.is_senders_fault() { "Sender" } else { "Receiver" };
                let code = error.kind.code();
                headers.push(("x-amzn-query-error", format!("{code};{fault}")));
                let body = json!({ "__type": error.kind.shape(), "message": error.message });
                (error.kind.status(), body)
            }
        };
        Self { status, headers, body: body.to_string().into_bytes() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn refuse_writes(sqs: &Sqs, refuse: bool) {
        sqs.core().journal.as_ref().unwrap().refuse_writes(refuse).unwrap();
    }

    #[tokio::test]
    async fn unwritable_changes_are_not_acknowledged_and_have_not_happened() {
        let sqs = Sqs::open_with(":memory:", Settings::default(), Arc::new(|| 1_700_000_000_000))
            .unwrap();
        let call = async |operation: &str, more: &str| {
            let body = format!("{{\"QueueUrl\":\"x/x/q\",\"QueueName\":\"q\"{more}}}");
            sqs.call(&format!("AmazonSQS.{operation}"), body.as_bytes()).await
        };
        assert_eq!(call("CreateQueue", "").await.status, 200);
        assert_eq!(call("SendMessage", r#","MessageBody":"first""#).await.status, 200);

        refuse_writes(&sqs, true);
        let lost = call("SendMessage", r#","MessageBody":"lost""#).await;
        assert_eq!(lost.status, 500);
        assert!(lost.headers.contains(&("x-amzn-query-error", "InternalFailure;Receiver".into())));
        assert_eq!(call("ReceiveMessage", "").await.status, 500);

        refuse_writes(&sqs, false);
        let received = call("ReceiveMessage", r#","MaxNumberOfMessages":10"#).await;
        let body: Value = serde_json::from_slice(&received.body).unwrap();
        assert_eq!(body["Messages"].as_array().unwrap().len(), 1);
        assert_eq!(body["Messages"][0]["Body"], "first");
    }
}
