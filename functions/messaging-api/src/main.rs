//! Wires `messaging-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_rest::run(messaging_api::NEEDS, messaging_api::handle).await
}
