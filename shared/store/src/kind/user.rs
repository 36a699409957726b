//! A user of a conversation service.

use switchboard_domain::conversation::User;
use switchboard_domain::sid::{ServiceSid, UserSid};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// What the partitions of the index `list` begin with.
const USERS: &str = "USERS#";

/// A user, whose identifier follows from the service and the identity.
pub fn user(sid: UserSid) -> Key {
    key(Table::Conversations, sid, "US")
}

impl Placed for User {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "User", "pk": "US51e8a91d98c5e26772ef546740944528", "sk": "US", "v": 1,
            "lpk": "USERS#ISf4873ffdb0cf6fc632c2b103c624ca50",
            "lsk": "1795898976154#US51e8a91d98c5e26772ef546740944528", "created": 1795898976154,
            "friendly_name": "Alice", "identity": "alice", "role": 2,
            "service": "ISf4873ffdb0cf6fc632c2b103c624ca50", "sid": "US51e8a91d98c5e26772ef546740944528",
            "updated": 1795898976154}"#;

    fn place(&self) -> Place {
        let list = format!("{USERS}{}", self.service);
        Place::at(user(self.sid)).listed(list, dated(self.created, self.sid))
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        vec![(Reference::UserService, super::service(self.service))]
    }
}

impl Listing {
    /// Users of a service, in order of creation.
    pub fn users_of(service: ServiceSid) -> Self {
        Self::list(Table::Conversations, format!("{USERS}{service}"))
    }
}
