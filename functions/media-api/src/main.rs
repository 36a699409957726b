//! Wires `media-api` to Lambda.
#![recursion_limit = "256"]

use media_api::Tools;
use switchboard_caller::OnUse;
use switchboard_media::Bucket;
use switchboard_runtime::Error;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = switchboard_vault::start(media_api::NEEDS).await?;
    let tools = &Tools {
        caller: OnUse::new(on.config.allow_loopback_webhooks),
        bucket: Bucket::of_environment(&on.config, media_api::NEEDS.patience),
    };
    switchboard_rest::run_on(on, move |on, request| media_api::handle(on, tools, request)).await
}
