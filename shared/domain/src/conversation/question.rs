//! What a rule has to ask before it decides.
//!
//! A rule waits for nothing and reads nothing, yet some of what it decides by is not in the conversation: whether an
//! address pair belongs to another one, whether a name is taken. It answers [`Objection::AskFirst`] then; the caller
//! finds the answers and lets it decide again, with them. Whatever has to be asked of another party before an action
//! is allowed, such as of a role, is one more question here, so that every way in asks it. An endpoint is asked last, when nothing else
//! stands in the way ([`Objection::AskEndpoints`]).

use std::collections::{BTreeMap, BTreeSet};

use super::{Asked, Grants, Inquiry, Listening, Newcomer, Pair, Rights, RoleKind, Verdict, Who};
use crate::address::Address;
use crate::carriage::CarrierName;
use crate::pace::{PerSecond, RateLimits};
use crate::refusal::Refusal;
use crate::sid::{ConversationSid, MessagingServiceSid, ServiceSid, UserSid};

/// Something that a rule has to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which open conversation holds an address pair.
    HolderOf(Pair),
    /// Which open conversation holds the addresses of a group.
    HolderOfGroup(BTreeSet<Address>),
    /// Which conversation of a service bears a name.
    BearerOf(ServiceSid, String),
    /// Whether the account has a messaging service.
    HasMessagingService(MessagingServiceSid),
    /// Whether an address is the account's: one of its numbers, a sender of a connection, or an address that is configured.
    IsOurs(Address),
    /// Whether a sender without a number is in the pool of a messaging service.
    IsInPool(MessagingServiceSid, Address),
    /// Whether a conversation that is closed can be found by one who was in it.
    Remembers(ConversationSid, Who),
    /// Whether a service has a user.
    HasUser(UserSid),
    /// Whether an identity is in so many conversations that are not closed.
    IsInOpen(String, u32),
    /// Which roles those get who are new to a service, and to a conversation of it.
    RolesOfNewcomers(ServiceSid),
    /// Of which kind the role of a service with that number is.
    KindOfRole(ServiceSid, u32),
    /// What the role of a service with that number grants.
    GrantsOf(ServiceSid, u32),
    /// Which role a user has.
    RoleOf(UserSid),
    /// What the webhooks of the account and of a service are told.
    Listening(ServiceSid),
}

/// The answer to a question.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Answer {
    /// There is none.
    None,
    /// There is one.
    Some,
    /// It is this conversation.
    Conversation(ConversationSid),
    /// They get the roles with these numbers.
    Roles(NewcomersRoles),
    /// It is the one with this number.
    Role(u32),
    /// It grants this.
    Grants(Grants),
    /// It is of this kind.
    Kind(RoleKind),
    /// They are told this.
    Listening(Listening),
    /// It is, and this carrier has it.
    With(CarrierName),
}

/// The numbers of the roles that those get who are new.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct NewcomersRoles {
    /// Who is new to the service.
    pub user: u32,
    /// Who joins a conversation.
    pub participant: u32,
    /// Who joins the conversation that they made.
    pub creator: u32,
}

impl NewcomersRoles {
    /// Those that a service gives.
    pub fn of(rights: &Rights) -> Self {
        Self {
            user: rights.of(Newcomer::User),
            participant: rights.of(Newcomer::Participant),
            creator: rights.of(Newcomer::Creator),
        }
    }
}

impl Answer {
    /// The roles of newcomers; a service that is not there gives what every service does.
    pub(crate) fn roles(self) -> NewcomersRoles {
        match self {
            Self::Roles(roles) => roles,
            Self::None
            | Self::Some
            | Self::Conversation(_)
            | Self::Role(_)
            | Self::Grants(_)
            | Self::Kind(_)
            | Self::Listening(_)
            | Self::With(_) => NewcomersRoles::of(&Rights::default()),
        }
    }

    /// What a role grants; one that is gone grants nothing.
    pub(crate) fn grants(self) -> Grants {
        match self {
            Self::Grants(grants) => grants,
            Self::None
            | Self::Some
            | Self::Conversation(_)
            | Self::Roles(_)
            | Self::Role(_)
            | Self::Kind(_)
            | Self::Listening(_)
            | Self::With(_) => Grants::default(),
        }
    }
}

/// The answers that are known when a rule decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    known: BTreeMap<Question, Answer>,
    /// Whether others than the conversation's own webhooks may listen, so that a rule has to ask.
    may_listen: bool,
    /// How often a conversation may be changed by REST; none if that is not limited.
    pace: Option<PerSecond>,
    /// In how many open conversations an identity may be; none if that is not limited.
    open_max: Option<u32>,
    /// What endpoints said; none if no endpoint can be asked here.
    verdicts: Option<BTreeMap<Asked, Verdict>>,
}

impl Answers {
    /// No answers.
    pub const NONE: Self = Self {
        known: BTreeMap::new(),
        may_listen: false,
        pace: None,
        open_max: None,
        verdicts: None,
    };

    /// No answers yet, of an account whose webhooks may have to be told.
    pub fn of_account() -> Self {
        Self { may_listen: true, ..Self::NONE }
    }

    /// The same where REST is limited.
    #[must_use]
    pub const fn limited(mut self, limits: RateLimits) -> Self {
        self.pace = limits.conversation();
        self.open_max = limits.identity();
        self
    }

    /// The same where endpoints can be asked, with what they said already.
    #[must_use]
    pub fn with_verdicts(mut self, verdicts: BTreeMap<Asked, Verdict>) -> Self {
        self.verdicts = Some(verdicts);
        self
    }

    /// How often a conversation may be changed by REST.
    pub(super) const fn pace(&self) -> Option<PerSecond> {
        self.pace
    }

    /// In how many open conversations an identity may be, to join another one by REST.
    pub(super) const fn open_max(&self) -> Option<u32> {
        self.open_max
    }

    /// Whether an endpoint can be asked.
    pub(crate) const fn can_ask(&self) -> bool {
        self.verdicts.is_some()
    }

    /// What an endpoint said, if it was asked.
    pub(crate) fn verdict(&self, asked: Asked) -> Option<&Verdict> {
        self.verdicts.as_ref()?.get(&asked)
    }

    /// Whether webhooks of the account or the service may have to be told.
    pub(crate) const fn may_listen(&self) -> bool {
        self.may_listen
    }

    /// The answer to a question, if it is known.
    pub fn get(&self, question: &Question) -> Option<Answer> {
        self.known.get(question).copied()
    }
}

impl FromIterator<(Question, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Question, Answer)>>(answers: I) -> Self {
        Self { known: answers.into_iter().collect(), ..Self::NONE }
    }
}

impl Extend<(Question, Answer)> for Answers {
    fn extend<I: IntoIterator<Item = (Question, Answer)>>(&mut self, answers: I) {
        self.known.extend(answers);
    }
}

/// Why a rule changes nothing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Objection {
    /// It says no, and will again.
    Refused(Refusal),
    /// It cannot say before it knows the answers to these questions, each of them new.
    AskFirst(Vec<Question>),
    /// It says yes, unless an endpoint says no to one of these, each of them new.
    AskEndpoints(Vec<Inquiry>),
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
