//! Twilio Programmable Messaging: text messages, WhatsApp, Messenger and RCS through one form of
//! webhook and one endpoint (rule E).

mod api;
mod signature;
pub mod stub;
mod webhook;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{Method, Uri};
use switchboard_domain::carriage::{
    CarrierName, OutboundMessage, SendOutcome, Signal, Unsupported,
};
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::carrier::{Carrier, Event, Listed, Rejection, Reply};
use crate::form::{Pair, Parameters};
use crate::form_signature::Algorithm;
use crate::parse_error::ParseError;
use crate::request::{Answer, ApiRequest, RawRequest, Verified};
use crate::settings::{BASE_URL, ConnectError, Keeping, OwnSettings};

/// Its settings: the origin of the API, and account and secrets where they are not our own.
pub const SETTINGS: &[&str] =
    &[BASE_URL, ACCOUNT_SID, AUTH_TOKEN, SECONDARY_AUTH_TOKEN, SHARED_KEYS];

/// What a connection is kept with: an account of its own.
pub const KEEPING: Keeping = Keeping {
    plain: &[ACCOUNT_SID],
    secrets: &[AUTH_TOKEN, SHARED_KEYS],
    required: &[ACCOUNT_SID, AUTH_TOKEN],
    numbers: None,
};

/// What the addresses of its customers begin with, as most of them write.
pub const PREFIX: &str = "";
/// What its stand-in is connected with: our own account and token.
pub const STAND_IN: &[(&str, &str)] = &[];

const ACCOUNT_SID: &str = "ACCOUNT_SID";
const AUTH_TOKEN: &str = "AUTH_TOKEN";
const SECONDARY_AUTH_TOKEN: &str = "SECONDARY_AUTH_TOKEN";
/// `key-id=HMAC_SHA256:secret,…`: keys that webhooks are signed with in place of the token.
const SHARED_KEYS: &str = "SHARED_KEYS";

/// Where the carrier's API is, unless the connection says otherwise.
const API_ORIGIN: &str = "https://api.twilio.com";

/// What the hosts of its products end with.
const DOMAIN: &str = "twilio.com";
/// The path of signs that somebody types, below the messaging product.
const TYPING_PATH: &str = "/v2/Indicators/Typing.json";
/// The only channel that it has them for.
const TYPING_CHANNEL: &str = "whatsapp";

/// One account with the carrier.
#[derive(Debug, Clone)]
struct Connection {
    account_sid: AccountSid,
    /// The secret that requests are signed with, both ways; empty is none.
    auth_token: Private<String>,
    /// The secret that counts as well while secrets are exchanged.
    secondary_auth_token: Option<Private<String>>,
    /// Keys that webhooks may be signed with, each by its own algorithm.
    shared_keys: Vec<SharedKey>,
    /// The origin of the API, without a path.
    base_url: String,
    /// Where the carrier shall report what becomes of our messages; without it, it does not.
    status_callback_url: Option<String>,
}

/// A secret that webhooks are signed with in place of the token, and nothing else is.
#[derive(Debug, Clone)]
struct SharedKey {
    /// By which name a request says that it is signed with it.
    id: String,
    /// The only algorithm that it is for.
    algorithm: Algorithm,
    secret: Private<String>,
}

impl Connection {
    /// The secrets in use: an empty one would let any caller sign.
    fn auth_tokens(&self) -> impl Iterator<Item = &str> {
        std::iter::once(&self.auth_token)
            .chain(&self.secondary_auth_token)
            .map(|token| token.0.as_str())
            .filter(|token| !token.is_empty())
    }

    /// The values of `Authorization` that the carrier knows.
    fn credentials(&self) -> impl Iterator<Item = String> {
        self.auth_tokens().map(|token| {
            let user = STANDARD.encode(format!("{}:{token}", self.account_sid));
            format!("Basic {user}")
        })
    }

    /// Where its messaging product is: at a host beside the API's, in the same region. Another origin than the carrier's, a
    /// gateway or a stand-in, has everything.
    fn messaging_origin(&self) -> String {
        let rest = self.base_url.strip_prefix("https://api.");
        match rest.filter(|rest| *rest == DOMAIN || rest.ends_with(&format!(".{DOMAIN}"))) {
            Some(rest) => format!("https://messaging.{rest}"),
            None => self.base_url.clone(),
        }
    }

    fn messages_path(&self) -> String {
        format!("/2010-04-01/Accounts/{}/Messages.json", self.account_sid)
    }
}

/// The carrier, connected with one account.
#[derive(Debug)]
pub struct Twilio {
    connection: Connection,
}

/// Connects.
///
/// # Errors
/// If a setting is not what it should be.
pub fn connect(settings: &OwnSettings<'_>) -> Result<Twilio, ConnectError> {
    Ok(Twilio { connection: connection(settings)? })
}

