//! Wires `inbound-webhook` to Lambda.
#![recursion_limit = "256"]

use lambda_http::{Error, run, service_fn};
use switchboard_carriers::Carriers;
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(inbound_webhook::PATIENCE).await?;
    let carriers = &Carriers::connect(&on.config.carrier_settings())?;
    run(service_fn(async move |request| inbound_webhook::handle(on, carriers, request).await)).await
}
