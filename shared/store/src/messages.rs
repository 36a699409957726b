//! The messages of a conversation, in order: by its pages, and by the index for those from before there were pages.

use std::collections::BTreeMap;
use std::ops::Range;

use switchboard_domain::conversation::{Conversation, MessagePage};
use switchboard_domain::message::Message;

use crate::error::StoreError;
use crate::key::{indexed, message, message_page};
use crate::{Kept as _, Key, Listing, Store, take};

impl Store {
    /// The messages of a conversation with these indexes, in order, removed ones as well. What was appended after the
    /// conversation was read is not among them; everything else is, as it is now.
    pub async fn messages(
        &self,
        of: &Conversation,
        indexes: Range<u32>,
    ) -> Result<Vec<Message>, StoreError> {
        let indexes = indexes.start..indexes.end.min(of.next_index);
        let mut found = self.listed(of, &indexes).await?;
        let pages: Vec<Key> =
            of.pages(&indexes).map(|number| message_page(of.sid, number)).collect();
        let pages = self.get_all(&pages).await?.into_values().filter_map(MessagePage::from_record);
        let pages: BTreeMap<u32, MessagePage> = pages.map(|page| (page.number, page)).collect();
        let rest = indexes.start.max(of.listed())..indexes.end;
        let keys: Vec<Key> =
            rest.filter_map(|index| of.named(index, &pages)).map(message).collect();
        let mut read = self.get_all(&keys).await?;
        found.extend(keys.iter().filter_map(|key| take::<Message>(&mut read, key)));
        Ok(found)
    }

    async fn listed(
        &self,
        of: &Conversation,
        indexes: &Range<u32>,
    ) -> Result<Vec<Message>, StoreError> {
        let end = indexes.end.min(of.listed());
        if indexes.start >= end {
            return Ok(Vec::new());
        }
        let listing = Listing::messages_of(of.sid);
        self.all(&listing.between(indexed(indexes.start), indexed(end - 1))).await
    }
}
