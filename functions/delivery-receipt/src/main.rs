//! Wires `delivery-receipt` to Lambda.
#![recursion_limit = "256"]

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), switchboard_runtime::Error> {
    switchboard_runtime::run_batch(delivery_receipt::NEEDS, delivery_receipt::handle).await
}
