//! The files of a message: what each is called, and what becomes of its content.

use super::{Fields, Message};
use crate::carriage::Media;
use crate::media::{FILE, MediaFailure, MediaState};
use crate::private::Private;
use crate::sid::{MediaSid, MessageSid, Sid as _};
use crate::timestamp::Timestamp;

/// Files with their identifiers, wherever they are shown: by that of the upload, or by the message and the place.
pub fn files_of(
    message: MessageSid,
    media: &[Media],
) -> impl Iterator<Item = (MediaSid, &Media)> + Clone {
    let numbered = (0_u32..).zip(media);
    numbered.map(move |(place, file)| (file.sid.unwrap_or_else(|| message.kin(FILE | place)), file))
}

/// What came of fetching one file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Copied {
    /// Its content is in the bucket.
    Kept {
        /// The media type that it has.
        content_type: String,
        /// Its size in bytes.
        size_bytes: u64,
        /// What the carrier calls it, if it does.
        file_name: Option<Private<String>>,
    },
    /// It cannot be had.
    Failed(MediaFailure),
}

/// Notes what came of fetching files. None is fetched twice, and one that is not the message's any more stays away.
pub fn copied(message: &Message, outcomes: &[(MediaSid, Copied)]) -> Message {
    let mut after = message.clone();
    let sids: Vec<MediaSid> = message.files().map(|(sid, _)| sid).collect();
    for (file, sid) in after.fields.media.iter_mut().zip(sids) {
        let outcome = outcomes.iter().find(|(of, _)| *of == sid && file.state.is_waiting());
        match outcome.map(|(_, outcome)| outcome) {
            Some(Copied::Kept { content_type, size_bytes, file_name }) => {
                file.content_type.clone_from(content_type);
                file.size_bytes = Some(*size_bytes);
                file.file_name = file.file_name.take().or_else(|| file_name.clone());
                file.state = MediaState::Kept;
            }
            Some(Copied::Failed(failure)) => file.state = MediaState::Failed(*failure),
            None => {}
        }
    }
    after
}

/// Takes one file off a message, wherever that is shown; the others keep their identifiers. None if it has no such file.
pub fn without_file(message: &Message, sid: MediaSid, now: Timestamp) -> Option<Message> {
    let mut after = message.clone();
    let mut kept = Vec::new();
    for (of, file) in message.files().filter(|(of, _)| *of != sid) {
        kept.push(Media { sid: Some(of), ..file.clone() });
    }
    if kept.len() == message.media.len() {
        return None;
    }
    after.fields.media = kept;
    after.fields.media_gone.push(sid);
    after.fields.edited = Some(now);
    Some(after)
}

impl Fields {
    /// Takes all files away; their names are kept until their content is removed.
    pub(super) fn lose_files(&mut self) {
        let sids: Vec<MediaSid> = files_of(self.sid, &self.media).map(|(sid, _)| sid).collect();
        self.media_gone.extend(sids);
        self.media = Vec::new();
    }
}

impl Message {
    /// The files with their identifiers.
    pub fn files(&self) -> impl Iterator<Item = (MediaSid, &Media)> + Clone {
        files_of(self.sid, &self.media)
    }

    /// The file with that identifier.
    pub fn file(&self, sid: MediaSid) -> Option<&Media> {
        self.files().find(|(of, _)| *of == sid).map(|(_, file)| file)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::{CarrierName, InboundMessage};
    use crate::message::{Command, decide, unrouted};

    const NOW: Timestamp = Timestamp(1_000_000);

    fn message() -> Message {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        let mut inbound = InboundMessage::new(CarrierName::default(), "MM1", pair, "hi", NOW);
        let file = |name: &str| Media::by_name(format!("https://a.example/{name}"));
        inbound.media = vec![file("1.png"), file("2.pdf"), file("3.png")];
        unrouted(&inbound, None)
    }

    #[test]
    fn what_came_of_a_file_is_noted_once() {
        let message = message();
        let sids: Vec<MediaSid> = message.files().map(|(sid, _)| sid).collect();
        let kept = Copied::Kept {
            content_type: "image/jpeg".to_owned(),
            size_bytes: 7,
            file_name: Some("a.jpg".into()),
        };
        let failed = Copied::Failed(MediaFailure::Gone);
        let first = copied(&message, &[(sids[2], kept.clone()), (sids[0], failed.clone())]);
        assert_eq!(first.media[0].state, MediaState::Failed(MediaFailure::Gone));
        assert_eq!(first.media[1].state, MediaState::Waiting);
        assert_eq!((first.media[2].state, first.media[2].size_bytes), (MediaState::Kept, Some(7)));
        assert_eq!(copied(&first, &[(sids[2], failed), (sids[0], kept)]), first);
    }

    #[test]
    fn a_file_that_goes_leaves_the_others_their_names() {
        let message = message();
        let sids: Vec<MediaSid> = message.files().map(|(sid, _)| sid).collect();
        let after = without_file(&message, sids[0], NOW).unwrap();
        assert_eq!(after.files().map(|(sid, _)| sid).collect::<Vec<_>>(), sids[1..]);
        assert_eq!(after.media_gone, [sids[0]]);
        assert_eq!(without_file(&after, sids[0], NOW), None);
        let gone = decide(&after, Command::Remove { delivery: None }, NOW).unwrap();
        assert_eq!((gone.media.len(), gone.media_gone.len()), (0, 3));
    }
}
