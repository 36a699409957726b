//! Wires `outbound-message` to Lambda.
#![recursion_limit = "256"]

use switchboard_carriers::Carriers;
use switchboard_connections::{Connections, Vault};
use switchboard_runtime::{Error, serve, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(outbound_message::NEEDS).await?;
    let carriers = Carriers::connect(&on.config.carrier_settings())?;
    let vault = Vault::of_environment(&on.config, outbound_message::NEEDS.patience);
    let connections = &Connections::new(carriers, vault);
    serve(async move |event| Ok(outbound_message::handle(on, connections, event).await)).await
}
