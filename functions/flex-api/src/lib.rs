//! The Interactions product, and the flows that hand conversations to it.
//!
//! Woken by: HTTP `/flex-api/…`, `/studio/…`. Writes: interaction, conversation, task, flow. Asks for:
//! `task-assignment`, `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod channels;
mod flows;
mod interactions;
mod invites;
mod load;
mod order;
mod participants;
mod snapshot;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_rest::{Answer, Call, Method, serve};
use switchboard_runtime::{Dependencies, Needs, Patience};

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_INTERACTIONS",
        "TABLE_ROUTING",
        "TABLE_CONFIGURATION",
        "QUEUE_ROUTING",
        "QUEUE_WEBHOOKS",
        "QUEUE_TIMERS",
        "AUTH_TOKEN",
        "PUBLIC_URL",
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    serve(on, request, |call| Box::pin(route(call))).await
}

async fn route(call: &Call<'_>) -> Answer {
    match call.product.as_str() {
        "studio" => flows_of(call).await,
        _ => interactions_of(call).await,
    }
}

async fn interactions_of(call: &Call<'_>) -> Answer {
    match (call.method, call.path().as_slice()) {
        (Method::Post, ["v1", "Interactions"]) => interactions::create(call).await,
        (Method::Get, ["v1", "Interactions", kd]) => interactions::fetch(call, kd).await,
        (Method::Post, ["v1", "Interactions", kd]) => interactions::update(call, kd).await,
        (method, ["v1", "Interactions", kd, "Channels", rest @ ..]) => {
            channel_of(call, method, kd, rest).await
        }
        _ => call.no_such_operation(),
    }
}

async fn channel_of(call: &Call<'_>, method: Method, kd: &str, rest: &[&str]) -> Answer {
    match (method, rest) {
        (Method::Get, []) => channels::list(call, kd).await,
        (Method::Get, [uo]) => channels::fetch(call, kd, uo).await,
        (Method::Post, [uo]) => channels::update(call, kd, uo).await,
        (Method::Post, [uo, "Invites"]) => invites::create(call, kd, uo).await,
        (Method::Get, [uo, "Invites"]) => invites::list(call, kd, uo).await,
        (Method::Post, [uo, "Participants"]) => participants::create(call, kd, uo).await,
        (Method::Get, [uo, "Participants"]) => participants::list(call, kd, uo).await,
        (Method::Post, [uo, "Participants", ut]) => participants::update(call, kd, uo, ut).await,
        _ => call.no_such_operation(),
    }
}

async fn flows_of(call: &Call<'_>) -> Answer {
    match (call.method, call.path().as_slice()) {
        (Method::Post, ["v2", "Flows"]) => flows::create(call).await,
        (Method::Get, ["v2", "Flows"]) => flows::list(call).await,
        (Method::Post, ["v2", "Flows", "Validate"]) => flows::validate(call).await,
        (Method::Get, ["v2", "Flows", fw]) => flows::fetch(call, fw).await,
        (Method::Post, ["v2", "Flows", fw]) => flows::update(call, fw).await,
        (Method::Delete, ["v2", "Flows", fw]) => flows::remove(call, fw).await,
        _ => call.no_such_operation(),
    }
}
