//! How often something may be done: so many times a second, with a second's worth at once (rule H).
//!
//! What is kept is one number, the moment at which the next action would come if all had come evenly (the *generic cell rate algorithm*, ITU-T
//! I.371). So a count costs a few bytes of an item, and needs no clean-up.

use serde::{Deserialize, Serialize};

use crate::refusal::Refusal;
use crate::timestamp::{Millis, Timestamp};
use crate::version::Version;

/// A second, in microseconds: what may be done at once.
const SECOND: i64 = 1_000_000;
/// More often than this is as good as unlimited.
const PER_SECOND_MAX: u32 = 10_000;
/// How long a count of its own is kept after it counts no more.
const KEPT: Millis = Millis::seconds(3600);

/// When the next action would come if all had come evenly, in microseconds since 1970.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Pace(i64);

/// So many actions a second.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct PerSecond(u32);

/// How often what may be done. 0, and whatever is not named, is not limited.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct RateLimits {
    /// Requests a second that change one conversation or what is in it.
    conversation: u32,
    /// Requests a second of each kind that make or remove conversations, users or roles of one service.
    service: u32,
    /// Requests a second to each endpoint of the Interactions product that changes something.
    interactions: u32,
    /// In how many conversations that are not closed an identity may be, to join another one by REST.
    identity: u32,
}

/// Why limits cannot be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct NoRateLimits(String);

/// How often something was done that no other record counts.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct ActionCount {
    /// What.
    pub what: String,
    /// How often.
    pub pace: Pace,
    /// Until when it is kept.
    pub until: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl RateLimits {
    /// Reads them as JSON: `{"conversation":30}`.
    ///
    /// # Errors
    /// If the text is not what it should be: says where.
    pub fn parse(text: &str) -> Result<Self, NoRateLimits> {
        // A list would be read as the members in order.
        if !text.trim_start().starts_with('{') {
            return Err(NoRateLimits("line 1 begins no object".to_owned()));
        }
        let read: Self =
            serde_json::from_str(text).map_err(|error| NoRateLimits(error.to_string()))?;
        let rates = [read.conversation, read.service, read.interactions];
        if rates.iter().any(|rate| *rate > PER_SECOND_MAX) {
            return Err(NoRateLimits(format!("more than {PER_SECOND_MAX} a second")));
        }
        Ok(read)
    }

    /// How often one conversation may be changed by REST.
    pub const fn conversation(self) -> Option<PerSecond> {
        PerSecond::of(self.conversation)
    }

    /// How often things of one kind may be made or removed in one service.
    pub const fn service(self) -> Option<PerSecond> {
        PerSecond::of(self.service)
    }

    /// How often each endpoint of the Interactions product may be asked for a change.
    pub const fn interactions(self) -> Option<PerSecond> {
        PerSecond::of(self.interactions)
    }

    /// In how many open conversations an identity may be.
    pub const fn identity(self) -> Option<u32> {
        if self.identity == 0 { None } else { Some(self.identity) }
    }
}

impl PerSecond {
    /// Webchats that an account opens (rule G.1).
    pub const WEBCHATS: Self = Self(5);

    const fn of(rate: u32) -> Option<Self> {
        if rate == 0 { None } else { Some(Self(rate)) }
    }

    /// Microseconds from one to the next.
    fn interval(self) -> i64 {
        SECOND / i64::from(self.0)
    }
}

impl Pace {
    /// The pace with one more action in it. A moment that lies further ahead than any action can have put it was written by a clock that is
    /// ahead of ours: it counts as none, since it would hold up everybody until we are there.
    ///
    /// # Errors
    /// If that is too many. Within a second there is room again.
    pub fn with_one_more(self, limit: PerSecond, now: Timestamp) -> Result<Self, Refusal> {
        let now = now.0.saturating_mul(1_000);
        let from = if self.0 > now + SECOND { now } else { self.0.max(now) };
        let next = from + limit.interval();
        if next - now > SECOND { Err(Refusal::TooManyActions) } else { Ok(Self(next)) }
    }
}

