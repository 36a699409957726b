//! The REST product TaskRouter: workspaces and what is in them, tasks, reservations, events.
//!
//! Woken by: HTTP `ANY /taskrouter/{proxy+}`. Writes: everything in the table `routing`.
//! Asks for: `task-assignment` after every change, `interaction-invite` when a task is taken or ends.
//!
//! Whatever a router decides on besides tasks is changed together with the workspace's head
//! ([`contents`]). Tasks are changed alone, each on condition of its own version.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod activities;
mod configurations;
mod contents;
mod events;
mod fields;
mod new_task;
mod own;
mod position;
mod receipts;
mod rehearsals;
mod reservations;
mod routing_tests;
mod statistics;
mod task_channels;
mod task_filter;
mod task_list;
mod task_queues;
mod task_view;
mod tasks;
mod warnings;
mod worker_channels;
mod worker_names;
mod workers;
mod workflows;
mod workspaces;

use std::convert::Infallible;
use std::future::ready;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_domain::sid::WorkspaceSid;
use switchboard_rest::{Answer, Answering, Call, Method, boxed};
use switchboard_runtime::{Dependencies, Needs, Patience};

use self::reservations::View;

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "TABLE_ROUTING",
        "TABLE_CONFIGURATION",
        "TABLE_EVENTS",
        "QUEUE_INVITES",
        "QUEUE_ROUTING",
        "QUEUE_TIMERS",
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
    own::may(call, &path).await?;
    match (call.method, path.as_slice()) {
        (Method::Get, ["v1", "Workspaces"]) => workspaces::list(call).await,
        (Method::Post, ["v1", "Workspaces"]) => workspaces::create(call).await,
        (Method::Get, ["v1", "Workspaces", sid]) => workspaces::fetch(call, call.sid(sid)?).await,
        (Method::Post, ["v1", "Workspaces", sid]) => workspaces::update(call, call.sid(sid)?).await,
        (Method::Delete, ["v1", "Workspaces", sid]) => {
            workspaces::remove(call, call.sid(sid)?).await
        }
        (_, ["v1", "Workspaces", workspace, rest @ ..]) => {
            within(call, call.sid(workspace)?, rest).await
        }
        _ => call.no_such_operation(),
    }
}

