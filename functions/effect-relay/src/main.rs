//! Wires `effect-relay` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_runtime::run_batch(effect_relay::NEEDS, effect_relay::handle).await
}
