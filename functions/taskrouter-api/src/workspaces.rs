//! Workspaces (rule D.1). A new one comes with activities and task channels, and, with the template
//! `FIFO`, with a queue and a workflow.

use serde_json::{Value, json};
use switchboard_domain::decision::Decision;
use switchboard_domain::head::{Head, PartSid};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ActivitySid, Sid, TaskChannelSid, TaskQueueSid, WorkflowSid, WorkspaceSid,
};
use switchboard_domain::version::Version;
use switchboard_domain::workspace::{
    Activity, QueueOrder, TaskChannel, TaskQueue, Worker, Workflow, Workspace,
};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Kept as _, Key, Listing, key};

use crate::contents::{self, Activities, PAGE_SIZE_MAX, used_by_no_flow};
use crate::fields::invalid;
use crate::{fields, task_list};

/// The activities of a new workspace, and whether workers in them get tasks. The first one is that of new
/// workers, and of those who let a reservation time out (rule A.1).
const ACTIVITIES: [(&str, bool); 4] =
    [("Offline", false), ("Available", true), ("Unavailable", false), ("Break", false)];
/// The task channels of a new workspace: unique and friendly names (rule A.1).
const CHANNELS: [(&str, &str); 5] = [
    ("default", "Default"),
    ("voice", "Voice"),
    ("chat", "Chat"),
    ("sms", "SMS"),
    ("video", "Video"),
];
/// How long a worker may think about a reservation unless a workflow says otherwise (rule D.7).
pub(crate) const RESERVATION_TIMEOUT_SECONDS: i64 = 120;
/// The longest filter of events, in characters.
const EVENTS_FILTER_CHARS_MAX: usize = 4096;
/// At most this many records are removed in one transaction; the head and the workspace come on top.
const REMOVED_MAX: usize = 90;

pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let friendly_name = fields::required_name(&call.form, "FriendlyName")?;
    let sid: WorkspaceSid = call.on.mint();
    let offline = ActivitySid::derived(&[&sid.to_string(), ACTIVITIES[0].0]);
    let workspace = Workspace {
        sid,
        friendly_name,
        event_callback_url: call.form.url("EventCallbackUrl")?.flatten(),
        events_filter: events_filter(call)?.flatten(),
        multi_task_enabled: call.form.flag("MultiTaskEnabled")?.unwrap_or(true),
        prioritize_queue_order: fields::queue_order(&call.form, "PrioritizeQueueOrder")?
            .unwrap_or(QueueOrder::Fifo),
        default_activity: offline,
        timeout_activity: offline,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    let template = call.form.get("Template").unwrap_or_default();
    let mut contents = defaults(&workspace);
    match template {
        it if it.is_empty() || it.eq_ignore_ascii_case("NONE") => {}
        it if it.eq_ignore_ascii_case("FIFO") => contents.extend(first_in_first_out(&workspace)),
        _ => return Err(invalid("Template", "must be NONE or FIFO")),
    }
    let workspace = call
        .decide(|| async {
            let queues = contents.iter().filter(|it| matches!(it, Record::TaskQueue(_))).count();
            let head = Head::first(sid, u32::try_from(queues).unwrap_or(u32::MAX));
            let mut decision = contents::moved_unnoted(head).and(workspace.clone());
            decision.puts.extend(contents.iter().cloned());
            Ok::<_, ApiError>((workspace.clone().versioned(1), decision))
        })
        .await?;
    let activities = Activities::load(call, sid).await?;
    Ok(Reply::created(render(call, &workspace, &activities)))
}

/// What every new workspace comes with. Its identifiers follow from the workspace's, so that a repeated
/// transaction is the same one.
fn defaults(workspace: &Workspace) -> Vec<Record> {
    let (of, now) = (workspace.sid.to_string(), workspace.created);
    let activities = ACTIVITIES.iter().map(|(name, available)| {
        Record::from(Activity {
            workspace: workspace.sid,
            sid: ActivitySid::derived(&[&of, *name]),
            friendly_name: (*name).to_owned(),
            available: *available,
            created: now,
            updated: now,
            version: Version::NEW,
        })
    });
    let channels = CHANNELS.iter().map(|(unique_name, friendly_name)| {
        Record::from(TaskChannel {
            workspace: workspace.sid,
            sid: TaskChannelSid::derived(&[&of, *unique_name]),
            unique_name: (*unique_name).to_owned(),
            friendly_name: (*friendly_name).to_owned(),
            channel_optimized_routing: false,
            created: now,
            updated: now,
            version: Version::NEW,
        })
    });
    activities.chain(channels).collect()
}

