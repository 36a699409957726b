//! Who gets which task.

pub mod expression;
mod picture;
pub mod receipt;
pub mod router;
pub mod warnings;
pub mod workflow;

#[cfg(test)]
mod statements;
