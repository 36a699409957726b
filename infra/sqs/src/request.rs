//! The requests of the JSON protocol as types, so that the rules never see loose JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, SqsError};
use crate::message::AttributeMap;

const TARGET_PREFIX: &str = "AmazonSQS.";

/// One request, read and typed but not yet checked against any queue.
#[derive(Debug, Clone)]
pub(crate) enum Request {
    CancelMessageMoveTask(CancelMove),
    ChangeMessageVisibility(ChangeVisibility),
    ChangeMessageVisibilityBatch(Batch<ChangeVisibilityEntry>),
    CreateQueue(CreateQueue),
    DeleteMessage(DeleteMessage),
    DeleteMessageBatch(Batch<DeleteEntry>),
    DeleteQueue(OfQueue),
    GetQueueAttributes(GetAttributes),
    GetQueueUrl(GetUrl),
    ListDeadLetterSourceQueues(ListSources),
    ListMessageMoveTasks(ListMoves),
    ListQueueTags(OfQueue),
    ListQueues(ListQueues),
    PurgeQueue(OfQueue),
    ReceiveMessage(Receive),
    SendMessage(Send),
    SendMessageBatch(Batch<SendEntry>),
    SetQueueAttributes(SetAttributes),
    StartMessageMoveTask(StartMove),
    TagQueue(Tag),
    UntagQueue(Untag),
}

impl Request {
    /// Whether the asker may forget about it once it is answered. Who received or deleted a message, or holds it
    /// longer, may not: if that is lost, the message comes again, as it may at any time.
    pub(crate) const fn is_relied_on(&self) -> bool {
        match self {
            Self::ChangeMessageVisibility(_)
            | Self::ChangeMessageVisibilityBatch(_)
            | Self::DeleteMessage(_)
            | Self::DeleteMessageBatch(_)
            | Self::GetQueueAttributes(_)
            | Self::GetQueueUrl(_)
            | Self::ListDeadLetterSourceQueues(_)
            | Self::ListMessageMoveTasks(_)
            | Self::ListQueueTags(_)
            | Self::ListQueues(_)
            | Self::ReceiveMessage(_) => false,
            Self::CancelMessageMoveTask(_)
            | Self::CreateQueue(_)
            | Self::DeleteQueue(_)
            | Self::PurgeQueue(_)
            | Self::SendMessage(_)
            | Self::SendMessageBatch(_)
            | Self::SetQueueAttributes(_)
            | Self::StartMessageMoveTask(_)
            | Self::TagQueue(_)
            | Self::UntagQueue(_) => true,
        }
    }

    /// Reads a request from its `X-Amz-Target` and its body.
    pub(crate) fn parse(target: &str, body: &[u8]) -> Result<Self, SqsError> {
        let operation = target.strip_prefix(TARGET_PREFIX).unwrap_or_default();
        Ok(match operation {
            "CancelMessageMoveTask" => Self::CancelMessageMoveTask(read(body)?),
            "ChangeMessageVisibility" => Self::ChangeMessageVisibility(read(body)?),
            "ChangeMessageVisibilityBatch" => Self::ChangeMessageVisibilityBatch(read(body)?),
            "CreateQueue" => Self::CreateQueue(read(body)?),
            "DeleteMessage" => Self::DeleteMessage(read(body)?),
            "DeleteMessageBatch" => Self::DeleteMessageBatch(read(body)?),
            "DeleteQueue" => Self::DeleteQueue(read(body)?),
            "GetQueueAttributes" => Self::GetQueueAttributes(read(body)?),
            "GetQueueUrl" => Self::GetQueueUrl(read(body)?),
            "ListDeadLetterSourceQueues" => Self::ListDeadLetterSourceQueues(read(body)?),
            "ListMessageMoveTasks" => Self::ListMessageMoveTasks(read(body)?),
            "ListQueueTags" => Self::ListQueueTags(read(body)?),
            "ListQueues" => Self::ListQueues(read(body)?),
            "PurgeQueue" => Self::PurgeQueue(read(body)?),
            "ReceiveMessage" => Self::ReceiveMessage(read(body)?),
            "SendMessage" => Self::SendMessage(read(body)?),
            "SendMessageBatch" => Self::SendMessageBatch(read(body)?),
            "SetQueueAttributes" => Self::SetQueueAttributes(read(body)?),
            "StartMessageMoveTask" => Self::StartMessageMoveTask(read(body)?),
            "TagQueue" => Self::TagQueue(read(body)?),
            "UntagQueue" => Self::UntagQueue(read(body)?),
            "AddPermission" | "RemovePermission" => {
                let reason = "Queues of this process have no permissions to change.";
                return Err(SqsError::new(ErrorKind::UnsupportedOperation, reason));
            }
            _ => {
                let reason = format!("The operation {target:.80} is not known.");
                return Err(SqsError::new(ErrorKind::UnknownOperation, reason));
            }
        })
    }
}

