//! Telling a conversation's webhooks of what happened to a delivery.

use switchboard_domain::conversation::{Conversation, ConversationEvent, Source};
use switchboard_domain::effect::Effect;
use switchboard_domain::message::Message;
use switchboard_domain::process::notify;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// The calls that an event of a message leads to in the conversation that it is in, if it is in one.
    pub async fn calls_about(
        &self,
        message: &Message,
        event: Option<ConversationEvent>,
    ) -> Result<Vec<Effect>, Failure> {
        let (Some(conversation), Some(event)) = (message.conversation, event) else {
            return Ok(Vec::new());
        };
        let conversation: Option<Conversation> =
            self.store.get(key::conversation(conversation)).await?;
        let told = |it: Conversation| notify::calls(&it, &[event], Source::Channel);
        Ok(conversation.map(told).unwrap_or_default())
    }
}
