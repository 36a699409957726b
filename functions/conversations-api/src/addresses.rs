//! Address configurations: what happens when a customer writes to a business address for the first time.

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{AddressConfiguration, Handler};
use switchboard_domain::conversation::{EventName, Given};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::address::{self, Named, configure};
use switchboard_domain::sid::{AddressConfigurationSid, ServiceSid};
use switchboard_domain::version::Version;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Key, Listing, Page, key, take};

use crate::configuration::existing_service;
use crate::input;

/// The largest page.
const PAGE_MAX: i64 = 50;
/// A failing flow is tried again at most this many times.
const RETRIES_MAX: i64 = 3;
/// What a webhook hears of that does not say: the message that opened the conversation (rule A.6).
const FILTER_DEFAULT: EventName = EventName::OnMessageAdded;

/// `POST /v1/Configuration/Addresses`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let form = &call.form;
    let kind = kind(form.required("Type")?)?;
    let wrong = |why: &str| ApiError::bad(format!("Invalid parameter: Address {why}"));
    let address: Address =
        form.required("Address")?.parse().map_err(|_| wrong("is not a valid address"))?;
    if address.channel() != kind {
        return Err(wrong("is not an address of this Type"));
    }
    let configuration = AddressConfiguration {
        sid: AddressConfiguration::sid_of(&address),
        kind,
        address,
        friendly_name: input::friendly_name(form)?.flatten(),
        address_country: country(form)?,
        enabled: form.flag("AutoCreation.Enabled")?.unwrap_or(false),
        service: service(call).await?.flatten(),
        handler: handler(call, &Handler::Default).await?,
        care: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let answer = call
        .decide(async || {
            let at = key::address_configuration(configuration.sid);
            let taken: Option<AddressConfiguration> = call.on.store.get(at).await?;
            if taken.is_some() {
                return Err(ApiError::saying(
                    Code::AlreadyExists,
                    "An address configuration for this address already exists",
                ));
            }
            let named = named(call, &[&configuration]).await?;
            let decision = configure(None, configuration.clone(), named)?;
            Ok((render(call, &configuration), decision))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET /v1/Configuration/Addresses`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let wanted = call.query.given("Type").map(kind).transpose()?;
    let request = call.page(PAGE_MAX)?;
    let page: Page<AddressConfiguration> = call
        .list(&Listing::address_configurations(), &request, |one: &AddressConfiguration| {
            wanted.is_none_or(|kind| one.kind == kind)
        })
        .await?;
    Ok(call.paged("address_configurations", &request, &page, |one| render(call, one)))
}

/// `GET /v1/Configuration/Addresses/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, name: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, name).await?)))
}

/// `POST /v1/Configuration/Addresses/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, name: &str) -> Answer {
    let form = &call.form;
    let friendly_name = input::friendly_name(form)?;
    let enabled = form.flag("AutoCreation.Enabled")?;
    let service = service(call).await?;
    let answer = call
        .on
        .decide(async || {
            let loaded = load(call, name).await?;
            let mut configuration = loaded.clone();
            if let Some(friendly_name) = &friendly_name {
                configuration.friendly_name.clone_from(friendly_name);
            }
            if let Some(enabled) = enabled {
                configuration.enabled = enabled;
            }
            if let Some(service) = service {
                configuration.service = service;
            }
            configuration.handler = handler(call, &loaded.handler).await?;
            call.nothing_else()?;
            if configuration == loaded {
                return Ok::<_, ApiError>((render(call, &loaded), Decision::unchanged()));
            }
            configuration.updated = call.now;
            let answer = render(call, &configuration);
            let named = named(call, &[&loaded, &configuration]).await?;
            Ok((answer, configure(Some(&loaded), configuration, named)?))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE /v1/Configuration/Addresses/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, name: &str) -> Answer {
    call.decide(async || {
        let configuration = load(call, name).await?;
        let named = named(call, &[&configuration]).await?;
        Ok::<_, ApiError>(((), address::remove(configuration, named)))
    })
    .await?;
    Ok(Reply::gone())
}

/// By its identifier, or by the address.
async fn load(call: &Call<'_>, name: &str) -> Result<AddressConfiguration, ApiError> {
    let sid = match name.parse::<AddressConfigurationSid>() {
        Ok(sid) => sid,
        Err(_) => {
            let address: Address = name.parse().map_err(|_| call.not_found())?;
            AddressConfiguration::sid_of(&address)
        }
    };
    let found = call.on.store.get(key::address_configuration(sid)).await?;
    found.ok_or_else(|| call.not_found())
}

/// What these name, as it is now.
async fn named(call: &Call<'_>, of: &[&AddressConfiguration]) -> Result<Named, ApiError> {
    let flows: Vec<Key> = of.iter().filter_map(|one| one.flow()).map(key::flow).collect();
    let services: Vec<Key> = of.iter().filter_map(|one| one.service).map(key::service).collect();
    let mut found = call.on.store.get_all(&[&flows[..], &services[..]].concat()).await?;
    Ok(Named {
        flows: flows.iter().filter_map(|at| take(&mut found, at)).collect(),
        services: services.iter().filter_map(|at| take(&mut found, at)).collect(),
    })
}

/// The addresses that name something, as far as the list of them says so, as they are now: for those that what they
/// name does not know of.
pub(crate) async fn listed(
    call: &Call<'_>,
    names: impl Fn(&AddressConfiguration) -> bool,
) -> Result<Vec<AddressConfiguration>, ApiError> {
    let store = &call.on.store;
    let all: Vec<AddressConfiguration> = store.all(&Listing::address_configurations()).await?;
    let naming = all.iter().filter(|one| names(one));
    let keys: Vec<Key> = naming.map(|one| key::address_configuration(one.sid)).collect();
    let mut found = store.get_all(&keys).await?;
    Ok(keys.iter().filter_map(|at| take(&mut found, at)).collect())
}

fn kind(text: &str) -> Result<ChannelType, ApiError> {
    let known = ChannelType::parse(text).filter(|kind| kind.has_addresses());
    known.ok_or_else(|| {
        let names = ChannelType::all_with_addresses().map(ChannelType::name);
        let names = names.collect::<Vec<_>>().join(", ");
        ApiError::bad(format!("Invalid parameter: Type must be one of {names}"))
    })
}

/// Two letters of ISO 3166.
fn country(form: &Params) -> Result<Option<String>, ApiError> {
    match form.given("AddressCountry") {
        Some(text) if text.len() != 2 || !text.bytes().all(|byte| byte.is_ascii_alphabetic()) => {
            Err(ApiError::bad("Invalid parameter: AddressCountry is not a country code"))
        }
        given => Ok(given.map(str::to_ascii_uppercase)),
    }
}

async fn service(call: &Call<'_>) -> Result<Given<ServiceSid>, ApiError> {
    let unknown = || ApiError::from(Code::NoSuchService);
    match call.form.get("AutoCreation.ConversationServiceSid") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => {
            let sid: ServiceSid = text.parse().map_err(|_| unknown())?;
            let found = existing_service(call, sid).await?;
            Ok(Some(Some(found.ok_or_else(unknown)?)))
        }
    }
}

