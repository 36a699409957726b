//! Meta's side of the conversation: reads what we send, answers it, and makes the requests that it would make.
//!
//! Its ways to fail are its own: a rate is answered with HTTP 400 and a code, an expired token with code 190, and what
//! becomes of a message is told where the app was registered, never where the message says.

use std::collections::BTreeMap;

use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha256};
use subtle::ConstantTimeEq as _;
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::{AliasKind, CarrierName, DeliveryStatus};
use switchboard_domain::timestamp::Timestamp;

use super::signature::{HEADER, sign};
use super::webhook::{each, text};
use super::{API_VERSION, Connection, Numbers, connection, correlated, correlation, is_digits};
use crate::request::{Answer, SignedRequest};
use crate::settings::{ConnectError, OwnSettings};
use crate::stub::{CustomerMessage, Gesture, Mood, Served, Stub, Taken};

/// Longest text that WhatsApp takes.
const BODY_CHARS_MAX: usize = 4096;
/// Longest text that Messenger and Instagram take.
const SHORT_BODY_CHARS_MAX: usize = 2000;

/// The carrier, with one app.
#[derive(Debug)]
pub struct MetaStub {
    connection: Connection,
}

/// The stand-in of the carrier with these settings.
///
/// # Errors
/// If a setting is not what it should be.
pub fn connect(settings: &OwnSettings<'_>) -> Result<MetaStub, ConnectError> {
    Ok(MetaStub { connection: connection(settings)? })
}

/// Why the carrier does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    status: u16,
    code: u32,
    message: &'static str,
}

const fn bad(code: u32, message: &'static str) -> Refusal {
    Refusal { status: 400, code, message }
}

const TOKEN: Refusal = Refusal { status: 401, code: 190, message: "Error validating access token" };
const UNKNOWN: Refusal = bad(100, "Unsupported post request. The object does not exist");
const DOWN: Refusal = Refusal { status: 503, code: 2, message: "Service temporarily unavailable" };
const BUSY: Refusal = bad(130_429, "Rate limit hit");

impl Stub for MetaStub {
    fn name(&self) -> CarrierName {
        CarrierName::Meta
    }

    fn reports_where_registered(&self) -> bool {
        true
    }

    fn answer(
        &self,
        request: &http::Request<Vec<u8>>,
        kept: &[Taken],
        mood: Mood,
        now: Timestamp,
    ) -> Option<Served> {
        let rest = request.uri().path().strip_prefix('/')?.strip_prefix(API_VERSION)?;
        let served = self.serve(request, rest.trim_start_matches('/'), kept.len(), mood, now);
        let refused = |refusal: Refusal| {
            let error = json!({
                "message": format!("(#{}) {}", refusal.code, refusal.message),
                "type": "OAuthException",
                "code": refusal.code,
                "fbtrace_id": "AbCdEf",
            });
            Served::only(answer(refusal.status, &json!({ "error": error })))
        };
        Some(served.unwrap_or_else(refused))
    }

    fn report(&self, message: &Taken) -> Option<SignedRequest> {
        let url = message.report_to.clone().or_else(|| self.connection.webhook_url.clone())?;
        let from: Address = message.from.parse().ok()?;
        let to: Address = message.to.parse().ok()?;
        let body = match from.channel() {
            ChannelType::Whatsapp => self.status(message, &from, &to),
            channel => conversation_report(message, channel, &from, &to)?,
        };
        Some(self.signed(&url, &body))
    }

    fn inbound(&self, url: &str, message: &CustomerMessage<'_>) -> SignedRequest {
        self.signed(url, &self.body(message))
    }

    /// One webhook for each kind of object, with an entry for each message.
    fn inbound_together(&self, url: &str, messages: &[CustomerMessage<'_>]) -> Vec<SignedRequest> {
        let mut by_object: BTreeMap<String, Vec<Value>> = BTreeMap::new();
        for message in messages {
            let mut body = self.body(message);
            let object = text(&body, "object").unwrap_or_default().to_owned();
            by_object.entry(object).or_default().push(body["entry"][0].take());
        }
        let body = |(object, entries)| json!({ "object": object, "entry": Value::Array(entries) });
        by_object.into_iter().map(|all| self.signed(url, &body(all))).collect()
    }

    fn message_id(&self, bytes: [u8; 16], _has_media: bool) -> String {
        let digits: String = bytes.iter().map(|byte| format!("{byte:02X}")).collect();
        format!("wamid.{digits}")
    }
}

/// When everything is written, by the stand-in's clock, in seconds: who runs it has no clock to give.
const STUB_SECONDS: i64 = 1_772_442_000;

/// The channel and the name of an address without its prefix; a number without one is one of WhatsApp's.
fn channel_and_name(address: &str) -> (ChannelType, &str) {
    match address.split_once(':') {
        Some((prefix, name)) => (
            ChannelType::parse(prefix).unwrap_or(ChannelType::Whatsapp),
            name.trim_start_matches('+'),
        ),
        None => (ChannelType::Whatsapp, address.trim_start_matches('+')),
    }
}

fn object_of(channel: ChannelType) -> &'static str {
    if channel == ChannelType::Instagram { "instagram" } else { "page" }
}

