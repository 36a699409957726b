//! The carrier's side of the conversation, as pure functions: reads what we send, answers it, and
//! makes the requests that the carrier would make. Servers, tests and demos bring the network.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::header::{AUTHORIZATION, CONTENT_TYPE};
use http::{HeaderMap, HeaderValue};
use serde_json::{Value, json};
use subtle::ConstantTimeEq as _;
use switchboard_domain::sid::{AccountSid, MmsSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;

use super::signature::{SIGNATURE_HEADER, sign};
use super::{Connection, MEDIA_MAX};
use crate::form::{self, Parameters};
use crate::request::RawRequest;

/// Longest text that the carrier takes.
const BODY_CHARS_MAX: usize = 1600;

/// A message as the carrier keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Message {
    /// The identifier, before it is told whether there are files.
    pub sid: SmsSid,
    /// The recipient.
    pub to: String,
    /// The sender.
    pub from: String,
    /// The text.
    pub body: String,
    /// The files.
    pub media_urls: Vec<String>,
    /// Where reports are wanted.
    pub status_callback: Option<String>,
    /// The carrier's word for the status; a new message is `queued`.
    pub status: String,
    /// The error code, on failure.
    pub error_code: Option<u32>,
    /// When it was taken.
    pub created_at: Timestamp,
}

/// A request that the carrier makes of us.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The URL.
    pub url: String,
    /// The headers, the signature among them.
    pub headers: HeaderMap,
    /// The form.
    pub body: String,
}

/// A message that a customer writes.
#[derive(Debug, Clone, Copy)]
pub struct CustomerMessage<'a> {
    /// The carrier's identifier.
    pub sid: SmsSid,
    /// The customer's address, with its channel's prefix.
    pub from: &'a str,
    /// The business address.
    pub to: &'a str,
    /// The text.
    pub body: &'a str,
    /// Address and media type of each file.
    pub media: &'a [(&'a str, &'a str)],
    /// The customer's name, on channels that have one.
    pub profile_name: Option<&'a str>,
}

/// Why the carrier does not take a message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Refusal {
    /// The HTTP status.
    pub status: u16,
    /// The published error code.
    pub code: u32,
    /// The explanation.
    pub message: &'static str,
}

impl Refusal {
    /// The body of the answer.
    pub fn json(&self) -> Value {
        json!({ "code": self.code, "message": self.message, "status": self.status })
    }
}

/// Checks the credentials of a call to the carrier's API.
pub fn authorize(connection: &Connection, headers: &HeaderMap) -> Result<(), Refusal> {
    let given = headers.get(AUTHORIZATION).map_or(&b""[..], HeaderValue::as_bytes);
    let known = connection.auth_tokens().any(|token| {
        let user = STANDARD.encode(format!("{}:{token}", connection.account_sid));
        format!("Basic {user}").as_bytes().ct_eq(given).into()
    });
    let denied = Refusal { status: 401, code: 20003, message: "Authenticate" };
    if known { Ok(()) } else { Err(denied) }
}

/// Reads the form of a send; the answer to it is 201 with [`Message::json`].
pub fn accept(form: &[u8], sid: SmsSid, now: Timestamp) -> Result<Message, Refusal> {
    let parameters = Parameters::decode(form);
    let bad = |code, message| Refusal { status: 400, code, message };
    let text = |name: &str| match parameters.get(name) {
        Ok(value) => Ok(value.unwrap_or_default().to_owned()),
        Err(_) => Err(bad(20001, "A parameter is unreadable")),
    };
    let message = Message {
        sid,
        to: text("To")?,
        from: text("From")?,
        body: text("Body")?,
        media_urls: parameters.all("MediaUrl").map(str::to_owned).collect(),
        status_callback: Some(text("StatusCallback")?).filter(|url| !url.is_empty()),
        status: "queued".to_owned(),
        error_code: None,
        created_at: now,
    };
    if message.to.is_empty() {
        return Err(bad(21604, "A 'To' phone number is required."));
    }
    if message.from.is_empty() {
        return Err(bad(21603, "A 'From' phone number is required."));
    }
    if message.body.is_empty() && message.media_urls.is_empty() {
        return Err(bad(21602, "Message body is required."));
    }
    if message.body.chars().count() > BODY_CHARS_MAX {
        return Err(bad(21617, "The message body exceeds the 1600 character limit."));
    }
    if message.media_urls.len() > MEDIA_MAX {
        return Err(bad(21623, "Number of media files exceeds allowed limit."));
    }
    Ok(message)
}

impl Message {
    /// The identifier as the carrier writes it: other letters with files than without.
    pub fn sid_text(&self) -> String {
        if self.media_urls.is_empty() {
            self.sid.to_string()
        } else {
            self.sid.twin::<MmsSid>().to_string()
        }
    }

