//! Flows: what a published definition of widgets does with a conversation.
//!
//! ```text
//!  definition ── read, once ──▶ graph ── advance, with an execution and what came in ──▶ execution, acts
//!                                              │ runs on until a widget waits, or nothing stands behind it
//! ```
//!
//! A step is a pure rule, taken inside the decision about the customer's message, or about what else the execution waited for. Calls of
//! others are effects; what they answer is what comes in next.

mod condition;
mod context;
mod end;
mod execution;
mod graph;
mod machine;
mod reading;
mod text;
mod trigger;
mod widget;

#[cfg(test)]
mod tests;

use serde_json::{Map, Value, json};

pub use self::condition::{Condition, How};
pub use self::end::{End, Trouble};
pub use self::execution::{FlowExecution, FlowSteps, Frame, STEPS_KEPT, Step, Wait};
pub use self::graph::{Graph, Program, Programs};
pub use self::machine::{Act, Input, SAYS_MAX, Turn, advance, request_of};
pub use self::trigger::{Said, Trigger};
pub use self::widget::{Answer, Ask, Handing, Request, RequestBody, SendToFlex};
use crate::conversation::Conversation;

/// The longest definition that is kept, in bytes.
pub const DEFINITION_BYTES_MAX: usize = 256 * 1024;
/// The most states that a definition has (the published schema).
pub const STATES_MAX: usize = 1000;
/// How long a task of a flow waits if the widget does not say, in seconds (rule A.6).
pub const TASK_TIMEOUT_SECONDS: i64 = 3600;
/// The longest it may wait, in seconds.
pub const TASK_TIMEOUT_SECONDS_MAX: i64 = 1_209_600;
/// The longest attributes that the widget may add, in characters.
pub const ATTRIBUTES_CHARS_MAX: usize = 1024;

/// Why a definition is not kept.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum FlowError {
    /// Too large.
    #[error("Definition is longer than {DEFINITION_BYTES_MAX} bytes")]
    TooLarge,
    /// Not JSON.
    #[error("Definition is not valid JSON: line {0}, column {1}")]
    NotJson(usize, usize),
    /// A member is missing or wrong.
    #[error("Definition member {0} {1}")]
    Member(String, &'static str),
    /// A widget that nobody knows.
    #[error("Definition member states.{0} is a widget of an unknown type, {1}")]
    UnknownWidget(String, String),
    /// A widget of a call, of which there are none here.
    #[error("Definition member states.{0} is a voice widget, {1}: there are no calls here")]
    VoiceWidget(String, String),
}

/// The attributes that a task gets: what the widget says of the customer, and what its author added.
pub fn task_attributes(handing: &Handing, conversation: &Conversation) -> Value {
    let mut all = Map::new();
    if let Some(pair) = conversation.contact() {
        let address = pair.address.as_str();
        for key in ["customerAddress", "from", "name", "customerName"] {
            all.insert(key.to_owned(), json!(address));
        }
        all.insert("channelType".to_owned(), json!(pair.address.channel().name()));
    }
    all.extend(handing.attributes.clone());
    Value::Object(all)
}
