//! The cloud in one process: what AWS does for the bundle, with its rules.

mod answer;
mod connector;
pub(crate) mod deployment;
mod direct;
pub mod driver;
pub(crate) mod dynamo;
pub(crate) mod faults;
pub(crate) mod functions;
pub(crate) mod gateway;
pub(crate) mod invocation;
pub(crate) mod kept;
pub(crate) mod keys;
mod lent;
pub(crate) mod mappings;
mod near;
pub(crate) mod objects;
pub(crate) mod opening;
pub(crate) mod options;
pub(crate) mod queues;
pub(crate) mod quiet;
mod remote;
pub(crate) mod roles;
pub mod template;
pub(crate) mod trace;
pub(crate) mod usage;
pub(crate) mod wire;
