//! What may not happen between two moments: states only go on, numbers are never given out again, and
//! nobody writes without noticing what is there.

use std::collections::{BTreeMap, HashMap};

use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::{ChannelStatus, Interaction};
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{Bytes, Sid as _, TaskChannelSid, WorkerSid};
use switchboard_domain::task::Task;
use switchboard_domain::workspace::Worker;

use super::{Found, Snapshot, Violation};

const VERSIONS: &str = "a record changes only together with its version, which grows";
const STAYS: &str = "what is kept for good stays";
const OVER: &str = "what is over stays over";
const GROWS: &str = "numbers that were given out are never given out again";
const FIXED: &str = "what is settled is settled";
const CLIMBS: &str = "the status of a delivery only climbs";
const ENDS: &str = "a reservation ends once";
const CAPACITY: &str = "a reservation is made within the capacity of its worker";
const AVAILABLE: &str = "a reservation is made for a worker who is available";

/// Follows the tables from moment to moment.
#[derive(Debug, Default)]
pub struct History {
    before: Option<(Snapshot, HashMap<Id, usize>)>,
}

/// What a record is known by, over its whole life.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
struct Id(&'static str, Bytes, String);

impl Id {
    fn of(record: &Record) -> Self {
        let mut text = String::new();
        let bytes = match record {
            Record::Activity(it) => it.sid.bytes(),
            Record::AddressConfiguration(it) => it.sid.bytes(),
            Record::ApiKey(it) => it.sid.bytes(),
            Record::Conversation(it) => it.sid.bytes(),
            Record::Flow(it) => it.sid.bytes(),
            Record::Head(it) => it.workspace.bytes(),
            Record::Interaction(it) => it.sid.bytes(),
            Record::Message(it) => it.sid.bytes(),
            Record::MessagingService(it) => it.sid.bytes(),
            Record::PhoneNumber(it) => it.sid.bytes(),
            Record::Service(it) => it.sid.bytes(),
            Record::Task(it) => it.sid.bytes(),
            Record::TaskChannel(it) => it.sid.bytes(),
            Record::TaskQueue(it) => it.sid.bytes(),
            Record::Worker(it) => it.sid.bytes(),
            Record::Workflow(it) => it.sid.bytes(),
            Record::Workspace(it) => it.sid.bytes(),
            Record::Occurrence(it) => it.place(0).sid().bytes(),
            Record::ConversationConfiguration(_) => Bytes::default(),
            Record::AddressBinding(it) => {
                text = format!("{} {}", it.pair.address, it.pair.proxy);
                Bytes::default()
            }
            Record::Membership(it) => {
                text.clone_from(&it.who);
                it.conversation.bytes()
            }
            Record::UniqueName(it) => {
                text.clone_from(&it.name);
                it.service.bytes()
            }
            Record::WebhookAttempt(it) => {
                text.clone_from(&it.id);
                Bytes::default()
            }
        };
        Self(record.kind(), bytes, text)
    }
}

impl History {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tables as they were last seen.
    pub fn latest(&self) -> Option<&Snapshot> {
        self.before.as_ref().map(|(snapshot, _)| snapshot)
    }

    /// Goes on to the next moment, and says what may not have happened since the last.
    pub fn follow(&mut self, next: Snapshot) -> Vec<Violation> {
        let places: HashMap<Id, usize> =
            next.records.iter().enumerate().map(|(place, one)| (Id::of(one), place)).collect();
        let mut found = Found::default();
        if let Some((before, known)) = &self.before {
            let mut new = New::default();
            for (id, place) in &places {
                let after = &next.records[*place];
                let before = known.get(id).map(|place| &before.records[*place]);
                changed(before, after, &mut new, &mut found);
            }
            let gone = known.iter().filter(|(id, _)| !places.contains_key(id));
            gone.for_each(|(_, place)| left(&before.records[*place], &mut found));
            new.check(before, &next, &mut found);
        }
        self.before = Some((next, places));
        found.sorted()
    }
}

/// A record is not there any more.
fn left(record: &Record, found: &mut Found) {
    match record {
        Record::Message(it) => found.add(STAYS, "a message is gone", [it.sid]),
        Record::Interaction(it) => found.add(STAYS, "an interaction is gone", [it.sid]),
        Record::Task(it) if !it.status.is_over() => {
            found.add(STAYS, format!("a {} task is gone", it.status.name()), [it.sid]);
        }
        _ => {}
    }
}

fn changed(before: Option<&Record>, after: &Record, new: &mut New, found: &mut Found) {
    let Some(before) = before else {
        if let Record::Task(task) = after {
            new.reservations(1, task);
        }
        return;
    };
    let (was, is) = (before.version(), after.version());
    // What is known by something else than an identifier of its own can be removed and made again.
    let starts_anew = matches!(
        after,
        Record::AddressBinding(_)
            | Record::AddressConfiguration(_)
            | Record::Membership(_)
            | Record::PhoneNumber(_)
            | Record::UniqueName(_)
            | Record::WebhookAttempt(_)
    );
    if is < was && !starts_anew {
        found.add(VERSIONS, format!("from {was} to {is}"), [named(after)]);
    } else if is == was && before != after && !starts_anew {
        found.add(VERSIONS, format!("changed within version {is}"), [named(after)]);
    }
    match (before, after) {
        (Record::Conversation(before), Record::Conversation(after)) => {
            conversation(before, after, found);
        }
        (Record::Message(before), Record::Message(after)) => message(before, after, found),
        (Record::Interaction(before), Record::Interaction(after)) => {
            interaction(before, after, found);
        }
        (Record::Task(before), Record::Task(after)) => {
            new.reservations(before.next_number, after);
            task(before, after, found);
        }
        _ => {}
    }
}

/// A name that gives nothing away.
fn named(record: &Record) -> String {
    match record {
        Record::Activity(it) => it.sid.to_string(),
        Record::AddressBinding(it) => format!("binding of {}/{}", it.conversation, it.number),
        Record::AddressConfiguration(it) => it.sid.to_string(),
        Record::ApiKey(it) => it.sid.to_string(),
        Record::Conversation(it) => it.sid.to_string(),
        Record::ConversationConfiguration(_) => "configuration".to_owned(),
        Record::Flow(it) => it.sid.to_string(),
        Record::Head(it) => format!("head of {}", it.workspace),
        Record::Interaction(it) => it.sid.to_string(),
        Record::Membership(it) => format!("membership of {}/{}", it.conversation, it.number),
        Record::Message(it) => it.sid.to_string(),
        Record::MessagingService(it) => it.sid.to_string(),
        Record::Occurrence(it) => it.place(0).sid().to_string(),
        Record::PhoneNumber(it) => it.sid.to_string(),
        Record::Service(it) => it.sid.to_string(),
        Record::Task(it) => it.sid.to_string(),
        Record::TaskChannel(it) => it.sid.to_string(),
        Record::TaskQueue(it) => it.sid.to_string(),
        Record::UniqueName(it) => format!("name of {}", it.conversation),
        Record::WebhookAttempt(it) => format!("call for {}", it.about),
        Record::Worker(it) => it.sid.to_string(),
        Record::Workflow(it) => it.sid.to_string(),
        Record::Workspace(it) => it.sid.to_string(),
    }
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
    for one in &after.participants {
        match before.participant(one.number) {
            Some(was) if (&was.identity, &was.pair) != (&one.identity, &one.pair) => {
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
    if (was.participant, &was.pair) != (is.participant, &is.pair) {
        found.add(FIXED, "the recipient of a delivery", [name]);
    }
}

/// The ladder, spelled anew: a mistake in the rule must not excuse itself.
const fn climbs(was: DeliveryStatus, is: DeliveryStatus) -> bool {
    use DeliveryStatus::{Delivered, Failed, Queued, Read, Sent, Undelivered};
    match was {
        Queued => !matches!(is, Queued),
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

fn task(before: &Task, after: &Task, found: &mut Found) {
    let sid = after.sid;
    if before.status.is_over() && after.status != before.status {
        let what = format!("a {} task is {}", before.status.name(), after.status.name());
        found.add(OVER, what, [sid]);
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
            Some(is) if !was.status.is_open() && is.status != was.status => {
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

/// The open reservations that were made since.
#[derive(Debug, Default)]
struct New(BTreeMap<(WorkerSid, TaskChannelSid), Vec<String>>);

impl New {
    fn reservations(&mut self, from: u32, task: &Task) {
        if task.ignores_capacity {
            return;
        }
        for one in task.open_reservations().filter(|one| one.number >= from) {
            let name = task.reservation_sid(one).to_string();
            self.0.entry((one.worker, task.channel)).or_default().push(name);
        }
    }

    /// Holds them against workers who did not change meanwhile: as they are now, the router knew them.
    fn check(self, before: &Snapshot, next: &Snapshot, found: &mut Found) {
        if self.0.is_empty() {
            return;
        }
        let workers = |snapshot: &Snapshot| -> HashMap<WorkerSid, Worker> {
            let mine = |sid: &WorkerSid| self.0.keys().any(|(worker, _)| worker == sid);
            let workers = snapshot.records.iter().filter_map(|record| match record {
                Record::Worker(it) if mine(&it.sid) => Some((it.sid, Worker::clone(it))),
                _ => None,
            });
            workers.collect()
        };
        let (was, is) = (workers(before), workers(next));
        for ((who, channel), reservations) in &self.0 {
            let Some(worker) = is.get(who) else { continue };
            if was.get(who).is_none_or(|was| was.version != worker.version) {
                continue;
            }
            let names = || {
                let mut names = reservations.clone();
                names.sort_unstable();
                names.insert(0, who.to_string());
                names
            };
            let capacity = worker.capacity(*channel);
            let open = next.records.iter().filter_map(|record| match record {
                Record::Task(task) if task.channel == *channel && !task.ignores_capacity => {
                    Some(task)
                }
                _ => None,
            });
            let open = open.flat_map(|task| task.open_reservations());
            let open = open.filter(|one| one.worker == *who).count();
            if open > usize::try_from(capacity.capacity).unwrap_or(usize::MAX) {
                let what = format!("{open} open reservations, capacity {}", capacity.capacity);
                found.add(CAPACITY, what, names());
            }
            let is_available = next.records.iter().any(|record| {
                matches!(record, Record::Activity(it) if it.sid == worker.activity && it.available)
            });
            if !is_available || !capacity.available {
                found.add(AVAILABLE, "he is not", names());
            }
        }
    }
}
