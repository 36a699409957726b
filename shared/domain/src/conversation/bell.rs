//! What a conversation knows of having nobody responsible for it (rules C.16 to C.18): the interaction has the say, the conversation
//! only what a message must not have to read.
//!
//! The *bell* is the number of the time without an agent. A customer's message rings it, once: the bell is taken down in the
//! write of the message, and the interaction is told. A bell that hangs when somebody is responsible again does no harm: whoever
//! hears it looks at the number.

use super::{ConversationEvent, Draft, Lengths, State};
use crate::timestamp::Millis;

/// What goes with having nobody responsible.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LeftAlone {
    /// What the customer's next message rings; nothing if it is to change nothing.
    pub bell: Option<u32>,
    /// How long the conversation may be quiet from now on.
    pub closes_after: Option<Millis>,
    /// Whether somebody has to look after it: webhooks are told.
    pub waits: bool,
}

impl Draft<'_> {
    /// Nobody is responsible from now on.
    pub(crate) fn leave_alone(&mut self, how: LeftAlone) {
        if self.conversation.state == State::Closed {
            return;
        }
        if self.conversation.bell != how.bell {
            self.fields().bell = how.bell;
        }
        if let Some(length) = how.closes_after {
            self.set_timers(Some(None), Some(Some(length)));
        }
        if how.waits {
            self.events.push(ConversationEvent::Waiting);
        }
    }

    /// Somebody is responsible again; the conversation has the timers that it had, if others were set.
    pub(crate) fn take_up(&mut self, timers: Option<Lengths>) {
        if self.conversation.bell.is_some() {
            self.fields().bell = None;
        }
        if self.conversation.state == State::Closed {
            return;
        }
        if let Some(Lengths { inactive, closed }) = timers {
            self.set_timers(Some(inactive), Some(closed));
        }
    }

    /// A participant wrote: whoever speaks for the account alone, or is nobody of the conversation, does not ring.
    pub(crate) fn ring(&mut self, writer: Option<u32>) {
        let Some(number) = self.conversation.bell else { return };
        let writer = writer.and_then(|number| self.conversation.participant(number));
        let counts = writer.is_some_and(|one| one.is_customer() || one.identity.is_some());
        if counts {
            self.fields().bell = None;
            self.rung = Some(number);
        }
    }
}
