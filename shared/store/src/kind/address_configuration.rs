//! An address configuration.

use switchboard_domain::address::Address;
use switchboard_domain::configuration::AddressConfiguration;
use switchboard_domain::sid::AddressConfigurationSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const ADDRESSES: &str = "ADDRESSES";

/// An address configuration.
pub fn address_configuration(sid: AddressConfigurationSid) -> Key {
    key(Table::Configuration, sid, "IG")
}

/// The configuration of this address.
pub fn address_configuration_of(address: &Address) -> Key {
    address_configuration(AddressConfiguration::sid_of(address))
}

impl Placed for AddressConfiguration {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "AddressConfiguration", "pk": "IG51e8a91d98c5e26772ef546740944528", "sk": "IG",
            "v": 1, "lpk": "ADDRESSES", "lsk": "1795898976154#IG51e8a91d98c5e26772ef546740944528",
            "address": "+15550100001", "channel": "sms", "created": 1795898976154, "enabled": true,
            "friendly_name": "Demo", "handler": { "flow": "FWf77c4e35d05cfb4b4a10fb15d38e137f",
            "type": "studio", "retry_count": 0}, "sid": "IG51e8a91d98c5e26772ef546740944528",
            "updated": 1795898976154}"#;

    fn place(&self) -> Place {
        Place::at(address_configuration(self.sid)).listed(ADDRESSES, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let flow = self.flow().map(|sid| (Reference::AddressFlow, super::flow(sid)));
        let service = self.service.map(|sid| (Reference::AddressService, super::service(sid)));
        flow.into_iter().chain(service).collect()
    }
}

impl Listing {
    /// Address configurations, in order of creation.
    pub fn address_configurations() -> Self {
        Self::list(Table::Configuration, ADDRESSES)
    }
}
