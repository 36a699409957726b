//! The REST APIs as their callers see them: requests go in, answers come out, each in its published shape.
//!
//! The whole bundle runs, but only requests wake functions: what a request asks of others can be looked at
//! before anybody does it.
#![allow(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod access;
mod carriers;
mod clients;
mod conversations;
mod endpoints;
mod flex;
mod full;
mod lost_answers;
mod messaging;
mod naming;
mod paging;
mod parameters;
mod references;
mod taskrouter;
mod world;
