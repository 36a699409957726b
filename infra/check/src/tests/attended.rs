//! Breaks of interactions: who is responsible, asked, seated and handed on to.

use serde_json::{Value, json};
use switchboard_domain::interaction::{ChannelStatus, Transfer};
use switchboard_domain::sid::InteractionSid;
use switchboard_domain::task::{ReservationStatus, TaskStatus};

use super::broken::breaks;
use super::world::{World, sid, stored};
use crate::Moment;

#[test]
fn twins_that_do_not_name_each_other_are_found() {
    let invariant = "an interaction and its conversation are twins that name each other";
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| it["interaction"] = Value::Null)
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| {
            it["interaction"] = json!(sid::<InteractionSid>("another"))
        });
    });
    breaks(invariant, Moment::Step, |world| world.lose("Conversation"));
}

#[test]
fn a_conversation_whose_interaction_was_never_opened_is_found_at_rest() {
    let invariant = "at rest a conversation whose flow handed over has its interaction";
    breaks(invariant, Moment::Rest, |world| world.lose("Interaction"));
}

#[test]
fn an_open_conversation_of_a_closed_interaction_is_found() {
    breaks("the conversation of a closed interaction is closed", Moment::Step, |world| {
        world.interaction().status = ChannelStatus::Closed;
    });
}

#[test]
fn a_channel_of_a_conversation_that_is_over_is_found_at_rest() {
    let invariant = "at rest the channel of a conversation that is over is closed";
    breaks(invariant, Moment::Rest, World::close);
}

/// Nobody is responsible, and the customer is waited for or not.
fn nobody(world: &mut World, rings: bool) {
    let noted = json!({
        "number": 1, "since": 0, "rest": "parked", "cause": "agent_left", "rings": rings,
    });
    let interaction = world.interaction();
    interaction.participants[1].left = true;
    interaction.invites[0].over = true;
    interaction.unattended = Some(serde_json::from_value(noted).unwrap());
}

#[test]
fn a_conversation_that_nobody_is_responsible_for_without_saying_so_is_found() {
    let invariant =
        "an open conversation has somebody responsible, or says that it is parked or waits";
    breaks(invariant, Moment::Step, |world| {
        nobody(world, false);
        world.interaction().unattended = None;
    });
    breaks(invariant, Moment::Step, |world| {
        nobody(world, false);
        world.interaction().participants[1].left = false;
    });
}

#[test]
fn a_customer_who_is_waited_for_without_a_bell_is_found_at_rest() {
    breaks("at rest a customer who is waited for rings", Moment::Rest, |world| nobody(world, true));
}

#[test]
fn an_invite_that_does_not_fit_its_task_is_found() {
    let invariant = "an invite and its task belong together";
    breaks(invariant, Moment::Step, |world| world.interaction().invites.clear());
    breaks(invariant, Moment::Step, |world| world.interaction().invites[0].over = true);
    breaks(invariant, Moment::Step, |world| {
        world.task().tampered().interaction = Some(sid("another"))
    });
    breaks(invariant, Moment::Rest, |world| world.lose("Task"));
    breaks(invariant, Moment::Rest, |world| {
        world.task().tampered().status = TaskStatus::Completed;
        world.task().tampered().reservations[0].status = ReservationStatus::Completed;
    });
}

#[test]
fn a_task_that_is_no_invite_of_its_interaction_is_found() {
    let invariant = "a task of an interaction is one of its invites";
    breaks(invariant, Moment::Step, |world| world.lose("Interaction"));
    breaks(invariant, Moment::Step, |world| world.interaction().invites[0].task = sid("other"));
}

#[test]
fn numbers_of_invites_given_out_twice_or_never_are_found() {
    let invariant = "invites and participants of an interaction have numbers of their own";
    breaks(invariant, Moment::Step, |world| world.interaction().next_number = 1);
    breaks(invariant, Moment::Step, |world| world.interaction().participants[0].number = 2);
}

#[test]
fn a_transfer_that_looks_for_nobody_is_found() {
    let invariant = "at rest an active transfer looks for somebody, on a channel that is not over";
    let of = |invite: u32| -> Transfer {
        let stored = json!({
            "number": 4, "kind": "warm", "status": "active", "from": 3, "to": "WQ", "invite": invite,
            "created": 0, "updated": 0,
        });
        serde_json::from_value(stored).unwrap()
    };
    breaks(invariant, Moment::Rest, |world| {
        world.interaction().next_number = 5;
        world.interaction().transfers.push(of(99));
    });
}

#[test]
fn a_seat_without_a_participant_or_two_for_one_reservation_are_found() {
    let invariant = "who is seated takes part in the conversation";
    breaks(invariant, Moment::Step, |world| {
        world.interaction().participants[1].member = Some(99);
    });
    breaks(invariant, Moment::Step, |world| {
        stored(world.conversation(), |it| drop(it["participants"].as_array_mut().unwrap().pop()))
    });
    breaks(invariant, Moment::Step, |world| {
        let mut again = world.interaction().participants[1].clone();
        again.number = 4;
        world.interaction().next_number = 5;
        world.interaction().participants.push(again);
    });
}

#[test]
fn an_accepting_agent_without_a_seat_is_found_at_rest() {
    breaks("at rest who accepted is seated", Moment::Rest, |world| {
        world.interaction().participants.pop();
    });
}
