//! One break after the other in a good world; each is named by the invariant that it breaks.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::configuration::{AddressConfiguration, Handler};
use switchboard_domain::conversation::{AddressBinding, UniqueName, User, Who};
use switchboard_domain::derive::{Written, of_change};
use switchboard_domain::event::{EventType, ReservationEvent, TaskEvent};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ConversationSid, MessageSid};
use switchboard_domain::timestamp::Millis;
use switchboard_domain::workspace::Occupation;

use super::violated;
use super::world::{NOW, START, World, customer, sid, stopped, stored, waiting};
use crate::{Moment, Snapshot};

#[test]
fn a_good_world_breaks_nothing() {
    let world = World::new();
    assert_eq!(world.violations(Moment::Step), []);
    assert_eq!(world.violations(Moment::Rest), []);
    assert_eq!(world.snapshot().violations(None, Moment::Rest), [], "nor does it without facts");
}

/// Expects a break to be named at a moment, and, if it is only wrong at rest, not before.
pub(super) fn breaks(invariant: &str, moment: Moment, change: impl FnOnce(&mut World)) {
    let mut world = World::new();
    change(&mut world);
    let found = world.violations(moment);
    assert!(violated(&found).contains(invariant), "{invariant}: {found:#?}");
    if moment == Moment::Rest {
        let found = world.violations(Moment::Step);
        assert!(!violated(&found).contains(invariant), "too early: {found:#?}");
    }
}

#[test]
fn one_pair_in_two_open_conversations_is_found() {
    breaks("an address pair has one open conversation at most", Moment::Step, |world| {
        let mut other = world.conversation().clone();
        stored(&mut other, |it| {
            it["sid"] = json!(sid::<ConversationSid>("other"));
            it["unique_name"] = Value::Null;
            it["interaction"] = Value::Null;
            it["next_index"] = json!(0);
        });
        world.put(other);
    });
}

#[test]
fn a_binding_without_its_participant_and_the_other_way_round_are_found() {
    let invariant = "a binding and an open conversation's participant on a channel belong together";
    breaks(invariant, Moment::Step, |world| world.lose("AddressBinding"));
    breaks(invariant, Moment::Step, |world| world.binding().number += 1);
    breaks(invariant, Moment::Step, |world| world.binding().conversation = sid("nowhere"));
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["state"] = json!("closed"))
    });
    breaks(invariant, Moment::Step, |world| {
        let mut pair = customer();
        std::mem::swap(&mut pair.address, &mut pair.proxy);
        let conversation = world.conversation().sid;
        world.put(AddressBinding { pair, conversation, number: 1, version: 1.into() });
    });
}

#[test]
fn a_membership_without_its_participant_and_the_other_way_round_are_found() {
    let invariant = "a membership and a participant belong together";
    breaks(invariant, Moment::Step, |world| world.lose("Membership"));
    breaks(invariant, Moment::Step, |world| world.membership().number = 99);
    breaks(invariant, Moment::Step, |world| {
        world.membership().who = Who::Identity("mallory".to_owned())
    });
    breaks(invariant, Moment::Step, |world| world.membership().conversation = sid("nowhere"));
    breaks(invariant, Moment::Step, |world| {
        world.close();
        world.lose("Membership");
    });
    let mut closed = World::new();
    closed.close();
    assert_eq!(closed.violations(Moment::Step), [], "a closed one is found by its address");
}

#[test]
fn a_name_that_nobody_bears_or_nobody_keeps_is_found() {
    let invariant = "a unique name and its conversation belong together";
    breaks(invariant, Moment::Step, |world| world.lose("UniqueName"));
    breaks(invariant, Moment::Step, |world| {
        let taken = UniqueName { name: "second".to_owned(), ..world.unique_name().clone() };
        world.put(taken);
    });
}

#[test]
fn a_user_who_is_not_who_their_identifier_says_is_found() {
    let invariant = "a user is who their identifier says";
    breaks(invariant, Moment::Step, |world| {
        let renamed = User { identity: "bob".to_owned(), ..world.user().clone() };
        world.put(renamed);
    });
}

#[test]
fn numbers_of_participants_given_out_twice_or_never_are_found() {
    let invariant = "participants and webhooks of a conversation have numbers of their own";
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["participants"][1]["number"] = json!(1))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["next_number"] = json!(1))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| {
            let participants = it["participants"].as_array_mut().unwrap();
            participants.push(participants[1].clone());
        });
    });
}

