//! What is kept of a message that a carrier brings (rule H): a carrier that sends too much is not refused.

use super::told::{InboundMessage, Part, UNKNOWN_CONTENT};

/// The longest text that a message keeps, in bytes (rule B.3: 32 KB).
pub const BODY_BYTES_MAX: usize = 32 * 1024;
/// The most files of an inbound message (rule H).
pub const MEDIA_MAX: usize = 10;
/// Of more receivers than that no group is made, and none is kept.
const OTHERS_MAX: usize = 64;
/// The longest name of a customer that is kept, in bytes.
const NAME_BYTES_MAX: usize = 1024;
/// The longest address of a file that is kept, in bytes.
const URL_BYTES_MAX: usize = 2048;
/// The longest media type, in bytes; registered ones are of 127 characters at most on either side.
const CONTENT_TYPE_BYTES_MAX: usize = 255;
/// What is kept of what a message consists of beside text and files, as JSON, in bytes.
const CONTENT_BYTES_MAX: usize = 16 * 1024;
/// The longest identifier of a carrier that is kept, in bytes.
const ID_BYTES_MAX: usize = 256;
/// What is kept of all that a carrier says besides, names and values, in bytes.
const EXTRA_BYTES_MAX: usize = 16 * 1024;

/// Shortens a text to at most this many bytes, between two characters; says whether anything was cut.
fn cut(text: &mut String, bytes_max: usize) -> bool {
    let is_long = text.len() > bytes_max;
    text.truncate(text.floor_char_boundary(bytes_max));
    is_long
}

impl InboundMessage {
    /// The message with every part cut to what is kept of it (rule H), and a note of what was cut: a carrier that
    /// sends too much is not refused, since it would only send the same again. Texts are cut between characters.
    #[must_use]
    pub fn within_limits(mut self) -> Self {
        if cut(&mut self.body.0, BODY_BYTES_MAX) {
            self.truncated.insert(Part::Body);
        }
        if self.profile_name.as_mut().is_some_and(|name| cut(&mut name.0, NAME_BYTES_MAX)) {
            self.truncated.insert(Part::ProfileName);
        }
        if self.others.len() > OTHERS_MAX {
            self.others.clear();
        }
        let files = self.media.len();
        self.media.retain(|file| file.url.len() <= URL_BYTES_MAX);
        self.media.truncate(MEDIA_MAX);
        if self.media.len() < files {
            self.truncated.insert(Part::Media);
        }
        for file in &mut self.media {
            if file.content_type.len() > CONTENT_TYPE_BYTES_MAX {
                UNKNOWN_CONTENT.clone_into(&mut file.content_type);
            }
        }
        if self.cut_content() {
            self.truncated.insert(Part::Content);
        }
        let mut left = EXTRA_BYTES_MAX;
        let mut is_cut = false;
        self.extra.retain(|name, value| {
            // Once one does not fit, none after it does.
            left = left.saturating_sub(name.len());
            let fits = left > 0;
            is_cut |= cut(&mut value.0, left) || !fits;
            left -= value.len();
            fits
        });
        if is_cut {
            self.truncated.insert(Part::Extra);
        }
        self
    }

