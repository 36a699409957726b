//! What was recorded: who arrived, who changed, who answered, who was done.

use std::collections::BTreeMap;

use super::rank::rank;
use super::{ANSWER, Fate, Material, SERVICE, Taken};
use crate::event::{
    Event, EventType, Occurrence, ReservationEvent, Subject, TaskEvent, WorkerEvent,
};
use crate::record::Record;
use crate::routing::workflow;
use crate::sid::{TaskSid, WorkerSid, WorkflowSid};
use crate::task::{Ending, Fields, Reservation, ReservationStatus, Task, TaskStatus};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;
use crate::workspace::{Worker, Workflow};

/// What was recorded of a period.
#[derive(Debug)]
pub(super) struct Recording {
    pub(super) from: Timestamp,
    pub(super) to: Timestamp,
    /// The workers at the beginning.
    pub(super) workers: Vec<Worker>,
    pub(super) staff: Vec<(Timestamp, StaffChange)>,
    pub(super) tasks: Vec<Recorded>,
    /// The median time in which an offer was accepted.
    pub(super) answer: Millis,
    /// The median time in which a task was completed.
    pub(super) service: Millis,
}

/// What happened to a worker, not by the router.
#[derive(Debug)]
pub(super) enum StaffChange {
    /// They came or were changed.
    Is {
        /// As they were then.
        worker: Box<Worker>,
        /// Whether what they do was changed.
        moves: bool,
    },
    /// They were deleted.
    Gone(WorkerSid),
}

/// What was recorded of a task.
#[derive(Debug)]
pub(super) struct Recorded {
    /// As it came.
    pub(super) task: Task,
    /// When it came, or the beginning.
    pub(super) at: Timestamp,
    /// How commands changed what it is.
    pub(super) changes: Vec<(Timestamp, RecordedChange)>,
    pub(super) offers: Vec<Offered>,
    /// When it was given up by a command.
    pub(super) left: Option<Timestamp>,
    pub(super) completed: Option<Timestamp>,
    /// When its worker took it, be it before the beginning.
    accepted: Option<Timestamp>,
    /// The priority with which it was seen last.
    priority: i64,
    pub(super) fate: Fate,
}

/// What a command made of a task.
#[derive(Debug)]
pub(super) struct RecordedChange {
    /// As it was then.
    pub(super) task: Box<Task>,
    /// Its priority, if that was changed; any other may be one that a target gave it.
    pub(super) priority: Option<i64>,
}

/// An offer that was made.
#[derive(Debug)]
pub(super) struct Offered {
    pub(super) number: u32,
    pub(super) worker: WorkerSid,
    /// What they were called.
    pub(super) worker_name: String,
    /// When; none if it was before the beginning.
    pub(super) at: Option<Timestamp>,
    /// What came of it, and when; none if nothing did until the end.
    pub(super) ended: Option<(Timestamp, ReservationStatus)>,
}

impl Recorded {
    fn new(seen: &Task, from: Timestamp, router_gave: bool) -> Self {
        let mut fields = Fields {
            status: TaskStatus::Pending,
            ended: None,
            given_reason: None,
            position: None,
            target_until: None,
            assignments: 0,
            rejections: 0,
            reservations: Vec::new(),
            next_number: 1,
            trail: Vec::new(),
            interaction: None,
            updated: seen.created,
            ..seen.fields.clone()
        };
        let is_placed_by_name = fields.worker.is_some() || fields.bound_to_queue;
        fields.queue = fields.queue.filter(|_| is_placed_by_name);
        fields.queue_entered = fields.queue_entered.filter(|_| is_placed_by_name);
        if router_gave {
            fields.priority = 0;
        }
        let task = Task { fields, version: 1.into() };
        Self {
            at: task.created.max(from),
            task,
            changes: Vec::new(),
            offers: Vec::new(),
            left: None,
            completed: None,
            accepted: None,
            priority: seen.priority,
            fate: Fate::default(),
        }
    }

    /// Whether a worker had it or was asked at the beginning.
    pub(super) fn is_held(&self) -> bool {
        self.offers.iter().any(|offer| offer.at.is_none())
    }

    /// How long it was worked on, or at least.
    pub(super) fn lasted(&self, recording: &Recording) -> Millis {
        match (self.accepted, self.completed) {
            (Some(accepted), Some(completed)) => completed - accepted,
            // It was not done at the end, so that it is done after it at the earliest.
            (Some(accepted), None) => recording.service.max(recording.to + Millis(1) - accepted),
            (None, _) => recording.service,
        }
    }

    fn offer(&mut self, event: &Event) -> Option<&mut Offered> {
        let (number, worker) = (event.reservation?, event.worker?);
        let known = self.offers.iter().position(|offer| offer.number == number);
        let place = known.unwrap_or_else(|| {
            self.offers.push(Offered {
                number,
                worker,
                worker_name: event.worker_name.clone().unwrap_or_default(),
                at: None,
                ended: None,
            });
            self.offers.len() - 1
        });
        self.offers.get_mut(place)
    }

