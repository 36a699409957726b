//! What is asked of an endpoint before something is done, and what its answer means (rule B.5).
//!
//! ```text
//!  2xx, nothing or {}   ─▶ as it was meant
//!  2xx, an object       ─▶ with its changes; one that cannot be taken is refused
//!  2xx, anything else   ─▶ as it was meant, 50057 is logged
//!  4xx, 5xx             ─▶ refused, 50056
//!  nothing within 5 s   ─▶ as it was meant, 50076 is logged
//!  other, or nobody     ─▶ as it was meant, 50057 is logged
//! ```
//!
//! **Inferred:** the third and the last line. An endpoint that has nothing to say often answers `OK`, and one that cannot be reached
//! says no more than one that is too slow.

use serde_json::{Map, Value};

use super::HookName;
use crate::codes::Code;
use crate::message::BODY_BYTES_MAX;
use crate::private::Private;
use crate::sid::{MessageSid, ServiceSid, Sid as _};

/// The longest name, identity or author, in characters (rule H).
pub const NAME_CHARS_MAX: usize = 256;
/// The longest attributes of a message or a participant, in bytes (rule H).
pub const MESSAGE_ATTRIBUTES_BYTES_MAX: usize = 4 * 1024;

/// Tells apart what one request asks: the event, and which of its commands it is about.
pub type Asked = (HookName, usize);

/// One thing to ask.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Inquiry {
    /// What it is called.
    pub asked: Asked,
    /// The service whose webhook is asked, or the account's.
    pub service: ServiceSid,
    /// What is said of it, in a fixed order.
    pub parameters: Private<Vec<(String, String)>>,
}

impl Inquiry {
    /// What an endpoint knows it by: the same whenever the same request or message asks the same.
    pub fn token(asked: Asked, by: &str) -> String {
        let (event, place) = asked;
        let sid = MessageSid::derived(&["asked", by, event.name(), &place.to_string()]);
        sid.to_string()[2..].to_owned()
    }
}

/// What came of a call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Said<'a> {
    /// An answer, with its text unless that is too long or was cut short.
    Answered(u16, Option<&'a [u8]>),
    /// Nothing, and all the time was waited for it.
    TooLate,
    /// Nobody was reached, or nobody who may be called.
    Nobody,
}

/// Why an endpoint counts for nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Trouble {
    /// It said nothing that can be understood, or was not reached.
    Failed,
    /// It was too slow.
    TooLate,
}

impl Trouble {
    /// The published code, which is logged.
    pub const fn code(self) -> u32 {
        match self {
            Self::Failed => 50_057,
            Self::TooLate => 50_076,
        }
    }
}

/// What an endpoint decides.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Verdict {
    /// It may be done.
    Allowed,
    /// It may be done, but so.
    Changed(Changes),
    /// It may not be done.
    Vetoed,
    /// It may be done, but so that it cannot be done.
    Unfit(Code),
}

/// What an endpoint puts in the place of what was meant; what it does not name stays.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changes {
    /// The name of a conversation.
    pub friendly_name: Option<String>,
    /// The text of a message.
    pub body: Option<Private<String>>,
    /// Who wrote a message.
    pub author: Option<String>,
    /// The attributes of a message, as JSON text.
    pub attributes: Option<String>,
}

/// An answer, understood.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Heard {
    /// What is decided.
    pub verdict: Verdict,
    /// What is to be logged.
    pub trouble: Option<Trouble>,
}

impl Heard {
    /// What an answer to a question means.
    pub fn of(before: HookName, said: Said<'_>) -> Self {
        let allowed = |trouble| Self { verdict: Verdict::Allowed, trouble };
        match said {
            Said::Answered(200..=299, Some(text)) if text.trim_ascii().is_empty() => allowed(None),
            Said::Answered(200..=299, Some(text)) => {
                match serde_json::from_slice::<Map<String, Value>>(text) {
                    Ok(members) => Self { verdict: changed(before, &members), trouble: None },
                    Err(_) => allowed(Some(Trouble::Failed)),
                }
            }
            Said::Answered(400..=599, _) => Self { verdict: Verdict::Vetoed, trouble: None },
            Said::TooLate => allowed(Some(Trouble::TooLate)),
            Said::Answered(..) | Said::Nobody => allowed(Some(Trouble::Failed)),
        }
    }
}

