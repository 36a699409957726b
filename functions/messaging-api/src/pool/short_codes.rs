//! Short codes in the pool of a messaging service. The short code and the service tell of each other, and both change in
//! one transaction.

use serde_json::{Value, json};
use switchboard_domain::configuration::{MessagingService, PoolShortCode};
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::ShortCode;
use switchboard_domain::sid::{MessagingServiceSid, ShortCodeSid};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, fields, ordered};
use switchboard_store::{key, take};

use super::{must_be_free, must_have_room, removed};
use crate::services;

/// `POST /v1/Services/{ServiceSid}/ShortCodes`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let service_sid: MessagingServiceSid = call.sid(service)?;
    let sid: ShortCodeSid = fields::sid("ShortCodeSid", call.form.required("ShortCodeSid")?)?;
    let added = call.decide(|| async {
        let keys = [key::messaging_service(service_sid), key::short_code(sid)];
        let mut found = call.on.store.get_all(&keys).await?;
        let service: Option<MessagingService> = take(&mut found, &keys[0]);
        let mut service = service.ok_or_else(|| call.not_found())?;
        let code: Option<ShortCode> = take(&mut found, &keys[1]);
        let mut code =
            code.ok_or_else(|| ApiError::not_found(&format!("/SMS/ShortCodes/{sid}")))?;
        must_be_free(code.messaging_service, service_sid)?;
        must_have_room(&service)?;
        let place = PoolShortCode {
            sid,
            code: code.code.clone(),
            country: code.country.clone(),
            created: call.now,
        };
        service.short_codes.push(place.clone());
        service.updated = call.now;
        code.messaging_service = Some(service_sid);
        code.updated = call.now;
        Ok::<_, ApiError>((place, Decision::put(service).and(code)))
    });
    Ok(Reply::created(render(call, service_sid, &added.await?)))
}

/// `GET /v1/Services/{ServiceSid}/ShortCodes`.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let service = services::load(call, service).await?;
    let rows = service.short_codes.into_iter().map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("short_codes", &request, &page, |one| render(call, service.sid, one)))
}

/// `GET /v1/Services/{ServiceSid}/ShortCodes/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: ShortCodeSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let code = service.short_codes.iter().find(|one| one.sid == sid);
    Ok(Reply::ok(render(call, service.sid, code.ok_or_else(|| call.not_found())?)))
}

/// `DELETE /v1/Services/{ServiceSid}/ShortCodes/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: ShortCodeSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let place = service.short_codes.iter().position(|one| one.sid == sid);
        service.short_codes.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        let code: Option<ShortCode> = call.on.store.get(key::short_code(sid)).await?;
        let of_this = code.filter(|one| one.messaging_service == Some(service.sid));
        let mut decision = Decision::put(service);
        if let Some(code) = of_this {
            let free = ShortCode { messaging_service: None, updated: call.now, ..code };
            decision = decision.and(free);
        }
        Ok::<_, ApiError>(((), decision))
    });
    gone.await?;
    removed()
}

/// The resource as answers show it.
fn render(call: &Call<'_>, service: MessagingServiceSid, one: &PoolShortCode) -> Value {
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "service_sid": service,
        "date_created": one.created.iso(),
        "date_updated": one.created.iso(),
        "short_code": one.code,
        "country_code": one.country,
        "capabilities": ["SMS", "MMS"],
        "url": call.url(&format!("v1/Services/{service}/ShortCodes/{}", one.sid)),
    })
}
