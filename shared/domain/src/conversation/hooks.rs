//! Who listens to all conversations of the account, or of a service (rule B.5).

use serde::{Deserialize, Serialize};
use strum::VariantArray as _;

use super::EventName;
use crate::interaction::{InteractionEvent, InteractionWebhook};

/// The published name of anything that a webhook of the account or of a service can ask for. What ends in no `d` comes before its
/// action and can change or refuse it.
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
#[expect(missing_docs, reason = "each is the event of that name")]
pub enum HookName {
    OnConversationAdd,
    OnConversationAdded,
    OnConversationRemove,
    OnConversationRemoved,
    OnConversationStateUpdated,
    OnConversationUnattended,
    OnConversationUpdate,
    OnConversationUpdated,
    OnDeliveryUpdated,
    OnMessageAdd,
    OnMessageAdded,
    OnMessageRemove,
    OnMessageRemoved,
    OnMessageUpdate,
    OnMessageUpdated,
    OnParticipantAdd,
    OnParticipantAdded,
    OnParticipantRemove,
    OnParticipantRemoved,
    OnParticipantUpdate,
    OnParticipantUpdated,
    OnSpeakerChanged,
    OnUserAdded,
    OnUserUpdate,
    OnUserUpdated,
}

impl HookName {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }

    /// Whether it comes before its action, and is asked.
    pub const fn is_asked(self) -> bool {
        match self {
            Self::OnConversationAdd
            | Self::OnConversationRemove
            | Self::OnConversationUpdate
            | Self::OnMessageAdd
            | Self::OnMessageRemove
            | Self::OnMessageUpdate
            | Self::OnParticipantAdd
            | Self::OnParticipantRemove
            | Self::OnParticipantUpdate
            | Self::OnUserUpdate => true,
            Self::OnConversationAdded
            | Self::OnConversationRemoved
            | Self::OnConversationStateUpdated
            | Self::OnConversationUpdated
            | Self::OnConversationUnattended
            | Self::OnDeliveryUpdated
            | Self::OnMessageAdded
            | Self::OnMessageRemoved
            | Self::OnMessageUpdated
            | Self::OnParticipantAdded
            | Self::OnParticipantRemoved
            | Self::OnParticipantUpdated
            | Self::OnSpeakerChanged
            | Self::OnUserAdded
            | Self::OnUserUpdated => false,
        }
    }
}

/// Where the events go that happen anywhere in the account, or in a service.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hooks {
    /// Who is to be asked before something is done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pre_url: Option<String>,
    /// Who is told of what was done.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub post_url: Option<String>,
    /// `GET`; otherwise `POST`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub method: Option<String>,
    /// Of what; nothing else is told.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub filters: Vec<HookName>,
    /// That the contact centre is told instead of the endpoints.
    #[serde(default, skip_serializing_if = "is_false")]
    pub flex: bool,
}

impl Hooks {
    /// Whether nothing is configured.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }

    /// How the endpoint is called.
    pub fn method(&self) -> &str {
        self.method.as_deref().unwrap_or("POST")
    }

    /// Who is asked before an action, if that is wanted.
    pub fn asked(&self, before: HookName) -> Option<&str> {
        let is_wanted = before.is_asked() && self.filters.contains(&before);
        self.pre_url.as_deref().filter(|_| is_wanted && !self.flex)
    }

    /// Where an event is told, if it is wanted.
    pub fn told(&self, event: EventName) -> Option<&str> {
        let is_wanted = self.filters.iter().any(|filter| filter.name() == event.name());
        self.post_url.as_deref().filter(|_| is_wanted && !self.flex)
    }
}

/// Whose webhook it is.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Level {
    /// The conversation's own.
    #[default]
    Conversation,
    /// The service's.
    Service,
    /// The account's.
    Account,
}

impl Level {
    /// The word for it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Conversation => "conversation",
            Self::Service => "service",
            Self::Account => "account",
        }
    }

    #[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
    pub(crate) const fn is_conversation(&self) -> bool {
        matches!(self, Self::Conversation)
    }
}

/// The hooks that are asked before an action. Those of a service are asked instead of the account's, not after them ("service-scoped
/// webhooks will override your global webhook settings such that only the service-scoped hooks will fire", Per-Service Webhook
/// resource). **Inferred:** a service has some of its own if it has a `PreWebhookUrl`, whatever its filters say.
pub fn asking<'a>(account: &'a Hooks, service: Option<&'a Hooks>) -> &'a Hooks {
    service.filter(|service| service.pre_url.is_some()).unwrap_or(account)
}

/// Which events the account and a service are told of, and which they are asked before: what a rule has to know of their webhooks.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Listening {
    account: u32,
    service: u32,
    asked: u32,
    /// Of interactions, who hears of all of them.
    interactions: u8,
}

