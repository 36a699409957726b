//! Ranks within sorted spans of time.

use crate::timestamp::Millis;

/// The smallest of sorted spans that this many of a hundred do not exceed.
pub(super) fn rank(sorted: &[Millis], of_hundred: usize) -> Option<Millis> {
    let place = (sorted.len() * of_hundred).div_ceil(100);
    sorted.get(place.saturating_sub(1)).copied()
}
