//! How long an endpoint is waited for, and whether it is called at all: one that hung is left alone for a while, and
//! then one call finds out whether it is back.

use std::time::Duration;

use aws_lambda_events::sqs::SqsMessage;
use switchboard_caller::Called;
use switchboard_domain::decision::Decision;
use switchboard_domain::endpoint::{self, Approach, Silence};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webhook::WebhookEndpoint;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Listing, StoreError};

/// One who hung before has this long to answer. Others may wait for it in the same batch.
const PROBE: Duration = Duration::from_secs(1);
/// A message that was received so often is called about all the same, before its queue gives it up; what comes of it is kept.
const RECEIVES_MAX: u32 = 14;

/// What is known of an endpoint before it is called.
pub(crate) struct Known {
    endpoint: String,
    silence: Option<Silence>,
    settings: Option<WebhookEndpoint>,
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
        let mut known = Self { endpoint, silence: None, settings: None };
        for record in on.store.everything(&Listing::of_endpoint(&known.endpoint)).await? {
            known.silence = known.silence.or_else(|| record.get().cloned());
            known.settings = known.settings.or_else(|| record.get().cloned());
        }
        Ok(known)
    }

    /// Whether it is switched off.
    pub(crate) fn is_off(&self) -> bool {
        self.settings.as_ref().is_some_and(|settings| settings.off.is_some())
    }

    /// How it is set up, if it is.
    pub(crate) const fn settings(&self) -> Option<&WebhookEndpoint> {
        self.settings.as_ref()
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
    pub(crate) async fn note(self, on: &Dependencies, url: &str, called: &Called) {
        let now = on.now();
        for decision in [self.health(url, called, now), self.patience(called, now)] {
            if let Some(decision) = decision
                && let Err(error) = on.commit(&decision).await
            {
                tracing::debug!("how the endpoint fares is not noted: {error}");
            }
        }
    }

    /// Whether it answers in time.
    fn patience(&self, called: &Called, now: Timestamp) -> Option<Decision> {
        match (called, &self.silence) {
            (Called::TimedOut, None) => {
                Some(Decision::put(Silence::first(self.endpoint.clone(), now)))
            }
            (Called::Answered(_), Some(silence)) => {
                Some(Decision::default().without(silence.clone()))
            }
            (
                Called::TimedOut | Called::Unanswered | Called::Forbidden(_) | Called::Answered(_),
                _,
            ) => None,
        }
    }

    /// Whether it has failed for days, or says that it is gone. One that nobody set up is forgotten once it works.
    fn health(&self, url: &str, called: &Called, now: Timestamp) -> Option<Decision> {
        if !called.succeeded() {
            let settings = self.settings.clone();
            let settings = settings.unwrap_or_else(|| WebhookEndpoint::new(url, now));
            let failed = settings.failed(called.status(), now)?;
            if let Some(off) = failed.off {
                // The template counts these words.
                let (sid, reason) = (failed.sid().to_string(), off.reason());
                tracing::warn!(endpoint = "switched off", sid, "for this reason: {reason}");
            }
            return Some(Decision::put(failed));
        }
        let recovered = self.settings.as_ref()?.recovered()?;
        let is_needed = recovered.is_set_up || recovered.off.is_some();
        Some(match is_needed {
            true => Decision::put(recovered),
            false => Decision::default().without(recovered),
        })
    }
}

/// How often a message was received.
fn received(message: &SqsMessage) -> u32 {
    let count = message.attributes.get("ApproximateReceiveCount");
    count.and_then(|count| count.parse().ok()).unwrap_or(1)
}
