//! Wires `autocreation` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_runtime::run_batch(autocreation::NEEDS, autocreation::handle).await
}
