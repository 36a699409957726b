//! How long a conversation may be quiet, and what becomes of it then (rule B.1).
//!
//! ```text
//!            the last message, change of state, or setting of timers
//!               │ since
//!               ▼
//!  active       ├── inactive ──▶ inactive, and from that moment ── closed ──▶ closed
//!  active       ├── closed, without the other timer ────────────────────────▶ closed
//!  inactive     ├── closed ─────────────────────────────────────────────────▶ closed
//! ```
//!
//! A message writes the conversation anyway, and with it since when it is quiet. When it is *looked at* next is written beside
//! that, and is its row in an index of all that is due; a message leaves this alone, so it costs no more than without timers.
//! Whoever looks then sees what is true, and moves the look behind the last message or changes the state.

use serde::{Deserialize, Serialize};

use super::{ConversationEvent, Draft, Given, Reason, State};
use crate::timestamp::{Millis, Timestamp};

/// How long a conversation may be quiet.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Lengths {
    /// Until it is inactive; for ever without.
    pub inactive: Option<Millis>,
    /// Until it is closed; for ever without.
    pub closed: Option<Millis>,
}

/// The timers of a conversation that has any.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Timers {
    /// How long it is active while it is quiet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub inactive: Option<Millis>,
    /// How long it is inactive, or quiet if it never becomes inactive, before it is closed.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub closed: Option<Millis>,
    /// Since when nothing has happened.
    pub since: Timestamp,
    /// When it is looked at: never later than its state is due to change, often earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Timestamp>,
}

/// When the state of a conversation is going to change if nothing happens.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Pending {
    /// When it becomes inactive.
    pub inactive: Option<Timestamp>,
    /// When it is closed.
    pub closed: Option<Timestamp>,
}

impl Timers {
    /// Timers that begin to run now; none if there is nothing to run.
    pub(super) fn begun(lengths: Lengths, state: State, now: Timestamp) -> Option<Self> {
        let Lengths { inactive, closed } = lengths;
        if inactive.is_none() && closed.is_none() {
            return None;
        }
        Some(Self { inactive, closed, since: now, look: None }.begun_anew(state, now))
    }

    /// The same timers, which begin anew; by a clock that is behind they begin no earlier than before.
    fn begun_anew(self, state: State, now: Timestamp) -> Self {
        let since = self.since.max(now);
        let anew = Self { since, ..self };
        let due = anew.next(state).map(|(at, _)| at);
        // A look that is still to come and not too late stays, whatever has moved behind it.
        let stays = |look: &Timestamp| *look > now && due.is_some_and(|at| *look <= at);
        Self { look: due.map(|at| self.look.filter(stays).unwrap_or(at)), ..anew }
    }

    /// When the state changes next, and to what.
    pub fn next(self, state: State) -> Option<(Timestamp, State)> {
        match (state, self.inactive, self.closed) {
            (State::Active, Some(length), _) => Some((self.since + length, State::Inactive)),
            (State::Active, None, Some(length)) | (State::Inactive, _, Some(length)) => {
                Some((self.since + length, State::Closed))
            }
            (State::Active, None, None)
            | (State::Inactive, _, None)
            | (State::Initializing | State::Closed, _, _) => None,
        }
    }

    /// All that is going to change if nothing happens.
    pub fn pending(self, state: State) -> Pending {
        match (state, self.next(state)) {
            (State::Active, Some((at, State::Inactive))) => {
                Pending { inactive: Some(at), closed: self.closed.map(|length| at + length) }
            }
            (State::Active | State::Inactive, Some((at, State::Closed))) => {
                Pending { inactive: None, closed: Some(at) }
            }
            (State::Initializing | State::Active | State::Inactive | State::Closed, _) => {
                Pending::default()
            }
        }
    }
}

impl super::Conversation {
    /// All that is going to change by its timers if nothing happens.
    pub fn pending(&self) -> Pending {
        self.timers.map(|timers| timers.pending(self.state)).unwrap_or_default()
    }
}

impl Draft<'_> {
    /// Sets timers, which begin now. One that is not given stays as it is.
    pub(super) fn set_timers(&mut self, inactive: Given<Millis>, closed: Given<Millis>) {
        let before = self.conversation.timers;
        let lengths = Lengths {
            inactive: inactive.unwrap_or_else(|| before.and_then(|it| it.inactive)),
            closed: closed.unwrap_or_else(|| before.and_then(|it| it.closed)),
        };
        let (state, now) = (self.conversation.state, self.now);
        self.fields().timers = Timers::begun(lengths, state, now);
    }

    /// Something happened: what runs begins anew.
    pub(super) fn begin_timers_anew(&mut self) {
        let (state, now) = (self.conversation.state, self.now);
        if let Some(timers) = self.conversation.timers {
            self.fields().timers = Some(timers.begun_anew(state, now));
        }
    }

    /// Looks whether the conversation has been quiet for long enough. If it has not, it is looked at again when it will have
    /// been, unless something happens. Twice, or for a conversation without timers, nothing changes.
    pub(crate) fn look(&mut self) {
        let (from, now) = (self.conversation.state, self.now);
        let Some(timers) = self.conversation.timers else { return };
        let Some((at, to)) = timers.next(from) else { return };
        if at > now {
            if timers.look != Some(at) {
                self.fields().timers = Some(Timers { look: Some(at), ..timers });
            }
            return;
        }
        match to {
            State::Closed => self.free(),
            State::Initializing | State::Active | State::Inactive => {
                self.fields().state = to;
                self.begin_timers_anew();
                self.touch();
            }
        }
        self.events.push(ConversationEvent::StateUpdated { from, to, reason: Reason::Timer });
    }
}

#[cfg(test)]
mod tests;
