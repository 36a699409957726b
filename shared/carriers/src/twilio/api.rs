//! Calls the carrier's API. A send has no idempotency key there, so every outcome says whether the
//! carrier may have the message, and an unanswered send can be looked up.

use std::error::Error as _;
use std::time::Duration;

use http::StatusCode;
use http::header::{ACCEPT, CONTENT_TYPE, RETRY_AFTER};
use reqwest::{Client, RequestBuilder, redirect};
use serde::Deserialize;
use switchboard_domain::carriage::{OutboundMessage, SendOutcome};
use switchboard_domain::timestamp::{Millis, Timestamp};

use super::{Twilio, webhook};
use crate::carrier::Lookup;
use crate::form;

/// Before so much time has passed since an attempt, its absence from the carrier's list proves nothing.
pub const SETTLING: Millis = Millis::seconds(30);

/// How far the carrier's clock may be behind ours.
const CLOCK_SKEW: Millis = Millis::seconds(5);
/// How long after an attempt the carrier may have recorded it.
const RECORDED_WITHIN: Millis = Millis::seconds(60);
/// How long an unused connection is kept: a frozen function would find it dead.
const IDLE: Duration = Duration::from_secs(20);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;
const PAGE_SIZE: &str = "1000";
const PAGES_MAX: usize = 5;

/// Too many requests, the sender's rate, and the sender's queue: all pass.
const CODES_THAT_PASS: [u32; 3] = [20429, 14107, 21611];
const CODE_PERMISSION_DENIED: u32 = 20003;
const CODE_FORBIDDEN: u32 = 20403;
const CODE_NOT_FOUND: u32 = 20404;
const CODE_UNABLE_TO_CREATE: u32 = 21619;

/// A complete answer.
struct Answer {
    status: StatusCode,
    retry_after_seconds: Option<u32>,
    body: Vec<u8>,
}

/// No complete answer.
enum Lost {
    /// The request was surely not sent.
    NotSent(String),
    /// The request may have been received.
    Unanswered(String),
}

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
    messages: Vec<Listed>,
    next_page_uri: Option<String>,
}

#[derive(Deserialize)]
struct Listed {
    sid: String,
    from: Option<String>,
    to: Option<String>,
    body: Option<String>,
    num_media: Option<String>,
    direction: Option<String>,
    date_created: Option<String>,
}

impl Twilio {
    /// Hands over one message.
    pub(super) async fn submit(&self, message: &OutboundMessage) -> SendOutcome {
        let url = format!("{}{}", self.connection.base_url, self.connection.messages_path());
        let form = self.form(message);
        let post = |client: &Client| {
            client
                .post(&url)
                .header(CONTENT_TYPE, "application/x-www-form-urlencoded")
                .body(form.clone())
        };
        match self.ask(post).await {
            Ok(answer) => outcome(&answer),
            Err(Lost::NotSent(reason)) => SendOutcome::Retry { reason, after_seconds: None },
            Err(Lost::Unanswered(reason)) => SendOutcome::Unknown { reason },
        }
    }

    fn form(&self, message: &OutboundMessage) -> String {
        let callback = self
            .connection
            .status_callback_url
            .as_ref()
            .map(|url| webhook::status_callback(url, message.message, message.delivery));
        let mut pairs = vec![("To", message.to.as_str()), ("From", message.from.as_str())];
        if !message.body.is_empty() {
            pairs.push(("Body", &message.body));
        }
        pairs.extend(message.media.iter().map(|media| ("MediaUrl", media.url.as_str())));
        pairs.extend(callback.as_deref().map(|url| ("StatusCallback", url)));
        form::encode(pairs)
    }