fn read<T: DeserializeOwned>(body: &[u8]) -> Result<T, SqsError> {
    let body = if body.is_empty() { b"{}" } else { body };
    serde_json::from_slice(body)
        .map_err(|error| SqsError::new(ErrorKind::Serialization, error.to_string()))
}

/// Insists that a required text is there.
pub(crate) fn required<'a>(value: &'a Option<String>, name: &str) -> Result<&'a str, SqsError> {
    value.as_deref().filter(|text| !text.is_empty()).ok_or_else(|| SqsError::missing(name))
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct OfQueue {
    pub(crate) queue_url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CreateQueue {
    pub(crate) queue_name: Option<String>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
    #[serde(default, rename = "tags", alias = "Tags")]
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetUrl {
    pub(crate) queue_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GetAttributes {
    pub(crate) queue_url: Option<String>,
    #[serde(default)]
    pub(crate) attribute_names: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SetAttributes {
    pub(crate) queue_url: Option<String>,
    #[serde(default)]
    pub(crate) attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListQueues {
    pub(crate) queue_name_prefix: Option<String>,
    pub(crate) next_token: Option<String>,
    pub(crate) max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListSources {
    pub(crate) queue_url: Option<String>,
    pub(crate) next_token: Option<String>,
    pub(crate) max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Tag {
    pub(crate) queue_url: Option<String>,
    #[serde(default)]
    pub(crate) tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Untag {
    pub(crate) queue_url: Option<String>,
    #[serde(default)]
    pub(crate) tag_keys: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Draft {
    pub(crate) message_body: Option<String>,
    pub(crate) delay_seconds: Option<i64>,
    #[serde(default)]
    pub(crate) message_attributes: AttributeMap,
    #[serde(default)]
    pub(crate) message_system_attributes: AttributeMap,
    pub(crate) message_deduplication_id: Option<String>,
    pub(crate) message_group_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Send {
    pub(crate) queue_url: Option<String>,
    #[serde(flatten)]
    pub(crate) draft: Draft,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Receive {
    pub(crate) queue_url: Option<String>,
    #[serde(default)]
    pub(crate) attribute_names: Vec<String>,
    #[serde(default)]
    pub(crate) message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub(crate) message_attribute_names: Vec<String>,
    pub(crate) max_number_of_messages: Option<i64>,
    pub(crate) visibility_timeout: Option<i64>,
    pub(crate) wait_time_seconds: Option<i64>,
    pub(crate) receive_request_attempt_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct DeleteMessage {
    pub(crate) queue_url: Option<String>,
    pub(crate) receipt_handle: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ChangeVisibility {
    pub(crate) queue_url: Option<String>,
    pub(crate) receipt_handle: Option<String>,
    pub(crate) visibility_timeout: Option<i64>,
}

/// A batch of entries, each answered for itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Batch<E> {
    pub(crate) queue_url: Option<String>,
    #[serde(default = "Vec::new")]
    pub(crate) entries: Vec<E>,
}

/// An entry of a batch: the answer names it by its id.
pub(crate) trait Entry {
    fn id(&self) -> &str;
}

macro_rules! entry {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Debug, Clone, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub(crate) struct $name {
            #[serde(default)]
            pub(crate) id: String,
            $($(#[$meta])* pub(crate) $field: $type,)*
        }

        impl Entry for $name {
            fn id(&self) -> &str {
                &self.id
            }
        }
    };
}

entry!(SendEntry {
    #[serde(flatten)]
    draft: Draft,
});
entry!(DeleteEntry { receipt_handle: Option<String> });
entry!(ChangeVisibilityEntry {
    receipt_handle: Option<String>,
    visibility_timeout: Option<i64>,
});

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct StartMove {
    pub(crate) source_arn: Option<String>,
    pub(crate) destination_arn: Option<String>,
    pub(crate) max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct ListMoves {
    pub(crate) source_arn: Option<String>,
    pub(crate) max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct CancelMove {
    pub(crate) task_handle: Option<String>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kind(target: &str, body: &str) -> ErrorKind {
        Request::parse(target, body.as_bytes()).unwrap_err().kind
    }

    #[test]
    fn malformed_requests_are_errors_of_their_own_kind() {
        assert_eq!(kind("AmazonSQS.Fly", "{}"), ErrorKind::UnknownOperation);
        assert_eq!(kind("DynamoDB.GetItem", "{}"), ErrorKind::UnknownOperation);
        assert_eq!(kind("", ""), ErrorKind::UnknownOperation);
        assert_eq!(kind("AmazonSQS.SendMessage", "{"), ErrorKind::Serialization);
        assert_eq!(kind("AmazonSQS.SendMessage", "[]"), ErrorKind::Serialization);
        assert_eq!(kind("AmazonSQS.SendMessage", r#"{"QueueUrl":1}"#), ErrorKind::Serialization);
        assert_eq!(kind("AmazonSQS.AddPermission", "{}"), ErrorKind::UnsupportedOperation);
    }
}
