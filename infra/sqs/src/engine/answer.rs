//! Which rule answers which request.

use serde_json::{Value, json};

use super::Engine;
use crate::error::SqsError;
use crate::request::Request;

impl Engine {
    /// Answers a request at `now_ms`, without waiting for messages.
    pub(crate) fn answer(&mut self, request: &Request, now_ms: i64) -> Result<Value, SqsError> {
        match request {
            Request::CancelMessageMoveTask(request) => self.cancel_move(request),
            Request::ChangeMessageVisibility(request) => self.change_visibility(request, now_ms),
            Request::ChangeMessageVisibilityBatch(request) => {
                self.change_visibility_batch(request, now_ms)
            }
            Request::CreateQueue(request) => self.create_queue(request, now_ms),
            Request::DeleteMessage(request) => self.delete(request, now_ms),
            Request::DeleteMessageBatch(request) => self.delete_batch(request, now_ms),
            Request::DeleteQueue(request) => self.delete_queue(request),
            Request::GetQueueAttributes(request) => self.get_attributes(request, now_ms),
            Request::GetQueueUrl(request) => self.get_queue_url(request),
            Request::ListDeadLetterSourceQueues(request) => self.list_sources(request),
            Request::ListMessageMoveTasks(request) => self.list_moves(request),
            Request::ListQueueTags(request) => self.list_tags(request),
            Request::ListQueues(request) => self.list_queues(request),
            Request::PurgeQueue(request) => self.purge(request, now_ms),
            Request::ReceiveMessage(request) => {
                self.wait_seconds(request)?;
                let messages = self.receive(request, now_ms)?;
                Ok(received(messages))
            }
            Request::SendMessage(request) => self.send(request, now_ms),
            Request::SendMessageBatch(request) => self.send_batch(request, now_ms),
            Request::SetQueueAttributes(request) => self.set_attributes(request, now_ms),
            Request::StartMessageMoveTask(request) => self.start_move(request, now_ms),
            Request::TagQueue(request) => self.tag(request, now_ms),
            Request::UntagQueue(request) => self.untag(request, now_ms),
        }
    }
}

/// Writes the answer to a receive.
fn received(messages: Vec<Value>) -> Value {
    if messages.is_empty() { json!({}) } else { json!({ "Messages": messages }) }
}
