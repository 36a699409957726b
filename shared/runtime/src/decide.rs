//! The shell around every rule: load and decide, commit, send.

use std::time::Duration;

use switchboard_domain::decision::Decision;
use switchboard_store::{Committed, Store, StoreError};

use crate::dependencies::Dependencies;
use crate::failure::Failure;

/// At most this many times a decision is made anew when its records changed in between.
const ATTEMPTS_MAX: u32 = 12;

impl Dependencies {
    /// Lets `rule` load and decide, commits what it decided and sends the effects. When a record changed in
    /// between, everything is done again. A write whose answer was lost is no such change: the store knows it again,
    /// so no rule has to ask whether it was carried out before. Sending is quick but not certain; `effect-relay`
    /// sends again from the table's stream, so a failure to send is not a failure.
    pub async fn decide<T, E, F>(&self, mut rule: impl FnMut() -> F) -> Result<T, E>
    where
        E: From<Failure>,
        F: Future<Output = Result<(T, Decision), E>>,
    {
        for attempt in 0..ATTEMPTS_MAX {
            let (answer, decision) = rule().await?;
            match self.commit(&decision).await {
                Ok(committed) => {
                    self.queues.send_effects(&committed.effects, self.now()).await;
                    return Ok(answer);
                }
                Err(StoreError::Conflict { kinds, passing: false }) => {
                    tracing::debug!(?kinds, attempt, "decided anew");
                    self.pause(attempt).await;
                }
                Err(error) => return Err(Failure::from(error).into()),
            }
        }
        let tired = format!("decided {ATTEMPTS_MAX} times, each time too late");
        Err(Failure::Unavailable(tired).into())
    }

    /// Commits a decision under an id of its own, without sending its effects and without deciding anew.
    ///
    /// While another transaction holds one of the records the same commit is tried again, under the same id: an
    /// earlier attempt whose answer was lost may have been carried out, and only the id can tell.
    ///
    /// # Errors
    /// `Conflict` if a record changed since it was loaded.
    pub async fn commit(&self, decision: &Decision) -> Result<Committed, StoreError> {
        if decision.is_unchanged() {
            return Ok(Store::effects(decision));
        }
        let id = self.commit_id();
        let mut attempt = 0;
        loop {
            match self.store.commit(decision, id).await {
                Err(StoreError::Conflict { passing: true, .. }) if attempt < ATTEMPTS_MAX => {
                    self.pause(attempt).await;
                }
                outcome => return outcome,
            }
            attempt += 1;
        }
    }

    /// Up to 2, 4, 8, … 256 milliseconds, at random, so that two who collide do not collide again.
    async fn pause(&self, attempt: u32) {
        let ceiling = 2_u64 << attempt.min(7);
        let random = u64::from(self.random());
        tokio::time::sleep(Duration::from_millis(random % ceiling)).await;
    }
}
