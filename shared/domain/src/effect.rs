//! Everything one function asks of another: the arrows of the diagram.
//!
//! Effects are stored in the item whose change caused them, and sent twice: at once by the function that
//! committed, and again by `effect-relay`. Its receiver must be idempotent. They name
//! things and carry no content, so that an item stays small and its reader sees the truth of the moment.

mod interaction;
mod invite;
mod wake;

use serde::{Deserialize, Serialize};

pub use self::interaction::InteractionCall;
pub use self::invite::InviteRequest;
pub use self::wake::{ConversationAlarm, FlowAlarm, MessagesAlarm, RouterAlarm, Wake};

use crate::conversation::{EventName, Level, Participant, Reason, SpeakerChange};
use crate::sid::{
    ActivitySid, ConversationSid, DeliverySid, EndpointSid, EventSid, FlowExecutionSid, MediaSid,
    MessageSid, ReservationSid, TaskQueueSid, TaskSid, UserSid, WorkerSid, WorkflowSid,
    WorkspaceSid,
};
use crate::timestamp::Timestamp;

/// One request of a function to another.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Effect {
    /// To `interaction-invite`, in order by interaction.
    Invite(InviteRequest),
    /// To `task-assignment`, in order by workspace.
    Route(RouterEvent),
    /// To `outbound-message`, in order by address pair.
    Send(SendRequest),
    /// To `webhook-delivery`, in order by whatever it is about.
    Notify(Call),
    /// To `media-copy`, in order by message or upload.
    Media(MediaRequest),
    /// To `timer`, at a time.
    Wake(Wake),
}

/// The queues that effects travel on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum QueueName {
    /// Customers' messages.
    Inbound,
    /// Requests to the interactions.
    Invites,
    /// Events for the routers.
    Routing,
    /// Messages for carriers.
    Outbound,
    /// Delivery statuses from carriers.
    Receipts,
    /// Calls of customers' webhooks.
    Webhooks,
    /// Files to fetch, to remove, and to look after.
    Media,
    /// What is due within fifteen minutes.
    Timers,
}

/// How an effect gets there for certain.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CertainRoad {
    /// The first item that is written with it carries it, and the relay sends it again.
    Carried,
    /// The relay works it out from the images of a task before and after: it names so much that the task would be a
    /// kilobyte larger.
    Derived,
    /// What is lost costs a minute at most: the tick of every minute lets each router look at all that is due, and wakes
    /// every conversation and every scheduled message that is.
    Tick,
}

impl Effect {
    /// Which queue it travels on.
    pub const fn queue(&self) -> QueueName {
        match self {
            Self::Invite(_) => QueueName::Invites,
            Self::Route(_) => QueueName::Routing,
            Self::Send(_) => QueueName::Outbound,
            Self::Notify(_) => QueueName::Webhooks,
            Self::Media(_) => QueueName::Media,
            Self::Wake(_) => QueueName::Timers,
        }
    }

    /// What it must stay in order with; nothing on a standard queue.
    pub fn group(&self) -> Option<String> {
        match self {
            Self::Invite(request) => Some(request.interaction().to_string()),
            Self::Route(event) => Some(event.workspace.to_string()),
            Self::Send(request) => Some(request.group.clone()),
            Self::Notify(call) => Some(call.group()),
            Self::Media(request) => Some(request.group()),
            Self::Wake(_) => None,
        }
    }

    /// How it gets there for certain, beside the quick road.
    pub const fn certain_road(&self) -> CertainRoad {
        match self {
            Self::Invite(InviteRequest::Seat { .. }) => CertainRoad::Derived,
            Self::Invite(
                InviteRequest::Open { .. }
                | InviteRequest::TaskEnded { .. }
                | InviteRequest::Rung { .. }
                | InviteRequest::ConversationOver { .. },
            )
            | Self::Route(_)
            | Self::Send(_)
            | Self::Notify(_)
            | Self::Media(_) => CertainRoad::Carried,
            Self::Wake(_) => CertainRoad::Tick,
        }
    }

    /// The receiving function.
    pub const fn receiver(&self) -> &'static str {
        match self {
            Self::Invite(_) => "interaction-invite",
            Self::Route(_) => "task-assignment",
            Self::Send(_) => "outbound-message",
            Self::Notify(_) => "webhook-delivery",
            Self::Media(_) => "media-copy",
            Self::Wake(_) => "timer",
        }
    }
}

