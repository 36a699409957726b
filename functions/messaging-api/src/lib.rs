//! Serves the messaging product and the 2010 API: senders, services that pool them, keys, and messages one by
//! one, because a client of the hosted product sets up its numbers here before any conversation exists.
//!
//! Woken by: HTTP. Writes: phone numbers, messaging services, API keys, messages, consents, templates. Asks for: `outbound-message`,
//! `media-copy`, `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod account;
mod channel_senders;
mod consents;
mod content;
mod keys;
mod merging;
mod messages;
mod numbers;
mod oauth;
mod opt_out;
mod pool;
mod service_removal;
mod services;
mod short_codes;
mod tokens;
mod usecases;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_domain::configuration::{PoolChannelSender, PoolNumber, PoolShortCode};
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
        "QUEUE_WEBHOOKS",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "ICE_SERVERS",
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
        ("messaging", ["v2", "Channels", "Senders", rest @ ..]) => channels(call, rest).await,
        ("content", path) => of_content(call, path).await,
        ("accounts", ["v1", "Consents", rest @ ..]) => of_consents(call, rest).await,
        ("iam", ["v1", "Keys", rest @ ..]) => of_keys(call, View::Iam, rest).await,
        ("api", ["2010-04-01", "Accounts", rest @ .., last]) => {
            let Some(last) = last.strip_suffix(".json") else {
                return file(call, rest, last).await;
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
        (Get, ["Usecases"]) => usecases::fetch(call),
        (Get, [sid]) => services::fetch(call, sid).await,
        (Post, [sid]) => services::update(call, sid).await,
        (Delete, [sid]) => service_removal::remove(call, sid).await,
        (_, [service, rest @ ..]) => pooled(call, service, rest).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind one service: its pool.
async fn pooled(call: &Call<'_>, service: &str, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    use pool::{alpha_senders, destinations};
    match (call.method, path) {
        (_, ["PhoneNumbers", rest @ ..]) => members::<PoolNumber>(call, service, rest).await,
        (_, ["ShortCodes", rest @ ..]) => members::<PoolShortCode>(call, service, rest).await,
        (_, ["ChannelSenders", rest @ ..]) => {
            members::<PoolChannelSender>(call, service, rest).await
        }
        (Post, ["AlphaSenders"]) => alpha_senders::create(call, service).await,
        (Get, ["AlphaSenders"]) => alpha_senders::list(call, service).await,
        (Get, ["AlphaSenders", sid]) => alpha_senders::fetch(call, service, sid).await,
        (Delete, ["AlphaSenders", sid]) => alpha_senders::remove(call, service, sid).await,
        (Post, ["DestinationAlphaSenders"]) => destinations::create(call, service).await,
        (Get, ["DestinationAlphaSenders"]) => destinations::list(call, service).await,
        (Get, ["DestinationAlphaSenders", sid]) => destinations::fetch(call, service, sid).await,
        (Delete, ["DestinationAlphaSenders", sid]) => {
            alpha_senders::remove(call, service, sid).await
        }
        (Get, ["Merging"]) => merging::fetch(call, service).await,
        (Post, ["Merging"]) => merging::update(call, service).await,
        (Delete, ["Merging"]) => merging::remove(call, service).await,
        (Get, ["OptOut"]) => opt_out::fetch(call, service).await,
        (Post, ["OptOut"]) => opt_out::update(call, service).await,
        (Delete, ["OptOut"]) => opt_out::remove(call, service).await,
        _ => call.no_such_operation(),
    }
}

/// The senders of one kind in a pool.
async fn members<M: pool::members::Member>(
    call: &Call<'_>,
    service: &str,
    path: &[&str],
) -> Answer {
    use Method::{Delete, Get, Post};
    use pool::members;
    match (call.method, path) {
        (Post, []) => members::create::<M>(call, service).await,
        (Get, []) => members::list::<M>(call, service).await,
        (Get, [sid]) => members::fetch::<M>(call, service, sid).await,
        (Delete, [sid]) => members::remove::<M>(call, service, sid).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/messaging/v2/Channels/Senders`.
async fn channels(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Post, []) => channel_senders::create(call).await,
        (Get, []) => channel_senders::list(call).await,
        (Get, [sid]) => channel_senders::fetch(call, sid).await,
        (Post, [sid]) => channel_senders::update(call, sid).await,
        (Delete, [sid]) => channel_senders::remove(call, sid).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/accounts/v1/Consents`.
async fn of_consents(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Get, Post};
    match (call.method, path) {
        (Post, ["Bulk"]) => consents::bulk(call).await,
        (Get, []) => consents::list(call).await,
        (Get, [contact]) => consents::fetch(call, contact).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/content`.
async fn of_content(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    use content::{approvals, render};
    match (call.method, path) {
        (Post, ["v1", "Content"]) => content::create(call).await,
        (Get, ["v1", "Content"]) => content::list(call, render).await,
        (Get, ["v1", "Content", sid]) => content::fetch(call, sid).await,
        (Delete, ["v1", "Content", sid]) => content::remove(call, sid).await,
        (Get, ["v1", "Content", sid, "ApprovalRequests"]) => approvals::fetch(call, sid).await,
        (Post, ["v1", "Content", sid, "ApprovalRequests", "whatsapp"]) => {
            approvals::create(call, sid).await
        }
        (Get, ["v1", "ContentAndApprovals"]) => content::list(call, approvals::render_with).await,
        (Get, ["v1", "LegacyContent"]) => content::legacy(call),
        (Get, ["v2", "Content"]) => content::search(call, render).await,
        (Get, ["v2", "ContentAndApprovals"]) => content::search(call, approvals::render_with).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/2010-04-01/Accounts/AC…`, without `.json`.
async fn account_2010(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, []) => account::fetch(call).await,
        (Post, []) => account::update(call).await,
        (Post, ["IncomingPhoneNumbers"]) => numbers::create(call).await,
        (Get, ["IncomingPhoneNumbers"]) => numbers::list(call).await,
        (Get, ["IncomingPhoneNumbers", sid]) => numbers::fetch(call, sid).await,
        (Post, ["IncomingPhoneNumbers", sid]) => numbers::update(call, sid).await,
        (Delete, ["IncomingPhoneNumbers", sid]) => numbers::remove(call, sid).await,
        (_, ["SMS", "ShortCodes", rest @ ..]) => of_short_codes(call, rest).await,
        (_, ["Keys", rest @ ..]) => of_keys(call, View::Keys, rest).await,
        (_, ["SigningKeys", rest @ ..]) => of_keys(call, View::SigningKeys, rest).await,
        (Post, ["Tokens"]) => tokens::create(call),
        (Post, ["Messages"]) => messages::create::create(call).await,
        (Get, ["Messages"]) => messages::search::list(call).await,
        (Get, ["Messages", sid]) => messages::fetch(call, sid).await,
        (Post, ["Messages", sid]) => messages::update(call, sid).await,
        (Delete, ["Messages", sid]) => messages::remove(call, sid).await,
        (Get, ["Messages", sid, "SenderReceipt"]) => messages::receipt::fetch(call, sid).await,
        (Get, ["Messages", sid, "Media"]) => messages::media::list(call, sid).await,
        (Get, ["Messages", sid, "Media", media]) => messages::media::fetch(call, sid, media).await,
        (Delete, ["Messages", sid, "Media", media]) => {
            messages::media::remove(call, sid, media).await
        }
        _ => call.no_such_operation(),
    }
}

/// The paths behind the account's short codes.
async fn of_short_codes(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Post, []) => short_codes::create(call).await,
        (Get, []) => short_codes::list(call).await,
        (Get, [sid]) => short_codes::fetch(call, sid).await,
        (Post, [sid]) => short_codes::update(call, sid).await,
        (Delete, [sid]) => short_codes::remove(call, sid).await,
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
async fn file(call: &Call<'_>, path: &[&str], media: &str) -> Answer {
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
