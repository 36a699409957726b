//! Wires `outbound-message` to Lambda.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use switchboard_carriers::Carriers;
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(outbound_message::PATIENCE).await?;
    let carriers = &Carriers::connect(&on.config.carrier_settings())?;
    run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(outbound_message::handle(on, carriers, event.payload).await)
    }))
    .await
}