fn entry(object: &str, entry: Value) -> Value {
    json!({ "object": object, "entry": [entry] })
}

/// What became of a message of Messenger's or Instagram's: that it was sent is told by its echo, that it arrived or was
/// read by a watermark. Nothing is told of one that did not arrive, and Instagram tells of no arrival.
fn conversation_report(
    message: &Taken,
    channel: ChannelType,
    from: &Address,
    to: &Address,
) -> Option<Value> {
    let at = message.created_at.0;
    let (page, person) = (json!({ "id": from.bare() }), json!({ "id": to.bare() }));
    let event = match message.status {
        DeliveryStatus::Sent => {
            let mut echo =
                json!({ "is_echo": true, "app_id": 1, "mid": message.id, "text": message.body });
            if let Some((sid, delivery)) = message.about {
                echo["metadata"] = correlation(sid, delivery).into();
            }
            json!({ "sender": page, "recipient": person, "timestamp": at, "message": echo })
        }
        DeliveryStatus::Delivered if channel == ChannelType::Messenger => {
            let delivery = json!({ "mids": [message.id], "watermark": at });
            json!({ "sender": person, "recipient": page, "timestamp": at, "delivery": delivery })
        }
        DeliveryStatus::Read => {
            let read = match channel {
                ChannelType::Instagram => json!({ "mid": message.id }),
                _ => json!({ "watermark": at }),
            };
            json!({ "sender": person, "recipient": page, "timestamp": at, "read": read })
        }
        _ => return None,
    };
    let id = from.bare();
    Some(entry(object_of(channel), json!({ "id": id, "time": at, "messaging": [event] })))
}

/// What a customer of Messenger's or Instagram's does: the name of the event, and what it holds. There are no lists, so a
/// choice is a quick reply.
fn conversation_message(message: &CustomerMessage<'_>) -> (&'static str, Value) {
    let file = |(url, _): &(&str, &str)| json!({ "type": "image", "payload": { "url": url } });
    let mut attachments: Vec<Value> = message.media.iter().map(file).collect();
    let mut inner = json!({ "mid": message.id, "text": message.body });
    match message.gesture {
        Some(Gesture::Reaction(to, emoji)) => {
            let action = if emoji.is_some() { "react" } else { "unreact" };
            let reaction = json!({ "mid": to, "action": action, "emoji": emoji.unwrap_or("❤") });
            return ("reaction", reaction);
        }
        Some(Gesture::Place { latitude, longitude, named }) => {
            let degrees = |text: &str| text.parse::<f64>().unwrap_or_default();
            let place = json!({ "lat": degrees(latitude), "long": degrees(longitude) });
            let title = named.map(|(name, _)| name);
            attachments.push(json!({
                "type": "location", "title": title, "payload": { "coordinates": place },
            }));
        }
        Some(Gesture::Button(text, payload) | Gesture::Choice(payload, text)) => {
            inner["text"] = text.into();
            inner["quick_reply"] = json!({ "payload": payload });
        }
        None => {}
    }
    if !attachments.is_empty() {
        inner["attachments"] = attachments.into();
    }
    if let Some(id) = message.reply_to {
        inner["reply_to"] = json!({ "mid": id });
    }
    if let Some((id, says)) = message.came_from {
        let context = json!({ "ad_title": says });
        inner["referral"] = json!({ "source": "ADS", "ad_id": id, "ads_context_data": context });
    }
    ("message", inner)
}

/// Makes a WhatsApp message what a customer does.
fn gestured(written: &mut Value, gesture: Gesture<'_>) {
    let (kind, inner) = match gesture {
        Gesture::Place { latitude, longitude, named } => {
            let mut place = json!({ "latitude": latitude, "longitude": longitude });
            if let Some((name, address)) = named {
                place["name"] = name.into();
                place["address"] = address.into();
            }
            ("location", place)
        }
        Gesture::Button(text, payload) => ("button", json!({ "text": text, "payload": payload })),
        Gesture::Choice(id, title) => {
            let row = json!({ "id": id, "title": title });
            ("interactive", json!({ "type": "list_reply", "list_reply": row }))
        }
        Gesture::Reaction(to, emoji) => {
            ("reaction", json!({ "message_id": to, "emoji": emoji.unwrap_or_default() }))
        }
    };
    written["type"] = kind.into();
    written[kind] = inner;
}

