//! How long a waiting task is likely to wait yet.

use crate::timestamp::Millis;

/// What is taken as the pace of a queue: the tasks that were taken in the last quarter of an hour.
pub const PACE: Millis = Millis::seconds(15 * 60);

/// Seconds until the task at a place of a queue is taken, if its queue goes on at the pace of the last quarter of an hour:
/// its place, times the time that one task took. None if none was taken. Ours: the product publishes no estimate.
pub fn estimated_wait(position: usize, taken: u64) -> Option<u64> {
    let pace = u64::try_from(PACE.0).ok()? / 1000;
    let position = u64::try_from(position).ok()?;
    (taken > 0).then(|| position.saturating_mul(pace).div_ceil(taken))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_wait_is_the_place_at_the_pace_of_the_queue() {
        assert_eq!(estimated_wait(1, 0), None);
        assert_eq!(estimated_wait(1, 1), Some(900));
        assert_eq!(estimated_wait(3, 30), Some(90));
        assert_eq!(estimated_wait(2, 7), Some(258), "rounded up");
        assert_eq!(estimated_wait(usize::MAX, 1), Some(u64::MAX));
    }
}
