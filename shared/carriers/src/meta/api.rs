//! Requests to Meta's API, and what its answers mean. There is no idempotency key and no list of messages: what became of
//! an unanswered send, only reports tell.

use http::header::{ACCEPT, CONTENT_TYPE, HeaderMap, HeaderValue, RETRY_AFTER};
use http::{Method, StatusCode};
use serde::Deserialize;
use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{
    Choice, Composed, Media, OutboundMessage, SendOutcome, Signal, SignalKind, Unsupported,
};
use switchboard_domain::private::Private;

use super::{API_VERSION, Connection, correlation};
use crate::request::{Answer, ApiRequest};

/// Codes of refusals that pass: a busy service, and the rates of apps, numbers and pairs. Which HTTP status comes with
/// them varies.
const CODES_THAT_PASS: [u32; 13] =
    [1, 2, 4, 17, 613, 1200, 80007, 130429, 131000, 131016, 131048, 131056, 133016];
/// The channel has no such sender.
const NO_SENDER: u32 = 63007;
/// The channel does not take what is in the message.
const CONTENT_REFUSED: u32 = 63005;

#[derive(Deserialize)]
struct Accepted {
    #[serde(default)]
    messages: Vec<Identified>,
    message_id: Option<String>,
}

#[derive(Deserialize)]
struct Identified {
    id: String,
}

#[derive(Deserialize)]
struct Refused {
    error: Refusal,
}

#[derive(Deserialize)]
struct Refusal {
    code: u32,
}

/// The request that hands over one message.
pub(super) fn build(
    connection: &Connection,
    message: &OutboundMessage,
) -> Result<ApiRequest, Unsupported> {
    if !message.others.is_empty() {
        return Err(Unsupported {
            error_code: CONTENT_REFUSED,
            reason: "this carrier has no groups of telephones",
        });
    }
    let channel = message.from.channel();
    let id = connection.id_of(&message.from).ok_or(Unsupported {
        error_code: NO_SENDER,
        reason: "the connection has no identifier for the sender",
    })?;
    let body = match channel {
        ChannelType::Whatsapp => whatsapp(message)?,
        _ => conversation(message, channel)?,
    };
    Ok(post(connection, channel, &id, &body))
}

fn post(connection: &Connection, channel: ChannelType, id: &str, body: &Value) -> ApiRequest {
    let url = format!("{}/{API_VERSION}/{id}/messages", connection.origin(channel));
    let json = HeaderValue::from_static("application/json");
    ApiRequest {
        method: Method::POST,
        url: Private(url),
        headers: HeaderMap::from_iter([(ACCEPT, json.clone()), (CONTENT_TYPE, json)]),
        body: Private(body.to_string().into_bytes()),
        credentials: connection.credentials(id),
    }
}

fn refused(reason: &'static str) -> Unsupported {
    Unsupported { error_code: CONTENT_REFUSED, reason }
}

/// A message of WhatsApp's: one kind each. A customer without a number is named by `recipient`, since `to` drops
/// what is no number without a word.
fn whatsapp(message: &OutboundMessage) -> Result<Value, Unsupported> {
    let (kind, content) = whatsapp_content(message)?;
    let customer = message.to.bare();
    let (field, name) = match customer.strip_prefix('+') {
        Some(digits) => ("to", digits),
        None => ("recipient", customer),
    };
    let mut body = json!({
        "messaging_product": "whatsapp",
        "recipient_type": "individual",
        field: name,
        "type": kind,
        kind: content,
    });
    if message.is_kept {
        body["biz_opaque_callback_data"] = correlation(message.message, message.delivery).into();
    }
    if let Some(id) = &message.reply_to {
        body["context"] = json!({ "message_id": id });
    }
    Ok(body)
}

fn whatsapp_content(message: &OutboundMessage) -> Result<(&'static str, Value), Unsupported> {
    let text = message.body.as_str();
    match (&message.composed, &message.media[..]) {
        (None, []) if text.is_empty() => Err(refused("there is nothing in the message")),
        (None, []) => Ok(("text", json!({ "body": text, "preview_url": false }))),
        (None, [file]) => file_of(file, text),
        (None, _) => Err(refused("this channel takes one file with a message")),
        (Some(_), [_, ..]) => Err(refused("this channel takes no files with such a message")),
        (Some(composed), []) => composed_of(composed, text),
    }
}