    /// Drops what it consists of once that is more than is kept, and a reply that is to nothing we could know; says
    /// whether anything was dropped.
    fn cut_content(&mut self) -> bool {
        let (parts, mut left) = (self.content.len(), CONTENT_BYTES_MAX);
        self.content.retain(|content| {
            let size = serde_json::to_string(content).map_or(usize::MAX, |text| text.len());
            left = left.saturating_sub(size);
            left > 0
        });
        let is_long = self.reply_to.as_ref().is_some_and(|id| id.len() > ID_BYTES_MAX);
        self.reply_to.take_if(|_| is_long);
        for file in &mut self.media {
            file.carrier_media_id.take_if(|id| id.len() > ID_BYTES_MAX);
            file.sha256.take_if(|digest| digest.len() > ID_BYTES_MAX);
            file.file_name.iter_mut().for_each(|name| {
                cut(&mut name.0, NAME_BYTES_MAX);
            });
        }
        is_long || self.content.len() < parts
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::CarrierName;
    use super::super::told::{Content, Media};
    use super::*;
    use crate::timestamp::Timestamp;

    fn inbound(body: &str) -> InboundMessage {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        InboundMessage::new(CarrierName::default(), "SM1", pair, body, Timestamp(0))
    }

    fn file(url: String, content_type: &str) -> Media {
        Media::new(url, content_type)
    }

    #[test]
    fn a_message_within_its_limits_is_left_as_it_is() {
        let mut message = inbound(&"x".repeat(BODY_BYTES_MAX));
        message.media = vec![file("https://a.example".to_owned(), "image/png"); MEDIA_MAX];
        message.profile_name = Some("Zoë".into());
        message.extra.insert("Label".to_owned(), "x".repeat(EXTRA_BYTES_MAX - 5).into());
        assert_eq!(message.clone().within_limits(), message);
        assert_eq!(message.attributes(), None);
    }

    #[test]
    fn too_long_texts_are_cut_between_characters_and_noted() {
        let mut message = inbound(&format!("{}ü", "x".repeat(BODY_BYTES_MAX - 1)));
        message.media = vec![file("https://a.example".to_owned(), &"t".repeat(256)); MEDIA_MAX + 1];
        message.media[0].url = "u".repeat(URL_BYTES_MAX + 1).into();
        message.profile_name = Some("é".repeat(NAME_BYTES_MAX).into());
        message.extra.insert("A".to_owned(), "€".repeat(EXTRA_BYTES_MAX).into());
        message.extra.insert("B".to_owned(), "b".into());
        message.content = vec![
            Content::Unsupported { what: Some("w".repeat(100)), error_code: None },
            Content::Unsupported { what: Some("w".repeat(CONTENT_BYTES_MAX)), error_code: None },
            Content::Forwarded { many_times: false },
        ];
        message.reply_to = Some("r".repeat(ID_BYTES_MAX + 1));
        let kept = message.within_limits();
        assert_eq!(kept.body.as_str(), "x".repeat(BODY_BYTES_MAX - 1));
        assert_eq!(kept.media.len(), MEDIA_MAX);
        assert!(kept.media.iter().all(|one| one.content_type == UNKNOWN_CONTENT));
        assert_eq!(kept.profile_name.as_ref().map(|name| name.len()), Some(NAME_BYTES_MAX));
        assert_eq!(kept.extra.keys().collect::<Vec<_>>(), ["A"]);
        assert_eq!(kept.extra["A"].len(), (EXTRA_BYTES_MAX - 1) / 3 * 3);
        assert_eq!((kept.content.len(), &kept.reply_to), (1, &None));
        let noted = kept.attributes().unwrap();
        assert_eq!(noted, r#"{"truncated":["body","media","content","profile_name","extra"]}"#);
        assert_eq!(kept.clone().within_limits(), kept);
    }

    proptest! {
        #[test]
        fn any_message_of_a_carrier_fits_into_a_queue_and_an_item(
            body in "\\PC{0,40}",
            times in 0..4000_usize,
            extra in proptest::collection::btree_map("[A-Z]{0,3000}", "\\PC{0,3000}", 0..20),
            files in 0..30_usize,
            url in "[!-~]{0,3000}",
        ) {
            let mut message = inbound(&body.repeat(times));
            message.media = vec![file(url, "x"); files];
            let extra = extra.into_iter().map(|(name, value)| (name, value.into()));
            message.extra = extra.collect();
            let kept = message.clone().within_limits();
            prop_assert!(message.body.starts_with(kept.body.as_str()));
            prop_assert_eq!(kept.truncated.contains(&Part::Body), kept.body != message.body);
            prop_assert_eq!(kept.truncated.contains(&Part::Media), kept.media != message.media);
            prop_assert_eq!(kept.truncated.contains(&Part::Extra), kept.extra != message.extra);
            prop_assert!(kept.body.len() + kept.extra.iter().map(|(n, v)| n.len() + v.len()).sum::<usize>()
                + kept.media.iter().map(|one| one.url.len()).sum::<usize>() <= 70 * 1024);
        }
    }
}
