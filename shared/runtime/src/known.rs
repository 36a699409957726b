//! What is known of API keys, in the memory of the process.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use switchboard_domain::access::ApiKey;
use switchboard_domain::private::Private;
use switchboard_domain::sid::KeySid;
use switchboard_domain::timestamp::{Millis, Timestamp};

/// So many keys are known at most; then all are read anew.
const KNOWN_MAX: usize = 1000;

/// What is known of keys.
#[derive(Debug, Clone, Default)]
pub(crate) struct KnownKeys(Arc<Mutex<BTreeMap<KeySid, Known>>>);

/// A key, as it was read.
#[derive(Debug, Clone)]
pub(crate) struct Known {
    /// None if there is no such key.
    pub(crate) key: Option<Arc<ApiKey>>,
    pub(crate) read_at: Timestamp,
    pub(crate) opened: Option<(Private<String>, Timestamp)>,
}

/// Whether something of that moment still counts; a clock that went back makes nothing count for longer.
pub(crate) fn counts(since: Timestamp, span: Millis, now: Timestamp) -> bool {
    since <= now && now < since + span
}

impl KnownKeys {
    pub(crate) fn all(&self) -> MutexGuard<'_, BTreeMap<KeySid, Known>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Learns a key as it was just read.
    pub(crate) fn learn(&self, sid: KeySid, key: Option<Arc<ApiKey>>, now: Timestamp) {
        let mut all = self.all();
        if all.len() >= KNOWN_MAX {
            all.clear();
        }
        let before = all.remove(&sid).filter(|_| key.is_some());
        let opened = before.and_then(|before| before.opened);
        all.insert(sid, Known { key, read_at: now, opened });
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::Sid as _;

    const KNOWN_FOR: Millis = Millis::seconds(60);

    #[test]
    fn what_is_known_counts_for_its_time_and_not_before() {
        let at = Timestamp(1_000_000);
        assert!(counts(at, KNOWN_FOR, at));
        assert!(counts(at, KNOWN_FOR, at + Millis(59_999)));
        assert!(!counts(at, KNOWN_FOR, at + KNOWN_FOR));
        assert!(!counts(at, KNOWN_FOR, Timestamp(999_999)), "the clock went back");
    }

    #[test]
    fn no_more_keys_are_known_than_there_is_room_for() {
        let known = KnownKeys::default();
        for number in 0..2 * KNOWN_MAX {
            known.learn(KeySid::derived(&[&number.to_string()]), None, Timestamp(0));
            assert!(known.all().len() <= KNOWN_MAX);
        }
    }
}
