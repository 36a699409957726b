//! A service: a partition of the account's conversations, with its users and the roles that they have (rule B.6).
//!
//! Roles live in their service, and are kin of it: a role's identifier tells whose it is, and nothing has to be looked up to know that it
//! is another one's. Those that every service has are not stored until somebody changes one.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};

use super::grants::Grants;
use super::role::{
    CHANNEL_ADMIN, CHANNEL_USER, Permission, Role, RoleKind, SERVICE_USER, STANDARD_COUNT,
    standard, standard_kind,
};
use crate::refusal::Refusal;
use crate::sid::{AccountSid, AddressConfigurationSid, RoleSid, ServiceSid, Sid as _};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// At most this many roles, those that every service has among them: they are one item with their service.
pub const ROLES_MAX: usize = 100;

/// A conversation service: a partition of the account's conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its identifier.
    pub sid: ServiceSid,
    /// A name for people.
    pub friendly_name: String,
    /// The address configurations that name it; those stored before services kept this are missing until they are
    /// changed ([`crate::process::address`]).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<AddressConfigurationSid>,
    /// What those who take part may do.
    #[serde(default, skip_serializing_if = "Rights::are_standard")]
    pub rights: Rights,
    /// Whether users are shown as present or absent.
    #[serde(default, skip_serializing_if = "is_false")]
    pub reachability: bool,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The roles of a service as far as they are not as every service has them, and who gets which.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Rights {
    /// In order of their numbers.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    roles: Vec<Role>,
    /// How many roles were added.
    #[serde(default, skip_serializing_if = "is_zero")]
    added: u32,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    users: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    participants: Option<u32>,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    creators: Option<u32>,
}

/// Who gets a role without having been given one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, strum::VariantArray)]
pub enum Newcomer {
    /// Users who are new to the service.
    User,
    /// Those who join a conversation.
    Participant,
    /// Users who make a conversation. Requests by REST are nobody's, so they make nobody one.
    Creator,
}

impl Newcomer {
    /// The kind of role that they get.
    pub const fn kind(self) -> RoleKind {
        match self {
            Self::User => RoleKind::Service,
            Self::Participant | Self::Creator => RoleKind::Conversation,
        }
    }
}

/// The service of conversations that name none, as long as no other is configured.
pub fn default_service_sid(account: AccountSid) -> ServiceSid {
    ServiceSid::derived(&["default", &account.to_string()])
}

impl Rights {
    fn are_standard(&self) -> bool {
        *self == Self::default()
    }

    /// The number of the role that newcomers get.
    pub fn of(&self, newcomer: Newcomer) -> u32 {
        match newcomer {
            Newcomer::User => self.users.unwrap_or(SERVICE_USER),
            Newcomer::Participant => self.participants.unwrap_or(CHANNEL_USER),
            Newcomer::Creator => self.creators.unwrap_or(CHANNEL_ADMIN),
        }
    }

    /// What the role with that number grants; nothing if there is none.
    pub fn grants(&self, number: u32) -> Grants {
        let kept = self.roles.iter().find(|role| role.number == number).cloned();
        let role = kept.or_else(|| standard(Timestamp(0)).find(|role| role.number == number));
        role.map(|role| role.permissions.into_iter().collect()).unwrap_or_default()
    }

    /// The kind of the role with that number, if there is one.
    pub fn kind(&self, number: u32) -> Option<RoleKind> {
        let kept = self.roles.iter().find(|role| role.number == number);
        kept.map(|role| role.kind).or_else(|| standard_kind(number))
    }
}

