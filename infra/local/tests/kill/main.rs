//! Pulling the plug: the process is killed in the middle of its work, again and again, and started again on the
//! same folder, or on what a power cut would have left of it. Whatever was acknowledged is there, once, and goes on
//! by itself.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod backup;
mod disk;
mod killed;
mod power;
mod process;
