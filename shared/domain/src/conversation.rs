//! The conversation: a thread, who takes part in it, and who listens to it.
//!
//! ```text
//!             quiet            quiet, or by hand
//!  active ──────────▶ inactive ──────────▶ closed (final)
//!    ▲                    │                   ▲
//!    └──── a message ─────┘                   │
//!    └──────────────── by hand ───────────────┘
//! ```
//!
//! Participants and webhooks live inside their conversation, so that whatever changes together is one item.
//! A pair of addresses is bound to one open conversation by an item of its own, whose key is the pair.

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::carriage::CarrierName;
use crate::decision::Decision;
use crate::effect::{Call, Effect, WebhookCall};
use crate::mutation::{Mutation, is_on};
use crate::refusal::Refusal;
use crate::sid::{
    AccountSid, ConversationSid, FlowSid, InteractionSid, MessageSid, MessagingServiceSid,
    ParticipantSid, ServiceSid, Sid as _, WebhookSid,
};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// At most so many participants in all (rule H).
pub const PARTICIPANTS_MAX: usize = 1000;
/// At most so many of them on channels (rule H).
pub const CHANNEL_PARTICIPANTS_MAX: usize = 50;
/// The search by address finds so many participants of a closed conversation; more do not fit into the
/// transaction that closes it.
const REMEMBERED_MAX: usize = 30;
/// At most so many scoped webhooks (rule B.5).
pub const WEBHOOKS_MAX: usize = 5;

/// The state of a conversation (rule B.1).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum State {
    /// In use.
    Active,
    /// Quiet; a message wakes it.
    Inactive,
    /// Over, for good.
    Closed,
}

impl State {
    /// The canonical spelling.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Active => "active",
            Self::Inactive => "inactive",
            Self::Closed => "closed",
        }
    }
}

/// A conversation service: a partition of the account's conversations.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Service {
    /// Its identifier.
    pub sid: ServiceSid,
    /// A name for people.
    pub friendly_name: String,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// The service of conversations that name none, as long as no other is configured.
pub fn default_service_sid(account: AccountSid) -> ServiceSid {
    ServiceSid::derived(&["default", &account.to_string()])
}

/// The customer's and the business' address of a participant on a channel (rule A.2).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Pair {
    /// The customer's.
    pub address: Address,
    /// The business'.
    pub proxy: Address,
}

impl Pair {
    /// A pair whose halves fit together.
    pub fn new(address: Address, proxy: Address) -> Result<Self, Refusal> {
        if address == proxy {
            return Err(Refusal::BindingAddressesEqual);
        }
        if address.channel() != proxy.channel() {
            return Err(Refusal::BindingTypesDiffer);
        }
        Ok(Self { address, proxy })
    }
}

/// Somebody in a conversation.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Participant {
    /// Which kin of the conversation it is.
    pub number: u32,
    /// The identity of a chat participant.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub identity: Option<String>,
    /// The addresses of a participant on a channel.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pair: Option<Pair>,
    /// The carrier that brought the last message of a participant on a channel: the answer goes the same way.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub carrier: Option<CarrierName>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// The role, as it was given.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub role: Option<String>,
    /// The last message that this participant has read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read_index: Option<u32>,
    /// When that was.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub last_read: Option<Timestamp>,
    /// When it joined.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// What a conversation-scoped webhook calls.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", tag = "type")]
pub enum Target {
    /// An endpoint, about the events it asked for.
    Webhook {
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// For which events.
        filters: Vec<String>,
    },
    /// An endpoint, about messages with one of the words.
    Trigger {
        /// Where.
        url: String,
        /// `GET` or `POST`.
        method: String,
        /// The words.
        triggers: Vec<String>,
    },
    /// A flow.
    Studio {
        /// Which.
        flow: FlowSid,
    },
}

/// Somebody who listens to one conversation (rule B.5).
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Webhook {
    /// Which kin of the conversation it is.
    pub number: u32,
    /// What it calls.
    pub target: Target,
    /// When it was attached.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
}

/// A conversation with its participants and webhooks.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Conversation {
    /// Its identifier.
    pub sid: ConversationSid,
    /// The service it belongs to.
    pub service: ServiceSid,
    /// Its state.
    pub state: State,
    /// A name for people.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub friendly_name: Option<String>,
    /// A name for programs, unique in the service.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unique_name: Option<String>,
    /// JSON text; none means `{}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attributes: Option<String>,
    /// The messaging service that the business addresses belong to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub messaging_service: Option<MessagingServiceSid>,
    /// The interaction that the conversation is the medium of.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub interaction: Option<InteractionSid>,
    /// The index of the next message.
    pub next_index: u32,
    /// The number of the next participant or webhook.
    pub next_number: u32,
    /// Who takes part.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub participants: Vec<Participant>,
    /// Who listens.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub webhooks: Vec<Webhook>,
    /// When it was created.
    pub created: Timestamp,
    /// When it was last changed.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// That a pair of addresses belongs to one open conversation; its key is the pair.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressBinding {
    /// The pair.
    pub pair: Pair,
    /// Whose it is.
    pub conversation: ConversationSid,
    /// The number of the participant who holds it.
    pub number: u32,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// That somebody is or was in a conversation: what the search by identity or address reads. An open