/// Something of a workspace changed: the router looks at it again.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RouterEvent {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// What changed.
    pub subject: RouterSubject,
}

/// What a router is to look at again.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum RouterSubject {
    /// A task appeared, or its reservations were answered, or it ended.
    Task(TaskSid),
    /// A worker appeared or changed.
    Worker(WorkerSid),
    /// Activities, channels, queues or workflows changed.
    Configuration,
    /// Nothing but the time.
    Clock,
    /// What an assignment callback made of a reservation.
    Answer(ReservationSid, AssignmentOutcome),
}

/// What comes of an assignment callback (rule D.8).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum AssignmentOutcome {
    /// The worker takes the task.
    Accept,
    /// The worker does not, and goes to this activity; without one they stay where they are.
    Reject(Option<ActivitySid>),
    /// The callback could not be reached: the reservation is canceled.
    Withdraw,
    /// The instruction could not be carried out, and this is the published code that says why.
    Fail(u32),
}

/// Hand one delivery of a message to its carrier.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SendRequest {
    /// The message.
    pub message: MessageSid,
    /// The number of the delivery within it.
    pub delivery: u32,
    /// Deliveries of one address pair stay in order.
    pub group: String,
}

/// A request to `media-copy`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub enum MediaRequest {
    /// Fetch the files of a message from where its carrier or sender keeps them.
    Copy {
        /// The message.
        message: MessageSid,
    },
    /// Remove the content of the files that went with a message, or were taken off it.
    Remove {
        /// The message, which names them.
        message: MessageSid,
    },
    /// Remove an upload that no message shows in time, or that was taken back.
    Sweep {
        /// The upload.
        media: MediaSid,
    },
}

impl MediaRequest {
    /// Whatever concerns one message, or one upload, is done in order.
    fn group(&self) -> String {
        match self {
            Self::Copy { message } | Self::Remove { message } => message.to_string(),
            Self::Sweep { media } => media.to_string(),
        }
    }
}

/// One call that `webhook-delivery` makes. It is told apart by its members: a message that was sent before there
/// were several kinds reads as what it is.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(untagged)]
pub enum Call {
    /// Of a webhook that hears of a conversation.
    Conversation(WebhookCall),
    /// Of a webhook that hears of users.
    User(UserCall),
    /// Of a webhook that hears of interactions.
    Interaction(InteractionCall),
    /// Of a workspace's event callback.
    Event(EventCall),
    /// Of a workspace's event callback, which asks where tasks wait.
    Position(PositionCall),
    /// Of a workflow's assignment callback.
    Assignment(AssignmentCall),
    /// Of a webhook that is told of what was there before it.
    Replay(ReplayCall),
    /// Of a number's or a service's webhook for what customers write.
    Inbound(InboundCall),
    /// Of whoever hears of a message's status.
    Status(StatusCall),
    /// Of what was told in vain, once more.
    Again(AgainCall),
    /// Of an endpoint that is tried.
    Test(TestCall),
    /// Of whatever an execution of a flow waits for: that it begins, an endpoint, a time.
    Flow(FlowCall),
}

impl Call {
    /// A call that fails holds up only those of the same webhook, resource or reservation.
    fn group(&self) -> String {
        match self {
            Self::Conversation(call) => match call.level {
                Level::Conversation => format!("{}-{}", call.conversation, call.webhook),
                level @ (Level::Service | Level::Account) => {
                    format!("{}-{}", call.conversation, level.name())
                }
            },
            Self::Inbound(call) => call.pair.clone(),
            Self::Status(call) => format!("{}-{}", call.message, call.copy),
            Self::Replay(call) => format!("{}-{}", call.conversation, call.webhook),
            Self::User(call) => format!("{}-{}", call.user, call.level.name()),
            Self::Interaction(call) => call.group(),
            Self::Event(call) => call.resource.clone(),
            Self::Position(call) => call.task.to_string(),
            Self::Assignment(call) => call.reservation.to_string(),
            Self::Again(call) => call.delivery.to_string(),
            Self::Test(call) => call.endpoint.to_string(),
            Self::Flow(call) => call.execution.to_string(),
        }
    }
}

impl From<WebhookCall> for Call {
    fn from(call: WebhookCall) -> Self {
        Self::Conversation(call)
    }
}

