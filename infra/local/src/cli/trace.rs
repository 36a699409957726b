//! One line on the terminal for each invocation, so that a person can watch a message walk through the functions.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use switchboard_domain::timestamp::Timestamp;

use crate::aws::trace::{Outcome, Trace};

const FUNCTION_WIDTH: usize = 18;
const TRIGGER_WIDTH: usize = 44;

/// One line, in columns; it holds no body and no address.
pub(crate) fn line(trace: &Trace, is_coloured: bool) -> String {
    let paint = |code: &str, text: String| match is_coloured {
        true => format!("\u{1b}[{code}m{text}\u{1b}[0m"),
        false => text,
    };
    let time = clock_time(trace.started);
    let function = paint("1", format!("{:FUNCTION_WIDTH$}", trace.function));
    let trigger = format!("{:TRIGGER_WIDTH$}", trace.trigger);
    let milliseconds = format!("{:>4} ms", trace.duration.as_millis());
    let colour = match &trace.outcome {
        Outcome::Done => "32",
        Outcome::Status(status) if *status < 400 => "32",
        Outcome::Status(_) | Outcome::Partial(_) => "33",
        Outcome::Failed(_) | Outcome::TimedOut | Outcome::Killed => "31",
    };
    let mut ended = trace.outcome.to_string();
    if !trace.reasons.is_empty() {
        ended.push_str(&format!(": {}", trace.reasons.join("; ")));
    }
    let outcome = paint(colour, ended);
    let mut line = format!("{time}  {function} {trigger} {milliseconds}  {outcome}");
    let written = written(trace);
    if !written.is_empty() {
        line.push_str(&format!("  wrote {written}"));
    }
    let unrouted = unrouted(trace);
    if unrouted > 0 {
        let note = format!("  {}: no address configuration", counted("unrouted", unrouted));
        line.push_str(&paint("33", note));
    }
    if !trace.sent.is_empty() {
        let sent: Vec<String> = trace.sent.iter().map(|(queue, n)| counted(queue, *n)).collect();
        line.push_str(&paint("36", format!("  → {}", sent.join(", "))));
    }
    line
}

/// How many customers' messages were kept that no conversation wanted: the others are written together with
/// their conversation.
fn unrouted(trace: &Trace) -> usize {
    let wrote = |kind: &str| trace.written.iter().filter(|it| it.kind == kind).count();
    match trace.function.as_str() {
        "autocreation" => wrote("Message").saturating_sub(wrote("Conversation")),
        _ => 0,
    }
}

fn written(trace: &Trace) -> String {
    let mut kinds: BTreeMap<String, usize> = BTreeMap::new();
    for written in &trace.written {
        let kind = match written.is_deleted {
            true => "-item".to_owned(),
            false => written.kind.clone(),
        };
        *kinds.entry(kind).or_default() += 1;
    }
    let kinds: Vec<String> = kinds.iter().map(|(kind, n)| counted(kind, *n)).collect();
    kinds.join(", ")
}

fn counted(what: &str, count: usize) -> String {
    match count {
        1 => what.to_owned(),
        many => format!("{what} ×{many}"),
    }
}

fn clock_time(time: Timestamp) -> String {
    let instant = jiff::Timestamp::from_millisecond(time.0).unwrap_or_default();
    instant.to_zoned_datetime(TimeZone::UTC).strftime("%H:%M:%S%.3f").to_string()
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::aws::trace::{Trigger, Written};

    #[test]
    fn a_line_says_who_did_what_and_where_it_went() {
        let written = |kind: &str| Written {
            table: "conversations".to_owned(),
            kind: kind.to_owned(),
            is_deleted: false,
        };
        let trace = Trace {
            number: 1,
            started: Timestamp(1_700_000_000_123),
            function: "autocreation".to_owned(),
            trigger: Trigger::Queue { queue: "inbound.fifo".to_owned(), messages: 2 },
            duration: Duration::from_millis(4),
            written: vec![
                written("Message"),
                written("Conversation"),
                written("Conversation"),
                written("Message"),
            ],
            sent: BTreeMap::from([("invites.fifo".to_owned(), 1)]),
            write_units: 4.0,
            read_units: 1.0,
            outcome: Outcome::Done,
            reasons: Vec::new(),
        };
        let walked = line(&trace, false);
        assert!(walked.starts_with("22:13:20.123  autocreation"), "{walked}");
        let rest = "inbound.fifo ×2";
        assert!(walked.contains(rest), "{walked}");
        assert!(
            walked.ends_with("4 ms  done  wrote Conversation ×2, Message ×2  → invites.fifo"),
            "{walked}"
        );
        let late = Trace {
            outcome: Outcome::Partial(2),
            reasons: vec![
                "not sent: 503".to_owned(),
                "webhook put off: it answered 500".to_owned(),
            ],
            ..trace.clone()
        };
        let why = "2 to be tried again: not sent: 503; webhook put off: it answered 500";
        assert!(line(&late, false).contains(why), "{late:?}");
        let kept = Trace { written: vec![written("Message")], ..trace };
        assert!(line(&kept, false).contains("wrote Message  unrouted: no address"), "{kept:?}");
    }
}
