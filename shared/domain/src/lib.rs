//! The rules of Switchboard: pure, without waiting, clock, randomness or environment.
//!
//! A function loads records, asks a rule here, commits the [`decision::Decision`] in one transaction and
//! sends its effects. Time, identifiers and candidates are arguments; a repeat is
//! [`decision::Decision::unchanged`]; a no is a [`refusal::Refusal`].
#![forbid(unsafe_code)]
#![warn(clippy::wildcard_enum_match_arm)]

pub mod access;
pub mod address;
pub mod carriage;
pub mod codes;
pub mod configuration;
pub mod connection;
pub mod consent;
pub mod conversation;
pub mod decision;
pub mod derive;
pub mod effect;
pub mod encoding;
pub mod endpoint;
pub mod event;
pub mod flow;
pub mod head;
pub mod ice;
pub mod incoming;
pub mod interaction;
pub mod liquid;
pub mod media;
pub mod message;
pub mod pace;
pub mod private;
pub mod process;
pub mod record;
pub mod refusal;
pub mod rehearsal;
pub mod routing;
pub mod sender;
pub mod sid;
pub mod statistics;
pub mod task;
pub mod template;
pub mod timestamp;
pub mod version;
pub mod webchat;
pub mod webhook;
pub mod workspace;
