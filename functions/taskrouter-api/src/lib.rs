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
mod contents;
mod events;
mod fields;
mod new_task;
mod receipts;
mod rehearsals;
mod reservations;
mod statistics;
mod task_channels;
mod task_filter;
mod task_list;
mod task_queues;
mod task_view;
mod tasks;
mod worker_channels;
mod worker_names;
mod workers;
mod workflows;
mod workspaces;

use std::convert::Infallible;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_domain::sid::WorkspaceSid;
use switchboard_rest::{Answer, Call, Method};
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
    ],
};

/// Serves one request.
pub async fn handle(on: &Dependencies, request: Request) -> Result<Response<Body>, Infallible> {
    switchboard_rest::serve(on, request, |call| Box::pin(route(call))).await
}

async fn route(call: &Call<'_>) -> Answer {
    let path = call.path();
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

async fn within(call: &Call<'_>, ws: WorkspaceSid, path: &[&str]) -> Answer {
    if let Some(asked) = statistics::Asked::read(call.method, path) {
        return statistics::answer(call, ws, asked).await;
    }
    match (call.method, path) {
        (Method::Get, ["Activities"]) => activities::list(call, ws).await,
        (Method::Post, ["Activities"]) => activities::create(call, ws).await,
        (Method::Get, ["Activities", sid]) => activities::fetch(call, ws, sid).await,
        (Method::Post, ["Activities", sid]) => activities::update(call, ws, sid).await,
        (Method::Delete, ["Activities", sid]) => activities::remove(call, ws, sid).await,
        (Method::Get, ["Events"]) => events::list(call, ws).await,
        (Method::Get, ["Events", sid]) => events::fetch(call, ws, sid).await,
        (Method::Get, ["TaskChannels"]) => task_channels::list(call, ws).await,
        (Method::Post, ["TaskChannels"]) => task_channels::create(call, ws).await,
        (Method::Get, ["TaskChannels", sid]) => task_channels::fetch(call, ws, sid).await,
        (Method::Post, ["TaskChannels", sid]) => task_channels::update(call, ws, sid).await,
        (Method::Delete, ["TaskChannels", sid]) => task_channels::remove(call, ws, sid).await,
        (Method::Get, ["TaskQueues"]) => task_queues::list(call, ws).await,
        (Method::Post, ["TaskQueues"]) => task_queues::create(call, ws).await,
        (Method::Get, ["TaskQueues", sid]) => task_queues::fetch(call, ws, sid).await,
        (Method::Post, ["TaskQueues", sid]) => task_queues::update(call, ws, sid).await,
        (Method::Delete, ["TaskQueues", sid]) => task_queues::remove(call, ws, sid).await,
        (Method::Get, ["Workflows"]) => workflows::list(call, ws).await,
        (Method::Post, ["Workflows"]) => workflows::create(call, ws).await,
        (Method::Get, ["Workflows", sid]) => workflows::fetch(call, ws, sid).await,
        (Method::Post, ["Workflows", sid]) => workflows::update(call, ws, sid).await,
        (Method::Delete, ["Workflows", sid]) => workflows::remove(call, ws, sid).await,
        (Method::Post, ["Workflows", sid, "Rehearsal"]) => {
            rehearsals::rehearse(call, ws, sid).await
        }
        (Method::Get, ["Workers"]) => workers::list(call, ws).await,
        (Method::Post, ["Workers"]) => workers::create(call, ws).await,
        (Method::Get, ["Workers", sid]) => workers::fetch(call, ws, sid).await,
        (Method::Post, ["Workers", sid]) => workers::update(call, ws, sid).await,
        (Method::Delete, ["Workers", sid]) => workers::remove(call, ws, sid).await,
        (_, ["Workers", worker, "Channels", rest @ ..]) => of_worker(call, ws, worker, rest).await,
        (Method::Get, ["Tasks"]) => tasks::list(call, ws).await,
        (Method::Post, ["Tasks"]) => new_task::create(call, ws).await,
        (Method::Get, ["Tasks", sid]) => tasks::fetch(call, ws, sid).await,
        (Method::Post, ["Tasks", sid]) => tasks::update(call, ws, sid).await,
        (Method::Delete, ["Tasks", sid]) => tasks::remove(call, ws, sid).await,
        (Method::Get, ["TaskQueues", sid, "Ageing"]) => task_queues::ageing(call, ws, sid).await,
        (Method::Get, ["Tasks", sid, "Receipt"]) => receipts::of_task(call, ws, sid).await,
        (Method::Get, ["Reservations", sid, "Receipt"]) => {
            receipts::of_reservation(call, ws, sid).await
        }
        (_, [kind @ ("Tasks" | "Workers"), sid, "Reservations", rest @ ..]) => {
            let view = match *kind {
                "Tasks" => View::Task(call.sid(sid)?),
                _ => View::Worker(call.sid(sid)?),
            };
            reserved(call, ws, view, rest).await
        }
        _ => call.no_such_operation(),
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
