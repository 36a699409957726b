//! How an endpoint is set up: how calls to it are signed and written, and whether it is called at all. An endpoint is a URL
//! up to its query. One that nobody set up is signed for as the vendor signs, and is noted here once it fails.
//!
//! ```text
//!  called ──fails, and nothing succeeds for five days──▶ switched off ──by REST──▶ called
//!     ├───────────────answers 410 Gone──────────────────▶
//!     └────────────────────by REST──────────────────────▶
//! ```
//!
//! That 410 switches an endpoint off at once is what Standard Webhooks (its section on status codes) say.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

use crate::endpoint::endpoint;
use crate::private::Private;
use crate::sid::EndpointSid;
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// An endpoint at which nothing succeeded for so long is switched off.
pub const OFF_AFTER: Millis = Millis::seconds(5 * 24 * 3600);
/// The HTTP status by which an endpoint says that it is there no more.
const GONE: u16 = 410;
/// Failures are noted at most once in this time.
const NOTED_EVERY: Millis = Millis::seconds(600);
/// The length of a secret, in bytes: no padding, and nothing to lose of it.
pub const SECRET_BYTES: usize = 24;
/// What secrets of Standard Webhooks begin with.
const SECRET_PREFIX: &str = "whsec_";

/// With which hash the vendor's signature is made.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
pub enum Algorithm {
    /// SHA-1 and the account's token.
    #[default]
    Sha1,
    /// SHA-256 and a key that is shared with this endpoint alone.
    Sha256,
}

impl Algorithm {
    /// The name that the vendor gives it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha1 => "HMAC_SHA1",
            Self::Sha256 => "HMAC_SHA256",
        }
    }
}

/// How a body is written.
#[derive(
    Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, strum::VariantArray,
)]
#[serde(rename_all = "snake_case")]
pub enum Format {
    /// As a form.
    #[default]
    Form,
    /// As JSON: `type`, `timestamp` and the parameters under `data`.
    Json,
}

impl Format {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Form => "form",
            Self::Json => "json",
        }
    }
}

/// A secret of Standard Webhooks, as it is stored: the bytes in base64.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SigningSecret {
    /// The bytes, standard base64.
    pub key: Private<String>,
    /// When it was made.
    pub created: Timestamp,
    /// Until when it signs beside the one that replaced it; none for the current one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
}

/// A key that is shared with an endpoint.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SharedKey {
    /// Its name, which each request tells.
    pub id: String,
    /// The secret.
    pub secret: Private<String>,
    /// When it was made.
    pub created: Timestamp,
    /// From when on it signs; a request is signed with one key, so a new one takes over at a time.
    pub from: Timestamp,
}

/// That an endpoint fails.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Failing {
    /// Since when nothing succeeded.
    pub since: Timestamp,
    /// When it was noted the last time.
    pub noted: Timestamp,
}

/// That an endpoint is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Off {
    /// Since when.
    pub at: Timestamp,
    /// Whether because it failed.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub by_failing: bool,
    /// Whether because it said that it is gone; if it is neither, by REST.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_gone: bool,
}

impl Off {
    /// In one word, as answers show it.
    pub const fn reason(&self) -> &'static str {
        match (self.is_gone, self.by_failing) {
            (true, _) => "gone",
            (false, true) => "failing",
            (false, false) => "requested",
        }
    }
}

