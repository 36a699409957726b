//! What follows from a change of a conversation: the records to write, the copies to carry, the webhooks to call. No
//! other place makes calls of events.

use super::conversation::ConversationChange;
use super::media;
use crate::carriage::DeliveryStatus;
use crate::conversation::{
    Conversation, ConversationEvent, EventName, Level, Listening, Pointer, RemovedConversation,
    ReplayStep, Retold, Source, State, User,
};
use crate::decision::Decision;
use crate::effect::{Call, Effect, InviteRequest, ReplayCall, SendRequest, UserCall, WebhookCall};
use crate::message::{Delivery, Message};
use crate::record::Record;
use crate::sid::{MessageSid, Sid as _};

impl From<ConversationChange> for Decision {
    /// Everything that goes with the change, in one transaction. Effects travel with a record that is written: of a
    /// conversation that is gone, what is left of it if its end is told.
    fn from(change: ConversationChange) -> Self {
        let posted =
            change.events.iter().any(|it| matches!(it, ConversationEvent::MessageAdded { .. }));
        let message = change.message.as_ref().filter(|_| posted);
        let all = change.earlier.iter().filter(|_| posted).chain(message);
        let mut effects: Vec<Effect> = Vec::new();
        for message in all {
            effects.extend(sends(message));
            effects.extend(media::copies(message));
        }
        let is_taken =
            |it: &ConversationEvent| matches!(it, ConversationEvent::MessageRemoved { .. });
        let withdrawn = change.message.as_ref().filter(|_| change.events.iter().any(is_taken));
        effects.extend(withdrawn.and_then(media::removals));
        effects.extend(begun(&change));
        if !change.is_removed {
            effects.extend(of_newcomers(&change));
            effects.extend(of_beginning(&change));
        }
        effects.extend(of_interaction(&change));
        let (events, listening) = (&change.events, change.listening);
        effects.extend(calls(&change.conversation, events, &change.source, listening));
        effects.extend(change.replay.iter().flat_map(|step| of_replay(&change.conversation, step)));
        // A conversation stays below a kilobyte as long as it does not carry what the account and the service are told.
        let carries = posted && effects.iter().any(is_told_elsewhere);
        let touched = change.events.iter().any(|event| event.message().is_some());
        let message = change.message.filter(|_| touched).map(Record::from);
        let (first, last) = if carries { (message, None) } else { (None, message) };
        let mut decision = Self::unchanged();
        decision.puts.extend(first);
        decision.deletes.extend(change.vanish.into_iter().map(Record::from));
        if change.is_removed {
            if !effects.is_empty() {
                let last = RemovedConversation::new(change.conversation.clone(), change.at);
                decision = decision.and(last);
            }
            decision = decision.without(change.conversation);
        } else if change.is_written {
            decision = decision.and(change.conversation);
        }
        decision.puts.extend(change.appear.into_iter().map(Record::from));
        decision.puts.extend(change.filled.into_iter().map(Record::from));
        decision.puts.extend(change.earlier.into_iter().filter(|_| touched).map(Record::from));
        decision.puts.extend(last);
        decision.asking(effects)
    }
}

/// What the interaction of a conversation is told: that its customer writes who is waited for, and that the conversation is over.
fn of_interaction(change: &ConversationChange) -> Vec<Effect> {
    let Some(interaction) = change.conversation.interaction else { return Vec::new() };
    let rung = change.rung.map(|number| InviteRequest::Rung { interaction, number });
    let ends = change.events.iter().any(|event| match event {
        ConversationEvent::StateUpdated { to, .. } => *to == State::Closed,
        ConversationEvent::ConversationRemoved => change.conversation.state != State::Closed,
        ConversationEvent::ConversationUpdated
        | ConversationEvent::ParticipantAdded { .. }
        | ConversationEvent::ParticipantUpdated { .. }
        | ConversationEvent::ParticipantRemoved { .. }
        | ConversationEvent::MessageAdded { .. }
        | ConversationEvent::MessageUpdated { .. }
        | ConversationEvent::MessageRemoved { .. }
        | ConversationEvent::DeliveryUpdated { .. }
        | ConversationEvent::SpeakerChanged(_)
        | ConversationEvent::Waiting => false,
    });
    // The interaction knows what it does itself.
    let ends = ends && change.source != Source::Interaction;
    let over = ends.then_some(InviteRequest::ConversationOver { interaction });
    rung.into_iter().chain(over).map(Effect::Invite).collect()
}

/// The interaction that the flow of a webchat asks for in its first step.
fn begun(change: &ConversationChange) -> Option<Effect> {
    let flow = change.begins?;
    let (interaction, conversation) = (change.conversation.interaction?, change.conversation.sid);
    let message = change.message.as_ref().map(|message| message.sid);
    Some(Effect::Invite(InviteRequest::Open {
        interaction,
        conversation,
        flow,
        message,
        execution: None,
    }))
}

/// Whether a call is one of the account's or the service's webhook about a conversation.
const fn is_told_elsewhere(effect: &Effect) -> bool {
    matches!(effect, Effect::Notify(Call::Conversation(call)) if !call.level.is_conversation())
}

