//! From a request to the one door of a conversation, and back: load, decide, commit, show.

use serde_json::Value;
use switchboard_domain::conversation::{Answers, Conversation};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, ConversationChange, decide, decide_all};
use switchboard_rest::{ApiError, Call};

use crate::scope::{Scope, source};

/// Does one command to a conversation of the path, and shows what came of it.
pub(crate) async fn apply(
    call: &Call<'_>,
    scope: &Scope,
    of: &str,
    command: impl Fn(&Conversation) -> Result<Command, ApiError>,
    show: impl Fn(&ConversationChange) -> Value,
) -> Result<Value, ApiError> {
    call.on
        .decide(async || {
            let conversation = scope.conversation(call, of).await?;
            let command = command(&conversation)?;
            call.nothing_else()?;
            let change = decide_with_answers(call, &conversation, command).await?;
            Ok::<_, ApiError>((show(&change), Decision::from(change)))
        })
        .await
}

/// Does several commands to a conversation of the path, all of them or none, and shows what came of them.
pub(crate) async fn apply_all(
    call: &Call<'_>,
    scope: &Scope,
    of: &str,
    commands: &[Command],
    show: impl Fn(&ConversationChange) -> Value,
) -> Result<Value, ApiError> {
    call.decide(async || {
        let conversation = scope.conversation(call, of).await?;
        let rule = |answers: &Answers| {
            decide_all(&conversation, commands.iter().cloned(), source(call), answers, call.now)
        };
        let change = call.on.answering_for::<_, ApiError>(&call.beforehand, rule).await?;
        Ok((show(&change), Decision::from(change)))
    })
    .await
}

/// What a command of this request changes; what it asks first is looked up, and endpoints are asked (rule B.5).
pub(crate) async fn decide_with_answers(
    call: &Call<'_>,
    conversation: &Conversation,
    command: Command,
) -> Result<ConversationChange, ApiError> {
    let rule =
        |answers: &Answers| decide(conversation, command.clone(), source(call), answers, call.now);
    call.on.answering_for(&call.beforehand, rule).await
}
