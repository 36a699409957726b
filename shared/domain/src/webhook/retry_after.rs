//! When an endpoint that has too much to do asks to be called again: `Retry-After` (RFC 9110, section 10.2.3), which Standard
//! Webhooks ask of whoever sends to heed.

use jiff::fmt::strtime;
use jiff::tz::Offset;

use crate::timestamp::{Millis, Timestamp};

/// The HTTP statuses that say it: too many requests, and not now.
const BUSY: [u16; 2] = [429, 503];
/// The forms of a date (RFC 9110, section 5.6.7): the one of today, and the two older ones that have to be read as well.
const FORMS: [&str; 3] =
    ["%a, %d %b %Y %H:%M:%S GMT", "%A, %d-%b-%y %H:%M:%S GMT", "%a %b %e %H:%M:%S %Y"];

/// Until when an endpoint that answers so asks not to be called; none if it does not, or not in a way that can be read.
pub fn asked(status: u16, retry_after: Option<&str>, now: Timestamp) -> Option<Timestamp> {
    let text = retry_after.filter(|_| BUSY.contains(&status))?.trim();
    if !text.is_empty() && text.bytes().all(|it| it.is_ascii_digit()) {
        // More digits than there are seconds mean for ever, which the schedule bounds.
        let seconds = text.parse().unwrap_or(i64::MAX);
        return Some(now + Millis::seconds(seconds));
    }
    FORMS.iter().find_map(|form| {
        let read = strtime::parse(form, text).ok()?.to_datetime().ok()?;
        let time = Offset::UTC.to_timestamp(read).ok()?;
        Some(Timestamp(time.as_millisecond()))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A second after the example of RFC 9110.
    const NOW: Timestamp = Timestamp(784_111_778_000);

    #[test]
    fn seconds_count_from_now() {
        for (text, seconds) in [("0", 0), ("120", 120), (" 3600 ", 3600), ("0005", 5)] {
            let until = Some(NOW + Millis::seconds(seconds));
            assert_eq!(asked(503, Some(text), NOW), until, "{text}");
            assert_eq!(asked(429, Some(text), NOW), until, "{text}");
        }
        let for_ever = asked(503, Some(&"9".repeat(40)), NOW);
        assert!(for_ever > Some(NOW + Millis::seconds(1 << 40)), "{for_ever:?}");
    }

    #[test]
    fn a_date_is_read_in_its_three_forms() {
        for text in [
            "Sun, 06 Nov 1994 08:49:37 GMT",
            "Sunday, 06-Nov-94 08:49:37 GMT",
            "Sun Nov  6 08:49:37 1994",
        ] {
            assert_eq!(asked(503, Some(text), NOW), Some(Timestamp(784_111_777_000)), "{text}");
        }
    }

    #[test]
    fn what_cannot_be_read_asks_for_nothing() {
        for text in [
            "",
            " ",
            "-5",
            "+5",
            "1.5",
            "soon",
            "Sun, 06 Nov 1994",
            "Mon, 06 Nov 1994 08:49:37 GMT",
        ] {
            assert_eq!(asked(503, Some(text), NOW), None, "{text}");
        }
        assert_eq!(asked(429, None, NOW), None);
    }

    #[test]
    fn only_who_is_busy_is_waited_for() {
        for status in [200, 301, 400, 404, 410, 500, 502, 504] {
            assert_eq!(asked(status, Some("120"), NOW), None, "{status}");
        }
    }
}
