//! The calls of webhooks that failed, and are to be made again (rule B.5).

use switchboard_domain::effect::{AgainCall, Call, Effect};
use switchboard_runtime::{Dependencies, Failure};

/// A tick sends for so many calls at most. The rest is due at the next one.
const CALLS_MAX: usize = 5_000;

/// Sends for each call whose time has come. One that was sent for and is not made yet is sent for again, under the same
/// name.
pub(crate) async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let now = on.now();
    let due = on.store.deliveries_due(now, CALLS_MAX).await?;
    let calls = due.into_iter().map(|(delivery, at)| {
        let call = Call::Again(AgainCall { delivery });
        (format!("{delivery}-{}", at.0), Effect::Notify(call))
    });
    on.queues.try_send_effects(&calls.collect::<Vec<_>>(), now).await
}
