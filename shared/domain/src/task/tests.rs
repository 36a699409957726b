use super::*;
use crate::decision::Decision;
use crate::effect::{Effect, InviteRequest};

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(1_060_000);
const TIMEOUT: Millis = Millis::seconds(30);

fn task() -> Task {
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
        timeout_seconds: 60,
        start: NOW,
        position: None,
        queue: None,
        queue_entered: None,
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
        interaction: Some(InteractionSid::derived(&["k"])),
        created: NOW,
        updated: NOW,
    };
    Task { fields, version: 3.into() }
}

fn decided(task: &Task, command: Command, now: Timestamp) -> Result<Task, Refusal> {
    decide(task, command, Source::Router, now).map(|change| change.task)
}

fn reserve(task: &Task, name: &str) -> Task {
    let command = Command::Reserve {
        worker: WorkerSid::derived(&[name]),
        worker_name: name.to_owned(),
        timeout: TIMEOUT,
        receipt: Receipt::default(),
    };
    decided(task, command, NOW).unwrap()
}

fn last(task: &Task) -> ReservationSid {
    task.reservation_sid(task.reservations.last().unwrap())
}

fn with_status(status: TaskStatus) -> Task {
    let pending = task();
    let reserved = reserve(&pending, "alice");
    let assigned = decided(&reserved, Command::Accept(last(&reserved)), NOW).unwrap();
    match status {
        TaskStatus::Pending => pending,
        TaskStatus::Reserved => reserved,
        TaskStatus::Assigned => assigned,
        TaskStatus::Wrapping => decided(&assigned, Command::Wrap { reason: None }, NOW).unwrap(),
        TaskStatus::Completed => {
            decided(&assigned, Command::Complete { reason: None }, NOW).unwrap()
        }
        TaskStatus::Canceled => decided(&pending, Command::Cancel { reason: None }, NOW).unwrap(),
    }
}

const ALL: [TaskStatus; 6] = [
    TaskStatus::Pending,
    TaskStatus::Reserved,
    TaskStatus::Assigned,
    TaskStatus::Wrapping,
    TaskStatus::Completed,
    TaskStatus::Canceled,
];

/// The whole state table: what each status becomes by each way to end a task, or that it refuses.
#[test]
fn every_status_answers_every_way_to_end() {
    use TaskStatus::{Assigned, Canceled, Completed, Pending, Reserved, Wrapping};
    let wrap = |status| match status {
        Assigned | Wrapping => Some(Wrapping),
        Pending | Reserved | Completed | Canceled => None,
    };
    let complete = |status| match status {
        Assigned | Wrapping | Completed => Some(Completed),
        Pending | Reserved | Canceled => None,
    };
    let cancel = |status| match status {
        Pending | Reserved | Canceled => Some(Canceled),
        Assigned | Wrapping | Completed => None,
    };
    for status in ALL {
        let task = with_status(status);
        let after = |command| decided(&task, command, LATER).ok().map(|task| task.status);
        assert_eq!(after(Command::Wrap { reason: None }), wrap(status), "wrap {status:?}");
        assert_eq!(after(Command::Complete { reason: None }), complete(status), "{status:?}");
        assert_eq!(after(Command::Cancel { reason: None }), cancel(status), "{status:?}");
    }
}

#[test]
fn only_a_waiting_or_offered_task_is_offered() {
    for status in ALL {
        let command = Command::Reserve {
            worker: WorkerSid::derived(&["bob"]),
            worker_name: "bob".to_owned(),
            timeout: TIMEOUT,
            receipt: Receipt::default(),
        };
        let offered = decided(&with_status(status), command, NOW).is_ok();
        assert_eq!(offered, matches!(status, TaskStatus::Pending | TaskStatus::Reserved));
    }
}

#[test]
fn accepting_rescinds_the_others_and_a_rescinded_one_is_gone() {
    let first = reserve(&task(), "alice");
    let both = reserve(&first, "bob");
    assert_eq!(both.assignments, 1, "one round of offers counts once");
    let (alice, bob) = (last(&first), last(&both));
    let taken = decided(&both, Command::Accept(bob), NOW).unwrap();
    assert_eq!(taken.status, TaskStatus::Assigned);
    let status = |sid| taken.reservation(sid).unwrap().status;
    assert_eq!(status(alice), ReservationStatus::Rescinded);
    assert_eq!(status(bob), ReservationStatus::Accepted);
    let late = decided(&taken, Command::Accept(alice), NOW);
    assert_eq!(late.unwrap_err().code().status(), 410);
}

