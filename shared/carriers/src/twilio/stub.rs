//! The carrier's side of the conversation: reads what we send, answers it, and makes the requests that the
//! carrier would make.

use http::header::{AUTHORIZATION, CONTENT_TYPE, RETRY_AFTER};
use http::{HeaderMap, HeaderValue, Method};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use switchboard_domain::carriage::{AliasKind, CarrierName, DeliveryStatus};
use switchboard_domain::sid::{MmsSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;

use super::webhook::{self, correlation};
use super::{Connection, TYPING_CHANNEL, TYPING_PATH, connection};
use crate::form::{self, Parameters};
use crate::form_signature::{SIGNATURE_HEADER, sign};
use crate::request::{Answer, SignedRequest};
use crate::settings::{ConnectError, OwnSettings};
use crate::stub::{CustomerMessage, Gesture, Mood, Served, Stub, Taken};

const API_VERSION: &str = "2010-04-01";
/// Longest text that the carrier takes.
const BODY_CHARS_MAX: usize = 1600;
/// Most files that the carrier takes.
const MEDIA_MAX: usize = 10;

/// The carrier, with one account.
#[derive(Debug)]
pub struct TwilioStub {
    connection: Connection,
}

/// The stand-in of the carrier with these settings.
///
/// # Errors
/// If a setting is not what it should be.
pub fn connect(settings: &OwnSettings<'_>) -> Result<TwilioStub, ConnectError> {
    Ok(TwilioStub { connection: connection(settings)? })
}

/// Why the carrier does not do what it is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Refusal {
    status: u16,
    code: u32,
    message: &'static str,
}

const AUTHENTICATE: Refusal = Refusal { status: 401, code: 20003, message: "Authenticate" };
const UNKNOWN: Refusal =
    Refusal { status: 404, code: 20404, message: "The requested resource was not found" };
const DOWN: Refusal = Refusal { status: 503, code: 20503, message: "Service Unavailable" };
const BUSY: Refusal = Refusal { status: 429, code: 20429, message: "Too Many Requests" };

impl Stub for TwilioStub {
    fn name(&self) -> CarrierName {
        CarrierName::Twilio
    }

    fn answer(
        &self,
        request: &http::Request<Vec<u8>>,
        kept: &[Taken],
        mood: Mood,
        now: Timestamp,
    ) -> Option<Served> {
        let path = request.uri().path();
        if !path.starts_with("/2010-04-01/") && path != TYPING_PATH {
            return None;
        }
        let served = self.serve(request, kept, mood, now);
        let refused = |refusal: Refusal| {
            let body = json!({
                "code": refusal.code, "message": refusal.message, "status": refusal.status,
            });
            let mut answer = answer(refusal.status, &body);
            if let Mood::Busy(seconds) = mood {
                answer.headers_mut().insert(RETRY_AFTER, seconds.into());
            }
            Served::only(answer)
        };
        Some(served.unwrap_or_else(refused))
    }

    fn report(&self, message: &Taken) -> Option<SignedRequest> {
        let url = message.report_to.as_deref()?;
        let account_sid = self.connection.account_sid.to_string();
        let error_code = message.error_code.map(|code| code.to_string());
        let status = message.status.name();
        let mut parameters = vec![
            ("SmsSid", message.id.as_str()),
            ("SmsStatus", status),
            ("MessageStatus", status),
            ("To", &message.to),
            ("MessageSid", &message.id),
            ("AccountSid", &account_sid),
            ("From", &message.from),
            ("ApiVersion", API_VERSION),
        ];
        parameters.extend(error_code.as_deref().map(|code| ("ErrorCode", code)));
        Some(self.signed(url, &parameters))
    }

