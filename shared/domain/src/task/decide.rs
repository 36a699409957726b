//! What can be done to a task, and what it then becomes.

use super::{
    Ending, Fields, GivenUp, Reservation, ReservationStatus, Source, Task, TaskChange, TaskStatus,
};
use crate::refusal::Refusal;
use crate::routing::receipt::Receipt;
use crate::sid::{ReservationSid, TaskChannelSid, WorkerSid};
use crate::timestamp::{Millis, Timestamp};

/// What can be done to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// It is offered to a worker; only the router does so.
    Reserve {
        /// To whom.
        worker: WorkerSid,
        /// How they are called.
        worker_name: String,
        /// How long they may think.
        timeout: Millis,
        /// Why this worker.
        receipt: Receipt,
    },
    /// The worker takes it.
    Accept(ReservationSid),
    /// The worker does not.
    Reject(ReservationSid),
    /// The worker did not answer; only the router says so, and only after the time.
    Lapse(ReservationSid),
    /// The endpoint that was to be told of the reservation cannot be reached; only the router says so.
    Withdraw(ReservationSid),
    /// What it is changes, in whatever state it is.
    Amend(Amendment),
    /// It enters its workflow anew, if it waits in one.
    Restart,
    /// The work is done, the paperwork is not.
    Wrap {
        /// Why.
        reason: Option<String>,
    },
    /// All is done.
    Complete {
        /// Why.
        reason: Option<String>,
    },
    /// It is not to be done any more.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// No worker took it; only the router says so.
    GiveUp(GivenUp),
    /// It was assigned for too long; only the router says so.
    Remove,
    /// It is to be gone. One that a worker has taken stays until it is completed.
    Delete,
}

impl Command {
    /// Whether only the router of the workspace may say so.
    const fn is_routers_alone(&self) -> bool {
        match self {
            Self::Reserve { .. }
            | Self::Lapse(_)
            | Self::Withdraw(_)
            | Self::GiveUp(_)
            | Self::Remove => true,
            Self::Accept(_)
            | Self::Reject(_)
            | Self::Amend(_)
            | Self::Restart
            | Self::Wrap { .. }
            | Self::Complete { .. }
            | Self::Cancel { .. }
            | Self::Delete => false,
        }
    }
}

/// What a caller may change of a task, in whatever state it is; what is none stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Amendment {
    /// JSON text, an object.
    pub attributes: Option<String>,
    /// The higher, the sooner.
    pub priority: Option<i64>,
    /// Its virtual start: the order among tasks of the same priority.
    pub start: Option<Timestamp>,
    /// The capacity it takes.
    pub channel: Option<TaskChannelSid>,
}

/// Decides a command.
///
/// # Errors
/// The task's state, or that of the reservation, does not allow it, or the source may not say so.
pub fn decide(
    task: &Task,
    command: Command,
    source: Source,
    now: Timestamp,
) -> Result<TaskChange, Refusal> {
    decide_all(task, [command], source, now)
}

/// Decides several commands, one after the other, as one change.
///
/// # Errors
/// One of them is refused; then none is carried out.
pub fn decide_all(
    task: &Task,
    commands: impl IntoIterator<Item = Command>,
    source: Source,
    now: Timestamp,
) -> Result<TaskChange, Refusal> {
    let mut next = task.fields.clone();
    for command in commands {
        if command.is_routers_alone() && source != Source::Router {
            return Err(Refusal::RouterAlone);
        }
        next = apply(next, command, now)?;
    }
    let after = Task { fields: next, version: task.version };
    Ok(TaskChange::of(task, after, source))
}

