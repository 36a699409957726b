//! Configuration: the environment, read once at start, into types.

use std::collections::BTreeMap;

use switchboard_domain::effect::QueueName;
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
    /// `ALLOW_LOOPBACK_WEBHOOKS`: whether customers' webhooks may be on this machine; never in the cloud.
    pub allow_loopback_webhooks: bool,
    /// `CARRIER_…`, by name without that prefix.
    pub carriers: BTreeMap<String, Private<String>>,
}

/// A variable is missing or wrong.
#[derive(Debug, thiserror::Error)]
#[error("environment variable {name} {problem}")]
pub struct ConfigError {
    name: &'static str,
    problem: &'static str,
}

const QUEUES: [(QueueName, &str); 7] = [
    (QueueName::Inbound, "QUEUE_INBOUND"),
    (QueueName::Invites, "QUEUE_INVITES"),
    (QueueName::Routing, "QUEUE_ROUTING"),
    (QueueName::Outbound, "QUEUE_OUTBOUND"),
    (QueueName::Receipts, "QUEUE_RECEIPTS"),
    (QueueName::Webhooks, "QUEUE_WEBHOOKS"),
    (QueueName::Timers, "QUEUE_TIMERS"),
];

const CARRIER: [&str; 4] =
    ["TWILIO_BASE_URL", "TWILIO_ACCOUNT_SID", "TWILIO_AUTH_TOKEN", "TWILIO_SECONDARY_AUTH_TOKEN"];

impl Config {
    /// Reads the environment of this process.
    pub fn from_env() -> Result<Self, ConfigError> {
        Self::read(|name| std::env::var(name).ok())
    }

    /// Reads variables from anywhere.
    pub fn read(variable: impl Fn(&str) -> Option<String>) -> Result<Self, ConfigError> {
        let variable = |name: &str| variable(name).filter(|value| !value.is_empty());
        let account = variable("ACCOUNT_SID")
            .ok_or(ConfigError { name: "ACCOUNT_SID", problem: "is not set" })?;
        let account_sid = account.parse().map_err(|_| ConfigError {
            name: "ACCOUNT_SID",
            problem: "must be AC and 32 hexadecimal digits",
        })?;
        let queues = QUEUES.iter().filter_map(|(queue, name)| Some((*queue, variable(name)?)));
        let carriers = CARRIER.iter().filter_map(|name| {
            Some(((*name).to_owned(), Private(variable(&format!("CARRIER_{name}"))?)))
        });
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
            allow_loopback_webhooks: variable("ALLOW_LOOPBACK_WEBHOOKS").as_deref() == Some("true"),
            carriers: carriers.collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_function_is_told_only_what_it_uses() {
        let config = Config::read(|name| match name {
            "ACCOUNT_SID" => Some("AC00000000000000000000000000000001".to_owned()),
            "QUEUE_ROUTING" => Some("https://queue".to_owned()),
            "PUBLIC_URL" => Some("https://example.com/".to_owned()),
            _ => None,
        })
        .unwrap();
        assert_eq!(config.queues.len(), 1);
        assert_eq!(config.public_url, "https://example.com");
        assert!(config.tables.routing.is_none());
    }

    #[test]
    fn a_missing_account_is_named() {
        assert!(Config::read(|_| None).unwrap_err().to_string().contains("ACCOUNT_SID"));
    }

    #[test]
    fn a_wrong_account_is_named() {
        let wrong = Config::read(|name| (name == "ACCOUNT_SID").then(|| "ACME".to_owned()));
        assert!(wrong.unwrap_err().to_string().contains("ACCOUNT_SID"));
    }
}
