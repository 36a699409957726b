//! What operators set up: senders, services of the messaging product, addresses, flows, keys.

use std::collections::{BTreeMap, BTreeSet};

use serde::{Deserialize, Serialize};

use crate::address::{Address, ChannelType};
use crate::carriage::CarrierName;
use crate::consent::OptOut;
use crate::conversation::{
    Defaults, EventName, HookName, Hooks, Lengths, Listening, Timer, asking,
};
use crate::interaction::{Care, InteractionWebhook};
use crate::sid::{
    AddressConfigurationSid, AlphaSenderSid, ChannelSenderSid, DeploymentKeySid, FlexUserSid,
    FlowSid, MessagingServiceSid, PhoneNumberSid, ServiceSid, ShortCodeSid, Sid as _, UserSid,
    WorkflowSid,
};
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::webchat::DeploymentKey;
use crate::workspace::Route;

/// A phone number of the account; its identifier follows from the number.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PhoneNumber {
    /// Its identifier.
    pub sid: PhoneNumberSid,
    /// The number.
    pub number: Address,
    /// A name for people.
    pub friendly_name: String,
    /// The carrier that it is with.
    #[serde(default, skip_serializing_if = "CarrierName::is_default")]
    pub carrier: CarrierName,
    /// The messaging service whose pool it is in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// The campaign that it is registered with at its carrier, for the United States.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub campaign: Option<String>,
    /// The remaining settings, kept and given back as they came (`SmsUrl`, `SmsMethod`, …).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// When it was added.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl PhoneNumber {
    /// The identifier of a number.
    pub fn sid_of(number: &Address) -> PhoneNumberSid {
        PhoneNumberSid::derived(&["number", number.as_str()])
    }
}

/// The account, as far as it can be changed.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AccountSettings {
    /// A name for people.
    pub friendly_name: String,
    /// What pages name to open webchats (rule G.1).
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub deployment_keys: Vec<DeploymentKey>,
    /// When it was first changed.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl AccountSettings {
    /// What an account is called that nobody named.
    pub const NAME: &str = "Switchboard";

    /// Those of an account that nobody has changed.
    pub fn new(now: Timestamp) -> Self {
        Self {
            friendly_name: Self::NAME.to_owned(),
            deployment_keys: Vec::new(),
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// One of its deployment keys.
    pub fn deployment_key(&self, sid: DeploymentKeySid) -> Option<&DeploymentKey> {
        self.deployment_keys.iter().find(|key| key.sid == sid)
    }
}

/// The configuration of the contact centre's desktop, which is kept and shown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlexConfiguration {
    /// What was set: the text of a JSON object.
    pub values: String,
    /// When it was first set.
    pub created: Timestamp,
    /// When it was last set.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl FlexConfiguration {
    /// One in which nothing is set.
    pub fn new(now: Timestamp) -> Self {
        Self { values: "{}".to_owned(), created: now, updated: now, version: Version::NEW }
    }
}

/// Somebody who works with the contact centre's desktop: what is kept of them beside what they are as a worker.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlexUser {
    /// Who.
    pub sid: FlexUserSid,
    /// Their e-mail address.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub email: Option<String>,
    /// Their language.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub locale: Option<String>,
    /// Who they are elsewhere.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<UserSid>,
    /// When that was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl FlexUser {
    /// One of whom nothing is kept yet.
    pub fn new(sid: FlexUserSid, now: Timestamp) -> Self {
        Self { sid, email: None, locale: None, user: None, updated: now, version: Version::NEW }
    }
}

/// An alphanumeric sender in the pool of a messaging service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AlphaSender {
    /// Its identifier.
    pub sid: AlphaSenderSid,
    /// What the customer sees.
    pub sender: String,
    /// The ISO code of the one country that it is for; all if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub country: Option<String>,
    /// When it was added.
    pub created: Timestamp,
}

/// A phone number's place in the pool of a messaging service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolNumber {
    /// The phone number's identifier.
    pub sid: PhoneNumberSid,
    /// The number.
    pub number: Address,
    /// Whether it is registered with a campaign, as the number says.
    #[serde(default, skip_serializing_if = "std::ops::Not::not")]
    pub registered: bool,
    /// When it was added.
    pub created: Timestamp,
}

