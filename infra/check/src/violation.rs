//! What was found.

use std::fmt;

/// Something that must never be, and is.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub struct Violation {
    /// What must be true.
    pub invariant: &'static str,
    /// What is.
    pub what: String,
    /// The items it is about.
    pub items: Vec<String>,
}

impl fmt::Display for Violation {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "{}: {}", self.invariant, self.what)?;
        match self.items.as_slice() {
            [] => Ok(()),
            items => write!(out, " [{}]", items.join(", ")),
        }
    }
}

/// What was found so far.
#[derive(Debug, Default)]
pub(crate) struct Found(Vec<Violation>);

impl Found {
    pub(crate) fn add<I: fmt::Display>(
        &mut self,
        invariant: &'static str,
        what: impl Into<String>,
        items: impl IntoIterator<Item = I>,
    ) {
        let items = items.into_iter().map(|item| item.to_string()).collect();
        self.0.push(Violation { invariant, what: what.into(), items });
    }

    pub(crate) fn sorted(mut self) -> Vec<Violation> {
        self.0.sort_unstable();
        self.0.dedup();
        self.0
    }
}
