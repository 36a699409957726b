//! Services: partitions of the account's conversations.

use std::collections::BTreeSet;

use serde_json::{Value, json};
use switchboard_domain::conversation::{Conversation, Service, default_service_sid};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::address::remove_service;
use switchboard_domain::sid::ServiceSid;
use switchboard_domain::version::Version;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, Page, key};

use crate::input::NAME_CHARS_MAX;
use crate::{addresses, scope};

/// The largest page.
const PAGE_MAX: i64 = 100;

/// `POST /v1/Services`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    call.form.required("FriendlyName")?;
    let friendly_name = call.form.text("FriendlyName", NAME_CHARS_MAX)?.unwrap_or_default();
    let service = Service {
        sid: call.on.mint(),
        friendly_name,
        addresses: BTreeSet::new(),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let answer = call
        .decide(|| async {
            Ok::<_, ApiError>((render(call, &service), Decision::put(service.clone())))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET /v1/Services`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    scope::default_service(call).await?;
    let request = call.page(PAGE_MAX)?;
    let listing = Listing::services();
    let page = call.list(&listing, &request, |_: &Service| true).await?;
    Ok(call.paged("services", &request, &page, |service| render(call, service)))
}

/// `GET /v1/Services/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: ServiceSid) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `DELETE /v1/Services/{Sid}`: only a service goes that has no conversations, is not the account's default one and is
/// named by no address. The account's settings are written as they are together with its removal, so that it does not
/// become the default one meanwhile. The list of conversations that it is judged by is a moment behind, so a
/// conversation of this very moment can outlive its service; it stays reachable (rule B.6).
pub(crate) async fn remove(call: &Call<'_>, sid: ServiceSid) -> Answer {
    call.decide(|| async {
        let settings = scope::settings(call).await?;
        let service = load(call, sid).await?;
        if scope::default_of(call, settings.as_ref()) == sid {
            return Err(ApiError::bad("The default service of the account can not be deleted"));
        }
        let listing = Listing::conversations_of(sid);
        let page: Page<Conversation> = call.on.store.page(&listing, None, 1).await?;
        if !page.records.is_empty() || page.next.is_some() {
            return Err(ApiError::bad("The service still has conversations: delete them first"));
        }
        let addresses = addresses::listed(call, |one| one.service == Some(sid)).await?;
        let removed = remove_service(service, &addresses)?;
        Ok(((), removed.and(settings.unwrap_or_default())))
    })
    .await?;
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: ServiceSid) -> Result<Service, ApiError> {
    if sid == default_service_sid(call.on.config.account_sid) {
        return scope::default_service(call).await;
    }
    let found: Option<Service> = call.on.store.get(key::service(sid)).await?;
    found.ok_or_else(|| call.not_found())
}

fn render(call: &Call<'_>, service: &Service) -> Value {
    let url = call.url(&format!("v1/Services/{}", service.sid));
    let link = |name: &str| format!("{url}/{name}");
    json!({
        "sid": service.sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "friendly_name": service.friendly_name,
        "date_created": service.created.iso(),
        "date_updated": service.updated.iso(),
        "url": url,
        "links": {
            "conversations": link("Conversations"),
            "users": link("Users"),
            "roles": link("Roles"),
            "bindings": link("Bindings"),
            "configuration": link("Configuration"),
            "participant_conversations": link("ParticipantConversations"),
            "conversation_with_participants": link("ConversationWithParticipants"),
        },
    })
}
