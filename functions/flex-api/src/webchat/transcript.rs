//! The transcript of a webchat, as JSON or as text, for the account and for the guest.

use serde::{Deserialize, Serialize};
use serde_json::json;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::process::webchat::{lines, text};
use switchboard_domain::sid::ConversationSid;
use switchboard_rest::fields::one_of;
use switchboard_rest::{Answer, ApiError, Call, Reply, body};
use switchboard_store::key;

/// At most the last so many messages are told.
const MESSAGES_MAX: u32 = 1_000;

/// How a transcript is told.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Format {
    Json,
    Text,
}

impl Format {
    const ALL: [Self; 2] = [Self::Json, Self::Text];

    const fn name(self) -> &'static str {
        match self {
            Self::Json => "json",
            Self::Text => "text",
        }
    }

    pub(super) fn read(given: Option<&str>) -> Result<Self, ApiError> {
        let read = |text| one_of("Format", text, &Self::ALL, Self::name);
        Ok(given.map(read).transpose()?.unwrap_or(Self::Json))
    }
}

/// A transcript as text, on its way out.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Told {
    /// The text.
    #[serde(rename = "transcript_as_text")]
    pub(crate) transcript: String,
}

/// `GET /v2/WebChats/{CH}/Transcript`; ours.
pub(super) async fn by_account(call: &Call<'_>, ch: &str) -> Answer {
    let format = Format::read(call.query.given("Format"))?;
    let sid: ConversationSid = call.sid(ch)?;
    let found: Option<Conversation> = call.on.store.get(key::conversation(sid)).await?;
    let conversation = found.filter(|one| one.webchat.is_some());
    of(call, &conversation.ok_or_else(|| call.not_found())?, format).await
}

pub(super) async fn of(call: &Call<'_>, of: &Conversation, format: Format) -> Answer {
    let first = of.next_index.saturating_sub(MESSAGES_MAX);
    let messages = call.on.store.messages(of, first..of.next_index).await?;
    let lines = lines(of, &messages);
    Ok(match format {
        Format::Text => Reply::ok(body(&Told { transcript: text(&lines) })),
        Format::Json => Reply::ok(json!({
            "conversation_sid": of.sid,
            "identity": of.webchat.as_ref().map(|chat| chat.guest.as_str()),
            "status": of.state.name(),
            "date_created": of.created.iso(),
            "messages": lines,
            "is_complete": first == 0,
        })),
    }
    .secret())
}
