//! Requests to the carrier's API, and what its answers mean. A send has no idempotency key there, so every outcome says whether the
//! carrier may have the message, and an unanswered send can be looked up.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use serde::Deserialize;
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{
    Composed, OutboundMessage, SendOutcome, Signal, SignalKind, Unsupported,
};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::{Millis, Timestamp};

use super::{Connection, TYPING_CHANNEL, TYPING_PATH, webhook};
use crate::carrier::Listed;
use crate::form;
use crate::request::{Answer, ApiRequest};

/// Before this much time has passed since an attempt, its absence from the carrier's list proves nothing.
pub(super) const SETTLING: Millis = Millis::seconds(30);

/// How far the carrier's clock may be behind ours.
const CLOCK_SKEW: Millis = Millis::seconds(5);
/// How long after an attempt the carrier may have recorded it.
const RECORDED_WITHIN: Millis = Millis::seconds(60);
const PAGE_SIZE: &str = "1000";

/// Too many requests, the sender's rate, and the sender's queue: all pass.
const CODES_THAT_PASS: [u32; 3] = [20429, 14107, 21611];
/// The channel does not take what is in the message.
const CONTENT_REFUSED: u32 = 63005;
const CODE_PERMISSION_DENIED: u32 = 20003;
const CODE_FORBIDDEN: u32 = 20403;
const CODE_NOT_FOUND: u32 = 20404;
const CODE_UNABLE_TO_CREATE: u32 = 21619;

#[derive(Deserialize)]
struct Created {
    sid: String,
}

#[derive(Deserialize)]
struct Refused {
    code: Option<u32>,
    message: Option<String>,
}

#[derive(Deserialize)]
struct Page {
    messages: Vec<Entry>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Entry {
    sid: String,
    from: Option<String>,
    to: Option<String>,
    body: Option<String>,
    num_media: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
}

/// The request that hands over one message.
pub(super) fn build(
    connection: &Connection,
    message: &OutboundMessage,
) -> Result<ApiRequest, Unsupported> {
    let composed = match &message.composed {
        None => Vec::new(),
        Some(composed) => parameters_of(composed)?,
    };
    let callback = connection
        .status_callback_url
        .as_ref()
        .filter(|_| message.is_kept)
        .map(|url| webhook::status_callback(url, message.message, message.delivery));
    // Everybody in a group is a `To` of one message. **Inferred:** the API describes one recipient; that several made a group is
    // known of it from before Conversations had groups (changelog of 15 March 2022).
    let mut pairs = vec![("To", message.to.as_str())];
    pairs.extend(message.others.iter().map(|other| ("To", other.as_str())));
    pairs.push(("From", message.from.as_str()));
    if !message.body.is_empty() && !matches!(message.composed, Some(Composed::Template { .. })) {
        pairs.push(("Body", &message.body));
    }
    pairs.extend(composed.iter().map(|(name, value)| (*name, value.as_str())));
    pairs.extend(message.media.iter().map(|media| ("MediaUrl", media.url.as_str())));
    pairs.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
    let validity = message.valid_seconds.map(|seconds| seconds.to_string());
    pairs.extend(validity.as_deref().map(|seconds| ("ValidityPeriod", seconds)));
    Ok(posting(request(connection, Method::POST, &connection.messages_path()), pairs))
}

/// The request that shows that somebody types (*Typing Indicators resource*): WhatsApp alone has it, and it says too that the
/// message was read. There is none for that alone.
pub(super) fn signal(connection: &Connection, signal: &Signal) -> Option<ApiRequest> {
    if (signal.from.channel(), signal.kind) != (ChannelType::Whatsapp, SignalKind::Typing) {
        return None;
    }
    let origin = connection.messaging_origin();
    let request = ApiRequest {
        url: Private(format!("{origin}{TYPING_PATH}")),
        ..request(connection, Method::POST, "")
    };
    let pairs = [("channel", TYPING_CHANNEL), ("messageId", signal.about.as_str())];
    Some(posting(request, pairs))
}

/// The same request with a form.
fn posting<'a>(
    mut request: ApiRequest,
    pairs: impl IntoIterator<Item = (&'a str, &'a str)>,
) -> ApiRequest {
    let kind = HeaderValue::from_static("application/x-www-form-urlencoded");
    request.headers.insert(CONTENT_TYPE, kind);
    ApiRequest { body: Private(form::encode(pairs).into_bytes()), ..request }
}

