//! Alarms: who is woken, and when.

use serde::{Deserialize, Serialize};

use super::RouterEvent;
use crate::sid::{ConversationSid, FlowExecutionSid, MessageSid};
use crate::timestamp::Timestamp;

/// Wake somebody at a time. Early, late or twice does no harm: whoever is woken looks at the time themselves. It is told
/// apart by its members: a message that was sent before there were several kinds reads as what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Wake {
    /// A router.
    Router(RouterAlarm),
    /// A conversation.
    Conversation(ConversationAlarm),
    /// Scheduled messages.
    Messages(MessagesAlarm),
    /// An execution of a flow.
    Flow(FlowAlarm),
}

impl Wake {
    /// When.
    pub const fn at(&self) -> Timestamp {
        match self {
            Self::Router(alarm) => alarm.at,
            Self::Conversation(alarm) => alarm.at,
            Self::Messages(alarm) => alarm.at,
            Self::Flow(alarm) => alarm.at,
        }
    }

    /// Whether it is sent to be early by less than a second, which whoever is woken waits for.
    pub const fn is_waited_for(&self) -> bool {
        match self {
            Self::Router(_) | Self::Conversation(_) | Self::Flow(_) => false,
            Self::Messages(alarm) => alarm.is_behind,
        }
    }
}

/// Wake a router.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterAlarm {
    /// When.
    pub at: Timestamp,
    /// What to tell the router.
    pub event: RouterEvent,
}

/// Look whether a conversation has been quiet for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ConversationAlarm {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub conversation: ConversationSid,
}

/// Let scheduled messages go. Several of one second are one alarm: that is a tenth of the requests and of the reads.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MessagesAlarm {
    /// When the last of them is due, or the first may leave behind others.
    pub at: Timestamp,
    /// Whether they leave behind others of the same time: then the moment matters, and not only the second.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_behind: bool,
    /// Which.
    pub messages: Vec<MessageSid>,
}

/// Look whether an execution of a flow has waited for long enough.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowAlarm {
    /// When.
    pub at: Timestamp,
    /// Which.
    pub execution: FlowExecutionSid,
}
