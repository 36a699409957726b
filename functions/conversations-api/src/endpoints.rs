//! Endpoints of webhooks: how calls to them are signed and written, and whether they are called at all (rule B.5). An
//! endpoint is a URL up to its query; one that fails is listed as well, whoever configured it where.
//!
//! A secret is shown when it is made, and never again.

use serde_json::{Value, json};
use strum::VariantArray as _;
use switchboard_domain::codes::Code;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{EndpointSid, KeySid, Sid as _};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webhook::endpoint::SECRET_BYTES;
use switchboard_domain::webhook::{Algorithm, Format, WebhookEndpoint};
use switchboard_rest::fields::{invalid, one_of};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Listing, Page, key};

use crate::input;

/// The largest page.
const PAGE_MAX: i64 = 100;
/// The longest name.
const NAME_CHARS_MAX: usize = 64;
/// A secret that is replaced goes on for so long unless it is said, in seconds.
const OVERLAP_DEFAULT: i64 = 24 * 3600;
/// And for a week at most.
const OVERLAP_MAX: i64 = 7 * 24 * 3600;

/// What parameters say of an endpoint; whatever is not named stays as it is.
struct Settings {
    friendly_name: Option<String>,
    algorithm: Option<Algorithm>,
    is_standard: Option<bool>,
    format: Option<Format>,
    enabled: Option<bool>,
}

/// What is made up for one request, whether it is used or not.
struct Fresh {
    secret: Vec<u8>,
    key: Vec<u8>,
    key_id: String,
}

