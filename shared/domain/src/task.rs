//! A task, with the reservations that were made for it.
//!
//! ```text
//!            reserve                accept               wrap              complete
//!  pending ──────────▶ reserved ──────────▶ assigned ──────────▶ wrapping ──────────▶ completed
//!     ▲  │                │ │                    └────────── complete ──────────────────▲
//!     │  └── cancel ──────┤ └── cancel ──▶ canceled
//!     └── all reservations rejected, timed out or canceled
//!
//!  pending, reserved, assigned, wrapping ── remove ──▶ canceled, and gone at once
//!  pending, reserved ── delete ──▶ canceled, and gone at once; completed and canceled ones are gone at once
//! ```
//!
//! A task is where its load on a worker is read from: an open reservation is one unit of it.

mod change;
mod decide;
mod ending;
mod new;
pub(crate) mod status;
mod stored;
mod trail;

use std::ops::Deref;

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::routing::receipt::Receipt;
use crate::routing::workflow::Position;
use crate::sid::{
    InteractionSid, ReservationSid, Sid as _, TaskChannelSid, TaskQueueSid, TaskSid, WorkerSid,
    WorkflowSid, WorkspaceSid,
};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

pub(crate) use self::change::events;
pub use self::change::{Source, TaskChange, TaskEvent};
pub use self::decide::{Amendment, Command, decide, decide_all};
pub use self::ending::{Ending, GivenUp};
pub use self::new::{Destination, NewTask};
pub use self::status::{ReservationStatus, TaskStatus};
pub use self::trail::{MARKS_MAX, Mark, NotAMark};

/// At most this many reservations that ended stay in the task; older ones are dropped.
pub const PAST_RESERVATIONS_MAX: usize = 10;
/// A finished task is kept that long (rule D.6).
pub const RETENTION: Millis = Millis::seconds(300);
/// How often a task is offered before it is canceled (rule D.6).
pub const ASSIGNMENTS_MAX: u32 = 1000;
/// How often a task is rejected before it is canceled (rule D.6).
pub const REJECTIONS_MAX: u32 = 1000;
/// A task that is still assigned after this long is removed (rule D.6).
pub const ASSIGNED_MAX: Millis = Millis::seconds(86_400);

/// A worker's hold on a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Reservation {
    /// Which kin of the task it is.
    pub number: u32,
    /// Who.
    pub worker: WorkerSid,
    /// How they were called then.
    pub worker_name: String,
    /// Its state.
    pub status: ReservationStatus,
    /// When a pending one lapses.
    pub expires: Timestamp,
    /// Why this worker: filter, target, and why the others were passed over.
    pub receipt: Option<Receipt>,
    /// Whether its acceptance is nothing to the router: it frees nobody, and nobody moves with it. The router finds out
    /// when the time for an answer is over.
    pub quiet: bool,
    /// When it was made.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A piece of work to be routed. All code reads its [`Fields`]; only the rules of this crate write them, so no caller
/// can leave out what goes with a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(into = "stored::Stored", try_from = "stored::Stored")]
pub struct Task {
    pub(crate) fields: Fields,
    /// How often it was written; 0 if it is new.
    pub version: Version,
}

impl Deref for Task {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

/// What is known of a task.
#[derive(Debug, Clone, PartialEq)]
pub struct Fields {
    /// Its identifier.
    pub sid: TaskSid,
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The workflow that routes it.
    pub workflow: WorkflowSid,
    /// The capacity it takes.
    pub channel: TaskChannelSid,
    /// JSON text.
    pub attributes: String,
    /// The higher, the sooner.
    pub priority: i64,
    /// Its state.
    pub status: TaskStatus,
    /// How it ended; none while it is open.
    pub ended: Option<Ending>,
    /// What a caller gave as the reason of its end, or of its wrapping up.
    pub given_reason: Option<String>,
    /// How long it may wait, in seconds.
    pub timeout_seconds: i64,
    /// Its virtual start: the order among tasks of the same priority.
    pub start: Timestamp,
    /// Where it stands in its workflow; none until a router has seen it, and when it matched nothing.
    pub position: Option<Position>,
    /// The queue of that place.
    pub queue: Option<TaskQueueSid>,
    /// Since when it is in that queue.
    pub queue_entered: Option<Timestamp>,
    /// What its workflow's [`evaluation`](crate::workspace::Workflow::evaluation) was when it entered it.
    pub evaluation: u32,
    /// When it moves on to the next target.
    pub target_until: Option<Timestamp>,
    /// An agent who is asked for by name, whom alone it goes to.
    pub worker: Option<WorkerSid>,
    /// Whether that agent is asked whatever they do and have to do.
    pub ignores_capacity: bool,
    /// Whether it was made for its queue: it walks through no workflow.
    pub bound_to_queue: bool,
    /// The worker who handed on what it is about, and is not asked to take it back (rule C.9).
    pub handed_on_by: Option<WorkerSid>,
    /// How often it went from pending to reserved.
    pub assignments: u32,
    /// How often it was rejected.
    pub rejections: u32,
    /// Open reservations and the last ones that ended.
    pub reservations: Vec<Reservation>,
    /// The number of the next reservation.
    pub next_number: u32,
    /// What its last change does not tell by itself; the next change forgets it.
    pub trail: Vec<Mark>,
    /// The interaction whose invite it is.
    pub interaction: Option<InteractionSid>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

impl Task {
    /// The fields, to be broken on purpose: for tests of what has to notice it.
    #[cfg(feature = "tampering")]
    pub const fn tampered(&mut self) -> &mut Fields {
        &mut self.fields
    }