impl MetaStub {
    /// The body of the webhook that brings one message.
    fn body(&self, message: &CustomerMessage<'_>) -> Value {
        let (from, to) = (channel_and_name(message.from), channel_and_name(message.to));
        if !matches!(from.0, ChannelType::Messenger | ChannelType::Instagram) {
            return self.whatsapp_message(from.1, to.1, message);
        }
        let mut event = json!({
            "sender": { "id": from.1 },
            "recipient": { "id": to.1 },
            "timestamp": STUB_SECONDS * 1000,
        });
        let (name, inner) = conversation_message(message);
        event[name] = inner;
        let of_page = json!({ "id": to.1, "time": STUB_SECONDS * 1000, "messaging": [event] });
        entry(object_of(from.0), of_page)
    }

    fn serve(
        &self,
        request: &http::Request<Vec<u8>>,
        path: &str,
        place: usize,
        mood: Mood,
        now: Timestamp,
    ) -> Result<Served, Refusal> {
        match mood {
            Mood::Down => return Err(DOWN),
            Mood::Busy(_) => return Err(BUSY),
            Mood::Well | Mood::Refusing(_) => {}
        }
        let only = |body: Value| Served::only(answer(200, &body));
        match (request.method(), path.strip_suffix("/messages")) {
            (&Method::POST, Some(id)) => {
                self.authorize(request.headers(), id)?;
                let body: Value = serde_json::from_slice(request.body())
                    .map_err(|_| bad(100, "The body is no JSON"))?;
                if let Mood::Refusing(code) = mood {
                    return Err(bad(code, "The message is rejected"));
                }
                let is_sign = body.get("sender_action").is_some() || body["status"] == "read";
                if is_sign {
                    let about = text(&body, "message_id").or(text(&body["recipient"], "id"));
                    let about = about.unwrap_or_default().to_owned();
                    return Ok(Served::showing(answer(200, &json!({ "success": true })), about));
                }
                let taken = self.accept(id, &body, place, now)?;
                let told = taken_answer(&taken);
                Ok(Served::taking(answer(200, &told), taken))
            }
            (&Method::GET, None) if is_digits(path) => {
                self.authorize(request.headers(), "")?;
                let url = format!("https://lookaside.example.com/media/{path}");
                Ok(only(
                    json!({ "id": path, "url": url, "mime_type": "image/jpeg", "file_size": 1 }),
                ))
            }
            _ => Err(UNKNOWN),
        }
    }

    /// Checks the credentials of a call.
    fn authorize(&self, headers: &HeaderMap, id: &str) -> Result<(), Refusal> {
        let given = headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        let known = self.connection.credentials(id);
        let is_known = known.iter().any(|one| one.as_bytes().ct_eq(given).into());
        if is_known { Ok(()) } else { Err(TOKEN) }
    }

    /// Reads a send. The identifier follows from the body, which names our own message, and from its place.
    fn accept(
        &self,
        id: &str,
        body: &Value,
        place: usize,
        now: Timestamp,
    ) -> Result<Taken, Refusal> {
        let digest = Sha256::digest(format!("{place} {body}").as_bytes());
        let digits: String = digest.iter().take(16).map(|byte| format!("{byte:02X}")).collect();
        let (from, to, written, media_urls, about, prefix) = match body["messaging_product"]
            .as_str()
        {
            Some("whatsapp") => {
                let (to, written, media) = whatsapp_parts(body)?;
                let about = text(body, "biz_opaque_callback_data").and_then(correlated);
                let from = self.number_of(id).ok_or(UNKNOWN)?;
                (
                    format!("whatsapp:{from}"),
                    format!("whatsapp:{to}"),
                    written,
                    media,
                    about,
                    "wamid.",
                )
            }
            _ => {
                let is_page = body.get("messaging_type").is_some();
                let channel = if is_page { "messenger" } else { "instagram" };
                let (to, written, media) = conversation_parts(body)?;
                let about = text(&body["message"], "metadata").and_then(correlated);
                (format!("{channel}:{id}"), format!("{channel}:{to}"), written, media, about, "m_")
            }
        };
        Ok(Taken {
            carrier: CarrierName::Meta,
            id: format!("{prefix}{digits}"),
            about,
            to,
            others: Vec::new(),
            from,
            body: written,
            media_urls,
            report_to: self.connection.webhook_url.clone(),
            status: DeliveryStatus::Queued,
            error_code: None,
            created_at: now,
        })
    }

