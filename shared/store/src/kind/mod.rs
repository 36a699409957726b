//! The kinds of records, a file each: its keys, its rows in the indexes, its lists, and an item as it is stored.
//!
//! These files and `key.rs` are the only ones that spell keys.

mod activity;
mod address_binding;
mod address_configuration;
mod api_key;
mod carrier_connection;
mod conversation;
mod conversation_configuration;
mod flow;
mod head;
mod interaction;
mod membership;
mod message;
mod message_page;
mod messaging_service;
mod occurrence;
mod phone_number;
mod rejected_webhook;
mod removed_conversation;
mod renaming;
mod sender_connection;
mod service;
mod silence;
mod spend;
mod task;
mod task_channel;
mod task_queue;
mod unique_name;
mod user;
mod webhook_attempt;
mod webhook_endpoint;
mod worker;
mod worker_name;
mod workflow;
mod workspace;

pub use self::activity::*;
pub use self::address_binding::*;
pub use self::address_configuration::*;
pub use self::api_key::*;
pub use self::carrier_connection::*;
pub use self::conversation::*;
pub use self::conversation_configuration::*;
pub use self::flow::*;
pub use self::head::*;
pub use self::interaction::*;
pub use self::membership::*;
pub use self::message::*;
pub use self::message_page::*;
pub use self::messaging_service::*;
pub use self::occurrence::*;
pub use self::phone_number::*;
pub use self::rejected_webhook::*;
pub use self::removed_conversation::*;
pub use self::renaming::*;
pub use self::sender_connection::*;
pub use self::service::*;
pub use self::silence::*;
pub use self::spend::*;
pub use self::task::*;
pub use self::task_channel::*;
pub use self::task_queue::*;
pub use self::unique_name::*;
pub use self::user::*;
pub use self::webhook_attempt::*;
pub use self::webhook_endpoint::*;
pub use self::worker::*;
pub use self::worker_name::*;
pub use self::workflow::*;
pub use self::workspace::*;

use switchboard_domain::for_each_record;
use switchboard_domain::record::Record;
use switchboard_domain::sid::WorkspaceSid;

use crate::listing::Listing;
use crate::place::{Place, Table};

/// A record that has a place in the tables.
pub(crate) trait Placed {
    /// An item of this kind as the tables have it, without the effects and the commits of its last change: what was
    /// stored once stays readable, and is written again in the same form.
    #[cfg(test)]
    const EXAMPLE: &'static str;

    /// Where it lives and by what it is found.
    fn place(&self) -> Place;
}

macro_rules! place_of {
    ($($kind:ident: $path:path,)*) => {
        impl Place {
            /// Where a record lives.
            pub fn of(record: &Record) -> Self {
                match record {
                    $(Record::$kind(it) => Placed::place(it.as_ref()),)*
                }
            }
        }
    };
}

for_each_record!(place_of);

impl Listing {
    /// Everything in a workspace but its tasks and events, of whatever kinds.
    pub fn contents_of(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, "")
    }
}

#[cfg(test)]
mod tests;
