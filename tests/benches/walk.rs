//! How long a message takes to find an agent on this machine, and what each path costs in the cloud.
//!
//! `cargo bench -p switchboard-tests --bench walk`: a thousand customers write, one after the other; each is
//! timed from the webhook to the committed reservation. Then the three paths are counted from the calls that
//! were really made. Times are this machine's; units and requests are everybody's.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]

use std::time::{Duration, Instant};

use serde_json::json;
use switchboard::{Counters, Usage};
use switchboard_tests::Exchange;

const MESSAGES: usize = 1000;

#[tokio::main]
async fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let exchange = Exchange::open().await;
    roomy(&exchange).await;
    let times = times(&exchange).await;
    let at = |share: f64| times[((times.len() - 1) as f64 * share) as usize];
    println!("inbound → reservation, {MESSAGES} messages one after the other:");
    println!("  median {:?}, 99th percentile {:?}, worst {:?}", at(0.5), at(0.99), at(1.0));
    paths(&exchange).await;
    exchange.rests().await;
}

/// Agents with room for everybody, who may think as long as they like.
async fn roomy(exchange: &Exchange) {
    let workflow = format!("{}/Workflows/{}", exchange.workspace, exchange.sid("workflow"));
    exchange.api.post(&workflow, &[("TaskReservationTimeout", "86400")]).await.ok();
    for name in ["alice", "bob"] {
        let path = format!("{}/Workers/{}/Channels/sms", exchange.workspace, exchange.sid(name));
        exchange.api.post(&path, &[("Capacity", "5000")]).await.ok();
    }
    exchange.settles().await;
}

async fn times(exchange: &Exchange) -> Vec<Duration> {
    let mut traces = exchange.deployment.traces();
    let mut times = Vec::with_capacity(MESSAGES);
    for number in 0..MESSAGES {
        let customer = exchange.customer(&format!("+1212555{number:04}"));
        let begun = Instant::now();
        assert_eq!(customer.writes("hello").await, 200);
        loop {
            let trace = traces.recv().await.unwrap();
            let reserves = trace.function == "task-assignment"
                && trace.written.iter().any(|item| item.kind == "Task");
            if reserves {
                times.push(begun.elapsed());
                break;
            }
        }
        exchange.settles().await;
    }
    times.sort_unstable();
    times
}

/// Counts one path: what everything used between two moments at rest.
async fn count<T>(exchange: &Exchange, path: &str, walk: impl Future<Output = T>) -> T {
    exchange.settles().await;
    let mark: Counters = exchange.deployment.counters();
    let walked = walk.await;
    exchange.settles().await;
    let used = exchange.deployment.counters().since(&mark);
    let total = used.total();
    println!(
        "{path}: {} write units, {} read units, {} SQS requests, {} invocations",
        total.write_units,
        total.read_units,
        total.queue_requests(),
        total.invocations
    );
    for (function, usage) in &used.functions {
        let Usage { invocations, write_units, read_units, .. } = usage;
        let requests = usage.queue_requests();
        println!("    {function}: {invocations} × {write_units} w, {read_units} r, {requests} q");
    }
    walked
}

async fn paths(exchange: &Exchange) {
    let customer = exchange.customer("+13105550100");
    count(exchange, "inbound → reservation", customer.writes("hello")).await;
    let conversation = customer.conversation().await;
    count(exchange, "inbound → appended", customer.writes("are you there?")).await;
    // Both have many offers: the one about this conversation is the last one made.
    let tasks = exchange.tasks().await;
    let mine = tasks
        .iter()
        .find(|task| task["attributes"].as_str().is_some_and(|it| it.contains(&conversation)))
        .unwrap();
    let path =
        format!("{}/Tasks/{}/Reservations", exchange.workspace, mine["sid"].as_str().unwrap());
    let offers = exchange.api.all(&path, "reservations").await;
    let accept = format!("{path}/{}", offers[0]["sid"].as_str().unwrap());
    let accepted = [("ReservationStatus", "accepted")];
    let answered =
        count(exchange, "accepted, agent seated", exchange.api.post(&accept, &accepted)).await;
    assert_eq!(answered.ok()["reservation_status"], json!("accepted"));
    let messages = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let reply = [("Author", "alice"), ("Body", "how can I help?")];
    count(exchange, "reply out, with two receipts", exchange.api.post(&messages, &reply))
        .await
        .ok();
}
