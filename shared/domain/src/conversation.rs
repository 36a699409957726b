//! The conversation: a thread, who takes part in it, and who listens to it.
//!
//! ```text
//!             quiet            quiet, or by hand
//!  active ──────────▶ inactive ──────────▶ closed (final)
//!    ▲                    │                   ▲
//!    └──── a message ─────┘                   │
//!    └─ by hand, or quiet without a timer to ─┘
//!            be inactive
//! ```
//!
//! A group that a message opens is `initializing` until that message is in it, which is one transaction.
//!
//! Participants and webhooks live inside their conversation, so that whatever changes together is one item.
//! A pair of addresses is bound to one open conversation by an item of its own, whose key is the pair. A person who is known by
//! several names is bound by each of them.

mod bell;
mod collecting;
mod details;
mod draft;
mod event;
mod grants;
mod group;
mod hooks;
mod inquiry;
mod line;
mod names;
mod ownership;
mod participant;
mod question;
mod quiet;
mod rebinding;
mod removed;
mod replay;
mod role;
mod service;
mod speaker;
mod timer;
mod user;
mod webhook;
mod who;
mod window;

use std::ops::Deref;

use serde::{Deserialize, Serialize};

pub use self::bell::LeftAlone;
pub use self::collecting::{Collected, collected};
pub use self::details::{Dates, Details, Given};
pub(crate) use self::draft::{Draft, Pointer};
pub use self::event::{Client, ConversationEvent, EventName, Reason, Source, StateChange};
pub use self::grants::{Grants, Needs};
pub use self::group::{GROUP_MAX, GroupBinding, GroupKey, Member, group_of};
pub use self::hooks::{HookName, Hooks, Level, Listening, asking};
pub use self::inquiry::{
    Asked, Changes, Heard, Inquiry, MESSAGE_ATTRIBUTES_BYTES_MAX, NAME_CHARS_MAX, Said, Trouble,
    Verdict,
};
pub use self::line::{MessagePage, Names, PAGE_MESSAGES};
pub use self::names::{BOUND_MAX, RENAMINGS_KEPT, Renaming, distinct};
pub use self::participant::{
    CHANNEL_PARTICIPANTS_MAX, NewParticipant, PARTICIPANTS_MAX, Participant, ParticipantUpdate,
    Presence,
};
pub use self::question::{Answer, Answers, NewcomersRoles, Objection, Question};
pub use self::quiet::{Lengths, Pending, Timers};
pub use self::removed::RemovedConversation;
pub use self::replay::{REPLAY_MESSAGES, Replay};
pub(crate) use self::replay::{ReplayStep, Retold};
pub use self::role::{AGENT, Permission, Role, RoleKind};
pub use self::service::{Newcomer, ROLES_MAX, Rights, Service, default_service_sid, role_number};
pub use self::speaker::{
    EXEMPT_MAX, LEASE_DEFAULT, LEASE_MAX, Right, Speaker, SpeakerChange, SpeakerCommand,
    SpeakerLease, SpeakerReason, Taking,
};
pub use self::timer::{Timer, Unfit};
pub use self::user::{User, UserDetails};
pub use self::webhook::{Target, WEBHOOKS_MAX, Webhook};
pub use self::who::{Nobody, Who};
pub use self::window::{OUTSIDE_WINDOW, WINDOW, Window};

use crate::address::Address;
use crate::pace::Pace;
use crate::refusal::Refusal;
use crate::sid::{
    ConversationSid, InteractionSid, MessagingServiceSid, ParticipantSid, ServiceSid, Sid as _,
    WebhookSid,
};
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::webchat::Webchat;

/// The state of a conversation (rule B.1).
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
#[serde(rename_all = "lowercase")]
#[strum(serialize_all = "lowercase", ascii_case_insensitive)]
pub enum State {
    /// A group that a message opens is being filled. Nobody meets it so but a webhook that is told of the end of it.
    Initializing,
    /// In use.
    Active,
    /// Quiet; a message wakes it.
    Inactive,
    /// Over, for good.
    Closed,
}

impl State {
    /// The published spelling.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// The customer's and the business' address of a participant on a channel (rule A.2), as they were received.
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

/// A conversation with its participants and webhooks. All code reads its [`Fields`]; only the rules of this module
/// write them, so no caller can leave out what goes with a change.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Conversation {
    fields: Fields,
    /// How often it was written; 0 if it is new.
    #[serde(skip)]
    pub version: Version,
}

impl Deref for Conversation {
    type Target = Fields;

    fn deref(&self) -> &Fields {
        &self.fields
    }
}

