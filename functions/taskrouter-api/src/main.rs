//! Wires `taskrouter-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    let on = switchboard_vault::start(taskrouter_api::NEEDS).await?;
    switchboard_rest::run_on(on, taskrouter_api::handle).await
}
