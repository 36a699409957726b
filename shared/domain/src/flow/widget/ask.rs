//! Send & Wait For Reply: says something, and waits for what the customer writes.
//!
//! <https://www.twilio.com/docs/studio/widget-library/send-wait-reply>: `timeout` in seconds, 3600 if it is not said; exports have it as
//! text. Some have `attempts`: the question is said again as often before `timeout` is the event.

use super::super::reading::Reading;
use super::say::Say;
use crate::timestamp::Millis;

/// How long a reply is waited for if the widget does not say.
const TIMEOUT_SECONDS: i64 = 3600;
/// The longest: thirty days.
const TIMEOUT_SECONDS_MAX: i64 = 30 * 24 * 3600;
/// It asks so often at most.
const ATTEMPTS_MAX: i64 = 10;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub struct Ask {
    pub(in super::super) say: Say,
    pub(in super::super) timeout: Millis,
    pub(in super::super) attempts: u32,
}

impl Ask {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        let seconds = reading.number("timeout").unwrap_or(TIMEOUT_SECONDS);
        if !(1..=TIMEOUT_SECONDS_MAX).contains(&seconds) {
            reading.fails("timeout", "must be from 1 to 2592000 seconds");
        }
        let attempts = reading.number("attempts").unwrap_or(1).clamp(1, ATTEMPTS_MAX);
        Self {
            say: Say::read(reading),
            timeout: Millis::seconds(seconds),
            attempts: u32::try_from(attempts).unwrap_or(1),
        }
    }
}
