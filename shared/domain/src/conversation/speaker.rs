//! One speaker at a time: a fenced lease on writing into a conversation. No published product has it; it is ours, and off unless
//! somebody asks for it.
//!
//! ```text
//!           take, number + 1            hand over, number + 1
//!  free ───────────────────────▶ held ─────────────────────────▶ held by another
//!    ▲                            │ └── renew, same number ──▶ held for longer
//!    └── given back, time over, ──┘
//!        who holds it left, closed
//! ```
//!
//! The token is a *fencing number*: it grows whenever the token comes to somebody, and never comes back. It stands in the conversation, which
//! every message writes on condition that nobody else has written it, so a message and a handover can never both be true of one number.
//!
//! The end of the lease is seen by the clock when somebody writes or takes, and by no timer: it changes nothing by itself, since only the
//! next holder gets another number. A timer would cost writes for every lease, and a message that overtakes it would be decided by the clock
//! all the same. The price: webhooks hear of a lease that ran out when the next one begins.

use serde::{Deserialize, Serialize};

use super::{ConversationEvent, Draft, Participant};
use crate::address::Address;
use crate::refusal::Refusal;
use crate::timestamp::{Millis, Timestamp};

/// How long a lease is unless its taker says otherwise.
pub const LEASE_DEFAULT: Millis = Millis::seconds(300);
/// The longest lease, and that of an agent who is seated: no worker has a task for longer (rule D.6).
pub const LEASE_MAX: Millis = Millis::seconds(24 * 3600);
/// So many customers in the chat write without a token at most.
pub const EXEMPT_MAX: usize = 10;

/// Who may write into a conversation, where that is one at a time.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Speaker {
    /// The number that was given out last; 0 if none was. It only grows.
    pub token: u64,
    /// Whether a message needs the token.
    #[serde(default, skip_serializing_if = "is_false")]
    pub required: bool,
    /// Whether the agent who is seated takes the token, unless another agent has it.
    #[serde(default, skip_serializing_if = "is_false")]
    pub agent_takes: bool,
    /// Identities of customers, who are in the chat and write without a token.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub exempt: Vec<String>,
    /// Who has the token, or had it until their time was over; none if it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lease: Option<SpeakerLease>,
}

/// That somebody has the token.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct SpeakerLease {
    /// Who: an identity, or any name that speakers go by.
    pub holder: String,
    /// Since when.
    pub since: Timestamp,
    /// Until when.
    pub until: Timestamp,
}

/// Why the token came to somebody, or is free.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, strum::IntoStaticStr)]
#[serde(rename_all = "SCREAMING_SNAKE_CASE")]
#[strum(serialize_all = "SCREAMING_SNAKE_CASE")]
pub enum SpeakerReason {
    /// It was free, or theirs.
    Taken,
    /// Whoever had it named the next one.
    HandedOver,
    /// It was taken from whoever had it.
    Forced,
    /// An agent was seated.
    Seated,
    /// Whoever had it gave it back.
    GivenBack,
    /// Whoever had it left the conversation.
    Left,
    /// The conversation was closed.
    Closed,
    /// No token is needed any more.
    SwitchedOff,
}

impl SpeakerReason {
    /// How webhooks are told.
    pub fn name(self) -> &'static str {
        self.into()
    }
}

/// That the token came to somebody, or is free.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SpeakerChange {
    /// Who had it, even if their time was over.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
    /// Who has it; none if it is free.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The number that was given out last.
    pub token: u64,
    /// Until when they have it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why.
    pub reason: SpeakerReason,
}

/// What is wanted of the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum SpeakerCommand {
    /// Say who needs it; what is not given stays.
    Configure {
        /// Whether a message needs it.
        required: Option<bool>,
        /// Whether the agent who is seated takes it.
        agent_takes: Option<bool>,
        /// Who needs none.
        exempt: Option<Vec<String>>,
    },
    /// Take it: from now on messages need it.
    Take(Taking),
    /// Give it back; `token` is the number that one has.
    GiveBack {
        /// The number that one has.
        token: u64,
    },
}

/// Who wants the token.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Taking {
    /// Who is to have it.
    pub holder: String,
    /// For how long.
    pub length: Millis,
    /// By what right.
    pub by: Right,
}

/// By what right somebody takes the token.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Right {
    /// It is free, or was theirs: who begins anew gets another number, so that what they left behind is fenced off.
    Free,
    /// They have this number: they keep it for longer, or hand it over.
    Holding(u64),
    /// Whoever has it is not asked.
    Force,
    /// They are an agent who was seated.
    Seat,
}

impl Speaker {
    /// The lease, if its time is not over.
    pub fn current(&self, now: Timestamp) -> Option<&SpeakerLease> {
        self.lease.as_ref().filter(|lease| now < lease.until)
    }

    /// Whether messages of that author need the token.
    fn binds(&self, author: Option<&str>) -> bool {
        let is_exempt = |name: &str| self.exempt.iter().any(|exempt| exempt == name);
        self.required && !author.is_some_and(is_exempt)
    }
}

