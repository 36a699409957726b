//! The requests of the JSON protocol as types, so that the rules never see loose JSON.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;

use crate::error::{ErrorKind, SqsError};
use crate::message::AttributeMap;

const TARGET_PREFIX: &str = "AmazonSQS.";

/// One request, read and typed but not yet checked against any queue.
#[derive(Debug, Clone)]
pub enum Request {
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
    pub const fn is_relied_on(&self) -> bool {
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
    pub fn parse(target: &str, body: &[u8]) -> Result<Self, SqsError> {
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
pub fn required<'a>(value: &'a Option<String>, name: &str) -> Result<&'a str, SqsError> {
    value.as_deref().filter(|text| !text.is_empty()).ok_or_else(|| SqsError::missing(name))
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct OfQueue {
    pub queue_url: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CreateQueue {
    pub queue_name: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
    #[serde(default, rename = "tags", alias = "Tags")]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetUrl {
    pub queue_name: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct GetAttributes {
    pub queue_url: Option<String>,
    #[serde(default)]
    pub attribute_names: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct SetAttributes {
    pub queue_url: Option<String>,
    #[serde(default)]
    pub attributes: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListQueues {
    pub queue_name_prefix: Option<String>,
    pub next_token: Option<String>,
    pub max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListSources {
    pub queue_url: Option<String>,
    pub next_token: Option<String>,
    pub max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Tag {
    pub queue_url: Option<String>,
    #[serde(default)]
    pub tags: BTreeMap<String, String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Untag {
    pub queue_url: Option<String>,
    #[serde(default)]
    pub tag_keys: Vec<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Draft {
    pub message_body: Option<String>,
    pub delay_seconds: Option<i64>,
    #[serde(default)]
    pub message_attributes: AttributeMap,
    #[serde(default)]
    pub message_system_attributes: AttributeMap,
    pub message_deduplication_id: Option<String>,
    pub message_group_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Send {
    pub queue_url: Option<String>,
    #[serde(flatten)]
    pub draft: Draft,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Receive {
    pub queue_url: Option<String>,
    #[serde(default)]
    pub attribute_names: Vec<String>,
    #[serde(default)]
    pub message_system_attribute_names: Vec<String>,
    #[serde(default)]
    pub message_attribute_names: Vec<String>,
    pub max_number_of_messages: Option<i64>,
    pub visibility_timeout: Option<i64>,
    pub wait_time_seconds: Option<i64>,
    pub receive_request_attempt_id: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct DeleteMessage {
    pub queue_url: Option<String>,
    pub receipt_handle: Option<String>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ChangeVisibility {
    pub queue_url: Option<String>,
    pub receipt_handle: Option<String>,
    pub visibility_timeout: Option<i64>,
}

/// A batch of entries, each answered for itself.
#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct Batch<E> {
    pub queue_url: Option<String>,
    #[serde(default = "Vec::new")]
    pub entries: Vec<E>,
}

/// An entry of a batch: the answer names it by its id.
pub trait Entry {
    fn id(&self) -> &str;
}

macro_rules! entry {
    ($name:ident { $($(#[$meta:meta])* $field:ident: $type:ty),* $(,)? }) => {
        #[derive(Debug, Clone, Deserialize)]
        #[serde(rename_all = "PascalCase")]
        pub struct $name {
            #[serde(default)]
            pub id: String,
            $($(#[$meta])* pub $field: $type,)*
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
pub struct StartMove {
    pub source_arn: Option<String>,
    pub destination_arn: Option<String>,
    pub max_number_of_messages_per_second: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct ListMoves {
    pub source_arn: Option<String>,
    pub max_results: Option<i64>,
}

#[derive(Debug, Clone, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub struct CancelMove {
    pub task_handle: Option<String>,
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
