//! The keywords and texts of opting out that a messaging service has of its own, and who confirms: a resource of ours, as the vendor
//! has them in its console alone (rule E.3).

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::consent::{Confirmations, Language, OptOut};
use switchboard_domain::decision::Decision;
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::services;

/// All languages of a pool, as JSON text: they are kept in the item of the service.
const LANGUAGES_BYTES_MAX: usize = 65_536;

/// `GET /v1/Services/{Sid}/OptOut`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str) -> Answer {
    Ok(Reply::ok(render(call, &services::load(call, service).await?)))
}

/// `POST /v1/Services/{Sid}/OptOut`: who confirms, and all languages at once.
pub(crate) async fn update(call: &Call<'_>, service: &str) -> Answer {
    let confirmations = confirmations(call)?;
    let languages = languages(call)?;
    let changed = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let mut own = service.opt_out.clone().map(|own| *own).unwrap_or_default();
        own.confirmations = confirmations.unwrap_or(own.confirmations);
        if let Some(languages) = &languages {
            own.languages.clone_from(languages);
        }
        own.check().map_err(|wrong| invalid("Languages", &wrong.to_string()))?;
        if service.opt_out.as_deref() == Some(&own) {
            return Ok((service, Decision::unchanged()));
        }
        service.opt_out = Some(Box::new(own));
        service.updated = call.now;
        Ok::<_, ApiError>((service.clone(), Decision::put(service)))
    });
    Ok(Reply::ok(render(call, &changed.await?)))
}

/// `DELETE /v1/Services/{Sid}/OptOut`: the service has what everybody has. Who opted out stays so.
pub(crate) async fn remove(call: &Call<'_>, service: &str) -> Answer {
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        if service.opt_out.take().is_none() {
            return Ok(((), Decision::unchanged()));
        }
        service.updated = call.now;
        Ok::<_, ApiError>(((), Decision::put(service)))
    });
    gone.await?;
    Ok(Reply::gone())
}

fn confirmations(call: &Call<'_>) -> Result<Option<Confirmations>, ApiError> {
    let given = call.form.given("Confirmations").map(str::parse);
    let wrong = |_| invalid("Confirmations", "must be one of auto, always, never");
    given.transpose().map_err(wrong)
}

/// The languages by their names, as JSON text; an empty value takes all away.
fn languages(call: &Call<'_>) -> Result<Option<BTreeMap<String, Language>>, ApiError> {
    let Some(text) = call.form.get("Languages") else { return Ok(None) };
    if text.is_empty() {
        return Ok(Some(BTreeMap::new()));
    }
    if text.len() > LANGUAGES_BYTES_MAX {
        return Err(invalid("Languages", &format!("has more than {LANGUAGES_BYTES_MAX} bytes")));
    }
    // A list would be read as the members in order.
    let all: Result<BTreeMap<String, Map<String, Value>>, _> = serde_json::from_str(text);
    let language = |(name, members)| Ok((name, serde_json::from_value(Value::Object(members))?));
    let read = all.and_then(|all| all.into_iter().map(language).collect());
    read.map(Some).map_err(|error| invalid("Languages", &format!("cannot be read: {error}")))
}

/// The resource as answers show it.
fn render(call: &Call<'_>, service: &MessagingService) -> Value {
    let none = OptOut::default();
    let own = service.opt_out.as_deref().unwrap_or(&none);
    json!({
        "account_sid": call.on.config.account_sid,
        "service_sid": service.sid,
        "confirmations": own.confirmations.name(),
        "languages": own.languages,
        "date_updated": service.updated.iso(),
        "url": call.url(&format!("v1/Services/{}/OptOut", service.sid)),
    })
}
