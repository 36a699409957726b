//! Who may write into a conversation, where that is one at a time. Ours: no published product has it.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::conversation::{
    Conversation, EXEMPT_MAX, LEASE_DEFAULT, LEASE_MAX, Right, Speaker, SpeakerCommand, Taking,
};
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::sid::{AccountSid, ConversationSid, ServiceSid};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_rest::fields::{Longest, invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, body};

use crate::apply::apply_all;
use crate::input::NAME_CHARS_MAX;
use crate::scope::Scope;

/// Where attributes of a message name the token: methods of the SDKs know no parameter for it.
const IN_ATTRIBUTES: &str = "speaker_token";

/// `GET …/Speaker`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    Ok(Reply::ok(render(call, scope, &scope.conversation(call, of).await?)))
}

/// `POST …/Speaker`: takes the token with `Holder`; keeps it for longer or hands it over with `Holder` and the `Token` that one has; gives it
/// back with an empty `Holder`; and says who needs it.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let commands = commands(&call.form)?;
    let show = |change: &ConversationChange| render(call, scope, &change.conversation);
    Ok(Reply::ok(apply_all(call, scope, of, &commands, show).await?))
}

fn commands(form: &Params) -> Result<Vec<Command>, ApiError> {
    let required = form.flag("Required")?;
    let configure = SpeakerCommand::Configure {
        required,
        agent_takes: form.flag("AgentTakes")?,
        exempt: exempt(form)?,
    };
    let mut commands = vec![Command::Speak(configure)];
    let (token, force) = (token(form, "Token")?, form.flag("Force")?.unwrap_or_default());
    let length = form.integer("Ttl", 1, LEASE_MAX.0 / 1000)?;
    match form.get("Holder") {
        None if token.is_some() || force || length.is_some() => return Err(missing("Holder")),
        None => {}
        Some("") if force || length.is_some() => {
            return Err(invalid("Holder", "is empty, and whoever gives back takes nothing"));
        }
        Some("") => {
            let token = token.ok_or_else(|| missing("Token"))?;
            commands.push(Command::Speak(SpeakerCommand::GiveBack { token }));
        }
        Some(_) if required == Some(false) => {
            return Err(invalid("Required", "is false, and whoever takes the token needs it"));
        }
        Some(holder) if Longest::Chars(NAME_CHARS_MAX).is_exceeded(holder) => {
            return Err(invalid("Holder", "has more than 256 characters"));
        }
        Some(holder) => {
            let by = match (token, force) {
                (Some(_), true) => {
                    return Err(invalid("Force", "is for those who have no Token"));
                }
                (Some(token), false) => Right::Holding(token),
                (None, true) => Right::Force,
                (None, false) => Right::Free,
            };
            let length = length.map_or(LEASE_DEFAULT, Millis::seconds);
            let taking = Taking { holder: holder.to_owned(), length, by };
            commands.push(Command::Speak(SpeakerCommand::Take(taking)));
        }
    }
    Ok(commands)
}

/// The customers who need no token; one empty name is nobody.
fn exempt(form: &Params) -> Result<Option<Vec<String>>, ApiError> {
    let mut names = form.all("Exempt");
    if names.is_empty() {
        return Ok(None);
    }
    names.retain(|name| !name.is_empty());
    let is_too_long = |name: &String| Longest::Chars(NAME_CHARS_MAX).is_exceeded(name);
    if names.len() > EXEMPT_MAX || names.iter().any(is_too_long) {
        return Err(invalid(
            "Exempt",
            "has more than 10 names, or one of more than 256 characters",
        ));
    }
    Ok(Some(names))
}

/// A number that somebody has.
pub(crate) fn token(form: &Params, name: &str) -> Result<Option<u64>, ApiError> {
    let number = form.integer(name, 1, i64::MAX)?;
    Ok(number.and_then(|number| u64::try_from(number).ok()))
}

/// The number that a message's attributes name, where messages need one.
pub(crate) fn token_among(of: &Conversation, attributes: Option<&str>) -> Option<u64> {
    let _ = of.speaker.as_ref().filter(|speaker| speaker.required)?;
    let attributes: Value = serde_json::from_str(attributes?).ok()?;
    attributes.get(IN_ATTRIBUTES)?.as_u64()
}

/// The token as answers show it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    account_sid: AccountSid,
    chat_service_sid: ServiceSid,
    conversation_sid: ConversationSid,
    required: bool,
    agent_takes: bool,
    exempt: &'a [String],
    /// Who has it; null if it is free, or their time is over.
    holder: Option<&'a str>,
    /// The number that was given out last; null if none was.
    token: Option<u64>,
    date_taken: Option<String>,
    date_expires: Option<String>,
    url: String,
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation) -> Value {
    let none = Speaker::default();
    let speaker = of.speaker.as_ref().unwrap_or(&none);
    let lease = speaker.current(call.now);
    body(&Shown {
        account_sid: call.on.config.account_sid,
        chat_service_sid: of.service,
        conversation_sid: of.sid,
        required: speaker.required,
        agent_takes: speaker.agent_takes,
        exempt: &speaker.exempt,
        holder: lease.map(|lease| lease.holder.as_str()),
        token: Some(speaker.token).filter(|token| *token > 0),
        date_taken: lease.map(|lease| lease.since).map(Timestamp::iso),
        date_expires: lease.map(|lease| lease.until).map(Timestamp::iso),
        url: call.url(&scope.path(&format!("Conversations/{}/Speaker", of.sid))),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn what_does_not_go_together_is_refused_and_named() {
        for (form, name) in [
            (json!({ "Token": "1" }), "Holder"),
            (json!({ "Ttl": "60" }), "Holder"),
            (json!({ "Force": "true" }), "Holder"),
            (json!({ "Holder": "" }), "Token"),
            (json!({ "Holder": "", "Token": "1", "Ttl": "60" }), "Holder"),
            (json!({ "Holder": "bot", "Required": "false" }), "Required"),
            (json!({ "Holder": "bot", "Token": "1", "Force": "true" }), "Force"),
            (json!({ "Holder": "bot", "Token": "0" }), "Token"),
            (json!({ "Holder": "bot", "Token": "one" }), "Token"),
            (json!({ "Holder": "bot", "Ttl": "0" }), "Ttl"),
            (json!({ "Holder": "bot", "Ttl": "86401" }), "Ttl"),
            (json!({ "Holder": "b".repeat(257) }), "Holder"),
            (json!({ "Exempt": "b".repeat(257) }), "Exempt"),
            (json!({ "Exempt": vec!["b"; 11] }), "Exempt"),
        ] {
            let refused = commands(&Params::from_json(&form)).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, 20001), "{form}");
            assert!(refused.message.contains(name), "{form}: {}", refused.message);
        }
    }
}
