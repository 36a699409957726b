//! Senders on channels in the pool of a messaging service. The sender and the service tell of each other, and both change in
//! one transaction.

use serde_json::{Value, json};
use switchboard_domain::address::ChannelType;
use switchboard_domain::configuration::{MessagingService, PoolChannelSender};
use switchboard_domain::decision::Decision;
use switchboard_domain::sender::{ChannelSender, country_of};
use switchboard_domain::sid::{ChannelSenderSid, MessagingServiceSid};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, fields, ordered};
use switchboard_store::{key, take};

use super::{must_be_free, must_have_room, removed};
use crate::services;

/// `POST /v1/Services/{MessagingServiceSid}/ChannelSenders`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let service_sid: MessagingServiceSid = call.sid(service)?;
    let sid: ChannelSenderSid = fields::sid("Sid", call.form.required("Sid")?)?;
    let added = call.decide(|| async {
        let keys = [key::messaging_service(service_sid), key::channel_sender(sid)];
        let mut found = call.on.store.get_all(&keys).await?;
        let service: Option<MessagingService> = take(&mut found, &keys[0]);
        let mut service = service.ok_or_else(|| call.not_found())?;
        let sender: Option<ChannelSender> = take(&mut found, &keys[1]);
        let missing = || ApiError::not_found(&format!("/v2/Channels/Senders/{sid}"));
        let mut sender = sender.ok_or_else(missing)?;
        must_be_free(sender.messaging_service, service_sid)?;
        must_have_room(&service)?;
        let place = PoolChannelSender { sid, sender: sender.sender.clone(), created: call.now };
        service.channel_senders.push(place.clone());
        service.updated = call.now;
        sender.messaging_service = Some(service_sid);
        sender.updated = call.now;
        Ok::<_, ApiError>((place, Decision::put(service).and(sender)))
    });
    Ok(Reply::created(render(call, service_sid, &added.await?)))
}

/// `GET /v1/Services/{MessagingServiceSid}/ChannelSenders`.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let service = services::load(call, service).await?;
    let rows =
        service.channel_senders.into_iter().map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("senders", &request, &page, |one| render(call, service.sid, one)))
}

/// `GET /v1/Services/{MessagingServiceSid}/ChannelSenders/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: ChannelSenderSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let sender = service.channel_senders.iter().find(|one| one.sid == sid);
    Ok(Reply::ok(render(call, service.sid, sender.ok_or_else(|| call.not_found())?)))
}

/// `DELETE /v1/Services/{MessagingServiceSid}/ChannelSenders/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: ChannelSenderSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let place = service.channel_senders.iter().position(|one| one.sid == sid);
        service.channel_senders.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        let sender: Option<ChannelSender> = call.on.store.get(key::channel_sender(sid)).await?;
        let of_this = sender.filter(|one| one.messaging_service == Some(service.sid));
        let mut decision = Decision::put(service);
        if let Some(sender) = of_this {
            let free = ChannelSender { messaging_service: None, updated: call.now, ..sender };
            decision = decision.and(free);
        }
        Ok::<_, ApiError>(((), decision))
    });
    gone.await?;
    removed()
}

/// What the vendor calls a channel here.
fn sender_type(channel: ChannelType) -> &'static str {
    match channel {
        ChannelType::Whatsapp => "WhatsApp",
        ChannelType::Messenger => "Messenger",
        ChannelType::Rcs => "RCS",
        ChannelType::Instagram
        | ChannelType::Sms
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => channel.name(),
    }
}

/// The resource as answers show it.
fn render(call: &Call<'_>, service: MessagingServiceSid, one: &PoolChannelSender) -> Value {
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "messaging_service_sid": service,
        "date_created": one.created.iso(),
        "date_updated": one.created.iso(),
        "sender": one.sender,
        "sender_type": sender_type(one.sender.channel()),
        "country_code": country_of(one.sender.bare()),
        "url": call.url(&format!("v1/Services/{service}/ChannelSenders/{}", one.sid)),
    })
}
