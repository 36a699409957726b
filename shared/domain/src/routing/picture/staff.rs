//! Workers in the picture: which queues they belong to, and for which channels they can take one more task.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::{Map, Value};

use super::{Lane, Line, Picture};
use crate::routing::expression::{WorkerAttributes, WorkerChannels, WorkerFields};
use crate::sid::{TaskChannelSid, TaskQueueSid, WorkerSid};
use crate::timestamp::Timestamp;
use crate::version::Version;
use crate::workspace::Worker;

/// A worker and where they are filed.
#[derive(Debug, Clone)]
pub(in crate::routing) struct Member {
    /// The record.
    pub(in crate::routing) record: Worker,
    attributes: Value,
    /// Whether the attributes are JSON; with others they belong to no queue.
    readable: bool,
    /// The queues they belong to.
    queues: BTreeSet<TaskQueueSid>,
    /// The channels that they can take one more task on, and since when they are idle there.
    filed: BTreeMap<TaskChannelSid, Timestamp>,
}

impl Member {
    /// Since when they are idle, if they can take one more task of the channel.
    pub(in crate::routing) fn idle(&self, channel: TaskChannelSid) -> Option<Timestamp> {
        self.filed.get(&channel).copied()
    }

    /// Their attributes, unless they are no JSON.
    pub(in crate::routing) fn readable(&self) -> Option<&Value> {
        self.readable.then_some(&self.attributes)
    }

    /// The channels that they can take one more task on.
    pub(in crate::routing) fn channels(&self) -> impl Iterator<Item = TaskChannelSid> {
        self.filed.keys().copied()
    }

    /// The lines that they can take tasks from when they are free.
    pub(in crate::routing) fn lines(&self) -> impl Iterator<Item = Line> {
        let queues = self.queues.iter().map(|queue| Line::Queue(*queue));
        queues.chain([Line::Worker(self.record.sid)])
    }

    /// Whether they can take tasks from the line.
    pub(in crate::routing) fn serves(&self, line: Line) -> bool {
        match line {
            Line::Queue(queue) => self.queues.contains(&queue),
            Line::Worker(worker) | Line::Anyhow(worker) => worker == self.record.sid,
        }
    }
}

/// What a worker has to do and when they last had; it is known even of workers who are not.
#[derive(Debug, Clone, Default)]
pub(in crate::routing) struct Load {
    open: BTreeMap<TaskChannelSid, u32>,
    busy: BTreeMap<TaskChannelSid, Timestamp>,
}

impl Load {
    /// The open reservations of a channel.
    pub(in crate::routing) fn open(&self, channel: TaskChannelSid) -> u32 {
        self.open.get(&channel).copied().unwrap_or(0)
    }

    pub(super) fn note(&mut self, channel: TaskChannelSid, at: Timestamp) {
        let last = self.busy.entry(channel).or_insert(at);
        *last = at.max(*last);
    }

    /// Takes back when they last had something to do.
    pub(super) fn was_busy_as(&mut self, before: Self) {
        self.busy = before.busy;
    }

    pub(super) fn add(&mut self, channel: TaskChannelSid) {
        *self.open.entry(channel).or_default() += 1;
    }

    pub(super) fn remove(&mut self, channel: TaskChannelSid) {
        if let Some(open) = self.open.get_mut(&channel) {
            *open = open.saturating_sub(1);
            if *open == 0 {
                self.open.remove(&channel);
            }
        }
    }
}

impl Picture {
    pub(in crate::routing) fn member(&self, worker: WorkerSid) -> Option<&Member> {
        self.records.workers.get(&worker)
    }

    /// All workers.
    pub(in crate::routing) fn members(&self) -> impl ExactSizeIterator<Item = &Member> {
        self.records.workers.values()
    }

    /// The worker who is called so, in any case.
    pub(in crate::routing) fn called(&self, name: &str) -> Option<WorkerSid> {
        self.indexes.names.get(&name.to_lowercase()).copied()
    }

    /// What a worker has to do.
    pub(in crate::routing) fn load(&self, worker: WorkerSid) -> Option<&Load> {
        self.indexes.loads.get(&worker)
    }

    /// What expressions can know of a worker.
    pub(in crate::routing) fn fields<'a>(&'a self, member: &'a Member) -> WorkerFields<'a> {
        let worker = &member.record;
        let activity = self.records.activities.get(&worker.activity);
        WorkerFields {
            sid: worker.sid,
            friendly_name: &worker.friendly_name,
            activity_sid: worker.activity,
            activity_name: activity.map_or("", |activity| &activity.friendly_name),
            channels: Some(WorkerChannels {
                named: &self.indexes.channel_names,
                worker,
                open: self.load(worker.sid).map(|load| &load.open),
            }),
            attributes: &member.attributes,
        }
    }

