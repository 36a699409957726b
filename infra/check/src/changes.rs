//! What may not happen to one record, from one moment to the next: states only go on, numbers are never given out
//! again, and no writer writes without noticing what is there.

use switchboard_domain::address::Address;
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::conversation::{Conversation, Participant, State};
use switchboard_domain::interaction::{ChannelStatus, Interaction};
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::record::Record;
use switchboard_domain::task::{Reservation, ReservationStatus, Task, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::version::Version;
use switchboard_store::key::{self, Place};

use crate::violation::Found;

const VERSIONS: &str = "a record changes only together with its version, which grows";
const STAYS: &str = "what is kept for good stays";
const OVER: &str = "what is over stays over";
const GROWS: &str = "numbers that were given out are never given out again";
const FIXED: &str = "what is settled is settled";
const CLIMBS: &str = "the status of a delivery only climbs";
const ENDS: &str = "a reservation ends once";
const FOLLOWS: &str = "a task follows its states";

const TURNS: &str = "a speaker's token has a number of its own";

/// No worker has a task for longer than this; then it is removed.
const ASSIGNED_MAX: Millis = Millis::seconds(24 * 3600);

/// What lies between the two sides of a change.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Between {
    /// One write, about now: clocks may be so far apart.
    OneWrite { now: Timestamp, skew: Millis },
    /// Any number of writes, none of which was seen.
    Unseen,
}

/// What a record may have become; `before` is none if it is new.
pub(crate) fn changed(
    before: Option<&Record>,
    after: &Record,
    between: Between,
    found: &mut Found,
) {
    versions(before, after, between, found);
    match (before, after) {
        (Some(Record::Conversation(before)), Record::Conversation(after)) => {
            conversation(before, after, found);
        }
        (Some(Record::Message(before)), Record::Message(after)) => message(before, after, found),
        (Some(Record::Interaction(before)), Record::Interaction(after)) => {
            interaction(before, after, found);
        }
        (Some(Record::Task(before)), Record::Task(after)) => task(before, after, between, found),
        _ => {}
    }
}

fn versions(before: Option<&Record>, after: &Record, between: Between, found: &mut Found) {
    let (was, is) = (before.map_or(Version::NEW, Record::version), after.version());
    // What is known by something else than an identifier of its own can be removed and made again.
    let starts_anew = matches!(
        after,
        Record::ActionCount(_)
            | Record::AddressBinding(_)
            | Record::AddressConfiguration(_)
            | Record::ChannelSender(_)
            | Record::GroupBinding(_)
            | Record::Membership(_)
            | Record::PhoneNumber(_)
            | Record::RejectedWebhook(_)
            | Record::Renaming(_)
            | Record::SenderConnection(_)
            | Record::ShortCode(_)
            | Record::Silence(_)
            | Record::UniqueName(_)
            | Record::User(_)
            | Record::WebhookAttempt(_)
            | Record::WebhookEndpoint(_)
            | Record::WorkerName(_)
    );
    match between {
        Between::OneWrite { .. } if is != was + 1 => {
            found.add(VERSIONS, format!("from {was} to {is} in one write"), [named(after)]);
        }
        Between::Unseen if starts_anew || before.is_none() => {}
        Between::Unseen if is < was => {
            found.add(VERSIONS, format!("from {was} to {is}"), [named(after)]);
        }
        Between::Unseen if is == was && before != Some(after) => {
            found.add(VERSIONS, format!("changed within version {is}"), [named(after)]);
        }
        Between::OneWrite { .. } | Between::Unseen => {}
    }
}

/// A record is not there any more.
pub(crate) fn left(record: &Record, found: &mut Found) {
    match record {
        Record::Message(it) => found.add(STAYS, "a message is gone", [it.sid]),
        Record::MessagePage(_) => found.add(STAYS, "a page of messages is gone", [named(record)]),
        Record::Interaction(it) => found.add(STAYS, "an interaction is gone", [it.sid]),
        Record::Task(it) if !it.status.is_over() => {
            found.add(STAYS, format!("a {} task is gone", it.status.name()), [it.sid]);
        }
        _ => {}
    }
}

/// A name that gives nothing away: what identifiers its key has, and else what it is of. Other keys are made of the addresses of
/// customers.
fn named(record: &Record) -> String {
    let key = Place::of(record).key;
    let of = key::references(record).into_iter().map(|(_, of)| of.pk);
    let mut all = [key.pk, key.sk].into_iter().chain(of);
    let sid = all.find(|one| is_sid(one)).unwrap_or_default();
    format!("{} {sid}", record.kind())
}

fn is_sid(text: &str) -> bool {
    let is_hex = |digit: &u8| digit.is_ascii_digit() || (b'a'..=b'f').contains(digit);
    text.len() == 34 && text.as_bytes()[2..].iter().all(is_hex)
}

