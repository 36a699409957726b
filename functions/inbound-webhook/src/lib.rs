//! A carrier delivers a message or a receipt: verify, parse, put on a queue, answer fast.
//!
//! Woken by: HTTP `/webhooks/{carrier}` and `/webhooks/{carrier}/{connection}`, by its own URL or by the API's. Writes: that a
//! webhook of a connection was not believed. Asks for: `autocreation`, `delivery-receipt`.
//!
//! Nothing is parsed before the signature is right, and nothing is answered before the queue has all of it: a
//! carrier that hears an error tries again. What is verified and cannot be understood would only come again, so it is
//! taken with its text, to end among the dead letters, and logged by the name of the parameter, never with its value.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod stored;

use std::convert::Infallible;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde_json::json;
use switchboard_carriers::{Carrier, Event, RawRequest, Rejection, Reply};
use switchboard_connections::Connections;
use switchboard_domain::carriage::{
    Arrival, CarrierName, IdentityChange, InboundMessage, Report, Unreadable,
};
use switchboard_domain::effect::QueueName;
use switchboard_domain::private::Private;
use switchboard_domain::process::identity;
use switchboard_domain::sid::{ConnectionSid, MessageSid, Sid as _};
use switchboard_runtime::deadline::done_in_time;
use switchboard_runtime::queue::Outgoing;
use switchboard_runtime::route::below_stage;
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};

/// What is kept of a request that cannot be understood, in bytes: with every byte escaped, a queue still takes it.
const UNREADABLE_BYTES_MAX: usize = 128 * 1024;

/// What it is started with. A carrier waits, and posts again by itself.
pub const NEEDS: Needs = Needs {
    patience: Patience::CARRIER,
    variables: &[
        "TABLE_CONFIGURATION",
        "QUEUE_INBOUND",
        "QUEUE_RECEIPTS",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "CARRIERS",
        "SECRETS_KEY",
    ],
};

/// Serves one webhook.
pub async fn handle(
    on: &Dependencies,
    connections: &Connections,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    Ok(receive(on, connections, request).await)
}

async fn receive(on: &Dependencies, connections: &Connections, request: Request) -> Response<Body> {
    let path = request.raw_http_path().to_owned();
    let Some(of) = Of::read(below_stage(&path, stage(&request))) else {
        return error(404, "No such carrier");
    };
    let query = request.uri().query().map(|query| format!("?{query}")).unwrap_or_default();
    let origin = origin(on, &request);
    let (head, body) = request.into_parts();
    let incoming = Incoming {
        url: format!("{origin}{path}{query}"),
        method: head.method,
        headers: head.headers,
        body,
    };
    match of {
        Of::Environment(name) => {
            let carrier = connections.environment().get(name);
            match look(on, carrier, &incoming) {
                Ok(looked) => take(on, looked).await,
                Err(rejection) => rejected(carrier, rejection),
            }
        }
        Of::Stored(name, sid) => {
            let answer = stored::receive(on, connections, (name, sid), &incoming);
            done_in_time(answer).await.unwrap_or_else(|failure| {
                tracing::error!(kind = failure.name(), "webhook not taken: {failure}");
                error(503, "Try again")
            })
        }
    }
}

/// Whose webhook a path is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Of {
    /// The environment's connection to a carrier.
    Environment(CarrierName),
    /// A connection out of the table.
    Stored(CarrierName, ConnectionSid),
}

impl Of {
    /// `/webhooks/meta`, `/webhooks/meta/CN…`.
    fn read(path: &str) -> Option<Self> {
        let path = path.strip_prefix("/webhooks/")?;
        match path.split_once('/') {
            None => CarrierName::parse(path).map(Self::Environment),
            Some((name, sid)) => Some(Self::Stored(CarrierName::parse(name)?, sid.parse().ok()?)),
        }
    }
}

fn stage(request: &Request) -> Option<&str> {
    match request.request_context_ref()? {
        RequestContext::ApiGatewayV2(context) => context.stage.as_deref(),
        _ => None,
    }
}

/// Where the carrier posted, as it signed it. A function cannot be told its own URL when it is deployed; Lambda says by
/// which one a request came. Behind a custom domain, or the API, it is the configured one.
fn origin(on: &Dependencies, request: &Request) -> String {
    let host = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.domain_name.as_deref(),
        _ => None,
    };
    match host.filter(|host| host.contains(".lambda-url.") && host.ends_with(".on.aws")) {
        Some(host) => format!("https://{host}"),
        None => on.config.public_url.clone(),
    }
}

/// A webhook as the carrier sent it.
struct Incoming {
    /// As we gave it to the carrier, whatever the gateway made of it.
    url: String,
    method: Method,
    headers: HeaderMap,
    body: Body,
}

/// What a believed request comes to.
struct Looked {
    /// What it brought.
    events: Vec<Event>,
    /// What the carrier is answered when the queues have it.
    reply: Reply,
}

/// Answers the question whether we are there, or believes a request and reads it.
fn look(
    on: &Dependencies,
    carrier: &dyn Carrier,
    incoming: &Incoming,
) -> Result<Looked, Rejection> {
    let now = on.now();
    let raw = RawRequest {
        method: &incoming.method,
        url: &incoming.url,
        headers: &incoming.headers,
        body: incoming.body.as_ref(),
    };
    if let Some(answer) = carrier.handshake(&raw) {
        return answer.map(|reply| Looked { events: Vec::new(), reply });
    }
    let verified = carrier.verify(raw, now)?;
    let events = carrier.parse(&verified, now).unwrap_or_else(|error| {
        vec![Event::Unreadable(Unreadable {
            carrier: carrier.name(),
            unreadable: error.to_string(),
            text: text(&incoming.url, incoming.body.as_ref()),
            received_at: now,
        })]
    });
    // The answer is made first: the queues take the events themselves.
    let reply = carrier.acknowledge(&events);
    Ok(Looked { events, reply })
}

