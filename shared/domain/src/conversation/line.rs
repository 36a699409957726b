//! The line of a conversation's messages: which message has which index.
//!
//! A conversation names its latest messages itself. When they fill a page they move into an item of their own, which
//! is never written again. So an append needs no row in an index, and who reads the line reads what is true.
//!
//! ```text
//!   by the index `list`      pages                       the conversation
//!  ├─ before there were ─┼─ 12 ─┼─ 12 ─┼─ 12 ─┼─ … ─┼─ latest: 0 to 11 ─┤ next_index
//!           pages        ▲
//!                      listed
//! ```

use std::collections::BTreeMap;
use std::ops::Range;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD_NO_PAD;
use serde::{Deserialize, Serialize};

use super::{Conversation, Draft};
use crate::sid::{ConversationSid, MessageSid, Sid as _};
use crate::version::Version;

/// As many messages a page names. The conversation of one customer and one agent stays below a kilobyte with one less.
pub const PAGE_MESSAGES: u32 = 12;
/// The bytes that tell a root identifier; the others follow from them.
const NAME_BYTES: usize = 12;

/// Identifiers of messages, in order; stored as the base64 of twelve bytes each.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Names(Vec<MessageSid>);

/// The text is no base64, or ends within an identifier.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("is no list of identifiers")]
pub struct NoNames;

impl TryFrom<String> for Names {
    type Error = NoNames;

    fn try_from(text: String) -> Result<Self, NoNames> {
        let bytes = STANDARD_NO_PAD.decode(text).map_err(|_| NoNames)?;
        let name = |twelve: &[u8]| {
            let mut seed = [0; 16];
            seed.get_mut(..NAME_BYTES)?.copy_from_slice(twelve);
            Some(MessageSid::root(seed))
        };
        let whole = bytes
            .chunks(NAME_BYTES)
            .map(|one| if one.len() == NAME_BYTES { name(one) } else { None });
        whole.collect::<Option<_>>().map(Self).ok_or(NoNames)
    }
}

impl From<Names> for String {
    fn from(names: Names) -> Self {
        let bytes: Vec<[u8; 16]> = names.0.into_iter().map(MessageSid::bytes).collect();
        let twelve = bytes.iter().flat_map(|one| one.iter().take(NAME_BYTES).copied());
        STANDARD_NO_PAD.encode(twelve.collect::<Vec<u8>>())
    }
}

/// Twelve messages of a conversation, in order.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub struct MessagePage {
    /// The conversation.
    pub conversation: ConversationSid,
    /// Which page it is; the first is 0.
    pub number: u32,
    /// The messages.
    pub names: Names,
    /// How often it was written.
    #[serde(skip)]
    pub version: Version,
}

impl Conversation {
    /// How many of the first messages only the index `list` knows: those from before there were pages.
    pub fn listed(&self) -> u32 {
        if self.latest.is_some() { self.listed_until } else { self.next_index }
    }

    /// The numbers of the pages that name messages with these indexes.
    pub fn pages(&self, indexes: &Range<u32>) -> Range<u32> {
        let page = |index: u32| (index.max(self.listed()) - self.listed()).div_ceil(PAGE_MESSAGES);
        let first = (indexes.start.max(self.listed()) - self.listed()) / PAGE_MESSAGES;
        first..page(indexes.end).min(self.latest_page()).max(first)
    }

    /// The message with an index that is not [`listed`](Self::listed), by the pages that were read.
    pub fn named(&self, index: u32, pages: &BTreeMap<u32, MessagePage>) -> Option<MessageSid> {
        let place = index.checked_sub(self.listed()).filter(|_| index < self.next_index)?;
        let (page, at) = (place / PAGE_MESSAGES, usize::try_from(place % PAGE_MESSAGES).ok()?);
        let names = match page == self.latest_page() {
            true => self.latest.as_ref(),
            false => pages.get(&page).map(|page| &page.names),
        };
        names?.0.get(at).copied()
    }

    /// The number of the page that the latest messages will be on.
    fn latest_page(&self) -> u32 {
        (self.next_index - self.listed()) / PAGE_MESSAGES
    }
}

