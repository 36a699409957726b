//! Into targets and out of them.

use super::*;
use crate::workspace::Workflow;

#[test]
fn a_task_enters_the_first_matching_filter_and_waits() {
    let mut world = World::new();
    world.queue("es", "1==2", |_| {});
    let spanish = target("es", json!({ "priority": 7, "timeout": 10 }));
    world.workflow(json!({
        "filters": [
            { "expression": "language == 'en'", "targets": [target("q", json!({}))] },
            { "expression": "language == 'es'", "targets": [spanish] },
        ],
    }));
    world.task("t", json!({ "language": "es" }), |_| {});
    let turns = world.step();
    let task = world.task_called("t");
    assert_eq!(world.position("t"), (FilterIndex::Numbered(1), 0));
    assert_eq!((task.queue, task.queue_entered), (Some(sid("es")), Some(world.now)));
    assert_eq!((task.priority, task.status), (7, TaskStatus::Pending));
    assert_eq!(task.target_until, Some(world.now + Millis::seconds(10)));
    assert_eq!(wakes(&turns[0]), [world.now + Millis::seconds(10)]);
    assert_eq!(world.router.next_deadline(), task.target_until);
    assert_eq!(world.router.waiting().collect::<Vec<_>>(), [sid("t")]);
    assert!(world.router.step(world.now).decision.is_unchanged());
}

/// The workflow as it stands, leading everything to this queue.
fn leading_to(world: &World, queue: &str, evaluation: u32) -> Workflow {
    let routing = json!({ "default_filter": target(queue, json!({})) });
    let configuration = json!({ "task_routing": routing }).to_string();
    Workflow { configuration, evaluation, ..world.workflow_record() }
}

#[test]
fn waiting_tasks_enter_their_workflow_anew_once_it_is_asked_for_that() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    let names: Vec<String> = (0..200).map(|number| format!("t{number}")).collect();
    for name in &names {
        world.task(name, json!({}), |_| {});
    }
    world.step();
    world.after(10);
    world.put(leading_to(&world, "r", 0));
    world.step();
    assert!(names.iter().all(|name| world.task_called(name).queue == Some(sid("q"))));
    world.put(leading_to(&world, "r", 1));
    // Cut short after every turn, each router does the rest of what the one before it left.
    let turns = world.step_crashing();
    let written: Vec<usize> = turns.iter().map(|turn| turn.decision.puts.len()).collect();
    assert_eq!(written.iter().sum::<usize>(), names.len(), "{written:?}: each once");
    for name in &names {
        let task = world.task_called(name);
        assert_eq!((task.queue, task.queue_entered), (Some(sid("r")), Some(world.now)), "{name}");
    }
    assert!(world.router.step(world.now).decision.is_unchanged());
}

#[test]
fn a_task_that_is_offered_enters_its_workflow_anew_when_nobody_takes_it() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    world.put(leading_to(&world, "r", 1));
    world.step();
    assert_eq!(world.task_called("t").queue, Some(sid("q")), "it is offered");
    world.after(60);
    assert_eq!(world.task_called("t").queue, Some(sid("r")));
}

#[test]
fn a_task_without_a_filter_goes_to_the_default_one_or_falls_out() {
    let mut world = World::new();
    world.task("lucky", json!({}), |_| {});
    world.step();
    assert_eq!(world.position("lucky"), (FilterIndex::Default, 0));
    let mut world = World::new();
    let filters = json!([{ "expression": "1==2", "targets": [target("q", json!({}))] }]);
    world.workflow(json!({ "filters": filters }));
    world.task("unlucky", json!({}), |_| {});
    let turns = world.step();
    assert_eq!(world.status("unlucky"), canceled(Ending::FellOut));
    let ended = Effect::Invite(InviteRequest::TaskEnded {
        interaction: sid("unlucky"),
        task: sid("unlucky"),
        status: TaskStatus::Canceled,
    });
    assert_eq!(turns[0].decision.effects, [ended]);
    assert!(world.router.task(sid("unlucky")).is_none());
}

#[test]
fn targets_end_one_after_the_other_counted_from_the_creation() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    world.targets(&[
        target("q", json!({ "timeout": 10, "priority": 3 })),
        target("q", json!({ "timeout": 10 })),
        target("r", json!({ "timeout": 5 })),
    ]);
    world.task("t", json!({}), |_| {});
    let start = world.now;
    world.step();
    world.after(9);
    assert_eq!(world.position("t").1, 0);
    world.after(1);
    let task = world.task_called("t");
    assert_eq!((world.position("t").1, task.priority), (1, 3));
    assert_eq!(task.target_until, Some(start + Millis::seconds(20)));
    assert_eq!(task.queue_entered, Some(start), "the queue is the same");
    world.after(10);
    let task = world.task_called("t");
    assert_eq!((world.position("t").1, task.queue), (2, Some(sid("r"))));
    assert_eq!(task.queue_entered, Some(start + Millis::seconds(20)));
    world.after(5);
    assert_eq!(world.status("t"), canceled(Ending::FellOut));
}

