//! Wires `conversations-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_rest::run(conversations_api::NEEDS, conversations_api::handle).await
}
