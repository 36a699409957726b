//! Transfers of an interaction's channel from one agent to another (rule C.9).
//!
//! Of the body nothing is published but that it is JSON. **Inferred** from the members of the resource and from what the
//! vendor's template sends with its invites: `type` (`cold` if it is not given, the only one that the vendor's desktop
//! has), `from` (the participant, or their task or reservation; not needed where there is one agent), `to` (a worker, a queue or a
//! workflow), `attributes`, `priority`, `timeout`, `queue_sid`, `workflow_sid`, `note_sid`, `summary_sid`. Ours: `leave`.

use std::collections::BTreeMap;
use std::str::FromStr;

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::decision::Decision;
use switchboard_domain::flow::TASK_TIMEOUT_SECONDS_MAX;
use switchboard_domain::interaction::{
    ChannelParticipant, Interaction, ParticipantKind, Transfer, TransferKind,
};
use switchboard_domain::process::interaction::{
    self, Order, TransferOrder, TransferTarget, carried_over,
};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ChannelParticipantSid, InstanceSid, NoteSid, ReservationSid, Sid as _, TaskQueueSid, TaskSid,
    TransferSid, WorkerSid, WorkflowSid,
};
use switchboard_domain::task::Task;
use switchboard_domain::workspace::{TaskChannel, TaskQueue, Worker, Workflow};
use switchboard_rest::fields::Longest;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{Kept, Key, key, take};

use crate::load::{self, Both};
use crate::order::ATTRIBUTES_CHARS_MAX;

/// What a request asks for.
struct Wish {
    kind: TransferKind,
    from: Option<From>,
    to: To,
    queue: Option<TaskQueueSid>,
    workflow: Option<WorkflowSid>,
    attributes: Value,
    priority: Option<i64>,
    timeout_seconds: Option<i64>,
    stays: bool,
    note: Option<NoteSid>,
    summary: Option<NoteSid>,
}

/// Who hands on.
#[derive(Clone, Copy)]
enum From {
    Seat(ChannelParticipantSid),
    Task(TaskSid),
    Reservation(ReservationSid),
}

/// Whom to.
#[derive(Clone, Copy)]
enum To {
    Worker(WorkerSid),
    Queue(TaskQueueSid),
    Workflow(WorkflowSid),
}

/// What a transfer is made of.
struct Found {
    target: TransferTarget,
    workflow: Workflow,
    channel: TaskChannel,
}

/// `POST …/Transfers`.
pub(crate) async fn create(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let wish = Wish::read(call)?;
    let number = call
        .decide(|| async {
            let both = load::both(call, kd, uo).await?;
            let seat = wish.seat(&both.interaction)?;
            let first = seat.routing.as_ref().map(|routing| routing.task);
            let first = load::tasks(call, first.into_iter()).await?.pop();
            let first = first.ok_or_else(|| refused("only an agent's task can be handed on"))?;
            let found = wish.find(call, &first).await?;
            decide(call, &wish, &both, (&first, seat.number), &found).await
        })
        .await?;
    let interaction = load::channel(call, kd, uo).await?;
    let made = interaction.transfers.iter().find(|one| one.number == number);
    let made = made.ok_or_else(|| call.not_found())?;
    Ok(Reply::created(render(call, &interaction, made)))
}

async fn decide(
    call: &Call<'_>,
    wish: &Wish,
    both: &Both,
    (first, seat): (&Task, u32),
    found: &Found,
) -> Result<(u32, Decision), ApiError> {
    let attributes = carried_over(first, found.target, &wish.attributes);
    if Longest::Chars(ATTRIBUTES_CHARS_MAX).is_exceeded(&attributes.to_string()) {
        return Err(refused("the attributes of both together are too long"));
    }
    let Wish { kind, stays, note, summary, .. } = *wish;
    let wanted = TransferOrder { kind, target: found.target, stays, note, summary };
    let order = || Order {
        workflow: &found.workflow,
        channel: &found.channel,
        attributes: attributes.clone(),
        priority: wish.priority.unwrap_or(first.priority),
        timeout_seconds: wish.timeout_seconds.unwrap_or(first.timeout_seconds),
        worker: None,
    };
    let (interaction, conversation) = (&both.interaction, &both.conversation);
    let rule = |answers: &_| {
        let who = (first, seat);
        interaction::transfer(interaction, conversation, who, &wanted, order(), answers, call.now)
    };
    call.on.answering::<_, ApiError>(rule).await
}