    fn note(&mut self, of: &Occurrence, seen: &Task, event: &Event) {
        match event.kind {
            EventType::Reservation(what) => self.note_offer(of, event, what),
            EventType::Task(what) => self.note_task(of.time, seen, what),
            EventType::Activity(_)
            | EventType::TaskChannel(_)
            | EventType::TaskQueue(_)
            | EventType::Worker(_)
            | EventType::Workflow(_)
            | EventType::Workspace(_) => {}
        }
    }

    fn note_offer(&mut self, of: &Occurrence, event: &Event, what: ReservationEvent) {
        use ReservationStatus as S;
        let at = of.time;
        let ended = match what {
            ReservationEvent::Created => None,
            ReservationEvent::Accepted => Some(S::Accepted),
            ReservationEvent::Rejected => Some(S::Rejected),
            ReservationEvent::Timeout => Some(S::Timeout),
            ReservationEvent::Canceled => Some(S::Canceled),
            ReservationEvent::Rescinded => Some(S::Rescinded),
            ReservationEvent::Completed | ReservationEvent::Wrapup => Some(S::Completed),
            // What ended it is an event of its own.
            ReservationEvent::Failed => return,
        };
        if let Some(offer) = self.offer(event) {
            match ended {
                None => offer.at = Some(at),
                // One that was not accepted in the period was accepted before.
                Some(S::Completed) => offer.ended = offer.ended.or(Some((at, S::Completed))),
                Some(how) => offer.ended = Some((at, how)),
            }
        }
        if what == ReservationEvent::Accepted {
            self.accepted = Some(at);
            let taken = |worker| Taken { worker, queue: of.queue(event), at };
            self.fate.taken = event.worker.map(taken);
        }
    }

    fn note_task(&mut self, at: Timestamp, seen: &Task, what: TaskEvent) {
        match what {
            TaskEvent::Updated => {
                let priority = Some(seen.priority).filter(|it| *it != self.priority);
                let task = Box::new(seen.clone());
                self.changes.push((at, RecordedChange { task, priority }));
            }
            TaskEvent::Completed | TaskEvent::SystemDeleted => self.completed = Some(at),
            TaskEvent::Canceled | TaskEvent::Deleted => self.end(at, seen),
            TaskEvent::Created
            | TaskEvent::Wrapup
            | TaskEvent::TransferInitiated
            | TaskEvent::TransferAttemptFailed
            | TaskEvent::TransferFailed
            | TaskEvent::TransferCanceled
            | TaskEvent::TransferCompleted => {}
        }
    }

    fn end(&mut self, at: Timestamp, seen: &Task) {
        match seen.ended {
            Some(Ending::FellOut) => self.fate.fell_out = true,
            // The router did it, and will do so again, if it is to be.
            Some(
                Ending::TimedOut
                | Ending::OfferedTooOften
                | Ending::RejectedTooOften
                | Ending::NotTaken
                | Ending::Unroutable,
            ) => {}
            Some(Ending::Completed | Ending::Canceled | Ending::Overdue | Ending::Deleted)
            | None => match (self.completed, self.accepted) {
                (Some(_), _) => {}
                (None, Some(_)) => self.completed = Some(at),
                (None, None) => self.left = Some(at),
            },
        }
    }

    /// Gives the task its reservations of the beginning.
    fn begin(&mut self, from: Timestamp, to: Timestamp) {
        let task = &mut self.task.fields;
        for offer in self.offers.iter().filter(|offer| offer.at.is_none()) {
            let is_taken = matches!(offer.ended, Some((_, ReservationStatus::Completed)));
            let (status, of_task) = if is_taken {
                (ReservationStatus::Accepted, TaskStatus::Assigned)
            } else {
                (ReservationStatus::Pending, TaskStatus::Reserved)
            };
            let lapses = offer.ended.filter(|(_, how)| *how == ReservationStatus::Timeout);
            task.status = of_task;
            task.reservations.push(Reservation {
                number: offer.number,
                worker: offer.worker,
                worker_name: offer.worker_name.clone(),
                status,
                expires: lapses.map_or(to + Millis(1), |(at, _)| at),
                receipt: None,
                quiet: false,
                created: from,
                updated: from,
            });
            task.next_number = task.next_number.max(offer.number + 1);
        }
    }
}

impl Recording {
    pub(super) fn of(material: &Material<'_>) -> Self {
        let (from, to) = (material.from, material.to);
        let gives = targets_with_priority(material);
        let mut tasks: BTreeMap<TaskSid, Recorded> = BTreeMap::new();
        for of in material.occurrences {
            let Subject::Task(seen) = &of.subject else { continue };
            let recorded =
                tasks.entry(seen.sid).or_insert_with(|| Recorded::new(seen, from, gives(seen)));
            of.events.iter().for_each(|event| recorded.note(of, seen, event));
            recorded.priority = seen.priority;
        }
        for task in material.tasks.iter().filter(|task| task.created <= to) {
            if !task.status.is_over() && !tasks.contains_key(&task.sid) {
                tasks.insert(task.sid, still(task, from, gives(task)));
            }
        }
        let mut tasks: Vec<Recorded> = tasks.into_values().collect();
        tasks.iter_mut().for_each(|one| one.begin(from, to));
        tasks.sort_by_key(|one| (one.at, one.task.sid));
        let (workers, staff) = staff(material, &tasks);
        let answers = tasks.iter().flat_map(|one| &one.offers).filter_map(|offer| {
            let (at, how) = offer.ended?;
            (how == ReservationStatus::Accepted).then_some(at - offer.at?)
        });
        let answer = median(answers).unwrap_or(ANSWER);
        let services = tasks.iter().filter_map(|one| Some(one.completed? - one.accepted?));
        let service = median(services).unwrap_or(SERVICE);
        Self { from, to, workers, staff, tasks, answer, service }
    }
}

