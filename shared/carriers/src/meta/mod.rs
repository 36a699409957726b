//! Meta's own APIs: WhatsApp's Cloud API, Messenger and Instagram. One webhook and one signature for all three; what
//! stands in the body and what is posted differs between WhatsApp and the other two.

mod api;
mod conversation;
mod signature;
pub mod stub;
mod webhook;
mod whatsapp;

use std::collections::BTreeMap;

use http::Uri;
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::{
    CarrierName, Media, OutboundMessage, SendOutcome, Signal, Unsupported,
};
use switchboard_domain::private::Private;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::{Millis, Timestamp};

use crate::carrier::{Carrier, Event, Listed, Rejection, Reply};
use crate::parse_error::ParseError;
use crate::request::{Answer, ApiRequest, RawRequest, Verified};
use crate::settings::{BASE_URL, ConnectError, Keeping, OwnSettings};

/// Its settings: the origin of the API in place of its own two, the secrets of the app and of its webhook, the tokens
/// that we send with, and under which identifiers our numbers are registered.
pub const SETTINGS: &[&str] = &[
    BASE_URL,
    APP_SECRET,
    SECONDARY_APP_SECRET,
    VERIFY_TOKEN,
    ACCESS_TOKEN,
    SECONDARY_ACCESS_TOKEN,
    PHONE_NUMBERS,
    PAGE_TOKENS,
];

/// What a connection is kept with: an app of its own. The identifiers of numbers come with the numbers.
pub const KEEPING: Keeping = Keeping {
    plain: &[],
    secrets: &[APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN, PAGE_TOKENS],
    required: &[APP_SECRET, VERIFY_TOKEN, ACCESS_TOKEN],
    numbers: Some(PHONE_NUMBERS),
};

/// What the addresses of its customers begin with, as most of them write.
pub const PREFIX: &str = "whatsapp:";
/// What its stand-in is connected with. Its numbers are their own identifiers.
pub const STAND_IN: &[(&str, &str)] = &[
    (APP_SECRET, "stand-in-app-secret"),
    (VERIFY_TOKEN, "stand-in-verify-token"),
    (ACCESS_TOKEN, "stand-in-access-token"),
    (PHONE_NUMBERS, ANY_NUMBER),
];

const APP_SECRET: &str = "APP_SECRET";
const SECONDARY_APP_SECRET: &str = "SECONDARY_APP_SECRET";
const VERIFY_TOKEN: &str = "VERIFY_TOKEN";
const ACCESS_TOKEN: &str = "ACCESS_TOKEN";
const SECONDARY_ACCESS_TOKEN: &str = "SECONDARY_ACCESS_TOKEN";
/// `+15550783881=106540352242922,…`: numbers of WhatsApp and the identifiers under which Meta knows them.
const PHONE_NUMBERS: &str = "PHONE_NUMBERS";
/// `1234567890=EAA…,…`: tokens of pages and Instagram accounts that have their own.
const PAGE_TOKENS: &str = "PAGE_TOKENS";

/// In place of the list of numbers: the digits of each are its identifier.
const ANY_NUMBER: &str = "*";
/// The version of the API that is spoken.
const API_VERSION: &str = "v23.0";
/// Where WhatsApp's and Messenger's API is, unless the connection says otherwise.
const GRAPH_ORIGIN: &str = "https://graph.facebook.com";
/// Where Instagram's API is, likewise.
const INSTAGRAM_ORIGIN: &str = "https://graph.instagram.com";
/// Reports come within seconds; one that has not come by then does not come.
const SETTLING: Millis = Millis::seconds(300);

/// One app with Meta.
#[derive(Debug, Clone)]
struct Connection {
    /// What requests to us are signed with; the first is the present one.
    app_secrets: Vec<Private<String>>,
    /// The word by which Meta shows that it is told our address by us.
    verify_token: Option<Private<String>>,
    /// What our requests are allowed by; the first is the present one.
    access_tokens: Vec<Private<String>>,
    /// The origin of the API, where it is not Meta's.
    base_url: Option<String>,
    phone_numbers: Numbers,
    /// By page or account.
    page_tokens: BTreeMap<String, Private<String>>,
    /// Where Meta was told to post, if the settings say so.
    webhook_url: Option<String>,
}