/// What a message that is more than text and files adds to the form. Questions, reactions and the like are templates
/// there.
fn parameters_of(composed: &Composed) -> Result<Vec<(&'static str, String)>, Unsupported> {
    match composed {
        Composed::Template { name, values, .. } => {
            let named: serde_json::Map<String, serde_json::Value> =
                values.iter().map(|(name, value)| (name.clone(), value.as_str().into())).collect();
            let mut pairs = vec![("ContentSid", name.clone())];
            if !named.is_empty() {
                pairs.push(("ContentVariables", serde_json::Value::from(named).to_string()));
            }
            Ok(pairs)
        }
        Composed::Location { latitude, longitude, name, .. } => {
            let label = name.as_ref().map(|name| format!("|{name}")).unwrap_or_default();
            Ok(vec![("PersistentAction", format!("geo:{latitude},{longitude}{label}"))])
        }
        Composed::Buttons(_) | Composed::List { .. } | Composed::Reaction { .. } => {
            Err(Unsupported {
                error_code: CONTENT_REFUSED,
                reason: "this carrier has templates for that",
            })
        }
    }
}

/// The request for the list of messages between the two addresses. It is not narrowed by the date of sending,
/// since a message that still waits has none.
pub(super) fn look_up(connection: &Connection, message: &OutboundMessage) -> ApiRequest {
    let query = form::encode([
        ("To", message.to.as_str()),
        ("From", message.from.as_str()),
        ("PageSize", PAGE_SIZE),
    ]);
    request(connection, Method::GET, &format!("{}?{query}", connection.messages_path()))
}

fn request(connection: &Connection, method: Method, path_and_query: &str) -> ApiRequest {
    ApiRequest {
        method,
        url: Private(format!("{}{path_and_query}", connection.base_url)),
        headers: HeaderMap::from_iter([(ACCEPT, HeaderValue::from_static("application/json"))]),
        body: Private::default(),
        credentials: connection.credentials().map(Private).collect(),
    }
}

/// What a page of the list says.
pub(super) fn listed(
    connection: &Connection,
    answer: &Answer,
    message: &OutboundMessage,
    attempted_at: Timestamp,
) -> Result<Listed, String> {
    if answer.status() != StatusCode::OK {
        return Err(format!("the list was answered with HTTP {}", answer.status().as_u16()));
    }
    let page: Page =
        serde_json::from_slice(answer.body()).map_err(|_| "the list is unreadable".to_owned())?;
    let same = page.messages.into_iter().filter(|entry| entry.is(message, attempted_at));
    let found = same.map(|entry| entry.sid).collect();
    let next = match page.next_page_uri {
        None => None,
        // Anything else could lead our credentials to another host.
        Some(uri) if uri.starts_with(&format!("{}?", connection.messages_path())) => {
            Some(request(connection, Method::GET, &uri))
        }
        Some(_) => return Err("the list goes on at an unexpected address".to_owned()),
    };
    Ok(Listed { found, next })
}

/// What an answer to a send means. Reasons hold the carrier's code and not its words, which repeat
/// addresses.
pub(super) fn outcome(answer: &Answer) -> SendOutcome {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after_seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
    let refused: Option<Refused> = serde_json::from_slice(answer.body()).ok();
    let is_refusal = refused.as_ref().is_some_and(|r| r.code.is_some() || r.message.is_some());
    let code = refused.and_then(|refused| refused.code);
    let reason = match code {
        Some(code) => format!("the carrier answered HTTP {status} with code {code}"),
        None => format!("the carrier answered HTTP {status}"),
    };
    let passes = code.is_some_and(|code| CODES_THAT_PASS.contains(&code));
    match status {
        200..=299 => match serde_json::from_slice::<Created>(answer.body()) {
            Ok(created) if !created.sid.is_empty() => {
                SendOutcome::Accepted { carrier_message_id: created.sid }
            }
            _ => SendOutcome::Unknown { reason: format!("{reason} without an identifier") },
        },
        // A gateway before the carrier cannot say whether the carrier has the message.
        500..=599 if status != 503 && !is_refusal => SendOutcome::Unknown { reason },
        408 | 429 | 500..=599 => SendOutcome::Retry { reason, after_seconds },
        400..=499 if passes => SendOutcome::Retry { reason, after_seconds },
        400..=499 => {
            SendOutcome::Rejected { error_code: code.unwrap_or(code_of(answer.status())), reason }
        }
        _ => SendOutcome::Unknown { reason },
    }
}

/// The published code for a refusal that names none.
fn code_of(status: StatusCode) -> u32 {
    match status {
        StatusCode::UNAUTHORIZED => CODE_PERMISSION_DENIED,
        StatusCode::FORBIDDEN => CODE_FORBIDDEN,
        StatusCode::NOT_FOUND => CODE_NOT_FOUND,
        _ => CODE_UNABLE_TO_CREATE,
    }
}