    /// Looks for the message in the list of those that the carrier took. The list is not narrowed by
    /// the date of sending, since a message that still waits has none.
    pub(super) async fn look_up(
        &self,
        message: &OutboundMessage,
        attempted_at: Timestamp,
        now: Timestamp,
    ) -> Lookup {
        let list = self.connection.messages_path();
        let query = form::encode([
            ("To", message.to.as_str()),
            ("From", message.from.as_str()),
            ("PageSize", PAGE_SIZE),
        ]);
        let mut next = format!("{list}?{query}");
        let mut found = Vec::new();
        for _ in 0..PAGES_MAX {
            let page = match self.page(&next).await {
                Ok(page) => page,
                Err(reason) => return Lookup::CannotTell { reason },
            };
            let same = page.messages.into_iter().filter(|listed| listed.is(message, attempted_at));
            found.extend(same.map(|listed| listed.sid));
            match page.next_page_uri {
                None => return conclusion(found, attempted_at, now),
                // Anything else could lead our credentials to another host.
                Some(uri) if uri.starts_with(&format!("{list}?")) => next = uri,
                Some(_) => return cannot_tell("the list goes on at an unexpected address"),
            }
        }
        cannot_tell("the list of messages is too long to read")
    }

    async fn page(&self, path_and_query: &str) -> Result<Page, String> {
        let url = format!("{}{path_and_query}", self.connection.base_url);
        match self.ask(|client: &Client| client.get(&url)).await {
            Ok(answer) if answer.status == StatusCode::OK => serde_json::from_slice(&answer.body)
                .map_err(|_| "the list is unreadable".to_owned()),
            Ok(answer) => {
                Err(format!("the list was answered with HTTP {}", answer.status.as_u16()))
            }
            Err(Lost::NotSent(reason) | Lost::Unanswered(reason)) => Err(reason),
        }
    }

    /// Asks with one secret after the other: a request with a wrong one had no effect.
    async fn ask(&self, request: impl Fn(&Client) -> RequestBuilder) -> Result<Answer, Lost> {
        let client = self.client.get_or_init(|| self.build_client());
        let client = client.as_ref().map_err(|reason| Lost::NotSent(reason.clone()))?;
        let account = self.connection.account_sid.to_string();
        let mut refused = None;
        for auth_token in self.connection.auth_tokens() {
            let request = request(client).header(ACCEPT, "application/json");
            let answer = exchange(request.basic_auth(&account, Some(auth_token))).await?;
            if answer.status != StatusCode::UNAUTHORIZED {
                return Ok(answer);
            }
            refused = Some(answer);
        }
        refused.ok_or_else(|| Lost::NotSent("no secret is configured for this carrier".to_owned()))
    }

    fn build_client(&self) -> Result<Client, String> {
        Client::builder()
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.total)
            .pool_idle_timeout(IDLE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client: {}", chain(error)))
    }
}

async fn exchange(request: RequestBuilder) -> Result<Answer, Lost> {
    let lost = |error: reqwest::Error| {
        let not_sent = error.is_connect() || error.is_builder();
        let reason = chain(error);
        if not_sent { Lost::NotSent(reason) } else { Lost::Unanswered(reason) }
    };
    let mut response = request.send().await.map_err(lost)?;
    let retry_after = response.headers().get(RETRY_AFTER).and_then(|value| value.to_str().ok());
    let mut answer = Answer {
        status: response.status(),
        retry_after_seconds: retry_after.and_then(|seconds| seconds.trim().parse().ok()),
        body: Vec::new(),
    };
    while let Some(chunk) = response.chunk().await.map_err(lost)? {
        if answer.body.len() + chunk.len() > ANSWER_BYTES_MAX {
            return Err(Lost::Unanswered("the answer is too long".to_owned()));
        }
        answer.body.extend_from_slice(&chunk);
    }
    Ok(answer)
}

/// The error and its causes, without the URL: a query holds addresses of customers.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}

