//! Every way in which a rule says no, with its published code and the HTTP status that goes with it.

use crate::sid::ConversationSid;
use crate::task::{ReservationStatus, TaskStatus};

/// A rule's no. Asking again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The conversation is closed, which is final (rule B.1).
    #[error("Conversation is closed and can't be changed")]
    ConversationClosed,
    /// The pair is bound elsewhere (rule A.2); clients read the sid out of the sentence.
    #[error("A binding for this participant and proxy address already exists in Conversation {0}")]
    PairBound(ConversationSid),
    /// The identity is in the conversation already.
    #[error("Participant already exists")]
    ParticipantExists,
    /// The conversation has as many participants as it may have.
    #[error("Conversation participants limit exceeded")]
    TooManyParticipants,
    /// It has as many participants on channels as it may have.
    #[error("Conversation non-chat participants limit exceeded")]
    TooManyChannelParticipants,
    /// A participant needs exactly one of an identity and an address pair.
    #[error("Exactly one of Identity and MessagingBinding.Address with ProxyAddress must be given")]
    ParticipantShape,
    /// The address and the proxy address are on different channels.
    #[error("Messaging binding address and proxy address types must match")]
    BindingTypesDiffer,
    /// The address is the proxy address.
    #[error("Messaging binding address and proxy address must differ")]
    BindingAddressesEqual,
    /// No such participant.
    #[error("Participant not found")]
    NoSuchParticipant,
    /// No such scoped webhook.
    #[error("Conversation scoped webhook not found")]
    NoSuchWebhook,
    /// Five scoped webhooks are the most (rule B.5).
    #[error("Too many scoped webhooks: a conversation has at most 5")]
    TooManyWebhooks,
    /// Who somebody is cannot be changed.
    #[error("Identity parameter not acceptable for this Participant")]
    IdentityStays,
    /// A conversation begins open.
    #[error("Initial state can't be 'closed'")]
    InitiallyClosed,
    /// Another conversation of the service has the name.
    #[error("Conversation with provided unique name already exists")]
    NameTaken,
    /// The account has no such messaging service.
    #[error("Messaging service does not belong to account")]
    NoSuchMessagingService,
    /// A conversation is kept with its participants in one item.
    #[error("The attributes of the conversation and its participants are too long together")]
    AttributesTooLong,
    /// A carrier does not have it yet.
    #[error("Cannot change this message before it is sent")]
    NotSentYet,
    /// Neither text nor media.
    #[error("Message has neither body nor media")]
    EmptyMessage,
    /// The text is longer than a conversation keeps.
    #[error("Message body is too long")]
    BodyTooLong,
    /// No such task in the state that the command needs.
    #[error("Task is {0:?} and can not become {1}")]
    TaskState(TaskStatus, &'static str),
    /// A worker has it: it has to be completed before it is deleted.
    #[error("Task is {}: complete it before it is deleted", .0.name())]
    TaskInWork(TaskStatus),
    /// Somebody else says what only the router of the workspace may say.
    #[error("Only the router does that")]
    RouterAlone,
    /// The reservation was answered before.
    #[error("Reservation is {0:?} and can not become {1}")]
    ReservationState(ReservationStatus, &'static str),
    /// Another worker was faster (rule D.7).
    #[error("Reservation was rescinded")]
    ReservationRescinded,
    /// No such reservation.
    #[error("Reservation not found")]
    NoSuchReservation,
    /// The channel is closed, or closing.
    #[error("Interaction channel is closed")]
    ChannelClosed,
    /// No such participant of the interaction channel.
    #[error("Interaction channel participant not found")]
    NoSuchChannelParticipant,
    /// The conversation of a customer-initiated interaction needs its customer (rule C.2).
    #[error("Conversation has no participants")]
    NoCustomer,
}

impl Refusal {
    /// The published code.
    pub const fn code(&self) -> u32 {
        match self {
            Self::ConversationClosed => 50377,
            Self::PairBound(_) => 50416,
            Self::ParticipantExists => 50433,
            Self::TooManyParticipants => 50417,
            Self::TooManyChannelParticipants => 50418,
            Self::ParticipantShape => 20001,
            Self::BindingTypesDiffer => 50414,
            Self::BindingAddressesEqual => 50409,
            Self::NoSuchParticipant => 50432,
            Self::NoSuchWebhook => 50360,
            Self::TooManyWebhooks => 50361,
            Self::IdentityStays => 50211,
            Self::InitiallyClosed => 50384,
            Self::NameTaken => 50353,
            Self::NoSuchMessagingService => 50342,
            Self::AttributesTooLong => 50303,
            Self::NotSentYet => 20009,
            Self::EmptyMessage => 50503,
            Self::BodyTooLong => 50504,
            Self::TaskState(..)
            | Self::TaskInWork(_)
            | Self::RouterAlone
            | Self::ReservationState(..) => 20001,
            Self::ReservationRescinded => 20410,
            Self::NoSuchReservation => 20404,
            Self::ChannelClosed => 45354,
            Self::NoSuchChannelParticipant => 45310,
            Self::NoCustomer => 45355,
        }
    }

    /// The HTTP status.
    pub const fn status(&self) -> u16 {
        match self {
            Self::PairBound(_) | Self::ParticipantExists | Self::NameTaken | Self::NotSentYet => {
                409
            }
            Self::NoSuchParticipant
            | Self::NoSuchWebhook
            | Self::NoSuchReservation
            | Self::NoSuchChannelParticipant => 404,
            Self::ReservationRescinded => 410,
            Self::ConversationClosed
            | Self::TooManyParticipants
            | Self::TooManyChannelParticipants
            | Self::ParticipantShape
            | Self::BindingTypesDiffer
            | Self::BindingAddressesEqual
            | Self::TooManyWebhooks
            | Self::IdentityStays
            | Self::InitiallyClosed
            | Self::NoSuchMessagingService
            | Self::AttributesTooLong
            | Self::EmptyMessage
            | Self::BodyTooLong
            | Self::TaskState(..)
            | Self::TaskInWork(_)
            | Self::RouterAlone
            | Self::ReservationState(..)
            | Self::ChannelClosed
            | Self::NoCustomer => 400,
        }
    }
}
