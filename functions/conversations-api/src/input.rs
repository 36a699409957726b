//! Parameters that several resources share, with the codes their mistakes are published under.

use jiff::fmt::temporal::SpanParser;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::Flow;
use switchboard_domain::conversation::{Dates, EventName, Given};
use switchboard_domain::sid::{FlowSid, MessagingServiceSid};
use switchboard_rest::fields::{
    Longest, NotJson, URL_CHARS_MAX, invalid, is_sid, is_web_url, json, one_of,
};
use switchboard_rest::{ApiError, Call, Params};
use switchboard_store::key;

/// The longest name, identity or author (rule H).
pub(crate) const NAME_CHARS_MAX: usize = 256;
/// The longest attributes of a conversation, in bytes (rule H).
pub(crate) const CONVERSATION_ATTRIBUTES_MAX: usize = 16 * 1024;
/// The longest attributes of a participant or a message, in bytes (rule H).
pub(crate) const ATTRIBUTES_MAX: usize = 4 * 1024;

/// Text that can be emptied, of a bounded length.
pub(crate) fn text(form: &Params, name: &str, too_long: Code) -> Result<Given<String>, ApiError> {
    match form.get(name) {
        Some(text) if Longest::Chars(NAME_CHARS_MAX).is_exceeded(text) => Err(too_long.into()),
        given => Ok(given.map(|text| Some(text.to_owned()).filter(|text| !text.is_empty()))),
    }
}

/// Who somebody is. `system` is the author of messages that nobody wrote.
pub(crate) fn identity(text: &str) -> Result<String, ApiError> {
    if text.is_empty() {
        return Err(Code::IdentityMissing.into());
    }
    if Longest::Chars(NAME_CHARS_MAX).is_exceeded(text) {
        return Err(Code::IdentityTooLong.into());
    }
    if is_sid(text, "US") || is_sid(text, "MB") {
        return Err(Code::IdentityLikeUserSid.into());
    }
    if text.eq_ignore_ascii_case("system") {
        return Err(Code::IdentityReserved.into());
    }
    Ok(text.to_owned())
}

/// A number, or nothing: `null` takes the mark away.
pub(crate) fn last_read_index(form: &Params) -> Result<Given<u32>, ApiError> {
    match form.get("LastReadMessageIndex") {
        None => Ok(None),
        Some("" | "null") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(index) => Ok(Some(Some(index))),
            Err(_) => Err(Code::InvalidReadIndex.into()),
        },
    }
}

/// A name for people.
pub(crate) fn friendly_name(form: &Params) -> Result<Given<String>, ApiError> {
    text(form, "FriendlyName", Code::FriendlyNameTooLong)
}

/// JSON text, kept as it was written.
pub(crate) fn attributes(form: &Params, bytes_max: usize) -> Result<Given<String>, ApiError> {
    match form.get("Attributes") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match json(text, Longest::Bytes(bytes_max)) {
            Ok(_) => Ok(Some(Some(text.to_owned()))),
            Err(NotJson::TooLong(_)) => Err(Code::AttributesTooLong.into()),
            Err(NotJson::Malformed { .. } | NotJson::NoObject) => {
                Err(Code::AttributesNotJson.into())
            }
        },
    }
}

/// Reads `DateCreated` and `DateUpdated`.
pub(crate) fn dates(form: &Params) -> Result<Dates, ApiError> {
    Ok(Dates {
        created: form.instant("DateCreated").map_err(|_| Code::InvalidDateCreated)?,
        updated: form.instant("DateUpdated").map_err(|_| Code::InvalidDateUpdated)?,
    })
}

/// One of the two timers of a conversation (rule B.1).
#[derive(Debug, Clone, Copy)]
pub(crate) enum Timer {
    /// Until it is inactive.
    Inactive,
    /// Until it is closed.
    Closed,
}

impl Timer {
    /// Reads a duration of days or smaller units, in whole seconds. Zero turns the timer off.
    pub(crate) fn read(self, form: &Params, name: &str) -> Result<Given<String>, ApiError> {
        let Some(text) = form.get(name) else {
            return Ok(None);
        };
        let (invalid, too_short, minimum) = match self {
            Self::Inactive => (Code::InvalidInactiveTimer, Code::InactiveTimerTooShort, 60),
            Self::Closed => (Code::InvalidClosedTimer, Code::ClosedTimerTooShort, 600),
        };
        match seconds(text) {
            _ if text.is_empty() => Ok(Some(None)),
            None => Err(invalid.into()),
            Some(0) => Ok(Some(None)),
            Some(seconds) if seconds < minimum => Err(too_short.into()),
            Some(_) => Ok(Some(Some(text.to_owned()))),
        }
    }
}

fn seconds(duration: &str) -> Option<i64> {
    let span = SpanParser::new().parse_span(duration).ok()?;
    let coarse = span.get_years() != 0 || span.get_months() != 0 || span.get_weeks() != 0;
    let fine =
        span.get_milliseconds() != 0 || span.get_microseconds() != 0 || span.get_nanoseconds() != 0;
    if coarse || fine || span.is_negative() {
        return None;
    }
    let minutes = (i64::from(span.get_days()) * 24 + i64::from(span.get_hours()))
        .checked_mul(60)?
        .checked_add(span.get_minutes())?;
    minutes.checked_mul(60)?.checked_add(span.get_seconds())
}

