//! What is left of a conversation that was removed, for as long as its webhooks may be told of its end.

use serde::{Deserialize, Serialize};

use super::Conversation;
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// It is kept for so long: longer than a call of a webhook is tried again.
const KEPT: Millis = Millis::seconds(14 * 86_400);

/// A conversation that was removed. It is written only if somebody is told.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RemovedConversation {
    /// As it was, but for its participants, who are gone before it.
    pub last: Conversation,
    /// When it was removed.
    pub at: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl RemovedConversation {
    /// What is left of a conversation.
    pub const fn new(last: Conversation, at: Timestamp) -> Self {
        Self { last, at, version: Version::NEW }
    }

    /// Until when it is kept.
    pub fn until(&self) -> Timestamp {
        self.at + KEPT
    }
}
