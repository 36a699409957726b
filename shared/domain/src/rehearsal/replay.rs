//! The same time once more, event by event, under another configuration.

use std::collections::BTreeMap;

use super::recording::{Offered, Recorded, RecordedChange, Recording, StaffChange};
use super::{Fate, Material, SAME_MOMENT, STEPS_MAX, Taken, TooMuch};
use crate::decision::Decision;
use crate::head::PartSid;
use crate::record::Record;
use crate::routing::router::Router;
use crate::sid::{ReservationSid, Sid as _, TaskSid, WorkerSid};
use crate::task::{self, Amendment, Command, Ending, Reservation, ReservationStatus, Source, Task};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;
use crate::workspace::Worker;

/// A replay under way.
pub(super) struct Replay<'a> {
    recording: &'a Recording,
    places: BTreeMap<TaskSid, usize>,
    router: Router,
    /// What is to happen: at one moment that of workers first, then that of tasks in their order.
    agenda: BTreeMap<(Timestamp, Option<TaskSid>, usize), Happening<'a>>,
    entries: usize,
    /// How often each worker was offered each task.
    offers: BTreeMap<(TaskSid, WorkerSid), usize>,
    /// The number of the next offer of each task.
    numbers: BTreeMap<TaskSid, u32>,
    played: Played,
}

/// What came of a replay.
#[derive(Debug, Default)]
pub(super) struct Played {
    pub(super) fates: BTreeMap<TaskSid, Fate>,
    pub(super) assumed_answers: usize,
    pub(super) steps: usize,
}

