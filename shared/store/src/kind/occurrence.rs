//! The occurrence that an event is part of.

use switchboard_domain::event::{EventPlace, Occurrence};
use switchboard_domain::sid::{WorkerSid, WorkspaceSid};
use switchboard_domain::timestamp::Timestamp;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// What happened in a workspace within one hour, counted from 1970.
pub(crate) fn hour(workspace: WorkspaceSid, hour: i64) -> String {
    format!("{workspace}#{hour}")
}

/// The hour of a time.
pub(crate) const fn hour_of(time: Timestamp) -> i64 {
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

impl Placed for Occurrence {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Occurrence", "pk": "WS53dfcf12650854b6e969aff84ab9cdf4#498860",
            "sk": "1795898976389#79e33b16f7b432ff00", "v": 1, "lpk": "WT58215fa27b803fb9e52f292f2ddfb9e4",
            "lsk": "1795898976389#79e33b16f7b432ff00", "wpk": "WK95e20ab2b8db1b38a2fbfc1234252f5d",
            "wsk": "1795898976389#79e33b16f7b432ff00", "ttl": 1798490976, "events": [{ "reservation": 1,
            "worker_name": "alice", "type": "reservation.accepted"}], "names": ["Demo", "sms", "English", "Support"], "origin": 8782928668133700351, "part": 0,
            "subject": { "task": {
            "attributes": "{\"customerAddress\":\"+15550199999\",\"customerName\":\"+15550199999\",\"from\":\"+15550199999\",\"name\":\"+15550199999\"}",
            "interaction": "KDd369e33584fc961c1392c39b2105a344", "entered": 1795898976285,
            "updated": 1795898976389, "status": "assigned",
            "assignments": 1, "created": 1795898976238, "workflow": "WWfd6967f34139db27d3987807c25ea61b", "next": 2,
            "channel": "TCa4d01b373bf77f1d768ea47db6ca1996", "place": {}, "timeout": 3600, "invite": {
            "invite": 2, "by": "customer", "channel": "sms", "contact": "+15550100001"},
            "queue": "WQ206418070492185732f931c60f213dad"}}, "time": 1795898976389}"#;

    fn place(&self) -> Place {
        let sort = occurrence_sort(self.place(0));
        let place = Place::at(occurrence(self.workspace, self.place(0)));
        let place = place.listed(self.resource(), sort.clone());
        place.held_by(self.worker, sort).until(Some(self.expires()))
    }

    // What happened is only remembered.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// What happened in a workspace within an hour.
    pub(crate) fn occurrences_of_hour(workspace: WorkspaceSid, of: i64) -> Self {
        Self::partition(Table::Events, hour(workspace, of), "")
    }

    /// What happened to a resource.
    pub(crate) fn occurrences_of(resource: &str) -> Self {
        Self::list(Table::Events, resource)
    }

    /// What happened to a worker.
    pub(crate) fn occurrences_of_worker(worker: WorkerSid) -> Self {
        Self::by_worker(Table::Events, worker)
    }
}
