//! What must be true of all records at one moment.

use crate::facts::{Facts, Moment};
use crate::snapshot::Snapshot;
use crate::view::View;
use crate::violation::{Found, Violation};
use crate::{
    consents, conversations, deliveries, events, interactions, media, merged, quiet, references,
    routing, tasks,
};

impl Snapshot {
    /// Everything that must never be, and is, in an order that is always the same. It takes as long as there
    /// are records.
    pub fn violations(&self, facts: Option<&Facts>, moment: Moment) -> Vec<Violation> {
        let view = View::of(self, facts, moment);
        let mut found = Found::default();
        for item in &self.unreadable {
            found.add("every item can be read", "an item cannot be read", [item]);
        }
        conversations::check(&view, &mut found);
        quiet::check(&view, &mut found);
        deliveries::check(&view, &mut found);
        merged::check(&view, &mut found);
        consents::check(&view, &mut found);
        interactions::check(&view, &mut found);
        media::check(&view, &mut found);
        tasks::check(&view, &mut found);
        events::check(&view, &mut found);
        routing::check(&view, &mut found);
        references::check(&view, &mut found);
        found.sorted()
    }
}
