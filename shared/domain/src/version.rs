//! How often a record was written, and by which commits of late.
//!
//! The number is the lock of every write: what was decided on version 3 can only become version 4. The commits
//! answer a question that the number cannot: whether a write whose answer was lost, and which is repeated, was
//! carried out the first time. An item remembers the last few commits, since others may have written it before the
//! repetition arrives.

use std::fmt;
use std::ops::{Add, AddAssign};

/// At most this many commits are remembered with a record: after a write whose answer was lost, so many others, less
/// one, may write the same item before the repetition arrives and is still recognised.
///
/// Each is six bytes of the item, and a write costs a unit for each begun kilobyte.
pub const COMMITS_KEPT: usize = 4;

/// Names one commit: six random bytes, minted for each attempt to commit a decision.
///
/// It is compared with four ids of one item, so the chance to meet a stranger's is 1 in 70 million million
/// for each write that a condition refuses.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CommitId(pub [u8; Self::BYTES]);

impl CommitId {
    /// The length.
    pub const BYTES: usize = 6;
}

/// How often a record was written. It compares, and is shown, as that number.
#[derive(Clone, Copy, Default)]
pub struct Version {
    number: u64,
    /// The last commits, the newest first.
    commits: [Option<CommitId>; COMMITS_KEPT],
    /// Whether the commits are exactly those of the item that has this number.
    is_read: bool,
}

impl Version {
    /// Never written.
    pub const NEW: Self = Self { number: 0, commits: [None; COMMITS_KEPT], is_read: false };

    /// As an item tells it: its number, and the bytes of its commits, the newest first.
    pub fn read(number: u64, commits: &[u8]) -> Self {
        let mut read = Self { number, is_read: !commits.is_empty(), ..Self::NEW };
        for (place, id) in read.commits.iter_mut().zip(commits.chunks_exact(CommitId::BYTES)) {
            *place = id.try_into().ok().map(CommitId);
        }
        read
    }

    /// How often the record was written; 0 if it is new.
    pub const fn number(self) -> u64 {
        self.number
    }

    /// Whether the record was never written.
    pub const fn is_new(self) -> bool {
        self.number == 0
    }

    /// Whether a commit is among the last ones.
    pub fn is_by(self, commit: CommitId) -> bool {
        self.commits.contains(&Some(commit))
    }

    /// The bytes of the commits that an item with exactly this version has; none if they are not known.
    pub fn commits_read(self) -> Option<Vec<u8>> {
        self.is_read.then(|| bytes(self.commits.into_iter().flatten()))
    }

    /// The bytes of the commits that are to be remembered with the next version, with one more in front or as they are.
    pub fn commits_with(self, commit: Option<CommitId>) -> Vec<u8> {
        bytes(commit.into_iter().chain(self.commits.into_iter().flatten()).take(COMMITS_KEPT))
    }
}

fn bytes(commits: impl Iterator<Item = CommitId>) -> Vec<u8> {
    commits.flat_map(|commit| commit.0).collect()
}

impl From<u64> for Version {
    fn from(number: u64) -> Self {
        Self { number, ..Self::NEW }
    }
}

/// The version with which the writer of the record goes on: its own commit is not asked for again, so it is not
/// among those that are remembered.
impl AddAssign<u64> for Version {
    fn add_assign(&mut self, writes: u64) {
        self.number += writes;
        self.is_read = false;
    }
}

impl Add<u64> for Version {
    type Output = Self;

    fn add(mut self, writes: u64) -> Self {
        self += writes;
        self
    }
}

impl PartialEq for Version {
    fn eq(&self, other: &Self) -> bool {
        self.number == other.number
    }
}

impl Eq for Version {}

impl PartialEq<u64> for Version {
    fn eq(&self, number: &u64) -> bool {
        self.number == *number
    }
}

impl PartialOrd for Version {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for Version {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.number.cmp(&other.number)
    }
}

impl fmt::Debug for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, out)
    }
}

impl fmt::Display for Version {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.number.fmt(out)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn commit(number: u8) -> CommitId {
        CommitId([number; CommitId::BYTES])
    }

    /// The version after each of these commits, as the next reader finds it.
    fn after(commits: impl IntoIterator<Item = u8>) -> Version {
        commits.into_iter().fold(Version::NEW, |before, number| {
            Version::read(before.number() + 1, &before.commits_with(Some(commit(number))))
        })
    }

    #[test]
    fn the_last_commits_are_remembered_and_earlier_ones_are_not() {
        let version = after(1..=6);
        assert_eq!(version, 6);
        let known: Vec<u8> = (0..=7).filter(|number| version.is_by(commit(*number))).collect();
        assert_eq!(known, [3, 4, 5, 6]);
        assert!(!Version::NEW.is_by(commit(1)));
    }

    #[test]
    fn a_version_that_was_read_is_the_item_s_and_one_that_was_counted_is_not() {
        let version = after([1, 2]);
        assert_eq!(version.commits_read(), Some([[2; 6], [1; 6]].concat()));
        let next = version + 1;
        assert_eq!((next, next.commits_read()), (Version::from(3), None));
        assert!(next.is_by(commit(1)), "others may still ask for theirs");
        assert_eq!(next.commits_with(None), [[2; 6], [1; 6]].concat());
        assert_eq!(Version::read(7, &[]).commits_read(), None, "an item of before there were ids");
        assert_eq!(Version::from(7).commits_read(), None);
    }

    #[test]
    fn a_version_is_the_number_of_writes_whoever_did_them() {
        assert_eq!(after([1, 2]), after([3, 4]));
        assert!(after([1, 2]) > after([9]));
        assert_eq!(format!("{:?}", after([1, 2])), "2");
    }
}
