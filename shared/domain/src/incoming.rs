//! Who hears of a customer's message that no conversation wants (rules E.1, E.4).
//!
//! ```text
//!  in an open conversation ──▶ nobody here: its own webhooks are told
//!  to an address that opens one ──▶ likewise
//!  to a number in a pool ──▶ the service's URL, then its fallback; or the number's own, if the service says so
//!  to any other number ──▶ the number's URL, then its fallback
//! ```

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::configuration::MessagingService;
use crate::sender::OwnSender;

/// An URL that is told of a message, and how.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Listener {
    /// Where.
    pub url: String,
    /// `GET` or `POST`.
    pub method: String,
}

/// Who is told of a message, and who instead where that fails.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Listeners {
    /// Who is told.
    pub main: Option<Listener>,
    /// Who is told if that one cannot be reached, or says what cannot be read.
    pub fallback: Option<Listener>,
}

/// The settings of a resource, by the names of their parameters.
pub(crate) fn settings(text: Option<&str>) -> Value {
    text.and_then(|text| serde_json::from_str(text).ok()).unwrap_or_default()
}

/// Who a setting names, and by what method.
pub(crate) fn listener(settings: &Value, url: &str, method: &str) -> Option<Listener> {
    let url = settings[url].as_str().filter(|url| !url.is_empty())?.to_owned();
    let method = settings[method].as_str().unwrap_or("POST").to_ascii_uppercase();
    Some(Listener { url, method })
}

impl Listeners {
    /// Those whom the settings of a number or a short code name.
    pub fn of_number(own: Option<&str>) -> Self {
        let own = settings(own);
        Self {
            main: listener(&own, "SmsUrl", "SmsMethod"),
            fallback: listener(&own, "SmsFallbackUrl", "SmsFallbackMethod"),
        }
    }

    /// Those whom the settings of a sender on a channel name.
    pub fn of_channel(own: Option<&str>) -> Self {
        let own = &settings(own)["webhook"];
        Self {
            main: listener(own, "callback_url", "callback_method"),
            fallback: listener(own, "fallback_url", "fallback_method"),
        }
    }

    /// Who is told of a message to a sender, which may be in the pool of a service.
    pub fn of(own: &OwnSender, service: Option<&MessagingService>) -> Self {
        let pool = service.map(|service| settings(service.settings.as_deref()));
        match pool.filter(|pool| pool["UseInboundWebhookOnNumber"] != Value::Bool(true)) {
            Some(pool) => Self {
                main: listener(&pool, "InboundRequestUrl", "InboundMethod"),
                fallback: listener(&pool, "FallbackUrl", "FallbackMethod"),
            },
            None => own.listeners.clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::Address;
    use crate::carriage::CarrierName;
    use crate::configuration::PhoneNumber;
    use crate::sender::{ChannelSender, ShortCode};
    use crate::timestamp::Timestamp;
    use crate::version::Version;
    use serde_json::json;

    const NOW: Timestamp = Timestamp(1_800_000_000_000);

    fn number(settings: Value) -> PhoneNumber {
        let number: Address = "+18005550199".parse().unwrap();
        PhoneNumber {
            sid: PhoneNumber::sid_of(&number),
            number,
            friendly_name: String::new(),
            carrier: CarrierName::default(),
            campaign: None,
            messaging_service: None,
            settings: Some(settings.to_string()),
            created: NOW,
            updated: NOW,
            version: Version::NEW,
        }
    }

    fn service(settings: Value) -> MessagingService {
        let text = json!({
            "sid": "MG0123456789abcdef0123456789abcdef", "friendly_name": "s",
            "settings": settings.to_string(), "created": 0, "updated": 0,
        });
        serde_json::from_value(text).unwrap()
    }

    #[test]
    fn the_service_hears_unless_it_leaves_that_to_the_number() {
        let own = json!({ "SmsUrl": "https://n.example/", "SmsMethod": "get",
            "SmsFallbackUrl": "https://n.example/instead" });
        let number = OwnSender::from(&number(own));
        let url = |listener: Option<Listener>| listener.map(|it| (it.url, it.method));
        let pair = |url: &str, method: &str| Some((url.to_owned(), method.to_owned()));
        let alone = Listeners::of(&number, None);
        assert_eq!(url(alone.main), pair("https://n.example/", "GET"));
        assert_eq!(url(alone.fallback), pair("https://n.example/instead", "POST"));
        let asked = json!({ "InboundRequestUrl": "https://s.example/",
            "FallbackUrl": "https://s.example/instead", "FallbackMethod": "GET" });
        let pooled = Listeners::of(&number, Some(&service(asked.clone())));
        assert_eq!(url(pooled.main), pair("https://s.example/", "POST"));
        assert_eq!(url(pooled.fallback), pair("https://s.example/instead", "GET"));
        // A service without one disables it: the number's is not asked instead.
        let silent = Listeners::of(&number, Some(&service(json!({}))));
        assert_eq!(silent, Listeners::default());
        let mut left = asked;
        left["UseInboundWebhookOnNumber"] = json!(true);
        let left = Listeners::of(&number, Some(&service(left)));
        assert_eq!(url(left.main), pair("https://n.example/", "GET"));
    }

    #[test]
    fn whoever_may_be_listening_is_looked_up_and_nobody_else() {
        let may = |number: &PhoneNumber| OwnSender::from(number).may_be_listened_to();
        assert!(!may(&number(json!({ "SmsUrl": "" }))));
        assert!(may(&number(json!({ "SmsUrl": "https://n.example/" }))));
        let pool = Some("MG0123456789abcdef0123456789abcdef".parse().unwrap());
        let pooled = PhoneNumber { messaging_service: pool, ..number(json!({})) };
        assert!(may(&pooled));
    }

    #[test]
    fn short_codes_and_senders_on_channels_have_listeners_as_numbers_have() {
        let code: Address = "12345".parse().unwrap();
        let code = ShortCode {
            sid: ShortCode::sid_of(&code),
            code,
            country: "US".to_owned(),
            friendly_name: String::new(),
            messaging_service: None,
            settings: Some(json!({ "SmsUrl": "https://c.example/" }).to_string()),
            created: NOW,
            updated: NOW,
            version: Version::NEW,
        };
        let webhook = json!({ "callback_url": "https://w.example/", "callback_method": "GET",
            "fallback_url": "https://w.example/instead" });
        let sender: Address = "whatsapp:+18005550199".parse().unwrap();
        let sender = ChannelSender {
            sid: ChannelSender::sid_of(&sender),
            sender,
            messaging_service: None,
            settings: Some(json!({ "webhook": webhook }).to_string()),
            created: NOW,
            updated: NOW,
            version: Version::NEW,
        };
        let of = |own: OwnSender| Listeners::of(&own, None);
        let main = |own: OwnSender| of(own).main.map(|it| (it.url, it.method));
        let pair = |url: &str, method: &str| Some((url.to_owned(), method.to_owned()));
        assert_eq!(main(OwnSender::from(&code)), pair("https://c.example/", "POST"));
        assert_eq!(main(OwnSender::from(&sender)), pair("https://w.example/", "GET"));
        let fallback = of(OwnSender::from(&sender)).fallback.map(|it| it.url);
        assert_eq!(fallback.as_deref(), Some("https://w.example/instead"));
        let silent = ChannelSender { settings: None, ..sender };
        assert!(!OwnSender::from(&silent).may_be_listened_to());
    }
}
