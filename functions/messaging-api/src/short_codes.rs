//! The account's short codes. As numbers are, they are entered: between the account and its carrier they are there already.

use serde_json::{Value, json};
use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::{SenderKind, ShortCode};
use switchboard_domain::sid::ShortCodeSid;
use switchboard_domain::version::Version;
use switchboard_rest::settings::{self, Setting, method, url};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::{friendly_name, uri};

const SETTINGS: &[Setting] = &[
    url("SmsUrl", "sms_url"),
    method("SmsMethod", "sms_method"),
    url("SmsFallbackUrl", "sms_fallback_url"),
    method("SmsFallbackMethod", "sms_fallback_method"),
];
/// The one version there is.
const API_VERSION: &str = "2010-04-01";

/// `POST …/SMS/ShortCodes.json`: an operation of our own, with `ShortCode` and `CountryCode`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let code = short_code(call.form.required("ShortCode")?)?;
    let new = ShortCode {
        sid: ShortCode::sid_of(&code),
        country: country(call.form.required("CountryCode")?)?,
        friendly_name: friendly_name(call)?
            .filter(|name| !name.is_empty())
            .unwrap_or_else(|| code.to_string()),
        code,
        messaging_service: None,
        settings: None,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let given = settings::read(SETTINGS, &call.form)?;
    let kept = call.decide(|| async {
        let kept: Option<ShortCode> = call.on.store.get(key::short_code(new.sid)).await?;
        if kept.is_some() {
            return Err(ApiError::because(Code::PhoneNumberTaken, "the account has it already"));
        }
        let mut new = new.clone();
        given.apply(&mut new.settings);
        Ok((new.clone(), Decision::put(new)))
    });
    Ok(Reply::created(render(call, &kept.await?)))
}

/// A few digits.
fn short_code(text: &str) -> Result<Address, ApiError> {
    let code: Option<Address> = text.parse().ok();
    let is_one = |it: &Address| SenderKind::of(it) == SenderKind::ShortCode;
    code.filter(is_one).ok_or_else(|| {
        ApiError::because(Code::InvalidPhoneNumber, "a short code has 3 to 8 digits")
    })
}

fn country(text: &str) -> Result<String, ApiError> {
    match text.len() == 2 && text.bytes().all(|byte| byte.is_ascii_alphabetic()) {
        true => Ok(text.to_uppercase()),
        false => Err(ApiError::bad("Invalid parameter: CountryCode is not two letters")),
    }
}

/// `GET …/SMS/ShortCodes.json`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let (code, name) = (call.query.given("ShortCode"), call.query.given("FriendlyName"));
    let page = call
        .list(&Listing::short_codes(), &request, |one: &ShortCode| {
            code.is_none_or(|part| one.code.as_str().contains(part))
                && name.is_none_or(|name| one.friendly_name == name)
        })
        .await?;
    Ok(call.paged_2010("short_codes", &request, &page, |one| render(call, one)))
}

/// `GET …/SMS/ShortCodes/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST …/SMS/ShortCodes/{Sid}.json`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let name = friendly_name(call)?.filter(|name| !name.is_empty());
    if call.form.given("ApiVersion").is_some_and(|version| version != API_VERSION) {
        return Err(ApiError::bad(format!("Invalid parameter: ApiVersion is {API_VERSION}")));
    }
    let given = settings::read(SETTINGS, &call.form)?;
    let code = call.decide(|| async {
        let mut code = load(call, sid).await?;
        let changed = given.apply(&mut code.settings);
        if name.is_none() && !changed {
            return Ok((code, Decision::unchanged()));
        }
        code.friendly_name = name.clone().unwrap_or(code.friendly_name);
        code.updated = call.now;
        Ok::<_, ApiError>((code.clone(), Decision::put(code)))
    });
    Ok(Reply::ok(render(call, &code.await?)))
}

/// `DELETE …/SMS/ShortCodes/{Sid}.json`: ours as well. It leaves the pool that it was in.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let code = load(call, sid).await?;
        let mut decision = Decision::unchanged();
        if let Some(of) = code.messaging_service {
            let service: Option<MessagingService> =
                call.on.store.get(key::messaging_service(of)).await?;
            if let Some(mut service) = service {
                service.short_codes.retain(|one| one.sid != code.sid);
                service.updated = call.now;
                decision = decision.and(service);
            }
        }
        Ok::<_, ApiError>(((), decision.without(code)))
    });
    gone.await?;
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: &str) -> Result<ShortCode, ApiError> {
    let sid: ShortCodeSid = call.sid(sid)?;
    call.on.store.get(key::short_code(sid)).await?.ok_or_else(|| call.not_found())
}

/// The resource as answers show it.
fn render(call: &Call<'_>, code: &ShortCode) -> Value {
    let mut answer = json!({
        "sid": code.sid,
        "account_sid": call.on.config.account_sid,
        "api_version": API_VERSION,
        "short_code": code.code,
        "friendly_name": code.friendly_name,
        "date_created": code.created.rfc2822(),
        "date_updated": code.updated.rfc2822(),
        "uri": uri(call, &format!("/SMS/ShortCodes/{}", code.sid)),
    });
    settings::show(SETTINGS, code.settings.as_deref(), &mut answer);
    answer
}
