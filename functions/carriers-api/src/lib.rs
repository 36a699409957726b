//! Serves the connections to carriers: which account or app, which secrets, which of our numbers go by it. A product of
//! our own beside those of the contract, under the same conventions. And shows customers that somebody types: the part of
//! the messaging product that only a carrier can do.
//!
//! Woken by: HTTP. Writes: carrier connections, sender connections. Asks for: nothing.
//!
//! Secrets come in and never go out: they are sealed by the key service before they are kept. Only a test send and a sign
//! open them.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod connections;
mod kept;
mod numbers;
mod secrets;
mod settings;
mod trial;
mod typing;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_connections::Connections;
use switchboard_domain::address::ChannelType;
use switchboard_rest::{Answer, Answering, Call, Method};
use switchboard_runtime::{Dependencies, Needs, Patience};

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "WEBHOOK_ORIGIN",
        "CARRIERS",
        "SECRETS_KEY",
    ],
};

/// Serves one request.
pub async fn handle(
    on: &Dependencies,
    connections: &Connections,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let connections = connections.clone();
    switchboard_rest::serve(on, request, move |call| routed(call, connections.clone())).await
}

/// Named, so that it is compiled once: the body of an async function in a closure is compiled again into each program.
#[inline(never)]
fn routed<'c>(call: &'c Call<'_>, connections: Connections) -> Answering<'c> {
    Box::pin(async move { route(call, &connections).await })
}

async fn route(call: &Call<'_>, connections: &Connections) -> Answer {
    match (call.product.as_str(), call.path().as_slice()) {
        ("carriers", ["v1", "Connections", rest @ ..]) => {
            of_connections(call, connections, rest).await
        }
        ("messaging", ["v2", "Indicators", "Typing.json"]) => {
            signs(call, connections, typing::OF_V2).await
        }
        ("messaging", ["v3", "Indicators", "Typing.json"]) => {
            signs(call, connections, typing::OF_V3).await
        }
        _ => call.no_such_operation(),
    }
}

/// The signs that a version of the messaging product has, which are asked for and never read.
async fn signs(call: &Call<'_>, on: &Connections, channels: &[ChannelType]) -> Answer {
    match call.method {
        Method::Post => typing::create(call, on, channels).await,
        Method::Get | Method::Delete | Method::Other => call.no_such_operation(),
    }
}

/// The paths behind `/carriers/v1/Connections`.
async fn of_connections(call: &Call<'_>, on: &Connections, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Post, []) => connections::create(call, on).await,
        (Get, []) => connections::list(call).await,
        (Get, [sid]) => connections::fetch(call, sid).await,
        (Post, [sid]) => connections::update(call, sid).await,
        (Delete, [sid]) => connections::remove(call, sid).await,
        (Post, [of, "Secrets"]) => secrets::create(call, on, of).await,
        (Get, [of, "Secrets"]) => secrets::list(call, of).await,
        (Get, [of, "Secrets", sid]) => secrets::fetch(call, of, sid).await,
        (Delete, [of, "Secrets", sid]) => secrets::remove(call, of, sid).await,
        (Post, [of, "Numbers"]) => numbers::create(call, of).await,
        (Get, [of, "Numbers"]) => numbers::list(call, of).await,
        (Get, [of, "Numbers", sid]) => numbers::fetch(call, of, sid).await,
        (Delete, [of, "Numbers", sid]) => numbers::remove(call, of, sid).await,
        (Post, [of, "Test"]) => trial::send(call, on, of).await,
        _ => call.no_such_operation(),
    }
}