    /// The message as the carrier's API shows it.
    pub fn json(&self, account_sid: AccountSid) -> Value {
        let sid = self.sid_text();
        let path = format!("/2010-04-01/Accounts/{account_sid}/Messages/{sid}");
        let waiting = matches!(self.status.as_str(), "accepted" | "queued" | "sending");
        let created = self.created_at.rfc2822();
        json!({
            "sid": sid,
            "account_sid": account_sid.to_string(),
            "api_version": "2010-04-01",
            "to": self.to,
            "from": self.from,
            "body": self.body,
            "num_media": self.media_urls.len().to_string(),
            "num_segments": "1",
            "direction": "outbound-api",
            "status": self.status,
            "error_code": self.error_code,
            "error_message": null,
            "messaging_service_sid": null,
            "date_created": created,
            "date_updated": created,
            "date_sent": if waiting { None } else { Some(&created) },
            "price": null,
            "price_unit": "USD",
            "uri": format!("{path}.json"),
            "subresource_uris": { "media": format!("{path}/Media.json") },
        })
    }

    /// The status callback for the message's present status; none where none is wanted.
    pub fn status_callback(&self, connection: &Connection) -> Option<SignedRequest> {
        let url = self.status_callback.as_deref()?;
        let sid = self.sid_text();
        let account_sid = connection.account_sid.to_string();
        let error_code = self.error_code.map(|code| code.to_string());
        let mut parameters = vec![
            ("SmsSid", sid.as_str()),
            ("SmsStatus", &self.status),
            ("MessageStatus", &self.status),
            ("To", &self.to),
            ("MessageSid", &sid),
            ("AccountSid", &account_sid),
            ("From", &self.from),
            ("ApiVersion", "2010-04-01"),
        ];
        parameters.extend(error_code.as_deref().map(|code| ("ErrorCode", code)));
        Some(signed(connection, url, &parameters))
    }
}

/// Answers a request for the list of messages, which may be narrowed by `To` and `From`.
pub fn list<'a>(
    account_sid: AccountSid,
    messages: impl IntoIterator<Item = &'a Message>,
    query: &str,
) -> Value {
    let query = Parameters::decode(query.as_bytes());
    let admits = |name, value: &str| match query.get(name) {
        Ok(wanted) => wanted.is_none_or(|wanted| wanted == value),
        Err(_) => false,
    };
    let listed: Vec<Value> = messages
        .into_iter()
        .filter(|message| admits("To", &message.to) && admits("From", &message.from))
        .map(|message| message.json(account_sid))
        .collect();
    json!({ "page": 0, "page_size": listed.len(), "messages": listed, "next_page_uri": null })
}

/// The webhook for a message that a customer writes.
pub fn inbound_message(
    connection: &Connection,
    url: &str,
    message: &CustomerMessage<'_>,
) -> SignedRequest {
    let sid = match message.media {
        [] => message.sid.to_string(),
        [..] => message.sid.twin::<MmsSid>().to_string(),
    };
    let account_sid = connection.account_sid.to_string();
    let media_count = message.media.len().to_string();
    let media_names: Vec<(String, String)> = (0..message.media.len())
        .map(|number| (format!("MediaUrl{number}"), format!("MediaContentType{number}")))
        .collect();
    let mut parameters = vec![
        ("MessageSid", sid.as_str()),
        ("SmsMessageSid", &sid),
        ("SmsSid", &sid),
        ("SmsStatus", "received"),
        ("AccountSid", &account_sid),
        ("From", message.from),
        ("To", message.to),
        ("Body", message.body),
        ("NumMedia", &media_count),
        ("NumSegments", "1"),
        ("ApiVersion", "2010-04-01"),
    ];
    for ((url_name, type_name), (url, content_type)) in media_names.iter().zip(message.media) {
        parameters.extend([(url_name.as_str(), *url), (type_name.as_str(), *content_type)]);
    }
    parameters.extend(message.profile_name.map(|name| ("ProfileName", name)));
    signed(connection, url, &parameters)
}

/// A signed form, as the carrier posts it. Overrides behind `#` are for the carrier alone.
pub fn signed(connection: &Connection, url: &str, parameters: &[(&str, &str)]) -> SignedRequest {
    let (url, _) = url.split_once('#').unwrap_or((url, ""));
    let signature = sign(url, parameters, &connection.auth_token);
    let mut headers = HeaderMap::new();
    headers.insert(
        CONTENT_TYPE,
        HeaderValue::from_static("application/x-www-form-urlencoded; charset=UTF-8"),
    );
    let value = HeaderValue::from_str(&signature).expect("base64 is a valid header value");
    headers.insert(SIGNATURE_HEADER, value);
    SignedRequest { url: url.to_owned(), headers, body: form::encode(parameters.iter().copied()) }
}

impl SignedRequest {
    /// The request as it is to be verified.
    pub fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: &http::Method::POST,
            url: &self.url,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }
}
