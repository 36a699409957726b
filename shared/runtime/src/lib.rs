//! What every Lambda function needs: configuration, clients, queues, HTTP, failures, logs.
#![forbid(unsafe_code)]

pub mod config;
mod decide;
pub mod dependencies;
pub mod failure;
pub mod http;
mod notice;
pub mod queue;
pub mod telemetry;

pub use config::Config;
pub use dependencies::Dependencies;
pub use failure::Failure;
