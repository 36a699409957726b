//! Configuration: the environment, read once at start, into types.

use std::collections::BTreeMap;

use switchboard_domain::carriage::CarrierSettings;
use switchboard_domain::effect::QueueName;
use switchboard_domain::ice::IceServers;
use switchboard_domain::media::Link;
use switchboard_domain::message::{RateCards, SpendCaps};
use switchboard_domain::pace::RateLimits;
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;
use switchboard_store::TableNames;

/// What a function is configured with. Names and URLs that it does not use are not set.
#[derive(Debug, Clone)]
pub struct Config {
    /// `ACCOUNT_SID`.
    pub account_sid: AccountSid,
    /// `AUTH_TOKEN`: the account's password, and what our own webhooks are signed with.
    pub auth_token: Private<String>,
    /// `PUBLIC_URL`: where the world reaches us, without a slash at the end.
    pub public_url: String,
    /// `TABLE_…`.
    pub tables: TableNames,
    /// `QUEUE_…`: URLs.
    pub queues: BTreeMap<QueueName, String>,
    /// `WEBHOOK_ORIGIN`: where carriers reach us, if that is not `PUBLIC_URL`; without a slash at the end.
    pub webhook_origin: Option<String>,
    /// `SECRETS_KEY`: the key that seals the secrets of connections to carriers.
    pub secrets_key: Option<String>,
    /// `MEDIA_BUCKET`: the bucket of files.
    pub media_bucket: Option<String>,
    /// `MEDIA_URL`: where the world reads files, if that is not `PUBLIC_URL`; without a slash at the end.
    pub media_url: Option<String>,
    /// `MEDIA_SCAN_URL`: who is asked about every file before it is kept.
    pub media_scan_url: Option<String>,
    /// `MEDIA_WHOLE`: whether a file of any size is answered whole, because nobody outside reaches the bucket; the laptop's.
    pub media_whole: bool,
    /// `ALLOW_LOOPBACK_WEBHOOKS`: whether customers' webhooks may be on this machine; never in the cloud.
    pub allow_loopback_webhooks: bool,
    /// `RATE_CARDS`: what carriers charge, where they do not tell it.
    pub rate_cards: RateCards,
    /// `SPEND_CAPS`: what a day may cost at most, by the rate cards.
    pub spend_caps: SpendCaps,
    /// `RATE_LIMITS`: how often what may be done by REST.
    pub rate_limits: RateLimits,
    /// `ICE_SERVERS`: by which servers browsers find a way to each other.
    pub ice_servers: IceServers,
    /// `CARRIER_…`, by name without that prefix, and the members of `CARRIERS`, which count where both name one.
    pub carriers: BTreeMap<String, Private<String>>,
}

/// A variable is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: &'static str,
}

const QUEUES: [(QueueName, &str); 8] = [
    (QueueName::Inbound, "QUEUE_INBOUND"),
    (QueueName::Invites, "QUEUE_INVITES"),
    (QueueName::Routing, "QUEUE_ROUTING"),
    (QueueName::Outbound, "QUEUE_OUTBOUND"),
    (QueueName::Receipts, "QUEUE_RECEIPTS"),
    (QueueName::Webhooks, "QUEUE_WEBHOOKS"),
    (QueueName::Media, "QUEUE_MEDIA"),
    (QueueName::Timers, "QUEUE_TIMERS"),
];

/// What the names of carriers' settings begin with.
const CARRIER: &str = "CARRIER_";

/// The environment of this process; what is no text is left out.
pub(crate) fn environment() -> BTreeMap<String, String> {
    let all = std::env::vars_os();
    all.filter_map(|(name, value)| Some((name.into_string().ok()?, value.into_string().ok()?)))
        .collect()
}

/// Settings of carriers that stand together in one variable: a template cannot name those of every carrier.
fn together(text: Option<&str>) -> Result<BTreeMap<String, Private<String>>, ConfigError> {
    let problem = "must be a JSON object of texts: settings of carriers by name";
    let settings = text.map(serde_json::from_str).transpose();
    let settings: Option<BTreeMap<String, String>> =
        settings.map_err(|_| ConfigError { name: "CARRIERS", problem })?;
    Ok(settings
        .unwrap_or_default()
        .into_iter()
        .map(|(name, value)| (name, Private(value)))
        .collect())
}

fn rate_cards(text: Option<&str>) -> Result<RateCards, ConfigError> {
    let problem = "must be a list of rate cards as JSON";
    let cards = text.map(RateCards::parse).transpose();
    let cards = cards.map_err(|error| {
        tracing::error!("RATE_CARDS: {error}");
        ConfigError { name: "RATE_CARDS", problem }
    })?;
    Ok(cards.unwrap_or_default())
}

