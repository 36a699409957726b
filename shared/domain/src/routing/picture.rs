//! One workspace as the router sees it: its records, and the indexes that keep one event cheap.
//!
//! Two families of sets face each other, both by task channel: the *lines* in which pending tasks wait in
//! order, and the *pools* of workers who can take one more task, longest idle first. Everything else
//! is there to keep these two true when a record changes.

mod busier;
mod configuration;
mod moved;
mod staff;

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

pub(super) use configuration::{Flow, Queue};
pub(super) use staff::{Load, Member};

use super::expression::ByNeed;
use crate::sid::{
    ActivitySid, ReservationSid, Sid as _, TaskChannelSid, TaskQueueSid, TaskSid, WorkerSid,
    WorkflowSid,
};
use crate::task::{Reservation, ReservationStatus, Task, TaskStatus};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;
use crate::workspace::{Activity, QueueOrder, TaskChannel, Workspace};

/// What a pending task waits for: some worker of a queue, or the one who is asked for by name.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Line {
    /// The workers of a queue.
    Queue(TaskQueueSid),
    /// One worker, when they are free.
    Worker(WorkerSid),
    /// One worker, whatever they do.
    Anyhow(WorkerSid),
}

/// A line, by the capacity that its tasks take.
pub(super) type Lane = (Line, TaskChannelSid);

/// Where a task stands among all that wait; the smaller goes first.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Precedence {
    /// Tasks that waited for as long as their queue lets them go first.
    in_time: bool,
    /// Queues of the order that the workspace prefers go first.
    second_order: bool,
    priority: Reverse<i64>,
    /// The age in a first-in-first-out queue, its negative in the other kind; since when it waits in the
    /// queue, if it waited for too long.
    time: i64,
    /// Whose place it is.
    pub(super) task: TaskSid,
}

/// A task that is not over.
#[derive(Debug, Clone)]
pub(super) struct Held {
    /// The record.
    pub(super) task: Task,
    /// Its attributes; none if they are no JSON, and such a task is not routed.
    pub(super) attributes: Option<Value>,
    waits: Option<(Lane, Precedence)>,
    deadline: Option<Timestamp>,
    ages: Option<Timestamp>,
    /// Whether it is to be offered to all workers, not only to those who come free.
    ready: bool,
}

/// How reservations ended, and in which queue.
type Ended = BTreeMap<ReservationSid, (ReservationStatus, Option<TaskQueueSid>)>;

/// One workspace, in parts by how long each lives: the records while the table has them, the indexes while the records
/// are what they are, the agenda until steps have worked it off, and the step until the next one begins.
#[derive(Debug, Clone)]
pub(super) struct Picture {
    records: Records,
    indexes: Indexes,
    pub(super) agenda: Agenda,
    step: Step,
}

/// What the table says. The queues, workers and tasks carry their own part of the indexes.
#[derive(Debug, Clone)]
struct Records {
    workspace: Workspace,
    activities: BTreeMap<ActivitySid, Activity>,
    channels: BTreeMap<TaskChannelSid, TaskChannel>,
    queues: BTreeMap<TaskQueueSid, Queue>,
    workflows: BTreeMap<WorkflowSid, Flow>,
    workers: BTreeMap<WorkerSid, Member>,
    tasks: BTreeMap<TaskSid, Held>,
    /// How reservations of tasks ended that are not held any more, and in which queue.
    ended: Ended,
}

/// What follows from the records, and is true whenever they are.
#[derive(Debug, Clone)]
struct Indexes {
    membership: ByNeed<TaskQueueSid>,
    names: BTreeMap<String, WorkerSid>,
    /// The task channels by their unique names.
    channel_names: BTreeMap<String, TaskChannelSid>,
    /// Queues of targets that a worker can come to suit by getting one more task.
    for_the_busier: BTreeSet<TaskQueueSid>,
    loads: BTreeMap<WorkerSid, Load>,
    waiting: BTreeMap<Lane, BTreeSet<Precedence>>,
    /// The lines in which a task came or went since they were looked at.
    moved: BTreeSet<Lane>,
    pools: BTreeMap<(TaskQueueSid, TaskChannelSid), BTreeSet<(Timestamp, WorkerSid)>>,
    /// The channels that some task was seen on; workers are pooled for these only.
    used: BTreeSet<TaskChannelSid>,
    deadlines: BTreeSet<(Timestamp, TaskSid)>,
    /// Waiting tasks that will have waited for too long, and when.
    ageing: BTreeSet<(Timestamp, TaskSid)>,
    /// The time up to which tasks have aged.
    now: Timestamp,
    /// Workers whom a reservation moved.
    occupied: BTreeSet<WorkerSid>,
    /// How often a line or a pool changed.
    changes: u64,
}

