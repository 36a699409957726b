//! Wires `conversations-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    let on = switchboard_caller::start(conversations_api::NEEDS).await?;
    switchboard_rest::run_on(on, conversations_api::handle).await
}
