//! What can go wrong at the table, told apart by what to do next.

/// Why the table did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum StoreError {
    /// A condition failed: what the decision was made on has changed. Load and decide again.
    #[error("the record changed in between: {kinds:?}")]
    Conflict {
        /// The kinds of the records whose condition failed, as far as they are known.
        kinds: Vec<&'static str>,
        /// Whether another transaction was in the way, and nothing is known to have changed.
        passing: bool,
    },
    /// The table is out of reach, throttled, or slow. Try again later.
    #[error("the table cannot be reached: {operation}")]
    Unavailable {
        /// What was asked.
        operation: &'static str,
        /// Why.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The table refuses what we ask, or holds what we cannot read: an operator has to look.
    #[error("{operation}: {reason}")]
    Defect {
        /// What was asked.
        operation: &'static str,
        /// Why it cannot be.
        reason: String,
    },
}

impl StoreError {
    /// Whether the only records in the way are of this kind.
    pub fn is_conflict_over(&self, kind: &str) -> bool {
        matches!(self, Self::Conflict { kinds, .. } if kinds.contains(&kind))
    }
}
