//! How long a step of a flow takes: a reply that is branched on, counted, and asked again.
//!
//! `cargo bench -p switchboard-tests --bench flow`: an execution with variables and outputs of ten widgets; texts with look-ups, filters and a
//! condition. The goal is 50 µs a step at most.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]

use std::hint::black_box;
use std::sync::Arc;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_domain::flow::{
    FlowExecution, Graph, Input, Program, Programs, Said, Trigger, advance,
};
use switchboard_domain::private::Private;
use switchboard_domain::sid::{FlowSid, Sid};
use switchboard_domain::timestamp::Timestamp;

const ROUNDS: usize = 5_000;
const NOW: Timestamp = Timestamp(1_795_344_809_123);

fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let flow: FlowSid = Sid::derived(&["f"]);
    let graph = Graph::read(&definition()).unwrap();
    let programs = Programs::from([(flow, Arc::new(Program { flow, revision: 1, graph }))]);
    let addresses = ("+14155550100".to_owned(), "+18005550199".to_owned());
    let trigger = Trigger::Message(said("hello"));
    let mut execution =
        FlowExecution::new(Sid::derived(&["e"]), (flow, 1), addresses, trigger, NOW);
    execution = advance(&programs, &execution, Input::Begin, NOW).unwrap().execution;
    for _ in 0..10 {
        let replied = advance(&programs, &execution, Input::Reply(said("3")), NOW);
        execution = replied.unwrap().execution;
    }
    let before = execution.taken;
    let next = advance(&programs, &execution, Input::Reply(said("3")), NOW).unwrap().execution;
    let steps = next.taken - before;
    let once = |_| {
        let begun = Instant::now();
        black_box(advance(&programs, black_box(&execution), Input::Reply(said("3")), NOW));
        begun.elapsed()
    };
    let mut times: Vec<Duration> = (0..ROUNDS).map(once).collect();
    times.sort_unstable();
    let median = times[ROUNDS / 2];
    println!("a turn of {steps} steps: {median:?}, a step: {:?}", median / steps);
}

fn said(body: &str) -> Said {
    Said {
        message: Sid::derived(&["m"]),
        conversation: Sid::derived(&["c"]),
        service: Sid::derived(&["s"]),
        from: "+14155550100".to_owned(),
        to: "+18005550199".to_owned(),
        body: Some(Private(body.to_owned())),
        files: 0,
        attributes: Some(Private(
            r#"{"channel_type":"sms","pre_engagement_data":{"friendlyName":"Ann"}}"#.to_owned(),
        )),
    }
}

fn definition() -> String {
    let state = |name: &str, kind: &str, properties: Value, transitions: Value| json!({"name": name, "type": kind, "properties": properties, "transitions": transitions});
    let condition = |value: &str| {
        json!([{"type": "matches_any_of", "value": value,
        "arguments": ["{{widgets.ask.inbound.Body | strip | downcase}}"]}])
    };
    let body = "{% if flow.variables.n > 1 %}Again, {{trigger.message.ChannelAttributes.pre_engagement_data.friendlyName | default: 'you'}}: {% endif %}1 or 2?";
    json!({"description": "", "initial_state": "Trigger", "states": [
        state("Trigger", "trigger", json!({}), json!([{"event": "incomingMessage", "next": "ask"}])),
        state("ask", "send-and-wait-for-reply", json!({"body": body}), json!([{"event": "incomingMessage", "next": "split"}])),
        state("split", "split-based-on", json!({"input": "{{widgets.ask.inbound.Body}}"}), json!([
            {"event": "noMatch", "next": "set"}, {"event": "match", "conditions": condition("1,one")},
            {"event": "match", "conditions": condition("2,two")}])),
        state("set", "set-variables", json!({"variables": [
            {"key": "n", "value": "{{flow.variables.n | plus: 1}}", "type": "object"},
            {"key": "said", "value": "{{widgets.ask.inbound.Body | escape | truncate: 40}}"}]}),
            json!([{"event": "next", "next": "ask"}])),
    ]})
    .to_string()
}
