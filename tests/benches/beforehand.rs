//! How much later a message is published because an endpoint is asked about it.
//!
//! `cargo bench -p switchboard-tests --bench beforehand`: a customer writes into an open conversation, first with nobody to be asked,
//! then with an endpoint that takes 20 ms to answer. The goal is a median that is at most 30 ms later.
#![allow(clippy::print_stdout, clippy::unwrap_used, reason = "a benchmark talks")]

use std::pin::Pin;
use std::sync::Arc;
use std::time::{Duration, Instant};

use switchboard::{Answer, Called, Endpoints, Options};
use switchboard_tests::Exchange;

const MESSAGES: usize = 200;
const TAKES: Duration = Duration::from_millis(20);

/// An endpoint that thinks it over and has nothing to say.
#[derive(Debug)]
struct Thinks;

impl Endpoints for Thinks {
    fn answer(
        &self,
        _: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        Box::pin(async {
            tokio::time::sleep(TAKES).await;
            (
                Called::Answered(200),
                Answer { content_type: None, body: Some(Vec::new()), ..Answer::default() },
            )
        })
    }
}

#[tokio::main]
async fn main() {
    // `cargo test --benches` passes this; there is nothing to test then.
    if std::env::args().any(|argument| argument == "--test") {
        return;
    }
    let endpoints: Option<Arc<dyn Endpoints>> = Some(Arc::new(Thinks));
    let exchange = Exchange::opened(Options { endpoints, ..Options::default() }).await;
    let customer = exchange.customer("+12125550100");
    customer.writes("hello").await;
    exchange.settles().await;
    let without = median(&exchange).await;
    let hooks = "/conversations/v1/Configuration/Webhooks";
    let form = [("PreWebhookUrl", "https://customer.example/asked"), ("Filters", "onMessageAdd")];
    exchange.api.post(hooks, &form).await.ok();
    let asked = median(&exchange).await;
    println!("webhook → published, median of {MESSAGES}: {without:?}");
    println!(
        "asked beforehand, the answer takes {TAKES:?}: {asked:?}, {:?} later",
        asked - without
    );
    exchange.rests().await;
}

/// From the carrier's webhook to the committed message.
async fn median(exchange: &Exchange) -> Duration {
    let customer = exchange.customer("+12125550100");
    let mut traces = exchange.deployment.traces();
    let mut times = Vec::with_capacity(MESSAGES);
    for _ in 0..MESSAGES {
        let begun = Instant::now();
        assert_eq!(customer.writes("hello").await, 200);
        loop {
            let trace = traces.recv().await.unwrap();
            let is_written = trace.written.iter().any(|item| item.kind == "Message");
            if trace.function == "autocreation" && is_written {
                times.push(begun.elapsed());
                break;
            }
        }
        exchange.settles().await;
    }
    times.sort_unstable();
    times[MESSAGES / 2]
}
