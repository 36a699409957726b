//! What must hold for every single write: the checker says most of it, the simulator what only it can know.

use std::collections::BTreeSet;

use switchboard_check::per_write;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::record::Record;
use switchboard_domain::sid::ReservationSid;
use switchboard_domain::task::{Reservation, ReservationStatus, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::beforehand;
use crate::endpoints::{Book, Promise};
use crate::mirror::{ItemChange, Mirror};
use crate::names::Person;
use crate::opting;
use crate::order;
use crate::schedules;
use crate::world::Violation;

/// Between a decision and its write a function may lose as much time as it has.
pub(crate) const SLACK: Millis = Millis::seconds(12);
/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);

/// What one request changed, and what was known then.
pub(crate) struct Scene<'a> {
    /// With the changes in it.
    pub(crate) mirror: &'a Mirror,
    pub(crate) book: &'a Book,
    pub(crate) changes: &'a [ItemChange],
    /// Whose request it was.
    pub(crate) function: &'a str,
    pub(crate) now: Timestamp,
    pub(crate) is_skewed: bool,
}

/// Collects what is wrong.
pub(crate) struct Found(Vec<Violation>);

impl Found {
    pub(crate) fn when(
        &mut self,
        wrong: bool,
        rule: &'static str,
        detail: impl FnOnce() -> String,
    ) {
        if wrong {
            self.0.push(Violation { rule, detail: detail() });
        }
    }
}

/// The rules that the changes of one request break: those of the checker, and what the simulator alone can know,
/// which are the time and what endpoints were told.
pub(crate) fn violations(scene: &Scene<'_>) -> Vec<Violation> {
    let mut found = Found(Vec::new());
    let changes: Vec<_> = scene.changes.iter().map(ItemChange::seen).collect();
    for one in per_write(&changes, scene.mirror, scene.now, SKEW) {
        found.when(true, one.invariant, || one.to_string());
    }
    for change in scene.changes {
        match (&change.before, &change.after) {
            (Some(Record::Task(before)), Some(Record::Task(after))) => {
                task(&mut found, Some(before), after, scene);
            }
            (None, Some(Record::Task(after))) => task(&mut found, None, after, scene),
            (_, Some(Record::Conversation(after))) => one_open(&mut found, after, scene),
            (_, Some(Record::Consent(after))) => opting::look(&mut found, after, scene),
            (Some(Record::Message(before)), Some(Record::Message(after))) => {
                schedules::look(&mut found, before, after, scene);
            }
            (None, Some(Record::Message(after))) => beforehand::look(&mut found, after, scene),
            _ => {}
        }
    }
    found.0
}

/// Whatever a customer is called, they are in one open conversation with an address of the business.
fn one_open(found: &mut Found, after: &Conversation, scene: &Scene<'_>) {
    let people = |of: &Conversation| -> BTreeSet<usize> {
        let names = of.participants.iter().flat_map(|one| one.bound_as());
        names.filter_map(|pair| Person::called(&pair.address)).collect()
    };
    let here = people(after);
    if after.state == State::Closed || here.is_empty() {
        return;
    }
    let others = scene.mirror.conversations().filter(|one| one.sid != after.sid);
    for other in others.filter(|one| one.state != State::Closed) {
        found.when(!people(other).is_disjoint(&here), "a person has one open conversation", || {
            format!("{} and {}", after.sid, other.sid)
        });
    }
}

fn task(found: &mut Found, before: Option<&Task>, after: &Task, scene: &Scene<'_>) {
    for one in &after.reservations {
        let known =
            before.and_then(|it| it.reservations.iter().find(|old| old.number == one.number));
        match known {
            None => order::reserved(found, after, one, scene),
            Some(old) if old.status == one.status => {}
            Some(old) => {
                instructed(found, after, old, one, scene);
                let now = scene.now;
                let late = one.status == ReservationStatus::Accepted && now > one.expires + SLACK;
                found.when(late && !scene.is_skewed, "nothing is accepted after its time", || {
                    format!("{one:?} of {} at {now:?}", after.sid)
                });
                let early = one.status == ReservationStatus::Timeout && now < one.expires;
                found.when(early && !scene.is_skewed, "nothing lapses before its time", || {
                    format!("{one:?} of {} at {now:?}", after.sid)
                });
            }
        }
    }
}

/// The router answers for no worker without an instruction, and carries out every instruction.
fn instructed(
    found: &mut Found,
    task: &Task,
    before: &Reservation,
    after: &Reservation,
    scene: &Scene<'_>,
) {
    use ReservationStatus as S;
    if before.status != S::Pending || scene.function != "task-assignment" {
        return;
    }
    let sid: ReservationSid = task.reservation_sid(after);
    let promise = match after.status {
        S::Accepted => Promise::Accepted,
        S::Rejected => Promise::Rejected,
        S::Canceled if task.status != TaskStatus::Canceled => Promise::Canceled,
        S::Timeout => return lapsed(found, task, after, scene),
        S::Pending | S::Canceled | S::Rescinded | S::Wrapping | S::Completed => return,
    };
    let is_just = scene.book.justifies(sid, promise);
    found.when(!is_just, "the router answers only as it is told", || {
        format!("{sid} of {} became {:?}", task.sid, after.status)
    });
}

/// A reservation lapses only if its callback was told of it and gave no instruction.
fn lapsed(found: &mut Found, task: &Task, after: &Reservation, scene: &Scene<'_>) {
    let calm = scene.book.calm_since.filter(|_| !scene.is_skewed);
    let Some(calm) = calm else { return };
    let sid: ReservationSid = task.reservation_sid(after);
    let canceled =
        task.reservations.iter().filter(|one| one.status == ReservationStatus::Canceled).count();
    let promised = scene.book.promised(sid, after.expires, canceled);
    found.when(promised.is_some(), "an instruction is carried out", || {
        format!("{sid} lapsed and should be {promised:?}")
    });
    let workflow = scene.mirror.workflow(task.workflow);
    let calls = workflow.is_some_and(|flow| flow.assignment_callback_url.is_some());
    let forgotten = calls && after.created > calm && !scene.book.has_asked(sid);
    found.when(forgotten, "a callback is told of every reservation", || sid.to_string());
}
