//! The records of a snapshot by kind and by identifier, so that every check is one walk.

use std::collections::BTreeMap;

use switchboard_domain::conversation::{
    AddressBinding, Conversation, Membership, State, UniqueName,
};
use switchboard_domain::event::Occurrence;
use switchboard_domain::head::Head;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ActivitySid, ConversationSid, InteractionSid, MessageSid, TaskQueueSid, TaskSid, WorkerSid,
    WorkflowSid, WorkspaceSid,
};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::{Activity, TaskQueue, Worker, Workflow, Workspace};
use switchboard_store::Table;

use crate::facts::{Facts, Moment};
use crate::snapshot::Snapshot;

/// What the checks look at.
pub(super) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) facts: Option<&'a Facts>,
    pub(super) at_rest: bool,
    pub(super) conversations: BTreeMap<ConversationSid, &'a Conversation>,
    pub(super) messages: BTreeMap<MessageSid, &'a Message>,
    pub(super) interactions: BTreeMap<InteractionSid, &'a Interaction>,
    pub(super) tasks: BTreeMap<TaskSid, &'a Task>,
    pub(super) activities: BTreeMap<ActivitySid, &'a Activity>,
    pub(super) queues: BTreeMap<TaskQueueSid, &'a TaskQueue>,
    pub(super) workflows: BTreeMap<WorkflowSid, &'a Workflow>,
    pub(super) workers: BTreeMap<WorkerSid, &'a Worker>,
    pub(super) workspaces: BTreeMap<WorkspaceSid, &'a Workspace>,
    pub(super) heads: BTreeMap<WorkspaceSid, &'a Head>,
    pub(super) bindings: Vec<&'a AddressBinding>,
    pub(super) memberships: Vec<&'a Membership>,
    pub(super) unique_names: Vec<&'a UniqueName>,
    pub(super) occurrences: Vec<&'a Occurrence>,
}

impl<'a> View<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, facts: Option<&'a Facts>, moment: Moment) -> Self {
        let mut view = Self {
            snapshot,
            facts,
            at_rest: moment == Moment::Rest,
            conversations: BTreeMap::new(),
            messages: BTreeMap::new(),
            interactions: BTreeMap::new(),
            tasks: BTreeMap::new(),
            activities: BTreeMap::new(),
            queues: BTreeMap::new(),
            workflows: BTreeMap::new(),
            workers: BTreeMap::new(),
            workspaces: BTreeMap::new(),
            heads: BTreeMap::new(),
            bindings: Vec::new(),
            memberships: Vec::new(),
            unique_names: Vec::new(),
            occurrences: Vec::new(),
        };
        snapshot.records.iter().for_each(|record| view.take(record));
        view
    }

    fn take(&mut self, record: &'a Record) {
        match record {
            Record::Conversation(it) => drop(self.conversations.insert(it.sid, it)),
            Record::Message(it) => drop(self.messages.insert(it.sid, it)),
            Record::Interaction(it) => drop(self.interactions.insert(it.sid, it)),
            Record::Task(it) => drop(self.tasks.insert(it.sid, it)),
            Record::Activity(it) => drop(self.activities.insert(it.sid, it)),
            Record::TaskQueue(it) => drop(self.queues.insert(it.sid, it)),
            Record::Workflow(it) => drop(self.workflows.insert(it.sid, it)),
            Record::Worker(it) => drop(self.workers.insert(it.sid, it)),
            Record::Workspace(it) => drop(self.workspaces.insert(it.sid, it)),
            Record::Head(it) => drop(self.heads.insert(it.workspace, it)),
            Record::AddressBinding(it) => self.bindings.push(it),
            Record::Membership(it) => self.memberships.push(it),
            Record::UniqueName(it) => self.unique_names.push(it),
            Record::Occurrence(it) => self.occurrences.push(it),
            Record::AddressConfiguration(_)
            | Record::ApiKey(_)
            | Record::ConversationConfiguration(_)
            | Record::Flow(_)
            | Record::MessagingService(_)
            | Record::PhoneNumber(_)
            | Record::Service(_)
            | Record::TaskChannel(_)
            | Record::WebhookAttempt(_) => {}
        }
    }

    /// Whether a table was read, so that what is not there does not exist.
    pub(super) fn knows(&self, table: Table) -> bool {
        self.snapshot.tables.contains(&table)
    }

    /// Whether nobody has deleted the conversation or removed participants from it by hand, for certain.
    pub(super) fn is_untouched(&self, conversation: ConversationSid) -> bool {
        let interfered = self.facts.and_then(|facts| facts.interfered.as_ref());
        interfered.is_some_and(|all| !all.contains(&conversation))
    }

    /// A conversation that takes messages.
    pub(super) fn is_open(&self, conversation: ConversationSid) -> bool {
        self.conversations.get(&conversation).is_some_and(|it| it.state != State::Closed)
    }

    /// The time, if somebody says what it is.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.facts.map(|facts| facts.now).filter(|now| now.0 > 0)
    }
}