/// The identifiers of numbers.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Numbers {
    /// Each is its own.
    Themselves,
    /// Those that are registered.
    Registered(BTreeMap<String, String>),
}

impl Connection {
    fn origin(&self, channel: ChannelType) -> &str {
        match (&self.base_url, channel) {
            (Some(origin), _) => origin,
            (None, ChannelType::Instagram) => INSTAGRAM_ORIGIN,
            (None, _) => GRAPH_ORIGIN,
        }
    }

    /// The identifier of one of our addresses; none if it is none of ours.
    fn id_of(&self, address: &Address) -> Option<String> {
        match address.channel() {
            ChannelType::Whatsapp => match &self.phone_numbers {
                Numbers::Themselves => Some(address.bare().trim_start_matches('+').to_owned()),
                Numbers::Registered(ids) => ids.get(address.bare()).cloned(),
            },
            ChannelType::Messenger | ChannelType::Instagram => Some(address.bare().to_owned()),
            _ => None,
        }
    }

    /// The values of `Authorization` with which one of our addresses sends.
    fn credentials(&self, id: &str) -> Vec<Private<String>> {
        let own = self.page_tokens.get(id);
        let all = own.into_iter().chain(&self.access_tokens);
        all.map(|token| Private(format!("Bearer {}", token.as_str()))).collect()
    }
}

/// The carrier, connected with one app.
#[derive(Debug)]
pub struct Meta {
    connection: Connection,
}

/// Connects.
///
/// # Errors
/// If a setting is not what it should be.
pub fn connect(settings: &OwnSettings<'_>) -> Result<Meta, ConnectError> {
    Ok(Meta { connection: connection(settings)? })
}

/// What the settings say.
fn connection(settings: &OwnSettings<'_>) -> Result<Connection, ConnectError> {
    let secrets = |names: [&str; 2]| {
        let given = names.into_iter().filter_map(|name| settings.get(name));
        given.filter(|secret| !secret.is_empty()).cloned().collect::<Vec<_>>()
    };
    let base_url = match settings.get(BASE_URL).map(|url| url.as_str()) {
        None | Some("") => None,
        Some(url) if is_origin(url) => Some(url.trim_end_matches('/').to_owned()),
        Some(_) => {
            let problem = "must be an http or https origin without path or query";
            return Err(settings.wrong(BASE_URL, problem));
        }
    };
    Ok(Connection {
        app_secrets: secrets([APP_SECRET, SECONDARY_APP_SECRET]),
        verify_token: settings.get(VERIFY_TOKEN).filter(|token| !token.is_empty()).cloned(),
        access_tokens: secrets([ACCESS_TOKEN, SECONDARY_ACCESS_TOKEN]),
        base_url,
        phone_numbers: phone_numbers(settings)?,
        page_tokens: page_tokens(settings)?,
        webhook_url: settings.webhook_url(),
    })
}

fn phone_numbers(settings: &OwnSettings<'_>) -> Result<Numbers, ConnectError> {
    let text = settings.get(PHONE_NUMBERS).map_or("", |text| text.as_str());
    if text.trim() == ANY_NUMBER {
        return Ok(Numbers::Themselves);
    }
    let problem = "must be + and digits, =, and the identifier, separated by commas";
    let pair = |(number, id): (&str, &str)| {
        let is_number = number.strip_prefix('+').is_some_and(is_digits);
        let known = is_number && is_digits(id);
        known.then(|| (number.to_owned(), id.to_owned()))
    };
    let pairs = pairs(text).map(|both| both.and_then(pair));
    let all = pairs.collect::<Option<_>>().ok_or_else(|| settings.wrong(PHONE_NUMBERS, problem))?;
    Ok(Numbers::Registered(all))
}

