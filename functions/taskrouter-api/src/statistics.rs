//! Statistics (rule D.10): of a workspace, its workflows, its queues and its workers; what is there now, what
//! happened in a span of time, or both.
//!
//! What is there is counted in the table, what happened in the event log, of which only the span is read: a quarter of
//! an hour unless something else is asked for, and thirty days at most. Counts are numbers, as in the published
//! examples. The product turns the statistics of workers off above a hundred of them; here they are always on.

mod parameters;
mod queues;
mod render;
mod workers;

use serde_json::{Value, json};
use switchboard_domain::event::Occurrence;
use switchboard_domain::sid::{TaskChannelSid, WorkspaceSid};
use switchboard_domain::statistics::cumulative::Cumulative;
use switchboard_domain::statistics::real_time::{Staff, StaffNow, TasksNow};
use switchboard_domain::task::Task;
use switchboard_domain::workspace::{Activity, Worker, Workflow};
use switchboard_rest::{Answer, ApiError, Call, Method, Reply};
use switchboard_store::{Listing, Timeline};

pub(crate) use self::parameters::Window;
use crate::contents;

/// Which figures are asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// Those of this moment.
    RealTime,
    /// Those of a span of time.
    Cumulative,
    /// Both, each in a member of its own.
    Both,
}

impl Form {
    fn of(segment: &str) -> Option<Self> {
        match segment {
            "RealTimeStatistics" => Some(Self::RealTime),
            "CumulativeStatistics" => Some(Self::Cumulative),
            "Statistics" => Some(Self::Both),
            _ => None,
        }
    }
}

