//! Twilio Programmable Messaging: text messages, WhatsApp, Messenger and RCS through one form of
//! webhook and one endpoint (rule E).

mod api;
mod signature;
pub mod stub;
mod webhook;

use std::sync::OnceLock;
use std::time::Duration;

use switchboard_domain::carriage::{CarrierName, OutboundMessage, SendOutcome};
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;
use switchboard_domain::timestamp::Timestamp;

pub use api::SETTLING;
pub use signature::{SIGNATURE_HEADER, cover_body, sign};
pub use webhook::MEDIA_MAX;

use crate::carrier::{BoxFuture, Carrier, Event, Lookup, ParseError, Rejection, Reply};
use crate::request::{RawRequest, Verified};

/// Where the carrier's API is, unless the connection says otherwise.
pub const API_ORIGIN: &str = "https://api.twilio.com";

/// One account with the carrier.
#[derive(Debug, Clone)]
pub struct Connection {
    /// The account.
    pub account_sid: AccountSid,
    /// The secret that requests are signed with, both ways; empty is none.
    pub auth_token: Private<String>,
    /// The secret that counts as well while secrets are exchanged.
    pub secondary_auth_token: Option<Private<String>>,
    /// The origin of the API, without a path.
    pub base_url: String,
    /// Where the carrier shall report what becomes of our messages; without it, it does not.
    pub status_callback_url: Option<String>,
}

impl Connection {
    /// The secrets in use: an empty one would let anybody sign.
    fn auth_tokens(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.auth_token)
            .chain(&self.secondary_auth_token)
            .map(|token| token.0.as_str())
            .filter(|token| !token.is_empty())
    }

    fn messages_path(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages.json", self.account_sid)
    }
}

/// How long a call to the carrier may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands; when it lapses the request was surely not sent.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// A connection that cannot work.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadConnection {
    /// The origin of the API.
    #[error("the carrier's base_url must be an http or https origin without path or query")]
    BaseUrl,
    /// The address for reports.
    #[error("the carrier's status_callback_url must be an http or https URL")]
    StatusCallbackUrl,
}

/// The carrier, connected with one account.
#[derive(Debug)]
pub struct Twilio {
    connection: Connection,
    timeouts: Timeouts,
    // Made on first use: functions that only receive need no trust store.
    client: OnceLock<Result<reqwest::Client, String>>,
}

impl Twilio {
    /// Connects, with the usual timeouts.
    pub fn new(connection: Connection) -> Result<Self, BadConnection> {
        Self::with_timeouts(connection, Timeouts::default())
    }

    /// Connects, with timeouts of one's own.
    pub fn with_timeouts(
        mut connection: Connection,
        timeouts: Timeouts,
    ) -> Result<Self, BadConnection> {
        let origin = web_url(&connection.base_url).ok_or(BadConnection::BaseUrl)?;
        if origin.path() != "/" || origin.query().is_some() || origin.fragment().is_some() {
            return Err(BadConnection::BaseUrl);
        }
        connection.base_url = connection.base_url.trim_end_matches('/').to_owned();
        if let Some(url) = &connection.status_callback_url {
            web_url(url).ok_or(BadConnection::StatusCallbackUrl)?;
        }
        Ok(Self { connection, timeouts, client: OnceLock::new() })
    }
}

fn web_url(text: &str) -> Option<reqwest::Url> {
    let url: reqwest::Url = text.parse().ok()?;
    (matches!(url.scheme(), "http" | "https") && url.has_host()).then_some(url)
}

impl Carrier for Twilio {
    fn name(&self) -> CarrierName {
        CarrierName::Twilio
    }

    fn verify<'a>(
        &self,
        request: RawRequest<'a>,
        _now: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        signature::verify(&request, self.connection.auth_tokens())?;
        Ok(Verified::new(self.name(), request))
    }

    fn parse(&self, verified: &Verified<'_>, now: Timestamp) -> Result<Vec<Event>, ParseError> {
        if verified.carrier() != self.name() {
            return Err(ParseError::ForeignCarrier(verified.carrier()));
        }
        webhook::parse(verified.request(), now)
    }

    /// A message is answered with TwiML that replies nothing: any plain text would be sent to the
    /// customer.
    fn acknowledge(&self, events: &[Event]) -> Reply {
        if events.iter().any(|event| matches!(event, Event::Message(_))) {
            let body = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#;
            return Reply { status: 200, content_type: Some("text/xml"), body };
        }
        Reply { status: 204, content_type: None, body: "" }
    }

    fn send<'a>(&'a self, message: &'a OutboundMessage) -> BoxFuture<'a, SendOutcome> {
        Box::pin(self.submit(message))
    }

    fn find<'a>(
        &'a self,
        message: &'a OutboundMessage,
        attempted_at: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Lookup> {
        Box::pin(self.look_up(message, attempted_at, now))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn connection() -> Connection {
        Connection {
            account_sid: "AC00000000000000000000000000000000".parse().unwrap(),
            auth_token: "first-secret".into(),
            secondary_auth_token: Some("second-secret".into()),
            base_url: "https://api.example.com/".to_owned(),
            status_callback_url: None,
        }
    }

    #[test]
    fn secrets_do_not_show_in_a_log() {
        let shown = format!("{:?}", Twilio::new(connection()).unwrap());
        assert!(shown.contains("AC0000") && !shown.contains("-secret"), "{shown}");
    }

    #[test]
    fn a_connection_that_cannot_work_is_refused_at_once() {
        for base_url in
            ["", "api.twilio.com", "ftp://a", "https://a/path", "https://a?q", "https://a#f"]
        {
            let wrong = Connection { base_url: base_url.to_owned(), ..connection() };
            assert_eq!(Twilio::new(wrong).unwrap_err(), BadConnection::BaseUrl, "{base_url}");
        }
        let wrong =
            Connection { status_callback_url: Some("/relative".to_owned()), ..connection() };
        assert_eq!(Twilio::new(wrong).unwrap_err(), BadConnection::StatusCallbackUrl);
    }
}
