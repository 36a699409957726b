//! Which record refers to which, and whether what is referred to has to be there: in one table.
//!
//! [`of`] asks of every kind of record what it refers to, so a new kind does not compile until it says so. Whoever
//! removes a record and whoever comes to refer to it may do both at once; `tests/rest/references.rs` tries every
//! [`Pair`] in both orders.

use std::collections::BTreeSet;

use switchboard_domain::configuration::Flow;
use switchboard_domain::connection::CarrierConnection;
use switchboard_domain::conversation::{Conversation, Target};
use switchboard_domain::interaction::Interaction;
use switchboard_domain::record::Record;
use switchboard_domain::routing::workflow::Workflow as Rules;
use switchboard_domain::sid::Sid as _;
use switchboard_domain::task::{Task, TaskStatus};
use switchboard_domain::workspace::{TaskQueue, Worker, Workflow};
use switchboard_store::key::{self, Place};
use switchboard_store::{Key, Table};

use crate::view::View;
use crate::violation::Found;

const THERE: &str = "what a record refers to is there";
const THERE_AT_REST: &str = "at rest what an open task is routed by is there";

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
        pub enum Pair {
            $($(#[$doc])* $pair,)*
        }

        impl Pair {
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
    /// The numbers of a pool.
    MessagingServiceNumber: "MessagingService" => "PhoneNumber", Always;
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
    /// The names of messages of a conversation; those of a deleted one are left.
    PageConversation: "MessagePage" => "Conversation", Elsewhere;
    /// What finds a conversation by its participants' addresses.
    BindingConversation: "AddressBinding" => "Conversation", Elsewhere;
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

/// What a record refers to, and where that is. What is only remembered is no reference: what happened (`Occurrence`),
/// that an endpoint was called (`WebhookAttempt`), a conversation that was removed (`RemovedConversation`), that a webhook was not
/// believed (`RejectedWebhook`), the last tasks of a router and the changes it is told (`Head`),
/// a task that is over, seats.
pub(crate) fn of(record: &Record) -> Vec<(Pair, Key)> {
    let in_workspace = |workspace| vec![(Pair::PartWorkspace, key::workspace(workspace))];
    let finds = |pair, conversation| vec![(pair, key::conversation(conversation))];
    match record {
        Record::Task(it) => of_task(it),
        Record::Worker(it) => of_worker(it),
        Record::WorkerName(it) => vec![(Pair::NameWorker, key::worker(it.workspace, it.worker))],
        Record::TaskQueue(it) => of_queue(it),
        Record::Workflow(it) => of_workflow(it),
        Record::Workspace(it) => {
            let activities = [it.default_activity, it.timeout_activity];
            activities.map(|sid| (Pair::WorkspaceActivity, key::activity(it.sid, sid))).into()
        }
        Record::Activity(it) => in_workspace(it.workspace),
        Record::TaskChannel(it) => in_workspace(it.workspace),
        Record::Head(it) => in_workspace(it.workspace),
        Record::Flow(it) => of_flow(it),
        Record::AddressConfiguration(it) => {
            let flow = it.flow().map(|sid| (Pair::AddressFlow, key::flow(sid)));
            let service = it.service.map(|sid| (Pair::AddressService, key::service(sid)));
            flow.into_iter().chain(service).collect()
        }
        Record::Service(it) => {
            let addresses = it.addresses.iter().copied().map(key::address_configuration);
            addresses.map(|at| (Pair::ServiceAddress, at)).collect()
        }
        Record::ConversationConfiguration(it) => {
            let service = it.default_service.map(|sid| (Pair::SettingsService, key::service(sid)));
            let messaging = it.default_messaging_service.map(key::messaging_service);
            let messaging = messaging.map(|at| (Pair::SettingsMessagingService, at));
            let told = it.service_webhooks.keys();
            let told = told.map(|sid| (Pair::SettingsService, key::service(*sid)));
            service.into_iter().chain(messaging).chain(told).collect()
        }
        Record::PhoneNumber(it) => {
            let pool = it.messaging_service.map(key::messaging_service);
            pool.map(|at| (Pair::NumberMessagingService, at)).into_iter().collect()
        }
        Record::MessagingService(it) => {
            let numbers = it.numbers.iter().map(|one| key::phone_number(one.sid));
            numbers.map(|at| (Pair::MessagingServiceNumber, at)).collect()
        }
        Record::SenderConnection(it) => {
            vec![(Pair::SenderOfConnection, key::carrier_connection(it.connection))]
        }
        Record::CarrierConnection(it) => of_connection(it),
        Record::Conversation(it) => of_conversation(it),
        Record::Message(it) => {
            let messaging = it.messaging_service.map(key::messaging_service);
            let messaging = messaging.map(|at| (Pair::MessageMessagingService, at));
            let home = it.conversation.map(key::conversation);
            messaging.into_iter().chain(home.map(|at| (Pair::MessageConversation, at))).collect()
        }
        Record::AddressBinding(it) => finds(Pair::BindingConversation, it.conversation),
        Record::MessagePage(it) => finds(Pair::PageConversation, it.conversation),
        Record::Membership(it) => finds(Pair::MembershipConversation, it.conversation),
        Record::UniqueName(it) => finds(Pair::NameConversation, it.conversation),
        Record::User(it) => vec![(Pair::UserService, key::service(it.service))],
        Record::Interaction(it) => of_interaction(it),
        Record::ApiKey(_)
        | Record::Occurrence(_)
        | Record::RejectedWebhook(_)
        | Record::RemovedConversation(_)
        | Record::Renaming(_)
        | Record::Silence(_)
        | Record::Spend(_)
        | Record::WebhookAttempt(_)
        | Record::WebhookEndpoint(_) => Vec::new(),
    }
}

fn of_connection(it: &CarrierConnection) -> Vec<(Pair, Key)> {
    let senders = it.senders.iter().map(|one| key::sender_connection(one.sid()));
    senders.map(|at| (Pair::ConnectionOfSender, at)).collect()
}

fn of_worker(it: &Worker) -> Vec<(Pair, Key)> {
    let activities = [Some(it.activity), it.occupation.map(|held| held.before)];
    let activities = activities.into_iter().flatten();
    let activities = activities.map(|sid| (Pair::WorkerActivity, key::activity(it.workspace, sid)));
    let channels = it.channels.keys();
    let channels = channels.map(|sid| (Pair::WorkerChannel, key::task_channel(it.workspace, *sid)));
    activities.chain(channels).collect()
}

fn of_queue(it: &TaskQueue) -> Vec<(Pair, Key)> {
    let activities = [it.reservation_activity, it.assignment_activity].into_iter().flatten();
    activities.map(|sid| (Pair::QueueActivity, key::activity(it.workspace, sid))).collect()
}

fn of_flow(it: &Flow) -> Vec<(Pair, Key)> {
    let route = it.route.iter().flat_map(|route| {
        [
            (Pair::FlowWorkspace, key::workspace(route.workspace)),
            (Pair::FlowWorkflow, key::workflow(route.workspace, route.workflow)),
            (Pair::FlowChannel, key::task_channel(route.workspace, route.channel)),
        ]
    });
    let addresses = it.addresses.iter().copied().map(key::address_configuration);
    route.chain(addresses.map(|at| (Pair::FlowAddress, at))).collect()
}

fn of_conversation(it: &Conversation) -> Vec<(Pair, Key)> {
    let service = [(Pair::ConversationService, key::service(it.service))];
    let messaging = it.messaging_service.map(key::messaging_service);
    let messaging = messaging.map(|at| (Pair::ConversationMessagingService, at));
    let flows = it.webhooks.iter().filter_map(|one| match one.target {
        Target::Studio { flow } => Some((Pair::ConversationFlow, key::flow(flow))),
        Target::Webhook { .. } | Target::Trigger { .. } => None,
    });
    let interaction = it.interaction.map(key::interaction);
    let interaction = interaction.map(|at| (Pair::ConversationInteraction, at));
    service.into_iter().chain(messaging).chain(flows).chain(interaction).collect()
}

fn of_interaction(it: &Interaction) -> Vec<(Pair, Key)> {
    let open = it.invites.iter().filter(|invite| !invite.over);
    let tasks = open.map(|invite| (Pair::InteractionTask, key::task(invite.task)));
    let both = [
        (Pair::InteractionConversation, key::conversation(it.sid.twin())),
        (Pair::InteractionWorkspace, key::workspace(it.workspace)),
    ];
    both.into_iter().chain(tasks).collect()
}

fn of_task(task: &Task) -> Vec<(Pair, Key)> {
    if task.status.is_over() {
        return Vec::new();
    }
    let workspace = task.workspace;
    let mut all = vec![
        (Pair::TaskWorkspace, key::workspace(workspace)),
        (Pair::TaskWorkflow, key::workflow(workspace, task.workflow)),
        (Pair::TaskChannel, key::task_channel(workspace, task.channel)),
    ];
    // One for a worker is only counted in its queue.
    let queue = task.queue.filter(|_| task.worker.is_none());
    all.extend(queue.map(|sid| (Pair::TaskQueue, key::task_queue(workspace, sid))));
    let worker = task.worker.filter(|_| task.status == TaskStatus::Pending);
    all.extend(worker.map(|sid| (Pair::TaskWorker, key::worker(workspace, sid))));
    let asked = task.open_reservations().map(|one| key::worker(workspace, one.worker));
    all.extend(asked.map(|at| (Pair::ReservationWorker, at)));
    all.extend(task.interaction.map(|sid| (Pair::TaskInteraction, key::interaction(sid))));
    all
}

fn of_workflow(workflow: &Workflow) -> Vec<(Pair, Key)> {
    let workspace = workflow.workspace;
    // One that cannot be read leads nowhere.
    let Ok(rules) = Rules::parse(&workflow.configuration) else { return Vec::new() };
    let queues = rules.queues().into_iter().map(|sid| key::task_queue(workspace, sid));
    let activities = rules.activities().into_iter().map(|sid| key::activity(workspace, sid));
    let workers = rules.workers().into_iter().map(|sid| key::worker(workspace, sid));
    let queues = queues.map(|at| (Pair::WorkflowQueue, at));
    let activities = activities.map(|at| (Pair::WorkflowActivity, at));
    queues.chain(activities).chain(workers.map(|at| (Pair::WorkflowWorker, at))).collect()
}

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    let places = |record: &Record| Place::of(record).key;
    let there: BTreeSet<Key> = view.snapshot.records.iter().map(places).collect();
    for record in &view.snapshot.records {
        for (pair, at) in of(record) {
            let invariant = match pair.rule() {
                Rule::Always => THERE,
                Rule::AtRest if view.at_rest => THERE_AT_REST,
                Rule::AtRest | Rule::Elsewhere | Rule::Dangles(_) => continue,
            };
            if view.knows(at.table) && !there.contains(&at) {
                let what = format!("the {} of a {} is not", pair.kinds().1, pair.kinds().0);
                found.add(invariant, what, [named(&places(record)), named(&at)]);
            }
        }
    }
}

/// What a record is called: its key, which of the kinds in question is no address of a customer.
fn named(key: &Key) -> String {
    match key.table {
        Table::Routing => key.sk.clone(),
        Table::Conversations | Table::Interactions | Table::Configuration | Table::Events => {
            key.pk.clone()
        }
    }
}
