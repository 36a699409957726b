//! Opens interactions, issues their invites (each one task), seats agents and gives their seats up, and sees to it that no
//! conversation stays open with nobody responsible.
//!
//! Woken by: `invites.fifo`. Writes: interaction, conversation, task. Asks for: `task-assignment`,
//! `webhook-delivery`.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod means;

use std::collections::BTreeMap;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_domain::address::ChannelType;
use switchboard_domain::configuration::Flow;
use switchboard_domain::conversation::{Conversation, RemovedConversation};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::InviteRequest;
use switchboard_domain::flow::{FlowExecution, Handing, task_attributes};
use switchboard_domain::interaction::{Cause, InitiatedBy, Interaction, SeatRouting};
use switchboard_domain::message::Message;
use switchboard_domain::process::interaction::{self, Order, TaskEnd};
use switchboard_domain::process::saga::{self, Means};
use switchboard_domain::process::webchat::{led_to, with_guest};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{
    ConversationSid, FlowExecutionSid, InteractionSid, MessageSid, Sid as _,
};
use switchboard_domain::task::{Task, TaskStatus};
use switchboard_domain::workspace::{TaskChannel, Worker, Workflow};
use switchboard_runtime::queue::{body, each_message};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::{Kept, Key, key, take};

/// What it is started with. What fails comes again only when the message is visible again.
pub const NEEDS: Needs = Needs {
    patience: Patience::WORKER,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_INTERACTIONS",
        "TABLE_ROUTING",
        "TABLE_CONFIGURATION",
        "QUEUE_ROUTING",
        "QUEUE_WEBHOOKS",
        "QUEUE_TIMERS",
    ],
};

/// Handles a batch.
pub async fn handle(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    let on = &on.holding_effects();
    let handle = |message| async move { serve(on, &body(&message)?).await };
    let response = each_message(event, handle).await;
    on.release_effects().await;
    response
}

async fn serve(on: &Dependencies, request: &InviteRequest) -> Result<(), Failure> {
    on.decide(|| async {
        let decision = match request {
            InviteRequest::Open { .. } => open(on, request).await?,
            InviteRequest::Seat { .. } => seat(on, request).await?,
            InviteRequest::TaskEnded { .. } => ended(on, request).await?,
            InviteRequest::Rung { interaction, number } => rung(on, *interaction, *number).await?,
            InviteRequest::ConversationOver { interaction } => over(on, *interaction).await?,
        };
        Ok::<_, Failure>(((), decision))
    })
    .await
}

/// Takes a record that must be there; what is not there yet comes again.
fn must<T: Kept>(found: &mut BTreeMap<Key, Record>, key: &Key) -> Result<T, Failure> {
    take(found, key).ok_or_else(|| Failure::NotFound(key.pk.clone()))
}

/// The interaction, and its conversation unless that was removed: an interaction is made of a conversation that is there.
async fn both(
    on: &Dependencies,
    sid: InteractionSid,
) -> Result<(Interaction, Option<Conversation>), Failure> {
    let (interaction, conversation) = (key::interaction(sid), key::conversation(sid.twin()));
    let mut found = on.store.get_all(&[interaction.clone(), conversation.clone()]).await?;
    Ok((must(&mut found, &interaction)?, take(&mut found, &conversation)))
}

/// A task ended. What nobody is responsible for after that goes to the fallback, or waits; only then is more read.
async fn ended(on: &Dependencies, request: &InviteRequest) -> Result<Decision, Failure> {
    let InviteRequest::TaskEnded { interaction, task, status } = *request else {
        return Ok(Decision::unchanged());
    };
    let (interaction, conversation) = both(on, interaction).await?;
    let Some(conversation) = conversation else {
        return Ok(saga::ended_without_conversation(&interaction, task, on.now()));
    };
    let alone = status == TaskStatus::Canceled && interaction.is_left_alone_by(task);
    let (cause, means) = match alone {
        true => means::after(on, &interaction, &conversation, task).await?,
        false => (Cause::TaskEnded, Means::default()),
    };
    let end = TaskEnd { task, status, cause };
    on.answering(|answers| {
        interaction::task_ended(&interaction, &conversation, end, &means, answers, on.now())
    })
    .await
}

