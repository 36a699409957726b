//! The router of one workspace: a pure state machine, and the only place where reservations are made.
//!
//! ```text
//!  records ──learn──▶ picture ──step──▶ decision ──(committed under the head)──▶ table
//!                        ▲                  │
//!                        └─committed / lost─┘        lost: what was decided on is learned anew
//! ```
//!
//! A step first ends what is due, then lets tasks enter and leave targets, then offers: the waiting task
//! that comes first gets the best worker who is free for it. What a step decides depends on the records
//! and the time alone, so that a router built anew from the table goes on where another one stopped.
//!
//! Decisions where the product's documents are silent:
//! - A target ends at the end of the one before, or at the creation of the task, plus its timeout. A task
//!   that is reserved then stays; when its reservation fails it moves on at once.
//! - A task is offered once in every target it enters, even if its time there is already over. After that
//!   it is the timeout that moves it on, and only if that is not due `skip_if` is asked.
//! - A task whose workflow or attributes cannot be read waits until it times out or they are mended. A queue
//!   that is missing or cannot be read has no workers.
//! - A waiting task is given up when its workflow or its task channel is gone, or the worker or the queue that it was
//!   made for. The removal of one of these and the creation of the task do not see each other, and only the router sees
//!   both; identifiers are never given twice, so nothing can bring them back.
//! - A task whose target was configured away enters its workflow anew, and so does one that waits when its workflow is asked
//!   for that; one that is offered does when nobody takes it.
//! - The newest task of a last-in-first-out queue is the one that starts last.
//! - A task for one worker needs them available and with capacity, unless it ignores these, but not in the
//!   queue; they are asked once.
//! - A task for one queue has no target and is offered there until it times out.
//! - In single-tasking workspaces one open reservation occupies a worker, and the activities of its queue are
//!   theirs: [`occupation`].
//! - A task that has waited in a queue for as long as its ageing bound says goes before all that have not,
//!   whatever their priority and the order of their queues; of those, the one that waits longest.

mod answers;
mod explain;
mod lines;
mod occupation;
mod offer;
mod place;
mod positions;
mod reason;
pub mod test_cases;
mod walk;

use std::collections::{BTreeMap, BTreeSet};

pub use self::explain::{Due, Explanation, NAMED_MAX, PassedWorker, Why};
use self::lines::Lines;
pub use self::offer::KnownWorkerFault;
use self::offer::Offer;
pub use self::place::Place;
pub use self::positions::TOLD_MAX;
pub use self::reason::Reason;
use super::picture::{Picture, asked};
use crate::decision::Decision;
use crate::effect::{AssignmentOutcome, Effect};
use crate::head::PartSid;
use crate::process::task as process;
use crate::record::{Record, Routed};
use crate::sid::{ActivitySid, ReservationSid, TaskChannelSid, TaskSid, WorkerSid, WorkspaceSid};
use crate::task::{self, Command, GivenUp, Source, Task, TaskStatus};
use crate::timestamp::Timestamp;
use crate::workspace::{Worker, Workspace};

/// Most records that one step writes: a transaction takes 100, and the shell adds its own.
pub const PUTS_MAX: usize = 90;

/// What a step decided.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct Turn {
    /// To be committed before the next step; it can be empty.
    pub decision: Decision,
    /// Whether there is more to decide at once.
    pub more: bool,
    /// Known workers of targets that tasks entered in vain.
    pub warnings: Vec<Warning>,
}

/// A task entered a target whose known worker cannot be had there; it waits all the same.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Warning {
    /// The task.
    pub task: TaskSid,
    /// What is wrong with its worker.
    pub fault: KnownWorkerFault,
}

/// The router of one workspace.
#[derive(Debug, Clone)]
pub struct Router {
    picture: Picture,
    /// What assignment callbacks said since the last step.
    answers: BTreeMap<ReservationSid, AssignmentOutcome>,
    /// The lines of a step that was cut short, while nothing but its own decisions changed.
    cut: Option<(u64, Lines)>,
    /// The positions that were told last, where they are.
    told: BTreeMap<TaskSid, usize>,
    /// Most records that one step writes.
    puts_max: usize,
}

/// What a step has changed so far.
#[derive(Debug, Default)]
struct Draft {
    /// The changed tasks as the table has them.
    before: BTreeMap<TaskSid, Task>,
    /// Those that ended.
    over: BTreeMap<TaskSid, Task>,
    workers: BTreeSet<WorkerSid>,
    warnings: Vec<Warning>,
    puts_max: usize,
}

impl Draft {
    /// Whether this many more records fit; any number fits into an empty one.
    fn has_room_for(&self, records: usize) -> bool {
        let taken = self.before.len() + self.workers.len();
        taken == 0 || taken + records <= self.puts_max
    }
}

