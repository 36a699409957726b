//! Why a verified request makes no sense.

use std::borrow::Cow;

use switchboard_domain::carriage::CarrierName;

/// Why a verified request makes no sense; its text names parameters, never their values.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ParseError {
    /// One parameter is wrong.
    #[error("parameter {name} {problem}")]
    Parameter {
        /// Its name.
        name: Cow<'static, str>,
        /// What is wrong with it.
        problem: Problem,
    },
    /// The body is not JSON, or not of the shape that the carrier's requests have.
    #[error("the body is not what this carrier sends")]
    Shape,
    /// Another carrier's request.
    #[error("the request was verified by {0:?}")]
    ForeignCarrier(CarrierName),
}

/// What is wrong with a parameter.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Problem {
    /// Not there, or empty.
    #[error("is missing")]
    Missing,
    /// There more than once, with different values.
    #[error("is given more than once")]
    Repeated,
    /// Not UTF-8.
    #[error("is not UTF-8")]
    NotText,
    /// Not what it should be.
    #[error("is not valid")]
    Invalid,
}