fn conversation(before: &Conversation, after: &Conversation, found: &mut Found) {
    let sid = after.sid;
    if before.state == State::Closed && after.state != State::Closed {
        found.add(OVER, format!("a closed conversation is {}", after.state.name()), [sid]);
    }
    if after.next_index < before.next_index {
        found.add(GROWS, "the index of the next message", [sid]);
    }
    if after.next_number < before.next_number {
        found.add(GROWS, "the number of the next participant", [sid]);
    }
    if before.interaction.is_some() && after.interaction != before.interaction {
        found.add(FIXED, "the interaction of a conversation", [sid]);
    }
    speaker(before, after, found);
    for one in &after.participants {
        match before.participant(one.number) {
            Some(was) if !keeps_identity(was, one) || !keeps_names(was, one) => {
                found.add(FIXED, format!("who participant {} is", one.number), [sid]);
            }
            None if one.number < before.next_number => {
                let what = format!("the number of participant {}", one.number);
                found.add(GROWS, what, [sid]);
            }
            Some(_) | None => {}
        }
    }
}

/// Whoever comes to speak has a number that nobody had.
fn speaker(before: &Conversation, after: &Conversation, found: &mut Found) {
    let number = |of: &Conversation| of.speaker.as_ref().map_or(0, |speaker| speaker.token);
    if number(after) < number(before) {
        found.add(GROWS, "the token of the speaker", [after.sid]);
    }
    let turn = |of: &Conversation| {
        let lease = of.speaker.as_ref().and_then(|speaker| speaker.lease.as_ref());
        lease.map(|lease| (lease.holder.clone(), lease.since))
    };
    let is = turn(after);
    if is.is_some() && is != turn(before) && number(after) == number(before) {
        found.add(TURNS, format!("two have number {}", number(after)), [after.sid]);
    }
}

/// Whoever is behind a number of ours in a group may give way to another; nobody else does.
fn keeps_identity(was: &Participant, is: &Participant) -> bool {
    was.identity == is.identity || was.projected().is_some() || is.projected().is_some()
}

/// A participant on a channel keeps every name that they had beside the same address of the business, and is written
/// to under another one only after a notice.
fn keeps_names(was: &Participant, is: &Participant) -> bool {
    let proxy = |one: &Participant| one.pair.as_ref().map(|pair| pair.proxy.clone());
    if proxy(was) != proxy(is) {
        // Somebody has changed by hand where they write to.
        let own = |one: &Participant| {
            let own = one.pair.as_ref().map(|pair| &pair.address).or(one.telephone());
            own.map(Address::folded)
        };
        return own(was) == own(is);
    }
    let (before, after) = (was.bound_as(), is.bound_as());
    let is_noticed = was.pair == is.pair || was.renamed < is.renamed;
    before.iter().all(|pair| after.contains(pair)) && is_noticed
}

fn message(before: &Message, after: &Message, found: &mut Found) {
    let sid = after.sid;
    if (before.conversation, before.index) != (after.conversation, after.index) {
        found.add(FIXED, "the place of a message", [sid]);
    }
    if before.removed && !after.removed {
        found.add(OVER, "a removed message is back", [sid]);
    }
    for was in &before.deliveries {
        if let Some(is) = after.delivery(was.number) {
            delivery(was, is, &format!("{sid}/{}", is.number), found);
        }
    }
}

fn delivery(was: &Delivery, is: &Delivery, name: &str, found: &mut Found) {
    if was.status != is.status && !climbs(was.status, is.status) {
        let what = format!("from {} to {}", was.status.name(), is.status.name());
        found.add(CLIMBS, what, [name]);
    }
    if was.carrier_message_id.is_some() && was.carrier_message_id != is.carrier_message_id {
        found.add(FIXED, "the carrier's identifier of a delivery", [name]);
    }
    if is.attempts < was.attempts {
        found.add(GROWS, "the attempts of a delivery", [name]);
    }
    let is_let_go = was.status == DeliveryStatus::Scheduled;
    let is_same_sender = was.pair.proxy == is.pair.proxy;
    if was.participant != is.participant
        || was.pair.address != is.pair.address
        || !(is_same_sender || is_let_go)
    {
        found.add(FIXED, "the recipient of a delivery", [name]);
    }
}

/// The ladder, spelled anew: a mistake in the rule must not excuse itself.
const fn climbs(was: DeliveryStatus, is: DeliveryStatus) -> bool {
    use DeliveryStatus::{Canceled, Delivered, Failed, Queued, Read, Scheduled, Sent, Undelivered};
    match was {
        Scheduled => matches!(is, Queued | Failed | Canceled),
        Canceled => false,
        Queued => !matches!(is, Queued | Scheduled | Canceled),
        Sent => matches!(is, Delivered | Read | Undelivered | Failed),
        Delivered => matches!(is, Read),
        Read => false,
        Undelivered | Failed => matches!(is, Delivered | Read),
    }
}

