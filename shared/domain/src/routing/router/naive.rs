//! The same routing again, as plainly as it can be said: every task against every worker, no index, no memory.

use std::cmp::Reverse;
use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::world::World;
use super::*;
use crate::record::RecordKind;
use crate::routing::expression::{
    Expression, OrderBy, QueueCounts, TaskAndWorker, WorkerAttributes, WorkerChannels, WorkerFields,
};
use crate::routing::receipt::Receipt;
use crate::routing::workflow::{
    self, Configuration, KnownWorker, Onward, Target, TargetExit, Wanted,
};
use crate::sid::Sid as _;
use crate::task::ReservationStatus as R;
use crate::workspace::{Activity, Occupation, QueueOrder, TaskChannel, TaskQueue, Workflow};

/// Everything of a workspace; tasks that are over stay, they say when a worker was last busy.
pub(super) struct Naive {
    now: Timestamp,
    workspace: Workspace,
    activities: Vec<Activity>,
    channels: Vec<TaskChannel>,
    queues: Vec<TaskQueue>,
    workflows: Vec<Workflow>,
    pub(super) workers: BTreeMap<WorkerSid, Worker>,
    pub(super) tasks: BTreeMap<TaskSid, Task>,
    entered: BTreeMap<TaskSid, Timestamp>,
    names: BTreeMap<String, TaskChannelSid>,
}

/// All records of one kind.
fn all<T: RecordKind + Clone>(world: &World) -> Vec<T> {
    world.table.values().filter_map(Record::get).cloned().collect()
}

impl Naive {
    pub(super) fn of(world: &World) -> Self {
        Self {
            now: world.now,
            workspace: world.router.picture.workspace().clone(),
            activities: all(world),
            names: all(world)
                .into_iter()
                .map(|one: TaskChannel| (one.unique_name, one.sid))
                .collect(),
            channels: all(world),
            queues: all(world),
            workflows: all(world),
            workers: all(world).into_iter().map(|one: Worker| (one.sid, one)).collect(),
            tasks: all(world).into_iter().map(|one: Task| (one.sid, one)).collect(),
            entered: BTreeMap::new(),
        }
    }

    /// What is to be after a step.
    pub(super) fn step(mut self) -> Self {
        self.end_what_is_due();
        self.follow_reservations();
        for sid in self.pending() {
            self.move_on(sid);
        }
        // Who got something to do may suit a task that was passed.
        while self.offers() {
            self.entered.clear();
        }
        self
    }

    /// Offers every waiting task once; whether some worker was found.
    fn offers(&mut self) -> bool {
        let mut any = false;
        let mut unseen: BTreeSet<TaskSid> = self.pending().into_iter().collect();
        while let Some(sid) = unseen.iter().copied().min_by_key(|sid| self.place(&self.tasks[sid]))
        {
            unseen.remove(&sid);
            let chosen = self.chosen(&self.tasks[&sid]);
            if chosen.is_empty() && self.leaves(sid) {
                unseen.insert(sid);
            }
            any |= !chosen.is_empty();
            for worker in chosen {
                let reserve = Command::Reserve {
                    worker,
                    worker_name: self.workers[&worker].friendly_name.clone(),
                    timeout: self.workflow(&self.tasks[&sid]).unwrap().reservation_timeout(),
                    receipt: Receipt::default(),
                };
                self.decide(sid, reserve);
                self.occupy(sid, worker);
            }
        }
        any
    }

    /// The pairs of a waiting task and a worker who could take it.
    pub(super) fn missed(&self) -> Vec<(TaskSid, Vec<WorkerSid>)> {
        let chosen = |sid| (sid, self.chosen(&self.tasks[&sid]));
        self.pending().into_iter().map(chosen).filter(|(_, chosen)| !chosen.is_empty()).collect()
    }

    fn pending(&self) -> Vec<TaskSid> {
        let pending = self.tasks.values().filter(|task| task.status == TaskStatus::Pending);
        pending.map(|task| task.sid).collect()
    }

    fn decide(&mut self, sid: TaskSid, command: Command) {
        let change = task::decide(&self.tasks[&sid], command, Source::Router, self.now).unwrap();
        self.tasks.insert(sid, change.task);
    }

    fn cancel(&mut self, sid: TaskSid, why: GivenUp) {
        self.decide(sid, Command::GiveUp(why));
    }

