//! The conversations that a user takes part in, with how far they have read (rule B.7).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{Conversation, Participant, ParticipantUpdate, User};
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::sid::{ParticipantSid, Sid as _};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};

use crate::apply::apply;
use crate::conversations::ShownTimers;
use crate::scope::Scope;
use crate::{input, lookup, users};

/// The largest page.
const PAGE_MAX: i64 = 50;

/// `GET …/Users/{Sid}/Conversations`: open and closed ones.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let user = users::load(call, scope, name).await?;
    let page = lookup::of_identity(call, user.service, &user.identity, &request).await?;
    Ok(call.paged("conversations", &request, &page, |found| {
        render(call, scope, &user, &found.conversation, &found.one)
    }))
}

/// `GET …/Users/{Sid}/Conversations/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, name: &str, of: &str) -> Answer {
    let user = users::load(call, scope, name).await?;
    let conversation = scope.conversation(call, of).await?;
    let one = place(call, &conversation, &user)?;
    Ok(Reply::ok(render(call, scope, &user, &conversation, one)))
}

/// `POST …/Users/{Sid}/Conversations/{Sid}`: how far they have read, and whether they hear of new messages.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, name: &str, of: &str) -> Answer {
    let form = &call.form;
    let update = ParticipantUpdate {
        last_read_index: input::last_read_index(form)?,
        last_read: form.instant("LastReadTimestamp")?,
        muted: muted(form)?,
        ..ParticipantUpdate::default()
    };
    let user = users::load(call, scope, name).await?;
    let command = |conversation: &Conversation| {
        let number = place(call, conversation, &user)?.number;
        Ok(Command::UpdateParticipant(number, update.clone()))
    };
    let show = |change: &ConversationChange| {
        let one = change.number.and_then(|number| change.conversation.participant(number));
        one.map_or(Value::Null, |one| render(call, scope, &user, &change.conversation, one))
    };
    Ok(Reply::ok(apply(call, scope, of, command, show).await?))
}

/// `DELETE …/Users/{Sid}/Conversations/{Sid}`: they leave.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, name: &str, of: &str) -> Answer {
    let user = users::load(call, scope, name).await?;
    let command =
        |conversation: &Conversation| Ok(Command::Leave(place(call, conversation, &user)?.number));
    apply(call, scope, of, command, |_| Value::Null).await?;
    Ok(Reply::gone())
}

/// The user among those who take part.
fn place<'a>(
    call: &Call<'_>,
    conversation: &'a Conversation,
    user: &User,
) -> Result<&'a Participant, ApiError> {
    let mut all = conversation.participants.iter();
    let found = all.find(|one| one.identity.as_ref() == Some(&user.identity));
    found.ok_or_else(|| call.not_found())
}

fn muted(form: &Params) -> Result<Option<bool>, ApiError> {
    match form.get("NotificationLevel") {
        None => Ok(None),
        Some(text) if text.eq_ignore_ascii_case("default") => Ok(Some(false)),
        Some(text) if text.eq_ignore_ascii_case("muted") => Ok(Some(true)),
        Some(_) => Err(Code::InvalidNotificationLevel.into()),
    }
}

fn render(
    call: &Call<'_>,
    scope: &Scope,
    user: &User,
    of: &Conversation,
    one: &Participant,
) -> Value {
    let sid: ParticipantSid = of.sid.kin(one.number);
    let conversation = call.url(&scope.path(&format!("Conversations/{}", of.sid)));
    let path = format!("Users/{}/Conversations/{}", user.sid, of.sid);
    json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": of.service,
        "conversation_sid": of.sid,
        "unread_messages_count": of.unread(one),
        "last_read_message_index": one.last_read_index,
        "participant_sid": sid,
        "user_sid": user.sid,
        "friendly_name": of.friendly_name,
        "conversation_state": of.state.name(),
        "timers": ShownTimers::of(of),
        "attributes": of.attributes.as_deref().unwrap_or("{}"),
        "date_created": of.created.iso(),
        "date_updated": of.updated.iso(),
        "created_by": of.created_by,
        "notification_level": if one.muted { "muted" } else { "default" },
        "unique_name": of.unique_name,
        "url": call.url(&scope.path(&path)),
        "links": {
            "participant": format!("{conversation}/Participants/{sid}"),
            "conversation": conversation,
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_notification_level_is_one_of_two_in_any_case() {
        let read = |text: &str| muted(&Params::from_json(&json!({ "NotificationLevel": text })));
        assert_eq!(read("MUTED").unwrap(), Some(true));
        assert_eq!(read("Default").unwrap(), Some(false));
        for wrong in ["", "loud", "none"] {
            assert_eq!(read(wrong).unwrap_err().code, 50210, "{wrong}");
        }
        assert_eq!(muted(&Params::default()).unwrap(), None);
    }
}
