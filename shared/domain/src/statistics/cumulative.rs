//! What happened in a span of time, out of its occurrences.
//!
//! A queue's figures are of the queue that each event is about: a task that moves on is counted where it was left,
//! and one that is taken or given up where it was then.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::{
    Event, EventType, Occurrence, ReservationEvent, Subject, TaskEvent, TaskQueueEvent,
    WorkerEvent, WorkflowEvent,
};
use crate::sid::{ActivitySid, TaskChannelSid, TaskQueueSid, WorkerSid};
use crate::timestamp::{Millis, Timestamp};
use crate::workspace::Worker;

/// How long something took each time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Spread {
    /// How often.
    pub count: i64,
    min: i64,
    max: i64,
    total: i64,
}

impl Spread {
    /// Takes one more time in.
    pub fn add(&mut self, Millis(span): Millis) {
        self.min = if self.count == 0 { span } else { self.min.min(span) };
        self.max = self.max.max(span);
        self.total += span;
        self.count += 1;
    }

    /// The average in whole seconds; 0 of nothing.
    pub const fn avg(&self) -> i64 {
        if self.count == 0 { 0 } else { self.total / self.count / 1000 }
    }

    /// The shortest in whole seconds.
    pub const fn min(&self) -> i64 {
        self.min / 1000
    }

    /// The longest in whole seconds.
    pub const fn max(&self) -> i64 {
        self.max / 1000
    }

    /// All together in whole seconds.
    pub const fn total(&self) -> i64 {
        self.total / 1000
    }
}

/// What became of reservations.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "each is called what it counts")]
pub struct Reservations {
    pub created: u64,
    pub accepted: u64,
    pub rejected: u64,
    pub timed_out: u64,
    pub canceled: u64,
    pub rescinded: u64,
}

impl Reservations {
    /// Takes one event in.
    pub const fn count(&mut self, what: ReservationEvent) {
        match what {
            ReservationEvent::Created => self.created += 1,
            ReservationEvent::Accepted => self.accepted += 1,
            ReservationEvent::Rejected => self.rejected += 1,
            ReservationEvent::Timeout => self.timed_out += 1,
            ReservationEvent::Canceled => self.canceled += 1,
            ReservationEvent::Rescinded => self.rescinded += 1,
            ReservationEvent::Completed | ReservationEvent::Failed | ReservationEvent::Wrapup => {}
        }
    }
}

/// What happened on one side of a threshold.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Side {
    /// Tasks that were given up.
    pub tasks_canceled: u64,
    /// Reservations that were taken.
    pub reservations_accepted: u64,
}

/// What happened within a threshold and beyond it. A wait of exactly the threshold is within.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Split {
    /// Beyond.
    pub above: Side,
    /// Within.
    pub below: Side,
}

/// What happened in a workspace, a workflow or a queue.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Cumulative {
    /// Its reservations.
    pub reservations: Reservations,
    /// Tasks that were announced.
    pub created: u64,
    /// Tasks that entered a queue.
    pub entered_queue: u64,
    /// Tasks that entered a workflow.
    pub entered_workflow: u64,
    /// How often a task went from one queue to another.
    pub moved: u64,
    /// Tasks that were given up.
    pub canceled: u64,
    /// Tasks that were done.
    pub completed: u64,
    /// Tasks that were deleted, by a command or as they were assigned for too long.
    pub deleted: u64,
    /// Tasks whose time in the last target of their workflow ran out.
    pub timed_out_in_workflow: u64,
    /// From the creation of a task until it was taken.
    pub until_accepted: Spread,
    /// From the creation of a task until it was given up.
    pub until_canceled: Spread,
    /// From the entry into the queue until a task was taken.
    pub in_queue_until_accepted: Spread,
    /// By thresholds in seconds.
    pub splits: BTreeMap<i64, Split>,
}

impl Cumulative {
    /// Nothing yet, to be split by these thresholds.
    pub fn split_by(thresholds: &BTreeSet<i64>) -> Self {
        let splits = thresholds.iter().map(|seconds| (*seconds, Split::default())).collect();
        Self { splits, ..Self::default() }
    }

