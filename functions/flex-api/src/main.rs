//! Wires `flex-api` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_rest::run(flex_api::NEEDS, flex_api::handle).await
}
