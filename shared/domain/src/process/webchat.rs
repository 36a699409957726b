//! What a webchat (rule G) has to do with the address that it is opened by, the task that it becomes, and what was said in it.

mod transcript;

use std::sync::Arc;

use serde_json::{Map, Value, json};

pub use self::transcript::{Line, lines, text};

use super::flow::execution_of;
use crate::address::ChannelType;
use crate::codes::Code;
use crate::configuration::{AddressConfiguration, Flow, Handler};
use crate::conversation::Conversation;
use crate::flow::{
    FlowExecution, Graph, Handing, Input, Program, Programs, Said, SendToFlex, Trigger, advance,
};
use crate::message::Message;
use crate::private::Private;
use crate::sid::FlowSid;
use crate::timestamp::Timestamp;

/// Whether chats can be opened with an address, and the flow that begins with the guest's first message. A flow that hands
/// over to nobody begins nothing: there is no live connection yet by which a guest could be asked.
///
/// # Errors
/// [`Code::InvalidWebchatParameter`] for another channel, [`Code::AutoCreationDisabled`], and
/// [`Code::AutoCreationFlowMissing`] if its flow is gone.
pub fn flow_of(
    address: &AddressConfiguration,
    flow: Option<&Flow>,
) -> Result<Option<FlowSid>, Code> {
    if address.kind != ChannelType::Chat {
        return Err(Code::InvalidWebchatParameter);
    }
    if !address.enabled {
        return Err(Code::AutoCreationDisabled);
    }
    match (&address.handler, flow) {
        (Handler::Studio { .. }, None) => Err(Code::AutoCreationFlowMissing),
        (Handler::Studio { .. }, Some(flow)) => Ok(hands_over(flow).then_some(flow.sid)),
        (Handler::Default | Handler::Webhook { .. }, _) => Ok(None),
    }
}

fn hands_over(flow: &Flow) -> bool {
    let graph = Graph::read(&flow.definition).ok().filter(|_| flow.published);
    let agents = graph.as_ref().and_then(Graph::fallback).map(SendToFlex::plain);
    agents.is_some_and(|to| flow.route_to(to.workflow, &to.channel).is_some())
}

/// To whom the flow of a webchat leads a guest who wrote that first, if it comes there without waiting; else, plainly, to its first
/// Send to Flex. What it says on the way is not said.
pub fn led_to(
    flow: &Flow,
    conversation: &Conversation,
    message: Option<&Message>,
    now: Timestamp,
) -> Option<Handing> {
    let graph = Graph::read(&flow.definition).ok()?;
    let plain = graph.fallback().map(SendToFlex::plain);
    let guest = conversation.webchat.as_ref().map(|chat| chat.guest.clone()).unwrap_or_default();
    let straight = message.and_then(|message| {
        let addresses = (guest, String::new());
        let said = Said {
            message: message.sid,
            conversation: conversation.sid,
            service: conversation.service,
            from: addresses.0.clone(),
            to: addresses.1.clone(),
            body: message.body.clone(),
            files: message.media.len(),
            attributes: conversation.attributes.clone().map(Private),
        };
        let of = (flow.sid, flow.revision);
        let program = Program { flow: of.0, revision: of.1, graph };
        let (sid, trigger) = (execution_of(message.sid), Trigger::Message(said));
        let begins = FlowExecution::new(sid, of, addresses, trigger, now);
        let programs = Programs::from([(flow.sid, Arc::new(program))]);
        advance(&programs, &begins, Input::Begin, now)?.execution.handing
    });
    straight.or(plain)
}

/// The attributes of the task for a webchat: what is known of the guest, under the names that customers on other channels have
/// (rule C.3). What the flow's author wrote wins.
pub fn with_guest(attributes: Value, conversation: &Conversation) -> Value {
    let (Some(chat), Value::Object(given)) = (&conversation.webchat, &attributes) else {
        return attributes;
    };
    let mut all = Map::new();
    all.insert("customerAddress".to_owned(), json!(chat.guest));
    for key in ["from", "name", "customerName"] {
        all.insert(key.to_owned(), json!(chat.called()));
    }
    all.insert("channelType".to_owned(), json!("web"));
    all.extend(given.clone());
    Value::Object(all)
}

#[cfg(test)]
mod tests;
