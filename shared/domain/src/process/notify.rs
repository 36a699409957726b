//! What follows from a change of a conversation: the records to write, the copies to carry, the webhooks to call. No
//! other place makes calls of events.

use super::conversation::ConversationChange;
use crate::conversation::{Conversation, ConversationEvent, Pointer, Source};
use crate::decision::Decision;
use crate::effect::{Call, Effect, SendRequest, WebhookCall};
use crate::message::{Delivery, Message};
use crate::record::Record;
use crate::sid::{MessageSid, Sid as _};

impl From<ConversationChange> for Decision {
    /// Everything that goes with the change, in one transaction. Effects travel with a record that is written; of a
    /// conversation that is gone none is left to carry them, so its webhooks do not hear of its end.
    fn from(change: ConversationChange) -> Self {
        let posted =
            change.events.iter().any(|it| matches!(it, ConversationEvent::MessageAdded { .. }));
        let message = change.message.as_ref().filter(|_| posted);
        let mut effects: Vec<Effect> = message.map(sends).unwrap_or_default();
        if !change.is_removed {
            effects.extend(calls(&change.conversation, &change.events, change.source));
        }
        let mut decision = Self::unchanged();
        decision.deletes.extend(change.vanish.into_iter().map(Record::from));
        if change.is_removed {
            decision = decision.without(change.conversation);
        } else if change.is_written {
            decision = decision.and(change.conversation);
        }
        decision.puts.extend(change.appear.into_iter().map(Record::from));
        decision.puts.extend(change.filled.into_iter().map(Record::from));
        let touched = change.events.iter().any(|event| event.message().is_some());
        decision.puts.extend(change.message.filter(|_| touched).map(Record::from));
        decision.asking(effects)
    }
}

impl From<Pointer> for Record {
    fn from(pointer: Pointer) -> Self {
        match pointer {
            Pointer::Binding(it) => it.into(),
            Pointer::Membership(it) => it.into(),
            Pointer::Name(it) => it.into(),
            Pointer::User(it) => it.into(),
        }
    }
}

/// The calls that events lead to: one for each webhook that listens to each of them (rule B.5).
pub fn calls(
    conversation: &Conversation,
    events: &[ConversationEvent],
    source: Source,
) -> Vec<Effect> {
    if !source.tells_webhooks() {
        return Vec::new();
    }
    let of = |event: &ConversationEvent| {
        let listening = conversation.webhooks.iter().filter(|webhook| webhook.listens_to(event));
        let call = |number| WebhookCall {
            conversation: conversation.sid,
            webhook: number,
            event: event.name(),
            message: event.message(),
            number: event.number(),
            state_from: event.state_from().map(|state| state.name().to_owned()),
            source: source.name().to_owned(),
        };
        let calls = listening.map(|webhook| call(webhook.number));
        calls.map(|call| Effect::Notify(Call::Conversation(call))).collect::<Vec<_>>()
    };
    events.iter().flat_map(of).collect()
}

/// Asks for every copy of a message to be handed to its carrier.
pub fn sends(message: &Message) -> Vec<Effect> {
    message.deliveries.iter().map(|delivery| send(message, delivery)).collect()
}

fn send(message: &Message, delivery: &Delivery) -> Effect {
    let pair = &delivery.pair;
    let group = MessageSid::derived(&[pair.address.as_str(), pair.proxy.as_str()]);
    Effect::Send(SendRequest {
        message: message.sid,
        delivery: delivery.number,
        group: group.to_string()[2..].to_owned(),
    })
}