/// Whose figures are asked for.
pub(crate) enum Asked<'a> {
    Workspace(Form),
    Workflow(&'a str, Form),
    Queue(&'a str, Form),
    /// A list, with both forms of each.
    Queues,
    /// Some queues at this moment.
    QueuesNow,
    Workers(Form),
    Worker(&'a str),
    Fairness,
}

impl<'a> Asked<'a> {
    /// Reads a path below a workspace; none if it leads to no statistics.
    pub(crate) fn read(method: Method, path: &[&'a str]) -> Option<Self> {
        match (method, path) {
            (Method::Get, ["TaskQueues", "Statistics"]) => Some(Self::Queues),
            (Method::Post, ["TaskQueues", "RealTimeStatistics"]) => Some(Self::QueuesNow),
            (Method::Get, ["Workers", "Fairness"]) => Some(Self::Fairness),
            (Method::Get, ["Workers", form]) => Form::of(form).map(Self::Workers),
            (Method::Get, ["Workers", sid, "Statistics"]) => Some(Self::Worker(sid)),
            (Method::Get, ["TaskQueues", sid, form]) => {
                Form::of(form).map(|form| Self::Queue(sid, form))
            }
            (Method::Get, ["Workflows", sid, form]) => {
                Form::of(form).map(|form| Self::Workflow(sid, form))
            }
            (Method::Get, [form]) => Form::of(form).map(Self::Workspace),
            _ => None,
        }
    }
}

pub(crate) async fn answer(call: &Call<'_>, ws: WorkspaceSid, asked: Asked<'_>) -> Answer {
    contents::workspace(call, ws).await?;
    match asked {
        Asked::Workspace(form) => workspace(call, ws, form).await,
        Asked::Workflow(sid, form) => workflow(call, ws, sid, form).await,
        Asked::Queue(sid, form) => queues::one(call, ws, sid, form).await,
        Asked::Queues => queues::list(call, ws).await,
        Asked::QueuesNow => queues::bulk(call, ws).await,
        Asked::Workers(form) => workers::all(call, ws, form).await,
        Asked::Worker(sid) => workers::one(call, ws, sid).await,
        Asked::Fairness => workers::fairness(call, ws).await,
    }
}

async fn workspace(call: &Call<'_>, ws: WorkspaceSid, form: Form) -> Answer {
    let channel = parameters::channel(call, ws).await?;
    let now = match form {
        Form::Cumulative => Value::Null,
        Form::RealTime | Form::Both => {
            let (open, people) = tasks_and_people(call, ws, channel).await?;
            let staff = StaffNow::of(&people.staff, &people.activities);
            let mut members = render::tasks_now(&TasksNow::of(&open, call.now));
            render::join(&mut members, render::activities_now(&staff, &people.activities));
            render::join(&mut members, json!({ "total_workers": staff.total }));
            members
        }
    };
    let span = match form {
        Form::RealTime => Value::Null,
        Form::Cumulative | Form::Both => {
            let (window, thresholds) = (Window::read(call)?, parameters::thresholds(call)?);
            let happened = occurrences(call, ws, window).await?;
            let all = Cumulative::of(&happened, &thresholds, |of, event| {
                channel.is_none_or(|channel| of.channel(event) == Some(channel))
            });
            let mut members = render::cumulative(&all, window);
            let own = json!({
                "tasks_created": all.created,
                "tasks_timed_out_in_workflow": all.timed_out_in_workflow,
            });
            render::join(&mut members, own);
            members
        }
    };
    Ok(told(call, ws, form, json!({}), now, span))
}

async fn workflow(call: &Call<'_>, ws: WorkspaceSid, sid: &str, form: Form) -> Answer {
    let workflow: Workflow = contents::find(call, ws, call.sid(sid)?).await?;
    let channel = parameters::channel(call, ws).await?;
    let now = match form {
        Form::Cumulative => Value::Null,
        Form::RealTime | Form::Both => {
            let open = open_tasks(call, ws, channel).await?;
            let own = open.iter().filter(|task| task.workflow == workflow.sid);
            render::tasks_now(&TasksNow::of(own, call.now))
        }
    };
    let span = match form {
        Form::RealTime => Value::Null,
        Form::Cumulative | Form::Both => {
            let (window, thresholds) = (Window::read(call)?, parameters::thresholds(call)?);
            let happened = occurrences(call, ws, window).await?;
            let all = Cumulative::of(&happened, &thresholds, |of, event| {
                of.workflow() == Some(workflow.sid)
                    && channel.is_none_or(|channel| of.channel(event) == Some(channel))
            });
            let mut members = render::cumulative(&all, window);
            let own = json!({
                "tasks_entered": all.entered_workflow,
                "tasks_timed_out_in_workflow": all.timed_out_in_workflow,
            });
            render::join(&mut members, own);
            members
        }
    };
    Ok(told(call, ws, form, json!({ "workflow_sid": workflow.sid }), now, span))
}

/// Both at once: neither has to wait for the other.
async fn tasks_and_people(
    call: &Call<'_>,
    ws: WorkspaceSid,
    channel: Option<TaskChannelSid>,
) -> Result<(Vec<Task>, People), ApiError> {
    tokio::try_join!(open_tasks(call, ws, channel), People::load(call, ws))
}

/// The tasks that are not over, on one channel or on all. The list is a moment behind the table.
async fn open_tasks(
    call: &Call<'_>,
    ws: WorkspaceSid,
    channel: Option<TaskChannelSid>,
) -> Result<Vec<Task>, ApiError> {
    let mut open: Vec<Task> = call.on.store.all(&Listing::tasks_of(ws)).await?;
    open.retain(|task| {
        !task.status.is_over() && channel.is_none_or(|channel| task.channel == channel)
    });
    Ok(open)
}

/// What happened within a span of time.
async fn occurrences(
    call: &Call<'_>,
    ws: WorkspaceSid,
    window: Window,
) -> Result<Vec<Occurrence>, ApiError> {
    let line = Timeline::of(ws, window.from, window.to);
    Ok(call.on.store.occurrences(&line).await?)
}

/// The workers of a workspace and what they can do.
struct People {
    staff: Vec<Staff>,
    activities: Vec<Activity>,
}

impl People {
    async fn load(call: &Call<'_>, ws: WorkspaceSid) -> Result<Self, ApiError> {
        let workers: Vec<Worker> = contents::all(call, ws).await?;
        let staff = workers.into_iter().map(Staff::from).collect();
        Ok(Self { staff, activities: contents::all(call, ws).await? })
    }
}

/// The answer: what it is about, and the figures, which stand beside that or each in a member of their own.
fn told(
    call: &Call<'_>,
    ws: WorkspaceSid,
    form: Form,
    about: Value,
    now: Value,
    span: Value,
) -> Reply {
    let mut body = json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": ws,
        "url": call.url(&call.path().join("/")),
    });
    render::join(&mut body, about);
    match form {
        Form::RealTime => render::join(&mut body, now),
        Form::Cumulative => render::join(&mut body, span),
        Form::Both => render::join(&mut body, json!({ "realtime": now, "cumulative": span })),
    }
    Reply::ok(body)
}
