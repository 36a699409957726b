//! Workers who got something to do, where a target's expression can make that a reason to give them more
//! (`worker.channel.voice.assigned_tasks > 0`). Everywhere else nobody comes to suit a task by having one more.

use super::{Line, Picture};
use crate::routing::workflow::Configuration;

impl Picture {
    /// Looks through the workflows for such targets.
    pub(super) fn find_targets_for_the_busier(&mut self) {
        let read = self.records.workflows.values().filter_map(|flow| flow.configuration.as_ref());
        self.indexes.for_the_busier = read.flat_map(Configuration::queues_for_the_busier).collect();
    }

    /// Whether there are any.
    pub(in crate::routing) fn busier_can_suit(&self) -> bool {
        !self.indexes.for_the_busier.is_empty()
    }

    /// Whether a worker can come to suit a target of a queue by getting one more task.
    pub(in crate::routing) fn can_suit_when_busier(&self, line: Line) -> bool {
        match line {
            Line::Queue(queue) => self.indexes.for_the_busier.contains(&queue),
            Line::Worker(_) | Line::Anyhow(_) => false,
        }
    }

    /// Lets a router look at the workers who got something to do, as at those who have less; whether there are any.
    pub(in crate::routing) fn look_at_the_busier(&mut self) -> bool {
        let busier = std::mem::take(&mut self.agenda.busier);
        let any = !busier.is_empty();
        self.agenda.freed.extend(busier);
        any
    }
}
