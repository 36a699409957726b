//! The tables from moment to moment, as an observer sees them who looks now and then: between two looks there may be
//! any number of writes.

use std::collections::HashMap;

use switchboard_domain::record::Record;
use switchboard_domain::sid::WorkerSid;
use switchboard_domain::task::Task;
use switchboard_store::Key;
use switchboard_store::key::Place;

use crate::changes::{Between, changed, left};
use crate::offers::{Around, offered};
use crate::snapshot::Snapshot;
use crate::violation::{Found, Violation};

/// Follows the tables from moment to moment.
#[derive(Debug, Default)]
pub struct History {
    before: Option<(Snapshot, HashMap<Key, usize>)>,
}

impl History {
    /// Nothing seen yet.
    pub fn new() -> Self {
        Self::default()
    }

    /// The tables as they were last seen.
    pub fn latest(&self) -> Option<&Snapshot> {
        self.before.as_ref().map(|(snapshot, _)| snapshot)
    }

    /// Goes on to the next moment, and says what may not have happened since the last.
    pub fn follow(&mut self, next: Snapshot) -> Vec<Violation> {
        let places: HashMap<Key, usize> = next
            .records
            .iter()
            .enumerate()
            .map(|(place, one)| (Place::of(one).key, place))
            .collect();
        let mut found = Found::default();
        if let Some((before, known)) = &self.before {
            let mut new = Vec::new();
            for (id, place) in &places {
                let after = &next.records[*place];
                let before = known.get(id).map(|place| &before.records[*place]);
                changed(before, after, Between::Unseen, &mut found);
                if let Record::Task(after) = after {
                    let from = match before {
                        Some(Record::Task(before)) => before.next_number,
                        Some(_) | None => 1,
                    };
                    new.push((from, after.as_ref()));
                }
            }
            let gone = known.iter().filter(|(id, _)| !places.contains_key(id));
            gone.for_each(|(_, place)| left(&before.records[*place], &mut found));
            made(before, &next, &new, &mut found);
        }
        self.before = Some((next, places));
        found.sorted()
    }
}

/// The open reservations that were made since, each task with the first number that is new. They are held against
/// workers who did not change meanwhile: as they are now, the router knew them.
fn made(before: &Snapshot, next: &Snapshot, new: &[(u32, &Task)], found: &mut Found) {
    let version =
        |snapshot: &Snapshot, sid: WorkerSid| snapshot.worker(sid).map(|worker| worker.version);
    for (from, task) in new {
        for one in task.open_reservations().filter(|one| one.number >= *from) {
            let was = version(before, one.worker);
            if was.is_some() && was == version(next, one.worker) {
                offered(next, task, one, found);
            }
        }
    }
}
