//! How an execution ends.

use serde::{Deserialize, Serialize};

/// Why it ended.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum End {
    /// It came to a widget behind which nothing stands.
    Finished,
    /// The conversation is an agent's now.
    HandedOver,
    /// Somebody ended it.
    Stopped,
    /// It could not go on; the customer is handed to the flow's own agents, if it has any.
    Failed(Trouble),
}

/// Why it could not go on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "snake_case")]
pub enum Trouble {
    /// It goes round without waiting for anybody.
    #[error("it goes round without waiting")]
    Loop,
    /// It takes more steps than an execution may.
    #[error("it takes too many steps")]
    TooManySteps,
    /// A text cannot be filled in.
    #[error("a text cannot be filled in: {0}")]
    Template(String),
    /// What it remembers is too large.
    #[error("it remembers too much")]
    TooLarge,
    /// It runs flows within flows, too deep.
    #[error("it runs flows too deep within each other")]
    TooDeep,
    /// A flow, or the revision that it began with, is gone.
    #[error("the flow or its revision is gone")]
    NoSuchFlow,
    /// It speaks, and nobody is there to hear it.
    #[error("there is no conversation to speak in")]
    NobodyThere,
    /// What it wanted of the conversation was refused; with the published code.
    #[error("the conversation refused: {0}")]
    Refused(u32),
    /// What a task would know is no JSON object.
    #[error("the attributes are no JSON object")]
    Attributes,
    /// The workflow or task channel that it hands over to is gone.
    #[error("the workflow or task channel is gone")]
    NobodyToHandOverTo,
}

impl End {
    /// In one word, as an execution shows it.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Finished => "finished",
            Self::HandedOver => "handed-over",
            Self::Stopped => "stopped",
            Self::Failed(_) => "failed",
        }
    }
}
