use super::*;
use crate::routing::receipt::Receipt;
use crate::routing::workflow::{FilterIndex, Position};
use crate::sid::{Sid as _, TaskChannelSid, TaskSid, WorkerSid, WorkflowSid, WorkspaceSid};
use crate::task::{Command, Fields, Source, decide};
use crate::timestamp::{Millis, Timestamp};

const NOW: Timestamp = Timestamp(1_000_000_000);

/// A task that waits where a router has put it.
fn placed() -> Task {
    let fields = Fields {
        sid: TaskSid::derived(&["t"]),
        workspace: WorkspaceSid::derived(&["w"]),
        workflow: WorkflowSid::derived(&["f"]),
        channel: TaskChannelSid::derived(&["c"]),
        attributes: "{}".to_owned(),
        priority: 0,
        status: TaskStatus::Pending,
        ended: None,
        given_reason: None,
        timeout_seconds: 3600,
        start: NOW,
        position: Some(Position { filter: FilterIndex::Default, target: 0, timed_out: false }),
        queue: Some(TaskQueueSid::derived(&["q"])),
        queue_entered: Some(NOW),
        evaluation: 0,
        target_until: None,
        worker: None,
        ignores_capacity: false,
        bound_to_queue: false,
        handed_on_by: None,
        assignments: 0,
        rejections: 0,
        reservations: Vec::new(),
        next_number: 1,
        trail: Vec::new(),
        interaction: None,
        created: NOW,
        updated: NOW,
    };
    Task { fields, version: 2.into() }
}

fn with(task: &Task, version: u64, change: impl FnOnce(&mut Fields)) -> Task {
    let mut task = Task { version: version.into(), ..task.clone() };
    change(&mut task.fields);
    task
}

fn after(task: &Task, command: Command) -> Task {
    let change = decide(task, command, Source::Router, NOW).unwrap();
    Task { version: task.version + 1, ..change.task }
}

fn reserved() -> Task {
    let command = Command::Reserve {
        worker: WorkerSid::derived(&["alice"]),
        worker_name: "alice".to_owned(),
        timeout: Millis::seconds(0),
        receipt: Receipt::default(),
    };
    after(&placed(), command)
}

/// Asked, and with time to answer.
fn asked() -> Task {
    let mut task = reserved();
    task.fields.reservations[0].expires = NOW + Millis::seconds(60);
    task
}

fn said(before: Option<&Task>, after: &Task) -> Vec<&'static str> {
    events(before, after).iter().map(|event| event.kind.name()).collect()
}

/// One situation for each type of event that a command or a request leads to.
#[test]
fn every_command_is_what_it_is_called() {
    let offer = asked().sid.kin(1);
    let assigned = after(&asked(), Command::Accept(offer));
    let wrapping = after(&assigned, Command::Wrap { reason: None });
    let cancel = || Command::Cancel { reason: Some("enough".to_owned()) };
    for (before, after, expected) in [
        (placed(), reserved(), vec!["reservation.created"]),
        (asked(), after(&asked(), Command::Accept(offer)), vec!["reservation.accepted"]),
        (asked(), after(&asked(), Command::Reject(offer)), vec!["reservation.rejected"]),
        (reserved(), after(&reserved(), Command::Lapse(offer)), vec!["reservation.timeout"]),
        (asked(), after(&asked(), Command::Withdraw(offer)), vec!["reservation.canceled"]),
        (asked(), after(&asked(), cancel()), vec!["reservation.canceled", "task.canceled"]),
        (placed(), after(&placed(), cancel()), vec!["task.canceled"]),
        (assigned.clone(), wrapping.clone(), vec!["reservation.wrapup", "task.wrapup"]),
        (
            wrapping.clone(),
            after(&wrapping, Command::Complete { reason: None }),
            vec!["reservation.completed", "task.completed"],
        ),
        (
            assigned.clone(),
            after(&assigned, Command::Remove),
            vec!["reservation.canceled", "task.system-deleted"],
        ),
        (assigned.clone(), assigned, vec![]),
    ] {
        assert_eq!(said(Some(&before), &after), expected);
    }
}

#[test]
fn a_caller_s_change_is_an_update_and_a_target_s_is_none() {
    let next = |change: fn(&mut Fields)| with(&placed(), 2, change);
    for changed in [
        next(|task| task.attributes = "[]".to_owned()),
        next(|task| task.priority = 7),
        next(|task| task.start = Timestamp(1)),
        next(|task| task.channel = TaskChannelSid::derived(&["d"])),
    ] {
        assert_eq!(said(Some(&placed()), &changed), ["task.updated"]);
    }
    let routed = next(|task| {
        task.priority = 7;
        task.position =
            Some(Position { filter: FilterIndex::Numbered(0), target: 0, timed_out: false });
    });
    assert_eq!(said(Some(&placed()), &routed), ["workflow.target-matched"]);
}