fn interaction(before: &Interaction, after: &Interaction, found: &mut Found) {
    let sid = after.sid;
    if before.status == ChannelStatus::Closed && after.status != ChannelStatus::Closed {
        found.add(OVER, format!("a closed interaction is {}", after.status.name()), [sid]);
    }
    if after.next_number < before.next_number {
        found.add(GROWS, "the number of the next invite or participant", [sid]);
    }
    for was in &before.invites {
        match after.invites.iter().find(|is| is.number == was.number) {
            None => found.add(STAYS, format!("invite {} is gone", was.number), [sid]),
            Some(is) if is.task != was.task => {
                found.add(FIXED, format!("the task of invite {}", was.number), [sid]);
            }
            Some(is) if was.over && !is.over => {
                found.add(OVER, format!("invite {} is open again", was.number), [sid]);
            }
            Some(_) => {}
        }
    }
    for was in &before.participants {
        match after.participants.iter().find(|is| is.number == was.number) {
            None => found.add(STAYS, format!("seat {} is gone", was.number), [sid]),
            Some(is) if was.left && !is.left => {
                found.add(OVER, format!("seat {} is taken again", was.number), [sid]);
            }
            Some(_) => {}
        }
    }
}

fn task(before: &Task, after: &Task, between: Between, found: &mut Found) {
    let sid = after.sid;
    let may_be_removed = may_be_removed(before, between);
    let is_removed = may_be_removed
        && (before.status, after.status) == (TaskStatus::Assigned, TaskStatus::Canceled);
    if !is_removed && !follows(before.status, after.status, between) {
        let what = format!("a {} task is {}", before.status.name(), after.status.name());
        found.add(if before.status.is_over() { OVER } else { FOLLOWS }, what, [sid]);
    }
    if after.next_number < before.next_number {
        found.add(GROWS, "the number of the next reservation", [sid]);
    }
    if (before.workspace, before.interaction) != (after.workspace, after.interaction) {
        found.add(FIXED, "whose task it is", [sid]);
    }
    for was in &before.reservations {
        let name = before.reservation_sid(was);
        match after.reservations.iter().find(|is| is.number == was.number) {
            None if was.status.is_open() => {
                found.add(STAYS, format!("a {} reservation is gone", was.status.name()), [name]);
            }
            None => {}
            Some(is) if !goes_on(was.status, is.status, may_be_removed) => {
                let what = format!("from {} to {}", was.status.name(), is.status.name());
                found.add(ENDS, what, [name]);
            }
            Some(is) if (is.worker, is.created) != (was.worker, was.created) => {
                found.add(FIXED, "whose reservation it is", [name]);
            }
            Some(_) => {}
        }
    }
    for is in &after.reservations {
        let known = before.reservations.iter().any(|was| was.number == is.number);
        if is.number < before.next_number && !known {
            let name = after.reservation_sid(is);
            found.add(GROWS, "the number of a reservation", [name]);
        }
    }
}

/// Whether a task in the one state may be in the other: the states spelled anew, so that a mistake in the rule does
/// not excuse itself.
fn follows(was: TaskStatus, is: TaskStatus, between: Between) -> bool {
    let steps: &[TaskStatus] = match was {
        TaskStatus::Pending => &[TaskStatus::Reserved, TaskStatus::Canceled],
        TaskStatus::Reserved => &[TaskStatus::Pending, TaskStatus::Assigned, TaskStatus::Canceled],
        TaskStatus::Assigned => &[TaskStatus::Wrapping, TaskStatus::Completed],
        TaskStatus::Wrapping => &[TaskStatus::Completed],
        TaskStatus::Completed | TaskStatus::Canceled => &[],
    };
    match between {
        Between::OneWrite { .. } => was == is || steps.contains(&is),
        // Who waits may have come anywhere meanwhile.
        Between::Unseen => match was {
            TaskStatus::Pending | TaskStatus::Reserved => true,
            TaskStatus::Assigned => is == TaskStatus::Assigned || steps.contains(&is),
            TaskStatus::Wrapping | TaskStatus::Completed | TaskStatus::Canceled => {
                was == is || steps.contains(&is)
            }
        },
    }
}

/// Whether a worker has had a task long enough for it to be removed.
fn may_be_removed(task: &Task, between: Between) -> bool {
    let taken = |one: &&Reservation| one.status == ReservationStatus::Accepted;
    let mut taken = task.reservations.iter().filter(taken);
    match between {
        Between::OneWrite { now, skew } => {
            taken.any(|one| one.updated + ASSIGNED_MAX <= now + skew)
        }
        Between::Unseen => true,
    }
}

/// Whether a reservation in the one state may be in the other.
fn goes_on(was: ReservationStatus, is: ReservationStatus, may_be_removed: bool) -> bool {
    use ReservationStatus as S;
    was == is
        || match was {
            S::Pending => true,
            S::Accepted => {
                matches!(is, S::Wrapping | S::Completed) || (may_be_removed && is == S::Canceled)
            }
            S::Wrapping => is == S::Completed,
            S::Rejected | S::Timeout | S::Canceled | S::Rescinded | S::Completed => false,
        }
}
