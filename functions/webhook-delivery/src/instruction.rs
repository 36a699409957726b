//! What an assignment callback answers, read as an instruction (rule D.8).

use serde_json::Value;
use switchboard_domain::effect::AssignmentOutcome;
use switchboard_domain::sid::ActivitySid;

use switchboard_caller::{Answer, Called};

/// What an endpoint made of a reservation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Heard {
    /// It could not be reached, or said that it could not.
    Nothing,
    /// It answered, but not in a way that is read; the published code says why.
    Unreadable(u32),
    /// It will say later, by REST; a published code is a warning.
    Later(Option<u32>),
    /// It says what is to be done; a published code is a warning.
    Instruction(AssignmentOutcome, Option<u32>),
}

/// The content type is wrong.
const CONTENT_TYPE: u32 = 40_000;
/// The body is not JSON.
const NOT_JSON: u32 = 40_001;
/// There is no instruction.
const NO_INSTRUCTION: u32 = 40_005;
/// The activity of a rejection is missing, or is none.
const REJECT: u32 = 40_100;
/// No instruction is called that.
const UNKNOWN: u32 = 40_151;

/// Reads an answer.
pub(crate) fn heard(called: &Called, answer: &Answer) -> Heard {
    match called {
        // Nothing to read is no instruction.
        Called::Answered(204) => return Heard::Later(None),
        Called::Answered(200) => {}
        Called::Answered(_) | Called::Unanswered | Called::TimedOut | Called::Forbidden(_) => {
            return Heard::Nothing;
        }
    }
    let Some(body) = &answer.body else {
        return Heard::Unreadable(NOT_JSON);
    };
    if body.iter().all(u8::is_ascii_whitespace) {
        return Heard::Later(None);
    }
    if answer.content_type.as_deref() != Some("application/json") {
        return Heard::Unreadable(CONTENT_TYPE);
    }
    match serde_json::from_slice::<Value>(body) {
        Ok(said) => instruction(&said),
        Err(_) => Heard::Unreadable(NOT_JSON),
    }
}

fn instruction(said: &Value) -> Heard {
    let Some(name) = said["instruction"].as_str() else {
        return Heard::Later(Some(NO_INSTRUCTION));
    };
    match name.to_ascii_lowercase().as_str() {
        "accept" => Heard::Instruction(AssignmentOutcome::Accept, None),
        "reject" => match said["activity_sid"].as_str().map(str::parse::<ActivitySid>) {
            Some(Ok(activity)) => {
                Heard::Instruction(AssignmentOutcome::Reject(Some(activity)), None)
            }
            Some(Err(_)) | None => {
                Heard::Instruction(AssignmentOutcome::Fail(REJECT), Some(REJECT))
            }
        },
        // There is no call to lead elsewhere; what is left of the instruction is its acceptance.
        "redirect" if is_true(&said["accept"]) => {
            Heard::Instruction(AssignmentOutcome::Accept, None)
        }
        other => {
            let code = voice(other).unwrap_or(UNKNOWN);
            Heard::Instruction(AssignmentOutcome::Fail(code), Some(code))
        }
    }
}

/// What stands in the way of an instruction that needs a voice call, which no task here has.
fn voice(instruction: &str) -> Option<u32> {
    match instruction {
        "call" => Some(40_110),
        "redirect" => Some(40_123),
        "dequeue" => Some(40_140),
        "conference" => Some(40_142),
        "supervise" => Some(40_149),
        _ => None,
    }
}

fn is_true(value: &Value) -> bool {
    value.as_bool() == Some(true)
        || value.as_str().is_some_and(|it| it.eq_ignore_ascii_case("true"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::Sid as _;

    fn json(status: u16, body: &str) -> Heard {
        let content_type = Some("application/json".to_owned());
        let answer =
            Answer { content_type, body: Some(body.as_bytes().to_vec()), ..Answer::default() };
        heard(&Called::Answered(status), &answer)
    }

    #[test]
    fn an_instruction_becomes_what_the_router_is_told() {
        let activity = ActivitySid::derived(&["a"]);
        let reject = format!(r#"{{"instruction":"reject","activity_sid":"{activity}"}}"#);
        let told = |body: &str| json(200, body);
        for (body, outcome, warning) in [
            (r#"{"instruction":"accept"}"#, AssignmentOutcome::Accept, None),
            (r#"{"instruction":"Accept"}"#, AssignmentOutcome::Accept, None),
            (reject.as_str(), AssignmentOutcome::Reject(Some(activity)), None),
            (r#"{"instruction":"reject"}"#, AssignmentOutcome::Fail(40_100), Some(40_100)),
            (
                r#"{"instruction":"reject","activity_sid":"x"}"#,
                AssignmentOutcome::Fail(40_100),
                Some(40_100),
            ),
            (r#"{"instruction":"redirect","accept":true}"#, AssignmentOutcome::Accept, None),
            (r#"{"instruction":"redirect"}"#, AssignmentOutcome::Fail(40_123), Some(40_123)),
            (r#"{"instruction":"call"}"#, AssignmentOutcome::Fail(40_110), Some(40_110)),
            (r#"{"instruction":"dequeue"}"#, AssignmentOutcome::Fail(40_140), Some(40_140)),
            (r#"{"instruction":"conference"}"#, AssignmentOutcome::Fail(40_142), Some(40_142)),
            (r#"{"instruction":"supervise"}"#, AssignmentOutcome::Fail(40_149), Some(40_149)),
            (r#"{"instruction":"dance"}"#, AssignmentOutcome::Fail(40_151), Some(40_151)),
        ] {
            assert_eq!(told(body), Heard::Instruction(outcome, warning), "{body}");
        }
    }

    #[test]
    fn an_answer_without_an_instruction_leaves_the_reservation_open() {
        for (status, body) in [(200, ""), (200, " \n"), (204, "")] {
            assert_eq!(json(status, body), Heard::Later(None), "{body:?}");
        }
        assert_eq!(json(200, "{}"), Heard::Later(Some(40_005)));
        assert_eq!(json(200, "[1]"), Heard::Later(Some(40_005)));
    }

    #[test]
    fn answers_in_other_content_types_than_json_are_not_read() {
        let body = Some(br#"{"instruction":"accept"}"#.to_vec());
        for content_type in [None, Some("text/html".to_owned())] {
            let answer = Answer { content_type, body: body.clone(), ..Answer::default() };
            assert_eq!(heard(&Called::Answered(200), &answer), Heard::Unreadable(40_000));
        }
        assert_eq!(json(200, "{"), Heard::Unreadable(40_001));
        let too_long = Answer {
            content_type: Some("application/json".to_owned()),
            body: None,
            ..Answer::default()
        };
        assert_eq!(heard(&Called::Answered(200), &too_long), Heard::Unreadable(40_001));
    }

    #[test]
    fn an_error_is_no_answer() {
        for status in [201, 302, 404, 500] {
            assert_eq!(json(status, r#"{"instruction":"accept"}"#), Heard::Nothing, "{status}");
        }
        assert_eq!(heard(&Called::Unanswered, &Answer::default()), Heard::Nothing);
    }
}
