//! Phone numbers in the pool of a messaging service.

use serde_json::{Value, json};
use switchboard_domain::configuration::{MessagingService, PhoneNumber, PoolNumber};
use switchboard_domain::sender::country_of;
use switchboard_domain::sid::{MessagingServiceSid, PhoneNumberSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::Call;
use switchboard_store::{Key, key};

use super::members::Member;

impl Member for PoolNumber {
    type Sid = PhoneNumberSid;
    type Own = PhoneNumber;
    const PARAMETER: &'static str = "PhoneNumberSid";
    const LIST: &'static str = "phone_numbers";
    const ACCOUNTS: &'static str = "/IncomingPhoneNumbers";

    fn key(sid: PhoneNumberSid) -> Key {
        key::phone_number(sid)
    }

    fn of(own: &PhoneNumber, now: Timestamp) -> Self {
        let (number, registered) = (own.number.clone(), own.campaign.is_some());
        Self { sid: own.sid, number, registered, created: now }
    }

    fn sid(&self) -> PhoneNumberSid {
        self.sid
    }

    fn created(&self) -> Timestamp {
        self.created
    }

    fn all(service: &mut MessagingService) -> &mut Vec<Self> {
        &mut service.numbers
    }

    fn service(own: &PhoneNumber) -> Option<MessagingServiceSid> {
        own.messaging_service
    }

    fn moved(own: PhoneNumber, to: Option<MessagingServiceSid>, now: Timestamp) -> PhoneNumber {
        PhoneNumber { messaging_service: to, updated: now, ..own }
    }

    fn render(&self, call: &Call<'_>, service: MessagingServiceSid) -> Value {
        json!({
            "sid": self.sid,
            "account_sid": call.on.config.account_sid,
            "service_sid": service,
            "date_created": self.created.iso(),
            "date_updated": self.created.iso(),
            "phone_number": self.number,
            "country_code": country_of(self.number.as_str()),
            "capabilities": ["SMS", "MMS"],
            "url": call.url(&format!("v1/Services/{service}/PhoneNumbers/{}", self.sid)),
        })
    }
}
