//! Telling a conversation's webhooks of what happened to a delivery.

use switchboard_domain::conversation::{Conversation, Notice, Source};
use switchboard_domain::effect::Effect;
use switchboard_domain::message::Message;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// The calls of `onDeliveryUpdated` webhooks of the conversation that the message is in, if any.
    pub async fn delivery_updated(
        &self,
        message: &Message,
        number: u32,
    ) -> Result<Vec<Effect>, Failure> {
        let Some(conversation) = message.conversation else {
            return Ok(Vec::new());
        };
        let conversation: Option<Conversation> =
            self.store.get(key::conversation(conversation)).await?;
        let notice = Notice {
            message: Some(message.sid),
            number: Some(number),
            ..Notice::of("onDeliveryUpdated")
        };
        Ok(conversation.map(|it| it.tell(&notice, Source::Channel)).unwrap_or_default())
    }
}