/// `GET …/Transfers`: ours, there is none published.
pub(crate) async fn list(call: &Call<'_>, kd: &str, uo: &str) -> Answer {
    let request = call.page(1000)?;
    let interaction = load::channel(call, kd, uo).await?;
    let page = request.of_parts(&interaction.transfers, |one| one.number);
    Ok(call.paged("transfers", &request, &page, |one| render(call, &interaction, one)))
}

/// `GET …/Transfers/{UX}`.
pub(crate) async fn fetch(call: &Call<'_>, kd: &str, uo: &str, ux: &str) -> Answer {
    let interaction = load::channel(call, kd, uo).await?;
    let transfer = interaction.transfer(call.sid(ux)?).ok_or_else(|| call.not_found())?;
    Ok(Reply::ok(render(call, &interaction, transfer)))
}

/// `POST …/Transfers/{UX}`: `{"status": "failed"}` takes it back. **Inferred:** `canceled`, as the transfers of the task router
/// have it, is the same.
pub(crate) async fn update(call: &Call<'_>, kd: &str, uo: &str, ux: &str) -> Answer {
    let sid: TransferSid = call.sid(ux)?;
    let status = call.form.required("status")?.to_lowercase();
    if !matches!(status.as_str(), "failed" | "canceled") {
        return Err(refused("status can be set to failed or canceled"));
    }
    call.decide(|| async {
        let both = load::both(call, kd, uo).await?;
        let (interaction, conversation) = (&both.interaction, &both.conversation);
        let transfer = interaction.transfer(sid).ok_or_else(|| call.not_found())?;
        let task = interaction.invites.iter().find(|one| one.number == transfer.invite);
        let task = load::tasks(call, task.map(|invite| invite.task).into_iter()).await?.pop();
        let rule = |answers: &_| {
            let (task, now) = (task.as_ref(), call.now);
            interaction::cancel_transfer(interaction, conversation, sid, task, answers, now)
        };
        Ok::<_, ApiError>(((), call.on.answering::<_, ApiError>(rule).await?))
    })
    .await?;
    fetch(call, kd, uo, ux).await
}

impl Wish {
    fn read(call: &Call<'_>) -> Result<Self, ApiError> {
        let form = &call.form;
        let kind = form.given("type").unwrap_or("cold");
        let kind = kind.parse().map_err(|_| refused("type must be cold or warm"))?;
        let to = form.given("to").ok_or_else(|| refused("to is missing"))?;
        let from = form.given("from").map(From::read).transpose()?;
        let stays = match form.given("leave") {
            None | Some("auto") => false,
            Some("manual") if kind == TransferKind::Warm => true,
            Some(_) => return Err(refused("leave must be auto, or manual of a warm one")),
        };
        let attributes = form.object("attributes", Longest::Chars(ATTRIBUTES_CHARS_MAX))?;
        let attributes = attributes.and_then(|text| serde_json::from_str(&text).ok());
        Ok(Self {
            kind,
            from,
            to: To::read(to)?,
            queue: form.sid("queue_sid")?,
            workflow: form.sid("workflow_sid")?,
            attributes: attributes.unwrap_or_else(|| json!({})),
            priority: form.integer("priority", 0, i64::from(i32::MAX))?,
            timeout_seconds: form.integer("timeout", 1, TASK_TIMEOUT_SECONDS_MAX)?,
            stays,
            note: form.sid("note_sid")?,
            summary: form.sid("summary_sid")?,
        })
    }

