//! A user of a service: whoever signs in with an identity (rule B.6).

use serde::{Deserialize, Serialize};

use super::Given;
use crate::sid::{ServiceSid, Sid as _, UserSid};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// A user. Its identifier follows from the service and the identity, so there is one of each.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct User {
    /// Its identifier.
    pub sid: UserSid,
    /// The service.
    pub service: ServiceSid,
    /// Who it is.
    pub identity: String,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// The number of the role: which kin of the service it is.
    pub role: u32,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What can be said of a user.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct UserDetails {
    /// A name for people.
    pub friendly_name: Given<String>,
    /// JSON text.
    pub attributes: Given<String>,
    /// The number of a role, which is one of the service's that users can have.
    pub role: Option<u32>,
}

impl User {
    /// The identifier of an identity in a service.
    pub fn sid_of(service: ServiceSid, identity: &str) -> UserSid {
        UserSid::derived(&["user", &service.to_string(), identity])
    }

    /// One who is new, with the role that the service gives to newcomers.
    pub fn new(service: ServiceSid, identity: String, role: u32, now: Timestamp) -> Self {
        Self {
            sid: Self::sid_of(service, &identity),
            service,
            identity,
            friendly_name: None,
            attributes: None,
            role,
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// Changes what is said of them; whether that is a change.
    pub fn describe(&mut self, details: &UserDetails, now: Timestamp) -> bool {
        let before = self.clone();
        if let Some(friendly_name) = &details.friendly_name {
            self.friendly_name.clone_from(friendly_name);
        }
        if let Some(attributes) = &details.attributes {
            self.attributes.clone_from(attributes);
        }
        self.role = details.role.unwrap_or(self.role);
        let is_change = *self != before;
        if is_change {
            self.updated = now;
        }
        is_change
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_identity_is_one_user_in_each_service() {
        let (one, other) = (ServiceSid::derived(&["1"]), ServiceSid::derived(&["2"]));
        assert_eq!(User::sid_of(one, "ann"), User::sid_of(one, "ann"));
        assert_ne!(User::sid_of(one, "ann"), User::sid_of(one, "Ann"), "case counts");
        assert_ne!(User::sid_of(one, "ann"), User::sid_of(other, "ann"));
    }

    #[test]
    fn a_description_without_a_difference_changes_nothing() {
        let mut user = User::new(ServiceSid::derived(&["1"]), "ann".to_owned(), 2, Timestamp(1));
        let named =
            UserDetails { friendly_name: Some(Some("Ann".to_owned())), ..UserDetails::default() };
        assert!(user.describe(&named, Timestamp(2)));
        assert!(!user.describe(&named, Timestamp(3)));
        assert_eq!((user.created, user.updated), (Timestamp(1), Timestamp(2)));
        let emptied = UserDetails { friendly_name: Some(None), role: Some(1), ..named };
        assert!(user.describe(&emptied, Timestamp(4)));
        assert_eq!((user.friendly_name, user.role), (None, 1));
    }
}
