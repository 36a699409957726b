//! How many are asked, what the receipt says, how much fits a step.

use super::*;

#[test]
fn as_many_workers_are_asked_at_once_as_the_queue_allows() {
    let mut world = World::new();
    world.queue("q", "1==1", |queue| queue.max_reserved_workers = 2);
    for (name, since) in [("a", 1), ("b", 2), ("c", 3)] {
        world.worker(name, json!({}), since);
    }
    world.activity("c", "off");
    world.arrives("t");
    let task = world.task_called("t");
    assert_eq!((world.holders("t"), task.assignments), (vec!["a".to_owned(), "b".to_owned()], 1));
    let receipt = task.reservations[0].receipt.clone().unwrap();
    let why: Vec<_> = receipt.passed_over.iter().map(|one| (one.worker, one.why)).collect();
    assert_eq!(why, [(sid("b"), PassedOver::HoldsIt), (sid("c"), PassedOver::Activity)]);
    world.rejects("a", "t");
    world.activity("c", "on");
    world.after(1);
    assert_eq!(world.holders("t"), ["b"], "it is still offered");
    world.accepts("b", "t");
    world.arrives("u");
    assert_eq!(world.holders("u"), ["a", "c"]);
}

#[test]
fn a_receipt_names_the_filter_and_five_others_and_counts_the_rest() {
    let mut world = World::new();
    let filter = json!({
        "filter_friendly_name": "Everything",
        "expression": "1==1",
        "targets": [target("q", json!({ "expression": "worker.n != 1" }))],
    });
    world.workflow(json!({ "filters": [filter] }));
    for n in 0..40 {
        world.worker(&format!("w{n}"), json!({ "n": n }), n);
    }
    world.arrives("t");
    let task = world.task_called("t");
    let receipt = task.reservations[0].receipt.clone().unwrap();
    assert_eq!((receipt.filter.as_str(), receipt.target), ("Everything", 0));
    assert_eq!((receipt.passed_over.len(), receipt.and_more), (5, 34));
    assert_eq!(receipt.passed_over[0].worker, sid("w1"));
    assert_eq!(receipt.passed_over[0].why, PassedOver::Expression);
    assert_eq!(receipt.passed_over[1].why, PassedOver::OrderedBehind);
}

#[test]
fn a_large_batch_is_decided_in_steps_that_fit_a_transaction() {
    let mut world = World::new();
    for n in 0..120 {
        world.worker(&format!("w{n}"), json!({}), n);
    }
    for n in 0..200 {
        world.now = world.now + Millis(1);
        world.task(&format!("t{n}"), json!({}), |_| {});
    }
    let turns = world.step();
    let sizes: Vec<_> = turns.iter().map(|turn| turn.decision.puts.len()).collect();
    assert_eq!(sizes, [90, 90, 20]);
    assert_eq!(world.router.waiting().count(), 80);
    assert_eq!(world.holders("t119"), ["w119"]);
    let turns = world.after(60);
    assert!(turns.iter().rev().skip(1).all(|turn| turn.more));
    let lapsed = (0..120).all(|n| world.worker_called(&format!("w{n}")).activity == sid("off"));
    assert!(lapsed);
    assert_eq!(world.router.waiting().count(), 200);
}

#[test]
fn a_task_that_waits_for_the_next_step_is_offered_before_it_skips() {
    let mut world = World::new();
    world.queue("r", "1==2", |_| {});
    let passing = target("q", json!({ "timeout": 5 }));
    world.targets(&[passing, target("r", json!({}))]);
    for n in 0..100 {
        world.worker(&format!("w{n}"), json!({}), n);
        world.task(&format!("t{n}"), json!({}), |task| task.created = Timestamp(0));
    }
    let turns = world.step();
    assert_eq!(turns.len(), 2);
    assert!((0..100).all(|n| world.holders(&format!("t{n}")).len() == 1));
    world.after(60);
    assert!((0..100).all(|n| world.position(&format!("t{n}")).1 == 1));
}

#[test]
fn a_task_is_not_written_between_entering_a_target_and_being_offered_there() {
    let mut world = World::new();
    world.router.puts_max = 3;
    world.targets(&[
        target("q", json!({ "timeout": 10 })),
        target("q", json!({ "skip_if": "1==1" })),
        target("q", json!({})),
    ]);
    world.worker("ann", json!({}), 0);
    world.arrives("t");
    world.now = world.now + Millis::seconds(60);
    world.task("urgent", json!({}), |task| task.priority = 1);
    let turns = world.step_crashing();
    let kinds: Vec<_> = turns[0].decision.puts.iter().map(Record::kind).collect();
    assert_eq!(kinds, ["Task", "Worker"], "the urgent task and ann who is gone");
    assert_eq!(world.position("t").1, 2);
}
