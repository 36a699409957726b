//! Tasks (rule D.6). Each is changed alone, on condition of its own version.

use switchboard_domain::decision::Decision;
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::sid::{TaskSid, WorkspaceSid};
use switchboard_domain::task::{self, Amendment, Command, Source, Task, TaskChange, TaskStatus};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::workspace::TaskChannel;
use switchboard_rest::fields::missing;
use switchboard_rest::{Answer, ApiError, Call, Order, Params, Reply, ordered};
use switchboard_store::Kept as _;
use switchboard_store::Listing;

use crate::contents::{self, PAGE_SIZE_MAX};
use crate::fields::invalid;
use crate::task_filter::{EARLIEST_START, Filter, Ordering};
use crate::task_list::{PRIORITY_MAX, find, is_gone};
use crate::task_view::{References, render};
use crate::{fields, task_channels};

/// The longest reason, in characters.
const REASON_CHARS_MAX: usize = 4096;

/// A task channel that a parameter names.
pub(crate) async fn channel(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    which: &str,
) -> Result<TaskChannel, ApiError> {
    let found = task_channels::resolve(call, workspace, which).await?;
    found.ok_or_else(|| invalid("TaskChannel", "names none of this workspace"))
}

/// A virtual start time: neither in the future nor before 1900 (rule D.6).
pub(crate) fn virtual_start(form: &Params, now: Timestamp) -> Result<Option<Timestamp>, ApiError> {
    const NAME: &str = "VirtualStartTime";
    match form.instant(NAME)? {
        Some(start) if start > now => Err(invalid(NAME, "must not be in the future")),
        Some(start) if start < EARLIEST_START => Err(invalid(NAME, "must not be before 1900")),
        given => Ok(given),
    }
}

pub(crate) async fn list(call: &Call<'_>, workspace: WorkspaceSid) -> Answer {
    contents::workspace(call, workspace).await?;
    let request = call.page(PAGE_SIZE_MAX)?;
    let ordering = Ordering::read(&call.query)?;
    let filter = Filter::read(call, workspace).await?;
    let keep = |task: &Task| !is_gone(task, call.now) && filter.keeps(task);
    let page = if ordering.is_kept() {
        let listing = match ordering.order {
            Order::Descending => Listing::tasks_of(workspace).descending(),
            Order::Ascending => Listing::tasks_of(workspace),
        };
        call.list(&listing, &request, keep).await?
    } else {
        let all: Vec<Task> = call.on.store.all(&Listing::tasks_of(workspace)).await?;
        let kept = all.into_iter().filter(keep).map(|task| (ordering.key(&task), task));
        ordered(kept.collect(), ordering.order, &request)
    };
    let names = References::load(call, &page.records).await?;
    Ok(call.paged("tasks", &request, &page, |task| render(call, task, &names)))
}

pub(crate) async fn fetch(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let task = find(call, workspace, call.sid(sid)?).await?;
    answer(call, &task).await
}

async fn answer(call: &Call<'_>, task: &Task) -> Answer {
    let names = References::load(call, std::slice::from_ref(task)).await?;
    Ok(Reply::ok(render(call, task, &names)).tagged(task.version))
}

/// What an update asks for.
#[derive(Debug, Clone, PartialEq)]
struct Update {
    amendment: Amendment,
    status: Option<(TaskStatus, Option<String>)>,
}

impl Update {
    fn read(form: &Params, now: Timestamp) -> Result<Self, ApiError> {
        let amendment = Amendment {
            attributes: fields::attributes(form)?,
            priority: form.integer("Priority", 0, PRIORITY_MAX)?,
            start: virtual_start(form, now)?,
            channel: None,
        };
        let status = status(form)?;
        let ending = matches!(status, Some((TaskStatus::Wrapping | TaskStatus::Completed, _)));
        if ending && amendment.attributes.is_some() {
            let why =
                "can not be changed together with an AssignmentStatus of wrapping or completed";
            return Err(invalid("Attributes", why));
        }
        Ok(Self { amendment, status })
    }

