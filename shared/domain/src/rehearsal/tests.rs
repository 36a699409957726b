use std::collections::BTreeMap;

use proptest::prelude::*;
use serde_json::{Value, json};

use super::*;
use crate::derive::{Written, of_change};
use crate::routing::router::Router;
use crate::sid::{ActivitySid, Sid, TaskChannelSid, WorkspaceSid};
use crate::task::{
    self, Amendment, Command, Destination, NewTask, ReservationStatus, Source, TaskStatus,
};
use crate::version::Version;
use crate::workspace::{Activity, Capacity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow};

const BEGIN: Timestamp = Timestamp(1_000_000);

fn sid<S: Sid>(name: &str) -> S {
    S::derived(&[name])
}

/// A centre that writes down what happens, with workers `ann` and `bob`: queue `a` has ann, queue `b` bob.
struct Centre {
    router: Router,
    workspace: Workspace,
    records: Vec<Record>,
    table: BTreeMap<TaskSid, Task>,
    staff: BTreeMap<WorkerSid, Worker>,
    occurrences: Vec<Occurrence>,
    now: Timestamp,
}

/// The targets of the one filter, each left after its number of seconds.
fn targets(all: &[(&str, Value)]) -> String {
    let all: Vec<Value> = all
        .iter()
        .map(|(queue, timeout)| json!({ "queue": sid::<TaskQueueSid>(queue), "timeout": timeout }))
        .collect();
    let filters = json!([{ "filter_friendly_name": "all", "expression": "1==1", "targets": all }]);
    json!({ "task_routing": { "filters": filters } }).to_string()
}

impl Centre {
    fn new(configuration: &str) -> Self {
        let workspace = workspace();
        let (created, updated) = (Timestamp(0), Timestamp(0));
        let id: WorkspaceSid = workspace.sid;
        let mut records: Vec<Record> = Vec::new();
        for (name, available) in [("on", true), ("off", false)] {
            let activity = Activity {
                workspace: id,
                sid: sid(name),
                friendly_name: name.to_owned(),
                available,
                created,
                updated,
                version: 1.into(),
            };
            records.push(activity.into());
        }
        records.push(channel().into());
        for (name, worker) in [("a", "ann"), ("b", "bob")] {
            let queue = TaskQueue {
                workspace: id,
                sid: sid(name),
                friendly_name: name.to_owned(),
                target_workers: format!("name == '{worker}'"),
                max_reserved_workers: 1,
                order: QueueOrder::Fifo,
                reservation_activity: None,
                assignment_activity: None,
                ageing_bound_seconds: None,
                created,
                updated,
                version: 1.into(),
            };
            records.push(queue.into());
        }
        records.push(workflow(configuration).into());
        for name in ["ann", "bob"] {
            records.push(worker(name).into());
        }
        let mut router = Router::new(workspace.clone());
        records.iter().cloned().for_each(|record| router.learn(record));
        let (table, occurrences) = (BTreeMap::new(), Vec::new());
        let staff = ["ann", "bob"].map(|name| (sid(name), worker(name)));
        let staff = BTreeMap::from(staff);
        Self { router, workspace, records, table, staff, occurrences, now: BEGIN }
    }

    fn write(&mut self, record: Record, version: impl Into<Version>) {
        let before = if let Some(task) = record.get::<Task>() {
            self.table.insert(task.sid, task.clone()).map(Record::from)
        } else if let Some(worker) = record.get::<Worker>() {
            self.staff.insert(worker.sid, worker.clone()).map(Record::from)
        } else {
            None
        };
        let written =
            Written { pk: "item", sk: "-", version: version.into().number(), seen: self.now };
        self.occurrences.extend(of_change(before.as_ref(), Some(&record), written));
    }

    fn put(&mut self, task: Task) {
        let version = task.version + 1;
        let task = Task { version, ..task };
        self.write(task.clone().into(), version);
        self.router.learn(task.into());
    }

