//! Wires `autocreation` to Lambda.
#![recursion_limit = "256"]

use switchboard_runtime::{Error, serve};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = switchboard_caller::start(autocreation::NEEDS).await?;
    serve(async move |event| Ok(autocreation::handle(on, event).await)).await
}
