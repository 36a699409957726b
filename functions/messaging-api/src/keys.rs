//! API keys: other names and passwords for the account; a secret is shown once.

use serde_json::{Value, json};
use switchboard_domain::configuration::ApiKey;
use switchboard_domain::decision::Decision;
use switchboard_domain::private::Private;
use switchboard_domain::sid::KeySid;
use switchboard_domain::version::Version;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Listing, key};

use crate::{friendly_name, keep_new};

/// `POST …/Keys.json`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let new = ApiKey {
        sid: call.on.mint(),
        friendly_name: friendly_name(call)?.unwrap_or_default(),
        secret: Private(secret(call)),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    keep_new(call, &new, &[]).await?;
    let mut answer = render(&new);
    answer["secret"] = new.secret.0.clone().into();
    Ok(Reply::created(answer))
}

/// 128 random bits as 32 digits: half of them from each of two identifiers, out of their random part.
fn secret(call: &Call<'_>) -> String {
    let half = || call.on.mint::<KeySid>().to_string()[2..18].to_owned();
    half() + &half()
}

/// `GET …/Keys.json`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(1000)?;
    let listing = Listing::api_keys();
    let page = call.list(&listing, &request, |_: &ApiKey| true).await?;
    Ok(call.paged_2010("keys", &request, &page, render))
}

/// `GET …/Keys/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(&load(call, sid).await?)))
}

/// `POST …/Keys/{Sid}.json`.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let name = friendly_name(call)?;
    let kept = call.decide(|| async {
        let mut kept = load(call, sid).await?;
        let Some(name) = &name else {
            return Ok((kept, Decision::unchanged()));
        };
        kept.friendly_name.clone_from(name);
        kept.updated = call.now;
        Ok::<_, ApiError>((kept.clone(), Decision::put(kept)))
    });
    Ok(Reply::ok(render(&kept.await?)))
}

/// `DELETE …/Keys/{Sid}.json`.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let kept = load(call, sid).await?;
        Ok::<_, ApiError>(((), Decision::unchanged().without(kept)))
    });
    gone.await?;
    Ok(Reply::gone())
}

async fn load(call: &Call<'_>, sid: &str) -> Result<ApiKey, ApiError> {
    let sid: KeySid = call.sid(sid)?;
    call.on.store.get(key::api_key(sid)).await?.ok_or_else(|| call.not_found())
}

/// The resource as answers show it, without its secret.
fn render(kept: &ApiKey) -> Value {
    json!({
        "sid": kept.sid,
        "friendly_name": kept.friendly_name,
        "date_created": kept.created.rfc2822(),
        "date_updated": kept.updated.rfc2822(),
    })
}
