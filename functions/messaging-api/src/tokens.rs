//! Credentials for the operator's own TURN servers (rule E.14), by which browsers find a way to each other. None is kept:
//! whoever has one may use the servers until it ends.

use serde_json::{Value, json};
use switchboard_domain::ice::{IceCredentials, TTL_MAX_S};
use switchboard_domain::sid::RequestSid;
use switchboard_domain::timestamp::Millis;
use switchboard_rest::{Answer, Call, Reply};

/// `POST /2010-04-01/Accounts/{AccountSid}/Tokens.json`: good for `Ttl` seconds. Where the deployment names no servers, the
/// answer has none, and neither name nor password.
pub(crate) fn create(call: &Call<'_>) -> Answer {
    let ttl = call.form.integer("Ttl", 1, i64::from(TTL_MAX_S))?.unwrap_or(i64::from(TTL_MAX_S));
    call.nothing_else()?;
    let until = call.now + Millis::seconds(ttl);
    let name = call.on.mint::<RequestSid>().to_string();
    let made = call.on.config.ice_servers.credentials(&name, until);
    Ok(Reply::created(render(call, made.as_ref(), ttl)).secret())
}

/// The resource as the answer shows it; there is no second answer that would.
fn render(call: &Call<'_>, made: Option<&IceCredentials>, ttl: i64) -> Value {
    let (username, password) =
        made.map(|made| (made.username.as_str(), made.password.as_str())).unzip();
    // Browsers read `urls`; those of before 2015 `url`.
    let server = |(url, relays): (&str, bool)| match (relays, username, password) {
        (true, Some(username), Some(password)) => {
            json!({ "url": url, "urls": url, "username": username, "credential": password })
        }
        _ => json!({ "url": url, "urls": url }),
    };
    let servers: Vec<Value> = call.on.config.ice_servers.all().map(server).collect();
    json!({
        "account_sid": call.on.config.account_sid,
        "username": username,
        "password": password,
        "ttl": ttl.to_string(),
        "ice_servers": servers,
        "date_created": call.now.rfc2822(),
        "date_updated": call.now.rfc2822(),
    })
}