/// conversation's address pair is found by its binding instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// `I#` and the identity, or `A#` and the address.
    pub who: String,
    /// Where.
    pub conversation: ConversationSid,
    /// The number of the participant.
    pub number: u32,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// That a name is taken within a service.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct UniqueName {
    /// The service.
    pub service: ServiceSid,
    /// The name.
    pub name: String,
    /// Who has it.
    pub conversation: ConversationSid,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// What is to be told to the webhooks of a conversation.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Notice {
    /// The event, as the filters name it.
    pub event: &'static str,
    /// The message it is about.
    pub message: Option<MessageSid>,
    /// The participant or delivery it is about.
    pub number: Option<u32>,
    /// The state before.
    pub state_from: Option<State>,
}

impl Notice {
    /// About the conversation itself.
    pub const fn of(event: &'static str) -> Self {
        Self { event, message: None, number: None, state_from: None }
    }
}

/// Where a change comes from: it decides who is told of it (rule B.5).
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Source {
    /// A REST request; webhooks are called only if it asked for that.
    Api {
        /// `X-Twilio-Webhook-Enabled`.
        webhooks: bool,
    },
    /// A message on a channel.
    Channel,
    /// We ourselves, on behalf of an interaction.
    Interaction,
}

impl Source {
    const fn tells_webhooks(self) -> bool {
        match self {
            Self::Api { webhooks } => webhooks,
            Self::Channel | Self::Interaction => true,
        }
    }

    const fn name(self) -> &'static str {
        match self {
            Self::Api { .. } | Self::Interaction => "API",
            Self::Channel => "SMS",
        }
    }
}

/// Who is to be added.
#[derive(Debug, Clone, PartialEq)]
pub struct NewParticipant {
    /// A chat participant's identity.
    pub identity: Option<String>,
    /// Or a channel participant's addresses.
    pub pair: Option<Pair>,
    /// JSON text.
    pub attributes: Option<String>,
    /// The role.
    pub role: Option<String>,
}

impl Conversation {
    /// An empty, active conversation.
    pub fn new(sid: ConversationSid, service: ServiceSid, now: Timestamp) -> Self {
        Self {
            sid,
            service,
            state: State::Active,
            friendly_name: None,
            unique_name: None,
            attributes: None,
            messaging_service: None,
            interaction: None,
            next_index: 0,
            next_number: 1,
            participants: Vec::new(),
            webhooks: Vec::new(),
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// The participant with that number.
    pub fn participant(&self, number: u32) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.number == number)
    }

    /// The participant with that identifier.
    pub fn participant_by_sid(&self, sid: ParticipantSid) -> Option<&Participant> {
        self.participants.iter().find(|one| self.sid.kin::<ParticipantSid>(one.number) == sid)
    }

    /// The participant who is known by an identity or an address.
    pub fn participant_called(&self, name: &str) -> Option<&Participant> {
        self.participants.iter().find(|one| {
            one.identity.as_deref() == Some(name)
                || one.pair.as_ref().is_some_and(|pair| pair.address.as_str() == name)
        })
    }

    /// The webhook with that identifier.
    pub fn webhook_by_sid(&self, sid: WebhookSid) -> Option<&Webhook> {
        self.webhooks.iter().find(|one| self.sid.kin::<WebhookSid>(one.number) == sid)
    }

    /// Refuses what a closed conversation does not bear.
    pub fn must_be_open(&self) -> Result<(), Refusal> {
        match self.state {
            State::Active | State::Inactive => Ok(()),
            State::Closed => Err(Refusal::ConversationClosed),
        }
    }

    /// Hands out the next number.
    fn number(&mut self) -> u32 {
        let number = self.next_number;
        self.next_number += 1;
        number
    }

