//! Calls customers' webhooks: signed, bounded, tried again for days, each attempt kept.
//!
//! Woken by: `webhooks.fifo`. Writes: webhook attempt, webhook endpoint, silence, conversation: how far a webhook was told of
//! what there was before it, message: what is answered to a customer, and what a flow says, flow execution. Asks for: `task-assignment`, with what an assignment
//! callback made of a reservation; `webhook-delivery`, to tell the rest; `outbound-message` and `media-copy`, for an answer;
//! `interaction-invite`, where a flow hands over.
//!
//! What is called belongs to a stranger, so it is called by the vetted caller. Answers are not read but for their first bytes,
//! and for that of an assignment callback, which may instruct us. First attempts about one conversation to one endpoint are
//! made in order. One that fails is kept with the time of the next, and holds up nobody: the tick of every minute sends for
//! those that are due. An endpoint that hangs is left alone for a while, so that nobody waits behind it; one at which nothing
//! succeeded for days is not called any more, and what it would have been told is kept as failed.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod again;
mod assignment;
mod attempt;
mod conversation;
mod event;
mod flow;
mod incoming;
mod instruction;
mod interaction;
mod parameters;
mod patience;
mod position;
mod replay;
mod status;
mod test;
mod twiml;
mod user;

use std::collections::BTreeMap;
use std::time::Duration;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use switchboard_caller::Caller;
use switchboard_domain::effect::{Call, QueueName};
use switchboard_domain::event::EventPlace;
use switchboard_domain::record::Record;
use switchboard_domain::timestamp::Millis;
use switchboard_domain::webhook::{Ended, WebhookAttempt};
use switchboard_runtime::queue::{Next, body, each_group_or_later};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::{Key, key, take};

use crate::attempt::keep;

/// What was read for a call.
type Loaded = BTreeMap<Key, Record>;

/// A call that is due.
struct Due {
    url: String,
    method: String,
    parameters: Vec<(String, String)>,
    timeout: Duration,
}

/// Whether a call is due.
enum Told {
    /// It is.
    Due(Due),
    /// Nobody wants it, or not any more.
    Unwanted,
    /// Not yet: what it tells may still be told with what comes next.
    Later(Millis),
    /// What it is about is gone.
    Gone,
}

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_ROUTING",
        "TABLE_CONFIGURATION",
        "TABLE_EVENTS",
        "QUEUE_INVITES",
        "QUEUE_ROUTING",
        "QUEUE_WEBHOOKS",
        "QUEUE_OUTBOUND",
        "QUEUE_MEDIA",
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
        Call::Interaction(call) => interaction::keys(call),
        Call::Event(call) => vec![
            key::occurrence(call.workspace, EventPlace::of(call.event_sid)),
            key::workspace(call.workspace),
        ],
        Call::Position(call) => vec![key::workspace(call.workspace)],
        Call::Assignment(call) => assignment::keys(call).to_vec(),
        Call::Status(call) => vec![key::message(call.message)],
        Call::Inbound(_) | Call::Replay(_) | Call::Again(_) | Call::Test(_) | Call::Flow(_) => {
            Vec::new()
        }
    }
}

/// What a call tells now, and whom: the truth of the moment, also of one that is made again.
async fn told(on: &Dependencies, call: &Call, loaded: Loaded) -> Result<Told, Failure> {
    match call {
        Call::Conversation(call) => conversation::told(on, call, loaded).await,
        Call::User(call) => Ok(user::told(on, call, loaded)),
        Call::Interaction(call) => Ok(interaction::told(on, call, loaded)),
        Call::Event(call) => Ok(event::told(on, call, loaded)),
        Call::Position(call) => Ok(position::told(on, call, loaded)),
        Call::Status(call) => Ok(status::told(on, call, loaded)),
        Call::Test(call) => Ok(test::told(on, call)),
        // Whose answer is read does not come here.
        Call::Assignment(_)
        | Call::Inbound(_)
        | Call::Replay(_)
        | Call::Again(_)
        | Call::Flow(_) => Ok(Told::Unwanted),
    }
}

async fn serve(on: &Dependencies, caller: &Caller, message: &SqsMessage) -> Result<Next, Failure> {
    let call: Call = body(message)?;
    if let Call::Again(call) = &call {
        return again::serve(on, caller, call, message).await;
    }
    if let Call::Replay(call) = &call {
        return replay::step(on, call).await.map(|()| Next::Done);
    }
    if let Call::Flow(call) = &call {
        return Box::pin(flow::serve(on, caller, call)).await;
    }
    let id = message.attributes.get("MessageDeduplicationId").cloned();
    let id = id.ok_or_else(|| Failure::Invalid("no deduplication id".to_owned()))?;
    let at = key::webhook_attempt(&call, &id);
    let mut wanted = keys(&call);
    wanted.push(at.clone());
    let mut loaded = on.store.get_all(&wanted).await?;
    let before: Option<WebhookAttempt> = take(&mut loaded, &at);
    let is_new = before.is_none();
    let attempt = before.unwrap_or_else(|| WebhookAttempt::new(id, call.clone(), on.now()));
    if let Call::Assignment(call) = &call {
        return assignment::serve(on, caller, call, loaded, attempt).await;
    }
    // One that was made is on the schedule.
    if !is_new {
        return Ok(Next::Done);
    }
    let sequence = message.attributes.get("SequenceNumber").cloned();
    let attempt = WebhookAttempt { sequence, ..attempt };
    if let Call::Inbound(call) = &call {
        return incoming::serve(on, caller, call, attempt, message).await;
    }
    match told(on, &call, loaded).await? {
        Told::Due(due) => attempt::make(on, caller, attempt, due, message).await,
        Told::Unwanted => Ok(Next::Done),
        Told::Later(wait) => Ok(Next::Later(wait)),
        Told::Gone => {
            let now = on.now();
            keep(on, attempt.ended(Ended::Gone, now)).await.map(|()| Next::Done)
        }
    }
}