impl Draft<'_> {
    /// Does what is wanted of the token.
    pub(crate) fn speak(&mut self, command: SpeakerCommand) -> Result<(), Refusal> {
        self.conversation.must_be_open()?;
        match command {
            SpeakerCommand::Configure { required, agent_takes, exempt } => {
                let mut speaker = self.conversation.speaker.clone().unwrap_or_default();
                speaker.required = required.unwrap_or(speaker.required);
                speaker.agent_takes = agent_takes.unwrap_or(speaker.agent_takes);
                speaker.exempt = exempt.unwrap_or(speaker.exempt);
                if !speaker.required {
                    self.silence(SpeakerReason::SwitchedOff);
                    speaker.lease = None;
                }
                self.write_speaker(speaker)
            }
            SpeakerCommand::Take(taking) => self.take(taking),
            SpeakerCommand::GiveBack { token } => self.give_back(token),
        }
    }

    fn take(&mut self, taking: Taking) -> Result<(), Refusal> {
        let mut speaker = self.conversation.speaker.clone().unwrap_or_default();
        let Taking { holder, length, by } = taking;
        let (now, current) = (self.now, speaker.current(self.now).cloned());
        let until = now + length;
        let is_theirs = current.as_ref().is_some_and(|lease| lease.holder == holder);
        let reason = match (by, &current) {
            (Right::Holding(token), Some(lease)) if token == speaker.token && is_theirs => {
                speaker.lease = Some(SpeakerLease { until, ..lease.clone() });
                return self.write_speaker(speaker);
            }
            (Right::Holding(token), Some(_)) if token == speaker.token => SpeakerReason::HandedOver,
            // Asked once more, by who did not hear the answer.
            (Right::Holding(token), Some(_)) if token + 1 == speaker.token && is_theirs => {
                return Ok(());
            }
            (Right::Holding(token), _) => return Err(speaker.stale(token, now)),
            (Right::Free, Some(lease)) if !is_theirs => {
                return Err(Refusal::SpeakerTaken(lease.holder.clone(), lease.until));
            }
            (Right::Free, _) => SpeakerReason::Taken,
            (Right::Force, Some(_)) if !is_theirs => SpeakerReason::Forced,
            (Right::Force, _) => SpeakerReason::Taken,
            (Right::Seat, _) => SpeakerReason::Seated,
        };
        let from = speaker.lease.take().map(|lease| lease.holder);
        speaker.token += 1;
        speaker.required = true;
        speaker.lease = Some(SpeakerLease { holder: holder.clone(), since: now, until });
        let (to, token, until) = (Some(holder), speaker.token, Some(until));
        self.write_speaker(speaker)?;
        self.tell_speaker(SpeakerChange { from, to, token, until, reason });
        Ok(())
    }

    fn give_back(&mut self, token: u64) -> Result<(), Refusal> {
        let speaker = self.conversation.speaker.clone().unwrap_or_default();
        if token != speaker.token || token == 0 {
            return Err(speaker.stale(token, self.now));
        }
        self.silence(SpeakerReason::GivenBack);
        Ok(())
    }

    /// Takes the token from a participant who left.
    pub(super) fn silence_who_left(&mut self, gone: &Participant) {
        let lease = self.conversation.speaker.as_ref().and_then(|it| it.lease.as_ref());
        let Some(holder) = lease.map(|lease| lease.holder.as_str()) else { return };
        let address = gone.pair.as_ref().map(|pair| &pair.address).or(gone.telephone());
        let address = address.map(Address::as_str);
        if gone.identity.as_deref() == Some(holder) || address == Some(holder) {
            self.silence(SpeakerReason::Left);
        }
    }

    /// Takes the token from whoever has it.
    pub(super) fn silence(&mut self, reason: SpeakerReason) {
        let Some(mut speaker) = self.conversation.speaker.clone() else { return };
        let Some(lease) = speaker.lease.take() else { return };
        let token = speaker.token;
        self.fields().speaker = Some(speaker);
        self.touch();
        let from = Some(lease.holder);
        self.tell_speaker(SpeakerChange { from, to: None, token, until: None, reason });
    }

    /// The number under which something is written, if it is written under one.
    ///
    /// # Errors
    /// If a number is needed and there is none, or the one there is was not given out last, or its time is over.
    pub(crate) fn may_speak(
        &self,
        token: Option<u64>,
        author: Option<&str>,
    ) -> Result<Option<u64>, Refusal> {
        let none = Speaker::default();
        let speaker = self.conversation.speaker.as_ref().unwrap_or(&none);
        match token {
            None if !speaker.binds(author) => Ok(None),
            None => {
                let holder = speaker.current(self.now).map(|lease| lease.holder.clone());
                Err(Refusal::SpeakerTokenMissing(holder))
            }
            Some(token) if token == speaker.token && speaker.current(self.now).is_some() => {
                Ok(Some(token))
            }
            Some(token) => Err(speaker.stale(token, self.now)),
        }
    }

    fn write_speaker(&mut self, speaker: Speaker) -> Result<(), Refusal> {
        let before = self.conversation.speaker.as_ref();
        if before == Some(&speaker) || (before.is_none() && speaker == Speaker::default()) {
            return Ok(());
        }
        self.fields().speaker = Some(speaker);
        self.touch();
        self.must_fit()
    }

    fn tell_speaker(&mut self, change: SpeakerChange) {
        self.events.push(ConversationEvent::SpeakerChanged(Box::new(change)));
    }
}

impl Speaker {
    /// Why a number is none that counts.
    fn stale(&self, token: u64, now: Timestamp) -> Refusal {
        let holder = self.current(now).map(|lease| lease.holder.clone());
        Refusal::SpeakerTokenStale { given: token, last: self.token, holder }
    }
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde asks so")]
const fn is_false(flag: &bool) -> bool {
    !*flag
}

#[cfg(test)]
mod tests;
