//! The connections to carriers: those of the environment, and those that operators keep in the table, whose secrets the
//! key service opens.
//!
//! What is kept is read once and taken as known for [`KNOWN_FOR`]; a secret that was opened is not opened again. A webhook
//! that is not believed makes its connection be read anew, unless that was just done: so what a carrier signs with a
//! secret of a moment ago is believed at once.
#![forbid(unsafe_code)]

mod known;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures_util::future::try_join_all;
use switchboard_carriers::{
    BASE_URL, Carrier, Carriers, ConnectError, Lookup, Lost, connection_to, find, keeping_of,
    media_url, send, show,
};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{
    CarrierName, CarrierSettings, Media, OutboundMessage, SendOutcome, Shown, Signal,
};
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::connection::{CarrierConnection, SenderConnection};
use switchboard_domain::private::Private;
use switchboard_domain::sid::{ConnectionSid, MessagingServiceSid};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_runtime::{Config, Dependencies, Failure};
use switchboard_store::key;
use switchboard_vault::Binding;

use self::known::Known;
pub use switchboard_vault::Vault;

/// How long a connection, and by which one a sender goes, is taken as known: a change takes effect within it.
pub const KNOWN_FOR: Millis = Millis::seconds(60);
/// A connection that was read this long ago is read again when a webhook is not believed.
const READ_AGAIN_AFTER: Millis = Millis::seconds(1);

/// All connections.
#[derive(Debug, Clone)]
pub struct Connections {
    carriers: Carriers,
    vault: Vault,
    known: Arc<Mutex<Known>>,
}

/// A connection out of the table, ready to be used.
#[derive(Debug)]
pub struct Stored {
    sid: ConnectionSid,
    carrier: Arc<dyn Carrier>,
    /// What was opened, by what it was opened from.
    opened: BTreeMap<String, Private<String>>,
    read_at: Timestamp,
    known_until: Timestamp,
}

/// What a message goes by.
#[derive(Debug, Clone)]
pub enum By {
    /// The environment's connection to a carrier.
    Environment(CarrierName),
    /// A connection out of the table.
    Stored(Arc<Stored>),
}

/// Where a file is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Its address.
    pub url: Private<String>,
    /// The values of `Authorization` that open it, the first one first.
    pub credentials: Vec<Private<String>>,
}

impl Stored {
    /// The carrier, connected.
    pub fn carrier(&self) -> &dyn Carrier {
        self.carrier.as_ref()
    }

    /// Its identifier.
    pub const fn sid(&self) -> ConnectionSid {
        self.sid
    }
}

impl Connections {
    /// The environment's connections, and the key service for the others.
    pub fn new(carriers: Carriers, vault: Vault) -> Self {
        Self { carriers, vault, known: Arc::default() }
    }

    /// The environment's.
    pub const fn environment(&self) -> &Carriers {
        &self.carriers
    }

    /// The key service.
    pub const fn vault(&self) -> &Vault {
        &self.vault
    }

    /// A connection out of the table; none if it has no such.
    ///
    /// # Errors
    /// If the table or the key service does not answer.
    pub async fn stored(
        &self,
        on: &Dependencies,
        sid: ConnectionSid,
    ) -> Result<Option<Arc<Stored>>, Failure> {
        let known = self.known().connection(sid);
        match known {
            Some(known) if on.now() < known.known_until => Ok(Some(known)),
            Some(_) | None => self.read(on, sid).await,
        }
    }

    /// The same connection as it is now; none if it was just read, or is gone.
    ///
    /// # Errors
    /// If the table or the key service does not answer.
    pub async fn anew(
        &self,
        on: &Dependencies,
        before: &Stored,
    ) -> Result<Option<Arc<Stored>>, Failure> {
        match on.now() < before.read_at + READ_AGAIN_AFTER {
            true => Ok(None),
            false => self.read(on, before.sid).await,
        }
    }

    /// The connection that a sender of ours goes by; none if it goes by the environment's.
    ///
    /// # Errors
    /// If the table or the key service does not answer.
    pub async fn of_sender(
        &self,
        on: &Dependencies,
        sender: &Address,
    ) -> Result<Option<Arc<Stored>>, Failure> {
        let known = self.known().sender(sender, on.now());
        if let Some(known) = known {
            let Some(sid) = known else { return Ok(None) };
            if let Some(stored) = self.stored(on, sid).await? {
                return Ok(Some(stored));
            }
        }
        let now = on.now();
        let claim: Option<SenderConnection> =
            on.store.get(key::sender_connection_of(sender)).await?;
        let sid = claim.map(|claim| claim.connection);
        self.known().learn_sender(sender, sid, now);
        let Some(sid) = sid else { return Ok(None) };
        let stored = self.stored(on, sid).await?;
        // It may have been removed in between: then the sender goes by no connection any more.
        stored.map(Some).ok_or_else(|| Failure::Unavailable(format!("connection {sid} is gone")))
    }

    /// For how many seconds replies that go by a messaging service wait for each other; none if they do not.
    ///
    /// # Errors
    /// If the table does not answer.
    pub async fn merges_within(
        &self,
        on: &Dependencies,
        service: MessagingServiceSid,
    ) -> Result<Option<u8>, Failure> {
        let now = on.now();
        let known = self.known().merges_within(service, now);
        if let Some(known) = known {
            return Ok(known);
        }
        let found: Option<MessagingService> = on.store.get(key::messaging_service(service)).await?;
        let seconds = found.and_then(|service| service.merges_within);
        self.known().learn_service(service, seconds, now);
        Ok(seconds)
    }

