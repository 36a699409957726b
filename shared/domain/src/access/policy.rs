//! What restricted keys are allowed: assertions such as `/twilio/messaging/messages/read`, and what a request wants
//! (rule F.1).
//!
//! The vendor publishes assertions for some of its products, spelled with and without hyphens, in the singular and in the
//! plural. They are compared without these differences. Those of other products are made by the same pattern.

use std::fmt;

use serde::{Deserialize, Serialize};

/// What a request does to a resource.
#[derive(
    Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, strum::EnumString, strum::IntoStaticStr,
)]
#[strum(serialize_all = "lowercase")]
pub enum Action {
    /// Read one.
    Read,
    /// Read all.
    List,
    /// Make one.
    Create,
    /// Change one.
    Update,
    /// Remove one.
    Delete,
}

/// An assertion of a policy.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Assertion {
    /// As it was given.
    text: String,
    /// In the spelling that is compared.
    product: String,
    resource: String,
    /// Any, if none.
    action: Option<Action>,
}

/// A text that asserts nothing that there is.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("assertion '{0}' is invalid")]
pub struct NoAssertion(pub String);

/// Why a key may not do something.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Denied {
    /// Account and keys are for main keys and for the account itself.
    #[error("Authenticate")]
    ForMainKeys,
    /// A restricted key lacks this.
    #[error("required permission {0} is missing")]
    Missing(String),
    /// No permission is known for it, so no restricted key has it.
    #[error("restricted keys have no permission for this resource")]
    Unknown,
}

/// What a request wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Wanted {
    product: &'static str,
    resource: &'static str,
    action: Action,
}

/// Keys and the account itself are looked after by main keys alone.
const IAM: &str = "iam";

