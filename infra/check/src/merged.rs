//! Texts that left together: each copy knows the one it left with, and that one knows it.

use switchboard_domain::message::{CopyOf, Delivery, Message};
use switchboard_store::Table;

use crate::view::View;
use crate::violation::Found;

const TOGETHER: &str = "copies that leave together say so of each other";

/// The copy that was handed over for this one: itself, the first of a group, or the one with which its text left.
pub(crate) fn handed_over(message: &Message, copy: &Delivery) -> CopyOf {
    let first = CopyOf { message: message.sid, number: copy.led_by.unwrap_or(copy.number) };
    copy.merged_into.unwrap_or(first)
}

pub(super) fn check(view: &View<'_>, found: &mut Found) {
    if !view.knows(Table::Conversations) {
        return;
    }
    // A message may be gone with its conversation, and a copy that is out may be taken away.
    let other = |of: CopyOf| view.messages.get(&of.message)?.delivery(of.number);
    for message in view.messages.values() {
        for copy in &message.deliveries {
            let own = CopyOf { message: message.sid, number: copy.number };
            let alone = copy.merged.iter().filter_map(|one| other(*one));
            let alone = alone.filter(|one| one.merged_into != Some(own));
            if alone.count() > 0 {
                found.add(TOGETHER, "one that was taken along does not", [message.sid]);
            }
            let lead = copy.merged_into.and_then(other);
            if lead.is_some_and(|lead| !lead.merged.contains(&own)) {
                found.add(TOGETHER, "the one that takes it along does not", [message.sid]);
            }
        }
    }
}