/// What the settings say.
fn connection(settings: &OwnSettings<'_>) -> Result<Connection, ConnectError> {
    let account_sid = match settings.get(ACCOUNT_SID) {
        Some(text) => text
            .parse()
            .map_err(|_| settings.wrong(ACCOUNT_SID, "must be AC and 32 hexadecimal digits"))?,
        None => settings.account_sid(),
    };
    let base_url = settings.get(BASE_URL).map_or(API_ORIGIN, |url| url.as_str());
    let origin = web_url(base_url)
        .filter(|url| url.path_and_query().is_none_or(|rest| rest.as_str() == "/"))
        .filter(|_| !base_url.contains('#'));
    if origin.is_none() {
        let problem = "must be an http or https origin without path or query";
        return Err(settings.wrong(BASE_URL, problem));
    }
    let status_callback_url = settings.webhook_url();
    if status_callback_url.as_deref().is_some_and(|url| web_url(url).is_none()) {
        return Err(ConnectError::Setting {
            name: "PUBLIC_URL".to_owned(),
            problem: "must be an http or https URL",
        });
    }
    Ok(Connection {
        account_sid,
        auth_token: settings.get(AUTH_TOKEN).unwrap_or_else(|| settings.auth_token()).clone(),
        secondary_auth_token: settings.get(SECONDARY_AUTH_TOKEN).cloned(),
        shared_keys: shared_keys(settings)?,
        base_url: base_url.trim_end_matches('/').to_owned(),
        status_callback_url,
    })
}

fn shared_keys(settings: &OwnSettings<'_>) -> Result<Vec<SharedKey>, ConnectError> {
    let text = settings.get(SHARED_KEYS).map_or("", |text| text.as_str());
    let key = |part: &str| {
        let (id, rest) = part.split_once('=')?;
        let (algorithm, secret) = rest.split_once(':')?;
        let (id, secret) = (id.trim().to_owned(), secret.trim());
        let algorithm = Algorithm::parse(algorithm.trim())?;
        let is_whole = !id.is_empty() && !secret.is_empty();
        is_whole.then(|| SharedKey { id, algorithm, secret: secret.into() })
    };
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    let problem =
        "must be key identifier, =, HMAC_SHA256 or HMAC_SHA1, : and secret, separated by commas";
    parts.map(key).collect::<Option<_>>().ok_or_else(|| settings.wrong(SHARED_KEYS, problem))
}

fn web_url(text: &str) -> Option<Uri> {
    let url: Uri = text.parse().ok()?;
    let has_host = url.host().is_some_and(|host| !host.is_empty());
    (matches!(url.scheme_str(), Some("http" | "https")) && has_host).then_some(url)
}

