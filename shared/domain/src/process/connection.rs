//! Which senders go by a connection to a carrier: the sender and the connection tell of each other, and both change in one
//! transaction.

use crate::connection::{
    CarrierConnection, ConnectedSender, RejectedWebhook, SENDERS_MAX, SenderConnection,
};
use crate::decision::Decision;
use crate::refusal::Refusal;
use crate::sid::SenderSid;
use crate::timestamp::Timestamp;
use crate::version::Version;

/// Lets a sender go by a connection. `claim` says by which one it goes now.
///
/// # Errors
/// If it goes by one already, or the connection has too many.
pub fn add_sender(
    mut connection: CarrierConnection,
    claim: Option<SenderConnection>,
    sender: ConnectedSender,
    now: Timestamp,
) -> Result<(CarrierConnection, Decision), Refusal> {
    if let Some(claim) = claim {
        return Err(Refusal::SenderConnected(claim.connection));
    }
    if connection.senders.len() >= SENDERS_MAX {
        return Err(Refusal::TooManySenders);
    }
    let claim = SenderConnection {
        sid: sender.sid(),
        address: sender.address.clone(),
        connection: connection.sid,
        version: Version::NEW,
    };
    connection.senders.push(sender);
    connection.updated = now;
    let decision = Decision::put(connection.clone()).and(claim);
    Ok((connection, decision))
}

/// Lets a sender go by the environment's connection again.
///
/// # Errors
/// If it does not go by this one.
pub fn remove_sender(
    mut connection: CarrierConnection,
    claim: Option<SenderConnection>,
    sid: SenderSid,
    now: Timestamp,
) -> Result<Decision, Refusal> {
    let place = connection.senders.iter().position(|one| one.sid() == sid);
    connection.senders.remove(place.ok_or(Refusal::NoSuchSender)?);
    connection.updated = now;
    let decision = Decision::put(connection);
    Ok(match claim {
        Some(claim) => decision.without(claim),
        None => decision,
    })
}

/// Removes a connection, and what was noted of it.
///
/// # Errors
/// While senders go by it: without it they would send by another account, and nobody would notice.
pub fn remove(
    connection: CarrierConnection,
    rejected: Option<RejectedWebhook>,
) -> Result<Decision, Refusal> {
    match connection.senders.len() {
        0 => {
            let decision = Decision::unchanged().without(connection);
            Ok(match rejected {
                Some(rejected) => decision.without(rejected),
                None => decision,
            })
        }
        count => Err(Refusal::SendersLeft(count)),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::address::Address;
    use crate::carriage::CarrierName;
    use crate::sid::{ConnectionSid, Sid as _};

    const NOW: Timestamp = Timestamp(1_795_344_809_123);

    fn connection() -> CarrierConnection {
        CarrierConnection {
            sid: ConnectionSid::derived(&["c"]),
            carrier: CarrierName::default(),
            friendly_name: String::new(),
            settings: BTreeMap::new(),
            given: 0,
            secrets: Vec::new(),
            senders: Vec::new(),
            created: NOW,
            updated: NOW,
            version: Version::NEW,
        }
    }

    #[test]
    fn a_sender_goes_by_one_connection_and_keeps_it_from_being_removed() {
        let address: Address = "whatsapp:+18005550100".parse().unwrap();
        let sender = ConnectedSender { address: address.clone(), carrier_id: None, created: NOW };
        let (with, decision) = add_sender(connection(), None, sender.clone(), NOW).unwrap();
        let claim = decision.puts[1].get::<SenderConnection>().unwrap().clone();
        assert_eq!(claim.connection, with.sid);
        let elsewhere = add_sender(connection(), Some(claim.clone()), sender, NOW);
        assert_eq!(elsewhere, Err(Refusal::SenderConnected(with.sid)));
        assert_eq!(remove(with.clone(), None), Err(Refusal::SendersLeft(1)));
        let sid = SenderConnection::sid_of(&address);
        let left = remove_sender(with, Some(claim), sid, NOW).unwrap();
        assert_eq!(left.deletes.len(), 1);
        let without = left.puts[0].get::<CarrierConnection>().unwrap().clone();
        assert!(remove(without.clone(), None).is_ok());
        assert_eq!(remove_sender(without, None, sid, NOW), Err(Refusal::NoSuchSender));
    }

    #[test]
    fn a_connection_has_room_for_so_many_senders() {
        let mut full = connection();
        let sender = |number: usize| ConnectedSender {
            address: format!("+1415555{number:04}").parse().unwrap(),
            carrier_id: None,
            created: NOW,
        };
        full.senders = (0..SENDERS_MAX).map(sender).collect();
        let one_more = add_sender(full, None, sender(SENDERS_MAX), NOW);
        assert_eq!(one_more, Err(Refusal::TooManySenders));
    }
}
