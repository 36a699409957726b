//! A conversation service.

use switchboard_domain::conversation::Service;
use switchboard_domain::sid::ServiceSid;

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// Its partition of the index `list`.
const SERVICES: &str = "SERVICES";

/// A conversation service.
pub fn service(sid: ServiceSid) -> Key {
    key(Table::Conversations, sid, "IS")
}

impl Placed for Service {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Service", "pk": "ISf4873ffdb0cf6fc632c2b103c624ca50", "sk": "IS", "v": 1,
            "lpk": "SERVICES", "lsk": "1795898980508#ISf4873ffdb0cf6fc632c2b103c624ca50",
            "created": 1795898980508, "friendly_name": "Flex Chat Service",
            "sid": "ISf4873ffdb0cf6fc632c2b103c624ca50", "updated": 1795898980508}"#;

    fn place(&self) -> Place {
        Place::at(service(self.sid)).listed(SERVICES, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let addresses = self.addresses.iter().copied().map(super::address_configuration);
        addresses.map(|at| (Reference::ServiceAddress, at)).collect()
    }
}

impl Listing {
    /// Services, in order of creation.
    pub fn services() -> Self {
        Self::list(Table::Conversations, SERVICES)
    }
}
