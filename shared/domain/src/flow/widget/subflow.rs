//! Run Subflow: runs another flow, and goes on when that has come to its end.
//!
//! <https://www.twilio.com/docs/studio/widget-library/run-subflow>: `flow_sid`, `flow_revision` (`LatestPublished`, which is what is run),
//! `parameters`, which are `trigger.parent.parameters` there. Its variables come back as `widgets.NAME`.

use super::super::reading::{Pair, Reading};
use crate::sid::FlowSid;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct Subflow {
    pub(in super::super) flow: Option<FlowSid>,
    pub(in super::super) parameters: Vec<Pair>,
}

impl Subflow {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        let flow = reading.plain("flow_sid").and_then(|sid| sid.parse().ok());
        if flow.is_none() {
            reading.fails("flow_sid", "must be a flow's FW sid");
        }
        Self { flow, parameters: reading.pairs("parameters") }
    }
}
