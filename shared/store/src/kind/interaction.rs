//! An interaction.

use switchboard_domain::interaction::Interaction;
use switchboard_domain::sid::{InteractionSid, Sid as _};

use super::Placed;
use crate::listing::Listing;
use crate::place::{Key, Place, Table, dated, key};
use crate::reference::Reference;

/// The partition of the index `list` with those that somebody has to look after.
const WAITING: &str = "WAITING";

/// An interaction.
pub fn interaction(sid: InteractionSid) -> Key {
    key(Table::Interactions, sid, "KD")
}

impl Placed for Interaction {
    #[cfg(test)]
    const EXAMPLE: &'static str = r#"{ "kind": "Interaction", "pk": "KDd369e33584fc961c1392c39b2105a344", "sk": "KD", "v": 2,
            "channel_type": "sms", "created": 1795898976238, "initiated_by": "customer", "invites": [{
            "number": 2, "task": "WT58215fa27b803fb9e52f292f2ddfb9e4"}], "next_number": 4,
            "participants": [{ "member": 1, "number": 1, "kind": "customer"}, { "routing": {
            "reservation": "WR58215fa27b803fb9e52f292f2ddfb9e5",
            "task": "WT58215fa27b803fb9e52f292f2ddfb9e4", "worker": "WK95e20ab2b8db1b38a2fbfc1234252f5d"},
            "number": 3, "kind": "agent", "member": 3}], "status": "active", "updated": 1795898976408,
            "workspace": "WS53dfcf12650854b6e969aff84ab9cdf4"}"#;

    fn place(&self) -> Place {
        let place = Place::at(interaction(self.sid));
        match self.waits_since() {
            Some(since) => place.listed(WAITING, dated(since, self.sid)),
            None => place,
        }
    }

    fn refers(&self) -> Vec<(Reference, Key)> {
        let open = self.invites.iter().filter(|invite| !invite.over);
        let tasks = open.map(|invite| (Reference::InteractionTask, super::task(invite.task)));
        let both = [
            (Reference::InteractionConversation, super::conversation(self.sid.twin())),
            (Reference::InteractionWorkspace, super::workspace(self.workspace)),
        ];
        both.into_iter().chain(tasks).collect()
    }
}

impl Listing {
    /// Interactions that somebody has to look after, who has waited longest first.
    pub fn waiting_interactions() -> Self {
        Self::list(Table::Interactions, WAITING)
    }
}