fn spend_caps(text: Option<&str>) -> Result<SpendCaps, ConfigError> {
    let problem = "must be a JSON object: an amount as text for each currency";
    let caps = text.map(SpendCaps::parse).transpose();
    let caps = caps.map_err(|error| {
        tracing::error!("SPEND_CAPS: {error}");
        ConfigError { name: "SPEND_CAPS", problem }
    })?;
    Ok(caps.unwrap_or_default())
}

fn rate_limits(text: Option<&str>) -> Result<RateLimits, ConfigError> {
    let problem =
        "must be a JSON object: a number for each of conversation, service, interactions, identity";
    let limits = text.map(RateLimits::parse).transpose();
    let limits = limits.map_err(|error| {
        tracing::error!("RATE_LIMITS: {error}");
        ConfigError { name: "RATE_LIMITS", problem }
    })?;
    Ok(limits.unwrap_or_default())
}

fn ice_servers(text: Option<&str>) -> Result<IceServers, ConfigError> {
    let problem = "must be a JSON object: urls, a list of STUN and TURN servers, and the secret of the latter";
    let servers = text.map(IceServers::parse).transpose();
    let servers = servers.map_err(|error| {
        tracing::error!("ICE_SERVERS: {error}");
        ConfigError { name: "ICE_SERVERS", problem }
    })?;
    Ok(servers.unwrap_or_default())
}

impl Config {
    /// Reads variables from anywhere; an empty one counts as not set.
    pub fn read(variables: &BTreeMap<String, String>) -> Result<Self, ConfigError> {
        let variable = |name: &str| variables.get(name).filter(|value| !value.is_empty()).cloned();
        let account = variable("ACCOUNT_SID")
            .ok_or(ConfigError { name: "ACCOUNT_SID", problem: "is not set" })?;
        let account_sid = account.parse().map_err(|_| ConfigError {
            name: "ACCOUNT_SID",
            problem: "must be AC and 32 hexadecimal digits",
        })?;
        let queues = QUEUES.iter().filter_map(|(queue, name)| Some((*queue, variable(name)?)));
        let set = variables.iter().filter(|(_, value)| !value.is_empty());
        let carriers = set.filter_map(|(name, value)| {
            Some((name.strip_prefix(CARRIER)?.to_owned(), Private(value.clone())))
        });
        let mut carriers: BTreeMap<String, Private<String>> = carriers.collect();
        carriers.extend(together(variable("CARRIERS").as_deref())?);
        Ok(Self {
            account_sid,
            auth_token: Private(variable("AUTH_TOKEN").unwrap_or_default()),
            public_url: variable("PUBLIC_URL").unwrap_or_default().trim_end_matches('/').to_owned(),
            tables: TableNames {
                conversations: variable("TABLE_CONVERSATIONS"),
                interactions: variable("TABLE_INTERACTIONS"),
                routing: variable("TABLE_ROUTING"),
                configuration: variable("TABLE_CONFIGURATION"),
                events: variable("TABLE_EVENTS"),
            },
            queues: queues.collect(),
            webhook_origin: variable("WEBHOOK_ORIGIN")
                .map(|it| it.trim_end_matches('/').to_owned()),
            secrets_key: variable("SECRETS_KEY"),
            media_bucket: variable("MEDIA_BUCKET"),
            media_url: variable("MEDIA_URL").map(|it| it.trim_end_matches('/').to_owned()),
            media_scan_url: variable("MEDIA_SCAN_URL").filter(|url| url != "none"),
            media_whole: variable("MEDIA_WHOLE").as_deref() == Some("true"),
            allow_loopback_webhooks: variable("ALLOW_LOOPBACK_WEBHOOKS").as_deref() == Some("true"),
            rate_cards: rate_cards(variable("RATE_CARDS").as_deref())?,
            spend_caps: spend_caps(variable("SPEND_CAPS").as_deref())?,
            rate_limits: rate_limits(variable("RATE_LIMITS").as_deref())?,
            ice_servers: ice_servers(variable("ICE_SERVERS").as_deref())?,
            carriers,
        })
    }