/// Tell a workspace's event callback of one event.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct EventCall {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The event.
    pub event_sid: EventSid,
    /// What it is listed under: the events of one resource stay in order.
    pub resource: String,
}

/// Tell a workspace's event callback where a task waits.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PositionCall {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The task.
    pub task: TaskSid,
    /// Its queue.
    pub queue: TaskQueueSid,
    /// Its position there, from 1.
    pub position: usize,
    /// Since when.
    pub at: Timestamp,
}

/// Ask a workflow's assignment callback what is to become of a reservation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AssignmentCall {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The workflow whose callback it is.
    pub workflow: WorkflowSid,
    /// The worker who is asked.
    pub worker: WorkerSid,
    /// The reservation.
    pub reservation: ReservationSid,
}

/// Tell a webhook of the messages that were there before it, from an index on. A copy finds that it was done.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReplayCall {
    /// The conversation.
    pub conversation: ConversationSid,
    /// The number of the webhook within it.
    pub webhook: u32,
    /// The index of the first message.
    pub from: u32,
}

/// Tell whoever listens to a number, or to its service, of a message that no conversation wants.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct InboundCall {
    /// The message.
    pub inbound: MessageSid,
    /// Digits that stand for the customer and the number: of what one writes to the other is told in order.
    pub pair: String,
}

/// Tell whoever a message names of the status that one of its copies came to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StatusCall {
    /// The message, which names who is told.
    pub message: MessageSid,
    /// The number of the copy within it.
    pub copy: u32,
    /// The status: that of the change, whatever came since.
    pub status: String,
    /// Why it got no further.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub error_code: Option<u32>,
}

/// Make a call again whose time has come. It is in no order with others, and holds up none.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AgainCall {
    /// What is kept of the call.
    pub delivery: DeliverySid,
}

/// Try an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TestCall {
    /// Which.
    pub endpoint: EndpointSid,
    /// Its whole URL, as it is to be called.
    pub url: String,
}

/// Look what an execution of a flow waits for, and let it go on. A copy, and one that is late, finds that it did.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FlowCall {
    /// The execution.
    pub execution: FlowExecutionSid,
    /// The turn at which it waited.
    pub turn: u32,
}

/// Call the webhook of the service or the account about a user.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UserCall {
    /// The user.
    pub user: UserSid,
    /// Whose webhook it is.
    pub level: Level,
    /// What happened to them.
    pub event: EventName,
    /// Where the change came from.
    pub source: String,
    /// The identity of the client whom it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

