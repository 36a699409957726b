//! The kinds of records, a file each: its keys, its rows in the indexes, its lists, and an item as it is stored.
//!
//! These files and `key.rs` are the only ones that spell keys.

macro_rules! kinds {
    ($($file:ident)*) => {
        $(mod $file; pub use self::$file::*;)*
    };
}

kinds! {
    action_count
    activity
    address_binding
    address_configuration
    api_key
    carrier_connection
    conversation
    conversation_configuration
    flow
    group_binding
    head
    interaction
    membership
    message
    message_page
    messaging_service
    occurrence
    phone_number
    rejected_webhook
    removed_conversation
    renaming
    sender_connection
    service
    silence
    spend
    task
    task_channel
    task_queue
    unique_name
    upload
    user
    webhook_attempt
    webhook_endpoint
    worker
    worker_name
    workflow
    workspace
}

use switchboard_domain::for_each_record;
use switchboard_domain::record::Record;
use switchboard_domain::sid::WorkspaceSid;

use crate::listing::Listing;
use crate::place::{Key, Place, Table};
use crate::reference::Reference;

/// A record that has a place in the tables.
pub(crate) trait Placed {
    /// An item of this kind as the tables have it, without the effects and the commits of its last change: what was
    /// stored once stays readable, and is written again in the same form.
    #[cfg(test)]
    const EXAMPLE: &'static str;

    /// Where it lives and by what it is found.
    fn place(&self) -> Place;

    /// What it refers to, and where that is. What is only remembered is no reference.
    fn refers(&self) -> Vec<(Reference, Key)>;
}

macro_rules! of_records {
    ($($kind:ident: $path:path,)*) => {
        /// What a record refers to, and where that is.
        pub fn references(record: &Record) -> Vec<(Reference, Key)> {
            match record {
                $(Record::$kind(it) => Placed::refers(it.as_ref()),)*
            }
        }

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

for_each_record!(of_records);

impl Listing {
    /// Everything in a workspace but its tasks and events, of whatever kinds.
    pub fn contents_of(workspace: WorkspaceSid) -> Self {
        Self::partition(Table::Routing, workspace, "")
    }
}

#[cfg(test)]
mod tests;
