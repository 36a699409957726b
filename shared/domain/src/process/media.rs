//! What follows from a change of files: who fetches, removes and looks after their content.

use crate::decision::Decision;
use crate::effect::{Effect, MediaRequest};
use crate::media::Upload;
use crate::message::Message;

/// An upload is written before its content is stored, or because it is taken back: in both cases somebody looks after it for
/// certain.
pub fn looked_after(upload: Upload) -> Decision {
    let sweep = Effect::Media(MediaRequest::Sweep { media: upload.sid });
    Decision::put(upload).asking([sweep])
}

/// Asks for the files of a message to be fetched, if any has to be.
pub fn copies(message: &Message) -> Option<Effect> {
    let waits = message.media.iter().any(|file| file.state.is_waiting());
    waits.then_some(Effect::Media(MediaRequest::Copy { message: message.sid }))
}

/// Asks for the content of the files that a message has lost to be removed, if it has lost any.
pub fn removals(message: &Message) -> Option<Effect> {
    let has = !message.media_gone.is_empty();
    has.then_some(Effect::Media(MediaRequest::Remove { message: message.sid }))
}