/// The operations of a workspace. Each has room of its own, and not a part of the room of all.
fn within<'c>(call: &'c Call<'_>, ws: WorkspaceSid, path: &'c [&'c str]) -> Answering<'c> {
    if let Some(asked) = statistics::Asked::read(call.method, path) {
        return boxed(statistics::answer(call, ws, asked));
    }
    match (call.method, path) {
        (Method::Get, ["Activities"]) => boxed(activities::list(call, ws)),
        (Method::Post, ["Activities"]) => boxed(activities::create(call, ws)),
        (Method::Get, ["Activities", sid]) => boxed(activities::fetch(call, ws, sid)),
        (Method::Post, ["Activities", sid]) => boxed(activities::update(call, ws, sid)),
        (Method::Delete, ["Activities", sid]) => boxed(activities::remove(call, ws, sid)),
        (Method::Get, ["Events"]) => boxed(events::list(call, ws)),
        (Method::Get, ["Events", sid]) => boxed(events::fetch(call, ws, sid)),
        (Method::Get, ["TaskChannels"]) => boxed(task_channels::list(call, ws)),
        (Method::Post, ["TaskChannels"]) => boxed(task_channels::create(call, ws)),
        (Method::Get, ["TaskChannels", sid]) => boxed(task_channels::fetch(call, ws, sid)),
        (Method::Post, ["TaskChannels", sid]) => boxed(task_channels::update(call, ws, sid)),
        (Method::Delete, ["TaskChannels", sid]) => boxed(task_channels::remove(call, ws, sid)),
        (Method::Get, ["TaskQueues"]) => boxed(task_queues::list(call, ws)),
        (Method::Post, ["TaskQueues"]) => boxed(task_queues::create(call, ws)),
        (Method::Get, ["TaskQueues", sid]) => boxed(task_queues::fetch(call, ws, sid)),
        (Method::Post, ["TaskQueues", sid]) => boxed(task_queues::update(call, ws, sid)),
        (Method::Delete, ["TaskQueues", sid]) => boxed(task_queues::remove(call, ws, sid)),
        (Method::Get, ["Workflows"]) => boxed(workflows::list(call, ws)),
        (Method::Post, ["Workflows"]) => boxed(workflows::create(call, ws)),
        (Method::Get, ["Workflows", sid]) => boxed(workflows::fetch(call, ws, sid)),
        (Method::Post, ["Workflows", sid]) => boxed(workflows::update(call, ws, sid)),
        (Method::Delete, ["Workflows", sid]) => boxed(workflows::remove(call, ws, sid)),
        (Method::Post, ["Workflows", sid, "Rehearsal"]) => {
            boxed(rehearsals::rehearse(call, ws, sid))
        }
        (Method::Get, ["Workflows", sid, "Warnings"]) => boxed(warnings::workflow(call, ws, sid)),
        (Method::Get, ["TaskQueues", sid, "Warnings"]) => boxed(warnings::queue(call, ws, sid)),
        (_, ["Workflows", sid, "RoutingTests", rest @ ..]) => {
            boxed(routing_tests::answer(call, ws, sid, rest))
        }
        (Method::Get, ["Tasks", sid, "Position"]) => boxed(position::fetch(call, ws, sid)),
        (Method::Get, ["Workers"]) => boxed(workers::list(call, ws)),
        (Method::Post, ["Workers"]) => boxed(workers::create(call, ws)),
        (Method::Get, ["Workers", sid]) => boxed(workers::fetch(call, ws, sid)),
        (Method::Post, ["Workers", sid]) => boxed(workers::update(call, ws, sid)),
        (Method::Delete, ["Workers", sid]) => boxed(workers::remove(call, ws, sid)),
        (_, ["Workers", worker, "Channels", rest @ ..]) => boxed(of_worker(call, ws, worker, rest)),
        (Method::Get, ["Tasks"]) => boxed(tasks::list(call, ws)),
        (Method::Post, ["Tasks"]) => boxed(new_task::create(call, ws)),
        (Method::Get, ["Tasks", sid]) => boxed(tasks::fetch(call, ws, sid)),
        (Method::Post, ["Tasks", sid]) => boxed(tasks::update(call, ws, sid)),
        (Method::Delete, ["Tasks", sid]) => boxed(tasks::remove(call, ws, sid)),
        (Method::Get, ["TaskQueues", sid, "Ageing"]) => boxed(task_queues::ageing(call, ws, sid)),
        (Method::Get, ["Tasks", sid, "Receipt"]) => boxed(receipts::of_task(call, ws, sid)),
        (Method::Get, ["Reservations", sid, "Receipt"]) => {
            boxed(receipts::of_reservation(call, ws, sid))
        }
        (_, [kind @ ("Tasks" | "Workers"), sid, "Reservations", rest @ ..]) => boxed(async move {
            let view = match *kind {
                "Tasks" => View::Task(call.sid(sid)?),
                _ => View::Worker(call.sid(sid)?),
            };
            reserved(call, ws, view, rest).await
        }),
        _ => boxed(ready(call.no_such_operation())),
    }
}

async fn of_worker(call: &Call<'_>, ws: WorkspaceSid, worker: &str, rest: &[&str]) -> Answer {
    match (call.method, rest) {
        (Method::Get, []) => worker_channels::list(call, ws, worker).await,
        (Method::Get, [which]) => worker_channels::fetch(call, ws, worker, which).await,
        (Method::Post, [which]) => worker_channels::update(call, ws, worker, which).await,
        _ => call.no_such_operation(),
    }
}

async fn reserved(call: &Call<'_>, ws: WorkspaceSid, view: View, rest: &[&str]) -> Answer {
    match (call.method, rest) {
        (Method::Get, []) => reservations::list(call, ws, view).await,
        (Method::Get, [sid]) => reservations::fetch(call, ws, view, sid).await,
        (Method::Post, [sid]) => reservations::update(call, ws, view, sid).await,
        _ => call.no_such_operation(),
    }
}
