//! Tasks that wait although a worker could take them: a plain search that asks no router, so that a mistake of
//! the router does not excuse itself.

use std::collections::BTreeMap;

use serde_json::Value;
use switchboard_domain::routing::expression::{Expression, WorkerAttributes};
use switchboard_domain::routing::workflow::{self, Configuration};
use switchboard_domain::sid::{Sid as _, TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid};
use switchboard_domain::task::{ReservationStatus, Task, TaskStatus};
use switchboard_domain::workspace::Worker;

use super::{Loads, WAITS};
use crate::view::View;
use crate::violation::Found;

/// The first task that waits in a queue for a channel's capacity.
type Lanes<'a> = BTreeMap<(TaskQueueSid, TaskChannelSid), &'a Task>;

pub(super) fn check(view: &View<'_>, loads: &Loads<'_>, found: &mut Found) {
    let mut lanes = Lanes::new();
    let mut read: BTreeMap<WorkflowSid, Option<Configuration>> = BTreeMap::new();
    let pending = view.tasks.values().filter(|task| task.status == TaskStatus::Pending);
    for task in pending {
        let Some(flow) = view.workflows.get(&task.workflow) else {
            continue;
        };
        if let Some(worker) = task.worker {
            by_name(view, loads, task, worker, found);
            continue;
        }
        let configuration = read
            .entry(task.workflow)
            .or_insert_with(|| workflow::Workflow::parse(&flow.configuration).ok());
        if let Some(queue) = configuration.as_ref().and_then(|it| queue_of(view, task, it)) {
            lanes.entry((queue, task.channel)).or_insert(task);
        }
    }
    for ((queue, channel), task) in lanes {
        in_queue(view, loads, queue, channel, task, found);
    }
}

/// The queue of a task that asks for nothing but a worker of it.
fn queue_of(view: &View<'_>, task: &Task, configuration: &Configuration) -> Option<TaskQueueSid> {
    let target = configuration.target(task.position?)?;
    let is_plain = target.expression.is_none() && target.known_worker.is_none();
    let is_due = task.target_until.zip(view.now()).is_some_and(|(until, now)| until <= now);
    let is_readable = serde_json::from_str::<Value>(&task.attributes).is_ok();
    task.queue.filter(|_| is_plain && !is_due && is_readable)
}

fn by_name(view: &View<'_>, loads: &Loads<'_>, task: &Task, worker: WorkerSid, found: &mut Found) {
    let refused = task.reservations.iter().any(|one| {
        one.worker == worker
            && matches!(one.status, ReservationStatus::Rejected | ReservationStatus::Timeout)
    });
    let is_another = task.handed_on_by != Some(worker);
    let worker = view.workers.get(&worker).filter(|_| !refused && is_another);
    if let Some(worker) = worker.filter(|worker| is_free(view, loads, worker, task.channel)) {
        let names = [task.sid.to_string(), worker.sid.to_string()];
        found.add(WAITS, "a task waits for them by name", names);
    }
}

fn in_queue(
    view: &View<'_>,
    loads: &Loads<'_>,
    queue: TaskQueueSid,
    channel: TaskChannelSid,
    task: &Task,
    found: &mut Found,
) {
    let Some(record) = view.queues.get(&queue) else {
        return;
    };
    let Ok(expression) = Expression::parse(&record.target_workers) else {
        return;
    };
    let belongs = |worker: &&&Worker| {
        worker.workspace == record.workspace
            && task.handed_on_by != Some(worker.sid)
            && serde_json::from_str::<Value>(&worker.attributes)
                .is_ok_and(|attributes| expression.matches(&WorkerAttributes(&attributes)))
    };
    let mut free = view.workers.values().filter(|worker| is_free(view, loads, worker, channel));
    if let Some(worker) = free.find(belongs) {
        let names = [task.sid.to_string(), queue.to_string(), worker.sid.to_string()];
        found.add(WAITS, "a task waits in their queue", names);
    }
}

/// Whether a worker can take one more task of a channel.
fn is_free(view: &View<'_>, loads: &Loads<'_>, worker: &Worker, channel: TaskChannelSid) -> bool {
    let activity = view.activities.get(&worker.activity);
    let workspace = view.workspaces.get(&worker.workspace);
    let alone = workspace.is_none_or(|workspace| !workspace.multi_task_enabled);
    let mut any = loads.range((worker.sid, TaskChannelSid::from_bytes([0; 16]))..);
    let is_busy = alone && any.next().is_some_and(|((who, _), _)| *who == worker.sid);
    let capacity = worker.capacity(channel);
    let open = loads.get(&(worker.sid, channel)).map_or(0, Vec::len);
    activity.is_some_and(|activity| activity.available)
        && !is_busy
        && capacity.available
        && open < usize::try_from(capacity.capacity).unwrap_or(usize::MAX)
}