/// What the steps of a router have yet to work off.
#[derive(Debug, Clone)]
pub(super) struct Agenda {
    /// Tasks that changed since a router looked at them.
    pub(super) look: BTreeSet<TaskSid>,
    /// The places of tasks that were looked at and are to be offered to all workers.
    ready: BTreeSet<Precedence>,
    /// Workers who may be eligible for a waiting task since a router looked at them. All others are not.
    pub(super) freed: BTreeSet<WorkerSid>,
    /// Workers who got something to do since then, where that can make them eligible.
    busier: BTreeSet<WorkerSid>,
    /// Tasks that entered a target and were not yet offered there, and when the target's time is over.
    pub(super) fresh: BTreeMap<TaskSid, Timestamp>,
    /// Tasks that were changed since they were last decided on, as the table has them.
    pub(super) unsettled: BTreeMap<TaskSid, Task>,
}

/// What the present step found, apart from records: it is put back if the step is lost.
#[derive(Debug, Clone, Default)]
struct Step {
    ended: Ended,
    /// What workers had to do whose tasks the step changed.
    loads: BTreeMap<WorkerSid, Load>,
}

impl Picture {
    pub(super) const fn new(workspace: Workspace) -> Self {
        let records = Records {
            workspace,
            activities: BTreeMap::new(),
            channels: BTreeMap::new(),
            queues: BTreeMap::new(),
            workflows: BTreeMap::new(),
            workers: BTreeMap::new(),
            tasks: BTreeMap::new(),
            ended: BTreeMap::new(),
        };
        let indexes = Indexes {
            membership: ByNeed::new(),
            names: BTreeMap::new(),
            channel_names: BTreeMap::new(),
            for_the_busier: BTreeSet::new(),
            loads: BTreeMap::new(),
            waiting: BTreeMap::new(),
            moved: BTreeSet::new(),
            pools: BTreeMap::new(),
            used: BTreeSet::new(),
            deadlines: BTreeSet::new(),
            ageing: BTreeSet::new(),
            now: Timestamp(i64::MIN),
            occupied: BTreeSet::new(),
            changes: 0,
        };
        let agenda = Agenda {
            look: BTreeSet::new(),
            ready: BTreeSet::new(),
            freed: BTreeSet::new(),
            busier: BTreeSet::new(),
            fresh: BTreeMap::new(),
            unsettled: BTreeMap::new(),
        };
        let step = Step { ended: BTreeMap::new(), loads: BTreeMap::new() };
        Self { records, indexes, agenda, step }
    }

    /// Workers whom a reservation moved.
    pub(super) const fn occupied(&self) -> &BTreeSet<WorkerSid> {
        &self.indexes.occupied
    }

    pub(super) const fn workspace(&self) -> &Workspace {
        &self.records.workspace
    }

    pub(super) fn held(&self, task: TaskSid) -> Option<&Held> {
        self.records.tasks.get(&task)
    }

    pub(super) fn tasks(&self) -> impl Iterator<Item = &Task> {
        self.records.tasks.values().map(|held| &held.task)
    }

    /// The line in which a task waits.
    pub(super) fn lane(&self, task: TaskSid) -> Option<Lane> {
        self.records.tasks.get(&task)?.waits.map(|(lane, _)| lane)
    }

    /// How many tasks stand before one in its line.
    pub(super) fn ahead(&self, task: TaskSid) -> Option<usize> {
        let (lane, place) = self.records.tasks.get(&task)?.waits?;
        Some(self.indexes.waiting.get(&lane)?.range(..place).count())
    }

    /// When a waiting task will have waited for too long.
    pub(super) fn ages_at(&self, task: TaskSid) -> Option<Timestamp> {
        self.records.tasks.get(&task)?.ages
    }

    /// How often a line or a pool changed: while it is the same, what was found in them is still there.
    pub(super) const fn changes(&self) -> u64 {
        self.indexes.changes
    }

    /// Whether some task waits in a line.
    pub(super) fn is_waited_in(&self, lane: Lane) -> bool {
        self.indexes.waiting.contains_key(&lane)
    }