/// Where resources are: product as the path has it, path behind the version with a star for each identifier, and the name
/// in assertions.
const RESOURCES: &[(&str, &str, &str, &str)] = &[
    ("api", "Accounts", IAM, "accounts"),
    ("api", "Accounts/*", IAM, "accounts"),
    ("api", "Accounts/*/Keys/*", IAM, "api-keys"),
    ("api", "Accounts/*/SigningKeys/*", IAM, "api-keys"),
    ("api", "Accounts/*/IncomingPhoneNumbers/*", "phone-numbers", "incoming-phone-numbers"),
    ("api", "Accounts/*/Messages/*", "messaging", "messages"),
    ("api", "Accounts/*/Messages/*/Media/*", "messaging", "messages.media"),
    ("api", "Accounts/*/Messages/*/SenderReceipt", "messaging", "messages.sender-receipt"),
    ("api", "Accounts/*/SMS/ShortCodes/*", "phone-numbers", "short-codes"),
    ("iam", "Keys/*", IAM, "api-keys"),
    ("accounts", "Consents/*", "messaging", "consents"),
    ("accounts", "Consents/Bulk", "messaging", "consents.bulk"),
    ("content", "Content/*", "messaging", "contents"),
    ("content", "Content/*/ApprovalRequests", "messaging", "contents.approval-requests"),
    ("content", "Content/*/ApprovalRequests/whatsapp", "messaging", "contents.approval-requests"),
    ("content", "ContentAndApprovals", "messaging", "contents"),
    ("content", "LegacyContent", "messaging", "contents"),
    ("messaging", "Services/*", "messaging", "services"),
    ("messaging", "Services/*/OptOut", "messaging", "services.optout"),
    ("messaging", "Services/*/PhoneNumbers/*", "messaging", "services.phonenumbers"),
    ("messaging", "Services/*/AlphaSenders/*", "messaging", "services.alphasenders"),
    ("messaging", "Services/*/ShortCodes/*", "messaging", "services.shortcodes"),
    ("messaging", "Services/*/ChannelSenders/*", "messaging", "services.channelsenders"),
    (
        "messaging",
        "Services/*/DestinationAlphaSenders/*",
        "messaging",
        "services.destination-alpha-senders",
    ),
    ("messaging", "Channels/Senders/*", "messaging", "channels.senders"),
    ("conversations", "Configuration", "conversations", "configuration"),
    ("conversations", "Configuration/Webhooks", "conversations", "configuration.webhooks"),
    ("conversations", "Configuration/Addresses/*", "conversations", "configuration.addresses"),
    ("conversations", "Services/*", "conversations", "services"),
    ("conversations", "Services/*/Configuration", "conversations", "services.configuration"),
    (
        "conversations",
        "Services/*/Configuration/Webhooks",
        "conversations",
        "services.configuration.webhooks",
    ),
    ("conversations", "Conversations/*", "conversations", "conversations"),
    ("conversations", "Conversations/*/Costs", "conversations", "conversations.costs"),
    ("conversations", "Costs", "conversations", "costs"),
    ("conversations", "Conversations/*/Speaker", "conversations", "conversations.speaker"),
    ("conversations", "Conversations/*/Window", "conversations", "conversations.window"),
    (
        "conversations",
        "Conversations/*/Participants/*",
        "conversations",
        "conversations.participants",
    ),
    ("conversations", "Conversations/*/Messages/*", "conversations", "conversations.messages"),
    (
        "conversations",
        "Conversations/*/Messages/*/Receipts/*",
        "conversations",
        "conversations.messages.receipts",
    ),
    (
        "conversations",
        "Conversations/*/Messages/*/ChannelMetadata",
        "conversations",
        "conversations.messages.channel-metadata",
    ),
    ("conversations", "Conversations/*/Webhooks/*", "conversations", "conversations.webhooks"),
    (
        "conversations",
        "ConversationWithParticipants",
        "conversations",
        "conversation-with-participants",
    ),
    ("conversations", "ParticipantConversations", "conversations", "participant-conversations"),
    ("conversations", "Roles/*", "conversations", "roles"),
    ("conversations", "Users/*", "conversations", "users"),
    ("conversations", "Users/*/Conversations/*", "conversations", "users.conversations"),
    ("taskrouter", "Workspaces/*", "taskrouter", "workspaces"),
    ("taskrouter", "Workspaces/*/Activities/*", "taskrouter", "workspaces.activities"),
    ("taskrouter", "Workspaces/*/Events/*", "taskrouter", "workspaces.events"),
    ("taskrouter", "Workspaces/*/TaskChannels/*", "taskrouter", "workspaces.task-channels"),
    ("taskrouter", "Workspaces/*/TaskQueues/*", "taskrouter", "workspaces.task-queues"),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/*/Ageing",
        "taskrouter",
        "workspaces.task-queues.ageing",
    ),
    ("taskrouter", "Workspaces/*/Workflows/*", "taskrouter", "workspaces.workflows"),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/Rehearsal",
        "taskrouter",
        "workspaces.workflows.rehearsal",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/Warnings",
        "taskrouter",
        "workspaces.workflows.warnings",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/RoutingTests/*",
        "taskrouter",
        "workspaces.workflows.routing-tests",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/RoutingTests/Run",
        "taskrouter",
        "workspaces.workflows.routing-tests.run",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/*/Warnings",
        "taskrouter",
        "workspaces.task-queues.warnings",
    ),
    ("taskrouter", "Workspaces/*/Tasks/*/Position", "taskrouter", "workspaces.tasks.position"),
    ("taskrouter", "Workspaces/*/Workers/*", "taskrouter", "workspaces.workers"),
    (
        "taskrouter",
        "Workspaces/*/Workers/*/Channels/*",
        "taskrouter",
        "workspaces.workers.channels",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workers/*/Reservations/*",
        "taskrouter",
        "workspaces.workers.reservations",
    ),
    ("taskrouter", "Workspaces/*/Tasks/*", "taskrouter", "workspaces.tasks"),
    ("taskrouter", "Workspaces/*/Tasks/*/Receipt", "taskrouter", "workspaces.tasks.receipt"),
    (
        "taskrouter",
        "Workspaces/*/Tasks/*/Reservations/*",
        "taskrouter",
        "workspaces.tasks.reservations",
    ),
    (
        "taskrouter",
        "Workspaces/*/Reservations/*/Receipt",
        "taskrouter",
        "workspaces.reservations.receipt",
    ),
    ("taskrouter", "Workspaces/*/Statistics", "taskrouter", "workspaces.statistics"),
    (
        "taskrouter",
        "Workspaces/*/RealTimeStatistics",
        "taskrouter",
        "workspaces.real-time-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/CumulativeStatistics",
        "taskrouter",
        "workspaces.cumulative-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/Statistics",
        "taskrouter",
        "workspaces.task-queues.statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/RealTimeStatistics",
        "taskrouter",
        "workspaces.task-queues.bulk-real-time-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/*/Statistics",
        "taskrouter",
        "workspaces.task-queues.statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/*/RealTimeStatistics",
        "taskrouter",
        "workspaces.task-queues.real-time-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/TaskQueues/*/CumulativeStatistics",
        "taskrouter",
        "workspaces.task-queues.cumulative-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workers/Statistics",
        "taskrouter",
        "workspaces.workers.statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workers/RealTimeStatistics",
        "taskrouter",
        "workspaces.workers.real-time-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workers/CumulativeStatistics",
        "taskrouter",
        "workspaces.workers.cumulative-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workers/*/Statistics",
        "taskrouter",
        "workspaces.workers.statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/Statistics",
        "taskrouter",
        "workspaces.workflows.statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/RealTimeStatistics",
        "taskrouter",
        "workspaces.workflows.real-time-statistics",
    ),
    (
        "taskrouter",
        "Workspaces/*/Workflows/*/CumulativeStatistics",
        "taskrouter",
        "workspaces.workflows.cumulative-statistics",
    ),
    ("flex-api", "Interactions/*", "flex", "interactions"),
    ("flex-api", "Interactions/*/Channels/*", "flex", "interactions.channels"),
    ("flex-api", "Interactions/*/Channels/*/Invites/*", "flex", "interactions.channels.invites"),
    (
        "flex-api",
        "Interactions/*/Channels/*/Participants/*",
        "flex",
        "interactions.channels.participants",
    ),
    ("flex-api", "WebChats/*", "flex", "web-chats"),
    ("flex-api", "WebChats/*/Transcript", "flex", "web-chats.transcript"),
    ("flex-api", "DeploymentKeys/*", "flex", "deployment-keys"),
    ("studio", "Flows/*", "studio", "flows"),
    ("studio", "Flows/Validate", "studio", "flows.validate"),
    ("webhooks", "Endpoints/*", "webhooks", "endpoints"),
    ("webhooks", "Deliveries/*", "webhooks", "deliveries"),
    ("carriers", "Connections/*", "carriers", "connections"),
    ("carriers", "Connections/*/Secrets/*", "carriers", "connections.secrets"),
    ("carriers", "Connections/*/Numbers/*", "carriers", "connections.numbers"),
];

