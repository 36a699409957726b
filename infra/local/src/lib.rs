//! The bundle on a laptop: the third deployment of `infra/template.yaml`, beside SAM and CDK, with every
//! function, DynamoDB and SQS in one process and the real SDK clients between them.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

pub mod check;
mod connector;
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
pub use wire::serve_tables;
