//! Phone numbers in the pool of a messaging service. The number and the service tell of each other, and both
//! change in one transaction.

use serde_json::{Value, json};
use switchboard_domain::configuration::{MessagingService, PhoneNumber, PoolNumber};
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::country_of;
use switchboard_domain::sid::{MessagingServiceSid, PhoneNumberSid};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, fields, ordered};
use switchboard_store::{key, take};

use super::{must_be_free, must_have_room, removed};
use crate::services;

/// `POST /v1/Services/{ServiceSid}/PhoneNumbers`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let service_sid: MessagingServiceSid = call.sid(service)?;
    let sid: PhoneNumberSid = fields::sid("PhoneNumberSid", call.form.required("PhoneNumberSid")?)?;
    let added = call.decide(|| async {
        let keys = [key::messaging_service(service_sid), key::phone_number(sid)];
        let mut found = call.on.store.get_all(&keys).await?;
        let service: Option<MessagingService> = take(&mut found, &keys[0]);
        let mut service = service.ok_or_else(|| call.not_found())?;
        let number: Option<PhoneNumber> = take(&mut found, &keys[1]);
        let mut number =
            number.ok_or_else(|| ApiError::not_found(&format!("/IncomingPhoneNumbers/{sid}")))?;
        must_be_free(number.messaging_service, service_sid)?;
        must_have_room(&service)?;
        let place = PoolNumber {
            sid,
            number: number.number.clone(),
            registered: number.campaign.is_some(),
            created: call.now,
        };
        service.numbers.push(place.clone());
        service.updated = call.now;
        number.messaging_service = Some(service_sid);
        number.updated = call.now;
        Ok::<_, ApiError>((place, Decision::put(service).and(number)))
    });
    Ok(Reply::created(render(call, service_sid, &added.await?)))
}

/// `GET /v1/Services/{ServiceSid}/PhoneNumbers`.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let service = services::load(call, service).await?;
    let rows = service.numbers.into_iter().map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("phone_numbers", &request, &page, |one| render(call, service.sid, one)))
}

/// `GET /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: PhoneNumberSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let number = service.numbers.iter().find(|one| one.sid == sid);
    Ok(Reply::ok(render(call, service.sid, number.ok_or_else(|| call.not_found())?)))
}

/// `DELETE /v1/Services/{ServiceSid}/PhoneNumbers/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: PhoneNumberSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let place = service.numbers.iter().position(|one| one.sid == sid);
        service.numbers.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        let number: Option<PhoneNumber> = call.on.store.get(key::phone_number(sid)).await?;
        let of_this = number.filter(|one| one.messaging_service == Some(service.sid));
        let decision = Decision::put(service);
        let decision = match of_this {
            Some(number) => {
                decision.and(PhoneNumber { messaging_service: None, updated: call.now, ..number })
            }
            None => decision,
        };
        Ok::<_, ApiError>(((), decision))
    });
    gone.await?;
    removed()
}

/// The resource as answers show it.
pub(crate) fn render(call: &Call<'_>, service: MessagingServiceSid, one: &PoolNumber) -> Value {
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "service_sid": service,
        "date_created": one.created.iso(),
        "date_updated": one.created.iso(),
        "phone_number": one.number,
        "country_code": country_of(one.number.as_str()),
        "capabilities": ["SMS", "MMS"],
        "url": call.url(&format!("v1/Services/{service}/PhoneNumbers/{}", one.sid)),
    })
}
