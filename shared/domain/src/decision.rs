//! What a rule answers: the records as they shall stand, and what to ask of other functions.

use crate::effect::Effect;
use crate::record::Record;

/// The outcome of a rule. Everything in it is committed in one transaction.
#[derive(Debug, Clone, Default, PartialEq)]
#[must_use]
pub struct Decision {
    /// Records to write, each on condition that it still has the version it was loaded with
    /// (0: that it does not exist). The first one carries the effects.
    pub puts: Vec<Record>,
    /// Records to remove, under the same condition.
    pub deletes: Vec<Record>,
    /// What to ask of other functions once the change is made.
    pub effects: Vec<Effect>,
}

impl Decision {
    /// Nothing to do: it was done before.
    pub fn unchanged() -> Self {
        Self::default()
    }

    /// One record.
    pub fn put(record: impl Into<Record>) -> Self {
        Self { puts: vec![record.into()], ..Self::default() }
    }

    /// And another record.
    pub fn and(mut self, record: impl Into<Record>) -> Self {
        self.puts.push(record.into());
        self
    }

    /// And remove a record.
    pub fn without(mut self, record: impl Into<Record>) -> Self {
        self.deletes.push(record.into());
        self
    }

    /// And ask for something.
    pub fn asking(mut self, effects: impl IntoIterator<Item = Effect>) -> Self {
        self.effects.extend(effects);
        self
    }

    /// Both, in one transaction.
    pub fn with(mut self, other: Self) -> Self {
        self.puts.extend(other.puts);
        self.deletes.extend(other.deletes);
        self.effects.extend(other.effects);
        self
    }

    /// Whether there is nothing to commit.
    pub fn is_unchanged(&self) -> bool {
        self.puts.is_empty() && self.deletes.is_empty()
    }
}
