//! Every way in which a rule says no, with its published code.

use crate::address::ChannelType;
use crate::codes::Code;
use crate::sid::{AddressConfigurationSid, ConnectionSid, ConversationSid};
use crate::task::status::{ReservationStatus, TaskStatus};
use crate::timestamp::Timestamp;

/// A rule's no. Asking again changes nothing.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The conversation is closed, which is final (rule B.1).
    #[error("{}", Code::ConversationClosed.sentence())]
    ConversationClosed,
    /// The pair is bound elsewhere (rule A.2); clients read the sid out of the sentence.
    #[error("A binding for this participant and proxy address already exists in Conversation {0}")]
    PairBound(ConversationSid),
    /// The identity is in the conversation already.
    #[error("{}", Code::ParticipantExists.sentence())]
    ParticipantExists,
    /// The conversation has as many participants as it may have.
    #[error("{}", Code::TooManyParticipants.sentence())]
    TooManyParticipants,
    /// It has as many participants on channels as it may have.
    #[error("{}", Code::TooManyChannelParticipants.sentence())]
    TooManyChannelParticipants,
    /// A participant needs exactly one of an identity and an address pair.
    #[error("Exactly one of Identity and MessagingBinding.Address with ProxyAddress must be given")]
    ParticipantShape,
    /// The address and the proxy address are on different channels.
    #[error("{}", Code::BindingTypesDiffer.sentence())]
    BindingTypesDiffer,
    /// The address is the proxy address.
    #[error("{}", Code::BindingAddressesEqual.sentence())]
    BindingAddressesEqual,
    /// What the rules of groups say no to.
    #[error(transparent)]
    OfGroup(#[from] OfGroup),
    /// The proxy address is none of the account's (rule B.2).
    #[error("{}", Code::ProxyNotOurs.sentence())]
    ProxyNotOurs,
    /// The number is the account's, but not on WhatsApp (rule B.2).
    #[error("{}", Code::ProxyNotOnWhatsapp.sentence())]
    ProxyNotOnWhatsapp,
    /// No such participant.
    #[error("{}", Code::NoSuchParticipant.sentence())]
    NoSuchParticipant,
    /// No such scoped webhook.
    #[error("{}", Code::NoSuchWebhook.sentence())]
    NoSuchWebhook,
    /// Five scoped webhooks are the most (rule B.5).
    #[error("{}", Code::TooManyWebhooks.sentence())]
    TooManyWebhooks,
    /// A webhook that does not hear of messages cannot be told of earlier ones (rule B.5).
    #[error(
        "Configuration.ReplayAfter is for a trigger, or a webhook with onMessageAdded among its filters"
    )]
    NothingToReplay,
    /// The identity or address of a participant cannot be changed.
    #[error("{}", Code::IdentityNotAcceptable.sentence())]
    IdentityStays,
    /// A conversation begins open.
    #[error("{}", Code::BegunClosed.sentence())]
    InitiallyClosed,
    /// Another conversation of the service has the name.
    #[error("{}", Code::UniqueNameTaken.sentence())]
    NameTaken,
    /// The account has no such messaging service.
    #[error("{}", Code::ForeignMessagingService.sentence())]
    NoSuchMessagingService,
    /// A conversation is kept with its participants and webhooks in one item.
    #[error(
        "The conversation, its participants and its webhooks are too long together: 350 KB are the most"
    )]
    ConversationTooLarge,
    /// A carrier does not have it yet.
    #[error("{}", Code::MessageNotSentYet.sentence())]
    NotSentYet,
    /// Only a scheduled message can be canceled (error dictionary, 30409).
    #[error("{}", Code::MessageNotCancelable.sentence())]
    NotCancelable,
    /// Neither text nor media.
    #[error("{}", Code::EmptyMessage.sentence())]
    EmptyMessage,
    /// The text is longer than a conversation keeps.
    #[error("{}", Code::BodyTooLong.sentence())]
    BodyTooLong,
    /// A message needs the token of the conversation's one speaker.
    #[error("{}", speaker_missing(.0.as_deref()))]
    SpeakerTokenMissing(Option<String>),
    /// The token that was named is not the one that counts.
    #[error("SpeakerToken {given} does not count: {}", speaker_stale(*last, holder.as_deref()))]
    SpeakerTokenStale {
        /// The one that was named.
        given: u64,
        /// The one that was given out last.
        last: u64,
        /// Who has it.
        holder: Option<String>,
    },
    /// Another speaker has the token.
    #[error("{0} is the speaker until {at}", at = .1.iso())]
    SpeakerTaken(String, Timestamp),
    /// More often than that is limited to (rule H).
    #[error("{}", Code::TooManyActions.sentence())]
    TooManyActions,
    /// The identity is in as many open conversations as it may be (rule H).
    #[error("{}", Code::TooManyConversations.sentence())]
    TooManyConversations,
    /// The service has no such file, or not any more (rule B.3).
    #[error("{}", Code::NoSuchMedia.sentence())]
    NoSuchMedia,
    /// A file is one message's (rule B.3).
    #[error("{}", Code::MediaTaken.sentence())]
    MediaTaken,
    /// The channel of a participant takes no file of that size (rule H).
    #[error("{}: {} takes {bytes_max} bytes at most", Code::MediaTooLarge.sentence(), .channel.name())]
    MediaTooLarge {
        /// The channel.
        channel: ChannelType,
        /// What it takes, all files of a message together.
        bytes_max: u64,
    },
    /// The channel of a participant takes fewer files (rules B.3, H).
    #[error("Number of media files exceeds allowed limit: {} takes {files_max}", .channel.name())]
    TooManyFiles {
        /// The channel.
        channel: ChannelType,
        /// How many it takes in one message.
        files_max: usize,
    },
    /// The webhook that was asked beforehand says no (rule B.5).
    #[error("{}", Code::WebhookVetoed.sentence())]
    WebhookVetoed,
    /// The webhook that was asked beforehand put something in its place that cannot be taken (rule B.5).
    #[error("The webhook changed it to what is not valid: {}", .0.sentence())]
    WebhookAnswer(Code),
    /// No such task in the state that the command needs.
    #[error("Task is {0:?} and can not become {1}")]
    TaskState(TaskStatus, &'static str),
    /// A worker has it: it has to be completed before it is deleted.
    #[error("Task is {}: complete it before it is deleted", .0.name())]
    TaskInWork(TaskStatus),
    /// A caller says what only the router of the workspace may say.
    #[error("Only the router does that")]
    RouterAlone,
    /// The reservation was answered before.
    #[error("Reservation is {0:?} and can not become {1}")]
    ReservationState(ReservationStatus, &'static str),
    /// Another worker was faster (rule D.7).
    #[error("{}", Code::ReservationRescinded.sentence())]
    ReservationRescinded,
    /// No such reservation.
    #[error("Reservation not found")]
    NoSuchReservation,
    /// The channel is closed, or closing.
    #[error("{}", Code::ChannelClosed.sentence())]
    ChannelClosed,
    /// The channel or its conversation is over, or is not there any more (rule C.6).
    #[error("{}", Code::JoinsTooLate.sentence())]
    JoinsTooLate,
    /// Nobody can be in the channel in this way (rules C.6, C.12).
    #[error("{}: {}", Code::InvalidSeat.sentence(), .0)]
    NotAPlace(&'static str),
    /// No such participant of the interaction channel.
    #[error("{}", Code::NoSuchChannelParticipant.sentence())]
    NoSuchChannelParticipant,
    /// The participant has nothing that could be handed on, or it is too late to take that back (rule C.9).
    #[error("{}: {}", Code::TransferFailed.sentence(), .0)]
    NotTransferable(&'static str),
    /// The conversation of a customer-initiated interaction needs its customer (rule C.2).
    #[error("{}", Code::NoCustomer.sentence())]
    NoCustomer,
    /// An address names a flow that does not exist.
    #[error("{}", Code::InvalidWebhookFlow.sentence())]
    NoSuchFlow,
    /// Customers of this address would find no agent.
    #[error("The flow is used by address configuration {0}")]
    FlowInUse(AddressConfigurationSid),
    /// An address names a conversation service that does not exist.
    #[error("{}", Code::NoSuchService.sentence())]
    NoSuchService,
    /// The service has no such role for its users.
    #[error("{}", Code::NoSuchUserRole.sentence())]
    NoSuchRole,
    /// The service has no such role for participants.
    #[error("{}", Code::NoSuchRole.sentence())]
    NoSuchConversationRole,
    /// The service has no such role for who makes a conversation.
    #[error("{}", Code::NoSuchCreatorRole.sentence())]
    NoSuchCreatorRole,
    /// Roles of the kind have no such permission.
    #[error("Permission not found: a {0} role has no {1}")]
    NoSuchPermission(&'static str, &'static str),
    /// Every service has it.
    #[error("The role comes with the service and can not be deleted")]
    StandardRole,
    /// The configuration of the service gives it to others.
    #[error("The role is one that the service gives to newcomers: configure another one first")]
    RoleOfNewcomers,
    /// The roles of a service are kept in one item with it.
    #[error("A service has at most 100 roles")]
    TooManyRoles,
    /// Conversations with customers of this address would be opened in it.
    #[error("The service is used by address configuration {0}")]
    ServiceInUse(AddressConfigurationSid),
    /// The carrier knows one secret of this name.
    #[error("The carrier knows one secret of this name: a new one replaces it at once")]
    OneSecret,
    /// Two secrets of one name are the most.
    #[error("Two secrets of this name count already: remove one of them first")]
    TwoSecrets,
    /// The connection cannot do without it.
    #[error("The connection has no other secret of this name: give a new one first")]
    LastSecret,
    /// No such secret of the connection.
    #[error("Secret not found")]
    NoSuchSecret,
    /// A sender goes by one connection at a time.
    #[error("The number goes by connection {0}: remove it there first")]
    SenderConnected(ConnectionSid),
    /// The senders of a connection are kept in one item with it.
    #[error("A connection has at most 500 numbers")]
    TooManySenders,
    /// The sender does not go by this connection.
    #[error("Number not found")]
    NoSuchSender,
    /// The roles of a client grant it not (rule F.2).
    #[error("{}", Code::NotAuthorized.sentence())]
    NotAuthorized,
    /// Without the connection they would send by another account, and nobody would notice.
    #[error("Numbers go by the connection ({0}): remove them from it first")]
    SendersLeft(usize),
}

/// What the rules of groups say no to (rule A.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum OfGroup {
    /// Somebody in the chat has no number of ours in a group (rule A.8).
    #[error("{}", Code::ProjectedMissing.sentence())]
    ProjectedMissing,
    /// The addresses make no group that a carrier can make (rule A.8).
    #[error("{}", Code::GroupUnfit.sentence())]
    Unfit,
    /// A group has as many participants as it may have (rule H).
    #[error("{}", Code::GroupFull.sentence())]
    Full,
    /// They are in the group already (rule A.8).
    #[error("{}", Code::GroupMemberExists.sentence())]
    MemberExists,
    /// Another open conversation has the same addresses (rule A.8).
    #[error("{}", Code::GroupExists.sentence())]
    Exists,
    /// The projected address is none of the account's, or none for groups (rule A.8).
    #[error("{}", Code::ProjectedNotOurs.sentence())]
    ProjectedNotOurs,
    /// There is no proxy address that can be taken away (rule A.8).
    #[error("{}", Code::ProxyRemoval.sentence())]
    ProxyRemoval,
    /// The participant cannot have a proxy address (rule A.8).
    #[error("{}", Code::ProxyAddition.sentence())]
    ProxyAddition,
    /// There is no projected address that can be taken away (rule A.8).
    #[error("{}", Code::ProjectedRemoval.sentence())]
    ProjectedRemoval,
    /// The participant cannot have a projected address (rule A.8).
    #[error("{}", Code::ProjectedAddition.sentence())]
    ProjectedAddition,
    /// The participant cannot have an identity (rule A.8).
    #[error("{}", Code::IdentityAddition.sentence())]
    IdentityAddition,
    /// Who writes is not of the group (rule A.8).
    #[error("{}", Code::AuthorNotInGroup.sentence())]
    AuthorNotInGroup,
    /// No other channel than SMS has projected addresses (rule A.8).
    #[error("{}", Code::BindingUnsupported.sentence())]
    BindingUnsupported,
    /// The carrier of the number knows no groups (rule A.8).
    #[error("{}", Code::GroupMmsDisabled.sentence())]
    Disabled,
    /// The address cannot be a telephone in a group: it is out of the numbering plan, or the account's own (rule A.8).
    #[error("{}", Code::InvalidBindingAddress.sentence())]
    NotATelephone,
}

impl OfGroup {
    /// The published code.
    pub const fn code(self) -> Code {
        match self {
            Self::ProjectedMissing => Code::ProjectedMissing,
            Self::Unfit => Code::GroupUnfit,
            Self::Full => Code::GroupFull,
            Self::MemberExists => Code::GroupMemberExists,
            Self::Exists => Code::GroupExists,
            Self::ProjectedNotOurs => Code::ProjectedNotOurs,
            Self::ProxyRemoval => Code::ProxyRemoval,
            Self::ProxyAddition => Code::ProxyAddition,
            Self::ProjectedRemoval => Code::ProjectedRemoval,
            Self::ProjectedAddition => Code::ProjectedAddition,
            Self::IdentityAddition => Code::IdentityAddition,
            Self::AuthorNotInGroup => Code::AuthorNotInGroup,
            Self::BindingUnsupported => Code::BindingUnsupported,
            Self::Disabled => Code::GroupMmsDisabled,
            Self::NotATelephone => Code::InvalidBindingAddress,
        }
    }
}

impl Refusal {
    /// The published code.
    pub const fn code(&self) -> Code {
        match self {
            Self::ConversationClosed => Code::ConversationClosed,
            Self::PairBound(_) => Code::PairBound,
            Self::ParticipantExists => Code::ParticipantExists,
            Self::TooManyParticipants => Code::TooManyParticipants,
            Self::TooManyChannelParticipants => Code::TooManyChannelParticipants,
            Self::BindingTypesDiffer => Code::BindingTypesDiffer,
            Self::BindingAddressesEqual => Code::BindingAddressesEqual,
            Self::OfGroup(refusal) => refusal.code(),
            Self::ProxyNotOurs => Code::ProxyNotOurs,
            Self::ProxyNotOnWhatsapp => Code::ProxyNotOnWhatsapp,
            Self::NoSuchParticipant => Code::NoSuchParticipant,
            Self::NoSuchWebhook => Code::NoSuchWebhook,
            Self::TooManyWebhooks => Code::TooManyWebhooks,
            Self::IdentityStays => Code::IdentityNotAcceptable,
            Self::InitiallyClosed => Code::BegunClosed,
            Self::NameTaken => Code::UniqueNameTaken,
            Self::NoSuchMessagingService => Code::ForeignMessagingService,
            Self::ConversationTooLarge => Code::AttributesTooLong,
            Self::TooManyActions => Code::TooManyActions,
            Self::TooManyConversations => Code::TooManyConversations,
            Self::NotSentYet => Code::MessageNotSentYet,
            Self::NotCancelable => Code::MessageNotCancelable,
            Self::SpeakerTokenMissing(_) | Self::SpeakerTokenStale { .. } => Code::StaleVersion,
            Self::EmptyMessage => Code::EmptyMessage,
            Self::BodyTooLong => Code::BodyTooLong,
            Self::NoSuchMedia => Code::NoSuchMedia,
            Self::MediaTaken => Code::MediaTaken,
            Self::MediaTooLarge { .. } => Code::MediaTooLarge,
            Self::TooManyFiles { .. } => Code::TooManyMediaFiles,
            Self::WebhookVetoed => Code::WebhookVetoed,
            Self::WebhookAnswer(code) => *code,
            Self::ParticipantShape
            | Self::NothingToReplay
            | Self::FlowInUse(_)
            | Self::ServiceInUse(_)
            | Self::StandardRole
            | Self::RoleOfNewcomers
            | Self::TooManyRoles
            | Self::TaskState(..)
            | Self::TaskInWork(_)
            | Self::RouterAlone
            | Self::OneSecret
            | Self::LastSecret
            | Self::TooManySenders
            | Self::SendersLeft(..)
            | Self::ReservationState(..) => Code::InvalidParameter,
            Self::ReservationRescinded => Code::ReservationRescinded,
            Self::NoSuchReservation | Self::NoSuchSecret | Self::NoSuchSender => Code::NotFound,
            Self::TwoSecrets | Self::SenderConnected(..) | Self::SpeakerTaken(..) => {
                Code::AlreadyExists
            }
            Self::NotAuthorized => Code::NotAuthorized,
            Self::ChannelClosed => Code::ChannelClosed,
            Self::NoSuchChannelParticipant => Code::NoSuchChannelParticipant,
            Self::JoinsTooLate => Code::JoinsTooLate,
            Self::NotAPlace(_) => Code::InvalidSeat,
            Self::NotTransferable(_) => Code::TransferFailed,
            Self::NoCustomer => Code::NoCustomer,
            Self::NoSuchFlow => Code::InvalidWebhookFlow,
            Self::NoSuchService => Code::NoSuchService,
            Self::NoSuchRole => Code::NoSuchUserRole,
            Self::NoSuchConversationRole => Code::NoSuchRole,
            Self::NoSuchCreatorRole => Code::NoSuchCreatorRole,
            Self::NoSuchPermission(..) => Code::NoSuchPermission,
        }
    }
}

/// What is missing, and whose it is.
fn speaker_missing(holder: Option<&str>) -> String {
    match holder {
        Some(holder) => format!("One speaks at a time here, now {holder}: SpeakerToken is missing"),
        None => "One speaks at a time here, now nobody: take the token at …/Speaker".to_owned(),
    }
}

/// Why a token does not count.
fn speaker_stale(last: u64, holder: Option<&str>) -> String {
    match holder {
        Some(holder) => format!("{holder} is the speaker, by token {last}"),
        None if last == 0 => "nobody was given one".to_owned(),
        None => format!("nobody is the speaker; {last} was the last token"),
    }
}