/// A request whose signature covers these parameters: of a form that is posted, all there are.
fn verified<'a>(request: RawRequest<'a>, signed: Vec<Pair<'a>>) -> Verified<'a> {
    let verified = Verified::new(CarrierName::Twilio, request);
    let is_form = *request.method == Method::POST && request.is_form();
    if is_form { verified.with_form(Parameters::by_name(signed)) } else { verified }
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
        let Connection { shared_keys, .. } = &self.connection;
        let signed = signature::verify(&request, self.connection.auth_tokens(), shared_keys)?;
        Ok(verified(request, signed))
    }

    fn parse(&self, verified: &Verified<'_>, now: Timestamp) -> Result<Vec<Event>, ParseError> {
        if verified.carrier() != self.name() {
            return Err(ParseError::ForeignCarrier(verified.carrier()));
        }
        webhook::parse(verified, self.connection.account_sid, now)
    }

    /// A message is answered with TwiML that replies nothing: any plain text would be sent to the
    /// customer.
    fn acknowledge(&self, events: &[Event]) -> Reply {
        let may_reply = |event: &Event| matches!(event, Event::Message(_) | Event::Unreadable(_));
        if events.iter().any(may_reply) {
            let body = r#"<?xml version="1.0" encoding="UTF-8"?><Response/>"#.into();
            return Reply { status: 200, content_type: Some("text/xml"), body };
        }
        Reply { status: 204, content_type: None, body: "".into() }
    }

    fn build(&self, message: &OutboundMessage) -> Result<ApiRequest, Unsupported> {
        api::build(&self.connection, message)
    }

    fn outcome(&self, answer: &Answer) -> SendOutcome {
        api::outcome(answer)
    }

    fn signal(&self, signal: &Signal) -> Option<ApiRequest> {
        api::signal(&self.connection, signal)
    }

    /// Files are at the API's own host; from there a redirect leads to a storage that needs no secret.
    fn opens(&self, url: &str) -> Vec<Private<String>> {
        let path = url.strip_prefix(self.connection.base_url.as_str());
        match path.is_some_and(|path| path.starts_with('/')) {
            true => self.connection.credentials().map(Private).collect(),
            false => Vec::new(),
        }
    }

    fn look_up(&self, message: &OutboundMessage) -> Option<ApiRequest> {
        Some(api::look_up(&self.connection, message))
    }

    fn listed(
        &self,
        answer: &Answer,
        message: &OutboundMessage,
        attempted_at: Timestamp,
    ) -> Result<Listed, String> {
        api::listed(&self.connection, answer, message, attempted_at)
    }

    fn settling(&self) -> Millis {
        api::SETTLING
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use switchboard_domain::carriage::CarrierSettings;

    use super::*;

    const ACCOUNT: &str = "AC00000000000000000000000000000000";

    fn connected(public_url: &str, own: &[(&str, &str)]) -> Result<Twilio, ConnectError> {
        let own: BTreeMap<String, Private<String>> = own
            .iter()
            .map(|(name, value)| (CarrierName::Twilio.setting(name), Private::from(*value)))
            .collect();
        let auth_token = "first-secret".into();
        let account_sid = ACCOUNT.parse().unwrap();
        let all = CarrierSettings {
            account_sid,
            auth_token: &auth_token,
            public_url,
            own: &own,
            connection: None,
        };
        connect(&OwnSettings::new(CarrierName::Twilio, SETTINGS, &all)?)
    }

    #[test]
    fn secrets_do_not_show_in_a_log() {
        let secrets = [
            (AUTH_TOKEN, "a-secret"),
            (SECONDARY_AUTH_TOKEN, "second-secret"),
            (SHARED_KEYS, "k=HMAC_SHA256:third-secret"),
        ];
        let shown = format!("{:?}", connected("", &secrets).unwrap());
        assert!(shown.contains("AC0000") && !shown.contains("-secret"), "{shown}");
    }

    #[test]
    fn settings_that_are_not_set_are_our_own() {
        let ours = connected("https://hooks.example.com", &[]).unwrap().connection;
        assert_eq!(ours.account_sid.to_string(), ACCOUNT);
        assert_eq!(ours.auth_tokens().collect::<Vec<_>>(), ["first-secret"]);
        assert_eq!(ours.base_url, API_ORIGIN);
        let reports = ours.status_callback_url.as_deref();
        assert_eq!(reports, Some("https://hooks.example.com/webhooks/twilio"));
        assert_eq!(connected("", &[]).unwrap().connection.status_callback_url, None);
    }

    #[test]
    fn the_messaging_product_is_beside_the_api_and_a_gateways_own_is_at_the_gateway() {
        for (base_url, origin) in [
            ("https://api.twilio.com", "https://messaging.twilio.com"),
            ("https://api.dublin.ie1.twilio.com", "https://messaging.dublin.ie1.twilio.com"),
            ("https://api.example.com", "https://api.example.com"),
            ("https://api.nottwilio.com", "https://api.nottwilio.com"),
            ("http://127.0.0.1:9", "http://127.0.0.1:9"),
        ] {
            let connection = connected("", &[(BASE_URL, base_url)]).unwrap().connection;
            assert_eq!(connection.messaging_origin(), origin);
        }
    }

    #[test]
    fn a_connection_that_cannot_work_is_refused_at_once() {
        for base_url in
            ["api.twilio.com", "ftp://a", "https://a/path", "https://a?q", "https://a/#f", "/"]
        {
            let refused = connected("", &[(BASE_URL, base_url)]).unwrap_err().to_string();
            assert!(refused.starts_with("the carrier setting TWILIO_BASE_URL"), "{base_url}");
        }
        assert!(connected("", &[(BASE_URL, "https://api.example.com/")]).is_ok());
        for keys in ["key", "key=secret", "key=MD5:secret", "=HMAC_SHA256:x", "k=HMAC_SHA256:"] {
            let refused = connected("", &[(SHARED_KEYS, keys)]).unwrap_err().to_string();
            assert!(refused.starts_with("the carrier setting TWILIO_SHARED_KEYS"), "{keys}");
        }
        let keys = "a=HMAC_SHA256:s1, b = hmac_sha1 : s:2";
        let keys = connected("", &[(SHARED_KEYS, keys)]).unwrap().connection.shared_keys;
        let keys = keys.iter().map(|key| (key.id.as_str(), key.algorithm, key.secret.as_str()));
        let expected = [("a", Algorithm::Sha256, "s1"), ("b", Algorithm::Sha1, "s:2")];
        assert_eq!(keys.collect::<Vec<_>>(), expected);
        let refused = connected("", &[(ACCOUNT_SID, "ACME")]).unwrap_err().to_string();
        assert!(refused.contains("TWILIO_ACCOUNT_SID"), "{refused}");
        let refused = connected("/relative", &[]).unwrap_err().to_string();
        assert!(refused.contains("PUBLIC_URL"), "{refused}");
    }
}