#[test]
fn gaps_and_doubles_in_the_messages_of_a_conversation_are_found() {
    let invariant = "a conversation's messages are numbered without gaps or doubles";
    breaks(invariant, Moment::Step, |world| stored(world.reply(), |it| it["index"] = json!(0)));
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["next_index"] = json!(1))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["next_index"] = json!(3))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.question(), |it| it["conversation"] = Value::Null)
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| {
            let latest = it["latest"].as_str().unwrap().to_owned();
            it["latest"] = json!(format!("{}{}", &latest[16..], &latest[..16]));
        });
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["latest"] = json!(""));
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| it["index"] = json!(7));
        stored(world.conversation(), |it| it["next_index"] = json!(8));
    });
}

#[test]
fn a_message_without_its_conversation_is_found_unless_somebody_deleted_that() {
    let invariant = "a message's conversation exists";
    breaks(invariant, Moment::Step, |world| world.lose("Conversation"));
    let mut world = World::new();
    world.facts.interfered = Some([world.conversation().sid].into());
    world.lose("Conversation");
    assert!(!violated(&world.violations(Moment::Step)).contains(invariant));
}

#[test]
fn a_customers_message_under_a_wrong_identifier_is_found() {
    let invariant = "a customer's message is kept under the identifier of its carrier";
    breaks(invariant, Moment::Step, |world| {
        let mut again = world.question().clone();
        stored(&mut again, |it| {
            it["sid"] = json!(sid::<MessageSid>("again"));
            it["index"] = json!(2);
        });
        world.put(again);
        stored(world.conversation(), |it| it["next_index"] = json!(3));
    });
}

#[test]
fn an_acknowledged_message_that_is_lost_is_found() {
    breaks("an acknowledged message is kept", Moment::Rest, |world| {
        world.facts.acknowledged.push((customer(), sid("lost")));
    });
    let mut world = World::new();
    let mut pair = customer();
    std::mem::swap(&mut pair.address, &mut pair.proxy);
    world.facts.acknowledged[0].0 = pair;
    assert!(
        violated(&world.violations(Moment::Step)).contains("an acknowledged message is kept"),
        "it is another's"
    );
}

#[test]
fn an_acknowledged_message_is_in_a_table_or_in_a_queue_at_any_moment() {
    let mut world = World::new();
    world.facts.acknowledged.push((customer(), sid("waits")));
    let rule = "an acknowledged message is on the disk";
    assert!(!violated(&world.violations(Moment::Step)).contains(rule), "nobody knows the queues");
    world.facts.waiting = Some(BTreeSet::from([sid("waits")]));
    assert!(!violated(&world.violations(Moment::Step)).contains(rule));
    world.facts.waiting = Some(BTreeSet::new());
    assert!(violated(&world.violations(Moment::Step)).contains(rule));
}

#[test]
fn a_delivery_that_was_handed_over_twice_is_found() {
    let invariant = "a delivery is handed to its carrier once";
    breaks(invariant, Moment::Step, |world| {
        let sent = world.facts.sent_by_carrier.as_mut().unwrap();
        sent.push(sent[0].clone());
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| {
            let deliveries = it["deliveries"].as_array_mut().unwrap();
            deliveries.push(deliveries[0].clone());
            deliveries[1]["number"] = json!(2);
        });
    });
}

#[test]
fn what_waits_for_its_time_and_was_handed_over_is_found() {
    let invariant = "what is scheduled or canceled was never handed over";
    for status in ["scheduled", "canceled"] {
        breaks(invariant, Moment::Step, |world| {
            stored(world.reply(), |it| it["deliveries"][0]["status"] = json!(status));
        });
    }
}

#[test]
fn copies_that_leave_together_and_do_not_both_say_so_are_found() {
    let invariant = "copies that leave together say so of each other";
    for member in ["merged", "merged_into"] {
        breaks(invariant, Moment::Step, |world| {
            stored(world.reply(), |it| {
                let own = json!({ "message": it["sid"], "number": it["deliveries"][0]["number"] });
                let value = if member == "merged" { json!([own]) } else { own };
                it["deliveries"][0][member] = value;
            });
        });
    }
}

