//! What is asked of `interaction-invite`.

use serde::{Deserialize, Serialize};

use crate::sid::{
    ConversationSid, FlowExecutionSid, FlowSid, InteractionSid, MessageSid, ReservationSid,
    TaskSid, WorkerSid, WorkspaceSid,
};
use crate::task::status::TaskStatus;

/// A request to `interaction-invite`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum InviteRequest {
    /// Open the interaction that a flow asked for when it handled a conversation's first message.
    Open {
        /// The interaction to open.
        interaction: InteractionSid,
        /// The conversation that asks.
        conversation: ConversationSid,
        /// The flow whose step it is.
        flow: FlowSid,
        /// The message that opened the conversation.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        message: Option<MessageSid>,
        /// The execution that came to that step, which says what the task is to be; none in requests from before there were
        /// executions.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        execution: Option<FlowExecutionSid>,
    },
    /// A reservation was accepted: seat the agent.
    Seat {
        /// The interaction.
        interaction: InteractionSid,
        /// The task of the invite.
        task: TaskSid,
        /// The reservation.
        reservation: ReservationSid,
        /// Who accepted.
        worker: WorkerSid,
        /// The workspace of the worker.
        workspace: WorkspaceSid,
    },
    /// A task of the interaction reached its end in the task router.
    TaskEnded {
        /// The interaction.
        interaction: InteractionSid,
        /// The task.
        task: TaskSid,
        /// How it ended.
        status: TaskStatus,
    },
    /// The customer wrote who was waited for.
    Rung {
        /// The interaction.
        interaction: InteractionSid,
        /// Since which time nobody was responsible.
        number: u32,
    },
    /// The conversation was closed or removed, by whoever it was.
    ConversationOver {
        /// The interaction.
        interaction: InteractionSid,
    },
}

impl InviteRequest {
    /// The interaction it is about.
    pub const fn interaction(&self) -> InteractionSid {
        match self {
            Self::Open { interaction, .. }
            | Self::Seat { interaction, .. }
            | Self::TaskEnded { interaction, .. }
            | Self::Rung { interaction, .. }
            | Self::ConversationOver { interaction } => *interaction,
        }
    }
}