    /// The commands to a task that has this status.
    fn commands(&self, before: TaskStatus) -> Result<Vec<Command>, ApiError> {
        let mut commands = vec![Command::Amend(self.amendment.clone())];
        let Some((status, reason)) = self.status.clone() else {
            return Ok(commands);
        };
        match status {
            TaskStatus::Canceled => commands.push(Command::Cancel { reason }),
            TaskStatus::Completed => commands.push(Command::Complete { reason }),
            TaskStatus::Wrapping => commands.push(Command::Wrap { reason }),
            // Said to be what it is already.
            status if status == before => {}
            TaskStatus::Pending | TaskStatus::Reserved | TaskStatus::Assigned => {
                let why =
                    "can be canceled, wrapping or completed; the rest follows from reservations";
                return Err(invalid("AssignmentStatus", why));
            }
        }
        Ok(commands)
    }
}

/// The status asked for, with the reason that the end of a task needs (rule D.6).
fn status(form: &Params) -> Result<Option<(TaskStatus, Option<String>)>, ApiError> {
    const NAME: &str = "AssignmentStatus";
    let reason = form.text("Reason", REASON_CHARS_MAX)?.filter(|text| !text.is_empty());
    let Some(text) = form.given(NAME) else {
        let why = "can only be given together with AssignmentStatus";
        return reason.map_or(Ok(None), |_| Err(invalid("Reason", why)));
    };
    let Some(status) = TaskStatus::parse(text) else {
        return Err(invalid(NAME, &format!("has no status {text}")));
    };
    match status.is_over() && reason.is_none() {
        true => Err(missing("Reason")),
        false => Ok(Some((status, reason))),
    }
}

pub(crate) async fn update(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: TaskSid = call.sid(sid)?;
    let given = Update::read(&call.form, call.now)?;
    let which = call.form.given("TaskChannel");
    let rule = || async {
        let mut update = given.clone();
        let head = match which {
            Some(which) => Some(onto_channel(call, workspace, which, &mut update).await?),
            None => None,
        };
        let before = find(call, workspace, sid).await?;
        call.if_match(before.version)?;
        let commands = update.commands(before.status)?;
        let change = task::decide_all(&before, commands, Source::Api, call.now)?;
        let is_moved = change.task.channel != before.channel;
        let (task, decision) = as_written(change);
        Ok::<_, ApiError>(match head.filter(|_| is_moved) {
            Some(head) => (task, decision.and(head)),
            None => (task, decision),
        })
    };
    let task = call.decide(rule).await?;
    answer(call, &task).await
}

/// Has an update name its task channel. It is written under the head, which is given back, so that the channel is not
/// removed meanwhile.
async fn onto_channel(
    call: &Call<'_>,
    workspace: WorkspaceSid,
    which: &str,
    update: &mut Update,
) -> Result<Head, ApiError> {
    let mut head = contents::head(call, workspace).await?;
    let channel = channel(call, workspace, which).await?.sid;
    update.amendment.channel = Some(channel);
    head.note(PartSid::TaskChannel(channel));
    Ok(head)
}

/// A changed task as it stands once it is written, and the decision.
pub(crate) fn as_written(change: TaskChange) -> (Task, Decision) {
    let written = u64::from(!change.is_nothing());
    let version = change.task.version + written;
    (change.task.clone().versioned(version), change.into())
}

/// Deletes a task: it is canceled, so that its interaction hears of it. One that a worker has taken stays until it is
/// completed.
pub(crate) async fn remove(call: &Call<'_>, workspace: WorkspaceSid, sid: &str) -> Answer {
    let sid: TaskSid = call.sid(sid)?;
    let rule = || async {
        let before = find(call, workspace, sid).await?;
        call.if_match(before.version)?;
        let change = task::decide(&before, Command::Delete, Source::Api, call.now)?;
        Ok::<_, ApiError>(((), change.into()))
    };
    call.decide(rule).await?;
    Ok(Reply::gone())
}