    /// Adds a participant and whatever makes it findable; the conversation itself is not yet in the decision.
    pub fn join(
        &mut self,
        new: NewParticipant,
        now: Timestamp,
    ) -> Result<(u32, Decision), Refusal> {
        self.must_be_open()?;
        if new.identity.is_some() == new.pair.is_some() {
            return Err(Refusal::ParticipantShape);
        }
        if self.participants.len() >= PARTICIPANTS_MAX {
            return Err(Refusal::TooManyParticipants);
        }
        let name = new.identity.as_deref().or(new.pair.as_ref().map(|pair| pair.address.as_str()));
        if let Some(name) = name
            && self.participant_called(name).is_some()
        {
            return Err(Refusal::ParticipantExists);
        }
        let on_channels = self.participants.iter().filter(|one| one.pair.is_some()).count();
        if new.pair.is_some() && on_channels >= CHANNEL_PARTICIPANTS_MAX {
            return Err(Refusal::TooManyChannelParticipants);
        }
        let number = self.number();
        let found_by = match (&new.identity, &new.pair) {
            (Some(identity), _) => {
                Decision::put(self.membership(format!("I#{identity}"), number, 0))
            }
            (None, Some(pair)) => Decision::put(self.binding(pair.clone(), number, 0)),
            (None, None) => Decision::unchanged(),
        };
        self.participants.push(Participant {
            number,
            identity: new.identity,
            pair: new.pair,
            carrier: None,
            attributes: new.attributes,
            role: new.role,
            last_read_index: None,
            last_read: None,
            created: now,
            updated: now,
        });
        self.updated = now;
        Ok((number, found_by))
    }

    /// Notes which carrier brought a participant's message.
    pub(crate) fn answers_by(&mut self, number: Option<u32>, carrier: CarrierName) {
        let author = self.participants.iter_mut().find(|one| Some(one.number) == number);
        if let Some(author) = author {
            author.carrier = Some(carrier);
        }
    }

    /// Removes a participant and unbinds its pair.
    pub fn leave(&mut self, number: u32, now: Timestamp) -> Result<Decision, Refusal> {
        let place = self
            .participants
            .iter()
            .position(|participant| participant.number == number)
            .ok_or(Refusal::NoSuchParticipant)?;
        let gone = self.participants.remove(place);
        self.updated = now;
        Ok(match (gone.identity, gone.pair) {
            (Some(identity), _) => {
                Decision::unchanged().without(self.membership(format!("I#{identity}"), number, 1))
            }
            (None, Some(pair)) if self.state != State::Closed => {
                Decision::unchanged().without(self.binding(pair, number, 1))
            }
            (None, Some(pair)) => {
                let who = format!("A#{}", pair.address);
                Decision::unchanged().without(self.membership(who, number, 1))
            }
            (None, None) => Decision::unchanged(),
        })
    }

    /// Closes the conversation for good and sets its address pairs free. Closing twice changes nothing.
    pub fn close(&mut self, now: Timestamp) -> Decision {
        if self.state == State::Closed {
            return Decision::unchanged();
        }
        self.state = State::Closed;
        self.updated = now;
        let mut decision = Decision::unchanged();
        let bound =
            self.participants.iter().filter_map(|one| Some((one.number, one.pair.as_ref()?)));
        for (place, (number, pair)) in bound.enumerate() {
            if !is_on(Mutation::BindingKept) {
                decision = decision.without(self.binding(pair.clone(), number, 1));
            }
            if place < REMEMBERED_MAX {
                decision = decision.and(self.membership(format!("A#{}", pair.address), number, 0));
            }
        }
        decision
    }

    /// Attaches a webhook.
    pub fn attach(&mut self, target: Target, now: Timestamp) -> Result<u32, Refusal> {
        self.must_be_open()?;
        if self.webhooks.len() >= WEBHOOKS_MAX {
            return Err(Refusal::TooManyWebhooks);
        }
        let number = self.number();
        self.webhooks.push(Webhook { number, target, created: now, updated: now });
        self.updated = now;
        Ok(number)
    }

    /// The calls that a notice leads to.
    pub fn tell(&self, notice: &Notice, source: Source) -> Vec<Effect> {
        if !source.tells_webhooks() {
            return Vec::new();
        }
        let listening = self.webhooks.iter().filter(|webhook| match &webhook.target {
            Target::Webhook { filters, .. } => filters.iter().any(|filter| filter == notice.event),
            Target::Trigger { .. } => notice.event == "onMessageAdded",
            Target::Studio { .. } => false,
        });
        listening
            .map(|webhook| {
                Effect::Notify(Call::Conversation(WebhookCall {
                    conversation: self.sid,
                    webhook: webhook.number,
                    event: notice.event.to_owned(),
                    message: notice.message,
                    number: notice.number,
                    state_from: notice.state_from.map(|state| state.name().to_owned()),
                    source: source.name().to_owned(),
                }))
            })
            .collect()
    }

    /// The item that binds a pair to this conversation. It is written once, so its version is 0 or 1.
    fn binding(&self, pair: Pair, number: u32, version: u64) -> AddressBinding {
        AddressBinding { pair, conversation: self.sid, number, version: version.into() }
    }

    /// The item that the search finds; written once as well.
    fn membership(&self, who: String, number: u32, version: u64) -> Membership {
        Membership { who, conversation: self.sid, number, version: version.into() }
    }
}

#[cfg(test)]
mod tests;
