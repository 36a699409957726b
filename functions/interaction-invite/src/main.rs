//! Wires `interaction-invite` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_runtime::run_batch(interaction_invite::NEEDS, interaction_invite::handle).await
}
