//! Adds somebody to the conversation, or takes them out.
//!
//! The vendor has both as operations of a conversation (`Participants`), and no public export has the widgets; their properties are those
//! of the operation: `identity`, or `address` with `proxy_address`.

use super::super::reading::Reading;
use super::super::text::Text;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Membership {
    pub(in super::super) joins: bool,
    pub(in super::super) identity: Text,
}

impl Membership {
    pub(super) fn read(joins: bool, reading: &mut Reading<'_>) -> Self {
        Self { joins, identity: reading.required("identity") }
    }
}
