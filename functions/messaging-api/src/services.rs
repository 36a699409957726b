//! Messaging services: a name, settings, and a pool of senders (rule E.1).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::MessagingServiceSid;
use switchboard_domain::version::Version;
use switchboard_rest::settings::{self, Setting, choice, method, number, switch, url};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::usecases::USECASES;
use crate::{friendly_name, keep_new};

const USECASE_WORDS: &[&str] = &{
    let mut words = [""; USECASES.len()];
    let mut at = 0;
    while at < words.len() {
        words[at] = USECASES[at].0;
        at += 1;
    }
    words
};
const SCANS: &[&str] = &["inherit", "enable", "disable"];

const SETTINGS: &[Setting] = &[
    url("InboundRequestUrl", "inbound_request_url"),
    method("InboundMethod", "inbound_method"),
    url("FallbackUrl", "fallback_url"),
    method("FallbackMethod", "fallback_method"),
    url("StatusCallback", "status_callback"),
    switch("StickySender", "sticky_sender", true),
    switch("MmsConverter", "mms_converter", true),
    switch("SmartEncoding", "smart_encoding", true),
    choice("ScanMessageContent", "scan_message_content", SCANS, "inherit"),
    switch("FallbackToLongCode", "fallback_to_long_code", true),
    switch("AreaCodeGeomatch", "area_code_geomatch", true),
    number("ValidityPeriod", "validity_period", 1, 36_000, 36_000)
        .refused_as(Code::InvalidValidityPeriod),
    switch("SynchronousValidation", "synchronous_validation", false),
    choice("Usecase", "usecase", USECASE_WORDS, "undeclared").refused_as(Code::InvalidUsecase),
    switch("UseInboundWebhookOnNumber", "use_inbound_webhook_on_number", false),
];

/// `POST /v1/Services`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    call.form.required("FriendlyName")?;
    let mut service = MessagingService {
        sid: call.on.mint(),
        friendly_name: friendly_name(call)?.unwrap_or_default(),
        settings: None,
        numbers: Vec::new(),
        alpha_senders: Vec::new(),
        short_codes: Vec::new(),
        channel_senders: Vec::new(),
        opt_out: None,
        merges_within: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    settings::read(SETTINGS, &call.form)?.apply(&mut service.settings);
    keep_new(call, &service, &[]).await?;
    Ok(Reply::created(render(call, &service)))
}

/// `GET /v1/Services`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let listing = Listing::messaging_services();
    let page = call.list(&listing, &request, |_: &MessagingService| true).await?;
    Ok(call.paged("services", &request, &page, |service| render(call, service)))
}

/// `GET /v1/Services/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST /v1/Services/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let name = friendly_name(call)?.filter(|name| !name.is_empty());
    let given = settings::read(SETTINGS, &call.form)?;
    let service = call.decide(|| async {
        let mut service = load(call, sid).await?;
        let changed = given.apply(&mut service.settings);
        if name.is_none() && !changed {
            return Ok((service, Decision::unchanged()));
        }
        if let Some(name) = &name {
            service.friendly_name.clone_from(name);
        }
        service.updated = call.now;
        Ok::<_, ApiError>((service.clone(), Decision::put(service)))
    });
    Ok(Reply::ok(render(call, &service.await?)))
}

/// The service that a path names.
pub(crate) async fn load(call: &Call<'_>, sid: &str) -> Result<MessagingService, ApiError> {
    let sid: MessagingServiceSid = call.sid(sid)?;
    let service = call.on.store.get(key::messaging_service(sid)).await?;
    service.ok_or_else(|| call.not_found())
}

/// The resource as answers show it.
pub(crate) fn render(call: &Call<'_>, service: &MessagingService) -> Value {
    let path = format!("v1/Services/{}", service.sid);
    let link = |of: &str| call.url(&format!("{path}/{of}"));
    let mut answer = json!({
        "sid": service.sid,
        "account_sid": call.on.config.account_sid,
        "friendly_name": service.friendly_name,
        "date_created": service.created.iso(),
        "date_updated": service.updated.iso(),
        "us_app_to_person_registered": false,
        "url": call.url(&path),
        "links": {
            "phone_numbers": link("PhoneNumbers"),
            "short_codes": link("ShortCodes"),
            "alpha_senders": link("AlphaSenders"),
            "messages": link("Messages"),
            "us_app_to_person": link("Compliance/Usa2p"),
            "us_app_to_person_usecases": link("Compliance/Usa2p/Usecases"),
            "channel_senders": link("ChannelSenders"),
            "destination_alpha_senders": link("DestinationAlphaSenders"),
        },
    });
    settings::show(SETTINGS, service.settings.as_deref(), &mut answer);
    answer
}