/// The members that count before this action. **Inferred:** `null` changes nothing, and attributes may be JSON as well as its text.
fn changed(before: HookName, members: &Map<String, Value>) -> Verdict {
    let mut changes = Changes::default();
    let is_named = matches!(before, HookName::OnConversationAdd | HookName::OnConversationUpdate);
    let is_written = matches!(before, HookName::OnMessageAdd | HookName::OnMessageUpdate);
    let read = if is_named {
        name(members, "friendly_name", Code::FriendlyNameTooLong)
            .map(|given| changes.friendly_name = given)
    } else if is_written {
        of_message(&mut changes, members)
    } else {
        Ok(())
    };
    match read {
        Err(code) => Verdict::Unfit(code),
        Ok(()) if changes == Changes::default() => Verdict::Allowed,
        Ok(()) => Verdict::Changed(changes),
    }
}

fn of_message(changes: &mut Changes, members: &Map<String, Value>) -> Result<(), Code> {
    changes.author = name(members, "author", Code::AuthorTooLong)?;
    changes.body = match given(members, "body") {
        None => None,
        Some(Value::String(text)) if text.len() > BODY_BYTES_MAX => return Err(Code::BodyTooLong),
        Some(Value::String(text)) => Some(Private(text.clone())),
        Some(_) => return Err(Code::InvalidParameter),
    };
    changes.attributes = match given(members, "attributes") {
        None => None,
        Some(Value::String(text)) => Some(text.clone()),
        Some(value) => Some(value.to_string()),
    };
    let Some(text) = &changes.attributes else { return Ok(()) };
    if text.len() > MESSAGE_ATTRIBUTES_BYTES_MAX {
        return Err(Code::AttributesTooLong);
    }
    serde_json::from_str::<Value>(text).map(|_| ()).map_err(|_| Code::AttributesNotJson)
}

fn given<'a>(members: &'a Map<String, Value>, name: &str) -> Option<&'a Value> {
    members.get(name).filter(|value| !value.is_null())
}

