//! Tasks and their reservations: one state, and reservations that agree with it.

use std::collections::HashSet;

use switchboard_domain::interaction::ChannelStatus;
use switchboard_domain::sid::ReservationSid;
use switchboard_domain::task::{ReservationStatus, Task, TaskStatus};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const STATE: &str = "a task is in one state, and its reservations agree with it";
const NUMBERS: &str = "the reservations of a task have numbers of their own";
const IN_TIME: &str = "a reservation is accepted in its time, or not at all";
const INVITED: &str = "a task of an interaction is one of its invites";
const SEATED: &str = "at rest who accepted is seated";

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    for task in view.tasks.values() {
        alone(task, found);
        if view.knows(Table::Interactions) {
            invited(view, task, found);
        }
    }
}

/// What a task says about itself.
pub(crate) fn alone(task: &Task, found: &mut Found) {
    state(task, found);
    numbers(task, found);
}

/// How many reservations are in each of the states that take capacity.
#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
struct Open {
    pending: usize,
    accepted: usize,
    wrapping: usize,
}

impl Open {
    fn of(task: &Task) -> Self {
        let count = |status| task.reservations.iter().filter(|one| one.status == status).count();
        Self {
            pending: count(ReservationStatus::Pending),
            accepted: count(ReservationStatus::Accepted),
            wrapping: count(ReservationStatus::Wrapping),
        }
    }

    /// Whether a task may be in a state with these.
    const fn agrees_with(self, status: TaskStatus) -> bool {
        let Self { pending, accepted, wrapping } = self;
        match status {
            TaskStatus::Pending | TaskStatus::Completed | TaskStatus::Canceled => {
                pending + accepted + wrapping == 0
            }
            TaskStatus::Reserved => pending > 0 && accepted + wrapping == 0,
            TaskStatus::Assigned => accepted == 1 && pending + wrapping == 0,
            TaskStatus::Wrapping => wrapping == 1 && pending + accepted == 0,
        }
    }
}

fn state(task: &Task, found: &mut Found) {
    let open = Open::of(task);
    if !open.agrees_with(task.status) {
        let Open { pending, accepted, wrapping } = open;
        let what = format!(
            "it is {} with {pending} pending, {accepted} accepted, {wrapping} wrapping",
            task.status.name()
        );
        found.add(STATE, what, [task.sid]);
    }
    let mut asked = HashSet::new();
    for one in task.open_reservations() {
        if !asked.insert(one.worker) {
            let names = [task.reservation_sid(one).to_string(), one.worker.to_string()];
            found.add(STATE, "a worker is asked twice at once", names);
        }
    }
}

fn numbers(task: &Task, found: &mut Found) {
    let mut seen = HashSet::new();
    for one in &task.reservations {
        let sid: ReservationSid = task.reservation_sid(one);
        if !seen.insert(one.number) {
            found.add(NUMBERS, "there are two of it", [sid]);
        } else if one.number >= task.next_number {
            found.add(NUMBERS, "its number was never given out", [sid]);
        }
        // A worker who accepts dates the reservation by the clock that was held against its end.
        if one.status == ReservationStatus::Accepted && one.updated >= one.expires {
            let late = (one.updated - one.expires).0;
            found.add(IN_TIME, format!("it was accepted {late} ms late"), [sid]);
        }
    }
}

fn invited(view: &View<'_>, task: &Task, found: &mut Found) {
    let Some(sid) = task.interaction else { return };
    let Some(interaction) = view.interactions.get(&sid) else {
        let names = [task.sid.to_string(), sid.to_string()];
        found.add(INVITED, "the interaction is not there", names);
        return;
    };
    let Some(invite) = interaction.invite_of(task.sid) else {
        let names = [task.sid.to_string(), sid.to_string()];
        found.add(INVITED, "it is none", names);
        return;
    };
    let seats_are_kept = interaction.status != ChannelStatus::Closed
        && !invite.over
        && view.is_open(interaction.conversation_sid());
    if !view.at_rest || !seats_are_kept {
        return;
    }
    let taken =
        |status| matches!(status, ReservationStatus::Accepted | ReservationStatus::Wrapping);
    for one in task.reservations.iter().filter(|one| taken(one.status)) {
        let reservation = task.reservation_sid(one);
        let is_seated = interaction.participants.iter().any(|seat| {
            seat.routing.as_ref().is_some_and(|routing| routing.reservation == reservation)
        });
        if !is_seated {
            found.add(SEATED, "there is no seat", [reservation.to_string(), sid.to_string()]);
        }
    }
}
