use super::*;

const NOW: Timestamp = Timestamp(1_000_000);
const LATER: Timestamp = Timestamp(1_060_000);
const TIMEOUT: Millis = Millis::seconds(30);

fn task() -> Task {
    Task {
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
        target_until: None,
        worker: None,
        ignores_capacity: false,
        bound_to_queue: false,
        assignments: 0,
        rejections: 0,
        reservations: Vec::new(),
        next_number: 1,
        trail: Vec::new(),
        interaction: Some(InteractionSid::derived(&["k"])),
        created: NOW,
        updated: NOW,
        version: 3,
    }
}

fn reserve(task: &Task, name: &str) -> Task {
    let command = Command::Reserve {
        worker: WorkerSid::derived(&[name]),
        worker_name: name.to_owned(),
        timeout: TIMEOUT,
        receipt: Receipt::default(),
    };
    decide(task, command, NOW).unwrap()
}

fn last(task: &Task) -> ReservationSid {
    task.reservation_sid(task.reservations.last().unwrap())
}

fn with_status(status: TaskStatus) -> Task {
    let pending = task();
    let reserved = reserve(&pending, "alice");
    let assigned = decide(&reserved, Command::Accept(last(&reserved)), NOW).unwrap();
    match status {
        TaskStatus::Pending => pending,
        TaskStatus::Reserved => reserved,
        TaskStatus::Assigned => assigned,
        TaskStatus::Wrapping => decide(&assigned, Command::Wrap { reason: None }, NOW).unwrap(),
        TaskStatus::Completed => {
            decide(&assigned, Command::Complete { reason: None }, NOW).unwrap()
        }
        TaskStatus::Canceled => decide(&pending, Command::Cancel { reason: None }, NOW).unwrap(),
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
        let after = |command| decide(&task, command, LATER).ok().map(|task| task.status);
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
        let offered = decide(&with_status(status), command, NOW).is_ok();
        assert_eq!(offered, matches!(status, TaskStatus::Pending | TaskStatus::Reserved));
    }
}

#[test]
fn accepting_rescinds_the_others_and_a_rescinded_one_is_gone() {
    let first = reserve(&task(), "alice");
    let both = reserve(&first, "bob");
    assert_eq!(both.assignments, 1, "one round of offers counts once");
    let (alice, bob) = (last(&first), last(&both));
    let taken = decide(&both, Command::Accept(bob), NOW).unwrap();
    assert_eq!(taken.status, TaskStatus::Assigned);
    let status = |sid| taken.reservation(sid).unwrap().status;
    assert_eq!(status(alice), ReservationStatus::Rescinded);
    assert_eq!(status(bob), ReservationStatus::Accepted);
    let late = decide(&taken, Command::Accept(alice), NOW);
    assert_eq!(late.unwrap_err().status(), 410);
}

#[test]
fn saying_it_twice_changes_nothing() {
    let reserved = reserve(&task(), "alice");
    let sid = last(&reserved);
    let accepted = decide(&reserved, Command::Accept(sid), NOW).unwrap();
    assert_eq!(decide(&accepted, Command::Accept(sid), LATER).unwrap(), accepted);
    assert!(decided(&accepted, accepted.clone()).is_unchanged());
    let rejected = decide(&reserved, Command::Reject(sid), NOW).unwrap();
    assert_eq!(decide(&rejected, Command::Reject(sid), LATER).unwrap(), rejected);
}

#[test]
fn a_reservation_lapses_at_its_time_and_not_before() {
    let reserved = reserve(&task(), "alice");
    let sid = last(&reserved);
    let expires = reserved.reservation(sid).unwrap().expires;
    let just_before = Timestamp(expires.0 - 1);
    assert!(decide(&reserved, Command::Lapse(sid), just_before).is_err());
    assert!(decide(&reserved, Command::Accept(sid), just_before).is_ok());
    assert!(decide(&reserved, Command::Accept(sid), expires).is_err());
    let lapsed = decide(&reserved, Command::Lapse(sid), expires).unwrap();
    assert_eq!(lapsed.status, TaskStatus::Pending);
    assert_eq!(lapsed.reservation(sid).unwrap().status, ReservationStatus::Timeout);
}

#[test]
fn a_task_waits_again_only_when_its_last_offer_is_refused() {
    let first = reserve(&task(), "alice");
    let both = reserve(&first, "bob");
    let one_left = decide(&both, Command::Reject(last(&first)), NOW).unwrap();
    assert_eq!(one_left.status, TaskStatus::Reserved);
    let none_left = decide(&one_left, Command::Reject(last(&both)), NOW).unwrap();
    assert_eq!(none_left.status, TaskStatus::Pending);
}

#[test]
fn canceling_cancels_the_offers_and_completing_completes_the_holds() {
    let reserved = with_status(TaskStatus::Reserved);
    let canceled = decide(&reserved, Command::Cancel { reason: None }, NOW).unwrap();
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
    let refused = decide(&reserved, Command::Accept(other), NOW).unwrap_err();
    assert_eq!(refused, Refusal::NoSuchReservation);
}

#[test]
fn ended_reservations_do_not_pile_up() {
    let mut task = task();
    for round in 0..50 {
        task = reserve(&task, &format!("worker {round}"));
        task = decide(&task, Command::Reject(last(&task)), NOW).unwrap();
    }
    assert_eq!(task.reservations.len(), PAST_RESERVATIONS_MAX);
    assert_eq!(task.assignments, 50);
}

#[test]
fn the_interaction_hears_of_the_acceptance_and_of_the_end() {
    let reserved = with_status(TaskStatus::Reserved);
    let assigned = decide(&reserved, Command::Accept(last(&reserved)), NOW).unwrap();
    let told = consequences(&reserved, &assigned);
    assert!(matches!(
        told.as_slice(),
        [Effect::Route(_), Effect::Invite(InviteRequest::Seat { .. })]
    ));
    let completed = decide(&assigned, Command::Complete { reason: None }, NOW).unwrap();
    let told = consequences(&assigned, &completed);
    let ended = |effect: &Effect| {
        matches!(
            effect,
            Effect::Invite(InviteRequest::TaskEnded { status: TaskStatus::Completed, .. })
        )
    };
    assert!(told.iter().any(ended));
}

#[test]
fn a_finished_task_expires_and_an_open_one_never() {
    for status in ALL {
        assert_eq!(with_status(status).expires().is_some(), status.is_over());
    }
}
