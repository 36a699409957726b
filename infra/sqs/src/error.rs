//! Every refusal of the engine and how AWS spells it, because SDKs pick their error type by code.

/// What went wrong, as one of the errors SQS documents.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ErrorKind {
    /// Two entries of a batch share an id.
    BatchEntryIdsNotDistinct,
    /// The messages of a batch are larger together than one request may be.
    BatchRequestTooLong,
    /// A batch has no entries.
    EmptyBatchRequest,
    /// The engine itself failed, usually because the disk did.
    InternalFailure,
    /// The queue URL has no queue in it.
    InvalidAddress,
    /// A queue attribute is unknown, read-only or not for this type of queue.
    InvalidAttributeName,
    /// A queue attribute is outside its range.
    InvalidAttributeValue,
    /// The id of a batch entry has characters or a length it may not have.
    InvalidBatchEntryId,
    /// A body has characters a message may not have.
    InvalidMessageContents,
    /// A parameter is outside its range or not for this type of queue.
    InvalidParameterValue,
    /// A message whose visibility should change is not in flight.
    MessageNotInflight,
    /// A required parameter is absent.
    MissingParameter,
    /// Too many messages are in flight.
    OverLimit,
    /// The queue was purged less than a minute ago.
    PurgeQueueInProgress,
    /// The named queue does not exist.
    QueueDoesNotExist,
    /// A queue of this name exists with other attributes.
    QueueNameExists,
    /// The receipt handle was never given out by this queue.
    ReceiptHandleIsInvalid,
    /// The source, destination or task of a move does not exist.
    ResourceNotFound,
    /// The request is not the JSON this operation takes.
    Serialization,
    /// A batch has more than ten entries.
    TooManyEntriesInBatchRequest,
    /// The operation exists but not for this request.
    UnsupportedOperation,
    /// No such operation.
    UnknownOperation,
}

