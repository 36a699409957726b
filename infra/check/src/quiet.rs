//! Timers of conversations: each is looked at in time, and none that is over goes on.
//!
//! What comes when is worked out anew here: a mistake in the rule must not excuse itself.

use switchboard_domain::conversation::{Conversation, State};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const LOOKED_AT: &str = "a conversation is looked at before its timer is over, and no other one is";
const ENDS: &str = "at rest no timer has been over for long";

/// A tick comes every minute; one may get lost.
const PATIENCE: Millis = Millis::seconds(120);

/// When the timers of a conversation are over.
pub(crate) fn end_of(conversation: &Conversation) -> Option<Timestamp> {
    let timers = conversation.timers?;
    let length = match conversation.state {
        State::Active => timers.inactive.or(timers.closed),
        State::Inactive => timers.closed,
        State::Initializing | State::Closed => None,
    };
    length.map(|length| timers.since + length)
}

/// What a conversation says about itself.
pub(crate) fn alone(conversation: &Conversation, found: &mut Found) {
    let look = conversation.timers.and_then(|timers| timers.look);
    let what = match (look, end_of(conversation)) {
        (None, None) => return,
        (Some(look), Some(end)) if look <= end => return,
        (Some(_), Some(_)) => "it is looked at too late",
        (None, Some(_)) => "nobody looks at it",
        (Some(_), None) => "it is looked at for nothing",
    };
    found.add(LOOKED_AT, what, [conversation.sid]);
}

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Conversations) {
        return;
    }
    for conversation in view.conversations.values() {
        alone(conversation, found);
        let Some(facts) = view.facts.filter(|_| view.at_rest) else { continue };
        let is_late =
            end_of(conversation).is_some_and(|end| end + PATIENCE + facts.skew < facts.now);
        if is_late {
            let what = format!("it is still {}", conversation.state.name());
            found.add(ENDS, what, [conversation.sid]);
        }
    }
}