    /// Lets the router decide until there is nothing more to decide.
    fn step(&mut self) {
        loop {
            let turn = self.router.step(self.now);
            self.router.committed(&turn.decision);
            for record in turn.decision.puts.clone() {
                if let Record::Task(task) = record {
                    let version = task.version + 1;
                    self.write(Task { version, ..*task }.into(), version);
                } else {
                    self.write(record, 2);
                }
            }
            if !turn.more {
                return;
            }
        }
    }

    /// Time passes; what is due meanwhile is done when it is.
    fn wait(&mut self, span: Millis) {
        let until = self.now + span;
        while let Some(due) = self.router.next_deadline().filter(|at| *at <= until) {
            self.now = due.max(self.now);
            self.step();
        }
        self.now = until;
        self.step();
    }

    /// Everybody is there again.
    fn come_back(&mut self) {
        let staff: Vec<Worker> = self.staff.values().cloned().collect();
        for mut worker in staff {
            worker.change_activity(sid("on"), self.now);
            let held = self.router.worker(worker.sid).map_or(Version::from(1), |held| held.version);
            worker.version = held + 1;
            self.write(worker.clone().into(), worker.version);
            self.router.learn(worker.into());
            self.step();
        }
    }

    fn arrives(&mut self, name: &str) {
        let task = Task::create(NewTask {
            sid: sid(name),
            workflow: &workflow("?"),
            channel: &channel(),
            attributes: "{}".to_owned(),
            priority: 0,
            timeout_seconds: 3600,
            start: self.now,
            interaction: None,
            destination: Destination::Workflow,
            now: self.now,
        });
        self.put(task);
        self.step();
    }

    fn open(&self, status: ReservationStatus) -> Vec<(Task, task::Reservation)> {
        let all = self
            .table
            .values()
            .flat_map(|task| task.reservations.iter().map(move |one| (task.clone(), one.clone())));
        all.filter(|(_, one)| one.status == status).collect()
    }

    fn decide(&mut self, task: &Task, command: Command) {
        self.put(task::decide(task, command, Source::Api, self.now).unwrap().task);
    }

    /// Everybody who is asked accepts.
    fn accept(&mut self) {
        for (task, one) in self.open(ReservationStatus::Pending) {
            let reservation = task.reservation_sid(&one);
            self.decide(&task, Command::Accept(reservation));
            self.step();
        }
    }

    /// Everybody who is asked refuses.
    fn reject(&mut self) {
        for (task, one) in self.open(ReservationStatus::Pending) {
            let reservation = task.reservation_sid(&one);
            self.decide(&task, Command::Reject(reservation));
            self.step();
        }
    }

    /// Everything that a worker works on is done.
    fn complete(&mut self) {
        for (task, _) in self.open(ReservationStatus::Accepted) {
            let done = Command::Complete { reason: None };
            self.decide(&task, done);
            self.step();
        }
    }

    /// A command changes the last of the tasks that are not over.
    fn change(&mut self, amendment: Amendment) {
        let open = self.table.values().filter(|task| !task.status.is_over());
        let Some(task) = open.max_by_key(|task| task.created).cloned() else { return };
        self.decide(&task, Command::Amend(amendment));
        self.step();
    }

    /// Nobody is to do the first of the tasks that nobody has.
    fn give_up(&mut self) {
        let cancel = Command::Cancel { reason: None };
        let mut open = self.table.values().filter(|task| !task.status.is_over());
        let cancel = |task| task::decide(task, cancel.clone(), Source::Api, self.now).ok();
        let next = open.find_map(cancel);
        next.into_iter().for_each(|change| self.put(change.task));
        self.step();
    }

    /// From now on Ann takes this many tasks at once.
    fn ann_takes(&mut self, capacity: u32) {
        let mut ann = self.staff[&sid("ann")].clone();
        ann.channels.insert(sid("chat"), Capacity { capacity, available: true });
        ann.updated = self.now;
        ann.version = self.router.worker(ann.sid).map_or(Version::from(1), |held| held.version) + 1;
        self.write(ann.clone().into(), ann.version);
        self.router.learn(ann.into());
        self.step();
    }

    fn rehearse(&self, configuration: Option<&str>) -> Rehearsal {
        self.rehearse_from(BEGIN, configuration)
    }

