//! The function as its callers see it: requests in, answers out, over an embedded DynamoDB.
#![expect(clippy::unwrap_used, reason = "a test that can not go on has failed")]

mod keys;
mod lost_answers;
mod messages;
mod numbers;
mod reference;
mod services;
mod world;
