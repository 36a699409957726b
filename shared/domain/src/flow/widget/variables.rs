//! Set Variables: keeps values under `flow.variables`.
//!
//! <https://www.twilio.com/docs/studio/widget-library/set-variables>: `variables` is a list of `key` and `value`; exports have
//! `"type": "string"` or `"object"`, the published form `parse_as_json`.

use super::super::reading::{Pair, Reading};

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct SetVariables {
    pub(in super::super) variables: Vec<Pair>,
}

impl SetVariables {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        Self { variables: reading.pairs("variables") }
    }
}
