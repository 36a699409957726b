//! Signs that somebody types an answer (rule E.13). They are of the messaging product by their paths, and served here because
//! a carrier is spoken with: the other function of that product has no part in secrets of carriers.
//!
//! A sign is shown at once or never: nothing is written, kept or tried again.

use serde_json::json;
use switchboard_connections::{By, Connections};
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{CarrierName, Shown, Signal};
use switchboard_domain::codes::Code;
use switchboard_domain::message::{Message, named};
use switchboard_rest::fields::{invalid, one_of};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{key, take};

/// The channels of `POST /v2/Indicators/Typing.json`.
pub(crate) const OF_V2: &[ChannelType] = &[ChannelType::Whatsapp];
/// The channels of `POST /v3/Indicators/Typing.json`.
pub(crate) const OF_V3: &[ChannelType] = &[ChannelType::Whatsapp, ChannelType::Apple];

/// Shows the customer that somebody types. The channel says what else has to be given.
pub(crate) async fn create(call: &Call<'_>, on: &Connections, all: &[ChannelType]) -> Answer {
    let channel = one_of("channel", call.form.required("channel")?, all, ChannelType::name)?;
    if channel == ChannelType::Apple {
        return to_apple(call);
    }
    let text = call.form.required("messageId")?;
    call.nothing_else()?;
    let (carrier, signal) = about(call, text, channel).await?;
    let by = way(call, on, carrier, &signal).await?;
    match on.show(&by, &signal).await {
        Shown::Shown => Ok(Reply::ok(json!({ "success": true }))),
        Shown::NotThere => Err(ApiError::because(
            Code::Forbidden,
            "the connection that the message came by cannot show that somebody types",
        )),
        Shown::Unavailable { reason } => Err(ApiError::because(Code::Unavailable, reason)),
        Shown::Refused { reason, .. } => Err(ApiError::because(Code::ChannelRefused, reason)),
    }
}

/// A sign on Apple Messages is read as it is published, and refused: no carrier here has that channel (openapi, 403: "not
/// authorized to send typing indicators for this channel").
fn to_apple(call: &Call<'_>) -> Answer {
    call.form.required("from")?;
    call.form.required("to")?;
    if let Some(event) = call.form.given("event") {
        one_of("event", event, &["START", "END"], |event| event)?;
    }
    call.nothing_else()?;
    Err(ApiError::because(Code::Forbidden, "no carrier here has Apple Messages for Business"))
}

/// The sign under a customer's message, which must have come on that channel, and the carrier that brought it.
async fn about(
    call: &Call<'_>,
    text: &str,
    channel: ChannelType,
) -> Result<(CarrierName, Signal), ApiError> {
    let wrong = |why: &str| invalid("messageId", why);
    let keys = named(text).ok_or_else(|| wrong("is no identifier of a message, SM… or MM…"))?;
    let keys = keys.map(key::message);
    let mut found = call.on.store.get_all(&keys).await?;
    let messages = keys.iter().filter_map(|key| take::<Message>(&mut found, key));
    let mut inbound = messages.filter(|message| message.programmable_sid(None) == text);
    let signal = inbound.find_map(|message| message.typing(channel));
    signal.ok_or_else(|| wrong("is of no message that a customer wrote on that channel"))
}

/// The connection that the message came by: the one that its number goes by now, which must still be the same carrier's, since
/// no other knows the message.
async fn way(
    call: &Call<'_>,
    on: &Connections,
    carrier: CarrierName,
    signal: &Signal,
) -> Result<By, ApiError> {
    let stored = on.of_sender(call.on, &signal.from).await?;
    let by = stored.map_or(By::Environment(carrier), By::Stored);
    match on.carrier_of(&by) == carrier {
        true => Ok(by),
        false => Err(invalid("messageId", "came by a carrier that its number went by before")),
    }
}
