//! What a rule has to ask before it decides.
//!
//! A rule waits for nothing and reads nothing, yet some of what it decides by is not in the conversation: whether an
//! address pair belongs to another one, whether a name is taken. It answers [`Objection::AskFirst`] then; the caller
//! finds the answers and lets it decide again, with them. Whatever has to be asked of another party before an action
//! is allowed, of an endpoint or of a role, is one more question here, so that every way in asks it.

use std::collections::BTreeMap;

use super::{Listening, Newcomer, Pair, Rights, RoleKind, Who};
use crate::refusal::Refusal;
use crate::sid::{ConversationSid, MessagingServiceSid, ServiceSid, UserSid};

/// Something that a rule has to know.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub enum Question {
    /// Which open conversation holds an address pair.
    HolderOf(Pair),
    /// Which conversation of a service bears a name.
    BearerOf(ServiceSid, String),
    /// Whether the account has a messaging service.
    HasMessagingService(MessagingServiceSid),
    /// Whether a conversation that is closed can be found by one who was in it.
    Remembers(ConversationSid, Who),
    /// Whether a service has a user.
    HasUser(UserSid),
    /// Which roles those get who are new to a service, and to a conversation of it.
    RolesOfNewcomers(ServiceSid),
    /// Of which kind the role of a service with that number is.
    KindOfRole(ServiceSid, u32),
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
    Roles {
        /// Who is new to the service.
        user: u32,
        /// Who joins a conversation.
        participant: u32,
    },
    /// It is of this kind.
    Kind(RoleKind),
    /// They are told this.
    Listening(Listening),
}

impl Answer {
    /// The roles of newcomers; a service that is not there gives what every service does.
    pub(super) fn roles(self) -> (u32, u32) {
        match self {
            Self::Roles { user, participant } => (user, participant),
            Self::None
            | Self::Some
            | Self::Conversation(_)
            | Self::Kind(_)
            | Self::Listening(_) => {
                let standard = Rights::default();
                (standard.of(Newcomer::User), standard.of(Newcomer::Participant))
            }
        }
    }
}

/// The answers that are known when a rule decides.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answers {
    known: BTreeMap<Question, Answer>,
    /// Whether others than the conversation's own webhooks may listen, so that a rule has to ask.
    may_listen: bool,
}

impl Answers {
    /// No answers.
    pub const NONE: Self = Self { known: BTreeMap::new(), may_listen: false };

    /// No answers yet, of an account whose webhooks may have to be told.
    pub const fn of_account() -> Self {
        Self { known: BTreeMap::new(), may_listen: true }
    }

    /// Whether webhooks of the account or the service may have to be told.
    pub(super) const fn may_listen(&self) -> bool {
        self.may_listen
    }

    /// The answer to a question, if it is known.
    pub fn get(&self, question: &Question) -> Option<Answer> {
        self.known.get(question).copied()
    }
}

impl FromIterator<(Question, Answer)> for Answers {
    fn from_iter<I: IntoIterator<Item = (Question, Answer)>>(answers: I) -> Self {
        Self { known: answers.into_iter().collect(), may_listen: false }
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
}

impl From<Refusal> for Objection {
    fn from(refusal: Refusal) -> Self {
        Self::Refused(refusal)
    }
}
