//! An execution of a flow: one item with all that it knows, where it is, and its latest steps.
//!
//! ```text
//!  begun ──▶ runs ──▶ waits for a reply, until a time ──▶ runs …
//!              │  └─▶ waits for an answer of an endpoint ──▶ runs …
//!              └────▶ ended: finished, handed over, stopped, failed
//! ```

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::end::End;
use super::trigger::Trigger;
use super::widget::Handing;
use crate::sid::{ConversationSid, FlowExecutionSid, FlowSid};
use crate::timestamp::Timestamp;
use crate::version::Version;

/// So many steps are in the execution; when there are more, they become an item of their own.
pub const STEPS_KEPT: usize = 8;
/// The longest it may be when it is stored, in bytes.
pub(super) const BYTES_MAX: usize = 96 * 1024;

/// An execution.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowExecution {
    /// Its identifier.
    pub sid: FlowExecutionSid,
    /// The flow.
    pub flow: FlowSid,
    /// The revision that it began with, and keeps.
    pub revision: u32,
    /// Where it speaks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub conversation: Option<ConversationSid>,
    /// The customer's address.
    pub contact: String,
    /// The address of ours.
    pub channel: String,
    /// The flows that run, each within the one before.
    pub frames: Vec<Frame>,
    /// What it waits for.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub waits: Option<Wait>,
    /// Counts how often it went on: who answers a question of before is late.
    #[serde(default)]
    pub turn: u32,
    /// Its latest steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub steps: Vec<Step>,
    /// How many steps it took.
    #[serde(default)]
    pub taken: u32,
    /// When it is looked at: never later than its wait is over, often earlier.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub look: Option<Timestamp>,
    /// How it ended.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub end: Option<End>,
    /// What the task is to be that it handed over to.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub handing: Option<Handing>,
    /// When it began.
    pub created: Timestamp,
    /// When it last went on.
    pub updated: Timestamp,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

/// A flow that runs.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Frame {
    /// The flow.
    pub flow: FlowSid,
    /// Where it is.
    pub state: String,
    /// What began it.
    pub trigger: Trigger,
    /// Its variables.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub variables: Map<String, Value>,
    /// What came of its widgets.
    #[serde(default, skip_serializing_if = "Map::is_empty")]
    pub widgets: Map<String, Value>,
}

/// What an execution waits for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Wait {
    /// That it begins.
    Begin,
    /// A reply.
    Reply {
        /// Until then.
        until: Timestamp,
        /// Which time it asks.
        attempt: u32,
    },
    /// What an endpoint says.
    Answer,
}

/// A step from one widget to another.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct Step {
    /// Its number, from one on.
    #[serde(rename = "n")]
    pub number: u32,
    /// From which widget.
    #[serde(rename = "f")]
    pub from: String,
    /// To which; none at the end.
    #[serde(rename = "t", default, skip_serializing_if = "Option::is_none")]
    pub to: Option<String>,
    /// The event that led there.
    #[serde(rename = "e")]
    pub event: String,
    /// When.
    #[serde(rename = "a")]
    pub at: Timestamp,
}

/// Steps that an execution took before its latest ones.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct FlowSteps {
    /// The execution.
    pub execution: FlowExecutionSid,
    /// The number of the first of them.
    pub first: u32,
    /// The steps.
    pub steps: Vec<Step>,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl FlowExecution {
    /// One that is about to begin.
    pub fn new(
        sid: FlowExecutionSid,
        (flow, revision): (FlowSid, u32),
        (contact, channel): (String, String),
        mut trigger: Trigger,
        now: Timestamp,
    ) -> Self {
        let conversation = match &mut trigger {
            Trigger::Message(said) => {
                // The execution knows them.
                said.from.clear();
                said.to.clear();
                Some(said.conversation)
            }
            Trigger::Request(_) | Trigger::Parent(_) => None,
        };
        let frame = Frame {
            flow,
            state: String::new(),
            trigger,
            variables: Map::new(),
            widgets: Map::new(),
        };
        Self {
            sid,
            flow,
            revision,
            conversation,
            contact,
            channel,
            frames: vec![frame],
            waits: Some(Wait::Begin),
            turn: 0,
            steps: Vec::new(),
            taken: 0,
            look: None,
            end: None,
            handing: None,
            created: now,
            updated: now,
            version: Version::NEW,
        }
    }

    /// Whether it still runs.
    pub const fn is_active(&self) -> bool {
        self.end.is_none()
    }

    /// Ends it.
    pub fn ended(mut self, end: End, now: Timestamp) -> Self {
        if self.is_active() {
            self.end = Some(end);
            self.waits = None;
            self.look = None;
            self.turn += 1;
            self.updated = now;
        }
        self
    }

    /// Takes the steps away that are too many for one item.
    pub(super) fn older_steps(&mut self) -> Option<FlowSteps> {
        if self.steps.len() <= STEPS_KEPT {
            return None;
        }
        let steps = std::mem::take(&mut self.steps);
        let first = steps.first()?.number;
        Some(FlowSteps { execution: self.sid, first, steps, version: Version::NEW })
    }
}
