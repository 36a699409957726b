//! What a FIFO queue remembers for five minutes: ids of sends and of receives, to know repeats.

use std::collections::{BTreeMap, BTreeSet};

/// How long a repeated send or receive is recognised.
pub(crate) const WINDOW_MS: i64 = 5 * 60 * 1000;

/// What a send was answered with, given again to its repeats until `until_ms`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sighting {
    pub(crate) number: u64,
    pub(crate) message_id: String,
    pub(crate) until_ms: i64,
}

/// Where a deduplication id counts: the group (or nothing for the whole queue) and the id.
pub(crate) type RepeatKey = (String, String);

/// A memory that forgets every entry at its own time.
#[derive(Debug)]
pub(crate) struct Memory<K, V> {
    entries: BTreeMap<K, (i64, V)>,
    ends: BTreeSet<(i64, K)>,
}

impl<K: Ord + Clone, V> Memory<K, V> {
    pub(crate) fn new() -> Self {
        Self { entries: BTreeMap::new(), ends: BTreeSet::new() }
    }

    pub(crate) fn insert(&mut self, key: K, until_ms: i64, value: V) {
        self.ends.insert((until_ms, key.clone()));
        if let Some((before, _)) = self.entries.insert(key.clone(), (until_ms, value))
            && before != until_ms
        {
            self.ends.remove(&(before, key));
        }
    }

    pub(crate) fn get(&self, key: &K) -> Option<&V> {
        self.entries.get(key).map(|(_, value)| value)
    }

    /// Forgets what has ended by `now_ms` and tells whether that was anything.
    pub(crate) fn forget(&mut self, now_ms: i64) -> bool {
        let mut any = false;
        while self.ends.first().is_some_and(|(until, _)| *until <= now_ms) {
            if let Some((_, key)) = self.ends.pop_first() {
                self.entries.remove(&key);
                any = true;
            }
        }
        any
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_entry_is_forgotten_exactly_at_its_end() {
        let mut memory = Memory::new();
        memory.insert("a", 10, 1);
        memory.insert("a", 20, 2);
        assert!(!memory.forget(19));
        assert_eq!(memory.get(&"a"), Some(&2));
        assert!(memory.forget(20));
        assert_eq!(memory.get(&"a"), None);
    }
}
