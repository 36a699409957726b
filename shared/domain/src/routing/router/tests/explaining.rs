//! Why a task waits.

use super::*;
use crate::routing::router::{Due, Explanation, KnownWorkerFault, NAMED_MAX, Reason, Why};

impl World {
    fn explained(&self, task: &str) -> Explanation {
        self.rebuilt().explain(sid(task), self.now).unwrap()
    }
}

fn reasons(explanation: &Explanation) -> Vec<(&str, Reason)> {
    let all = explanation.passed_over.iter();
    all.map(|one| (one.name.as_str(), one.reason.clone())).collect()
}

#[test]
fn every_worker_of_the_queue_has_a_reason_in_the_words_of_its_author() {
    let mut world = World::new();
    world.queue("q", "skill > 0", |_| {});
    let expression = "worker.level >= 3 AND  worker.lang HAS task.lang";
    world.targets(&[target("q", json!({ "expression": expression, "timeout": 40 }))]);
    for (name, level) in [("absent", 5), ("busy", 5), ("closed", 5), ("low", 1), ("french", 5)] {
        let lang = if name == "french" { "fr" } else { "es" };
        world.worker(name, json!({ "skill": 1, "level": level, "lang": [lang] }), 0);
        world.activity(name, "off");
    }
    world.worker("stranger", json!({ "skill": 0 }), 0);
    world.activity("busy", "on");
    world.task("first", json!({ "lang": "es" }), |_| {});
    world.step();
    for name in ["closed", "low", "french"] {
        world.activity(name, "on");
    }
    world.change_worker("closed", |worker| {
        let closed = crate::workspace::Capacity { capacity: 2, available: false };
        worker.channels.insert(sid("chat"), closed);
    });
    for (name, priority) in [("t", 0), ("urgent", 3)] {
        world.task(name, json!({ "lang": "es" }), |task| task.priority = priority);
    }
    world.step();
    let explained = world.explained("t");
    assert_eq!((explained.why, explained.workers, explained.and_more), (Why::NobodyIsFree, 5, 0));
    assert_eq!((explained.filter.as_deref(), explained.target), (Some("0"), Some(0)));
    assert_eq!(explained.ahead, Some(1), "the urgent one");
    let until = world.task_called("t").target_until.unwrap();
    assert_eq!(explained.next, Some((Due::Target, until)));
    let mut all = reasons(&explained);
    all.sort_by_key(|(name, _)| *name);
    assert_eq!(
        all,
        [
            ("absent", Reason::Activity("off".to_owned())),
            ("busy", Reason::Capacity { open: 1, capacity: 1, available: true }),
            ("closed", Reason::Capacity { open: 0, capacity: 2, available: false }),
            (
                "french",
                Reason::Expression { clause: "worker.lang HAS task.lang".to_owned(), seen: vec![] }
            ),
            ("low", Reason::Expression { clause: "worker.level >= 3".to_owned(), seen: vec![] }),
        ]
    );
    assert_eq!(world.explained("first").why, Why::NotWaiting(TaskStatus::Reserved));
}

#[test]
fn a_queue_without_workers_says_which_clause_nobody_matches() {
    let mut world = World::new();
    world.queue("q", "skill > 0 AND lang HAS 'es'", |queue| queue.ageing_bound_seconds = Some(9));
    world.worker("ann", json!({ "skill": 1, "lang": ["fr"] }), 0);
    world.change_worker("ann", |_| {});
    world.worker("bob", json!({}), 0);
    world.change_worker("bob", |worker| worker.attributes = "{".to_owned());
    world.arrives("t");
    let explained = world.explained("t");
    assert_eq!((explained.why, explained.workers), (Why::NoWorkers, 0));
    let mut all = reasons(&explained);
    all.sort_by_key(|(name, _)| *name);
    assert_eq!(
        all,
        [
            ("ann", Reason::NotInQueue(Some("lang HAS 'es'".to_owned()))),
            ("bob", Reason::NotInQueue(None)),
        ]
    );
    assert_eq!(explained.next, Some((Due::Ageing, world.now + Millis::seconds(9))));
    world.after(9);
    assert_eq!(world.explained("t").next.unwrap().0, Due::Timeout);
}

#[test]
fn a_known_worker_and_their_fault_are_named_first() {
    let mut world = World::new();
    world.queue("q", "skill > 0", |_| {});
    world.targets(&[target("q", json!({ "known_worker_sid": "task.agent" }))]);
    world.worker("ann", json!({ "skill": 1 }), 0);
    world.worker("out", json!({ "skill": 0 }), 0);
    world.task("t", json!({ "agent": sid::<WorkerSid>("out") }), |_| {});
    world.task("away", json!({ "agent": sid::<WorkerSid>("ann") }), |_| {});
    world.activity("ann", "off");
    world.step();
    let explained = world.explained("t");
    assert_eq!(explained.why, Why::KnownWorker);
    assert_eq!(explained.known_worker, Some(KnownWorkerFault::NotInQueue));
    let explained = world.explained("away");
    assert_eq!((explained.why, explained.known_worker), (Why::NobodyIsFree, None));
    world.worker("bob", json!({ "skill": 1 }), 0);
    world.step();
    let asks = Reason::NotTheKnownWorker("known_worker_sid: task.agent".to_owned());
    assert_eq!(
        reasons(&world.explained("away")),
        [("ann", Reason::Activity("off".to_owned())), ("bob", asks)]
    );
}

#[test]
fn reasons_for_a_task_in_no_line_are_given() {
    let mut world = World::new();
    world.workflow(
        json!({ "filters": [{ "expression": "a == 1", "targets": [target("q", json!({}))] }] }),
    );
    world.task("t", json!({}), |_| {});
    assert_eq!(world.explained("t").why, Why::NoFilter);
    world.task("new", json!({ "a": 1 }), |_| {});
    assert_eq!(world.explained("new").why, Why::NotRoutedYet);
    world.task("broken", json!({}), |task| task.attributes = "{".to_owned());
    assert_eq!(world.explained("broken").why, Why::NoAttributes);
    let mut workflow = world.workflow_record();
    workflow.configuration = "?".to_owned();
    world.put(workflow);
    assert_eq!(world.explained("new").why, Why::NoWorkflow);
    world.router.forget(PartSid::Workflow(sid("workflow")));
    assert_eq!(world.router.explain(sid("new"), world.now).unwrap().why, Why::NoWorkflow);
    assert_eq!(world.router.explain(sid("nothing"), world.now), None);
    world.workflow(json!({ "default_filter": target("q", json!({})) }));
    world.task("direct", json!({}), |task| task.worker = Some(sid("nobody")));
    assert_eq!(world.explained("direct").why, Why::NoSuchWorker);
}

#[test]
fn many_workers_are_counted_and_some_are_named() {
    let mut world = World::new();
    for n in 0..50 {
        world.worker(&format!("w{n}"), json!({}), n);
        world.activity(&format!("w{n}"), "off");
    }
    world.arrives("t");
    let explained = world.explained("t");
    assert_eq!((explained.passed_over.len(), explained.and_more), (NAMED_MAX, 30));
}

#[test]
fn a_worker_who_is_busy_elsewhere_is_occupied_where_tasks_are_done_one_by_one() {
    let mut world = World::new();
    let mut workspace = world.router.picture.workspace().clone();
    workspace.multi_task_enabled = false;
    world.put(workspace);
    world.channel("voice", false);
    world.worker("ann", json!({}), 0);
    world.task("call", json!({}), |task| task.channel = sid("voice"));
    world.step();
    world.arrives("t");
    assert_eq!(reasons(&world.explained("t")), [("ann", Reason::Occupied)]);
}
