//! Wires `delivery-receipt` to Lambda.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(delivery_receipt::PATIENCE).await?;
    run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(delivery_receipt::handle(on, event.payload).await)
    }))
    .await
}