/// What an answer to a send means. Reasons hold the carrier's code and not its words, which repeat
/// addresses.
fn outcome(answer: &Answer) -> SendOutcome {
    let status = answer.status.as_u16();
    let refused: Option<Refused> = serde_json::from_slice(&answer.body).ok();
    let is_refusal = refused.as_ref().is_some_and(|r| r.code.is_some() || r.message.is_some());
    let code = refused.and_then(|refused| refused.code);
    let reason = match code {
        Some(code) => format!("the carrier answered HTTP {status} with code {code}"),
        None => format!("the carrier answered HTTP {status}"),
    };
    let passes = code.is_some_and(|code| CODES_THAT_PASS.contains(&code));
    match status {
        200..=299 => match serde_json::from_slice::<Created>(&answer.body) {
            Ok(created) if !created.sid.is_empty() => {
                SendOutcome::Accepted { carrier_message_id: created.sid }
            }
            _ => SendOutcome::Unknown { reason: format!("{reason} without an identifier") },
        },
        // A gateway before the carrier cannot say whether the carrier has the message.
        500..=599 if status != 503 && !is_refusal => SendOutcome::Unknown { reason },
        408 | 429 | 500..=599 => {
            SendOutcome::Retry { reason, after_seconds: answer.retry_after_seconds }
        }
        400..=499 if passes => {
            SendOutcome::Retry { reason, after_seconds: answer.retry_after_seconds }
        }
        400..=499 => {
            SendOutcome::Rejected { error_code: code.unwrap_or(code_of(answer.status)), reason }
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

impl Listed {
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

fn conclusion(mut found: Vec<String>, attempted_at: Timestamp, now: Timestamp) -> Lookup {
    match (found.pop(), found.is_empty()) {
        (Some(carrier_message_id), true) => Lookup::Found { carrier_message_id },
        (Some(_), false) => cannot_tell("several messages in the list could be this one"),
        (None, _) if now - attempted_at < SETTLING => {
            cannot_tell("the attempt is too recent to be missed in the list")
        }
        (None, _) => Lookup::NotFound,
    }
}

fn cannot_tell(reason: &str) -> Lookup {
    Lookup::CannotTell { reason: reason.to_owned() }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use switchboard_domain::private::Private;
    use switchboard_domain::sid::{MessageSid, Sid as _};

    use super::*;

    const ATTEMPT: Timestamp = Timestamp(1_795_344_809_123);

    fn answer(status: u16, body: &[u8]) -> Answer {
        let status = StatusCode::from_u16(status).unwrap();
        Answer { status, retry_after_seconds: Some(3), body: body.to_vec() }
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
        OutboundMessage {
            message: MessageSid::derived(&["m"]),
            delivery: 0,
            from: "+18005550100".parse().unwrap(),
            to: "+14155550123".parse().unwrap(),
            body: Private::from("hi"),
            media: Vec::new(),
        }
    }

    fn listed(created: Timestamp) -> Listed {
        Listed {
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
            Listed { body: text("hi!"), ..listed(ATTEMPT) },
            Listed { to: text("+14155550124"), ..listed(ATTEMPT) },
            Listed { from: None, ..listed(ATTEMPT) },
            Listed { num_media: text("1"), ..listed(ATTEMPT) },
            Listed { direction: text("inbound"), ..listed(ATTEMPT) },
            Listed { date_created: text("yesterday"), ..listed(ATTEMPT) },
        ] {
            assert!(!other.is(&message(), ATTEMPT));
        }
    }

    #[test]
    fn absence_is_believed_only_after_a_while_and_one_match_is_believed_at_once() {
        let early = ATTEMPT + Millis::seconds(10);
        let late = ATTEMPT + SETTLING;
        let found = |count| vec!["SM1".to_owned(); count];
        assert!(matches!(conclusion(found(0), ATTEMPT, early), Lookup::CannotTell { .. }));
        assert_eq!(conclusion(found(0), ATTEMPT, late), Lookup::NotFound);
        assert!(matches!(conclusion(found(1), ATTEMPT, early), Lookup::Found { .. }));
        assert!(matches!(conclusion(found(2), ATTEMPT, late), Lookup::CannotTell { .. }));
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
