//! Messages that go out at a time (Message Scheduling; error dictionary, 35111 to 35126 and 30409).
//!
//! ```text
//!  made ──▶ scheduled ──its time──▶ queued: as any other from then on
//!               │        └── its service or its sender is gone, and no other fits ──▶ failed
//!               └──taken back──▶ canceled
//! ```
//!
//! What is scheduled is in one conditional write either let go or taken back, so never both. Whether the recipient wants anything
//! is asked when it is handed over, as of any message. It is neither redacted nor removed before it is sent or canceled.

use super::{Delivery, Message};
use crate::address::ChannelType;
use crate::carriage::DeliveryStatus;
use crate::codes::Code;
use crate::configuration::MessagingService;
use crate::conversation::Pair;
use crate::refusal::Refusal;
use crate::sender::{SenderReceipt, SenderRule, StickySender, Switches, Wanted, choose};
use crate::timestamp::{Millis, Timestamp};

/// The shortest time ahead, itself allowed (error 35114, which has said 900 seconds before, and does in some places).
pub const AHEAD_MIN: Millis = Millis::seconds(300);
/// The longest, likewise: 35 days.
pub const AHEAD_MAX: Millis = Millis::seconds(35 * 24 * 3600);

/// When a message is to go out, as a request says; none is at once.
///
/// # Errors
/// 35126 for another type than `fixed`, and, inferred, for a time without a type: it would be sent at once. 35111 without a
/// time, 35118 without a messaging service, 35114 for what is no time with an offset, or not within the bounds.
pub fn send_at(
    kind: Option<&str>,
    at: Option<&str>,
    has_service: bool,
    now: Timestamp,
) -> Result<Option<Timestamp>, Code> {
    match (kind, at) {
        (None, None) => return Ok(None),
        (None, Some(_)) => return Err(Code::InvalidScheduleType),
        (Some(kind), _) if !kind.eq_ignore_ascii_case("fixed") => {
            return Err(Code::InvalidScheduleType);
        }
        (Some(_), None) => return Err(Code::SendAtMissing),
        (Some(_), Some(_)) if !has_service => return Err(Code::ScheduleNeedsService),
        (Some(_), Some(_)) => {}
    }
    let at = at.and_then(Timestamp::parse_iso).ok_or(Code::InvalidSendAt)?;
    let is_allowed = (now + AHEAD_MIN..=now + AHEAD_MAX).contains(&at);
    if is_allowed { Ok(Some(at)) } else { Err(Code::InvalidSendAt) }
}

/// What is known, when a message's time has come, of who could send it.
#[derive(Debug, Clone, Copy, Default)]
pub struct Pool<'a> {
    /// Its messaging service, unless that is gone.
    pub service: Option<&'a MessagingService>,
    /// Whom the recipient is used to.
    pub used_to: Option<&'a StickySender>,
}

/// What comes of a look at a message.
#[derive(Debug, Clone, PartialEq)]
pub enum Look {
    /// It was let go before, or taken back.
    Over,
    /// Its time has not come.
    Early {
        /// When it does.
        at: Timestamp,
    },
    /// It goes out, or has failed because nobody can send it.
    Goes(Box<Message>),
}

/// Looks at a message whose time may have come. Its sender is still in the pool, or another one is chosen by the rule by which that
/// one was (E.2); a sender that the request named is not replaced. Codes of what fails: 21701 if its service is gone, 21711 if
/// the sender that was named is not in the pool any more, 21703 or 21704 if the pool has no other.
pub fn look(message: &Message, pool: Pool<'_>, now: Timestamp) -> Look {
    let waiting = message.deliveries.iter().find(|one| one.status == DeliveryStatus::Scheduled);
    let Some((copy, at)) = waiting.zip(message.send_at()) else { return Look::Over };
    if now < at {
        return Look::Early { at };
    }
    let sender = sender(message, copy, pool, now);
    let (mut after, number) = (message.clone(), copy.number);
    if let Some(terms) = &mut after.fields.terms {
        terms.released = Some(now);
    }
    if let Ok(Some((pair, receipt))) = &sender {
        after.fields.author = pair.proxy.to_string();
        after.fields.sender = Some(receipt.clone());
    }
    let Some(copy) = after.delivery_mut(number) else { return Look::Over };
    copy.status = DeliveryStatus::Queued;
    copy.updated = now;
    match sender {
        Ok(None) => {}
        Ok(Some((pair, _))) => copy.pair = pair,
        Err(code) => copy.fail(code.number()),
    }
    Look::Goes(Box::new(after))
}

/// Whether another sender has to be chosen, for which it is good to know whom the recipient is used to.
pub fn needs_another_sender(message: &Message, service: &MessagingService) -> bool {
    !is_named(message) && message.deliveries.iter().any(|copy| !service.has(&copy.pair.proxy))
}

fn is_named(message: &Message) -> bool {
    message.sender.as_ref().is_none_or(|receipt| receipt.rule == SenderRule::Named)
}

/// Another sender than the copy has, if it needs one.
fn sender(
    message: &Message,
    copy: &Delivery,
    pool: Pool<'_>,
    now: Timestamp,
) -> Result<Option<(Pair, SenderReceipt)>, Code> {
    let service = pool.service.ok_or(Code::NoSuchMessagingService)?;
    let (to, from) = (&copy.pair.address, &copy.pair.proxy);
    // One on a channel that is named needs not be in the pool when the message is made, either.
    let may_stay = is_named(message) && from.channel() != ChannelType::Sms;
    if may_stay || service.has(from) {
        return Ok(None);
    }
    if is_named(message) {
        return Err(Code::SenderNotInPool);
    }
    let wanted = Wanted { to, has_files: !message.media.is_empty(), now };
    let switches = Switches::of(service.settings.as_deref());
    let choice = choose(service, switches, wanted, pool.used_to)?;
    let pair = Pair::new(to.clone(), choice.sender).map_err(|_| Code::NoSenderForRecipient)?;
    Ok(Some((pair, choice.receipt)))
}

/// Takes a scheduled message back.
///
/// # Errors
/// 30409 if it is not scheduled, or not any more: also if it was taken back before.
pub fn cancel(message: &Message, number: u32, now: Timestamp) -> Result<Message, Refusal> {
    let mut after = message.clone();
    let copy = after.delivery_mut(number).ok_or(Refusal::NotCancelable)?;
    if copy.status != DeliveryStatus::Scheduled {
        return Err(Refusal::NotCancelable);
    }
    copy.status = DeliveryStatus::Canceled;
    copy.updated = now;
    Ok(after)
}

impl Message {
    /// When it is to be looked at, as long as it is scheduled.
    pub fn looked_at(&self) -> Option<Timestamp> {
        let waits = |one: &Delivery| one.status == DeliveryStatus::Scheduled;
        self.send_at().filter(|_| !self.removed && self.deliveries.iter().any(waits))
    }
}

#[cfg(test)]
mod tests;
