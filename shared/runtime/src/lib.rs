//! What every Lambda function needs: configuration, clients, queues, failures, logs.
#![forbid(unsafe_code)]

mod ask;
pub mod beforehand;
pub mod config;
mod consent;
pub mod deadline;
mod decide;
pub mod dependencies;
pub mod endpoints;
pub mod failure;
mod flows;
pub mod keys;
mod known;
mod known_flows;
mod lambda;
mod needs;
mod notice;
mod own_sender;
mod pace;
pub mod patience;
pub mod queue;
pub mod route;
pub mod secrets;
pub mod telemetry;

pub use beforehand::Beforehand;
pub use config::Config;
pub use dependencies::Dependencies;
pub use failure::Failure;
pub use lambda::{end_of, run_batch, serve, start, start_with};
pub use lambda_runtime::Error;
pub use needs::Needs;
pub use own_sender::{own_sender_in, own_sender_key};
pub use patience::Patience;
