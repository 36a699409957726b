//! Dates: what is read as one, and how it is printed. All of it is in UTC, whatever the machine thinks.

use jiff::civil;
use jiff::fmt::rfc2822;
use jiff::tz::TimeZone;
use serde_json::Value;

use crate::timestamp::Timestamp;

/// How a date is read that is in none of the standards, with a time or without.
const FORMS: [&str; 13] = [
    "%Y-%m-%d %H:%M:%S %z",
    "%Y-%m-%dT%H:%M:%S%z",
    "%Y-%m-%d %H:%M:%S UTC",
    "%Y-%m-%dT%H:%M:%S",
    "%Y-%m-%d %H:%M:%S",
    "%Y-%m-%d %H:%M",
    "%Y-%m-%dT%H:%M",
    "%Y-%m-%d",
    "%Y/%m/%d",
    "%B %d, %Y",
    "%b %d, %Y",
    "%d %B %Y",
    "%d %b %Y",
];

/// What is printed as the directive says; another one stands as it is.
const DIRECTIVES: &str = "aAbBcdDeFhHIjklmMnpPrRsStTuUVwWyYzCxXL%";

/// A value as a date: the time now, seconds since 1970, ISO 8601, RFC 2822, or a day in a usual form.
pub(super) fn read(value: &Value, now: Timestamp) -> Option<jiff::Timestamp> {
    let text = match value {
        Value::Number(number) => return jiff::Timestamp::from_second(number.as_i64()?).ok(),
        Value::String(text) => text.trim(),
        Value::Null | Value::Bool(_) | Value::Array(_) | Value::Object(_) => return None,
    };
    if text.eq_ignore_ascii_case("now") || text.eq_ignore_ascii_case("today") {
        return jiff::Timestamp::from_millisecond(now.0).ok();
    }
    if !text.is_empty() && text.bytes().all(|one| one.is_ascii_digit()) {
        return jiff::Timestamp::from_second(text.parse().ok()?).ok();
    }
    if let Ok(time) = text.parse::<jiff::Timestamp>() {
        return Some(time);
    }
    if let Ok(time) = rfc2822::parse(text) {
        return Some(time.timestamp());
    }
    FORMS.iter().find_map(|form| formed(form, text))
}

fn formed(form: &str, text: &str) -> Option<jiff::Timestamp> {
    let read = jiff::fmt::strtime::parse(form, text).ok()?;
    if let Ok(time) = read.to_timestamp() {
        return Some(time);
    }
    let date = read.to_date().ok()?;
    let time = read.to_time().unwrap_or(civil::Time::midnight());
    TimeZone::UTC.to_timestamp(date.to_datetime(time)).ok()
}

/// As a pattern says, with `%` directives; `%-d` has no zeros in front, `%^a` is in capitals.
pub(super) fn printed(time: jiff::Timestamp, pattern: &str) -> String {
    let mut out = String::new();
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let behind = &rest[at + 1..];
        let flags = behind.chars().take_while(|one| "-0^_".contains(*one)).count();
        let (flags, behind) = behind.split_at(flags);
        let Some(directive) = behind.chars().next() else {
            out.push_str(&rest[at..]);
            return out;
        };
        rest = &behind[directive.len_utf8()..];
        out.push_str(&one(time, flags, directive));
    }
    out.push_str(rest);
    out
}

fn one(time: jiff::Timestamp, flags: &str, directive: char) -> String {
    match directive {
        'Z' => return "UTC".to_owned(),
        'L' => return format!("{:03}", time.subsec_millisecond().unsigned_abs()),
        's' => return time.as_second().to_string(),
        'c' => return time.strftime("%a %b %e %T %Y").to_string(),
        'x' | 'D' => return time.strftime("%m/%d/%y").to_string(),
        'X' => return time.strftime("%T").to_string(),
        'r' => return time.strftime("%I:%M:%S %p").to_string(),
        'P' => return time.strftime("%p").to_string().to_lowercase(),
        known if DIRECTIVES.contains(known) => {}
        unknown => return format!("%{flags}{unknown}"),
    }
    let padding = if flags.contains('-') { "-" } else { "" };
    let text = time.strftime(&format!("%{padding}{directive}")).to_string();
    if flags.contains('^') { text.to_uppercase() } else { text }
}
