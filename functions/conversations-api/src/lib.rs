//! The Conversations REST product: configuration, conversations and everything inside them.
//!
//! Woken by: HTTP. Writes: services, users, conversations, bindings, memberships, messages, address configurations,
//! webhook endpoints, and webhook attempts that are to be made (again).
//! Asks for: `outbound-message`, `webhook-delivery`. Calls customers' endpoints, which are asked beforehand.
//!
//! Every conversation belongs to a service. A path without one means the account's default service, so each
//! operation exists twice and is written once, with a [`Scope`] for the difference.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod addresses;
mod apply;
mod configuration;
mod conversations;
mod costs;
mod deliveries;
mod endpoints;
mod hooks;
mod input;
mod lookup;
mod messages;
mod metadata;
mod participants;
mod receipts;
mod roles;
mod scope;
mod service_configuration;
mod services;
mod together;
mod user_conversations;
mod users;
mod webhooks;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_rest::{Answer, Call, Method};
use switchboard_runtime::{Dependencies, Needs, Patience};

use scope::Scope;

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "RATE_CARDS",
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "AUTH_TOKEN",
        "PUBLIC_URL",
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    switchboard_rest::serve(on, request, |call| Box::pin(route(call))).await
}

async fn route(call: &Call<'_>) -> Answer {
    use Method::{Delete, Get, Post};
    let path = call.path();
    let ["v1", path @ ..] = path.as_slice() else {
        return call.no_such_operation();
    };
    if call.product == "webhooks" {
        return of_webhooks(call, path).await;
    }
    match (call.method, path) {
        (Get, ["Configuration"]) => configuration::fetch(call).await,
        (Post, ["Configuration"]) => configuration::update(call).await,
        (Get, ["Configuration", "Webhooks"]) => hooks::of_account(call).await,
        (Post, ["Configuration", "Webhooks"]) => hooks::update_account(call).await,
        (Get, ["Configuration", "Addresses"]) => addresses::list(call).await,
        (Post, ["Configuration", "Addresses"]) => addresses::create(call).await,
        (Get, ["Configuration", "Addresses", sid]) => addresses::fetch(call, sid).await,
        (Post, ["Configuration", "Addresses", sid]) => addresses::update(call, sid).await,
        (Delete, ["Configuration", "Addresses", sid]) => addresses::remove(call, sid).await,
        (Get, ["Services"]) => services::list(call).await,
        (Post, ["Services"]) => services::create(call).await,
        (Get, ["Services", sid]) => services::fetch(call, call.sid(sid)?).await,
        (Delete, ["Services", sid]) => services::remove(call, call.sid(sid)?).await,
        (_, ["Services", sid, inside @ ..]) => {
            let scope = Scope::of(call.sid(sid)?);
            match (call.method, inside) {
                (Get, ["Configuration"]) => service_configuration::fetch(call, &scope).await,
                (Post, ["Configuration"]) => service_configuration::update(call, &scope).await,
                (Get, ["Configuration", "Webhooks"]) => hooks::of_service(call, &scope).await,
                (Post, ["Configuration", "Webhooks"]) => hooks::update_service(call, &scope).await,
                _ => in_service(call, &scope, inside).await,
            }
        }
        (_, inside) => in_service(call, &Scope::default(), inside).await,
    }
}

