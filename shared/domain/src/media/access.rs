//! What clients may do with files by an access token (rule F.2): upload as themselves, see what they uploaded and what is shown to
//! them, and take back what nobody is shown yet. What a message shows is changed by whoever may change the message.

use super::Upload;
use crate::conversation::{Client, Conversation, User};
use crate::refusal::Refusal;

/// Lets a client upload, if they are a user of the service: whoever never took part in anything has nothing to show a file in.
///
/// # Errors
/// [`Refusal::NotAuthorized`], also if the file would be another's.
pub fn may_upload(
    client: &Client,
    user: Option<&User>,
    author: Option<&str>,
) -> Result<(), Refusal> {
    let is_known = user.is_some_and(|user| user.identity == client.identity);
    let is_own = author.is_none_or(|author| author == client.identity);
    allowed(is_known && is_own)
}

/// Lets a client see a file: one that a message shows, if they take part in its conversation; one that no message shows yet, if
/// it is theirs.
///
/// # Errors
/// [`Refusal::NotAuthorized`].
pub fn may_see(
    client: &Client,
    upload: Option<&Upload>,
    shown_in: Option<&Conversation>,
) -> Result<(), Refusal> {
    let takes_part = |conversation: &Conversation| {
        let mut all = conversation.participants.iter();
        all.any(|one| one.identity.as_ref() == Some(&client.identity))
    };
    let is_waiting = |upload: &Upload| upload.message.is_none() && is_of(upload, client);
    allowed(shown_in.is_some_and(takes_part) || upload.is_some_and(is_waiting))
}

/// Lets a client take a file back: their own, as long as no message shows it.
///
/// # Errors
/// [`Refusal::NotAuthorized`].
pub fn may_take_back(client: &Client, upload: Option<&Upload>) -> Result<(), Refusal> {
    allowed(upload.is_some_and(|upload| upload.message.is_none() && is_of(upload, client)))
}

fn is_of(upload: &Upload, client: &Client) -> bool {
    upload.author.as_ref() == Some(&client.identity)
}

const fn allowed(is_allowed: bool) -> Result<(), Refusal> {
    if is_allowed { Ok(()) } else { Err(Refusal::NotAuthorized) }
}
