//! The Conversations REST product: configuration, conversations and everything inside them.
//!
//! Woken by: HTTP. Writes: services, users, conversations, bindings, memberships, messages, uploads, address configurations,
//! webhook endpoints, and webhook attempts that are to be made (again).
//! Asks for: `interaction-invite`, `outbound-message`, `webhook-delivery`, `media-copy`. Calls customers' endpoints, which are asked beforehand.
//!
//! Every conversation belongs to a service. A path without one means the account's default service, so each
//! operation exists twice and is written once, with a [`Scope`] for the difference.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod addresses;
mod apply;
mod clients;
mod configuration;
mod conversations;
mod costs;
mod deliveries;
mod endpoints;
mod holder;
mod hooks;
mod input;
mod lookup;
mod messages;
mod metadata;
mod participants;
mod rates;
mod receipts;
mod roles;
mod scope;
mod service_configuration;
mod services;
mod speaker;
mod together;
mod uploads;
mod user_conversations;
mod users;
mod webhooks;
mod windows;

use std::convert::Infallible;
use std::future::ready;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_rest::{Answer, Answering, Call, Caller, Method, boxed};
use switchboard_runtime::{Dependencies, Needs, Patience};

use scope::Scope;

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "RATE_CARDS",
        "RATE_LIMITS",
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_INVITES",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "QUEUE_MEDIA",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "SECRETS_KEY",
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    switchboard_rest::serve_holders(on, request, routed).await
}

/// Named, so that it is compiled once: the body of an async function in a closure is compiled again into each program.
#[inline(never)]
fn routed<'c>(call: &'c Call<'_>) -> Answering<'c> {
    Box::pin(route(call))
}

async fn route(call: &Call<'_>) -> Answer {
    let path = call.path();
    let ["v1", path @ ..] = path.as_slice() else {
        return call.no_such_operation();
    };
    if let Caller::Holder(_) = call.caller {
        let path = if call.product == "webhooks" { &[][..] } else { path };
        return clients::route(call, path).await;
    }
    if call.product == "webhooks" {
        return of_webhooks(call, path).await;
    }
    let scope = match path {
        ["Services", sid, ..] => Scope::of(call.sid(sid)?),
        _ => Scope::default(),
    };
    of_account(call, &scope, path).await
}

fn of_account<'c>(call: &'c Call<'_>, scope: &'c Scope, path: &'c [&'c str]) -> Answering<'c> {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Configuration"]) => boxed(configuration::fetch(call)),
        (Post, ["Configuration"]) => boxed(configuration::update(call)),
        (Get, ["Configuration", "Webhooks"]) => boxed(hooks::of_account(call)),
        (Post, ["Configuration", "Webhooks"]) => boxed(hooks::update_account(call)),
        (Get, ["Configuration", "Addresses"]) => boxed(addresses::list(call)),
        (Post, ["Configuration", "Addresses"]) => boxed(addresses::create(call)),
        (Get, ["Configuration", "Addresses", sid]) => boxed(addresses::fetch(call, sid)),
        (Post, ["Configuration", "Addresses", sid]) => boxed(addresses::update(call, sid)),
        (Delete, ["Configuration", "Addresses", sid]) => boxed(addresses::remove(call, sid)),
        (Get, ["Services"]) => boxed(services::list(call)),
        (Post, ["Services"]) => boxed(services::create(call)),
        (Get, ["Services", sid]) => {
            boxed(async move { services::fetch(call, call.sid(sid)?).await })
        }
        (Delete, ["Services", sid]) => {
            boxed(async move { services::remove(call, call.sid(sid)?).await })
        }
        (_, ["Services", _, inside @ ..]) => match (call.method, inside) {
            (Get, ["Configuration"]) => boxed(service_configuration::fetch(call, scope)),
            (Post, ["Configuration"]) => boxed(service_configuration::update(call, scope)),
            (Get, ["Configuration", "Webhooks"]) => boxed(hooks::of_service(call, scope)),
            (Post, ["Configuration", "Webhooks"]) => boxed(hooks::update_service(call, scope)),
            _ => boxed(in_service(call, scope, inside)),
        },
        (_, inside) => boxed(in_service(call, scope, inside)),
    }
}

pub(crate) async fn in_service(call: &Call<'_>, scope: &Scope, path: &[&str]) -> Answer {
    rates::keep(call, scope, path).await?;
    of_service(call, scope, path).await
}

