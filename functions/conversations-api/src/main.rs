//! Wires `conversations-api` to Lambda.
#![recursion_limit = "256"]

use switchboard_vault::keeping;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    let keeps = |on| keeping(on, conversations_api::NEEDS.patience);
    let on = switchboard_caller::start_with(conversations_api::NEEDS, keeps).await?;
    switchboard_rest::run_on(on, conversations_api::handle).await
}
