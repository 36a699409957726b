//! Whose an address is (rule B.2): nobody speaks by a number that is not the account's.
//!
//! The account's are its phone numbers, the senders of its connections to carriers, the addresses that it has configured, and
//! the senders in the pool of the conversation's messaging service. Whatever an address is named by, by REST, by a client, or
//! for an interaction, it is held against that; what a carrier brings is not, since the carrier knows whose numbers it delivers to. An
//! account that has registered nothing can add nobody on a channel, as with the product: a reply by a number that no carrier knows as
//! ours would be refused there, when nobody is left to be told.

use super::{Answer, Draft, Question, Source};
use crate::address::{Address, ChannelType};
use crate::carriage::CarrierName;
use crate::refusal::Refusal;

impl Draft<'_> {
    /// Refuses a business address that is none of the account's. A number that is the account's, and not on WhatsApp, is told
    /// apart from one that is another's.
    pub(super) fn must_be_ours(&mut self, proxy: &Address) -> Result<(), Refusal> {
        if !self.is_named_by_hand() {
            return Ok(());
        }
        let number = number_of(proxy).map(|number| self.ask(Question::IsOurs(number)));
        let is_known = self.is_ours(proxy);
        match (is_known, number) {
            (None | Some(true), _) => Ok(()),
            (Some(false), Some(Some(Answer::With(_)))) => Err(Refusal::ProxyNotOnWhatsapp),
            (Some(false), _) => Err(Refusal::ProxyNotOurs),
        }
    }

    /// Whether an address is the account's; none while that is not known.
    fn is_ours(&mut self, address: &Address) -> Option<bool> {
        if address.is_number() || address.channel() != ChannelType::Sms {
            return self.carrier_of(address).map(|carrier| carrier.is_some());
        }
        // A name that customers see is a sender of a pool, if it is not configured as an address.
        let pool = self.conversation.messaging_service;
        let in_pool = pool.map(|pool| self.ask(Question::IsInPool(pool, address.clone())));
        let configured = self.carrier_of(address)?.is_some();
        match in_pool {
            None => Some(configured),
            Some(answer) => Some(configured || answer? == Answer::Some),
        }
    }

    /// Which carrier has an address of the account's; none if it is not the account's, or while that is not known.
    pub(super) fn carrier_of(&mut self, address: &Address) -> Option<Option<CarrierName>> {
        let answer = self.ask(Question::IsOurs(address.clone()))?;
        Some(if let Answer::With(carrier) = answer { Some(carrier) } else { None })
    }

    /// Whether somebody has named the addresses who may be mistaken, or worse.
    pub(super) const fn is_named_by_hand(&self) -> bool {
        match self.source {
            Source::Api { .. } | Source::Client(_) | Source::Interaction => true,
            Source::Channel(_) | Source::Timer => false,
        }
    }
}

/// The telephone's number behind an address on WhatsApp.
fn number_of(address: &Address) -> Option<Address> {
    let is_one = address.channel() == ChannelType::Whatsapp && address.is_number();
    is_one.then(|| address.bare().parse().ok()).flatten()
}