/// What a conversation consists of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Fields {
    /// Its identifier.
    pub sid: ConversationSid,
    /// The service it belongs to.
    pub service: ServiceSid,
    /// Its state.
    pub state: State,
    /// How long it may be quiet; none if for ever.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub timers: Option<Timers>,
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
    /// What a customer's next message rings, if nobody is responsible and that is to change then.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub bell: Option<u32>,
    /// Who may write, if that is one at a time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub speaker: Option<Speaker>,
    /// How often it was changed by REST, if that is limited.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pace: Option<Pace>,
    /// The identity of the client who made it; none if that was no client.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub created_by: Option<String>,
    /// The number of the participant whose message to a group opened it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub opened_by: Option<u32>,
    /// That it is a webchat, and whose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub webchat: Option<Webchat>,
    /// The index of the next message.
    pub next_index: u32,
    /// The latest messages, which no page names yet; none if the last one came before there were pages.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub latest: Option<Names>,
    /// How many messages came before there were pages.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub listed_until: u32,
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
}

/// That a name of a person, beside an address of the business, belongs to one open conversation; its key is the two.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct AddressBinding {
    /// The name, in [folded](Address::folded) form, and the business' address.
    pub pair: Pair,
    /// Whose it is.
    pub conversation: ConversationSid,
    /// The number of the participant who holds it.
    pub number: u32,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// That an identity or address is or was in a conversation: what the search by identity or address reads. An open
/// conversation's address pair is found by its binding instead.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Membership {
    /// By what they are found.
    pub who: Who,
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

/// What a conversation gets that does not say otherwise.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Defaults {
    /// The messaging service that the business addresses belong to.
    pub messaging_service: Option<MessagingServiceSid>,
    /// How long it may be quiet. They are its own from then on: later defaults do not touch it.
    pub timers: Lengths,
}

impl Conversation {
    /// An empty, active conversation that is not written yet.
    pub fn new(
        sid: ConversationSid,
        service: ServiceSid,
        defaults: Defaults,
        now: Timestamp,
    ) -> Self {
        let Defaults { messaging_service, timers } = defaults;
        let fields = Fields {
            sid,
            service,
            state: State::Active,
            timers: Timers::begun(timers, State::Active, now),
            friendly_name: None,
            unique_name: None,
            attributes: None,
            messaging_service,
            interaction: None,
            bell: None,
            speaker: None,
            pace: None,
            created_by: None,
            opened_by: None,
            webchat: None,
            next_index: 0,
            latest: None,
            listed_until: 0,
            next_number: 1,
            participants: Vec::new(),
            webhooks: Vec::new(),
            created: now,
            updated: now,
        };
        Self { fields, version: Version::NEW }
    }

    /// The same for a guest who chats on a page.
    #[must_use]
    pub fn for_webchat(mut self, chat: Webchat) -> Self {
        self.fields.webchat = Some(chat);
        self
    }

    /// The participant with that number.
    pub fn participant(&self, number: u32) -> Option<&Participant> {
        self.participants.iter().find(|participant| participant.number == number)
    }

    /// The participant with that identifier.
    pub fn participant_by_sid(&self, sid: ParticipantSid) -> Option<&Participant> {
        self.participants.iter().find(|one| self.sid.kin::<ParticipantSid>(one.number) == sid)
    }

    /// The participant who is known by an identity, or by an address, whichever of their names that is; of a number of ours in a
    /// group the one who is that alone.
    pub fn participant_called(&self, name: &str) -> Option<&Participant> {
        let address = name.parse::<Address>().ok().map(|address| address.folded());
        self.participants.iter().find(|one| {
            one.identity.as_deref() == Some(name)
                || one.pair.as_ref().is_some_and(|pair| pair.address.as_str() == name)
                || address.as_ref().is_some_and(|address| one.is_called(address))
                || one.identity.is_none() && one.projected().is_some_and(|own| own.as_str() == name)
        })
    }

    /// How many messages a participant has not read; unknown until they have read one (rule B.7).
    pub fn unread(&self, one: &Participant) -> Option<u32> {
        let read = one.last_read_index?.saturating_add(1);
        Some(self.next_index.saturating_sub(read))
    }

    /// The webhook with that identifier.
    pub fn webhook_by_sid(&self, sid: WebhookSid) -> Option<&Webhook> {
        self.webhooks.iter().find(|one| self.sid.kin::<WebhookSid>(one.number) == sid)
    }

    /// Refuses what a closed conversation does not bear.
    pub fn must_be_open(&self) -> Result<(), Refusal> {
        match self.state {
            State::Initializing | State::Active | State::Inactive => Ok(()),
            State::Closed => Err(Refusal::ConversationClosed),
        }
    }

    /// The item that binds a pair to this conversation. It is written once, so its version is 0 or 1.
    fn binding(&self, pair: Pair, number: u32, version: u64) -> AddressBinding {
        AddressBinding { pair, conversation: self.sid, number, version: version.into() }
    }

    /// The item that the search finds; written once as well.
    fn membership(&self, who: Who, number: u32, version: u64) -> Membership {
        Membership { who, conversation: self.sid, number, version: version.into() }
    }

    /// The item that keeps a name for this conversation; written once as well.
    fn name(&self, name: String, version: u64) -> UniqueName {
        let (service, conversation) = (self.service, self.sid);
        UniqueName { service, name, conversation, version: version.into() }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_zero(count: &u32) -> bool {
    *count == 0
}

#[cfg(test)]
mod tests;
