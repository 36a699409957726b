//! That a webhook is called for a request.

use switchboard_domain::effect::Call;
use switchboard_domain::sid::DeliverySid;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webhook::attempt::KEPT;
use switchboard_domain::webhook::{self, WebhookAttempt};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, key};
use crate::reference::Reference;

/// How long one from before there were places is kept.
const KEPT_BEFORE: Millis = Millis::seconds(24 * 3600);

/// That a webhook is called for a request, by the request's id.
pub fn webhook_attempt(call: &Call, id: &str) -> Key {
    at(webhook::Place::of(call, id))
}

/// The same by its identifier.
pub fn delivery(sid: DeliverySid) -> Key {
    at(webhook::Place::at(sid))
}

/// The calls of a day lie together, in order of time.
fn at(place: webhook::Place) -> Key {
    key(Table::Configuration, partition(place.time), delivery_sort(place))
}

fn partition(time: Timestamp) -> String {
    format!("H#{}", time.day())
}

/// The sort key of a call.
pub fn delivery_sort(place: webhook::Place) -> String {
    let digest: String = place.digest.iter().map(|byte| format!("{byte:02x}")).collect();
    format!("{:013}#{digest}", place.time.0.max(0))
}

/// The call that has this sort key.
pub(crate) fn delivery_of_sort(sort: &str) -> Option<DeliverySid> {
    let (time, digits) = sort.split_once('#')?;
    let time = Timestamp(time.parse().ok()?);
    let mut digest = [0; 10];
    for (place, byte) in digest.iter_mut().enumerate() {
        *byte = u8::from_str_radix(digits.get(2 * place..2 * place + 2)?, 16).ok()?;
    }
    Some(webhook::Place { time, digest }.sid())
}

impl Placed for WebhookAttempt {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "WebhookAttempt", "pk": "H#2026-11-28", "sk": "1795898982119#dafc879571c31ea89970", "v": 2,
            "dpk": "DUE", "dsk": "1795898988000", "ttl": 1798490988, "about": "WE3d82c1d7d23c8457e9655e85c8925072", "attempts": 1,
            "done": false, "event": "onEndpointTested", "id": "test-0123456789abcdef-t1a223ebbee7", "updated": 1795898983000, "created": 1795898982119,
            "status": 503, "url": "https://example.com/hook", "sequence": "18870266078464001024", "due": 1795898988000,
            "call": { "endpoint": "WE3d82c1d7d23c8457e9655e85c8925072", "url": "https://example.com/hook?to=1" },
            "tries": [{ "at": 1795898982500, "ms": 500, "status": 503, "said": "busy" }]}"#;

    fn place(&self) -> Place {
        let Some(place) = Self::place(self) else {
            let old = key(Table::Configuration, format!("H#{}", self.id), "H");
            return Place::at(old).until(Some(self.updated + KEPT_BEFORE));
        };
        // A call that waits for its next attempt is never dropped before it.
        let last = self.due.unwrap_or(self.updated).max(self.updated);
        Place::at(at(place)).looked_at(self.due).until(Some(last + KEPT))
    }

    // That an endpoint was called is only remembered.
    fn refers(&self) -> Vec<(Reference, Key)> {
        Vec::new()
    }
}

impl Listing {
    /// The calls that are to be made again, in order of time.
    pub(crate) fn deliveries_due() -> Self {
        Self::due_in(Table::Configuration)
    }

    /// The calls about what happened on the day of a time, in order of time.
    pub(crate) fn deliveries_of_day(time: Timestamp) -> Self {
        Self::partition(Table::Configuration, partition(time), "")
    }
}
