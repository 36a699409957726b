//! Services: partitions of the account's conversations.

use serde_json::{Value, json};
use switchboard_domain::configuration::{AddressConfiguration, ConversationConfiguration};
use switchboard_domain::conversation::{Conversation, Service, User, default_service_sid};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::address::remove_service;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, Page, key};

use crate::input::NAME_CHARS_MAX;
use crate::{addresses, scope};

/// The largest page.
const PAGE_MAX: i64 = 100;
/// How many users of a service that goes are removed in one transaction.
const USERS_AT_ONCE: usize = 50;

/// `POST /v1/Services`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    call.form.required("FriendlyName")?;
    let friendly_name = call.form.text("FriendlyName", NAME_CHARS_MAX)?.unwrap_or_default();
    let service = Service::new(call.on.mint(), friendly_name, call.now);
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
///
/// Its users go with it; one who appears in this very moment is left as well.
pub(crate) async fn remove(call: &Call<'_>, sid: ServiceSid) -> Answer {
    call.nothing_else()?;
    can_be_removed(call, sid).await?;
    while remove_users(call, sid).await? {}
    call.decide(|| async {
        let (service, mut settings, addresses) = can_be_removed(call, sid).await?;
        settings.service_webhooks.remove(&sid);
        let removed = remove_service(service, &addresses)?;
        Ok(((), removed.and(settings)))
    })
    .await?;
    Ok(Reply::gone())
}

/// Removes some of the users of a service; whether there may be more.
async fn remove_users(call: &Call<'_>, of: ServiceSid) -> Result<bool, ApiError> {
    call.on
        .decide(|| async {
            let page: Page<User> =
                call.on.store.page(&Listing::users_of(of), None, USERS_AT_ONCE).await?;
            let gone = page.records.into_iter();
            let decision = gone.fold(Decision::unchanged(), Decision::without);
            Ok::<_, ApiError>((page.next.is_some(), decision))
        })
        .await
}

/// A service that can go, as far as is seen now, with the settings of the account and the addresses that name it.
async fn can_be_removed(
    call: &Call<'_>,
    sid: ServiceSid,
) -> Result<(Service, ConversationConfiguration, Vec<AddressConfiguration>), ApiError> {
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
    Ok((service, settings.unwrap_or_default(), addresses))
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
