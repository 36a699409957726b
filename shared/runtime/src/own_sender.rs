//! Senders of the account, whatever kind they are.

use switchboard_domain::address::Address;
use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::record::Record;
use switchboard_domain::sender::{ChannelSender, OwnSender, SenderKind, ShortCode};
use switchboard_store::{Key, key};

use crate::dependencies::Dependencies;
use crate::failure::Failure;

/// Where the record of a sender is, if the account has one; letters have none.
pub fn own_sender_key(sender: &Address) -> Key {
    match SenderKind::of(sender) {
        SenderKind::ShortCode => key::short_code_of(sender),
        SenderKind::Channel => key::channel_sender_of(sender),
        SenderKind::LongCode | SenderKind::TollFree | SenderKind::Alphanumeric => {
            key::phone_number_of(sender)
        }
    }
}

/// The sender that was found in its place.
pub fn own_sender_in(record: &Record) -> Option<OwnSender> {
    record
        .get::<PhoneNumber>()
        .map(OwnSender::from)
        .or_else(|| record.get::<ShortCode>().map(OwnSender::from))
        .or_else(|| record.get::<ChannelSender>().map(OwnSender::from))
}

impl Dependencies {
    /// The sender with an address.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn own_sender(&self, sender: &Address) -> Result<Option<OwnSender>, Failure> {
        let own = match SenderKind::of(sender) {
            SenderKind::ShortCode => {
                let found: Option<ShortCode> = self.store.get(key::short_code_of(sender)).await?;
                found.as_ref().map(OwnSender::from)
            }
            SenderKind::Channel => {
                let found: Option<ChannelSender> =
                    self.store.get(key::channel_sender_of(sender)).await?;
                found.as_ref().map(OwnSender::from)
            }
            SenderKind::LongCode | SenderKind::TollFree | SenderKind::Alphanumeric => {
                let found: Option<PhoneNumber> =
                    self.store.get(key::phone_number_of(sender)).await?;
                found.as_ref().map(OwnSender::from)
            }
        };
        Ok(own)
    }
}
