//! The endpoints of customers, as far as a function has somebody who asks them.

use std::fmt;
use std::pin::Pin;
use std::time::Duration;

use switchboard_domain::conversation::Said;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::webhook::WebhookEndpoint;

/// How long an endpoint has to answer (rule B.5).
pub const TIMEOUT: Duration = Duration::from_secs(5);

/// One call of an endpoint, which is told and asked.
#[derive(Debug, Clone, Copy)]
pub struct Question<'a> {
    /// The address, as the customer has configured it.
    pub url: &'a str,
    /// `GET` or `POST`.
    pub method: &'a str,
    /// What is told.
    pub parameters: &'a [(String, String)],
    /// Names the call; the same question has the same name.
    pub token: &'a str,
    /// How the endpoint is set up, if it is: what it is signed by, and how it is written.
    pub endpoint: Option<&'a WebhookEndpoint>,
    /// What is going to happen.
    pub event: &'a str,
    /// When it is asked.
    pub asked: Timestamp,
}

/// What an endpoint said, as it said it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Reply {
    /// An answer, with its text unless that is too long or was cut short.
    Answered(u16, Option<Vec<u8>>),
    /// Nothing in time.
    TooLate,
    /// Nobody was reached, or nobody who may be called.
    Nobody,
    /// The endpoint is switched off, so it was not called.
    Off,
}

/// An answer to come.
pub type Replying<'a> = Pin<Box<dyn Future<Output = Reply> + Send + 'a>>;

/// Who asks endpoints: the vetted caller.
pub trait AsksEndpoints: fmt::Debug + Send + Sync {
    /// Asks one endpoint, which has [`TIMEOUT`] to answer.
    fn ask<'a>(&'a self, question: Question<'a>) -> Replying<'a>;
}

impl Reply {
    /// The same for a rule.
    pub(crate) fn said(&self) -> Said<'_> {
        match self {
            Self::Answered(status, text) => Said::Answered(*status, text.as_deref()),
            Self::TooLate => Said::TooLate,
            Self::Nobody | Self::Off => Said::Nobody,
        }
    }
}

impl fmt::Display for Reply {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status, _) => write!(out, "answered {status}"),
            Self::TooLate => out.write_str("did not answer in time"),
            Self::Nobody => out.write_str("was not reached"),
            Self::Off => out.write_str("is switched off"),
        }
    }
}
