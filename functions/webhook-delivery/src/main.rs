//! Wires `webhook-delivery` to Lambda.
#![recursion_limit = "256"]

use switchboard_caller::Caller;
use switchboard_runtime::{Error, serve, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(webhook_delivery::NEEDS).await?;
    let caller = &Caller::new(on.config.allow_loopback_webhooks)?;
    serve(async move |event| Ok(webhook_delivery::handle(on, caller, event).await)).await
}
