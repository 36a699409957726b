//! A workspace for tests: a table that checks versions, the router in front of it, and people by name.

use std::collections::BTreeMap;

use serde_json::{Value, json};

use super::*;
use crate::derive::{Written, of_change};
use crate::event::{Event, Occurrence};
use crate::record::RecordKind;
use crate::routing::workflow::FilterIndex;
use crate::sid::{ReservationSid, Sid, TaskQueueSid, WorkflowSid};
use crate::task::{Destination, Ending, Fields, NewTask, Reservation, ReservationStatus};
use crate::timestamp::Millis;
use crate::version::Version;
use crate::workspace::{Activity, Capacity, QueueOrder, TaskChannel, TaskQueue, Workflow};

pub(super) fn sid<S: Sid>(name: &str) -> S {
    S::derived(&[name])
}

/// One target of a workflow's filter.
pub(super) fn target(queue: &str, with: Value) -> Value {
    let mut target = json!({ "queue": sid::<TaskQueueSid>(queue) });
    target.as_object_mut().unwrap().extend(with.as_object().unwrap().clone());
    target
}

#[derive(Clone)]
pub(super) struct World {
    pub(super) router: Router,
    pub(super) table: BTreeMap<(&'static str, String), Record>,
    pub(super) now: Timestamp,
    /// What every write amounted to, if it is recorded.
    told: Option<Vec<Occurrence>>,
}

impl World {
    /// One workspace that timed out workers leave for `off`; the workflow leads everything to queue `q`, which
    /// takes everybody; reservations last a minute.
    pub(super) fn new() -> Self {
        let workspace = Workspace {
            sid: sid("workspace"),
            friendly_name: "workspace".to_owned(),
            event_callback_url: None,
            events_filter: None,
            multi_task_enabled: true,
            prioritize_queue_order: QueueOrder::Fifo,
            default_activity: sid("off"),
            timeout_activity: sid("off"),
            created: Timestamp(0),
            updated: Timestamp(0),
            version: Version::NEW,
        };
        let mut world = Self {
            router: Router::new(workspace.clone()),
            table: BTreeMap::new(),
            now: Timestamp(1_000_000),
            told: None,
        };
        world.put(workspace);
        for (name, available) in [("on", true), ("also on", true), ("off", false)] {
            world.activity_called(name, available);
        }
        world.channel("chat", false);
        world.queue("q", "1==1", |_| {});
        world.workflow(json!({ "default_filter": target("q", json!({})) }));
        world
    }

    /// Writes a record under the next version and lets the router read it.
    pub(super) fn put(&mut self, record: impl Into<Record>) {
        let stored = self.store(record.into());
        self.router.learn(stored);
    }

    pub(super) fn store(&mut self, mut record: Record) -> Record {
        let key = key(&record);
        let held = self.table.get(&key).map_or(Version::NEW, Record::version);
        let version = record.version_mut();
        assert_eq!(*version, held, "{key:?} was decided on an old version");
        *version += 1;
        let version = *version;
        let before = self.table.insert(key, record.clone());
        if let Some(told) = &mut self.told {
            let written =
                Written { pk: "item", sk: "-", version: version.number(), seen: Timestamp(0) };
            told.extend(of_change(before.as_ref(), Some(&record), written));
        }
        record
    }

    /// When what is to be told happened.
    pub(super) fn times_told(&self) -> Vec<Timestamp> {
        self.told.iter().flatten().map(|one| one.time).collect()
    }

    /// The events since the last look, each with the name of the worker or of the queue that it is about; from
    /// the first look on.
    pub(super) fn told(&mut self) -> Vec<String> {
        let told = self.told.replace(Vec::new()).unwrap_or_default();
        let said = |one: &Occurrence, event: &Event| {
            let kind = event.kind.name();
            match (&event.worker_name, one.queue(event)) {
                (Some(worker), _) => format!("{kind} {worker}"),
                (None, Some(queue)) if kind.starts_with("task-queue") => {
                    let names = ["q", "r", "s"];
                    let name = names.into_iter().find(|name| sid::<TaskQueueSid>(name) == queue);
                    format!("{kind} {}", name.unwrap_or("?"))
                }
                _ => kind.to_owned(),
            }
        };
        told.iter().flat_map(|one| one.events.iter().map(move |event| said(one, event))).collect()
    }

    /// Steps until there is no more to decide.
    pub(super) fn step(&mut self) -> Vec<Turn> {
        self.step_on(|_| {})
    }

    /// The same, with a router that dies after every commit.
    pub(super) fn step_crashing(&mut self) -> Vec<Turn> {
        self.step_on(|world| world.router = world.rebuilt())
    }

