//! Events of tasks and of their reservations, in the order in which they happen within one change:
//!
//! ```text
//!  offers end ─▶ targets are left and entered ─▶ it is changed ─▶ offers are made ─▶ it ends
//! ```

use crate::event::{Event, EventType, ReservationEvent, TaskEvent, TaskQueueEvent, WorkflowEvent};
use crate::routing::workflow::TargetExit;
use crate::sid::TaskQueueSid;
use crate::task::{Ending, Mark, Reservation, ReservationStatus, Task, TaskStatus};

/// The version under which a task is announced, unless it is placed from its beginning.
const ANNOUNCED: u64 = 2;

/// The events of a change of a task that is there afterwards.
pub(super) fn events(before: Option<&Task>, after: &Task) -> Vec<Event> {
    let mut events = Vec::new();
    answers(&mut events, before, after);
    walk(&mut events, before, after);
    if before.is_some_and(|before| is_updated(before, after)) {
        events.push(Event::of(TaskEvent::Updated));
    }
    let new = after.reservations.iter().filter(|one| is_new(before, one));
    for one in new {
        events.push(reserved(ReservationEvent::Created, one));
        if one.status != ReservationStatus::Pending {
            events.push(reserved(said(one.status), one));
        }
    }
    for mark in fresh_marks(before, after) {
        if let Mark::Failed { reservation, code } = mark
            && let Some(one) = after.reservations.iter().find(|one| one.number == *reservation)
        {
            let failed = reserved(ReservationEvent::Failed, one);
            events.push(Event { code: Some(*code), ..failed });
        }
    }
    let end = end(before, after);
    if after.handed_on_by.is_some() {
        let was_over = before.is_some_and(|before| before.status.is_over());
        let told = transferred(&events, after, end.filter(|_| !was_over));
        events.extend(told.into_iter().map(Event::of));
    }
    events.extend(end.map(Event::of));
    for event in &mut events {
        event.queue = event.queue.filter(|queue| after.queue != Some(*queue));
    }
    events
}

/// What is told of a transfer (rule C.9) by what happens to the task that looks for another agent.
fn transferred(events: &[Event], after: &Task, end: Option<TaskEvent>) -> Vec<TaskEvent> {
    let is = |one: &Event, kind: EventType| one.kind == kind;
    let answered = |one: &Event| {
        let is_lost =
            is(one, ReservationEvent::Rejected.into()) || is(one, ReservationEvent::Timeout.into());
        let is_taken = is(one, ReservationEvent::Accepted.into());
        let is_new = is(one, TaskEvent::Created.into());
        match (is_new, is_lost, is_taken) {
            (true, ..) => Some(TaskEvent::TransferInitiated),
            (_, true, _) => Some(TaskEvent::TransferAttemptFailed),
            (.., true) => Some(TaskEvent::TransferCompleted),
            (false, false, false) => None,
        }
    };
    let mut told: Vec<TaskEvent> = events.iter().filter_map(answered).collect();
    let is_by_hand = after.has_ended(Ending::Canceled) || after.has_ended(Ending::Deleted);
    if matches!(end, Some(TaskEvent::Canceled | TaskEvent::Deleted)) {
        let ended =
            if is_by_hand { TaskEvent::TransferCanceled } else { TaskEvent::TransferFailed };
        told.push(ended);
    }
    told
}

/// The events of a task that was removed by hand.
pub(super) fn removed(gone: &Task) -> Vec<Event> {
    match gone.status.is_over() {
        true => Vec::new(),
        false => vec![Event::of(TaskEvent::Deleted)],
    }
}

/// What became of the offers that there were.
fn answers(events: &mut Vec<Event>, before: Option<&Task>, after: &Task) {
    for was in before.iter().flat_map(|before| &before.reservations) {
        match after.reservations.iter().find(|one| one.number == was.number) {
            Some(is) if is.status != was.status => events.push(reserved(said(is.status), is)),
            Some(_) => {}
            // Of many that end at once a task remembers the last few: those that were not answered.
            None if was.status == ReservationStatus::Pending => {
                events.push(reserved(ReservationEvent::Timeout, was));
            }
            None => {}
        }
    }
}

fn is_new(before: Option<&Task>, one: &Reservation) -> bool {
    before.is_none_or(|before| one.number >= before.next_number)
}

const fn said(status: ReservationStatus) -> ReservationEvent {
    match status {
        ReservationStatus::Pending => ReservationEvent::Created,
        ReservationStatus::Accepted => ReservationEvent::Accepted,
        ReservationStatus::Rejected => ReservationEvent::Rejected,
        ReservationStatus::Timeout => ReservationEvent::Timeout,
        ReservationStatus::Canceled => ReservationEvent::Canceled,
        ReservationStatus::Rescinded => ReservationEvent::Rescinded,
        ReservationStatus::Wrapping => ReservationEvent::Wrapup,
        ReservationStatus::Completed => ReservationEvent::Completed,
    }
}

fn reserved(what: ReservationEvent, one: &Reservation) -> Event {
    Event {
        reservation: Some(one.number),
        worker: Some(one.worker),
        worker_name: Some(one.worker_name.clone()),
        ..Event::of(what)
    }
}

