//! Where each record lives: the only file that spells keys.

use switchboard_domain::configuration::{AddressConfiguration, PhoneNumber};
use switchboard_domain::conversation::Pair;
use switchboard_domain::event::{EventPlace, Mention};
use switchboard_domain::head::PartSid;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ActivitySid, AddressConfigurationSid, ConversationSid, FlowSid, InteractionSid, KeySid,
    MessageSid, MessagingServiceSid, PhoneNumberSid, ServiceSid, TaskChannelSid, TaskQueueSid,
    TaskSid, WorkerSid, WorkflowSid, WorkspaceSid,
};
use switchboard_domain::timestamp::{Millis, Timestamp};

/// How long it is remembered that a webhook was called.
const ATTEMPT_KEPT: Millis = Millis::seconds(24 * 3600);

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Table {
    /// Conversations, messages and what finds them.
    Conversations,
    /// Interactions.
    Interactions,
    /// Workspaces, workers, queues, tasks.
    Routing,
    /// What operators set up.
    Configuration,
    /// What happened in workspaces.
    Events,
}

/// The address of one item.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Key {
    /// The table.
    pub table: Table,
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// An item's row in an index.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IndexRow {
    /// The partition key.
    pub pk: String,
    /// The sort key.
    pub sk: String,
}

/// Where a record lives and by what it is found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub key: Key,
    /// Its row in the index `list`.
    pub list: Option<IndexRow>,
    /// Its row in the index `worker`, in the tables of routing and of events.
    pub worker: Option<IndexRow>,
    /// When it may be dropped.
    pub expires: Option<Timestamp>,
}

fn key(table: Table, pk: impl ToString, sk: impl ToString) -> Key {
    Key { table, pk: pk.to_string(), sk: sk.to_string() }
}

/// A conversation service.
pub fn service(sid: ServiceSid) -> Key {
    key(Table::Conversations, sid, "IS")
}

/// A conversation.
pub fn conversation(sid: ConversationSid) -> Key {
    key(Table::Conversations, sid, "CH")
}

/// A message.
pub fn message(sid: MessageSid) -> Key {
    key(Table::Conversations, sid, "IM")
}

/// The open conversation of an address pair.
pub fn binding(pair: &Pair) -> Key {
    key(Table::Conversations, format!("A#{}", pair.address), format!("P#{}", pair.proxy))
}

/// Somebody's place in a conversation.
pub fn membership(who: &str, conversation: ConversationSid) -> Key {
    key(Table::Conversations, who, format!("C#{conversation}"))
}

/// A conversation's unique name.
pub fn unique_name(service: ServiceSid, name: &str) -> Key {
    key(Table::Conversations, format!("N#{service}#{name}"), "N")
}

/// An interaction.
pub fn interaction(sid: InteractionSid) -> Key {
    key(Table::Interactions, sid, "KD")
}

/// A workspace.
pub fn workspace(sid: WorkspaceSid) -> Key {
    key(Table::Routing, sid, "WS")
}

/// The head of a workspace.
pub fn head(workspace: WorkspaceSid) -> Key {
    key(Table::Routing, workspace, "HEAD")
}

/// What a picture of a workspace is built of.
pub fn part(of: WorkspaceSid, part: PartSid) -> Key {
    match part {
        PartSid::Workspace(sid) => workspace(sid),
        PartSid::Activity(sid) => activity(of, sid),
        PartSid::TaskChannel(sid) => task_channel(of, sid),
        PartSid::TaskQueue(sid) => task_queue(of, sid),
        PartSid::Workflow(sid) => workflow(of, sid),
        PartSid::Worker(sid) => worker(of, sid),
    }
}

/// An activity.
pub fn activity(workspace: WorkspaceSid, sid: ActivitySid) -> Key {
    key(Table::Routing, workspace, format!("WA#{sid}"))
}

/// A task channel.
pub fn task_channel(workspace: WorkspaceSid, sid: TaskChannelSid) -> Key {
    key(Table::Routing, workspace, format!("TC#{sid}"))
}

/// A queue.
pub fn task_queue(workspace: WorkspaceSid, sid: TaskQueueSid) -> Key {
    key(Table::Routing, workspace, format!("WQ#{sid}"))
}

/// A workflow.
pub fn workflow(workspace: WorkspaceSid, sid: WorkflowSid) -> Key {
    key(Table::Routing, workspace, format!("WW#{sid}"))
}

/// A worker.
pub fn worker(workspace: WorkspaceSid, sid: WorkerSid) -> Key {
    key(Table::Routing, workspace, format!("WK#{sid}"))
}

/// A task.
pub fn task(sid: TaskSid) -> Key {
    key(Table::Routing, sid, "WT")
}

/// A phone number.
pub fn phone_number(sid: PhoneNumberSid) -> Key {
    key(Table::Configuration, sid, "PN")
}

/// The phone number with this address.
pub fn phone_number_of(address: &switchboard_domain::address::Address) -> Key {
    phone_number(PhoneNumber::sid_of(address))
}

/// A messaging service.
pub fn messaging_service(sid: MessagingServiceSid) -> Key {
    key(Table::Configuration, sid, "MG")
}

/// An address configuration.
pub fn address_configuration(sid: AddressConfigurationSid) -> Key {
    key(Table::Configuration, sid, "IG")
}

/// The configuration of this address.
pub fn address_configuration_of(address: &switchboard_domain::address::Address) -> Key {
    address_configuration(AddressConfiguration::sid_of(address))
}

/// A flow.
pub fn flow(sid: FlowSid) -> Key {
    key(Table::Configuration, sid, "FW")
}

