//! Whom of the account's a customer wrote to, whatever kind of sender that is: which pool it is in, and who listens to it.

use super::{ChannelSender, ShortCode};
use crate::configuration::PhoneNumber;
use crate::incoming::{Listener, Listeners, listener, settings};
use crate::sid::MessagingServiceSid;

/// A sender that the account has a record of.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OwnSender {
    /// The messaging service whose pool it is in.
    pub messaging_service: Option<MessagingServiceSid>,
    /// Who is told of what customers write to it, unless its service says otherwise.
    pub listeners: Listeners,
    /// Who hears of the status of what it sends, unless the message or its service says otherwise.
    pub status_callback: Option<Listener>,
}

impl OwnSender {
    /// Whether somebody may want to hear of what customers write to it: what its service says is not known here.
    pub const fn may_be_listened_to(&self) -> bool {
        self.messaging_service.is_some() || self.listeners.main.is_some()
    }
}

impl From<&PhoneNumber> for OwnSender {
    fn from(number: &PhoneNumber) -> Self {
        Self {
            messaging_service: number.messaging_service,
            listeners: Listeners::of_number(number.settings.as_deref()),
            status_callback: listener(
                &settings(number.settings.as_deref()),
                "StatusCallback",
                "StatusCallbackMethod",
            ),
        }
    }
}

impl From<&ShortCode> for OwnSender {
    fn from(code: &ShortCode) -> Self {
        Self {
            messaging_service: code.messaging_service,
            listeners: Listeners::of_number(code.settings.as_deref()),
            status_callback: None,
        }
    }
}

impl From<&ChannelSender> for OwnSender {
    fn from(sender: &ChannelSender) -> Self {
        Self {
            messaging_service: sender.messaging_service,
            listeners: Listeners::of_channel(sender.settings.as_deref()),
            status_callback: listener(
                &settings(sender.settings.as_deref())["webhook"],
                "status_callback_url",
                "status_callback_method",
            ),
        }
    }
}

/// The pool that a sender is in: its record tells; of a sender that has none, the messaging service does by which it is used.
pub fn pool_of(
    own: Option<&OwnSender>,
    used_by: Option<MessagingServiceSid>,
) -> Option<MessagingServiceSid> {
    match own {
        Some(own) => own.messaging_service,
        None => used_by,
    }
}
