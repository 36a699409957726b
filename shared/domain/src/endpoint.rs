//! How a customer's endpoint fares. One that lets callers wait until their time is up is left alone for a while, so that
//! nobody else waits behind it; now and then one call finds out whether it is back.
//!
//! ```text
//!            in time                      in time
//!  ┌──────────────────────── well ◀──────────────────────┐
//!  ▼                          │                          │
//!  (no record)                │ not in time              │
//!                             ▼                          │
//!                        left alone ──time is over──▶ one call
//!                             ▲                          │
//!                             └────── not in time ───────┘   each time for twice as long
//! ```

use serde::{Deserialize, Serialize};

use crate::sid::{EndpointSid, RequestSid, Sid as _};
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// For this long an endpoint is left alone that did not answer in time once.
const ALONE: Millis = Millis::seconds(5);
/// The longest that it is left alone.
const ALONE_MAX: Millis = Millis::seconds(300);

/// That an endpoint did not answer in time, and has not answered since.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Silence {
    /// Which endpoint: a digest of its URL, which may hold a secret.
    pub endpoint: String,
    /// How many calls in a row were waited for in vain.
    pub calls: u32,
    /// Until then it is left alone.
    pub until: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What is to be done about a call.
#[derive(Debug, Clone, PartialEq)]
pub enum Approach {
    /// Nothing is known against the endpoint.
    Call,
    /// This call finds out whether it is back: the process that writes the record first makes it.
    Probe(Silence),
    /// It is left alone until then.
    Leave {
        /// Until when.
        until: Timestamp,
    },
}

/// What a URL is known by: everything but its query.
pub fn endpoint(url: &str) -> String {
    sid(url).to_string()[2..].to_owned()
}

/// The identifier of the endpoint of a URL, which has the same digits.
pub fn sid(url: &str) -> EndpointSid {
    let url = url.split(['?', '#']).next().unwrap_or(url);
    RequestSid::derived(&["endpoint", url]).twin()
}

impl Silence {
    /// The first call of an endpoint that was waited for in vain.
    pub fn first(endpoint: String, now: Timestamp) -> Self {
        Self { endpoint, calls: 1, until: now + ALONE, version: Version::NEW }
    }

    /// One more.
    fn again(&self, now: Timestamp) -> Self {
        let alone = Millis(ALONE.0.saturating_mul(1 << self.calls.min(16))).min(ALONE_MAX);
        Self { calls: self.calls.saturating_add(1), until: now + alone, ..self.clone() }
    }
}

/// Whether an endpoint is called now. A probe is counted as one more call in vain before it is made, so that others
/// leave the endpoint alone meanwhile; the record goes when it is answered.
pub fn approach(known: Option<&Silence>, now: Timestamp) -> Approach {
    match known {
        None => Approach::Call,
        Some(silence) if now < silence.until => Approach::Leave { until: silence.until },
        Some(silence) => Approach::Probe(silence.again(now)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_endpoint_is_left_alone_for_longer_and_longer() {
        let mut silence = Silence::first(endpoint("https://e.example/hook"), Timestamp(0));
        let mut waits = Vec::new();
        let mut now = Timestamp(0);
        for _ in 0..8 {
            assert_eq!(approach(Some(&silence), now), Approach::Leave { until: silence.until });
            waits.push((silence.until - now).0 / 1000);
            now = silence.until;
            let Approach::Probe(next) = approach(Some(&silence), now) else {
                panic!("{silence:?}")
            };
            silence = next;
        }
        assert_eq!(waits, [5, 10, 20, 40, 80, 160, 300, 300]);
    }

    #[test]
    fn an_endpoint_of_which_nothing_is_known_is_called() {
        assert_eq!(approach(None, Timestamp(0)), Approach::Call);
    }

    #[test]
    fn an_endpoint_is_a_url_without_its_query_and_does_not_tell_it() {
        let known = endpoint("https://e.example/secret?to=1");
        assert_eq!(known, endpoint("https://e.example/secret?to=2"));
        assert_ne!(known, endpoint("https://e.example/other"));
        assert!(!known.contains("secret"));
    }
}
