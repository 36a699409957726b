//! What a sender hands in: the checks of a message that is not in a queue yet, and its answer.

use serde_json::{Value, json};
use sha2::{Digest, Sha256};

use super::sequence;
use crate::error::{ErrorKind, SqsError};
use crate::message::{
    AttributeMap, check_attributes, check_body, hex, md5_of_attributes, md5_of_body,
    size_of_attributes,
};
use crate::queue::Queue;
use crate::repeats::RepeatKey;
use crate::request::Draft;

const DELAY_SECONDS_MAX: i64 = 900;
const TOKEN_LENGTH_MAX: usize = 128;
pub(super) const TRACE_HEADER: &str = "AWSTraceHeader";

pub(super) fn check_draft(draft: &Draft, body: &str, bytes_max: usize) -> Result<(), SqsError> {
    check_body(body)?;
    check_attributes(&draft.message_attributes)?;
    if size_of(draft) > bytes_max {
        let reason = format!(
            "One or more parameters are invalid. Message must be shorter than {bytes_max} bytes."
        );
        return Err(SqsError::new(ErrorKind::InvalidParameterValue, format!("Reason: {reason}")));
    }
    Ok(())
}

pub(super) fn size_of(draft: &Draft) -> usize {
    draft.message_body.as_ref().map_or(0, String::len)
        + size_of_attributes(&draft.message_attributes)
}

pub(super) fn trace_header(attributes: &AttributeMap) -> Result<Option<String>, SqsError> {
    let refuse = |name: &str, reason| SqsError::invalid("MessageSystemAttributes", name, reason);
    if let Some(other) = attributes.keys().find(|name| *name != TRACE_HEADER) {
        return Err(refuse(other, "The only system attribute to send is AWSTraceHeader."));
    }
    let Some(value) = attributes.get(TRACE_HEADER) else {
        return Ok(None);
    };
    match &value.string_value {
        Some(text) if value.data_type == "String" && !text.is_empty() => Ok(Some(text.clone())),
        _ => Err(refuse(TRACE_HEADER, "It must be a String with a value.")),
    }
}

pub(super) fn delay_ms(draft: &Draft, queue: &Queue) -> Result<i64, SqsError> {
    match draft.delay_seconds {
        Some(seconds) if queue.attributes.fifo && seconds != 0 => {
            let reason = "The request include parameter that is not valid for this queue type.";
            Err(SqsError::invalid("DelaySeconds", seconds, reason))
        }
        Some(seconds) if !queue.attributes.fifo => {
            check_range("DelaySeconds", seconds, 0, DELAY_SECONDS_MAX)?;
            Ok(seconds * 1000)
        }
        _ => Ok(queue.attributes.delay_ms),
    }
}

pub(super) fn group(draft: &Draft, fifo: bool) -> Result<Option<String>, SqsError> {
    match draft.message_group_id.as_deref() {
        None if fifo => Err(SqsError::missing("MessageGroupId")),
        None => Ok(None),
        Some(group) => check_token("MessageGroupId", group).map(|()| Some(group.to_owned())),
    }
}

pub(super) fn deduplication_id(
    draft: &Draft,
    body: &str,
    queue: &Queue,
) -> Result<Option<String>, SqsError> {
    match draft.message_deduplication_id.as_deref() {
        Some(id) if !queue.attributes.fifo => {
            let reason = "The request include parameter that is not valid for this queue type.";
            Err(SqsError::invalid("MessageDeduplicationId", id, reason))
        }
        Some(id) => check_token("MessageDeduplicationId", id).map(|()| Some(id.to_owned())),
        None if !queue.attributes.fifo => Ok(None),
        None if queue.attributes.content_based_deduplication => {
            Ok(Some(hex(&Sha256::digest(body.as_bytes()))))
        }
        None => Err(SqsError::new(
            ErrorKind::InvalidParameterValue,
            "The queue should either have ContentBasedDeduplication enabled or \
             MessageDeduplicationId provided explicitly",
        )),
    }
}

pub(super) fn key(queue: &Queue, group: Option<&str>, id: &str) -> RepeatKey {
    let scope = group.filter(|_| queue.attributes.deduplicates_by_group).unwrap_or_default();
    (scope.to_owned(), id.to_owned())
}

pub(super) fn receipt_of(draft: &Draft, body: &str, id: &str, number: Option<u64>) -> Value {
    let mut answer = json!({ "MessageId": id, "MD5OfMessageBody": md5_of_body(body) });
    if let Some(md5) = md5_of_attributes(&draft.message_attributes) {
        answer["MD5OfMessageAttributes"] = json!(md5);
    }
    if let Some(md5) = md5_of_attributes(&draft.message_system_attributes) {
        answer["MD5OfMessageSystemAttributes"] = json!(md5);
    }
    if let Some(number) = number {
        answer["SequenceNumber"] = json!(sequence(number));
    }
    answer
}

pub(super) fn check_range(name: &str, value: i64, least: i64, most: i64) -> Result<(), SqsError> {
    if (least..=most).contains(&value) {
        return Ok(());
    }
    Err(SqsError::invalid(name, value, &format!("Must be between {least} and {most}.")))
}

pub(super) fn check_token(name: &str, token: &str) -> Result<(), SqsError> {
    let good = (1..=TOKEN_LENGTH_MAX).contains(&token.len())
        && token.chars().all(|c| c.is_ascii_graphic());
    if good {
        return Ok(());
    }
    let reason = format!(
        "{name} can only include alphanumeric and punctuation characters. 1 to 128 in length."
    );
    Err(SqsError::invalid(name, token, &reason))
}
