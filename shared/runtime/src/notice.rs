//! Telling webhooks of what happened to a delivery.

use switchboard_domain::address::ChannelType;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{Conversation, ConversationEvent, Source};
use switchboard_domain::effect::Effect;
use switchboard_domain::message::Message;
use switchboard_domain::process::notify;
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// The calls that events of a message lead to, if it is in a conversation.
    pub async fn calls_about(
        &self,
        message: &Message,
        events: &[ConversationEvent],
    ) -> Result<Vec<Effect>, Failure> {
        let (Some(conversation), Some(event)) = (message.conversation, events.first()) else {
            return Ok(Vec::new());
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
