//! What the webhooks of interactions are told (rule C.10). No other place makes calls of them.

use crate::address::ChannelType;
use crate::conversation::{Answer, Answers, Conversation, Listening, Objection, Question};
use crate::decision::Decision;
use crate::effect::{Call, Effect, InteractionCall};
use crate::interaction::hook::told;
use crate::interaction::{Interaction, Told};
use crate::sid::InteractionSid;

/// The interaction as it shall stand, and who is told of what happened to it.
///
/// # Errors
/// Who listens has to be asked first.
pub fn written(
    before: Option<&Interaction>,
    after: Interaction,
    conversation: &Conversation,
    answers: &Answers,
) -> Result<Decision, Objection> {
    let told = told(before, &after);
    let listening = match told.is_empty() {
        true => Listening::default(),
        false => who_listens(conversation, answers)?,
    };
    let about = (after.sid, after.channel_type, after.webhook_ttid.as_deref());
    let calls: Vec<Effect> =
        told.iter().flat_map(|one| calls_about(about, one, listening)).collect();
    Ok(Decision::put(after).asking(calls))
}

fn who_listens(conversation: &Conversation, answers: &Answers) -> Result<Listening, Objection> {
    if !answers.may_listen() {
        return Ok(Listening::default());
    }
    let question = Question::Listening(conversation.service);
    match answers.get(&question) {
        None => Err(Objection::AskFirst(vec![question])),
        Some(Answer::Listening(listening)) => Ok(listening),
        Some(
            Answer::None
            | Answer::Some
            | Answer::Conversation(_)
            | Answer::Roles(_)
            | Answer::Role(_)
            | Answer::Grants(_)
            | Answer::Kind(_)
            | Answer::With(_),
        ) => Ok(Listening::default()),
    }
}

/// The calls of one event: of who hears of all interactions, and of who is named by this one. Whether the latter wants to hear of
/// it is seen when it is called.
pub fn calls_about(
    (interaction, medium, own): (InteractionSid, ChannelType, Option<&str>),
    told: &Told,
    listening: Listening,
) -> Vec<Effect> {
    let call = |own: Option<&str>| {
        let (own, told) = (own.map(str::to_owned), told.clone());
        Effect::Notify(Call::Interaction(InteractionCall { interaction, own, medium, told }))
    };
    let global = listening.hears(told.event).then_some(None);
    global.into_iter().chain(own.map(Some)).map(call).collect()
}
