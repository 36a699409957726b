//! What must be true of the tables at any moment, and once nothing is left to do: written once, in the words of
//! the domain, so that the simulator, the scenarios and a live deployment are held to the same. Nothing here reads
//! a table: who has the records brings them.
//!
//! Each invariant is stated once. [`per_write`] holds every single write against what was there before; what
//! [`Snapshot::violations`] holds against all records is true after every commit ([`Moment::Step`]), or only when
//! every queue is empty and no function runs ([`Moment::Rest`]). What the tables alone cannot tell is given as
//! [`Facts`]. What may not happen *between* two moments is for the [`History`]. A violation names
//! identifiers and states, never what a customer wrote or where they can be reached.

#![forbid(unsafe_code)]

mod changes;
mod conversations;
mod deliveries;
mod events;
mod history;
mod interactions;
mod offers;
mod routing;
mod snapshot;
mod tasks;
#[cfg(test)]
mod tests;
mod view;
mod write;

use std::collections::BTreeSet;
use std::fmt;

use switchboard_domain::conversation::Pair;
use switchboard_domain::sid::{ConversationSid, MessageSid};
use switchboard_domain::timestamp::{Millis, Timestamp};

pub use history::History;
pub use offers::Around;
pub use snapshot::{Snapshot, TABLES, name};
pub use write::{Change, per_write};

/// Whatever the minute's tick looks after is done this long after its time.
const TICK: Millis = Millis::seconds(90);

/// When the tables were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Between two commits, with effects still under way.
    Step,
    /// With nothing left to do: every queue is empty, every change was relayed, no function runs.
    Rest,
}

/// What somebody outside of the tables knows.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The messages whose webhook was answered with success, each with the pair it came over.
    pub acknowledged: Vec<(Pair, MessageSid)>,
    /// What carriers have accepted, in order; none if nobody knows.
    pub sent_by_carrier: Option<Vec<Handed>>,
    /// The pairs whose customers want nothing more, and since when; none if nobody keeps a list of them.
    pub opted_out: Option<Vec<(Pair, Timestamp)>>,
    /// The conversations that were deleted, or whose participants were removed, by REST requests; none if
    /// nobody knows. Their interactions and messages may be left without them.
    pub interfered: Option<BTreeSet<ConversationSid>>,
    /// How far the clocks of two functions may be apart.
    pub skew: Millis,
    /// Now.
    pub now: Timestamp,
}

/// One message that a carrier accepted.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Handed {
    /// Our message.
    pub message: MessageSid,
    /// The delivery within it.
    pub delivery: u32,
    /// The identifier that the carrier gave it.
    pub carrier_message_id: String,
}

/// Something that must never be, and is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// What must be true.
    pub invariant: &'static str,
    /// What is.
    pub what: String,
    /// The items it is about.
    pub items: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.invariant, self.what)?;
        match self.items.as_slice() {
            [] => Ok(()),
            items => write!(out, " [{}]", items.join(", ")),
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
struct Found(Vec<Violation>);

impl Found {
    fn add<I: fmt::Display>(
        &mut self,
        invariant: &'static str,
        what: impl Into<String>,
        items: impl IntoIterator<Item = I>,
    ) {
        let items = items.into_iter().map(|item| item.to_string()).collect();
        self.0.push(Violation { invariant, what: what.into(), items });
    }

    fn sorted(mut self) -> Vec<Violation> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}
