//! Wires `taskrouter-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_rest::run(taskrouter_api::NEEDS, taskrouter_api::handle).await
}
