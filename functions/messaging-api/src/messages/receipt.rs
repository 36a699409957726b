//! Why a message has the sender that it has, and how it goes on the air: ours, as a task has a receipt of its routing.

use serde_json::json;
use switchboard_domain::encoding::{Encoding, segments, segments_by_clusters};
use switchboard_domain::sender::SenderReceipt;
use switchboard_rest::{Answer, Call, Reply};

use crate::uri;

/// `GET …/Messages/{Sid}/SenderReceipt.json`. What a customer wrote has no sender of ours, so no receipt.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    let view = super::load(call, sid).await?;
    let delivery = view.delivery().ok_or_else(|| call.not_found())?;
    let sender = &delivery.pair.proxy;
    let receipt = view.message.sender.clone().unwrap_or_else(|| SenderReceipt::named(sender));
    Ok(Reply::ok(json!({
        "message_sid": view.sid(),
        "account_sid": call.on.config.account_sid,
        "messaging_service_sid": view.message.messaging_service,
        "sender": sender,
        "kind": receipt.kind,
        "rule": receipt.rule,
        "alike": receipt.alike,
        "capable": receipt.capable,
        "pool_size": receipt.of,
        "encoding": Encoding::of(view.counted()).name(),
        "num_segments": segments(view.counted()).to_string(),
        "num_segments_by_clusters": segments_by_clusters(view.counted()).to_string(),
        "uri": uri(call, &format!("/Messages/{}/SenderReceipt", view.sid())),
    })))
}
