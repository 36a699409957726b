use serde_json::{Value, json};

use super::*;
use crate::sid::Sid;
use crate::version::Version;
use crate::workspace::{Activity, Capacity, QueueOrder, TaskQueue, Worker};

const NOW: Timestamp = Timestamp(1_000_000);

fn sid<S: Sid>(name: &str) -> S {
    S::derived(&[name])
}

/// Queues `sales` and `all`, workers `ann` (sales, made first) and `bob`, who are both away.
struct Centre {
    workspace: Workspace,
    records: Vec<Record>,
    workflow: Workflow,
}

impl Centre {
    fn new(routing: &Value) -> Self {
        let (created, updated, version) = (Timestamp(0), Timestamp(0), Version::NEW + 1);
        let workspace = Workspace {
            sid: sid("workspace"),
            friendly_name: "workspace".to_owned(),
            event_callback_url: None,
            events_filter: None,
            multi_task_enabled: true,
            prioritize_queue_order: QueueOrder::Fifo,
            default_activity: sid("off"),
            timeout_activity: sid("off"),
            created,
            updated,
            version,
        };
        let workflow = Workflow {
            workspace: workspace.sid,
            sid: sid("workflow"),
            friendly_name: "workflow".to_owned(),
            configuration: json!({ "task_routing": routing }).to_string(),
            assignment_callback_url: None,
            fallback_assignment_callback_url: None,
            task_reservation_timeout_seconds: 60,
            evaluation: 0,
            tests: Vec::new(),
            created,
            updated,
            version,
        };
        let mut all = Self { workspace, records: Vec::new(), workflow };
        for (name, available) in [("off", false), ("on", true)] {
            all.records.push(
                Activity {
                    workspace: sid("workspace"),
                    sid: sid(name),
                    friendly_name: name.to_owned(),
                    available,
                    created,
                    updated,
                    version,
                }
                .into(),
            );
        }
        for name in ["chat", "voice"] {
            all.records.push(
                TaskChannel {
                    workspace: sid("workspace"),
                    sid: sid(name),
                    unique_name: name.to_owned(),
                    friendly_name: name.to_owned(),
                    channel_optimized_routing: false,
                    created,
                    updated,
                    version,
                }
                .into(),
            );
        }
        all.queue("sales", "sales == true");
        all.queue("all", "1==1");
        all.worker("ann", &json!({ "sales": true }), 10);
        all.worker("bob", &json!({}), 20);
        all
    }

    fn queue(&mut self, name: &str, workers: &str) {
        let queue = TaskQueue {
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
            version: Version::NEW + 1,
        };
        self.records.push(queue.into());
    }

    fn worker(&mut self, name: &str, attributes: &Value, created: i64) {
        let worker = Worker {
            workspace: sid("workspace"),
            sid: sid(name),
            friendly_name: name.to_owned(),
            attributes: attributes.to_string(),
            activity: sid("off"),
            activity_since: Timestamp(900_000 - created),
            occupation: None,
            channels: BTreeMap::from([(sid("chat"), Capacity { capacity: 2, available: true })]),
            created: Timestamp(created),
            updated: Timestamp(created),
            version: Version::NEW + 1,
        };
        self.records.push(worker.into());
    }

    fn run<'a>(&self, tests: &'a [RoutingTest]) -> Vec<Outcome<'a>> {
        let material = Material {
            workspace: &self.workspace,
            records: &self.records,
            workflow: &self.workflow,
            now: NOW,
        };
        run(&material, tests)
    }
}

fn routing() -> Value {
    let (sales, all): (TaskQueueSid, TaskQueueSid) = (sid("sales"), sid("all"));
    json!({
        "filters": [
            { "expression": "topic == 'sales'", "targets": [{ "queue": sales }] },
            { "expression": "topic == 'nobody'", "targets": [
                { "queue": sales, "expression": "worker.x == 1", "skip_if": "1==1" },
                { "queue": all, "expression": "worker.channel.voice.assigned_tasks == 0" },
            ] },
        ],
    })
}

fn task(topic: &str, queue: Option<Expected<&str>>, worker: Option<Expected<&str>>) -> TestedTask {
    TestedTask {
        attributes: json!({ "topic": topic }).to_string(),
        channel: "chat".to_owned(),
        priority: 0,
        queue: queue.map(expected),
        worker: worker.map(expected),
    }
}