async fn take(on: &Dependencies, looked: Looked) -> Response<Body> {
    let Looked { events, reply } = looked;
    match done_in_time(put(on, events)).await {
        Ok(()) => replied(reply),
        Err(failure) => {
            tracing::error!(kind = failure.name(), "webhook not queued: {failure}");
            error(503, "Try again")
        }
    }
}

fn rejected(carrier: &dyn Carrier, rejection: Rejection) -> Response<Body> {
    tracing::warn!(carrier = carrier.name().name(), "webhook rejected: {rejection}");
    error(rejection.status(), "Rejected")
}

fn replied(reply: Reply) -> Response<Body> {
    plain(reply.status, reply.content_type, &reply.body)
}

/// Puts everything on its queue, ten at a time, and comes back when the queues have all of it.
async fn put(on: &Dependencies, events: Vec<Event>) -> Result<(), Failure> {
    let (mut inbound, mut receipts) = (Vec::new(), Vec::new());
    for event in events {
        match event {
            Event::Message(message) => inbound.push(message_to_queue(message)?),
            Event::Identity(change) => inbound.extend(change_to_queue(change)?),
            Event::Unreadable(unreadable) => inbound.push(unreadable_to_queue(unreadable)?),
            Event::Status(report) => receipts.push(unordered(&Report::Status(Box::new(report)))?),
            Event::Watermark(mark) => receipts.push(unordered(&Report::Watermark(Box::new(mark)))?),
            Event::Notice(notice) => {
                tracing::info!(carrier = notice.carrier.name(), "carrier tells: {}", notice.about);
            }
            Event::Ignored(why) => tracing::info!("webhook ignored: {why}"),
        }
    }
    on.queues.send_several(QueueName::Inbound, inbound).await?;
    on.queues.send_several(QueueName::Receipts, receipts).await
}

/// In order by address pair, or by group; the same message has the same deduplication id. A carrier may send more than is kept.
fn message_to_queue(message: InboundMessage) -> Result<Outgoing, Failure> {
    let message = message.within_limits();
    let group = identity::group_of_message(&message);
    let id = message.sid().to_string();
    ordered(&Arrival::Message(Box::new(message)), group, id)
}

/// In the groups of all names that the customer has now.
fn change_to_queue(change: IdentityChange) -> Result<Vec<Outgoing>, Failure> {
    let groups = identity::groups(&change);
    let arrival = Arrival::Identity(Box::new(change));
    groups.into_iter().map(|(group, id)| ordered(&arrival, group, id)).collect()
}

/// In a group of its own: nobody waits behind it while it is tried and tried again.
fn unreadable_to_queue(mut unreadable: Unreadable) -> Result<Outgoing, Failure> {
    let carrier = unreadable.carrier.name();
    tracing::warn!(carrier, "webhook unreadable: {}", unreadable.unreadable);
    let id = MessageSid::derived(&[carrier, "unreadable", &unreadable.text]).to_string();
    let end = unreadable.text.floor_char_boundary(UNREADABLE_BYTES_MAX);
    unreadable.text.0.truncate(end);
    ordered(&Arrival::Unreadable(Box::new(unreadable)), id[2..].to_owned(), id)
}

fn ordered(arrival: &Arrival, group: String, id: String) -> Result<Outgoing, Failure> {
    Outgoing::of(arrival).map(|outgoing| Outgoing { group: Some(group), id: Some(id), ..outgoing })
}

/// In any order, and twice if it must be: what a report says can only raise a status.
fn unordered(report: &Report) -> Result<Outgoing, Failure> {
    Outgoing::of(report)
}

/// A request for people to read: its query and its body, as base64 where this is no text.
fn text(url: &str, body: &[u8]) -> Private<String> {
    let (_, query) = url.split_once('?').unwrap_or((url, ""));
    let body = std::str::from_utf8(body).map_or_else(|_| STANDARD.encode(body), str::to_owned);
    Private(match query {
        "" => body,
        query => format!("?{query}\n{body}"),
    })
}

fn error(status: u16, message: &str) -> Response<Body> {
    let body = json!({ "status": status, "message": message }).to_string();
    plain(status, Some("application/json"), &body)
}

fn plain(status: u16, content_type: Option<&'static str>, body: &str) -> Response<Body> {
    let mut response = Response::new(Body::Text(body.to_owned()));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    if let Some(content_type) = content_type {
        response.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    }
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_says_whose_webhook_it_is() {
        let (name, sid) = (CarrierName::default(), ConnectionSid::derived(&["c"]));
        let own = format!("/webhooks/{}/{sid}", name.name());
        assert_eq!(Of::read(&own), Some(Of::Stored(name, sid)));
        let first = format!("/webhooks/{}", name.name());
        assert_eq!(Of::read(&first), Some(Of::Environment(name)));
        for other in
            [format!("{first}/"), format!("{own}/"), format!("{own}0"), "/webhooks/x".to_owned()]
        {
            assert_eq!(Of::read(&other), None, "{other}");
        }
    }
}
