//! Connections to carriers that operators keep: settings, secrets in sealed form, and the senders that go by them. A
//! secret is only ever seen sealed here; who opens it is told by its connection and its name.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};

use crate::address::Address;
use crate::carriage::CarrierName;
use crate::private::Private;
use crate::refusal::Refusal;
use crate::sid::{ConnectionSid, SecretSid, SenderSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// The most senders of one connection: it is kept in one item with them.
pub const SENDERS_MAX: usize = 500;
/// The longest secret, in bytes: what the key service seals at once.
pub const SECRET_BYTES_MAX: usize = 4096;
/// A secret that is shorter shows nothing of itself: the rest could be guessed.
const SHOWN_FROM_CHARS: usize = 16;
/// A rejected webhook is noted again only after this long, so that a flood of them costs nothing.
pub const NOTED_EVERY: Millis = Millis::seconds(60);

/// A connection to a carrier.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct CarrierConnection {
    /// Its identifier.
    pub sid: ConnectionSid,
    /// Which carrier.
    pub carrier: CarrierName,
    /// A name for people.
    pub friendly_name: String,
    /// Settings that are no secrets, by the carrier's own names: `ACCOUNT_SID`.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub settings: BTreeMap<String, String>,
    /// How many secrets it was given: the number of the latest one.
    pub given: u32,
    /// The secrets, in order of their numbers.
    pub secrets: Vec<SealedSecret>,
    /// The senders that go by it, in the order in which they came.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub senders: Vec<ConnectedSender>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// A secret of a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SealedSecret {
    /// Its number within the connection; no other one ever has it.
    pub number: u32,
    /// Which secret, by the carrier's own name: `AUTH_TOKEN`.
    pub name: String,
    /// The secret as the key service sealed it, base64.
    pub sealed: String,
    /// Its last four characters, if it is long enough to show some.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_four: Option<String>,
    /// The first 16 hexadecimal digits of its SHA-256, likewise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub fingerprint: Option<String>,
    /// When it was given.
    pub created: Timestamp,
    /// From when on it does not count any more; of the latest one of its name it is never set.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A sender of ours that goes by a connection.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ConnectedSender {
    /// Our address.
    pub address: Address,
    /// What the carrier calls it, where that is something else.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier_id: Option<String>,
    /// When it was added.
    pub created: Timestamp,
}

/// By which connection a sender goes: at most one, as the key is the sender's.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct SenderConnection {
    /// Its identifier; follows from the address.
    pub sid: SenderSid,
    /// Our address.
    pub address: Address,
    /// The connection.
    pub connection: ConnectionSid,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The latest request to a connection's webhook that was not believed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct RejectedWebhook {
    /// The connection.
    pub connection: ConnectionSid,
    /// When.
    pub at: Timestamp,
    /// Why, in one word: `wrong_signature`.
    pub reason: String,
    /// Why, for people.
    pub text: String,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl RejectedWebhook {
    /// What to note of a request that was not believed; nothing if another one was noted within the last minute.
    pub fn noted(
        known: Option<Self>,
        connection: ConnectionSid,
        (reason, text): (&str, String),
        now: Timestamp,
    ) -> Option<Self> {
        let version = match known {
            Some(known) if now < known.at + NOTED_EVERY => return None,
            Some(known) => known.version,
            None => Version::NEW,
        };
        Some(Self { connection, at: now, reason: reason.to_owned(), text, version })
    }
}

impl SealedSecret {
    /// A secret as it is kept. Its number is given by [`CarrierConnection::rotate`].
    pub fn new(name: &str, sealed: String, secret: &Private<String>, now: Timestamp) -> Self {
        let is_long = secret.chars().count() >= SHOWN_FROM_CHARS;
        let last_four = || {
            let from = secret.chars().count() - 4;
            secret.chars().skip(from).collect()
        };
        Self {
            number: 0,
            name: name.to_owned(),
            sealed,
            last_four: is_long.then(last_four),
            fingerprint: is_long.then(|| fingerprint(secret)),
            created: now,
            until: None,
        }
    }

    /// Whether it counts.
    pub fn is_valid(&self, now: Timestamp) -> bool {
        self.until.is_none_or(|until| now < until)
    }
}

