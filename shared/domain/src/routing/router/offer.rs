//! Which workers a waiting task is offered to, and the receipt that says why.

use std::collections::BTreeSet;

use serde_json::Value;

use super::reason::Reason;
use crate::routing::expression::{OrderBy, TaskAndWorker};
use crate::routing::picture::{Held, Lane, Line, Member, Picture, Queue};
use crate::routing::receipt::{NAMED_MAX, PassedOver, Receipt};
use crate::routing::workflow::{Configuration, FilterIndex, Position, Target, Wanted};
use crate::sid::{TaskSid, WorkerSid};
use crate::task::{Reservation, ReservationStatus, Task};
use crate::timestamp::{Millis, Timestamp};

/// Most workers who are asked at once.
const ASKED_MAX: usize = 50;
/// At most this many workers are looked at for a receipt; the others are counted.
const LOOKED_AT_MAX: usize = 16;

/// A waiting task, and what is asked of its workers.
pub(super) struct Offer<'a> {
    picture: &'a Picture,
    task: &'a Task,
    attributes: &'a Value,
    lane: Lane,
    queue: Option<&'a Queue>,
    /// None for a task that asks for its worker by name.
    target: Option<(Position, &'a Target)>,
    wanted: Option<Wanted>,
    configuration: Option<&'a Configuration>,
    /// How long a worker may think about it.
    pub(super) timeout: Millis,
}

/// Why a known worker cannot be had in a target (rule D.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum KnownWorkerFault {
    /// There is no such worker, or the task does not say who.
    Invalid,
    /// They are not in the target's queue.
    NotInQueue,
}

impl KnownWorkerFault {
    /// The published code.
    pub const fn code(self) -> u32 {
        match self {
            Self::Invalid => 40154,
            Self::NotInQueue => 40152,
        }
    }

    /// The published name of the code.
    pub const fn message(self) -> &'static str {
        match self {
            Self::Invalid => "Invalid Known Worker information",
            Self::NotInQueue => "Invalid Queue for Known Worker",
        }
    }
}

struct Eligible {
    worker: WorkerSid,
    refused: bool,
    idle: Timestamp,
}

impl<'a> Offer<'a> {
    /// None if the task cannot be offered: it does not wait in a line, or its workflow, queue or
    /// attributes cannot be read.
    pub(super) fn of(picture: &'a Picture, task: TaskSid) -> Option<Self> {
        let Held { task, attributes, .. } = picture.held(task)?;
        let lane = picture.lane(task.sid)?;
        let attributes = attributes.as_ref()?;
        let flow = picture.flow(task.workflow)?;
        let configuration = flow.configuration.as_ref().filter(|_| task.worker.is_none());
        let target = task.position.zip(configuration).and_then(|(position, configuration)| {
            Some((position, configuration.target(position)?))
        });
        if target.is_none() && task.worker.is_none() && !task.bound_to_queue {
            return None;
        }
        let known = target.and_then(|(_, target)| target.known_worker.as_ref());
        Some(Self {
            picture,
            task,
            attributes,
            lane,
            queue: task.queue.and_then(|queue| picture.queue(queue)),
            target,
            wanted: known.map(|known| known.wanted(attributes)),
            configuration,
            timeout: flow.record.reservation_timeout(),
        })
    }

    /// The workers to ask, best first; only some of `among`, if it is known that no others are eligible.
    pub(super) fn workers(&self, among: Option<&BTreeSet<WorkerSid>>) -> Vec<WorkerSid> {
        let max = match (self.lane.0, self.queue) {
            (Line::Queue(_), Some(queue)) => {
                usize::try_from(queue.record.max_reserved_workers).unwrap_or(1).clamp(1, ASKED_MAX)
            }
            (Line::Queue(_), None) | (Line::Worker(_) | Line::Anyhow(_), _) => 1,
        };
        match self.target.and_then(|(_, target)| target.order_by.as_ref()) {
            Some(order) => self.ordered(order, among, max),
            None => self.longest_idle(among, max),
        }
    }

