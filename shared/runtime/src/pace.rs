//! Counting requests that no record counts by itself.

use switchboard_domain::decision::Decision;
use switchboard_domain::pace::{ActionCount, PerSecond};
use switchboard_store::key;

use crate::dependencies::Dependencies;
use crate::failure::Failure;

impl Dependencies {
    /// Counts one more of `what`, if that is limited: exactly, whatever runs how often, for one write unit. Those who come at the same moment
    /// write the same item, one after the other.
    ///
    /// # Errors
    /// [`TooManyActions`](switchboard_domain::refusal::Refusal::TooManyActions) if it comes too often.
    pub async fn count(&self, what: &str, limit: Option<PerSecond>) -> Result<(), Failure> {
        let Some(limit) = limit else { return Ok(()) };
        self.decide(|| async {
            let known: Option<ActionCount> = self.store.get(key::action_count(what)).await?;
            let count = ActionCount::with_one_more(known, what, limit, self.now())?;
            Ok::<_, Failure>(((), Decision::put(count)))
        })
        .await
    }
}
