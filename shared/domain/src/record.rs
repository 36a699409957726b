//! Every kind of record that is kept, in one list. Code that has something to say of each kind applies a macro to it:
//! [`for_each_record`](crate::for_each_record).

use crate::conversation::{Conversation, User};
use crate::message::Message;
use crate::task::Task;
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Worker, Workflow, Workspace};

/// Applies a macro to all kinds of records, as `Kind file: path::to::Kind,` each, where the file is the one of the store
/// that says how it is kept (`shared/store/src/kind/`). A new kind is one line here and that file, without which the store
/// does not compile.
#[macro_export]
macro_rules! for_each_record {
    ($apply:ident) => {
        $apply! {
            AccountSettings account_settings: $crate::configuration::AccountSettings,
            ActionCount action_count: $crate::pace::ActionCount,
            Activity activity: $crate::workspace::Activity,
            AddressBinding address_binding: $crate::conversation::AddressBinding,
            AddressConfiguration address_configuration: $crate::configuration::AddressConfiguration,
            ApiKey api_key: $crate::access::ApiKey,
            CarrierConnection carrier_connection: $crate::connection::CarrierConnection,
            ChannelSender channel_sender: $crate::sender::ChannelSender,
            Consent consent: $crate::consent::Consent,
            ContentTemplate content_template: $crate::template::ContentTemplate,
            Conversation conversation: $crate::conversation::Conversation,
            ConversationConfiguration conversation_configuration: $crate::configuration::ConversationConfiguration,
            FlexConfiguration flex_configuration: $crate::configuration::FlexConfiguration,
            FlexUser flex_user: $crate::configuration::FlexUser,
            Flow flow: $crate::configuration::Flow,
            FlowExecution flow_execution: $crate::flow::FlowExecution,
            FlowRevision flow_revision: $crate::configuration::FlowRevision,
            FlowSteps flow_steps: $crate::flow::FlowSteps,
            GroupBinding group_binding: $crate::conversation::GroupBinding,
            Head head: $crate::head::Head,
            Interaction interaction: $crate::interaction::Interaction,
            InteractionWebhook interaction_webhook: $crate::interaction::InteractionWebhook,
            Membership membership: $crate::conversation::Membership,
            Message message: $crate::message::Message,
            MessagePage message_page: $crate::conversation::MessagePage,
            MessagingService messaging_service: $crate::configuration::MessagingService,
            Occurrence occurrence: $crate::event::Occurrence,
            PhoneNumber phone_number: $crate::configuration::PhoneNumber,
            RejectedWebhook rejected_webhook: $crate::connection::RejectedWebhook,
            RemovedConversation removed_conversation: $crate::conversation::RemovedConversation,
            Renaming renaming: $crate::conversation::Renaming,
            SenderConnection sender_connection: $crate::connection::SenderConnection,
            Service service: $crate::conversation::Service,
            ShortCode short_code: $crate::sender::ShortCode,
            Silence silence: $crate::endpoint::Silence,
            Spend spend: $crate::message::Spend,
            StickySender sticky_sender: $crate::sender::StickySender,
            Task task: $crate::task::Task,
            TaskChannel task_channel: $crate::workspace::TaskChannel,
            TaskQueue task_queue: $crate::workspace::TaskQueue,
            UniqueName unique_name: $crate::conversation::UniqueName,
            Upload upload: $crate::media::Upload,
            User user: $crate::conversation::User,
            WebhookAttempt webhook_attempt: $crate::webhook::WebhookAttempt,
            WebhookEndpoint webhook_endpoint: $crate::webhook::WebhookEndpoint,
            Worker worker: $crate::workspace::Worker,
            WorkerName worker_name: $crate::workspace::WorkerName,
            Workflow workflow: $crate::workspace::Workflow,
            Workspace workspace: $crate::workspace::Workspace,
        }
    };
}

/// A kind of record.
pub trait RecordKind: Into<Record> {
    /// The record as one of this kind, if it is one.
    fn of(record: &Record) -> Option<&Self>;
}

macro_rules! records {
    ($($kind:ident $file:ident: $path:path,)*) => {
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
