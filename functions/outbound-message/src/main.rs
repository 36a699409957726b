//! Wires `outbound-message` to Lambda.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use switchboard_carriers::{Carriers, Settings};
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env().await?;
    let carriers = &Carriers::connect(&Settings {
        account_sid: on.config.account_sid,
        auth_token: &on.config.auth_token,
        public_url: &on.config.public_url,
        carriers: &on.config.carriers,
    })?;
    run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(outbound_message::handle(on, carriers, event.payload).await)
    }))
    .await
}
