//! What a flow knows, as its texts look it up.
//!
//! `trigger.message`, `trigger.conversation`, `trigger.request`, `trigger.parent`, `flow.variables`, `flow.data`, `flow.channel`,
//! `flow.sid`, `flow.flow_sid`, `contact.channel.address`, `widgets.NAME`: <https://www.twilio.com/docs/studio/user-guide/get-started>, and public
//! exports for the members of a message.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};

use super::execution::{FlowExecution, Frame};
use crate::private::Private;
use crate::sid::{ConversationSid, MessageSid, ServiceSid};

/// What began a flow.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Trigger {
    /// A customer's message.
    Message(Said),
    /// A request, with its parameters.
    Request(Value),
    /// A flow that runs this one, with its parameters.
    Parent(Value),
}

/// What a customer wrote.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Said {
    /// The message.
    pub message: MessageSid,
    /// Its conversation.
    pub conversation: ConversationSid,
    /// The service of that.
    pub service: ServiceSid,
    /// Who wrote.
    pub from: String,
    /// To which address of ours.
    pub to: String,
    /// The text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub body: Option<Private<String>>,
    /// How many files came with it.
    #[serde(default, skip_serializing_if = "is_none")]
    pub files: usize,
    /// The attributes of the conversation, as JSON text.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<Private<String>>,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_none(count: &usize) -> bool {
    *count == 0
}

impl Said {
    /// By the names that flows look it up by.
    pub(super) fn shown(&self) -> Value {
        let body = self.body.as_ref().map(|body| body.0.as_str()).unwrap_or_default();
        let attributes = self.attributes.as_ref().map_or("{}", |it| it.0.as_str());
        let attributes: Value = serde_json::from_str(attributes).unwrap_or_else(|_| json!({}));
        json!({
            "Body": body,
            "From": self.from,
            "To": self.to,
            "Author": self.from,
            "MessageBody": body,
            "MessageAuthor": self.from,
            "MessageSid": self.message,
            "ConversationSid": self.conversation,
            "ChannelSid": self.conversation,
            "ChatServiceSid": self.service,
            "InstanceSid": self.service,
            "NumMedia": self.files.to_string(),
            "ChannelAttributes": attributes,
        })
    }
}

impl Trigger {
    /// The events that it is to a trigger, the first that leads anywhere counts.
    pub(super) const fn events(&self) -> &'static [&'static str] {
        match self {
            Self::Message(_) => &["incomingConversationMessage", "incomingMessage"],
            Self::Request(_) => &["incomingRequest"],
            Self::Parent(_) => &["incomingParent"],
        }
    }

    fn shown(&self) -> Value {
        match self {
            Self::Message(said) => {
                let said = said.shown();
                json!({"message": said, "conversation": said})
            }
            Self::Request(parameters) => json!({"request": {"parameters": parameters}}),
            Self::Parent(parameters) => json!({"parent": {"parameters": parameters}}),
        }
    }

    fn parameters(&self) -> Value {
        match self {
            Self::Message(_) => json!({}),
            Self::Request(parameters) | Self::Parent(parameters) => parameters.clone(),
        }
    }
}

impl FlowExecution {
    /// What it knows where it is.
    pub fn context(&self) -> Value {
        match self.frames.last() {
            Some(frame) => self.context_of(frame),
            None => json!({}),
        }
    }

    fn context_of(&self, frame: &Frame) -> Value {
        let mut shown = frame.trigger.shown();
        if let (Value::Object(all), Some(first)) = (&mut shown, self.frames.first()) {
            // A flow within another one hears of the message that began that one.
            if let (true, Value::Object(outer)) = (self.frames.len() > 1, first.trigger.shown()) {
                outer.into_iter().for_each(|(key, value)| {
                    all.entry(key).or_insert(value);
                });
            }
        }
        json!({
            "trigger": shown,
            "flow": {
                "sid": self.sid,
                "flow_sid": frame.flow,
                "variables": frame.variables,
                "data": frame.trigger.parameters(),
                "channel": {"address": self.channel, "sid": self.conversation},
            },
            "contact": {"channel": {"address": self.contact}},
            "widgets": frame.widgets,
        })
    }
}

/// Keeps a widget's output under its name, one beside the other.
pub(super) fn keep(widgets: &mut Map<String, Value>, name: &str, output: Value) {
    match (widgets.get_mut(name), output) {
        (Some(Value::Object(known)), Value::Object(new)) => known.extend(new),
        (_, output) => {
            widgets.insert(name.to_owned(), output);
        }
    }
}
