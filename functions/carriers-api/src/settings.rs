//! A carrier's settings as parameters: `AUTH_TOKEN` is given as `AuthToken` and shown as `auth_token`.

use std::collections::BTreeMap;

use switchboard_carriers::{ConnectError, Keeping, keeping_of, settings_of};
use switchboard_connections::connect;
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::connection::{CarrierConnection, SECRET_BYTES_MAX, secondary};
use switchboard_domain::private::Private;
use switchboard_rest::fields::{invalid, missing, one_of};
use switchboard_rest::{ApiError, Call};

/// The longest setting that is no secret, in characters.
const CHARS_MAX: usize = 256;

/// A secret that was given, by the carrier's own name.
pub(crate) type Secret = (&'static str, Private<String>);

/// `AUTH_TOKEN` → `AuthToken`.
pub(crate) fn parameter(setting: &str) -> String {
    let word = |word: &str| {
        let (first, rest) = word.split_at(word.len().min(1));
        format!("{first}{}", rest.to_ascii_lowercase())
    };
    setting.split('_').map(word).collect()
}

/// The carrier that is asked for.
pub(crate) fn carrier(call: &Call<'_>) -> Result<CarrierName, ApiError> {
    let text = call.form.required("Carrier")?;
    one_of("Carrier", text, CarrierName::ALL, CarrierName::name)
}

/// Whether two secrets of a name can count at a time.
pub(crate) fn has_second(carrier: CarrierName, name: &str) -> bool {
    settings_of(carrier).contains(&secondary(name).as_str())
}

/// The settings that are given and are no secrets.
pub(crate) fn plain(
    call: &Call<'_>,
    keeping: &Keeping,
) -> Result<BTreeMap<String, String>, ApiError> {
    let mut found = BTreeMap::new();
    for name in keeping.plain {
        if let Some(value) =
            call.form.text(&parameter(name), CHARS_MAX)?.filter(|it| !it.is_empty())
        {
            found.insert((*name).to_owned(), value);
        }
    }
    Ok(found)
}

/// The secrets that are given.
pub(crate) fn secrets(call: &Call<'_>, keeping: &Keeping) -> Result<Vec<Secret>, ApiError> {
    let mut found = Vec::new();
    for name in keeping.secrets {
        let parameter = parameter(name);
        if let Some(value) = call.form.given(&parameter) {
            found.push((*name, secret(&parameter, value)?));
        }
    }
    Ok(found)
}

/// A secret that can be one. What was copied with a blank or a line's end behind it would never fit.
pub(crate) fn secret(parameter: &str, value: &str) -> Result<Private<String>, ApiError> {
    if value.len() > SECRET_BYTES_MAX {
        return Err(invalid(parameter, &format!("is longer than {SECRET_BYTES_MAX} bytes")));
    }
    if !value.bytes().all(|byte| byte.is_ascii_graphic()) {
        return Err(invalid(parameter, "must be ASCII without white space"));
    }
    Ok(Private::from(value))
}

/// Refuses a new connection that lacks something, and names all of it.
pub(crate) fn complete(
    carrier: CarrierName,
    plain: &BTreeMap<String, String>,
    secrets: &[Secret],
) -> Result<(), ApiError> {
    let is_there =
        |name: &str| plain.contains_key(name) || secrets.iter().any(|(secret, _)| *secret == name);
    let required = keeping_of(carrier).required.iter();
    let lacking: Vec<String> =
        required.filter(|name| !is_there(name)).map(|name| parameter(name)).collect();
    if lacking.is_empty() { Ok(()) } else { Err(missing(&lacking.join(", "))) }
}

/// Refuses what the carrier could not be connected with, in the names of parameters.
pub(crate) fn works(
    call: &Call<'_>,
    connection: &CarrierConnection,
    secrets: &[Secret],
) -> Result<(), ApiError> {
    let secrets = secrets.iter().map(|(name, value)| ((*name).to_owned(), value.clone()));
    let connected = connect(&call.on.config, connection, secrets);
    connected.map(drop).map_err(|error| match error {
        ConnectError::Setting { name, problem } => {
            let own = connection.carrier.setting("");
            match name.strip_prefix(&own) {
                Some(setting) if Some(setting) == keeping_of(connection.carrier).numbers => {
                    invalid("CarrierId", "is nothing that the carrier calls a number")
                }
                Some(setting) => invalid(&parameter(setting), problem),
                None => invalid(&name, problem),
            }
        }
        ConnectError::UnknownSetting(name) => invalid(&name, "is none of the carrier's settings"),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_setting_is_given_under_its_parameters_name() {
        assert_eq!(parameter("AUTH_TOKEN"), "AuthToken");
        assert_eq!(parameter("ACCOUNT_SID"), "AccountSid");
        for carrier in CarrierName::ALL {
            let keeping = keeping_of(*carrier);
            let known = settings_of(*carrier);
            let kept = [keeping.plain, keeping.secrets].concat();
            assert!(kept.iter().chain(&keeping.numbers).all(|name| known.contains(name)));
            assert!(keeping.required.iter().all(|name| kept.contains(name)), "{carrier:?}");
        }
    }

    #[test]
    fn what_was_copied_with_its_surroundings_is_no_secret() {
        assert!(secret("AuthToken", "0123456789abcdef=|:").is_ok());
        for wrong in ["token ", " token", "token\n", "tök", "to ken"] {
            let refused = secret("AuthToken", wrong).unwrap_err();
            assert!(refused.message.contains("AuthToken") && !refused.message.contains(wrong));
        }
        assert!(secret("AuthToken", &"x".repeat(4097)).is_err());
    }
}