#[test]
fn a_reserved_task_stays_until_its_reservation_fails_and_then_moves_on() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    world.targets(&[target("q", json!({ "timeout": 10 })), target("r", json!({}))]);
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    world.after(30);
    assert_eq!((world.position("t").1, world.holders("t")), (0, vec!["ann".to_owned()]));
    world.after(30);
    assert_eq!((world.position("t").1, world.holders("t")), (1, vec![]));
    assert_eq!(world.worker_called("ann").activity, sid("off"));
}

#[test]
fn a_task_that_comes_late_to_a_target_is_offered_there_once() {
    let mut world = World::new();
    world.queue("r", "name == 'bob'", |_| {});
    world.targets(&[target("q", json!({ "timeout": 10 })), target("r", json!({ "timeout": 10 }))]);
    world.worker("ann", json!({}), 0);
    world.task("t", json!({}), |_| {});
    world.step();
    world.worker("bob", json!({ "name": "bob" }), 500);
    world.after(60);
    assert_eq!((world.position("t").1, world.holders("t")), (1, vec!["bob".to_owned()]));
    world.after(60);
    assert_eq!(world.status("t"), canceled(Ending::FellOut));
}

#[test]
fn skip_if_is_asked_only_when_nobody_was_free() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    let skipping = target("q", json!({ "skip_if": "1==1", "timeout": 10 }));
    world.targets(&[skipping, target("r", json!({ "timeout": 10 }))]);
    world.worker("ann", json!({}), 0);
    world.arrives("first");
    assert_eq!(world.position("first").1, 0);
    world.arrives("second");
    let second = world.task_called("second");
    assert_eq!(world.position("second").1, 1);
    assert_eq!(second.target_until, Some(second.created + Millis::seconds(20)));
}

#[test]
fn skip_if_counts_the_workers_of_the_queue() {
    let mut world = World::new();
    world.queue("r", "1==1", |_| {});
    world.queue("q", "skill == 1", |_| {});
    let off: ActivitySid = sid("off");
    let skip =
        format!("workers.available == 0 AND workers.unavailable == 1 AND workers.{off} == 1");
    world.targets(&[target("q", json!({ "skip_if": skip })), target("r", json!({}))]);
    world.worker("ann", json!({ "skill": 1 }), 0);
    world.worker("bob", json!({}), 0);
    world.activity("bob", "off");
    world.arrives("served");
    world.arrives("waits");
    assert_eq!(world.position("waits").1, 0);
    world.activity("ann", "off");
    world.arrives("skips");
    assert_eq!((world.position("waits").1, world.position("skips").1), (0, 1));
}

#[test]
fn a_task_skips_through_all_filters_to_the_default_one_in_one_step() {
    let mut world = World::new();
    world.queue("last", "1==1", |_| {});
    let skipping = || target("q", json!({ "skip_if": "1==1" }));
    let filter = || json!({ "expression": "1==1", "targets": [skipping(), skipping()] });
    world.workflow(json!({
        "filters": [filter(), filter()],
        "default_filter": target("last", json!({})),
    }));
    world.arrives("t");
    assert_eq!(world.position("t"), (FilterIndex::Default, 0));
    world.workflow(json!({ "filters": [filter()] }));
    world.arrives("u");
    assert_eq!(world.status("u"), canceled(Ending::FellOut));
}

#[test]
fn a_task_of_an_unreadable_workflow_waits_until_it_is_mended_or_times_out() {
    let mut world = World::new();
    world.put(world.workflow_record());
    world.worker("ann", json!({}), 0);
    world.arrives("t");
    world.task("broken", json!({}), |task| task.attributes = "{".to_owned());
    assert!(world.step()[0].decision.is_unchanged());
    world.workflow(json!({ "default_filter": target("q", json!({})) }));
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
    assert_eq!(world.task_called("broken").position, None);
    world.after(3600);
    assert_eq!(world.status("broken"), canceled(Ending::TimedOut));
}

#[test]
fn a_task_whose_workflow_is_gone_is_given_up_once_nobody_is_asked() {
    let mut world = World::new();
    world.worker("ann", json!({}), 0);
    world.arrives("asked");
    world.arrives("waiting");
    world.router.forget(PartSid::Workflow(sid("workflow")));
    world.step();
    assert_eq!(world.holders("asked"), ["ann"]);
    assert_eq!(world.status("waiting"), canceled(Ending::Unroutable));
    world.rejects("ann", "asked");
    world.step();
    assert_eq!(world.status("asked"), canceled(Ending::Unroutable));
    world.arrives("late");
    assert_eq!(world.status("late"), canceled(Ending::Unroutable));
}

