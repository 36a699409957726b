//! The carrier as it is connected in the tests.

use std::collections::BTreeMap;
use std::sync::Arc;

use switchboard_carriers::{Carriers, Stub, stub_of};
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;

pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000000";
/// Where the world reaches us.
pub(crate) const PUBLIC_URL: &str = "https://hooks.example.com";
/// The carrier under test.
pub(crate) const CARRIER: CarrierName = CarrierName::Twilio;

/// What a carrier is connected with.
#[derive(Clone)]
pub(crate) struct With {
    auth_token: Private<String>,
    pub(crate) public_url: &'static str,
    own: BTreeMap<String, Private<String>>,
}

impl With {
    /// One secret, and a carrier that cannot report.
    pub(crate) fn secret(secret: &str) -> Self {
        Self { auth_token: secret.into(), public_url: "", own: BTreeMap::new() }
    }

    /// One of the carrier's own settings.
    pub(crate) fn setting(mut self, name: &str, value: &str) -> Self {
        self.own.insert(CARRIER.setting(name), value.into());
        self
    }

    fn settings(&self) -> CarrierSettings<'_> {
        CarrierSettings {
            account_sid: ACCOUNT.parse().unwrap(),
            auth_token: &self.auth_token,
            public_url: self.public_url,
            own: &self.own,
            connection: None,
        }
    }

    pub(crate) fn carriers(&self) -> Carriers {
        Carriers::connect(&self.settings()).unwrap()
    }

    pub(crate) fn stub(&self) -> Arc<dyn Stub> {
        stub_of(CARRIER, &self.settings()).unwrap()
    }
}

#[test]
fn a_setting_that_no_carrier_has_is_refused() {
    let mut with = With::secret("secret").setting("AUTH_TOKN", "x");
    let refused = Carriers::connect(&with.settings()).unwrap_err().to_string();
    assert_eq!(refused, "no carrier has the setting TWILIO_AUTH_TOKN");
    with.own = BTreeMap::from([("ACME_AUTH_TOKEN".to_owned(), Private::from("x"))]);
    assert!(Carriers::connect(&with.settings()).is_err());
}
