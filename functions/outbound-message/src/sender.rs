//! The record of a copy's sender: by which carrier it goes, and who hears of its status.

use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::sender::{OwnSender, SenderKind};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

/// What is known of the sender.
pub(crate) enum Sender {
    /// Nobody had to look.
    Unasked,
    /// It is a number, the account's if it has a record.
    Number(Option<PhoneNumber>),
    /// It is another one.
    Other(Option<OwnSender>),
}

impl Sender {
    /// The sender of a copy, looked up if its message asks who hears of its status.
    pub(crate) async fn of(
        on: &Dependencies,
        message: &Message,
        number: u32,
    ) -> Result<Self, Failure> {
        let Some(copy) = message.delivery(number).filter(|_| message.asks_sender()) else {
            return Ok(Self::Unasked);
        };
        let sender = &copy.pair.proxy;
        Ok(match SenderKind::of(sender) {
            SenderKind::ShortCode | SenderKind::Channel => {
                Self::Other(on.own_sender(sender).await?)
            }
            SenderKind::LongCode | SenderKind::TollFree | SenderKind::Alphanumeric => {
                Self::Number(on.store.get(key::phone_number_of(sender)).await?)
            }
        })
    }

    /// A message as it is when its sender was asked.
    pub(crate) fn tells(&self, message: Message) -> Message {
        match self {
            Self::Unasked => message,
            Self::Number(number) => {
                message.heard_as_by(number.as_ref().map(OwnSender::from).as_ref())
            }
            Self::Other(own) => message.heard_as_by(own.as_ref()),
        }
    }

    /// The number that a copy is sent by, if it is one of the account's.
    pub(crate) async fn number(
        &self,
        on: &Dependencies,
        copy: &Delivery,
    ) -> Result<Option<PhoneNumber>, Failure> {
        match self {
            Self::Number(number) => Ok(number.clone()),
            Self::Other(_) => Ok(None),
            Self::Unasked => Ok(on.store.get(key::phone_number_of(&copy.pair.proxy)).await?),
        }
    }
}
