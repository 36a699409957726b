//! The carrier as it is connected in the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use http::{HeaderMap, HeaderName, HeaderValue, Method};
use serde_json::Value;
use switchboard_carriers::{Carrier, RawRequest, Stub, connection_to, stand_in_settings, stub_of};
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::Timestamp;

/// The carrier under test.
pub(crate) const CARRIER: CarrierName = CarrierName::Meta;
pub(crate) const NOW: Timestamp = Timestamp(1_795_344_809_123);
/// Where the world reaches us.
pub(crate) const PUBLIC_URL: &str = "https://hooks.example.com";

fn settings(changed: &[(&str, &str)]) -> BTreeMap<String, Private<String>> {
    let mut own = stand_in_settings();
    for (name, value) in changed {
        own.insert(CARRIER.setting(name), Private::from(*value));
    }
    own
}

fn with<T>(changed: &[(&str, &str)], make: impl FnOnce(&CarrierSettings<'_>) -> T) -> T {
    let (own, auth_token) = (settings(changed), "our-own-token".into());
    let account_sid = "AC00000000000000000000000000000000".parse().unwrap();
    let public_url = PUBLIC_URL;
    make(&CarrierSettings {
        account_sid,
        auth_token: &auth_token,
        public_url,
        own: &own,
        connection: None,
    })
}

/// The carrier, connected as its stand-in is but for these settings.
pub(crate) fn carrier(changed: &[(&str, &str)]) -> Arc<dyn Carrier> {
    with(changed, |settings| connection_to(CARRIER, settings).unwrap())
}

/// Another carrier and its stand-in.
pub(crate) fn other() -> (Arc<dyn Carrier>, Arc<dyn Stub>) {
    let name = *CarrierName::ALL.iter().find(|name| **name != CARRIER).unwrap();
    with(&[], |settings| (connection_to(name, settings).unwrap(), stub_of(name, settings).unwrap()))
}

pub(crate) fn stub() -> Arc<dyn Stub> {
    with(&[], |settings| stub_of(CARRIER, settings).unwrap())
}

/// A request as a vector has it.
pub(crate) struct Request {
    pub(crate) method: Method,
    pub(crate) url: String,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Request {
    pub(crate) fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: &self.method,
            url: &self.url,
            headers: &self.headers,
            body: &self.body,
        }
    }
}

pub(crate) fn text<'a>(value: &'a Value, name: &str) -> &'a str {
    value[name].as_str().unwrap_or_else(|| panic!("{name} of {value}"))
}

pub(crate) fn headers(vector: &Value) -> HeaderMap {
    let named = vector["headers"].as_object().unwrap().iter();
    let header = |(name, value): (&String, &Value)| {
        let name = HeaderName::from_bytes(name.as_bytes()).unwrap();
        (name, HeaderValue::from_str(value.as_str().unwrap()).unwrap())
    };
    named.map(header).collect()
}
