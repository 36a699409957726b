//! Receipt handles: which receive of which message in which queue a consumer refers to.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE as BASE64;

use crate::error::{ErrorKind, SqsError};

const HANDLE_LENGTH_MAX: usize = 1024;

/// One receive of one message.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Receipt {
    pub(crate) queue: u64,
    pub(crate) number: u64,
    pub(crate) count: u32,
}

impl Receipt {
    pub(crate) fn handle(self) -> String {
        BASE64.encode(format!("receipt {} {} {}", self.queue, self.number, self.count))
    }

    /// Reads a handle that the queue with this serial may have given out.
    pub(crate) fn parse(handle: &str, queue: u64) -> Result<Self, SqsError> {
        Self::read(handle).filter(|receipt| receipt.queue == queue).ok_or_else(|| {
            let shown: String = handle.chars().take(80).collect();
            let reason = format!("The input receipt handle \"{shown}\" is not a valid handle.");
            SqsError::new(ErrorKind::ReceiptHandleIsInvalid, reason)
        })
    }

    fn read(handle: &str) -> Option<Self> {
        if handle.len() > HANDLE_LENGTH_MAX {
            return None;
        }
        let text = String::from_utf8(BASE64.decode(handle).ok()?).ok()?;
        let mut parts = text.strip_prefix("receipt ")?.split(' ');
        let receipt = Self {
            queue: parts.next()?.parse().ok()?,
            number: parts.next()?.parse().ok()?,
            count: parts.next()?.parse().ok()?,
        };
        parts.next().is_none().then_some(receipt)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_read_back_only_by_its_own_queue() {
        let receipt = Receipt { queue: 3, number: 9, count: 1 };
        assert_eq!(Receipt::parse(&receipt.handle(), 3), Ok(receipt));
        for (handle, queue) in [(receipt.handle(), 4), ("garbage".into(), 3), (String::new(), 3)] {
            let refused = Receipt::parse(&handle, queue).unwrap_err();
            assert_eq!(refused.kind, ErrorKind::ReceiptHandleIsInvalid);
        }
    }
}
