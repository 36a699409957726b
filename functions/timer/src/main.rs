//! Wires `timer` to Lambda.
#![recursion_limit = "256"]

use switchboard_runtime::{Error, serve, start};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(timer::NEEDS).await?;
    serve(|event| timer::handle(on, event)).await
}