#[test]
fn a_task_that_is_changed_before_it_is_placed_is_announced_with_that_change() {
    let created = with(&placed(), 1, |task| (task.position, task.queue) = (None, None));
    assert_eq!(said(None, &created), [""; 0]);
    let changed = with(&created, 2, |task| task.attributes = "[]".to_owned());
    assert_eq!(said(Some(&created), &changed), ["task.created", "task.updated"]);
    let routed = with(&placed(), 3, |task| task.attributes = "[]".to_owned());
    let told = ["workflow.entered", "task-queue.entered", "workflow.target-matched"];
    assert_eq!(said(Some(&changed), &routed), told);
    let canceled = after(&created, Command::Cancel { reason: None });
    assert_eq!(said(Some(&created), &canceled), ["task.created", "task.canceled"]);
}

#[test]
fn a_deleted_task_is_told_once() {
    let deleted = after(&asked(), Command::Delete);
    assert_eq!(said(Some(&asked()), &deleted), ["reservation.canceled", "task.deleted"]);
    let over = after(&placed(), Command::Cancel { reason: None });
    let gone = after(&over, Command::Delete);
    assert_eq!(said(Some(&over), &gone), ["task.deleted"]);
    assert_eq!(said(Some(&gone), &after(&gone, Command::Delete)), [""; 0]);
    assert_eq!(removed(&over), []);
    assert_eq!(removed(&placed()).len(), 1);
}

#[test]
fn an_old_mark_is_not_told_again() {
    let queue = TaskQueueSid::derived(&["p"]);
    let trail = vec![Mark::Left { queue, why: TargetExit::TimedOut }];
    let before = with(&placed(), 2, |task| task.trail = trail);
    let after = with(&before, 2, |task| task.attributes = "[]".to_owned());
    assert_eq!(said(Some(&before), &after), ["task.updated"]);
}

#[test]
fn a_task_that_enters_its_workflow_anew_does_not_tell_again_how_it_left_a_target() {
    let queue = TaskQueueSid::derived(&["p"]);
    let left = vec![Mark::Left { queue, why: TargetExit::TimedOut }];
    let before = with(&placed(), 3, |task| task.trail = left);
    let restarted = after(&before, Command::Restart);
    assert_eq!(restarted.position, None);
    assert_eq!(said(Some(&before), &restarted), [""; 0]);
}

#[test]
fn a_queue_is_named_only_if_it_is_another_than_the_task_s() {
    let created = with(&placed(), 1, |task| (task.position, task.queue) = (None, None));
    assert!(events(Some(&created), &placed()).iter().all(|event| event.queue.is_none()));
    let elsewhere = with(&placed(), 2, |task| {
        task.queue = Some(TaskQueueSid::derived(&["r"]));
        task.position = Some(Position { filter: FilterIndex::Default, target: 1, timed_out: true });
    });
    let told = events(Some(&placed()), &elsewhere);
    assert_eq!(told[0].kind, EventType::TaskQueue(TaskQueueEvent::Moved));
    assert_eq!(told[0].queue, placed().queue);
}

#[test]
fn offers_that_a_task_forgets_at_once_were_not_answered() {
    let forgotten = with(&asked(), 2, |task| task.reservations.clear());
    assert_eq!(said(Some(&asked()), &forgotten), ["reservation.timeout"]);
}

/// What a caller writes as the reason of an end says nothing to the log, be it the very words of the router.
#[test]
fn a_reason_that_a_caller_gave_changes_no_event() {
    let offer = asked().sid.kin(1);
    let assigned = after(&asked(), Command::Accept(offer));
    let words = [
        "Task fell out of its workflow",
        "Task was assigned for 24 hours",
        "Task deleted",
        "Task TTL Exceeded",
    ];
    for words in words {
        let reason = Some(words.to_owned());
        let canceled = after(&placed(), Command::Cancel { reason: reason.clone() });
        assert_eq!(said(Some(&placed()), &canceled), ["task.canceled"], "{words}");
        let completed = after(&assigned, Command::Complete { reason });
        let events = ["reservation.completed", "task.completed"];
        assert_eq!(said(Some(&assigned), &completed), events, "{words}");
    }
}

#[test]
fn c9_a_task_that_was_handed_on_tells_of_its_transfer() {
    let handed_on = |task: Task| {
        with(&task, task.version.number(), |task| {
            task.handed_on_by = Some(WorkerSid::derived(&["first"]));
        })
    };
    let new = with(&handed_on(placed()), 1, |task| task.bound_to_queue = true);
    assert_eq!(said(None, &new).last(), Some(&"task.transfer-initiated"));
    let (asked, offer) = (handed_on(asked()), asked().sid.kin(1));
    let cancel = Command::Cancel { reason: None };
    let given_up = Command::GiveUp(crate::task::GivenUp::TimedOut);
    for (command, expected) in [
        (Command::Accept(offer), vec!["reservation.accepted", "task.transfer-completed"]),
        (Command::Reject(offer), vec!["reservation.rejected", "task.transfer-attempt-failed"]),
        (cancel, vec!["reservation.canceled", "task.transfer-canceled", "task.canceled"]),
        (given_up, vec!["reservation.canceled", "task.transfer-failed", "task.canceled"]),
    ] {
        assert_eq!(said(Some(&asked), &after(&asked, command)), expected);
    }
    let accepted = after(&asked, Command::Accept(offer));
    let completed = after(&accepted, Command::Complete { reason: None });
    assert_eq!(said(Some(&accepted), &completed), ["reservation.completed", "task.completed"]);
    assert_eq!(said(Some(&completed), &after(&completed, Command::Delete)), ["task.deleted"]);
}