    fn inbound(&self, url: &str, message: &CustomerMessage<'_>) -> SignedRequest {
        let account_sid = self.connection.account_sid.to_string();
        let media_count = message.media.len().to_string();
        let media_names: Vec<(String, String)> = (0..message.media.len())
            .map(|number| (format!("MediaUrl{number}"), format!("MediaContentType{number}")))
            .collect();
        let mut parameters = vec![
            ("MessageSid", message.id),
            ("SmsMessageSid", message.id),
            ("SmsSid", message.id),
            ("SmsStatus", "received"),
            ("AccountSid", &account_sid),
            ("From", message.from),
            ("To", message.to),
            ("Body", message.body),
            ("NumMedia", &media_count),
            ("NumSegments", "1"),
            ("ApiVersion", API_VERSION),
        ];
        for ((url_name, type_name), (url, content_type)) in media_names.iter().zip(message.media) {
            parameters.extend([(url_name.as_str(), *url), (type_name.as_str(), *content_type)]);
        }
        let other_names: Vec<String> = (0..message.others.len())
            .map(|number| format!("{}{number}", webhook::OTHER_RECIPIENTS))
            .collect();
        let others = other_names.iter().map(String::as_str).zip(message.others.iter().copied());
        parameters.extend(others);
        parameters.extend(message.profile_name.map(|name| ("ProfileName", name)));
        parameters.extend(message.names.iter().filter_map(|(kind, name)| match kind {
            AliasKind::Phone => None,
            AliasKind::AccountId => Some(("WaId", *name)),
            AliasKind::UserId => Some(("ExternalUserId", *name)),
            AliasKind::ParentUserId => Some(("ParentExternalUserId", *name)),
        }));
        let mut body = message.body;
        parameters.extend(message.gesture.iter().flat_map(|gesture| gestured(gesture, &mut body)));
        for (name, value) in &mut parameters {
            if *name == "Body" {
                *value = body;
            }
        }
        parameters.extend(message.reply_to.map(|id| ("OriginalRepliedMessageSid", id)));
        parameters.extend(message.is_forwarded.then_some(("Forwarded", "true")));
        if let Some((id, says)) = message.came_from {
            parameters.extend([("ReferralSourceId", id), ("ReferralSourceType", "ad")]);
            parameters.push(("ReferralBody", says));
        }
        self.signed(url, &parameters)
    }

    /// Other letters with files than without.
    fn message_id(&self, bytes: [u8; 16], has_media: bool) -> String {
        let sid = SmsSid::root(bytes);
        if has_media { sid.twin::<MmsSid>().to_string() } else { sid.to_string() }
    }
}

/// The parameters of what a customer does, and the text that comes with it.
fn gestured<'a>(gesture: &Gesture<'a>, body: &mut &'a str) -> Vec<(&'static str, &'a str)> {
    let mut parameters = Vec::new();
    let kind = match *gesture {
        Gesture::Place { latitude, longitude, named } => {
            parameters.extend([("Latitude", latitude), ("Longitude", longitude)]);
            if let Some((name, address)) = named {
                parameters.extend([("Label", name), ("Address", address)]);
            }
            "location"
        }
        Gesture::Button(text, payload) => {
            parameters.extend([("ButtonText", text), ("ButtonPayload", payload)]);
            *body = text;
            "button"
        }
        Gesture::Choice(id, title) => {
            parameters.extend([("ListId", id), ("ListTitle", title)]);
            *body = title;
            "interactive"
        }
        Gesture::Reaction(to, emoji) => {
            parameters.push(("OriginalRepliedMessageSid", to));
            *body = emoji.unwrap_or_default();
            "reaction"
        }
    };
    parameters.push(("MessageType", kind));
    parameters
}

