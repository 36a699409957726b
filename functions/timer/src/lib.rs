//! Everything that is due: wakes the routers whose reservations, targets or tasks have run out of time, looks at the
//! conversations that have been quiet for as long as their timers say, lets the messages go whose time has come, and sends for the
//! calls of webhooks that are to be made again, and for the flows whose customers did not reply in time.
//!
//! Woken by: `timers` (delayed messages, for what is due within fifteen minutes) and every minute (for the
//! rest, and for whatever a lost timer left behind). Writes: conversations that become inactive or are closed, messages that were
//! scheduled. Asks for: `task-assignment`, if something of the task is due: most offers have been answered when their time is over;
//! `interaction-invite`, when a conversation is closed; `outbound-message`, `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod conversations;
mod deliveries;
mod flows;
mod messages;
mod routers;

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::{Value, json};
use switchboard_domain::effect::{MessagesAlarm, Wake};
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::queue::{body, item_failure, log};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};

/// A timer that is so little early is on time.
const TOLERANCE: Millis = Millis(20);

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "TABLE_ROUTING",
        "QUEUE_ROUTING",
        "QUEUE_INVITES",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "QUEUE_TIMERS",
    ],
};

/// Handles a batch of timers, or the minute's tick.
pub async fn handle(on: &Dependencies, event: Value) -> Result<Value, Failure> {
    if event.get("Records").is_none() {
        done_in_time(tick(on)).await?;
        return Ok(json!({}));
    }
    let event: SqsEvent =
        serde_json::from_value(event).map_err(|error| Failure::Invalid(error.to_string()))?;
    let response = ring(on, event).await;
    serde_json::to_value(response).map_err(|error| Failure::Defect(error.to_string()))
}

/// Wakes who is to be woken. Copies in one batch are one. Routers are woken together: they succeed or come back together.
/// A conversation is looked at by itself, so that none holds up another.
async fn ring(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    let now = on.now();
    let mut response = SqsBatchResponse::default();
    let (mut routers, mut ids) = (BTreeMap::new(), Vec::new());
    let mut conversations: BTreeMap<_, (_, Vec<String>)> = BTreeMap::new();
    let mut flows: BTreeMap<_, (_, Vec<String>)> = BTreeMap::new();
    let mut messages: BTreeMap<Vec<MessageSid>, (MessagesAlarm, Vec<String>)> = BTreeMap::new();
    for message in &event.records {
        let id = message.message_id.clone().unwrap_or_default();
        match body::<Wake>(message) {
            Ok(Wake::Router(alarm)) => {
                routers.insert(routers::name(&alarm), alarm);
                ids.push(id);
            }
            Ok(Wake::Conversation(alarm)) => {
                let place = (alarm.conversation, alarm.at);
                conversations.entry(place).or_insert((alarm, Vec::new())).1.push(id);
            }
            Ok(Wake::Flow(alarm)) => {
                let place = (alarm.execution, alarm.at);
                flows.entry(place).or_insert((alarm, Vec::new())).1.push(id);
            }
            Ok(Wake::Messages(alarm)) => {
                let place = alarm.messages.clone();
                messages.entry(place).or_insert((alarm, Vec::new())).1.push(id);
            }
            Err(failure) => {
                log(&id, &failure);
                response.batch_item_failures.push(item_failure(id));
            }
        }
    }
    if let Err(failure) = done_in_time(routers::wake(on, routers, now)).await {
        fail(&mut response, ids, &failure);
    }
    for (alarm, ids) in conversations.into_values() {
        if let Err(failure) = done_in_time(conversations::look(on, alarm)).await {
            fail(&mut response, ids, &failure);
        }
    }
    for (alarm, ids) in flows.into_values() {
        if let Err(failure) = done_in_time(flows::look(on, alarm)).await {
            fail(&mut response, ids, &failure);
        }
    }
    for (alarm, ids) in messages.into_values() {
        if let Err(failure) = done_in_time(Box::pin(messages::look(on, alarm))).await {
            fail(&mut response, ids, &failure);
        }
    }
    response
}

fn fail(response: &mut SqsBatchResponse, ids: Vec<String>, failure: &Failure) {
    for id in ids {
        log(&id, failure);
        response.batch_item_failures.push(item_failure(id));
    }
}

/// Whether the time of a timer has come.
fn has_come(at: Timestamp, now: Timestamp) -> bool {
    at <= now + TOLERANCE
}

/// Lets every workspace's router look at the time, sets alarms for the conversations and messages that are due before the next tick,
/// and sends for every call that is to be made again. One of them that fails does not keep the others from being done.
async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let routers = routers::tick(on).await;
    let conversations = conversations::tick(on).await;
    let messages = messages::tick(on).await;
    let flows = flows::tick(on).await;
    deliveries::tick(on).await?;
    conversations.and(routers).and(messages).and(flows)
}