impl Router {
    /// The router of an empty workspace.
    pub const fn new(workspace: Workspace) -> Self {
        Self {
            picture: Picture::new(workspace),
            answers: BTreeMap::new(),
            cut: None,
            told: BTreeMap::new(),
            puts_max: PUTS_MAX,
        }
    }

    /// Takes in a record as the table has it; one no newer than the one held is passed over.
    ///
    /// The order does not matter to the result. It is cheapest to learn the configuration first, then the
    /// workers, then the tasks.
    pub fn learn(&mut self, record: Record) {
        match Routed::of(record) {
            Some(Routed::Workspace(one)) => self.picture.learn_workspace(*one),
            Some(Routed::Activity(one)) => self.picture.learn_activity(*one),
            Some(Routed::TaskChannel(one)) => self.picture.learn_channel(*one),
            Some(Routed::TaskQueue(one)) => self.picture.learn_queue(*one),
            Some(Routed::Workflow(one)) => self.picture.learn_workflow(*one),
            Some(Routed::Worker(one)) => self.picture.learn_worker(*one),
            Some(Routed::Task(one)) => self.picture.learn_task(*one),
            None => {}
        }
    }

    /// Drops what is no more. A workspace cannot be missed: without it nothing is decided.
    pub fn forget(&mut self, part: PartSid) {
        match part {
            PartSid::Workspace(_) => {}
            PartSid::Activity(sid) => self.picture.forget_activity(sid),
            PartSid::TaskChannel(sid) => self.picture.forget_channel(sid),
            PartSid::TaskQueue(sid) => self.picture.forget_queue(sid),
            PartSid::Workflow(sid) => self.picture.forget_workflow(sid),
            PartSid::Worker(sid) => {
                self.picture.forget_worker(sid);
                self.picture.look_at_tasks_for(sid);
            }
        }
    }

    /// Drops a task that is no more.
    pub fn forget_task(&mut self, task: TaskSid) {
        self.picture.forget_task(task);
    }

    /// The workspace that is routed.
    pub const fn workspace(&self) -> WorkspaceSid {
        self.picture.workspace().sid
    }

    /// A task that is not over.
    pub fn task(&self, task: TaskSid) -> Option<&Task> {
        self.picture.held(task).map(|held| &held.task)
    }

    /// A worker.
    pub fn worker(&self, worker: WorkerSid) -> Option<&Worker> {
        self.picture.member(worker).map(|member| &member.record)
    }

    /// The open reservations of a worker on a channel.
    pub fn load(&self, worker: WorkerSid, channel: TaskChannelSid) -> u32 {
        self.picture.load(worker).map_or(0, |load| load.open(channel))
    }

    /// The tasks that wait for a reservation.
    pub fn waiting(&self) -> impl Iterator<Item = TaskSid> {
        let pending = self.picture.tasks().filter(|task| task.status == TaskStatus::Pending);
        pending.map(|task| task.sid)
    }

    /// The offers whose time is over, as far as this router knows. They may have been accepted without its hearing of
    /// it, so they are to be learned anew before it ends them.
    pub fn overdue(&self, now: Timestamp) -> Vec<TaskSid> {
        let mut found = Vec::new();
        let mut place = None;
        while let Some((at, sid)) = self.picture.next_due(place, now) {
            place = Some((at, sid));
            let may_be_taken = |task: &Task| asked(task).any(|one| one.quiet && one.expires <= now);
            found.extend(self.task(sid).filter(|task| may_be_taken(task)).map(|task| task.sid));
        }
        found
    }

    /// When something is due next: the end of a reservation, of a target, or of a task.
    pub fn next_deadline(&self) -> Option<Timestamp> {
        self.picture.next_deadline()
    }

    /// Decides what is to be done now.
    pub fn step(&mut self, now: Timestamp) -> Turn {
        self.picture.begin();
        let mut draft = Draft { puts_max: self.puts_max, ..Draft::default() };
        self.picture.age(now);
        let finished = self.take_answers(&mut draft, now)
            && self.end_what_is_due(&mut draft, now)
            && self.follow_reservations(&mut draft, now)
            && self.move_on(&mut draft, now)
            && self.offer(&mut draft, now);
        let warnings = std::mem::take(&mut draft.warnings);
        let mut decision = self.written(draft);
        if finished {
            decision.effects.extend(self.tell_positions(now));
        }
        Turn { decision, more: !finished, warnings }
    }

    /// Marks a decision as written: each record of it has one version more.
    pub fn committed(&mut self, decision: &Decision) {
        for record in &decision.puts {
            if let Some(task) = record.get::<Task>() {
                self.picture.task_written(task.sid, task.version);
            } else if let Some(worker) = record.get::<Worker>() {
                self.picture.worker_written(worker.sid, worker.version);
            }
        }
    }