/// An endpoint of the account.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct WebhookEndpoint {
    /// Its URL, without query and fragment.
    pub url: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub friendly_name: String,
    /// Whether it was set up by REST; otherwise it is only here because it fails.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_set_up: bool,
    /// With which hash the vendor's signature is made.
    #[serde(default)]
    pub algorithm: Algorithm,
    /// How bodies are written.
    #[serde(default)]
    pub format: Format,
    /// Whether it is signed for by Standard Webhooks as well.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub is_standard: bool,
    /// The secrets of Standard Webhooks, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub secrets: Vec<SigningSecret>,
    /// The shared keys, the newest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_keys: Vec<SharedKey>,
    /// That it fails.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub failing: Option<Failing>,
    /// That it is not called.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub off: Option<Off>,
    /// When it was made.
    pub created: Timestamp,
    /// When its settings were last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl WebhookEndpoint {
    /// One that is called as every other.
    pub fn new(url: &str, now: Timestamp) -> Self {
        Self {
            url: url.split(['?', '#']).next().unwrap_or(url).to_owned(),
            friendly_name: String::new(),
            is_set_up: false,
            algorithm: Algorithm::default(),
            format: Format::default(),
            is_standard: false,
            secrets: Vec::new(),
            shared_keys: Vec::new(),
            failing: None,
            off: None,
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// By what it is known: the digest of its URL.
    pub fn digest(&self) -> String {
        endpoint(&self.url)
    }

    /// Its identifier, which follows from its URL.
    pub fn sid(&self) -> EndpointSid {
        Self::sid_of(&self.url)
    }

    /// The identifier of the endpoint of a URL.
    pub fn sid_of(url: &str) -> EndpointSid {
        crate::endpoint::sid(url)
    }

    /// The secrets of Standard Webhooks that sign now: one, or two while one is replaced.
    pub fn signing_secrets(&self, now: Timestamp) -> impl Iterator<Item = &SigningSecret> {
        let secrets = self.secrets.iter().filter(|_| self.is_standard);
        secrets.filter(move |secret| secret.until.is_none_or(|until| now < until))
    }

    /// The shared key that signs now, if the endpoint wants one.
    pub fn shared_key(&self, now: Timestamp) -> Option<&SharedKey> {
        let mut keys = self.shared_keys.iter().filter(|_| self.algorithm == Algorithm::Sha256);
        keys.find(|key| key.from <= now)
    }

    /// Puts a new secret of Standard Webhooks before the others; the one until now goes on for that long. Those that sign
    /// no more are forgotten, and there are two at most.
    pub fn add_secret(&mut self, bytes: &[u8], overlap: Millis, now: Timestamp) {
        let until = now + overlap;
        self.secrets.retain(|secret| secret.until.is_none());
        for secret in &mut self.secrets {
            secret.until = Some(until);
        }
        self.secrets.retain(|secret| secret.until.is_none_or(|until| now < until));
        let key = Private(STANDARD.encode(bytes));
        self.secrets.insert(0, SigningSecret { key, created: now, until: None });
    }

    /// Puts a new shared key before the others; it signs after that long, the one until now meanwhile.
    pub fn add_shared_key(&mut self, id: String, bytes: &[u8], overlap: Millis, now: Timestamp) {
        let current = self.shared_keys.iter().find(|key| key.from <= now).cloned();
        let from = if current.is_some() { now + overlap } else { now };
        let secret = Private(STANDARD.encode(bytes));
        let new = SharedKey { id, secret, created: now, from };
        self.shared_keys = std::iter::once(new).chain(current).collect();
    }

    /// The same after a call that failed with this HTTP status, if any, if that is to be noted; it may be switched off by it.
    pub fn failed(&self, status: Option<u16>, now: Timestamp) -> Option<Self> {
        if self.off.is_some() {
            return None;
        }
        if status == Some(GONE) {
            let off = Some(Off { at: now, by_failing: false, is_gone: true });
            return Some(Self { off, ..self.clone() });
        }
        let Some(failing) = self.failing else {
            let failing = Some(Failing { since: now, noted: now });
            return Some(Self { failing, ..self.clone() });
        };
        if now - failing.since >= OFF_AFTER {
            let off = Some(Off { at: now, by_failing: true, is_gone: false });
            return Some(Self { off, ..self.clone() });
        }
        let noted = Some(Failing { noted: now, ..failing });
        (now - failing.noted >= NOTED_EVERY).then(|| Self { failing: noted, ..self.clone() })
    }

    /// The same after a call that was taken, if that changes anything.
    pub fn recovered(&self) -> Option<Self> {
        self.failing.is_some().then(|| Self { failing: None, ..self.clone() })
    }

    /// Switches it on or off by REST.
    pub fn switch(&mut self, is_on: bool, now: Timestamp) {
        match (is_on, self.off) {
            (true, _) => (self.off, self.failing) = (None, None),
            (false, None) => {
                self.off = Some(Off { at: now, by_failing: false, is_gone: false });
            }
            (false, Some(_)) => {}
        }
    }
}

impl SigningSecret {
    /// As it is handed out, once.
    pub fn shown(&self) -> String {
        format!("{SECRET_PREFIX}{}", self.key.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Millis = Millis::seconds(3600);

    fn endpoint() -> WebhookEndpoint {
        WebhookEndpoint::new("https://e.example/hook?to=1#rc=3", Timestamp(0))
    }

    #[test]
    fn an_endpoint_is_its_url_without_query_and_fragment() {
        assert_eq!(endpoint().url, "https://e.example/hook");
        let other = WebhookEndpoint::sid_of("https://e.example/hook?to=2");
        assert_eq!(endpoint().sid(), other);
        assert_eq!(endpoint().sid().to_string()[2..], endpoint().digest());
    }

    #[test]
    fn two_secrets_sign_while_one_is_replaced_and_never_three() {
        let mut one = WebhookEndpoint { is_standard: true, ..endpoint() };
        one.add_secret(&[1; SECRET_BYTES], HOUR, Timestamp(0));
        let shown = one.secrets[0].shown();
        assert_eq!((shown.len(), &shown[..6]), (38, SECRET_PREFIX), "no padding");
        let now = Timestamp(1);
        one.add_secret(&[2; SECRET_BYTES], HOUR, now);
        assert_eq!(one.signing_secrets(now).count(), 2);
        assert_eq!(one.signing_secrets(now + HOUR).count(), 1);
        one.add_secret(&[3; SECRET_BYTES], HOUR, now);
        assert_eq!((one.secrets.len(), one.signing_secrets(now).count()), (2, 2));
        one.add_secret(&[4; SECRET_BYTES], Millis(0), now);
        assert_eq!(one.secrets.len(), 1, "the leaked one signs no more at once");
        one.is_standard = false;
        assert_eq!(one.signing_secrets(now).count(), 0);
    }

    #[test]
    fn a_new_shared_key_takes_over_when_its_time_has_come() {
        let mut one = WebhookEndpoint { algorithm: Algorithm::Sha256, ..endpoint() };
        one.add_shared_key("a".to_owned(), &[1; 24], HOUR, Timestamp(0));
        assert_eq!(one.shared_key(Timestamp(0)).unwrap().id, "a", "the first has nobody before it");
        one.add_shared_key("b".to_owned(), &[2; 24], HOUR, Timestamp(1));
        let id = |now| one.shared_key(now).map(|key| key.id.as_str());
        assert_eq!(id(Timestamp(2)), Some("a"));
        assert_eq!(id(Timestamp(1) + HOUR), Some("b"));
        let sha1 = WebhookEndpoint { algorithm: Algorithm::Sha1, ..one.clone() };
        assert_eq!(sha1.shared_key(Timestamp(2)), None);
    }

    #[test]
    fn an_endpoint_that_fails_for_five_days_is_switched_off() {
        let mut one = endpoint().failed(None, Timestamp(0)).unwrap();
        assert_eq!(one.failed(Some(500), Timestamp(1)), None, "it is noted");
        one = one.failed(Some(404), Timestamp(0) + NOTED_EVERY).unwrap();
        let before = Timestamp(OFF_AFTER.0 - 1);
        assert_eq!(one.failed(None, before).unwrap().off, None);
        let off = one.failed(None, Timestamp(OFF_AFTER.0)).unwrap();
        assert_eq!(off.off.map(|off| off.reason()), Some("failing"));
        assert_eq!(off.failed(Some(410), Timestamp(2 * OFF_AFTER.0)), None);
        let mut on = off;
        on.switch(true, before);
        assert_eq!((on.off, on.failing), (None, None), "its days begin anew");
        assert_eq!(one.recovered().unwrap().failing, None);
        assert_eq!(endpoint().recovered(), None, "what works is not written");
    }

    #[test]
    fn an_endpoint_that_says_it_is_gone_is_switched_off_at_once_until_somebody_switches_it_on() {
        for one in [endpoint(), endpoint().failed(Some(503), Timestamp(0)).unwrap()] {
            let gone = one.failed(Some(410), Timestamp(1)).unwrap();
            assert_eq!(gone.off.map(|off| (off.at, off.reason())), Some((Timestamp(1), "gone")));
            let mut on = gone;
            on.switch(true, Timestamp(2));
            assert_eq!((on.off, on.failing), (None, None));
        }
        for other in [400, 404, 409, 411, 500] {
            assert_eq!(endpoint().failed(Some(other), Timestamp(1)).unwrap().off, None, "{other}");
        }
        let mut by_rest = endpoint();
        by_rest.switch(false, Timestamp(1));
        assert_eq!(by_rest.off.map(|off| off.reason()), Some("requested"));
    }
}