    fn end_what_is_due(&mut self) {
        for task in self.tasks.clone().values() {
            let late =
                |one: &&task::Reservation| one.status == R::Pending && one.expires <= self.now;
            for one in task.reservations.iter().filter(late).cloned().collect::<Vec<_>>() {
                self.decide(task.sid, Command::Lapse(task.reservation_sid(&one)));
                let worker = self.workers.get_mut(&one.worker).unwrap();
                worker.change_activity(self.workspace.timeout_activity, self.now);
            }
            let status = self.tasks[&task.sid].status;
            if matches!(status, TaskStatus::Pending | TaskStatus::Reserved)
                && self.now >= task.times_out_at()
            {
                self.cancel(task.sid, GivenUp::TimedOut);
            }
            let taken = task.reservations.iter().find(|one| one.status == R::Accepted);
            let taken = taken.filter(|_| task.status == TaskStatus::Assigned);
            if taken.is_some_and(|one| self.now.0 - one.updated.0 >= 24 * 3_600_000) {
                self.decide(task.sid, Command::Remove);
            }
        }
    }

    /// Where tasks are done one by one: what a worker does after their reservation was answered.
    fn follow_reservations(&mut self) {
        for worker in self.workers.values_mut() {
            let Some(held) = worker.occupation else { continue };
            let task = &self.tasks[&held.reservation.kin(0)];
            let queue = self.queues.iter().find(|queue| Some(queue.sid) == task.queue);
            let status = task
                .reservation(held.reservation)
                .map_or(R::Canceled, |reservation| reservation.status);
            let after = match status {
                R::Pending => continue,
                R::Accepted | R::Wrapping | R::Completed => {
                    queue.and_then(|queue| queue.assignment_activity)
                }
                R::Rejected | R::Canceled | R::Rescinded => Some(held.before),
                R::Timeout => None,
            };
            after.into_iter().for_each(|activity| worker.change_activity(activity, self.now));
            worker.occupation = None;
        }
    }

    /// What a worker does while they are asked, where tasks are done one by one.
    fn occupy(&mut self, task: TaskSid, worker: WorkerSid) {
        let task = &self.tasks[&task];
        let queue = self.queues.iter().find(|queue| Some(queue.sid) == task.queue);
        let queue = queue.filter(|queue| {
            queue.reservation_activity.is_some() || queue.assignment_activity.is_some()
        });
        let worker = self.workers.get_mut(&worker).unwrap();
        if let Some(queue) = queue.filter(|_| !self.workspace.multi_task_enabled)
            && worker.occupation.is_none()
        {
            let before = worker.activity;
            let activity = queue.reservation_activity.unwrap_or(before);
            worker.change_activity(activity, self.now);
            let reservation = task.reservation_sid(task.reservations.last().unwrap());
            worker.occupation = Some(Occupation { reservation, before });
        }
    }

    fn move_on(&mut self, sid: TaskSid) {
        let task = self.tasks[&sid].clone();
        let has_queue = self.queues.iter().any(|queue| Some(queue.sid) == task.queue);
        let has_worker = task.worker.is_none_or(|worker| self.workers.contains_key(&worker));
        if self.workflow(&task).is_none()
            || self.channels.iter().all(|channel| channel.sid != task.channel)
            || !has_worker
            || (task.bound_to_queue && !has_queue)
        {
            return self.cancel(sid, GivenUp::Unroutable);
        }
        if task.rejections >= task::REJECTIONS_MAX {
            return self.cancel(sid, GivenUp::RejectedTooOften);
        }
        if let Some(worker) = task.worker {
            if refused(&task, worker) {
                self.cancel(sid, GivenUp::NotTaken);
            }
            return;
        }
        if task.bound_to_queue {
            return;
        }
        let Some(configuration) = self.configuration(&task) else {
            return;
        };
        let here = task.position.filter(|at| configuration.target(*at).is_some());
        let onward = match here {
            None => configuration.first_match(&json(&task)).map_or(Onward::FellOut, Onward::Enter),
            Some(at) if task.target_until.is_some_and(|until| until <= self.now) => {
                configuration.advance(at, TargetExit::TimedOut, &json(&task))
            }
            Some(_) => return,
        };
        self.go(sid, onward, task.target_until.unwrap_or(task.created));
    }

