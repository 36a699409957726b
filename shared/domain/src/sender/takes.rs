//! Which kinds of senders the carriers of a country take.
//!
//! The published lists change with each regulation, so this is the part of them that does not: what is told alike by the
//! vendor and by others. Whoever is not named takes every kind. Sources: "SMS International SMS Sender ID regulations" of
//! Pushtech's help centre (Argentina), "SMS Regulations" of Wiraya's (Belgium, Belarus), "Overview of regulations of Sender"
//! of Ring Ring's (Central African Republic), and the vendor's 360038173654 (a long code to the United States needs a
//! registered campaign; a short code reaches its own country alone; long and toll-free ones reach all). The rest of the first
//! list is inferred from the vendor's country pages as they were before.

use super::country::is_north_american;

/// Countries whose carriers take no alphanumeric sender. All of the code 1 take none.
const NO_ALPHA: &[&str] = &[
    "AR", "BE", "BR", "CL", "CN", "CO", "CR", "EC", "KR", "MX", "MY", "PE", "TW", "UY", "VE", "ZA",
];

/// Countries whose carriers take nothing else.
const ONLY_ALPHA: &[&str] = &["BY", "CF"];

/// Whether an alphanumeric sender is taken by the carriers of a number's country.
pub(super) fn alpha(calling_code: &str, country: Option<&str>) -> bool {
    calling_code != "1" && country.is_none_or(|country| !NO_ALPHA.contains(&country))
}

/// The same of a country by its ISO code.
pub fn country_takes_alpha(country: &str) -> bool {
    !NO_ALPHA.contains(&country) && !is_north_american(country)
}

/// Whether the carriers of a country take numbers.
pub(super) fn numbers(country: Option<&str>) -> bool {
    country.is_none_or(|country| !ONLY_ALPHA.contains(&country))
}

/// Whether a long code has to be registered with a campaign there.
pub(super) fn asks_for_campaign(country: Option<&str>) -> bool {
    country == Some("US")
}
