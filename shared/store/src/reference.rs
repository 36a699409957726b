//! Which record refers to which, and whether what is referred to has to be there: in one table.
//!
//! Each kind of record says in its own file what it refers to (`kind/`). Whoever removes a record and whoever comes to
//! refer to it may do both at once; `tests/rest/references.rs` tries every [`Reference`] in both orders, and
//! `infra/check` looks whether what has to be there is.

/// What holds of a reference.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Rule {
    /// What is referred to is there after every commit.
    Always,
    /// It is there once nothing is left to do: the router gives up a task that has lost it.
    AtRest,
    /// Another invariant says so.
    Elsewhere,
    /// It may be gone: the section of `RULES.md` that says what then, or why nothing has to.
    Dangles(&'static str),
}

macro_rules! pairs {
    ($($(#[$doc:meta])* $pair:ident: $from:literal => $to:literal, $rule:expr;)*) => {
        /// A kind of record and one that it refers to.
        #[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
        pub enum Reference {
            $($(#[$doc])* $pair,)*
        }

        impl Reference {
            /// All of them.
            pub const ALL: &'static [Self] = &[$(Self::$pair,)*];

            /// The kinds of both records.
            pub const fn kinds(self) -> (&'static str, &'static str) {
                match self {
                    $(Self::$pair => ($from, $to),)*
                }
            }

            /// What holds of it.
            pub const fn rule(self) -> Rule {
                use Rule::{Always, AtRest, Dangles, Elsewhere};
                match self {
                    $(Self::$pair => $rule,)*
                }
            }
        }
    };
}

pairs! {
    /// Everything in a workspace but tasks.
    PartWorkspace: "Worker" => "Workspace", Elsewhere;
    /// A task that is not over.
    TaskWorkspace: "Task" => "Workspace", Elsewhere;
    /// A task that is not over.
    TaskWorkflow: "Task" => "Workflow", AtRest;
    /// A task that is not over, in the queue that it waits in or was made for.
    TaskQueue: "Task" => "TaskQueue", AtRest;
    /// A task that is not over.
    TaskChannel: "Task" => "TaskChannel", AtRest;
    /// A waiting task, and whom it was made for.
    TaskWorker: "Task" => "Worker", AtRest;
    /// An open reservation of a task.
    ReservationWorker: "Task" => "Worker", Elsewhere;
    /// A task of an interaction.
    TaskInteraction: "Task" => "Interaction", Elsewhere;
    /// What a worker does, and what they did before a reservation moved them.
    WorkerActivity: "Worker" => "Activity", Always;
    /// Whose a name is.
    NameWorker: "WorkerName" => "Worker", Elsewhere;
    /// A capacity that differs from the default.
    WorkerChannel: "Worker" => "TaskChannel", Dangles("D.2");
    /// What its workers do while they are asked or at work.
    QueueActivity: "TaskQueue" => "Activity", Always;
    /// Where it leads tasks to.
    WorkflowQueue: "Workflow" => "TaskQueue", Always;
    /// What `skip_if` counts.
    WorkflowActivity: "Workflow" => "Activity", Always;
    /// A known worker.
    WorkflowWorker: "Workflow" => "Worker", Dangles("D.4");
    /// The default activity, and that after a timeout.
    WorkspaceActivity: "Workspace" => "Activity", Always;
    /// What a flow hands over by.
    FlowWorkflow: "Flow" => "Workflow", Always;
    /// What a flow hands over on.
    FlowChannel: "Flow" => "TaskChannel", Always;
    /// Where a flow hands over to.
    FlowWorkspace: "Flow" => "Workspace", Always;
    /// Who names a flow.
    FlowAddress: "Flow" => "AddressConfiguration", Always;
    /// The flow of an address.
    AddressFlow: "AddressConfiguration" => "Flow", Always;
    /// The service that an address opens conversations in.
    AddressService: "AddressConfiguration" => "Service", Always;
    /// Who names a service.
    ServiceAddress: "Service" => "AddressConfiguration", Always;
    /// The account's default service, and services whose webhooks it keeps.
    SettingsService: "ConversationConfiguration" => "Service", Always;
    /// The account's default messaging service.
    SettingsMessagingService: "ConversationConfiguration" => "MessagingService", Always;
    /// The pool that a number is in.
    NumberMessagingService: "PhoneNumber" => "MessagingService", Always;
    /// The pool that a short code is in.
    ShortCodeMessagingService: "ShortCode" => "MessagingService", Always;
    /// The short codes of a pool.
    MessagingServiceShortCode: "MessagingService" => "ShortCode", Always;
    /// The pool that a sender on a channel is in.
    ChannelSenderMessagingService: "ChannelSender" => "MessagingService", Always;
    /// The senders on channels of a pool.
    MessagingServiceChannelSender: "MessagingService" => "ChannelSender", Always;
    /// The numbers of a pool.
    MessagingServiceNumber: "MessagingService" => "PhoneNumber", Always;
    /// The service by which a recipient was written to.
    StickyMessagingService: "StickySender" => "MessagingService", Dangles("E.2");
    /// By which connection a sender goes.
    SenderOfConnection: "SenderConnection" => "CarrierConnection", Always;
    /// The senders of a connection.
    ConnectionOfSender: "CarrierConnection" => "SenderConnection", Always;
    /// The service of a conversation.
    ConversationService: "Conversation" => "Service", Dangles("B.6");
    /// The service of a user.
    UserService: "User" => "Service", Dangles("B.6");
    /// The messaging service of a conversation.
    ConversationMessagingService: "Conversation" => "MessagingService", Dangles("E.1");
    /// The flow of a conversation's own webhook.
    ConversationFlow: "Conversation" => "Flow", Dangles("B.5");
    /// The messaging service that a message came in or goes out by.
    MessageMessagingService: "Message" => "MessagingService", Dangles("E.1");
    /// A message in a conversation; those of a deleted one are left.
    MessageConversation: "Message" => "Conversation", Elsewhere;
    /// The message that a customer answered or reacted to; what is taken away leaves its record.
    MessageMessage: "Message" => "Message", Always;
    /// The uploads that a message shows.
    MessageUpload: "Message" => "Upload", Elsewhere;
    /// The message that shows an upload.
    UploadMessage: "Upload" => "Message", Elsewhere;
    /// The service whose conversations may show an upload.
    UploadService: "Upload" => "Service", Dangles("B.3");
    /// The names of messages of a conversation; those of a deleted one are left.
    PageConversation: "MessagePage" => "Conversation", Elsewhere;
    /// What finds a conversation by its participants' addresses.
    BindingConversation: "AddressBinding" => "Conversation", Elsewhere;
    /// What finds a conversation by the addresses of a group.
    GroupConversation: "GroupBinding" => "Conversation", Elsewhere;
    /// What finds a conversation by who is, or was, in it.
    MembershipConversation: "Membership" => "Conversation", Elsewhere;
    /// What finds a conversation by its name.
    NameConversation: "UniqueName" => "Conversation", Elsewhere;
    /// The interaction that a conversation is the medium of.
    ConversationInteraction: "Conversation" => "Interaction", Elsewhere;
    /// The conversation of an interaction, which stays when that is deleted by hand.
    InteractionConversation: "Interaction" => "Conversation", Elsewhere;
    /// The task of an invite.
    InteractionTask: "Interaction" => "Task", Elsewhere;
    /// Where an interaction asks for agents unless it is told otherwise.
    InteractionWorkspace: "Interaction" => "Workspace", Dangles("C.1");
}
