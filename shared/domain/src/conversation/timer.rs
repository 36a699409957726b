//! The two timers of a conversation, and how their durations are read (rule B.1).
//!
//! A parser of durations that guesses does harm here: some read `PT1.5H` as nothing, others stop at what they do not
//! understand, so `PT1H30` is an hour. Whatever is taken here means exactly what it says, and a refusal names the part that
//! stands in the way.

use jiff::Span;
use jiff::fmt::temporal::SpanParser;

use crate::timestamp::Millis;

/// No duration that means anything is longer, in bytes.
const TEXT_BYTES_MAX: usize = 64;
/// The longest duration, in days: a hundred years.
const DAYS_MAX: i64 = 36_525;

/// One of the two timers of a conversation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Timer {
    /// Until it is inactive.
    Inactive,
    /// Until it is closed.
    Closed,
}

/// Why a text is no duration of a timer.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Unfit {
    /// From here on it is no duration.
    #[error("{0:?} is not understood: an ISO 8601 duration is expected, such as PT10M or P1DT12H")]
    Malformed(String),
    /// Months and years are now longer, now shorter.
    #[error("{0:?} is not allowed: years and months have no fixed length")]
    Calendar(String),
    /// Seconds are whole.
    #[error("{0:?} is not allowed: it is no whole number of seconds")]
    Fraction(String),
    /// Time does not go backwards.
    #[error("\"-\" is not allowed: a duration cannot be negative")]
    Negative,
    /// It would never come to its end.
    #[error("{0:?} is longer than {DAYS_MAX} days")]
    TooLong(String),
    /// Shorter than the timer may be.
    #[error("{0:?} is too short")]
    TooShort(String),
}

impl Timer {
    /// The shortest that is allowed.
    pub const fn minimum(self) -> Millis {
        match self {
            Self::Inactive => Millis::seconds(60),
            Self::Closed => Millis::seconds(600),
        }
    }

    /// Reads an ISO 8601 duration of weeks, days and smaller units; a week has seven days, a day 24 hours. No time at
    /// all turns the timer off.
    ///
    /// # Errors
    ///
    /// The part that is not understood or not allowed, or that it is shorter than [`Timer::minimum`].
    pub fn read(self, text: &str) -> Result<Option<Millis>, Unfit> {
        let length = length(text)?;
        match length {
            Millis(0) => Ok(None),
            _ if length < self.minimum() => Err(Unfit::TooShort(text.to_owned())),
            _ => Ok(Some(length)),
        }
    }
}

fn length(text: &str) -> Result<Millis, Unfit> {
    if text.len() > TEXT_BYTES_MAX {
        return Err(Unfit::Malformed(text.chars().take(TEXT_BYTES_MAX).collect()));
    }
    let Ok(span) = parsed(text) else { return Err(Unfit::Malformed(behind(text).to_owned())) };
    let parts = parts(text);
    let is_calendar = |part: &&Part<'_>| !part.is_time && part.text.ends_with(['Y', 'y', 'M', 'm']);
    if let Some(part) = parts.iter().find(is_calendar) {
        return Err(Unfit::Calendar(part.text.to_owned()));
    }
    if span.is_negative() {
        return Err(Unfit::Negative);
    }
    let below =
        span.get_milliseconds() != 0 || span.get_microseconds() != 0 || span.get_nanoseconds() != 0;
    if below {
        let broken = parts.iter().find(|part| part.text.contains(['.', ',']));
        return Err(Unfit::Fraction(broken.map_or(text, |part| part.text).to_owned()));
    }
    let seconds = seconds(&span).filter(|seconds| *seconds <= DAYS_MAX * 86_400);
    seconds.map(Millis::seconds).ok_or_else(|| Unfit::TooLong(text.to_owned()))
}

fn parsed(text: &str) -> Result<Span, jiff::Error> {
    SpanParser::new().parse_span(text)
}

/// All of a span without years and months; none if that is more than can be counted.
fn seconds(span: &Span) -> Option<i64> {
    let days = i64::from(span.get_weeks()) * 7 + i64::from(span.get_days());
    let minutes = (days * 24 + i64::from(span.get_hours()))
        .checked_mul(60)?
        .checked_add(span.get_minutes())?;
    minutes.checked_mul(60)?.checked_add(span.get_seconds())
}

/// What stands behind the longest beginning that is a duration; all of it if none is.
fn behind(text: &str) -> &str {
    let ends = text.char_indices().map(|(at, _)| at).rev();
    let halves = ends.map(|at| text.split_at(at));
    let mut understood = halves.filter(|(before, _)| parsed(before).is_ok());
    understood.next().map_or(text, |(_, behind)| behind)
}

/// A number with its unit.
struct Part<'a> {
    is_time: bool,
    text: &'a str,
}

