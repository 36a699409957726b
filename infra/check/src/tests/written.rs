//! One write at a time.

use serde_json::{Value, json};
use switchboard_domain::consent::Consent;
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::task::{ReservationStatus, TaskStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_store::key::{self, Place};

use super::violated;
use super::world::{NOW, World, customer, offered, sid, stopped, stored};
use crate::{RecordChange, Unwanted, Violation, per_write};

/// A day after everything, and a moment.
const NEXT_DAY: Timestamp = Timestamp(NOW.0 + 24 * 3_600_000 + 1);

/// What is found if one write makes the second world of the first.
fn at_once(
    now: Timestamp,
    before: impl FnOnce(&mut World),
    after: impl FnOnce(&mut World),
) -> Vec<&'static str> {
    let mut world = World::new();
    before(&mut world);
    let was = world.clone();
    after(&mut world);
    let mut changes = Vec::new();
    for (key, record) in &world.records {
        let before = was.records.get(key);
        if before != Some(record) {
            changes.push(RecordChange { before, after: Some(record) });
        }
    }
    for (key, record) in &was.records {
        if !world.records.contains_key(key) {
            changes.push(RecordChange { before: Some(record), after: None });
        }
    }
    let found = per_write(&changes, &world.snapshot(), now, Millis(0));
    violated(&found).into_iter().collect()
}

fn breaks(invariant: &str, after: impl FnOnce(&mut World)) {
    let found = at_once(NOW, |_| {}, after);
    assert!(found.contains(&invariant), "{invariant}: {found:?}");
}

/// A second message from the customer, as it is kept.
fn writes_again(world: &mut World, index: u32) {
    let mut message = world.question().clone();
    stored(&mut message, |it| {
        it["sid"] = json!(sid::<MessageSid>("again"));
        it["origin"] = Value::Null;
        it["index"] = json!(index);
    });
    message.version = 1.into();
    let record = Record::from(message);
    world.records.insert(Place::of(&record).key, record);
}

/// The conversation counts this many more messages.
fn counts(world: &mut World, more: u32) {
    let next = world.conversation().next_index + more;
    stored(world.conversation(), |it| it["next_index"] = json!(next));
    world.conversation().version += 1;
}

#[test]
fn a_message_written_with_its_conversation_is_in_order() {
    let found = at_once(
        NOW,
        |_| {},
        |world| {
            let index = world.conversation().next_index;
            writes_again(world, index);
            counts(world, 1);
        },
    );
    assert_eq!(found, [""; 0]);
}

#[test]
fn a_write_that_skips_a_version_is_found() {
    let invariant = "a record changes only together with its version, which grows";
    breaks(invariant, |world| world.conversation().version += 2);
    breaks(invariant, |world| world.worker_called("alice").friendly_name = "new".to_owned());
}

#[test]
fn vanished_records_are_found() {
    breaks("what is kept for good stays", |world| world.lose("Message"));
}

#[test]
fn a_message_beside_its_conversation_or_in_a_closed_one_is_found() {
    let invariant = "a message is written together with its conversation, which is open";
    breaks(invariant, |world| {
        let index = world.conversation().next_index;
        writes_again(world, index);
    });
    breaks(invariant, |world| {
        let index = world.conversation().next_index;
        writes_again(world, index);
        counts(world, 1);
        stored(world.conversation(), |it| it["state"] = json!("closed"));
    });
}

#[test]
fn an_index_that_does_not_count_the_messages_is_found() {
    let invariant = "a conversation's messages are numbered without gaps or doubles";
    for (index, grown) in [(0, 1), (7, 1), (2, 2), (2, 0)] {
        let next = World::new().conversation().next_index;
        let index = if index == 2 { next } else { index };
        breaks(invariant, |world| {
            writes_again(world, index);
            counts(world, grown);
        });
    }
}

#[test]
fn a_task_that_skips_a_state_is_found() {
    let invariant = "a task follows its states";
    breaks(invariant, |world| {
        world.task().tampered().status = TaskStatus::Pending;
        world.task().version += 1;
    });
    let cancel = |world: &mut World| {
        world.task().tampered().status = TaskStatus::Canceled;
        world.task().tampered().reservations[0].status = ReservationStatus::Canceled;
        world.task().version += 1;
    };
    assert!(at_once(NOW, |_| {}, cancel).contains(&invariant), "an assigned task is not canceled");
    assert_eq!(at_once(NEXT_DAY, |_| {}, cancel), [""; 0], "but removed after a day");
}

#[test]
fn a_reservation_beyond_what_a_worker_can_do_is_found() {
    breaks("a reservation is made within the capacity of its worker", |world| {
        world.put(offered("more", "alice"));
    });
    breaks("a reservation is made for a worker who is available", |world| {
        world.put(offered("more", "bob"));
    });
    breaks("the worker of an open reservation is there", |world| {
        world.put(offered("more", "nobody"));
    });
    breaks("without multitasking a worker has one task at most", |world| {
        world.workspace().multi_task_enabled = false;
        let mut other = offered("more", "alice");
        other.tampered().channel = sid("another channel");
        world.put(other);
    });
}

#[test]
fn a_record_s_own_facts_are_held_against_its_key() {
    breaks("a task is in one state, and its reservations agree with it", |world| {
        world.task().tampered().reservations[0].status = ReservationStatus::Rejected;
        world.task().version += 1;
    });
    breaks("a delivery that is out has its carrier's identifier", |world| {
        stored(world.reply(), |it| it["deliveries"][0]["carrier_message_id"] = Value::Null);
        world.reply().version += 1;
    });
    breaks("invites and participants of an interaction have numbers of their own", |world| {
        let again = world.interaction().participants[0].clone();
        world.interaction().participants.push(again);
        world.interaction().version += 1;
    });
    breaks("participants and webhooks of a conversation have numbers of their own", |world| {
        stored(world.conversation(), |it| {
            let participants = it["participants"].as_array_mut().unwrap();
            participants.push(participants[0].clone());
        });
        world.conversation().version += 1;
    });
}

