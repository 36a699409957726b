//! Alphanumeric senders in the pool of a messaging service that are for all countries; those for one are in
//! [`super::destinations`].

use serde_json::{Value, json};
use switchboard_domain::address::alphanumeric_sender;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::AlphaSender;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{AlphaSenderSid, MessagingServiceSid};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, ordered};
use switchboard_store::key;

use super::{ALPHA_SENDERS_MAX, removed};
use crate::services;

/// `POST /v1/Services/{ServiceSid}/AlphaSenders`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let (service, sender) = add(call, service, None).await?;
    Ok(Reply::created(render(call, service, &sender)))
}

/// Adds the one that a request names, for a country or for all.
pub(super) async fn add(
    call: &Call<'_>,
    service: &str,
    country: Option<String>,
) -> Result<(MessagingServiceSid, AlphaSender), ApiError> {
    let sender = call.form.get("AlphaSender").unwrap_or_default().trim();
    if sender.is_empty() {
        return Err(Code::AlphaSenderMissing.into());
    }
    if !alphanumeric_sender(sender) {
        let rule = "it has at most 11 letters, digits, spaces and + - _ &, and at least one letter";
        return Err(ApiError::because(Code::InvalidAlphaSender, rule));
    }
    let (sid, sender, created) = (call.on.mint(), sender.to_owned(), call.now);
    let new = AlphaSender { sid, sender, country, created };
    let added = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let same = |one: &AlphaSender| one.sender == new.sender && one.country == new.country;
        if service.alpha_senders.iter().any(same) {
            return Err(Code::SenderInPool.into());
        }
        if service.alpha_senders.len() >= ALPHA_SENDERS_MAX {
            return Err(Code::PoolFull.into());
        }
        service.alpha_senders.push(new.clone());
        service.updated = call.now;
        Ok::<_, ApiError>(((service.sid, new.clone()), Decision::put(service)))
    });
    added.await
}

/// `GET /v1/Services/{ServiceSid}/AlphaSenders`.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let service = services::load(call, service).await?;
    let shown = service.alpha_senders.into_iter().filter(|one| one.country.is_none());
    let rows = shown.map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("alpha_senders", &request, &page, |one| render(call, service.sid, one)))
}

/// `GET /v1/Services/{ServiceSid}/AlphaSenders/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: AlphaSenderSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let sender = service.alpha_senders.iter().find(|one| one.sid == sid && one.country.is_none());
    Ok(Reply::ok(render(call, service.sid, sender.ok_or_else(|| call.not_found())?)))
}

/// `DELETE /v1/Services/{ServiceSid}/AlphaSenders/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: AlphaSenderSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let place = service.alpha_senders.iter().position(|one| one.sid == sid);
        service.alpha_senders.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        Ok::<_, ApiError>(((), Decision::put(service)))
    });
    gone.await?;
    removed()
}

/// The resource as answers show it.
pub(crate) fn render(call: &Call<'_>, service: MessagingServiceSid, one: &AlphaSender) -> Value {
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "service_sid": service,
        "date_created": one.created.iso(),
        "date_updated": one.created.iso(),
        "alpha_sender": one.sender,
        "capabilities": ["SMS"],
        "url": call.url(&format!("v1/Services/{service}/AlphaSenders/{}", one.sid)),
    })
}