/// A task of which no event tells, so that it is as it was.
fn still(task: &Task, from: Timestamp, router_gave: bool) -> Recorded {
    let mut recorded = Recorded::new(task, from, router_gave);
    for one in task.open_reservations().filter(|one| one.created < from) {
        let taken = one.status != ReservationStatus::Pending;
        recorded.offers.push(Offered {
            number: one.number,
            worker: one.worker,
            worker_name: one.worker_name.clone(),
            at: None,
            ended: taken.then_some((one.updated, ReservationStatus::Completed)),
        });
    }
    recorded
}

fn median(spans: impl Iterator<Item = Millis>) -> Option<Millis> {
    let mut spans: Vec<Millis> = spans.collect();
    spans.sort_unstable();
    rank(&spans, 50)
}

/// Whether the target in which a task was seen gives it the priority that it has.
fn targets_with_priority(material: &Material<'_>) -> impl Fn(&Task) -> bool {
    let flows: BTreeMap<WorkflowSid, workflow::Configuration> = material
        .records
        .iter()
        .filter_map(|record| {
            let one: &Workflow = record.get()?;
            Some((one.sid, workflow::Workflow::parse(&one.configuration).ok()?))
        })
        .collect();
    move |task: &Task| {
        let target = task.position.and_then(|at| flows.get(&task.workflow)?.target(at));
        target.is_some_and(|target| target.priority.map(i64::from) == Some(task.priority))
    }
}

/// The workers at the beginning, and what happened to them.
fn staff(
    material: &Material<'_>,
    tasks: &[Recorded],
) -> (Vec<Worker>, Vec<(Timestamp, StaffChange)>) {
    let mut first: BTreeMap<WorkerSid, Option<Worker>> = BTreeMap::new();
    let mut changes = Vec::new();
    let lapses = lapses(tasks);
    let timeout = material.workspace.timeout_activity;
    for of in material.occurrences {
        let Subject::Worker { worker, .. } = &of.subject else { continue };
        first.entry(worker.sid).or_insert_with(|| before(worker, &of.events));
        let did = |kind| of.events.iter().any(|event: &Event| event.kind == kind);
        if did(EventType::Worker(WorkerEvent::Deleted)) {
            changes.push((of.time, StaffChange::Gone(worker.sid)));
            continue;
        }
        let timed_out = worker.activity == timeout
            && lapses.get(&worker.sid).is_some_and(|at| at.contains(&of.time));
        let is_routers = timed_out || worker.occupation.is_some();
        let moves = did(EventType::Worker(WorkerEvent::Created))
            || (did(EventType::Worker(WorkerEvent::ActivityUpdate)) && !is_routers);
        changes.push((of.time, StaffChange::Is { worker: worker.clone(), moves }));
    }
    let now = material.records.iter().filter_map(Record::get::<Worker>);
    for worker in now.filter(|worker| worker.created <= material.from) {
        first.entry(worker.sid).or_insert_with(|| {
            let activity_since = worker.activity_since.min(material.from);
            Some(Worker { activity_since, ..Worker::clone(worker) })
        });
    }
    let workers = first.into_values().flatten();
    (workers.map(|worker| Worker { version: Version::from(1), ..worker }).collect(), changes)
}

/// When each worker let an offer lapse: the router moves them then.
fn lapses(tasks: &[Recorded]) -> BTreeMap<WorkerSid, Vec<Timestamp>> {
    let mut all: BTreeMap<WorkerSid, Vec<Timestamp>> = BTreeMap::new();
    for offer in tasks.iter().flat_map(|one| &one.offers) {
        if let Some((at, ReservationStatus::Timeout)) = offer.ended {
            all.entry(offer.worker).or_default().push(at);
        }
    }
    all
}

/// A worker before the first recorded change, as far as it tells; none if that was the creation.
fn before(after: &Worker, events: &[Event]) -> Option<Worker> {
    let mut worker = after.clone();
    for event in events {
        if event.kind == EventType::Worker(WorkerEvent::Created) {
            return None;
        }
        if let Some((activity, span)) = event.from {
            worker.activity = activity;
            worker.activity_since = after.activity_since + Millis(-span.0);
            worker.occupation = None;
        }
        if let Some(change) = event.channel {
            worker.channels.insert(change.sid, change.before);
        }
    }
    Some(worker)
}
