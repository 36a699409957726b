//! The conversations whose state may be due to change, and the messages whose time comes.

use std::str::FromStr;

use switchboard_domain::effect::{ConversationAlarm, FlowAlarm};
use switchboard_domain::sid::MessageSid;
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

    /// The scheduled messages whose time has come by then, the first ones first, each with its time; as many as that at most.
    pub async fn messages_due(
        &self,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<(MessageSid, Timestamp)>, StoreError> {
        let all = Listing::scheduled();
        let by_then = Listing { high: due_at(until), ..all };
        let rows = self.rows(&by_then, None, false, most).await?;
        rows.iter().map(|row| due(row, "message")).collect()
    }

    /// The executions of flows that are to be looked at by then, likewise.
    pub async fn flows_due(
        &self,
        until: Timestamp,
        most: usize,
    ) -> Result<Vec<FlowAlarm>, StoreError> {
        let by_then = Listing { high: due_at(until), ..Listing::waiting_flows() };
        let rows = self.rows(&by_then, None, false, most).await?;
        let alarm = |row| due(row, "execution").map(|(execution, at)| FlowAlarm { at, execution });
        rows.iter().map(alarm).collect()
    }
}

fn alarm(row: &Row) -> Result<ConversationAlarm, StoreError> {
    let (conversation, at) = due(row, "conversation")?;
    Ok(ConversationAlarm { at, conversation })
}

/// Who is due, and when.
fn due<T: FromStr>(row: &Row, what: &str) -> Result<(T, Timestamp), StoreError> {
    let who = row.key("pk").and_then(|sid| sid.parse().ok());
    let at = row.key("dsk").and_then(|at| at.parse().ok()).map(Timestamp);
    who.zip(at).ok_or_else(|| StoreError::Defect {
        operation: "Query",
        reason: format!("a row of the index due without its {what} or time"),
    })
}
