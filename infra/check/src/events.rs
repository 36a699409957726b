//! What is told of tasks: everything that became of them, and each thing once.

use std::collections::BTreeMap;

use switchboard_domain::event::{EventType, Subject};
use switchboard_domain::sid::TaskSid;
use switchboard_domain::task::{ReservationStatus, Task};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const TOLD: &str = "at rest what became of a task is told, and each thing once";

/// How often a thing was told, of a task or of one of its reservations.
type Told = BTreeMap<(TaskSid, Option<u32>, EventType), usize>;

/// Says nothing about tables that nobody has written events of.
pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.at_rest || !view.knows(Table::Routing) || view.occurrences.is_empty() {
        return;
    }
    let told = told(view);
    for task in view.tasks.values() {
        of_task(task, &told, found);
        of_reservations(task, &told, found);
    }
}

fn told(view: &View<'_>) -> Told {
    let mut told = Told::new();
    for occurrence in &view.occurrences {
        if let Subject::Task(task) = &occurrence.subject {
            for event in &occurrence.events {
                *told.entry((task.sid, event.reservation, event.kind)).or_default() += 1;
            }
        }
    }
    told
}

fn of_task(task: &Task, told: &Told, found: &mut Found) {
    let count = |kind| told.get(&(task.sid, None, kind)).copied().unwrap_or(0);
    let announced = count(EventType::TaskCreated);
    if announced != 1 {
        found.add(TOLD, format!("a task was announced {announced} times"), [task.sid]);
    }
    let ends = [
        EventType::TaskCanceled,
        EventType::TaskCompleted,
        EventType::TaskDeleted,
        EventType::TaskSystemDeleted,
    ];
    let ended: usize = ends.into_iter().map(count).sum();
    // One that was over can still be deleted.
    let deleted = count(EventType::TaskDeleted);
    if ended > 1 + deleted || (ended > 0) != task.status.is_over() {
        let what = format!("a {} task was told to have ended {ended} times", task.status.name());
        found.add(TOLD, what, [task.sid]);
    }
}

fn of_reservations(task: &Task, told: &Told, found: &mut Found) {
    let count = |number, kind| told.get(&(task.sid, Some(number), kind)).copied().unwrap_or(0);
    // Of those that are long over a task keeps no more than their number.
    for number in 1..task.next_number {
        if count(number, EventType::ReservationCreated) != 1 {
            let what = format!("reservation {number} was not told to be made once");
            found.add(TOLD, what, [task.sid]);
        }
    }
    for one in &task.reservations {
        if end(one.status).is_some_and(|kind| count(one.number, kind) != 1) {
            let what = format!("a {} reservation was not told once", one.status.name());
            found.add(TOLD, what, [task.reservation_sid(one)]);
        }
    }
}

const fn end(status: ReservationStatus) -> Option<EventType> {
    match status {
        ReservationStatus::Pending => None,
        ReservationStatus::Accepted => Some(EventType::ReservationAccepted),
        ReservationStatus::Rejected => Some(EventType::ReservationRejected),
        ReservationStatus::Timeout => Some(EventType::ReservationTimeout),
        ReservationStatus::Canceled => Some(EventType::ReservationCanceled),
        ReservationStatus::Rescinded => Some(EventType::ReservationRescinded),
        ReservationStatus::Wrapping => Some(EventType::ReservationWrapup),
        ReservationStatus::Completed => Some(EventType::ReservationCompleted),
    }
}
