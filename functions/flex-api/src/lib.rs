//! The Interactions product, the flows that hand conversations to it, and webchats.
//!
//! Woken by: HTTP `/flex-api/…`, `/studio/…`. Writes: interaction, conversation, task, flow, its revisions and executions, and what an
//! address asks for when nobody is responsible. Asks for:
//! `task-assignment`, `webhook-delivery`, `outbound-message`, `interaction-invite`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod care;
mod channels;
mod configuration;
mod executions;
mod first;
mod flows;
mod interactions;
mod invites;
mod load;
mod order;
mod participants;
mod responsible;
mod snapshot;
mod transfers;
mod webchat;
mod webhooks;

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
        "QUEUE_INVITES",
        "QUEUE_OUTBOUND",
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
        (Method::Get, ["v1", "Waiting"]) => responsible::waiting(call).await,
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
        (_, ["v1", "Instances", go, "InteractionWebhooks", rest @ ..]) => {
            webhooks_of(call, go, rest).await
        }
        (Method::Get, ["v1", "Configuration"]) => configuration::fetch(call).await,
        (Method::Post, ["v1", "Configuration"]) => configuration::update(call).await,
        (Method::Get, ["v2", "Instances", go, "Users", fu]) => {
            configuration::fetch_user(call, (go, fu)).await
        }
        (Method::Post, ["v2", "Instances", go, "Users", fu]) => {
            configuration::update_user(call, (go, fu)).await
        }
        (_, ["v2", rest @ ..]) => webchat::route(call, rest).await,
        _ => call.no_such_operation(),
    }
}

async fn webhooks_of(call: &Call<'_>, go: &str, rest: &[&str]) -> Answer {
    match (call.method, rest) {
        (Method::Post, []) => webhooks::create(call, go).await,
        (Method::Get, []) => webhooks::list(call, go).await,
        (Method::Get, [ttid]) => webhooks::fetch(call, go, ttid).await,
        (Method::Post, [ttid]) => webhooks::update(call, go, ttid).await,
        (Method::Delete, [ttid]) => webhooks::remove(call, go, ttid).await,
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
        (Method::Post, [uo, "Invites", kg]) => invites::answer(call, (kd, uo, kg)).await,
        (Method::Get, [uo, "Invites"]) => invites::list(call, kd, uo).await,
        (Method::Post, [uo, "Participants"]) => participants::create(call, kd, uo).await,
        (Method::Get, [uo, "Participants"]) => participants::list(call, kd, uo).await,
        (Method::Post, [uo, "Transfers"]) => transfers::create(call, kd, uo).await,
        (Method::Get, [uo, "Transfers"]) => transfers::list(call, kd, uo).await,
        (Method::Get, [uo, "Transfers", ux]) => transfers::fetch(call, kd, uo, ux).await,
        (Method::Post, [uo, "Transfers", ux]) => transfers::update(call, kd, uo, ux).await,
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
        (Method::Get, ["v2", "Flows", fw, "Revisions"]) => flows::revisions(call, fw).await,
        (Method::Get, ["v2", "Flows", fw, "Revisions", number]) => {
            flows::revision(call, fw, number).await
        }
        (Method::Get, ["v2", "Flows", fw, "TestUsers"]) => flows::test_users(call, fw).await,
        (Method::Post, ["v2", "Flows", fw, "TestUsers"]) => flows::set_test_users(call, fw).await,
        (method, ["v2", "Flows", fw, "Executions", rest @ ..]) => {
            executions_of(call, method, fw, rest).await
        }
        _ => call.no_such_operation(),
    }
}

async fn executions_of(call: &Call<'_>, method: Method, fw: &str, rest: &[&str]) -> Answer {
    match (method, rest) {
        (Method::Post, []) => executions::create(call, fw).await,
        (Method::Get, []) => executions::list(call, fw).await,
        (Method::Get, [sid]) => executions::fetch(call, fw, sid).await,
        (Method::Post, [sid]) => executions::update(call, fw, sid).await,
        (Method::Delete, [sid]) => executions::remove(call, fw, sid).await,
        (Method::Get, [sid, "Context"]) => executions::context(call, fw, sid).await,
        (Method::Get, [sid, "Steps"]) => executions::steps(call, fw, sid).await,
        (Method::Get, [sid, "Steps", ft]) => executions::step(call, fw, sid, ft).await,
        (Method::Get, [sid, "Steps", ft, "Context"]) => {
            executions::step_context(call, fw, sid, ft).await
        }
        _ => call.no_such_operation(),
    }
}
