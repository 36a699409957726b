//! An occurrence as it is stored: without what the rest of it says as well, since a write costs a unit for each kilobyte.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use super::{Event, Mention, Occurrence, Subject};
use crate::sid::{WorkerSid, WorkspaceSid};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// The members of an occurrence.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Stored {
    workspace: WorkspaceSid,
    time: Timestamp,
    origin: u64,
    #[serde(default)]
    part: u8,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    worker: Option<WorkerSid>,
    subject: Subject,
    #[serde(default, skip_serializing_if = "Names::is_empty")]
    names: Names,
    /// What happened to the worker's own reservation does not name them.
    events: Vec<Event>,
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum Names {
    /// Of what is mentioned, in the order of [`Occurrence::mentions`].
    Listed(Vec<Option<String>>),
    /// By identifier, as they were once.
    ByIdentifier(BTreeMap<String, String>),
}

impl Default for Names {
    fn default() -> Self {
        Self::Listed(Vec::new())
    }
}

impl Names {
    fn is_empty(&self) -> bool {
        match self {
            Self::Listed(names) => names.is_empty(),
            Self::ByIdentifier(names) => names.is_empty(),
        }
    }
}

impl Mention {
    /// Its identifier.
    fn sid(self) -> String {
        match self {
            Self::Workspace(sid) => sid.to_string(),
            Self::Activity(_, sid) => sid.to_string(),
            Self::TaskChannel(_, sid) => sid.to_string(),
            Self::TaskQueue(_, sid) => sid.to_string(),
            Self::Workflow(_, sid) => sid.to_string(),
        }
    }
}

impl From<Occurrence> for Stored {
    fn from(it: Occurrence) -> Self {
        let mentions: Vec<String> = it.mentions().into_iter().map(Mention::sid).collect();
        let names = if it.names.is_empty() {
            Names::default()
        } else if it.names.keys().all(|sid| mentions.contains(sid)) {
            Names::Listed(mentions.iter().map(|sid| it.names.get(sid).cloned()).collect())
        } else {
            Names::ByIdentifier(it.names)
        };
        let mut events = it.events;
        let own = events.iter_mut().filter(|one| one.reservation.is_some());
        own.filter(|one| one.worker == it.worker).for_each(|one| one.worker = None);
        Self {
            workspace: it.workspace,
            time: it.time,
            origin: it.origin,
            part: it.part,
            worker: it.worker,
            subject: it.subject,
            names,
            events,
        }
    }
}

impl From<Stored> for Occurrence {
    fn from(it: Stored) -> Self {
        let mut events = it.events;
        let own = events.iter_mut().filter(|one| one.reservation.is_some());
        own.for_each(|one| one.worker = one.worker.or(it.worker));
        let mut read = Self {
            workspace: it.workspace,
            time: it.time,
            origin: it.origin,
            part: it.part,
            worker: it.worker,
            subject: it.subject,
            names: BTreeMap::new(),
            events,
            version: Version::NEW,
        };
        read.names = match it.names {
            Names::ByIdentifier(names) => names,
            Names::Listed(names) => {
                let mentions = read.mentions().into_iter().map(Mention::sid);
                mentions.zip(names).filter_map(|(sid, name)| Some((sid, name?))).collect()
            }
        };
        read
    }
}
