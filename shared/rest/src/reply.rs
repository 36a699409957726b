//! Answers and errors of REST operations.

use std::fmt::Display;

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::codes::Code;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::version::Version;
use switchboard_runtime::Failure;
use switchboard_store::StoreError;

/// What an operation answers.
pub type Answer = Result<Reply, ApiError>;

/// A successful answer.
#[derive(Debug, Clone, PartialEq)]
pub struct Reply {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Option<Value>,
    /// The version of the resource, where the product has one.
    pub etag: Option<u64>,
    /// Where the caller is sent, if elsewhere.
    pub location: Option<String>,
    /// Whether it tells a secret, which nobody on the way may keep.
    pub is_secret: bool,
}

/// The body of an answer of a product that declares its members.
///
/// # Panics
/// If a map in it has keys that are no text, which no answer of ours has.
pub fn body(answer: &impl Serialize) -> Value {
    serde_json::to_value(answer).expect("an answer is an object with names")
}

impl Reply {
    /// 200, with a body.
    pub const fn ok(body: Value) -> Self {
        Self::with(200, Some(body))
    }

    /// 201, with a body.
    pub const fn created(body: Value) -> Self {
        Self::with(201, Some(body))
    }

    /// 204, without a body.
    pub const fn gone() -> Self {
        Self::with(204, None)
    }

    /// 302: what is asked for is at another address. No resource is; content is, which the SDKs do not read.
    pub fn elsewhere(url: String) -> Self {
        let body = serde_json::json!({ "location": &url });
        Self { location: Some(url), ..Self::with(302, Some(body)) }
    }

    /// An answer with this status.
    pub const fn with(status: u16, body: Option<Value>) -> Self {
        Self { status, body, etag: None, location: None, is_secret: false }
    }

    /// Says that it tells a secret.
    pub const fn secret(mut self) -> Self {
        self.is_secret = true;
        self
    }

    /// Says which version of the resource this is.
    pub const fn tagged(mut self, version: Version) -> Self {
        self.etag = Some(version.number());
        self
    }
}

/// An error as the caller reads it, and what the log keeps of it.
#[derive(Debug, Clone, PartialEq, thiserror::Error)]
#[error("{status} {code}: {message}")]
pub struct ApiError {
    /// The HTTP status.
    pub status: u16,
    /// The published code.
    pub code: u32,
    /// For the caller.
    pub message: String,
    /// For the log alone.
    internal: Option<String>,
}

impl ApiError {
    /// An error with the sentence of its code, and why.
    pub fn because(code: Code, why: impl Display) -> Self {
        Self::saying(code, format!("{}: {why}", code.sentence()))
    }

    /// An error in words of its own, which tell what its code's sentence cannot.
    pub fn saying(code: Code, message: impl Into<String>) -> Self {
        let (status, code) = (code.status(), code.number());
        Self { status, code, message: message.into(), internal: None }
    }

    /// 400 with code 20001: a parameter is missing or wrong.
    pub fn bad(message: impl Into<String>) -> Self {
        Self::saying(Code::InvalidParameter, message)
    }

    /// 404 for this path, which is written without its version (rule R.2).
    pub fn not_found(path: &str) -> Self {
        Self::saying(Code::NotFound, format!("The requested resource {path} was not found"))
    }

    /// The same error under a code that is published for it.
    pub fn coded(self, code: Code) -> Self {
        Self::saying(code, self.message)
    }

    /// What a panic is answered: its words are for the log.
    pub(crate) fn broken(words: &str) -> Self {
        Self::internal(Code::Defect, format!("it panicked: {words}"))
    }

    fn internal(code: Code, internal: String) -> Self {
        Self { internal: Some(internal), ..code.into() }
    }

    /// Notes what the caller does not get to see.
    pub(crate) fn log(&self) {
        if let Some(internal) = &self.internal {
            if self.status == 500 {
                tracing::error!(kind = "Defect", "{internal}");
            } else {
                tracing::warn!(kind = "Unavailable", "{internal}");
            }
        }
    }

    pub(crate) fn into_reply(self) -> Reply {
        let body = crate::error_body(self.status, self.code, &self.message);
        Reply::with(self.status, Some(body))
    }
}

impl From<Code> for ApiError {
    fn from(code: Code) -> Self {
        Self::saying(code, code.sentence())
    }
}

impl From<Refusal> for ApiError {
    fn from(refusal: Refusal) -> Self {
        Self::saying(refusal.code(), refusal.to_string())
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Failure::from(error).into()
    }
}

impl From<Failure> for ApiError {
    fn from(failure: Failure) -> Self {
        let text = failure.to_string();
        match failure {
            Failure::Refused(refusal) => refusal.into(),
            Failure::Invalid(why) => Self::bad(why),
            Failure::NotFound(what) => Self::not_found(&what),
            Failure::Unavailable(_) => Self::internal(Code::Unavailable, text),
            Failure::Defect(_) => Self::internal(Code::Defect, text),
        }
    }
}