/// The match over the status *is* the state table (rules D.6, D.7).
fn apply(before: Fields, command: Command, now: Timestamp) -> Result<Fields, Refusal> {
    use ReservationStatus as S;
    use TaskStatus::{Assigned, Canceled, Completed, Pending, Reserved, Wrapping};
    let mut next = before.clone();
    match (before.status, command) {
        (Pending | Reserved, Command::Reserve { worker, worker_name, timeout, receipt }) => {
            reserve(&mut next, worker, worker_name, now + timeout, receipt, now);
        }
        // What is said of a reservation is a matter of that reservation's state.
        (_, Command::Accept(sid)) => accept(&mut next, sid, now)?,
        (_, Command::Reject(sid)) => refuse(&mut next, sid, S::Rejected, now)?,
        (_, Command::Lapse(sid)) => refuse(&mut next, sid, S::Timeout, now)?,
        (_, Command::Withdraw(sid)) => refuse(&mut next, sid, S::Canceled, now)?,
        (_, Command::Amend(amendment)) => amend(&mut next, amendment),
        (Pending, Command::Restart) if before.position.is_some() => next.leave_workflow(),
        (Assigned, Command::Wrap { reason }) => {
            next.status = Wrapping;
            next.given_reason = reason.or(next.given_reason);
            next.close_reservations(S::Wrapping, now);
        }
        (Assigned | Wrapping, Command::Complete { reason }) => {
            next.given_reason = reason.or(next.given_reason);
            next.end(Completed, Ending::Completed, now);
        }
        (Pending | Reserved, Command::Cancel { reason }) => {
            next.given_reason = reason;
            next.end(Canceled, Ending::Canceled, now);
        }
        (Pending | Reserved, Command::GiveUp(why)) => next.end(Canceled, why.into(), now),
        (Pending | Reserved | Assigned | Wrapping, Command::Remove) => {
            next.given_reason = None;
            next.end(Canceled, Ending::Overdue, now);
        }
        (Pending | Reserved, Command::Delete) => next.end(Canceled, Ending::Deleted, now),
        (Completed | Canceled, Command::Delete) => next.ended = Some(Ending::Deleted),
        (Pending | Reserved | Assigned | Wrapping | Completed | Canceled, Command::Restart)
        | (Completed | Canceled, Command::Remove)
        | (Wrapping, Command::Wrap { .. })
        | (Completed, Command::Complete { .. })
        | (Canceled, Command::Cancel { .. }) => {}
        (status @ (Assigned | Wrapping | Completed | Canceled), Command::Reserve { .. }) => {
            return Err(Refusal::TaskState(status, "reserved"));
        }
        (status @ (Pending | Reserved | Completed | Canceled), Command::Wrap { .. }) => {
            return Err(Refusal::TaskState(status, "wrapping"));
        }
        (status @ (Pending | Reserved | Canceled), Command::Complete { .. }) => {
            return Err(Refusal::TaskState(status, "completed"));
        }
        (status @ (Assigned | Wrapping | Completed), Command::Cancel { .. })
        | (status @ (Assigned | Wrapping | Completed | Canceled), Command::GiveUp(_)) => {
            return Err(Refusal::TaskState(status, "canceled"));
        }
        (status @ (Assigned | Wrapping), Command::Delete) => {
            return Err(Refusal::TaskInWork(status));
        }
    }
    // A repeat changes nothing, not even the date.
    if next != before {
        next.updated = now;
        next.trail.clear();
    }
    Ok(next)
}

fn amend(next: &mut Fields, amendment: Amendment) {
    let Amendment { attributes, priority, start, channel } = amendment;
    if let Some(attributes) = attributes {
        next.attributes = attributes;
    }
    next.priority = priority.unwrap_or(next.priority);
    next.start = start.unwrap_or(next.start);
    next.channel = channel.unwrap_or(next.channel);
}

fn reserve(
    next: &mut Fields,
    worker: WorkerSid,
    worker_name: String,
    expires: Timestamp,
    receipt: Receipt,
    now: Timestamp,
) {
    if next.status == TaskStatus::Pending {
        next.assignments += 1;
    }
    next.status = TaskStatus::Reserved;
    let number = next.next_number;
    next.next_number += 1;
    next.reservations.push(Reservation {
        number,
        worker,
        worker_name,
        status: ReservationStatus::Pending,
        expires,
        receipt: Some(receipt),
        quiet: false,
        created: now,
        updated: now,
    });
}

fn accept(next: &mut Fields, sid: ReservationSid, now: Timestamp) -> Result<(), Refusal> {
    use ReservationStatus as S;
    let reservation = next.open(sid)?;
    match reservation.status {
        S::Pending if now >= reservation.expires => {
            return Err(Refusal::ReservationState(S::Timeout, "accepted"));
        }
        S::Pending => {}
        S::Accepted => return Ok(()),
        S::Rescinded => return Err(Refusal::ReservationRescinded),
        status @ (S::Rejected | S::Timeout | S::Canceled | S::Wrapping | S::Completed) => {
            return Err(Refusal::ReservationState(status, "accepted"));
        }
    }
    reservation.status = S::Accepted;
    reservation.updated = now;
    let number = reservation.number;
    for other in &mut next.reservations {
        let is_asked = other.status == S::Pending && other.number != number;
        if is_asked {
            other.status = S::Rescinded;
            other.updated = now;
        }
    }
    next.status = TaskStatus::Assigned;
    Ok(())
}

fn refuse(
    next: &mut Fields,
    sid: ReservationSid,
    how: ReservationStatus,
    now: Timestamp,
) -> Result<(), Refusal> {
    use ReservationStatus as S;
    let reservation = next.open(sid)?;
    if reservation.status == how {
        return Ok(());
    }
    match reservation.status {
        S::Pending if how == S::Timeout && now < reservation.expires => {
            return Err(Refusal::ReservationState(S::Pending, "timeout"));
        }
        S::Pending => {}
        S::Rescinded => return Err(Refusal::ReservationRescinded),
        status @ (S::Accepted
        | S::Rejected
        | S::Timeout
        | S::Canceled
        | S::Wrapping
        | S::Completed) => return Err(Refusal::ReservationState(status, how.name())),
    }
    reservation.status = how;
    reservation.updated = now;
    next.rejections += u32::from(how == S::Rejected);
    next.after_refusal();
    Ok(())
}