    /// Those who can take one more task, longest idle first.
    fn free(&self, among: Option<&BTreeSet<WorkerSid>>) -> Vec<(Timestamp, WorkerSid)> {
        let workers: Vec<WorkerSid> =
            match (self.wanted.as_ref().map(|wanted| self.known(wanted)), among) {
                (Some(known), _) => known.into_iter().collect(),
                (None, Some(among)) => among.iter().copied().collect(),
                (None, None) => return self.picture.pool(self.lane.0, self.lane.1).collect(),
            };
        let filed = |worker: WorkerSid| {
            let member = self.picture.member(worker).filter(|member| member.serves(self.lane.0))?;
            Some((member.idle(self.lane.1)?, worker))
        };
        let mut free: Vec<_> = workers.into_iter().filter_map(filed).collect();
        free.sort_unstable();
        free
    }

    /// Why the worker whom the target names cannot be had there, if they cannot.
    pub(super) fn known_worker_fault(&self) -> Option<KnownWorkerFault> {
        let wanted = self.wanted.as_ref().filter(|wanted| **wanted != Wanted::Nobody)?;
        let member = self.known(wanted).and_then(|worker| self.picture.member(worker));
        match member {
            None => Some(KnownWorkerFault::Invalid),
            Some(member) if !member.serves(self.lane.0) => Some(KnownWorkerFault::NotInQueue),
            Some(_) => None,
        }
    }

    /// The worker whom the target asks for.
    pub(super) fn known_worker(&self) -> Option<WorkerSid> {
        self.wanted.as_ref().and_then(|wanted| self.known(wanted))
    }

    /// What of the target a worker fails.
    pub(super) fn failing(&self, member: &Member) -> Option<Reason> {
        let (_, target) = self.target?;
        if let Some(known) = &target.known_worker
            && self.known_worker() != Some(member.record.sid)
        {
            return Some(Reason::NotTheKnownWorker(known.to_string()));
        }
        let expression = target.expression.as_ref()?;
        let clause = expression.failing_clause(&self.beside(member))?;
        let seen = expression.channels_seen(&self.beside(member));
        Some(Reason::Expression { clause: clause.to_owned(), seen })
    }

    fn known(&self, wanted: &Wanted) -> Option<WorkerSid> {
        match wanted {
            Wanted::Sid(worker) => Some(*worker),
            Wanted::FriendlyName(name) => self.picture.called(name),
            Wanted::Nobody | Wanted::Unreadable => None,
        }
    }

    /// Whether a worker suits the target and, if it names one, is the one.
    fn suits(&self, member: &Member) -> bool {
        let sid = member.record.sid;
        let wanted = self.wanted.as_ref().is_none_or(|wanted| self.known(wanted) == Some(sid));
        let is_another = self.task.handed_on_by != Some(sid);
        wanted
            && is_another
            && self.target.is_none_or(|(_, target)| target.accepts(&self.beside(member)))
    }

