//! The conversation of whoever holds a guest's token.

use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::webchat::GuestClaims;
use switchboard_rest::{ApiError, Call};
use switchboard_store::key;

/// The conversation of a guest, as long as it is there and theirs.
pub(super) async fn conversation_of(
    call: &Call<'_>,
    guest: &GuestClaims,
) -> Result<Conversation, ApiError> {
    let at = key::conversation(guest.conversation_sid);
    let found: Option<Conversation> = call.on.store.get(at).await?;
    let is_theirs = |one: &Conversation| {
        one.webchat.as_ref().is_some_and(|chat| chat.guest == guest.grants.identity)
    };
    found.filter(is_theirs).ok_or_else(|| Code::NoSuchConversation.into())
}
