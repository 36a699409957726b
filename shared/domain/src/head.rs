//! The head of a workspace: the fence in front of its router, and the news for the router that holds the picture.

use serde::{Deserialize, Serialize};

use crate::sid::{
    ActivitySid, TaskChannelSid, TaskQueueSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid,
};
use crate::version::Version;

/// The fence of a workspace: a router that writes it knows that no other one decided in between.
///
/// It tells the router that holds the picture what was changed under it, so that the picture is brought up to
/// date by reading that.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Head {
    /// The workspace.
    pub workspace: WorkspaceSid,
    /// The router that holds the picture: a name that each picture gets when it is built.
    #[serde(default)]
    pub owner: String,
    /// The tasks that were decided last: the next router looks at them even if the index that lists tasks is
    /// a moment behind.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub recent: Vec<TaskSid>,
    /// Of which workers an item keeps the name.
    #[serde(default, skip_serializing_if = "NamesKept::is_nobodys")]
    pub names: NamesKept,
    /// How many queues there are; none if nobody has counted them yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub queues: Option<u32>,
    /// What was changed since the owner wrote this last, or the last of it: one for each time it was written.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    changes: Vec<PartSid>,
    /// The version from which on there is one change for each version.
    #[serde(default)]
    changes_from: u64,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// Of which workers an item keeps the name. A workspace from before there were such items makes up for it, some workers with
/// each one that is created or renamed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum NamesKept {
    /// Of those alone who were created or renamed since.
    #[default]
    Nobodys,
    /// And of all whose identifiers are no higher than this one.
    UpTo(WorkerSid),
    /// Of all.
    All,
}

impl NamesKept {
    const fn is_nobodys(&self) -> bool {
        matches!(self, Self::Nobodys)
    }
}

/// What a picture of a workspace is built of, tasks apart.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(untagged)]
pub enum PartSid {
    /// The workspace itself.
    Workspace(WorkspaceSid),
    /// An activity.
    Activity(ActivitySid),
    /// A task channel.
    TaskChannel(TaskChannelSid),
    /// A queue.
    TaskQueue(TaskQueueSid),
    /// A workflow.
    Workflow(WorkflowSid),
    /// A worker.
    Worker(WorkerSid),
}

/// At most this many tasks are remembered as decided last: at least one full turn of a busy moment.
const RECENT_MAX: usize = 16;

/// At most this many changes are told to the owner: with more of them between two looks the picture is built anew.
const CHANGES_MAX: usize = 32;

impl Head {
    /// The head of a new workspace with so many queues.
    pub fn first(workspace: WorkspaceSid, queues: u32) -> Self {
        Self { names: NamesKept::All, queues: Some(queues), ..Self::new(workspace) }
    }

    /// The head of a workspace of which nothing is known.
    pub const fn new(workspace: WorkspaceSid) -> Self {
        Self {
            workspace,
            owner: String::new(),
            recent: Vec::new(),
            names: NamesKept::Nobodys,
            queues: None,
            changes: Vec::new(),
            changes_from: 0,
            version: Version::NEW,
        }
    }

    /// Gives the picture to a router that is about to build it.
    pub fn take_over(&mut self, owner: String) {
        self.owner = owner;
        self.forget_changes();
    }

    /// Remembers tasks as decided last, by the owner, who knows all changes so far.
    pub fn remember(&mut self, tasks: impl IntoIterator<Item = TaskSid>) {
        for task in tasks {
            self.recent.retain(|known| *known != task);
            self.recent.insert(0, task);
        }
        self.recent.truncate(RECENT_MAX);
        self.forget_changes();
    }

    /// Notes what is changed together with this.
    pub fn note(&mut self, part: PartSid) {
        if !self.has_all_changes() {
            self.changes.clear();
            self.changes_from = self.version.number();
        }
        self.changes.push(part);
        let surplus = self.changes.len().saturating_sub(CHANGES_MAX);
        self.changes.drain(..surplus);
        self.changes_from += surplus as u64;
    }

