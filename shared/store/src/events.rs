//! What happened in a workspace: by time, by resource, by worker.
//!
//! Occurrences of a workspace lie in a partition for each hour, so a span of time is read hour by hour; those of a
//! resource or of a worker lie together in an index, which may be a moment behind.

use switchboard_domain::event::{KEPT, Occurrence};
use switchboard_domain::sid::{WorkerSid, WorkspaceSid};
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::Store;
use crate::error::StoreError;
use crate::key;
use crate::listing::Listing;

/// At most this many occurrences are read at a time when all of them are wanted.
const READ_AT_ONCE: usize = 1000;

/// A span of time, and whose occurrences in it: `Timeline::of(workspace, from, to)` alone for all of the
/// workspace, narrowed by [`Timeline::resource`] or [`Timeline::worker`].
///
/// The resource is what an occurrence is listed under ([`Occurrence::resource`]): a task with the events of
/// its reservations, a worker, a queue, …. A worker's are those of their reservations and their own.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Timeline {
    workspace: WorkspaceSid,
    whose: Whose,
    from: Timestamp,
    to: Timestamp,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum Whose {
    Everybody,
    Resource(String),
    Worker(WorkerSid),
}

impl Timeline {
    /// The time from one moment to another, both included. What is older than events are kept is left out.
    pub fn of(workspace: WorkspaceSid, from: Timestamp, to: Timestamp) -> Self {
        let from = from.max(to + Millis(-KEPT.0));
        Self { workspace, whose: Whose::Everybody, from, to }
    }

    /// Only the occurrences of one resource, by its identifier.
    #[must_use]
    pub fn resource(mut self, sid: impl ToString) -> Self {
        self.whose = Whose::Resource(sid.to_string());
        self
    }

    /// Only the occurrences of one worker.
    #[must_use]
    pub fn worker(mut self, worker: WorkerSid) -> Self {
        self.whose = Whose::Worker(worker);
        self
    }

    /// The lists that it is read from, the earliest first, narrowed to what lies between two sort keys.
    fn listings(&self, low: &str, high: &str) -> Vec<Listing> {
        let narrowed = |listing: Listing| listing.between(low, high);
        match &self.whose {
            Whose::Resource(sid) => vec![narrowed(Listing::occurrences_of(sid))],
            Whose::Worker(sid) => vec![narrowed(Listing::occurrences_of_worker(*sid))],
            Whose::Everybody => {
                let hour = |edge: &str, otherwise: Timestamp| {
                    let digits = edge.split('#').next().and_then(|time| time.parse().ok());
                    key::hour_of(digits.map_or(otherwise, Timestamp))
                };
                let hours = hour(low, self.from)..=hour(high, self.to);
                let partition = |hour| Listing::occurrences_of_hour(self.workspace, hour);
                hours.map(|hour| narrowed(partition(hour))).collect()
            }
        }
    }

    /// The sort keys between which it lies: every one of a moment is behind `<time>#` and before `<time>$`.
    fn edges(&self) -> (String, String) {
        let time = |time: Timestamp| format!("{:013}", time.0.max(0));
        (format!("{}#", time(self.from)), format!("{}$", time(self.to)))
    }
}

impl Store {
    /// Occurrences in order of time, the earliest first: `limit` at most, from the one with this sort key on.
    pub async fn occurrences_from(
        &self,
        line: &Timeline,
        edge: Option<&str>,
        limit: usize,
    ) -> Result<Vec<Occurrence>, StoreError> {
        let (low, high) = line.edges();
        let low = edge.map_or(low.clone(), |edge| low.max(edge.to_owned()));
        let mut found = Vec::new();
        for listing in line.listings(&low, &high) {
            found.extend(self.some(line, &listing, limit - found.len()).await?);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// The same backwards, the latest first: up to the one with this sort key.
    pub async fn occurrences_up_to(
        &self,
        line: &Timeline,
        edge: &str,
        limit: usize,
    ) -> Result<Vec<Occurrence>, StoreError> {
        let (low, high) = line.edges();
        let high = high.min(edge.to_owned());
        let mut found = Vec::new();
        for listing in line.listings(&low, &high).into_iter().rev() {
            let listing = listing.descending();
            found.extend(self.some(line, &listing, limit - found.len()).await?);
            if found.len() >= limit {
                break;
            }
        }
        Ok(found)
    }

    /// All occurrences of a timeline in order of time, the earliest first. This reads a unit for each four
    /// kilobytes of them, so a long time of a busy workspace is a matter of seconds.
    pub async fn occurrences(&self, line: &Timeline) -> Result<Vec<Occurrence>, StoreError> {
        let mut found: Vec<Occurrence> = Vec::new();
        loop {
            let last = found.last().map(|last| key::occurrence_sort(last.place(0)));
            // The sort key behind that one.
            let next = last.map(|last| format!("{last}!"));
            let more = self.occurrences_from(line, next.as_deref(), READ_AT_ONCE).await?;
            if more.is_empty() {
                return Ok(found);
            }
            found.extend(more);
        }
    }

    /// An index knows no workspaces, so others' are left out here.
    async fn some(
        &self,
        line: &Timeline,
        listing: &Listing,
        limit: usize,
    ) -> Result<Vec<Occurrence>, StoreError> {
        let mut found: Vec<Occurrence> = self.first(listing, limit).await?;
        found.retain(|one| one.workspace == line.workspace);
        Ok(found)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::Sid as _;

    fn line() -> Timeline {
        let workspace = WorkspaceSid::derived(&["w"]);
        Timeline::of(workspace, Timestamp(3_599_000), Timestamp(7_200_000))
    }

    #[test]
    fn a_span_is_read_hour_by_hour_and_an_index_at_once() {
        let (low, high) = line().edges();
        assert_eq!((low.as_str(), high.as_str()), ("0000003599000#", "0000007200000$"));
        assert_eq!(line().listings(&low, &high).len(), 3);
        assert_eq!(line().listings("0000007100000#ab", &high).len(), 2);
        assert_eq!(line().resource("WT1").listings(&low, &high).len(), 1);
    }

    #[test]
    fn nothing_is_looked_for_where_nothing_is_kept() {
        let workspace = WorkspaceSid::derived(&["w"]);
        let now = Timestamp(1_795_344_809_123);
        let all = Timeline::of(workspace, Timestamp(0), now);
        let (low, high) = all.edges();
        assert_eq!(all.listings(&low, &high).len(), 30 * 24 + 1);
    }
}