fn fingerprint(secret: &str) -> String {
    let digest = Sha256::digest(secret.as_bytes());
    digest.iter().take(8).map(|byte| format!("{byte:02x}")).collect()
}

impl ConnectedSender {
    /// The identifier of a sender.
    pub fn sid(&self) -> SenderSid {
        SenderConnection::sid_of(&self.address)
    }
}

impl SenderConnection {
    /// The identifier of a sender.
    pub fn sid_of(address: &Address) -> SenderSid {
        SenderSid::derived(&["sender", address.as_str()])
    }
}

impl CarrierConnection {
    /// The identifier of one of its secrets.
    pub fn secret_sid(&self, secret: &SealedSecret) -> SecretSid {
        self.sid.kin(secret.number)
    }

    /// The secrets that count, by the carrier's settings: of two of one name the latest, and the one before as the
    /// secondary.
    pub fn in_use(&self, now: Timestamp) -> Vec<(String, &SealedSecret)> {
        let mut found: Vec<(String, &SealedSecret)> = Vec::new();
        for secret in self.secrets.iter().rev().filter(|secret| secret.is_valid(now)) {
            let is_second = found.iter().any(|(_, known)| known.name == secret.name);
            let setting = if is_second { secondary(&secret.name) } else { secret.name.clone() };
            found.push((setting, secret));
        }
        found
    }

    /// Takes a new secret. Where the carrier can have two of its name, the one before counts until `previous_until`, or
    /// until it is removed; else it is replaced.
    ///
    /// # Errors
    /// If there are two already, or none can count beside the new one.
    pub fn rotate(
        mut self,
        secret: SealedSecret,
        has_second: bool,
        previous_until: Option<Timestamp>,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let name = secret.name.clone();
        let is_named = |one: &SealedSecret| one.name == name;
        self.secrets.retain(|one| one.is_valid(now));
        match (has_second, self.secrets.iter().filter(|one| is_named(one)).count()) {
            (false, _) if previous_until.is_some() => return Err(Refusal::OneSecret),
            (false, _) => self.secrets.retain(|one| !is_named(one)),
            (true, 0) => {}
            (true, 1) => {
                let previous = self.secrets.iter_mut().filter(|one| is_named(one));
                previous.for_each(|one| one.until = previous_until);
            }
            (true, _) => return Err(Refusal::TwoSecrets),
        }
        self.given += 1;
        self.secrets.push(SealedSecret { number: self.given, ..secret });
        self.updated = now;
        Ok(self)
    }

    /// Takes a secret away. If that was the latest of its name, the one before is the only one again, for good.
    ///
    /// # Errors
    /// If there is none of that number, or the carrier cannot do without it.
    pub fn without_secret(
        mut self,
        number: u32,
        required: &[&str],
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let place = self.secrets.iter().position(|one| one.number == number);
        let removed = self.secrets.remove(place.ok_or(Refusal::NoSuchSecret)?);
        let rest = self.secrets.iter_mut().rfind(|one| one.name == removed.name);
        match rest.filter(|one| one.is_valid(now)) {
            Some(one) if removed.until.is_none() && one.number < number => one.until = None,
            Some(_) => {}
            None if !removed.is_valid(now) => {}
            None if required.contains(&removed.name.as_str()) => {
                return Err(Refusal::LastSecret);
            }
            None => {}
        }
        self.updated = now;
        Ok(self)
    }
}

