//! Everything that is due: wakes the routers whose reservations, targets or tasks have run out of time.
//!
//! Woken by: `timers` (delayed messages, for what is due within fifteen minutes) and every minute (for the
//! rest, and for whatever a lost timer left behind). Writes: nothing. Asks for: `task-assignment`.
#![forbid(unsafe_code)]

use aws_lambda_events::sqs::SqsEvent;
use serde_json::{Value, json};
use switchboard_domain::effect::{Effect, QueueName, RouterEvent, Subject, Wake};
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::queue::{body, each_message};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Listing, Table};

/// A timer that is so little early is on time.
const TOLERANCE: Millis = Millis(20);

/// Handles a batch of timers, or the minute's tick.
pub async fn handle(on: &Dependencies, event: Value) -> Result<Value, Failure> {
    if event.get("Records").is_none() {
        tick(on).await?;
        return Ok(json!({}));
    }
    let event: SqsEvent =
        serde_json::from_value(event).map_err(|error| Failure::Invalid(error.to_string()))?;
    let response =
        each_message(event, |message| async move { ring(on, &body(&message)?).await }).await;
    serde_json::to_value(response).map_err(|error| Failure::Defect(error.to_string()))
}

/// Wakes the router, or sets the timer again if its time is still to come.
async fn ring(on: &Dependencies, wake: &Wake) -> Result<(), Failure> {
    let now = on.now();
    if now + TOLERANCE < wake.at {
        let again = Effect::Wake(wake.clone());
        return on.queues.try_send_effects(&[(String::new(), again)], now).await;
    }
    let id = format!("timer-{}-{}", name(&wake.event), wake.at.0);
    let group = wake.event.workspace.to_string();
    on.queues.send(QueueName::Routing, &wake.event, group, id).await
}

fn name(event: &RouterEvent) -> String {
    match event.subject {
        Subject::Task(sid) => sid.to_string(),
        Subject::Worker(sid) => sid.to_string(),
        Subject::Configuration => "configuration".to_owned(),
        Subject::Clock => "clock".to_owned(),
    }
}

/// Lets every workspace's router look at the time.
async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let listing = Listing::list(Table::Routing, "WORKSPACES");
    let workspaces: Vec<Workspace> = on.store.all(&listing).await?;
    let minute = on.now().seconds() / 60;
    for workspace in workspaces {
        let event = RouterEvent { workspace: workspace.sid, subject: Subject::Clock };
        let group = workspace.sid.to_string();
        on.queues.send(QueueName::Routing, &event, group, format!("tick-{minute}")).await?;
    }
    Ok(())
}