async fn in_service(call: &Call<'_>, scope: &Scope, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Conversations"]) => conversations::list(call, scope).await,
        (Post, ["Conversations"]) => conversations::create(call, scope).await,
        (Get, ["Conversations", sid]) => conversations::fetch(call, scope, sid).await,
        (Post, ["Conversations", sid]) => conversations::update(call, scope, sid).await,
        (Delete, ["Conversations", sid]) => conversations::remove(call, scope, sid).await,
        (Get, ["Conversations", sid, "Costs"]) => costs::of_conversation(call, scope, sid).await,
        (Get, ["Costs"]) => costs::of_service(call, scope).await,
        (_, ["Conversations", of, "Participants", inside @ ..]) => match (call.method, inside) {
            (Get, []) => participants::list(call, scope, of).await,
            (Post, []) => participants::create(call, scope, of).await,
            (Get, [sid]) => participants::fetch(call, scope, of, sid).await,
            (Post, [sid]) => participants::update(call, scope, of, sid).await,
            (Delete, [sid]) => participants::remove(call, scope, of, sid).await,
            _ => call.no_such_operation(),
        },
        (_, ["Conversations", of, "Messages", inside @ ..]) => match (call.method, inside) {
            (Get, []) => messages::list(call, scope, of).await,
            (Post, []) => messages::create(call, scope, of).await,
            (Get, [sid]) => messages::fetch(call, scope, of, sid).await,
            (Post, [sid]) => messages::update(call, scope, of, sid).await,
            (Delete, [sid]) => messages::remove(call, scope, of, sid).await,
            (Get, [message, "Receipts"]) => receipts::list(call, scope, of, message).await,
            (Get, [sid, "ChannelMetadata"]) => metadata::fetch(call, scope, of, sid).await,
            (Get, [message, "Receipts", sid]) => {
                receipts::fetch(call, scope, of, message, sid).await
            }
            _ => call.no_such_operation(),
        },
        (_, ["Conversations", of, "Webhooks", inside @ ..]) => match (call.method, inside) {
            (Get, []) => webhooks::list(call, scope, of).await,
            (Post, []) => webhooks::create(call, scope, of).await,
            (Get, [sid]) => webhooks::fetch(call, scope, of, sid).await,
            (Post, [sid]) => webhooks::update(call, scope, of, sid).await,
            (Delete, [sid]) => webhooks::remove(call, scope, of, sid).await,
            _ => call.no_such_operation(),
        },
        (_, ["Roles" | "Users", ..]) => of_people(call, scope, path).await,
        (Post, ["ConversationWithParticipants"]) => together::create(call, scope).await,
        (Get, ["ParticipantConversations"]) => lookup::list(call, scope).await,
        _ => call.no_such_operation(),
    }
}

/// The paths behind `/webhooks/v1`: how calls to endpoints are made, and what came of them.
async fn of_webhooks(call: &Call<'_>, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Endpoints"]) => endpoints::list(call).await,
        (Post, ["Endpoints"]) => endpoints::create(call).await,
        (Get, ["Endpoints", sid]) => endpoints::fetch(call, sid).await,
        (Post, ["Endpoints", sid]) => endpoints::update(call, sid).await,
        (Delete, ["Endpoints", sid]) => endpoints::remove(call, sid).await,
        (Post, ["Endpoints", sid, "RotateSecret"]) => endpoints::rotate(call, sid).await,
        (Post, ["Endpoints", sid, "Test"]) => deliveries::test(call, sid).await,
        (Post, ["Endpoints", sid, "Replay"]) => deliveries::replay_all(call, sid).await,
        (Get, ["Deliveries"]) => deliveries::list(call).await,
        (Get, ["Deliveries", sid]) => deliveries::fetch(call, sid).await,
        (Post, ["Deliveries", sid, "Replay"]) => deliveries::replay(call, sid).await,
        _ => call.no_such_operation(),
    }
}

/// Users, and the roles that they can have.
async fn of_people(call: &Call<'_>, scope: &Scope, path: &[&str]) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.method, path) {
        (Get, ["Roles"]) => roles::list(call, scope).await,
        (Post, ["Roles"]) => roles::create(call, scope).await,
        (Get, ["Roles", sid]) => roles::fetch(call, scope, sid).await,
        (Post, ["Roles", sid]) => roles::update(call, scope, sid).await,
        (Delete, ["Roles", sid]) => roles::remove(call, scope, sid).await,
        (Get, ["Users"]) => users::list(call, scope).await,
        (Post, ["Users"]) => users::create(call, scope).await,
        (Get, ["Users", sid]) => users::fetch(call, scope, sid).await,
        (Post, ["Users", sid]) => users::update(call, scope, sid).await,
        (Delete, ["Users", sid]) => users::remove(call, scope, sid).await,
        (Get, ["Users", user, "Conversations"]) => {
            user_conversations::list(call, scope, user).await
        }
        (Get, ["Users", user, "Conversations", sid]) => {
            user_conversations::fetch(call, scope, user, sid).await
        }
        (Post, ["Users", user, "Conversations", sid]) => {
            user_conversations::update(call, scope, user, sid).await
        }
        (Delete, ["Users", user, "Conversations", sid]) => {
            user_conversations::remove(call, scope, user, sid).await
        }
        _ => call.no_such_operation(),
    }
}