/// The handler that the parameters make of the one there is.
async fn handler(call: &Call<'_>, current: &Handler) -> Result<Handler, ApiError> {
    let form = &call.form;
    let current_type = type_name(current);
    let wanted = match form.get("AutoCreation.Type") {
        Some(text) => ["webhook", "studio", "default"]
            .into_iter()
            .find(|known| known.eq_ignore_ascii_case(text))
            .ok_or_else(|| ApiError::from(Code::InvalidAutoCreation))?,
        None => current_type,
    };
    match wanted {
        "webhook" => webhook(form, current),
        "studio" => studio(call, current).await,
        _ => Ok(Handler::Default),
    }
}

fn webhook(form: &Params, current: &Handler) -> Result<Handler, ApiError> {
    let (old_url, old_method, old_filters) = match current {
        Handler::Webhook { url, method, filters } => {
            (Some(url.clone()), method.clone(), filters.clone())
        }
        Handler::Default | Handler::Studio { .. } => {
            (None, "POST".to_owned(), vec![FILTER_DEFAULT])
        }
    };
    let url = match form.get("AutoCreation.WebhookUrl") {
        Some("") => None,
        Some(text) => Some(input::url(text)?),
        None => old_url,
    };
    let url = url.ok_or(Code::AutoCreationUrlMissing)?;
    let method = match form.given("AutoCreation.WebhookMethod") {
        Some(text) => input::method(text)?,
        None => old_method,
    };
    let filters = input::filters(&form.all("AutoCreation.WebhookFilters"))?;
    let filters = if filters.is_empty() { old_filters } else { filters };
    Ok(Handler::Webhook { url, method, filters })
}

async fn studio(call: &Call<'_>, current: &Handler) -> Result<Handler, ApiError> {
    let form = &call.form;
    let (old_flow, old_count) = match current {
        Handler::Studio { flow, retry_count } => (Some(*flow), *retry_count),
        Handler::Default | Handler::Webhook { .. } => (None, 0),
    };
    let flow = match form.get("AutoCreation.StudioFlowSid") {
        Some("") => None,
        Some(text) => Some(input::flow(call, text).await?),
        None => old_flow,
    };
    let flow = flow.ok_or(Code::AutoCreationFlowMissing)?;
    let given = form.integer("AutoCreation.StudioRetryCount", 0, RETRIES_MAX)?;
    let retry_count = given.and_then(|count| u32::try_from(count).ok()).unwrap_or(old_count);
    Ok(Handler::Studio { flow, retry_count })
}

const fn type_name(handler: &Handler) -> &'static str {
    match handler {
        Handler::Default => "default",
        Handler::Webhook { .. } => "webhook",
        Handler::Studio { .. } => "studio",
    }
}

fn render(call: &Call<'_>, one: &AddressConfiguration) -> Value {
    let mut auto_creation = json!({
        "enabled": one.enabled,
        "type": type_name(&one.handler),
        "conversation_service_sid": one.service,
    });
    match &one.handler {
        Handler::Default => {}
        Handler::Webhook { url, method, filters } => {
            auto_creation["webhook_url"] = json!(url);
            auto_creation["webhook_method"] = json!(method);
            auto_creation["webhook_filters"] = json!(filters);
        }
        Handler::Studio { flow, retry_count } => {
            auto_creation["studio_flow_sid"] = json!(flow);
            auto_creation["studio_retry_count"] = json!(retry_count);
        }
    }
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "type": one.kind.name(),
        "address": one.address,
        "friendly_name": one.friendly_name,
        "address_country": one.address_country,
        "auto_creation": auto_creation,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&format!("v1/Configuration/Addresses/{}", one.sid)),
    })
}
