//! Telling webhooks of what happened to a delivery.

use switchboard_domain::address::ChannelType;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{Conversation, Source};
use switchboard_domain::effect::Effect;
use switchboard_domain::message::{Message, Progress};
use switchboard_domain::process::{notify, schedule};
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// The calls that a delivery leads to that got further: of the webhooks of its conversation, or else of whoever the message
    /// names.
    pub async fn calls_about(
        &self,
        message: &Message,
        progress: &Progress,
    ) -> Result<Vec<Effect>, Failure> {
        let events = &progress.events;
        let (Some(conversation), Some(event)) = (message.conversation, events.first()) else {
            return Ok(schedule::status_calls(message, &progress.message));
        };
        let conversation: Option<Conversation> =
            self.store.get(key::conversation(conversation)).await?;
        let Some(conversation) = conversation else {
            return Ok(Vec::new());
        };
        let settings: Option<ConversationConfiguration> =
            self.store.get(key::conversation_configuration()).await?;
        let listening = settings.unwrap_or_default().listening(conversation.service);
        let copy = event.number().and_then(|number| message.delivery(number));
        let channel = copy.map_or(ChannelType::Sms, |copy| copy.pair.address.channel());
        Ok(notify::calls(&conversation, events, &Source::Channel(channel), listening))
    }
}
