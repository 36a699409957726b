//! How fast scheduled messages leave. Thousands may have the same time: whoever writes to an agent meanwhile is not to wait behind
//! them, and no carrier takes them all at once.
//!
//! ```text
//!  due at 30 s:   │ten│ten│five││ten│ten│five││ …        one alarm for each 25, let go ten at a time
//!                 30.00       .125        .25            200 in a second
//! ```

use std::collections::BTreeMap;

use crate::effect::MessagesAlarm;
use crate::sid::MessageSid;
use crate::timestamp::{Millis, Timestamp};

/// So many leave in a second at most.
const PER_SECOND: usize = 200;
/// The time that each of them takes.
const EACH: Millis = Millis(1000 / PER_SECOND as i64);
/// A tick sets alarms for so many: what may leave until the next one, at which the rest is due.
pub const TICK_MAX: usize = 60 * PER_SECOND;
/// So many of one second are one alarm: they are loaded by one request.
const ONE_ALARM: usize = 25;
/// So many are let go together, so that one request sends what they ask for.
const TOGETHER: usize = 10;

/// The alarms of messages that are due: each message leaves at its time, or behind those that had an earlier one, or the same. What
/// is overdue is due now.
pub fn alarms(due: &[(MessageSid, Timestamp)], now: Timestamp) -> Vec<MessagesAlarm> {
    let mut due: Vec<(Timestamp, MessageSid)> =
        due.iter().map(|(sid, at)| ((*at).max(now), *sid)).collect();
    due.sort();
    let mut seconds: BTreeMap<i64, Vec<Leaving>> = BTreeMap::new();
    let mut free = now;
    for (at, message) in due {
        let leaves = at.max(free);
        free = leaves + EACH;
        seconds.entry(leaves.seconds()).or_default().push(Leaving { message, at, leaves });
    }
    seconds.values().flat_map(|all| all.chunks(ONE_ALARM)).filter_map(alarm).collect()
}

/// A message, when it is due, and when it may leave.
struct Leaving {
    message: MessageSid,
    at: Timestamp,
    leaves: Timestamp,
}

fn alarm(some: &[Leaving]) -> Option<MessagesAlarm> {
    let due = some.iter().map(|one| one.at).max()?;
    let leaves = some.first()?.leaves;
    Some(MessagesAlarm {
        at: due.max(leaves),
        is_behind: leaves > due,
        messages: some.iter().map(|one| one.message).collect(),
    })
}

/// Those of an alarm that are let go together, and when.
pub fn groups<T>(at: Timestamp, all: &[T]) -> impl Iterator<Item = (Timestamp, &[T])> {
    let mut next = at;
    all.chunks(TOGETHER).map(move |some| {
        let at = next;
        next = some.iter().fold(at, |at, _| at + EACH);
        (at, some)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sid::Sid as _;

    fn sid(number: u32) -> MessageSid {
        MessageSid::derived(&[&number.to_string()])
    }

    fn set(due: &[(MessageSid, Timestamp)], now: i64) -> Vec<(i64, bool, usize)> {
        let alarms = alarms(due, Timestamp(now));
        alarms.iter().map(|one| (one.at.0, one.is_behind, one.messages.len())).collect()
    }

    #[test]
    fn messages_of_one_second_leave_one_behind_the_other() {
        let mut due: Vec<_> = (0..60).map(|number| (sid(number), Timestamp(30_000))).collect();
        due.insert(0, (sid(90), Timestamp(2_000)));
        due.push((sid(91), Timestamp(30_900)));
        due.push((sid(92), Timestamp(31_000)));
        let expected = [
            (10_500, false, 1),
            (30_000, false, 25),
            (30_125, true, 25),
            (30_900, false, 11),
            (31_000, false, 1),
        ];
        assert_eq!(set(&due, 10_500), expected);
        assert_eq!(alarms(&due, Timestamp(10_500))[0].messages, [sid(90)]);
    }

    #[test]
    fn ten_thousand_of_one_moment_leave_within_a_minute_and_none_before_its_time() {
        let due: Vec<_> = (0..10_000).map(|number| (sid(number), Timestamp(30_000))).collect();
        let alarms = alarms(&due, Timestamp(0));
        assert_eq!(alarms.iter().map(|one| one.messages.len()).sum::<usize>(), 10_000);
        let mut last = Timestamp(0);
        for alarm in &alarms {
            assert!(alarm.at >= Timestamp(30_000).max(last));
            last = groups(alarm.at, &alarm.messages).last().unwrap().0;
        }
        assert!((79_000..80_000).contains(&last.0), "{last:?}");
        assert!(alarms.iter().skip(1).all(|one| one.is_behind));
    }

    #[test]
    fn a_lull_is_not_made_up_for() {
        let due = [(sid(1), Timestamp(30_000)), (sid(2), Timestamp(30_000))];
        let later = [(sid(3), Timestamp(50_000))];
        assert_eq!(
            set(&[due.as_slice(), &later].concat(), 0),
            [(30_000, false, 2), (50_000, false, 1)]
        );
    }

    #[test]
    fn an_alarm_is_let_go_ten_at_a_time() {
        let all = [0; 25];
        let groups: Vec<_> = groups(Timestamp(30_000), &all).collect();
        let sizes: Vec<_> = groups.iter().map(|(at, some)| (at.0, some.len())).collect();
        assert_eq!(sizes, [(30_000, 10), (30_050, 10), (30_100, 5)]);
    }
}