impl Wanted {
    /// What a request to this path wants, whose first segment behind the product is the version; none if no resource is
    /// known to be there. `action` is what its method does to one resource.
    pub fn of(product: &str, action: Action, path: &[&str]) -> Option<Self> {
        let (_, mut path) = path.split_first()?;
        // Every resource of the product is in a service as well, where it has the same name.
        if let ("conversations", ["Services", _, rest @ ..]) = (product, path)
            && !matches!(rest, [] | ["Configuration", ..])
        {
            path = rest;
        }
        let all = RESOURCES.iter().filter(|(of, ..)| *of == product);
        let matches = all.filter_map(|(_, pattern, product, resource)| {
            let action = matched(pattern, action, path)?;
            // What is said in words says more than an identifier.
            let stars = pattern.matches('*').count();
            Some((stars, Self { product, resource, action }))
        });
        matches.min_by_key(|(stars, _)| *stars).map(|(_, wanted)| wanted)
    }

    /// Whether it is about the account or its keys.
    pub fn is_of_account(&self) -> bool {
        self.product == IAM
    }
}

impl fmt::Display for Wanted {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let action: &str = self.action.into();
        write!(out, "twilio/{}/{}/{action}", self.product, self.resource)
    }
}

/// What a method does at a path, if the pattern is the path's.
fn matched(pattern: &str, action: Action, path: &[&str]) -> Option<Action> {
    let last = path.last().map(|last| last.strip_suffix(".json").unwrap_or(last));
    let segments = || {
        let before = path.len().saturating_sub(1);
        path.iter().take(before).copied().chain(last)
    };
    let fits = |pattern: &str| {
        let parts = || pattern.split('/');
        parts().count() == path.len()
            && parts().zip(segments()).all(|(part, it)| part == "*" || part == it)
    };
    if fits(pattern) && pattern.ends_with("Statistics") {
        // Published as lists, whichever method asks for them.
        return Some(Action::List);
    }
    if fits(pattern) {
        return Some(match (pattern.ends_with('*'), action) {
            (true, Action::List) => Action::Read,
            (true, Action::Create) => Action::Update,
            (_, action) => action,
        });
    }
    let all = pattern.strip_suffix("/*")?;
    fits(all).then_some(match action {
        Action::Read => Action::List,
        Action::Update => Action::Create,
        Action::List | Action::Create | Action::Delete => action,
    })
}

