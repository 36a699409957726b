//! The account: there is one, set up by its deployment. It can be given a name, and nothing else: it is active as long as it runs.

use serde_json::{Value, json};
use switchboard_domain::configuration::AccountSettings;
use switchboard_domain::decision::Decision;
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::{friendly_name, uri};

/// The only status that it has.
const ACTIVE: &str = "active";

/// `GET /2010-04-01/Accounts/{Sid}.json`. The token is not shown: a key must not turn into the account.
pub(crate) async fn fetch(call: &Call<'_>) -> Answer {
    let settings = call.on.store.get(key::account_settings()).await?;
    Ok(Reply::ok(render(call, settings.as_ref())))
}

/// `POST /2010-04-01/Accounts/{Sid}.json`: its name. To suspend or close it is to take its deployment down.
pub(crate) async fn update(call: &Call<'_>) -> Answer {
    if call.form.given("Status").is_some_and(|status| status != ACTIVE) {
        return Err(invalid("Status", "the account is active as long as its deployment runs"));
    }
    let name = friendly_name(call)?;
    let changed = call.decide(|| async {
        let found: Option<AccountSettings> = call.on.store.get(key::account_settings()).await?;
        let Some(name) = &name else { return Ok((found, Decision::unchanged())) };
        if found.as_ref().is_some_and(|it| it.friendly_name == *name) {
            return Ok((found, Decision::unchanged()));
        }
        let mut after = found.unwrap_or_else(|| AccountSettings::new(call.now));
        after.friendly_name.clone_from(name);
        after.updated = call.now;
        Ok::<_, ApiError>((Some(after.clone()), Decision::put(after)))
    });
    Ok(Reply::ok(render(call, changed.await?.as_ref())))
}

fn render(call: &Call<'_>, settings: Option<&AccountSettings>) -> Value {
    let sid = call.on.config.account_sid;
    json!({
        "sid": sid,
        "owner_account_sid": sid,
        "friendly_name": settings.map_or(AccountSettings::NAME, |it| it.friendly_name.as_str()),
        "auth_token": null,
        "date_created": settings.map(|it| it.created.rfc2822()),
        "date_updated": settings.map(|it| it.updated.rfc2822()),
        "status": ACTIVE,
        "type": "Full",
        "uri": uri(call, ""),
        "subresource_uris": {
            "incoming_phone_numbers": uri(call, "/IncomingPhoneNumbers"),
            "keys": uri(call, "/Keys"),
            "messages": uri(call, "/Messages"),
            "short_codes": uri(call, "/SMS/ShortCodes"),
        },
    })
}
