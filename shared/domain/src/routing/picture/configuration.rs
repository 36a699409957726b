//! What routing is configured with, in the picture. These records change seldom, so a change may walk over
//! everything that depends on it.

use std::collections::{BTreeMap, BTreeSet};

use super::Picture;
use crate::routing::expression::{Expression, WorkerAttributes};
use crate::routing::workflow::{self, Configuration};
use crate::sid::{ActivitySid, TaskChannelSid, TaskQueueSid, WorkerSid, WorkflowSid};
use crate::task::TaskStatus;
use crate::workspace::{Activity, TaskChannel, TaskQueue, Workflow, Workspace};

/// A queue and its workers.
#[derive(Debug, Clone)]
pub(in crate::routing) struct Queue {
    /// The record.
    pub(in crate::routing) record: TaskQueue,
    /// None if it cannot be read; such a queue has no workers.
    expression: Option<Expression>,
    members: BTreeSet<WorkerSid>,
    activities: BTreeMap<ActivitySid, u32>,
}

impl Queue {
    /// The workers who belong to it.
    pub(in crate::routing) fn members(&self) -> impl ExactSizeIterator<Item = WorkerSid> {
        self.members.iter().copied()
    }

    /// Whether a worker belongs to it.
    pub(in crate::routing) fn has(&self, worker: WorkerSid) -> bool {
        self.members.contains(&worker)
    }

    /// What its workers match; none if it cannot be read.
    pub(in crate::routing) const fn expression(&self) -> Option<&Expression> {
        self.expression.as_ref()
    }

    /// How many of its workers are in each activity.
    pub(in crate::routing) const fn activities(&self) -> &BTreeMap<ActivitySid, u32> {
        &self.activities
    }

    pub(super) fn takes(&self, attributes: &WorkerAttributes<'_>) -> bool {
        self.expression.as_ref().is_some_and(|expression| expression.matches(attributes))
    }

    pub(super) fn enlist(&mut self, worker: WorkerSid, activity: ActivitySid) {
        if self.members.insert(worker) {
            *self.activities.entry(activity).or_default() += 1;
        }
    }

    pub(super) fn delist(&mut self, worker: WorkerSid, activity: ActivitySid) {
        if self.members.remove(&worker)
            && let Some(count) = self.activities.get_mut(&activity)
        {
            *count -= 1;
            if *count == 0 {
                self.activities.remove(&activity);
            }
        }
    }
}

/// A workflow, read.
#[derive(Debug, Clone)]
pub(in crate::routing) struct Flow {
    /// The record.
    pub(in crate::routing) record: Workflow,
    /// None if it cannot be read; tasks wait for a better one.
    pub(in crate::routing) configuration: Option<Configuration>,
}

impl Picture {
    pub(in crate::routing) fn queue(&self, queue: TaskQueueSid) -> Option<&Queue> {
        self.records.queues.get(&queue)
    }

    pub(in crate::routing) fn flow(&self, workflow: WorkflowSid) -> Option<&Flow> {
        self.records.workflows.get(&workflow)
    }

    /// Whether workers in an activity get tasks; in one that is not known they do not.
    pub(in crate::routing) fn is_available(&self, activity: ActivitySid) -> bool {
        self.records.activities.get(&activity).is_some_and(|activity| activity.available)
    }

    pub(in crate::routing) fn has_activity(&self, activity: ActivitySid) -> bool {
        self.records.activities.contains_key(&activity)
    }

    pub(in crate::routing) fn learn_workspace(&mut self, workspace: Workspace) {
        if workspace.sid != self.records.workspace.sid
            || workspace.version <= self.records.workspace.version
        {
            return;
        }
        self.records.workspace = workspace;
        self.refile_workers(|_| true);
        self.reindex_tasks(|_| true);
    }

    pub(in crate::routing) fn learn_activity(&mut self, activity: Activity) {
        let sid = activity.sid;
        let held = self.records.activities.get(&sid);
        if activity.workspace != self.records.workspace.sid
            || held.is_some_and(|held| held.version >= activity.version)
        {
            return;
        }
        self.records.activities.insert(sid, activity);
        self.refile_workers(|worker| worker.activity == sid);
    }