#[test]
fn a_task_is_given_up_when_its_channel_or_whom_it_was_made_for_is_gone() {
    let made_for = |part: PartSid, make: &dyn Fn(&mut Fields)| {
        let mut world = World::new();
        world.worker("ann", json!({}), 0);
        world.worker("bob", json!({}), 0);
        world.activity("ann", "off");
        world.activity("bob", "off");
        let make = |task: &mut Fields| make(task);
        world.task("before", json!({}), make);
        world.task("other", json!({}), |_| {});
        world.step();
        assert_eq!(world.status("before").0, TaskStatus::Pending);
        world.router.forget(part);
        world.step();
        assert_eq!(world.status("before"), canceled(Ending::Unroutable), "{part:?}");
        world.task("after", json!({}), make);
        world.step();
        assert_eq!(world.status("after"), canceled(Ending::Unroutable), "{part:?}");
        world.status("other").0
    };
    let for_ann = |task: &mut Fields| task.worker = Some(sid("ann"));
    assert_eq!(made_for(PartSid::Worker(sid("ann")), &for_ann), TaskStatus::Pending);
    let for_queue = |task: &mut Fields| {
        task.queue = Some(sid("q"));
        task.bound_to_queue = true;
    };
    assert_eq!(made_for(PartSid::TaskQueue(sid("q")), &for_queue), TaskStatus::Pending);
    let on_channel = |_: &mut Fields| {};
    assert_eq!(made_for(PartSid::TaskChannel(sid("chat")), &on_channel), TaskStatus::Canceled);
}

#[test]
fn a_task_whose_target_was_configured_away_enters_anew() {
    let mut world = World::new();
    world.queue("r", "1==2", |_| {});
    world.targets(&[target("r", json!({ "skip_if": "1==1" })), target("r", json!({}))]);
    world.arrives("t");
    assert_eq!(world.position("t").1, 1);
    world.worker("ann", json!({}), 0);
    world.targets(&[target("q", json!({}))]);
    world.step();
    assert_eq!((world.position("t").1, world.holders("t")), (0, vec!["ann".to_owned()]));
}

#[test]
fn a_deleted_queue_has_no_workers() {
    let mut world = World::new();
    world.router.forget(PartSid::TaskQueue(sid("q")));
    world.worker("ann", json!({}), 0);
    world.arrives("t");
    assert_eq!(world.holders("t"), [""; 0]);
    assert_eq!(world.task_called("t").queue, Some(sid("q")));
}

#[test]
fn a_task_that_excludes_nobody_is_offered_to_anybody() {
    // A transfer to a queue leaves out the workers who are in the conversation already, if there are any.
    for (attributes, expected) in [
        (json!({}), ["ann", "bob"].as_slice()),
        (json!({ "present": null }), &["ann", "bob"]),
        (json!({ "present": [] }), &["ann", "bob"]),
        (json!({ "present": [sid::<WorkerSid>("ann")] }), &["bob"]),
        (json!({ "present": "nobody" }), &[]),
    ] {
        let mut world = World::new();
        world.queue("q", "1==1", |queue| queue.max_reserved_workers = 2);
        world.worker("ann", json!({}), 1);
        world.worker("bob", json!({}), 2);
        world.targets(&[target("q", json!({ "expression": "worker.sid NOT IN task.present" }))]);
        world.task("t", attributes.clone(), |_| {});
        world.step();
        let reserved = world.task_called("t").reservations.clone();
        let workers: Vec<&str> = reserved.iter().map(|one| one.worker_name.as_str()).collect();
        assert_eq!(workers, expected, "{attributes}");
    }
}

#[test]
fn filters_and_queues_may_say_whose_a_name_is() {
    let mut world = World::new();
    world.queue("vips", "worker.level >= 3 AND worker.skills HAS 'vip'", |_| {});
    world.worker("ann", json!({ "level": 2, "skills": ["vip"] }), 1);
    world.worker("bob", json!({ "level": 3, "skills": ["vip"] }), 2);
    world.workflow(json!({
        "filters": [{ "expression": "task.vip == true", "targets": [target("vips", json!({}))] }],
        "default_filter": target("q", json!({})),
    }));
    world.task("t", json!({ "vip": true }), |_| {});
    world.step();
    assert_eq!(world.position("t"), (FilterIndex::Numbered(0), 0));
    assert_eq!(world.task_called("t").reservations[0].worker_name, "bob");
}
