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
mod consents;
mod conversations;
mod deliveries;
mod events;
mod facts;
mod history;
mod interactions;
mod media;
mod merged;
mod moment;
mod offers;
mod quiet;
mod references;
mod routing;
mod snapshot;
mod tasks;
#[cfg(test)]
mod tests;
mod unwanted;
mod view;
mod violation;
mod write;

pub use facts::{Facts, Handed, Moment};
pub use history::History;
pub use offers::Around;
pub use snapshot::{Snapshot, TABLES, name};
pub use unwanted::Unwanted;
pub use violation::Violation;
pub use write::{RecordChange, per_write};