fn page_tokens(
    settings: &OwnSettings<'_>,
) -> Result<BTreeMap<String, Private<String>>, ConnectError> {
    let text = settings.get(PAGE_TOKENS).map_or("", |text| text.as_str());
    let problem = "must be the identifier of a page, =, and its token, separated by commas";
    let pair = |(page, token): (&str, &str)| {
        let known = is_digits(page) && !token.is_empty();
        known.then(|| (page.to_owned(), Private::from(token)))
    };
    let pairs = pairs(text).map(|both| both.and_then(pair));
    pairs.collect::<Option<_>>().ok_or_else(|| settings.wrong(PAGE_TOKENS, problem))
}

/// The halves of `a=b,c=d`; none for a part without `=`.
fn pairs(text: &str) -> impl Iterator<Item = Option<(&str, &str)>> {
    let parts = text.split(',').map(str::trim).filter(|part| !part.is_empty());
    parts.map(|part| part.split_once('=').map(|(one, other)| (one.trim(), other.trim())))
}

fn is_digits(text: &str) -> bool {
    !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())
}

fn is_origin(text: &str) -> bool {
    let Ok(url) = text.parse::<Uri>() else { return false };
    let has_host = url.host().is_some_and(|host| !host.is_empty());
    let is_bare = url.path_and_query().is_none_or(|rest| rest.as_str() == "/");
    matches!(url.scheme_str(), Some("http" | "https")) && has_host && is_bare && !text.contains('#')
}

/// What we ask the carrier to tell us back with its reports: our message and the number of its delivery.
fn correlation(message: MessageSid, delivery: u32) -> String {
    format!("{message}.{delivery}")
}

/// Both halves or neither: others may send by the same app, with words of their own.
fn correlated(text: &str) -> Option<(MessageSid, u32)> {
    let (message, delivery) = text.split_once('.')?;
    Some((message.parse().ok()?, delivery.parse().ok()?))
}

impl Carrier for Meta {
    fn name(&self) -> CarrierName {
        CarrierName::Meta
    }

    fn handshake(&self, request: &RawRequest<'_>) -> Option<Result<Reply, Rejection>> {
        signature::handshake(request, self.connection.verify_token.as_ref())
    }

    /// The signature has no time in it, so a replay is stopped by the identifiers of what it brings alone.
    fn verify<'a>(
        &self,
        request: RawRequest<'a>,
        _now: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        signature::verify(&request, &self.connection.app_secrets)?;
        Ok(Verified::new(self.name(), request))
    }

    fn parse(&self, verified: &Verified<'_>, now: Timestamp) -> Result<Vec<Event>, ParseError> {
        if verified.carrier() != self.name() {
            return Err(ParseError::ForeignCarrier(verified.carrier()));
        }
        let origin = self.connection.origin(ChannelType::Whatsapp);
        webhook::parse(verified.request().body, origin, now)
    }

    fn acknowledge(&self, _events: &[Event]) -> Reply {
        Reply { status: 200, content_type: Some("text/plain"), body: "EVENT_RECEIVED".into() }
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

    fn media(&self, media: &Media) -> Option<ApiRequest> {
        api::media(&self.connection, media)
    }

    fn media_url(&self, answer: &Answer) -> Option<Private<String>> {
        api::media_url(answer)
    }

    /// Files of WhatsApp are read with the token; those of Messenger and Instagram are open to whoever has the link.
    fn opens(&self, url: &str) -> Vec<Private<String>> {
        match api::is_own_place(&self.connection, url) {
            true => self.connection.credentials(""),
            false => Vec::new(),
        }
    }

    fn look_up(&self, _message: &OutboundMessage) -> Option<ApiRequest> {
        None
    }

    fn listed(
        &self,
        _answer: &Answer,
        _message: &OutboundMessage,
        _attempted_at: Timestamp,
    ) -> Result<Listed, String> {
        Err("the carrier keeps no list".to_owned())
    }

    fn settling(&self) -> Millis {
        SETTLING
    }
}

#[cfg(test)]
mod tests {
    use switchboard_domain::carriage::CarrierSettings;
    use switchboard_domain::sid::Sid as _;

