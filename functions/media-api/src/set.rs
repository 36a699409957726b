//! Several files at once, as the JavaScript SDK asks for those of a message: `POST …/MediaSet` with `command` `get`. Each is
//! answered by itself, with the status that it would have alone.

use futures_util::future::join_all;
use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::file::{load, render};

/// The most files that are asked for at once (ours).
const FILES_MAX: usize = 50;

/// `POST /mcs/v1/Services/{IS}/MediaSet`.
pub(crate) async fn get(call: &Call<'_>, service: &str) -> Answer {
    let service: ServiceSid = call.sid(service)?;
    let wanted = wanted(call)?;
    let found = join_all(wanted.iter().map(|sid| load(call, service, sid))).await;
    let each = wanted.iter().zip(found).map(|(sid, found)| match found {
        Ok(found) => Ok(json!({ "code": 200, "media_record": render(call, service, &found) })),
        Err(error) if error.status < 500 => {
            Ok(json!({ "code": error.status, "media_record": { "sid": sid } }))
        }
        Err(error) => Err(error),
    });
    let all: Vec<Value> = each.collect::<Result<_, ApiError>>()?;
    Ok(Reply::ok(all.into()))
}

/// The identifiers, in the order in which they are asked for.
fn wanted(call: &Call<'_>) -> Result<Vec<String>, ApiError> {
    let given = call.json.as_ref().ok_or_else(|| ApiError::bad("The body has to be JSON"))?;
    if given["command"] != "get" {
        return Err(invalid("command", "must be get"));
    }
    let list = given["list"].as_array().ok_or_else(|| invalid("list", "must be a list"))?;
    if list.len() > FILES_MAX {
        return Err(invalid("list", "must have at most 50 files"));
    }
    let sid = |one: &Value| one["media_sid"].as_str().map(str::to_owned);
    list.iter().map(|one| sid(one).ok_or_else(|| Code::InvalidMediaSid.into())).collect()
}