    /// The first task of a line, after a place.
    pub(super) fn next_in(&self, lane: Lane, after: Option<Precedence>) -> Option<Precedence> {
        use std::ops::Bound::{Excluded, Unbounded};
        let line = self.indexes.waiting.get(&lane)?;
        let start = after.map_or(Unbounded, Excluded);
        line.range((start, Unbounded)).next().copied()
    }

    pub(super) fn next_deadline(&self) -> Option<Timestamp> {
        self.indexes.deadlines.first().map(|(at, _)| *at)
    }

    /// The task for which something is due the longest, of those after a place in this order.
    pub(super) fn next_due(
        &self,
        after: Option<(Timestamp, TaskSid)>,
        now: Timestamp,
    ) -> Option<(Timestamp, TaskSid)> {
        use std::ops::Bound::{Excluded, Unbounded};
        let rest = self.indexes.deadlines.range((after.map_or(Unbounded, Excluded), Unbounded));
        rest.take_while(|(at, _)| *at <= now).next().copied()
    }

    /// Lets a router look at the tasks that wait for one worker by name.
    pub(super) fn look_at_tasks_for(&mut self, worker: WorkerSid) {
        let first = TaskChannelSid::from_bytes([0; 16]);
        for line in [Line::Worker(worker), Line::Anyhow(worker)] {
            let lanes = self.indexes.waiting.range((line, first)..);
            let lanes = lanes.take_while(|((other, _), _)| *other == line);
            let places = lanes.flat_map(|(_, places)| places);
            self.agenda.look.extend(places.map(|place| place.task));
        }
    }

    /// Forgets that a task is due to leave its target, as it is about to be looked at.
    pub(super) fn leaves_in_turn(&mut self, sid: TaskSid) {
        self.agenda.look.insert(sid);
        if let Some(held) = self.records.tasks.get_mut(&sid) {
            let times_out_at = held.task.times_out_at();
            if let Some(deadline) = held.deadline.replace(times_out_at) {
                self.indexes.deadlines.remove(&(deadline, sid));
            }
            self.indexes.deadlines.insert((times_out_at, sid));
        }
    }

    /// Puts tasks first that have waited for too long by now.
    pub(super) fn age(&mut self, now: Timestamp) {
        self.indexes.now = now;
        while let Some((at, task)) =
            self.indexes.ageing.first().copied().filter(|(at, _)| *at <= now)
        {
            self.indexes.ageing.remove(&(at, task));
            self.unindex_task(task);
            self.index_task(task);
        }
    }

    /// Lets a task be offered to all workers, until it was.
    pub(super) fn make_ready(&mut self, sid: TaskSid) {
        if let Some(held) = self.records.tasks.get_mut(&sid) {
            held.ready = true;
            self.agenda.ready.extend(held.waits.map(|(_, place)| place));
        }
    }

    /// The first task that is to be offered to all workers.
    pub(super) fn first_ready(&self) -> Option<Precedence> {
        self.agenda.ready.first().copied()
    }

    /// Whether the task at a place is to be offered to all workers.
    pub(super) fn is_ready(&self, place: Precedence) -> bool {
        self.agenda.ready.contains(&place)
    }

    /// Marks a task as offered to all workers.
    pub(super) fn was_offered(&mut self, place: Precedence) {
        self.agenda.ready.remove(&place);
        if let Some(held) = self.records.tasks.get_mut(&place.task) {
            held.ready = false;
        }
    }

    /// How a reservation stands, and the queue it was made in; none if it is not known.
    pub(super) fn standing(
        &self,
        sid: ReservationSid,
    ) -> Option<(ReservationStatus, Option<TaskQueueSid>)> {
        let Some(held) = self.records.tasks.get(&sid.kin(0)) else {
            return self.records.ended.get(&sid).copied();
        };
        // A task forgets those first that were not taken.
        let status =
            held.task.reservation(sid).map_or(ReservationStatus::Canceled, |one| one.status);
        Some((status, held.task.queue))
    }

    /// Forgets how reservations ended, once no worker is occupied by one of them.
    pub(super) fn forget_ended(&mut self) {
        self.records.ended.clear();
    }

    /// A step begins: the one before was written.
    pub(super) fn begin(&mut self) {
        self.step = Step { ended: self.records.ended.clone(), ..Step::default() };
    }

    /// Restores what the present step did besides the records that it would have written.
    pub(super) fn take_back(&mut self) {
        // What was decided of these was kept for the next step.
        for (sid, before) in std::mem::take(&mut self.agenda.unsettled) {
            self.forget_task(sid);
            self.learn_task(before);
        }
        let before = std::mem::take(&mut self.step);
        self.records.ended = before.ended;
        for (worker, before) in before.loads {
            self.indexes.loads.entry(worker).or_default().was_busy_as(before);
            self.refile(worker);
        }
    }

