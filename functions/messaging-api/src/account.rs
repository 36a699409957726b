//! The account: there is one, set up by its deployment.

use serde_json::json;
use switchboard_rest::{Answer, Call, Reply};

use crate::uri;

/// `GET /2010-04-01/Accounts/{Sid}.json`. The token is not shown: a key must not turn into the account.
pub(crate) fn fetch(call: &Call<'_>) -> Answer {
    let sid = call.on.config.account_sid;
    Ok(Reply::ok(json!({
        "sid": sid,
        "owner_account_sid": sid,
        "friendly_name": "Switchboard",
        "auth_token": null,
        "date_created": null,
        "date_updated": null,
        "status": "active",
        "type": "Full",
        "uri": uri(call, ""),
        "subresource_uris": {
            "incoming_phone_numbers": uri(call, "/IncomingPhoneNumbers"),
            "keys": uri(call, "/Keys"),
            "messages": uri(call, "/Messages"),
            "short_codes": uri(call, "/SMS/ShortCodes"),
        },
    })))
}
