//! A conversation and its first participants in one request.

use serde_json::{Map, Value};
use switchboard_domain::conversation::NewParticipant;
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, decide_all};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};

use crate::conversations;
use crate::participants;
use crate::scope::{Scope, source};

/// At most this many participants come with one request (rule H).
const PARTICIPANTS_MAX: usize = 10;

/// `POST …/ConversationWithParticipants`: all of it or nothing.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope) -> Answer {
    let details = conversations::new_details(&call.form)?;
    let joining = joining(&call.form)?.into_iter().map(Command::Join);
    let commands: Vec<Command> = [Command::Create(details)].into_iter().chain(joining).collect();
    let service = scope.service(call).await?;
    let sid = call.on.mint();
    let answer = call
        .decide(async || {
            let new = conversations::new(call, service, sid).await?;
            let rule =
                |answers: &_| decide_all(&new, commands.clone(), source(call), answers, call.now);
            let change = call.on.answering_for::<_, ApiError>(&call.beforehand, rule).await?;
            let answer = conversations::render_without_export(call, scope, &change.conversation);
            Ok::<_, ApiError>((answer, Decision::from(change)))
        })
        .await?;
    Ok(Reply::created(answer))
}

fn joining(form: &Params) -> Result<Vec<NewParticipant>, ApiError> {
    let texts = form.all("Participant");
    if texts.len() > PARTICIPANTS_MAX {
        let message = format!("Invalid parameter: at most {PARTICIPANTS_MAX} of Participant");
        return Err(ApiError::bad(message));
    }
    let each = |text: &String| {
        let wrong = || ApiError::bad("Invalid parameter: Participant is not a JSON object");
        let value: Value = serde_json::from_str(text).map_err(|_| wrong())?;
        let members = params(value.as_object().ok_or_else(wrong)?);
        let joining = participants::joining(&members)?;
        members.nothing_else()?;
        Ok(joining)
    };
    texts.iter().map(each).collect()
}

/// The members of a participant as the parameters they stand for: both spellings are in use,
/// `{"messaging_binding": {"address": …}}` and `{"MessagingBinding.Address": …}`.
fn params(members: &Map<String, Value>) -> Params {
    let mut flat = Map::new();
    for (name, value) in members {
        let name = capitalised(name);
        match value {
            Value::Object(inner) if name == "MessagingBinding" => {
                for (inner_name, value) in inner {
                    flat.insert(format!("{name}.{}", capitalised(inner_name)), value.clone());
                }
            }
            value => {
                flat.insert(name, value.clone());
            }
        }
    }
    Params::from_json(&Value::Object(flat))
}

/// `proxy_address` and `proxyAddress` become `ProxyAddress`; dots stay.
fn capitalised(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut start = true;
    for letter in name.chars() {
        match letter {
            '_' => start = true,
            letter if start => {
                out.extend(letter.to_uppercase());
                start = false;
            }
            letter => {
                start = letter == '.';
                out.push(letter);
            }
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_may_be_spelled_in_either_way() {
        let nested = r#"{"messaging_binding":{"address":"+14155550100","proxy_address":"+18005550199"},
            "attributes":{"a":1}}"#;
        let dotted = r#"{"MessagingBinding.Address":"+14155550100",
            "messagingBinding.proxyAddress":"+18005550199","Attributes":"{\"a\":1}"}"#;
        let read = |text: &str| {
            let value: Value = serde_json::from_str(text).unwrap();
            params(value.as_object().unwrap())
        };
        for name in ["MessagingBinding.Address", "MessagingBinding.ProxyAddress", "Attributes"] {
            assert!(read(nested).has(name), "{name}");
            assert_eq!(read(nested).get(name), read(dotted).get(name));
        }
    }
}