/// `POST /v1/Endpoints`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let url = own_url(call.form.required("Url")?)?;
    let (settings, fresh) = (Settings::read(&call.form)?, Fresh::mint(call));
    let answer = call
        .decide(async || {
            let at = key::webhook_endpoint(WebhookEndpoint::sid_of(&url));
            let before: Option<WebhookEndpoint> = call.on.store.get(at).await?;
            if before.as_ref().is_some_and(|before| before.is_set_up) {
                let why = "An endpoint for this URL already exists";
                return Err(ApiError::saying(Code::AlreadyExists, why));
            }
            let mut endpoint = before.unwrap_or_else(|| WebhookEndpoint::new(&url, call.now));
            let answer = settings.apply(call, &mut endpoint, &fresh);
            endpoint.is_set_up = true;
            Ok::<_, ApiError>((answer, Decision::put(endpoint)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET /v1/Endpoints`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let page: Page<WebhookEndpoint> =
        call.list(&Listing::webhook_endpoints(), &request, |_: &WebhookEndpoint| true).await?;
    Ok(call.paged("endpoints", &request, &page, |one| render(call, one)))
}

/// `GET /v1/Endpoints/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST /v1/Endpoints/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let (settings, fresh) = (Settings::read(&call.form)?, Fresh::mint(call));
    let answer = call
        .decide(async || {
            let loaded = load(call, sid).await?;
            let mut endpoint = loaded.clone();
            let answer = settings.apply(call, &mut endpoint, &fresh);
            let decision = match endpoint == loaded {
                true => Decision::unchanged(),
                false => Decision::put(WebhookEndpoint { updated: call.now, ..endpoint }),
            };
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE /v1/Endpoints/{Sid}`: from then on it is called as one that nobody set up.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    call.decide(async || {
        let endpoint = load(call, sid).await?;
        Ok::<_, ApiError>(((), Decision::unchanged().without(endpoint)))
    })
    .await?;
    Ok(Reply::gone())
}

/// `POST /v1/Endpoints/{Sid}/RotateSecret`.
pub(crate) async fn rotate(call: &Call<'_>, sid: &str) -> Answer {
    let overlap = call.form.integer("OverlapSeconds", 0, OVERLAP_MAX)?.unwrap_or(OVERLAP_DEFAULT);
    let overlap = Millis::seconds(overlap);
    let kind = call.form.given("Kind").map(|text| one_of("Kind", text, &Kind::ALL, Kind::name));
    let (kind, fresh) = (kind.transpose()?, Fresh::mint(call));
    let answer = call
        .decide(async || {
            let mut endpoint = load(call, sid).await?;
            let in_use = match (endpoint.is_standard, endpoint.algorithm) {
                (true, _) => Some(Kind::Standard),
                (false, Algorithm::Sha256) => Some(Kind::SharedKey),
                (false, Algorithm::Sha1) => None,
            };
            let wanted = kind.or(in_use);
            let shown = match wanted {
                Some(Kind::Standard) if endpoint.is_standard => {
                    endpoint.add_secret(&fresh.secret, overlap, call.now);
                    shown(&endpoint, true, false)
                }
                Some(Kind::SharedKey) if endpoint.algorithm == Algorithm::Sha256 => {
                    let id = fresh.key_id.clone();
                    endpoint.add_shared_key(id, &fresh.key, overlap, call.now);
                    shown(&endpoint, false, true)
                }
                _ => return Err(ApiError::bad("The endpoint has no such secret to be replaced")),
            };
            endpoint.updated = call.now;
            Ok::<_, ApiError>((joined(render(call, &endpoint), shown), Decision::put(endpoint)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// An endpoint by its identifier.
pub(crate) async fn load(call: &Call<'_>, sid: &str) -> Result<WebhookEndpoint, ApiError> {
    let sid: EndpointSid = call.sid(sid)?;
    call.on.store.get(key::webhook_endpoint(sid)).await?.ok_or_else(|| call.not_found())
}

/// Which secret is replaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Standard,
    SharedKey,
}

impl Kind {
    const ALL: [Self; 2] = [Self::Standard, Self::SharedKey];

    const fn name(self) -> &'static str {
        match self {
            Self::Standard => "standard",
            Self::SharedKey => "shared_key",
        }
    }
}

impl Settings {
    fn read(form: &Params) -> Result<Self, ApiError> {
        let algorithm =
            |text| one_of("SignatureAlgorithm", text, Algorithm::VARIANTS, Algorithm::name);
        let format = |text| one_of("Format", text, Format::VARIANTS, Format::name);
        Ok(Self {
            friendly_name: form.text("FriendlyName", NAME_CHARS_MAX)?,
            algorithm: form.given("SignatureAlgorithm").map(algorithm).transpose()?,
            is_standard: form.flag("StandardWebhooks")?,
            format: form.given("Format").map(format).transpose()?,
            enabled: form.flag("Enabled")?,
        })
    }

    /// Changes an endpoint, and answers how it is then, with the secrets that it got by that.
    fn apply(&self, call: &Call<'_>, endpoint: &mut WebhookEndpoint, fresh: &Fresh) -> Value {
        if let Some(name) = &self.friendly_name {
            endpoint.friendly_name.clone_from(name);
        }
        if let Some(algorithm) = self.algorithm {
            endpoint.algorithm = algorithm;
        }
        if let Some(is_standard) = self.is_standard {
            // Most verifiers of Standard Webhooks read the body as JSON.
            if is_standard && !endpoint.is_standard && self.format.is_none() {
                endpoint.format = Format::Json;
            }
            endpoint.is_standard = is_standard;
        }
        if let Some(format) = self.format {
            endpoint.format = format;
        }
        if let Some(enabled) = self.enabled {
            endpoint.switch(enabled, call.now);
        }
        let is_signed =
            self.algorithm.is_some() || self.is_standard.is_some() || self.format.is_some();
        endpoint.is_set_up |=
            is_signed || self.friendly_name.is_some() || self.enabled == Some(false);
        let needs_secret = endpoint.is_standard && endpoint.secrets.is_empty();
        if needs_secret {
            endpoint.add_secret(&fresh.secret, Millis(0), call.now);
        }
        let needs_key = endpoint.algorithm == Algorithm::Sha256 && endpoint.shared_keys.is_empty();
        if needs_key {
            endpoint.add_shared_key(fresh.key_id.clone(), &fresh.key, Millis(0), call.now);
        }
        joined(render(call, endpoint), shown(endpoint, needs_secret, needs_key))
    }
}

impl Fresh {
    fn mint(call: &Call<'_>) -> Self {
        let key_id = call.on.mint::<KeySid>().to_string();
        Self {
            secret: bytes(call),
            key: bytes(call),
            key_id: format!("webhooks_sharedkey_{}", &key_id[2..26]),
        }
    }
}

/// Random bytes of a secret: the random parts of identifiers.
fn bytes(call: &Call<'_>) -> Vec<u8> {
    const RANDOM: usize = 12;
    let part = || call.on.mint::<KeySid>().bytes()[..RANDOM].to_vec();
    (0..SECRET_BYTES / RANDOM).flat_map(|_| part()).collect()
}

/// The newest secrets, which are shown this once.
fn shown(endpoint: &WebhookEndpoint, secret: bool, key: bool) -> Value {
    let mut shown = json!({});
    if let Some(new) = endpoint.secrets.first().filter(|_| secret) {
        shown["secret"] = new.shown().into();
    }
    if let Some(new) = endpoint.shared_keys.first().filter(|_| key) {
        shown["shared_key"] = json!({ "key": new.id, "secret": new.secret.0 });
    }
    shown
}

fn joined(mut one: Value, other: Value) -> Value {
    if let (Some(one), Value::Object(other)) = (one.as_object_mut(), other) {
        one.extend(other);
    }
    one
}

/// A URL that is an endpoint by itself.
fn own_url(text: &str) -> Result<String, ApiError> {
    let url = input::url(text)?;
    match url.contains(['?', '#']) {
        true => Err(invalid("Url", "must end before its query: an endpoint is a URL up to there")),
        false => Ok(url),
    }
}

fn render(call: &Call<'_>, endpoint: &WebhookEndpoint) -> Value {
    let sid = endpoint.sid();
    let secrets = endpoint.secrets.iter();
    let secrets: Vec<Value> = secrets
        .map(|secret| {
            let expires = secret.until.map(Timestamp::iso);
            json!({ "date_created": secret.created.iso(), "date_expires": expires })
        })
        .collect();
    let keys = endpoint.shared_keys.iter();
    let keys: Vec<Value> = keys
        .map(|key| {
            let (created, active) = (key.created.iso(), key.from.iso());
            json!({ "key": key.id, "date_created": created, "date_active": active })
        })
        .collect();
    let reason = endpoint.off.map(|off| off.reason());
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid,
        "endpoint_url": endpoint.url,
        "friendly_name": endpoint.friendly_name,
        "signature_algorithm": endpoint.algorithm.name(),
        "standard_webhooks": endpoint.is_standard,
        "format": endpoint.format.name(),
        "enabled": endpoint.off.is_none(),
        "disabled_reason": reason,
        "date_disabled": endpoint.off.map(|off| off.at.iso()),
        "failing_since": endpoint.failing.map(|failing| failing.since.iso()),
        "secrets": secrets,
        "shared_keys": keys,
        "date_created": endpoint.created.iso(),
        "date_updated": endpoint.updated.iso(),
        "url": call.url(&format!("v1/Endpoints/{sid}")),
    })
}
