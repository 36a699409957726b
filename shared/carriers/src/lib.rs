//! Carriers: the one place with a trait and many implementations, since carriers agree on what they
//! do (bring messages, take messages, report) and on nothing else.
//!
//! A carrier is one folder here and one line in [`switchboard_domain::carriers`], which makes its module, its
//! name, its settings, its connection and its stub known everywhere. The folder holds pure functions alone; the
//! one thing that leaves this process is a [`Transport`].
//!
//! `cargo fmt` does not look into modules that a macro declares: `.ci/run` formats them by their path.

mod carrier;
mod exchange;
mod form;
mod form_signature;
mod parse_error;
mod request;
mod settings;
pub mod stub;
mod transport;

use std::collections::BTreeMap;
use std::sync::Arc;

use switchboard_domain::carriage::{CarrierName, CarrierSettings, OutboundMessage, SendOutcome};
use switchboard_domain::private::Private;
use switchboard_domain::sid::ConnectionSid;
use switchboard_domain::timestamp::Timestamp;

pub use carrier::{Carrier, Event, Listed, Lookup, Rejection, Reply};
pub use exchange::{find, media_url, send, show};
pub use form_signature::{SETTINGS_HEADER, SIGNATURE_HEADER, cover_body, sign, sign_sha256};
pub use parse_error::{ParseError, Problem};
pub use request::{
    Answer, ApiRequest, BODY_BYTES_MAX, PARAMETERS_MAX, RawRequest, SignedRequest, Verified,
};
pub use settings::{BASE_URL, ConnectError, Keeping, OwnSettings};
pub use stub::Stub;
pub use transport::{BoxFuture, Http, Lost, Timeouts, Transport};

/// Makes of the list of carriers what depends on every one of them.
macro_rules! connected {
    ($($name:ident => $Variant:ident,)+) => {
        $(pub mod $name;)+

        /// A connection to every carrier.
        #[derive(Debug, Clone)]
        struct Connected {
            $($name: Arc<dyn Carrier>,)+
        }

        impl Connected {
            fn new(settings: &CarrierSettings<'_>) -> Result<Self, ConnectError> {
                Ok(Self {
                    $($name: Arc::new($name::connect(&OwnSettings::new(
                        CarrierName::$Variant,
                        $name::SETTINGS,
                        settings,
                    )?)?),)+
                })
            }

            fn get(&self, carrier: CarrierName) -> &dyn Carrier {
                match carrier {
                    $(CarrierName::$Variant => self.$name.as_ref(),)+
                }
            }
        }

        /// The names of a carrier's settings, without its own name.
        pub const fn settings_of(carrier: CarrierName) -> &'static [&'static str] {
            match carrier {
                $(CarrierName::$Variant => $name::SETTINGS,)+
            }
        }

        /// Which of a carrier's settings a connection to it is kept with.
        pub const fn keeping_of(carrier: CarrierName) -> Keeping {
            match carrier {
                $(CarrierName::$Variant => $name::KEEPING,)+
            }
        }

        /// The settings, by name without the carrier's own, with which its stand-in is connected, and whoever speaks to it.
        pub const fn stand_in_settings_of(
            carrier: CarrierName,
        ) -> &'static [(&'static str, &'static str)] {
            match carrier {
                $(CarrierName::$Variant => $name::STAND_IN,)+
            }
        }

        /// What the addresses of customers begin with who write by a carrier's stand-in, if nothing else is said.
        pub const fn stand_in_prefix_of(carrier: CarrierName) -> &'static str {
            match carrier {
                $(CarrierName::$Variant => $name::PREFIX,)+
            }
        }

        /// A carrier connected with settings of its own: any number of connections to each.
        ///
        /// # Errors
        /// If a setting is not what it should be.
        pub fn connection_to(
            carrier: CarrierName,
            settings: &CarrierSettings<'_>,
        ) -> Result<Arc<dyn Carrier>, ConnectError> {
            let own = OwnSettings::new(carrier, settings_of(carrier), settings)?;
            Ok(match carrier {
                $(CarrierName::$Variant => Arc::new($name::connect(&own)?),)+
            })
        }

        /// The stand-in of a carrier, connected with the same settings as the carrier is.
        ///
        /// # Errors
        /// If a setting is not what it should be.
        pub fn stub_of(
            carrier: CarrierName,
            settings: &CarrierSettings<'_>,
        ) -> Result<Arc<dyn Stub>, ConnectError> {
            let own = OwnSettings::new(carrier, settings_of(carrier), settings)?;
            Ok(match carrier {
                $(CarrierName::$Variant => Arc::new($name::stub::connect(&own)?),)+
            })
        }
    };
}

switchboard_domain::carriers!(connected);

/// All carriers that are connected, and how they are reached.
#[derive(Debug, Clone)]
pub struct Carriers {
    connected: Connected,
    transport: Arc<dyn Transport>,
}

impl Carriers {
    /// Connects every carrier, to be reached over the network.
    ///
    /// # Errors
    /// If a setting belongs to no carrier, or is not what it should be.
    pub fn connect(settings: &CarrierSettings<'_>) -> Result<Self, ConnectError> {
        settings::check(settings)?;
        let connected = Connected::new(settings)?;
        Ok(Self { connected, transport: Arc::new(Http::new(Timeouts::default())) })
    }

    /// The same carriers, reached in another way.
    #[must_use]
    pub fn over(self, transport: Arc<dyn Transport>) -> Self {
        Self { transport, ..self }
    }

    /// The carrier of that name.
    pub fn get(&self, carrier: CarrierName) -> &dyn Carrier {
        self.connected.get(carrier)
    }

    /// How carriers are reached.
    pub fn transport(&self) -> &dyn Transport {
        self.transport.as_ref()
    }

    /// Hands over one message.
    pub async fn send(&self, carrier: CarrierName, message: &OutboundMessage) -> SendOutcome {
        send(self.get(carrier), self.transport.as_ref(), message).await
    }

    /// Asks whether the carrier took the message that was sent at `attempted_at` without an answer.
    pub async fn find(
        &self,
        carrier: CarrierName,
        message: &OutboundMessage,
        attempted_at: Timestamp,
        now: Timestamp,
    ) -> Lookup {
        find(self.get(carrier), self.transport.as_ref(), message, attempted_at, now).await
    }
}

/// The settings of all carriers' stand-ins, as [`CarrierSettings::own`] has them.
pub fn stand_in_settings() -> BTreeMap<String, Private<String>> {
    let of = |carrier: &CarrierName| {
        let carrier = *carrier;
        let settings = stand_in_settings_of(carrier).iter();
        settings.map(move |(name, value)| (carrier.setting(name), Private::from(*value)))
    };
    CarrierName::ALL.iter().flat_map(of).collect()
}

/// Where a carrier's webhooks come in: the path of the HTTP API.
pub fn webhook_path(carrier: CarrierName) -> String {
    format!("/webhooks/{}", carrier.name())
}

/// Where the webhooks of one connection to a carrier come in.
pub fn webhook_path_of(carrier: CarrierName, connection: ConnectionSid) -> String {
    format!("{}/{connection}", webhook_path(carrier))
}