fn expected<S: Sid>(name: Expected<&str>) -> Expected<S> {
    match name {
        Expected::This(name) => Expected::This(sid(name)),
        Expected::Nothing => Expected::Nothing,
    }
}

fn test(tasks: Vec<TestedTask>) -> [RoutingTest; 1] {
    [RoutingTest { name: "t".to_owned(), tasks }]
}

#[test]
fn tasks_go_where_the_router_sends_them_whoever_is_away() {
    use Expected::{Nothing, This};
    let centre = Centre::new(&routing());
    let tests = test(vec![
        task("sales", Some(This("sales")), Some(This("ann"))),
        task("sales", Some(This("sales")), Some(This("ann"))),
        task("sales", Some(This("sales")), Some(Nothing)),
        task("nobody", Some(This("all")), Some(This("bob"))),
        task("other", Some(Nothing), Some(Nothing)),
        task("other", None, None),
    ]);
    let outcomes = centre.run(&tests);
    assert!(outcomes.iter().all(Outcome::is_right), "{outcomes:#?}");
    assert_eq!(outcomes.iter().map(|one| one.number).collect::<Vec<_>>(), [1, 2, 3, 4, 5, 6]);
}

#[test]
fn another_test_case_begins_with_nobody_busy() {
    use Expected::This;
    let centre = Centre::new(&routing());
    let of = |name: &str| RoutingTest {
        name: name.to_owned(),
        tasks: vec![task("nobody", None, Some(This("ann")))],
    };
    let tests = ["a", "b", "c"].map(of);
    assert!(centre.run(&tests).iter().all(Outcome::is_right), "the eldest comes first, in each");
}

#[test]
fn what_differs_is_said() {
    use Expected::{Nothing, This};
    let centre = Centre::new(&routing());
    let tests = test(vec![
        task("sales", Some(This("all")), Some(This("ann"))),
        task("sales", None, Some(This("bob"))),
        task("other", Some(This("all")), None),
        task("nobody", Some(Nothing), Some(Nothing)),
    ]);
    let outcomes = centre.run(&tests);
    let right: Vec<_> =
        outcomes.iter().map(|one| (one.queue_is_right(), one.worker_is_right())).collect();
    assert_eq!(right, [(false, true), (true, false), (false, true), (false, false)]);
    assert!(outcomes.iter().all(|one| !one.is_right()));
    assert_eq!((outcomes[1].queue, &outcomes[1].workers), (Some(sid("sales")), &vec![sid("ann")]));
    assert_eq!((outcomes[2].queue, outcomes[2].workers.len()), (None, 0));
}

#[test]
fn a_priority_and_a_channel_are_the_tasks_own() {
    use Expected::{Nothing, This};
    let centre = Centre::new(&routing());
    let call = TestedTask { channel: "voice".to_owned(), ..task("sales", None, Some(This("ann"))) };
    let unknown = TestedTask { channel: "fax".to_owned(), ..task("sales", None, None) };
    let tests = test(vec![
        call,
        task("nobody", None, Some(This("bob"))),
        task("sales", None, Some(This("ann"))),
        unknown,
        TestedTask { priority: 7, ..task("sales", Some(This("sales")), Some(This("ann"))) },
        TestedTask { priority: 8, ..task("sales", Some(This("sales")), Some(Nothing)) },
    ]);
    let outcomes = centre.run(&tests);
    let right: Vec<bool> = outcomes.iter().map(Outcome::is_right).collect();
    assert_eq!(right, [true, true, true, false, true, true]);
    assert!(!outcomes[3].has_channel);
}

#[test]
fn a_test_case_is_stored_as_it_is_read() {
    let one = test(vec![task("x", Some(Expected::Nothing), Some(Expected::This("ann")))]);
    let text = serde_json::to_string(&one).unwrap();
    assert_eq!(serde_json::from_str::<Vec<RoutingTest>>(&text).unwrap(), one);
    let bare: TestedTask =
        serde_json::from_value(json!({ "attributes": "{}", "channel": "chat", "priority": 0 }))
            .unwrap();
    assert_eq!((bare.queue, bare.worker), (None, None));
}
