//! Webhooks of the account and of services: who is told of everything (rule B.5).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{HookName, Hooks};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};

use crate::input;
use crate::scope::{self, Scope};

/// `GET /v1/Configuration/Webhooks`.
pub(crate) async fn of_account(call: &Call<'_>) -> Answer {
    let settings = scope::settings(call).await?.unwrap_or_default();
    Ok(Reply::ok(account(call, &settings.webhooks)))
}

/// `POST /v1/Configuration/Webhooks`.
pub(crate) async fn update_account(call: &Call<'_>) -> Answer {
    let answer = call
        .on
        .decide(async || {
            let loaded = scope::settings(call).await?.unwrap_or_default();
            let mut settings = loaded.clone();
            changed(&call.form, &mut settings.webhooks)?;
            if let Some(target) = call.form.given("Target") {
                settings.webhooks.flex = is_flex(target)?;
            }
            call.nothing_else()?;
            let answer = account(call, &settings.webhooks);
            let unchanged = settings == loaded;
            let decision = if unchanged { Decision::unchanged() } else { Decision::put(settings) };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `GET /v1/Services/{Sid}/Configuration/Webhooks`.
pub(crate) async fn of_service(call: &Call<'_>, scope: &Scope) -> Answer {
    let sid = scope.service(call).await?;
    let settings = scope::settings(call).await?.unwrap_or_default();
    let hooks = settings.service_webhooks.get(&sid).cloned().unwrap_or_default();
    Ok(Reply::ok(service(call, scope, sid, &hooks)))
}

/// `POST /v1/Services/{Sid}/Configuration/Webhooks`. They are kept with the settings of the account, which a removal of
/// the service writes as well: so none is left over.
pub(crate) async fn update_service(call: &Call<'_>, scope: &Scope) -> Answer {
    let answer = call
        .on
        .decide(async || {
            // First, as whoever removes the service writes them too.
            let loaded = scope::settings(call).await?.unwrap_or_default();
            let sid = scope.service(call).await?;
            let mut settings = loaded.clone();
            let mut hooks = settings.service_webhooks.remove(&sid).unwrap_or_default();
            changed(&call.form, &mut hooks)?;
            call.nothing_else()?;
            let answer = service(call, scope, sid, &hooks);
            if !hooks.is_empty() {
                settings.service_webhooks.insert(sid, hooks);
            }
            let unchanged = settings == loaded;
            let decision = if unchanged { Decision::unchanged() } else { Decision::put(settings) };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// Changes what the parameters name, and nothing else; an empty one takes away.
fn changed(form: &Params, hooks: &mut Hooks) -> Result<(), ApiError> {
    for (name, place) in
        [("PreWebhookUrl", &mut hooks.pre_url), ("PostWebhookUrl", &mut hooks.post_url)]
    {
        match form.get(name) {
            None => {}
            Some("") => *place = None,
            Some(text) => *place = Some(input::url(text)?),
        }
    }
    if let Some(text) = form.given("Method") {
        hooks.method = Some(input::method(text)?).filter(|method| method != "POST");
    }
    if form.has("Filters") {
        hooks.filters = filters(&form.all("Filters"))?;
    }
    Ok(())
}

/// Names of events, in any case; what is repeated counts once.
fn filters(given: &[String]) -> Result<Vec<HookName>, ApiError> {
    let mut known: Vec<HookName> = Vec::new();
    for name in given.iter().filter(|name| !name.is_empty()) {
        let event = name.parse().map_err(|_| Code::InvalidWebhookFilter)?;
        if !known.contains(&event) {
            known.push(event);
        }
    }
    Ok(known)
}

fn is_flex(target: &str) -> Result<bool, ApiError> {
    match target {
        text if text.eq_ignore_ascii_case("webhook") => Ok(false),
        text if text.eq_ignore_ascii_case("flex") => Ok(true),
        _ => Err(Code::InvalidWebhookType.into()),
    }
}

fn account(call: &Call<'_>, hooks: &Hooks) -> Value {
    let mut shown = shown(call, hooks, "v1/Configuration/Webhooks");
    shown["target"] = json!(if hooks.flex { "flex" } else { "webhook" });
    shown
}

fn service(call: &Call<'_>, scope: &Scope, sid: ServiceSid, hooks: &Hooks) -> Value {
    let mut shown = shown(call, hooks, &scope.path("Configuration/Webhooks"));
    shown["chat_service_sid"] = json!(sid);
    shown
}

fn shown(call: &Call<'_>, hooks: &Hooks, path: &str) -> Value {
    json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "pre_webhook_url": hooks.pre_url,
        "post_webhook_url": hooks.post_url,
        "method": hooks.method(),
        "filters": hooks.filters,
        "url": call.url(path),
    })
}
