//! What is to be known to obey a keyword: whom it was written to, and what its writer said before.

use switchboard_domain::carriage::InboundMessage;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::process::consent::{Listener, can_be_keyword, hears, persons};
use switchboard_domain::sender::pool_of;
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

use crate::Known;

/// What is known around a message that is a keyword; of any other that can be none nothing is read. Whether a single word is one of
/// the pool's own costs the reads of the number and its pool.
pub(crate) async fn listener(
    on: &Dependencies,
    inbound: &InboundMessage,
    known: &Known,
) -> Result<Option<Listener>, Failure> {
    if !can_be_keyword(inbound) {
        return Ok(None);
    }
    let pool = pool(on, inbound, known).await?;
    let opt_out = match pool {
        Some(pool) => on.store.get::<MessagingService>(key::messaging_service(pool)).await?,
        None => None,
    };
    let opt_out = opt_out.and_then(|service| service.opt_out).map(|own| *own);
    if hears(inbound, opt_out.as_ref()).is_none() {
        return Ok(None);
    }
    let persons = persons(inbound);
    let keys: Vec<Key> = persons.iter().map(key::consent).collect();
    let mut found = on.store.get_all(&keys).await?;
    let known = persons.into_iter().map(|person| {
        let consent = take(&mut found, &key::consent(&person));
        (person, consent)
    });
    Ok(Some(Listener { pool, opt_out, known: known.collect() }))
}

/// The pool of whom the message was written to.
async fn pool(
    on: &Dependencies,
    inbound: &InboundMessage,
    known: &Known,
) -> Result<Option<MessagingServiceSid>, Failure> {
    let used_by = match &known.bound {
        Some(bound) => bound.messaging_service,
        None => known.messaging_service,
    };
    // Where no conversation is open the sender was looked for already.
    if known.bound.is_none() {
        return Ok(pool_of(known.own.as_ref(), used_by));
    }
    let own = on.own_sender(&inbound.to).await?;
    Ok(pool_of(own.as_ref(), used_by))
}
