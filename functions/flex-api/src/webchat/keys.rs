//! Deployment keys: which pages may open webchats, and with which chat address (rule G.1). They are ours: the product keeps them
//! in its console. All of an account stand in one item, so that there are never more than ten.

use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{AccountSettings, AddressConfiguration};
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{AddressConfigurationSid, DeploymentKeySid};
use switchboard_domain::webchat::{
    DeploymentKey, KEYS_MAX, ORIGINS_MAX, Origin, TOKEN_TTL_S, TOKEN_TTL_S_RANGE,
};
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 64;

async fn settings(call: &Call<'_>) -> Result<AccountSettings, ApiError> {
    let found = call.on.store.get(key::account_settings()).await?;
    Ok(found.unwrap_or_else(|| AccountSettings::new(call.now)))
}

/// `GET /v2/DeploymentKeys`: all of them.
pub(super) async fn list(call: &Call<'_>) -> Answer {
    let settings = settings(call).await?;
    let keys: Vec<Value> = settings.deployment_keys.iter().map(|key| render(call, key)).collect();
    Ok(Reply::ok(json!({ "deployment_keys": keys, "url": call.url("v2/DeploymentKeys") })))
}

/// `GET /v2/DeploymentKeys/{CV}`.
pub(super) async fn fetch(call: &Call<'_>, cv: &str) -> Answer {
    let settings = settings(call).await?;
    let found = settings.deployment_key(call.sid(cv)?);
    Ok(Reply::ok(render(call, found.ok_or_else(|| call.not_found())?)))
}

/// `POST /v2/DeploymentKeys`.
pub(super) async fn create(call: &Call<'_>) -> Answer {
    let given = Given::read(call)?;
    let address: AddressConfigurationSid =
        call.form.sid("AddressSid")?.ok_or_else(|| missing("AddressSid"))?;
    let key = DeploymentKey {
        sid: call.on.mint(),
        address,
        friendly_name: given.friendly_name.flatten(),
        origins: given.origins.ok_or_else(|| missing("AllowedOrigins"))?,
        token_ttl_seconds: given.token_ttl_seconds.unwrap_or(TOKEN_TTL_S),
        created: call.now,
        updated: call.now,
    };
    call.decide(|| async {
        let at = key::address_configuration(address);
        let found: Option<AddressConfiguration> = call.on.store.get(at).await?;
        let kind = found.ok_or(Code::NoSuchChatAddress)?.kind;
        if kind != ChannelType::Chat {
            return Err(invalid("AddressSid", "is no chat address"));
        }
        let mut settings = settings(call).await?;
        if settings.deployment_keys.len() >= KEYS_MAX {
            let message = format!("The account has {KEYS_MAX} deployment keys, which is the most");
            return Err(ApiError::bad(message));
        }
        settings.deployment_keys.push(key.clone());
        settings.updated = call.now;
        Ok(((), Decision::put(settings)))
    })
    .await?;
    Ok(Reply::created(render(call, &key)))
}

/// `POST /v2/DeploymentKeys/{CV}`: its name, its origins and how long its tokens are good. Chats that are open go on, for pages of
/// the origins that it has then.
pub(super) async fn update(call: &Call<'_>, cv: &str) -> Answer {
    let sid: DeploymentKeySid = call.sid(cv)?;
    let given = Given::read(call)?;
    let key = call
        .decide(|| async {
            let mut settings = settings(call).await?;
            let found = settings.deployment_keys.iter_mut().find(|key| key.sid == sid);
            let key = found.ok_or_else(|| call.not_found())?;
            let before = key.clone();
            given.apply(key);
            let mut after = key.clone();
            if after == before {
                return Ok((after, Decision::unchanged()));
            }
            key.updated = call.now;
            after.updated = call.now;
            settings.updated = call.now;
            Ok::<_, ApiError>((after, Decision::put(settings)))
        })
        .await?;
    Ok(Reply::ok(render(call, &key)))
}

/// `DELETE /v2/DeploymentKeys/{CV}`: from then on it opens nothing, and the tokens that were made for it count no more.
pub(super) async fn remove(call: &Call<'_>, cv: &str) -> Answer {
    let sid: DeploymentKeySid = call.sid(cv)?;
    call.decide(|| async {
        let mut settings = settings(call).await?;
        if settings.deployment_key(sid).is_none() {
            return Err(call.not_found());
        }
        settings.deployment_keys.retain(|key| key.sid != sid);
        settings.updated = call.now;
        Ok(((), Decision::put(settings)))
    })
    .await?;
    Ok(Reply::gone())
}

/// The parameters that create and update share.
struct Given {
    friendly_name: Option<Option<String>>,
    origins: Option<Vec<Origin>>,
    token_ttl_seconds: Option<i64>,
}

impl Given {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        const ORIGINS: &str = "AllowedOrigins";
        let name = call.form.text("FriendlyName", NAME_CHARS_MAX)?;
        let given = call.form.all(ORIGINS);
        let mut origins: Vec<Origin> = Vec::new();
        for text in &given {
            let origin = text.parse().map_err(|why| invalid(ORIGINS, &format!("{why}")));
            let origin: Origin = origin?;
            if !origins.contains(&origin) {
                origins.push(origin);
            }
        }
        if origins.len() > ORIGINS_MAX {
            return Err(invalid(ORIGINS, &format!("must not be more than {ORIGINS_MAX}")));
        }
        let (shortest, longest) = TOKEN_TTL_S_RANGE;
        Ok(Self {
            friendly_name: name.map(|name| Some(name).filter(|name| !name.is_empty())),
            origins: (!given.is_empty()).then_some(origins),
            token_ttl_seconds: call.form.integer("TokenTtl", shortest, longest)?,
        })
    }

    fn apply(&self, key: &mut DeploymentKey) {
        if let Some(name) = &self.friendly_name {
            key.friendly_name.clone_from(name);
        }
        if let Some(origins) = &self.origins {
            key.origins.clone_from(origins);
        }
        key.token_ttl_seconds = self.token_ttl_seconds.unwrap_or(key.token_ttl_seconds);
    }
}

fn render(call: &Call<'_>, key: &DeploymentKey) -> Value {
    json!({
        "sid": key.sid,
        "account_sid": call.on.config.account_sid,
        "address_sid": key.address,
        "friendly_name": key.friendly_name,
        "allowed_origins": key.origins,
        "token_ttl": key.token_ttl_seconds,
        "date_created": key.created.iso(),
        "date_updated": key.updated.iso(),
        "url": call.url(&format!("v2/DeploymentKeys/{}", key.sid)),
    })
}
