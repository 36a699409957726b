//! What can go wrong at the table, told apart by what to do next.

use aws_sdk_dynamodb::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_dynamodb::operation::transact_write_items::TransactWriteItemsError;
use aws_smithy_runtime_api::client::orchestrator::HttpResponse;

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

/// The code of an action of a transaction whose condition failed.
pub(crate) const CONDITION_FAILED: &str = "ConditionalCheckFailed";

/// Sorts an SDK error by its code.
pub(crate) fn classify<E>(operation: &'static str, error: SdkError<E, HttpResponse>) -> StoreError
where
    E: ProvideErrorMetadata + std::error::Error + Send + Sync + 'static,
{
    match error.code() {
        Some(code @ ("ConditionalCheckFailedException" | "TransactionConflictException")) => {
            let passing = code == "TransactionConflictException";
            StoreError::Conflict { kinds: Vec::new(), passing }
        }
        Some("ValidationException" | "ResourceNotFoundException" | "AccessDeniedException") => {
            let reason = error.message().unwrap_or("no message").to_owned();
            StoreError::Defect { operation, reason }
        }
        _ => StoreError::Unavailable { operation, source: Box::new(error) },
    }
}

/// Sorts the error of a transaction; `kinds` are those of its records, in order.
pub(crate) fn classify_transaction(
    error: SdkError<TransactWriteItemsError, HttpResponse>,
    kinds: &[&'static str],
) -> StoreError {
    const OPERATION: &str = "TransactWriteItems";
    let Some(TransactWriteItemsError::TransactionCanceledException(canceled)) =
        error.as_service_error()
    else {
        return classify(OPERATION, error);
    };
    let reasons = canceled.cancellation_reasons();
    let with = |code: &str| {
        let coded = reasons.iter().zip(kinds).filter(|(reason, _)| reason.code() == Some(code));
        coded.map(|(_, kind)| *kind).collect::<Vec<_>>()
    };
    let failed = with(CONDITION_FAILED);
    if !failed.is_empty() || !with("TransactionConflict").is_empty() {
        let passing = failed.is_empty();
        return StoreError::Conflict { kinds: failed, passing };
    }
    let invalid = reasons.iter().find(|reason| reason.code() == Some("ValidationError"));
    match invalid {
        Some(reason) => StoreError::Defect {
            operation: OPERATION,
            reason: reason.message().unwrap_or("no message").to_owned(),
        },
        None => StoreError::Unavailable { operation: OPERATION, source: Box::new(error) },
    }
}