/// The account's settings of the conversations product.
pub fn conversation_configuration() -> Key {
    key(Table::Configuration, "CONVERSATIONS", "-")
}

/// An API key.
pub fn api_key(sid: KeySid) -> Key {
    key(Table::Configuration, sid, "SK")
}

/// That a webhook was called for a request.
pub fn webhook_attempt(id: &str) -> Key {
    key(Table::Configuration, format!("H#{id}"), "H")
}

/// What happened in a workspace within one hour, counted from 1970.
pub fn hour(workspace: WorkspaceSid, hour: i64) -> String {
    format!("{workspace}#{hour}")
}

/// The hour of a time.
pub const fn hour_of(time: Timestamp) -> i64 {
    time.seconds().div_euclid(3600)
}

/// The sort key of the occurrence that an event is part of.
pub fn occurrence_sort(place: EventPlace) -> String {
    let mut sorted = place.sorted();
    // Behind it stands the number of the event.
    sorted.truncate(sorted.len() - 2);
    sorted
}

/// The occurrence that an event is part of.
pub fn occurrence(workspace: WorkspaceSid, place: EventPlace) -> Key {
    key(Table::Events, hour(workspace, hour_of(place.time)), occurrence_sort(place))
}

/// Something whose name belongs to an occurrence.
pub fn mention(mention: Mention) -> Key {
    match mention {
        Mention::Workspace(sid) => workspace(sid),
        Mention::Activity(of, sid) => activity(of, sid),
        Mention::TaskChannel(of, sid) => task_channel(of, sid),
        Mention::TaskQueue(of, sid) => task_queue(of, sid),
        Mention::Workflow(of, sid) => workflow(of, sid),
    }
}

/// A sort key in order of time; the identifier tells two of one millisecond apart.
pub fn dated(time: Timestamp, sid: impl ToString) -> String {
    format!("{:013}#{}", time.0, sid.to_string())
}

/// A sort key in order of a message's index.
pub fn indexed(index: u32) -> String {
    format!("{index:010}")
}

impl Place {
    fn at(key: Key) -> Self {
        Self { key, list: None, worker: None, expires: None }
    }

    fn listed(mut self, pk: impl ToString, sk: String) -> Self {
        self.list = Some(IndexRow { pk: pk.to_string(), sk });
        self
    }

    /// Where a record lives.
    pub fn of(record: &Record) -> Self {
        match record {
            Record::Service(it) => {
                Self::at(service(it.sid)).listed("SERVICES", dated(it.created, it.sid))
            }
            Record::Conversation(it) => {
                Self::at(conversation(it.sid)).listed(it.service, dated(it.created, it.sid))
            }
            Record::Message(it) => {
                let place = Self::at(message(it.sid));
                match (it.conversation, it.removed) {
                    (_, true) => place,
                    (Some(of), false) => place.listed(of, indexed(it.index)),
                    (None, false) => place.listed("MESSAGES", dated(it.created, it.sid)),
                }
            }
            Record::AddressBinding(it) => Self::at(binding(&it.pair)),
            Record::Membership(it) => Self::at(membership(&it.who, it.conversation)),
            Record::UniqueName(it) => Self::at(unique_name(it.service, &it.name)),
            Record::Interaction(it) => Self::at(interaction(it.sid)),
            Record::Workspace(it) => {
                Self::at(workspace(it.sid)).listed("WORKSPACES", dated(it.created, it.sid))
            }
            Record::Head(it) => Self::at(head(it.workspace)),
            Record::Activity(it) => Self::at(activity(it.workspace, it.sid)),
            Record::TaskChannel(it) => Self::at(task_channel(it.workspace, it.sid)),
            Record::TaskQueue(it) => Self::at(task_queue(it.workspace, it.sid)),
            Record::Workflow(it) => Self::at(workflow(it.workspace, it.sid)),
            Record::Worker(it) => Self::at(worker(it.workspace, it.sid)),
            Record::Task(it) => {
                let mut place =
                    Self::at(task(it.sid)).listed(it.workspace, dated(it.created, it.sid));
                place.worker = it
                    .holder()
                    .map(|who| IndexRow { pk: who.to_string(), sk: dated(it.created, it.sid) });
                place.expires = it.expires();
                place
            }
            Record::Occurrence(it) => {
                let sort = occurrence_sort(it.place(0));
                let mut place = Self::at(occurrence(it.workspace, it.place(0)))
                    .listed(it.resource(), sort.clone());
                place.worker = it.worker.map(|who| IndexRow { pk: who.to_string(), sk: sort });
                place.expires = Some(it.expires());
                place
            }
            Record::PhoneNumber(it) => {
                Self::at(phone_number(it.sid)).listed("NUMBERS", dated(it.created, it.sid))
            }
            Record::MessagingService(it) => {
                Self::at(messaging_service(it.sid)).listed("MESSAGING", dated(it.created, it.sid))
            }
            Record::AddressConfiguration(it) => Self::at(address_configuration(it.sid))
                .listed("ADDRESSES", dated(it.created, it.sid)),
            Record::Flow(it) => Self::at(flow(it.sid)).listed("FLOWS", dated(it.created, it.sid)),
            Record::ConversationConfiguration(_) => Self::at(conversation_configuration()),
            Record::ApiKey(it) => {
                Self::at(api_key(it.sid)).listed("KEYS", dated(it.created, it.sid))
            }
            Record::WebhookAttempt(it) => {
                let mut place = Self::at(webhook_attempt(&it.id));
                place.expires = Some(it.updated + ATTEMPT_KEPT);
                place
            }
        }
    }
}
