//! Figures of a history that was made by hand.

use std::collections::{BTreeMap, BTreeSet};

use super::cumulative::{self, Cumulative, Reservations, Side, Split};
use super::fairness::Fairness;
use super::real_time::{Staff, StaffNow, TasksNow, Waiting, eligible};
use crate::derive::{Written, of_change};
use crate::event::Occurrence;
use crate::record::Record;
use crate::routing::receipt::Receipt;
use crate::routing::workflow::{FilterIndex, Position};
use crate::sid::{Sid, WorkerSid};
use crate::task::{self, Command, Destination, Fields, NewTask, Source, Task, TaskStatus};
use crate::timestamp::{Millis, Timestamp};
use crate::workspace::{Activity, Capacity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow};

fn sid<S: Sid>(name: &str) -> S {
    S::derived(&[name])
}

/// This many seconds into the history.
const fn at(seconds: i64) -> Timestamp {
    Timestamp::from_seconds(1_795_341_600 + seconds)
}

fn activity(name: &str, available: bool) -> Activity {
    let (workspace, friendly_name) = (sid("w"), name.to_owned());
    let (created, updated, version) = (at(0), at(0), 1.into());
    Activity { workspace, sid: sid(name), friendly_name, available, created, updated, version }
}

fn worker(name: &str, attributes: &str, since: i64) -> Worker {
    Worker {
        workspace: sid("w"),
        sid: sid(name),
        friendly_name: name.to_owned(),
        attributes: attributes.to_owned(),
        activity: sid("Idle"),
        activity_since: at(since),
        occupation: None,
        channels: BTreeMap::new(),
        created: at(since),
        updated: at(since),
        version: 1.into(),
    }
}

fn queue(expression: &str) -> TaskQueue {
    TaskQueue {
        workspace: sid("w"),
        sid: sid("q"),
        friendly_name: "Sales".to_owned(),
        target_workers: expression.to_owned(),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: at(0),
        updated: at(0),
        version: 1.into(),
    }
}

