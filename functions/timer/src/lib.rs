//! Everything that is due: wakes the routers whose reservations, targets or tasks have run out of time.
//!
//! Woken by: `timers` (delayed messages, for what is due within fifteen minutes) and every minute (for the
//! rest, and for whatever a lost timer left behind). Writes: nothing. Asks for: `task-assignment`, if something of
//! the task is due: most offers have been answered when their time is over.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use serde_json::{Value, json};
use switchboard_domain::effect::{Effect, QueueName, RouterEvent, RouterSubject, Wake};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::queue::{body, item_failure, log};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::{Key, Listing, key, take};

/// A timer that is so little early is on time.
const TOLERANCE: Millis = Millis(20);

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &["TABLE_ROUTING", "QUEUE_ROUTING", "QUEUE_TIMERS"],
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

/// Wakes the routers of tasks of which something is due, or sets a timer again if its time is still to come. Copies in one
/// batch are one, and all are sent together: they succeed or come back together.
async fn ring(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    let now = on.now();
    let mut response = SqsBatchResponse::default();
    let (mut wakes, mut ids) = (BTreeMap::new(), Vec::new());
    for message in &event.records {
        let id = message.message_id.clone().unwrap_or_default();
        match body::<Wake>(message) {
            Ok(wake) => {
                let name = format!("timer-{}-{}", name(&wake.event), wake.at.0);
                wakes.insert(name, wake);
                ids.push(id);
            }
            Err(failure) => {
                log(&id, &failure);
                response.batch_item_failures.push(item_failure(id));
            }
        }
    }
    if let Err(failure) = done_in_time(pass_on(on, wakes, now)).await {
        for id in ids {
            log(&id, &failure);
            response.batch_item_failures.push(item_failure(id));
        }
    }
    response
}

async fn pass_on(
    on: &Dependencies,
    wakes: BTreeMap<String, Wake>,
    now: Timestamp,
) -> Result<(), Failure> {
    let keys: Vec<Key> = wakes.values().filter_map(|wake| task_of(wake, now)).collect();
    let mut tasks = on.store.get_all(&keys).await?;
    let mut effects = Vec::new();
    for (name, wake) in wakes {
        let task: Option<Task> = task_of(&wake, now).and_then(|key| take(&mut tasks, &key));
        if task.as_ref().is_none_or(|task| is_due(task, now)) {
            effects.push((name, due(wake, now)));
        }
    }
    on.queues.try_send_effects(&effects, now).await
}

/// The task that a timer is about whose time has come.
fn task_of(wake: &Wake, now: Timestamp) -> Option<Key> {
    match wake.event.subject {
        RouterSubject::Task(sid) if has_come(wake, now) => Some(key::task(sid)),
        _ => None,
    }
}

fn has_come(wake: &Wake, now: Timestamp) -> bool {
    wake.at <= now + TOLERANCE
}

/// Whether the router has something to do about a task now.
fn is_due(task: &Task, now: Timestamp) -> bool {
    task.next_due().is_some_and(|at| at <= now + TOLERANCE)
}

fn due(wake: Wake, now: Timestamp) -> Effect {
    if has_come(&wake, now) { Effect::Route(wake.event) } else { Effect::Wake(wake) }
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
