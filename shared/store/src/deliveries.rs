//! Calls of webhooks: by the time of what they tell, and those that are to be made again.

use switchboard_domain::sid::DeliverySid;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webhook::WebhookAttempt;

use crate::Store;
use crate::error::StoreError;
use crate::kind::{delivery_of_sort, delivery_sort};
use crate::listing::Listing;
use crate::place::due_at;

const DAY: Millis = Millis::seconds(24 * 3600);

/// A span of time, both ends included, and the call beyond which is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Deliveries<'a> {
    /// The first time.
    pub from: Timestamp,
    /// The last time.
    pub to: Timestamp,
    /// The sort key of a call that was read before: what lies beyond it is wanted.
    pub beyond: Option<&'a str>,
    /// Whether the latest comes first.
    pub latest_first: bool,
}

impl Deliveries<'_> {
    /// The sort key of a call.
    pub fn edge(call: &WebhookAttempt) -> String {
        call.place().map(delivery_sort).unwrap_or_default()
    }

    /// The sort keys between which it lies.
    fn bounds(&self) -> (String, String) {
        let low = format!("{:013}#", self.from.0.max(0));
        let high = format!("{:013}$", self.to.0.max(0));
        match self.beyond {
            Some(edge) if self.latest_first => (low, high.min(edge.to_owned())),
            Some(edge) => (low.max(edge.to_owned()), high),
            None => (low, high),
        }
    }
}

/// The start of the day of a time.
const fn day(time: Timestamp) -> Timestamp {
    Timestamp(time.0 - time.0.rem_euclid(DAY.0))
}

/// The time in a sort key, or another one.
fn time_of(edge: &str, otherwise: Timestamp) -> Timestamp {
    let digits = edge.split(['#', '$']).next().and_then(|time| time.parse().ok());
    digits.map_or(otherwise, Timestamp)
}

impl Store {
    /// The calls of a span of time, `limit` at most, day by day.
    pub async fn deliveries(
        &self,
        wanted: Deliveries<'_>,
        limit: usize,
    ) -> Result<Vec<WebhookAttempt>, StoreError> {
        let (low, high) = wanted.bounds();
        let first = day(time_of(&low, wanted.from));
        let last = day(time_of(&high, wanted.to));
        let mut found = Vec::new();
        let mut at = if wanted.latest_first { last } else { first };
        while first <= at && at <= last && found.len() < limit {
            let listing = Listing::deliveries_of_day(at).between(low.clone(), high.clone());
            let listing = if wanted.latest_first { listing.descending() } else { listing };
            // One more: the edge itself is among them.
            let mut some: Vec<WebhookAttempt> =
                self.first(&listing, limit - found.len() + 1).await?;
            some.retain(|call| Some(Deliveries::edge(call).as_str()) != wanted.beyond);
            some.truncate(limit - found.len());
            found.extend(some);
            at = at + if wanted.latest_first { Millis(-DAY.0) } else { DAY };
        }
        Ok(found)
    }

    /// The calls that are to be made again by then, and when, the first ones first; as many as that at most. The index is a
    /// moment behind.
    pub async fn deliveries_due(
        &self,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<(DeliverySid, Timestamp)>, StoreError> {
        let all = Listing::deliveries_due();
        let listing = all.clone().between(all.low, due_at(until));
        let rows = self.rows(&listing, None, false, most).await?;
        let one = |sort: Option<String>, due: Option<String>| {
            let due = due.and_then(|due| due.parse().ok()).map(Timestamp);
            sort.and_then(|sort| delivery_of_sort(&sort)).zip(due)
        };
        let named = rows.iter().map(|row| one(row.key("sk"), row.key("dsk")));
        let named: Option<Vec<_>> = named.collect();
        named.ok_or_else(|| StoreError::Defect {
            operation: "Query",
            reason: "a row of the index due without its call or time".to_owned(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_span_lies_between_its_ends_or_beyond_what_was_read() {
        let all = Deliveries {
            from: Timestamp(1),
            to: Timestamp(200_000_000),
            beyond: None,
            latest_first: true,
        };
        let ends = ("0000000000001#".to_owned(), "0000200000000$".to_owned());
        assert_eq!(all.bounds(), ends);
        let edge = Some("0000100000000#ab");
        let older = Deliveries { beyond: edge, ..all };
        assert_eq!(older.bounds().1, "0000100000000#ab");
        let newer = Deliveries { beyond: edge, latest_first: false, ..all };
        assert_eq!(newer.bounds().0, "0000100000000#ab");
        assert_eq!(day(time_of(&ends.1, Timestamp(0))), Timestamp(172_800_000));
    }
}