/// The parts of a text that is a duration.
fn parts(text: &str) -> Vec<Part<'_>> {
    let units = text.trim_start_matches(['+', '-']).trim_start_matches(['P', 'p']);
    let (date, time) = units.split_once(['T', 't']).unwrap_or((units, ""));
    let of = |text, is_time| {
        let each = str::split_inclusive(text, |letter: char| letter.is_ascii_alphabetic());
        each.map(move |text| Part { is_time, text })
    };
    of(date, false).chain(of(time, true)).collect()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DAY: i64 = 86_400;

    #[test]
    fn a_duration_means_exactly_what_it_says() {
        for (text, seconds) in [
            ("PT60S", 60),
            ("PT1M", 60),
            ("PT1.5H", 5_400),
            ("PT0.5H30M", 0),
            ("PT1,5M", 90),
            ("P1D", DAY),
            ("P1W", 7 * DAY),
            ("P1W2D", 9 * DAY),
            ("P30DT1H2M3S", 30 * DAY + 3_723),
            ("PT99999H", 99_999 * 3_600),
            ("+PT5M", 300),
            ("pt5m", 300),
            ("P36525D", 36_525 * DAY),
        ] {
            let read = Timer::Inactive.read(text);
            match seconds {
                0 => assert!(read.is_err(), "{text}: {read:?}"),
                _ => assert_eq!(read, Ok(Some(Millis::seconds(seconds))), "{text}"),
            }
        }
    }

    #[test]
    fn no_time_at_all_turns_a_timer_off() {
        for text in ["PT0S", "P0D", "PT0.0S", "-PT0S", "P0W"] {
            assert_eq!(Timer::Closed.read(text), Ok(None), "{text}");
        }
    }

    #[test]
    fn each_timer_has_its_minimum() {
        for (timer, short, enough) in
            [(Timer::Inactive, "PT59S", "PT60S"), (Timer::Closed, "PT9M59S", "PT600S")]
        {
            assert_eq!(timer.read(short), Err(Unfit::TooShort(short.to_owned())));
            assert_eq!(timer.read(enough), Ok(Some(timer.minimum())));
        }
    }

    #[test]
    fn a_refusal_names_the_part_that_stands_in_the_way() {
        let part = |text: &str| text.to_owned();
        for (text, unfit) in [
            ("P6M", Unfit::Calendar(part("6M"))),
            ("P1Y", Unfit::Calendar(part("1Y"))),
            ("P1D0Y", Unfit::Malformed(part("0Y"))),
            ("P0Y1D", Unfit::Calendar(part("0Y"))),
            ("P1Y2M3DT4M", Unfit::Calendar(part("1Y"))),
            ("PT60.5S", Unfit::Fraction(part("60.5S"))),
            ("PT1H0.001M", Unfit::Fraction(part("0.001M"))),
            ("-PT5M", Unfit::Negative),
            ("PT1H30", Unfit::Malformed(part("30"))),
            ("P1D2H", Unfit::Malformed(part("2H"))),
            ("P1DT", Unfit::Malformed(part("T"))),
            ("PT1.5H30M", Unfit::Malformed(part("30M"))),
            ("PT5M ", Unfit::Malformed(part(" "))),
            ("PT5M…", Unfit::Malformed(part("…"))),
            ("P", Unfit::Malformed(part("P"))),
            ("PT", Unfit::Malformed(part("PT"))),
            ("60", Unfit::Malformed(part("60"))),
            ("1 minute", Unfit::Malformed(part("1 minute"))),
            ("", Unfit::Malformed(part(""))),
            ("P36525DT1S", Unfit::TooLong(part("P36525DT1S"))),
            ("PT9223372036854775807S", Unfit::Malformed(part("PT9223372036854775807S"))),
        ] {
            assert_eq!(Timer::Inactive.read(text), Err(unfit), "{text}");
        }
        let endless = "P".repeat(10_000);
        assert!(matches!(Timer::Closed.read(&endless), Err(Unfit::Malformed(_))));
    }

    proptest! {
        #[test]
        fn whole_parts_add_up(
            weeks in 0..200_i64, days in 0..2_000_i64, hours in 0..50_i64, minutes in 0..5_000_i64,
            seconds in 1..100_000_i64,
        ) {
            let text = format!("P{weeks}W{days}DT{hours}H{minutes}M{seconds}S");
            let sum = (weeks * 7 + days) * DAY + hours * 3_600 + minutes * 60 + seconds;
            let read = Timer::Inactive.read(&text);
            if sum >= 60 {
                prop_assert_eq!(read, Ok(Some(Millis::seconds(sum))));
            } else {
                prop_assert_eq!(read, Err(Unfit::TooShort(text)));
            }
        }

        #[test]
        fn nothing_that_is_not_understood_is_taken(text in "[-+PpTt0-9.,YMWDHSymwdhs ]{0,12}") {
            if let Ok(Some(length)) = Timer::Inactive.read(&text) {
                prop_assert!(length >= Timer::Inactive.minimum() && length.0 % 1000 == 0);
            }
        }
    }
}
