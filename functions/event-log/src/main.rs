//! Wires `event-log` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_runtime::run_batch(event_log::NEEDS, event_log::handle).await
}