    fn beside(&self, member: &'a Member) -> TaskAndWorker<'a> {
        TaskAndWorker { task: self.attributes, worker: self.picture.fields(member) }
    }

    /// The same without the worker's channels: an order names attributes.
    fn attributes_of(&self, member: &'a Member) -> TaskAndWorker<'a> {
        let mut both = self.beside(member);
        both.worker.channels = None;
        both
    }

    fn longest_idle(&self, among: Option<&BTreeSet<WorkerSid>>, max: usize) -> Vec<WorkerSid> {
        let (mut first, mut refused) = (Vec::new(), Vec::new());
        let whole_pool = among.is_none() && self.wanted.is_none();
        let pool = whole_pool.then(|| self.picture.pool(self.lane.0, self.lane.1));
        let some = (!whole_pool).then(|| self.free(among));
        for (_, worker) in pool.into_iter().flatten().chain(some.into_iter().flatten()) {
            if first.len() == max {
                break;
            }
            if self.picture.member(worker).is_none_or(|member| !self.suits(member)) {
                continue;
            }
            if was_lost_on(self.task, worker) {
                refused.push(worker);
            } else {
                first.push(worker);
            }
        }
        first.into_iter().chain(refused).take(max).collect()
    }

    fn ordered(
        &self,
        order: &OrderBy,
        among: Option<&BTreeSet<WorkerSid>>,
        max: usize,
    ) -> Vec<WorkerSid> {
        let free = self.free(among).into_iter();
        let members: Vec<(&Member, Eligible)> = free
            .filter_map(|(idle, worker)| {
                let member = self.picture.member(worker).filter(|member| self.suits(member))?;
                let refused = was_lost_on(self.task, worker);
                Some((member, Eligible { worker, refused, idle }))
            })
            .collect();
        let order = order.over(members.iter().map(|(member, _)| self.attributes_of(member)));
        let ranked = members.into_iter().map(|(member, one)| {
            (order.rank(&self.attributes_of(member)), one.refused, one.idle, one.worker)
        });
        let mut ranked: Vec<_> = ranked.collect();
        ranked.sort_unstable();
        ranked.into_iter().take(max).map(|(.., worker)| worker).collect()
    }

    /// Why the task goes to `chosen`, when `asked` were asked at once. It depends on the picture alone, not
    /// on how the worker was found, and looks at a bounded number of others.
    pub(super) fn receipt(&self, chosen: WorkerSid, asked: &[WorkerSid]) -> Receipt {
        let target = self.target.map_or(0, |(position, _)| position.target);
        let mut receipt = Receipt {
            filter: self.filter(),
            target: u32::try_from(target).unwrap_or(u32::MAX),
            ..Receipt::default()
        };
        let Some(queue) = self.queue.filter(|_| matches!(self.lane.0, Line::Queue(_))) else {
            return receipt;
        };
        let free = self.picture.pool(self.lane.0, self.lane.1).take(LOOKED_AT_MAX);
        let free: Vec<WorkerSid> = free.map(|(_, worker)| worker).collect();
        let others = queue.members().take(LOOKED_AT_MAX).filter(|worker| !free.contains(worker));
        for worker in free.iter().copied().chain(others) {
            if receipt.passed_over.len() == NAMED_MAX {
                break;
            }
            if let Some(member) = self.picture.member(worker).filter(|_| worker != chosen) {
                receipt.pass_over(worker, self.why_not(member, asked));
            }
        }
        let others = queue.members().len().saturating_sub(1 + receipt.passed_over.len());
        receipt.and_more = u32::try_from(others).unwrap_or(u32::MAX);
        receipt
    }

    /// The name or the number of the filter.
    pub(super) fn filter(&self) -> String {
        let Some((configuration, (position, _))) = self.configuration.zip(self.target) else {
            let of = if self.task.worker.is_some() { "worker" } else { "queue" };
            return of.to_owned();
        };
        match position.filter {
            FilterIndex::Default => "default".to_owned(),
            FilterIndex::Numbered(number) => {
                let filter = configuration.filters().get(number);
                let name = filter.and_then(|filter| filter.friendly_name.clone());
                name.unwrap_or_else(|| number.to_string())
            }
        }
    }

    fn why_not(&self, member: &Member, asked: &[WorkerSid]) -> PassedOver {
        let worker = member.record.sid;
        if asked.contains(&worker) {
            PassedOver::HoldsIt
        } else if !self.picture.is_available(member.record.activity) {
            PassedOver::Activity
        } else if member.idle(self.lane.1).is_none() {
            PassedOver::Capacity
        } else if self.task.handed_on_by == Some(worker) {
            PassedOver::HandedItOn
        } else if !self.suits(member) {
            PassedOver::Expression
        } else if was_lost_on(self.task, worker) {
            PassedOver::RejectedBefore
        } else {
            PassedOver::OrderedBehind
        }
    }
}

/// Whether the worker was asked in vain, for whatever reason: others come first.
fn was_lost_on(task: &Task, worker: WorkerSid) -> bool {
    let withdrawn = |one: &Reservation| one.status == ReservationStatus::Canceled;
    has_refused(task, worker)
        || task.reservations.iter().any(|one| one.worker == worker && withdrawn(one))
}

/// Whether the worker rejected the task or let it time out, as far as the task remembers.
pub(super) fn has_refused(task: &Task, worker: WorkerSid) -> bool {
    use ReservationStatus::{Rejected, Timeout};
    let refused = |status| matches!(status, Rejected | Timeout);
    task.reservations.iter().any(|one| one.worker == worker && refused(one.status))
}