/// Something that does not come from the router.
#[derive(Debug)]
enum Happening<'a> {
    Arrives(&'a Recorded),
    Staff(&'a StaffChange),
    Changes(&'a RecordedChange),
    Answers(ReservationSid, ReservationStatus),
    Completes(TaskSid),
    Leaves(TaskSid),
}

impl Happening<'_> {
    /// The task that it happens to.
    fn task(&self) -> Option<TaskSid> {
        match self {
            Self::Staff(_) => None,
            Self::Arrives(one) => Some(one.task.sid),
            Self::Changes(change) => Some(change.task.sid),
            Self::Answers(reservation, _) => Some(reservation.kin(0)),
            Self::Completes(task) | Self::Leaves(task) => Some(*task),
        }
    }
}

impl<'a> Replay<'a> {
    pub(super) fn new(material: &Material<'_>, recording: &'a Recording) -> Self {
        let mut router = Router::new(material.workspace.clone());
        for record in material.records {
            // They are as they were at the beginning, not as they are.
            if matches!(record, Record::Worker(_) | Record::Task(_)) {
                continue;
            }
            let mut record = record.clone();
            if let Record::Workflow(one) = &mut record
                && one.sid == material.workflow
                && let Some(configuration) = material.configuration
            {
                configuration.clone_into(&mut one.configuration);
            }
            router.learn(record);
        }
        for worker in &recording.workers {
            router.learn(worker.clone().into());
        }
        let places = recording.tasks.iter().enumerate().map(|(place, one)| (one.task.sid, place));
        let mut replay = Self {
            recording,
            places: places.collect(),
            router,
            agenda: BTreeMap::new(),
            entries: 0,
            offers: BTreeMap::new(),
            numbers: BTreeMap::new(),
            played: Played::default(),
        };
        replay.plan();
        replay
    }

    /// Everything that happens whatever the router decides.
    fn plan(&mut self) {
        let recording = self.recording;
        for (at, change) in &recording.staff {
            self.enter(*at, Happening::Staff(change));
        }
        for one in &recording.tasks {
            let sid = one.task.sid;
            self.numbers.insert(sid, one.task.next_number);
            // What is there at the beginning is there before anything is decided.
            match one.task.created < recording.from {
                true => self.router.learn(one.task.clone().into()),
                false => self.enter(one.at, Happening::Arrives(one)),
            }
            for (at, change) in &one.changes {
                self.enter(*at, Happening::Changes(change));
            }
            if let Some(at) = one.left {
                self.enter(at, Happening::Leaves(sid));
            }
            for offer in one.offers.iter().filter(|offer| offer.at.is_none()) {
                self.go_on(one, offer);
            }
        }
    }

    /// What a worker does with what they had or were offered at the beginning.
    fn go_on(&mut self, one: &Recorded, offer: &Offered) {
        let sid = one.task.sid;
        let reservation = sid.kin(offer.number);
        match offer.ended {
            Some((_, ReservationStatus::Completed)) => {
                if let Some(at) = one.completed {
                    self.enter(at, Happening::Completes(sid));
                }
            }
            Some((at, how)) => self.enter(at, Happening::Answers(reservation, how)),
            None => {}
        }
    }

    fn enter(&mut self, at: Timestamp, what: Happening<'a>) {
        self.agenda.insert((at, what.task(), self.entries), what);
        self.entries += 1;
    }

    /// Plays until the end of the period.
    pub(super) fn play(mut self) -> Result<Played, TooMuch> {
        let mut now = self.recording.from;
        self.step(now)?;
        loop {
            let due = self.router.next_deadline().filter(|at| *at > now);
            let planned = self.agenda.first_key_value().map(|((at, ..), _)| *at);
            let Some(next) = due.into_iter().chain(planned).min() else { break };
            if next > self.recording.to {
                break;
            }
            now = now.max(next);
            if due.is_some_and(|at| at <= now) {
                self.step(now)?;
            }
            while let Some(entry) = self.agenda.first_entry().filter(|it| it.key().0 <= now) {
                let what = entry.remove();
                self.happens(what, now);
                self.step(now)?;
            }
        }
        Ok(self.played)
    }

    fn happens(&mut self, what: Happening<'a>, now: Timestamp) {
        match what {
            Happening::Arrives(one) => self.router.learn(one.task.clone().into()),
            Happening::Staff(StaffChange::Gone(worker)) => {
                self.router.forget(PartSid::Worker(*worker));
            }
            Happening::Staff(StaffChange::Is { worker, moves }) => self.change(worker, *moves),
            Happening::Changes(change) => self.change_task(change, now),
            Happening::Answers(reservation, how) => {
                let Some(command) = command_of(how, reservation) else { return };
                let accepts = matches!(command, Command::Accept(_));
                let task = reservation.kin(0);
                if self.command(task, command, now) && accepts {
                    self.took(task, now);
                }
            }
            Happening::Completes(sid) => {
                self.command(sid, Command::Complete { reason: None }, now);
            }
            Happening::Leaves(sid) => {
                self.command(sid, Command::Cancel { reason: None }, now);
            }
        }
    }

    /// A task is changed; where it stands in its workflow stays.
    fn change_task(&mut self, change: &RecordedChange, now: Timestamp) {
        let seen = change.task.as_ref();
        let Some(held) = self.router.task(seen.sid) else { return };
        let amendment = Amendment {
            attributes: Some(seen.attributes.clone()),
            priority: change.priority,
            start: Some(seen.start),
            channel: Some(seen.channel),
        };
        self.command(held.sid, Command::Amend(amendment), now);
    }

    /// A worker is changed; what the router made of them stays, unless a command moved them.
    fn change(&mut self, worker: &Worker, moves: bool) {
        let mut next = worker.clone();
        next.occupation = None;
        next.version = Version::from(1);
        if let Some(held) = self.router.worker(worker.sid) {
            next.version = held.version + 1;
            if !moves {
                next.activity = held.activity;
                next.activity_since = held.activity_since;
                next.occupation = held.occupation;
            }
        }
        self.router.learn(next.into());
    }

    /// Whether the task took the command.
    fn command(&mut self, sid: TaskSid, command: Command, now: Timestamp) -> bool {
        let Some(held) = self.router.task(sid) else { return false };
        // What is replayed was allowed when it happened, whatever its source.
        let Ok(change) = task::decide(held, command, Source::Router, now) else { return false };
        if change.is_nothing() {
            return false;
        }
        let version = held.version + 1;
        self.router.learn(Task { version, ..change.task }.into());
        true
    }

    /// A worker has accepted a task.
    fn took(&mut self, sid: TaskSid, now: Timestamp) {
        let Some(task) = self.router.task(sid) else { return };
        let accepted = |one: &&Reservation| one.status == ReservationStatus::Accepted;
        let Some(one) = task.reservations.iter().find(accepted) else { return };
        let taken = Taken { worker: one.worker, queue: task.queue, at: now };
        self.played.fates.entry(sid).or_default().taken = Some(taken);
        let Some(recorded) = self.recorded(sid) else { return };
        let done = now + recorded.lasted(self.recording);
        self.enter(done, Happening::Completes(sid));
    }

    fn recorded(&self, sid: TaskSid) -> Option<&'a Recorded> {
        self.recording.tasks.get(*self.places.get(&sid)?)
    }

    fn step(&mut self, now: Timestamp) -> Result<(), TooMuch> {
        loop {
            self.played.steps += 1;
            if self.played.steps > STEPS_MAX {
                return Err(TooMuch::Steps);
            }
            let turn = self.router.step(now);
            self.router.committed(&turn.decision);
            self.note(&turn.decision, now);
            if !turn.more {
                return Ok(());
            }
        }
    }

    /// Notes what the router decided, and has the workers answer.
    fn note(&mut self, decision: &Decision, now: Timestamp) {
        for record in &decision.puts {
            let Record::Task(task) = record else { continue };
            if task.has_ended(Ending::FellOut) {
                self.played.fates.entry(task.sid).or_default().fell_out = true;
            }
            let known = self.numbers.insert(task.sid, task.next_number).unwrap_or(1);
            let new = task.reservations.iter().filter(|one| one.number >= known);
            for one in new.filter(|one| one.status == ReservationStatus::Pending) {
                self.is_asked(task, one, now);
            }
        }
    }

    /// A worker is offered a task, and answers as they did or as is assumed.
    fn is_asked(&mut self, task: &Task, one: &Reservation, now: Timestamp) {
        let Some(recorded) = self.recorded(task.sid) else { return };
        let before = self.offers.entry((task.sid, one.worker)).or_default();
        let nth = std::mem::replace(before, *before + 1);
        let same = |offer: &&Offered| offer.worker == one.worker && offer.at.is_some();
        let then = recorded.offers.iter().filter(same).nth(nth);
        let sid = task.reservation_sid(one);
        let (at, how) = match then.and_then(|offer| Some((offer.at?, offer.ended))) {
            Some((offered, Some((ended, how)))) => (moment(offered, ended, now), how),
            // It was open at the end.
            Some((_, None)) => return,
            None => {
                self.played.assumed_answers += 1;
                (now + self.recording.answer, ReservationStatus::Accepted)
            }
        };
        let at = match how {
            // They might have taken it, had no other worker been faster.
            ReservationStatus::Rescinded => (at + Millis(1)).max(now + self.recording.answer),
            ReservationStatus::Pending
            | ReservationStatus::Accepted
            | ReservationStatus::Rejected
            | ReservationStatus::Timeout
            | ReservationStatus::Canceled
            | ReservationStatus::Wrapping
            | ReservationStatus::Completed => at,
        };
        let in_time = one.expires + Millis(-1);
        self.enter(at.min(in_time), Happening::Answers(sid, how));
    }
}

/// When an offer that is made now is answered.
fn moment(offered: Timestamp, ended: Timestamp, now: Timestamp) -> Timestamp {
    let apart = Millis((now - offered).0.abs());
    if apart <= SAME_MOMENT && ended >= now { ended } else { now + (ended - offered) }
}

/// What a worker says; nothing if they let the time pass, and if the task was given up.
fn command_of(how: ReservationStatus, sid: ReservationSid) -> Option<Command> {
    use ReservationStatus as S;
    match how {
        S::Accepted | S::Rescinded | S::Wrapping | S::Completed => Some(Command::Accept(sid)),
        S::Rejected => Some(Command::Reject(sid)),
        S::Canceled => Some(Command::Withdraw(sid)),
        S::Pending | S::Timeout => None,
    }
}
