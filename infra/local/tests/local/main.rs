//! The laptop deployment, looked at from outside: HTTP, the SDK clients, queues, streams, faults, restarts.
#![recursion_limit = "256"]
#![expect(clippy::unwrap_used, reason = "a test that cannot go on has failed")]

mod binary;
mod check;
mod cost;
mod faults;
mod folders;
mod http;
mod queues;
mod restarts;
mod tables;

use std::time::Duration;

use switchboard::{Deployment, Haste, Options};

/// Long enough for a busy machine; a test that waits this long has failed.
const PATIENCE: Duration = Duration::from_secs(30);

/// A deployment in memory, whose queues give a message up after two quick attempts.
async fn start() -> Deployment {
    start_with(Options::default()).await
}

async fn start_with(options: Options) -> Deployment {
    let haste = Haste { visibility_seconds: Some(1), receives_max: Some(2) };
    Deployment::start(Options { haste, ..options }).await.unwrap()
}
