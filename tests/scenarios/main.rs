//! Does the story hold? Scenarios through the local deployment, with people as helpers.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod assignment;
mod bad_input;
mod beforehand;
mod carrier_days;
mod carriers;
mod connections;
mod endpoint;
mod events;
mod flows;
mod group;
mod incoming;
mod isolation;
mod journey;
mod media;
mod merged;
mod metadata;
mod opt_out;
mod permissions;
mod programmable;
mod reservations;
mod saga;
mod speaker;
mod storms;
mod strangers;
mod templates;
mod timers;
mod told;
mod webchat;
mod webhooks;