    /// What makes temporary addresses of files.
    pub fn media_link(&self) -> Link<'_> {
        let (account, secret) = (self.account_sid, &self.auth_token);
        let public_url = self.media_url.as_deref().unwrap_or(&self.public_url);
        Link { public_url, account, secret }
    }

    /// What the carriers are connected with.
    pub fn carrier_settings(&self) -> CarrierSettings<'_> {
        CarrierSettings {
            account_sid: self.account_sid,
            auth_token: &self.auth_token,
            public_url: &self.public_url,
            own: &self.carriers,
            connection: None,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(variables: &[(&str, &str)]) -> Result<Config, ConfigError> {
        let variables = variables.iter();
        let owned = variables.map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        Config::read(&owned.collect())
    }

    const ACCOUNT: (&str, &str) = ("ACCOUNT_SID", "AC00000000000000000000000000000001");

    #[test]
    fn a_function_is_told_only_what_it_uses() {
        let config = read(&[
            ACCOUNT,
            ("QUEUE_ROUTING", "https://queue"),
            ("PUBLIC_URL", "https://example.com/"),
            ("TABLE_EVENTS", ""),
        ]);
        let config = config.unwrap();
        assert_eq!(config.queues.len(), 1);
        assert_eq!(config.public_url, "https://example.com");
        assert!(config.tables.routing.is_none() && config.tables.events.is_none());
    }

    #[test]
    fn settings_of_carriers_may_stand_together_and_never_show() {
        let own = r#"{"ACME_TOKEN":"new-secret","ACME_KEY":"k"}"#;
        let config = read(&[ACCOUNT, ("CARRIER_ACME_TOKEN", "old"), ("CARRIERS", own)]).unwrap();
        let settings: Vec<_> =
            config.carriers.iter().map(|(name, it)| (name.as_str(), it.as_str())).collect();
        assert_eq!(settings, [("ACME_KEY", "k"), ("ACME_TOKEN", "new-secret")]);
        assert!(read(&[ACCOUNT, ("CARRIERS", "{}")]).unwrap().carriers.is_empty());
        for wrong in ["secret", "[]", r#"{"ACME_TOKEN":7}"#] {
            let refused = read(&[ACCOUNT, ("CARRIERS", wrong)]).unwrap_err().to_string();
            assert!(refused.starts_with("environment variable CARRIERS must"), "{refused}");
            assert!(!refused.contains("secret"), "{refused}");
        }
    }

    #[test]
    fn rate_cards_are_read_or_refused_by_their_name() {
        assert_eq!(read(&[ACCOUNT]).unwrap().rate_cards, RateCards::default());
        let card = r#"[{"since":"2026-10-01","currency":"USD","rates":[]}]"#;
        assert_ne!(
            read(&[ACCOUNT, ("RATE_CARDS", card)]).unwrap().rate_cards,
            RateCards::default()
        );
        let refused = read(&[ACCOUNT, ("RATE_CARDS", "0.0034")]).unwrap_err().to_string();
        assert!(refused.starts_with("environment variable RATE_CARDS must"), "{refused}");
    }

    #[test]
    fn limits_are_off_without_a_number_and_refused_by_their_name() {
        let limits = |text: &str| read(&[ACCOUNT, ("RATE_LIMITS", text)]).map(|it| it.rate_limits);
        assert_eq!(read(&[ACCOUNT]).unwrap().rate_limits, RateLimits::default());
        assert!(limits(r#"{"conversation":30}"#).unwrap().conversation().is_some());
        let refused = limits("30").unwrap_err().to_string();
        assert!(refused.starts_with("environment variable RATE_LIMITS must"), "{refused}");
    }

    #[test]
    fn ice_servers_are_read_or_refused_by_their_name_and_never_show_their_secret() {
        let read = |text: &str| read(&[ACCOUNT, ("ICE_SERVERS", text)]);
        assert_eq!(read("").unwrap().ice_servers, IceServers::default());
        assert_eq!(read("{}").unwrap().ice_servers, IceServers::default());
        let config = read(r#"{"urls":["turn:a:3478"],"secret":"the-secret"}"#).unwrap();
        assert_eq!(config.ice_servers.all().collect::<Vec<_>>(), [("turn:a:3478", true)]);
        assert!(!format!("{config:?}").contains("the-secret"));
        let refused = read(r#"{"urls":"the-secret"}"#).unwrap_err().to_string();
        assert!(refused.starts_with("environment variable ICE_SERVERS must"), "{refused}");
        assert!(!refused.contains("the-secret"), "{refused}");
    }

    #[test]
    fn every_setting_of_a_carrier_is_taken_without_knowing_the_carrier() {
        let config = read(&[
            ACCOUNT,
            ("CARRIER_ACME_TOKEN", "secret"),
            ("CARRIER_ACME_URL", ""),
            ("ACME_TOKEN", "other"),
        ]);
        let config = config.unwrap();
        let settings = config.carrier_settings();
        let own: Vec<(&str, &str)> =
            settings.own.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        assert_eq!(own, [("ACME_TOKEN", "secret")]);
    }

    #[test]
    fn a_missing_or_wrong_account_is_named() {
        for variables in [&[][..], &[("ACCOUNT_SID", "")], &[("ACCOUNT_SID", "ACME")]] {
            assert!(read(variables).unwrap_err().to_string().contains("ACCOUNT_SID"));
        }
    }
}