/// The conversation has a speaker, by this token.
fn speaks(world: &mut World, token: u64) {
    let lease = json!({ "holder": "bot", "since": NOW.0, "until": NOW.0 + 1 });
    let speaker = json!({ "token": token, "required": true, "exempt": ["web"], "lease": lease });
    stored(world.conversation(), |it| it["speaker"] = speaker);
}

/// What is found if somebody writes something under this token, where number 2 counts.
fn spoken(author: &str, token: Value, is_given_back: bool) -> bool {
    let found = at_once(
        NOW,
        |world| speaks(world, 2),
        |world| {
            let index = world.conversation().next_index;
            writes_again(world, index);
            counts(world, 1);
            if is_given_back {
                stored(world.conversation(), |it| it["speaker"]["lease"] = Value::Null);
            }
            let key = key::message(sid::<MessageSid>("again"));
            let Some(Record::Message(message)) = world.records.get_mut(&key) else {
                panic!("it was written")
            };
            stored::<Message>(message, |it| {
                it["author"] = json!(author);
                it["speaker"] = token;
            });
            message.version = 1.into();
        },
    );
    found.contains(&"a message is written under the token of its conversation's speaker")
}

#[test]
fn a_message_that_is_written_out_of_turn_is_found() {
    assert!(!spoken("bot", json!(2), false));
    assert!(!spoken("web", Value::Null, false), "a customer");
    assert!(spoken("bot", Value::Null, false));
    assert!(spoken("bot", json!(1), false));
    assert!(spoken("bot", json!(3), false));
    assert!(spoken("web", json!(1), false));
    assert!(spoken("bot", json!(2), true));
}

#[test]
fn a_number_that_two_speakers_have_is_found() {
    let invariant = "a speaker's token has a number of its own";
    let next = |token: u64, holder: &'static str| {
        at_once(
            NOW,
            |world| speaks(world, 2),
            |world| {
                speaks(world, token);
                let lease = json!({ "holder": holder, "since": NOW.0, "until": NOW.0 + 5 });
                stored(world.conversation(), |it| it["speaker"]["lease"] = lease);
                world.conversation().version += 1;
            },
        )
    };
    assert_eq!(next(2, "bot"), [""; 0], "for longer");
    assert_eq!(next(3, "ann"), [""; 0]);
    assert!(next(2, "ann").contains(&invariant));
    let less = "numbers that were given out are never given out again";
    assert!(next(1, "ann").contains(&less));
}

/// The reply as it stands while it is being sent.
fn leased(world: &mut World) {
    stored(world.reply(), |it| {
        let copy = &mut it["deliveries"][0];
        copy["status"] = json!("queued");
        copy["carrier_message_id"] = Value::Null;
        copy["begun"] = json!(NOW);
    });
}

/// The same as it was before.
fn waiting_to_be_sent(world: &mut World) {
    leased(world);
    stored(world.reply(), |it| it["deliveries"][0]["begun"] = Value::Null);
}

/// What is found as the reply goes through these states, the customer being blocked from the step with that number on until that other.
fn followed(blocked_from: usize, until: usize) -> Vec<Violation> {
    let steps: [fn(&mut World); 3] = [waiting_to_be_sent, leased, |_| {}];
    let (mut unwanted, mut found) = (Unwanted::default(), Vec::new());
    let mut before = None;
    for (step, change) in steps.into_iter().enumerate() {
        let mut world = World::new();
        if (blocked_from..until).contains(&step) {
            world.put(stopped(NOW));
        } else {
            world.put(Consent::new(customer().address, NOW));
        }
        change(&mut world);
        let snapshot = world.snapshot();
        let consent = snapshot.records.iter().find(|it| it.get::<Consent>().is_some());
        let change = RecordChange { before: None, after: consent };
        found.extend(unwanted.follow(&[change], &snapshot));
        let after = Record::from(world.reply().clone());
        let change = RecordChange { before: before.as_ref(), after: Some(&after) };
        found.extend(unwanted.follow(&[change], &snapshot));
        before = Some(after);
    }
    found
}

#[test]
fn a_send_that_was_begun_after_a_stop_is_found_when_it_went_out() {
    let invariant = "no send that was begun after a STOP goes to the carrier";
    for from in [0, 1] {
        assert_eq!(violated(&followed(from, 3)).into_iter().collect::<Vec<_>>(), [invariant]);
    }
    assert_eq!(followed(2, 3), [], "it was begun before");
    assert_eq!(followed(1, 2), [], "the block was taken back before it went out");
}

#[test]
fn a_stop_that_was_not_obeyed_is_found() {
    let invariant = "a STOP is written together with its block";
    let stops = |world: &mut World| {
        writes_again(world, 9);
        let stop = world.records.values_mut().find_map(|one| match one {
            Record::Message(it) if it.sid == sid::<MessageSid>("again") => Some(it),
            _ => None,
        });
        let origin =
            json!({ "pair": customer(), "carrier": "twilio", "carrier_message_id": "SM9" });
        stored(stop.unwrap().as_mut(), |it| {
            it["origin"] = origin;
            it["body"] = json!(" Stop ");
        });
    };
    assert!(at_once(NOW, |_| {}, stops).contains(&invariant));
    let obeyed = |world: &mut World| {
        stops(world);
        world.put(stopped(NOW));
    };
    assert!(!at_once(NOW, |_| {}, obeyed).contains(&invariant));
}
