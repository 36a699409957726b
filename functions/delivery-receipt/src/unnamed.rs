//! Reports that do not tell us back which message they are about: some channels name a message by the carrier's
//! identifier alone, or say only that everything before a moment got so far. They are about what was last written to
//! that customer, in the conversation that the pair is in.

use switchboard_domain::carriage::{StatusReport, Watermark};
use switchboard_domain::conversation::{AddressBinding, Conversation, Pair};
use switchboard_domain::message::Message;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

/// So many of the latest messages are looked at: two pages. Reports come while a message is among them; one on an older
/// message, or on one of a conversation that is closed, finds nothing.
const LATEST: u32 = 24;

/// The delivery that a report is about; none if it is about a message that was not sent by us.
pub(crate) async fn delivery_of(
    on: &Dependencies,
    report: &StatusReport,
) -> Result<Option<(MessageSid, u32)>, Failure> {
    let (Some(customer), Some(business)) = (&report.customer, &report.business) else {
        return Ok(None);
    };
    let pair = Pair { address: customer.clone(), proxy: business.clone() };
    let messages = latest(on, &pair).await?;
    let known = messages.iter().find_map(|message| {
        let number = message.delivery_called(report.carrier, &report.carrier_message_id)?;
        Some((message.sid, number))
    });
    if known.is_none() && is_under_way(&messages, &pair, on.now()) {
        return Err(being_sent());
    }
    Ok(known)
}

/// What a watermark is about.
pub(crate) struct Reached {
    /// The deliveries, and the report on each.
    pub(crate) reports: Vec<(MessageSid, u32, StatusReport)>,
    /// Whether there may be another one, whose identifier is not written down yet.
    pub(crate) is_partial: bool,
}

/// The deliveries that a watermark is about.
pub(crate) async fn deliveries_before(
    on: &Dependencies,
    mark: &Watermark,
) -> Result<Reached, Failure> {
    let pair = Pair { address: mark.customer.clone(), proxy: mark.business.clone() };
    let messages = latest(on, &pair).await?;
    let told = messages.iter().flat_map(|message| {
        let reports = message.reports_of(mark, &pair);
        reports.into_iter().map(|(number, report)| (message.sid, number, report))
    });
    let reports = told.collect();
    Ok(Reached { reports, is_partial: is_under_way(&messages, &pair, on.now()) })
}

/// That a report is to come again later.
pub(crate) fn being_sent() -> Failure {
    Failure::NotFound("a message that is being sent".to_owned())
}

/// Whether one of the messages may be the one that a report is about, and its identifier is not written down yet.
fn is_under_way(messages: &[Message], pair: &Pair, now: Timestamp) -> bool {
    messages.iter().any(|message| message.is_under_way(pair, now))
}

/// The latest messages of the open conversation of a pair.
async fn latest(on: &Dependencies, pair: &Pair) -> Result<Vec<Message>, Failure> {
    let binding: Option<AddressBinding> = on.store.get(key::binding(pair)).await?;
    let Some(binding) = binding else { return Ok(Vec::new()) };
    let conversation: Option<Conversation> =
        on.store.get(key::conversation(binding.conversation)).await?;
    let Some(conversation) = conversation else { return Ok(Vec::new()) };
    let first = conversation.next_index.saturating_sub(LATEST).max(conversation.listed());
    Ok(on.store.messages(&conversation, first..conversation.next_index).await?)
}
