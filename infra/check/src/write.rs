//! What must hold for every single write, looked at as it happens.

use std::collections::BTreeMap;

use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::ConversationSid;
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::changes::{Between, changed, left};
use crate::conversations::INDEXES;
use crate::offers::{Around, offered};
use crate::violation::{Found, Violation};
use crate::{consents, conversations, deliveries, interactions, quiet, tasks};

const OPEN: &str = "a message is written together with its conversation, which is open";

const SPEAKS: &str = "a message is written under the token of its conversation's speaker";

/// What a write did to one record.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct RecordChange<'a> {
    /// The record before; none if it is new.
    pub before: Option<&'a Record>,
    /// The record after; none if it is gone.
    pub after: Option<&'a Record>,
}

/// What one write, all of its changes together, must not do, in an order that is always the same. `around` has the
/// changes in it; `skew` is how far the writer's clock may be from `now`.
pub fn per_write(
    changes: &[RecordChange<'_>],
    around: &impl Around,
    now: Timestamp,
    skew: Millis,
) -> Vec<Violation> {
    let mut found = Found::default();
    for change in changes {
        match (change.before, change.after) {
            (before, Some(after)) => {
                changed(before, after, Between::OneWrite { now, skew }, &mut found);
                alone(after, &mut found);
                match (before, after) {
                    (_, Record::Task(task)) => made(before, task, around, &mut found),
                    (None, Record::Message(message)) => {
                        consents::obeyed(message, around, &mut found);
                    }
                    _ => {}
                }
            }
            (Some(before), None) => left(before, &mut found),
            (None, None) => {}
        }
    }
    messages(changes, &mut found);
    speakers(changes, &mut found);
    found.sorted()
}

/// What a record says about itself.
fn alone(record: &Record, found: &mut Found) {
    match record {
        Record::Task(it) => tasks::alone(it, found),
        Record::Conversation(it) => {
            conversations::numbers(it, found);
            quiet::alone(it, found);
        }
        Record::Interaction(it) => interactions::numbers(it, found),
        Record::Message(it) => deliveries::alone(it, false, found),
        _ => {}
    }
}

fn made(before: Option<&Record>, task: &Task, around: &impl Around, found: &mut Found) {
    let from = match before {
        Some(Record::Task(before)) => before.next_number,
        Some(_) | None => 1,
    };
    for one in task.open_reservations().filter(|one| one.number >= from) {
        offered(around, task, one, found);
    }
}

/// A conversation counts the messages that are written together with it, and each is in its place.
fn messages(changes: &[RecordChange<'_>], found: &mut Found) {
    let mut written: BTreeMap<ConversationSid, Vec<u32>> = BTreeMap::new();
    for change in changes {
        if let (None, Some(Record::Message(it))) = (change.before, change.after)
            && let Some(of) = it.conversation
        {
            written.entry(of).or_default().push(it.index);
        }
    }
    for change in changes {
        let Some(Record::Conversation(after)) = change.after else { continue };
        let before: Option<&Conversation> = match change.before {
            Some(Record::Conversation(before)) => Some(before),
            Some(_) | None => None,
        };
        let mut indexes = written.remove(&after.sid).unwrap_or_default();
        indexes.sort_unstable();
        let next = before.map_or(0, |before| before.next_index);
        if !(next..after.next_index).eq(indexes.iter().copied()) {
            let what = format!("from {next} to {} with {indexes:?}", after.next_index);
            found.add(INDEXES, what, [after.sid]);
        }
        if !indexes.is_empty() && after.state == State::Closed {
            found.add(OPEN, "it is closed", [after.sid]);
        }
    }
    for sid in written.keys() {
        found.add(OPEN, "it was not written", [sid]);
    }
}

/// Where one speaks at a time, a message that is no customer's is written under the number that was given out last, by somebody who
/// has it.
fn speakers(changes: &[RecordChange<'_>], found: &mut Found) {
    let written = changes.iter().filter_map(|change| match (change.before, change.after) {
        (None, Some(Record::Message(message))) if message.origin.is_none() => Some(message),
        _ => None,
    });
    for message in written {
        let conversation = changes.iter().find_map(|change| match change.after {
            Some(Record::Conversation(it)) if Some(it.sid) == message.conversation => Some(it),
            _ => None,
        });
        let Some(conversation) = conversation else { continue };
        if let Some(what) = speaks_out_of_turn(message, conversation) {
            found.add(SPEAKS, what, [message.sid]);
        }
    }
}

fn speaks_out_of_turn(message: &Message, of: &Conversation) -> Option<&'static str> {
    let Some(speaker) = &of.speaker else {
        return message.speaker.map(|_| "nobody was given a token");
    };
    match message.speaker {
        None if speaker.required && !speaker.exempt.contains(&message.author) => {
            Some("it has no token")
        }
        None => None,
        Some(token) if token != speaker.token => Some("its token is stale"),
        Some(_) if speaker.lease.is_none() => Some("its token was given back"),
        Some(_) => None,
    }
}
