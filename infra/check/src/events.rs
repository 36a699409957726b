//! What is told of tasks: everything that became of them, and each thing once.

use std::collections::BTreeMap;

use switchboard_domain::event::{EventType, ReservationEvent, Subject, TaskEvent};
use switchboard_domain::sid::TaskSid;
use switchboard_domain::task::{ReservationStatus, Task};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const TOLD: &str = "at rest what became of a task is told, and each thing once";

/// How often an event was recorded, of a task or of one of its reservations.
type EventCounts = BTreeMap<(TaskSid, Option<u32>, EventType), usize>;

/// Says nothing about tables without any event.
pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.at_rest || !view.knows(Table::Routing) || view.occurrences.is_empty() {
        return;
    }
    let counts = event_counts(view);
    for task in view.tasks.values() {
        of_task(task, &counts, found);
        of_reservations(task, &counts, found);
    }
}

fn event_counts(view: &View<'_>) -> EventCounts {
    let mut counts = EventCounts::new();
    for occurrence in &view.occurrences {
        if let Subject::Task(task) = &occurrence.subject {
            for event in &occurrence.events {
                *counts.entry((task.sid, event.reservation, event.kind)).or_default() += 1;
            }
        }
    }
    counts
}

fn of_task(task: &Task, counts: &EventCounts, found: &mut Found) {
    let count = |what: TaskEvent| counts.get(&(task.sid, None, what.into())).copied().unwrap_or(0);
    let announced = count(TaskEvent::Created);
    if announced != 1 {
        found.add(TOLD, format!("a task was announced {announced} times"), [task.sid]);
    }
    let ends =
        [TaskEvent::Canceled, TaskEvent::Completed, TaskEvent::Deleted, TaskEvent::SystemDeleted];
    let ended: usize = ends.into_iter().map(count).sum();
    // One that was over can still be deleted.
    let deleted = count(TaskEvent::Deleted);
    if ended > 1 + deleted || (ended > 0) != task.status.is_over() {
        let what = format!("a {} task was told to have ended {ended} times", task.status.name());
        found.add(TOLD, what, [task.sid]);
    }
}

fn of_reservations(task: &Task, counts: &EventCounts, found: &mut Found) {
    let count = |number, what: ReservationEvent| {
        counts.get(&(task.sid, Some(number), what.into())).copied().unwrap_or(0)
    };
    // Of those that are long over a task keeps no more than their number.
    for number in 1..task.next_number {
        if count(number, ReservationEvent::Created) != 1 {
            let what = format!("reservation {number} was not told to be made once");
            found.add(TOLD, what, [task.sid]);
        }
    }
    for one in &task.reservations {
        if end(one.status).is_some_and(|what| count(one.number, what) != 1) {
            let what = format!("a {} reservation was not told once", one.status.name());
            found.add(TOLD, what, [task.reservation_sid(one)]);
        }
    }
}

const fn end(status: ReservationStatus) -> Option<ReservationEvent> {
    match status {
        ReservationStatus::Pending => None,
        ReservationStatus::Accepted => Some(ReservationEvent::Accepted),
        ReservationStatus::Rejected => Some(ReservationEvent::Rejected),
        ReservationStatus::Timeout => Some(ReservationEvent::Timeout),
        ReservationStatus::Canceled => Some(ReservationEvent::Canceled),
        ReservationStatus::Rescinded => Some(ReservationEvent::Rescinded),
        ReservationStatus::Wrapping => Some(ReservationEvent::Wrapup),
        ReservationStatus::Completed => Some(ReservationEvent::Completed),
    }
}