impl From<Pointer> for Record {
    fn from(pointer: Pointer) -> Self {
        match pointer {
            Pointer::Binding(it) => it.into(),
            Pointer::Group(it) => it.into(),
            Pointer::Membership(it) => it.into(),
            Pointer::Name(it) => it.into(),
            Pointer::User(it) => it.into(),
        }
    }
}

/// The calls about users who are new with the change.
fn of_newcomers(change: &ConversationChange) -> Vec<Effect> {
    let users = change.appear.iter().filter_map(|pointer| match pointer {
        Pointer::User(user) => Some(user),
        Pointer::Binding(_) | Pointer::Group(_) | Pointer::Membership(_) | Pointer::Name(_) => None,
    });
    let event = EventName::OnUserAdded;
    users.flat_map(|user| of_user(user, event, &change.source, change.listening)).collect()
}

/// The calls about a conversation that begins.
fn of_beginning(change: &ConversationChange) -> Vec<Effect> {
    let begins = change.is_written && change.conversation.version.is_new();
    if !begins || !change.source.tells_webhooks() {
        return Vec::new();
    }
    let event = EventName::OnConversationAdded;
    let call = |level| WebhookCall {
        conversation: change.conversation.sid,
        webhook: 0,
        level,
        event,
        message: None,
        number: None,
        who: None,
        state_from: None,
        state_to: None,
        reason: None,
        speaker: None,
        source: change.source.name().to_owned(),
        client: change.source.client().map(|it| it.identity.clone()),
    };
    let calls = change.listening.levels(event).map(call);
    calls.map(|call| Effect::Notify(Call::Conversation(call))).collect()
}

/// The calls about a user that an event leads to, at the levels that want to hear of it.
pub fn of_user(
    user: &User,
    event: EventName,
    source: &Source,
    listening: Listening,
) -> Vec<Effect> {
    if !source.tells_webhooks() {
        return Vec::new();
    }
    let call = |level| UserCall {
        user: user.sid,
        level,
        event,
        source: source.name().to_owned(),
        client: source.client().map(|it| it.identity.clone()),
    };
    listening.levels(event).map(call).map(|call| Effect::Notify(Call::User(call))).collect()
}

/// The calls that events lead to: one for each webhook that listens to each of them (rule B.5).
pub fn calls(
    conversation: &Conversation,
    events: &[ConversationEvent],
    source: &Source,
    listening: Listening,
) -> Vec<Effect> {
    if !source.tells_webhooks() {
        return Vec::new();
    }
    let of = |event: &ConversationEvent| {
        let own = conversation.webhooks.iter().filter(|webhook| webhook.listens_to(event));
        let call = |(level, number)| WebhookCall {
            conversation: conversation.sid,
            webhook: number,
            level,
            event: event.name(),
            message: event.message(),
            number: event.number(),
            who: event.who_left().cloned().map(Box::new),
            state_from: event.state_change().map(|change| change.from.name().to_owned()),
            state_to: event.state_change().map(|change| change.to.name().to_owned()),
            reason: event.state_change().map(|change| change.reason),
            speaker: event.speaker_change().cloned().map(Box::new),
            source: source.name().to_owned(),
            client: source.client().map(|it| it.identity.clone()),
        };
        let own = own.map(|webhook| (Level::Conversation, webhook.number));
        let others = listening.levels(event.name()).map(|level| (level, 0));
        let calls = own.chain(others).map(call);
        calls.map(|call| Effect::Notify(Call::Conversation(call))).collect::<Vec<_>>()
    };
    events.iter().flat_map(of).collect()
}

/// The calls of a step of a replay, and the step after it: in one line, so that they are made in order.
fn of_replay(conversation: &Conversation, step: &ReplayStep) -> Vec<Effect> {
    let (conversation, webhook) = (conversation.sid, step.webhook);
    let call = |one: &Retold| WebhookCall {
        conversation,
        webhook,
        level: Level::Conversation,
        event: EventName::OnMessageAdded,
        message: Some(one.message),
        number: one.author,
        who: None,
        state_from: None,
        state_to: None,
        reason: None,
        speaker: None,
        source: one.source.to_owned(),
        client: None,
    };
    let calls = step.told.iter().map(call).map(Call::Conversation);
    let next = step.next.map(|from| Call::Replay(ReplayCall { conversation, webhook, from }));
    calls.chain(next).map(Effect::Notify).collect()
}

/// Asks for every copy of a message to be handed to its carrier, unless its time has not come; those of a group are handed over
/// with one of them.
pub fn sends(message: &Message) -> Vec<Effect> {
    let is_sent = |copy: &&Delivery| copy.status == DeliveryStatus::Queued && copy.led_by.is_none();
    let all = message.deliveries.iter().filter(is_sent);
    all.map(|delivery| send(message, delivery)).collect()
}

fn send(message: &Message, delivery: &Delivery) -> Effect {
    let pair = &delivery.pair;
    let (to, by) = (pair.address.as_str(), pair.proxy.as_str());
    // What goes to a group stays in order whoever of it is named first.
    let group = match message.conversation.filter(|_| message.goes_to_a_group(delivery)) {
        Some(conversation) => MessageSid::derived(&["group", &conversation.to_string()]),
        None => MessageSid::derived(&[to, by]),
    };
    Effect::Send(SendRequest {
        message: message.sid,
        delivery: delivery.number,
        group: group.to_string()[2..].to_owned(),
    })
}
