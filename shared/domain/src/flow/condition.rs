//! The conditions of a split.
//!
//! Their types are those of exports, and the published list of the Split Based On widget:
//! <https://www.twilio.com/docs/studio/widget-library/split-based-on>. Texts compare without their white space at both ends and, as
//! people write `Yes`, `YES` and `yes`, without looking at capitals; `regex` looks at them. Times and dates are in UTC unless the value
//! names an offset.

use regex_lite::{Regex, RegexBuilder};
use serde_json::Value;

use super::end::Trouble;
use super::reading::Reading;
use super::text::Text;
use crate::timestamp::Timestamp;

/// The largest program that a pattern may lead to, in bytes.
const PATTERN_BYTES_MAX: usize = 64 * 1024;

/// What a condition says of an input.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::EnumString, strum::IntoStaticStr)]
#[strum(serialize_all = "snake_case")]
pub enum How {
    /// It is this.
    EqualTo,
    /// It is not.
    NotEqualTo,
    /// It is one of several, with commas between them.
    MatchesAnyOf,
    /// It is none of them.
    DoesNotMatchAnyOf,
    /// Nothing but white space.
    IsBlank,
    /// Something.
    IsNotBlank,
    /// A pattern finds something in it.
    Regex,
    /// It has this in it.
    Contains,
    /// It has not.
    DoesNotContain,
    /// It begins so.
    StartsWith,
    /// It does not.
    DoesNotStartWith,
    /// As a number.
    LessThan,
    /// As a number.
    GreaterThan,
    /// As a time of the day.
    IsBeforeTime,
    /// As a time of the day.
    IsAfterTime,
    /// As a day.
    IsBeforeDate,
    /// As a day.
    IsAfterDate,
}

/// A condition.
#[derive(Debug, Clone)]
pub struct Condition {
    how: How,
    arguments: Vec<Text>,
    value: Text,
    pattern: Option<Regex>,
}

impl PartialEq for Condition {
    fn eq(&self, other: &Self) -> bool {
        self.how == other.how && self.arguments == other.arguments && self.value == other.value
    }
}

impl Condition {
    /// Reads one of a transition's conditions.
    pub(super) fn read(reading: &mut Reading<'_>, given: &Value) -> Option<Self> {
        let Some(how) = given["type"].as_str().and_then(|it| it.parse::<How>().ok()) else {
            reading.fails("conditions", "have a type that is not known");
            return None;
        };
        let plain = given["value"].as_str().unwrap_or_default();
        let pattern = if how == How::Regex { pattern(plain) } else { None };
        // One with places in it is read when they are filled in.
        if how == How::Regex && pattern.is_none() && !plain.contains("{{") {
            reading.fails("conditions", "have a pattern that cannot be read");
        }
        let pattern = pattern.filter(|_| !plain.contains("{{"));
        let arguments = given["arguments"].as_array().into_iter().flatten();
        let arguments = arguments.filter_map(Value::as_str).collect::<Vec<_>>();
        let arguments = arguments.into_iter().map(|it| reading.text_of("conditions", it)).collect();
        let value = reading.text_of("conditions", plain);
        Some(Self { how, arguments, value, pattern })
    }

    /// Whether it holds; of the arguments that it has in place of the split's input.
    pub(super) fn holds(
        &self,
        input: &str,
        context: &Value,
        now: Timestamp,
    ) -> Result<bool, Trouble> {
        let value = self.value.filled(context, now)?;
        let Some(argument) = self.arguments.first() else {
            return Ok(self.of(input, &value, now));
        };
        let argument = argument.filled(context, now)?;
        Ok(self.of(&argument, &value, now))
    }

    fn of(&self, input: &str, value: &str, now: Timestamp) -> bool {
        let (whole, sought) = (folded(input), folded(value));
        let any = || value.split(',').any(|one| folded(one) == whole);
        let numbers = || Some((number(input)?, number(value)?));
        match self.how {
            How::EqualTo => whole == sought,
            How::NotEqualTo => whole != sought,
            How::MatchesAnyOf => any(),
            How::DoesNotMatchAnyOf => !any(),
            How::IsBlank => whole.is_empty(),
            How::IsNotBlank => !whole.is_empty(),
            How::Regex => match &self.pattern {
                Some(pattern) => pattern.is_match(input),
                None => pattern(value).is_some_and(|pattern| pattern.is_match(input)),
            },
            How::Contains => whole.contains(&sought),
            How::DoesNotContain => !whole.contains(&sought),
            How::StartsWith => whole.starts_with(&sought),
            How::DoesNotStartWith => !whole.starts_with(&sought),
            How::LessThan => numbers().is_some_and(|(input, value)| input < value),
            How::GreaterThan => numbers().is_some_and(|(input, value)| input > value),
            How::IsBeforeTime => times(input, value, now).is_some_and(|(it, other)| it < other),
            How::IsAfterTime => times(input, value, now).is_some_and(|(it, other)| it > other),
            How::IsBeforeDate => days(input, value, now).is_some_and(|(it, other)| it < other),
            How::IsAfterDate => days(input, value, now).is_some_and(|(it, other)| it > other),
        }
    }
}

