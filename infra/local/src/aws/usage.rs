//! What everything costs: units, requests and invocations, per function.

use std::collections::BTreeMap;
use std::ops::{AddAssign, Sub};
use std::sync::Mutex;

use crate::aws::roles::Roles;
use crate::lock::lock;

/// This many bytes are one billed SQS request.
const REQUEST_BYTES: usize = 64 * 1024;

/// What one function used.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub struct Usage {
    /// Invocations.
    pub invocations: i64,
    /// DynamoDB write units.
    pub write_units: f64,
    /// DynamoDB read units.
    pub read_units: f64,
    /// Billed SQS requests that send; 64 KB each.
    pub send_requests: i64,
    /// Messages sent.
    pub messages_sent: i64,
    /// Billed SQS receives of the function's event source that brought messages.
    pub receive_requests: i64,
    /// Billed SQS requests that delete what the function has done.
    pub delete_requests: i64,
    /// Other SQS requests.
    pub other_requests: i64,
}

impl Usage {
    /// All billed SQS requests.
    pub const fn queue_requests(&self) -> i64 {
        self.send_requests + self.receive_requests + self.delete_requests + self.other_requests
    }
}

impl AddAssign for Usage {
    fn add_assign(&mut self, other: Self) {
        self.invocations += other.invocations;
        self.write_units += other.write_units;
        self.read_units += other.read_units;
        self.send_requests += other.send_requests;
        self.messages_sent += other.messages_sent;
        self.receive_requests += other.receive_requests;
        self.delete_requests += other.delete_requests;
        self.other_requests += other.other_requests;
    }
}

impl Sub for Usage {
    type Output = Self;

    fn sub(self, other: Self) -> Self {
        Self {
            invocations: self.invocations - other.invocations,
            write_units: self.write_units - other.write_units,
            read_units: self.read_units - other.read_units,
            send_requests: self.send_requests - other.send_requests,
            messages_sent: self.messages_sent - other.messages_sent,
            receive_requests: self.receive_requests - other.receive_requests,
            delete_requests: self.delete_requests - other.delete_requests,
            other_requests: self.other_requests - other.other_requests,
        }
    }
}

/// What all functions used, at one moment.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Counters {
    /// By function.
    pub functions: BTreeMap<String, Usage>,
}

impl Counters {
    /// What was used since an earlier moment; functions that used nothing are left out.
    pub fn since(&self, mark: &Self) -> Self {
        let earlier = |name: &str| mark.functions.get(name).copied().unwrap_or_default();
        let used = self.functions.iter().map(|(name, now)| (name.clone(), *now - earlier(name)));
        Self { functions: used.filter(|(_, used)| *used != Usage::default()).collect() }
    }

    /// All functions together.
    pub fn total(&self) -> Usage {
        let mut total = Usage::default();
        for used in self.functions.values() {
            total += *used;
        }
        total
    }

    /// One function's.
    pub fn of(&self, function: &str) -> Usage {
        self.functions.get(function).copied().unwrap_or_default()
    }
}

/// Counts while the deployment runs, and knows who may do what.
#[derive(Debug, Default)]
pub(crate) struct Meter {
    counters: Mutex<Counters>,
    pub(crate) roles: Roles,
}

impl Meter {
    pub(crate) fn add(&self, function: &str, used: Usage) {
        let mut counters = lock(&self.counters);
        match counters.functions.get_mut(function) {
            Some(usage) => *usage += used,
            None => drop(counters.functions.insert(function.to_owned(), used)),
        }
    }

    pub(crate) fn counters(&self) -> Counters {
        lock(&self.counters).clone()
    }
}

/// How many requests are billed for this many bytes.
pub(crate) fn billed(bytes: usize) -> i64 {
    i64::try_from(bytes.div_ceil(REQUEST_BYTES).max(1)).unwrap_or(i64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn usage_is_counted_from_a_mark() {
        let meter = Meter::default();
        let write = |units| Usage { write_units: units, ..Usage::default() };
        meter.add("a", write(2.0));
        let mark = meter.counters();
        meter.add("a", write(1.5));
        meter.add("b", Usage { invocations: 1, ..Usage::default() });
        let since = meter.counters().since(&mark);
        assert_eq!(since.of("a"), write(1.5));
        assert_eq!(since.total().invocations, 1);
        assert!(mark.since(&mark).functions.is_empty());
    }

    #[test]
    fn every_64_kilobytes_are_a_request() {
        assert_eq!([billed(0), billed(65_536), billed(65_537)], [1, 1, 2]);
    }
}
