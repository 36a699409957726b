//! What a webchat (rule G) has to do with the address that it is opened by, the task that it becomes, and what was said in it.

mod transcript;

use serde_json::{Map, Value, json};

pub use self::transcript::{Line, lines, text};

use crate::address::ChannelType;
use crate::codes::Code;
use crate::configuration::{AddressConfiguration, Flow, Handler};
use crate::conversation::Conversation;
use crate::sid::FlowSid;

/// Whether chats can be opened with an address, and the flow that begins with the guest's first message. A flow that hands
/// over to nobody begins nothing, as where a customer writes by a carrier.
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
        (Handler::Studio { .. }, Some(flow)) => Ok(Some(flow.sid)),
        (Handler::Default | Handler::Webhook { .. }, _) => Ok(None),
    }
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