/// A task in the queue `q` since its creation.
fn task(name: &str, created: i64) -> Task {
    let workflow = Workflow {
        workspace: sid("w"),
        sid: sid("ww"),
        friendly_name: "All".to_owned(),
        configuration: "{}".to_owned(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 120,
        evaluation: 0,
        tests: Vec::new(),
        created: at(0),
        updated: at(0),
        version: 1.into(),
    };
    let channel = TaskChannel {
        workspace: sid("w"),
        sid: sid("sms"),
        unique_name: "sms".to_owned(),
        friendly_name: "SMS".to_owned(),
        channel_optimized_routing: false,
        created: at(0),
        updated: at(0),
        version: 1.into(),
    };
    let new = Task::create(NewTask {
        sid: sid(name),
        workflow: &workflow,
        channel: &channel,
        attributes: "{}".to_owned(),
        priority: 0,
        timeout_seconds: 86_400,
        start: at(created),
        interaction: None,
        destination: Destination::Workflow,
        now: at(created),
    });
    with(new, |task| {
        task.queue = Some(sid("q"));
        task.queue_entered = Some(at(created));
    })
}

fn with(mut task: Task, change: impl FnOnce(&mut Fields)) -> Task {
    change(&mut task.fields);
    task
}

/// What happened, in order.
#[derive(Default)]
struct History(Vec<Occurrence>);

impl History {
    fn change(&mut self, before: Option<Record>, after: Option<Record>, seconds: i64) {
        let written = Written { pk: "pk", sk: "sk", version: 2, seen: at(seconds) };
        self.0.extend(of_change(before.as_ref(), after.as_ref(), written));
    }

    fn does(&mut self, before: &mut Task, command: Command, seconds: i64) {
        let change = task::decide(before, command, Source::Router, at(seconds)).unwrap();
        let after = change.task;
        self.change(Some(before.clone().into()), Some(after.clone().into()), seconds);
        *before = after;
    }

    fn offers(&mut self, to: &mut Task, name: &str, seconds: i64) {
        let (worker, worker_name) = (sid(name), name.to_owned());
        let (timeout, receipt) = (Millis::seconds(30), Receipt::default());
        self.does(to, Command::Reserve { worker, worker_name, timeout, receipt }, seconds);
    }

    /// The worker does something else from a moment on.
    fn turns(&mut self, who: &mut Worker, activity: &str, seconds: i64) {
        let before = who.clone();
        who.change_activity(sid(activity), at(seconds));
        self.change(Some(before.into()), Some(who.clone().into()), seconds);
    }
}

/// Three tasks: one rejected, then accepted after 20 seconds and done; one that lapsed and was canceled after 50; one
/// that Alice accepted after 5 and that was deleted.
fn history() -> History {
    let mut history = History::default();
    let mut done = task("done", 0);
    history.offers(&mut done, "alice", 2);
    let first = done.sid.kin(1);
    history.does(&mut done, Command::Reject(first), 10);
    history.offers(&mut done, "bob", 12);
    let second = done.sid.kin(2);
    history.does(&mut done, Command::Accept(second), 20);
    history.does(&mut done, Command::Complete { reason: None }, 40);
    let mut given_up = task("given up", 10);
    history.offers(&mut given_up, "alice", 15);
    let lapsed = given_up.sid.kin(1);
    history.does(&mut given_up, Command::Lapse(lapsed), 45);
    history.offers(&mut given_up, "bob", 50);
    history.does(&mut given_up, Command::Cancel { reason: None }, 60);
    let mut deleted = task("deleted", 60);
    history.offers(&mut deleted, "alice", 61);
    history.offers(&mut deleted, "bob", 61);
    let taken = deleted.sid.kin(1);
    history.does(&mut deleted, Command::Accept(taken), 65);
    history.does(&mut deleted, Command::Remove, 70);
    history
}

#[test]
fn reservations_and_tasks_are_counted_by_what_became_of_them() {
    let all = Cumulative::of(&history().0, &BTreeSet::new(), |_, _| true);
    let reservations = Reservations {
        created: 6,
        accepted: 2,
        rejected: 1,
        timed_out: 1,
        // That of the task that was given up, and that of the one that was deleted.
        canceled: 2,
        rescinded: 1,
    };
    assert_eq!(all.reservations, reservations);
    assert_eq!((all.completed, all.canceled, all.deleted), (1, 1, 1));
    let none = Cumulative::of(&history().0, &BTreeSet::new(), |_, _| false);
    assert_eq!(none, Cumulative::default());
}

#[test]
fn waits_are_averaged_and_split_by_thresholds_that_belong_to_the_shorter_side() {
    let thresholds = BTreeSet::from([5, 19, 20, 50]);
    let all = Cumulative::of(&history().0, &thresholds, |_, _| true);
    let accepted = all.until_accepted;
    assert_eq!((accepted.count, accepted.min(), accepted.max()), (2, 5, 20));
    assert_eq!((accepted.total(), accepted.avg()), (25, 12));
    assert_eq!(all.in_queue_until_accepted, accepted);
    assert_eq!((all.until_canceled.count, all.until_canceled.avg()), (1, 50));
    let sides =
        |canceled, accepted| Side { tasks_canceled: canceled, reservations_accepted: accepted };
    for (seconds, below, above) in [
        (5, sides(0, 1), sides(1, 1)),
        (19, sides(0, 1), sides(1, 1)),
        (20, sides(0, 2), sides(1, 0)),
        (50, sides(1, 2), sides(0, 0)),
    ] {
        assert_eq!(all.splits[&seconds], Split { above, below }, "{seconds}");
    }
}

#[test]
fn a_queue_counts_what_happens_in_it_and_a_move_where_it_is_left() {
    let mut moved = task("moved", 0);
    let mut history = history();
    let place = |target| Some(Position { filter: FilterIndex::Default, target, timed_out: false });
    moved.version = 3.into();
    let before = with(moved.clone(), |task| task.position = place(0));
    let after = with(moved, |task| {
        task.queue = Some(sid("other"));
        task.queue_entered = Some(at(30));
        task.position = place(1);
        task.updated = at(30);
    });
    history.change(Some(before.into()), Some(after.clone().into()), 30);
    moved = after;
    history.offers(&mut moved, "bob", 33);
    let offer = moved.sid.kin(1);
    history.does(&mut moved, Command::Accept(offer), 40);
    let queues = Cumulative::of_queues(&history.0, &BTreeSet::new(), None);
    let (first, other) = (&queues[&sid("q")], &queues[&sid("other")]);
    assert_eq!((first.moved, other.moved, other.entered_queue), (1, 0, 1));
    assert_eq!((first.reservations.accepted, other.reservations.accepted), (2, 1));
    assert_eq!((other.until_accepted.max(), other.in_queue_until_accepted.max()), (40, 10));
    let elsewhere = Cumulative::of_queues(&history.0, &BTreeSet::new(), Some(sid("voice")));
    assert!(elsewhere.is_empty(), "no task was on that channel");
}

#[test]
fn a_worker_has_the_reservations_that_were_made_for_them() {
    let of = |name: &str, channel| {
        cumulative::of_workers(&history().0, channel, |worker| worker == sid(name))
    };
    let alice = of("alice", Some(sid("sms")));
    assert_eq!((alice.created, alice.accepted, alice.rejected, alice.timed_out), (3, 1, 1, 1));
    let bob = of("bob", None);
    assert_eq!((bob.created, bob.accepted, bob.canceled, bob.rescinded), (3, 1, 1, 1));
    assert_eq!(of("alice", Some(sid("voice"))), Reservations::default());
}

#[test]
fn activities_last_from_one_change_to_the_next_as_far_as_they_lie_in_the_span() {
    let (mut alice, bob) = (worker("alice", "{}", 0), worker("bob", "{}", 90));
    let mut history = History::default();
    history.turns(&mut alice, "Busy", 100);
    history.turns(&mut alice, "Idle", 130);
    history.turns(&mut alice, "Busy", 150);
    let workers = [alice, bob];
    let span = (at(60), at(200));
    let all = cumulative::activities(&history.0, &workers, &BTreeMap::new(), span, |_| true);
    let idle = all[&sid("Idle")];
    // Alice 40 and 20 seconds, Bob 110.
    assert_eq!(
        (idle.count, idle.min(), idle.max(), idle.total(), idle.avg()),
        (3, 20, 110, 170, 56)
    );
    let busy = all[&sid("Busy")];
    assert_eq!((busy.count, busy.min(), busy.max(), busy.total()), (2, 30, 50, 80));
    let bob: WorkerSid = sid("bob");
    let spans =
        cumulative::activities(&history.0, &workers, &BTreeMap::new(), span, |it| it == bob);
    assert_eq!(spans.len(), 1);
    assert_eq!(spans[&sid("Idle")].total(), 110);
}

#[test]
fn the_next_change_tells_a_worker_s_activity_in_a_span_before_it() {
    let mut alice = worker("alice", "{}", 0);
    let mut history = History::default();
    history.turns(&mut alice, "Busy", 100);
    history.turns(&mut alice, "Idle", 130);
    let workers = [alice];
    assert_eq!(cumulative::unknown(&[], &workers, at(50)), [workers[0].sid]);
    assert_eq!(cumulative::unknown(&[], &workers, at(130)), []);
    assert_eq!(cumulative::unknown(&history.0[..1], &workers, at(110)), []);
    let told = cumulative::before_first_change(&history.0).unwrap();
    assert_eq!(told, (sid("Idle"), at(0)));
    let later = BTreeMap::from([(workers[0].sid, told)]);
    let all = cumulative::activities(&[], &workers, &later, (at(10), at(50)), |_| true);
    assert_eq!(all[&sid("Idle")].total(), 40);
}

#[test]
fn a_worker_who_was_deleted_counts_until_then() {
    let alice = worker("alice", "{}", 0);
    let mut history = History::default();
    history.change(Some(alice.into()), None, 30);
    let span = (at(10), at(60));
    let all = cumulative::activities(&history.0, &[], &BTreeMap::new(), span, |_| true);
    assert_eq!(all[&sid("Idle")].total(), 20);
}

#[test]
fn open_tasks_are_counted_and_the_one_that_waits_the_longest_is_named() {
    let waits = with(task("waits", 20), |task| task.priority = 7);
    // A virtual start orders tasks; it makes none older.
    let virtually_older = with(task("older", 30), |task| task.start = at(5));
    let taken = with(task("taken", 0), |task| task.status = TaskStatus::Assigned);
    let over = with(task("over", 0), |task| task.status = TaskStatus::Completed);
    let now = TasksNow::of([&waits, &virtually_older, &taken, &over], at(100));
    assert_eq!(now.total, 3);
    assert_eq!(now.by_status[&TaskStatus::Pending], 2);
    assert_eq!(now.by_status[&TaskStatus::Assigned], 1);
    assert_eq!(now.by_status[&TaskStatus::Wrapping], 0);
    assert_eq!(now.by_priority, BTreeMap::from([(0, 2), (7, 1)]));
    assert_eq!(now.longest_waiting, Some(Waiting { task: waits.sid, seconds: 80 }));
    assert_eq!(now.longest_in_queue, Some(Waiting { task: waits.sid, seconds: 80 }));
    assert_eq!(TasksNow::of([], at(0)).longest_waiting, None);
}

#[test]
fn workers_belong_to_a_queue_by_its_expression_and_are_available_by_their_activity() {
    let alice = worker("alice", r#"{"skills": ["sales"]}"#, 0);
    let mut bob = worker("bob", r#"{"skills": ["sales", "tax"]}"#, 0);
    bob.change_activity(sid("Away"), at(5));
    let carol = worker("carol", r#"{"skills": []}"#, 0);
    let staff: Vec<Staff> = [alice, bob, carol].into_iter().map(Staff::from).collect();
    let activities = [activity("Idle", true), activity("Away", false), activity("Busy", false)];
    let sales = eligible(&queue("skills HAS 'sales'"), &staff);
    let now = StaffNow::of(sales, &activities);
    assert_eq!((now.total, now.available), (2, 1));
    let each = [("Idle", 1), ("Away", 1), ("Busy", 0)].map(|(name, count)| (sid(name), count));
    assert_eq!(now.by_activity, BTreeMap::from(each));
    assert_eq!(eligible(&queue("1==1"), &staff).len(), 3);
    assert!(eligible(&queue(""), &staff).is_empty());
    assert!(staff[0].serves(sid("sms")));
    let mut closed = worker("dave", "{}", 0);
    closed.channels.insert(sid("sms"), Capacity { capacity: 0, available: true });
    assert!(!Staff::from(closed).serves(sid("sms")));
}

#[test]
fn fairness_is_one_when_all_accept_as_many_and_the_share_of_those_who_do_otherwise() {
    let index = |counts: &[u32]| {
        let each = counts.iter().enumerate();
        let accepted = each.map(|(number, count)| (sid(&number.to_string()), *count)).collect();
        Fairness { accepted }.index()
    };
    assert_eq!(index(&[3, 3, 3]), Some(1.0));
    assert_eq!(index(&[4, 0, 0, 0]), Some(0.25));
    assert_eq!(index(&[2, 2, 0, 0]), Some(0.5));
    assert_eq!(index(&[1, 2, 3]), Some(36.0 / 42.0));
    assert_eq!(index(&[0, 0]), None);
    assert_eq!(index(&[]), None);
}

#[test]
fn fairness_counts_what_eligible_workers_accepted_in_the_queue() {
    let eligible = || ["alice", "bob", "carol"].map(sid);
    let history = history().0;
    let all = Fairness::of(&history, eligible(), None, None);
    assert_eq!(all.accepted, eligible().into_iter().zip([1, 1, 0]).collect());
    assert_eq!((all.total(), all.index()), (2, Some(2.0 / 3.0)));
    let alone = Fairness::of(&history, [sid("alice")], Some(sid("q")), Some(sid("sms")));
    assert_eq!(alone.index(), Some(1.0));
    assert_eq!(Fairness::of(&history, eligible(), Some(sid("other")), None).index(), None);
}