#[test]
fn saying_it_twice_changes_nothing() {
    let reserved = reserve(&task(), "alice");
    let sid = last(&reserved);
    let accepted = decided(&reserved, Command::Accept(sid), NOW).unwrap();
    assert_eq!(decided(&accepted, Command::Accept(sid), LATER).unwrap(), accepted);
    let again = decide(&accepted, Command::Accept(sid), Source::Api, LATER).unwrap();
    assert!(Decision::from(again).is_unchanged());
    let rejected = decided(&reserved, Command::Reject(sid), NOW).unwrap();
    assert_eq!(decided(&rejected, Command::Reject(sid), LATER).unwrap(), rejected);
}

#[test]
fn a_reservation_lapses_at_its_time_and_not_before() {
    let reserved = reserve(&task(), "alice");
    let sid = last(&reserved);
    let expires = reserved.reservation(sid).unwrap().expires;
    let just_before = Timestamp(expires.0 - 1);
    assert!(decided(&reserved, Command::Lapse(sid), just_before).is_err());
    assert!(decided(&reserved, Command::Accept(sid), just_before).is_ok());
    assert!(decided(&reserved, Command::Accept(sid), expires).is_err());
    let lapsed = decided(&reserved, Command::Lapse(sid), expires).unwrap();
    assert_eq!(lapsed.status, TaskStatus::Pending);
    assert_eq!(lapsed.reservation(sid).unwrap().status, ReservationStatus::Timeout);
}

#[test]
fn a_task_waits_again_only_when_its_last_offer_is_refused() {
    let first = reserve(&task(), "alice");
    let both = reserve(&first, "bob");
    let one_left = decided(&both, Command::Reject(last(&first)), NOW).unwrap();
    assert_eq!(one_left.status, TaskStatus::Reserved);
    let none_left = decided(&one_left, Command::Reject(last(&both)), NOW).unwrap();
    assert_eq!(none_left.status, TaskStatus::Pending);
}

#[test]
fn canceling_cancels_the_offers_and_completing_completes_the_holds() {
    let reserved = with_status(TaskStatus::Reserved);
    let canceled = decided(&reserved, Command::Cancel { reason: None }, NOW).unwrap();
    assert_eq!(canceled.reservations[0].status, ReservationStatus::Canceled);
    let completed = with_status(TaskStatus::Completed);
    assert_eq!(completed.reservations[0].status, ReservationStatus::Completed);
    for status in ALL {
        let task = with_status(status);
        let open = task.open_reservations().count();
        assert_eq!(open == 0, task.status.is_over() || status == TaskStatus::Pending);
    }
}

#[test]
fn a_foreign_reservation_is_not_found() {
    let reserved = reserve(&task(), "alice");
    let other: ReservationSid = TaskSid::derived(&["other"]).kin(1);
    let refused = decided(&reserved, Command::Accept(other), NOW).unwrap_err();
    assert_eq!(refused, Refusal::NoSuchReservation);
}

#[test]
fn ended_reservations_do_not_pile_up() {
    let mut task = task();
    for round in 0..50 {
        task = reserve(&task, &format!("worker {round}"));
        task = decided(&task, Command::Reject(last(&task)), NOW).unwrap();
    }
    assert_eq!(task.reservations.len(), PAST_RESERVATIONS_MAX);
    assert_eq!(task.assignments, 50);
}

#[test]
fn the_interaction_hears_of_the_acceptance_and_of_the_end() {
    let reserved = with_status(TaskStatus::Reserved);
    let told = |task: &Task, command: Command, source: Source| {
        let change = decide(task, command, source, NOW).unwrap();
        (Decision::from(change.clone()).effects, change.task)
    };
    let (effects, assigned) = told(&reserved, Command::Accept(last(&reserved)), Source::Api);
    assert!(matches!(
        effects.as_slice(),
        [Effect::Route(_), Effect::Invite(InviteRequest::Seat { .. })]
    ));
    let mut quiet = reserved;
    quiet.fields.reservations.iter_mut().for_each(|one| one.quiet = true);
    let (effects, _) = told(&quiet, Command::Accept(last(&quiet)), Source::Api);
    assert!(
        matches!(effects.as_slice(), [Effect::Invite(InviteRequest::Seat { .. })]),
        "nobody is freed and nobody moves: the router need not know"
    );
    let (effects, _) = told(&quiet, Command::Reject(last(&quiet)), Source::Api);
    assert!(matches!(effects.as_slice(), [Effect::Route(_)]), "the worker is free again");
    let complete = || Command::Complete { reason: None };
    let ended = |effect: &Effect| {
        matches!(
            effect,
            Effect::Invite(InviteRequest::TaskEnded { status: TaskStatus::Completed, .. })
        )
    };
    let (effects, _) = told(&assigned, complete(), Source::Api);
    assert_eq!((effects.len(), effects.iter().filter(|it| ended(it)).count()), (2, 1));
    let (effects, _) = told(&assigned, complete(), Source::Router);
    assert!(matches!(effects.as_slice(), [one] if ended(one)), "a router knows what it does");
    let (effects, _) = told(&assigned, complete(), Source::Interaction);
    assert!(matches!(effects.as_slice(), [Effect::Route(_)]), "so does an interaction");
}

