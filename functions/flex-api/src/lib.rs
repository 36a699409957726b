//! The Interactions product, the flows that hand conversations to it, and webchats.
//!
//! Woken by: HTTP `/flex-api/…`, `/studio/…`. Writes: interaction, conversation, task, flow, and what an
//! address asks for when nobody is responsible. Asks for:
//! `task-assignment`, `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod care;
mod channels;
mod flows;
mod interactions;
mod invites;
mod load;
mod order;
mod participants;
mod responsible;
mod snapshot;
mod webchat;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_domain::codes::Code;
use switchboard_domain::refusal::Refusal;
use switchboard_rest::{Answer, Answering, ApiError, Call, Method, serve};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};

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
        "RATE_LIMITS",
        "AUTH_TOKEN",
        "PUBLIC_URL",
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    if webchat::is_from_page(&request) {
        return webchat::serve(on, request).await;
    }
    Ok(webchat::as_text(serve(on, request, routed).await?))
}

/// Named, so that it is compiled once: the body of an async function in a closure is compiled again into each program.
#[inline(never)]
fn routed<'c>(call: &'c Call<'_>) -> Answering<'c> {
    Box::pin(route(call))
}

async fn route(call: &Call<'_>) -> Answer {
    match call.product.as_str() {
        "studio" => flows_of(call).await,
        _ => interactions_of(call).await,
    }
}

async fn interactions_of(call: &Call<'_>) -> Answer {
    keep_pace(call).await?;
    match (call.method, call.path().as_slice()) {
        (Method::Post, ["v1", "Interactions"]) => interactions::create(call).await,
        (Method::Get, ["v1", "Interactions", "Waiting"]) => responsible::waiting(call).await,
        (Method::Get, ["v1", "Interactions", kd, "Responsible"]) => {
            responsible::fetch(call, kd).await
        }
        (method, ["v1", "Interactions", kd, "Care"]) => {
            care::of_interaction(call, method, kd).await
        }
        (method, ["v1", "Addresses", sid, "Care"]) => care::of_address(call, method, sid).await,
        (Method::Get, ["v1", "Interactions", kd]) => interactions::fetch(call, kd).await,
        (Method::Post, ["v1", "Interactions", kd]) => interactions::update(call, kd).await,
        (method, ["v1", "Interactions", kd, "Channels", rest @ ..]) => {
            channel_of(call, method, kd, rest).await
        }
        (_, ["v2", rest @ ..]) => webchat::route(call, rest).await,
        _ => call.no_such_operation(),
    }
}

/// Counts a request that changes something, if that is limited, for each endpoint of the account (rule H).
async fn keep_pace(call: &Call<'_>) -> Result<(), ApiError> {
    let (limit, path) = (call.on.config.rate_limits.interactions(), call.path());
    let mut names = path.iter().skip(1).step_by(2);
    let (Method::Post, Some(limit), Some(endpoint)) = (call.method, limit, names.next_back())
    else {
        return Ok(());
    };
    match call.on.count(&format!("{}#{endpoint}", call.on.config.account_sid), Some(limit)).await {
        Err(Failure::Refused(Refusal::TooManyActions)) => Err(Code::TooManyRequests.into()),
        counted => Ok(counted?),
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
