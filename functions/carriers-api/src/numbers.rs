//! The numbers and pages of ours that go by a connection. The number and the connection tell of each other, and both change
//! in one transaction; a number goes by one connection at a time, since its claim's key is the number.

use serde_json::{Value, json};
use switchboard_carriers::keeping_of;
use switchboard_connections::connect;
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::OutboundMessage;
use switchboard_domain::connection::{CarrierConnection, ConnectedSender, SenderConnection};
use switchboard_domain::process::connection::{add_sender, remove_sender};
use switchboard_domain::sid::SenderSid;
use switchboard_rest::fields::{invalid, missing};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, ordered};
use switchboard_store::{key, take};

use crate::kept::{load, url};
use crate::settings::works;

/// The largest page.
const PAGE_MAX: i64 = 100;
/// The longest name of a number at the carrier, in characters.
const CARRIER_ID_CHARS_MAX: usize = 64;

/// `POST …/Numbers`.
pub(crate) async fn create(call: &Call<'_>, of: &str) -> Answer {
    let address = address(call.form.required("Address")?)?;
    let carrier_id = call.form.text("CarrierId", CARRIER_ID_CHARS_MAX)?;
    let carrier_id = carrier_id.filter(|id| !id.is_empty());
    let sender = ConnectedSender { address, carrier_id, created: call.now };
    let added = call.decide(|| async {
        let connection = load(call, of).await?;
        let claim = key::sender_connection(sender.sid());
        let claim: Option<SenderConnection> = call.on.store.get(claim).await?;
        fits(call, &connection, &sender)?;
        Ok::<_, ApiError>(add_sender(connection, claim, sender.clone(), call.now)?)
    });
    let connection = added.await?;
    Ok(Reply::created(render(call, &connection, &sender)))
}

/// An address that a carrier can send from.
fn address(text: &str) -> Result<Address, ApiError> {
    let address: Option<Address> = text.parse().ok();
    let sends = |address: &Address| match address.channel() {
        ChannelType::Sms
        | ChannelType::Whatsapp
        | ChannelType::Messenger
        | ChannelType::Instagram
        | ChannelType::Rcs
        | ChannelType::Gbm
        | ChannelType::Apple => true,
        ChannelType::Email | ChannelType::Chat | ChannelType::Web | ChannelType::Voice => false,
    };
    let wrong = || invalid("Address", "is no number and on no channel of a carrier");
    address.filter(sends).ok_or_else(wrong)
}

/// Refuses a sender that the carrier does not have, or could not be told.
fn fits(
    call: &Call<'_>,
    connection: &CarrierConnection,
    sender: &ConnectedSender,
) -> Result<(), ApiError> {
    let is_number = sender.address.bare().starts_with('+');
    match (keeping_of(connection.carrier).numbers, &sender.carrier_id) {
        (None, Some(_)) => {
            return Err(invalid("CarrierId", "is nothing that this carrier calls a number"));
        }
        (Some(_), Some(_)) if !is_number => {
            return Err(invalid("CarrierId", "is for telephone numbers"));
        }
        (Some(_), None) if is_number => return Err(missing("CarrierId")),
        _ => {}
    }
    let mut with = connection.clone();
    with.senders.push(sender.clone());
    works(call, &with, &[])?;
    let carrier = connect(&call.on.config, &with, []);
    let carrier = carrier.map_err(|error| invalid("Address", &error.to_string()))?;
    let pair = (sender.address.clone(), sender.address.clone());
    let any = OutboundMessage::text((call.on.mint(), 0), pair, "text");
    let built = carrier.build(&any).map(drop);
    built.map_err(|unsupported| invalid("Address", &format!("cannot be a sender: {unsupported}")))
}

/// `GET …/Numbers`.
pub(crate) async fn list(call: &Call<'_>, of: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let connection = load(call, of).await?;
    let rows = connection.senders.iter().cloned();
    let rows = rows.map(|one| (key::dated(one.created, one.sid()), one)).collect();
    let page = ordered(rows, Order::Ascending, &request);
    Ok(call.paged("numbers", &request, &page, |one| render(call, &connection, one)))
}

/// `GET …/Numbers/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, of: &str, sid: &str) -> Answer {
    let sid: SenderSid = call.sid(sid)?;
    let connection = load(call, of).await?;
    let found = connection.senders.iter().find(|one| one.sid() == sid);
    let found = found.ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &connection, found)))
}

/// `DELETE …/Numbers/{Sid}`: it goes by the environment's connection again.
pub(crate) async fn remove(call: &Call<'_>, of: &str, sid: &str) -> Answer {
    let sid: SenderSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let connection = load(call, of).await?;
        let keys = [key::sender_connection(sid)];
        let mut found = call.on.store.get_all(&keys).await?;
        let claim = take(&mut found, &keys[0]);
        Ok::<_, ApiError>(((), remove_sender(connection, claim, sid, call.now)?))
    });
    gone.await?;
    Ok(Reply::gone())
}

/// The resource as answers show it.
fn render(call: &Call<'_>, of: &CarrierConnection, sender: &ConnectedSender) -> Value {
    let sid = sender.sid();
    json!({
        "sid": sid,
        "connection_sid": of.sid,
        "address": sender.address,
        "carrier_id": sender.carrier_id,
        "date_created": sender.created.iso(),
        "url": format!("{}/Numbers/{sid}", url(call, of.sid)),
    })
}
