use super::*;
use crate::event::*;
use crate::record::Routed;
use crate::sid::Sid as _;
use crate::sid::TaskSid;
use crate::task::Task;
use crate::timestamp::Millis;
use crate::workspace::{
    Activity, Capacity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};

const NOW: Timestamp = Timestamp(1_795_344_809_123);

fn sid<S: crate::sid::Sid>(name: &str) -> S {
    S::derived(&[name])
}

fn written(version: u64) -> Written<'static> {
    Written { pk: "pk", sk: "sk", version, seen: NOW + Millis(5) }
}

fn change(before: Option<Record>, after: Option<Record>) -> Vec<Occurrence> {
    of_change(before.as_ref(), after.as_ref(), written(2))
}

fn kinds(before: Option<Record>, after: Option<Record>) -> Vec<&'static str> {
    let found = change(before, after);
    found.iter().flat_map(|one| one.events.iter().map(|event| event.kind.name())).collect()
}

fn activity() -> Activity {
    Activity {
        workspace: sid("w"),
        sid: sid("a"),
        friendly_name: "Idle".to_owned(),
        available: true,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

fn channel() -> TaskChannel {
    TaskChannel {
        workspace: sid("w"),
        sid: sid("c"),
        unique_name: "sms".to_owned(),
        friendly_name: "SMS".to_owned(),
        channel_optimized_routing: false,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

fn queue() -> TaskQueue {
    TaskQueue {
        workspace: sid("w"),
        sid: sid("q"),
        friendly_name: "Sales".to_owned(),
        target_workers: "1==1".to_owned(),
        max_reserved_workers: 1,
        order: QueueOrder::Fifo,
        reservation_activity: None,
        assignment_activity: None,
        ageing_bound_seconds: None,
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

fn workflow() -> Workflow {
    Workflow {
        workspace: sid("w"),
        sid: sid("f"),
        friendly_name: "By language".to_owned(),
        configuration: "{}".to_owned(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: 120,
        evaluation: 0,
        tests: Vec::new(),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

fn workspace() -> Workspace {
    Workspace {
        sid: sid("w"),
        friendly_name: "Centre".to_owned(),
        event_callback_url: None,
        events_filter: None,
        multi_task_enabled: true,
        prioritize_queue_order: QueueOrder::Fifo,
        default_activity: sid("a"),
        timeout_activity: sid("a"),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

fn worker() -> Worker {
    Worker {
        workspace: sid("w"),
        sid: sid("k"),
        friendly_name: "alice".to_owned(),
        attributes: "{}".to_owned(),
        activity: sid("a"),
        activity_since: NOW,
        occupation: None,
        channels: BTreeMap::new(),
        created: NOW,
        updated: NOW,
        version: 1.into(),
    }
}

/// One situation for each type of event that configuration and workers have, and those in which there is none.
#[test]
fn every_change_of_configuration_and_workers_is_what_it_is_called() {
    fn of<T: Clone + Into<Record>>(
        one: &T,
        with: impl FnOnce(&mut T),
    ) -> (Option<Record>, Option<Record>) {
        let mut after = one.clone();
        with(&mut after);
        (Some(one.clone().into()), Some(after.into()))
    }
    fn comes(record: impl Into<Record>) -> (Option<Record>, Option<Record>) {
        (None, Some(record.into()))
    }
    fn goes(record: impl Into<Record>) -> (Option<Record>, Option<Record>) {
        (Some(record.into()), None)
    }
    let capacity = |capacity, available| {
        of(&worker(), |it| {
            it.channels.insert(sid("c"), Capacity { capacity, available });
        })
    };
    let renamed = "Other".to_owned();
    for ((before, after), expected) in [
        (comes(activity()), vec!["activity.created"]),
        (of(&activity(), |it| it.friendly_name.clone_from(&renamed)), vec!["activity.updated"]),
        (goes(activity()), vec!["activity.deleted"]),
        (comes(channel()), vec!["task-channel.created"]),
        (of(&channel(), |it| it.friendly_name.clone_from(&renamed)), vec!["task-channel.updated"]),
        (goes(channel()), vec!["task-channel.deleted"]),
        (comes(queue()), vec!["task-queue.created"]),
        (
            of(&queue(), |it| it.target_workers = "1==2".to_owned()),
            vec!["task-queue.expression.updated"],
        ),
        (of(&queue(), |it| it.friendly_name.clone_from(&renamed)), vec![]),
        (goes(queue()), vec!["task-queue.deleted"]),
        (comes(workflow()), vec!["workflow.created"]),
        (of(&workflow(), |it| it.configuration = "[]".to_owned()), vec!["workflow.updated"]),
        (goes(workflow()), vec!["workflow.deleted"]),
        (comes(workspace()), vec!["workspace.created"]),
        (of(&workspace(), |it| it.events_filter = Some("x".to_owned())), vec!["workspace.updated"]),
        (goes(workspace()), vec!["workspace.deleted"]),
        (comes(worker()), vec!["worker.created"]),
        (of(&worker(), |it| it.activity = sid("b")), vec!["worker.activity.update"]),
        (of(&worker(), |it| it.attributes = "[]".to_owned()), vec!["worker.attributes.update"]),
        (of(&worker(), |it| it.friendly_name.clone_from(&renamed)), vec![]),
        (capacity(3, true), vec!["worker.capacity.update"]),
        (capacity(1, false), vec!["worker.channel.availability.update"]),
        (capacity(1, true), vec![]),
        (capacity(0, false), vec!["worker.capacity.update", "worker.channel.availability.update"]),
        (goes(worker()), vec!["worker.deleted"]),
        (of(&activity(), |it| it.version = 2.into()), vec![]),
        (of(&workspace(), |it| it.updated = NOW + Millis(1)), vec![]),
    ] {
        assert_eq!(kinds(before, after), expected);
    }
}

#[test]
fn the_same_change_is_the_same_occurrence_and_another_version_another() {
    let one = || Some(Record::from(activity()));
    let first = of_change(None, one().as_ref(), written(1));
    assert_eq!(first, of_change(None, one().as_ref(), written(1)));
    let other = of_change(None, one().as_ref(), written(2));
    assert_ne!(first[0].place(0), other[0].place(0));
    let gone = of_change(one().as_ref(), None, written(2));
    assert_eq!(gone[0].time, NOW + Millis(5), "only the store knows when");
    assert_eq!(gone[0].expires(), gone[0].time + KEPT);
}

#[test]
fn a_change_of_several_workers_is_an_occurrence_for_each() {
    use crate::routing::receipt::Receipt;
    use crate::task::{Command, Destination, NewTask, Source, decide};
    let task = Task::create(NewTask {
        sid: sid("t"),
        workflow: &workflow(),
        channel: &channel(),
        attributes: "{}".to_owned(),
        priority: 0,
        timeout_seconds: 60,
        start: NOW,
        interaction: None,
        destination: Destination::Workflow,
        now: NOW,
    });
    let before = Task { version: 5.into(), ..task };
    let mut after = before.clone();
    for name in ["alice", "bob"] {
        let timeout = Millis::seconds(60);
        let (worker, worker_name) = (sid(name), name.to_owned());
        let receipt = Receipt::default();
        let command = Command::Reserve { worker, worker_name, timeout, receipt };
        after = decide(&after, command, Source::Router, NOW).unwrap().task;
    }
    let found =
        change(Some(before.into()), Some(Record::from(Task { version: 6.into(), ..after })));
    let workers: Vec<_> = found.iter().map(|one| (one.part, one.worker)).collect();
    assert_eq!(workers, [(0, Some(sid("alice"))), (1, Some(sid("bob")))]);
    let task: TaskSid = sid("t");
    assert_eq!(found[1].reservation(&found[1].events[0]), Some(task.kin(2)));
    assert!(found[0].place(0) < found[1].place(0));
    let text = serde_json::to_string(&found[1]).unwrap();
    assert_eq!(serde_json::from_str::<Occurrence>(&text).unwrap(), found[1]);
}

#[test]
fn resources_mentioned_by_an_event_are_called_by_their_names() {
    let mut after = worker();
    after.activity = sid("b");
    after.activity_since = NOW + Millis(26_123);
    after.updated = after.activity_since;
    after.version = 7.into();
    let mut found = change(Some(worker().into()), Some(after.into())).remove(0);
    assert_eq!(
        found.mentions(),
        [
            Mention::Workspace(sid("w")),
            Mention::Activity(sid("w"), sid("a")),
            Mention::Activity(sid("w"), sid("b")),
        ]
        .into_iter()
        .collect::<std::collections::BTreeSet<_>>()
        .into_iter()
        .collect::<Vec<_>>()
    );
    found.learn(&workspace().into());
    found.learn(&Activity { sid: sid("b"), ..activity() }.into());
    let fields = found.fields(&found.events[0]);
    let field =
        |name: &str| fields.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str());
    assert_eq!(field("WorkspaceName"), Some("Centre"));
    assert_eq!(field("WorkerActivityName"), Some("Idle"));
    assert_eq!(field("WorkerTimeInPreviousActivity"), Some("26"));
    assert_eq!(field("WorkerTimeInPreviousActivityMs"), Some("26123"));
    assert_eq!(field("WorkerVersion"), Some("7"));
    assert_eq!(found.description(&found.events[0]), "Worker alice updated to Idle Activity");
    assert_eq!(found.about(&found.events[0]).0, "worker");
}

#[test]
fn a_channel_tells_how_much_of_it_is_free() {
    let mut after = worker();
    after.channels.insert(sid("c"), Capacity { capacity: 4, available: true });
    let mut found = change(Some(worker().into()), Some(after.into())).remove(0);
    found.events[0].channel.as_mut().unwrap().open = Some(1);
    let fields = found.fields(&found.events[0]);
    let field =
        |name: &str| fields.iter().find(|(it, _)| *it == name).map(|(_, value)| value.as_str());
    assert_eq!(field("WorkerChannelAvailable"), Some("true"));
    assert_eq!(field("WorkerChannelAvailableCapacity"), Some("75"));
    assert_eq!(field("WorkerChannelPreviousCapacity"), Some("1"));
    assert_eq!(field("WorkerChannelTaskCount"), Some("1"));
}

#[test]
fn a_filter_is_a_comma_list_and_an_empty_one_lets_all_pass() {
    let kind = EventType::Task(TaskEvent::Created);
    for (filter, wanted) in [
        (None, true),
        (Some(""), true),
        (Some(" "), true),
        (Some("task.created"), true),
        (Some("task.updated, Task.Created"), true),
        (Some("task.updated"), false),
        (Some("task"), false),
    ] {
        assert_eq!(is_wanted(filter, kind), wanted, "{filter:?}");
    }
}

#[test]
fn every_type_has_one_published_name() {
    let names: std::collections::BTreeSet<_> = EventType::ALL.iter().map(|it| it.name()).collect();
    assert_eq!(names.len(), EventType::ALL.len());
    for kind in EventType::ALL {
        let published = serde_json::to_value(kind).unwrap();
        assert_eq!(published, kind.name());
        assert_eq!(serde_json::from_value::<EventType>(published).unwrap(), *kind);
    }
}

#[test]
fn the_kinds_that_are_watched_are_kinds_of_records() {
    assert!(Routed::KINDS.iter().all(|kind| Record::KINDS.contains(kind)));
}

#[test]
fn names_become_snake_case() {
    assert_eq!(snake_case("WorkerTimeInPreviousActivityMs"), "worker_time_in_previous_activity_ms");
    assert_eq!(snake_case("TaskSid"), "task_sid");
}