/// Who is asked for an offer, says that time is up, or gives a task up is the router's business alone.
#[test]
fn commands_of_the_router_are_the_router_s_alone() {
    let reserved = with_status(TaskStatus::Reserved);
    let offer = last(&reserved);
    let reserve = Command::Reserve {
        worker: WorkerSid::derived(&["bob"]),
        worker_name: "bob".to_owned(),
        timeout: TIMEOUT,
        receipt: Receipt::default(),
    };
    for (command, alone) in [
        (reserve, true),
        (Command::Lapse(offer), true),
        (Command::Withdraw(offer), true),
        (Command::GiveUp(GivenUp::FellOut), true),
        (Command::Remove, true),
        (Command::Accept(offer), false),
        (Command::Reject(offer), false),
        (Command::Amend(Amendment::default()), false),
        (Command::Cancel { reason: None }, false),
        (Command::Delete, false),
    ] {
        for source in [Source::Api, Source::Interaction] {
            let refused = decide(&reserved, command.clone(), source, NOW).err();
            assert_eq!(refused == Some(Refusal::RouterAlone), alone, "{command:?} by {source:?}");
        }
        let refused = decide(&reserved, command.clone(), Source::Router, NOW).err();
        assert_ne!(refused, Some(Refusal::RouterAlone), "{command:?}");
    }
}

#[test]
fn several_commands_are_one_change_or_none() {
    let amendment = Amendment { priority: Some(7), ..Amendment::default() };
    let amend = || Command::Amend(amendment.clone());
    let cancel = Command::Cancel { reason: Some("enough".to_owned()) };
    let change = decide_all(&task(), [amend(), cancel.clone()], Source::Api, LATER).unwrap();
    assert_eq!((change.task.priority, change.task.status), (7, TaskStatus::Canceled));
    assert_eq!(change.events.len(), 2);
    let assigned = with_status(TaskStatus::Assigned);
    let refused = decide_all(&assigned, [amend(), cancel], Source::Api, LATER);
    assert_eq!(refused, Err(Refusal::TaskState(TaskStatus::Assigned, "canceled")));
}

#[test]
fn an_amendment_forgets_the_trail_and_one_that_says_nothing_new_is_none() {
    let mut before = task();
    before.fields.trail = vec![Mark::Failed { reservation: 1, code: 40_151 }];
    let amendment = Amendment { attributes: Some("{}".to_owned()), ..Amendment::default() };
    let same = decide(&before, Command::Amend(amendment), Source::Api, LATER).unwrap();
    assert!(same.is_nothing());
    assert_eq!(same.task, before);
    let amendment = Amendment { attributes: Some("[]".to_owned()), ..Amendment::default() };
    let other = decide(&before, Command::Amend(amendment), Source::Api, LATER).unwrap();
    assert_eq!((other.task.trail.len(), other.task.updated), (0, LATER));
}

#[test]
fn a_task_in_work_is_not_deleted_and_a_deleted_one_is_gone_at_once() {
    for status in ALL {
        let deleted = decided(&with_status(status), Command::Delete, LATER);
        match status {
            TaskStatus::Assigned | TaskStatus::Wrapping => {
                assert_eq!(deleted, Err(Refusal::TaskInWork(status)));
            }
            TaskStatus::Pending
            | TaskStatus::Reserved
            | TaskStatus::Completed
            | TaskStatus::Canceled => {
                let deleted = deleted.unwrap();
                assert_eq!((deleted.updated, deleted.expires()), (LATER, Some(LATER)));
                assert!(deleted.has_ended(Ending::Deleted) && deleted.status.is_over());
                assert_eq!(decided(&deleted, Command::Delete, NOW).unwrap(), deleted, "twice");
            }
        }
    }
}

#[test]
fn a_finished_task_expires_and_an_open_one_never() {
    for status in ALL {
        assert_eq!(with_status(status).expires().is_some(), status.is_over());
    }
}
