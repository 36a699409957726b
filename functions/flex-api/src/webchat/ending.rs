//! The guest ends the chat: the conversation is closed, and the tasks of its interaction wrap up (rule C.7).

use switchboard_domain::conversation::{Conversation, Objection, Source};
use switchboard_domain::decision::Decision;
use switchboard_domain::interaction::Interaction;
use switchboard_domain::process::conversation::{Command, decide};
use switchboard_domain::process::interaction;
use switchboard_domain::webchat::GuestClaims;
use switchboard_rest::{ApiError, Call};
use switchboard_store::key;

use super::guest::conversation_of;
use crate::load;

/// Ends it; the conversation as it then stands. Ending twice changes nothing.
pub(super) async fn end(call: &Call<'_>, guest: &GuestClaims) -> Result<Conversation, ApiError> {
    call.decide(|| async { Ok::<_, ApiError>(((), ended(call, guest).await?)) }).await?;
    conversation_of(call, guest).await
}

async fn ended(call: &Call<'_>, guest: &GuestClaims) -> Result<Decision, ApiError> {
    let conversation = conversation_of(call, guest).await?;
    let interaction: Option<Interaction> = match conversation.interaction {
        Some(sid) => call.on.store.get(key::interaction(sid)).await?,
        None => None,
    };
    let tasks = match &interaction {
        Some(interaction) => load::tasks(call, interaction.open_tasks()).await?,
        None => Vec::new(),
    };
    let now = call.now;
    let rule = |answers: &_| -> Result<Decision, Objection> {
        match &interaction {
            Some(open) => interaction::close(open, &conversation, &tasks, false, answers, now),
            None => {
                let (end, by) = (Command::Close, Source::Interaction);
                Ok(decide(&conversation, end, by, answers, now)?.into())
            }
        }
    };
    call.on.answering(rule).await
}
