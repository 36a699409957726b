//! A rehearsal: what a recorded time would have looked like under another configuration of a workflow.
//!
//! ```text
//!  occurrences ──▶ recording ──replay──▶ fates now ──┐
//!                      │                             ├─▶ difference
//!                      └──────── fates then ─────────┘
//! ```
//!
//! The replay feeds the same pure router that routes for real with virtual time: tasks arrive, workers change and
//! answer when they did. What was not recorded is assumed, and [`ASSUMPTIONS`] is part of every answer:
//! - An offer to the worker who had it then is answered as it was then, as long after it; if it is made within
//!   [`SAME_MOMENT`] of the recorded one, at the very moment, since a queue between router and worker is no difference.
//! - An offer to another worker is accepted after the median of the recorded answers.
//! - A task is worked on for as long as it was; one that was not completed for the median, and for no less than it is
//!   known to have lasted.
//! - Queues, activities, task channels, other workflows, and workers of whom no event tells are as they are now.
//! - Attributes that a worker had before the first recorded change are those after it, and so are those and the
//!   priority of a task.
//! - The router decides at once, one thing after another; within a millisecond workers go first, then tasks in the
//!   order of their identifiers. When it looked was not recorded.
//! - A task that waited at the beginning enters its workflow anew, refused by no worker; one that a worker had then
//!   stays with them.
//! - A priority that a target gave is not one the task came with: that is taken to be 0.
//!
//! Nothing here is written anywhere.

mod difference;
mod rank;
mod recording;
mod replay;

use std::collections::BTreeMap;

use crate::event::Occurrence;
use crate::record::Record;
use crate::sid::{TaskQueueSid, TaskSid, WorkerSid, WorkflowSid};
use crate::task::Task;
use crate::timestamp::{Millis, Timestamp};
use crate::workspace::Workspace;

use self::recording::Recording;
use self::replay::Replay;

/// The longest time that is rehearsed.
pub const PERIOD_MAX: Millis = Millis::seconds(24 * 3600);
/// Most tasks of one rehearsal.
pub const TASKS_MAX: usize = 5_000;
/// Most occurrences of one rehearsal: as many as a small function reads and replays before its caller gives up.
pub const OCCURRENCES_MAX: usize = 20_000;
/// Most steps of the router in one rehearsal.
pub const STEPS_MAX: usize = 100_000;
/// At most this many changed assignments, and tasks that fell out, are named; the rest is counted.
pub const NAMED_MAX: usize = 100;
/// An offer that is no further from the recorded one is the same offer.
pub const SAME_MOMENT: Millis = Millis::seconds(5);
/// How long a worker takes to accept where none ever did.
const ANSWER: Millis = Millis::seconds(10);
/// How long a task takes where none was ever completed.
const SERVICE: Millis = Millis::seconds(300);

/// What is assumed where nothing was recorded, in words.
pub const ASSUMPTIONS: [&str; 8] = [
    "An offer to the worker who had it then is answered as they answered it, as long after it was made",
    "An offer to another worker is accepted after the median of the recorded answers",
    "A task is worked on for as long as it was; one that was not completed for the median time, and for no less \
     than it is known to have lasted",
    "Queues, activities, task channels, other workflows, and workers of whom no event tells are as they are now",
    "The attributes of a worker, and the attributes and the priority of a task, before their first recorded change \
     are those after it",
    "The router decides at once, one thing after another; what happened within one moment it may have decided in \
     another order",
    "A task that waited at the beginning enters its workflow anew, refused by no worker; one that a worker had then \
     stays with them",
    "A priority that a target gave to a task is not one that it came with: that is taken to be 0",
];

/// What a rehearsal is made of.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Its configuration and its workers, as they are now.
    pub records: &'a [Record],
    /// Its tasks, as they are now.
    pub tasks: &'a [Task],
    /// What happened in the period, in order.
    pub occurrences: &'a [Occurrence],
    /// When the period begins.
    pub from: Timestamp,
    /// When it ends.
    pub to: Timestamp,
    /// The workflow that is rehearsed.
    pub workflow: WorkflowSid,
    /// Its other configuration; none is the present one.
    pub configuration: Option<&'a str>,
}

/// There is too much to rehearse.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum TooMuch {
    /// Too long a time.
    #[error("is longer than 24 hours")]
    Time,
    /// Too many tasks.
    #[error("holds more than {TASKS_MAX} tasks; rehearse a shorter one")]
    Tasks,
    /// Too many changes.
    #[error("holds more than {OCCURRENCES_MAX} changes; rehearse a shorter one")]
    Occurrences,
    /// The router had too much to decide.
    #[error("takes the router more than {STEPS_MAX} steps; rehearse a shorter one")]
    Steps,
}

/// The same of then and of now.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Both<T> {
    /// As it was recorded.
    pub then: T,
    /// As it is rehearsed.
    pub now: T,
}

/// Who took a task, in which queue.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Taken {
    /// The worker.
    pub worker: WorkerSid,
    /// The queue.
    pub queue: Option<TaskQueueSid>,
    /// When.
    pub at: Timestamp,
}

/// What became of a task within the period.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Fate {
    taken: Option<Taken>,
    fell_out: bool,
}

/// A task that another worker takes, or in another queue, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Moved {
    /// The task.
    pub task: TaskSid,
    /// Who took it.
    pub taken: Both<Option<Taken>>,
}

/// How long the tasks of a queue waited, from their creation until they were accepted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Waits {
    /// How many were accepted.
    pub count: usize,
    /// Half of them waited no longer.
    pub median: Millis,
    /// 95 of a hundred waited no longer.
    pub percentile_95: Millis,
    /// None waited longer.
    pub worst: Millis,
}

/// Some that are named, and how many there are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Named<T> {
    /// The first of them.
    pub first: Vec<T>,
    /// All of them.
    pub count: usize,
}

/// The difference that a configuration makes.
#[derive(Debug, Clone, PartialEq)]
pub struct Rehearsal {
    /// How many tasks arrived or waited.
    pub tasks: usize,
    /// How many of them were accepted.
    pub accepted: Both<usize>,
    /// Whose assignment is another.
    pub moved: Named<Moved>,
    /// The waits, by queue.
    pub waits: BTreeMap<TaskQueueSid, Both<Waits>>,
    /// The tasks that fell out of their workflow.
    pub fell_out: Both<Named<TaskSid>>,
    /// How many offers were not recorded, so that their answer is assumed.
    pub assumed_answers: usize,
    /// After how long those were accepted.
    pub answer: Millis,
    /// How long a task is worked on of which nothing is known.
    pub service: Millis,
    /// How many steps the router made.
    pub steps: usize,
}

/// Refuses a time that is too long to be rehearsed. Its end has its second.
pub fn check_period(from: Timestamp, to: Timestamp) -> Result<(), TooMuch> {
    match to - from > Millis(PERIOD_MAX.0 + 999) {
        true => Err(TooMuch::Time),
        false => Ok(()),
    }
}

/// Rehearses a recorded time.
pub fn rehearse(material: &Material<'_>) -> Result<Rehearsal, TooMuch> {
    check_period(material.from, material.to)?;
    if material.occurrences.len() > OCCURRENCES_MAX {
        return Err(TooMuch::Occurrences);
    }
    let recording = Recording::of(material);
    if recording.tasks.len() > TASKS_MAX {
        return Err(TooMuch::Tasks);
    }
    let played = Replay::new(material, &recording).play()?;
    Ok(difference::of(&recording, &played))
}

#[cfg(test)]
mod tests;
