//! The records of a snapshot by kind and by identifier, so that every check is one walk.

use std::collections::BTreeMap;

use switchboard_domain::address::Address;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::consent::Consent;
use switchboard_domain::conversation::{
    AddressBinding, Conversation, GroupBinding, Membership, MessagePage, State, UniqueName, User,
};
use switchboard_domain::event::Occurrence;
use switchboard_domain::head::Head;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{
    ActivitySid, ConversationSid, InteractionSid, MessageSid, TaskQueueSid, TaskSid, WorkerSid,
    WorkflowSid, WorkspaceSid,
};
use switchboard_domain::task::Task;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::{Activity, TaskQueue, Worker, WorkerName, Workflow, Workspace};
use switchboard_store::{Kept, Table};

use crate::facts::{Facts, Moment};
use crate::snapshot::Snapshot;

/// What the checks look at.
pub(super) struct View<'a> {
    pub(super) snapshot: &'a Snapshot,
    pub(super) facts: Option<&'a Facts>,
    pub(super) at_rest: bool,
    pub(super) conversations: BTreeMap<ConversationSid, &'a Conversation>,
    pub(super) messages: BTreeMap<MessageSid, &'a Message>,
    /// Pages of messages, by conversation and number.
    pub(super) pages: BTreeMap<ConversationSid, BTreeMap<u32, MessagePage>>,
    pub(super) interactions: BTreeMap<InteractionSid, &'a Interaction>,
    pub(super) tasks: BTreeMap<TaskSid, &'a Task>,
    pub(super) activities: BTreeMap<ActivitySid, &'a Activity>,
    pub(super) queues: BTreeMap<TaskQueueSid, &'a TaskQueue>,
    pub(super) workflows: BTreeMap<WorkflowSid, &'a Workflow>,
    pub(super) workers: BTreeMap<WorkerSid, &'a Worker>,
    pub(super) workspaces: BTreeMap<WorkspaceSid, &'a Workspace>,
    pub(super) heads: BTreeMap<WorkspaceSid, &'a Head>,
    /// Who wants to hear from whom, by person.
    pub(super) consents: BTreeMap<Address, &'a Consent>,
    /// The messaging services with their pools.
    pub(super) pools: Vec<&'a MessagingService>,
    pub(super) bindings: Vec<&'a AddressBinding>,
    pub(super) groups: Vec<&'a GroupBinding>,
    pub(super) memberships: Vec<&'a Membership>,
    pub(super) unique_names: Vec<&'a UniqueName>,
    pub(super) users: Vec<&'a User>,
    pub(super) worker_names: Vec<&'a WorkerName>,
    pub(super) occurrences: Vec<&'a Occurrence>,
}

impl<'a> View<'a> {
    pub(super) fn of(snapshot: &'a Snapshot, facts: Option<&'a Facts>, moment: Moment) -> Self {
        Self {
            snapshot,
            facts,
            at_rest: moment == Moment::Rest,
            conversations: by(snapshot, |it: &Conversation| it.sid),
            messages: by(snapshot, |it: &Message| it.sid),
            pages: pages(snapshot),
            interactions: by(snapshot, |it: &Interaction| it.sid),
            tasks: by(snapshot, |it: &Task| it.sid),
            activities: by(snapshot, |it: &Activity| it.sid),
            queues: by(snapshot, |it: &TaskQueue| it.sid),
            workflows: by(snapshot, |it: &Workflow| it.sid),
            workers: by(snapshot, |it: &Worker| it.sid),
            workspaces: by(snapshot, |it: &Workspace| it.sid),
            heads: by(snapshot, |it: &Head| it.workspace),
            consents: by(snapshot, |it: &Consent| it.person.clone()),
            pools: all(snapshot).collect(),
            bindings: all(snapshot).collect(),
            groups: all(snapshot).collect(),
            memberships: all(snapshot).collect(),
            unique_names: all(snapshot).collect(),
            users: all(snapshot).collect(),
            worker_names: all(snapshot).collect(),
            occurrences: all(snapshot).collect(),
        }
    }

    /// Whether a table was read, so that what is not there does not exist.
    pub(super) fn knows(&self, table: Table) -> bool {
        self.snapshot.tables.contains(&table)
    }

    /// Whether no operator has deleted the conversation or removed participants from it by hand, for certain.
    pub(super) fn is_untouched(&self, conversation: ConversationSid) -> bool {
        let interfered = self.facts.and_then(|facts| facts.interfered.as_ref());
        interfered.is_some_and(|all| !all.contains(&conversation))
    }

    /// A conversation that takes messages.
    pub(super) fn is_open(&self, conversation: ConversationSid) -> bool {
        self.conversations.get(&conversation).is_some_and(|it| it.state != State::Closed)
    }

    /// The time, if it is given.
    pub(super) fn now(&self) -> Option<Timestamp> {
        self.facts.map(|facts| facts.now).filter(|now| now.0 > 0)
    }
}

/// All records of a kind.
fn all<T: Kept + 'static>(snapshot: &Snapshot) -> impl Iterator<Item = &T> {
    snapshot.records.iter().filter_map(T::of)
}

fn pages(snapshot: &Snapshot) -> BTreeMap<ConversationSid, BTreeMap<u32, MessagePage>> {
    let mut pages: BTreeMap<_, BTreeMap<u32, MessagePage>> = BTreeMap::new();
    for page in all::<MessagePage>(snapshot) {
        pages.entry(page.conversation).or_default().insert(page.number, page.clone());
    }
    pages
}

/// All records of a kind, by what names them.
fn by<T: Kept + 'static, I: Ord>(snapshot: &Snapshot, id: impl Fn(&T) -> I) -> BTreeMap<I, &T> {
    all(snapshot).map(|record| (id(record), record)).collect()
}
