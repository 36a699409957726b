//! How long an endpoint is waited for, and whether it is called at all: one that hung is left alone for a while, and
//! then one call finds out whether it is back.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use switchboard_caller::Called;
use switchboard_domain::decision::Decision;
use switchboard_domain::endpoint::{self, Approach, Silence};
use switchboard_domain::timestamp::Millis;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{StoreError, key};

/// One who hung before has this long to answer. Others may wait for it in the same batch.
const PROBE: Duration = Duration::from_secs(1);
/// A message that was received so often is called about all the same, before its queue gives it up. Four calls are
/// left then.
const RECEIVES_MAX: u32 = 14;

/// What is known of an endpoint before it is called.
pub(crate) struct Known {
    endpoint: String,
    silence: Option<Silence>,
}

/// Whether an endpoint is to be called now.
pub(crate) enum Now {
    /// With this much time to answer.
    Call(Duration),
    /// It is left alone for as long as this.
    Later(Millis),
}

impl Known {
    /// What is known of the endpoint of a URL.
    pub(crate) async fn of(on: &Dependencies, url: &str) -> Result<Self, Failure> {
        let endpoint = endpoint::endpoint(url);
        let silence = on.store.get(key::silence(&endpoint)).await?;
        Ok(Self { endpoint, silence })
    }

    /// Whether it is called about a message, which can wait.
    pub(crate) async fn approach(
        &mut self,
        on: &Dependencies,
        message: &SqsMessage,
        timeout: Duration,
    ) -> Result<Now, Failure> {
        let now = on.now();
        match endpoint::approach(self.silence.as_ref(), now) {
            Approach::Call => Ok(Now::Call(timeout)),
            _ if received(message) >= RECEIVES_MAX => Ok(Now::Call(timeout)),
            Approach::Leave { until } => Ok(Now::Later(until - now)),
            Approach::Probe(mut next) => match on.commit(&Decision::put(next.clone())).await {
                Ok(_) => {
                    next.version += 1;
                    self.silence = Some(next);
                    Ok(Now::Call(timeout.min(PROBE)))
                }
                // Another process makes the call.
                Err(StoreError::Conflict { .. }) => Ok(Now::Later(next.until - now)),
                Err(error) => Err(error.into()),
            },
        }
    }

    /// How long it is waited for where nobody can wait for it to come back.
    pub(crate) fn timeout(&self, timeout: Duration) -> Duration {
        if self.silence.is_some() { timeout.min(PROBE) } else { timeout }
    }

    /// Notes how it went. A quicker process wrote the same; nothing depends on who was first.
    pub(crate) async fn note(self, on: &Dependencies, called: &Called) {
        let decision = match (called, self.silence) {
            (Called::TimedOut, None) => Decision::put(Silence::first(self.endpoint, on.now())),
            (Called::Answered(_), Some(silence)) => Decision::default().without(silence),
            (
                Called::TimedOut | Called::Unanswered | Called::Forbidden(_) | Called::Answered(_),
                _,
            ) => {
                return;
            }
        };
        if let Err(error) = on.commit(&decision).await {
            tracing::debug!("how the endpoint fares is not noted: {error}");
        }
    }
}

/// How often a message was received.
fn received(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
