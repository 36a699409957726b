//! Webhooks that hear of interactions (rule C.10). The published table of parameters calls them `Filters` and `Method`, the working
//! examples `WebhookEvents` and `WebhookMethod`; both are read.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::decision::Decision;
use switchboard_domain::interaction::{
    InteractionEvent, InteractionWebhook, InteractionWebhookKind,
};
use switchboard_domain::sid::{InstanceSid, RequestSid};
use switchboard_domain::version::Version;
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::transfers::instance;

/// The longest name.
const NAME_CHARS_MAX: usize = 256;

/// The instance of a path has to be the account's own.
fn here(call: &Call<'_>, go: &str) -> Result<(), ApiError> {
    let named: InstanceSid = call.sid(go)?;
    if named == instance(call) { Ok(()) } else { Err(call.not_found()) }
}

async fn settings(call: &Call<'_>) -> Result<ConversationConfiguration, ApiError> {
    let found = call.on.store.get(key::conversation_configuration()).await?;
    Ok(found.unwrap_or_default())
}

/// `POST /v1/Instances/{GO}/InteractionWebhooks`. There is one that hears of all interactions ("using one webhook URL for your
/// Flex instance", Register a webhook to receive Interactions events), so a second one is refused.
pub(crate) async fn create(call: &Call<'_>, go: &str) -> Answer {
    here(call, go)?;
    let kind = call.form.given("Type").unwrap_or("global");
    let kind = kind.parse().map_err(|_| invalid("Type", "must be global or interaction"))?;
    let url = call.form.url("WebhookUrl")?.flatten().ok_or_else(|| missing("WebhookUrl"))?;
    let events = events(call)?.ok_or_else(|| missing("WebhookEvents"))?;
    let webhook = InteractionWebhook {
        ttid: InteractionWebhook::ttid_of(call.on.mint::<RequestSid>()),
        kind,
        url,
        method: method(call)?.unwrap_or_else(|| "POST".to_owned()),
        events,
        friendly_name: call.form.name("FriendlyName", NAME_CHARS_MAX)?,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    call.decide(async || {
        if webhook.kind == InteractionWebhookKind::Interaction {
            return Ok::<_, ApiError>(((), Decision::put(webhook.clone())));
        }
        let mut settings = settings(call).await?;
        if settings.interaction_webhook.is_some() {
            let why = "there is a global webhook of interactions: change that one";
            return Err(ApiError::because(Code::AlreadyExists, why));
        }
        settings.interaction_webhook = Some(webhook.clone());
        Ok(((), Decision::put(settings)))
    })
    .await?;
    Ok(Reply::created(render(call, &webhook)))
}

/// `GET /v1/Instances/{GO}/InteractionWebhooks`.
pub(crate) async fn list(call: &Call<'_>, go: &str) -> Answer {
    here(call, go)?;
    let request = call.page(1000)?;
    let global = settings(call).await?.interaction_webhook;
    let own: Vec<InteractionWebhook> = call.on.store.all(&Listing::interaction_webhooks()).await?;
    let all: Vec<(u32, InteractionWebhook)> = (1..).zip(global.into_iter().chain(own)).collect();
    let page = request.of_parts(&all, |one| one.0);
    Ok(call.paged("interaction_webhooks", &request, &page, |one| render(call, &one.1)))
}

/// `GET /v1/Instances/{GO}/InteractionWebhooks/{ttid}`.
pub(crate) async fn fetch(call: &Call<'_>, go: &str, ttid: &str) -> Answer {
    here(call, go)?;
    let (webhook, _) = load(call, ttid).await?;
    Ok(Reply::ok(render(call, &webhook)))
}

/// The webhook with that name, and the settings that it is kept in if it hears of all.
async fn load(
    call: &Call<'_>,
    ttid: &str,
) -> Result<(InteractionWebhook, Option<ConversationConfiguration>), ApiError> {
    let settings = settings(call).await?;
    if let Some(global) = settings.interaction_webhook.clone().filter(|it| it.ttid == ttid) {
        return Ok((global, Some(settings)));
    }
    let own: Option<InteractionWebhook> = call.on.store.get(key::interaction_webhook(ttid)).await?;
    own.map(|own| (own, None)).ok_or_else(|| call.not_found())
}

/// Whether there is a webhook with that name that interactions can name.
pub(crate) async fn is_nameable(call: &Call<'_>, ttid: &str) -> Result<bool, ApiError> {
    let own: Option<InteractionWebhook> = call.on.store.get(key::interaction_webhook(ttid)).await?;
    Ok(own.is_some())
}

/// `POST /v1/Instances/{GO}/InteractionWebhooks/{ttid}`: whom it hears of stays.
pub(crate) async fn update(call: &Call<'_>, go: &str, ttid: &str) -> Answer {
    here(call, go)?;
    let url = call.form.url("WebhookUrl")?.flatten();
    let (events, method) = (events(call)?, method(call)?);
    let name = call.form.name("FriendlyName", NAME_CHARS_MAX)?;
    let webhook = call
        .decide(async || {
            let (before, settings) = load(call, ttid).await?;
            let mut webhook = before.clone();
            webhook.url = url.clone().unwrap_or(webhook.url);
            webhook.method = method.clone().unwrap_or(webhook.method);
            webhook.events = events.clone().unwrap_or(webhook.events);
            webhook.friendly_name = name.clone().or(webhook.friendly_name);
            if webhook == before {
                return Ok::<_, ApiError>((webhook, Decision::unchanged()));
            }
            webhook.updated = call.now;
            let decision = match settings {
                None => Decision::put(webhook.clone()),
                Some(mut settings) => {
                    settings.interaction_webhook = Some(webhook.clone());
                    Decision::put(settings)
                }
            };
            Ok((webhook, decision))
        })
        .await?;
    Ok(Reply::ok(render(call, &webhook)))
}

/// `DELETE /v1/Instances/{GO}/InteractionWebhooks/{ttid}`. Interactions that name it are told of no more.
pub(crate) async fn remove(call: &Call<'_>, go: &str, ttid: &str) -> Answer {
    here(call, go)?;
    call.decide(async || {
        let (webhook, settings) = load(call, ttid).await?;
        let decision = match settings {
            None => Decision::unchanged().without(webhook),
            Some(mut settings) => {
                settings.interaction_webhook = None;
                Decision::put(settings)
            }
        };
        Ok::<_, ApiError>(((), decision))
    })
    .await?;
    Ok(Reply::gone())
}

fn events(call: &Call<'_>) -> Result<Option<Vec<InteractionEvent>>, ApiError> {
    let (one, other) = (call.form.all("WebhookEvents"), call.form.all("Filters"));
    let given: Vec<String> = one.into_iter().chain(other).filter(|name| !name.is_empty()).collect();
    let mut events = Vec::new();
    for name in &given {
        let wrong = |_| invalid("WebhookEvents", &format!("has {name}, which is no event"));
        let event: InteractionEvent = name.parse().map_err(wrong)?;
        if !events.contains(&event) {
            events.push(event);
        }
    }
    Ok(Some(events).filter(|events| !events.is_empty()))
}

fn method(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let (one, other) = (call.form.given("WebhookMethod"), call.form.given("Method"));
    match one.or(other).map(str::to_uppercase) {
        None => Ok(None),
        Some(method) if matches!(method.as_str(), "GET" | "POST") => Ok(Some(method)),
        Some(_) => Err(invalid("WebhookMethod", "must be GET or POST")),
    }
}

fn render(call: &Call<'_>, one: &InteractionWebhook) -> Value {
    let instance = instance(call);
    let path = format!("v1/Instances/{instance}/InteractionWebhooks/{}", one.ttid);
    let events: Vec<&str> = one.events.iter().map(|event| event.name()).collect();
    json!({
        "ttid": one.ttid,
        "account_sid": call.on.config.account_sid,
        "instance_sid": instance,
        "type": one.kind.name(),
        "friendly_name": one.friendly_name,
        "webhook_url": one.url,
        "webhook_method": one.method,
        "webhook_events": events,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&path),
    })
}