/// A file, by the identifier that it has with the carrier or else by its address.
fn file_of(file: &Media, text: &str) -> Result<(&'static str, Value), Unsupported> {
    let (group, _) = file.content_type.split_once('/').unwrap_or((&file.content_type, ""));
    let kind = match (group, file.content_type.as_str()) {
        (_, "image/webp") => "sticker",
        ("image", _) => "image",
        ("video", _) => "video",
        ("audio", _) => "audio",
        _ => "document",
    };
    let mut content = match &file.carrier_media_id {
        Some(id) => json!({ "id": id }),
        None => json!({ "link": file.url.as_str() }),
    };
    match (text.is_empty(), kind) {
        (true, _) => {}
        (false, "audio" | "sticker") => {
            return Err(refused("this channel takes no text with such a file"));
        }
        (false, _) => content["caption"] = text.into(),
    }
    if let (Some(name), "document") = (&file.file_name, kind) {
        content["filename"] = name.as_str().into();
    }
    Ok((kind, content))
}

fn composed_of(composed: &Composed, text: &str) -> Result<(&'static str, Value), Unsupported> {
    Ok(match composed {
        Composed::Template { name, language, values, copies } => {
            let parameter = |value: &str| json!({ "type": "text", "text": value });
            let values: Vec<Value> = values.iter().map(|(_, value)| parameter(value)).collect();
            let mut template = json!({ "name": name, "language": { "code": language } });
            if !values.is_empty() {
                template["components"] = json!([{ "type": "body", "parameters": values }]);
            }
            // A passcode stands in the text and behind the button, which is one of an address (Meta's page on authentication
            // templates).
            if let (Some(code), Some(parts)) = (copies, template["components"].as_array_mut()) {
                parts.push(json!({
                    "type": "button", "sub_type": "url", "index": "0", "parameters": [parameter(code)],
                }));
            }
            ("template", template)
        }
        Composed::Buttons(choices) => {
            let button = |choice: &Choice| {
                let reply = json!({ "id": choice.id, "title": choice.title });
                json!({ "type": "reply", "reply": reply })
            };
            let buttons: Vec<Value> = choices.iter().map(button).collect();
            let action = json!({ "buttons": buttons });
            let asked = json!({ "type": "button", "body": { "text": text }, "action": action });
            ("interactive", asked)
        }
        Composed::List { button, rows } => {
            let row = |choice: &Choice| {
                let mut row = json!({ "id": choice.id, "title": choice.title });
                if let Some(description) = &choice.description {
                    row["description"] = description.as_str().into();
                }
                row
            };
            let rows: Vec<Value> = rows.iter().map(row).collect();
            let action = json!({ "button": button, "sections": [{ "rows": rows }] });
            ("interactive", json!({ "type": "list", "body": { "text": text }, "action": action }))
        }
        Composed::Reaction { to, emoji } => {
            let emoji = emoji.as_deref().unwrap_or_default();
            ("reaction", json!({ "message_id": to, "emoji": emoji }))
        }
        Composed::Location { latitude, longitude, name, address } => {
            let (latitude, longitude) = (degrees(latitude)?, degrees(longitude)?);
            let mut place = json!({ "latitude": latitude, "longitude": longitude });
            for (key, value) in [("name", name), ("address", address)] {
                if let Some(value) = value {
                    place[key] = value.as_str().into();
                }
            }
            ("location", place)
        }
    })
}

fn degrees(text: &str) -> Result<f64, Unsupported> {
    let degrees = text.parse::<f64>().ok().filter(|degrees| degrees.is_finite());
    degrees.ok_or(refused("a place needs degrees in decimals"))
}