/// One spelling of a name: no hyphens, no plural.
fn folded(name: &str) -> String {
    let part = |part: &str| part.replace('-', "").trim_end_matches('s').to_owned();
    name.to_ascii_lowercase().split('.').map(part).collect::<Vec<_>>().join(".")
}

impl Assertion {
    /// Whether it allows a request.
    pub(super) fn allows(&self, wanted: &Wanted) -> bool {
        self.product == folded(wanted.product)
            && self.resource == folded(wanted.resource)
            && self.action.is_none_or(|action| action == wanted.action)
    }
}

impl std::str::FromStr for Assertion {
    type Err = NoAssertion;

    /// Reads `/twilio/product/resource/action`. Resources that are not here are refused, and so is everything that would let a
    /// restricted key make or change keys: it could raise itself.
    fn from_str(text: &str) -> Result<Self, NoAssertion> {
        let invalid = || NoAssertion(text.to_owned());
        let parts: Vec<&str> = text.split('/').collect();
        let ["", "twilio", product, resource, action] = parts.as_slice() else {
            return Err(invalid());
        };
        let action = match *action {
            "*" => None,
            action => Some(action.parse().map_err(|_| invalid())?),
        };
        let (product, resource) = (folded(product), folded(resource));
        let is_known = RESOURCES
            .iter()
            .any(|(_, _, of, name)| folded(of) == product && folded(name) == resource);
        let reads = matches!(action, Some(Action::Read | Action::List));
        match is_known && (product != IAM || reads) {
            true => Ok(Self { text: text.to_owned(), product, resource, action }),
            false => Err(invalid()),
        }
    }
}

impl TryFrom<String> for Assertion {
    type Error = NoAssertion;

    fn try_from(text: String) -> Result<Self, NoAssertion> {
        text.parse()
    }
}

impl From<Assertion> for String {
    fn from(assertion: Assertion) -> Self {
        assertion.text
    }
}

