//! Wires `media-copy` to Lambda.
#![recursion_limit = "256"]

use media_copy::Tools;
use switchboard_caller::Caller;
use switchboard_carriers::Carriers;
use switchboard_connections::{Connections, Vault};
use switchboard_media::Bucket;
use switchboard_runtime::{Error, serve, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(media_copy::NEEDS).await?;
    let patience = media_copy::NEEDS.patience;
    let carriers = Carriers::connect(&on.config.carrier_settings())?;
    let vault = Vault::of_environment(&on.config, patience);
    let tools = &Tools {
        connections: Connections::new(carriers, vault),
        caller: Caller::new(on.config.allow_loopback_webhooks)?,
        bucket: Bucket::of_environment(&on.config, patience),
    };
    serve(async move |event| Ok(media_copy::handle(on, tools, event).await)).await
}