    fn rehearse_from(&self, from: Timestamp, configuration: Option<&str>) -> Rehearsal {
        let in_time = |one: &&Occurrence| one.time >= from;
        let occurrences: Vec<_> = self.occurrences.iter().filter(in_time).cloned().collect();
        let tasks: Vec<Task> = self.table.values().cloned().collect();
        let configuration_of = self.records.iter().filter(|one| !matches!(one, Record::Worker(_)));
        let staff = self.staff.values().cloned().map(Record::from);
        let records: Vec<Record> = configuration_of.cloned().chain(staff).collect();
        rehearse(&Material {
            workspace: &self.workspace,
            records: &records,
            tasks: &tasks,
            occurrences: &occurrences,
            from,
            to: self.now,
            workflow: sid("workflow"),
            configuration,
        })
        .unwrap()
    }
}

fn workspace() -> Workspace {
    Workspace {
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
        version: 1.into(),
    }
}

fn channel() -> TaskChannel {
    TaskChannel {
        workspace: sid("workspace"),
        sid: sid::<TaskChannelSid>("chat"),
        unique_name: "chat".to_owned(),
        friendly_name: "chat".to_owned(),
        channel_optimized_routing: false,
        created: Timestamp(0),
        updated: Timestamp(0),
        version: 1.into(),
    }
}