    fn go(&mut self, sid: TaskSid, onward: Onward, clock: Timestamp) {
        let Onward::Enter(position) = onward else {
            return self.cancel(sid, GivenUp::FellOut);
        };
        let configuration = self.configuration(&self.tasks[&sid]).unwrap();
        let entered = configuration.target(position).unwrap();
        let task = &mut self.tasks.get_mut(&sid).unwrap().fields;
        task.position = Some(position);
        if task.queue != Some(entered.queue) {
            task.queue = Some(entered.queue);
            task.queue_entered = Some(self.now);
        }
        task.priority = entered.priority.map_or(task.priority, i64::from);
        task.target_until = entered.timeout.map(|timeout| clock + timeout);
        self.entered.insert(sid, task.target_until.unwrap_or(clock));
    }

    /// Whether a task leaves the target that it just entered, and is still waiting then.
    fn leaves(&mut self, sid: TaskSid) -> bool {
        let Some(clock) = self.entered.get(&sid).copied() else {
            return false;
        };
        let task = self.tasks[&sid].clone();
        let configuration = self.configuration(&task).unwrap();
        let position = task.position.unwrap();
        let leaving = if task.target_until.is_some_and(|until| until <= self.now) {
            TargetExit::TimedOut
        } else if self.skips(&task, configuration.target(position).unwrap()) {
            TargetExit::Skipped
        } else {
            return false;
        };
        self.go(sid, configuration.advance(position, leaving, &json(&task)), clock);
        self.tasks[&sid].status == TaskStatus::Pending
    }

    fn skips(&self, task: &Task, target: &Target) -> bool {
        let (mut available, mut unavailable, mut activities) = (0, 0, BTreeMap::new());
        for worker in self.workers.values().filter(|worker| self.belongs(worker, task)) {
            *(if self.available(worker) { &mut available } else { &mut unavailable }) += 1;
            *activities.entry(worker.activity).or_default() += 1;
        }
        target.skips(&QueueCounts { available, unavailable, activities: &activities })
    }

    /// The best workers for a task, as many as are asked at once.
    fn chosen(&self, task: &Task) -> Vec<WorkerSid> {
        let target = self
            .configuration(task)
            .zip(task.position)
            .and_then(|(all, at)| all.target(at).cloned());
        let is_direct = task.worker.is_some() || task.bound_to_queue;
        if (!is_direct && target.is_none()) || self.workflow(task).is_none() {
            return Vec::new();
        }
        let target = target.filter(|_| !is_direct);
        let suits =
            |worker: &&Worker| self.free(worker, task) && self.suits(worker, task, target.as_ref());
        let eligible: Vec<&Worker> = self.workers.values().filter(suits).collect();
        let order = target.as_ref().and_then(|target| target.order_by.as_ref());
        let attributes = json(task);
        let parsed: Vec<Value> =
            eligible.iter().map(|one| serde_json::from_str(&one.attributes).unwrap()).collect();
        let beside = |n: usize| self.beside(&attributes, eligible[n], &parsed[n]);
        let order = order.map(|order: &OrderBy| order.over((0..eligible.len()).map(beside)));
        let mut ranked: Vec<_> = (0..eligible.len())
            .map(|n| {
                let worker = eligible[n];
                let rank = order.as_ref().map(|order| order.rank(&beside(n)));
                (rank, refused(task, worker.sid), self.idle(worker, task), worker.sid)
            })
            .collect();
        ranked.sort();
        let queue = self.queues.iter().find(|queue| Some(queue.sid) == task.queue);
        let max = queue.filter(|_| task.worker.is_none()).map_or(1, |one| one.max_reserved_workers);
        ranked.into_iter().map(|one| one.3).take(max as usize).collect()
    }

    fn free(&self, worker: &Worker, task: &Task) -> bool {
        let capacity = worker.capacity(task.channel);
        let holds = |channel: Option<TaskChannelSid>| {
            let tasks =
                self.tasks.values().filter(|one| channel.is_none_or(|of| one.channel == of));
            let held = tasks
                .flat_map(|task| task.open_reservations())
                .filter(|one| one.worker == worker.sid);
            u32::try_from(held.count()).unwrap()
        };
        if task.ignores_capacity {
            return true;
        }
        self.available(worker)
            && capacity.available
            && holds(Some(task.channel)) < capacity.capacity
            && (self.workspace.multi_task_enabled || holds(None) == 0)
    }