    /// Workers of a queue who can take one more task of the channel, longest idle first.
    pub(in crate::routing) fn pool(
        &self,
        line: Line,
        channel: TaskChannelSid,
    ) -> impl Iterator<Item = (Timestamp, WorkerSid)> {
        let (queue, alone) = match line {
            Line::Queue(queue) => (self.indexes.pools.get(&(queue, channel)), None),
            Line::Worker(worker) => {
                let idle =
                    self.records.workers.get(&worker).and_then(|member| member.idle(channel));
                (None, idle.map(|idle| (idle, worker)))
            }
            Line::Anyhow(worker) => {
                let member = self.records.workers.get(&worker);
                (None, member.map(|member| (member.record.activity_since, worker)))
            }
        };
        queue.into_iter().flatten().copied().chain(alone)
    }

    /// How many workers of a line can take one more task of the channel, at most.
    pub(in crate::routing) fn pool_size(&self, (line, channel): Lane) -> usize {
        match line {
            Line::Queue(queue) => {
                self.indexes.pools.get(&(queue, channel)).map_or(0, BTreeSet::len)
            }
            Line::Worker(_) | Line::Anyhow(_) => 1,
        }
    }

    /// Takes in a worker as the table has them, unless a version as new is held.
    pub(in crate::routing) fn learn_worker(&mut self, worker: Worker) {
        let held = self.records.workers.get(&worker.sid);
        let known = held.is_some_and(|held| held.record.version >= worker.version);
        if worker.workspace != self.records.workspace.sid || known {
            return;
        }
        if held.is_none() {
            let lanes =
                self.indexes.used.iter().map(|channel| (Line::Anyhow(worker.sid), *channel));
            let waiting = lanes.filter_map(|lane| self.indexes.waiting.get(&lane)).flatten();
            self.agenda.look.extend(waiting.map(|place| place.task));
        }
        self.put_worker(worker);
    }

    /// Puts a worker in the place of the one held.
    pub(in crate::routing) fn put_worker(&mut self, worker: Worker) {
        let sid = worker.sid;
        let before = self.remove_worker(sid);
        let unchanged = before.filter(|before| before.record.attributes == worker.attributes);
        let (attributes, readable, queues) = match unchanged {
            Some(before) => (before.attributes, before.readable, before.queues),
            None => {
                let read = serde_json::from_str(&worker.attributes).ok();
                let readable = read.is_some();
                let attributes = read.unwrap_or_else(|| Value::Object(Map::new()));
                let queues = self.queues_for(&attributes, readable);
                (attributes, readable, queues)
            }
        };
        for queue in &queues {
            if let Some(queue) = self.records.queues.get_mut(queue) {
                queue.enlist(sid, worker.activity);
            }
        }
        self.indexes.names.insert(worker.friendly_name.to_lowercase(), sid);
        if worker.occupation.is_some() {
            self.indexes.occupied.insert(sid);
        }
        let filed = BTreeMap::new();
        self.records
            .workers
            .insert(sid, Member { record: worker, attributes, readable, queues, filed });
        self.file(sid);
        self.agenda.freed.insert(sid);
    }

    /// Drops a worker who is no more. What they had to do stays theirs.
    pub(in crate::routing) fn forget_worker(&mut self, worker: WorkerSid) {
        self.remove_worker(worker);
        self.agenda.freed.remove(&worker);
    }

    /// Marks a change as written.
    pub(in crate::routing) fn worker_written(&mut self, worker: WorkerSid, version: Version) {
        if let Some(member) = self.records.workers.get_mut(&worker)
            && member.record.version == version
        {
            member.record.version += 1;
        }
    }

    fn remove_worker(&mut self, sid: WorkerSid) -> Option<Member> {
        self.unfile(sid);
        self.indexes.occupied.remove(&sid);
        let member = self.records.workers.remove(&sid)?;
        for queue in &member.queues {
            if let Some(queue) = self.records.queues.get_mut(queue) {
                queue.delist(sid, member.record.activity);
            }
        }
        let name = member.record.friendly_name.to_lowercase();
        if self.indexes.names.get(&name) == Some(&sid) {
            self.indexes.names.remove(&name);
        }
        Some(member)
    }

    fn queues_for(&self, attributes: &Value, readable: bool) -> BTreeSet<TaskQueueSid> {
        if !readable {
            return BTreeSet::new();
        }
        let on = WorkerAttributes(attributes);
        let mut queues = self.indexes.membership.candidates(attributes);
        queues.retain(|queue| self.records.queues.get(queue).is_some_and(|queue| queue.takes(&on)));
        queues
    }

