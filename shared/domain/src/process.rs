//! What spans several records: each rule here loads nothing, decides over all of them, and answers one
//! [`Decision`](crate::decision::Decision).

pub mod address;
pub mod alarm;
pub mod autocreation;
pub mod connection;
pub mod consent;
pub mod conversation;
pub mod flow;
pub mod identity;
pub mod interaction;
pub mod media;
pub mod notify;
pub mod parameters;
pub mod reply;
pub mod reservation;
pub mod schedule;
pub mod task;
pub mod webchat;

pub use self::interaction::saga;