/// A message of Messenger's or Instagram's: a text or one file. Only Messenger tells us back, in the echo, what we ask.
fn conversation(message: &OutboundMessage, channel: ChannelType) -> Result<Value, Unsupported> {
    let text = message.body.as_str();
    let mut content = match (&message.composed, &message.media[..], text.is_empty()) {
        (None, [], false) => json!({ "text": text }),
        (None, [], true) => return Err(refused("there is nothing in the message")),
        (None, [file], true) => json!({ "attachment": attachment(file) }),
        (None, [_], false) => return Err(refused("this channel takes a text or a file, not both")),
        (None, _, _) => return Err(refused("this channel takes one file with a message")),
        (Some(Composed::Buttons(choices)), [], false) => {
            let reply = |choice: &Choice| json!({ "content_type": "text", "title": choice.title, "payload": choice.id });
            let replies: Vec<Value> = choices.iter().map(reply).collect();
            json!({ "text": text, "quick_replies": replies })
        }
        (Some(_), _, _) => return Err(refused("this channel has no such message")),
    };
    let mut body = json!({ "recipient": { "id": message.to.bare() } });
    if channel == ChannelType::Messenger {
        if message.is_kept {
            content["metadata"] = correlation(message.message, message.delivery).into();
        }
        body["messaging_type"] = "RESPONSE".into();
    }
    body["message"] = content;
    if let Some(id) = &message.reply_to {
        body["reply_to"] = json!({ "mid": id });
    }
    Ok(body)
}

fn attachment(file: &Media) -> Value {
    let (group, _) = file.content_type.split_once('/').unwrap_or((&file.content_type, ""));
    let kind = if matches!(group, "image" | "video" | "audio") { group } else { "file" };
    json!({ "type": kind, "payload": { "url": file.url.as_str() } })
}

/// The request that shows that somebody reads or types.
pub(super) fn signal(connection: &Connection, signal: &Signal) -> Option<ApiRequest> {
    let (channel, id) = (signal.from.channel(), connection.id_of(&signal.from)?);
    let body = match (channel, signal.kind) {
        (ChannelType::Whatsapp, kind) => {
            let mut body = json!({
                "messaging_product": "whatsapp", "status": "read", "message_id": signal.about,
            });
            if kind == SignalKind::Typing {
                body["typing_indicator"] = json!({ "type": "text" });
            }
            body
        }
        (_, kind) => {
            let action = if kind == SignalKind::Read { "mark_seen" } else { "typing_on" };
            json!({ "recipient": { "id": signal.to.bare() }, "sender_action": action })
        }
    };
    Some(post(connection, channel, &id, &body))
}

/// The request for the address of a file, which is good for minutes and wants the token as well.
pub(super) fn media(connection: &Connection, media: &Media) -> Option<ApiRequest> {
    let id = media.carrier_media_id.as_deref().filter(|id| super::is_digits(id))?;
    let url = format!("{}/{API_VERSION}/{id}", connection.origin(ChannelType::Whatsapp));
    let json = HeaderValue::from_static("application/json");
    Some(ApiRequest {
        method: Method::GET,
        url: Private(url),
        headers: HeaderMap::from_iter([(ACCEPT, json)]),
        body: Private::default(),
        credentials: connection.credentials(""),
    })
}

/// Where a file is, as the answer to [`media`] says.
pub(super) fn media_url(answer: &Answer) -> Option<Private<String>> {
    #[derive(serde::Deserialize)]
    struct Found {
        url: String,
    }
    let found: Found = serde_json::from_slice(answer.body()).ok()?;
    answer.status().is_success().then_some(Private(found.url))
}

/// The hosts that keep files of WhatsApp, as Meta's answers name them (documented: `lookaside.fbsbx.com`), and the API's
/// own.
pub(super) fn is_own_place(connection: &Connection, url: &str) -> bool {
    let Ok(url) = url.parse::<http::Uri>() else { return false };
    let own = connection.origin(ChannelType::Whatsapp).parse::<http::Uri>().ok();
    let is_own =
        own.is_some_and(|own| own.scheme() == url.scheme() && own.authority() == url.authority());
    let is_lookaside = url.scheme_str() == Some("https")
        && url.authority().is_some_and(|it| it == "lookaside.fbsbx.com");
    is_own || is_lookaside
}

