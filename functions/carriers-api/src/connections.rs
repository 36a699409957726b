//! Connections to carriers.

use futures_util::future::try_join_all;
use serde_json::{Map, Value, json};
use switchboard_carriers::{keeping_of, webhook_path_of};
use switchboard_connections::Connections;
use switchboard_domain::connection::{CarrierConnection, RejectedWebhook, SealedSecret};
use switchboard_domain::decision::Decision;
use switchboard_domain::process;
use switchboard_domain::sid::ConnectionSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_runtime::Failure;
use switchboard_store::{Listing, key, take};

use crate::kept::{load, render_secret, seal, url};
use crate::settings::{Secret, carrier, complete, has_second, plain, secrets, works};

/// The longest name, in characters.
const NAME_CHARS_MAX: usize = 64;
/// The largest page.
const PAGE_MAX: i64 = 100;

/// `POST /v1/Connections`.
pub(crate) async fn create(call: &Call<'_>, on: &Connections) -> Answer {
    let carrier = carrier(call)?;
    let keeping = keeping_of(carrier);
    let (plain, given) = (plain(call, &keeping)?, secrets(call, &keeping)?);
    complete(carrier, &plain, &given)?;
    let name = call.form.name("FriendlyName", NAME_CHARS_MAX)?;
    call.nothing_else()?;
    let bare = CarrierConnection {
        sid: call.on.mint(),
        carrier,
        friendly_name: name.unwrap_or_default(),
        settings: plain,
        given: 0,
        secrets: Vec::new(),
        senders: Vec::new(),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    works(call, &bare, &given)?;
    let mut new = bare;
    for secret in seal_all(call, on, new.sid, &given).await? {
        let has_second = has_second(carrier, &secret.name);
        new = new.rotate(secret, has_second, None, call.now)?;
    }
    let kept = call.decide(|| async { Ok::<_, ApiError>(((), Decision::put(new.clone()))) });
    kept.await?;
    Ok(Reply::created(render(call, &new, None)))
}

/// Seals several secrets at the same time.
async fn seal_all(
    call: &Call<'_>,
    on: &Connections,
    sid: ConnectionSid,
    given: &[Secret],
) -> Result<Vec<SealedSecret>, Failure> {
    try_join_all(given.iter().map(|(name, secret)| seal(on, sid, name, secret, call.now))).await
}

/// `GET /v1/Connections`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let listing = Listing::carrier_connections();
    let page = call.list(&listing, &request, |_: &CarrierConnection| true).await?;
    let keys: Vec<_> = page.records.iter().map(|one| key::rejected_webhook(one.sid)).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    Ok(call.paged("connections", &request, &page, |one| {
        let rejected = take(&mut found, &key::rejected_webhook(one.sid));
        render(call, one, rejected.as_ref())
    }))
}

/// `GET /v1/Connections/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    let (connection, rejected) = load_whole(call, sid).await?;
    Ok(Reply::ok(render(call, &connection, rejected.as_ref())))
}

/// `POST /v1/Connections/{Sid}`: its name, and settings that are no secrets.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let name = call.form.name("FriendlyName", NAME_CHARS_MAX)?;
    let given = plain(call, &keeping_of(load(call, sid).await?.carrier))?;
    let changed = call.decide(|| async {
        let (mut connection, rejected) = load_whole(call, sid).await?;
        if name.is_none() && given.is_empty() {
            return Ok(((connection, rejected), Decision::unchanged()));
        }
        if let Some(name) = &name {
            connection.friendly_name.clone_from(name);
        }
        connection.settings.extend(given.clone());
        connection.updated = call.now;
        works(call, &connection, &[])?;
        Ok::<_, ApiError>(((connection.clone(), rejected), Decision::put(connection)))
    });
    let (connection, rejected) = changed.await?;
    Ok(Reply::ok(render(call, &connection, rejected.as_ref())))
}

/// `DELETE /v1/Connections/{Sid}`, when no number goes by it any more.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(|| async {
        let (connection, rejected) = load_whole(call, sid).await?;
        Ok::<_, ApiError>(((), process::connection::remove(connection, rejected)?))
    });
    gone.await?;
    Ok(Reply::gone())
}

/// The connection that a path names, and what was last not believed of its webhooks.
async fn load_whole(
    call: &Call<'_>,
    sid: &str,
) -> Result<(CarrierConnection, Option<RejectedWebhook>), ApiError> {
    let sid: ConnectionSid = call.sid(sid)?;
    let keys = [key::carrier_connection(sid), key::rejected_webhook(sid)];
    let mut found = call.on.store.get_all(&keys).await?;
    let connection = take(&mut found, &keys[0]).ok_or_else(|| call.not_found())?;
    Ok((connection, take(&mut found, &keys[1])))
}

/// The resource as answers show it.
fn render(
    call: &Call<'_>,
    connection: &CarrierConnection,
    rejected: Option<&RejectedWebhook>,
) -> Value {
    let keeping = keeping_of(connection.carrier);
    let settings: Map<String, Value> = keeping
        .plain
        .iter()
        .map(|name| (name.to_ascii_lowercase(), connection.settings.get(*name).cloned().into()))
        .collect();
    let valid = connection.secrets.iter().filter(|secret| secret.is_valid(call.now));
    let secrets: Vec<Value> = valid.map(|secret| render_secret(call, connection, secret)).collect();
    let config = &call.on.config;
    let origin = config.webhook_origin.as_deref().unwrap_or(&config.public_url);
    let url = url(call, connection.sid);
    json!({
        "sid": connection.sid,
        "account_sid": config.account_sid,
        "carrier": connection.carrier,
        "friendly_name": connection.friendly_name,
        "settings": settings,
        "secrets": secrets,
        "numbers": connection.senders.len(),
        "webhook_url": format!("{origin}{}", webhook_path_of(connection.carrier, connection.sid)),
        "last_reject": rejected.map(|it| json!({
            "time": Timestamp::iso(it.at),
            "reason": it.reason,
            "text": it.text,
        })),
        "date_created": connection.created.iso(),
        "date_updated": connection.updated.iso(),
        "url": url,
        "links": {
            "secrets": format!("{url}/Secrets"),
            "numbers": format!("{url}/Numbers"),
            "test": format!("{url}/Test"),
        },
    })
}
