//! When the tables were looked at, and what is known beside them.

use std::collections::BTreeSet;

use switchboard_domain::conversation::Pair;
use switchboard_domain::sid::{ConversationSid, MediaSid, MessageSid};
use switchboard_domain::timestamp::{Millis, Timestamp};

/// When the tables were looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Moment {
    /// Between two commits, with effects still under way.
    Step,
    /// With nothing left to do: every queue is empty, every change was relayed, no function runs.
    Rest,
}

/// What is known outside of the tables.
#[derive(Debug, Clone, Default)]
pub struct Facts {
    /// The messages whose webhook was answered with success, each with the pair it came over.
    pub acknowledged: Vec<(Pair, MessageSid)>,
    /// The customers' messages that still wait in queues, read at the same moment; none if it is not known. What was
    /// acknowledged is in the tables or waits there, also when everything has just gone down.
    pub waiting: Option<BTreeSet<MessageSid>>,
    /// What carriers have accepted, in order; none if it is not known.
    pub sent_by_carrier: Option<Vec<Handed>>,
    /// The conversations that were deleted, or whose participants were removed, by REST requests; none if
    /// it is not known. Their interactions and messages may be left without them.
    pub interfered: Option<BTreeSet<ConversationSid>>,
    /// The objects of the bucket; none if it is not known.
    pub objects: Option<BTreeSet<MediaSid>>,
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
