//! The shell around every rule: load and decide, commit, send.

use std::time::Duration;

use switchboard_domain::decision::Decision;
use switchboard_domain::mutation::{Mutation, is_on};
use switchboard_store::{Store, StoreError};

use crate::dependencies::Dependencies;
use crate::failure::Failure;

/// So often a decision is made anew when its records changed in between.
const ATTEMPTS_MAX: u32 = 12;

impl Dependencies {
    /// Lets `rule` load and decide, commits what it decided and sends the effects. When a record changed in
    /// between, everything is done again. Sending is quick but not certain; `effect-relay` sends again from the
    /// table's stream, so a failure to send is not a failure.
    pub async fn decide<T, E, F>(&self, mut rule: impl FnMut() -> F) -> Result<T, E>
    where
        E: From<Failure>,
        F: Future<Output = Result<(T, Decision), E>>,
    {
        for attempt in 0..ATTEMPTS_MAX {
            let (answer, decision) = rule().await?;
            if is_on(Mutation::EffectsBeforeCommit) {
                self.queues.send_now(&Store::effects(&decision).effects, self.now()).await;
            }
            match self.store.commit(&decision).await {
                Ok(committed) => {
                    self.queues.send_effects(&committed.effects, self.now()).await;
                    return Ok(answer);
                }
                Err(StoreError::Conflict { kinds, .. }) => {
                    tracing::debug!(?kinds, attempt, "decided anew");
                    self.pause(attempt).await;
                }
                Err(error) => return Err(Failure::from(error).into()),
            }
        }
        let tired = format!("decided {ATTEMPTS_MAX} times, each time too late");
        Err(Failure::Unavailable(tired).into())
    }

    /// Up to 2, 4, 8, … 256 milliseconds, at random, so that two who collide do not collide again.
    async fn pause(&self, attempt: u32) {
        let ceiling = 2_u64 << attempt.min(7);
        let random = u64::from(self.random());
        tokio::time::sleep(Duration::from_millis(random % ceiling)).await;
    }
}