/// The customer wrote who was waited for.
async fn rung(on: &Dependencies, sid: InteractionSid, number: u32) -> Result<Decision, Failure> {
    let (interaction, conversation) = both(on, sid).await?;
    let rest = interaction.unattended.as_deref().filter(|it| it.number == number);
    let (Some(rest), Some(conversation)) = (rest, conversation) else {
        return Ok(Decision::unchanged());
    };
    let means = means::to_resume(on, &interaction, &conversation, rest).await?;
    on.answering(|answers| {
        saga::ring(&interaction, &conversation, number, &means, answers, on.now())
    })
    .await
}

/// The conversation is over. Without an interaction, which was to be opened when it ended, nothing else is.
async fn over(on: &Dependencies, sid: InteractionSid) -> Result<Decision, Failure> {
    let at = [key::interaction(sid), key::conversation(sid.twin())];
    let mut found = on.store.get_all(&at).await?;
    let Some(interaction) = take::<Interaction>(&mut found, &at[0]) else {
        return Ok(Decision::unchanged());
    };
    let conversation: Option<Conversation> = take(&mut found, &at[1]);
    let keys: Vec<Key> = interaction.open_tasks().map(key::task).collect();
    let mut found = on.store.get_all(&keys).await?;
    let tasks: Vec<Task> = keys.iter().filter_map(|key| take(&mut found, key)).collect();
    on.answering(|answers| {
        saga::over(&interaction, conversation.as_ref(), &tasks, answers, on.now())
    })
    .await
}

/// Opens the interaction that a flow asked for; it is there already if this is a copy.
async fn open(on: &Dependencies, request: &InviteRequest) -> Result<Decision, Failure> {
    let InviteRequest::Open { interaction: sid, conversation, flow, message, execution } = *request
    else {
        return Ok(Decision::unchanged());
    };
    let keys = [key::interaction(sid), key::conversation(conversation), key::flow(flow)];
    let mut found = on.store.get_all(&keys).await?;
    if take::<Interaction>(&mut found, &keys[0]).is_some() {
        return Ok(Decision::unchanged());
    }
    let Some(conversation) = take::<Conversation>(&mut found, &keys[1]) else {
        return gone(on, conversation).await;
    };
    let flow: Flow = must(&mut found, &keys[2])?;
    let begun = match execution {
        Some(execution) => Begun::Execution(execution),
        None => Begun::Webchat(&conversation, message),
    };
    let (handing, workflow, channel) = plan(on, &flow, begun).await?;
    let now = on.now();
    let workspace = workflow.workspace;
    let kind = channel_type(&conversation);
    let mut interaction =
        Interaction::new(&conversation, kind, InitiatedBy::Customer, workspace, now);
    let order = Order {
        workflow: &workflow,
        channel: &channel,
        attributes: with_guest(task_attributes(&handing, &conversation), &conversation),
        priority: handing.priority,
        timeout_seconds: handing.timeout_seconds,
        worker: None,
    };
    let task = interaction::invite(&mut interaction, &conversation, order, now)?;
    let announced = task.announcement();
    let rule =
        |answers: &_| interaction::written(None, interaction.clone(), &conversation, answers);
    let written = on.answering::<_, Failure>(rule).await?;
    Ok(written.and(task).asking(announced))
}

/// A conversation that was removed before its request was handled needs nothing; one that is not there yet comes again.
async fn gone(on: &Dependencies, sid: ConversationSid) -> Result<Decision, Failure> {
    let left = key::removed_conversation(sid);
    let mut found = on.store.get_all(std::slice::from_ref(&left)).await?;
    match take::<RemovedConversation>(&mut found, &left) {
        Some(_) => Ok(Decision::unchanged()),
        None => Err(Failure::NotFound(key::conversation(sid).pk)),
    }
}

