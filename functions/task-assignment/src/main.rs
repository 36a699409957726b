//! Wires `task-assignment` to Lambda.
#![recursion_limit = "256"]

use switchboard_runtime::{Error, serve, start};
use task_assignment::Routers;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    let on = start(task_assignment::NEEDS).await?;
    let routers = &Routers::default();
    serve(async move |event| Ok(task_assignment::handle(on, routers, event).await)).await
}
