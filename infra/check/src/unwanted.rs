//! Nothing goes to who wants nothing (rule E.3), from write to write.

use std::collections::BTreeMap;

use switchboard_domain::message::Message;
use switchboard_domain::record::Record;
use switchboard_domain::sid::MessageSid;

use crate::consents::{is_refused, name};
use crate::offers::Around;
use crate::violation::{Found, Violation};
use crate::write::RecordChange;

const BEGUN: &str = "no send that was begun after a STOP goes to the carrier";

/// Follows from write to write which sends were begun for somebody who wanted nothing by then: none of them may become a message of the
/// carrier's, unless the block was taken back meanwhile.
///
/// That is the guarantee, to the commit: a send is begun by the write of its lease. One whose lease was written before the block may
/// still go out.
#[derive(Debug, Default)]
pub struct Unwanted {
    begun: BTreeMap<(MessageSid, u32), Message>,
}

impl Unwanted {
    /// Goes on with the changes of one write, all of which are in `around`.
    pub fn follow(&mut self, changes: &[RecordChange<'_>], around: &impl Around) -> Vec<Violation> {
        let mut found = Found::default();
        for change in changes {
            match change.after {
                Some(Record::Message(after)) if !after.is_exempt() => {
                    let before = change.before.and_then(Record::get::<Message>);
                    self.written(before, after, around, &mut found);
                }
                Some(Record::Consent(_) | Record::PhoneNumber(_)) => {
                    self.begun.retain(|(_, number), message| is_refused(around, message, *number));
                }
                Some(_) | None => {}
            }
        }
        found.sorted()
    }

    fn written(
        &mut self,
        before: Option<&Message>,
        after: &Message,
        around: &impl Around,
        found: &mut Found,
    ) {
        for copy in &after.deliveries {
            let was = before.and_then(|before| before.delivery(copy.number));
            let place = (after.sid, copy.led_by.unwrap_or(copy.number));
            let is_begun = copy.begun.is_some() && was.is_none_or(|was| was.begun != copy.begun);
            if is_begun && is_refused(around, after, copy.number) {
                self.begun.insert(place, after.clone());
            } else if is_begun {
                self.begun.remove(&place);
            }
            let had_id = was.is_some_and(|was| was.carrier_message_id.is_some());
            if copy.carrier_message_id.is_some() && !had_id && self.begun.contains_key(&place) {
                found.add(BEGUN, "it did", [name(after, copy)]);
            }
        }
    }
}
