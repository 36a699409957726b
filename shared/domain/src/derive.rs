//! Events that follow from changes: what each change of the routing table amounts to.
//!
//! ```text
//!  image before ─┐
//!                ├─ of_change ─▶ occurrence: one item per change, with its events in order
//!  image after ──┘
//! ```

mod configuration;
mod task;
mod worker;

use std::collections::BTreeMap;

use sha2::{Digest as _, Sha256};

use crate::event::{Event, Occurrence, Subject, WorkerEvent};
use crate::record::Record;
use crate::sid::WorkspaceSid;
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Workflow, Workspace};

/// At most this many events fit into one occurrence.
const EVENTS_MAX: usize = 256;

/// One version of an item, which a change leads to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Written<'a> {
    /// The partition key of the item.
    pub pk: &'a str,
    /// Its sort key.
    pub sk: &'a str,
    /// The version; of an item that was removed the one that it would have got.
    pub version: u64,
    /// When the store saw it: the time of a removal, which no image tells.
    pub seen: Timestamp,
}

impl Written<'_> {
    fn origin(&self) -> u64 {
        let mut hash = Sha256::new();
        for part in [self.pk, self.sk] {
            hash.update((part.len() as u64).to_be_bytes());
            hash.update(part.as_bytes());
        }
        hash.update(self.version.to_be_bytes());
        let mut first = [0; 8];
        first.copy_from_slice(&hash.finalize()[..8]);
        u64::from_be_bytes(first)
    }
}

/// What a change amounts to: nothing, or one occurrence, or one for each worker who has a part in it.
pub fn of_change(
    before: Option<&Record>,
    after: Option<&Record>,
    written: Written<'_>,
) -> Vec<Occurrence> {
    let Some(Derived { workspace, time, subject, events }) = derived(before, after) else {
        return Vec::new();
    };
    let mut found: Vec<Occurrence> = Vec::new();
    for event in events {
        let same = found.last().is_some_and(|last| {
            let whose =
                event.worker.is_none() || last.worker.is_none() || last.worker == event.worker;
            whose && last.events.len() < EVENTS_MAX
        });
        if !same {
            found.push(Occurrence {
                workspace,
                time: time.unwrap_or(written.seen),
                origin: written.origin(),
                part: u8::try_from(found.len()).unwrap_or(u8::MAX),
                worker: subject.worker(),
                subject: subject.clone(),
                names: BTreeMap::new(),
                events: Vec::new(),
                version: Version::NEW,
            });
        }
        if let Some(last) = found.last_mut() {
            last.worker = last.worker.or(event.worker);
            last.events.push(event);
        }
    }
    found
}

/// The events of a change, before they are put together.
struct Derived {
    workspace: WorkspaceSid,
    /// None if no image tells.
    time: Option<Timestamp>,
    subject: Subject,
    events: Vec<Event>,
}

fn derived(before: Option<&Record>, after: Option<&Record>) -> Option<Derived> {
    match (before, after) {
        (before, Some(Record::Task(now))) => {
            let before = match before {
                Some(Record::Task(before)) => Some(before.as_ref()),
                _ => None,
            };
            Some(Derived {
                workspace: now.workspace,
                time: Some(now.updated),
                subject: Subject::task(now),
                events: task::events(before, now),
            })
        }
        (Some(Record::Task(gone)), None) => Some(Derived {
            workspace: gone.workspace,
            time: None,
            subject: Subject::task(gone),
            events: task::removed(gone),
        }),
        (before, Some(Record::Worker(now))) => {
            let before = match before {
                Some(Record::Worker(before)) => Some(before.as_ref()),
                _ => None,
            };
            Some(Derived {
                workspace: now.workspace,
                time: Some(now.updated),
                subject: Subject::worker_of(now),
                events: worker::events(before, now),
            })
        }
        (Some(Record::Worker(gone)), None) => Some(Derived {
            workspace: gone.workspace,
            time: None,
            subject: Subject::worker_of(gone),
            events: vec![Event::of(WorkerEvent::Deleted)],
        }),
        (before, after) => configuration::derived(before, after),
    }
}

impl Occurrence {
    /// Learns how something that it mentions is called.
    pub fn learn(&mut self, record: &Record) {
        let (sid, name) = if let Some(it) = record.get::<Workspace>() {
            (it.sid.to_string(), &it.friendly_name)
        } else if let Some(it) = record.get::<Activity>() {
            (it.sid.to_string(), &it.friendly_name)
        } else if let Some(it) = record.get::<TaskChannel>() {
            (it.sid.to_string(), &it.unique_name)
        } else if let Some(it) = record.get::<TaskQueue>() {
            (it.sid.to_string(), &it.friendly_name)
        } else if let Some(it) = record.get::<Workflow>() {
            (it.sid.to_string(), &it.friendly_name)
        } else {
            return;
        };
        self.names.insert(sid, name.clone());
    }
}

#[cfg(test)]
mod tests;