/// The setting of the secret that counts beside the latest one.
pub fn secondary(name: &str) -> String {
    format!("SECONDARY_{name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    const NOW: Timestamp = Timestamp(1_795_344_809_123);
    const HOUR: Millis = Millis::seconds(3600);

    fn secret(name: &str, text: &str) -> SealedSecret {
        SealedSecret::new(name, format!("sealed {text}"), &text.into(), NOW)
    }

    fn connection() -> CarrierConnection {
        let bare = CarrierConnection {
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
        };
        bare.rotate(secret("TOKEN", "one"), true, None, NOW).unwrap()
    }

    fn used(connection: &CarrierConnection, now: Timestamp) -> Vec<(String, u32)> {
        let used = connection.in_use(now);
        used.into_iter().map(|(setting, secret)| (setting, secret.number)).collect()
    }

    fn two(until: Option<Timestamp>) -> CarrierConnection {
        connection().rotate(secret("TOKEN", "two"), true, until, NOW).unwrap()
    }

    #[test]
    fn the_secret_before_counts_until_it_is_removed_or_its_time_is_over() {
        let both = [("TOKEN".to_owned(), 2), ("SECONDARY_TOKEN".to_owned(), 1)];
        assert_eq!(used(&two(None), NOW + HOUR), both);
        let later = two(Some(NOW + HOUR));
        assert_eq!(used(&later, NOW + Millis(HOUR.0 - 1)), both);
        assert_eq!(used(&later, NOW + HOUR), both[..1]);
        let removed = two(None).without_secret(1, &["TOKEN"], NOW).unwrap();
        assert_eq!(used(&removed, NOW), both[..1]);
    }

    #[test]
    fn a_third_secret_waits_until_one_of_the_two_is_gone() {
        let third = || secret("TOKEN", "three");
        assert_eq!(two(None).rotate(third(), true, None, NOW), Err(Refusal::TwoSecrets));
        let lapsed = two(Some(NOW + HOUR)).rotate(third(), true, None, NOW + HOUR).unwrap();
        let now = NOW + HOUR;
        let both = [("TOKEN".to_owned(), 3), ("SECONDARY_TOKEN".to_owned(), 2)];
        assert_eq!(used(&lapsed, now), both);
    }

    #[test]
    fn who_takes_back_the_latest_secret_has_the_one_before_for_good() {
        let back = two(Some(NOW + HOUR)).without_secret(2, &["TOKEN"], NOW).unwrap();
        assert_eq!(used(&back, NOW + HOUR), [("TOKEN".to_owned(), 1)]);
        assert_eq!(back.clone().without_secret(1, &["TOKEN"], NOW), Err(Refusal::LastSecret));
        let next = back.rotate(secret("TOKEN", "three"), true, None, NOW).unwrap();
        let both = [("TOKEN".to_owned(), 3), ("SECONDARY_TOKEN".to_owned(), 1)];
        assert_eq!(used(&next, NOW), both, "no number is given twice");
        assert_eq!(two(None).without_secret(7, &[], NOW), Err(Refusal::NoSuchSecret));
        let late = two(Some(NOW + HOUR));
        let gone = late.without_secret(2, &["TOKEN"], NOW + HOUR);
        assert_eq!(gone, Err(Refusal::LastSecret), "the other one does not count any more");
    }

    #[test]
    fn a_secret_that_has_no_second_is_replaced_at_once() {
        let kept = connection().rotate(secret("WORD", "a"), false, None, NOW).unwrap();
        let replaced = kept.clone().rotate(secret("WORD", "b"), false, None, NOW).unwrap();
        assert_eq!(used(&replaced, NOW), [("WORD".to_owned(), 3), ("TOKEN".to_owned(), 1)]);
        let both = kept.rotate(secret("WORD", "b"), false, Some(NOW + HOUR), NOW);
        assert_eq!(both, Err(Refusal::OneSecret));
    }

    #[test]
    fn a_short_secret_shows_nothing_of_itself() {
        let long = secret("TOKEN", "0123456789abcdef");
        assert_eq!(long.last_four.as_deref(), Some("cdef"));
        assert_eq!(long.fingerprint.as_deref(), Some("9f9f5111f7b27a78"));
        let short = secret("TOKEN", "0123456789abcde");
        assert_eq!((short.last_four, short.fingerprint), (None, None));
    }

    #[test]
    fn one_rejected_webhook_a_minute_is_noted() {
        let sid = ConnectionSid::derived(&["c"]);
        let note = |known, now| {
            RejectedWebhook::noted(known, sid, ("unsigned", "no signature".to_owned()), now)
        };
        let first = note(None, NOW).unwrap();
        assert_eq!(note(Some(first.clone()), NOW + Millis(59_999)), None);
        assert_eq!(note(Some(first), NOW + NOTED_EVERY).unwrap().at, NOW + NOTED_EVERY);
    }
}
