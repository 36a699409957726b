//! Which queues can take a worker at all: by what their expressions need of his attributes.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::routing::expression::{Expression, Mark, Path, walk};
use crate::sid::TaskQueueSid;

/// Queues by the values that they need, and those of which nothing can be said.
#[derive(Debug, Clone, Default)]
pub(super) struct Membership {
    by_value: BTreeMap<Path, BTreeMap<Mark, BTreeSet<TaskQueueSid>>>,
    others: BTreeSet<TaskQueueSid>,
}

impl Membership {
    pub(super) const fn new() -> Self {
        Self { by_value: BTreeMap::new(), others: BTreeSet::new() }
    }

    pub(super) fn insert(&mut self, queue: TaskQueueSid, expression: &Expression) {
        let Some(needs) = expression.needs() else {
            self.others.insert(queue);
            return;
        };
        let values = self.by_value.entry(needs.path).or_default();
        for mark in needs.any_of {
            values.entry(mark).or_default().insert(queue);
        }
    }

    pub(super) fn remove(&mut self, queue: TaskQueueSid, expression: &Expression) {
        let Some(needs) = expression.needs() else {
            self.others.remove(&queue);
            return;
        };
        let Some(values) = self.by_value.get_mut(&needs.path) else {
            return;
        };
        for mark in needs.any_of {
            if let Some(queues) = values.get_mut(&mark) {
                queues.remove(&queue);
                if queues.is_empty() {
                    values.remove(&mark);
                }
            }
        }
        if values.is_empty() {
            self.by_value.remove(&needs.path);
        }
    }

    /// All queues that can take a worker with these attributes; not all of them do.
    pub(super) fn candidates(&self, attributes: &Value) -> BTreeSet<TaskQueueSid> {
        let mut found = self.others.clone();
        for (path, values) in &self.by_value {
            let Some(value) = walk(attributes, path.steps()) else { continue };
            let queues = Mark::all_of(value).into_iter().filter_map(|mark| values.get(&mark));
            found.extend(queues.flatten());
        }
        found
    }
}
