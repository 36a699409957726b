//! What can be done to a task, and what it then becomes.

use super::{Ending, GivenUp, Reservation, ReservationStatus, Task, TaskStatus};
use crate::mutation::{Mutation, is_on};
use crate::refusal::Refusal;
use crate::routing::receipt::Receipt;
use crate::sid::{ReservationSid, WorkerSid};
use crate::timestamp::{Millis, Timestamp};

/// What can be done to a task.
#[derive(Debug, Clone, PartialEq)]
pub enum Command {
    /// The router offers it to a worker.
    Reserve {
        /// To whom.
        worker: WorkerSid,
        /// How he is called.
        worker_name: String,
        /// How long he may think.
        timeout: Millis,
        /// Why him.
        receipt: Receipt,
    },
    /// The worker takes it.
    Accept(ReservationSid),
    /// The worker does not.
    Reject(ReservationSid),
    /// The worker did not answer; only the router says so, and only after the time.
    Lapse(ReservationSid),
    /// Whoever was to be told of the reservation can not be reached.
    Withdraw(ReservationSid),
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
    /// Nobody is to do it.
    Cancel {
        /// Why.
        reason: Option<String>,
    },
    /// Nobody took it; only the router says so.
    GiveUp(GivenUp),
    /// It was assigned for too long; only the router says so.
    Remove,
    /// It is to be gone. One that a worker has taken stays until it is completed.
    Delete,
}

/// Decides a command. The match over the status *is* the state table (rule D.6, D.7).
pub fn decide(task: &Task, command: Command, now: Timestamp) -> Result<Task, Refusal> {
    use TaskStatus::{Assigned, Canceled, Completed, Pending, Reserved, Wrapping};
    let mut next = task.clone();
    next.updated = now;
    match (task.status, command) {
        (Pending | Reserved, Command::Reserve { worker, worker_name, timeout, receipt }) => {
            if task.status == Pending {
                next.assignments += 1;
            }
            reserve(&mut next, worker, worker_name, now + timeout, receipt, now);
        }
        (Pending | Reserved | Assigned | Wrapping | Completed | Canceled, Command::Accept(sid)) => {
            accept(&mut next, sid, now)?;
        }
        (Pending | Reserved | Assigned | Wrapping | Completed | Canceled, Command::Reject(sid)) => {
            refuse(&mut next, sid, ReservationStatus::Rejected, now)?;
        }
        (Pending | Reserved | Assigned | Wrapping | Completed | Canceled, Command::Lapse(sid)) => {
            refuse(&mut next, sid, ReservationStatus::Timeout, now)?;
        }
        (
            Pending | Reserved | Assigned | Wrapping | Completed | Canceled,
            Command::Withdraw(sid),
        ) => {
            refuse(&mut next, sid, ReservationStatus::Canceled, now)?;
        }
        (Assigned, Command::Wrap { reason }) => {
            next.status = Wrapping;
            next.given_reason = reason.or(next.given_reason);
            next.close_reservations(ReservationStatus::Wrapping, now);
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
        (status @ (Assigned | Wrapping), Command::Delete) => {
            return Err(Refusal::TaskInWork(status));
        }
        (Completed | Canceled, Command::Remove)
        | (Wrapping, Command::Wrap { .. })
        | (Completed, Command::Complete { .. })
        | (Canceled, Command::Cancel { .. }) => return Ok(task.clone()),
        (status @ (Assigned | Wrapping | Completed | Canceled), Command::Reserve { .. }) => {
            return Err(Refusal::TaskState(status, "reserved"));
        }
        (status @ (Pending | Reserved | Completed | Canceled), Command::Wrap { .. }) => {
            return Err(Refusal::TaskState(status, "wrapping"));
        }
        (status @ (Pending | Reserved | Canceled), Command::Complete { .. }) => {
            return Err(Refusal::TaskState(status, "completed"));
        }
        (
            status @ (Assigned | Wrapping | Completed | Canceled),
            Command::GiveUp(_),
        )
        | (status @ (Assigned | Wrapping | Completed), Command::Cancel { .. }) => {
            return Err(Refusal::TaskState(status, "canceled"));
        }
    }
    // A repeat changes nothing, not even the date.
    next.updated = task.updated;
    if next != *task {
        next.updated = now;
        next.trail.clear();
    }
    Ok(next)
}

fn reserve(
    next: &mut Task,
    worker: WorkerSid,
    worker_name: String,
    expires: Timestamp,
    receipt: Receipt,
    now: Timestamp,
) {
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
        created: now,
        updated: now,
    });
}

fn accept(next: &mut Task, sid: ReservationSid, now: Timestamp) -> Result<(), Refusal> {
    use ReservationStatus as S;
    let reservation = next.open(sid)?;
    match reservation.status {
        S::Pending if now >= reservation.expires && !is_on(Mutation::AcceptedTooLate) => {
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
        if is_asked && !is_on(Mutation::SiblingsKept) {
            other.status = S::Rescinded;
            other.updated = now;
        }
    }
    next.status = TaskStatus::Assigned;
    Ok(())
}

fn refuse(
    next: &mut Task,
    sid: ReservationSid,
    how: ReservationStatus,
    now: Timestamp,
) -> Result<(), Refusal> {
    use ReservationStatus as S;
    let reservation = next.open(sid)?;
    match reservation.status {
        S::Pending if how == S::Timeout && now < reservation.expires => {
            return Err(Refusal::ReservationState(S::Pending, "timeout"));
        }
        S::Pending => {}
        status if status == how => return Ok(()),
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
