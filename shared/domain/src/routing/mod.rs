//! Who gets which task.

pub mod expression;
mod picture;
pub mod receipt;
pub mod router;
pub mod test_cases;
pub mod warnings;
pub mod workflow;

#[cfg(test)]
mod statements;
