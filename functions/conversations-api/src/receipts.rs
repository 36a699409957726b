//! Delivery receipts: one for each copy of a message, with the latest status only.

use serde_json::{Value, json};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::message::{Delivery, Message};
use switchboard_domain::sid::{ParticipantSid, ReceiptSid, Sid as _, SmsSid};
use switchboard_rest::{Answer, Call, Reply};

use crate::messages::load;
use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 50;

/// `GET …/Receipts`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, of: &str, message: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let (conversation, message) = load(call, scope, of, message).await?;
    let page = request.of_parts(&message.deliveries, |one| one.number);
    let render = |one: &Delivery| render(call, scope, &conversation, &message, one);
    Ok(call.paged("delivery_receipts", &request, &page, render))
}

/// `GET …/Receipts/{Sid}`.
pub(crate) async fn fetch(
    call: &Call<'_>,
    scope: &Scope,
    of: &str,
    message: &str,
    sid: &str,
) -> Answer {
    let sid: ReceiptSid = call.sid(sid)?;
    let (conversation, message) = load(call, scope, of, message).await?;
    let mut receipts = message.deliveries.iter();
    let found = receipts.find(|one| message.sid.kin::<ReceiptSid>(one.number) == sid);
    let found = found.ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, scope, &conversation, &message, found)))
}

fn render(
    call: &Call<'_>,
    scope: &Scope,
    of: &Conversation,
    message: &Message,
    one: &Delivery,
) -> Value {
    let sid: ReceiptSid = message.sid.kin(one.number);
    let message_path = format!("Conversations/{}/Messages/{}", of.sid, message.sid);
    let participant = one.participant.map(|number| of.sid.kin::<ParticipantSid>(number));
    scope.stamped(json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": of.sid,
        "message_sid": message.sid,
        "channel_message_sid": message.sid.kin::<SmsSid>(one.number),
        "participant_sid": participant,
        "status": status(one.status),
        "error_code": one.error_code.unwrap_or(0),
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&scope.path(&format!("{message_path}/Receipts/{sid}"))),
    }))
}

/// A copy that has not left us has no status yet (rule B.4).
const fn status(status: DeliveryStatus) -> Option<&'static str> {
    match status {
        DeliveryStatus::Scheduled | DeliveryStatus::Queued | DeliveryStatus::Canceled => None,
        DeliveryStatus::Sent => Some("sent"),
        DeliveryStatus::Delivered => Some("delivered"),
        DeliveryStatus::Read => Some("read"),
        DeliveryStatus::Undelivered => Some("undelivered"),
        DeliveryStatus::Failed => Some("failed"),
    }
}
