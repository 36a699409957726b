//! A short code.

use switchboard_domain::address::Address;
use switchboard_domain::sender::ShortCode;
use switchboard_domain::sid::ShortCodeSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const SHORT_CODES: &str = "SHORT_CODES";

/// A short code.
pub fn short_code(sid: ShortCodeSid) -> Key {
    key(Table::Configuration, sid, "SC")
}

/// The short code with these digits.
pub fn short_code_of(code: &Address) -> Key {
    short_code(ShortCode::sid_of(code))
}

impl Placed for ShortCode {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "ShortCode", "pk": "SCff46b0b4048d83e636b782e79ebe726e", "sk": "SC", "v": 2,
            "lpk": "SHORT_CODES", "lsk": "1795898976093#SCff46b0b4048d83e636b782e79ebe726e",
            "code": "12345", "country": "US", "created": 1795898976093, "friendly_name": "12345",
            "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c",
            "sid": "SCff46b0b4048d83e636b782e79ebe726e", "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(short_code(self.sid)).listed(SHORT_CODES, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let pool = self.messaging_service.map(super::messaging_service);
        pool.map(|at| (Reference::ShortCodeMessagingService, at)).into_iter().collect()
    }
}

impl Listing {
    /// Short codes, in order of creation.
    pub fn short_codes() -> Self {
        Self::list(Table::Configuration, SHORT_CODES)
    }
}
