//! Wires `webhook-delivery` to Lambda.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(webhook_delivery::PATIENCE).await?;
    let caller = &webhook_delivery::Caller::new(on.config.allow_loopback_webhooks)?;
    run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(webhook_delivery::handle(on, caller, event.payload).await)
    }))
    .await
}
