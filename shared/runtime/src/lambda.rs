//! How every function is wired to Lambda.

use std::time::Duration;

use lambda_runtime::{Context, Error, LambdaEvent, service_fn};
use serde::Serialize;
use serde::de::DeserializeOwned;
use tokio::time::Instant;

use crate::deadline::until;
use crate::dependencies::{Dependencies, system_time};
use crate::failure::Failure;
use crate::needs::Needs;
use crate::telemetry;

/// Starts logging, and reads from the environment what the function works with for as long as its process lives.
///
/// # Errors
/// If the environment does not say what it has to; the log has it as well.
pub async fn start(needs: Needs) -> Result<&'static Dependencies, Error> {
    start_with(needs, Ok).await
}

/// The same with something else that it works with.
///
/// # Errors
/// As [`start`], and if that cannot be made.
pub async fn start_with(
    needs: Needs,
    with: impl FnOnce(Dependencies) -> Result<Dependencies, Error>,
) -> Result<&'static Dependencies, Error> {
    telemetry::start();
    let on = Dependencies::from_env(needs).await.and_then(with);
    let on = on.inspect_err(|error| tracing::error!("not started: {error}"))?;
    Ok(Box::leak(Box::new(on)))
}

/// When Lambda ends an invocation.
pub fn end_of(context: &Context) -> Instant {
    let now = u64::try_from(system_time().0).unwrap_or(0);
    Instant::now() + Duration::from_millis(context.deadline.saturating_sub(now))
}

/// Hands every event to a function, which knows when Lambda will end it, until the process ends.
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
        let end = end_of(&event.context);
        let handled = handle(event.payload);
        async move { until(end, handled).await.map_err(Error::from) }
    };
    lambda_runtime::run(service_fn(invoke)).await
}

/// Runs a function that takes batches and needs nothing but its dependencies; a batch never fails as a whole.
///
/// # Errors
/// As [`start`] and [`serve`].
pub async fn run_batch<E, A, F>(
    needs: Needs,
    handle: impl Fn(&'static Dependencies, E) -> F,
) -> Result<(), Error>
where
    E: DeserializeOwned,
    A: Serialize,
    F: Future<Output = A>,
{
    let on = start(needs).await?;
    serve(|event| {
        let handled = handle(on, event);
        async { Ok(handled.await) }
    })
    .await
}

#[cfg(test)]
mod tests {
    use super::*;

    const SPAN: Duration = Duration::from_secs(10);

    #[tokio::test(start_paused = true)]
    async fn the_end_is_lambdas_own() {
        let mut context = Context::default();
        context.deadline = u64::try_from(system_time().0).unwrap() + 10_000;
        let left = end_of(&context) - Instant::now();
        assert!(left <= SPAN && left > SPAN - Duration::from_secs(2), "{left:?}");
        context.deadline = 0;
        assert_eq!(end_of(&context), Instant::now(), "a time that is over is over");
    }
}
