//! Everything that is due: wakes the routers whose reservations, targets or tasks have run out of time.
//!
//! Woken by: `timers` (delayed messages, for what is due within fifteen minutes) and every minute (for the
//! rest, and for whatever a lost timer left behind). Writes: nothing. Asks for: `task-assignment`.
#![forbid(unsafe_code)]

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::{Value, json};
use switchboard_domain::effect::{Effect, QueueName, RouterEvent, RouterSubject, Wake};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::queue::{body, item_failure, log};
use switchboard_runtime::{Dependencies, Failure, Patience};
use switchboard_store::Listing;

/// A timer that is so little early is on time.
const TOLERANCE: Millis = Millis(20);

/// How long tables and queues are waited for. There is time: its invocations have half a minute or more.
pub const PATIENCE: Patience = Patience::LONG;

/// Handles a batch of timers, or the minute's tick.
pub async fn handle(on: &Dependencies, event: Value) -> Result<Value, Failure> {
    if event.get("Records").is_none() {
        tick(on).await?;
        return Ok(json!({}));
    }
    let event: SqsEvent =
        serde_json::from_value(event).map_err(|error| Failure::Invalid(error.to_string()))?;
    let response = ring(on, event).await;
    serde_json::to_value(response).map_err(|error| Failure::Defect(error.to_string()))
}

/// Wakes the routers, or sets a timer again if its time is still to come. A timer is told twice, once by each
/// road; copies in one batch are one, and all are sent together: they succeed or come back together.
async fn ring(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    let now = on.now();
    let mut response = SqsBatchResponse::default();
    let (mut effects, mut ids) = (BTreeMap::new(), Vec::new());
    for message in &event.records {
        let id = message.message_id.clone().unwrap_or_default();
        match body::<Wake>(message) {
            Ok(wake) => {
                let name = format!("timer-{}-{}", name(&wake.event), wake.at.0);
                effects.insert(name, due(wake, now));
                ids.push(id);
            }
            Err(failure) => {
                log(&id, &failure);
                response.batch_item_failures.push(item_failure(id));
            }
        }
    }
    let effects: Vec<(String, Effect)> = effects.into_iter().collect();
    if let Err(failure) = on.queues.try_send_effects(&effects, now).await {
        for id in ids {
            log(&id, &failure);
            response.batch_item_failures.push(item_failure(id));
        }
    }
    response
}

fn due(wake: Wake, now: Timestamp) -> Effect {
    if now + TOLERANCE < wake.at { Effect::Wake(wake) } else { Effect::Route(wake.event) }
}

fn name(event: &RouterEvent) -> String {
    match event.subject {
        RouterSubject::Task(sid) => sid.to_string(),
        RouterSubject::Worker(sid) => sid.to_string(),
        RouterSubject::Answer(sid, _) => sid.to_string(),
        RouterSubject::Configuration => "configuration".to_owned(),
        RouterSubject::Clock => "clock".to_owned(),
    }
}

/// Lets every workspace's router look at the time.
async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let listing = Listing::workspaces();
    let workspaces: Vec<Workspace> = on.store.all(&listing).await?;
    let minute = on.now().seconds() / 60;
    for workspace in workspaces {
        let event = RouterEvent { workspace: workspace.sid, subject: RouterSubject::Clock };
        let group = workspace.sid.to_string();
        on.queues.send(QueueName::Routing, &event, group, format!("tick-{minute}")).await?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::{Sid as _, TaskSid, WorkspaceSid};

    #[test]
    fn due_timers_wake_the_router_and_early_ones_are_set_again() {
        let subject = RouterSubject::Task(TaskSid::derived(&["t"]));
        let event = RouterEvent { workspace: WorkspaceSid::derived(&["w"]), subject };
        let wake = Wake { at: Timestamp(1_000), event: event.clone() };
        for on_time in [980, 1_000, 9_000] {
            assert_eq!(due(wake.clone(), Timestamp(on_time)), Effect::Route(event.clone()));
        }
        assert_eq!(due(wake.clone(), Timestamp(979)), Effect::Wake(wake));
    }
}