    fn step_on(&mut self, then: impl Fn(&mut Self)) -> Vec<Turn> {
        let mut turns = Vec::new();
        loop {
            let turn = self.router.step(self.now);
            assert!(turn.decision.puts.len() <= PUTS_MAX);
            let mut written: Vec<_> = turn.decision.puts.iter().map(key).collect();
            written.dedup();
            assert_eq!(written.len(), turn.decision.puts.len(), "no record is written twice");
            for record in turn.decision.puts.clone() {
                self.store(record);
            }
            self.router.committed(&turn.decision);
            let (more, is_commit) = (turn.more, !turn.decision.is_unchanged());
            turns.push(turn);
            // A turn whose changes come to nothing commits nothing: the router only goes on.
            if is_commit {
                then(self);
            }
            if !more {
                return turns;
            }
            assert!(turns.len() < 1000, "the router never comes to an end");
        }
    }

    /// Steps this many turns, and one that is lost as another writer comes in between; then reads what was changed.
    pub(super) fn step_losing(&mut self, turns: usize, other: impl FnOnce(&mut Self)) {
        for _ in 0..turns {
            let turn = self.router.step(self.now);
            for record in turn.decision.puts.clone() {
                self.store(record);
            }
            self.router.committed(&turn.decision);
            if !turn.more {
                break;
            }
        }
        let before = self.clone();
        let mut meanwhile = self.clone();
        other(&mut meanwhile);
        let turn = self.router.step(self.now);
        self.router.lost(&turn.decision);
        (self.table, self.now) = (meanwhile.table, meanwhile.now);
        let decided = turn.decision.puts.iter().map(key);
        let changed = self.table.iter().filter(|(key, now)| before.table.get(*key) != Some(*now));
        let read: BTreeSet<_> = decided.chain(changed.map(|(key, _)| key.clone())).collect();
        for key in read {
            if let Some(record) = self.table.get(&key) {
                self.router.learn(record.clone());
            }
        }
    }

    pub(super) fn after(&mut self, seconds: i64) -> Vec<Turn> {
        self.now = self.now + Millis::seconds(seconds);
        self.step()
    }

    /// A router that reads the table anew, tasks first: the order is not to matter.
    pub(super) fn rebuilt(&self) -> Router {
        let Some(Record::Workspace(workspace)) =
            self.table.get(&("Workspace", sid::<WorkspaceSid>("workspace").to_string()))
        else {
            panic!("no workspace")
        };
        let mut router = Router::new((**workspace).clone());
        router.puts_max = self.router.puts_max;
        self.table.values().rev().filter(|one| one.kind() == "Task").for_each(|one| {
            router.learn(one.clone());
        });
        self.table.values().for_each(|one| router.learn(one.clone()));
        router
    }

    pub(super) fn activity_called(&mut self, name: &str, available: bool) {
        self.put(Activity {
            workspace: sid("workspace"),
            sid: sid(name),
            friendly_name: name.to_owned(),
            available,
            created: Timestamp(0),
            updated: Timestamp(0),
            version: Version::NEW,
        });
    }

    pub(super) fn channel(&mut self, name: &str, alone: bool) {
        self.put(TaskChannel {
            workspace: sid("workspace"),
            sid: sid(name),
            unique_name: name.to_owned(),
            friendly_name: name.to_owned(),
            channel_optimized_routing: alone,
            created: Timestamp(0),
            updated: Timestamp(0),
            version: Version::NEW,
        });
    }

    pub(super) fn queue(&mut self, name: &str, workers: &str, with: impl FnOnce(&mut TaskQueue)) {
        let mut queue = TaskQueue {
            workspace: sid("workspace"),
            sid: sid(name),
            friendly_name: name.to_owned(),
            target_workers: workers.to_owned(),
            max_reserved_workers: 1,
            order: QueueOrder::Fifo,
            reservation_activity: None,
            assignment_activity: None,
            ageing_bound_seconds: None,
            created: Timestamp(0),
            updated: Timestamp(0),
            version: self.version("TaskQueue", sid::<TaskQueueSid>(name)),
        };
        with(&mut queue);
        self.put(queue);
    }

    /// Replaces the only workflow.
    pub(super) fn workflow(&mut self, routing: Value) {
        let mut workflow = self.workflow_record();
        workflow.configuration = json!({ "task_routing": routing }).to_string();
        self.put(workflow);
    }

    pub(super) fn workflow_record(&self) -> Workflow {
        Workflow {
            workspace: sid("workspace"),
            sid: sid("workflow"),
            friendly_name: "workflow".to_owned(),
            configuration: "?".to_owned(),
            assignment_callback_url: None,
            fallback_assignment_callback_url: None,
            task_reservation_timeout_seconds: 60,
            evaluation: 0,
            tests: Vec::new(),
            created: Timestamp(0),
            updated: Timestamp(0),
            version: self.version("Workflow", sid::<WorkflowSid>("workflow")),
        }
    }

    /// One filter for everything, with these targets.
    pub(super) fn targets(&mut self, targets: &[Value]) {
        self.workflow(json!({ "filters": [{ "expression": "1==1", "targets": targets }] }));
    }

    /// A worker who has been available since then, in seconds.
    pub(super) fn worker(&mut self, name: &str, attributes: Value, since: i64) {
        self.put(Worker {
            workspace: sid("workspace"),
            sid: sid(name),
            friendly_name: name.to_owned(),
            attributes: attributes.to_string(),
            activity: sid("on"),
            activity_since: Timestamp::from_seconds(since),
            occupation: None,
            channels: BTreeMap::new(),
            created: Timestamp(0),
            updated: Timestamp(0),
            version: self.version("Worker", sid::<WorkerSid>(name)),
        });
    }