impl ErrorKind {
    /// Returns the shape's name in the `__type` field.
    pub fn shape(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "com.amazonaws.sqs#BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "com.amazonaws.sqs#BatchRequestTooLong",
            Self::EmptyBatchRequest => "com.amazonaws.sqs#EmptyBatchRequest",
            Self::InternalFailure => "com.amazon.coral.service#InternalFailure",
            Self::InvalidAddress => "com.amazonaws.sqs#InvalidAddress",
            Self::InvalidAttributeName => "com.amazonaws.sqs#InvalidAttributeName",
            Self::InvalidAttributeValue => "com.amazonaws.sqs#InvalidAttributeValue",
            Self::InvalidBatchEntryId => "com.amazonaws.sqs#InvalidBatchEntryId",
            Self::InvalidMessageContents => "com.amazonaws.sqs#InvalidMessageContents",
            Self::InvalidParameterValue => {
                "com.amazon.coral.service#InvalidParameterValueException"
            }
            Self::MessageNotInflight => "com.amazonaws.sqs#MessageNotInflight",
            Self::MissingParameter => "com.amazon.coral.service#MissingRequiredParameterException",
            Self::OverLimit => "com.amazonaws.sqs#OverLimit",
            Self::PurgeQueueInProgress => "com.amazonaws.sqs#PurgeQueueInProgress",
            Self::QueueDoesNotExist => "com.amazonaws.sqs#QueueDoesNotExist",
            Self::QueueNameExists => "com.amazonaws.sqs#QueueNameExists",
            Self::ReceiptHandleIsInvalid => "com.amazonaws.sqs#ReceiptHandleIsInvalid",
            Self::ResourceNotFound => "com.amazonaws.sqs#ResourceNotFoundException",
            Self::Serialization => "com.amazon.coral.service#SerializationException",
            Self::TooManyEntriesInBatchRequest => "com.amazonaws.sqs#TooManyEntriesInBatchRequest",
            Self::UnsupportedOperation => "com.amazonaws.sqs#UnsupportedOperation",
            Self::UnknownOperation => "com.amazon.coral.service#UnknownOperationException",
        }
    }

    /// Returns the code of the older query protocol, which the SDKs still report.
    pub fn code(self) -> &'static str {
        match self {
            Self::BatchEntryIdsNotDistinct => "AWS.SimpleQueueService.BatchEntryIdsNotDistinct",
            Self::BatchRequestTooLong => "AWS.SimpleQueueService.BatchRequestTooLong",
            Self::EmptyBatchRequest => "AWS.SimpleQueueService.EmptyBatchRequest",
            Self::InternalFailure => "InternalFailure",
            Self::InvalidAddress => "InvalidAddress",
            Self::InvalidAttributeName => "InvalidAttributeName",
            Self::InvalidAttributeValue => "InvalidAttributeValue",
            Self::InvalidBatchEntryId => "AWS.SimpleQueueService.InvalidBatchEntryId",
            Self::InvalidMessageContents => "InvalidMessageContents",
            Self::InvalidParameterValue => "InvalidParameterValue",
            Self::MessageNotInflight => "AWS.SimpleQueueService.MessageNotInflight",
            Self::MissingParameter => "MissingParameter",
            Self::OverLimit => "OverLimit",
            Self::PurgeQueueInProgress => "AWS.SimpleQueueService.PurgeQueueInProgress",
            Self::QueueDoesNotExist => "AWS.SimpleQueueService.NonExistentQueue",
            Self::QueueNameExists => "QueueAlreadyExists",
            Self::ReceiptHandleIsInvalid => "ReceiptHandleIsInvalid",
            Self::ResourceNotFound => "ResourceNotFoundException",
            Self::Serialization => "SerializationException",
            Self::TooManyEntriesInBatchRequest => {
                "AWS.SimpleQueueService.TooManyEntriesInBatchRequest"
            }
            Self::UnsupportedOperation => "AWS.SimpleQueueService.UnsupportedOperation",
            Self::UnknownOperation => "InvalidAction",
        }
    }

    /// Returns the HTTP status of the answer.
    pub fn status(self) -> u16 {
        match self {
            Self::InternalFailure => 500,
            Self::InvalidAddress | Self::ReceiptHandleIsInvalid | Self::ResourceNotFound => 404,
            Self::OverLimit | Self::PurgeQueueInProgress => 403,
            _ => 400,
        }
    }

    /// Tells whether the caller has to change the request for it to succeed.
    pub fn is_senders_fault(self) -> bool {
        self != Self::InternalFailure
    }
}

/// A refused request: which error and a sentence for the person reading it.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.code())]
pub struct SqsError {
    /// Which documented error it is.
    pub kind: ErrorKind,
    /// The sentence for the reader.
    pub message: String,
}

impl SqsError {
    pub(crate) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }

    pub(crate) fn invalid(parameter: &str, value: impl std::fmt::Display, reason: &str) -> Self {
        Self::new(
            ErrorKind::InvalidParameterValue,
            format!("Value {value} for parameter {parameter} is invalid. Reason: {reason}"),
        )
    }

    pub(crate) fn missing(parameter: &str) -> Self {
        Self::new(
            ErrorKind::MissingParameter,
            format!("The request must contain the parameter {parameter}."),
        )
    }

    pub(crate) fn unknown_attribute(name: &str) -> Self {
        Self::new(ErrorKind::InvalidAttributeName, format!("Unknown Attribute {name}."))
    }

    pub(crate) fn bad_attribute(name: &str) -> Self {
        Self::new(
            ErrorKind::InvalidAttributeValue,
            format!("Invalid value for the parameter {name}."),
        )
    }

    pub(crate) fn no_queue() -> Self {
        Self::new(ErrorKind::QueueDoesNotExist, "The specified queue does not exist.")
    }

    /// What was asked for could not be kept, or is not known to be.
    pub(crate) fn unkept(why: &dyn std::error::Error) -> Self {
        let mut text = format!("The queue engine could not keep the change: {why}");
        if let Some(reason) = why.source() {
            text = format!("{text}: {reason}");
        }
        Self::new(ErrorKind::InternalFailure, text)
    }
}
