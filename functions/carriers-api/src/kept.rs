//! A connection as it is kept, and its secrets: sealed, and shown by what gives nothing away.

use serde_json::{Value, json};
use switchboard_connections::Connections;
use switchboard_domain::connection::{CarrierConnection, SealedSecret};
use switchboard_domain::private::Private;
use switchboard_domain::sid::ConnectionSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{ApiError, Call};
use switchboard_runtime::Failure;
use switchboard_store::key;
use switchboard_vault::Binding;

use crate::settings::parameter;

/// The connection that a path names.
pub(crate) async fn load(call: &Call<'_>, sid: &str) -> Result<CarrierConnection, ApiError> {
    let sid: ConnectionSid = call.sid(sid)?;
    call.on.store.get(key::carrier_connection(sid)).await?.ok_or_else(|| call.not_found())
}

/// The URL of a connection.
pub(crate) fn url(call: &Call<'_>, sid: ConnectionSid) -> String {
    call.url(&format!("v1/Connections/{sid}"))
}

/// Seals one secret.
pub(crate) async fn seal(
    on: &Connections,
    sid: ConnectionSid,
    name: &str,
    secret: &Private<String>,
    now: Timestamp,
) -> Result<SealedSecret, Failure> {
    let sealed = on.vault().seal(Binding::Connection(sid, name), secret).await?;
    Ok(SealedSecret::new(name, sealed, secret, now))
}

/// The resource as answers show it: never the secret.
pub(crate) fn render_secret(
    call: &Call<'_>,
    of: &CarrierConnection,
    secret: &SealedSecret,
) -> Value {
    let sid = of.secret_sid(secret);
    json!({
        "sid": sid,
        "connection_sid": of.sid,
        "name": parameter(&secret.name),
        "last_four": secret.last_four,
        "fingerprint": secret.fingerprint,
        "valid_until": secret.until.map(Timestamp::iso),
        "date_created": secret.created.iso(),
        "url": format!("{}/Secrets/{sid}", url(call, of.sid)),
    })
}
