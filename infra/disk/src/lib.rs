//! What a file on this machine's disk promises: what was answered survives a power cut, and one process at a time
//! works on it.

mod durable;
mod lock;

pub use durable::{Durable, Mark, Unkept};
pub use lock::Lock;