/// A flow in the revision that handles conversations.
async fn live(on: &Dependencies, flow: &Flow) -> Result<Flow, Failure> {
    let Some(number) = flow.live_behind_a_draft() else { return Ok(flow.clone()) };
    let at = key::flow_revision(flow.sid, number);
    let mut found = on.store.get_all(std::slice::from_ref(&at)).await?;
    Ok(flow.clone().as_of(must(&mut found, &at)?))
}

/// What asks for an agent: an execution of a flow, or a webchat, whose guest wrote that message first.
enum Begun<'a> {
    Execution(FlowExecutionSid),
    Webchat(&'a Conversation, Option<MessageSid>),
}

/// What the flow hands over to.
async fn plan(
    on: &Dependencies,
    flow: &Flow,
    begun: Begun<'_>,
) -> Result<(Handing, Workflow, TaskChannel), Failure> {
    let nowhere = || Failure::Invalid(format!("the flow {} hands over to nobody", flow.sid));
    let (execution, straight): (Option<FlowExecution>, _) = match begun {
        Begun::Execution(execution) => (on.store.get(key::flow_execution(execution)).await?, None),
        Begun::Webchat(conversation, message) => {
            let message: Option<Message> = match message {
                Some(message) => on.store.get(key::message(message)).await?,
                None => None,
            };
            let live = live(on, flow).await?;
            (None, led_to(&live, conversation, message.as_ref(), on.now()))
        }
    };
    // A flow that ran within this one has its own routes.
    let within = execution.as_ref().and_then(|it| it.frames.last()).map(|frame| frame.flow);
    let within: Option<Flow> = match within.filter(|within| *within != flow.sid) {
        Some(within) => {
            let at = key::flow(within);
            take(&mut on.store.get_all(std::slice::from_ref(&at)).await?, &at)
        }
        None => None,
    };
    let flow = within.as_ref().unwrap_or(flow);
    let handing = execution.and_then(|it| it.handing).or(straight).ok_or_else(nowhere)?;
    let route = flow.route_to(handing.workflow, &handing.channel).ok_or_else(nowhere)?;
    let workflow = key::workflow(route.workspace, route.workflow);
    let channel = key::task_channel(route.workspace, route.channel);
    let mut found = on.store.get_all(&[workflow.clone(), channel.clone()]).await?;
    Ok((handing, must(&mut found, &workflow)?, must(&mut found, &channel)?))
}

/// The channel that the customer writes on.
fn channel_type(conversation: &Conversation) -> ChannelType {
    if conversation.webchat.is_some() {
        return ChannelType::Web;
    }
    let pair = conversation.contact();
    pair.map_or(ChannelType::Chat, |pair| pair.address.channel())
}

async fn seat(on: &Dependencies, request: &InviteRequest) -> Result<Decision, Failure> {
    let InviteRequest::Seat { interaction, task, reservation, worker, workspace } = *request else {
        return Ok(Decision::unchanged());
    };
    let keys = [
        key::interaction(interaction),
        key::conversation(interaction.twin()),
        key::worker(workspace, worker),
    ];
    let mut found = on.store.get_all(&keys).await?;
    let interaction: Interaction = must(&mut found, &keys[0])?;
    let Some(conversation) = take::<Conversation>(&mut found, &keys[1]) else {
        return Ok(Decision::unchanged());
    };
    let who: Worker = must(&mut found, &keys[2])?;
    let first: Option<Task> = match interaction.handed_on(task) {
        Some(first) => {
            let first = key::task(first);
            take(&mut on.store.get_all(std::slice::from_ref(&first)).await?, &first)
        }
        None => None,
    };
    let routing = SeatRouting { task, reservation, worker };
    on.answering(|answers| {
        let (routing, who) = (routing.clone(), (&who, first.as_ref()));
        interaction::seat(&interaction, &conversation, routing, who, answers, on.now())
    })
    .await
}
