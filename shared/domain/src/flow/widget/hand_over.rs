//! Send to Flex: hands the conversation to an agent, which is the end of the flow (rule A.6).
//!
//! `workflow`, `channel`, `attributes`, `priority`, `timeout`. The attributes are a text with places first, and JSON when they are filled, so
//! `{"ordered": {{widgets.order.parsed | to_json}}}` works.

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::super::end::Trouble;
use super::super::reading::Reading;
use super::super::text::Text;
use super::super::{ATTRIBUTES_CHARS_MAX, TASK_TIMEOUT_SECONDS, TASK_TIMEOUT_SECONDS_MAX};
use crate::sid::{Sid as _, WorkflowSid};
use crate::timestamp::Timestamp;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub struct SendToFlex {
    /// The workflow that finds the agent.
    pub workflow: WorkflowSid,
    /// The task channel, by identifier or unique name.
    pub channel: String,
    attributes: Text,
    priority: i64,
    timeout_seconds: i64,
}

/// What a task is to be, as a widget said when the flow came to it.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Handing {
    /// The workflow that finds the agent.
    pub workflow: WorkflowSid,
    /// The task channel, by identifier or unique name.
    pub channel: String,
    /// Attributes to add; an object.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub attributes: Map<String, Value>,
    /// The task's priority.
    #[serde(default)]
    pub priority: i64,
    /// How long it may wait, in seconds.
    pub timeout_seconds: i64,
}

impl SendToFlex {
    pub(super) fn read(reading: &mut Reading<'_>) -> Self {
        let workflow = reading.plain("workflow").and_then(|sid| sid.parse().ok());
        if workflow.is_none() {
            reading.fails("workflow", "must be a workflow's WW sid");
        }
        let channel = reading.plain("channel").unwrap_or_default();
        if channel.is_empty() {
            reading.fails("channel", "must be a task channel");
        }
        let given = reading.properties["attributes"].clone();
        let plain = match &given {
            Value::String(text) if !text.trim().is_empty() => text.clone(),
            Value::Object(_) => given.to_string(),
            Value::String(_)
            | Value::Null
            | Value::Bool(_)
            | Value::Number(_)
            | Value::Array(_) => "{}".to_owned(),
        };
        if plain.chars().count() > ATTRIBUTES_CHARS_MAX {
            reading.fails("attributes", "is longer than 1024 characters");
        }
        let has_places = plain.contains("{{") || plain.contains("{%");
        if !has_places && serde_json::from_str::<Map<String, Value>>(&plain).is_err() {
            reading.fails("attributes", "must be a JSON object in text");
        }
        let timeout_seconds = reading.number("timeout").unwrap_or(TASK_TIMEOUT_SECONDS);
        if !(1..=TASK_TIMEOUT_SECONDS_MAX).contains(&timeout_seconds) {
            reading.fails("timeout", "must be from 1 to 1209600 seconds");
        }
        Self {
            workflow: workflow.unwrap_or_else(|| WorkflowSid::derived(&[])),
            channel,
            attributes: reading.text_of("attributes", &plain),
            priority: reading.number("priority").unwrap_or(0).clamp(0, i64::from(i32::MAX)),
            timeout_seconds,
        }
    }

    /// What the task is to be.
    pub(in super::super) fn handing(
        &self,
        context: &Value,
        now: Timestamp,
    ) -> Result<Handing, Trouble> {
        let text = self.attributes.filled(context, now)?;
        let attributes = serde_json::from_str(&text).map_err(|_| Trouble::Attributes)?;
        Ok(Handing { attributes, ..self.plain() })
    }

    /// The same without attributes: for whoever could not be asked any further.
    pub fn plain(&self) -> Handing {
        Handing {
            workflow: self.workflow,
            channel: self.channel.clone(),
            attributes: Map::new(),
            priority: self.priority,
            timeout_seconds: self.timeout_seconds,
        }
    }
}