impl TwilioStub {
    fn serve(
        &self,
        request: &http::Request<Vec<u8>>,
        kept: &[Taken],
        mood: Mood,
        now: Timestamp,
    ) -> Result<Served, Refusal> {
        match mood {
            Mood::Down => return Err(DOWN),
            Mood::Busy(_) => return Err(BUSY),
            Mood::Well | Mood::Refusing(_) => {}
        }
        self.authorize(request.headers())?;
        if (request.method(), request.uri().path()) == (&Method::POST, TYPING_PATH) {
            return show(request.body(), mood);
        }
        let messages = format!("/2010-04-01/Accounts/{}/Messages", self.connection.account_sid);
        let rest = request.uri().path().strip_prefix(&messages).ok_or(UNKNOWN)?;
        match (request.method(), rest) {
            (&Method::POST, ".json") => {
                if let Mood::Refusing(code) = mood {
                    let message = "The message is rejected";
                    return Err(Refusal { status: 400, code, message });
                }
                let taken = accept(request.body(), kept.len(), now)?;
                let answer = answer(201, &self.shown(&taken));
                Ok(Served::taking(answer, taken))
            }
            (&Method::GET, ".json") => {
                let list = self.list(kept, request.uri().query().unwrap_or_default());
                Ok(Served::only(answer(200, &list)))
            }
            (&Method::GET, one) => {
                let id = one.trim_start_matches('/').trim_end_matches(".json");
                let found = kept.iter().find(|message| message.id == id).ok_or(UNKNOWN)?;
                Ok(Served::only(answer(200, &self.shown(found))))
            }
            _ => Err(UNKNOWN),
        }
    }

    /// Checks the credentials of a call.
    fn authorize(&self, headers: &HeaderMap) -> Result<(), Refusal> {
        let given = headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
        let is_known = self.connection.credentials().any(|one| one.as_bytes().ct_eq(given).into());
        if is_known { Ok(()) } else { Err(AUTHENTICATE) }
    }

    /// The list of messages, which may be narrowed by `To` and `From`.
    fn list(&self, kept: &[Taken], query: &str) -> Value {
        let query = Parameters::decode(query.as_bytes());
        let admits = |name, value: &str| match query.get(name) {
            Ok(wanted) => wanted.is_none_or(|wanted| wanted == value),
            Err(_) => false,
        };
        let listed: Vec<Value> = kept
            .iter()
            .filter(|message| admits("To", &message.to) && admits("From", &message.from))
            .map(|message| self.shown(message))
            .collect();
        json!({ "page": 0, "page_size": listed.len(), "messages": listed, "next_page_uri": null })
    }

    /// The message as the carrier's API shows it.
    fn shown(&self, message: &Taken) -> Value {
        let account_sid = self.connection.account_sid.to_string();
        let path = format!("/2010-04-01/Accounts/{account_sid}/Messages/{}", message.id);
        let waits = message.status == DeliveryStatus::Queued;
        let created = message.created_at.rfc2822();
        json!({
            "sid": message.id,
            "account_sid": account_sid,
            "api_version": API_VERSION,
            "to": message.to,
            "from": message.from,
            "body": message.body,
            "num_media": message.media_urls.len().to_string(),
            "num_segments": "1",
            "direction": "outbound-api",
            "status": message.status.name(),
            "error_code": message.error_code,
            "error_message": null,
            "messaging_service_sid": null,
            "date_created": created,
            "date_updated": created,
            "date_sent": if waits { None } else { Some(&created) },
            "price": null,
            "price_unit": "USD",
            "uri": format!("{path}.json"),
            "subresource_uris": { "media": format!("{path}/Media.json") },
        })
    }

    /// A signed form, as the carrier posts it. Overrides behind `#` are for the carrier alone.
    fn signed(&self, url: &str, parameters: &[(&str, &str)]) -> SignedRequest {
        let (url, _) = url.split_once('#').unwrap_or((url, ""));
        let signature = sign(url, parameters, &self.connection.auth_token);
        let mut headers = HeaderMap::new();
        headers.insert(
            CONTENT_TYPE,
            HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"),
        );
        let value = HeaderValue::from_str(&signature).expect("base64 is a valid header value");
        headers.insert(SIGNATURE_HEADER, value);
        let body = form::encode(parameters.iter().copied());
        SignedRequest { url: url.to_owned(), headers, body }
    }
}

