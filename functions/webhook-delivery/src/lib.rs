//! Calls customers' webhooks: signed, bounded, tried again.
//!
//! Woken by: `webhooks.fifo`. Writes: webhook attempt, silence. Asks for: `task-assignment`, with what an assignment callback
//! made of a reservation.
//!
//! What is called belongs to a stranger, so it is called by the vetted caller. Answers are not read, but for that of an
//! assignment callback, which may instruct us. An endpoint that fails holds up only its own conversation, resource or
//! reservation; one that hangs is left alone for a while, so that nobody waits behind it.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod assignment;
mod conversation;
mod event;
mod instruction;
mod parameters;
mod patience;
mod user;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use switchboard_caller::{Called, Caller, Request};
use switchboard_domain::configuration::WebhookAttempt;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Call, QueueName};
use switchboard_domain::event::EventPlace;
use switchboard_domain::record::Record;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::version::Version;
use switchboard_runtime::queue::{Next, body, each_group_or_later};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::{Key, key, take};

use crate::patience::{Known, Now};

/// How often an endpoint is tried.
const ATTEMPTS_MAX: u32 = 4;

/// What was read for a call.
type Loaded = BTreeMap<Key, Record>;

/// A call that is due.
struct Due {
    url: String,
    method: String,
    parameters: Vec<(String, String)>,
    timeout: Duration,
}

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_ROUTING",
        "TABLE_CONFIGURATION",
        "TABLE_EVENTS",
        "QUEUE_ROUTING",
        "QUEUE_WEBHOOKS",
        "AUTH_TOKEN",
    ],
};

/// Handles a batch.
pub async fn handle(on: &Dependencies, caller: &Caller, event: SqsEvent) -> SqsBatchResponse {
    each_group_or_later(&on.queues, QueueName::Webhooks, event, |message| async move {
        serve(on, caller, &message).await
    })
    .await
}

/// The records that a call is made of.
fn keys(call: &Call) -> Vec<Key> {
    match call {
        Call::Conversation(call) => conversation::keys(call),
        Call::User(call) => user::keys(call).to_vec(),
        Call::Event(call) => vec![
            key::occurrence(call.workspace, EventPlace::of(call.event_sid)),
            key::workspace(call.workspace),
        ],
        Call::Assignment(call) => assignment::keys(call).to_vec(),
    }
}

async fn serve(on: &Dependencies, caller: &Caller, message: &SqsMessage) -> Result<Next, Failure> {
    let call: Call = body(message)?;
    let id = message.attributes.get("MessageDeduplicationId").cloned();
    let id = id.ok_or_else(|| Failure::Invalid("no deduplication id".to_owned()))?;
    let attempt = key::webhook_attempt(&id);
    let mut wanted = keys(&call);
    wanted.push(attempt.clone());
    let mut loaded = on.store.get_all(&wanted).await?;
    let before: Option<WebhookAttempt> = take(&mut loaded, &attempt);
    if before.as_ref().is_some_and(|before| before.done) {
        return Ok(Next::Done);
    }
    let tried = Tried { id, before };
    let due = match &call {
        Call::Conversation(call) => conversation::due(on, call, loaded).await?,
        Call::User(call) => user::due(on, call, loaded),
        Call::Event(call) => event::due(on, call, loaded),
        Call::Assignment(call) => {
            return assignment::serve(on, caller, call, loaded, tried).await;
        }
    };
    let Some(Due { url, method, parameters, timeout }) = due else {
        return Ok(Next::Done);
    };
    let mut known = Known::of(on, &url).await?;
    let timeout = match known.approach(on, message, timeout).await? {
        Now::Call(timeout) => timeout,
        Now::Later(wait) => return Ok(Next::Later(wait)),
    };
    let request =
        Request { url: &url, method: &method, parameters: &parameters, id: &tried.id, timeout };
    let called = caller.call(on, request).await;
    known.note(on, &called).await;
    let attempt = tried.next(on, &call, &called, None);
    let (done, attempts) = (attempt.done, attempt.attempts);
    note(on, attempt).await;
    if done {
        return Ok(Next::Done);
    }
    let wait = Millis::seconds(1_i64 << (2 * attempts).min(10));
    tracing::warn!(attempts, "webhook put off: it {called}");
    Ok(Next::Later(wait))
}

/// Notes that an endpoint was called. A copy that was quicker wrote the same; nothing depends on who was first.
async fn note(on: &Dependencies, attempt: WebhookAttempt) {
    if let Err(error) = on.commit(&Decision::put(attempt)).await {
        tracing::debug!("attempt not noted: {error}");
    }
}

/// A call with what came of it until now.
struct Tried {
    id: String,
    before: Option<WebhookAttempt>,
}

impl Tried {
    /// How often it was tried.
    fn attempts(&self) -> u32 {
        self.before.as_ref().map_or(0, |before| before.attempts)
    }

    /// What is noted of one more attempt; whether nothing more is to be done follows from how it went, unless it
    /// is said.
    fn next(
        self,
        on: &Dependencies,
        call: &Call,
        called: &Called,
        done: Option<bool>,
    ) -> WebhookAttempt {
        let attempts = self.attempts() + 1;
        let done = done.unwrap_or_else(|| called.is_final() || attempts >= ATTEMPTS_MAX);
        let (about, event, message) = match call {
            Call::Conversation(call) => {
                (call.conversation.to_string(), call.event.name().to_owned(), call.message)
            }
            Call::User(call) => (call.user.to_string(), call.event.name().to_owned(), None),
            Call::Event(call) => (call.resource.clone(), call.event_sid.to_string(), None),
            Call::Assignment(call) => (call.reservation.to_string(), "assignment".to_owned(), None),
        };
        if done && !called.succeeded() {
            tracing::warn!(event, attempts, "webhook given up: it {called}");
        }
        WebhookAttempt {
            id: self.id,
            about,
            event,
            message,
            attempts,
            status: called.status(),
            done,
            updated: on.now(),
            version: self.before.map_or(Version::NEW, |before| before.version),
        }
    }
}