impl fmt::Display for Assertion {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str(&self.text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn name(product: &str, action: Action, path: &str) -> Option<String> {
        let path: Vec<&str> = path.split('/').collect();
        Wanted::of(product, action, &path).map(|wanted| wanted.to_string())
    }

    #[test]
    fn a_request_wants_what_is_published_for_it() {
        for (product, action, path, wanted) in [
            (
                "api",
                Action::Read,
                "2010-04-01/Accounts/AC1/Messages.json",
                "messaging/messages/list",
            ),
            (
                "api",
                Action::Read,
                "2010-04-01/Accounts/AC1/Messages/SM1.json",
                "messaging/messages/read",
            ),
            (
                "api",
                Action::Update,
                "2010-04-01/Accounts/AC1/Messages.json",
                "messaging/messages/create",
            ),
            ("api", Action::Read, "2010-04-01/Accounts/AC1.json", "iam/accounts/read"),
            ("api", Action::Delete, "2010-04-01/Accounts/AC1/Keys/SK1.json", "iam/api-keys/delete"),
            ("iam", Action::Read, "v1/Keys", "iam/api-keys/list"),
            (
                "taskrouter",
                Action::Read,
                "v1/Workspaces/WS1/Workers/WK1/Reservations",
                "taskrouter/workspaces.workers.reservations/list",
            ),
            (
                "taskrouter",
                Action::Read,
                "v1/Workspaces/WS1/Workers/Statistics",
                "taskrouter/workspaces.workers.statistics/list",
            ),
            ("conversations", Action::Read, "v1/Services/IS1", "conversations/services/read"),
            (
                "conversations",
                Action::Update,
                "v1/Services/IS1/Conversations/CH1/Messages",
                "conversations/conversations.messages/create",
            ),
            (
                "conversations",
                Action::Update,
                "v1/Conversations/Messages/Messages",
                "conversations/conversations.messages/create",
            ),
            (
                "conversations",
                Action::Update,
                "v1/Services/IS1/Configuration",
                "conversations/services.configuration/update",
            ),
        ] {
            let wanted = format!("twilio/{wanted}");
            assert_eq!(name(product, action, path).as_ref(), Some(&wanted), "{path}");
        }
        assert_eq!(name("conversations", Action::Read, "v1/Unheard"), None);
        assert_eq!(
            name("conversations", Action::Read, "v1/Conversations/CH1/Messages/IM1/More"),
            None
        );
        assert_eq!(name("sync", Action::Read, "v1/Services"), None);
    }

    #[test]
    fn an_assertion_is_read_in_the_spellings_that_are_published() {
        let wanted =
            Wanted::of("messaging", Action::Read, &["v1", "Services", "MG1", "PhoneNumbers"])
                .unwrap();
        for text in [
            "/twilio/messaging/services.phonenumbers/list",
            "/twilio/messaging/services.phone-numbers/list",
            "/twilio/messaging/services.phonenumbers/*",
        ] {
            let one: Assertion = text.parse().unwrap();
            assert!(one.allows(&wanted), "{text}");
            assert_eq!(String::from(one), text);
        }
        let other: Assertion = "/twilio/messaging/services.phonenumbers/read".parse().unwrap();
        assert!(!other.allows(&wanted));
        let above: Assertion = "/twilio/messaging/services/*".parse().unwrap();
        assert!(!above.allows(&wanted), "what is inside has permissions of its own");
    }

    #[test]
    fn what_asserts_nothing_is_refused_and_so_is_what_would_raise_the_key() {
        for wrong in [
            "",
            "/",
            "/twilio/voice/calls/read",
            "/twilio/messaging/messages",
            "/twilio/messaging/messages/steal",
            "twilio/messaging/messages/read",
            "/twilio/messaging/messages/read/",
            "/twilio/messaging/*/read",
            "/twilio/iam/api-keys/create",
            "/twilio/iam/api-keys/update",
            "/twilio/iam/api-keys/delete",
            "/twilio/iam/api-keys/*",
        ] {
            assert_eq!(wrong.parse::<Assertion>(), Err(NoAssertion(wrong.to_owned())), "{wrong}");
        }
        assert!("/twilio/iam/api-keys/list".parse::<Assertion>().is_ok());
    }

    #[test]
    fn no_two_resources_are_told_apart_by_spelling_alone() {
        for (_, _, product, resource) in RESOURCES {
            let same = RESOURCES.iter().filter(|(_, _, of, name)| {
                folded(of) == folded(product) && folded(name) == folded(resource)
            });
            assert!(same.into_iter().all(|(_, _, _, name)| name == resource), "{resource}");
        }
    }
}