#[test]
fn a_message_accepted_by_the_carrier_and_not_recorded_is_found() {
    let invariant = "what a carrier accepted is recorded";
    breaks(invariant, Moment::Rest, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["carrier_message_id"] = Value::Null);
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["carrier_message_id"] = json!("SM3"));
    });
    breaks(invariant, Moment::Step, |world| world.facts.sent_by_carrier = Some(Vec::new()));
}

#[test]
fn a_delivery_that_is_out_without_its_carriers_identifier_is_found() {
    breaks("a delivery that is out has its carrier's identifier", Moment::Step, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["carrier_message_id"] = Value::Null);
    });
}

#[test]
fn a_lease_that_outlives_its_send_or_never_was_is_found() {
    let invariant = "a delivery is leased while it is being sent, and only then";
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["begun"] = json!(NOW))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| it["deliveries"][0]["attempts"] = json!(0))
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.reply(), |it| {
            let delivery = &mut it["deliveries"][0];
            delivery["status"] = json!(DeliveryStatus::Queued);
            delivery["carrier_message_id"] = Value::Null;
            delivery["attempts"] = json!(0);
            delivery["begun"] = json!(NOW);
        });
    });
}

#[test]
fn two_deliveries_of_one_number_are_found() {
    breaks("the deliveries of a message have numbers of their own", Moment::Step, |world| {
        stored(world.reply(), |it| {
            let deliveries = it["deliveries"].as_array_mut().unwrap();
            deliveries.push(deliveries[0].clone());
        });
    });
}

#[test]
fn a_delivery_that_nobody_carries_on_is_found_at_rest() {
    let invariant = "at rest every delivery is out or given up";
    for begun in [None, Some(NOW)] {
        breaks(invariant, Moment::Rest, |world| {
            stored(world.reply(), |it| {
                let delivery = &mut it["deliveries"][0];
                delivery["status"] = json!(DeliveryStatus::Queued);
                delivery["carrier_message_id"] = Value::Null;
                delivery["begun"] = json!(begun);
            });
        });
    }
}

#[test]
fn a_message_to_who_wants_none_is_found() {
    let invariant = "nothing is sent to who does not want it";
    breaks(invariant, Moment::Step, |world| world.put(stopped(START)));
    let mut world = World::new();
    world.put(stopped(NOW + Millis(1)));
    assert_eq!(world.violations(Moment::Rest), [], "it was sent before");
    // It is what they asked for.
    let mut world = World::new();
    world.put(stopped(START));
    stored(world.reply(), |it| it["answers_keyword"] = json!("STOP"));
    assert_eq!(world.violations(Moment::Rest), []);
}

/// What became of the world's task, told under this version of it; without events of one type, if there is one.
fn record_events(world: &mut World, version: u64, without: Option<EventType>) {
    let task = Record::from(world.task().clone());
    let written = Written { pk: "task", sk: "WT", version, seen: NOW };
    for mut one in of_change(None, Some(&task), written) {
        one.events.retain(|event| Some(event.kind) != without);
        world.put(one);
    }
}

#[test]
fn events_recorded_twice_or_not_at_all_are_found_at_rest() {
    const TOLD: &str = "at rest what became of a task is told, and each thing once";
    let mut world = World::new();
    record_events(&mut world, 1, None);
    assert_eq!(world.violations(Moment::Rest), []);
    breaks(TOLD, Moment::Rest, |world| {
        record_events(world, 1, None);
        record_events(world, 2, None);
    });
    for kind in [
        EventType::Task(TaskEvent::Created),
        EventType::Reservation(ReservationEvent::Created),
        EventType::Reservation(ReservationEvent::Accepted),
    ] {
        breaks(TOLD, Moment::Rest, |world| {
            // A router has seen it.
            world.task().version = 2.into();
            record_events(world, 1, Some(kind));
        });
    }
}

#[test]
fn an_item_that_cannot_be_read_is_found() {
    let mut snapshot = Snapshot::of(Vec::new());
    snapshot.unreadable.push("Task WT1 in routing".to_owned());
    let found = snapshot.violations(None, Moment::Step);
    assert_eq!(violated(&found), ["every item can be read"].into());
}