impl ActionCount {
    /// The count of `what` with one more action in it; `known` is the count so far.
    ///
    /// # Errors
    /// If that is too many.
    pub fn with_one_more(
        known: Option<Self>,
        what: &str,
        limit: PerSecond,
        now: Timestamp,
    ) -> Result<Self, Refusal> {
        let pace = known.as_ref().map_or_else(Pace::default, |known| known.pace);
        Ok(Self {
            what: what.to_owned(),
            pace: pace.with_one_more(limit, now)?,
            until: now + KEPT,
            version: known.map_or(Version::NEW, |known| known.version),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many of those who come at these moments, in milliseconds, are let through.
    fn passed(limit: u32, moments: impl IntoIterator<Item = i64>) -> usize {
        let (limit, mut pace) = (PerSecond::of(limit).unwrap(), Pace::default());
        let moments = moments.into_iter();
        let passes = moments.filter(|at| match pace.with_one_more(limit, Timestamp(*at)) {
            Ok(next) => {
                pace = next;
                true
            }
            Err(refusal) => {
                assert_eq!(refusal, Refusal::TooManyActions);
                false
            }
        });
        passes.count()
    }

    #[test]
    fn a_second_has_so_many_at_once_and_so_many_over_time() {
        for limit in [1, 2, 7, 20, 30, 1000] {
            let many = limit as usize;
            assert_eq!(passed(limit, vec![5_000; many * 3]), many, "{limit} at once");
            // Ten seconds of as many as can come: those of the first second at once, then one whenever there is room.
            let crowd = (0..10_000).flat_map(|at| [at, at]);
            let expected = many * 11;
            let found = passed(limit, crowd);
            assert!(found.abs_diff(expected) <= 1 + many / 100, "{limit}: {found} of {expected}");
        }
    }

    #[test]
    fn whoever_was_refused_is_let_through_within_a_second() {
        for limit in [1, 3, 30] {
            let all = vec![0; limit as usize + 1].into_iter().chain([1_000]);
            assert_eq!(passed(limit, all), limit as usize + 1, "{limit}");
        }
    }

    #[test]
    fn a_clock_that_was_ahead_holds_up_nobody() {
        let limit = PerSecond::of(1).unwrap();
        let ahead = Pace::default().with_one_more(limit, Timestamp(600_000)).unwrap();
        assert!(ahead.with_one_more(limit, Timestamp(5_000)).is_ok());
        assert!(ahead.with_one_more(limit, Timestamp(600_500)).is_err());
    }

    #[test]
    fn a_count_of_its_own_goes_on_under_its_version() {
        let limit = PerSecond::of(1).unwrap();
        let one = ActionCount::with_one_more(None, "users", limit, Timestamp(0)).unwrap();
        let one = ActionCount { version: 3.into(), ..one };
        let refused = ActionCount::with_one_more(Some(one.clone()), "users", limit, Timestamp(1));
        assert_eq!(refused, Err(Refusal::TooManyActions));
        let next = ActionCount::with_one_more(Some(one), "users", limit, Timestamp(2_000)).unwrap();
        assert_eq!((next.version, next.until), (3.into(), Timestamp(2_000) + KEPT));
    }

    #[test]
    fn limits_are_read_and_off_unless_they_are_named() {
        let read = RateLimits::parse(r#"{"conversation":30,"service":0}"#).unwrap();
        assert_eq!(read.conversation(), Some(PerSecond(30)));
        assert_eq!((read.service(), read.interactions(), read.identity()), (None, None, None));
        assert_eq!(RateLimits::parse("{}").unwrap(), RateLimits::default());
        for wrong in ["", "30", "[]", "[30]", r#"{"conversation":-1}"#, r#"{"conversations":1}"#] {
            assert!(RateLimits::parse(wrong).is_err(), "{wrong}");
        }
        assert!(RateLimits::parse(r#"{"service":10001}"#).is_err());
    }
}
