//! Workflows: which task goes to which queue (rule D.4).

use serde_json::{Value, json};
use switchboard_domain::sid::{TaskSid, WorkflowSid, WorkspaceSid};
use switchboard_domain::task::Task;
use switchboard_domain::version::Version;
use switchboard_domain::workspace::Workflow;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::Listing;

use crate::configurations::{check_named, configuration};
use crate::contents::{self, PAGE_SIZE_MAX, used_by_no_flow};
use crate::workspaces::RESERVATION_TIMEOUT_SECONDS;
use crate::{fields, routing_tests, task_list};

/// The longest time to think about a reservation, in seconds (rule D.7).
const RESERVATION_TIMEOUT_SECONDS_MAX: i64 = 86_400;

/// The parameters that create and update share.
struct Given {
    configuration: Option<String>,
    assignment_callback_url: Option<Option<String>>,
    fallback_assignment_callback_url: Option<Option<String>>,
    reservation_timeout: Option<i64>,
}

impl Given {
    fn read(form: &Params) -> Result<Self, ApiError> {
        let timeout = form.integer("TaskReservationTimeout", 1, RESERVATION_TIMEOUT_SECONDS_MAX)?;
        Ok(Self {
            configuration: configuration(form)?,
            assignment_callback_url: form.url("AssignmentCallbackUrl")?,
            fallback_assignment_callback_url: form.url("FallbackAssignmentCallbackUrl")?,
            reservation_timeout: timeout,
        })
    }

    /// Refuses a configuration that names queues, activities or workers that are not there.
    async fn check(&self, call: &Call<'_>, workspace: WorkspaceSid) -> Result<(), ApiError> {
        let Some(text) = &self.configuration else {
            return Ok(());
        };
        check_named(call, workspace, text).await
    }

    fn apply(&self, workflow: &mut Workflow) {
        if let Some(configuration) = &self.configuration {
            workflow.configuration.clone_from(configuration);
        }
        if let Some(url) = &self.assignment_callback_url {
            workflow.assignment_callback_url.clone_from(url);
        }
        if let Some(url) = &self.fallback_assignment_callback_url {
            workflow.fallback_assignment_callback_url.clone_from(url);
        }
        workflow.task_reservation_timeout_seconds =
            self.reservation_timeout.unwrap_or(workflow.task_reservation_timeout_seconds);
    }
}

pub(crate) async fn create(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    let friendly_name = fields::required_name(&call.form, "FriendlyName")?;
    call.form.required("Configuration")?;
    let given = Given::read(&call.form)?;
    let mut workflow = Workflow {
        workspace,
        sid: call.on.mint(),
        friendly_name,
        configuration: String::new(),
        assignment_callback_url: None,
        fallback_assignment_callback_url: None,
        task_reservation_timeout_seconds: RESERVATION_TIMEOUT_SECONDS,
        evaluation: 0,
        tests: Vec::new(),
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    given.apply(&mut workflow);
    let check = || given.check(call, workspace);
    let workflow = contents::create(call, workflow, check).await?;
    Ok(Reply::created(render(call, &workflow)))
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let name = call.query.get("FriendlyName");
    let listing = Listing::workflows(workspace);
    let page = call.list(&listing, &request, |workflow: &Workflow| {
        name.is_none_or(|name| name == workflow.friendly_name)
    });
    Ok(call.paged("workflows", &request, &page.await?, |workflow| render(call, workflow)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let workflow = contents::find(call, workspace, call.sid(sid)?).await?;
    Ok(Reply::ok(render(call, &workflow)))
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: WorkflowSid = call.sid(sid)?;
    let given = Given::read(&call.form)?;
    let name = fields::name(&call.form, "FriendlyName")?;
    let starts_again = call.form.affirmed("ReEvaluateTasks")?.unwrap_or(false);
    let runs_tests = call.form.affirmed("RunTests")?.unwrap_or(false);
    let check = || async {
        given.check(call, workspace).await?;
        if runs_tests {
            let mut changed: Workflow = contents::find(call, workspace, sid).await?;
            given.apply(&mut changed);
            routing_tests::check(call, &changed).await?;
        }
        Ok(())
    };
    let apply = |workflow: &mut Workflow| {
        given.apply(workflow);
        if let Some(name) = &name {
            workflow.friendly_name.clone_from(name);
        }
        // The router does it, some tasks at a time; however many wait, this is one write.
        workflow.evaluation += u32::from(starts_again);
    };
    let workflow = contents::change(call, workspace, sid, check, apply).await?;
    Ok(Reply::ok(render(call, &workflow)))
}

/// A workflow that still routes a task, or that a flow hands over to, stays.
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: WorkflowSid = call.sid(sid)?;
    let check = |recent: Vec<TaskSid>| async move {
        let routes = |task: &Task| task.workflow == sid;
        match task_list::first_open(call, workspace, &recent, routes).await? {
            Some(task) => {
                Err(ApiError::bad(format!("The workflow is in use by task {}", task.sid)))
            }
            None => used_by_no_flow(call, "workflow", |route| route.workflow == sid).await,
        }
    };
    contents::remove::<Workflow, _>(call, workspace, sid, check).await
}

pub(crate) fn render(call: &Call<'_>, workflow: &Workflow) -> Value {
    let url = contents::url::<Workflow>(call, workflow.workspace, workflow.sid);
    json!({
        "account_sid": call.on.config.account_sid,
        "workspace_sid": workflow.workspace,
        "sid": workflow.sid,
        "friendly_name": workflow.friendly_name,
        "configuration": workflow.configuration,
        "document_content_type": "application/json",
        "assignment_callback_url": workflow.assignment_callback_url,
        "fallback_assignment_callback_url": workflow.fallback_assignment_callback_url,
        "task_reservation_timeout": workflow.task_reservation_timeout_seconds,
        "date_created": workflow.created.iso(),
        "date_updated": workflow.updated.iso(),
        "links": {
            "statistics": format!("{url}/Statistics"),
            "real_time_statistics": format!("{url}/RealTimeStatistics"),
            "cumulative_statistics": format!("{url}/CumulativeStatistics"),
        },
        "url": url,
    })
}