impl Entry {
    /// Whether this can be that message; the list holds nothing of ours to know it by.
    fn is(&self, message: &OutboundMessage, attempted_at: Timestamp) -> bool {
        let outbound = self.direction.as_deref().is_some_and(|way| way.starts_with("outbound"));
        let files = self.num_media.as_deref().unwrap_or("0").parse() == Ok(message.media.len());
        let body = self.body.as_deref().unwrap_or_default();
        let created = self.date_created.as_deref().and_then(rfc2822).is_some_and(|created| {
            created + CLOCK_SKEW >= attempted_at && created - attempted_at <= RECORDED_WITHIN
        });
        outbound
            && files
            && created
            && body.trim() == message.body.trim()
            && self.to.as_deref() == Some(message.to.as_str())
            && self.from.as_deref() == Some(message.from.as_str())
    }
}

fn rfc2822(text: &str) -> Option<Timestamp> {
    let zoned = jiff::fmt::rfc2822::parse(text).ok()?;
    Some(Timestamp(zoned.timestamp().as_millisecond()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_domain::sid::{MessageSid, Sid as _};

    use super::*;

    const ATTEMPT: Timestamp = Timestamp(1_795_344_809_123);

    fn answer(status: u16, body: &[u8]) -> Answer {
        let answer = http::Response::builder().status(status).header(RETRY_AFTER, "3");
        answer.body(body.to_vec()).unwrap()
    }

    #[test]
    fn an_answer_says_whether_the_carrier_has_the_message() {
        let refusal = |code: u32| format!(r#"{{"code":{code},"message":"to +14155550100"}}"#);
        let rejected = |status, body: &str| match outcome(&answer(status, body.as_bytes())) {
            SendOutcome::Rejected { error_code, reason } => {
                assert!(!reason.contains("4155550100"), "{reason}");
                error_code
            }
            other => panic!("{status} {body}: {other:?}"),
        };
        assert_eq!(rejected(400, &refusal(21610)), 21610);
        assert_eq!(rejected(401, ""), CODE_PERMISSION_DENIED);
        assert_eq!(rejected(403, ""), CODE_FORBIDDEN);
        assert_eq!(rejected(404, "<html>"), CODE_NOT_FOUND);
        assert_eq!(rejected(422, "{}"), CODE_UNABLE_TO_CREATE);
        for (status, body) in [
            (429, refusal(20429)),
            (429, String::new()),
            (400, refusal(21611)),
            (400, refusal(14107)),
            (500, refusal(20500)),
            (503, "<html>".to_owned()),
        ] {
            let outcome = outcome(&answer(status, body.as_bytes()));
            let retry = matches!(outcome, SendOutcome::Retry { after_seconds: Some(3), .. });
            assert!(retry, "{status} {body}: {outcome:?}");
        }
        for (status, body) in [
            (201, "{}"),
            (201, r#"{"sid":""}"#),
            (307, ""),
            (500, "{}"),
            (502, ""),
            (504, "<html>"),
        ] {
            let outcome = outcome(&answer(status, body.as_bytes()));
            assert!(matches!(outcome, SendOutcome::Unknown { .. }), "{status} {body}: {outcome:?}");
        }
    }

    fn message() -> OutboundMessage {
        let pair = ("+18005550100".parse().unwrap(), "+14155550123".parse().unwrap());
        OutboundMessage::text((MessageSid::derived(&["m"]), 0), pair, "hi")
    }

    fn listed(created: Timestamp) -> Entry {
        Entry {
            sid: "SM1".to_owned(),
            from: Some("+18005550100".to_owned()),
            to: Some("+14155550123".to_owned()),
            body: Some("hi".to_owned()),
            num_media: Some("0".to_owned()),
            direction: Some("outbound-api".to_owned()),
            date_created: Some(created.rfc2822()),
        }
    }

    #[test]
    fn only_the_same_message_at_the_same_time_is_taken_for_the_lost_one() {
        let text = |text: &str| Some(text.to_owned());
        assert!(listed(ATTEMPT).is(&message(), ATTEMPT));
        assert!(listed(ATTEMPT + Millis::seconds(20)).is(&message(), ATTEMPT));
        for other in [
            listed(ATTEMPT + Millis::seconds(-10)),
            listed(ATTEMPT + Millis::seconds(90)),
            Entry { body: text("hi!"), ..listed(ATTEMPT) },
            Entry { to: text("+14155550124"), ..listed(ATTEMPT) },
            Entry { from: None, ..listed(ATTEMPT) },
            Entry { num_media: text("1"), ..listed(ATTEMPT) },
            Entry { direction: text("inbound"), ..listed(ATTEMPT) },
            Entry { date_created: text("yesterday"), ..listed(ATTEMPT) },
        ] {
            assert!(!other.is(&message(), ATTEMPT));
        }
    }

    proptest! {
        #[test]
        fn nothing_but_an_identifier_counts_as_acceptance(
            status in 200..600_u16,
            body in prop::collection::vec(any::<u8>(), 0..200),
        ) {
            let accepted = matches!(outcome(&answer(status, &body)), SendOutcome::Accepted { .. });
            prop_assert!(!accepted || serde_json::from_slice::<Created>(&body).is_ok());
        }
    }
}
