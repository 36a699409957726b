//! The account's settings: what a conversation gets that does not say otherwise.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{ConversationConfiguration, MessagingService};
use switchboard_domain::conversation::{Service, Timer, default_service_sid};
use switchboard_domain::decision::Decision;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::input;
use crate::scope::{self, Scope};

/// `GET /v1/Configuration`.
pub(crate) async fn fetch(call: &Call<'_>) -> Answer {
    let service = Scope::default().service_sid(call).await?;
    if service == default_service_sid(call.on.config.account_sid) {
        scope::default_service(call).await?;
    }
    let settings = scope::settings(call).await?.unwrap_or_default();
    Ok(Reply::ok(render(call, &settings)))
}

/// `POST /v1/Configuration`.
pub(crate) async fn update(call: &Call<'_>) -> Answer {
    let form = &call.form;
    let inactive = input::timer_text(form, "DefaultInactiveTimer", Timer::Inactive)?;
    let closed = input::timer_text(form, "DefaultClosedTimer", Timer::Closed)?;
    let messaging = input::messaging_service(form, "DefaultMessagingServiceSid")?;
    let service = service(call)?;
    let answer = call
        .decide(|| async {
            // First, as whoever removes what is named here writes them too.
            let loaded = scope::settings(call).await?.unwrap_or_default();
            if let Some(Some(sid)) = messaging {
                let found: Option<MessagingService> =
                    call.on.store.get(key::messaging_service(sid)).await?;
                found.ok_or(Refusal::NoSuchMessagingService)?;
            }
            let mut settings = loaded.clone();
            if let Some(sid) = service {
                let found = existing_service(call, sid).await?;
                settings.default_service = Some(found.ok_or(Code::NoSuchService)?);
            }
            if let Some(messaging) = messaging {
                settings.default_messaging_service = messaging;
            }
            if let Some(inactive) = &inactive {
                settings.default_inactive_timer.clone_from(inactive);
            }
            if let Some(closed) = &closed {
                settings.default_closed_timer.clone_from(closed);
            }
            let answer = render(call, &settings);
            let unchanged = settings == loaded;
            let decision = if unchanged { Decision::unchanged() } else { Decision::put(settings) };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// The service that is to be the default one, if it is to change.
fn service(call: &Call<'_>) -> Result<Option<ServiceSid>, ApiError> {
    let given = call.form.given("DefaultChatServiceSid");
    let parsed = given.map(|text| text.parse().map_err(|_| Code::NoSuchService));
    Ok(parsed.transpose()?)
}

/// A service, if it exists; the default one always does.
pub(crate) async fn existing_service(
    call: &Call<'_>,
    sid: ServiceSid,
) -> Result<Option<ServiceSid>, ApiError> {
    if sid == default_service_sid(call.on.config.account_sid) {
        return scope::default_service(call).await.map(|service| Some(service.sid));
    }
    let found: Option<Service> = call.on.store.get(key::service(sid)).await?;
    Ok(found.map(|service| service.sid))
}

fn render(call: &Call<'_>, settings: &ConversationConfiguration) -> Value {
    let account = call.on.config.account_sid;
    let service = settings.default_service.unwrap_or_else(|| default_service_sid(account));
    json!({
        "account_sid": account.to_string(),
        "default_chat_service_sid": service,
        "default_messaging_service_sid": settings.default_messaging_service,
        "default_inactive_timer": settings.default_inactive_timer,
        "default_closed_timer": settings.default_closed_timer,
        "url": call.url("v1/Configuration"),
        "links": {
            "service": call.url(&format!("v1/Services/{service}/Configuration")),
            "webhooks": call.url("v1/Configuration/Webhooks"),
        },
    })
}
