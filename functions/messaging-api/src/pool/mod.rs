//! The senders of a messaging service.

pub(crate) mod alpha_senders;
pub(crate) mod numbers;

use serde_json::Value;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::Page;

use crate::services;

/// A pool has at most this many numbers: removing its service frees them all in one transaction of 100 records.
pub(crate) const NUMBERS_MAX: usize = 99;
/// A pool has at most this many alphanumeric senders.
pub(crate) const ALPHA_SENDERS_MAX: usize = 100;

/// The list of senders of a kind that pools do not hold.
pub(crate) async fn none(call: &Call<'_>, service: &str, list_key: &str) -> Answer {
    let request = call.page(1000)?;
    services::load(call, service).await?;
    let page = Page::<Value> { records: Vec::new(), next: None, previous: None };
    Ok(call.paged(list_key, &request, &page, Value::clone))
}

/// Refuses senders of a kind that pools do not hold.
pub(crate) async fn not_supported(call: &Call<'_>, service: &str, what: &str) -> Answer {
    services::load(call, service).await?;
    let instead = match what {
        "ChannelSenders" => "; name the sender in From instead",
        _ => "",
    };
    Err(ApiError::bad(format!("{what} of a messaging service are not supported yet{instead}")))
}

fn removed() -> Answer {
    Ok(Reply::gone())
}
