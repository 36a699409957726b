//! The bundle on a laptop: the third deployment of `infra/template.yaml`, beside SAM and CDK, with every
//! function, DynamoDB and SQS in one process and the real SDK clients between them.
//!
//! # What differs from AWS
//!
//! - **Tables** never contend, are always consistent, and drop what has expired only when they are swept:
//!   `shared/store/TABLES.md`, "Where the embedded table differs".
//! - **Queues** are our own small engine: `infra/sqs/README.md`, "What differs from AWS".
//! - **Functions** share one process: there is no cold start, no freeze between invocations, no memory limit. A
//!   time-out is kept, and a panic fails the one invocation.
//! - **Mappings** poll with Lambda's rules, but do not scale; a batching window is at most [`Options::window_max`].
//! - **Roles** are not enforced. What each function did is recorded ([`Deployment::permissions`]) and compared
//!   with the template by a test.
//!
//! [`Options::dynamodb_endpoint`] and [`Options::sqs_endpoint`] put somebody else's tables and queues in their
//! place. Every deployment behind an endpoint has names of its own and removes what it made when it is stopped, so
//! several may share a server; their clock can not be moved. `.ci/second` runs the scenarios so.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

pub mod check;
mod connector;
pub mod cost;
pub mod demo;
mod deployment;
pub mod driver;
mod dynamo;
mod faults;
mod functions;
mod gateway;
mod invocation;
pub mod invoke;
mod mappings;
mod queues;
pub mod rehearse;
mod remote;
mod rest;
pub mod stub_carrier;
pub mod template;
mod trace;
mod usage;
mod wire;

pub use deployment::{Deployment, NotDrained, Options, PARAMETERS};
pub use faults::{Call, Fault, Faults, Gate, Passage, Service};
pub use gateway::http_event;
pub use invocation::FunctionError;
pub use mappings::schedule_event;
pub use queues::{DeadLetter, Depth, Haste};
pub use trace::{Outcome, Trace, TraceMode, Trigger, Written};
pub use usage::{Counters, Permission, Usage};
pub use webhook_delivery::{Answer, Called, Endpoints};
pub use wire::serve_tables;
