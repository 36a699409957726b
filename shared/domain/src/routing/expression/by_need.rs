//! Which of many expressions can hold at all, found by what they need: queues by a worker's attributes,
//! filters by a task's.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::needs::Mark;
use super::{Expression, Path, walk};

/// Names of expressions by the values that these need, and those of which nothing can be said.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::routing) struct ByNeed<N> {
    by_value: BTreeMap<Path, BTreeMap<Mark, BTreeSet<N>>>,
    others: BTreeSet<N>,
}

impl<N: Ord + Copy> ByNeed<N> {
    pub(in crate::routing) const fn new() -> Self {
        Self { by_value: BTreeMap::new(), others: BTreeSet::new() }
    }

    pub(in crate::routing) fn insert(&mut self, name: N, expression: &Expression) {
        let Some(needs) = expression.needs() else {
            self.others.insert(name);
            return;
        };
        let values = self.by_value.entry(needs.path).or_default();
        for mark in needs.any_of {
            values.entry(mark).or_default().insert(name);
        }
    }

    pub(in crate::routing) fn remove(&mut self, name: N, expression: &Expression) {
        let Some(needs) = expression.needs() else {
            self.others.remove(&name);
            return;
        };
        let Some(values) = self.by_value.get_mut(&needs.path) else {
            return;
        };
        for mark in needs.any_of {
            if let Some(names) = values.get_mut(&mark) {
                names.remove(&name);
                if names.is_empty() {
                    values.remove(&mark);
                }
            }
        }
        if values.is_empty() {
            self.by_value.remove(&needs.path);
        }
    }

    /// All whose expressions can hold of these attributes; not all of them do.
    pub(in crate::routing) fn candidates(&self, attributes: &Value) -> BTreeSet<N> {
        let mut found = self.others.clone();
        for (path, values) in &self.by_value {
            let Some(value) = walk(attributes, path.steps()) else { continue };
            let names = Mark::all_of(value).into_iter().filter_map(|mark| values.get(&mark));
            found.extend(names.flatten());
        }
        found
    }
}
