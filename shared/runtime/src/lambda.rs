//! How every function is wired to Lambda.

use lambda_runtime::{Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;

use crate::dependencies::Dependencies;
use crate::failure::Failure;
use crate::patience::Patience;
use crate::telemetry;

/// Starts logging, and reads from the environment what the function works with for as long as its process lives.
///
/// # Errors
/// If the environment does not say what it has to.
pub async fn start(patience: Patience) -> Result<&'static Dependencies, Error> {
    telemetry::start();
    Ok(Box::leak(Box::new(Dependencies::from_env(patience).await?)))
}

/// Hands every event to a function, until the process ends.
///
/// # Errors
/// If Lambda cannot be asked for the next event.
pub async fn serve<E, A, F>(handle: impl Fn(E) -> F) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Future<Output = Result<A, Failure>>,
{
    let invoke = |event: LambdaEvent<E>| {
        let handled = handle(event.payload);
        async { handled.await.map_err(Error::from) }
    };
    lambda_runtime::run(service_fn(invoke)).await
}

/// Runs a function that takes batches and needs nothing but its dependencies; a batch never fails as a whole.
///
/// # Errors
/// As [`start`] and [`serve`].
pub async fn run_batch<E, A, F>(
    patience: Patience,
    handle: impl Fn(&'static Dependencies, E) -> F,
) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Future<Output = A>,
{
    let on = start(patience).await?;
    serve(|event| {
        let handled = handle(on, event);
        async { Ok(handled.await) }
    })
    .await
}