/// What an answer to a send means. Reasons hold the carrier's code and not its words, which repeat addresses.
pub(super) fn outcome(answer: &Answer) -> SendOutcome {
    let status = answer.status().as_u16();
    let retry_after = answer.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let after_seconds = retry_after.and_then(|seconds| seconds.trim().parse().ok());
    let refused: Option<Refused> = serde_json::from_slice(answer.body()).ok();
    let code = refused.map(|refused| refused.error.code);
    let reason = match code {
        Some(code) => format!("the carrier answered HTTP {status} with code {code}"),
        None => format!("the carrier answered HTTP {status}"),
    };
    match (status, code) {
        (200..=299, None) => match identifier(answer.body()) {
            Some(carrier_message_id) => SendOutcome::Accepted { carrier_message_id },
            None => SendOutcome::Unknown { reason: format!("{reason} without an identifier") },
        },
        (_, Some(code)) if CODES_THAT_PASS.contains(&code) => {
            SendOutcome::Retry { reason, after_seconds }
        }
        (_, Some(error_code)) => SendOutcome::Rejected { error_code, reason },
        (408 | 429 | 503, None) => SendOutcome::Retry { reason, after_seconds },
        (400..=499, None) => SendOutcome::Rejected { error_code: code_of(answer.status()), reason },
        // A gateway before the carrier cannot say whether the carrier has the message.
        (_, None) => SendOutcome::Unknown { reason },
    }
}

fn identifier(body: &[u8]) -> Option<String> {
    let accepted: Accepted = serde_json::from_slice(body).ok()?;
    let first = accepted.messages.into_iter().next().map(|message| message.id);
    first.or(accepted.message_id).filter(|id| !id.is_empty())
}

/// The published code for a refusal that names none.
fn code_of(status: StatusCode) -> u32 {
    match status {
        StatusCode::UNAUTHORIZED => 190,
        StatusCode::FORBIDDEN => 10,
        _ => 100,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn answer(status: u16, body: &Value) -> SendOutcome {
        let mut answer = Answer::new(body.to_string().into_bytes());
        *answer.status_mut() = status.try_into().unwrap();
        outcome(&answer)
    }

    fn error(code: u32) -> Value {
        json!({ "error": { "message": "(#1) x", "code": code, "fbtrace_id": "AbC" } })
    }

    #[test]
    fn a_refusal_is_judged_by_its_code_whatever_status_comes_with_it() {
        for status in [400, 401, 403, 429, 500, 503, 200] {
            for code in CODES_THAT_PASS {
                let judged = answer(status, &error(code));
                assert!(matches!(judged, SendOutcome::Retry { .. }), "{status} {code}: {judged:?}");
            }
            for code in [10, 100, 190, 551, 131026, 131047, 131051] {
                let SendOutcome::Rejected { error_code, .. } = answer(status, &error(code)) else {
                    panic!("{status} {code}");
                };
                assert_eq!(error_code, code);
            }
        }
    }

    #[test]
    fn an_answer_without_a_code_says_only_what_it_can() {
        let accepted = answer(200, &json!({ "messages": [{ "id": "wamid.x" }] }));
        let id = "wamid.x".to_owned();
        assert_eq!(accepted, SendOutcome::Accepted { carrier_message_id: id });
        let accepted = answer(200, &json!({ "recipient_id": "1", "message_id": "m_x" }));
        let id = "m_x".to_owned();
        assert_eq!(accepted, SendOutcome::Accepted { carrier_message_id: id });
        for (status, body) in [
            (200, json!({})),
            (200, json!({ "messages": [{ "id": "" }] })),
            (500, json!({})),
            (502, json!(null)),
        ] {
            let judged = answer(status, &body);
            assert!(matches!(judged, SendOutcome::Unknown { .. }), "{status}: {judged:?}");
        }
        for status in [408, 429, 503] {
            assert!(matches!(answer(status, &json!(null)), SendOutcome::Retry { .. }), "{status}");
        }
        let refused = answer(404, &json!({}));
        assert!(matches!(refused, SendOutcome::Rejected { error_code: 100, .. }), "{refused:?}");
    }
}
