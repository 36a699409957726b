//! What passed-over workers have to do on each channel, where the target's expression asks for that.

use std::collections::BTreeMap;

use switchboard_domain::routing::expression::WorkerChannels;
use switchboard_domain::routing::receipt::{PassedOver, Receipt};
use switchboard_domain::routing::workflow::Target;
use switchboard_domain::sid::{TaskChannelSid, WorkerSid, WorkspaceSid};
use switchboard_domain::workspace::{TaskChannel, Worker};
use switchboard_rest::{ApiError, Call};

use crate::{contents, task_list};

/// The channels of a workspace, and the open reservations of some workers.
#[derive(Default)]
pub(super) struct Channels {
    named: BTreeMap<String, TaskChannelSid>,
    open: BTreeMap<WorkerSid, BTreeMap<TaskChannelSid, u32>>,
}

impl Channels {
    /// Those of the workers whom an expression kept from a task. Nothing is read unless it names channels.
    pub(super) async fn of(
        call: &Call<'_>,
        workspace: WorkspaceSid,
        receipt: &Receipt,
        target: Option<&Target>,
    ) -> Result<Self, ApiError> {
        let failed = |why| why == PassedOver::Expression;
        let failed = receipt.passed_over.iter().filter(|one| failed(one.why));
        if !target.is_some_and(Target::names_channels) {
            return Ok(Self::default());
        }
        let all: Vec<TaskChannel> = contents::all(call, workspace).await?;
        let named = all.into_iter().map(|one| (one.unique_name, one.sid)).collect();
        let mut open = BTreeMap::new();
        for one in failed {
            open.insert(one.worker, open_of(call, workspace, one.worker).await?);
        }
        Ok(Self { named, open })
    }

    /// Those of one worker.
    pub(super) fn of_worker<'a>(&'a self, worker: &'a Worker) -> WorkerChannels<'a> {
        WorkerChannels { named: &self.named, worker, open: self.open.get(&worker.sid) }
    }
}

async fn open_of(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    worker: WorkerSid,
) -> Result<BTreeMap<TaskChannelSid, u32>, ApiError> {
    let mut open = BTreeMap::new();
    for task in task_list::held_by(call, workspace, worker).await? {
        let own = task.open_reservations().filter(|one| one.worker == worker).count();
        *open.entry(task.channel).or_default() += u32::try_from(own).unwrap_or(u32::MAX);
    }
    Ok(open)
}