    /// From when on it is not shown any more, and the store may drop it: at once if it was removed.
    pub fn expires(&self) -> Option<Timestamp> {
        let kept = if self.ended?.removes() { Millis(0) } else { RETENTION };
        Some(self.updated + kept)
    }
}

impl Fields {
    /// The reservation with that identifier, if it is of this task.
    pub fn reservation(&self, sid: ReservationSid) -> Option<&Reservation> {
        let mine = sid.kin::<TaskSid>(0) == self.sid;
        self.reservations.iter().find(|one| mine && one.number == sid.number())
    }

    /// The identifier of one of its reservations.
    pub fn reservation_sid(&self, reservation: &Reservation) -> ReservationSid {
        self.sid.kin(reservation.number)
    }

    /// The reservations that take capacity.
    pub fn open_reservations(&self) -> impl Iterator<Item = &Reservation> {
        self.reservations.iter().filter(|reservation| reservation.status.is_open())
    }

    /// The worker whose list of reservations shows this task.
    pub fn holder(&self) -> Option<WorkerSid> {
        self.open_reservations().next().or(self.reservations.last()).map(|one| one.worker)
    }

    /// When it has waited for too long.
    pub fn times_out_at(&self) -> Timestamp {
        self.created + Millis::seconds(self.timeout_seconds)
    }

    /// When its router has something to do about it that nobody tells: an offer lapses, its time in a target or all
    /// of its time is over.
    pub fn next_due(&self) -> Option<Timestamp> {
        let offers = self.reservations.iter().filter(|it| it.status == ReservationStatus::Pending);
        match self.status {
            TaskStatus::Pending => self.target_until.into_iter().chain([self.times_out_at()]).min(),
            TaskStatus::Reserved => offers.map(|it| it.expires).chain([self.times_out_at()]).min(),
            TaskStatus::Assigned => self.assigned_until(),
            TaskStatus::Wrapping | TaskStatus::Completed | TaskStatus::Canceled => None,
        }
    }

    /// When it has been assigned for too long.
    pub fn assigned_until(&self) -> Option<Timestamp> {
        let taken = self.reservations.iter().find(|one| one.status == ReservationStatus::Accepted);
        let taken = taken.filter(|_| self.status == TaskStatus::Assigned);
        taken.map(|taken| taken.updated + ASSIGNED_MAX)
    }

    /// Its age in whole seconds, from its creation: that is what the published schema says of `age`, and what the
    /// time-outs of targets count from. The virtual start orders tasks, and does nothing else.
    pub fn age_seconds(&self, now: Timestamp) -> i64 {
        (now - self.created).0.max(0) / 1000
    }

    /// Whether it ended in this way.
    pub fn has_ended(&self, how: Ending) -> bool {
        self.ended == Some(how)
    }

    /// The reason that is shown: the caller's, or the text of how it was canceled.
    pub fn reason(&self) -> Option<&str> {
        let ended = self.ended.filter(|_| self.status == TaskStatus::Canceled);
        self.given_reason.as_deref().or_else(|| ended?.reason())
    }

    fn open(&mut self, sid: ReservationSid) -> Result<&mut Reservation, Refusal> {
        let mine = sid.kin::<TaskSid>(0) == self.sid;
        self.reservations
            .iter_mut()
            .find(|one| mine && one.number == sid.number())
            .ok_or(Refusal::NoSuchReservation)
    }

    /// Brings it to its end.
    fn end(&mut self, status: TaskStatus, how: Ending, now: Timestamp) {
        self.status = status;
        self.ended = Some(how);
        let reservations = match status {
            TaskStatus::Completed => ReservationStatus::Completed,
            TaskStatus::Pending
            | TaskStatus::Reserved
            | TaskStatus::Assigned
            | TaskStatus::Wrapping
            | TaskStatus::Canceled => ReservationStatus::Canceled,
        };
        self.close_reservations(reservations, now);
    }

    /// Takes it out of the target in which it waits.
    fn leave_workflow(&mut self) {
        self.position = None;
        self.target_until = None;
        self.queue = None;
        self.queue_entered = None;
    }

    /// Ends every open reservation in this way.
    fn close_reservations(&mut self, accepted: ReservationStatus, now: Timestamp) {
        for reservation in &mut self.reservations {
            let status = match reservation.status {
                ReservationStatus::Pending => ReservationStatus::Canceled,
                ReservationStatus::Accepted | ReservationStatus::Wrapping => accepted,
                ReservationStatus::Rejected
                | ReservationStatus::Timeout
                | ReservationStatus::Canceled
                | ReservationStatus::Rescinded
                | ReservationStatus::Completed => continue,
            };
            if status != reservation.status {
                reservation.status = status;
                reservation.updated = now;
            }
        }
    }

    /// After a reservation ended without being accepted: back to waiting, if it was the last one.
    fn after_refusal(&mut self) {
        if self.open_reservations().next().is_none() {
            self.status = TaskStatus::Pending;
        }
        let ended = self.reservations.iter().filter(|one| !one.status.is_open()).count();
        if ended > PAST_RESERVATIONS_MAX
            && let Some(oldest) = self.reservations.iter().position(|one| !one.status.is_open())
        {
            self.reservations.remove(oldest);
        }
    }
}

#[cfg(test)]
mod tests;