    /// Takes the last decision back, as another writer came in between. The records that it would have written are
    /// not held any more and are to be learned from the table; answers are to be told again.
    pub fn lost(&mut self, decision: &Decision) {
        for record in &decision.puts {
            if let Some(task) = record.get::<Task>() {
                self.forget_task(task.sid);
            } else if let Some(worker) = record.get::<Worker>() {
                self.picture.forget_worker(worker.sid);
            }
        }
        self.picture.take_back();
        // Nobody heard of it.
        self.told.clear();
    }

    /// Ends reservations that were not answered and tasks that waited for too long; false if there is more.
    fn end_what_is_due(&mut self, draft: &mut Draft, now: Timestamp) -> bool {
        let mut place = None;
        while let Some((at, sid)) = self.picture.next_due(place, now) {
            place = Some((at, sid));
            let Some(task) = self.task(sid) else { continue };
            let late = || asked(task).filter(|one| one.expires <= now);
            if !draft.has_room_for(1 + late().count()) {
                return false;
            }
            let workers: Vec<WorkerSid> = late().map(|one| one.worker).collect();
            let lapses = late().map(|one| Command::Lapse(task.reservation_sid(one)));
            let mut next = lapses.fold(task.clone(), |task, lapse| after(task, lapse, now));
            if now >= next.times_out_at() {
                next = after(next, Command::GiveUp(GivenUp::TimedOut), now);
            }
            let is_too_long = next.assigned_until().is_some_and(|until| until <= now);
            if is_too_long {
                next = after(next, Command::Remove, now);
            }
            if next.status == TaskStatus::Pending {
                self.picture.leaves_in_turn(sid);
            }
            if self.task(sid) != Some(&next) {
                self.change(draft, next);
                self.settle(draft, sid);
            }
            workers.into_iter().for_each(|worker| self.time_out(draft, worker, now));
        }
        true
    }

    /// Moves a worker who did not answer to the activity for that (rule D.7).
    fn time_out(&mut self, draft: &mut Draft, worker: WorkerSid, now: Timestamp) {
        let activity = self.picture.workspace().timeout_activity;
        self.move_worker(draft, worker, activity, now);
    }

    fn move_worker(
        &mut self,
        draft: &mut Draft,
        worker: WorkerSid,
        activity: ActivitySid,
        now: Timestamp,
    ) {
        let Some(worker) = self.worker(worker).filter(|worker| worker.activity != activity) else {
            return;
        };
        let mut moved = worker.clone();
        moved.change_activity(activity, now);
        self.put_worker(draft, moved);
    }

    fn put_worker(&mut self, draft: &mut Draft, worker: Worker) {
        draft.workers.insert(worker.sid);
        self.picture.put_worker(worker);
    }

    /// Offers waiting tasks to workers, first come first served; false if there is more.
    fn offer(&mut self, draft: &mut Draft, now: Timestamp) -> bool {
        let kept = self.cut.take().filter(|(changes, _)| *changes == self.picture.changes());
        let mut lines = match kept {
            Some((_, lines)) => lines,
            None => {
                self.picture.look_at_the_busier();
                Lines::of_freed(&self.picture)
            }
        };
        while let Some(place) = self.picture.first_ready().into_iter().chain(lines.first()).min() {
            let only_freed = (!self.picture.is_ready(place)).then_some(&lines);
            let workers = self.best_for(place.task, only_freed);
            if !draft.has_room_for(1 + self.moved_by_reserving(place.task, workers.len())) {
                self.cut = Some((self.picture.changes(), lines));
                return false;
            }
            if workers.is_empty() {
                draft.warnings.extend(self.warning(place.task));
            }
            self.picture.was_offered(place);
            lines.pass(place, &self.picture);
            if !workers.is_empty() {
                self.reserve(draft, place.task, &workers, now);
                for worker in &workers {
                    lines.occupied(*worker, &self.picture);
                    lines.join(*worker, place, &self.picture);
                }
            } else if self.leave(draft, place.task, now) {
                self.picture.make_ready(place.task);
                continue;
            }
            self.picture.agenda.fresh.remove(&place.task);
            self.settle(draft, place.task);
        }
        self.picture.agenda.freed.clear();
        // Whoever got something to do may suit a task that was passed.
        !self.picture.look_at_the_busier()
    }

    fn best_for(&self, task: TaskSid, freed: Option<&Lines>) -> Vec<WorkerSid> {
        let Some(offer) = Offer::of(&self.picture, task) else {
            return Vec::new();
        };
        match (freed, self.picture.lane(task)) {
            (Some(lines), Some(lane)) => {
                // No other worker of the pool is eligible; to walk it in its order is cheaper than to sort most of it.
                lines.live(lane).map_or_else(Vec::new, |live| {
                    let few = live.len() * 2 < self.picture.pool_size(lane);
                    offer.workers(few.then_some(live))
                })
            }
            _ => offer.workers(None),
        }
    }

