//! Interactions and their twins, the conversations; their invites and tasks; their seats.

use std::collections::HashSet;

use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::interaction::{ChannelStatus, Interaction};
use switchboard_domain::sid::{ConversationSid, InteractionSid, Sid as _};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const TWINS: &str = "an interaction and its conversation are twins that name each other";
const OWNER: &str = "at rest a conversation whose flow handed over has its interaction";
const CLOSED: &str = "the conversation of a closed interaction is closed";
const INVITES: &str = "an invite and its task belong together";
const NUMBERS: &str = "invites and participants of an interaction have numbers of their own";
const ORPHAN: &str =
    "an open conversation has somebody responsible, or says that it is parked or waits";
const BELL: &str = "at rest a customer who is waited for rings";
const ENDS: &str = "at rest the channel of a conversation that is over is closed";
const TRANSFERS: &str =
    "at rest an active transfer looks for somebody, on a channel that is not over";
const SEATS: &str = "who is seated takes part in the conversation";

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Interactions) {
        return;
    }
    for interaction in view.interactions.values() {
        numbers(interaction, found);
        if view.knows(Table::Conversations) {
            with_conversation(view, interaction, found);
        }
        if view.knows(Table::Routing) {
            invites(view, interaction, found);
        }
        if view.at_rest {
            transfers(interaction, found);
        }
    }
    for conversation in view.conversations.values() {
        owner(view, conversation, found);
    }
}

/// A conversation that is to have an interaction has it, as soon as the request was handled.
fn owner(view: &View<'_>, conversation: &Conversation, found: &mut Found) {
    let Some(sid) = conversation.interaction else {
        return;
    };
    if sid != conversation.sid.twin::<InteractionSid>() {
        found.add(TWINS, "the conversation names another", [conversation.sid]);
    }
    let is_missing = !view.interactions.contains_key(&sid);
    // The customer may be gone before the request for an agent was handled.
    if view.at_rest && is_missing && conversation.state != State::Closed {
        found.add(OWNER, "the interaction is not there", [conversation.sid]);
    }
}

pub(crate) fn numbers(interaction: &Interaction, found: &mut Found) {
    let invites = interaction.invites.iter().map(|one| one.number);
    let participants = interaction.participants.iter().map(|one| one.number);
    let transfers = interaction.transfers.iter().map(|one| one.number);
    let mut seen = HashSet::new();
    for number in invites.chain(participants).chain(transfers) {
        if !seen.insert(number) {
            found.add(NUMBERS, format!("number {number} twice"), [interaction.sid]);
        } else if number >= interaction.next_number {
            found.add(NUMBERS, format!("number {number} was never given out"), [interaction.sid]);
        }
    }
    let mut reservations = HashSet::new();
    for routing in interaction.participants.iter().filter_map(|one| one.routing.as_ref()) {
        if !reservations.insert(routing.reservation) {
            let names = [interaction.sid.to_string(), routing.reservation.to_string()];
            found.add(SEATS, "two seats for one reservation", names);
        }
    }
}

/// A transfer whose task is over has an end, and so has every one of a channel that is closed.
fn transfers(interaction: &Interaction, found: &mut Found) {
    for transfer in interaction.transfers.iter().filter(|one| one.is_active()) {
        let invite = interaction.invites.iter().find(|one| one.number == transfer.invite);
        let is_over = interaction.status == ChannelStatus::Closed;
        if is_over || invite.is_none_or(|invite| invite.over) {
            let name = format!("{}/{}", interaction.sid, transfer.number);
            found.add(TRANSFERS, "nobody is looked for", [name]);
        }
    }
}

fn with_conversation(view: &View<'_>, interaction: &Interaction, found: &mut Found) {
    let sid: ConversationSid = interaction.conversation_sid();
    let names = || [interaction.sid.to_string(), sid.to_string()];
    let Some(conversation) = view.conversations.get(&sid) else {
        if view.is_untouched(sid) {
            found.add(TWINS, "the conversation is not there", names());
        } else if view.at_rest && interaction.status != ChannelStatus::Closed {
            found.add(ENDS, "the conversation was removed", names());
        }
        return;
    };
    responsible(view, interaction, conversation, found);
    if conversation.interaction != Some(interaction.sid) {
        found.add(TWINS, "the conversation does not name its interaction", names());
    }
    if interaction.status == ChannelStatus::Closed && conversation.state != State::Closed {
        found.add(CLOSED, format!("it is {}", conversation.state.name()), names());
    }
    for seat in &interaction.participants {
        let Some(member) = seat.member else { continue };
        let name = format!("{}/{}", interaction.sid, seat.number);
        if member >= conversation.next_number {
            found.add(SEATS, format!("number {member} was never given out"), [name]);
            continue;
        }
        let is_there = conversation.participant(member).is_some();
        if !seat.left && !is_there && conversation.state != State::Closed && view.is_untouched(sid)
        {
            found.add(SEATS, format!("participant {member} is not there"), [name]);
        }
    }
}

/// Whether anybody looks after it; an interaction cannot say that nobody does while somebody is there.
fn responsible(
    view: &View<'_>,
    interaction: &Interaction,
    conversation: &Conversation,
    found: &mut Found,
) {
    let names = || [interaction.sid.to_string(), conversation.sid.to_string()];
    if conversation.state == State::Closed {
        if view.at_rest && interaction.status != ChannelStatus::Closed {
            found.add(ENDS, "the conversation is closed", names());
        }
        return;
    }
    if interaction.responsible().is_none() {
        found.add(ORPHAN, "nobody is responsible, and nobody knows", names());
    }
    let waited_for = interaction.unattended.as_ref().filter(|it| it.rings);
    let unheard = waited_for.filter(|rest| conversation.bell != Some(rest.number));
    if let Some(rest) = unheard.filter(|_| view.at_rest) {
        let what = format!("{:?} hangs, and {} is waited for", conversation.bell, rest.number);
        found.add(BELL, what, names());
    }
    if interaction.is_attended() && interaction.unattended.is_some() {
        found.add(ORPHAN, "somebody is responsible, and it says that nobody is", names());
    }
}

fn invites(view: &View<'_>, interaction: &Interaction, found: &mut Found) {
    if interaction.invites.is_empty() {
        found.add(INVITES, "an interaction without an invite", [interaction.sid]);
    }
    for invite in &interaction.invites {
        let name = format!("{}/{}", interaction.sid, invite.number);
        let Some(task) = view.tasks.get(&invite.task) else {
            // A task that is over is dropped in its time, and the invite hears of its end before.
            if view.at_rest && !invite.over {
                let what = "the invite waits for a task that is not there";
                found.add(INVITES, what, [name, invite.task.to_string()]);
            }
            continue;
        };
        let names = [name, task.sid.to_string()];
        if task.interaction != Some(interaction.sid) {
            found.add(INVITES, "the task is another interaction's", names);
        } else if invite.over && !task.status.is_over() {
            found.add(INVITES, format!("it is over, and its task {}", task.status.name()), names);
        } else if view.at_rest && !invite.over && task.status.is_over() {
            let what = format!("it is not over, and its task is {}", task.status.name());
            found.add(INVITES, what, names);
        }
    }
}