fn pattern(text: &str) -> Option<Regex> {
    RegexBuilder::new(text).size_limit(PATTERN_BYTES_MAX).build().ok()
}

fn folded(text: &str) -> String {
    text.trim().to_lowercase()
}

fn number(text: &str) -> Option<f64> {
    text.trim().parse().ok()
}

/// The times of the day that two texts name, in seconds.
fn times(input: &str, value: &str, now: Timestamp) -> Option<(i64, i64)> {
    let of = |text: &str| match crate::liquid::moment(text, now) {
        Some(moment) => Some(moment.seconds().rem_euclid(86_400)),
        None => clock(text),
    };
    Some((of(input)?, of(value)?))
}

/// `17:30`, `17:30:15`, `5:30 pm`, `5 PM`, as seconds of the day.
fn clock(text: &str) -> Option<i64> {
    let text = text.trim().to_ascii_lowercase();
    let (digits, is_late) = match (text.strip_suffix("pm"), text.strip_suffix("am")) {
        (Some(digits), _) => (digits, Some(true)),
        (None, Some(digits)) => (digits, Some(false)),
        (None, None) => (text.as_str(), None),
    };
    let parts: Vec<i64> =
        digits.trim().split(':').map(|part| part.trim().parse().ok()).collect::<Option<_>>()?;
    let (hour, rest) = parts.split_first()?;
    if rest.len() > 2 || (rest.is_empty() && is_late.is_none()) {
        return None;
    }
    let hour = match is_late {
        Some(is_late) if (1..=12).contains(hour) => hour % 12 + if is_late { 12 } else { 0 },
        None if (0..24).contains(hour) => *hour,
        Some(_) | None => return None,
    };
    if !rest.iter().all(|part| (0..60).contains(part)) {
        return None;
    }
    let minutes = rest.first().copied().unwrap_or(0);
    Some(hour * 3600 + minutes * 60 + rest.get(1).copied().unwrap_or(0))
}

/// The days that two texts name.
fn days(input: &str, value: &str, now: Timestamp) -> Option<(i64, i64)> {
    let of = |text: &str| Some(crate::liquid::moment(text, now)?.seconds().div_euclid(86_400));
    Some((of(input)?, of(value)?))
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn holds(how: &str, input: &str, value: &str) -> bool {
        let names = |_: &str| true;
        let mut reading = Reading {
            name: "s",
            properties: &Value::Null,
            errors: Vec::new(),
            warnings: Vec::new(),
            names: &names,
        };
        let given = json!({"type": how, "arguments": ["{{x}}"], "value": value});
        let condition = Condition::read(&mut reading, &given).expect(how);
        let context = json!({"x": input});
        condition.holds("other", &context, Timestamp(1_795_344_809_123)).unwrap()
    }

    #[test]
    fn every_type_of_condition_holds_and_does_not() {
        for (how, input, yes, no) in [
            ("equal_to", " Yes ", "yes", "y"),
            ("not_equal_to", "yes", "y", "YES"),
            ("matches_any_of", "b", "a, B ,c", "a,c"),
            ("does_not_match_any_of", "b", "a,c", "a,b"),
            ("is_not_blank", "x", "", ""),
            ("regex", "order 12345", "[0-9]{5}", "^[0-9]+$"),
            ("contains", "I want SALES", "sales", "help"),
            ("does_not_contain", "I want SALES", "help", "sales"),
            ("starts_with", "Help me", "help", "me"),
            ("does_not_start_with", "Help me", "me", "help"),
            ("less_than", "9", "10", "8.5"),
            ("greater_than", "9", "8.5", "10"),
            ("is_before_time", "08:59", "9:00 am", "08:00"),
            ("is_after_time", "17:30:01", "5:30 PM", "18:00"),
            ("is_before_time", "2026-11-22T08:00:00Z", "09:00", "07:00"),
            ("is_before_date", "2026-11-22", "2026-11-23", "2026-11-22"),
            ("is_after_date", "now", "2026-11-21", "2026-11-22T23:00:00Z"),
        ] {
            assert!(holds(how, input, yes), "{how} {input} {yes}");
            assert_eq!(holds(how, input, no), how == "is_not_blank", "{how} {input} {no}");
        }
        assert!(holds("is_blank", " \n", "") && !holds("is_blank", "x", ""));
        assert!(!holds("less_than", "nine", "10") && !holds("is_after_time", "noon", "11:00"));
    }

    #[test]
    fn a_type_or_a_pattern_that_cannot_be_read_is_an_error() {
        let names = |_: &str| true;
        for given in [
            json!({"type": "rhymes_with"}),
            json!({"type": "regex", "value": "("}),
            json!({"type": "regex", "value": "(a{1000}){1000}"}),
        ] {
            let mut reading = Reading {
                name: "s",
                properties: &Value::Null,
                errors: Vec::new(),
                warnings: Vec::new(),
                names: &names,
            };
            let _ = Condition::read(&mut reading, &given);
            assert_eq!(reading.errors.len(), 1, "{given}");
        }
    }
}