    /// What was changed since a version; none if that is not known.
    pub fn changes_since(&self, version: u64) -> Option<&[PartSid]> {
        if self.version == version {
            return Some(&[]);
        }
        let known = version.checked_sub(self.changes_from).filter(|_| self.has_all_changes())?;
        self.changes.get(usize::try_from(known).ok()?..).filter(|changes| !changes.is_empty())
    }

    fn has_all_changes(&self) -> bool {
        self.version == self.changes_from + self.changes.len() as u64
    }

    /// To be written next, this is the first version that has no changes to tell.
    fn forget_changes(&mut self) {
        self.changes.clear();
        self.changes_from = self.version.number() + 1;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sid::Sid as _;

    fn head() -> Head {
        Head::new(WorkspaceSid::derived(&["w"]))
    }

    fn worker(number: u64) -> PartSid {
        PartSid::Worker(WorkerSid::derived(&[&number.to_string()]))
    }

    /// What is read after a head was written.
    fn written(mut head: Head) -> Head {
        head.version += 1;
        serde_json::from_value::<Head>(serde_json::to_value(&head).unwrap())
            .map(|read| Head { version: head.version, ..read })
            .unwrap()
    }

    fn changed(mut head: Head, number: u64) -> Head {
        head.note(worker(number));
        written(head)
    }

    #[test]
    fn a_head_remembers_the_last_tasks_each_once() {
        let sid = |number: usize| TaskSid::derived(&[&number.to_string()]);
        let mut head = head();
        head.remember((0..100).map(sid));
        head.remember([sid(98)]);
        assert_eq!(head.recent.len(), RECENT_MAX);
        assert_eq!(head.recent[..3], [sid(98), sid(99), sid(97)]);
    }

    #[test]
    fn the_owner_is_told_of_changes_since_the_last_look() {
        let mut held = written(head());
        held.take_over("me".to_owned());
        let held = written(held);
        assert_eq!(held.changes_since(held.version.number()), Some(&[][..]));
        let moved = (1..4).fold(held.clone(), changed);
        assert_eq!(
            moved.changes_since(held.version.number()),
            Some(&[worker(1), worker(2), worker(3)][..])
        );
        assert_eq!(moved.changes_since(held.version.number() + 2), Some(&[worker(3)][..]));
        assert_eq!(
            moved.changes_since(held.version.number() - 1),
            None,
            "that was before its time"
        );
        assert_eq!(moved.changes_since(moved.version.number() + 1), None, "that is yet to come");
    }

    #[test]
    fn changes_before_a_decision_are_forgotten_by_the_head() {
        let held = changed(written(head()), 1);
        let mut decided = held.clone();
        decided.remember([]);
        let decided = written(decided);
        assert_eq!(decided.changes_since(held.version.number()), None);
        let moved = changed(decided.clone(), 2);
        assert_eq!(moved.changes_since(decided.version.number()), Some(&[worker(2)][..]));
        assert_eq!(moved.changes_since(held.version.number()), None);
    }

    #[test]
    fn a_head_that_was_written_without_a_note_tells_nothing_of_before() {
        let held = written(head());
        let silent = written(changed(held.clone(), 1));
        assert_eq!(silent.changes_since(held.version.number()), None);
        let moved = changed(silent.clone(), 2);
        assert_eq!(moved.changes_since(silent.version.number()), Some(&[worker(2)][..]));
        assert_eq!(moved.changes_since(held.version.number()), None);
    }

    #[test]
    fn a_head_tells_only_so_many_changes() {
        let held = written(head());
        let many = CHANGES_MAX as u64;
        let moved = (0..=many).fold(held.clone(), changed);
        assert_eq!(moved.changes_since(held.version.number()), None);
        let told = moved.changes_since(held.version.number() + 1).unwrap();
        assert_eq!((told.len(), told.last()), (CHANGES_MAX, Some(&worker(many))));
    }
}