fn workflow(configuration: &str) -> Workflow {
    Workflow {
        workspace: sid("workspace"),
        sid: sid("workflow"),
        friendly_name: "workflow".to_owned(),
        configuration: configuration.to_owned(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 60,
        evaluation: 0,
        tests: Vec::new(),
        created: Timestamp(0),
        updated: Timestamp(0),
        version: 1.into(),
    }
}

fn worker(name: &str) -> Worker {
    Worker {
        workspace: sid("workspace"),
        sid: sid(name),
        friendly_name: name.to_owned(),
        attributes: json!({ "name": name }).to_string(),
        activity: sid::<ActivitySid>("on"),
        activity_since: Timestamp(0),
        occupation: None,
        channels: BTreeMap::new(),
        created: Timestamp(0),
        updated: Timestamp(0),
        version: 1.into(),
    }
}

fn seconds(count: i64) -> Millis {
    Millis::seconds(count)
}

#[test]
fn the_present_configuration_changes_nothing() {
    let mut centre = Centre::new(&targets(&[("a", json!(30)), ("b", Value::Null)]));
    centre.arrives("one");
    centre.wait(seconds(4));
    centre.accept();
    centre.arrives("two");
    centre.wait(seconds(31));
    centre.accept();
    centre.wait(seconds(20));
    centre.complete();
    let same = centre.rehearse(None);
    assert_eq!((same.tasks, same.accepted), (2, Both { then: 2, now: 2 }));
    assert_eq!((same.moved.count, same.assumed_answers), (0, 0));
    let waits = same.waits[&sid::<TaskQueueSid>("b")];
    assert_eq!(waits.then, waits.now);
    assert_eq!((waits.now.count, waits.now.worst), (1, seconds(31)));
    assert_eq!(same.answer, Millis(1000));
}

#[test]
fn another_order_of_targets_moves_exactly_the_tasks_that_it_concerns() {
    let mut centre = Centre::new(&targets(&[("a", json!(30)), ("b", Value::Null)]));
    for name in ["one", "two"] {
        centre.arrives(name);
        centre.wait(seconds(5));
        centre.accept();
        centre.wait(seconds(60));
        centre.complete();
    }
    let other = centre.rehearse(Some(&targets(&[("b", json!(30)), ("a", Value::Null)])));
    assert_eq!(other.moved.count, 2);
    for moved in &other.moved.first {
        let (then, now) = (moved.taken.then.unwrap(), moved.taken.now.unwrap());
        assert_eq!((then.worker, then.queue), (sid("ann"), Some(sid("a"))));
        assert_eq!((now.worker, now.queue), (sid("bob"), Some(sid("b"))));
    }
    assert_eq!(other.assumed_answers, 2);
    assert_eq!(other.answer, seconds(5));
    assert_eq!(other.waits[&sid::<TaskQueueSid>("a")].now.count, 0);
    assert_eq!(other.waits[&sid::<TaskQueueSid>("b")].now.median, seconds(5));
}

#[test]
fn what_workers_have_to_do_on_a_channel_counts_in_a_rehearsal() {
    let mut centre = Centre::new(&targets(&[("a", json!(30)), ("b", Value::Null)]));
    centre.ann_takes(2);
    for name in ["one", "two"] {
        centre.arrives(name);
        centre.wait(seconds(1));
        centre.accept();
    }
    centre.wait(seconds(40));
    centre.complete();
    let (a, b): (TaskQueueSid, TaskQueueSid) = (sid("a"), sid("b"));
    let alone = "worker.channel.chat.assigned_tasks == 0";
    let filters = json!([{ "expression": "1==1", "targets": [
        { "queue": a, "expression": alone, "skip_if": "1==1", "timeout": 30 }, { "queue": b },
    ] }]);
    let other = json!({ "task_routing": { "filters": filters } }).to_string();
    let other = centre.rehearse(Some(&other));
    assert_eq!(other.moved.count, 1);
    let moved = other.moved.first[0];
    assert_eq!(moved.task, sid("two"));
    assert_eq!(moved.taken.then.unwrap().worker, sid("ann"));
    assert_eq!(moved.taken.now.unwrap().worker, sid("bob"));
}

#[test]
fn a_task_that_would_fall_out_is_named_and_so_is_one_that_did() {
    let mut centre = Centre::new(&targets(&[("a", json!(10))]));
    centre.arrives("first");
    centre.wait(seconds(1));
    centre.accept();
    centre.arrives("second");
    centre.wait(seconds(40));
    assert_eq!(centre.table[&sid("second")].status, TaskStatus::Canceled);
    let same = centre.rehearse(None);
    assert_eq!(same.fell_out.then.first, [sid("second")]);
    assert_eq!(same.fell_out.now, same.fell_out.then);
    let other = centre.rehearse(Some(&targets(&[("a", json!(10)), ("b", Value::Null)])));
    assert_eq!((other.fell_out.then.count, other.fell_out.now.count), (1, 0));
    assert_eq!((other.moved.count, other.accepted), (1, Both { then: 1, now: 2 }));
}

#[test]
fn workers_busy_at_the_beginning_are_busy_in_the_rehearsal() {
    let mut centre = Centre::new(&targets(&[("a", Value::Null)]));
    centre.arrives("held");
    centre.wait(seconds(1));
    centre.accept();
    centre.wait(seconds(100));
    let from = centre.now;
    centre.arrives("next");
    centre.wait(seconds(50));
    centre.complete();
    centre.wait(seconds(2));
    centre.accept();
    let same = centre.rehearse_from(from, None);
    assert_eq!((same.tasks, same.moved.count), (1, 0));
    let waits = same.waits[&sid::<TaskQueueSid>("a")];
    assert_eq!((waits.now.worst, waits.then.worst), (seconds(52), seconds(52)));
}

#[test]
fn tasks_waiting_at_the_beginning_do_not_overtake_tasks_in_progress() {
    let mut centre = Centre::new(&targets(&[("a", Value::Null)]));
    centre.arrives("held");
    centre.wait(seconds(1));
    centre.accept();
    for number in 0..8 {
        centre.arrives(&number.to_string());
    }
    centre.wait(seconds(1));
    let same = centre.rehearse_from(centre.now, None);
    assert_eq!((same.tasks, same.accepted), (8, Both::default()));
    assert_eq!((same.moved.count, same.assumed_answers), (0, 0));
}

#[test]
fn tasks_in_progress_at_the_end_are_done_after_it() {
    let mut centre = Centre::new(&targets(&[("a", Value::Null)]));
    centre.arrives("one");
    centre.wait(seconds(1));
    centre.accept();
    centre.arrives("two");
    centre.wait(SERVICE);
    let same = centre.rehearse(None);
    assert_eq!((same.accepted, same.assumed_answers), (Both { then: 1, now: 1 }, 0));
}

#[test]
fn a_task_that_somebody_made_urgent_overtakes_in_the_rehearsal_too() {
    let mut centre = Centre::new(&targets(&[("a", Value::Null)]));
    centre.arrives("first");
    centre.wait(seconds(1));
    centre.accept();
    centre.arrives("second");
    centre.wait(seconds(1));
    centre.arrives("third");
    centre.wait(seconds(1));
    centre.change(Amendment { priority: Some(9), ..Amendment::default() });
    for _ in 0..2 {
        centre.wait(seconds(10));
        centre.complete();
        centre.wait(seconds(3));
        centre.accept();
    }
    let taken = |name: &str| centre.table[&sid::<TaskSid>(name)].reservations[0].updated;
    assert!(taken("third") < taken("second"), "the urgent one was first");
    let same = centre.rehearse(None);
    let waits = same.waits[&sid::<TaskQueueSid>("a")];
    assert_eq!((same.moved.count, same.assumed_answers), (0, 0));
    assert_eq!(waits.then, waits.now);
    assert_eq!((waits.now.median, waits.now.worst), (seconds(14), seconds(28)));
}

#[test]
fn more_than_a_day_is_too_much_and_so_are_too_many_changes_or_tasks() {
    let mut centre = Centre::new(&targets(&[("a", Value::Null)]));
    centre.arrives("one");
    centre.wait(seconds(1));
    let (one, task) = (centre.occurrences[0].clone(), centre.table[&sid("one")].clone());
    let rehearsed = |to: Timestamp, occurrences: &[Occurrence], tasks: &[Task]| {
        rehearse(&Material {
            workspace: &centre.workspace,
            records: &centre.records,
            tasks,
            occurrences,
            from: BEGIN,
            to,
            workflow: sid("workflow"),
            configuration: None,
        })
        .map(|rehearsal| rehearsal.tasks)
    };
    assert_eq!(rehearsed(BEGIN + seconds(24 * 3600), &[], &[]), Ok(0));
    assert_eq!(rehearsed(BEGIN + seconds(24 * 3600 + 1), &[], &[]), Err(TooMuch::Time));
    let changes = vec![one; OCCURRENCES_MAX + 1];
    assert_eq!(rehearsed(centre.now, &changes[1..], &[]), Ok(1));
    assert_eq!(rehearsed(centre.now, &changes, &[]), Err(TooMuch::Occurrences));
    let tasks: Vec<Task> = (0..=TASKS_MAX)
        .map(|number| {
            let mut task = task.clone();
            task.fields.sid = sid(&number.to_string());
            task
        })
        .collect();
    assert_eq!(rehearsed(centre.now, &[], &tasks), Err(TooMuch::Tasks));
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(128))]

    #[test]
    fn a_history_that_is_rehearsed_as_it_is_comes_out_as_it_was(
        days in proptest::collection::vec((0u8..11, 1i64..70_000), 1..40),
    ) {
        let mut centre = Centre::new(&targets(&[("a", json!(40)), ("b", json!(600))]));
        for (number, (what, pause)) in days.iter().enumerate() {
            match what {
                0..=2 => centre.arrives(&number.to_string()),
                3 => centre.accept(),
                4 => centre.complete(),
                5 => centre.come_back(),
                6 => centre.reject(),
                7 => centre.change(Amendment {
                    priority: Some(pause % 3),
                    ..Amendment::default()
                }),
                8 => centre.change(Amendment {
                    start: Some(Timestamp(*pause)),
                    ..Amendment::default()
                }),
                9 => centre.give_up(),
                _ => centre.ann_takes((*pause % 3) as u32),
            }
            centre.wait(Millis(*pause));
        }
        let same = centre.rehearse(None);
        prop_assert_eq!(same.moved.first, []);
        prop_assert_eq!(same.fell_out.then, same.fell_out.now);
        prop_assert_eq!(same.assumed_answers, 0);
        prop_assert_eq!(same.accepted.then, same.accepted.now);
        for waits in same.waits.values() {
            prop_assert_eq!(waits.then, waits.now);
        }
    }
}