    /// Whether this process has noted no rejected webhook of the connection within the last minute; then one is taken as
    /// noted. So most of a flood of them costs neither a read nor a write.
    pub fn is_to_be_noted(&self, sid: ConnectionSid, now: Timestamp) -> bool {
        self.known().is_to_be_noted(sid, now)
    }

    /// Reads a connection, and opens what was not opened before, all at the same time.
    ///
    /// # Errors
    /// If the table or the key service does not answer.
    pub async fn read(
        &self,
        on: &Dependencies,
        sid: ConnectionSid,
    ) -> Result<Option<Arc<Stored>>, Failure> {
        let now = on.now();
        let known = self.known().connection(sid);
        let record: Option<CarrierConnection> = on.store.get(key::carrier_connection(sid)).await?;
        let Some(record) = record else {
            self.known().learn(sid, None);
            return Ok(None);
        };
        let in_use = record.in_use(now);
        let opened = in_use.iter().map(|(_, secret)| {
            let before = known.as_ref().and_then(|known| known.opened.get(&secret.sealed)).cloned();
            async move {
                match before {
                    Some(opened) => Ok(opened),
                    None => {
                        self.vault
                            .open(Binding::Connection(sid, &secret.name), &secret.sealed)
                            .await
                    }
                }
            }
        });
        let opened = try_join_all(opened).await?;
        let settings = in_use.iter().zip(&opened);
        let settings = settings.map(|((setting, _), opened)| (setting.clone(), opened.clone()));
        let carrier = connect(&on.config, &record, settings)
            .map_err(|error| Failure::Defect(format!("connection {sid}: {error}")))?;
        let ends = in_use.iter().filter_map(|(_, secret)| secret.until);
        let known_until = ends.fold(now + KNOWN_FOR, Timestamp::min);
        let sealed = in_use.iter().map(|(_, secret)| secret.sealed.clone());
        let opened = sealed.zip(opened).collect();
        let stored = Arc::new(Stored { sid, carrier, opened, read_at: now, known_until });
        self.known().learn(sid, Some(Arc::clone(&stored)));
        Ok(Some(stored))
    }

    /// Hands over one message.
    pub async fn send(&self, by: &By, message: &OutboundMessage) -> SendOutcome {
        send(self.carrier(by), self.carriers.transport(), message).await
    }

    /// Shows a customer that somebody reads or types.
    pub async fn show(&self, by: &By, signal: &Signal) -> Shown {
        show(self.carrier(by), self.carriers.transport(), signal).await
    }

    /// Asks whether the carrier took the message that was sent at `attempted_at` without an answer.
    pub async fn find(
        &self,
        by: &By,
        message: &OutboundMessage,
        attempted_at: Timestamp,
        now: Timestamp,
    ) -> Lookup {
        find(self.carrier(by), self.carriers.transport(), message, attempted_at, now).await
    }

    /// Where a file of a carrier's is now, and what opens it there; none if the carrier does not know it any more.
    ///
    /// # Errors
    /// Why nobody can tell now, for people.
    pub async fn file(&self, by: &By, media: &Media) -> Result<Option<Place>, String> {
        let carrier = self.carrier(by);
        match media_url(carrier, self.carriers.transport(), media).await {
            Ok(url) => Ok(url.map(|url| Place { credentials: carrier.opens(url.as_str()), url })),
            Err(Lost::NotSent(reason) | Lost::Unanswered(reason)) => Err(reason),
        }
    }

    /// Which carrier a message goes by.
    pub fn carrier_of(&self, by: &By) -> CarrierName {
        match by {
            By::Environment(name) => *name,
            By::Stored(stored) => stored.carrier().name(),
        }
    }

    fn carrier<'a>(&'a self, by: &'a By) -> &'a dyn Carrier {
        match by {
            By::Environment(name) => self.carriers.get(*name),
            By::Stored(stored) => stored.carrier(),
        }
    }

    fn known(&self) -> MutexGuard<'_, Known> {
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Connects a carrier as a record and the secrets, by the names of settings, say. Where the carrier's API is, the
/// environment says: a caller of ours shall not be able to lead requests elsewhere.
///
/// # Errors
/// If a setting is not what it should be.
pub fn connect(
    config: &Config,
    record: &CarrierConnection,
    secrets: impl IntoIterator<Item = (String, Private<String>)>,
) -> Result<Arc<dyn Carrier>, ConnectError> {
    let carrier = record.carrier;
    let base_url = config.carriers.get(&carrier.setting(BASE_URL)).cloned();
    let plain = record.settings.iter();
    let plain = plain.map(|(name, value)| (name.clone(), Private::from(value.as_str())));
    let numbers = keeping_of(carrier).numbers.map(|name| (name.to_owned(), numbers(record)));
    let own = plain
        .chain(secrets)
        .chain(numbers)
        .chain(base_url.map(|url| (BASE_URL.to_owned(), url)))
        .map(|(name, value)| (carrier.setting(&name), value))
        .collect();
    let settings = CarrierSettings {
        account_sid: config.account_sid,
        // No connection falls back to our own token.
        auth_token: &Private::default(),
        public_url: config.webhook_origin.as_deref().unwrap_or(&config.public_url),
        own: &own,
        connection: Some(record.sid),
    };
    connection_to(carrier, &settings)
}

/// `+15550783881=106540352242922,…`: what the carrier calls our numbers.
fn numbers(record: &CarrierConnection) -> Private<String> {
    let named = record.senders.iter().filter_map(|sender| {
        Some(format!("{}={}", sender.address.bare(), sender.carrier_id.as_deref()?))
    });
    Private(named.collect::<Vec<_>>().join(","))
}
