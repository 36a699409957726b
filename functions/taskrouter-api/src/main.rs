//! Wires `taskrouter-api` to Lambda.
#![recursion_limit = "256"]

use lambda_http::{Error, run, service_fn};
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(taskrouter_api::PATIENCE).await?;
    run(service_fn(async move |request| taskrouter_api::handle(on, request).await)).await
}
