//! What functions may do. Every request of a function is held against the policies of its role, as IAM would, and what it
//! made use of is remembered, so that a test can find what a role allows and nobody asks for.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt;
use std::sync::{Mutex, OnceLock};

use crate::aws::answer::Answer;
use crate::lock::lock;

/// What a policy allows, and what a request needs.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Permission {
    /// `dynamodb:PutItem`.
    pub action: String,
    /// The table, `table/index/name` or the queue, without the stack's name; else what the template calls it.
    pub resource: String,
}

impl fmt::Display for Permission {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{} on {}", self.action, self.resource)
    }
}

/// Permissions, by function.
pub type Permissions = BTreeMap<String, BTreeSet<Permission>>;

/// A request that its function's role does not allow.
#[derive(Debug)]
pub(crate) struct Denied(String);

impl fmt::Display for Denied {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.0)
    }
}

impl Denied {
    /// As the services say it.
    pub(crate) fn answer(&self) -> Answer {
        Answer::error(400, "com.amazon.coral.service#AccessDeniedException", &self.0)
    }
}

/// Most requests need what one before them did.
fn keep(kept: &mut Permissions, function: &str, one: Permission) {
    match kept.get_mut(function) {
        Some(known) => drop(known.insert(one)),
        None => drop(kept.insert(function.to_owned(), BTreeSet::from([one]))),
    }
}

/// The roles of a deployment. Who has none is no function, and may do everything: the deployment itself, and tests.
#[derive(Debug, Default)]
pub(crate) struct Roles {
    allowed: OnceLock<Permissions>,
    used: Mutex<Permissions>,
    refused: Mutex<Permissions>,
}

impl Roles {
    /// Holds every request against these from now on.
    pub(crate) fn enforce(&self, allowed: Permissions) {
        self.allowed.get_or_init(|| allowed);
    }

    /// Looks whether a function may do this.
    ///
    /// # Errors
    /// If it has a role that does not say so.
    pub(crate) fn check(&self, function: &str, wanted: Permission) -> Result<(), Denied> {
        let role = self.allowed.get().and_then(|allowed| allowed.get(function));
        if role.is_none_or(|role| role.contains(&wanted)) {
            keep(&mut lock(&self.used), function, wanted);
            return Ok(());
        }
        let denied = Denied(format!("{function} is not authorized to perform: {wanted}"));
        keep(&mut lock(&self.refused), function, wanted);
        Err(denied)
    }

    /// What functions made use of.
    pub(crate) fn used(&self) -> Permissions {
        lock(&self.used).clone()
    }

    /// What functions were refused.
    pub(crate) fn refused(&self) -> Permissions {
        lock(&self.refused).clone()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permission(action: &str) -> Permission {
        Permission { action: action.to_owned(), resource: "things".to_owned() }
    }

    #[test]
    fn a_function_may_do_what_its_role_says_and_who_has_no_role_everything() {
        let (get, put) = (permission("dynamodb:GetItem"), permission("dynamodb:PutItem"));
        let roles = Roles::default();
        roles.enforce(BTreeMap::from([("reader".to_owned(), BTreeSet::from([get.clone()]))]));
        roles.check("reader", get.clone()).unwrap();
        let denied = roles.check("reader", put.clone()).unwrap_err().to_string();
        assert_eq!(denied, "reader is not authorized to perform: dynamodb:PutItem on things");
        roles.check("a test", put.clone()).unwrap();
        assert_eq!(roles.used()["reader"], BTreeSet::from([get]));
        assert_eq!(roles.refused(), BTreeMap::from([("reader".to_owned(), BTreeSet::from([put]))]));
    }
}