    /// The number that has an identifier.
    fn number_of(&self, id: &str) -> Option<String> {
        match &self.connection.phone_numbers {
            Numbers::Themselves => is_digits(id).then(|| format!("+{id}")),
            Numbers::Registered(ids) => {
                ids.iter().find(|(_, known)| *known == id).map(|(number, _)| number.clone())
            }
        }
    }

    /// The `messages` change that brings one message.
    fn whatsapp_message(&self, from: &str, to: &str, message: &CustomerMessage<'_>) -> Value {
        let mut contact =
            json!({ "profile": { "name": message.profile_name.unwrap_or("A customer") } });
        let mut written =
            json!({ "id": message.id, "timestamp": STUB_SECONDS.to_string(), "type": "text" });
        if is_digits(from) {
            contact["wa_id"] = from.into();
            written["from"] = from.into();
        } else {
            contact["user_id"] = from.into();
            written["from_user_id"] = from.into();
        }
        for (kind, name) in message.names {
            match kind {
                AliasKind::Phone => written["from"] = (*name).into(),
                AliasKind::AccountId => contact["wa_id"] = (*name).into(),
                AliasKind::UserId => {
                    contact["user_id"] = (*name).into();
                    written["from_user_id"] = (*name).into();
                }
                AliasKind::ParentUserId => contact["parent_user_id"] = (*name).into(),
            }
        }
        if let Some(id) = message.reply_to {
            written["context"] = json!({ "id": id, "from": to });
        }
        if message.is_forwarded {
            written["context"]["forwarded"] = true.into();
        }
        if let Some((id, says)) = message.came_from {
            written["referral"] = json!({ "source_id": id, "source_type": "ad", "body": says });
        }
        match (message.gesture, message.media.first()) {
            (Some(gesture), _) => gestured(&mut written, gesture),
            (None, None) => written["text"] = json!({ "body": message.body }),
            (None, Some((url, content_type))) => {
                let (group, _) = content_type.split_once('/').unwrap_or((content_type, ""));
                let kind =
                    if matches!(group, "image" | "video" | "audio") { group } else { "document" };
                let mut file = json!({ "id": "1234567890", "mime_type": content_type, "url": url });
                if !message.body.is_empty() {
                    file["caption"] = message.body.into();
                }
                written["type"] = kind.into();
                written[kind] = file;
            }
        }
        let mut value = self.about_number(to);
        value["contacts"] = json!([contact]);
        value["messages"] = json!([written]);
        change(value)
    }

    fn about_number(&self, digits: &str) -> Value {
        let number = format!("whatsapp:+{digits}").parse().ok();
        let id = number.and_then(|number| self.connection.id_of(&number)).unwrap_or_default();
        let metadata = json!({ "display_phone_number": digits, "phone_number_id": id });
        json!({ "messaging_product": "whatsapp", "metadata": metadata })
    }

    /// The `messages` change that tells what became of one message. WhatsApp knows no other failure than `failed`.
    fn status(&self, message: &Taken, from: &Address, to: &Address) -> Value {
        let word = match message.status {
            DeliveryStatus::Scheduled | DeliveryStatus::Queued | DeliveryStatus::Sent => "sent",
            DeliveryStatus::Delivered => "delivered",
            DeliveryStatus::Read => "read",
            DeliveryStatus::Undelivered | DeliveryStatus::Failed | DeliveryStatus::Canceled => {
                "failed"
            }
        };
        let mut status = json!({
            "id": message.id,
            "status": word,
            "timestamp": message.created_at.seconds().to_string(),
        });
        let (field, name) = match to.bare().strip_prefix('+') {
            Some(digits) => ("recipient_id", digits),
            None => ("recipient_user_id", to.bare()),
        };
        status[field] = name.into();
        if let Some((sid, delivery)) = message.about {
            status["biz_opaque_callback_data"] = correlation(sid, delivery).into();
        }
        match (word, message.error_code) {
            ("failed", code) => {
                let code = code.unwrap_or(131_026);
                status["errors"] = json!([{ "code": code, "title": "Message undeliverable" }]);
            }
            ("sent" | "delivered", _) => {
                status["pricing"] = json!({
                    "billable": true, "pricing_model": "PMP", "category": "service", "type": "regular",
                });
            }
            _ => {}
        }
        let mut value = self.about_number(from.bare().trim_start_matches('+'));
        value["statuses"] = json!([status]);
        change(value)
    }

