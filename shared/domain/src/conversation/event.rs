//! What happens in a conversation, and where it came from: together they say who is told (rule B.5).

use serde::{Deserialize, Serialize};

use super::{HookName, Participant, SpeakerChange, State};
use crate::address::ChannelType;
use crate::sid::MessageSid;

/// The published name of an event, as the filters of webhooks and the calls themselves spell it.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase", ascii_case_insensitive)]
#[expect(missing_docs, reason = "each is the event of that name")]
pub enum EventName {
    OnMessageAdded,
    OnMessageUpdated,
    OnMessageRemoved,
    OnConversationUpdated,
    OnConversationStateUpdated,
    OnConversationRemoved,
    OnParticipantAdded,
    OnParticipantUpdated,
    OnParticipantRemoved,
    OnDeliveryUpdated,
    OnConversationAdded,
    OnUserAdded,
    OnUserUpdated,
    OnSpeakerChanged,
    OnConversationUnattended,
}

impl EventName {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether a conversation's own webhook can hear of it: a conversation begins before it has one, and users are of no
    /// conversation.
    pub const fn is_scoped(self) -> bool {
        !matches!(self, Self::OnConversationAdded | Self::OnUserAdded | Self::OnUserUpdated)
    }
}

/// What changed the state of a conversation, as webhooks are told (rule B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "UPPERCASE")]
#[strum(serialize_all = "UPPERCASE")]
pub enum Reason {
    /// Somebody who said so.
    Api,
    /// It was quiet for long enough.
    Timer,
    /// A message.
    Event,
}

impl Reason {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A change of a conversation's state.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StateChange {
    /// The state before.
    pub from: State,
    /// The state that it came to.
    pub to: State,
    /// What changed it.
    pub reason: Reason,
}

/// Something that happened in a conversation. Rules answer events; who hears of them is worked out in one place,
/// `process::notify`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ConversationEvent {
    /// Its description changed.
    ConversationUpdated,
    /// Its state changed.
    StateUpdated {
        /// The state before.
        from: State,
        /// The state that it came to.
        to: State,
        /// What changed it.
        reason: Reason,
    },
    /// It is gone.
    ConversationRemoved,
    /// A participant joined.
    ParticipantAdded {
        /// The participant's number.
        number: u32,
    },
    /// A participant changed.
    ParticipantUpdated {
        /// The participant's number.
        number: u32,
    },
    /// A participant left.
    ParticipantRemoved {
        /// The participant's number.
        number: u32,
        /// Who it was.
        who: Box<Participant>,
    },
    /// A message was posted.
    MessageAdded {
        /// The message.
        message: MessageSid,
        /// The number of the participant who wrote it.
        author: Option<u32>,
    },
    /// A message was edited.
    MessageUpdated {
        /// The message.
        message: MessageSid,
        /// The number of the participant who wrote it.
        author: Option<u32>,
    },
    /// The content of a message was removed.
    MessageRemoved {
        /// The message.
        message: MessageSid,
        /// The number of the participant who wrote it.
        author: Option<u32>,
    },
    /// A copy of a message got further on its way, or failed.
    DeliveryUpdated {
        /// The message.
        message: MessageSid,
        /// The number of the delivery within it.
        number: u32,
    },
    /// Somebody else may write from now on, or nobody.
    SpeakerChanged(Box<SpeakerChange>),
    /// Nobody is responsible for it any more, and nobody meant that.
    Waiting,
}

impl ConversationEvent {
    /// Its published name.
    pub const fn name(&self) -> EventName {
        match self {
            Self::ConversationUpdated => EventName::OnConversationUpdated,
            Self::StateUpdated { .. } => EventName::OnConversationStateUpdated,
            Self::ConversationRemoved => EventName::OnConversationRemoved,
            Self::ParticipantAdded { .. } => EventName::OnParticipantAdded,
            Self::ParticipantUpdated { .. } => EventName::OnParticipantUpdated,
            Self::ParticipantRemoved { .. } => EventName::OnParticipantRemoved,
            Self::MessageAdded { .. } => EventName::OnMessageAdded,
            Self::MessageUpdated { .. } => EventName::OnMessageUpdated,
            Self::MessageRemoved { .. } => EventName::OnMessageRemoved,
            Self::DeliveryUpdated { .. } => EventName::OnDeliveryUpdated,
            Self::SpeakerChanged(_) => EventName::OnSpeakerChanged,
            Self::Waiting => EventName::OnConversationUnattended,
        }
    }

    /// What is asked before it happens.
    pub const fn before(&self) -> Option<HookName> {
        match self {
            Self::ConversationUpdated => Some(HookName::OnConversationUpdate),
            Self::ConversationRemoved => Some(HookName::OnConversationRemove),
            Self::ParticipantAdded { .. } => Some(HookName::OnParticipantAdd),
            Self::ParticipantUpdated { .. } => Some(HookName::OnParticipantUpdate),
            Self::ParticipantRemoved { .. } => Some(HookName::OnParticipantRemove),
            Self::MessageAdded { .. } => Some(HookName::OnMessageAdd),
            Self::MessageUpdated { .. } => Some(HookName::OnMessageUpdate),
            Self::MessageRemoved { .. } => Some(HookName::OnMessageRemove),
            Self::StateUpdated { .. }
            | Self::DeliveryUpdated { .. }
            | Self::SpeakerChanged(_)
            | Self::Waiting => None,
        }
    }

