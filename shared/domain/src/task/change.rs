//! What a command makes of a task, and what happened by it.

use super::{Reservation, ReservationStatus, Task, TaskStatus};
use crate::sid::{ReservationSid, WorkerSid};

/// Who changes a task. Whatever is to be asked or checked before a change, be it a permission, is asked where
/// [`decide`](super::decide) sees this.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A request to the REST API.
    Api,
    /// The channel of its interaction, which knows already what it does.
    Interaction,
    /// The router of its workspace.
    Router,
}

/// Something that happened to a task, and that others hear of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TaskEvent {
    /// Anything of it changed that its router has to know.
    Changed,
    /// A worker took it.
    Taken {
        /// By which reservation.
        reservation: ReservationSid,
        /// Who.
        worker: WorkerSid,
    },
    /// It came to its end.
    Ended {
        /// Completed or canceled.
        status: TaskStatus,
    },
}

/// What a command made of a task.
#[derive(Debug, Clone, PartialEq)]
#[must_use]
pub struct TaskChange {
    /// The task as it shall stand.
    pub task: Task,
    /// What happened, in order; nothing if the command was a repeat.
    pub events: Vec<TaskEvent>,
    /// Who did it.
    pub source: Source,
}

impl TaskChange {
    pub(super) fn of(before: &Task, task: Task, source: Source) -> Self {
        Self { events: events(before, &task), task, source }
    }

    /// Whether there is nothing to write.
    pub fn is_nothing(&self) -> bool {
        self.events.is_empty()
    }
}

/// What happened between two states of a task.
pub(crate) fn events(before: &Task, after: &Task) -> Vec<TaskEvent> {
    if before == after {
        return Vec::new();
    }
    let mut events = Vec::new();
    if !is_taken_quietly(before, after) {
        events.push(TaskEvent::Changed);
    }
    let accepted = after.reservations.iter().find(|one| one.status == ReservationStatus::Accepted);
    if before.status != TaskStatus::Assigned
        && after.status == TaskStatus::Assigned
        && let Some(accepted) = accepted
    {
        let reservation = after.reservation_sid(accepted);
        events.push(TaskEvent::Taken { reservation, worker: accepted.worker });
    }
    if !before.status.is_over() && after.status.is_over() {
        events.push(TaskEvent::Ended { status: after.status });
    }
    events
}

/// Whether nothing happened but that a worker took what was offered to them alone. It takes the same capacity as the
/// offer did, so the router need not know.
fn is_taken_quietly(before: &Task, after: &Task) -> bool {
    if (before.status, after.status) != (TaskStatus::Reserved, TaskStatus::Assigned) {
        return false;
    }
    let mut taken = before.fields.clone();
    let pending = |one: &&mut Reservation| one.status == ReservationStatus::Pending;
    let mut offers: Vec<&mut Reservation> = taken.reservations.iter_mut().filter(pending).collect();
    let [offer] = offers.as_mut_slice() else { return false };
    if !offer.quiet {
        return false;
    }
    offer.status = ReservationStatus::Accepted;
    offer.updated = after.updated;
    taken.status = TaskStatus::Assigned;
    taken.updated = after.updated;
    taken.trail.clear();
    taken == after.fields
}
