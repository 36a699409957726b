//! The interaction: what links a conversation to the tasks that find it an agent.
//!
//! An interaction has one channel, the channel one conversation; their identifiers are twins. It may have
//! many invites over its life, each of them one task, so the conversation outlives its tasks.

mod care;
pub(crate) mod hook;
mod marks;
mod transfer;

use serde::{Deserialize, Serialize};

pub use self::care::{
    COLLECTED_WITHIN_MAX, Care, Cause, LastRouting, Responsible, Rest, Resume, TimersBefore,
    Unattended,
};
pub use self::hook::{InteractionEvent, InteractionWebhook, InteractionWebhookKind, Told};
pub(crate) use self::marks::Marks;
pub use self::transfer::{FirstAgent, Transfer, TransferEvent, TransferKind, TransferStatus};
use crate::address::ChannelType;
use crate::conversation::Conversation;
use crate::sid::{
    ChannelParticipantSid, ChannelSid, ConversationSid, InteractionContextSid, InteractionSid,
    ReservationSid, Sid as _, TaskSid, TransferSid, WorkerSid, WorkspaceSid,
};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// Who began it (rule C.2).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum InitiatedBy {
    /// A customer wrote.
    Customer,
    /// An agent writes to a customer.
    Agent,
    /// A program does.
    Api,
}

impl InitiatedBy {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The state of the interaction's channel (rule C.1).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum ChannelStatus {
    /// In use.
    Active,
    /// Dormant; an invite wakes it.
    Inactive,
    /// Over.
    Closed,
}

impl ChannelStatus {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// One request for an agent.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Invite {
    /// Which kin of the interaction it is.
    pub number: u32,
    /// Its task.
    pub task: TaskSid,
    /// Whether the task has ended.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub over: bool,
}

/// How an agent came to the seat.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SeatRouting {
    /// The task.
    pub task: TaskSid,
    /// The reservation.
    pub reservation: ReservationSid,
    /// The worker.
    pub worker: WorkerSid,
}

/// The role of a participant in an interaction's channel (rule C.6).
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum ParticipantKind {
    /// Whom it is about.
    Customer,
    /// Who does the work.
    Agent,
    /// Who looks on.
    Supervisor,
    /// An external participant.
    External,
    /// Not said.
    Unknown,
}

impl ParticipantKind {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A participant of the interaction's channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ChannelParticipant {
    /// Which kin of the interaction it is.
    pub number: u32,
    /// What they are there for.
    pub kind: ParticipantKind,
    /// The number of the same person in the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub member: Option<u32>,
    /// How an agent came to the seat.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub routing: Option<SeatRouting>,
    /// Whether an agent was told to wrap up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub wraps_up: bool,
    /// Whether the seat is given up.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub left: bool,
}

/// An interaction with its channel.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Interaction {
    /// Its identifier; its channel and its conversation are twins of it.
    pub sid: InteractionSid,
    /// The media type.
    pub channel_type: ChannelType,
    /// The channel's state.
    pub status: ChannelStatus,
    /// Who began it.
    pub initiated_by: InitiatedBy,
    /// The workspace of its first task: the default for further invites.
    pub workspace: WorkspaceSid,
    /// Whose webhooks are told, by name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webhook_ttid: Option<String>,
    /// What it is looked up by elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub context: Option<InteractionContextSid>,
    /// Requests for agents.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub invites: Vec<Invite>,
    /// Who is seated.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<ChannelParticipant>,
    /// That nobody is responsible, since when and why.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unattended: Option<Box<Unattended>>,
    /// Whether the fallback has been asked since an agent was last in a seat.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub fell_back: bool,
    /// What is done when nobody is responsible, if not what its address says.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care: Option<Box<Care>>,
    /// Transfers from one agent to another.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub transfers: Vec<Transfer>,
    /// The number of the next invite, participant or transfer.
    pub next_number: u32,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl Interaction {
    /// The interaction of a conversation, not yet written.
    pub fn new(
        conversation: &Conversation,
        channel_type: ChannelType,
        initiated_by: InitiatedBy,
        workspace: WorkspaceSid,
        now: Timestamp,
    ) -> Self {
        let mut interaction = Self {
            sid: conversation.sid.twin(),
            channel_type,
            status: ChannelStatus::Active,
            initiated_by,
            workspace,
            webhook_ttid: None,
            context: None,
            invites: Vec::new(),
            participants: Vec::new(),
            unattended: None,
            fell_back: false,
            care: None,
            transfers: Vec::new(),
            next_number: 1,
            created: now,
            updated: now,
            version: Version::NEW,
        };
        let customers: Vec<u32> = conversation
            .participants
            .iter()
            .filter(|one| one.is_customer() || initiated_by != InitiatedBy::Agent)
            .filter(|one| one.projected().is_none())
            .map(|one| one.number)
            .collect();
        for member in customers {
            let number = interaction.number();
            interaction.participants.push(ChannelParticipant {
                number,
                kind: ParticipantKind::Customer,
                member: Some(member),
                routing: None,
                wraps_up: false,
                left: false,
            });
        }
        interaction
    }

    /// The channel's identifier.
    pub fn channel_sid(&self) -> ChannelSid {
        self.sid.twin()
    }

    /// The conversation's identifier.
    pub fn conversation_sid(&self) -> ConversationSid {
        self.sid.twin()
    }

    /// The invite whose task this is.
    pub fn invite_of(&self, task: TaskSid) -> Option<&Invite> {
        self.invites.iter().find(|invite| invite.task == task)
    }

    /// The participant with that identifier.
    pub fn participant(&self, sid: ChannelParticipantSid) -> Option<&ChannelParticipant> {
        self.participants
            .iter()
            .find(|one| self.sid.kin::<ChannelParticipantSid>(one.number) == sid)
    }

    /// The transfer with that identifier.
    pub fn transfer(&self, sid: TransferSid) -> Option<&Transfer> {
        self.transfers.iter().find(|one| self.sid.kin::<TransferSid>(one.number) == sid)
    }

    /// The transfer for which a task looks for somebody, while it does.
    pub fn transfer_by(&self, task: TaskSid) -> Option<&Transfer> {
        let invite = self.invite_of(task)?.number;
        self.transfers.iter().find(|one| one.invite == invite && one.is_active())
    }

    /// The task that its agent hands on, if a task looks for somebody else to do it.
    pub fn handed_on(&self, task: TaskSid) -> Option<TaskSid> {
        let from = self.transfer_by(task)?.from;
        let seat = self.participants.iter().find(|one| one.number == from && !one.left)?;
        Some(seat.routing.as_ref()?.task)
    }

    /// Tasks that are not known to have ended.
    pub fn open_tasks(&self) -> impl Iterator<Item = TaskSid> {
        self.invites.iter().filter(|invite| !invite.over).map(|invite| invite.task)
    }

    pub(crate) fn number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    pub(crate) fn agents(&self) -> usize {
        self.participants
            .iter()
            .filter(|one| one.kind == ParticipantKind::Agent && !one.left)
            .count()
    }
}
