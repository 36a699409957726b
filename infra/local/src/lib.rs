//! The bundle on a laptop: the third deployment of `infra/template.yaml`, beside SAM and CDK, with every
//! function, DynamoDB and SQS in one process. Functions reach both by a short road ([`Road::Near`]), or through the real
//! SDK clients, which is what tests of faults and half of the simulations do.
//!
//! Three parts: the cloud in a process, what stands in for the outside world ([`stand_ins`]), and the command
//! ([`cli`]), which alone knows the other two.
//!
//! # What differs from AWS
//!
//! - **Tables** never contend, are always consistent, and drop what has expired only when they are swept:
//!   `shared/store/TABLES.md`, "Where the embedded table differs".
//! - **Queues** are our own small engine: `infra/sqs/README.md`, "What differs from AWS".
//! - **Functions** share one process: there is no cold start, no freeze between invocations, no memory limit. A
//!   time-out is kept, functions are told of it ([`Options::tells_end`]), and a panic fails the one invocation.
//! - **Mappings** poll with Lambda's rules, but do not scale; a batching window is at most [`Options::window_max`].
//! - **Roles** are held against every request of a function to tables and queues, also in the simulation; what wakes
//!   it, its logs and its keys are not asked for here. [`Deployment::permissions`] tells what was made use of,
//!   [`Deployment::refused`] what was not allowed.
//!
//! [`Options::dynamodb_endpoint`] and [`Options::sqs_endpoint`] put somebody else's tables and queues in their
//! place. Every deployment behind an endpoint has names of its own and removes what it made when it is stopped, so
//! several may share a server; their clock cannot be moved. `.ci/second` runs the scenarios so.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod aws;
pub mod cli;
mod lock;
pub mod stand_ins;

pub use aws::deployment::Deployment;
pub use aws::faults::{Call, Fault, Faults, Gate, Passage, Service};
pub use aws::functions::needs;
pub use aws::gateway::http_event;
pub use aws::invocation::FunctionError;
pub use aws::mappings::schedule_event;
pub use aws::opening::PARAMETERS;
pub use aws::options::{Options, Road};
pub use aws::queues::{DeadLetter, Depth, Haste};
pub use aws::quiet::NotDrained;
pub use aws::roles::{Permission, Permissions};
pub use aws::trace::{Outcome, Trace, Trigger, Watch, Written};
pub use aws::usage::{Counters, Usage};
pub use aws::wire::serve_tables;
pub use aws::{driver, template};
pub use cli::{backup, check, cost, demo, invoke};
pub use stand_ins::stub_carrier;
pub use switchboard_caller::{Answer, Called, Endpoints};
