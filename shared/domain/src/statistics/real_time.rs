//! What there is at this moment: tasks by what became of them, workers by what they do.

use std::collections::BTreeMap;

use serde_json::Value;
use strum::VariantArray as _;

use crate::routing::expression::{Expression, WorkerAttributes};
use crate::sid::{ActivitySid, TaskChannelSid, TaskSid};
use crate::task::{Task, TaskStatus};
use crate::timestamp::Timestamp;
use crate::workspace::{Activity, TaskQueue, Worker};

/// A task that waits, and for how many whole seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Waiting {
    /// Which.
    pub task: TaskSid,
    /// How long.
    pub seconds: i64,
}

/// The tasks of a workspace, a workflow or a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct TasksNow {
    /// How many there are of each state; those in which a task is not over are always there.
    pub by_status: BTreeMap<TaskStatus, u64>,
    /// How many there are of each priority that one has.
    pub by_priority: BTreeMap<i64, u64>,
    /// How many there are.
    pub total: u64,
    /// The oldest of those that are not taken; its age counts from its virtual start.
    pub longest_waiting: Option<Waiting>,
    /// The one of them that is in its queue for the longest time, and how long it is there.
    pub longest_in_queue: Option<Waiting>,
}

impl TasksNow {
    /// Counts tasks; those that are over are passed over.
    pub fn of<'a>(tasks: impl IntoIterator<Item = &'a Task>, now: Timestamp) -> Self {
        let mut all = Self::default();
        let open = TaskStatus::VARIANTS.iter().filter(|status| !status.is_over());
        all.by_status.extend(open.map(|status| (*status, 0)));
        for task in tasks.into_iter().filter(|task| !task.status.is_over()) {
            all.total += 1;
            *all.by_status.entry(task.status).or_default() += 1;
            *all.by_priority.entry(task.priority).or_default() += 1;
            if !matches!(task.status, TaskStatus::Pending | TaskStatus::Reserved) {
                continue;
            }
            let since = |since: Timestamp| Waiting {
                task: task.sid,
                seconds: (now - since).0.max(0) / 1000,
            };
            longer(&mut all.longest_waiting, since(task.created));
            if let Some(entered) = task.queue_entered {
                longer(&mut all.longest_in_queue, since(entered));
            }
        }
        all
    }
}

/// Of two that wait as long, the first stays.
fn longer(longest: &mut Option<Waiting>, other: Waiting) {
    if longest.is_none_or(|longest| longest.seconds < other.seconds) {
        *longest = Some(other);
    }
}

/// A worker whose attributes were read once for all the expressions that look at them.
#[derive(Debug, Clone, PartialEq)]
pub struct Staff {
    /// The record.
    pub worker: Worker,
    attributes: Value,
}

impl From<Worker> for Staff {
    fn from(worker: Worker) -> Self {
        let attributes = serde_json::from_str(&worker.attributes).unwrap_or_default();
        Self { worker, attributes }
    }
}

impl Staff {
    /// Whether the worker takes tasks of a channel at all: they have capacity there, and are not set unavailable for it.
    pub fn serves(&self, channel: TaskChannelSid) -> bool {
        let capacity = self.worker.capacity(channel);
        capacity.available && capacity.capacity > 0
    }
}

/// The workers who belong to a queue, whatever they do: those whom its expression matches, as the router reads it.
/// An expression that cannot be read is matched by no worker.
pub fn eligible<'a>(queue: &TaskQueue, staff: &'a [Staff]) -> Vec<&'a Staff> {
    let Ok(expression) = Expression::parse(&queue.target_workers) else {
        return Vec::new();
    };
    staff.iter().filter(|one| expression.matches(&WorkerAttributes(&one.attributes))).collect()
}

/// The workers of a workspace or of a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct StaffNow {
    /// How many there are.
    pub total: u64,
    /// How many are in an activity in which workers get tasks, whether or not they have some already.
    pub available: u64,
    /// How many are in each activity; every activity of the workspace is there.
    pub by_activity: BTreeMap<ActivitySid, u64>,
}

impl StaffNow {
    /// Counts workers.
    pub fn of<'a>(staff: impl IntoIterator<Item = &'a Staff>, activities: &[Activity]) -> Self {
        let mut all = Self::default();
        all.by_activity.extend(activities.iter().map(|activity| (activity.sid, 0)));
        for one in staff {
            let activity = one.worker.activity;
            all.total += 1;
            *all.by_activity.entry(activity).or_default() += 1;
            let is_available = activities.iter().any(|it| it.sid == activity && it.available);
            all.available += u64::from(is_available);
        }
        all
    }
}