/// The address of a webhook.
pub(crate) fn url(text: &str) -> Result<String, ApiError> {
    if Longest::Chars(URL_CHARS_MAX).is_exceeded(text) {
        return Err(Code::WebhookUrlTooLong.into());
    }
    match is_web_url(text) {
        true => Ok(text.to_owned()),
        false => Err(invalid("the webhook URL", "is not an http or https URL")),
    }
}

/// `GET` or `POST`, in any case.
pub(crate) fn method(text: &str) -> Result<String, ApiError> {
    let known = one_of("method", text, &["GET", "POST"], |known| known);
    Ok(known.map(str::to_owned).map_err(|_| Code::InvalidWebhookMethod)?)
}

/// Names of events, in any case; what is repeated counts once.
pub(crate) fn filters(given: &[String]) -> Result<Vec<EventName>, ApiError> {
    let mut known: Vec<EventName> = Vec::new();
    for name in given.iter().filter(|name| !name.is_empty()) {
        let event = name.parse().ok().filter(|event: &EventName| event.is_scoped());
        let event = event.ok_or(Code::InvalidWebhookFilter)?;
        if !known.contains(&event) {
            known.push(event);
        }
    }
    Ok(known)
}

/// A flow that exists.
pub(crate) async fn flow(call: &Call<'_>, text: &str) -> Result<FlowSid, ApiError> {
    let sid: FlowSid = text.parse().map_err(|_| Code::InvalidWebhookFlow)?;
    let found: Option<Flow> = call.on.store.get(key::flow(sid)).await?;
    Ok(found.map(|flow| flow.sid).ok_or(Code::InvalidWebhookFlow)?)
}

/// A messaging service's identifier; whether it exists is seen when it is loaded.
pub(crate) fn messaging_service(
    form: &Params,
    name: &str,
) -> Result<Given<MessagingServiceSid>, ApiError> {
    match form.get(name) {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(sid) => Ok(Some(Some(sid))),
            Err(_) => Err(Code::InvalidMessagingServiceSid.into()),
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(name: &str, value: &str) -> Params {
        Params::from_json(&serde_json::json!({ name: value }))
    }

    #[test]
    fn timers_are_made_of_days_or_smaller_units() {
        let read = |text: &str| Timer::Inactive.read(&form("T", text), "T");
        for (text, kept) in
            [("PT1M", Some("PT1M")), ("P30DT1H", Some("P30DT1H")), ("PT0S", None), ("", None)]
        {
            assert_eq!(read(text).unwrap(), Some(kept.map(str::to_owned)), "{text}");
        }
        for wrong in ["P6M", "P1Y", "P1W", "1 minute", "PT60.5S", "-PT5M", "P", "60"] {
            assert_eq!(read(wrong).unwrap_err().code, 50379, "{wrong}");
        }
    }

    #[test]
    fn each_timer_has_its_minimum() {
        let short = form("T", "PT59S");
        assert_eq!(Timer::Inactive.read(&short, "T").unwrap_err().code, 50375);
        let short = form("T", "PT9M59S");
        assert_eq!(Timer::Closed.read(&short, "T").unwrap_err().code, 50376);
        assert!(Timer::Closed.read(&form("T", "PT600S"), "T").is_ok());
    }

    #[test]
    fn attributes_are_kept_as_written_or_refused_with_their_code() {
        let spaced = r#"{ "a" :  1 }"#;
        let kept = attributes(&form("Attributes", spaced), 100).unwrap();
        assert_eq!(kept, Some(Some(spaced.to_owned())));
        assert_eq!(attributes(&form("Attributes", "{"), 100).unwrap_err().code, 50304);
        assert_eq!(attributes(&form("Attributes", spaced), 5).unwrap_err().code, 50303);
        assert_eq!(attributes(&form("Attributes", ""), 5).unwrap(), Some(None));
    }

    #[test]
    fn filters_are_read_in_any_case_and_answered_in_one() {
        let given = ["ONMESSAGEADDED".to_owned(), "onMessageAdded".to_owned()];
        assert_eq!(filters(&given).unwrap(), [EventName::OnMessageAdded]);
        for none in ["onSunrise", "onConversationAdded", "onUserAdded", "onMessageAdd"] {
            assert_eq!(filters(&[none.to_owned()]).unwrap_err().code, 50365, "{none}");
        }
    }

    #[test]
    fn a_webhook_needs_a_web_address() {
        assert!(url("https://example.com/a?b=c").is_ok());
        for wrong in ["example.com", "ftp://example.com", "/a", "https://"] {
            assert!(url(wrong).is_err(), "{wrong}");
        }
        let long = format!("https://example.com/{}", "a".repeat(URL_CHARS_MAX));
        assert_eq!(url(&long).unwrap_err().code, 50372);
    }
}
