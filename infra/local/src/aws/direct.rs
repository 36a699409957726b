//! The embedded SQS, asked with typed requests, without documents there and back.

use serde_json::Value;
use switchboard_sqs::request::{
    Batch, ChangeVisibility, DeleteEntry, Draft, Receive, Request, Send, SendEntry,
};
use switchboard_sqs::{Sqs, SqsError};

/// The embedded queues.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Direct<'a>(pub(crate) &'a Sqs);

/// A message to send: its body, its group and its deduplication id on a FIFO queue, and seconds to wait on another.
pub(crate) fn draft(
    body: String,
    group: Option<String>,
    deduplication_id: Option<String>,
    delay_seconds: Option<i64>,
) -> Draft {
    Draft {
        message_body: Some(body),
        delay_seconds,
        message_attributes: Default::default(),
        message_system_attributes: Default::default(),
        message_deduplication_id: deduplication_id,
        message_group_id: group,
    }
}

impl Direct<'_> {
    /// Sends one message.
    pub(crate) async fn send(self, queue_url: &str, draft: Draft) -> Result<(), SqsError> {
        let request = Send { queue_url: Some(queue_url.to_owned()), draft };
        self.0.promised(&Request::SendMessage(request)).await.map(drop)
    }

    /// Sends up to ten messages; the code of each that was refused.
    pub(crate) async fn send_batch(
        self,
        queue_url: &str,
        drafts: Vec<Draft>,
    ) -> Result<Vec<String>, SqsError> {
        let entry = |(place, draft): (usize, Draft)| SendEntry { id: place.to_string(), draft };
        let entries = drafts.into_iter().enumerate().map(entry).collect();
        let request = Batch { queue_url: Some(queue_url.to_owned()), entries };
        let answer = self.0.promised(&Request::SendMessageBatch(request)).await?;
        let failed = answer["Failed"].as_array().into_iter().flatten();
        Ok(failed.filter_map(|one| one["Code"].as_str().map(str::to_owned)).collect())
    }

    /// Receives up to ten messages with everything that is known of them, and waits for a first one for so many seconds.
    pub(crate) async fn receive_all(
        self,
        queue_url: &str,
        most: usize,
        wait_seconds: i64,
    ) -> Result<Vec<Value>, SqsError> {
        let all = || vec!["All".to_owned()];
        let request = Receive {
            queue_url: Some(queue_url.to_owned()),
            attribute_names: Vec::new(),
            message_system_attribute_names: all(),
            message_attribute_names: all(),
            max_number_of_messages: i64::try_from(most).ok(),
            visibility_timeout: None,
            wait_time_seconds: Some(wait_seconds),
            receive_request_attempt_id: None,
        };
        let mut answer = self.0.promised(&Request::ReceiveMessage(request)).await?;
        match answer["Messages"].take() {
            Value::Array(messages) => Ok(messages),
            _ => Ok(Vec::new()),
        }
    }

    /// Deletes up to ten received messages.
    pub(crate) async fn delete_all(
        self,
        queue_url: &str,
        receipt_handles: Vec<String>,
    ) -> Result<(), SqsError> {
        let entry = |(place, handle): (usize, String)| DeleteEntry {
            id: place.to_string(),
            receipt_handle: Some(handle),
        };
        let entries = receipt_handles.into_iter().enumerate().map(entry).collect();
        let request = Batch { queue_url: Some(queue_url.to_owned()), entries };
        self.0.promised(&Request::DeleteMessageBatch(request)).await.map(drop)
    }

    /// Hides a received message for so many seconds more.
    pub(crate) async fn hide(
        self,
        queue_url: &str,
        receipt_handle: &str,
        seconds: i64,
    ) -> Result<(), SqsError> {
        let request = ChangeVisibility {
            queue_url: Some(queue_url.to_owned()),
            receipt_handle: Some(receipt_handle.to_owned()),
            visibility_timeout: Some(seconds),
        };
        self.0.promised(&Request::ChangeMessageVisibility(request)).await.map(drop)
    }
}