    /// The message it is about.
    pub const fn message(&self) -> Option<MessageSid> {
        match self {
            Self::MessageAdded { message, .. }
            | Self::MessageUpdated { message, .. }
            | Self::MessageRemoved { message, .. }
            | Self::DeliveryUpdated { message, .. } => Some(*message),
            Self::ConversationUpdated
            | Self::StateUpdated { .. }
            | Self::ConversationRemoved
            | Self::ParticipantAdded { .. }
            | Self::ParticipantUpdated { .. }
            | Self::ParticipantRemoved { .. }
            | Self::SpeakerChanged(_)
            | Self::Waiting => None,
        }
    }

    /// The number of the participant or of the delivery it is about.
    pub const fn number(&self) -> Option<u32> {
        match self {
            Self::ParticipantAdded { number }
            | Self::ParticipantUpdated { number }
            | Self::ParticipantRemoved { number, .. }
            | Self::DeliveryUpdated { number, .. } => Some(*number),
            Self::MessageAdded { author, .. }
            | Self::MessageUpdated { author, .. }
            | Self::MessageRemoved { author, .. } => *author,
            Self::ConversationUpdated
            | Self::StateUpdated { .. }
            | Self::ConversationRemoved
            | Self::SpeakerChanged(_)
            | Self::Waiting => None,
        }
    }

    /// Who left.
    pub const fn who_left(&self) -> Option<&Participant> {
        if let Self::ParticipantRemoved { who, .. } = self { Some(who) } else { None }
    }

    /// The change of state that it is.
    pub const fn state_change(&self) -> Option<StateChange> {
        match *self {
            Self::StateUpdated { from, to, reason } => Some(StateChange { from, to, reason }),
            Self::ConversationUpdated
            | Self::ConversationRemoved
            | Self::ParticipantAdded { .. }
            | Self::ParticipantUpdated { .. }
            | Self::ParticipantRemoved { .. }
            | Self::MessageAdded { .. }
            | Self::MessageUpdated { .. }
            | Self::MessageRemoved { .. }
            | Self::DeliveryUpdated { .. }
            | Self::SpeakerChanged(_)
            | Self::Waiting => None,
        }
    }

    /// The change of the speaker that it is.
    pub const fn speaker_change(&self) -> Option<&SpeakerChange> {
        if let Self::SpeakerChanged(change) = self { Some(change) } else { None }
    }
}

/// Somebody who signed in with an access token: an identity of the service (rule F.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Client {
    /// Who they are.
    pub identity: String,
}

/// Where a command comes from: it decides who is told of what it changes (rule B.5), and whether roles have to grant it
/// (rule F.2).
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// A REST request; webhooks are called only if it asked for that.
    Api {
        /// `X-Twilio-Webhook-Enabled`.
        webhooks: bool,
    },
    /// A client; webhooks are always called.
    Client(Client),
    /// A message, a report or a notice of a channel.
    Channel(ChannelType),
    /// We ourselves, on behalf of an interaction.
    Interaction,
    /// The conversation's own timers.
    Timer,
}

impl Source {
    pub(crate) const fn tells_webhooks(&self) -> bool {
        match self {
            Self::Api { webhooks } => *webhooks,
            Self::Client(_) | Self::Channel(_) | Self::Interaction | Self::Timer => true,
        }
    }

    /// Who the client is, if it is one.
    pub(crate) fn client(&self) -> Option<&Client> {
        if let Self::Client(client) = self { Some(client) } else { None }
    }

    /// As webhooks are told: a channel by its name in capitals, as captured calls have it.
    pub(crate) const fn name(&self) -> &'static str {
        match self {
            Self::Api { .. } | Self::Interaction | Self::Timer => "API",
            Self::Client(_) => "SDK",
            Self::Channel(channel) => match channel {
                ChannelType::Sms => "SMS",
                ChannelType::Whatsapp => "WHATSAPP",
                ChannelType::Messenger => "MESSENGER",
                ChannelType::Instagram => "INSTAGRAM",
                ChannelType::Rcs => "RCS",
                ChannelType::Gbm => "GBM",
                ChannelType::Email => "EMAIL",
                ChannelType::Apple => "APPLE",
                ChannelType::Chat => "CHAT",
                ChannelType::Web => "WEB",
                ChannelType::Voice => "VOICE",
            },
        }
    }
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn a_channel_is_told_by_its_own_name() {
        for channel in ChannelType::VARIANTS {
            assert_eq!(Source::Channel(*channel).name(), channel.name().to_uppercase());
        }
    }
}
