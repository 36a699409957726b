//! Do the pieces agree? Template, crates, events and documents name the same things.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

mod book;
mod calling;
mod carriers;
mod circles;
mod codes;
mod deadlines;
mod defects;
mod diagram;
mod events;
mod frozen;
mod operations;
mod shapes;
mod template;
mod tree;
