//! Programmable messages: views of the messages that are kept. What a customer wrote is one view; what was
//! written to customers is one view per recipient, each with a status of its own.

pub(crate) mod create;
pub(crate) mod media;
pub(crate) mod receipt;
pub(crate) mod search;
mod sender;
mod terms;

use std::sync::Arc;

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_domain::decision::Decision;
use switchboard_domain::encoding::segments;
use switchboard_domain::message::{self, Command, Delivery, Message, failure_text};
use switchboard_domain::process::media::removals;
use switchboard_domain::process::schedule::status_calls;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{key, take};

use crate::uri;

/// One programmable message.
#[derive(Debug, Clone)]
pub(crate) struct View {
    message: Arc<Message>,
    /// Which delivery; none for an inbound message.
    delivery: Option<usize>,
}

impl View {
    /// All views of a message.
    pub(crate) fn all(message: Message) -> Vec<Self> {
        let message = Arc::new(message);
        let view = |delivery| Self { message: Arc::clone(&message), delivery };
        match (&message.origin, message.removed) {
            (_, true) => Vec::new(),
            (Some(_), false) => vec![view(None)],
            (None, false) => (0..message.deliveries.len()).map(|place| view(Some(place))).collect(),
        }
    }

    fn delivery(&self) -> Option<&Delivery> {
        self.message.deliveries.get(self.delivery?)
    }

    /// Its identifier: the carrier's own where that is one, else kin of the message's.
    pub(crate) fn sid(&self) -> String {
        self.message.programmable_sid(self.delivery().map(|delivery| delivery.number))
    }

    /// Who it is from.
    pub(crate) fn from(&self) -> Option<&Address> {
        self.message.from(self.delivery())
    }

    /// Who it is to.
    pub(crate) fn to(&self) -> Option<&Address> {
        self.message.to(self.delivery())
    }

    /// When it was taken over.
    pub(crate) fn created(&self) -> Timestamp {
        self.delivery().map_or(self.message.created, |delivery| delivery.created)
    }

    fn updated(&self) -> Timestamp {
        let changed = self.delivery().map_or(self.message.created, |delivery| delivery.updated);
        self.message.edited.map_or(changed, |edited| edited.max(changed))
    }

    /// Its status (rule E.7).
    fn status(&self) -> &'static str {
        let Some(delivery) = self.delivery() else {
            return "received";
        };
        self.message.status_of(delivery)
    }

    /// Whether a carrier does not have it, or never gets it.
    fn waits(&self) -> bool {
        self.delivery().is_some_and(|delivery| {
            matches!(
                delivery.status,
                DeliveryStatus::Scheduled | DeliveryStatus::Queued | DeliveryStatus::Canceled
            )
        })
    }

    /// When it was taken over to be sent at once, or let go at its time.
    pub(crate) fn sent(&self) -> Timestamp {
        self.delivery().map_or(self.message.created, |copy| self.message.queued_at(copy))
    }

    /// What is counted in segments: the text of a text message.
    fn counted(&self) -> &str {
        let text_message = self.to().is_some_and(|to| to.channel() == ChannelType::Sms);
        match &self.message.body {
            Some(body) if text_message && self.message.media.is_empty() => body,
            Some(_) | None => "",
        }
    }
}

/// The message that a path names: one of ours by its family, one of a carrier's by what it became. Identifiers of this
/// form are the first carrier's own; what others bring is named by its family.
pub(crate) async fn load(call: &Call<'_>, text: &str) -> Result<View, ApiError> {
    let keys = message::named(text).ok_or_else(|| call.not_found())?.map(key::message);
    let mut found = call.on.store.get_all(&keys).await?;
    let messages = keys.iter().filter_map(|key| take::<Message>(&mut found, key));
    let view = messages.flat_map(View::all).find(|view| view.sid() == text);
    view.ok_or_else(|| call.not_found())
}

/// `GET …/Messages/{Sid}.json`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST …/Messages/{Sid}.json`: an empty body takes the text away, from the conversation too; it is one record. A scheduled
/// message is taken back by `Status=canceled`, and then can be redacted at once.
pub(crate) async fn update(call: &Call<'_>, sid: &str) -> Answer {
    let redact = match call.form.get("Body") {
        Some("") => true,
        Some(_) => {
            return Err(ApiError::bad("Invalid parameter: Body can only be taken away"));
        }
        None => false,
    };
    let status = call.form.given("Status");
    if status.is_some_and(|status| !status.eq_ignore_ascii_case("canceled")) {
        return Err(ApiError::bad("Invalid parameter: Status must be canceled"));
    }
    let view = call.decide(async || {
        let view = load(call, sid).await?;
        let mut message = Message::clone(&view.message);
        if status.is_some() {
            let copy = view.delivery().ok_or(Refusal::NotCancelable)?.number;
            message = message::cancel(&message, copy, call.now)?;
        }
        if redact {
            message = message::decide(&message, Command::Redact, call.now)?;
        }
        if message == *view.message {
            return Ok((view, Decision::unchanged()));
        }
        let shown = View { message: Arc::new(message.clone()), delivery: view.delivery };
        let told = status_calls(&view.message, &message);
        Ok::<_, ApiError>((shown, Decision::put(message).asking(told)))
    });
    Ok(Reply::ok(render(call, &view.await?)))
}

/// `DELETE …/Messages/{Sid}.json`. A conversation keeps its message; only this view of it goes.
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let gone = call.decide(async || {
        let view = load(call, sid).await?;
        let delivery = view.delivery().map(|delivery| delivery.number);
        let message = message::decide(&view.message, Command::Remove { delivery }, call.now)?;
        let removal = removals(&message).filter(|_| message.removed);
        Ok::<_, ApiError>(((), Decision::put(message).asking(removal)))
    });
    gone.await?;
    Ok(Reply::gone())
}

/// The resource as answers show it.
pub(crate) fn render(call: &Call<'_>, view: &View) -> Value {
    let path = format!("/Messages/{}", view.sid());
    let error_code = view.delivery().and_then(|delivery| delivery.error_code);
    let body = view.message.body.as_ref().map_or("", |body| body.as_str());
    let sent = (!view.waits()).then(|| view.sent().rfc2822());
    json!({
        "sid": view.sid(),
        "account_sid": call.on.config.account_sid,
        "api_version": "2010-04-01",
        "body": body,
        "from": view.from(),
        "to": view.to(),
        "direction": view.message.direction,
        "status": view.status(),
        "error_code": error_code,
        "error_message": error_code.and_then(failure_text),
        "num_segments": segments(view.counted()).to_string(),
        "num_media": view.message.media.len().to_string(),
        "messaging_service_sid": view.message.messaging_service,
        "price": null,
        "price_unit": null,
        "date_created": view.created().rfc2822(),
        "date_updated": view.updated().rfc2822(),
        "date_sent": sent,
        "uri": uri(call, &path),
        "subresource_uris": { "media": uri(call, &format!("{path}/Media")) },
    })
}