impl Draft<'_> {
    /// Notes which message the index belongs to that was given out last.
    pub(super) fn line_up(&mut self, index: u32, message: MessageSid) {
        let (conversation, fields) = (self.conversation.sid, self.fields());
        if fields.latest.is_none() {
            fields.listed_until = index;
        }
        let names = fields.latest.get_or_insert_default();
        names.0.push(message);
        if u32::try_from(names.0.len()).is_ok_and(|count| count >= PAGE_MESSAGES) {
            let (names, number) =
                (std::mem::take(names), (index - fields.listed_until) / PAGE_MESSAGES);
            self.filled.push(MessagePage { conversation, number, names, version: Version::NEW });
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::address::ChannelType;
    use crate::conversation::{Answers, Dates, Defaults, Source};
    use crate::decision::Decision;
    use crate::message::Post;
    use crate::process::conversation::{Command, decide};
    use crate::record::Record;
    use crate::sid::ServiceSid;
    use crate::timestamp::Timestamp;

    fn message(number: u32) -> MessageSid {
        MessageSid::derived(&["m", &number.to_string()])
    }

    /// A conversation to which messages were posted, and the pages that were written on the way.
    fn with(
        mut conversation: Conversation,
        messages: Range<u32>,
    ) -> (Conversation, Vec<MessagePage>) {
        let mut pages = Vec::new();
        for number in messages {
            let post = Post {
                sid: message(number),
                author: None,
                body: Some("hi".into()),
                media: Vec::new(),
                attributes: None,
                speaker: None,
                origin: None,
                aliases: Vec::new(),
                dates: Dates::default(),
                filled: None,
            };
            let (answers, source) = (Answers::default(), Source::Channel(ChannelType::Sms));
            let command = Command::Post(post);
            let change = decide(&conversation, command, source, &answers, Timestamp(1)).unwrap();
            conversation = change.conversation.clone();
            let written = Decision::from(change).puts;
            pages.extend(written.iter().filter_map(Record::get::<MessagePage>).cloned());
        }
        (conversation, pages)
    }

    fn empty() -> Conversation {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        Conversation::new(sid, service, Defaults::default(), Timestamp(0))
    }

    fn numbered(pages: Vec<MessagePage>) -> BTreeMap<u32, MessagePage> {
        pages.into_iter().map(|page| (page.number, page)).collect()
    }

    #[test]
    fn every_message_is_named_by_a_page_or_by_the_conversation() {
        for count in [0, 1, 11, 12, 13, 24, 50] {
            let (conversation, pages) = with(empty(), 0..count);
            assert_eq!(conversation.listed(), 0);
            let pages = numbered(pages);
            let whole = count / PAGE_MESSAGES;
            assert_eq!(pages.keys().copied().collect::<Vec<_>>(), (0..whole).collect::<Vec<_>>());
            assert_eq!(conversation.pages(&(0..count)), 0..whole, "{count}");
            for index in 0..count {
                assert_eq!(conversation.named(index, &pages), Some(message(index)), "{index}");
            }
            assert_eq!(conversation.named(count, &pages), None);
        }
    }

    #[test]
    fn only_the_pages_of_a_stretch_are_read() {
        let (conversation, _) = with(empty(), 0..50);
        for (indexes, pages) in [(0..1, 0..1), (11..13, 0..2), (12..24, 1..2), (48..50, 4..4)] {
            assert_eq!(conversation.pages(&indexes), pages, "{indexes:?}");
        }
        assert_eq!(conversation.pages(&(47..50)), 3..4);
    }

    #[test]
    fn a_conversation_from_before_goes_on_behind_what_the_index_lists() {
        let (mut old, _) = with(empty(), 0..7);
        old.fields.latest = None;
        assert_eq!(old.listed(), 7);
        assert!(old.pages(&(0..7)).is_empty());
        assert_eq!(old.named(6, &BTreeMap::new()), None);
        let (conversation, pages) = with(old, 7..26);
        assert_eq!((conversation.listed(), pages.len()), (7, 1));
        let pages = numbered(pages);
        assert_eq!(conversation.named(6, &pages), None);
        for index in 7..26 {
            assert_eq!(conversation.named(index, &pages), Some(message(index)), "{index}");
        }
        assert_eq!(conversation.pages(&(0..26)), 0..1);
    }

    #[test]
    fn names_survive_being_stored() {
        let names = Names((0..3).map(message).collect());
        let text = String::from(names.clone());
        assert_eq!(text.len(), 3 * 16);
        assert_eq!(Names::try_from(text.clone()), Ok(names));
        assert_eq!(Names::try_from(text[..20].to_owned()), Err(NoNames));
        assert_eq!(Names::try_from("?".to_owned()), Err(NoNames));
    }
}
