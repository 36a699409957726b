//! What a worker has to do on each channel, in target expressions.

use super::*;
use crate::routing::router::Reason;
use crate::workspace::Capacity;

/// An agent for calls and chats, and a target that says so of their channels.
fn centre(expression: &str) -> World {
    let mut world = World::new();
    world.channel("voice", false);
    world.targets(&[target("q", json!({ "expression": expression }))]);
    world.worker("ann", json!({}), 0);
    world.capacity("ann", "chat", 3);
    world
}

fn calls(world: &mut World, name: &str) {
    world.task(name, json!({}), |task| task.channel = sid("voice"));
    world.step();
}

#[test]
fn an_agent_with_a_call_gets_no_chat_until_the_call_is_over() {
    for expression in [
        "worker.channel.voice.assigned_tasks == 0",
        "worker.channel.voice.available_capacity_percentage == 100",
        "worker.channel.voice.assigned_tasks < 1 OR worker.nobody == 1",
    ] {
        let mut world = centre(expression);
        calls(&mut world, "call");
        assert_eq!(world.holders("call"), ["ann"], "{expression}");
        world.arrives("chat");
        assert!(world.holders("chat").is_empty(), "an offer counts: {expression}");
        world.accepts("ann", "call");
        world.step();
        assert!(world.holders("chat").is_empty(), "{expression}");
        world.command("call", Command::Complete { reason: None });
        world.step();
        assert_eq!(world.holders("chat"), ["ann"], "{expression}");
    }
}

#[test]
fn a_chat_is_looked_at_again_when_the_offer_of_a_call_ends() {
    let mut world = centre("worker.channel.voice.assigned_tasks == 0");
    calls(&mut world, "call");
    world.arrives("chat");
    world.rejects("ann", "call");
    world.command("call", Command::Cancel { reason: None });
    world.step();
    assert_eq!(world.holders("chat"), ["ann"]);
}

#[test]
fn a_task_is_looked_at_again_when_a_capacity_changes() {
    let mut world = centre(
        "worker.channel.voice.configured_capacity >= 2 AND worker.channel.voice.available == true",
    );
    world.arrives("t");
    assert!(world.holders("t").is_empty());
    world.capacity("ann", "voice", 2);
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
    world.arrives("u");
    world.change_worker("ann", |worker| {
        worker.channels.insert(sid("voice"), Capacity { capacity: 2, available: false });
    });
    world.arrives("v");
    assert_eq!(world.holders("u"), ["ann"]);
    assert!(world.holders("v").is_empty(), "the channel is switched off");
}

#[test]
fn a_task_is_looked_at_again_when_a_worker_gets_something_to_do() {
    let mut world = centre("task.call == true OR worker.channel.voice.assigned_tasks > 0");
    world.arrives("waits for a call");
    assert!(world.holders("waits for a call").is_empty());
    world.task("call", json!({ "call": true }), |task| {
        task.channel = sid("voice");
        task.priority = -1;
    });
    world.step();
    assert_eq!(world.holders("call"), ["ann"]);
    assert_eq!(world.holders("waits for a call"), ["ann"], "it was passed before the call");
}

#[test]
fn a_channel_goes_before_an_attribute_and_an_unknown_one_is_null() {
    let own = json!({ "channel": { "voice": { "assigned_tasks": 7, "other": 1 }, "fax": 1 } });
    for (expression, matches) in [
        ("worker.channel.voice.assigned_tasks == 0", true),
        ("worker.channel.voice.assigned_tasks == 7", false),
        ("worker.channel.voice.other == null", true),
        ("worker.channel.fax == null", true),
        ("worker.channel.fax.assigned_tasks == null", true),
        ("worker.channel.fax.assigned_tasks != 0", true),
        ("worker.channel.Voice.assigned_tasks == null", true),
        ("worker.channel.voice.assigned_tasks.x == null", true),
        ("worker.channel[0] == null", true),
        ("worker.channel.voice != null", true),
        ("worker.channel == 7", false),
    ] {
        let mut world = centre(expression);
        world.change_worker("ann", |worker| worker.attributes = own.to_string());
        world.arrives("t");
        assert_eq!(!world.holders("t").is_empty(), matches, "{expression}");
    }
}

#[test]
fn a_channel_that_is_renamed_is_known_by_its_new_name() {
    let mut world = centre("worker.channel.phone.assigned_tasks == 0");
    world.arrives("t");
    assert!(world.holders("t").is_empty());
    let key = ("TaskChannel", sid::<TaskChannelSid>("voice").to_string());
    let Some(Record::TaskChannel(voice)) = world.table.get(&key).cloned() else { panic!() };
    world
        .put(crate::workspace::TaskChannel { unique_name: "phone".to_owned(), ..(*voice).clone() });
    world.step();
    assert_eq!(world.holders("t"), ["ann"]);
}

#[test]
fn an_order_names_attributes_and_no_channels() {
    let mut world = centre("1==1");
    let order = json!({ "order_by": "worker.channel.voice.assigned_tasks DESC" });
    world.targets(&[target("q", order)]);
    world.worker("bob", json!({ "channel": { "voice": { "assigned_tasks": 9 } } }), 900);
    world.arrives("t");
    assert_eq!(world.holders("t"), ["bob"]);
}

#[test]
fn the_explanation_says_what_was_seen() {
    let mut world = centre("worker.channel.voice.assigned_tasks == 0 AND worker.x == null");
    calls(&mut world, "call");
    world.arrives("t");
    let explained = world.rebuilt().explain(sid("t"), world.now).unwrap();
    let clause = "worker.channel.voice.assigned_tasks == 0".to_owned();
    let seen = vec![("worker.channel.voice.assigned_tasks".to_owned(), json!(1))];
    assert_eq!(explained.passed_over[0].reason, Reason::Expression { clause, seen });
}

#[test]
fn a_cut_step_looks_at_the_busier_all_the_same() {
    let mut world = centre("task.call == true OR worker.channel.voice.assigned_tasks > 0");
    world.router.puts_max = 1;
    for name in ["a", "b", "c"] {
        world.task(name, json!({}), |_| {});
    }
    world.task("call", json!({ "call": true }), |task| {
        task.channel = sid("voice");
        task.priority = -1;
    });
    world.step();
    for name in ["a", "b", "c", "call"] {
        assert_eq!(world.holders(name), ["ann"], "{name}");
    }
}