    /// What happened to tasks, as far as `keep` says.
    pub fn of(
        occurrences: &[Occurrence],
        thresholds: &BTreeSet<i64>,
        keep: impl Fn(&Occurrence, &Event) -> bool,
    ) -> Self {
        let mut all = Self::split_by(thresholds);
        for (of, event) in of_tasks(occurrences).filter(|(of, event)| keep(of, event)) {
            all.count(of, event);
        }
        all
    }

    /// What happened in each queue in which something happened, on one channel or on all.
    pub fn of_queues(
        occurrences: &[Occurrence],
        thresholds: &BTreeSet<i64>,
        channel: Option<TaskChannelSid>,
    ) -> BTreeMap<TaskQueueSid, Self> {
        let mut all = BTreeMap::new();
        for (of, event) in of_tasks(occurrences) {
            let is_meant = channel.is_none_or(|channel| of.channel(event) == Some(channel));
            if let Some(queue) = of.queue(event).filter(|_| is_meant) {
                all.entry(queue).or_insert_with(|| Self::split_by(thresholds)).count(of, event);
            }
        }
        all
    }

    fn count(&mut self, of: &Occurrence, event: &Event) {
        match event.kind {
            EventType::Reservation(what) => {
                self.reservations.count(what);
                if what == ReservationEvent::Accepted {
                    self.count_accepted(of);
                }
            }
            EventType::Task(what) => self.count_task(of, what),
            EventType::TaskQueue(what) => match what {
                TaskQueueEvent::Entered => self.entered_queue += 1,
                TaskQueueEvent::Moved => self.moved += 1,
                TaskQueueEvent::Created
                | TaskQueueEvent::Deleted
                | TaskQueueEvent::Timeout
                | TaskQueueEvent::ExpressionUpdated => {}
            },
            EventType::Workflow(what) => match what {
                WorkflowEvent::Entered => self.entered_workflow += 1,
                WorkflowEvent::Timeout => self.timed_out_in_workflow += 1,
                WorkflowEvent::Created
                | WorkflowEvent::Updated
                | WorkflowEvent::Deleted
                | WorkflowEvent::TargetMatched
                | WorkflowEvent::Skipped => {}
            },
            EventType::Activity(_)
            | EventType::TaskChannel(_)
            | EventType::Worker(_)
            | EventType::Workspace(_) => {}
        }
    }

    fn count_accepted(&mut self, of: &Occurrence) {
        if let Some(waited) = of.waited() {
            self.until_accepted.add(waited);
            self.split(waited, |side| side.reservations_accepted += 1);
        }
        if let Some(waited) = of.waited_in_queue() {
            self.in_queue_until_accepted.add(waited);
        }
    }

    fn count_task(&mut self, of: &Occurrence, what: TaskEvent) {
        match what {
            TaskEvent::Created => self.created += 1,
            TaskEvent::Completed => self.completed += 1,
            TaskEvent::Deleted | TaskEvent::SystemDeleted => self.deleted += 1,
            TaskEvent::Canceled => {
                self.canceled += 1;
                if let Some(waited) = of.waited() {
                    self.until_canceled.add(waited);
                    self.split(waited, |side| side.tasks_canceled += 1);
                }
            }
            TaskEvent::Updated
            | TaskEvent::Wrapup
            | TaskEvent::TransferInitiated
            | TaskEvent::TransferAttemptFailed
            | TaskEvent::TransferFailed
            | TaskEvent::TransferCanceled
            | TaskEvent::TransferCompleted => {}
        }
    }

    fn split(&mut self, waited: Millis, count: impl Fn(&mut Side)) {
        for (seconds, split) in &mut self.splits {
            let is_within = waited <= Millis::seconds(*seconds);
            count(if is_within { &mut split.below } else { &mut split.above });
        }
    }
}

/// The events of tasks and of their reservations.
fn of_tasks(occurrences: &[Occurrence]) -> impl Iterator<Item = (&Occurrence, &Event)> {
    let of_tasks = occurrences.iter().filter(|of| matches!(of.subject, Subject::Task(_)));
    of_tasks.flat_map(|of| of.events.iter().map(move |event| (of, event)))
}

/// Each time that a reservation was accepted.
pub(super) fn accepted(occurrences: &[Occurrence]) -> impl Iterator<Item = (&Occurrence, &Event)> {
    of_tasks(occurrences)
        .filter(|(_, event)| event.kind == EventType::Reservation(ReservationEvent::Accepted))
}