    pub(in crate::routing) fn forget_activity(&mut self, activity: ActivitySid) {
        if self.records.activities.remove(&activity).is_some() {
            self.refile_workers(|worker| worker.activity == activity);
        }
    }

    pub(in crate::routing) fn learn_channel(&mut self, channel: TaskChannel) {
        let held = self.records.channels.get(&channel.sid);
        if channel.workspace != self.records.workspace.sid
            || held.is_some_and(|held| held.version >= channel.version)
        {
            return;
        }
        self.forget_channel_name(channel.sid);
        self.indexes.channel_names.insert(channel.unique_name.clone(), channel.sid);
        self.records.channels.insert(channel.sid, channel);
        self.refile_workers(|_| true);
    }

    pub(in crate::routing) fn has_channel(&self, channel: TaskChannelSid) -> bool {
        self.records.channels.contains_key(&channel)
    }

    fn forget_channel_name(&mut self, sid: TaskChannelSid) {
        if let Some(channel) = self.records.channels.get(&sid)
            && self.indexes.channel_names.get(&channel.unique_name) == Some(&sid)
        {
            self.indexes.channel_names.remove(&channel.unique_name);
        }
    }

    pub(in crate::routing) fn forget_channel(&mut self, channel: TaskChannelSid) {
        self.forget_channel_name(channel);
        if self.records.channels.remove(&channel).is_some() {
            self.refile_workers(|_| true);
            let tasks = self.reindex_tasks(|task| task.channel == channel);
            self.agenda.look.extend(tasks);
        }
    }

    pub(in crate::routing) fn learn_queue(&mut self, queue: TaskQueue) {
        let sid = queue.sid;
        let held = self.records.queues.get(&sid);
        if queue.workspace != self.records.workspace.sid
            || held.is_some_and(|held| held.record.version >= queue.version)
        {
            return;
        }
        self.delist(sid);
        self.forget_membership(sid);
        let expression = Expression::parse(&queue.target_workers).ok();
        if let Some(expression) = &expression {
            self.indexes.membership.insert(sid, expression);
        }
        let (members, activities) = (BTreeSet::new(), BTreeMap::new());
        self.records.queues.insert(sid, Queue { record: queue, expression, members, activities });
        self.enlist(sid);
        self.reindex_tasks(|task| task.queue == Some(sid));
    }

    fn forget_membership(&mut self, sid: TaskQueueSid) {
        if let Some(expression) =
            self.records.queues.get(&sid).and_then(|queue| queue.expression.as_ref())
        {
            self.indexes.membership.remove(sid, expression);
        }
    }

    pub(in crate::routing) fn forget_queue(&mut self, queue: TaskQueueSid) {
        self.delist(queue);
        self.forget_membership(queue);
        if self.records.queues.remove(&queue).is_some() {
            let tasks = self.reindex_tasks(|task| task.queue == Some(queue));
            self.agenda.look.extend(tasks);
        }
    }

    pub(in crate::routing) fn learn_workflow(&mut self, workflow: Workflow) {
        let sid = workflow.sid;
        let held = self.records.workflows.get(&sid);
        if workflow.workspace != self.records.workspace.sid
            || held.is_some_and(|held| held.record.version >= workflow.version)
        {
            return;
        }
        let configuration = workflow::Workflow::parse(&workflow.configuration).ok();
        self.records.workflows.insert(sid, Flow { record: workflow, configuration });
        self.workflow_changed(sid);
    }

    pub(in crate::routing) fn forget_workflow(&mut self, workflow: WorkflowSid) {
        if self.records.workflows.remove(&workflow).is_some() {
            self.workflow_changed(workflow);
        }
    }

    fn workflow_changed(&mut self, sid: WorkflowSid) {
        self.find_targets_for_the_busier();
        let tasks = self.reindex_tasks(|task| {
            task.workflow == sid
                && matches!(task.status, TaskStatus::Pending | TaskStatus::Reserved)
        });
        self.agenda.look.extend(tasks);
    }
}
