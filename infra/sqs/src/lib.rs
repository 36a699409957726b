//! SQS inside the process: pure queue rules with the time passed in, a journal on disk and AWS's
//! JSON protocol, so that the laptop deployment runs the bundle's real queue code without AWS.

mod attributes;
mod engine;
mod error;
mod http;
mod journal;
mod line;
mod message;
mod queue;
mod receipt;
mod repeats;
#[expect(missing_docs, reason = "they are as SQS documents them")]
pub mod request;
mod server;

pub use engine::{Engine, Settings};
pub use error::{ErrorKind, SqsError};
pub use http::serve;
pub use journal::{FORMAT, JournalError};
pub use server::{Clock, Response, Sqs, system_clock};
