//! Parameters that several resources share, with the codes their mistakes are published under.

use switchboard_domain::codes::Code;
use switchboard_domain::configuration::Flow;
use switchboard_domain::conversation::{Dates, EventName, Given, Timer, Unfit};
pub(crate) use switchboard_domain::conversation::{
    MESSAGE_ATTRIBUTES_BYTES_MAX as ATTRIBUTES_MAX, NAME_CHARS_MAX,
};
use switchboard_domain::sid::{FlowSid, MessagingServiceSid};
use switchboard_domain::timestamp::Millis;
use switchboard_rest::fields::{
    AS_TEXT, Longest, NotJson, URL_CHARS_MAX, invalid, is_sid, is_web_url, json, one_of,
};
use switchboard_rest::{ApiError, Call, Params};
use switchboard_store::key;

/// The longest attributes of a conversation, in bytes (rule H).
pub(crate) const CONVERSATION_ATTRIBUTES_MAX: usize = 16 * 1024;

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
                Err(ApiError::because(Code::AttributesNotJson, AS_TEXT))
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

/// A duration of a timer (rule B.1). No text, and no time at all, turn it off.
pub(crate) fn timer(form: &Params, name: &str, timer: Timer) -> Result<Given<Millis>, ApiError> {
    let Some(text) = form.get(name) else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(None));
    }
    let (invalid, too_short) = match timer {
        Timer::Inactive => (Code::InvalidInactiveTimer, Code::InactiveTimerTooShort),
        Timer::Closed => (Code::InvalidClosedTimer, Code::ClosedTimerTooShort),
    };
    timer.read(text).map(Some).map_err(|unfit| match unfit {
        Unfit::TooShort(_) => too_short.into(),
        Unfit::Malformed(_)
        | Unfit::Calendar(_)
        | Unfit::Fraction(_)
        | Unfit::Negative
        | Unfit::TooLong(_) => ApiError::because(invalid, unfit),
    })
}

/// The same, kept as it was written.
pub(crate) fn timer_text(
    form: &Params,
    name: &str,
    timer: Timer,
) -> Result<Given<String>, ApiError> {
    let length = self::timer(form, name, timer)?;
    Ok(length.map(|length| length.and(form.get(name)).map(str::to_owned)))
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
    fn a_timer_is_kept_as_it_was_written_and_off_as_nothing() {
        let read = |text: &str| timer_text(&form("T", text), "T", Timer::Inactive);
        for (text, kept) in
            [("PT1M", Some("PT1M")), ("P1W", Some("P1W")), ("PT0S", None), ("", None)]
        {
            assert_eq!(read(text).unwrap(), Some(kept.map(str::to_owned)), "{text}");
        }
        assert_eq!(timer(&form("T", ""), "another", Timer::Closed).unwrap(), None);
    }

    #[test]
    fn each_timer_has_its_own_codes_and_a_wrong_form_is_named() {
        let refused = |timer, text: &str| super::timer(&form("T", text), "T", timer).unwrap_err();
        for (timer, format, minimum) in
            [(Timer::Inactive, 50379, 50375), (Timer::Closed, 50380, 50376)]
        {
            for (text, part) in [
                ("P6M", "6M"),
                ("PT1H30", "30"),
                ("PT60.5S", "60.5S"),
                ("-PT5M", "-"),
                ("60", "60"),
            ] {
                let refused = refused(timer, text);
                assert_eq!((refused.status, refused.code), (400, format), "{text}");
                assert!(refused.message.contains(&format!("\"{part}\"")), "{}", refused.message);
            }
            assert_eq!(refused(timer, "PT59S").code, minimum);
        }
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
