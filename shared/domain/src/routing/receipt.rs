//! The routing receipt: why a reservation went to this worker.

use serde::{Deserialize, Serialize};

use crate::sid::WorkerSid;

/// So many passed-over workers are named; the others are counted.
pub const NAMED_MAX: usize = 5;

/// Why a worker was passed over.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum PassedOver {
    /// The worker's activity takes no tasks.
    Activity,
    /// No capacity is free on the task's channel, or the channel is switched off.
    Capacity,
    /// The target's expression does not match.
    Expression,
    /// This worker rejected the task before, or let it time out.
    RejectedBefore,
    /// This worker already holds a reservation of the task.
    HoldsIt,
    /// Another eligible worker comes first.
    OrderedBehind,
}

/// One worker who was looked at and not chosen.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Candidate {
    /// Who.
    pub worker: WorkerSid,
    /// Why not.
    pub why: PassedOver,
}

/// Why a reservation went to its worker.
#[derive(Debug, Clone, PartialEq, Eq, Default, Serialize, Deserialize)]
pub struct Receipt {
    /// The name or the number of the filter that matched.
    pub filter: String,
    /// The place of the target within it, from 0.
    pub target: u32,
    /// Workers of the queue who were passed over.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub passed_over: Vec<Candidate>,
    /// How many more were.
    #[serde(default, skip_serializing_if = "is_zero")]
    pub and_more: u32,
}

#[expect(clippy::trivially_copy_pass_by_ref, reason = "serde hands out references")]
fn is_zero(count: &u32) -> bool {
    *count == 0
}

impl Receipt {
    /// Notes a worker who was passed over.
    pub fn pass_over(&mut self, worker: WorkerSid, why: PassedOver) {
        if self.passed_over.len() < NAMED_MAX {
            self.passed_over.push(Candidate { worker, why });
        } else {
            self.and_more += 1;
        }
    }
}
