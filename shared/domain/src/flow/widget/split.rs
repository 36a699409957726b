//! Split Based On…: goes where the first transition leads all of whose conditions hold.
//!
//! <https://www.twilio.com/docs/studio/widget-library/split-based-on>; the conditions stand in the transitions with the event `match`, and
//! `noMatch` is where it goes without one.

use super::super::reading::Reading;
use super::super::text::Text;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Split {
    pub(in super::super) input: Text,
}

impl Split {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        Self { input: reading.required("input") }
    }
}
