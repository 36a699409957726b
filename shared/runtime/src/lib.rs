//! What every Lambda function needs: configuration, clients, queues, failures, logs.
#![forbid(unsafe_code)]

mod ask;
pub mod config;
mod decide;
pub mod dependencies;
pub mod failure;
mod notice;
pub mod patience;
pub mod queue;
pub mod telemetry;

pub use config::Config;
pub use dependencies::Dependencies;
pub use failure::Failure;
pub use patience::Patience;