fn name(members: &Map<String, Value>, name: &str, long: Code) -> Result<Option<String>, Code> {
    match given(members, name) {
        None => Ok(None),
        Some(Value::String(text)) if text.chars().count() > NAME_CHARS_MAX => Err(long),
        Some(Value::String(text)) => Ok(Some(text.clone())),
        Some(_) => Err(Code::InvalidParameter),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn heard(before: HookName, status: u16, text: &str) -> Heard {
        Heard::of(before, Said::Answered(status, Some(text.as_bytes())))
    }

    fn verdict(before: HookName, text: &str) -> Verdict {
        heard(before, 200, text).verdict
    }

    #[test]
    fn nothing_to_say_changes_nothing() {
        for text in ["", " \n", "{}", r#"{"unknown": 1}"#, r#"{"body": null, "author": null}"#] {
            for status in [200, 201, 204] {
                let heard = heard(HookName::OnMessageAdd, status, text);
                assert_eq!(heard, Heard { verdict: Verdict::Allowed, trouble: None }, "{text}");
            }
        }
    }

    #[test]
    fn what_an_endpoint_names_is_changed_and_nothing_else() {
        let text =
            r#"{"body": "b", "author": "a", "attributes": "{\"x\":1}", "friendly_name": "f"}"#;
        let of_message = Changes {
            body: Some("b".into()),
            author: Some("a".to_owned()),
            attributes: Some(r#"{"x":1}"#.to_owned()),
            friendly_name: None,
        };
        for before in [HookName::OnMessageAdd, HookName::OnMessageUpdate] {
            assert_eq!(verdict(before, text), Verdict::Changed(of_message.clone()));
        }
        let name = Changes { friendly_name: Some("f".to_owned()), ..Changes::default() };
        for before in [HookName::OnConversationAdd, HookName::OnConversationUpdate] {
            assert_eq!(verdict(before, text), Verdict::Changed(name.clone()));
        }
        for before in [
            HookName::OnConversationRemove,
            HookName::OnMessageRemove,
            HookName::OnParticipantAdd,
            HookName::OnParticipantUpdate,
            HookName::OnParticipantRemove,
            HookName::OnUserUpdate,
        ] {
            assert_eq!(verdict(before, text), Verdict::Allowed, "{}", before.name());
        }
        let as_json = verdict(HookName::OnMessageAdd, r#"{"attributes": {"x": 1}}"#);
        let attributes = Some(r#"{"x":1}"#.to_owned());
        assert_eq!(as_json, Verdict::Changed(Changes { attributes, ..Changes::default() }));
        let emptied = verdict(HookName::OnMessageAdd, r#"{"body": ""}"#);
        assert_eq!(
            emptied,
            Verdict::Changed(Changes { body: Some("".into()), ..Changes::default() })
        );
    }

    #[test]
    fn what_cannot_be_taken_is_refused_under_its_own_code() {
        let long = "x".repeat(NAME_CHARS_MAX + 1);
        let wide = "x".repeat(MESSAGE_ATTRIBUTES_BYTES_MAX);
        let body = "x".repeat(BODY_BYTES_MAX + 1);
        for (before, text, code) in [
            (HookName::OnMessageAdd, format!(r#"{{"author": "{long}"}}"#), Code::AuthorTooLong),
            (HookName::OnMessageAdd, format!(r#"{{"body": "{body}"}}"#), Code::BodyTooLong),
            (HookName::OnMessageAdd, r#"{"body": 5}"#.to_owned(), Code::InvalidParameter),
            (HookName::OnMessageAdd, r#"{"author": []}"#.to_owned(), Code::InvalidParameter),
            (
                HookName::OnMessageUpdate,
                r#"{"attributes": "{"}"#.to_owned(),
                Code::AttributesNotJson,
            ),
            (
                HookName::OnMessageUpdate,
                format!(r#"{{"attributes": "\"{wide}\""}}"#),
                Code::AttributesTooLong,
            ),
            (
                HookName::OnConversationAdd,
                format!(r#"{{"friendly_name": "{long}"}}"#),
                Code::FriendlyNameTooLong,
            ),
        ] {
            assert_eq!(verdict(before, &text), Verdict::Unfit(code), "{}", before.name());
        }
    }

    #[test]
    fn a_client_or_server_error_is_a_no() {
        for status in [400, 401, 404, 418, 429, 499, 500, 503, 599] {
            let heard = heard(HookName::OnMessageAdd, status, r#"{"body": "b"}"#);
            assert_eq!(heard, Heard { verdict: Verdict::Vetoed, trouble: None }, "{status}");
        }
    }

    #[test]
    fn who_is_silent_or_not_understood_stops_nothing_and_is_logged() {
        let allowed = |trouble| Heard { verdict: Verdict::Allowed, trouble: Some(trouble) };
        let event = HookName::OnMessageAdd;
        assert_eq!(Heard::of(event, Said::TooLate), allowed(Trouble::TooLate));
        assert_eq!(Heard::of(event, Said::Nobody), allowed(Trouble::Failed));
        assert_eq!(Heard::of(event, Said::Answered(200, None)), allowed(Trouble::Failed));
        for (status, text) in [
            (200, "OK"),
            (200, "<p>?"),
            (200, "[1]"),
            (200, r#"{"body": "#),
            (302, ""),
            (301, r#"{"body": "b"}"#),
            (100, ""),
        ] {
            assert_eq!(heard(event, status, text), allowed(Trouble::Failed), "{status} {text}");
        }
        assert_eq!((Trouble::TooLate.code(), Trouble::Failed.code()), (50_076, 50_057));
    }

    #[test]
    fn the_same_question_has_the_same_token_and_another_has_another() {
        let token = |event, place, by| Inquiry::token((event, place), by);
        let one = token(HookName::OnMessageAdd, 1, "IM1");
        assert_eq!(one, token(HookName::OnMessageAdd, 1, "IM1"));
        assert_eq!(one.len(), 32);
        for other in [
            token(HookName::OnMessageAdd, 0, "IM1"),
            token(HookName::OnMessageUpdate, 1, "IM1"),
            token(HookName::OnMessageAdd, 1, "IM2"),
        ] {
            assert_ne!(one, other);
        }
    }
}