#[test]
fn nothing_is_said_about_tables_that_were_not_read() {
    let world = World::new();
    for table in crate::TABLES {
        let mut snapshot = world.snapshot();
        snapshot.tables.retain(|one| *one != table);
        snapshot
            .records
            .retain(|record| switchboard_store::key::Place::of(record).key.table != table);
        let facts = super::super::Facts { now: NOW, ..Default::default() };
        let found = snapshot.violations(Some(&facts), Moment::Rest);
        assert_eq!(found, [], "without {table:?}");
    }
}

#[test]
fn no_violation_tells_a_customer_s_words_or_address() {
    let mut world = World::new();
    world.lose("AddressBinding");
    world.lose("Membership");
    world.lose("UniqueName");
    stored(world.question(), |it| it["index"] = json!(9));
    world.put(stopped(START));
    let told: String = world.violations(Moment::Rest).iter().map(ToString::to_string).collect();
    assert!(!told.is_empty());
    for secret in ["+1415", "+1800", "hello", "alice", "first"] {
        assert!(!told.contains(secret), "{secret} in {told}");
    }
}

#[test]
fn a_worker_who_is_held_by_what_is_over_is_found_at_rest() {
    let invariant = "at rest only a reservation that waits for an answer holds its worker";
    breaks(invariant, Moment::Rest, |world| {
        let task = world.task().clone();
        let reservation = task.reservation_sid(&task.reservations[0]);
        let alice = world.worker_called("alice");
        alice.occupation = Some(Occupation { reservation, before: alice.activity });
    });
}

#[test]
fn what_is_referred_to_and_not_there_is_found() {
    let there = "what a record refers to is there";
    breaks(there, Moment::Step, |world| world.lose("Activity"));
    breaks(there, Moment::Step, |world| world.lose("TaskQueue"));
    breaks(there, Moment::Step, |world| {
        let address = "+15550100001".parse().unwrap();
        world.put(AddressConfiguration {
            sid: AddressConfiguration::sid_of(&address),
            kind: address.channel(),
            address,
            friendly_name: None,
            address_country: None,
            enabled: true,
            service: None,
            handler: Handler::Studio { flow: sid("nowhere"), retry_count: 0 },
            care: None,
            created: START,
            updated: START,
            version: 1.into(),
        });
    });
    let at_rest = "at rest what an open task is routed by is there";
    for kind in ["Workflow", "TaskQueue", "TaskChannel"] {
        breaks(at_rest, Moment::Rest, |world| {
            world.put(waiting("waits"));
            world.lose(kind);
        });
    }
}

/// The conversation gets timers of a minute and of ten, which run since the customer wrote.
fn with_timers(world: &mut World) {
    stored(world.conversation(), |it| {
        it["timers"] = json!({
            "inactive": 60_000, "closed": 600_000, "since": NOW.0, "look": NOW.0 + 30_000,
        });
    });
}

#[test]
fn a_timer_that_is_over_for_long_is_found_at_rest() {
    let mut world = World::new();
    with_timers(&mut world);
    world.facts.now = NOW + Millis::seconds(179);
    assert_eq!(world.violations(Moment::Rest), [], "two minutes are no long time");
    let invariant = "at rest no timer has been over for long";
    breaks(invariant, Moment::Rest, |world| {
        with_timers(world);
        world.facts.now = NOW + Millis::seconds(181);
    });
    breaks(invariant, Moment::Rest, |world| {
        with_timers(world);
        stored(world.conversation(), |it| {
            it["state"] = json!("inactive");
            it["timers"]["look"] = json!(NOW.0 + 600_000);
        });
        world.facts.now = NOW + Millis::seconds(721);
    });
}

#[test]
fn a_look_that_is_too_late_or_for_nothing_or_missing_is_found() {
    let invariant = "a conversation is looked at before its timer is over, and no other one is";
    for look in [json!(NOW.0 + 60_001), Value::Null] {
        breaks(invariant, Moment::Step, |world| {
            with_timers(world);
            stored(world.conversation(), |it| it["timers"]["look"] = look.clone());
        });
    }
    breaks(invariant, Moment::Step, |world| {
        with_timers(world);
        stored(world.conversation(), |it| {
            it["timers"]["closed"] = Value::Null;
            it["state"] = json!("inactive");
        });
    });
}
