//! Alphanumeric senders of a messaging service by country: each is for one, or the default for all. The defaults are
//! shown in `AlphaSenders` as well.

use serde_json::Value;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::AlphaSender;
use switchboard_domain::sender::country_takes_alpha;
use switchboard_domain::sid::AlphaSenderSid;
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, ordered};
use switchboard_store::key;

use super::alpha_senders;
use crate::services;

/// `POST /v1/Services/{ServiceSid}/DestinationAlphaSenders`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let country = country(call.form.given("IsoCountryCode"))?;
    if country.as_deref().is_some_and(|country| !country_takes_alpha(country)) {
        return Err(ApiError::because(Code::InvalidAlphaSender, "carriers there take none"));
    }
    let (service, sender) = alpha_senders::add(call, service, country).await?;
    Ok(Reply::created(render(call, alpha_senders::render(call, service, &sender), &sender)))
}

/// Two letters, in whatever case they came.
fn country(text: Option<&str>) -> Result<Option<String>, ApiError> {
    let is_one = |text: &str| text.len() == 2 && text.bytes().all(|it| it.is_ascii_alphabetic());
    match text {
        None => Ok(None),
        Some(text) if is_one(text) => Ok(Some(text.to_uppercase())),
        Some(_) => Err(ApiError::bad("Invalid parameter: IsoCountryCode is not two letters")),
    }
}

/// `GET /v1/Services/{ServiceSid}/DestinationAlphaSenders`; `IsoCountryCode` shows those of a country alone.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let country = country(call.query.given("IsoCountryCode"))?;
    let service = services::load(call, service).await?;
    let shown = service.alpha_senders.into_iter();
    let shown = shown.filter(|one| country.is_none() || one.country == country);
    let rows = shown.map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("alpha_senders", &request, &page, |one| {
        render(call, alpha_senders::render(call, service.sid, one), one)
    }))
}

/// `GET /v1/Services/{ServiceSid}/DestinationAlphaSenders/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: AlphaSenderSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let sender = service.alpha_senders.iter().find(|one| one.sid == sid);
    let sender = sender.ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, alpha_senders::render(call, service.sid, sender), sender)))
}

/// The resource as answers show it, from what `AlphaSenders` shows.
fn render(call: &Call<'_>, mut shown: Value, one: &AlphaSender) -> Value {
    shown["iso_country_code"] = one.country.as_deref().unwrap_or_default().into();
    let service = shown["service_sid"].as_str().unwrap_or_default();
    let path = format!("v1/Services/{service}/DestinationAlphaSenders/{}", one.sid);
    shown["url"] = call.url(&path).into();
    shown
}
