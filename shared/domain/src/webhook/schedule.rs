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

/// The last that an endpoint is called that asked to be called later, after the first attempt: seven days, less the minute that an
/// attempt may be late.
pub const PUT_OFF_MAX: Millis = Millis::seconds(7 * 24 * 3600 - 60);

/// The same time for an endpoint that asked, now or at an attempt before this one, not to be called before a moment: not before it,
/// and none later than [`PUT_OFF_MAX`] after the first attempt.
pub fn put_off(
    scheduled: Timestamp,
    first: Timestamp,
    asked: Option<Timestamp>,
) -> Option<Timestamp> {
    let last = first + PUT_OFF_MAX;
    let due = asked.map_or(scheduled, |asked| scheduled.max(asked.min(last)));
    (due <= last).then_some(due)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn who_asks_for_a_wait_is_waited_for_and_not_for_longer_than_seven_days() {
        let (first, now) = (Timestamp(0), Timestamp::from_seconds(60));
        let seconds = |seconds| Timestamp::from_seconds(seconds);
        let last = first + PUT_OFF_MAX;
        let scheduled = next(2, now).unwrap();
        assert_eq!(scheduled, seconds(90));
        for (asked, due) in [
            (None, Some(scheduled)),
            (Some(seconds(61)), Some(scheduled)),
            (Some(seconds(600)), Some(seconds(600))),
            (Some(seconds(30 * 24 * 3600)), Some(last)),
            (Some(Timestamp(i64::MAX)), Some(last)),
        ] {
            assert_eq!(put_off(scheduled, first, asked), due, "{asked:?}");
        }
        // What the schedule would make of it afterwards is too late.
        assert_eq!(put_off(last, first, None), Some(last));
        assert_eq!(put_off(Timestamp(last.0 + 1), first, None), None);
        assert_eq!(put_off(Timestamp(last.0 + 1), first, Some(seconds(1))), None);
    }

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
