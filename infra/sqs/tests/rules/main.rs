//! The rules of SQS with the time passed in, the journal and the wait for messages.
#![allow(clippy::unwrap_used, missing_docs)]

mod durability;
mod fifo;
mod order;
mod queues;
mod redrive;
mod standard;
mod waiting;
mod world;
