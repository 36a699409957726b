//! Roles: what a user may do in a service, and a participant in a conversation (rule B.6).

use serde::{Deserialize, Serialize};

use crate::timestamp::Timestamp;

/// What a role is about.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
)]
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum RoleKind {
    /// What a participant may do in one conversation.
    Conversation,
    /// What a user may do in the service.
    Service,
}

impl RoleKind {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether roles of this kind can grant a permission.
    pub fn has(self, permission: Permission) -> bool {
        match self {
            Self::Conversation => lists::IN_CONVERSATIONS.contains(&permission),
            Self::Service => lists::IN_SERVICES.contains(&permission),
        }
    }
}

/// Something that a role grants, by its published name.
#[derive(
    Debug,
    Clone,
    Copy,
    PartialEq,
    Eq,
    PartialOrd,
    Ord,
    Serialize,
    Deserialize,
    strum::EnumString,
    strum::IntoStaticStr,
    strum::VariantArray,
)]
#[serde(rename_all = "camelCase")]
#[strum(serialize_all = "camelCase", ascii_case_insensitive)]
#[expect(missing_docs, reason = "each is the permission of that name")]
pub enum Permission {
    AddNonChatParticipant,
    AddParticipant,
    CreateConversation,
    DeleteAnyMessage,
    DeleteConversation,
    DeleteOwnMessage,
    EditAnyMessage,
    EditAnyMessageAttributes,
    EditAnyParticipantAttributes,
    EditAnyUserInfo,
    EditConversationAttributes,
    EditConversationName,
    EditNotificationLevel,
    EditOwnMessage,
    EditOwnMessageAttributes,
    EditOwnParticipantAttributes,
    EditOwnUserInfo,
    JoinConversation,
    LeaveConversation,
    RemoveParticipant,
    SendMediaMessage,
    SendMessage,
}

impl Permission {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// A role of a service, which it is kin to.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Role {
    /// Which kin of the service it is.
    pub number: u32,
    /// What it is about.
    pub kind: RoleKind,
    /// A name for people.
    pub friendly_name: String,
    /// What it grants, each once.
    pub permissions: Vec<Permission>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// The number of the role that agents have in the conversations of their tasks.
pub const AGENT: u32 = 5;
/// The number of the role of users unless the service says otherwise.
pub(super) const SERVICE_USER: u32 = 2;
/// The number of the role of who made a conversation.
pub(super) const CHANNEL_ADMIN: u32 = 3;
/// The number of the role of participants.
pub(super) const CHANNEL_USER: u32 = 4;

/// How many roles every service has; others have higher numbers.
#[expect(clippy::cast_possible_truncation, reason = "there are five")]
pub(super) const STANDARD_COUNT: u32 = lists::STANDARD.len() as u32;

/// The kind of a role that every service has.
pub(super) fn standard_kind(number: u32) -> Option<RoleKind> {
    let place = usize::try_from(number.checked_sub(1)?).ok()?;
    lists::STANDARD.get(place).map(|(kind, ..)| *kind)
}

/// The roles that every service has, as they are until somebody changes one.
pub(super) fn standard(created: Timestamp) -> impl Iterator<Item = Role> {
    (1..).zip(lists::STANDARD).map(move |(number, (kind, name, permissions))| Role {
        number,
        kind,
        friendly_name: name.to_owned(),
        permissions: permissions.to_vec(),
        created,
        updated: created,
    })
}

/// What roles can grant, and what those do that every service has.
mod lists {
    use super::Permission::{
        AddNonChatParticipant, AddParticipant, CreateConversation, DeleteAnyMessage,
        DeleteConversation, DeleteOwnMessage, EditAnyMessage, EditAnyMessageAttributes,
        EditAnyParticipantAttributes, EditAnyUserInfo, EditConversationAttributes,
        EditConversationName, EditNotificationLevel, EditOwnMessage, EditOwnMessageAttributes,
        EditOwnParticipantAttributes, EditOwnUserInfo, JoinConversation, LeaveConversation,
        RemoveParticipant, SendMediaMessage, SendMessage,
    };
    use super::{Permission, RoleKind};

    /// What roles of a conversation can grant.
    pub(super) const IN_CONVERSATIONS: &[Permission] = &[
        AddNonChatParticipant,
        AddParticipant,
        DeleteAnyMessage,
        DeleteConversation,
        DeleteOwnMessage,
        EditAnyMessage,
        EditAnyMessageAttributes,
        EditAnyParticipantAttributes,
        EditAnyUserInfo,
        EditConversationAttributes,
        EditConversationName,
        EditNotificationLevel,
        EditOwnMessage,
        EditOwnMessageAttributes,
        EditOwnParticipantAttributes,
        EditOwnUserInfo,
        LeaveConversation,
        RemoveParticipant,
        SendMediaMessage,
        SendMessage,
    ];