    /// Lets a queue choose its workers again; those it has now are looked at.
    pub(super) fn enlist(&mut self, sid: TaskQueueSid) {
        let Some(queue) = self.records.queues.get(&sid) else {
            return;
        };
        let belong = |member: &&Member| {
            member.readable && queue.takes(&WorkerAttributes(&member.attributes))
        };
        let members: Vec<WorkerSid> =
            self.records.workers.values().filter(belong).map(|member| member.record.sid).collect();
        for worker in members {
            self.unfile(worker);
            if let Some(member) = self.records.workers.get_mut(&worker)
                && let Some(queue) = self.records.queues.get_mut(&sid)
            {
                member.queues.insert(sid);
                queue.enlist(worker, member.record.activity);
            }
            self.file(worker);
            self.agenda.freed.insert(worker);
        }
    }

    /// Lets all workers of a queue go.
    pub(super) fn delist(&mut self, sid: TaskQueueSid) {
        let Some(queue) = self.records.queues.get(&sid) else {
            return;
        };
        let members: Vec<WorkerSid> = queue.members().collect();
        for worker in members {
            self.unfile(worker);
            if let Some(member) = self.records.workers.get_mut(&worker)
                && let Some(queue) = self.records.queues.get_mut(&sid)
            {
                member.queues.remove(&sid);
                queue.delist(worker, member.record.activity);
            }
            self.file(worker);
        }
    }

    /// Files these workers again, after the configuration changed under them.
    pub(super) fn refile_workers(&mut self, which: impl Fn(&Worker) -> bool) {
        let records = self.records.workers.values().map(|member| &member.record);
        let workers: Vec<WorkerSid> = records.filter(|one| which(one)).map(|one| one.sid).collect();
        for worker in workers {
            self.refile(worker);
            self.agenda.freed.insert(worker);
        }
    }

    /// Pools workers for a channel from its first task on.
    pub(super) fn use_channel(&mut self, channel: TaskChannelSid) {
        if self.indexes.used.insert(channel) {
            let workers: Vec<WorkerSid> = self.records.workers.keys().copied().collect();
            workers.into_iter().for_each(|worker| self.refile(worker));
        }
    }

    pub(super) fn refile(&mut self, worker: WorkerSid) {
        self.unfile(worker);
        self.file(worker);
    }

    fn unfile(&mut self, sid: WorkerSid) {
        self.indexes.changes += 1;
        let Some(member) = self.records.workers.get_mut(&sid) else {
            return;
        };
        for (channel, idle) in std::mem::take(&mut member.filed) {
            for queue in &member.queues {
                if let Some(pool) = self.indexes.pools.get_mut(&(*queue, channel)) {
                    pool.remove(&(idle, sid));
                    if pool.is_empty() {
                        self.indexes.pools.remove(&(*queue, channel));
                    }
                }
            }
        }
    }

    fn file(&mut self, sid: WorkerSid) {
        self.indexes.changes += 1;
        let filed = self.filing(sid);
        let Some(member) = self.records.workers.get_mut(&sid) else {
            return;
        };
        for (channel, idle) in &filed {
            for queue in &member.queues {
                self.indexes.pools.entry((*queue, *channel)).or_default().insert((*idle, sid));
            }
        }
        member.filed = filed;
    }

    /// The channels on which a worker can take one more task, and since when they are idle there.
    fn filing(&self, sid: WorkerSid) -> BTreeMap<TaskChannelSid, Timestamp> {
        let none = Load::default();
        let load = self.indexes.loads.get(&sid).unwrap_or(&none);
        let Some(member) = self.records.workers.get(&sid) else {
            return BTreeMap::new();
        };
        let worker = &member.record;
        let single = !self.records.workspace.multi_task_enabled;
        let occupied = single && !load.open.is_empty();
        if !self.is_available(worker.activity) || occupied {
            return BTreeMap::new();
        }
        let free = |channel: &TaskChannelSid| {
            let capacity = worker.capacity(*channel);
            capacity.available && load.open(*channel) < capacity.capacity
        };
        let idle = |channel: TaskChannelSid| {
            let known = self.records.channels.get(&channel);
            let alone = known.is_some_and(|channel| channel.channel_optimized_routing);
            let busy = load.busy.iter().filter(|(of, _)| !alone || **of == channel);
            busy.map(|(_, at)| *at).chain([worker.activity_since]).max()
        };
        let free = self.indexes.used.iter().copied().filter(free);
        free.filter_map(|channel| Some((channel, idle(channel)?))).collect()
    }
}
