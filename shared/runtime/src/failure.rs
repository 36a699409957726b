//! Five failures, named for what happens next.
//!
//! | failure | means | HTTP | queue message |
//! |---|---|---|---|
//! | `Invalid` | can never be understood | 400 | fails, in the end to the dead letters |
//! | `NotFound` | refers to nothing we have, or nothing yet | 404 | fails, is delivered again |
//! | `Refused` | the rules say no, and will again | as published | done |
//! | `Unavailable` | another service is down or in the way | 503 | fails, is delivered again |
//! | `Defect` | we are wrong, or the stored data is | 500 | fails, in the end to the dead letters |

use std::error::Error;

use switchboard_domain::refusal::Refusal;
use switchboard_store::StoreError;

/// Why a function did not do what was asked.
#[derive(Debug, thiserror::Error)]
pub enum Failure {
    /// The input can never be understood.
    #[error("the input cannot be understood: {0}")]
    Invalid(String),
    /// It refers to nothing that we have.
    #[error("{0} was not found")]
    NotFound(String),
    /// The rules say no.
    #[error("refused: {0}")]
    Refused(#[from] Refusal),
    /// Another service is down, throttled or in the way.
    #[error("not available: {0}")]
    Unavailable(String),
    /// We are wrong.
    #[error("defect: {0}")]
    Defect(String),
}

impl Failure {
    /// A service did not do an operation, with every cause down to the first.
    pub fn unavailable(operation: &str, error: &dyn Error) -> Self {
        let mut text = format!("{operation}: {error}");
        let mut cause = error.source();
        while let Some(deeper) = cause {
            text = format!("{text}: {deeper}");
            cause = deeper.source();
        }
        Self::Unavailable(text)
    }

    /// The name, for logs and metrics.
    pub const fn name(&self) -> &'static str {
        match self {
            Self::Invalid(_) => "Invalid",
            Self::NotFound(_) => "NotFound",
            Self::Refused(_) => "Refused",
            Self::Unavailable(_) => "Unavailable",
            Self::Defect(_) => "Defect",
        }
    }
}

impl From<StoreError> for Failure {
    fn from(error: StoreError) -> Self {
        match error {
            StoreError::Conflict { .. } => Self::Unavailable(error.to_string()),
            StoreError::Unavailable { operation, ref source } => {
                Self::unavailable(operation, source.as_ref())
            }
            StoreError::Defect { .. } => Self::Defect(error.to_string()),
        }
    }
}