    /// What roles of a service can grant.
    pub(super) const IN_SERVICES: &[Permission] = &[
        AddParticipant,
        CreateConversation,
        DeleteAnyMessage,
        DeleteConversation,
        EditAnyMessage,
        EditAnyMessageAttributes,
        EditAnyUserInfo,
        EditConversationAttributes,
        EditConversationName,
        EditOwnMessage,
        EditOwnMessageAttributes,
        EditOwnUserInfo,
        JoinConversation,
        RemoveParticipant,
    ];

    /// The roles that every service has, by their numbers from 1 on: they cannot be deleted.
    pub(super) const STANDARD: [(RoleKind, &str, &[Permission]); 5] = [
        (
            RoleKind::Service,
            "service admin",
            &[
                AddParticipant,
                CreateConversation,
                DeleteAnyMessage,
                DeleteConversation,
                EditAnyMessage,
                EditAnyMessageAttributes,
                EditAnyUserInfo,
                EditConversationAttributes,
                EditConversationName,
                EditOwnUserInfo,
                JoinConversation,
                RemoveParticipant,
            ],
        ),
        (
            RoleKind::Service,
            "service user",
            &[CreateConversation, EditOwnUserInfo, JoinConversation],
        ),
        (
            RoleKind::Conversation,
            "channel admin",
            &[
                AddNonChatParticipant,
                AddParticipant,
                DeleteAnyMessage,
                DeleteConversation,
                EditAnyMessage,
                EditAnyMessageAttributes,
                EditAnyParticipantAttributes,
                EditConversationAttributes,
                EditConversationName,
                EditNotificationLevel,
                LeaveConversation,
                RemoveParticipant,
                SendMediaMessage,
                SendMessage,
            ],
        ),
        (
            RoleKind::Conversation,
            "channel user",
            &[
                DeleteOwnMessage,
                EditNotificationLevel,
                EditOwnMessage,
                EditOwnMessageAttributes,
                EditOwnParticipantAttributes,
                LeaveConversation,
                SendMediaMessage,
                SendMessage,
            ],
        ),
        (
            RoleKind::Conversation,
            "agent",
            &[
                DeleteOwnMessage,
                EditConversationAttributes,
                EditOwnMessage,
                EditOwnMessageAttributes,
                LeaveConversation,
                SendMediaMessage,
                SendMessage,
            ],
        ),
    ];
}

#[cfg(test)]
mod tests {
    use strum::VariantArray as _;

    use super::*;

    #[test]
    fn a_standard_role_grants_what_its_kind_knows() {
        for role in standard(Timestamp(0)) {
            assert_eq!(standard_kind(role.number), Some(role.kind));
            let mut once = role.permissions.clone();
            once.sort_unstable();
            once.dedup();
            assert_eq!(once, role.permissions, "{}", role.friendly_name);
            assert!(role.permissions.iter().all(|one| role.kind.has(*one)), "{role:?}");
        }
        assert_eq!(standard_kind(0), None);
        assert_eq!(standard_kind(STANDARD_COUNT + 1), None);
        let kind_and_name = |number: u32| {
            let role = standard(Timestamp(0)).find(|role| role.number == number).unwrap();
            (role.kind, role.friendly_name)
        };
        for (number, kind, name) in [
            (SERVICE_USER, RoleKind::Service, "service user"),
            (CHANNEL_ADMIN, RoleKind::Conversation, "channel admin"),
            (CHANNEL_USER, RoleKind::Conversation, "channel user"),
            (AGENT, RoleKind::Conversation, "agent"),
        ] {
            assert_eq!(kind_and_name(number), (kind, name.to_owned()));
        }
    }

    #[test]
    fn every_permission_is_of_a_kind_and_read_in_any_case() {
        for one in Permission::VARIANTS {
            assert!(RoleKind::Conversation.has(*one) || RoleKind::Service.has(*one), "{one:?}");
            assert_eq!(one.name().to_ascii_uppercase().parse(), Ok(*one));
            assert_eq!(serde_json::json!(one), one.name());
        }
        assert!(!RoleKind::Service.has(Permission::SendMessage));
        assert!(!RoleKind::Conversation.has(Permission::CreateConversation));
    }
}
