//! The settings of one carrier, out of those of all.

use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;

use crate::{settings_of, webhook_path, webhook_path_of};

/// The setting that every carrier has: the origin of its API, without a path.
pub const BASE_URL: &str = "BASE_URL";

/// Which of a carrier's settings a connection is kept with, by their names without the carrier's own. A secret of which
/// there is a `SECONDARY_` setting can be there twice.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Keeping {
    /// Settings that are no secrets.
    pub plain: &'static [&'static str],
    /// Secrets.
    pub secrets: &'static [&'static str],
    /// Those of both without which there is no connection.
    pub required: &'static [&'static str],
    /// The setting that says what the carrier calls our numbers.
    pub numbers: Option<&'static str>,
}

/// A carrier cannot be connected.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ConnectError {
    /// A setting is not what it should be.
    #[error("the carrier setting {name} {problem}")]
    Setting {
        /// Its name, as in the environment but for `CARRIER_`.
        name: String,
        /// What is wrong with it.
        problem: &'static str,
    },
    /// A setting belongs to no carrier, or its carrier has none of that name.
    #[error("no carrier has the setting {0}")]
    UnknownSetting(String),
}

/// Refuses settings that no carrier reads: they are misspelled, or of another release.
pub(crate) fn check(settings: &CarrierSettings<'_>) -> Result<(), ConnectError> {
    let is_known = |given: &&String| {
        CarrierName::ALL.iter().any(|carrier| {
            settings_of(*carrier).iter().any(|setting| carrier.setting(setting) == **given)
        })
    };
    match settings.own.keys().find(|given| !is_known(given)) {
        Some(unknown) => Err(ConnectError::UnknownSetting(unknown.clone())),
        None => Ok(()),
    }
}

/// The settings of one carrier.
#[derive(Debug, Clone, Copy)]
pub struct OwnSettings<'a> {
    carrier: CarrierName,
    known: &'static [&'static str],
    all: &'a CarrierSettings<'a>,
}

impl<'a> OwnSettings<'a> {
    /// The settings of that carrier, whose names are `known`.
    pub(crate) fn new(
        carrier: CarrierName,
        known: &'static [&'static str],
        all: &'a CarrierSettings<'a>,
    ) -> Result<Self, ConnectError> {
        let own = Self { carrier, known, all };
        match known.contains(&BASE_URL) {
            true => Ok(own),
            false => Err(own.wrong(BASE_URL, "is none of the carrier's settings")),
        }
    }

    /// A setting, if it is set.
    pub fn get(&self, name: &str) -> Option<&'a Private<String>> {
        debug_assert!(self.known.contains(&name), "{name} is no setting of the carrier");
        self.all.own.get(&self.carrier.setting(name))
    }

    /// Our own account: the default where the carrier's is not set.
    pub const fn account_sid(&self) -> AccountSid {
        self.all.account_sid
    }

    /// Our own token: likewise.
    pub const fn auth_token(&self) -> &'a Private<String> {
        self.all.auth_token
    }

    /// Where the carrier reaches us; none if it does not.
    pub fn webhook_url(&self) -> Option<String> {
        let origin = self.all.public_url;
        let path = match self.all.connection {
            Some(connection) => webhook_path_of(self.carrier, connection),
            None => webhook_path(self.carrier),
        };
        (!origin.is_empty()).then(|| format!("{origin}{path}"))
    }

    /// That a setting is not what it should be.
    pub fn wrong(&self, name: &str, problem: &'static str) -> ConnectError {
        ConnectError::Setting { name: self.carrier.setting(name), problem }
    }
}
