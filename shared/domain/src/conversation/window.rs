//! How long a customer on WhatsApp may be written to freely: a day from their last message (Meta's page on conversations, the vendor's on
//! 63016). Outside of it WhatsApp takes nothing but templates that it has approved.
//!
//! What the business writes does not open a window, and does not keep one open. When a customer last wrote stands in the conversation,
//! which every message writes anyhow. Of those who wrote before that was noted, or never, nobody knows: they are left to the carrier.

use serde::Serialize;

use super::{Draft, Participant};
use crate::address::ChannelType;
use crate::timestamp::{Millis, Timestamp};

/// How long a window is open.
pub const WINDOW: Millis = Millis::seconds(24 * 3600);
/// The published code of what is written to a customer whose window is closed, and is no approved template.
pub const OUTSIDE_WINDOW: u32 = 63016;

/// When somebody on WhatsApp may be written to freely.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
pub struct Window {
    /// When they wrote last.
    pub last_inbound: Timestamp,
    /// When it closes, or did.
    pub closes_at: Timestamp,
}

impl Window {
    /// From the customer's last message on.
    pub fn since(last_inbound: Timestamp) -> Self {
        Self { last_inbound, closes_at: last_inbound + WINDOW }
    }

    /// Whether it is open.
    pub fn is_open(&self, now: Timestamp) -> bool {
        now < self.closes_at
    }
}

impl Participant {
    /// Whether they are on a channel that has windows.
    pub fn has_window(&self) -> bool {
        self.pair.as_ref().is_some_and(|pair| pair.address.channel() == ChannelType::Whatsapp)
    }

    /// Their window, if they are on a channel that has one and it is known when they wrote last.
    pub fn window(&self) -> Option<Window> {
        self.last_inbound.filter(|_| self.has_window()).map(Window::since)
    }

    /// Whether they surely may not be written to freely.
    pub(crate) fn is_out_of_reach(&self, now: Timestamp) -> bool {
        self.window().is_some_and(|window| !window.is_open(now))
    }
}

impl Draft<'_> {
    /// Notes that a participant has written. A clock that is behind takes nothing back.
    pub(crate) fn opens_window(&mut self, number: Option<u32>) {
        let now = self.now;
        let mut participants = self.fields().participants.iter_mut();
        let author = participants.find(|one| Some(one.number) == number && one.has_window());
        if let Some(author) = author {
            author.last_inbound = author.last_inbound.max(Some(now));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_is_open_for_a_day_and_not_at_the_end_of_it() {
        let window = Window::since(Timestamp(1000));
        assert_eq!(window.closes_at, Timestamp(1000 + 86_400_000));
        assert!(window.is_open(Timestamp(1000)));
        assert!(window.is_open(Timestamp(1000 + 86_399_999)));
        assert!(!window.is_open(Timestamp(1000 + 86_400_000)));
    }
}
