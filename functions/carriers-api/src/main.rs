//! Wires `carriers-api` to Lambda.
#![recursion_limit = "256"]

use lambda_http::{Error, Request, RequestExt as _, service_fn};
use switchboard_carriers::Carriers;
use switchboard_connections::{Connections, Vault};
use switchboard_runtime::deadline::until;
use switchboard_runtime::{end_of, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(carriers_api::NEEDS).await?;
    let carriers = Carriers::connect(&on.config.carrier_settings())?;
    let vault = Vault::of_environment(&on.config, carriers_api::NEEDS.patience);
    let connections = &Connections::new(carriers, vault);
    let handle = |request: Request| {
        until(end_of(&request.lambda_context()), carriers_api::handle(on, connections, request))
    };
    lambda_http::run(service_fn(handle)).await
}