    /// The seat of who hands on: the only one if none is named.
    fn seat<'a>(&self, interaction: &'a Interaction) -> Result<&'a ChannelParticipant, ApiError> {
        let is_meant = |one: &&ChannelParticipant| match (self.from, &one.routing) {
            (Some(From::Seat(sid)), _) => {
                interaction.sid.kin::<ChannelParticipantSid>(one.number) == sid
            }
            (Some(From::Task(sid)), Some(routing)) => routing.task == sid,
            (Some(From::Reservation(sid)), Some(routing)) => routing.reservation == sid,
            (Some(From::Task(_) | From::Reservation(_)), None) => false,
            (None, _) => one.kind == ParticipantKind::Agent,
        };
        let mut meant = interaction.participants.iter().filter(|one| !one.left).filter(is_meant);
        match (meant.next(), meant.next()) {
            (Some(seat), None) => Ok(seat),
            (Some(_), Some(_)) => Err(refused("from is needed where there are several agents")),
            (None, _) => Err(Code::NoSuchChannelParticipant.into()),
        }
    }

    /// Finds what is named. What goes to a worker or a queue is of the workflow of the first task, if none is named.
    async fn find(&self, call: &Call<'_>, first: &Task) -> Result<Found, ApiError> {
        let workspace = first.workspace;
        let target = match self.to {
            To::Worker(worker) => {
                let queue = self.queue.or(first.queue);
                let queue = queue.ok_or_else(|| refused("queue_sid must go with a worker"))?;
                TransferTarget::Worker(worker, queue)
            }
            To::Queue(queue) => TransferTarget::Queue(queue),
            To::Workflow(workflow) => TransferTarget::Workflow(workflow),
        };
        let workflow = match self.to {
            To::Workflow(workflow) => workflow,
            To::Worker(_) | To::Queue(_) => self.workflow.unwrap_or(first.workflow),
        };
        let workflow = key::workflow(workspace, workflow);
        let channel = key::task_channel(workspace, first.channel);
        let (worker, queue) = match target {
            TransferTarget::Worker(worker, queue) => (Some(worker), Some(queue)),
            TransferTarget::Queue(queue) => (None, Some(queue)),
            TransferTarget::Workflow(_) => (None, None),
        };
        let worker = worker.map(|it| key::worker(workspace, it));
        let queue = queue.map(|it| key::task_queue(workspace, it));
        let named = [workflow.clone(), channel.clone()];
        let keys: Vec<Key> = named.into_iter().chain(worker.clone()).chain(queue.clone()).collect();
        let mut found = call.on.store.get_all(&keys).await?;
        if !there::<Worker>(&mut found, worker.as_ref()) {
            return Err(refused("to names no worker of the workspace"));
        }
        if !there::<TaskQueue>(&mut found, queue.as_ref()) {
            return Err(refused("there is no such queue in the workspace"));
        }
        let workflow = take(&mut found, &workflow);
        let workflow =
            workflow.ok_or_else(|| refused("there is no such workflow in the workspace"))?;
        let channel = take(&mut found, &channel);
        let channel = channel.ok_or_else(|| refused("the task channel is not there any more"))?;
        Ok(Found { target, workflow, channel })
    }
}

impl From {
    fn read(text: &str) -> Result<Self, ApiError> {
        let named = read(text, Self::Seat).or_else(|| read(text, Self::Task));
        let named = named.or_else(|| read(text, Self::Reservation));
        named.ok_or_else(|| refused("from must be a participant, a task or a reservation"))
    }
}

impl To {
    fn read(text: &str) -> Result<Self, ApiError> {
        let named = read(text, Self::Worker).or_else(|| read(text, Self::Queue));
        let named = named.or_else(|| read(text, Self::Workflow));
        named.ok_or_else(|| refused("to must be a worker, a queue or a workflow"))
    }
}

/// Whether what is named is there.
fn there<T: Kept>(found: &mut BTreeMap<Key, Record>, key: Option<&Key>) -> bool {
    key.is_none_or(|key| take::<T>(found, key).is_some())
}

fn read<S: FromStr, T>(text: &str, wrap: impl Fn(S) -> T) -> Option<T> {
    text.parse().ok().map(wrap)
}

fn refused(why: &str) -> ApiError {
    ApiError::because(Code::TransferFailed, why)
}

/// The contact centre's instance: the account has one.
pub(crate) fn instance(call: &Call<'_>) -> InstanceSid {
    call.on.config.account_sid.twin()
}

fn render(call: &Call<'_>, interaction: &Interaction, one: &Transfer) -> Value {
    let sid: TransferSid = interaction.sid.kin(one.number);
    let from: ChannelParticipantSid = interaction.sid.kin(one.from);
    let channel = interaction.channel_sid();
    let path = format!("v1/Interactions/{}/Channels/{channel}/Transfers/{sid}", interaction.sid);
    json!({
        "sid": sid,
        "instance_sid": instance(call),
        "account_sid": call.on.config.account_sid,
        "interaction_sid": interaction.sid,
        "channel_sid": channel,
        "execution_sid": null,
        "type": one.kind.name(),
        "status": one.status.name(),
        "from": from,
        "to": one.to,
        "note_sid": one.note,
        "summary_sid": one.summary,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&path),
    })
}