/// A short code's place in the pool of a messaging service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolShortCode {
    /// The short code's identifier.
    pub sid: ShortCodeSid,
    /// The short code.
    pub code: Address,
    /// The ISO code of its country, the only one that it reaches.
    pub country: String,
    /// When it was added.
    pub created: Timestamp,
}

/// The place of a sender on a channel in the pool of a messaging service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct PoolChannelSender {
    /// The sender's identifier.
    pub sid: ChannelSenderSid,
    /// The sender.
    pub sender: Address,
    /// When it was added.
    pub created: Timestamp,
}

/// A messaging service with its pool of senders (rule E.1).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessagingService {
    /// Its identifier.
    pub sid: MessagingServiceSid,
    /// A name for people.
    pub friendly_name: String,
    /// The settings as JSON text, by the names of the REST resource.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<String>,
    /// Phone numbers of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub numbers: Vec<PoolNumber>,
    /// Alphanumeric senders of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub alpha_senders: Vec<AlphaSender>,
    /// Short codes of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub short_codes: Vec<PoolShortCode>,
    /// Senders on channels of the pool.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub channel_senders: Vec<PoolChannelSender>,
    /// Its own keywords and texts of opting out, and who confirms (rule E.3).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opt_out: Option<Box<OptOut>>,
    /// Replies within so many seconds leave as one; none: each for itself.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub merges_within: Option<u8>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl MessagingService {
    /// How many senders are in its pool, of all kinds.
    pub const fn pool_size(&self) -> usize {
        self.numbers.len()
            + self.alpha_senders.len()
            + self.short_codes.len()
            + self.channel_senders.len()
    }

    /// Whether a sender is in its pool.
    pub fn has(&self, sender: &Address) -> bool {
        self.numbers.iter().any(|one| one.number == *sender)
            || self.short_codes.iter().any(|one| one.code == *sender)
            || self.channel_senders.iter().any(|one| one.sender == *sender)
            || self.alpha_senders.iter().any(|one| one.sender == sender.as_str())
    }
}

/// What happens when a customer writes to an address for the first time (rule A.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressConfiguration {
    /// Its identifier; follows from the address.
    pub sid: AddressConfigurationSid,
    /// The channel.
    #[serde(rename = "channel")]
    pub kind: ChannelType,
    /// The business address.
    pub address: Address,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// The country, for short codes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub address_country: Option<String>,
    /// Whether a conversation is opened at all.
    pub enabled: bool,
    /// The service it is opened in; the account's default if none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub service: Option<ServiceSid>,
    /// Who handles it then.
    pub handler: Handler,
    /// What is done for its conversations that nobody is responsible for (rules C.16 to C.19).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub care: Option<Box<Care>>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl AddressConfiguration {
    /// The identifier of an address.
    pub fn sid_of(address: &Address) -> AddressConfigurationSid {
        AddressConfigurationSid::derived(&["address", address.as_str()])
    }

    /// The flow that it names.
    pub const fn flow(&self) -> Option<FlowSid> {
        match self.handler {
            Handler::Studio { flow, .. } => Some(flow),
            Handler::Default | Handler::Webhook { .. } => None,
        }
    }
}

/// The handler of a new conversation (rule A.5, `auto_creation.type`).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Handler {
    /// No agent: the conversation is only created.
    Default,
    /// A webhook is attached to the conversation.
    Webhook {
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// For which events.
        filters: Vec<EventName>,
    },
    /// A flow is attached to the conversation and takes its first step at once.
    Studio {
        /// The flow.
        flow: FlowSid,
        /// How often a failing flow is tried again.
        retry_count: u32,
    },
}