    /// A signed body, as the carrier posts it: everything that is not ASCII escaped, and slashes as well.
    fn signed(&self, url: &str, body: &Value) -> SignedRequest {
        let body = escaped(&body.to_string());
        let secret = self.connection.app_secrets.first();
        let signature = sign(body.as_bytes(), secret.map_or("", |secret| secret.as_str()));
        let mut headers = HeaderMap::new();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        let value = HeaderValue::from_str(&signature).expect("hexadecimal digits");
        headers.insert(HEADER, value);
        SignedRequest { url: url.to_owned(), headers, body }
    }
}

/// JSON in the carrier's way of writing it.
fn escaped(json: &str) -> String {
    let mut text = String::with_capacity(json.len());
    for unit in json.encode_utf16() {
        match u8::try_from(unit) {
            Ok(b'/') => text.push_str("\\/"),
            Ok(byte) if byte.is_ascii() => text.push(char::from(byte)),
            _ => text.push_str(&format!("\\u{unit:04x}")),
        }
    }
    text
}

fn change(value: Value) -> Value {
    let change = json!({ "field": "messages", "value": value });
    entry("whatsapp_business_account", json!({ "id": "102290129340398", "changes": [change] }))
}

/// The recipient, the text and the files of a message of WhatsApp's.
fn whatsapp_parts(body: &Value) -> Result<(String, String, Vec<String>), Refusal> {
    let number = text(body, "to").filter(|to| is_digits(to.trim_start_matches('+')));
    let to = match (number, text(body, "recipient")) {
        (Some(number), _) => format!("+{}", number.trim_start_matches('+')),
        (None, Some(user)) => user.to_owned(),
        (None, None) => return Err(bad(131_009, "Parameter value is not valid: to")),
    };
    let kind = text(body, "type").unwrap_or("text");
    let content = &body[kind];
    if !content.is_object() {
        return Err(bad(131_008, "Required parameter is missing"));
    }
    let shown =
        ["body", "caption", "emoji", "name"].into_iter().find_map(|name| text(content, name));
    let shown = shown.or_else(|| text(&content["body"], "text")).unwrap_or_default();
    let templated = filled(content).filter(|_| kind == "template");
    let shown = templated.as_deref().unwrap_or(shown);
    let rows = each(&content["action"]["sections"][0], "rows").count();
    if each(&content["action"], "buttons").count() > 3 || rows > 10 {
        return Err(bad(131_009, "Parameter value is not valid: interactive.action"));
    }
    if kind == "text" && shown.is_empty() {
        return Err(bad(131_008, "Required parameter is missing: text.body"));
    }
    if shown.chars().count() > BODY_CHARS_MAX {
        return Err(bad(131_009, "Parameter value is not valid: text.body is too long"));
    }
    let file = text(content, "link").or_else(|| text(content, "id"));
    Ok((to, shown.to_owned(), file.map(str::to_owned).into_iter().collect()))
}

/// An approved template by its name and what fills its places: the words are the carrier's to know.
fn filled(template: &Value) -> Option<String> {
    let name = text(template, "name")?;
    let parts = each(template, "components").flat_map(|part| each(part, "parameters"));
    let values = parts.filter_map(|value| text(value, "text"));
    Some(std::iter::once(name).chain(values).collect::<Vec<_>>().join(" "))
}

/// The same of a message of Messenger's or Instagram's.
fn conversation_parts(body: &Value) -> Result<(String, String, Vec<String>), Refusal> {
    let to = text(&body["recipient"], "id").ok_or(bad(100, "Parameter is missing: recipient"))?;
    let message = &body["message"];
    let written = text(message, "text").unwrap_or_default();
    if written.chars().count() > SHORT_BODY_CHARS_MAX {
        return Err(bad(100, "Length of param message[text] must be at most 2000"));
    }
    let file = text(&message["attachment"]["payload"], "url");
    let files: Vec<String> = file.map(str::to_owned).into_iter().collect();
    let replies = each(message, "quick_replies").count();
    if written.is_empty() && files.is_empty() || replies > 13 {
        return Err(bad(100, "No message"));
    }
    Ok((to.to_owned(), written.to_owned(), files))
}

/// What the sender of a message is told.
fn taken_answer(taken: &Taken) -> Value {
    match channel_and_name(&taken.to) {
        (ChannelType::Whatsapp, name) => json!({
            "messaging_product": "whatsapp",
            "contacts": [{ "input": name, "wa_id": name }],
            "messages": [{ "id": taken.id }],
        }),
        (_, name) => json!({ "recipient_id": name, "message_id": taken.id }),
    }
}

fn answer(status: u16, body: &Value) -> Answer {
    let mut answer = Answer::new(body.to_string().into_bytes());
    *answer.status_mut() = status.try_into().expect("a status of HTTP");
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