/// Call one webhook about one event of a conversation.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct WebhookCall {
    /// The conversation.
    pub conversation: ConversationSid,
    /// The number of the webhook within it; 0 if it is not the conversation's own.
    pub webhook: u32,
    /// Whose webhook it is.
    #[serde(default, skip_serializing_if = "Level::is_conversation")]
    pub level: Level,
    /// The event, as the filters name it: `onMessageAdded`, ….
    pub event: EventName,
    /// The message it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub message: Option<MessageSid>,
    /// The number of the participant or of the delivery it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub number: Option<u32>,
    /// Who left, for `onParticipantRemoved`; none in calls from before it was told.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub who: Option<Box<Participant>>,
    /// The state before, for `onConversationStateUpdated`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_from: Option<String>,
    /// The state that it came to; none in calls from before this was told, whose conversation is asked.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub state_to: Option<String>,
    /// What changed the state; none in calls from before this was told, whose source is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub reason: Option<Reason>,
    /// Who may write from then on, for `onSpeakerChanged`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Box<SpeakerChange>>,
    /// `API`, `SDK`, `SMS`, …: where the change came from.
    pub source: String,
    /// The identity of the client whom it came from.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub client: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ChannelType;
    use crate::sid::{InteractionSid, Sid as _};

    #[test]
    fn an_effect_survives_its_queue() {
        let event = RouterEvent {
            workspace: WorkspaceSid::derived(&["w"]),
            subject: RouterSubject::Task(TaskSid::derived(&["t"])),
        };
        let (at, conversation) = (Timestamp(5), ConversationSid::derived(&["c"]));
        for wake in [
            Wake::Router(RouterAlarm { at, event }),
            Wake::Conversation(ConversationAlarm { at, conversation }),
            Wake::Messages(MessagesAlarm {
                at,
                is_behind: true,
                messages: vec![MessageSid::derived(&["m"])],
            }),
            Wake::Flow(FlowAlarm { at, execution: FlowExecutionSid::derived(&["x"]) }),
        ] {
            let effect = Effect::Wake(wake.clone());
            let text = serde_json::to_string(&effect).unwrap();
            assert_eq!(serde_json::from_str::<Effect>(&text).unwrap(), effect);
            let text = serde_json::to_string(&wake).unwrap();
            assert_eq!(serde_json::from_str::<Wake>(&text).unwrap(), wake, "{text}");
        }
        assert!(serde_json::from_str::<Wake>(r#"{"at":5}"#).is_err());
    }

    fn calls_of_task_router_and_conversations() -> Vec<Call> {
        let (workspace, task) = (WorkspaceSid::derived(&["w"]), TaskSid::derived(&["t"]));
        vec![
            Call::Conversation(WebhookCall {
                conversation: ConversationSid::derived(&["c"]),
                webhook: 1,
                level: Level::Conversation,
                event: EventName::OnMessageAdded,
                message: None,
                number: None,
                who: None,
                state_from: None,
                state_to: None,
                reason: None,
                speaker: None,
                source: "API".to_owned(),
                client: None,
            }),
            Call::User(UserCall {
                user: UserSid::derived(&["u"]),
                level: Level::Account,
                event: EventName::OnUserAdded,
                source: "API".to_owned(),
                client: None,
            }),
            Call::Interaction(InteractionCall {
                interaction: InteractionSid::derived(&["k"]),
                own: Some("flex_interactionwebhook_0".to_owned()),
                medium: ChannelType::Sms,
                told: crate::interaction::Told::failed(45_354, "closed"),
            }),
            Call::Event(EventCall {
                workspace,
                event_sid: EventSid::derived(&["e"]),
                resource: task.to_string(),
            }),
            Call::Position(PositionCall {
                workspace,
                task,
                queue: TaskQueueSid::derived(&["q"]),
                position: 3,
                at: Timestamp(5),
            }),
            Call::Assignment(AssignmentCall {
                workspace,
                workflow: WorkflowSid::derived(&["f"]),
                worker: WorkerSid::derived(&["k"]),
                reservation: task.kin(1),
            }),
        ]
    }

    fn calls_of_messages_and_endpoints() -> Vec<Call> {
        vec![
            Call::Replay(ReplayCall {
                conversation: ConversationSid::derived(&["c"]),
                webhook: 1,
                from: 9,
            }),
            Call::Inbound(InboundCall {
                inbound: MessageSid::derived(&["m"]),
                pair: "p".to_owned(),
            }),
            Call::Status(StatusCall {
                message: MessageSid::derived(&["m"]),
                copy: 1,
                status: "failed".to_owned(),
                error_code: Some(30_036),
            }),
            Call::Again(AgainCall { delivery: DeliverySid::derived(&["d"]) }),
            Call::Test(TestCall {
                endpoint: EndpointSid::derived(&["e"]),
                url: "https://e.example/".to_owned(),
            }),
            Call::Flow(FlowCall { execution: FlowExecutionSid::derived(&["x"]), turn: 3 }),
        ]
    }

    #[test]
    fn calls_are_told_apart_by_their_members() {
        let others = calls_of_messages_and_endpoints();
        for call in calls_of_task_router_and_conversations().into_iter().chain(others) {
            let text = serde_json::to_string(&call).unwrap();
            assert_eq!(serde_json::from_str::<Call>(&text).unwrap(), call, "{text}");
        }
        assert!(serde_json::from_str::<Call>("{}").is_err());
    }

    #[test]
    fn an_answer_survives_its_queue() {
        let reservation = TaskSid::derived(&["t"]).kin(1);
        for outcome in [
            AssignmentOutcome::Accept,
            AssignmentOutcome::Reject(None),
            AssignmentOutcome::Withdraw,
            AssignmentOutcome::Fail(40_151),
        ] {
            let event = RouterEvent {
                workspace: WorkspaceSid::derived(&["w"]),
                subject: RouterSubject::Answer(reservation, outcome),
            };
            let text = serde_json::to_string(&event).unwrap();
            assert_eq!(serde_json::from_str::<RouterEvent>(&text).unwrap(), event);
        }
    }
}
