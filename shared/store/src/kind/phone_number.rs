//! A phone number.

use switchboard_domain::address::Address;
use switchboard_domain::configuration::PhoneNumber;
use switchboard_domain::sid::PhoneNumberSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const NUMBERS: &str = "NUMBERS";

/// A phone number.
pub fn phone_number(sid: PhoneNumberSid) -> Key {
    key(Table::Configuration, sid, "PN")
}

/// The phone number with this address.
pub fn phone_number_of(address: &Address) -> Key {
    phone_number(PhoneNumber::sid_of(address))
}

impl Placed for PhoneNumber {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "PhoneNumber", "pk": "PNff46b0b4048d83e636b782e79ebe726e", "sk": "PN", "v": 2,
            "lpk": "NUMBERS", "lsk": "1795898976093#PNff46b0b4048d83e636b782e79ebe726e",
            "created": 1795898976093, "friendly_name": "+15550100001",
            "messaging_service": "MG2f27ccfcf6d1d95418450fa9fcc8a14c", "number": "+15550100001",
            "sid": "PNff46b0b4048d83e636b782e79ebe726e", "updated": 1795898976116}"#;

    fn place(&self) -> Place {
        Place::at(phone_number(self.sid)).listed(NUMBERS, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let pool = self.messaging_service.map(super::messaging_service);
        pool.map(|at| (Reference::NumberMessagingService, at)).into_iter().collect()
    }
}

impl Listing {
    /// Phone numbers, in order of creation.
    pub fn phone_numbers() -> Self {
        Self::list(Table::Configuration, NUMBERS)
    }
}
