//! Why a task is still waiting: the router's own rules, asked for their reasons.
//!
//! Nothing of it is stored. It holds for the records that the router knows, at the moment it is asked.

use serde_json::Value;

use super::Router;
use super::offer::{KnownWorkerFault, Offer, has_refused};
use super::reason::Reason;
use crate::routing::expression::WorkerAttributes;
use crate::routing::picture::{Line, Member, Queue};
use crate::sid::{TaskQueueSid, TaskSid, WorkerSid};
use crate::task::{Task, TaskStatus};
use crate::timestamp::Timestamp;

/// At most this many workers are named; the others are counted.
pub const NAMED_MAX: usize = 20;
/// At most this many workers without work are looked at before others are.
const FREE_LOOKED_AT_MAX: usize = 100;

/// What keeps a task from being offered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Why {
    /// It does not wait: it is offered, taken or over.
    NotWaiting(TaskStatus),
    /// Its workflow is not there or cannot be read.
    NoWorkflow,
    /// Its attributes cannot be read.
    NoAttributes,
    /// No filter matches it and there is no default one: it will fall out of its workflow.
    NoFilter,
    /// The router has not looked at it yet, or a worker is free for it at this moment.
    NotRoutedYet,
    /// No worker matches the expression of its queue, or there is no such queue.
    NoWorkers,
    /// The worker whom its target asks for cannot be had there.
    KnownWorker,
    /// The worker who is asked for by name is not there.
    NoSuchWorker,
    /// There are workers, and each has a reason.
    NobodyIsFree,
}

impl Why {
    /// A word for programs.
    pub const fn name(self) -> &'static str {
        match self {
            Self::NotWaiting(_) => "not_waiting",
            Self::NoWorkflow => "no_workflow",
            Self::NoAttributes => "no_attributes",
            Self::NoFilter => "no_filter_matches",
            Self::NotRoutedYet => "not_routed_yet",
            Self::NoWorkers => "queue_has_no_workers",
            Self::KnownWorker => "known_worker_unavailable",
            Self::NoSuchWorker => "no_such_worker",
            Self::NobodyIsFree => "nobody_is_free",
        }
    }
}

/// A worker and why they do not get the task.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PassedWorker {
    /// Who.
    pub worker: WorkerSid,
    /// What they are called.
    pub name: String,
    /// Why not.
    pub reason: Reason,
}

/// What is due next for a task.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Due {
    /// It moves on to the next target.
    Target,
    /// It goes before all that have waited for less.
    Ageing,
    /// It is canceled.
    Timeout,
}

/// Why a task is still waiting.
#[derive(Debug, Clone, PartialEq)]
pub struct Explanation {
    /// In one word.
    pub why: Why,
    /// The name or the number of its filter; `worker` or `queue` for a task that is made for one.
    pub filter: Option<String>,
    /// The place of the target within it, from 0.
    pub target: Option<usize>,
    /// Its queue.
    pub queue: Option<TaskQueueSid>,
    /// How many workers the queue has.
    pub workers: usize,
    /// How many tasks go before it in the line of its queue and channel.
    pub ahead: Option<usize>,
    /// What is wrong with the worker whom its target asks for.
    pub known_worker: Option<KnownWorkerFault>,
    /// Workers and why each does not get it.
    pub passed_over: Vec<PassedWorker>,
    /// How many more there are.
    pub and_more: usize,
    /// What is due next, and when.
    pub next: Option<(Due, Timestamp)>,
}

impl Explanation {
    fn bare(why: Why, task: &Task) -> Self {
        Self {
            why,
            filter: None,
            target: task.position.map(|position| position.target),
            queue: task.queue,
            workers: 0,
            ahead: None,
            known_worker: None,
            passed_over: Vec::new(),
            and_more: 0,
            next: None,
        }
    }
}

impl Router {
    /// Why a task waits; nothing if the router does not know it, as it does not know tasks that are over.
    pub fn explain(&mut self, task: TaskSid, now: Timestamp) -> Option<Explanation> {
        self.picture.age(now);
        let held = self.picture.held(task)?;
        let task = &held.task;
        let why_not = self.not_in_line(task, held.attributes.as_ref());
        let offer = Offer::of(&self.picture, task.sid).filter(|_| why_not.is_none());
        let mut all = match offer {
            Some(offer) => self.in_line(task, &offer),
            None => Explanation::bare(why_not.unwrap_or(Why::NotRoutedYet), task),
        };
        all.next = self.next_for(task);
        Some(all)
    }

    /// Why a task is in no line, if that is so.
    fn not_in_line(&self, task: &Task, attributes: Option<&Value>) -> Option<Why> {
        if task.status != TaskStatus::Pending {
            return Some(Why::NotWaiting(task.status));
        }
        let Some(attributes) = attributes else { return Some(Why::NoAttributes) };
        let Some(flow) = self.picture.flow(task.workflow) else { return Some(Why::NoWorkflow) };
        if task.worker.is_some() || task.bound_to_queue {
            return None;
        }
        let Some(configuration) = &flow.configuration else { return Some(Why::NoWorkflow) };
        match task.position.and_then(|at| configuration.target(at)) {
            Some(_) => None,
            None if configuration.first_match(attributes).is_none() => Some(Why::NoFilter),
            None => Some(Why::NotRoutedYet),
        }
    }