    fn reserve(&mut self, draft: &mut Draft, sid: TaskSid, workers: &[WorkerSid], now: Timestamp) {
        let Some(offer) = Offer::of(&self.picture, sid) else {
            return;
        };
        let Some(task) = self.task(sid) else { return };
        let mut next = task.clone();
        for worker in workers {
            let Some(member) = self.picture.member(*worker) else {
                continue;
            };
            let command = Command::Reserve {
                worker: *worker,
                worker_name: member.record.friendly_name.clone(),
                timeout: offer.timeout,
                receipt: offer.receipt(*worker, workers),
            };
            next = after(next, command, now);
        }
        // Only a worker who moves with the answer is the router's affair.
        let (first, quiet) = (task.next_number, self.moving_queue(task).is_none());
        let made = next.fields.reservations.iter_mut().filter(|one| one.number >= first);
        made.for_each(|one| one.quiet = quiet);
        self.occupy(draft, &next, now);
        self.change(draft, next);
    }

    /// What is wrong with the known worker of a target that the task just entered.
    fn warning(&self, task: TaskSid) -> Option<Warning> {
        let fault = Offer::of(&self.picture, task)
            .filter(|_| self.picture.agenda.fresh.contains_key(&task));
        Some(Warning { task, fault: fault?.known_worker_fault()? })
    }

    fn cancel(&mut self, draft: &mut Draft, sid: TaskSid, why: GivenUp, now: Timestamp) {
        let Some(task) = self.task(sid) else { return };
        self.give_up(draft, task.clone(), why, now);
    }

    fn give_up(&mut self, draft: &mut Draft, task: Task, why: GivenUp, now: Timestamp) {
        let sid = task.sid;
        let next = after(task, Command::GiveUp(why), now);
        self.change(draft, next);
        self.settle(draft, sid);
    }

    fn change(&mut self, draft: &mut Draft, next: Task) {
        let sid = next.sid;
        if next.status.is_over() {
            draft.over.insert(sid, next.clone());
            self.picture.agenda.fresh.remove(&sid);
        }
        if let Some(before) = self.picture.put_task(next)
            && !draft.before.contains_key(&sid)
        {
            self.picture.agenda.unsettled.entry(sid).or_insert(before);
        }
    }

    /// Lets the change of a task be written with this step.
    fn settle(&mut self, draft: &mut Draft, sid: TaskSid) {
        if let Some(before) = self.picture.agenda.unsettled.remove(&sid) {
            draft.before.insert(sid, before);
        }
    }

    /// The records of a draft. A task that has yet to be offered in its target is kept for the next step, so
    /// that the table never has one whose `skip_if` will not be asked.
    fn written(&mut self, mut draft: Draft) -> Decision {
        let mut decision = Decision::unchanged();
        for (sid, before) in draft.before {
            if self.picture.agenda.fresh.contains_key(&sid) {
                self.picture.agenda.unsettled.insert(sid, before);
                continue;
            }
            let Some(after) = draft.over.remove(&sid).or_else(|| self.task(sid).cloned()) else {
                continue;
            };
            decision.effects.extend(effects(&before, &after));
            decision.effects.extend(self.callbacks(&before, &after));
            decision.puts.push(after.into());
        }
        let workers = draft.workers.iter().filter_map(|worker| self.worker(*worker));
        decision.puts.extend(workers.cloned().map(Record::from));
        decision
    }
}

/// The task after a command, or as it was if the command does not apply. Within a step all commands are one change,
/// so the trail stays.
fn after(task: Task, command: Command, now: Timestamp) -> Task {
    match task::decide(&task, command, Source::Router, now) {
        Ok(change) => {
            let mut next = change.task;
            next.fields.trail = task.fields.trail;
            next
        }
        Err(_) => task,
    }
}

fn effects(before: &Task, after: &Task) -> Vec<Effect> {
    let mut effects = process::effects(after, &task::events(before, after), Source::Router);
    if after.status.is_over() {
        return effects;
    }
    let entered = after.target_until.filter(|until| before.target_until != Some(*until));
    let asked = asked(after).filter(|one| one.number >= before.next_number);
    let times: BTreeSet<Timestamp> =
        entered.into_iter().chain(asked.map(|one| one.expires)).collect();
    effects.extend(times.into_iter().map(|at| process::wake_for(after, at)));
    effects
}

#[cfg(test)]
mod naive;
#[cfg(test)]
mod properties;
#[cfg(test)]
mod tests;
#[cfg(test)]
mod world;
