//! Wires `task-assignment` to Lambda.
#![recursion_limit = "256"]

use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use switchboard_runtime::{Dependencies, telemetry};

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    telemetry::start();
    let on = &Dependencies::from_env(task_assignment::PATIENCE).await?;
    let routers = &task_assignment::Routers::default();
    run(service_fn(async move |event: LambdaEvent<_>| {
        Ok::<_, Error>(task_assignment::handle(on, routers, event.payload).await)
    }))
    .await
}
