//! The alarms of conversations: whoever wakes one looks whether it has been quiet for long enough.
//!
//! ```text
//!  every minute: all that is due within the next one ──▶ an alarm for each, delayed to its second
//!  an alarm: nothing yet ──▶ moved behind the last message │ over ──▶ another state
//! ```
//!
//! Nobody sets an alarm when a conversation gets timers, or a message: the row of its look is what cannot get lost. No timer
//! is shorter than the time between two ticks, so a tick finds each before it is due.

use super::conversation::{Command, decide};
use crate::conversation::{Answers, Conversation, Objection, Source};
use crate::decision::Decision;
use crate::effect::{ConversationAlarm, Effect, Wake};
use crate::timestamp::{Millis, Timestamp};

/// How far ahead the tick of a minute looks: until the next one.
pub const AHEAD: Millis = Millis::seconds(60);

/// Decides what an alarm changes. If it comes to nothing yet, and would be over before the next tick, another one is set.
///
/// # Errors
///
/// As every command to a conversation.
pub fn ring(
    conversation: &Conversation,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let change = decide(conversation, Command::Look, Source::Timer, answers, now)?;
    let look = change.conversation.timers.and_then(|timers| timers.look);
    let is_soon = |at: &Timestamp| change.is_written && *at <= now + AHEAD;
    let again = look.filter(is_soon).map(|at| set(&change.conversation, at));
    Ok(Decision::from(change).asking(again))
}

fn set(conversation: &Conversation, at: Timestamp) -> Effect {
    Effect::Wake(Wake::Conversation(ConversationAlarm { at, conversation: conversation.sid }))
}