/// The operations of a service. As of all operations, each has room of its own, and not a part of the room of all.
fn of_service<'c>(call: &'c Call<'_>, scope: &'c Scope, path: &'c [&str]) -> Answering<'c> {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Conversations"]) => boxed(conversations::list(call, scope)),
        (Post, ["Conversations"]) => boxed(conversations::create(call, scope)),
        (Get, ["Conversations", sid]) => boxed(conversations::fetch(call, scope, sid)),
        (Post, ["Conversations", sid]) => boxed(conversations::update(call, scope, sid)),
        (Delete, ["Conversations", sid]) => boxed(conversations::remove(call, scope, sid)),
        (Get, ["Conversations", sid, "Costs"]) => boxed(costs::of_conversation(call, scope, sid)),
        (Get, ["Conversations", of, "Window"]) => boxed(windows::fetch(call, scope, of)),
        (Get, ["Conversations", of, "Speaker"]) => boxed(speaker::fetch(call, scope, of)),
        (Post, ["Conversations", of, "Speaker"]) => boxed(speaker::update(call, scope, of)),
        (Get, ["Costs"]) => boxed(costs::of_service(call, scope)),
        (_, ["Conversations", of, "Participants", inside @ ..]) => match (call.method, inside) {
            (Get, []) => boxed(participants::list(call, scope, of)),
            (Post, []) => boxed(participants::create(call, scope, of)),
            (Get, [sid]) => boxed(participants::fetch(call, scope, of, sid)),
            (Post, [sid]) => boxed(participants::update(call, scope, of, sid)),
            (Delete, [sid]) => boxed(participants::remove(call, scope, of, sid)),
            _ => boxed(ready(call.no_such_operation())),
        },
        (_, ["Conversations", of, "Messages", inside @ ..]) => match (call.method, inside) {
            (Get, []) => boxed(messages::list(call, scope, of)),
            (Post, []) => boxed(messages::create(call, scope, of)),
            (Get, [sid]) => boxed(messages::fetch(call, scope, of, sid)),
            (Post, [sid]) => boxed(messages::update(call, scope, of, sid)),
            (Delete, [sid]) => boxed(messages::remove(call, scope, of, sid)),
            (Get, [message, "Receipts"]) => boxed(receipts::list(call, scope, of, message)),
            (Get, [sid, "ChannelMetadata"]) => boxed(metadata::fetch(call, scope, of, sid)),
            (Get, [message, "Receipts", sid]) => {
                boxed(receipts::fetch(call, scope, of, message, sid))
            }
            _ => boxed(ready(call.no_such_operation())),
        },
        (_, ["Conversations", of, "Webhooks", inside @ ..]) => match (call.method, inside) {
            (Get, []) => boxed(webhooks::list(call, scope, of)),
            (Post, []) => boxed(webhooks::create(call, scope, of)),
            (Get, [sid]) => boxed(webhooks::fetch(call, scope, of, sid)),
            (Post, [sid]) => boxed(webhooks::update(call, scope, of, sid)),
            (Delete, [sid]) => boxed(webhooks::remove(call, scope, of, sid)),
            _ => boxed(ready(call.no_such_operation())),
        },
        (_, ["Roles" | "Users", ..]) => of_people(call, scope, path),
        (Post, ["ConversationWithParticipants"]) => boxed(together::create(call, scope)),
        (Get, ["ParticipantConversations"]) => boxed(lookup::list(call, scope)),
        _ => boxed(ready(call.no_such_operation())),
    }
}

/// The paths behind `/webhooks/v1`: how calls to endpoints are made, and what came of them.
fn of_webhooks<'c>(call: &'c Call<'_>, path: &'c [&'c str]) -> Answering<'c> {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Endpoints"]) => boxed(endpoints::list(call)),
        (Post, ["Endpoints"]) => boxed(endpoints::create(call)),
        (Get, ["Endpoints", sid]) => boxed(endpoints::fetch(call, sid)),
        (Post, ["Endpoints", sid]) => boxed(endpoints::update(call, sid)),
        (Delete, ["Endpoints", sid]) => boxed(endpoints::remove(call, sid)),
        (Post, ["Endpoints", sid, "RotateSecret"]) => boxed(endpoints::rotate(call, sid)),
        (Post, ["Endpoints", sid, "Test"]) => boxed(deliveries::test(call, sid)),
        (Post, ["Endpoints", sid, "Replay"]) => boxed(deliveries::replay_all(call, sid)),
        (Get, ["Deliveries"]) => boxed(deliveries::list(call)),
        (Get, ["Deliveries", sid]) => boxed(deliveries::fetch(call, sid)),
        (Post, ["Deliveries", sid, "Replay"]) => boxed(deliveries::replay(call, sid)),
        _ => boxed(ready(call.no_such_operation())),
    }
}

/// Users, and the roles that they can have.
fn of_people<'c>(call: &'c Call<'_>, scope: &'c Scope, path: &'c [&'c str]) -> Answering<'c> {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Roles"]) => boxed(roles::list(call, scope)),
        (Post, ["Roles"]) => boxed(roles::create(call, scope)),
        (Get, ["Roles", sid]) => boxed(roles::fetch(call, scope, sid)),
        (Post, ["Roles", sid]) => boxed(roles::update(call, scope, sid)),
        (Delete, ["Roles", sid]) => boxed(roles::remove(call, scope, sid)),
        (Get, ["Users"]) => boxed(users::list(call, scope)),
        (Post, ["Users"]) => boxed(users::create(call, scope)),
        (Get, ["Users", sid]) => boxed(users::fetch(call, scope, sid)),
        (Post, ["Users", sid]) => boxed(users::update(call, scope, sid)),
        (Delete, ["Users", sid]) => boxed(users::remove(call, scope, sid)),
        (Get, ["Users", user, "Conversations"]) => {
            boxed(user_conversations::list(call, scope, user))
        }
        (Get, ["Users", user, "Conversations", sid]) => {
            boxed(user_conversations::fetch(call, scope, user, sid))
        }
        (Post, ["Users", user, "Conversations", sid]) => {
            boxed(user_conversations::update(call, scope, user, sid))
        }
        (Delete, ["Users", user, "Conversations", sid]) => {
            boxed(user_conversations::remove(call, scope, user, sid))
        }
        _ => boxed(ready(call.no_such_operation())),
    }
}