    use super::*;

    fn connected(own: &[(&str, &str)]) -> Result<Meta, ConnectError> {
        let own: BTreeMap<String, Private<String>> = own
            .iter()
            .map(|(name, value)| (CarrierName::Meta.setting(name), Private::from(*value)))
            .collect();
        let auth_token = "our-own-token".into();
        let account_sid = "AC00000000000000000000000000000000".parse().unwrap();
        let all = CarrierSettings {
            account_sid,
            auth_token: &auth_token,
            public_url: "",
            own: &own,
            connection: None,
        };
        connect(&OwnSettings::new(CarrierName::Meta, SETTINGS, &all)?)
    }

    #[test]
    fn our_own_token_is_never_given_to_the_carrier() {
        let bare = connected(&[]).unwrap().connection;
        assert!(bare.app_secrets.is_empty() && bare.credentials("1").is_empty());
        assert_eq!(bare.verify_token, None);
    }

    #[test]
    fn secrets_do_not_show_in_a_log() {
        let secrets = [
            (APP_SECRET, "a-secret"),
            (VERIFY_TOKEN, "b-secret"),
            (ACCESS_TOKEN, "c-secret"),
            (PAGE_TOKENS, "12=d-secret"),
        ];
        let shown = format!("{:?}", connected(&secrets).unwrap());
        assert!(!shown.contains("-secret"), "{shown}");
    }

    #[test]
    fn settings_that_cannot_work_are_refused_by_their_name() {
        for (name, value) in [
            (PHONE_NUMBERS, "15550783881=1"),
            (PHONE_NUMBERS, "+15550783881"),
            (PHONE_NUMBERS, "+15550783881=x"),
            (PAGE_TOKENS, "page=token"),
            (PAGE_TOKENS, "1="),
            (BASE_URL, "graph.facebook.com"),
            (BASE_URL, "https://graph.facebook.com/v23.0"),
        ] {
            let refused = connected(&[(name, value)]).unwrap_err().to_string();
            assert!(refused.contains(&format!("META_{name} must")), "{refused}");
        }
    }

    #[test]
    fn a_number_is_known_by_its_identifier_and_a_page_by_its_own_token() {
        let settings = [
            (PHONE_NUMBERS, "+15550783881 = 106540352242922, +15550783882=7"),
            (ACCESS_TOKEN, "all"),
            (SECONDARY_ACCESS_TOKEN, "old"),
            (PAGE_TOKENS, "12=own"),
        ];
        let ours = connected(&settings).unwrap().connection;
        let id = |address: &str| ours.id_of(&address.parse().unwrap());
        assert_eq!(id("whatsapp:+15550783881").as_deref(), Some("106540352242922"));
        assert_eq!(id("whatsapp:+15550783883"), None);
        assert_eq!(id("messenger:12").as_deref(), Some("12"));
        assert_eq!(id("+15550783881"), None);
        let tokens = |id| ours.credentials(id).into_iter().map(|it| it.0).collect::<Vec<_>>();
        assert_eq!(tokens("12"), ["Bearer own", "Bearer all", "Bearer old"]);
        assert_eq!(tokens("7"), ["Bearer all", "Bearer old"]);
        assert_eq!(ours.origin(ChannelType::Instagram), INSTAGRAM_ORIGIN);
        assert_eq!(ours.origin(ChannelType::Whatsapp), GRAPH_ORIGIN);
        let elsewhere = connected(&[(BASE_URL, "http://127.0.0.1:9/")]).unwrap().connection;
        assert_eq!(elsewhere.origin(ChannelType::Instagram), "http://127.0.0.1:9");
    }

    #[test]
    fn what_is_told_back_is_read_back_and_nothing_else() {
        let message = MessageSid::derived(&["m"]);
        assert_eq!(correlated(&correlation(message, 7)), Some((message, 7)));
        for other in ["", "some data", "IM1.2", &message.to_string(), &format!("{message}.x")] {
            assert_eq!(correlated(other), None, "{other}");
        }
    }
}
