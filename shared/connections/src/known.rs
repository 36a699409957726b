//! What was read of the table and is taken as known for a while.

use std::collections::BTreeMap;
use std::sync::Arc;

use switchboard_domain::address::Address;
use switchboard_domain::connection::NOTED_EVERY;
use switchboard_domain::sid::{ConnectionSid, MessagingServiceSid};
use switchboard_domain::timestamp::Timestamp;

use crate::{KNOWN_FOR, Stored};

/// So many of each are known at most; then everything is read anew.
const KNOWN_MAX: usize = 1000;

/// What is known.
#[derive(Debug, Default)]
pub(crate) struct Known {
    connections: BTreeMap<ConnectionSid, Arc<Stored>>,
    /// By which connection a sender goes, and when that was read.
    senders: BTreeMap<Address, (Option<ConnectionSid>, Timestamp)>,
    /// For how long the replies of a messaging service wait for each other, if they do, and when that was read.
    services: BTreeMap<MessagingServiceSid, (Option<u8>, Timestamp)>,
    /// When a webhook of a connection was last noted as not believed.
    noted: BTreeMap<ConnectionSid, Timestamp>,
}

impl Known {
    /// A connection as it was read last.
    pub(crate) fn connection(&self, sid: ConnectionSid) -> Option<Arc<Stored>> {
        self.connections.get(&sid).cloned()
    }

    /// Learns a connection.
    pub(crate) fn learn(&mut self, sid: ConnectionSid, stored: Option<Arc<Stored>>) {
        if self.connections.len() >= KNOWN_MAX {
            self.connections.clear();
        }
        match stored {
            Some(stored) => drop(self.connections.insert(sid, stored)),
            None => drop(self.connections.remove(&sid)),
        }
    }

    /// Whether it is time to note that a webhook was not believed; then it is taken as noted.
    pub(crate) fn is_to_be_noted(&mut self, sid: ConnectionSid, now: Timestamp) -> bool {
        if self.noted.len() >= KNOWN_MAX {
            self.noted.clear();
        }
        match self.noted.get(&sid) {
            Some(noted) if now < *noted + NOTED_EVERY => false,
            Some(_) | None => {
                self.noted.insert(sid, now);
                true
            }
        }
    }

    /// By which connection a sender goes, if that was read within the time.
    pub(crate) fn sender(
        &self,
        address: &Address,
        now: Timestamp,
    ) -> Option<Option<ConnectionSid>> {
        let (connection, read_at) = self.senders.get(address)?;
        (now < *read_at + KNOWN_FOR).then_some(*connection)
    }

    /// Learns by which connection a sender goes.
    pub(crate) fn learn_sender(
        &mut self,
        address: &Address,
        connection: Option<ConnectionSid>,
        now: Timestamp,
    ) {
        if self.senders.len() >= KNOWN_MAX {
            self.senders.clear();
        }
        self.senders.insert(address.clone(), (connection, now));
    }

    /// For how long the replies of a messaging service wait, if that was read within the time.
    pub(crate) fn merges_within(
        &self,
        service: MessagingServiceSid,
        now: Timestamp,
    ) -> Option<Option<u8>> {
        let (seconds, read_at) = self.services.get(&service)?;
        (now < *read_at + KNOWN_FOR).then_some(*seconds)
    }

    /// Learns for how long the replies of a messaging service wait.
    pub(crate) fn learn_service(
        &mut self,
        service: MessagingServiceSid,
        seconds: Option<u8>,
        now: Timestamp,
    ) {
        if self.services.len() >= KNOWN_MAX {
            self.services.clear();
        }
        self.services.insert(service, (seconds, now));
    }
}