    pub(super) fn change_worker(&mut self, name: &str, with: impl FnOnce(&mut Worker)) {
        let mut worker = self.worker_called(name);
        with(&mut worker);
        self.put(worker);
    }

    pub(super) fn capacity(&mut self, name: &str, channel: &str, capacity: u32) {
        let capacity = Capacity { capacity, available: true };
        self.change_worker(name, |worker| {
            worker.channels.insert(sid(channel), capacity);
        });
    }

    pub(super) fn activity(&mut self, name: &str, activity: &str) {
        let now = self.now;
        self.change_worker(name, |worker| {
            worker.activity = sid(activity);
            worker.activity_since = now;
            worker.occupation = None;
        });
    }

    pub(super) fn task(&mut self, name: &str, attributes: Value, with: impl FnOnce(&mut Fields)) {
        let Some(Record::TaskChannel(channel)) =
            self.table.get(&("TaskChannel", sid::<TaskChannelSid>("chat").to_string()))
        else {
            panic!("no channel")
        };
        let mut task = Task::create(NewTask {
            sid: sid(name),
            workflow: &self.workflow_record(),
            channel,
            attributes: attributes.to_string(),
            priority: 0,
            timeout_seconds: 3600,
            start: self.now,
            interaction: Some(sid(name)),
            destination: Destination::Workflow,
            now: self.now,
        });
        with(&mut task.fields);
        self.put(task);
    }

    /// A task arrives, and the router looks at it a second later than at the one before.
    pub(super) fn arrives(&mut self, name: &str) {
        self.now = self.now + Millis::seconds(1);
        self.task(name, json!({}), |_| {});
        self.step();
    }

    pub(super) fn waiting_tasks(&self) -> Vec<Task> {
        self.router.waiting().filter_map(|task| self.router.task(task).cloned()).collect()
    }

    pub(super) fn task_called(&self, name: &str) -> Task {
        match self.table.get(&("Task", sid::<TaskSid>(name).to_string())) {
            Some(Record::Task(task)) => (**task).clone(),
            _ => panic!("no task {name}"),
        }
    }

    pub(super) fn worker_called(&self, name: &str) -> Worker {
        match self.table.get(&("Worker", sid::<WorkerSid>(name).to_string())) {
            Some(Record::Worker(worker)) => (**worker).clone(),
            _ => panic!("no worker {name}"),
        }
    }

    /// Who holds a task now.
    #[track_caller]
    pub(super) fn holders(&self, task: &str) -> Vec<String> {
        let task = self.task_called(task);
        task.open_reservations().map(|one| one.worker_name.clone()).collect()
    }

    /// The filter and the target in which a task is.
    pub(super) fn position(&self, task: &str) -> (FilterIndex, usize) {
        let at = self.task_called(task).position.unwrap();
        (at.filter, at.target)
    }

    pub(super) fn status(&self, task: &str) -> (TaskStatus, Option<Ending>) {
        let task = self.task_called(task);
        (task.status, task.ended)
    }

    pub(super) fn command(&mut self, task: &str, command: Command) {
        let task = self.task_called(task);
        self.put(task::decide(&task, command, Source::Router, self.now).unwrap().task);
    }

    fn pending(&self, task: &str, worker: &str) -> ReservationSid {
        let task = self.task_called(task);
        let of_worker = |one: &&Reservation| {
            one.worker_name == worker && one.status == ReservationStatus::Pending
        };
        task.reservation_sid(task.reservations.iter().find(of_worker).unwrap())
    }

    pub(super) fn accepts(&mut self, worker: &str, task: &str) {
        let reservation = self.pending(task, worker);
        self.command(task, Command::Accept(reservation));
    }

    pub(super) fn rejects(&mut self, worker: &str, task: &str) {
        let reservation = self.pending(task, worker);
        self.command(task, Command::Reject(reservation));
    }

    pub(super) fn version(&self, kind: &'static str, sid: impl ToString) -> Version {
        self.table.get(&(kind, sid.to_string())).map_or(Version::NEW, Record::version)
    }
}

fn key(record: &Record) -> (&'static str, String) {
    fn sid<T: RecordKind, S: ToString>(record: &Record, of: impl Fn(&T) -> S) -> Option<String> {
        record.get::<T>().map(|one| of(one).to_string())
    }
    let sid = sid(record, |one: &Task| one.sid)
        .or_else(|| sid(record, |one: &Activity| one.sid))
        .or_else(|| sid(record, |one: &TaskChannel| one.sid))
        .or_else(|| sid(record, |one: &TaskQueue| one.sid))
        .or_else(|| sid(record, |one: &Worker| one.sid))
        .or_else(|| sid(record, |one: &Workflow| one.sid))
        .or_else(|| sid(record, |one: &Workspace| one.sid));
    (record.kind(), sid.unwrap_or_else(|| panic!("the router does not write {}", record.kind())))
}
