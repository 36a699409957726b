//! A test send: one message by a connection, as every reply goes, and what the carrier said to it. It is not kept, so its
//! reports are nobody's, and it is not counted under a spend cap.

use serde_json::{Value, json};
use switchboard_connections::{By, Connections};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{OutboundMessage, SendOutcome};
use switchboard_domain::codes::Code;
use switchboard_domain::connection::CarrierConnection;
use switchboard_domain::conversation::Pair;
use switchboard_domain::message::TEXT_CHARS_MAX;
use switchboard_domain::refusal::Refusal;
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Reply};

use crate::kept::load;

/// What is sent if nothing is given.
const BODY: &str = "This is a test.";

/// `POST …/Test`: sends at once. Whatever the carrier says is 200; what it said is in the body.
pub(crate) async fn send(call: &Call<'_>, on: &Connections, of: &str) -> Answer {
    let connection = load(call, of).await?;
    let to = recipient(call.form.required("To")?)?;
    let from = sender(call, &connection)?;
    let pair = Pair::new(to, from).map_err(|refusal| match refusal {
        Refusal::BindingTypesDiffer => Code::ChannelTypesDiffer.into(),
        Refusal::BindingAddressesEqual => Code::SameFromAndTo.into(),
        other => ApiError::from(other),
    })?;
    let body = call.form.text("Body", TEXT_CHARS_MAX)?.filter(|body| !body.is_empty());
    call.nothing_else()?;
    let stored = on.read(call.on, connection.sid).await?.ok_or_else(|| call.not_found())?;
    let addresses = (pair.proxy.clone(), pair.address.clone());
    let body = body.unwrap_or_else(|| BODY.to_owned());
    let message = OutboundMessage {
        is_kept: false,
        ..OutboundMessage::text((call.on.mint(), 0), addresses, body)
    };
    let outcome = on.send(&By::Stored(stored), &message).await;
    Ok(Reply::ok(render(call, &connection, &message, &outcome)))
}

/// Somebody on a channel: a number, where it has no prefix.
fn recipient(text: &str) -> Result<Address, ApiError> {
    let to: Option<Address> = text.parse().ok();
    let is_reachable = |to: &Address| {
        to.as_str().contains(':')
            || to.as_str().trim_start_matches('+').bytes().all(|byte| byte.is_ascii_digit())
    };
    let wrong = || ApiError::because(Code::InvalidTo, "it is no number and on no channel");
    to.filter(is_reachable).ok_or_else(wrong)
}

/// The number that is given, or the only one.
fn sender(call: &Call<'_>, connection: &CarrierConnection) -> Result<Address, ApiError> {
    match (call.form.given("From"), connection.senders.as_slice()) {
        (_, []) => {
            Err(ApiError::bad("The connection has no number to send from: give it one first"))
        }
        (None, [only]) => Ok(only.address.clone()),
        (None, _) => Err(missing("From")),
        (Some(text), all) => {
            let given: Option<Address> = text.parse().ok();
            let found = all.iter().find(|one| Some(&one.address) == given.as_ref());
            let wrong = || invalid("From", "is none of the connection's numbers");
            found.map(|one| one.address.clone()).ok_or_else(wrong)
        }
    }
}

fn render(
    call: &Call<'_>,
    connection: &CarrierConnection,
    message: &OutboundMessage,
    outcome: &SendOutcome,
) -> Value {
    let (said, id, error_code, reason) = match outcome {
        SendOutcome::Accepted { carrier_message_id } => {
            ("accepted", Some(carrier_message_id), None, None)
        }
        SendOutcome::Retry { reason, .. } => ("retry", None, None, Some(reason)),
        SendOutcome::Unknown { reason } => ("unknown", None, None, Some(reason)),
        SendOutcome::Rejected { error_code, reason } => {
            ("rejected", None, Some(error_code), Some(reason))
        }
    };
    json!({
        "connection_sid": connection.sid,
        "account_sid": call.on.config.account_sid,
        "carrier": connection.carrier,
        "from": message.from,
        "to": message.to,
        "outcome": said,
        "carrier_message_id": id,
        "error_code": error_code,
        "reason": reason,
        "date_created": call.now.iso(),
    })
}