/// A flow: what to do with a new conversation, as a definition of widgets.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Flow {
    /// Its identifier.
    pub sid: FlowSid,
    /// A name for people.
    pub friendly_name: String,
    /// The definition as JSON text.
    pub definition: String,
    /// Where its widget hands conversations to, found when the definition was saved.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub route: Option<Route>,
    /// Where its further widgets hand them to, by workflow and task channel as they name them.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub routes: BTreeMap<String, Route>,
    /// The revision that handles conversations, if that is not the latest one.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub live: Option<u32>,
    /// Who tries its drafts.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub test_users: Vec<String>,
    /// `draft` or `published`; only a published flow handles conversations.
    pub published: bool,
    /// The address configurations that name it; those stored before flows kept this are missing until they are
    /// changed ([`crate::process::address`]).
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    pub addresses: BTreeSet<AddressConfigurationSid>,
    /// Counts the changes.
    pub revision: u32,
    /// What its author said of the last change.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl Flow {
    /// The revision that handles conversations: the latest one that was published.
    pub const fn published_revision(&self) -> Option<u32> {
        if self.published { Some(self.revision) } else { self.live }
    }

    /// The number of the revision that handles conversations, if a later draft stands in its place.
    pub fn live_behind_a_draft(&self) -> Option<u32> {
        self.live.filter(|_| !self.published)
    }

    /// The flow as one of its revisions has it.
    #[must_use]
    pub fn as_of(self, kept: FlowRevision) -> Self {
        Self { definition: kept.definition, revision: kept.revision, published: true, ..self }
    }

    /// Where a widget hands conversations to that names a workflow and a task channel.
    pub fn route_to(&self, workflow: WorkflowSid, channel: &str) -> Option<&Route> {
        self.routes.get(&Self::way(workflow, channel)).or(self.route.as_ref())
    }

    /// By what it is found where that is.
    pub fn way(workflow: WorkflowSid, channel: &str) -> String {
        format!("{workflow}/{channel}")
    }
}

/// A revision of a flow, as it was saved.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowRevision {
    /// The flow.
    pub flow: FlowSid,
    /// Its number.
    pub revision: u32,
    /// What the flow was called.
    pub friendly_name: String,
    /// The definition as JSON text.
    pub definition: String,
    /// Whether it was published.
    pub published: bool,
    /// What its author said of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub commit_message: Option<String>,
    /// When the flow was created.
    pub created: Timestamp,
    /// When it was saved.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl From<&Flow> for FlowRevision {
    fn from(flow: &Flow) -> Self {
        Self {
            flow: flow.sid,
            revision: flow.revision,
            friendly_name: flow.friendly_name.clone(),
            definition: flow.definition.clone(),
            published: flow.published,
            commit_message: flow.commit_message.clone(),
            created: flow.created,
            updated: flow.updated,
            version: Version::NEW,
        }
    }
}

/// The account's settings of the conversations product.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
pub struct ConversationConfiguration {
    /// The service of a conversation that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_service: Option<ServiceSid>,
    /// The messaging service of a conversation that names none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_messaging_service: Option<MessagingServiceSid>,
    /// ISO 8601 duration after which a quiet conversation becomes inactive.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_inactive_timer: Option<String>,
    /// ISO 8601 duration after which it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub default_closed_timer: Option<String>,
    /// The account's webhooks.
    #[serde(default, skip_serializing_if = "Hooks::is_empty")]
    pub webhooks: Hooks,
    /// The webhooks of services that have some. They are here and not with their services, so that whoever tells of a change
    /// reads one item.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub service_webhooks: BTreeMap<ServiceSid, Hooks>,
    /// The webhook that hears of all interactions. It is here as well, so that whoever tells of a change reads one item.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction_webhook: Option<InteractionWebhook>,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl ConversationConfiguration {
    /// What the webhooks of the account and of a service are told.
    pub fn listening(&self, service: ServiceSid) -> Listening {
        let of_conversations = Listening::to(&self.webhooks, self.service_webhooks.get(&service));
        of_conversations.and_of_interactions(self.interaction_webhook.as_ref())
    }

    /// Who is asked before an action in a service, and how.
    pub fn asked(&self, service: ServiceSid, before: HookName) -> Option<(&str, &str)> {
        let hooks = asking(&self.webhooks, self.service_webhooks.get(&service));
        Some((hooks.asked(before)?, hooks.method()))
    }

    /// What a conversation gets that does not say otherwise. What is kept was looked at when it was set.
    pub fn defaults(&self) -> Defaults {
        let length = |timer: Timer, text: &Option<String>| {
            text.as_deref().and_then(|text| timer.read(text).ok().flatten())
        };
        let timers = Lengths {
            inactive: length(Timer::Inactive, &self.default_inactive_timer),
            closed: length(Timer::Closed, &self.default_closed_timer),
        };
        Defaults { messaging_service: self.default_messaging_service, timers }
    }
}