/// What became of the reservations of some workers, on one channel or on all.
pub fn of_workers(
    occurrences: &[Occurrence],
    channel: Option<TaskChannelSid>,
    keep: impl Fn(WorkerSid) -> bool,
) -> Reservations {
    let mut all = Reservations::default();
    for (of, event) in of_tasks(occurrences) {
        let is_meant = channel.is_none_or(|channel| of.channel(event) == Some(channel))
            && of.worker_of(event).is_some_and(&keep);
        if let EventType::Reservation(what) = event.kind
            && is_meant
        {
            all.count(what);
        }
    }
    all
}

/// What a worker did from a moment on.
pub type Doing = (ActivitySid, Timestamp);

/// How long workers were in each activity, each time they were in one; a time that reaches out of the span counts as
/// far as it lies within.
///
/// A change of activity tells what was before it; what comes after the last one of a worker lasts until the end.
/// Of a worker who did not change within the span the record tells, unless they changed after it: then `later` does,
/// which is what their first change behind the span tells of the time before it.
pub fn activities(
    occurrences: &[Occurrence],
    workers: &[Worker],
    later: &BTreeMap<WorkerSid, Doing>,
    (from, to): (Timestamp, Timestamp),
    keep: impl Fn(WorkerSid) -> bool,
) -> BTreeMap<ActivitySid, Spread> {
    let mut spent: BTreeMap<ActivitySid, Spread> = BTreeMap::new();
    let mut add = |activity: ActivitySid, start: Timestamp, end: Timestamp| {
        let within = end.min(to) - start.max(from);
        if within.0 > 0 {
            spent.entry(activity).or_default().add(within);
        }
    };
    let mut last: BTreeMap<WorkerSid, Option<Doing>> = BTreeMap::new();
    for of in occurrences {
        let Subject::Worker { worker, .. } = &of.subject else { continue };
        if !keep(worker.sid) {
            continue;
        }
        for event in &of.events {
            match (event.kind, event.from) {
                (EventType::Worker(WorkerEvent::ActivityUpdate), Some((activity, span))) => {
                    add(activity, of.time + Millis(-span.0), of.time);
                    last.insert(worker.sid, Some((worker.activity, of.time)));
                }
                (EventType::Worker(WorkerEvent::Created), _) => {
                    last.insert(worker.sid, Some((worker.activity, of.time)));
                }
                (EventType::Worker(WorkerEvent::Deleted), _) => {
                    add(worker.activity, worker.activity_since, of.time);
                    last.insert(worker.sid, None);
                }
                _ => {}
            }
        }
    }
    for worker in workers.iter().filter(|worker| keep(worker.sid)) {
        last.entry(worker.sid).or_insert_with(|| match worker.activity_since <= to {
            true => Some((worker.activity, worker.activity_since)),
            false => later.get(&worker.sid).copied(),
        });
    }
    for (activity, since) in last.into_values().flatten() {
        add(activity, since, to);
    }
    spent
}

/// The workers of whom neither their record nor the span tells what they did in it: they changed behind it only.
pub fn unknown(occurrences: &[Occurrence], workers: &[Worker], to: Timestamp) -> Vec<WorkerSid> {
    let is_told = |of: &Occurrence| {
        let Subject::Worker { worker, .. } = &of.subject else { return None };
        let mut kinds = of.events.iter().map(|event| event.kind);
        kinds
            .any(|kind| {
                matches!(
                    kind,
                    EventType::Worker(WorkerEvent::ActivityUpdate)
                        | EventType::Worker(WorkerEvent::Created)
                )
            })
            .then_some(worker.sid)
    };
    let told: BTreeSet<WorkerSid> = occurrences.iter().filter_map(is_told).collect();
    let changed = workers.iter().filter(|worker| worker.activity_since > to);
    changed
        .filter(|worker| worker.created <= to && !told.contains(&worker.sid))
        .map(|worker| worker.sid)
        .collect()
}

/// What a worker did before their first change of activity among these occurrences, which are in order of time.
pub fn before_first_change(occurrences: &[Occurrence]) -> Option<Doing> {
    occurrences.iter().find_map(|of| {
        let changes = of.events.iter().filter_map(|event| event.from);
        changes.map(|(activity, span)| (activity, of.time + Millis(-span.0))).next()
    })
}
