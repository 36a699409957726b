//! What must hold for every single write, held against what was there before.

use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::{ChannelStatus, Interaction, SeatRouting};
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ActivitySid, ReservationSid};
use switchboard_domain::task::{Reservation, ReservationStatus, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::version::Version;
use switchboard_domain::workspace::Worker;

use crate::endpoints::{Book, Promise};
use crate::mirror::{Change, Mirror};
use crate::order;
use crate::world::Violation;

/// Between a decision and its write a function may lose as much time as it has.
pub(crate) const SLACK: Millis = Millis::seconds(12);
/// Nobody has a task for longer than this, and nobody loses it earlier.
const ASSIGNED_MAX: Millis = Millis::seconds(24 * 3600);
/// The most that two clocks are apart.
const SKEW: Millis = Millis::seconds(600);

/// What one request changed, and what was known then.
pub(crate) struct Scene<'a> {
    /// With the changes in it.
    pub(crate) mirror: &'a Mirror,
    pub(crate) book: &'a Book,
    pub(crate) changes: &'a [Change],
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

/// The rules that the changes of one request break.
pub(crate) fn violations(scene: &Scene<'_>) -> Vec<Violation> {
    let mut found = Found(Vec::new());
    let changes = scene.changes;
    for change in changes {
        let Some(after) = &change.after else { continue };
        let version = change.before.as_ref().map_or(Version::NEW, Record::version);
        found.when(after.version() != version + 1, "every write knows what it replaces", || {
            format!("{:?}: version {} over {version}", change.place, after.version())
        });
        match (&change.before, after) {
            (Some(Record::Task(before)), Record::Task(after)) => {
                task(&mut found, Some(before), after, scene);
            }
            (None, Record::Task(after)) => task(&mut found, None, after, scene),
            (Some(Record::Conversation(before)), Record::Conversation(after)) => {
                conversation(&mut found, before, after, changes);
            }
            (Some(Record::Interaction(before)), Record::Interaction(after)) => {
                interaction(&mut found, before, after);
            }
            (Some(Record::Message(before)), Record::Message(after)) => {
                message(&mut found, before, after);
            }
            (None, Record::Message(after)) => new_message(&mut found, after, scene.mirror),
            _ => {}
        }
    }
    found.0
}

fn task(found: &mut Found, before: Option<&Task>, after: &Task, scene: &Scene<'_>) {
    let status = before.map_or(TaskStatus::Pending, |before| before.status);
    let is_removed = before.is_some_and(|before| is_too_long(before, scene.now));
    let fits = leads_to(status, after.status)
        || (is_removed && after.status == TaskStatus::Canceled && status == TaskStatus::Assigned);
    found.when(!fits, "a task follows its states", || {
        format!("{}: {:?} became {:?}", after.sid, status, after.status)
    });
    let accepted = |one: &&Reservation| one.status == ReservationStatus::Accepted;
    let count = after.reservations.iter().filter(accepted).count();
    found.when(count > 1, "one worker has a task", || format!("{after:?}"));
    found.when(
        (after.status == TaskStatus::Reserved)
            != after.reservations.iter().any(|one| one.status == ReservationStatus::Pending),
        "a task is reserved while somebody is asked",
        || format!("{after:?}"),
    );
    for one in &after.reservations {
        let known =
            before.and_then(|it| it.reservations.iter().find(|old| old.number == one.number));
        match known {
            None => {
                reserved(found, after, one, scene);
                order::reserved(found, after, one, scene);
            }
            Some(old) if old.status == one.status => {}
            Some(old) => {
                answered(found, after, old, one, is_removed);
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

fn leads_to(before: TaskStatus, after: TaskStatus) -> bool {
    use TaskStatus::{Assigned, Canceled, Completed, Pending, Reserved, Wrapping};
    before == after
        || match before {
            Pending => matches!(after, Reserved | Canceled),
            Reserved => matches!(after, Pending | Assigned | Canceled),
            Assigned => matches!(after, Wrapping | Completed),
            Wrapping => after == Completed,
            Completed | Canceled => false,
        }
}

/// Whether somebody has had a task for too long.
fn is_too_long(task: &Task, now: Timestamp) -> bool {
    let mut taken =
        task.reservations.iter().filter(|one| one.status == ReservationStatus::Accepted);
    taken.any(|one| one.updated + ASSIGNED_MAX <= now + SKEW)
}

/// A reservation ends once.
fn answered(
    found: &mut Found,
    task: &Task,
    before: &Reservation,
    after: &Reservation,
    is_removed: bool,
) {
    use ReservationStatus as S;
    let fits = match before.status {
        S::Pending => true,
        S::Accepted => {
            matches!(after.status, S::Wrapping | S::Completed)
                || (is_removed && after.status == S::Canceled)
        }
        S::Wrapping => after.status == S::Completed,
        S::Rejected | S::Timeout | S::Canceled | S::Rescinded | S::Completed => false,
    };
    found.when(!fits, "a reservation ends once", || {
        format!("{} of {}: {:?} became {:?}", before.number, task.sid, before.status, after.status)
    });
}

/// The router answers for nobody who has not said so, and whoever says something is heard.
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
    let promised = scene.book.promised(sid, after.expires);
    found.when(promised.is_some(), "an instruction is carried out", || {
        format!("{sid} lapsed and should be {promised:?}")
    });
    let workflow = scene.mirror.workflow(task.workflow);
    let calls = workflow.is_some_and(|flow| flow.assignment_callback_url.is_some());
    let forgotten = calls && after.created > calm && !scene.book.has_asked(sid);
    found.when(forgotten, "a callback is told of every reservation", || sid.to_string());
}

/// Who is asked is there and has room.
fn reserved(found: &mut Found, task: &Task, reservation: &Reservation, scene: &Scene<'_>) {
    let mirror = scene.mirror;
    let named = |one: &&Worker| one.sid == reservation.worker;
    let Some(worker) = mirror.workers().find(named) else {
        found.when(true, "only workers are asked", || format!("{reservation:?}"));
        return;
    };
    let was = activity_before(worker, task.reservation_sid(reservation));
    let activity = mirror.activities().find(|one| one.sid == was);
    found.when(
        activity.is_some_and(|one| !one.available),
        "only available workers are asked",
        || format!("{} for {}", worker.friendly_name, task.sid),
    );
    let capacity = worker.capacity(task.channel).capacity;
    let open = open_reservations(mirror, worker, task).count();
    let within = u32::try_from(open).unwrap_or(u32::MAX) <= capacity;
    found.when(!within, "nobody has more than he has room for", || {
        let tasks: Vec<String> =
            open_reservations(mirror, worker, task).map(|one| one.sid.to_string()).collect();
        format!("{} has {open} of {capacity}: {tasks:?}", worker.friendly_name)
    });
    let workspace = mirror.workspace(task.workspace);
    let is_single = workspace.is_some_and(|workspace| !workspace.multi_task_enabled);
    let mine = |one: &&Task| one.open_reservations().any(|it| it.worker == worker.sid);
    let all = mirror.tasks().filter(mine).count();
    found.when(is_single && all > 1, "where tasks are done one by one nobody has two", || {
        format!("{} has {all}", worker.friendly_name)
    });
}

/// What a worker did before this reservation moved him.
fn activity_before(worker: &Worker, sid: ReservationSid) -> ActivitySid {
    let occupied = worker.occupation.filter(|it| it.reservation == sid);
    occupied.map_or(worker.activity, |it| it.before)
}

/// The tasks that take a worker's capacity on the channel of a task.
fn open_reservations<'a>(
    mirror: &'a Mirror,
    worker: &'a Worker,
    task: &'a Task,
) -> impl Iterator<Item = &'a Task> {
    mirror.tasks().filter(move |one| {
        one.channel == task.channel && one.open_reservations().any(|it| it.worker == worker.sid)
    })
}

fn conversation(
    found: &mut Found,
    before: &Conversation,
    after: &Conversation,
    changes: &[Change],
) {
    let reopened = before.state == State::Closed && after.state != State::Closed;
    found.when(reopened, "closed is for good", || after.sid.to_string());
    let written = |change: &&Change| {
        change.before.is_none()
            && matches!(&change.after, Some(Record::Message(one))
                if one.conversation == Some(after.sid))
    };
    let messages = changes.iter().filter(written).count();
    let grown = after.next_index as usize == before.next_index as usize + messages;
    found.when(!grown, "the index counts the messages", || {
        format!("{}: {} → {} with {messages}", after.sid, before.next_index, after.next_index)
    });
}

fn interaction(found: &mut Found, before: &Interaction, after: &Interaction) {
    let reopened = before.status == ChannelStatus::Closed && after.status != ChannelStatus::Closed;
    found.when(reopened, "a closed channel stays closed", || after.sid.to_string());
    for seat in after.participants.iter().filter_map(|one| one.routing.as_ref()) {
        let same = |one: &&SeatRouting| *one == seat;
        let seats = after.participants.iter().filter_map(|one| one.routing.as_ref());
        let count = seats.filter(same).count();
        found.when(count > 1, "a reservation is one seat", || format!("{seat:?} {after:?}"));
    }
}

fn new_message(found: &mut Found, after: &Message, mirror: &Mirror) {
    let Some(conversation) = after.conversation else { return };
    let same = |one: &&Message| one.conversation == Some(conversation) && one.index == after.index;
    let count = mirror.messages().filter(same).count();
    found.when(count > 1, "an index is one message", || {
        format!("{} in {conversation}", after.index)
    });
    let open = mirror.conversations().find(|one| one.sid == conversation);
    found.when(
        open.is_none_or(|one| one.state == State::Closed),
        "messages go to open conversations",
        || after.sid.to_string(),
    );
}

fn message(found: &mut Found, before: &Message, after: &Message) {
    for one in &after.deliveries {
        let Some(old) = before.delivery(one.number) else { continue };
        found.when(!climbs(old.status, one.status), "receipts only move up", || {
            format!("{} of {}: {:?} → {:?}", one.number, after.sid, old.status, one.status)
        });
        let lost =
            old.carrier_message_id.is_some() && old.carrier_message_id != one.carrier_message_id;
        found.when(lost, "the carrier's identifier stays", || format!("{old:?} → {one:?}"));
    }
}

/// The ladder, written once more and apart from the product's.
fn climbs(before: DeliveryStatus, after: DeliveryStatus) -> bool {
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered};
    let rung = |status| match status {
        Queued => 0,
        Sent => 1,
        Undelivered | Failed => 2,
        Delivered => 3,
        Read => 4,
    };
    before == after || rung(after) > rung(before)
}