    /// Takes in a task as the table has it; one no newer than the one held is passed over.
    pub(super) fn learn_task(&mut self, mut task: Task) {
        let held = self.records.tasks.get(&task.sid);
        if task.workspace != self.records.workspace.sid
            || held.is_some_and(|held| held.task.version >= task.version)
        {
            return;
        }
        self.agenda.look.insert(task.sid);
        self.agenda.fresh.remove(&task.sid);
        self.agenda.unsettled.remove(&task.sid);
        // What is noted there belongs to the change that was learned, not to the next one.
        task.fields.trail.clear();
        self.put_task(task);
    }

    /// Puts a task in the place of the one held, and gives that back. A task that is over is not held.
    pub(super) fn put_task(&mut self, task: Task) -> Option<Task> {
        let sid = task.sid;
        self.use_channel(task.channel);
        let before = self.take(sid);
        let mut changed: BTreeSet<WorkerSid> = BTreeSet::new();
        for one in before.iter().flat_map(|held| held.task.open_reservations()) {
            changed.insert(one.worker);
            if !task.open_reservations().any(|open| open.worker == one.worker) {
                self.agenda.freed.insert(one.worker);
            }
        }
        if self.busier_can_suit() {
            let open = task.open_reservations().map(|one| one.worker);
            self.agenda.busier.extend(open.filter(|worker| !changed.contains(worker)));
        }
        for one in &task.reservations {
            changed.insert(one.worker);
            let load = self.indexes.loads.entry(one.worker).or_default();
            self.step.loads.entry(one.worker).or_insert_with(|| load.clone());
            load.note(task.channel, one.created.max(one.updated));
        }
        let (before, attributes) = match before {
            Some(held) if held.task.attributes == task.attributes => {
                (Some(held.task), held.attributes)
            }
            other => (other.map(|held| held.task), serde_json::from_str(&task.attributes).ok()),
        };
        if task.status.is_over() {
            self.agenda.look.remove(&sid);
            // Kept until the next step, whatever the mode is: the worker may be read after the task.
            let ended = task.reservations.iter();
            let ended = ended.map(|one| (task.reservation_sid(one), (one.status, task.queue)));
            self.records.ended.extend(ended);
        } else {
            for one in task.open_reservations() {
                self.indexes.loads.entry(one.worker).or_default().add(task.channel);
            }
            let held =
                Held { task, attributes, waits: None, deadline: None, ages: None, ready: false };
            self.records.tasks.insert(sid, held);
            self.index_task(sid);
        }
        changed.into_iter().for_each(|worker| self.refile(worker));
        before
    }

    /// Drops a task that is no more.
    pub(super) fn forget_task(&mut self, task: TaskSid) {
        self.agenda.fresh.remove(&task);
        self.agenda.unsettled.remove(&task);
        let Some(held) = self.take(task) else { return };
        self.agenda.look.remove(&task);
        for one in held.task.open_reservations() {
            self.agenda.freed.insert(one.worker);
            self.refile(one.worker);
        }
    }

    /// Marks a change as written.
    pub(super) fn task_written(&mut self, task: TaskSid, version: Version) {
        if let Some(held) = self.records.tasks.get_mut(&task)
            && held.task.version == version
        {
            held.task.version += 1;
            held.task.fields.trail.clear();
        }
    }

    fn take(&mut self, task: TaskSid) -> Option<Held> {
        self.unindex_task(task);
        let held = self.records.tasks.remove(&task)?;
        for one in held.task.open_reservations() {
            self.indexes.loads.entry(one.worker).or_default().remove(held.task.channel);
        }
        Some(held)
    }

    fn unindex_task(&mut self, sid: TaskSid) {
        self.indexes.changes += 1;
        let Some(held) = self.records.tasks.get_mut(&sid) else {
            return;
        };
        if let Some(deadline) = held.deadline.take() {
            self.indexes.deadlines.remove(&(deadline, sid));
        }
        if let Some(ages) = held.ages.take() {
            self.indexes.ageing.remove(&(ages, sid));
        }
        if let Some((_, place)) = held.waits {
            self.agenda.ready.remove(&place);
        }
        if let Some((lane, _)) = held.waits {
            self.indexes.moved.insert(lane);
        }
        if let Some((lane, place)) = held.waits.take()
            && let Some(line) = self.indexes.waiting.get_mut(&lane)
        {
            line.remove(&place);
            if line.is_empty() {
                self.indexes.waiting.remove(&lane);
            }
        }
    }

