//! The message that a customer answers or reacts to: the carrier says what it calls it, and we find what that is here.

use switchboard_domain::carriage::{InboundMessage, message_sid};
use switchboard_domain::conversation::Conversation;
use switchboard_domain::message::Message;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

/// So many of the latest messages are looked at for one that we wrote: two pages. Who reacts to an older one is told to
/// react to an earlier message, and what the carrier calls it is kept.
const LATEST: u32 = 24;

/// The message of the conversation that an inbound one is about, if it is about one and that is found. Nothing is read for
/// a message that is about no other.
pub(crate) async fn of(
    on: &Dependencies,
    inbound: &InboundMessage,
    conversation: &Conversation,
) -> Result<Option<Message>, Failure> {
    let Some(id) = inbound.answers() else { return Ok(None) };
    let is_it = |one: &Message| {
        one.conversation == Some(conversation.sid) && one.is_called(inbound.carrier, id)
    };
    // A customer's own message has its identifier from the carrier's.
    let theirs = key::message(message_sid(inbound.carrier, id));
    let theirs: Option<Message> = on.store.get(theirs).await?;
    if let Some(theirs) = theirs.filter(is_it) {
        return Ok(Some(theirs));
    }
    let first = conversation.next_index.saturating_sub(LATEST).max(conversation.listed());
    let latest = on.store.messages(conversation, first..conversation.next_index).await?;
    Ok(latest.into_iter().find(is_it))
}