impl Service {
    /// A new one.
    pub const fn new(sid: ServiceSid, friendly_name: String, now: Timestamp) -> Self {
        Self {
            sid,
            friendly_name,
            addresses: BTreeSet::new(),
            rights: Rights {
                roles: Vec::new(),
                added: 0,
                users: None,
                participants: None,
                creators: None,
            },
            reachability: false,
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// Its roles, in order of their numbers.
    pub fn roles(&self) -> Vec<Role> {
        let kept = &self.rights.roles;
        let is_changed = |number: u32| kept.iter().any(|role| role.number == number);
        let standard = standard(self.created).filter(|role| !is_changed(role.number));
        let mut all: Vec<Role> = standard.chain(kept.iter().cloned()).collect();
        all.sort_unstable_by_key(|role| role.number);
        all
    }

    /// The role with that identifier.
    pub fn role(&self, sid: RoleSid) -> Option<Role> {
        let number = role_number(self.sid, sid)?;
        self.roles().into_iter().find(|role| role.number == number)
    }

    /// Adds a role, whose kind has all of its permissions; its number.
    ///
    /// # Errors
    /// [`Refusal::NoSuchPermission`] if it does not, [`Refusal::TooManyRoles`].
    pub fn add_role(
        &mut self,
        kind: RoleKind,
        friendly_name: String,
        permissions: Vec<Permission>,
        now: Timestamp,
    ) -> Result<u32, Refusal> {
        let permissions = granted(kind, permissions)?;
        if self.roles().len() >= ROLES_MAX {
            return Err(Refusal::TooManyRoles);
        }
        self.rights.added += 1;
        let number = STANDARD_COUNT + self.rights.added;
        let role = Role { number, kind, friendly_name, permissions, created: now, updated: now };
        self.rights.roles.push(role);
        self.updated = now;
        Ok(number)
    }

    /// Lets a role grant these permissions and no others; whether that is a change.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRole`], [`Refusal::NoSuchPermission`].
    pub fn change_role(
        &mut self,
        sid: RoleSid,
        permissions: Vec<Permission>,
        now: Timestamp,
    ) -> Result<bool, Refusal> {
        let mut role = self.role(sid).ok_or(Refusal::NoSuchRole)?;
        let permissions = granted(role.kind, permissions)?;
        if permissions == role.permissions {
            return Ok(false);
        }
        role.permissions = permissions;
        role.updated = now;
        self.rights.roles.retain(|kept| kept.number != role.number);
        self.rights.roles.push(role);
        self.rights.roles.sort_unstable_by_key(|kept| kept.number);
        self.updated = now;
        Ok(true)
    }

    /// Removes a role. Whoever has it keeps its identifier, and may do nothing by it.
    ///
    /// # Errors
    /// [`Refusal::NoSuchRole`]; [`Refusal::StandardRole`] for one that every service has; [`Refusal::RoleOfNewcomers`]
    /// for one that the service gives to others.
    pub fn remove_role(&mut self, sid: RoleSid, now: Timestamp) -> Result<(), Refusal> {
        let role = self.role(sid).ok_or(Refusal::NoSuchRole)?;
        if standard_kind(role.number).is_some() {
            return Err(Refusal::StandardRole);
        }
        let all = [Newcomer::User, Newcomer::Participant, Newcomer::Creator];
        if all.into_iter().any(|newcomer| self.rights.of(newcomer) == role.number) {
            return Err(Refusal::RoleOfNewcomers);
        }
        self.rights.roles.retain(|kept| kept.number != role.number);
        self.updated = now;
        Ok(())
    }

    /// Gives newcomers this role from now on.
    ///
    /// # Errors
    /// The service has no such role of their kind: [`Refusal::NoSuchRole`], [`Refusal::NoSuchConversationRole`] or
    /// [`Refusal::NoSuchCreatorRole`], by who was to get it.
    pub fn appoint(&mut self, newcomer: Newcomer, sid: RoleSid) -> Result<(), Refusal> {
        let role = self.role(sid).filter(|role| role.kind == newcomer.kind());
        let number = role.map(|role| role.number).ok_or(match newcomer {
            Newcomer::User => Refusal::NoSuchRole,
            Newcomer::Participant => Refusal::NoSuchConversationRole,
            Newcomer::Creator => Refusal::NoSuchCreatorRole,
        })?;
        let rights = &mut self.rights;
        let (place, standard) = match newcomer {
            Newcomer::User => (&mut rights.users, SERVICE_USER),
            Newcomer::Participant => (&mut rights.participants, CHANNEL_USER),
            Newcomer::Creator => (&mut rights.creators, CHANNEL_ADMIN),
        };
        *place = Some(number).filter(|number| *number != standard);
        Ok(())
    }
}

/// The number of a role within a service; none if it is another one's.
pub fn role_number(service: ServiceSid, role: RoleSid) -> Option<u32> {
    (role.kin::<ServiceSid>(0) == service.kin(0)).then(|| role.number())
}

/// The permissions in their order, each once.
fn granted(kind: RoleKind, mut permissions: Vec<Permission>) -> Result<Vec<Permission>, Refusal> {
    if let Some(wrong) = permissions.iter().find(|one| !kind.has(**one)) {
        return Err(Refusal::NoSuchPermission(kind.name(), wrong.name()));
    }
    permissions.sort_unstable();
    permissions.dedup();
    Ok(permissions)
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;
    use crate::conversation::AGENT;

    const NOW: Timestamp = Timestamp(5);

    fn service() -> Service {
        Service::new(ServiceSid::derived(&["s"]), "S".to_owned(), Timestamp(1))
    }

    fn sid(number: u32) -> RoleSid {
        service().sid.kin(number)
    }

    fn names(service: &Service) -> Vec<String> {
        service.roles().into_iter().map(|role| role.friendly_name).collect()
    }

    #[test]
    fn a_new_service_has_its_roles_and_stores_none() {
        let service = service();
        assert_eq!(
            names(&service),
            ["service admin", "service user", "channel admin", "channel user", "agent"]
        );
        assert!(serde_json::to_value(&service).unwrap().get("rights").is_none());
        for newcomer in Newcomer::VARIANTS {
            let number = service.rights.of(*newcomer);
            assert_eq!(service.rights.kind(number), Some(newcomer.kind()));
        }
        assert_eq!(service.role(sid(AGENT)).unwrap().friendly_name, "agent");
        assert_eq!(service.role(ServiceSid::derived(&["other"]).kin(AGENT)), None);
    }

    #[test]
    fn a_role_that_was_changed_is_kept_in_its_place() {
        let mut service = service();
        let wanted = vec![Permission::SendMessage, Permission::LeaveConversation];
        assert_eq!(service.change_role(sid(4), wanted.clone(), NOW), Ok(true));
        assert_eq!(service.change_role(sid(4), wanted, NOW), Ok(false));
        let role = service.role(sid(4)).unwrap();
        assert_eq!(role.permissions, [Permission::LeaveConversation, Permission::SendMessage]);
        assert_eq!((role.created, role.updated), (Timestamp(1), NOW));
        assert_eq!(names(&service).len(), 5);
        let wrong = service.change_role(sid(4), vec![Permission::CreateConversation], NOW);
        assert_eq!(wrong, Err(Refusal::NoSuchPermission("conversation", "createConversation")));
        assert_eq!(service.change_role(sid(9), Vec::new(), NOW), Err(Refusal::NoSuchRole));
    }

    #[test]
    fn a_role_is_added_with_a_number_of_its_own_and_removed() {
        let mut service = service();
        let mut add = |name: &str| {
            let all = vec![Permission::SendMessage, Permission::SendMessage];
            service.add_role(RoleKind::Conversation, name.to_owned(), all, NOW)
        };
        assert_eq!((add("a"), add("b")), (Ok(6), Ok(7)));
        assert_eq!(service.role(sid(7)).unwrap().permissions, [Permission::SendMessage]);
        assert_eq!(service.remove_role(sid(7), NOW), Ok(()));
        assert_eq!(service.remove_role(sid(7), NOW), Err(Refusal::NoSuchRole));
        assert_eq!(service.remove_role(sid(AGENT), NOW), Err(Refusal::StandardRole));
        let again = service.add_role(RoleKind::Service, "c".to_owned(), Vec::new(), NOW);
        assert_eq!(again, Ok(8), "an identifier means one role for ever");
    }

    #[test]
    fn newcomers_get_what_the_service_says_and_that_role_stays() {
        let mut service = service();
        let all = vec![Permission::SendMessage];
        let number =
            service.add_role(RoleKind::Conversation, "guest".to_owned(), all, NOW).unwrap();
        service.appoint(Newcomer::Participant, sid(number)).unwrap();
        assert_eq!(service.rights.of(Newcomer::Participant), number);
        assert_eq!(service.remove_role(sid(number), NOW), Err(Refusal::RoleOfNewcomers));
        let of_another_kind = service.appoint(Newcomer::User, sid(number));
        assert_eq!(of_another_kind, Err(Refusal::NoSuchRole));
        let none = service.appoint(Newcomer::Creator, sid(99));
        assert_eq!(none, Err(Refusal::NoSuchCreatorRole));
        let none = service.appoint(Newcomer::Participant, sid(1));
        assert_eq!(none, Err(Refusal::NoSuchConversationRole));
        service.appoint(Newcomer::Participant, sid(CHANNEL_USER)).unwrap();
        assert!(service.remove_role(sid(number), NOW).is_ok());
    }

    #[test]
    fn a_service_is_full_one_day() {
        let mut service = service();
        let mut added = 0;
        let full = loop {
            let name = added.to_string();
            match service.add_role(RoleKind::Service, name, Vec::new(), NOW) {
                Ok(_) => added += 1,
                Err(refusal) => break refusal,
            }
        };
        assert_eq!((full, added), (Refusal::TooManyRoles, ROLES_MAX - 5));
    }
}
