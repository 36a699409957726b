//! The sender that a recipient is used to (rule E.2).

use serde::{Deserialize, Serialize};

use crate::address::Address;
use crate::sid::{MessagingServiceSid, Sid as _, StickySenderSid};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// By which sender of a messaging service a recipient was written to first, and is from then on.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct StickySender {
    /// Its identifier; follows from the service and the recipient, who is not named here.
    pub sid: StickySenderSid,
    /// The service.
    pub service: MessagingServiceSid,
    /// The sender.
    pub sender: Address,
    /// When that sender was added to the pool. One that left and came back has another time, so the mapping is over when
    /// it leaves, and nobody has to look for mappings then.
    pub joined: Timestamp,
    /// When it was made.
    pub created: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl StickySender {
    /// The identifier for a service and a recipient.
    pub fn sid_of(service: MessagingServiceSid, to: &Address) -> StickySenderSid {
        StickySenderSid::derived(&["sticky", &service.to_string(), to.as_str()])
    }
}
