//! Why a message has the sender that it has, kept with the message.

use serde::{Deserialize, Serialize};

use crate::address::{Address, ChannelType};

/// The kind of a sender.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderKind {
    /// Letters, which nobody can answer.
    Alphanumeric,
    /// A few digits, known in one country.
    ShortCode,
    /// A North American number for which the one who is called pays.
    TollFree,
    /// Any other telephone number.
    LongCode,
    /// A sender on a channel.
    Channel,
}

impl SenderKind {
    /// Told by the form of the address.
    pub fn of(sender: &Address) -> Self {
        let text = sender.as_str();
        match sender.channel() {
            ChannelType::Sms if !sender.is_number() => Self::Alphanumeric,
            ChannelType::Sms if !text.starts_with('+') => Self::ShortCode,
            ChannelType::Sms if sender.is_toll_free() => Self::TollFree,
            ChannelType::Sms => Self::LongCode,
            ChannelType::Whatsapp
            | ChannelType::Messenger
            | ChannelType::Instagram
            | ChannelType::Rcs
            | ChannelType::Gbm
            | ChannelType::Email
            | ChannelType::Apple
            | ChannelType::Chat
            | ChannelType::Web
            | ChannelType::Voice => Self::Channel,
        }
    }
}

/// By what a sender was chosen; of those that reach a recipient the first counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SenderRule {
    /// The request names it.
    Named,
    /// The recipient is used to it.
    Sticky,
    /// Alphanumeric, for the recipient's country.
    DestinationAlpha,
    /// Alphanumeric, for all countries.
    Alpha,
    /// A short code of the recipient's country.
    ShortCode,
    /// A number of the recipient's area code.
    AreaCode,
    /// A number of another area code for the same region.
    Overlay,
    /// A number of the recipient's country.
    Country,
    /// A number of the recipient's calling code, which several countries have or whose country is not known.
    CallingCode,
    /// A number of the United States, since none is nearer.
    UnitedStates,
    /// Whatever the pool has.
    Any,
}

impl SenderRule {
    /// Whether a sender that was chosen so is at home where the recipient is, and stays theirs when others come.
    pub(super) fn is_local(self) -> bool {
        self <= Self::Country
    }

    /// Whether whoever is chosen so takes over from a sender abroad.
    pub(super) fn takes_over(self) -> bool {
        (Self::ShortCode..=Self::Country).contains(&self)
    }
}

/// Why a message has the sender that it has.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SenderReceipt {
    /// By what it was chosen.
    pub rule: SenderRule,
    /// Its kind.
    pub kind: SenderKind,
    /// How many were as good, itself among them; the recipient decided among those.
    pub alike: u32,
    /// How many of the pool reach the recipient.
    pub capable: u32,
    /// How many there are in the pool.
    pub of: u32,
}

impl SenderReceipt {
    /// Of a sender that the request names.
    pub fn named(sender: &Address) -> Self {
        let kind = SenderKind::of(sender);
        Self { rule: SenderRule::Named, kind, alike: 1, capable: 1, of: 1 }
    }
}
