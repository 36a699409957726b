//! What begins a flow, and what a customer wrote.

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

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
    /// Who wrote; an execution knows it.
    #[serde(skip)]
    pub from: String,
    /// To which address of ours; likewise.
    #[serde(skip)]
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
    /// What is kept of a reply; the rest is known.
    pub(super) fn kept(&self) -> Value {
        let body = self.body.as_ref().map(|body| body.0.as_str()).unwrap_or_default();
        match self.files {
            0 => json!({ "Body": body, "MessageSid": self.message }),
            files => {
                json!({ "Body": body, "MessageSid": self.message, "NumMedia": files.to_string() })
            }
        }
    }

    /// By the names that flows look it up by.
    pub(super) fn shown(&self, from: &str, to: &str) -> Value {
        let body = self.body.as_ref().map(|body| body.0.as_str()).unwrap_or_default();
        let attributes = self.attributes.as_ref().map_or("{}", |it| it.0.as_str());
        let attributes: Value = serde_json::from_str(attributes).unwrap_or_else(|_| json!({}));
        json!({
            "Body": body,
            "From": from,
            "To": to,
            "Author": from,
            "MessageBody": body,
            "MessageAuthor": from,
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

    pub(super) fn shown(&self, from: &str, to: &str) -> Value {
        match self {
            Self::Message(said) => {
                let said = said.shown(from, to);
                json!({"message": said, "conversation": said})
            }
            Self::Request(parameters) => json!({"request": {"parameters": parameters}}),
            Self::Parent(parameters) => json!({"parent": {"parameters": parameters}}),
        }
    }

    pub(super) fn parameters(&self) -> Value {
        match self {
            Self::Message(_) => json!({}),
            Self::Request(parameters) | Self::Parent(parameters) => parameters.clone(),
        }
    }
}
