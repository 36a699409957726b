//! Routing test cases, run by the router itself: whether tasks get the queue and the worker that they are to get.
//!
//! They are run on a workspace of which the following is assumed, so that a test says the same
//! at night and on a busy day:
//! - No other task is there, so nobody has anything to do. The tasks of one test case come one after the other, each before the
//!   ones behind it, and nobody answers in between.
//! - Every worker is available: those whose activity is none for tasks are in the first one that is, in the order of their
//!   identifiers. Capacities and switches are as they are.
//! - A worker has been idle since they were made, so that the eldest of equals comes first.
//! - No time passes: what matters is the target in which a task is when it arrives, after everything that is skipped.

use std::collections::BTreeMap;

use super::Router;
use crate::record::Record;
use crate::sid::{ActivitySid, Sid as _, TaskQueueSid, TaskSid, WorkerSid};
use crate::task::{Destination, NewTask, Task};
use crate::timestamp::Timestamp;
use crate::workspace::{Expected, RoutingTest, TaskChannel, TestedTask, Workflow, Workspace};

/// More steps than the tasks of one test case ever take.
const STEPS_MAX: usize = 1_000;
/// How long a tested task may wait: longer than anything that is looked at.
const TIMEOUT_SECONDS: i64 = 86_400;

/// What test cases are run on.
#[derive(Debug, Clone, Copy)]
pub struct Material<'a> {
    /// The workspace.
    pub workspace: &'a Workspace,
    /// Its configuration and its workers.
    pub records: &'a [Record],
    /// The workflow, with the configuration that is tried.
    pub workflow: &'a Workflow,
    /// Now.
    pub now: Timestamp,
}

/// What became of one tested task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Outcome<'a> {
    /// The name of its test case.
    pub test: &'a str,
    /// Its number there, from 1.
    pub number: usize,
    /// What it was to get.
    pub task: &'a TestedTask,
    /// Whether its task channel is there. A task without one is not routed.
    pub has_channel: bool,
    /// The queue it is in.
    pub queue: Option<TaskQueueSid>,
    /// The workers it is offered to.
    pub workers: Vec<WorkerSid>,
}

impl Outcome<'_> {
    /// Whether it got the queue that it was to get.
    pub fn queue_is_right(&self) -> bool {
        match self.task.queue {
            None => true,
            Some(Expected::Nothing) => self.queue.is_none(),
            Some(Expected::This(queue)) => self.queue == Some(queue),
        }
    }

    /// Whether it was offered to whom it was to be offered.
    pub fn worker_is_right(&self) -> bool {
        match self.task.worker {
            None => true,
            Some(Expected::Nothing) => self.workers.is_empty(),
            Some(Expected::This(worker)) => self.workers.contains(&worker),
        }
    }

    /// Whether it went as it was to go.
    pub fn is_right(&self) -> bool {
        self.has_channel && self.queue_is_right() && self.worker_is_right()
    }
}

/// Runs test cases, each on a workspace of its own.
pub fn run<'a>(material: &Material<'_>, tests: &'a [RoutingTest]) -> Vec<Outcome<'a>> {
    let quiet = quiet(material);
    let channels: BTreeMap<&str, &TaskChannel> = material
        .records
        .iter()
        .filter_map(Record::get::<TaskChannel>)
        .map(|channel| (channel.unique_name.as_str(), channel))
        .collect();
    let one = |test: &'a RoutingTest| run_one(material, quiet.clone(), &channels, test);
    tests.iter().flat_map(one).collect()
}

/// A router of the workspace without tasks, whose workers are all available.
fn quiet(material: &Material<'_>) -> Router {
    let mut router = Router::new(material.workspace.clone());
    let mut available: Option<ActivitySid> = None;
    let mut activities = BTreeMap::new();
    for record in material.records {
        if let Record::Activity(activity) = record {
            activities.insert(activity.sid, activity.available);
            if activity.available {
                available = available.into_iter().chain([activity.sid]).min();
            }
        }
    }
    for record in material.records {
        let mut record = record.clone();
        if let Record::Worker(worker) = &mut record {
            worker.activity_since = worker.created;
            worker.occupation = None;
            let is_available = activities.get(&worker.activity).copied().unwrap_or(false);
            worker.activity = available.filter(|_| !is_available).unwrap_or(worker.activity);
        }
        let is_replaced =
            matches!(&record, Record::Workflow(one) if one.sid == material.workflow.sid);
        if !is_replaced && !matches!(record, Record::Task(_)) {
            router.learn(record);
        }
    }
    let version = material.workflow.version + 1;
    router.learn(Workflow { version, ..material.workflow.clone() }.into());
    router
}

fn run_one<'a>(
    material: &Material<'_>,
    mut router: Router,
    channels: &BTreeMap<&str, &TaskChannel>,
    test: &'a RoutingTest,
) -> Vec<Outcome<'a>> {
    let mut outcomes = Vec::new();
    for (place, task) in test.tasks.iter().enumerate() {
        let number = place.saturating_add(1);
        let sid = TaskSid::derived(&["routing test", &test.name, &number.to_string()]);
        let after = i64::try_from(place).unwrap_or(i64::MAX);
        let now = Timestamp(material.now.0.saturating_add(after));
        let channel = channels.get(task.channel.as_str());
        if let Some(channel) = channel {
            router.learn(arriving(material.workflow, channel, task, sid, now).into());
            settle(&mut router, now);
        }
        let held = router.task(sid);
        outcomes.push(Outcome {
            test: &test.name,
            number,
            task,
            has_channel: channel.is_some(),
            queue: held.and_then(|task| task.queue),
            workers: held
                .into_iter()
                .flat_map(|task| task.open_reservations())
                .map(|one| one.worker)
                .collect(),
        });
    }
    outcomes
}

fn arriving(
    workflow: &Workflow,
    channel: &TaskChannel,
    tested: &TestedTask,
    sid: TaskSid,
    now: Timestamp,
) -> Task {
    let task = Task::create(NewTask {
        sid,
        workflow,
        channel,
        attributes: tested.attributes.clone(),
        priority: tested.priority,
        timeout_seconds: TIMEOUT_SECONDS,
        start: now,
        interaction: None,
        destination: Destination::Workflow,
        now,
    });
    Task { version: task.version + 1, ..task }
}

/// Lets the router decide until there is nothing more to decide.
fn settle(router: &mut Router, now: Timestamp) {
    for _ in 0..STEPS_MAX {
        let turn = router.step(now);
        router.committed(&turn.decision);
        if !turn.more {
            return;
        }
    }
}

#[cfg(test)]
mod tests;
