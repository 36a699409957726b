//! The only time types: a point in time and a span, both in milliseconds.

use std::ops::{Add, Sub};

use serde::{Deserialize, Serialize};

/// Milliseconds since 1970, UTC.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Timestamp(pub i64);

/// A span of time in milliseconds.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Default, Serialize, Deserialize,
)]
#[serde(transparent)]
pub struct Millis(pub i64);

impl Millis {
    /// A span of whole seconds.
    pub const fn seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }
}

impl Timestamp {
    /// From whole seconds since 1970.
    pub const fn from_seconds(seconds: i64) -> Self {
        Self(seconds.saturating_mul(1000))
    }

    /// Whole seconds since 1970, as the interaction endpoints and time-to-live attributes want them.
    pub const fn seconds(self) -> i64 {
        self.0.div_euclid(1000)
    }

    /// `2026-11-22T10:53:29Z`: second precision, as the REST products answer (rule R.3).
    pub fn iso(self) -> String {
        self.format("%Y-%m-%dT%H:%M:%SZ")
    }

    /// `2026-11-22T10:53:29.123Z`: as conversation webhooks send it.
    pub fn iso_millis(self) -> String {
        format!("{}.{:03}Z", self.format("%Y-%m-%dT%H:%M:%S"), self.0.rem_euclid(1000))
    }

    /// `Sun, 22 Nov 2026 10:53:29 +0000`: as the 2010 API answers.
    pub fn rfc2822(self) -> String {
        self.format("%a, %d %b %Y %H:%M:%S +0000")
    }

    /// `2026-11-22`.
    pub fn day(self) -> String {
        self.format("%Y-%m-%d")
    }

    /// Reads ISO 8601 with an offset or `Z`, fractions allowed.
    pub fn parse_iso(text: &str) -> Option<Self> {
        text.parse::<jiff::Timestamp>().ok().map(|time| Self(time.as_millisecond()))
    }

    fn format(self, pattern: &str) -> String {
        match jiff::Timestamp::from_second(self.seconds()) {
            Ok(time) => time.strftime(pattern).to_string(),
            Err(_) => String::new(),
        }
    }
}

impl Add<Millis> for Timestamp {
    type Output = Self;
    fn add(self, span: Millis) -> Self {
        Self(self.0.saturating_add(span.0))
    }
}

impl Sub for Timestamp {
    type Output = Millis;
    fn sub(self, earlier: Self) -> Millis {
        Millis(self.0.saturating_sub(earlier.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_three_forms_name_the_same_second() {
        let time = Timestamp(1_795_344_809_123);
        assert_eq!(time.iso(), "2026-11-22T10:53:29Z");
        assert_eq!(time.iso_millis(), "2026-11-22T10:53:29.123Z");
        assert_eq!(time.rfc2822(), "Sun, 22 Nov 2026 10:53:29 +0000");
        assert_eq!(Timestamp::parse_iso(&time.iso_millis()), Some(time));
    }
}