    fn suits(&self, worker: &Worker, task: &Task, target: Option<&Target>) -> bool {
        if task.handed_on_by == Some(worker.sid) {
            return false;
        }
        let Some(target) = target else {
            return match task.worker {
                Some(asked) => asked == worker.sid,
                None => self.belongs(worker, task),
            };
        };
        let attributes = json(task);
        let wanted =
            match target.known_worker.as_ref().map(|one: &KnownWorker| one.wanted(&attributes)) {
                None => true,
                Some(Wanted::Sid(sid)) => sid == worker.sid,
                Some(Wanted::FriendlyName(name)) => {
                    name.to_lowercase() == worker.friendly_name.to_lowercase()
                }
                Some(Wanted::Nobody | Wanted::Unreadable) => false,
            };
        let parsed: Value = serde_json::from_str(&worker.attributes).unwrap();
        let open = self.open_of(worker.sid);
        let mut beside = self.beside(&attributes, worker, &parsed);
        beside.worker.channels =
            Some(WorkerChannels { named: &self.names, worker, open: Some(&open) });
        wanted && self.belongs(worker, task) && target.accepts(&beside)
    }

    fn open_of(&self, worker: WorkerSid) -> BTreeMap<TaskChannelSid, u32> {
        let mut open = BTreeMap::new();
        for task in self.tasks.values() {
            let own = task.open_reservations().filter(|one| one.worker == worker);
            *open.entry(task.channel).or_default() += u32::try_from(own.count()).unwrap();
        }
        open
    }

    fn beside<'a>(
        &'a self,
        task: &'a Value,
        worker: &'a Worker,
        attributes: &'a Value,
    ) -> TaskAndWorker<'a> {
        let activity = self.activities.iter().find(|one| one.sid == worker.activity);
        let worker = WorkerFields {
            sid: worker.sid,
            friendly_name: &worker.friendly_name,
            activity_sid: worker.activity,
            activity_name: &activity.unwrap().friendly_name,
            channels: None,
            attributes,
        };
        TaskAndWorker { task, worker }
    }

    fn belongs(&self, worker: &Worker, task: &Task) -> bool {
        let queue = self.queues.iter().find(|queue| Some(queue.sid) == task.queue);
        let expression = queue.and_then(|queue| Expression::parse(&queue.target_workers).ok());
        let attributes = serde_json::from_str(&worker.attributes).unwrap();
        expression.is_some_and(|expression| expression.matches(&WorkerAttributes(&attributes)))
    }

    fn available(&self, worker: &Worker) -> bool {
        self.activities.iter().any(|one| one.sid == worker.activity && one.available)
    }

    fn idle(&self, worker: &Worker, task: &Task) -> Timestamp {
        let channel = self.channels.iter().find(|one| one.sid == task.channel);
        let alone = channel.is_some_and(|one| one.channel_optimized_routing);
        let tasks = self.tasks.values().filter(|one| !alone || one.channel == task.channel);
        let own = tasks.flat_map(|one| &one.reservations).filter(|one| one.worker == worker.sid);
        own.map(|one| one.updated.max(one.created)).chain([worker.activity_since]).max().unwrap()
    }

    fn place(&self, task: &Task) -> (bool, bool, Reverse<i64>, i64, TaskSid) {
        let queue = self.queues.iter().find(|queue| Some(queue.sid) == task.queue);
        let bound = queue.and_then(|queue| queue.ageing_bound_seconds);
        let since = task.queue_entered.unwrap_or(task.created);
        if bound.is_some_and(|bound| self.now.0 - since.0 >= i64::from(bound) * 1000) {
            return (false, false, Reverse(0), since.0, task.sid);
        }
        let order = queue.map_or(QueueOrder::Fifo, |queue| queue.order);
        let second = order != self.workspace.prioritize_queue_order;
        match order {
            QueueOrder::Fifo => (true, second, Reverse(task.priority), task.start.0, task.sid),
            QueueOrder::Lifo => (true, second, Reverse(0), -task.start.0, task.sid),
        }
    }

    fn workflow(&self, task: &Task) -> Option<&Workflow> {
        self.workflows.iter().find(|one| one.sid == task.workflow)
    }

    fn configuration(&self, task: &Task) -> Option<Configuration> {
        workflow::Workflow::parse(&self.workflow(task)?.configuration).ok()
    }
}

fn json(task: &Task) -> Value {
    serde_json::from_str(&task.attributes).unwrap()
}

fn refused(task: &Task, worker: WorkerSid) -> bool {
    task.reservations
        .iter()
        .any(|one| one.worker == worker && matches!(one.status, R::Rejected | R::Timeout))
}
