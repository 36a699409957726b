//! Every kind of record that is kept, in one list. Code that has something to say of each kind applies a macro to it:
//! [`for_each_record`](crate::for_each_record).

use crate::conversation::{Conversation, User};
use crate::message::Message;
use crate::task::Task;
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Worker, Workflow, Workspace};

/// Applies a macro to all kinds of records, as `Kind: path::to::Kind,` each. A new kind is one line here; whatever the
/// other crates have to know of it fails to compile until it is there.
#[macro_export]
macro_rules! for_each_record {
    ($apply:ident) => {
        $apply! {
            ActionCount: $crate::pace::ActionCount,
            Activity: $crate::workspace::Activity,
            AddressBinding: $crate::conversation::AddressBinding,
            AddressConfiguration: $crate::configuration::AddressConfiguration,
            ApiKey: $crate::access::ApiKey,
            CarrierConnection: $crate::connection::CarrierConnection,
            Conversation: $crate::conversation::Conversation,
            ConversationConfiguration: $crate::configuration::ConversationConfiguration,
            Flow: $crate::configuration::Flow,
            GroupBinding: $crate::conversation::GroupBinding,
            Head: $crate::head::Head,
            Interaction: $crate::interaction::Interaction,
            Membership: $crate::conversation::Membership,
            Message: $crate::message::Message,
            MessagePage: $crate::conversation::MessagePage,
            MessagingService: $crate::configuration::MessagingService,
            Occurrence: $crate::event::Occurrence,
            PhoneNumber: $crate::configuration::PhoneNumber,
            RejectedWebhook: $crate::connection::RejectedWebhook,
            RemovedConversation: $crate::conversation::RemovedConversation,
            Renaming: $crate::conversation::Renaming,
            SenderConnection: $crate::connection::SenderConnection,
            Service: $crate::conversation::Service,
            Silence: $crate::endpoint::Silence,
            Spend: $crate::message::Spend,
            Task: $crate::task::Task,
            TaskChannel: $crate::workspace::TaskChannel,
            TaskQueue: $crate::workspace::TaskQueue,
            UniqueName: $crate::conversation::UniqueName,
            Upload: $crate::media::Upload,
            User: $crate::conversation::User,
            WebhookAttempt: $crate::webhook::WebhookAttempt,
            WebhookEndpoint: $crate::webhook::WebhookEndpoint,
            Worker: $crate::workspace::Worker,
            WorkerName: $crate::workspace::WorkerName,
            Workflow: $crate::workspace::Workflow,
            Workspace: $crate::workspace::Workspace,
        }
    };
}

/// A kind of record.
pub trait RecordKind: Into<Record> {
    /// The record as one of this kind, if it is one.
    fn of(record: &Record) -> Option<&Self>;
}

macro_rules! records {
    ($($kind:ident: $path:path,)*) => {
        /// One record of any kind.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented as the type it holds")]
        pub enum Record {
            $($kind(Box<$path>),)*
        }

        $(impl From<$path> for Record {
            fn from(record: $path) -> Self {
                Self::$kind(Box::new(record))
            }
        }

        impl RecordKind for $path {
            fn of(record: &Record) -> Option<&Self> {
                if let Record::$kind(one) = record { Some(one) } else { None }
            }
        })*

        impl Record {
            /// The names of all kinds, as `TABLES.md` lists them.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($kind),)*];

            /// The name of its kind.
            pub const fn kind(&self) -> &'static str {
                match self {
                    $(Self::$kind(_) => stringify!($kind),)*
                }
            }

            /// The record itself, if it is of the kind that is asked for.
            pub fn get<T: RecordKind>(&self) -> Option<&T> {
                T::of(self)
            }

            /// The version it was loaded with.
            pub fn version(&self) -> Version {
                match self {
                    $(Self::$kind(record) => record.version,)*
                }
            }

            /// The same, for a table that a test keeps.
            #[cfg(test)]
            pub(crate) fn version_mut(&mut self) -> &mut Version {
                match self {
                    $(Self::$kind(record) => &mut record.version,)*
                }
            }
        }
    };
}

for_each_record!(records);

macro_rules! routed {
    ($($kind:ident)*) => {
        /// A record that a router's picture of a workspace is made of. Its changes are the events of the workspace.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented as the type it holds")]
        pub enum Routed {
            $($kind(Box<$kind>),)*
        }

        impl Routed {
            /// The names of these kinds.
            pub const KINDS: &'static [&'static str] = &[$(stringify!($kind),)*];

            /// The record, if it is one of them.
            pub fn of(record: Record) -> Option<Self> {
                $(if let Record::$kind(one) = record {
                    return Some(Self::$kind(one));
                })*
                None
            }
        }
    };
}

routed! { Activity Task TaskChannel TaskQueue Worker Workflow Workspace }

impl Record {
    /// When it was last changed, as far as it says; what is told of the change is kept under that time.
    pub fn changed(&self) -> Option<Timestamp> {
        let message = |it: &Message| {
            let copies = it.deliveries.iter().map(|delivery| delivery.updated);
            copies.chain(it.edited).chain([it.created]).max()
        };
        let conversation = self.get().map(|it: &Conversation| it.updated);
        let task = self.get().map(|it: &Task| it.updated);
        let user = self.get().map(|it: &User| it.updated);
        conversation.or(task).or(user).or_else(|| self.get().and_then(message))
    }
}
