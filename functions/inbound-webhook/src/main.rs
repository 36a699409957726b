//! Wires `inbound-webhook` to Lambda.
#![recursion_limit = "256"]

use lambda_http::{Error, service_fn};
use switchboard_carriers::Carriers;
use switchboard_runtime::start;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(inbound_webhook::PATIENCE).await?;
    let carriers = &Carriers::connect(&on.config.carrier_settings())?;
    let handle = async move |request| inbound_webhook::handle(on, carriers, request).await;
    lambda_http::run(service_fn(handle)).await
}