    fn in_line(&self, task: &Task, offer: &Offer<'_>) -> Explanation {
        let mut all = Explanation::bare(Why::NobodyIsFree, task);
        all.filter = Some(offer.filter());
        all.ahead = self.picture.ahead(task.sid);
        all.known_worker = offer.known_worker_fault();
        let queue = task.queue.and_then(|queue| self.picture.queue(queue));
        all.workers = queue.map_or(0, |queue| queue.members().len());
        let (asked, others) = self.asked(task, offer, queue);
        all.passed_over =
            asked.iter().map(|member| self.passed(task, offer, queue, member)).collect();
        all.and_more = others;
        let is_next =
            |one: &PassedWorker| matches!(one.reason, Reason::Eligible | Reason::RejectedBefore);
        all.why = if all.passed_over.iter().any(is_next) {
            Why::NotRoutedYet
        } else if all.known_worker.is_some() {
            Why::KnownWorker
        } else if task.worker.is_some() && asked.is_empty() {
            Why::NoSuchWorker
        } else if task.worker.is_none() && all.workers == 0 {
            Why::NoWorkers
        } else {
            Why::NobodyIsFree
        };
        all
    }

    /// Workers to be named, and how many others there are: the one who is asked for; else those of the queue,
    /// the free ones first; else, if it has none, some of the workspace.
    fn asked(
        &self,
        task: &Task,
        offer: &Offer<'_>,
        queue: Option<&Queue>,
    ) -> (Vec<&Member>, usize) {
        if let Some(worker) = task.worker {
            return (self.picture.member(worker).into_iter().collect(), 0);
        }
        let Some(queue) = queue.filter(|queue| queue.members().len() > 0) else {
            let some = self.picture.members().take(NAMED_MAX).collect();
            return (some, self.picture.members().len().saturating_sub(NAMED_MAX));
        };
        let known = offer.known_worker().filter(|worker| queue.has(*worker));
        let free = self.picture.pool(Line::Queue(queue.record.sid), task.channel);
        let free: Vec<WorkerSid> =
            free.take(FREE_LOOKED_AT_MAX).map(|(_, worker)| worker).collect();
        let others = queue.members().filter(|worker| !free.contains(worker));
        let mut named: Vec<WorkerSid> = known.into_iter().collect();
        for worker in free.iter().copied().chain(others) {
            if named.len() == NAMED_MAX {
                break;
            }
            if known != Some(worker) {
                named.push(worker);
            }
        }
        let rest = queue.members().len() - named.len();
        (named.into_iter().filter_map(|worker| self.picture.member(worker)).collect(), rest)
    }

    fn passed(
        &self,
        task: &Task,
        offer: &Offer<'_>,
        queue: Option<&Queue>,
        member: &Member,
    ) -> PassedWorker {
        let (worker, name) = (member.record.sid, member.record.friendly_name.clone());
        let reason = self.reason(task, offer, queue, member);
        PassedWorker { worker, name, reason }
    }

    fn reason(
        &self,
        task: &Task,
        offer: &Offer<'_>,
        queue: Option<&Queue>,
        member: &Member,
    ) -> Reason {
        let worker = &member.record;
        if task.worker.is_none() && !queue.is_some_and(|queue| queue.has(worker.sid)) {
            let attributes = member.readable();
            let clause = queue.zip(attributes).and_then(|(queue, attributes)| {
                queue.expression()?.failing_clause(&WorkerAttributes(attributes)).map(str::to_owned)
            });
            return Reason::NotInQueue(clause);
        }
        if task.ignores_capacity {
            return Reason::Eligible;
        }
        if !self.picture.is_available(worker.activity) {
            let name = self.picture.fields(member).activity_name;
            return Reason::Activity(name.to_owned());
        }
        if member.idle(task.channel).is_none() {
            return self.capacity(task, member);
        }
        if task.handed_on_by == Some(worker.sid) {
            return Reason::HandedItOn;
        }
        if let Some(clause) = offer.failing(member) {
            return clause;
        }
        if has_refused(task, worker.sid) { Reason::RejectedBefore } else { Reason::Eligible }
    }

    fn capacity(&self, task: &Task, member: &Member) -> Reason {
        let open = self.load(member.record.sid, task.channel);
        let has = member.record.capacity(task.channel);
        if has.available && open < has.capacity {
            return Reason::Occupied;
        }
        Reason::Capacity { open, capacity: has.capacity, available: has.available }
    }

    fn next_for(&self, task: &Task) -> Option<(Due, Timestamp)> {
        if task.status != TaskStatus::Pending {
            return None;
        }
        let target = task.target_until.map(|at| (at, Due::Target));
        let ages = self.picture.ages_at(task.sid).map(|at| (at, Due::Ageing));
        let all = [target, ages, Some((task.times_out_at(), Due::Timeout))];
        all.into_iter().flatten().min_by_key(|(at, _)| *at).map(|(at, due)| (due, at))
    }
}