impl Listening {
    /// By what is configured.
    pub fn to(account: &Hooks, service: Option<&Hooks>) -> Self {
        let events = |hooks: &Hooks| {
            let told = EventName::VARIANTS.iter().filter(|event| hooks.told(**event).is_some());
            told.fold(0, |all, event| all | bit(*event))
        };
        let hooks = asking(account, service);
        let asked = HookName::VARIANTS.iter().filter(|before| hooks.asked(**before).is_some());
        let asked = asked.fold(0, |all, before| all | 1 << *before as u32);
        Self {
            account: events(account),
            service: service.map_or(0, events),
            asked,
            interactions: 0,
        }
    }

    /// And of interactions.
    #[must_use]
    pub fn and_of_interactions(mut self, webhook: Option<&InteractionWebhook>) -> Self {
        self.interactions = webhook.map_or(0, InteractionWebhook::mask);
        self
    }

    /// Whether who hears of all interactions hears of this.
    pub fn hears(self, event: InteractionEvent) -> bool {
        self.interactions & crate::interaction::hook::bit(event) != 0
    }

    /// Whether somebody is asked before an action.
    pub const fn asks(self, before: HookName) -> bool {
        self.asked & (1 << before as u32) != 0
    }

    /// The levels at which an event is told.
    pub fn levels(self, event: EventName) -> impl Iterator<Item = Level> {
        let all = [(Level::Service, self.service), (Level::Account, self.account)];
        let wanted = all.into_iter().filter(move |(_, events)| events & bit(event) != 0);
        wanted.map(|(level, _)| level)
    }
}

const fn bit(event: EventName) -> u32 {
    1 << event as u32
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hooks(filters: &[HookName]) -> Hooks {
        let post_url = Some("https://example.com".to_owned());
        Hooks { post_url, filters: filters.to_vec(), ..Hooks::default() }
    }

    #[test]
    fn every_event_has_a_filter_of_its_name() {
        for event in EventName::VARIANTS {
            let filter: HookName = event.name().parse().unwrap();
            assert_eq!(filter.name(), event.name());
            assert!(hooks(&[filter]).told(*event).is_some());
        }
    }

    #[test]
    fn nothing_is_told_that_was_not_asked_for() {
        let before = hooks(&[HookName::OnMessageAdd]);
        assert_eq!(before.told(EventName::OnMessageAdded), None);
        assert_eq!(hooks(&[]).told(EventName::OnMessageAdded), None);
        let told = hooks(&[HookName::OnMessageAdded]);
        assert_eq!(Hooks { post_url: None, ..told.clone() }.told(EventName::OnMessageAdded), None);
        assert_eq!(Hooks { flex: true, ..told }.told(EventName::OnMessageAdded), None);
    }

    fn pre(filters: &[HookName]) -> Hooks {
        let pre_url = Some("https://example.com/pre".to_owned());
        Hooks { pre_url, filters: filters.to_vec(), ..Hooks::default() }
    }

    #[test]
    fn what_is_told_afterwards_is_never_asked() {
        for name in HookName::VARIANTS {
            assert_eq!(pre(&[*name]).asked(*name).is_some(), name.is_asked(), "{}", name.name());
            assert_eq!(
                name.is_asked(),
                !name.name().ends_with('d') || name.name().ends_with("Add")
            );
        }
        let asks = pre(&[HookName::OnMessageAdd]);
        assert_eq!(asks.asked(HookName::OnMessageUpdate), None);
        assert_eq!(Hooks { flex: true, ..asks.clone() }.asked(HookName::OnMessageAdd), None);
        assert_eq!(Hooks { pre_url: None, ..asks }.asked(HookName::OnMessageAdd), None);
    }

    #[test]
    fn a_service_that_has_a_hook_is_asked_instead_of_the_account() {
        let account = pre(&[HookName::OnMessageAdd, HookName::OnUserUpdate]);
        let service = pre(&[HookName::OnMessageAdd]);
        let alone = Listening::to(&account, None);
        assert!(alone.asks(HookName::OnMessageAdd) && alone.asks(HookName::OnUserUpdate));
        let both = Listening::to(&account, Some(&service));
        assert!(both.asks(HookName::OnMessageAdd) && !both.asks(HookName::OnUserUpdate));
        let told = hooks(&[HookName::OnMessageAdd]);
        let other = Listening::to(&account, Some(&told));
        assert!(other.asks(HookName::OnUserUpdate), "its own are for what was done");
    }

    #[test]
    fn each_level_is_told_what_it_asked_for() {
        let (account, service) =
            (hooks(&[HookName::OnMessageAdded]), hooks(&[HookName::OnUserAdded]));
        let listening = Listening::to(&account, Some(&service));
        let levels = |event| listening.levels(event).collect::<Vec<_>>();
        assert_eq!(levels(EventName::OnMessageAdded), [Level::Account]);
        assert_eq!(levels(EventName::OnUserAdded), [Level::Service]);
        assert_eq!(levels(EventName::OnParticipantAdded), []);
        let both = Listening::to(&account, Some(&account));
        let told: Vec<Level> = both.levels(EventName::OnMessageAdded).collect();
        assert_eq!(told, [Level::Service, Level::Account]);
    }
}