/// One queue with all workers in it, and a workflow that leads every task there.
fn first_in_first_out(workspace: &Workspace) -> [Record; 2] {
    let (of, now) = (workspace.sid.to_string(), workspace.created);
    let queue = TaskQueueSid::derived(&[&of, "queue"]);
    let configuration = json!({ "task_routing": { "default_filter": { "queue": queue } } });
    [
        TaskQueue {
            workspace: workspace.sid,
            sid: queue,
            friendly_name: "Sample Queue".to_owned(),
            target_workers: "1==1".to_owned(),
            max_reserved_workers: 1,
            order: QueueOrder::Fifo,
            reservation_activity: None,
            assignment_activity: None,
            ageing_bound_seconds: None,
            created: now,
            updated: now,
            version: Version::NEW,
        }
        .into(),
        Workflow {
            workspace: workspace.sid,
            sid: WorkflowSid::derived(&[&of, "workflow"]),
            friendly_name: "Default Fifo Workflow".to_owned(),
            configuration: configuration.to_string(),
            assignment_callback_url: None,
            fallback_assignment_callback_url: None,
            task_reservation_timeout_seconds: RESERVATION_TIMEOUT_SECONDS,
            evaluation: 0,
            tests: Vec::new(),
            created: now,
            updated: now,
            version: Version::NEW,
        }
        .into(),
    ]
}

pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_SIZE_MAX)?;
    let name = call.query.get("FriendlyName");
    let listing = Listing::workspaces();
    let page = call
        .list(&listing, &request, |workspace: &Workspace| {
            name.is_none_or(|name| name == workspace.friendly_name)
        })
        .await?;
    let keys = page.records.iter().flat_map(|workspace| {
        let sids = [workspace.default_activity, workspace.timeout_activity];
        sids.map(|activity| key::activity(workspace.sid, activity))
    });
    let found = call.on.store.get_all(&keys.collect::<Vec<_>>()).await?;
    let activities: Activities = found
        .into_values()
        .filter_map(|record| match record {
            Record::Activity(activity) => Some(*activity),
            _ => None,
        })
        .collect();
    Ok(call.paged("workspaces", &request, &page, |one| render(call, one, &activities)))
}

pub(crate) async fn fetch(call: &Call<'_>, sid: WorkspaceSid) -> Answer {
    let workspace = contents::workspace(call, sid).await?;
    let activities = Activities::load(call, sid).await?;
    Ok(Reply::ok(render(call, &workspace, &activities)))
}

pub(crate) async fn update(call: &Call<'_>, sid: WorkspaceSid) -> Answer {
    let friendly_name = fields::name(&call.form, "FriendlyName")?;
    let event_callback_url = call.form.url("EventCallbackUrl")?;
    let events_filter = events_filter(call)?;
    let order = fields::queue_order(&call.form, "PrioritizeQueueOrder")?;
    let multi_task = call.form.flag("MultiTaskEnabled")?;
    let default_activity = call.form.sid::<ActivitySid>("DefaultActivitySid")?;
    let timeout_activity = call.form.sid::<ActivitySid>("TimeoutActivitySid")?;
    let rule = || async {
        let head = contents::head(call, sid).await?;
        let before = contents::workspace(call, sid).await?;
        let activities = Activities::load(call, sid).await?;
        let mut after = before.clone();
        if let Some(name) = &friendly_name {
            after.friendly_name.clone_from(name);
        }
        if let Some(url) = &event_callback_url {
            after.event_callback_url.clone_from(url);
        }
        if let Some(filter) = &events_filter {
            after.events_filter.clone_from(filter);
        }
        if let Some(activity) = default_activity {
            activities.check("DefaultActivitySid", activity)?;
            after.default_activity = activity;
        }
        if let Some(activity) = timeout_activity {
            activities.check("TimeoutActivitySid", activity)?;
            after.timeout_activity = activity;
        }
        if before.multi_task_enabled && multi_task == Some(false) {
            return Err(invalid("MultiTaskEnabled", "can not be turned off once it is on"));
        }
        after.multi_task_enabled = multi_task.unwrap_or(before.multi_task_enabled);
        after.prioritize_queue_order = order.unwrap_or(before.prioritize_queue_order);
        if after == before {
            return Ok(((before, activities), Decision::unchanged()));
        }
        after.updated = call.now;
        let stands = after.clone().versioned(before.version + 1);
        Ok(((stands, activities), contents::fenced(head, PartSid::Workspace(sid)).and(after)))
    };
    let (workspace, activities) = call.decide(rule).await?;
    Ok(Reply::ok(render(call, &workspace, &activities)))
}

