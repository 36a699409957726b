//! Carriers: the one place with a trait and many implementations, since carriers agree on what they
//! do (bring messages, take messages, report) and on nothing else.
//!
//! A new carrier is one module that implements [`Carrier`], one field of [`Carriers`] and one arm in
//! [`Carriers::get`].

mod carrier;
mod form;
mod request;
pub mod twilio;

use std::collections::BTreeMap;
use std::sync::Arc;

use switchboard_domain::carriage::CarrierName;
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;

pub use carrier::{BoxFuture, Carrier, Event, Lookup, ParseError, Problem, Rejection, Reply};
pub use request::{BODY_BYTES_MAX, PARAMETERS_MAX, RawRequest, Verified};

/// All carriers that are connected.
#[derive(Debug, Clone)]
pub struct Carriers {
    /// Twilio Programmable Messaging, or what stands in for it.
    twilio: Arc<dyn Carrier>,
}

/// What the carriers are connected with.
#[derive(Debug, Clone, Copy)]
pub struct Settings<'a> {
    /// Our own account: the default where a carrier's is not set.
    pub account_sid: AccountSid,
    /// Our own token: likewise.
    pub auth_token: &'a Private<String>,
    /// Where the world reaches us, without a slash at the end.
    pub public_url: &'a str,
    /// The carriers' own settings, by name: `TWILIO_BASE_URL`, ….
    pub carriers: &'a BTreeMap<String, Private<String>>,
}

/// A carrier can not be connected.
#[derive(Debug, thiserror::Error)]
pub enum ConnectError {
    /// A setting is not what it should be.
    #[error("the carrier setting {0} is wrong")]
    Setting(&'static str),
    /// The connection refuses its settings.
    #[error(transparent)]
    Twilio(#[from] twilio::BadConnection),
}

impl Carriers {
    /// Connects every carrier.
    pub fn connect(settings: &Settings<'_>) -> Result<Self, ConnectError> {
        let setting = |name: &str| settings.carriers.get(name).cloned();
        let account_sid = match setting("TWILIO_ACCOUNT_SID") {
            Some(text) => text.parse().map_err(|_| ConnectError::Setting("TWILIO_ACCOUNT_SID"))?,
            None => settings.account_sid,
        };
        let base_url =
            setting("TWILIO_BASE_URL").map_or_else(|| twilio::API_ORIGIN.to_owned(), |it| it.0);
        let reports = format!("{}/webhooks/twilio", settings.public_url);
        let twilio = twilio::Twilio::new(twilio::Connection {
            account_sid,
            auth_token: setting("TWILIO_AUTH_TOKEN").unwrap_or_else(|| settings.auth_token.clone()),
            secondary_auth_token: setting("TWILIO_SECONDARY_AUTH_TOKEN"),
            base_url,
            status_callback_url: (!settings.public_url.is_empty()).then_some(reports),
        })?;
        Ok(Self::of(Arc::new(twilio)))
    }

    /// One carrier that does not have to be a real one.
    pub fn of(twilio: Arc<dyn Carrier>) -> Self {
        Self { twilio }
    }

    /// The carrier of that name.
    pub fn get(&self, name: CarrierName) -> &dyn Carrier {
        match name {
            CarrierName::Twilio => self.twilio.as_ref(),
        }
    }
}