/// Reads the form of a sign that somebody types.
fn show(form: &[u8], mood: Mood) -> Result<Served, Refusal> {
    let bad = |code, message| Refusal { status: 400, code, message };
    if let Mood::Refusing(code) = mood {
        return Err(bad(code, "The sign is rejected"));
    }
    let parameters = Parameters::decode(form);
    let given = |name: &str| parameters.get(name).ok().flatten().unwrap_or_default();
    if given("channel") != TYPING_CHANNEL {
        return Err(bad(20001, "Invalid parameter: channel"));
    }
    let id = given("messageId");
    if id.parse::<SmsSid>().is_err() && id.parse::<MmsSid>().is_err() {
        return Err(bad(20001, "Invalid parameter: messageId"));
    }
    Ok(Served::showing(answer(200, &json!({ "success": true })), id.to_owned()))
}

/// Reads the form of a send. The identifier follows from the form, which names our own message, and from its
/// place.
fn accept(form: &[u8], place: usize, now: Timestamp) -> Result<Taken, Refusal> {
    let parameters = Parameters::decode(form);
    let bad = |code, message| Refusal { status: 400, code, message };
    let text = |name: &str| match parameters.get(name) {
        Ok(value) => Ok(value.unwrap_or_default().to_owned()),
        Err(_) => Err(bad(20001, "A parameter is unreadable")),
    };
    let (from, body) = (text("From")?, text("Body")?);
    let (template, variables) = (text("ContentSid")?, text("ContentVariables")?);
    // The words of a template are the carrier's to know: it is shown by its name and what fills its places.
    let body = match (template.is_empty(), variables.is_empty()) {
        (true, false) => return Err(bad(21654, "ContentSid Required")),
        (false, _) => format!("{template} {variables}").trim_end().to_owned(),
        (true, true) => body,
    };
    let mut receivers = parameters.all("To").map(str::to_owned);
    let to = receivers.next().map_or_else(|| text("To"), Ok)?;
    let others = receivers.collect();
    let media_urls: Vec<String> = parameters.all("MediaUrl").map(str::to_owned).collect();
    let report_to = Some(text("StatusCallback")?).filter(|url| !url.is_empty());
    if to.is_empty() {
        return Err(bad(21604, "A 'To' phone number is required."));
    }
    if from.is_empty() {
        return Err(bad(21603, "A 'From' phone number is required."));
    }
    if body.is_empty() && media_urls.is_empty() {
        return Err(bad(21602, "Message body is required."));
    }
    if body.chars().count() > BODY_CHARS_MAX {
        return Err(bad(21617, "The message body exceeds the 1600 character limit."));
    }
    if media_urls.len() > MEDIA_MAX {
        return Err(bad(21623, "Number of media files exceeds allowed limit."));
    }
    let sid = SmsSid::derived(&["taken", &String::from_utf8_lossy(form), &place.to_string()]);
    let query = report_to.as_deref().and_then(|url| url.split_once('?')).map_or("", |(_, it)| it);
    Ok(Taken {
        carrier: CarrierName::Twilio,
        id: if media_urls.is_empty() { sid.to_string() } else { sid.twin::<MmsSid>().to_string() },
        about: correlation(&Parameters::decode(query.as_bytes())),
        to,
        others,
        from,
        body,
        media_urls,
        report_to,
        status: DeliveryStatus::Queued,
        error_code: None,
        created_at: now,
    })
}

fn answer(status: u16, body: &Value) -> Answer {
    let mut answer = Answer::new(body.to_string().into_bytes());
    *answer.status_mut() = status.try_into().expect("a status of HTTP");
    let kind = HeaderValue::from_static("application/json");
    answer.headers_mut().insert(CONTENT_TYPE, kind);
    answer
}
