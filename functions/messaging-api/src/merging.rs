//! Whether replies in a row leave as one, and for how long the first waits for others: a resource of ours, as the vendor has none
//! (`domain/message/merge`).

use serde_json::{Value, json};
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::message::MERGED_WITHIN_MAX;
use switchboard_rest::fields::missing;
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::services;

/// `GET /v1/Services/{Sid}/Merging`. Without it no reply waits: zero seconds.
pub(crate) async fn fetch(call: &Call<'_>, service: &str) -> Answer {
    Ok(Reply::ok(render(call, &services::load(call, service).await?)))
}

/// `POST /v1/Services/{Sid}/Merging` with `Seconds`.
pub(crate) async fn update(call: &Call<'_>, service: &str) -> Answer {
    let seconds = call.form.integer("Seconds", 0, i64::from(MERGED_WITHIN_MAX))?;
    let seconds = seconds.ok_or_else(|| missing("Seconds"))?;
    let seconds = u8::try_from(seconds).ok().filter(|seconds| *seconds > 0);
    Ok(Reply::ok(render(call, &set(call, service, seconds).await?)))
}

/// `DELETE /v1/Services/{Sid}/Merging`: each reply goes at once.
pub(crate) async fn remove(call: &Call<'_>, service: &str) -> Answer {
    set(call, service, None).await?;
    Ok(Reply::gone())
}

async fn set(
    call: &Call<'_>,
    service: &str,
    seconds: Option<u8>,
) -> Result<MessagingService, ApiError> {
    call.decide(|| async {
        let mut service = services::load(call, service).await?;
        if service.merges_within == seconds {
            return Ok((service, Decision::unchanged()));
        }
        service.merges_within = seconds;
        service.updated = call.now;
        Ok::<_, ApiError>((service.clone(), Decision::put(service)))
    })
    .await
}

/// The resource as answers show it.
fn render(call: &Call<'_>, service: &MessagingService) -> Value {
    json!({
        "account_sid": call.on.config.account_sid,
        "service_sid": service.sid,
        "seconds": service.merges_within.unwrap_or_default(),
        "date_updated": service.updated.iso(),
        "url": call.url(&format!("v1/Services/{}/Merging", service.sid)),
    })
}
