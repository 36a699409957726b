//! Serves the messaging product and the 2010 API: senders, services that pool them, keys, and messages one by
//! one, because a client of the hosted product sets up its numbers here before any conversation exists.
//!
//! Woken by: HTTP. Writes: phone numbers, messaging services, API keys, messages. Asks for: `outbound-message`,
//! `media-copy`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod account;
mod carrier_codes;
mod country;
mod keys;
mod messages;
mod numbers;
mod oauth;
mod pool;
mod segments;
mod services;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Effect;
use switchboard_rest::{Answer, Answering, ApiError, Call, Method, path_of};
use switchboard_runtime::{Dependencies, Needs, Patience};
use switchboard_store::Kept;

use self::keys::View;

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_OUTBOUND",
        "QUEUE_MEDIA",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "SECRETS_KEY",
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    let path = path_of(&request);
    let segments: Vec<&str> = path.split('/').filter(|segment| !segment.is_empty()).collect();
    match segments.split_first() {
        Some((product, path)) if oauth::is_here(product, path) => {
            switchboard_rest::serve_everybody(on, request, routed).await
        }
        _ => switchboard_rest::serve(on, request, routed).await,
    }
}

/// Named, so that it is compiled once: the body of an async function in a closure is compiled again into each program.
#[inline(never)]
fn routed<'c>(call: &'c Call<'_>) -> Answering<'c> {
    Box::pin(route(call))
}

async fn route(call: &Call<'_>) -> Answer {
    match (call.product.as_str(), call.path().as_slice()) {
        (product, path) if oauth::is_here(product, path) => oauth::answer(call).await,
        ("messaging", ["v1", "Services", rest @ ..]) => messaging(call, rest).await,
        ("iam", ["v1", "Keys", rest @ ..]) => of_keys(call, View::Iam, rest).await,
        ("api", ["2010-04-01", "Accounts", rest @ .., last]) => {
            let Some(last) = last.strip_suffix(".json") else {
                return content(call, rest, last).await;
            };
            let path: Vec<&str> = rest.iter().copied().chain([last]).collect();
            let Some((account, path)) = path.split_first() else {
                return Err(call.not_found());
            };
            if *account != call.on.config.account_sid.to_string() {
                return Err(call.not_found());
            }
            account_2010(call, path).await
        }
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/messaging/v1/Services`.
async fn messaging(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Post, []) => services::create(call).await,
        (Get, []) => services::list(call).await,
        (Get, [sid]) => services::fetch(call, sid).await,
        (Post, [sid]) => services::update(call, sid).await,
        (Delete, [sid]) => services::remove(call, sid).await,
        (Post, [service, "PhoneNumbers"]) => pool::numbers::create(call, service).await,
        (Get, [service, "PhoneNumbers"]) => pool::numbers::list(call, service).await,
        (Get, [service, "PhoneNumbers", sid]) => pool::numbers::fetch(call, service, sid).await,
        (Delete, [service, "PhoneNumbers", sid]) => pool::numbers::remove(call, service, sid).await,
        (Post, [service, "AlphaSenders"]) => pool::alpha_senders::create(call, service).await,
        (Get, [service, "AlphaSenders"]) => pool::alpha_senders::list(call, service).await,
        (Get, [service, "AlphaSenders", sid]) => {
            pool::alpha_senders::fetch(call, service, sid).await
        }
        (Delete, [service, "AlphaSenders", sid]) => {
            pool::alpha_senders::remove(call, service, sid).await
        }
        (Get, [service, "ShortCodes"]) => pool::none(call, service, "short_codes").await,
        (Get, [service, "ChannelSenders"]) => pool::none(call, service, "senders").await,
        (Post, [service, what @ ("ShortCodes" | "ChannelSenders")]) => {
            pool::not_supported(call, service, what).await
        }
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/2010-04-01/Accounts/AC…`, without `.json`.
async fn account_2010(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, []) => account::fetch(call),
        (Post, ["IncomingPhoneNumbers"]) => numbers::create(call).await,
        (Get, ["IncomingPhoneNumbers"]) => numbers::list(call).await,
        (Get, ["IncomingPhoneNumbers", sid]) => numbers::fetch(call, sid).await,
        (Post, ["IncomingPhoneNumbers", sid]) => numbers::update(call, sid).await,
        (Delete, ["IncomingPhoneNumbers", sid]) => numbers::remove(call, sid).await,
        (_, ["Keys", rest @ ..]) => of_keys(call, View::Keys, rest).await,
        (_, ["SigningKeys", rest @ ..]) => of_keys(call, View::SigningKeys, rest).await,
        (Post, ["Messages"]) => messages::create::create(call).await,
        (Get, ["Messages"]) => messages::search::list(call).await,
        (Get, ["Messages", sid]) => messages::fetch(call, sid).await,
        (Post, ["Messages", sid]) => messages::update(call, sid).await,
        (Delete, ["Messages", sid]) => messages::remove(call, sid).await,
        (Get, ["Messages", sid, "Media"]) => messages::media::list(call, sid).await,
        (Get, ["Messages", sid, "Media", media]) => messages::media::fetch(call, sid, media).await,
        (Delete, ["Messages", sid, "Media", media]) => {
            messages::media::remove(call, sid, media).await
        }
        _ => call.no_such_operation(),
    }
}

/// The paths behind one of the three places where keys are.
async fn of_keys(call: &Call<'_>, view: View, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Post, []) => keys::create(call, view).await,
        (Get, []) => keys::list(call, view).await,
        (Get, [sid]) => keys::fetch(call, view, sid).await,
        (Post, [sid]) => keys::update(call, view, sid).await,
        (Delete, [sid]) => keys::remove(call, sid).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/2010-04-01/Accounts` that end otherwise: the content of a file.
async fn content(call: &Call<'_>, path: &[&str], media: &str) -> Answer {
    match (call.method, path) {
        (Method::Get, [account, "Messages", message, "Media"])
            if *account == call.on.config.account_sid.to_string() =>
        {
            messages::media::content(call, message, media).await
        }
        _ => Err(call.not_found()),
    }
}

/// The path of a resource of the 2010 API, as its answers spell it: relative to the host.
fn uri(call: &Call<'_>, path: &str) -> String {
    format!("/2010-04-01/Accounts/{}{path}.json", call.on.config.account_sid)
}

/// Writes a record with an identifier of its own.
async fn keep_new<T: Kept + Clone>(
    call: &Call<'_>,
    record: &T,
    effects: &[Effect],
) -> Result<(), ApiError> {
    let decision = Decision::put(record.clone()).asking(effects.iter().cloned());
    call.decide(|| async { Ok::<_, ApiError>(((), decision.clone())) }).await
}

/// A name for people: 64 characters at most (rule H).
fn friendly_name(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    call.form.text("FriendlyName", 64)
}
