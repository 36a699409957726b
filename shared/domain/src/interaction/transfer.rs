//! A transfer: an agent hands what they do on to another one (rule C.9).
//!
//! ```text
//!              the other one accepts
//!  active ────────────────────────────▶ completed    the first leaves, unless they wanted to stay
//!    │
//!    └── nobody takes it, it is canceled, ─▶ failed   the first has it back
//!        or the channel is over
//! ```
//!
//! The first agent's task stays theirs, and takes their capacity, until the other one has accepted: so nothing has to be
//! given back when nobody does, and a conversation is never without an agent because a transfer failed. Cold and warm differ in
//! what the first agent does meanwhile: by a cold one they step out of the conversation at once, by a warm one they stay in it.

use serde::{Deserialize, Serialize};

use crate::sid::NoteSid;
use crate::timestamp::Timestamp;

/// What the first agent does meanwhile. What is published as `external` is of telephone calls.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum TransferKind {
    /// They step out of the conversation at once.
    Cold,
    /// They stay in it until the other one is there.
    Warm,
}

impl TransferKind {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The state of a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase")]
pub enum TransferStatus {
    /// Somebody is looked for.
    Active,
    /// The other agent is there.
    Completed,
    /// Nobody came.
    Failed,
}

impl TransferStatus {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A transfer of an interaction's channel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Transfer {
    /// Which kin of the interaction it is.
    pub number: u32,
    /// What the first agent does meanwhile.
    pub kind: TransferKind,
    /// Its state.
    pub status: TransferStatus,
    /// The number of the first agent's seat.
    pub from: u32,
    /// The worker, the queue or the workflow that it goes to.
    pub to: String,
    /// The number of the invite that looks for somebody.
    pub invite: u32,
    /// Whether the first agent leaves when they want to, and not when the other one is there.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub stays: bool,
    /// As whom the first agent stepped out of the conversation.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub stepped_out: Option<String>,
    /// A note for the other agent.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub note: Option<NoteSid>,
    /// What it was about so far.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub summary: Option<NoteSid>,
    /// When it was asked for.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What happens to a transfer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TransferEvent {
    /// The other agent accepted.
    Accepted,
    /// The task of its invite came to its end without anybody, or the transfer was canceled.
    GivenUp,
    /// The channel was closed, or put to rest.
    ChannelOver,
}

/// What becomes of the first agent.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum FirstAgent {
    /// They are where they were.
    Stays,
    /// Their task is completed, and they leave.
    Leaves,
    /// They step into the conversation again.
    Returns,
}

impl Transfer {
    /// Whether somebody is still looked for.
    pub fn is_active(&self) -> bool {
        self.status == TransferStatus::Active
    }

    /// Lets something happen. One that is over stays as it is, whatever comes late or twice.
    #[must_use]
    pub fn happens(&mut self, event: TransferEvent, now: Timestamp) -> FirstAgent {
        use FirstAgent::{Leaves, Returns, Stays};
        let (status, first) = match (self.status, event) {
            (TransferStatus::Completed | TransferStatus::Failed, _) => return Stays,
            (TransferStatus::Active, TransferEvent::Accepted) => {
                let first = if self.stays { Stays } else { Leaves };
                (TransferStatus::Completed, first)
            }
            (TransferStatus::Active, TransferEvent::GivenUp) => {
                let first = if self.stepped_out.is_some() { Returns } else { Stays };
                (TransferStatus::Failed, first)
            }
            (TransferStatus::Active, TransferEvent::ChannelOver) => (TransferStatus::Failed, Stays),
        };
        self.status = status;
        self.updated = now;
        first
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_000);
    const LATER: Timestamp = Timestamp(2_000);

    fn transfer(kind: TransferKind, stays: bool) -> Transfer {
        Transfer {
            number: 5,
            kind,
            status: TransferStatus::Active,
            from: 2,
            to: "WQ".to_owned(),
            invite: 4,
            stays,
            stepped_out: (kind == TransferKind::Cold).then(|| "alice".to_owned()),
            note: None,
            summary: None,
            created: NOW,
            updated: NOW,
        }
    }

    #[test]
    fn c9_what_becomes_of_a_transfer_and_of_its_first_agent() {
        use FirstAgent::{Leaves, Returns, Stays};
        use TransferEvent::{Accepted, ChannelOver, GivenUp};
        use TransferKind::{Cold, Warm};
        use TransferStatus::{Completed, Failed};
        for (kind, stays, event, status, first) in [
            (Cold, false, Accepted, Completed, Leaves),
            (Warm, false, Accepted, Completed, Leaves),
            (Warm, true, Accepted, Completed, Stays),
            (Cold, false, GivenUp, Failed, Returns),
            (Warm, false, GivenUp, Failed, Stays),
            (Warm, true, GivenUp, Failed, Stays),
            (Cold, false, ChannelOver, Failed, Stays),
            (Warm, false, ChannelOver, Failed, Stays),
        ] {
            let mut one = transfer(kind, stays);
            assert_eq!(one.happens(event, LATER), first, "{kind:?} {event:?}");
            assert_eq!((one.status, one.updated), (status, LATER), "{kind:?} {event:?}");
        }
    }

    #[test]
    fn c9_a_transfer_that_is_over_stays_as_it_is() {
        for end in [TransferEvent::Accepted, TransferEvent::GivenUp, TransferEvent::ChannelOver] {
            let mut over = transfer(TransferKind::Cold, false);
            let _ = over.happens(end, NOW);
            let before = over.clone();
            for late in
                [TransferEvent::Accepted, TransferEvent::GivenUp, TransferEvent::ChannelOver]
            {
                assert_eq!(over.happens(late, LATER), FirstAgent::Stays);
                assert_eq!(over, before, "{end:?} then {late:?}");
            }
        }
    }
}
