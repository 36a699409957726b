//! Who wants to hear from whom: what customers said by a keyword, and what operators brought from elsewhere (rule E.3).
//!
//! A person and a sender make the key, not the channel: SMS, MMS and RCS reach one telephone, so a STOP on one of them holds on all.
//! What was said to a sender of a pool holds for the whole pool. Everything that is known of a person is one record, so that
//! whoever is about to send reads one item, and a START takes back in one write what stood in its way.

mod keyword;

use serde::{Deserialize, Serialize};

pub use self::keyword::{
    Confirmations, Heard, Keyword, Language, OptOut, WORD_CHARS_MAX, WrongKeywords,
};

use crate::address::{Address, ChannelType};
use crate::codes::Code;
use crate::sid::MessagingServiceSid;
use crate::timestamp::Timestamp;
use crate::version::Version;

/// The code of what is not sent because its recipient wants nothing from the sender.
pub const OPTED_OUT: u32 = Code::OptedOut.number();

/// The most stances that are kept of a person; beyond that the oldest opt-ins are forgotten, and never an opt-out.
const STANCES_MAX: usize = 200;

/// What a person said to whom.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Consent {
    /// The person, as [`Address::person`] has it.
    pub person: Address,
    /// To each sender or pool, the latest.
    pub stances: Vec<Stance>,
    /// When the first was noted.
    pub created: Timestamp,
    /// When the last was noted.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What a person said to one sender, or to a pool.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Stance {
    /// To whom.
    #[serde(flatten)]
    pub to: Scope,
    /// What.
    pub status: Status,
    /// How we know.
    pub source: ConsentSource,
    /// Since when it holds here.
    pub since: Timestamp,
    /// When it was said, if somebody who brought it says so.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub said: Option<Timestamp>,
}

/// A sender of ours, and the pool that it is in; one of them at least.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// The sender, as [`Address::person`] has it; none if it was said to a pool as a whole.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sender: Option<Address>,
    /// The messaging service whose pool it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pool: Option<MessagingServiceSid>,
}

/// Whether somebody wants to hear from us, as it is published.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum Status {
    /// They do.
    OptIn,
    /// They do not.
    OptOut,
}

/// How a consent came to us, as it is published.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    Serialize,
    Deserialize,
    strum::IntoStaticStr,
    strum::EnumString,
)]
#[serde(rename_all = "kebab-case")]
#[strum(serialize_all = "kebab-case")]
pub enum ConsentSource {
    /// By a form on the web.
    Website,
    /// On paper or by word.
    Offline,
    /// By START.
    OptInMessage,
    /// By STOP.
    OptOutMessage,
    /// Otherwise.
    Others,
}

impl Status {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

impl ConsentSource {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// Something later is known than what is to be noted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a later consent is known")]
pub struct Outdated;

impl Address {
    /// Whose it is, whichever channel of a telephone it is on: SMS, MMS and RCS reach the same person.
    #[must_use]
    pub fn person(&self) -> Self {
        let folded = self.folded();
        let telephone = match self.channel() {
            ChannelType::Rcs if folded.bare().starts_with('+') => folded.bare().parse().ok(),
            ChannelType::Sms
            | ChannelType::Rcs
            | ChannelType::Whatsapp
            | ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Gbm
            | ChannelType::Email
            | ChannelType::Apple
            | ChannelType::Chat
            | ChannelType::Web
            | ChannelType::Voice => None,
        };
        telephone.unwrap_or(folded)
    }

    /// Whether there are keywords on its channel. On WhatsApp only where its sender's pool has some of its own.
    pub fn has_keywords(&self) -> bool {
        match self.channel() {
            ChannelType::Sms | ChannelType::Rcs | ChannelType::Whatsapp => true,
            ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Gbm
            | ChannelType::Email
            | ChannelType::Apple
            | ChannelType::Chat
            | ChannelType::Web
            | ChannelType::Voice => false,
        }
    }
}

impl Scope {
    /// A sender in its pool.
    pub fn of(sender: &Address, pool: Option<MessagingServiceSid>) -> Self {
        Self { sender: Some(sender.person()), pool }
    }

    /// A whole pool.
    pub const fn pool(pool: MessagingServiceSid) -> Self {
        Self { sender: None, pool: Some(pool) }
    }

    /// Whether what was said to the one counts for the other: they are one sender, or of one pool.
    pub fn meets(&self, other: &Self) -> bool {
        let same_sender = self.sender.is_some() && self.sender == other.sender;
        let same_pool = self.pool.is_some() && self.pool == other.pool;
        same_sender || same_pool
    }
}

impl Stance {
    /// The moment that counts when two say different things.
    fn moment(&self) -> Timestamp {
        self.said.unwrap_or(self.since)
    }
}

impl Consent {
    /// Of somebody who has said nothing yet.
    pub const fn new(person: Address, now: Timestamp) -> Self {
        Self { person, stances: Vec::new(), created: now, updated: now, version: Version::NEW }
    }

    /// Whether the person wants nothing from a sender.
    pub fn refuses(&self, to: &Scope) -> bool {
        self.stances.iter().any(|one| one.status == Status::OptOut && one.to.meets(to))
    }

    /// Whether there is any pool or sender from which they want nothing; mostly there is none, and nobody has to know more.
    pub fn refuses_any(&self) -> bool {
        self.stances.iter().any(|one| one.status == Status::OptOut)
    }

    /// With one stance more; none if that changes nothing. An opt-in takes back every opt-out that stands in its way. A stance that
    /// was said before what is known stays out: an old list must not undo a STOP.
    pub fn noting(&self, new: Stance) -> Result<Option<Self>, Outdated> {
        let differs = |one: &&Stance| one.status != new.status && one.to.meets(&new.to);
        if self.stances.iter().filter(differs).any(|one| one.moment() > new.moment()) {
            return Err(Outdated);
        }
        let is_known = match new.status {
            Status::OptOut => self.refuses(&new.to),
            Status::OptIn => {
                let same = |one: &Stance| one.status == Status::OptIn && one.to == new.to;
                !self.refuses(&new.to) && self.stances.iter().any(same)
            }
        };
        if is_known {
            return Ok(None);
        }
        let mut after = self.clone();
        match new.status {
            Status::OptOut => after.stances.retain(|one| one.to != new.to),
            Status::OptIn => after.stances.retain(|one| !one.to.meets(&new.to)),
        }
        after.updated = new.since;
        after.stances.push(new);
        after.forget_opt_ins();
        Ok(Some(after))
    }

    fn forget_opt_ins(&mut self) {
        let mut surplus = self.stances.len().saturating_sub(STANCES_MAX);
        self.stances.retain(|one| {
            let goes = surplus > 0 && one.status == Status::OptIn;
            surplus -= usize::from(goes);
            !goes
        });
    }
}

#[cfg(test)]
mod tests;