    fn index_task(&mut self, sid: TaskSid) {
        self.indexes.changes += 1;
        let Some(held) = self.records.tasks.get(&sid) else {
            return;
        };
        let waits = line_of(&held.task)
            .map(|line| ((line, held.task.channel), self.precedence_of(&held.task)));
        let deadline = self.deadline_of(&held.task);
        if let Some(deadline) = deadline {
            self.indexes.deadlines.insert((deadline, sid));
        }
        let ages = self.ages(&held.task).filter(|at| waits.is_some() && *at > self.indexes.now);
        if let Some(ages) = ages {
            self.indexes.ageing.insert((ages, sid));
        }
        if let Some((lane, place)) = waits {
            self.indexes.moved.insert(lane);
            self.indexes.waiting.entry(lane).or_default().insert(place);
            if held.ready {
                self.agenda.ready.insert(place);
            }
        }
        if let Some(held) = self.records.tasks.get_mut(&sid) {
            held.waits = waits;
            held.deadline = deadline;
            held.ages = ages;
        }
    }

    /// Orders these tasks again, after the configuration changed under them.
    fn reindex_tasks(&mut self, which: impl Fn(&Task) -> bool) -> Vec<TaskSid> {
        let tasks: Vec<TaskSid> =
            self.tasks().filter(|task| which(task)).map(|task| task.sid).collect();
        for task in &tasks {
            self.unindex_task(*task);
            self.index_task(*task);
        }
        tasks
    }

    /// When a task has waited in its queue for as long as the queue lets it.
    fn ages(&self, task: &Task) -> Option<Timestamp> {
        let bound = self.records.queues.get(&task.queue?)?.record.ageing_bound_seconds?;
        Some(task.queue_entered.unwrap_or(task.created) + Millis::seconds(bound.into()))
    }

    fn precedence_of(&self, task: &Task) -> Precedence {
        let has_aged = self.ages(task).is_some_and(|at| at <= self.indexes.now);
        if has_aged {
            let since = task.queue_entered.unwrap_or(task.created);
            return Precedence {
                in_time: false,
                second_order: false,
                priority: Reverse(0),
                time: since.0,
                task: task.sid,
            };
        }
        let queue = task.queue.and_then(|queue| self.records.queues.get(&queue));
        let order = queue.map_or(QueueOrder::Fifo, |queue| queue.record.order);
        let (priority, time) = match order {
            QueueOrder::Fifo => (task.priority, task.start.0),
            QueueOrder::Lifo => (0, task.start.0.saturating_neg()),
        };
        let second_order = order != self.records.workspace.prioritize_queue_order;
        Precedence {
            in_time: true,
            second_order,
            priority: Reverse(priority),
            time,
            task: task.sid,
        }
    }

    /// When something is due next for a task. A target's end means nothing while the workflow is unknown.
    fn deadline_of(&self, task: &Task) -> Option<Timestamp> {
        let routed = task.position.is_some()
            && task.worker.is_none()
            && self
                .records
                .workflows
                .get(&task.workflow)
                .is_some_and(|flow| flow.configuration.is_some());
        let leaves = task.target_until.filter(|_| routed);
        match task.status {
            TaskStatus::Pending => leaves.into_iter().chain([task.times_out_at()]).min(),
            TaskStatus::Reserved => {
                asked(task).map(|one| one.expires).chain([task.times_out_at()]).min()
            }
            TaskStatus::Assigned => task.assigned_until(),
            TaskStatus::Wrapping | TaskStatus::Completed | TaskStatus::Canceled => None,
        }
    }
}

/// The reservations of a task that wait for an answer.
pub(super) fn asked(task: &Task) -> impl Iterator<Item = &Reservation> {
    task.reservations.iter().filter(|one| one.status == ReservationStatus::Pending)
}

fn line_of(task: &Task) -> Option<Line> {
    if task.status != TaskStatus::Pending {
        return None;
    }
    match (task.worker, task.position, task.queue) {
        (Some(worker), _, _) if task.ignores_capacity => Some(Line::Anyhow(worker)),
        (Some(worker), _, _) => Some(Line::Worker(worker)),
        (None, Some(_), Some(queue)) => Some(Line::Queue(queue)),
        (None, None, Some(queue)) if task.bound_to_queue => Some(Line::Queue(queue)),
        (None, _, _) => None,
    }
}
