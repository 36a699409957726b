//! Where items live: tables, keys, rows of the indexes, and what sort keys are made of.

use switchboard_domain::sid::WorkerSid;
use switchboard_domain::timestamp::Timestamp;

/// The tables.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
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
    /// Its row in the index `due`, in the tables of conversations and of configuration.
    pub due: Option<IndexRow>,
    /// When it may be dropped.
    pub expires: Option<Timestamp>,
}

pub(crate) fn key(table: Table, pk: impl ToString, sk: impl ToString) -> Key {
    Key { table, pk: pk.to_string(), sk: sk.to_string() }
}

/// A sort key in order of time; the identifier tells two of one millisecond apart.
pub fn dated(time: Timestamp, sid: impl ToString) -> String {
    format!("{:013}#{}", time.0, sid.to_string())
}

/// A sort key in order of a message's index.
pub fn indexed(index: u32) -> String {
    format!("{index:010}")
}

/// The partition of the index `due`.
pub(crate) const DUE: &str = "DUE";

/// The partition of the index `due` of messages that wait for their time: so many of them do not keep conversations waiting.
pub(crate) const SCHEDULED: &str = "SCHEDULED";

/// The partition of the index `due` of executions of flows that wait for a reply.
pub(crate) const FLOWS: &str = "FLOWS";

/// A sort key in order of time alone: an index may have two of one millisecond.
pub(crate) fn due_at(time: Timestamp) -> String {
    format!("{:013}", time.0.max(0))
}

impl Place {
    /// At a key, in no index, for good.
    pub(crate) fn at(key: Key) -> Self {
        Self { key, list: None, worker: None, due: None, expires: None }
    }

    /// With a row in the index `list`.
    pub(crate) fn listed(mut self, pk: impl ToString, sk: String) -> Self {
        self.list = Some(IndexRow { pk: pk.to_string(), sk });
        self
    }

    /// With a row in the index `worker`, if there is one.
    pub(crate) fn held_by(mut self, worker: Option<WorkerSid>, sk: String) -> Self {
        self.worker = worker.map(|worker| IndexRow { pk: worker.to_string(), sk });
        self
    }

    /// With a row in the index `due`, if it is to be looked at.
    pub(crate) fn looked_at(mut self, at: Option<Timestamp>) -> Self {
        self.due = at.map(|at| IndexRow { pk: DUE.to_owned(), sk: due_at(at) });
        self
    }

    /// With a row among what waits for its time, if it does.
    pub(crate) fn scheduled(mut self, at: Option<Timestamp>) -> Self {
        self.due = at.map(|at| IndexRow { pk: SCHEDULED.to_owned(), sk: due_at(at) });
        self
    }

    /// With a row among the executions of flows that wait, if it does.
    pub(crate) fn of_flows(mut self, at: Option<Timestamp>) -> Self {
        self.due = at.map(|at| IndexRow { pk: FLOWS.to_owned(), sk: due_at(at) });
        self
    }

    /// Until it may be dropped, if ever.
    pub(crate) const fn until(mut self, expires: Option<Timestamp>) -> Self {
        self.expires = expires;
        self
    }
}