/// The marks that this change made.
fn fresh_marks<'a>(before: Option<&Task>, after: &'a Task) -> &'a [Mark] {
    match before {
        // A new mark of a target comes with a new place or with the end.
        Some(was) if was.trail == after.trail && was.position == after.position => {
            if falls_out(before, after) { &after.trail } else { &[] }
        }
        _ => &after.trail,
    }
}

/// Whether the task left its last target in this change.
fn falls_out(before: Option<&Task>, after: &Task) -> bool {
    before.is_none_or(|before| !before.status.is_over()) && after.has_ended(Ending::FellOut)
}

/// How the task went through its workflow, and its announcement on the way.
fn walk(events: &mut Vec<Event>, before: Option<&Task>, after: &Task) {
    let was_placed = before.is_some_and(is_placed);
    let is_news = match before {
        None => is_placed(after),
        Some(before) => before.version + 1 == ANNOUNCED && !was_placed,
    };
    let mut steps = Steps { events, announced: !is_news, at: None };
    if was_placed {
        steps.at = before.and_then(|before| before.queue);
    }
    let left: Vec<(TaskQueueSid, TargetExit)> = fresh_marks(before, after)
        .iter()
        .filter_map(|mark| match mark {
            Mark::Left { queue, why } => Some((*queue, *why)),
            Mark::Failed { .. } => None,
        })
        .collect();
    let fell_out = falls_out(before, after);
    let is_first = !was_placed && (after.position.is_some() || fell_out);
    if is_first {
        steps.say(WorkflowEvent::Entered, None);
    }
    for (number, (queue, why)) in left.iter().enumerate() {
        if number > 0 || !was_placed {
            steps.enter(*queue);
        }
        if *why == TargetExit::TimedOut {
            steps.say(TaskQueueEvent::Timeout, Some(*queue));
        }
        steps.at = Some(*queue);
    }
    if fell_out {
        steps.announce();
        let timed_out = left.last().is_some_and(|(_, why)| *why == TargetExit::TimedOut);
        let kind = if timed_out { WorkflowEvent::Timeout } else { WorkflowEvent::Skipped };
        return steps.say(kind, None);
    }
    let moved = after.position != before.and_then(|before| before.position);
    match after.queue {
        Some(queue) if moved && after.position.is_some() => steps.enter(queue),
        // One for a worker by name, or made for its queue, is in a queue to which no target led.
        Some(queue) if !was_placed && is_placed(after) => steps.go_to(queue),
        _ => {}
    }
    steps.announce();
}

/// Whether a router, or its creator, has put the task where it waits.
fn is_placed(task: &Task) -> bool {
    task.position.is_some() || task.worker.is_some() || task.bound_to_queue
}

/// The events of a way through a workflow.
struct Steps<'a> {
    events: &'a mut Vec<Event>,
    announced: bool,
    at: Option<TaskQueueSid>,
}

impl Steps<'_> {
    fn say(&mut self, kind: impl Into<EventType>, queue: Option<TaskQueueSid>) {
        self.events.push(Event { queue, ..Event::of(kind) });
    }

    /// Enters a target.
    fn enter(&mut self, queue: TaskQueueSid) {
        self.go_to(queue);
        self.announce();
        self.say(WorkflowEvent::TargetMatched, Some(queue));
    }

    /// Goes to a queue, unless the task is there already.
    fn go_to(&mut self, queue: TaskQueueSid) {
        if self.at == Some(queue) {
            return;
        }
        if let Some(left) = self.at {
            self.say(TaskQueueEvent::Moved, Some(left));
        }
        self.say(TaskQueueEvent::Entered, Some(queue));
        self.at = Some(queue);
    }

    fn announce(&mut self) {
        if !self.announced {
            self.announced = true;
            self.say(TaskEvent::Created, None);
        }
    }
}

/// Whether a command changed what the task is; a priority that a target gave it is not such a change.
fn is_updated(before: &Task, after: &Task) -> bool {
    let routed = before.position != after.position;
    before.attributes != after.attributes
        || before.channel != after.channel
        || before.start != after.start
        || (before.priority != after.priority && !routed)
}

/// How the work ended, or came to its paperwork.
fn end(before: Option<&Task>, after: &Task) -> Option<TaskEvent> {
    let was = before.map(|before| (before.status, before.ended));
    if was == Some((after.status, after.ended)) {
        return None;
    }
    match after.ended {
        Some(Ending::Deleted) => Some(TaskEvent::Deleted),
        Some(Ending::Overdue) => Some(TaskEvent::SystemDeleted),
        Some(Ending::Completed) => Some(TaskEvent::Completed),
        Some(
            Ending::Canceled
            | Ending::TimedOut
            | Ending::FellOut
            | Ending::OfferedTooOften
            | Ending::RejectedTooOften
            | Ending::NotTaken
            | Ending::Unroutable,
        ) => Some(TaskEvent::Canceled),
        None if after.status == TaskStatus::Wrapping => Some(TaskEvent::Wrapup),
        None => None,
    }
}

#[cfg(test)]
mod tests;
