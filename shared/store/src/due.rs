//! The conversations whose state may be due to change.

use switchboard_domain::effect::ConversationAlarm;
use switchboard_domain::timestamp::Timestamp;

use crate::Store;
use crate::error::StoreError;
use crate::listing::Listing;
use crate::place::due_at;
use crate::row::Row;

impl Store {
    /// The conversations that are to be looked at by then, the first ones first; as many as that at most. The index is a
    /// moment behind, and holds nothing but who and when.
    pub async fn due(
        &self,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<ConversationAlarm>, StoreError> {
        let all = Listing::due();
        let listing = all.clone().between(all.low, due_at(until));
        let rows = self.rows(&listing, None, false, most).await?;
        rows.iter().map(alarm).collect()
    }
}

fn alarm(row: &Row) -> Result<ConversationAlarm, StoreError> {
    let conversation = row.key("pk").and_then(|sid| sid.parse().ok());
    let at = row.key("dsk").and_then(|at| at.parse().ok()).map(Timestamp);
    let both = conversation.zip(at);
    let alarm = both.map(|(conversation, at)| ConversationAlarm { at, conversation });
    alarm.ok_or_else(|| StoreError::Defect {
        operation: "Query",
        reason: "a row of the index due without its conversation or time".to_owned(),
    })
}
