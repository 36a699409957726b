//! A carrier delivers a message or a receipt: verify, parse, put on a queue, answer fast.
//!
//! Woken by: HTTP `/webhooks/{carrier}`, by its own URL or by the API's. Writes: nothing. Asks for: `autocreation`, `delivery-receipt`.
//!
//! Nothing is parsed before the signature is right, and nothing is answered before the queue has it: a
//! carrier that hears an error tries again. What is verified and cannot be understood is refused with 400
//! and logged by the name of the parameter, never with its value.
#![forbid(unsafe_code)]

use std::convert::Infallible;

use http::{HeaderMap, HeaderValue, Method, Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use serde_json::json;
use switchboard_carriers::{Carrier, Carriers, Event, RawRequest};
use switchboard_domain::carriage::{CarrierName, InboundMessage};
use switchboard_domain::effect::QueueName;
use switchboard_domain::sid::{MessageSid, Sid as _};
use switchboard_runtime::{Dependencies, Failure, Patience};

/// How long tables and queues are waited for. A carrier waits, and posts again by itself.
pub const PATIENCE: Patience = Patience::CARRIER;

/// Serves one webhook.
pub async fn handle(
    on: &Dependencies,
    carriers: &Carriers,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    Ok(receive(on, carriers, request).await)
}

async fn receive(on: &Dependencies, carriers: &Carriers, request: Request) -> Response<Body> {
    let path = request.raw_http_path().to_owned();
    let Some(name) = path.strip_prefix("/webhooks/").and_then(CarrierName::parse) else {
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
    take(on, carriers.get(name), &incoming).await
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

async fn take(on: &Dependencies, carrier: &dyn Carrier, incoming: &Incoming) -> Response<Body> {
    let now = on.now();
    let raw = RawRequest {
        method: &incoming.method,
        url: &incoming.url,
        headers: &incoming.headers,
        body: incoming.body.as_ref(),
    };
    let verified = match carrier.verify(raw, now) {
        Ok(verified) => verified,
        Err(rejection) => {
            tracing::warn!(carrier = carrier.name().name(), "webhook rejected: {rejection}");
            return error(rejection.status(), "Rejected");
        }
    };
    let events = match carrier.parse(&verified, now) {
        Ok(events) => events,
        Err(unreadable) => {
            tracing::warn!(carrier = carrier.name().name(), "webhook unreadable: {unreadable}");
            return error(400, &unreadable.to_string());
        }
    };
    for event in &events {
        if let Err(failure) = put(on, event).await {
            tracing::error!(kind = failure.name(), "webhook not queued: {failure}");
            return error(503, "Try again");
        }
    }
    let reply = carrier.acknowledge(&events);
    plain(reply.status, reply.content_type, reply.body)
}

async fn put(on: &Dependencies, event: &Event) -> Result<(), Failure> {
    match event {
        Event::Message(message) => put_message(on, message).await,
        // In any order, and twice if it must be: what a report says can only raise a status.
        Event::Status(report) => on.queues.send_unordered(QueueName::Receipts, report).await,
        Event::Ignored(why) => {
            tracing::info!("webhook ignored: {why}");
            Ok(())
        }
    }
}

/// In order by address pair; the same message has the same deduplication id. A carrier may send more than is kept.
async fn put_message(on: &Dependencies, message: &InboundMessage) -> Result<(), Failure> {
    let message = &message.clone().within_limits();
    let pair = MessageSid::derived(&[message.from.as_str(), message.to.as_str()]);
    let group = pair.to_string()[2..].to_owned();
    on.queues.send(QueueName::Inbound, message, group, message.sid().to_string()).await
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
