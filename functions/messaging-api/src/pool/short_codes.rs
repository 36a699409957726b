//! Short codes in the pool of a messaging service.

use serde_json::{Value, json};
use switchboard_domain::configuration::{MessagingService, PoolShortCode};
use switchboard_domain::sender::ShortCode;
use switchboard_domain::sid::{MessagingServiceSid, ShortCodeSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::Call;
use switchboard_store::{Key, key};

use super::members::Member;

impl Member for PoolShortCode {
    type Sid = ShortCodeSid;
    type Own = ShortCode;
    const PARAMETER: &'static str = "ShortCodeSid";
    const LIST: &'static str = "short_codes";
    const ACCOUNTS: &'static str = "/SMS/ShortCodes";

    fn key(sid: ShortCodeSid) -> Key {
        key::short_code(sid)
    }

    fn of(own: &ShortCode, now: Timestamp) -> Self {
        let (code, country) = (own.code.clone(), own.country.clone());
        Self { sid: own.sid, code, country, created: now }
    }

    fn sid(&self) -> ShortCodeSid {
        self.sid
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn all(service: &mut MessagingService) -> &mut Vec<Self> {
        &mut service.short_codes
    }

    fn service(own: &ShortCode) -> Option<MessagingServiceSid> {
        own.messaging_service
    }

    fn moved(own: ShortCode, to: Option<MessagingServiceSid>, now: Timestamp) -> ShortCode {
        ShortCode { messaging_service: to, updated: now, ..own }
    }

    fn render(&self, call: &Call<'_>, service: MessagingServiceSid) -> Value {
        json!({
            "sid": self.sid,
            "account_sid": call.on.config.account_sid,
            "service_sid": service,
            "date_created": self.created.iso(),
            "date_updated": self.created.iso(),
            "short_code": self.code,
            "country_code": self.country,
            "capabilities": ["SMS", "MMS"],
            "url": call.url(&format!("v1/Services/{service}/ShortCodes/{}", self.sid)),
        })
    }
}
