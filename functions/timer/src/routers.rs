//! The alarms of tasks and reservations, which wake the router of their workspace.

use std::collections::BTreeMap;

use switchboard_domain::effect::{
    Effect, QueueName, RouterAlarm, RouterEvent, RouterSubject, Wake,
};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::Workspace;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, Listing, key, take};

use crate::{TOLERANCE, has_come};

/// Wakes the routers of tasks of which something is due, or sets a timer again if its time is still to come.
pub(crate) async fn wake(
    on: &Dependencies,
    alarms: BTreeMap<String, RouterAlarm>,
    now: Timestamp,
) -> Result<(), Failure> {
    let keys: Vec<Key> = alarms.values().filter_map(|alarm| task_of(alarm, now)).collect();
    let mut tasks = on.store.get_all(&keys).await?;
    let mut effects = Vec::new();
    for (name, alarm) in alarms {
        let task: Option<Task> = task_of(&alarm, now).and_then(|key| take(&mut tasks, &key));
        if task.as_ref().is_none_or(|task| is_due(task, now)) {
            effects.push((name, due(alarm, now)));
        }
    }
    on.queues.try_send_effects(&effects, now).await
}

/// The task that a timer is about whose time has come.
fn task_of(alarm: &RouterAlarm, now: Timestamp) -> Option<Key> {
    match alarm.event.subject {
        RouterSubject::Task(sid) if has_come(alarm.at, now) => Some(key::task(sid)),
        _ => None,
    }
}

/// Whether the router has something to do about a task now.
fn is_due(task: &Task, now: Timestamp) -> bool {
    task.next_due().is_some_and(|at| at <= now + TOLERANCE)
}

fn due(alarm: RouterAlarm, now: Timestamp) -> Effect {
    match has_come(alarm.at, now) {
        true => Effect::Route(alarm.event),
        false => Effect::Wake(Wake::Router(alarm)),
    }
}

/// By what copies of a timer are one.
pub(crate) fn name(alarm: &RouterAlarm) -> String {
    let of = match alarm.event.subject {
        RouterSubject::Task(sid) => sid.to_string(),
        RouterSubject::Worker(sid) => sid.to_string(),
        RouterSubject::Answer(sid, _) => sid.to_string(),
        RouterSubject::Configuration => "configuration".to_owned(),
        RouterSubject::Clock => "clock".to_owned(),
    };
    format!("timer-{of}-{}", alarm.at.0)
}

/// Lets every workspace's router look at the time.
pub(crate) async fn tick(on: &Dependencies) -> Result<(), Failure> {
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
        let alarm = RouterAlarm { at: Timestamp(1_000), event: event.clone() };
        for on_time in [980, 1_000, 9_000] {
            assert_eq!(due(alarm.clone(), Timestamp(on_time)), Effect::Route(event.clone()));
        }
        let again = Effect::Wake(Wake::Router(alarm.clone()));
        assert_eq!(due(alarm, Timestamp(979)), again);
    }
}
