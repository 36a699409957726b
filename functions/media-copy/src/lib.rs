//! Copies the files of messages from where a carrier keeps them into the bucket, so that an agent sees a picture after the
//! carrier's link has expired; and removes the content of files that are shown no more.
//!
//! Woken by: `media.fifo`. Writes: message, upload. Asks for: nothing.
//!
//! A link comes from outside, so it is called by the vetted caller, with the secrets of the carrier's connection where it
//! leads to the carrier itself. Nobody waits for a copy: a message is shown, and its webhooks are called, before its files
//! are fetched. A carrier that does not answer is asked again with growing pauses; what cannot be had is noted on the
//! message with its reason. So is a file of which the scanner, if there is one, says nothing for as long. An object is removed after its record has lost it, and again if that is not certain.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod copy;
mod removal;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use switchboard_caller::Caller;
use switchboard_connections::Connections;
use switchboard_domain::effect::{MediaRequest, QueueName};
use switchboard_media::Bucket;
use switchboard_runtime::queue::{body, each_group_or_later};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};

/// What it is started with. There is time: its invocations have a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_MEDIA",
        "MEDIA_BUCKET",
        "CARRIERS",
        "SECRETS_KEY",
        "MEDIA_SCAN_URL",
    ],
};

/// What it works with.
#[derive(Debug)]
pub struct Tools {
    /// Who knows where a carrier keeps a file, and what opens it.
    pub connections: Connections,
    /// Who fetches it.
    pub caller: Caller,
    /// Where it is kept.
    pub bucket: Bucket,
}

/// Handles a batch.
pub async fn handle(on: &Dependencies, tools: &Tools, event: SqsEvent) -> SqsBatchResponse {
    each_group_or_later(&on.queues, QueueName::Media, event, |message| async move {
        let attempt = attempt(&message);
        match body(&message)? {
            MediaRequest::Copy { message } => copy::copy(on, tools, message, attempt).await,
            MediaRequest::Remove { message } => removal::remove(on, &tools.bucket, message).await,
            MediaRequest::Sweep { media } => removal::sweep(on, &tools.bucket, media).await,
        }
    })
    .await
}

/// How often the message was received, this time included.
fn attempt(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}

/// A failure of which the next try may know more.
fn nothing_yet(what: &impl std::fmt::Display) -> Failure {
    Failure::NotFound(what.to_string())
}
