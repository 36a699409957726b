//! When a call that failed is made again: twelve attempts within seven days (rule B.5).

use crate::timestamp::{Millis, Timestamp};

/// How often a call is made, unless it is replayed.
pub const ATTEMPTS_MAX: u32 = 12;

/// How long after a failed attempt the next one is made, the first first: 6 days, 20 hours and 43 minutes in all. The tick
/// of every minute makes them, so each may come up to a minute later.
const DELAYS: [Millis; ATTEMPTS_MAX as usize - 1] = [
    Millis::seconds(5),
    Millis::seconds(30),
    Millis::seconds(2 * 60),
    Millis::seconds(10 * 60),
    Millis::seconds(30 * 60),
    Millis::seconds(2 * 3600),
    Millis::seconds(6 * 3600),
    Millis::seconds(12 * 3600),
    Millis::seconds(24 * 3600),
    Millis::seconds(48 * 3600),
    Millis::seconds(72 * 3600),
];

/// When the next attempt is due after so many that failed, the last one at `now`; none if there is none left.
pub fn next(attempts: u32, now: Timestamp) -> Option<Timestamp> {
    let place = usize::try_from(attempts.checked_sub(1)?).ok()?;
    DELAYS.get(place).map(|delay| now + *delay)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn twelve_attempts_fit_into_seven_days_with_the_minute_that_each_may_be_late() {
        let (mut now, mut attempts) = (Timestamp(0), 1);
        let mut last = Millis(0);
        while let Some(due) = next(attempts, now) {
            assert!(due - now > last, "each waits longer than the one before");
            last = due - now;
            (now, attempts) = (due + Millis::seconds(60), attempts + 1);
        }
        assert_eq!(attempts, ATTEMPTS_MAX);
        assert!(now > Timestamp::from_seconds(6 * 24 * 3600), "{now:?}");
        assert!(now < Timestamp::from_seconds(7 * 24 * 3600), "{now:?}");
        assert_eq!(next(0, now), None, "nothing is made again that was not made");
    }
}