/// Removes a workspace and what it contains. With tasks that are not over it stays: nobody would route
/// them. It goes last, in one transaction with the rest of its contents, so that a removal that was cut
/// short can be asked for again. No router needs to be told: without the head it can commit nothing.
pub(crate) async fn remove(call: &Call<'_>, sid: WorkspaceSid) -> Answer {
    let step = || async {
        let head = contents::head(call, sid).await?;
        let workspace = contents::workspace(call, sid).await?;
        if let Some(task) = task_list::first_open(call, sid, &head.recent, |_| true).await? {
            let message =
                format!("The workspace has tasks that are not over, such as {}", task.sid);
            return Err(ApiError::bad(message));
        }
        used_by_no_flow(call, "workspace", |route| route.workspace == sid).await?;
        let mut rest = everything(call, sid).await?;
        if rest.len() > REMOVED_MAX {
            rest.truncate(REMOVED_MAX);
            let mut decision = contents::moved_unnoted(head);
            decision.deletes = rest;
            return Ok((false, decision));
        }
        rest.extend([Record::from(workspace), Record::from(head)]);
        let decision = Decision { deletes: rest, ..Decision::default() };
        Ok((true, decision))
    };
    while !call.decide(step).await? {}
    Ok(Reply::gone())
}

/// The contents of a workspace, those first that refer to others.
async fn everything(call: &Call<'_>, sid: WorkspaceSid) -> Result<Vec<Record>, ApiError> {
    let mut all: Vec<Record> = Vec::new();
    // A name goes together with its worker, or before.
    let workers = contents::all::<Worker>(call, sid).await?;
    let names: Vec<Key> = workers.iter().map(|one| key::worker_name(&one.name())).collect();
    let mut names = call.on.store.get_all(&names).await?;
    for worker in workers {
        all.extend(names.remove(&key::worker_name(&worker.name())));
        all.push(worker.into());
    }
    all.extend(contents::all::<Workflow>(call, sid).await?.into_iter().map(Record::from));
    all.extend(contents::all::<TaskQueue>(call, sid).await?.into_iter().map(Record::from));
    all.extend(contents::all::<TaskChannel>(call, sid).await?.into_iter().map(Record::from));
    all.extend(contents::all::<Activity>(call, sid).await?.into_iter().map(Record::from));
    Ok(all)
}

/// The comma list of events; the empty text takes it away.
fn events_filter(call: &Call<'_>) -> Result<Option<Option<String>>, ApiError> {
    let given = call.form.text("EventsFilter", EVENTS_FILTER_CHARS_MAX)?;
    Ok(given.map(|text| Some(text).filter(|text| !text.trim().is_empty())))
}

pub(crate) fn render(call: &Call<'_>, workspace: &Workspace, activities: &Activities) -> Value {
    let url = contents::workspace_url(call, workspace.sid);
    let below = |segment: &str| format!("{url}/{segment}");
    json!({
        "account_sid": call.on.config.account_sid,
        "sid": workspace.sid,
        "friendly_name": workspace.friendly_name,
        "default_activity_sid": workspace.default_activity,
        "default_activity_name": activities.name(workspace.default_activity),
        "timeout_activity_sid": workspace.timeout_activity,
        "timeout_activity_name": activities.name(workspace.timeout_activity),
        "event_callback_url": workspace.event_callback_url,
        "events_filter": workspace.events_filter,
        "multi_task_enabled": workspace.multi_task_enabled,
        "prioritize_queue_order": workspace.prioritize_queue_order.name(),
        "date_created": workspace.created.iso(),
        "date_updated": workspace.updated.iso(),
        "links": {
            "activities": below("Activities"),
            "statistics": below("Statistics"),
            "real_time_statistics": below("RealTimeStatistics"),
            "cumulative_statistics": below("CumulativeStatistics"),
            "task_queues": below("TaskQueues"),
            "tasks": below("Tasks"),
            "workers": below("Workers"),
            "workflows": below("Workflows"),
            "task_channels": below("TaskChannels"),
            "events": below("Events"),
        },
        "url": url,
    })
}
