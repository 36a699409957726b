//! Tells a webhook of messages that were there before it, a page at a time. The calls wait in the same line as this step and the
//! next, so that they are made in order; a copy of a step finds that it was done.

use switchboard_domain::conversation::{Conversation, REPLAY_MESSAGES, Source};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::ReplayCall;
use switchboard_domain::process::conversation::{Command, decide};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

/// Takes a step, and sends for the calls and the next one. In a conversation that is gone there is nothing to tell.
pub(crate) async fn step(on: &Dependencies, call: &ReplayCall) -> Result<(), Failure> {
    let ReplayCall { conversation, webhook, from } = *call;
    on.decide(|| async {
        let found: Option<Conversation> = on.store.get(key::conversation(conversation)).await?;
        let Some(conversation) = found else { return Ok(((), Decision::unchanged())) };
        let page = from..from.saturating_add(REPLAY_MESSAGES);
        let messages = on.store.messages(&conversation, page).await?;
        let command = Command::Replay { webhook, from, messages };
        let change = on
            .answering::<_, Failure>(|answers| {
                decide(&conversation, command.clone(), Source::Interaction, answers, on.now())
            })
            .await?;
        Ok::<_, Failure>(((), Decision::from(change)))
    })
    .await
}
