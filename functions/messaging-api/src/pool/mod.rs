//! The senders of a messaging service.

pub(crate) mod alpha_senders;
mod channel_senders;
pub(crate) mod destinations;
pub(crate) mod members;
mod numbers;
mod short_codes;

use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_rest::{Answer, ApiError, Reply};

/// A pool has at most this many senders of the account's: removing its service frees them all in one transaction of 100
/// records.
const MEMBERS_MAX: usize = 99;
/// A pool has at most this many alphanumeric senders.
pub(crate) const ALPHA_SENDERS_MAX: usize = 100;

/// Refuses a sender that is in a pool.
fn must_be_free(
    of: Option<MessagingServiceSid>,
    service: MessagingServiceSid,
) -> Result<(), ApiError> {
    match of {
        None => Ok(()),
        Some(of) if of == service => Err(Code::SenderInPool.into()),
        Some(_) => Err(Code::NumberInOtherPool.into()),
    }
}

/// Refuses one sender more than a pool takes.
fn must_have_room(service: &MessagingService) -> Result<(), ApiError> {
    match service.pool_size() - service.alpha_senders.len() < MEMBERS_MAX {
        true => Ok(()),
        false => Err(Code::PoolFull.into()),
    }
}

fn removed() -> Answer {
    Ok(Reply::gone())
}
