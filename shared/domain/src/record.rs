//! Every kind of record that is kept, in one list: the store has a row for each, and so has `TABLES.md`.

use crate::configuration::{
    AddressConfiguration, ApiKey, ConversationConfiguration, Flow, MessagingService, PhoneNumber,
    WebhookAttempt,
};
use crate::conversation::{AddressBinding, Conversation, Membership, Service, UniqueName};
use crate::event::Occurrence;
use crate::head::Head;
use crate::interaction::Interaction;
use crate::message::Message;
use crate::task::Task;
use crate::version::Version;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Worker, Workflow, Workspace};

macro_rules! records {
    ($($kind:ident,)*) => {
        /// One record of any kind.
        #[derive(Debug, Clone, PartialEq)]
        #[expect(missing_docs, reason = "each variant is documented as the type it holds")]
        pub enum Record {
            $($kind(Box<$kind>),)*
        }

        $(impl From<$kind> for Record {
            fn from(record: $kind) -> Self {
                Self::$kind(Box::new(record))
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

            /// The version it was loaded with.
            pub fn version(&self) -> Version {
                match self {
                    $(Self::$kind(record) => record.version,)*
                }
            }
        }
    };
}

records! {
    Activity,
    AddressBinding,
    AddressConfiguration,
    ApiKey,
    Conversation,
    ConversationConfiguration,
    Flow,
    Head,
    Interaction,
    Membership,
    Message,
    MessagingService,
    Occurrence,
    PhoneNumber,
    Service,
    Task,
    TaskChannel,
    TaskQueue,
    UniqueName,
    WebhookAttempt,
    Worker,
    Workflow,
    Workspace,
}
