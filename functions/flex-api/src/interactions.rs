//! Interactions: created for a conversation that exists, or with one of their own (rule C.2).

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{
    Conversation, Details, NewParticipant, Pair, Source, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::interaction::{ChannelStatus, InitiatedBy, Interaction};
use switchboard_domain::process::conversation::{Command, ConversationChange, decide_all};
use switchboard_domain::process::interaction;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{ConversationSid, Sid as _};
use switchboard_domain::task::Task;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::load::{self, TaskNames};
use crate::order::{Resolved, Routing, bad, text};
use crate::snapshot;

/// The `Channel` parameter.
struct Channel {
    kind: ChannelType,
    initiated_by: InitiatedBy,
    conversation: Option<ConversationSid>,
    participants: Vec<NewParticipant>,
}

/// `POST /v1/Interactions`.
pub(crate) async fn create(call: &Call<'_>) -> Answer {
    let channel = call
        .form
        .json("Channel")?
        .ok_or_else(|| bad("Missing required parameter Channel in the post body"))?;
    let channel = Channel::read(&channel)?;
    let routing = call
        .form
        .json("Routing")?
        .ok_or_else(|| bad("Missing required parameter Routing in the post body"))?;
    let routing = Routing::read(&routing)?;
    if channel.initiated_by == InitiatedBy::Agent && routing.worker.is_none() {
        return Err(bad("Routing.properties.queue_sid and worker_sid are required of an agent"));
    }
    let workspace = routing.workspace(None)?;
    let resolved = routing.resolve(call, workspace, channel.kind).await?;
    let minted: ConversationSid = call.on.mint();
    let (interaction, task) =
        call.decide(|| open(call, &channel, &routing, &resolved, minted)).await?;
    let names = match &task {
        Some(task) => load::names(call, task).await?,
        None => TaskNames::default(),
    };
    Ok(Reply::ok(render(call, &interaction, task.as_ref().map(|task| (task, &names)))))
}

/// Opens the interaction; for a conversation that has an open one already, answers that one: a request that is
/// sent again, or several that race, open one channel (rule A.7).
async fn open(
    call: &Call<'_>,
    channel: &Channel,
    routing: &Routing,
    resolved: &Resolved,
    minted: ConversationSid,
) -> Result<((Interaction, Option<Task>), Decision), ApiError> {
    let sid = channel.conversation.unwrap_or(minted);
    let existing: Option<Interaction> = call.on.store.get(key::interaction(sid.twin())).await?;
    if let Some(existing) = existing {
        if existing.status == ChannelStatus::Closed {
            return Err(Refusal::ChannelClosed.into());
        }
        let last = existing.invites.last().map(|invite| invite.task);
        let task = load::tasks(call, last.into_iter()).await?.pop();
        return Ok(((existing, task), Decision::unchanged()));
    }
    let (before, mut commands) = match channel.conversation {
        Some(sid) => (existing_conversation(call, sid).await?, Vec::new()),
        None => new_conversation(call, channel, minted).await?,
    };
    if before.must_be_open().is_err() {
        return Err(Refusal::ChannelClosed.into());
    }
    commands.push(Command::Link(before.sid.twin()));
    let change: ConversationChange = call
        .on
        .answering::<_, ApiError>(|answers| {
            decide_all(&before, commands.clone(), Source::Interaction, answers, call.now)
        })
        .await?;
    let conversation = &change.conversation;
    if conversation.participants.is_empty() && channel.initiated_by == InitiatedBy::Customer {
        return Err(Refusal::NoCustomer.into());
    }
    let (kind, initiated_by) = (channel.kind, channel.initiated_by);
    let workspace = resolved.workflow.workspace;
    let mut interaction = Interaction::new(conversation, kind, initiated_by, workspace, call.now);
    let order = routing.order(resolved);
    let task = interaction::invite(&mut interaction, conversation, order, call.now)?;
    let announced = task.announcement();
    let decision =
        Decision::put(interaction.clone()).with(change.into()).and(task.clone()).asking(announced);
    Ok(((interaction, Some(task)), decision))
}

async fn existing_conversation(
    call: &Call<'_>,
    sid: ConversationSid,
) -> Result<Conversation, ApiError> {
    let found: Option<Conversation> = call.on.store.get(key::conversation(sid)).await?;
    found.ok_or_else(|| bad("Channel.properties.media_channel_sid names no conversation"))
}

/// A conversation of its own for the interaction, and how the participants of the request come into it.
async fn new_conversation(
    call: &Call<'_>,
    channel: &Channel,
    sid: ConversationSid,
) -> Result<(Conversation, Vec<Command>), ApiError> {
    let settings = call.on.store.get(key::conversation_configuration()).await?;
    let settings: ConversationConfiguration = settings.unwrap_or_default();
    let service = settings.default_service;
    let service = service.unwrap_or_else(|| default_service_sid(call.on.config.account_sid));
    let new = Conversation::new(sid, service, settings.defaults(), call.now);
    let joining = channel.participants.iter().cloned().map(Command::Join);
    let commands = [Command::Create(Details::default())].into_iter().chain(joining);
    Ok((new, commands.collect()))
}

impl Channel {
    fn read(value: &Value) -> Result<Self, ApiError> {
        let kind = text(value, "type")?.and_then(|kind| ChannelType::parse(&kind));
        let kind = kind.ok_or_else(|| bad("Channel.type is missing or unknown"))?;
        let initiated_by = text(value, "initiated_by")?.and_then(|text| text.parse().ok());
        let initiated_by: InitiatedBy = initiated_by
            .ok_or_else(|| bad("Channel.initiated_by must be customer, agent or api"))?;
        let properties = value.get("properties").cloned().unwrap_or_default();
        let conversation = text(&properties, "media_channel_sid")?;
        let wrong = |_| bad("Channel.properties.media_channel_sid is not a conversation's CH sid");
        let conversation = conversation.map(|sid| sid.parse().map_err(wrong)).transpose()?;
        let participants = value.get("participants").and_then(Value::as_array);
        let participants: Result<Vec<_>, _> =
            participants.into_iter().flatten().map(participant).collect();
        let channel = Self { kind, initiated_by, conversation, participants: participants? };
        match initiated_by {
            InitiatedBy::Customer if channel.conversation.is_none() => {
                Err(bad("Missing required parameter Channel.properties.media_channel_sid"))
            }
            InitiatedBy::Agent if channel.participants.is_empty() => {
                Err(bad("Missing required parameter Channel.participants"))
            }
            InitiatedBy::Customer | InitiatedBy::Agent | InitiatedBy::Api => Ok(channel),
        }
    }
}

/// A participant has exactly one of an identity and an address pair (rule C.2: else 45351).
pub(crate) fn participant(value: &Value) -> Result<NewParticipant, ApiError> {
    let wrong = |why: &str| ApiError::because(Code::InvalidChannelParticipant, why);
    let address = |name: &str| -> Result<Option<Address>, ApiError> {
        let parsed = text(value, name)?.map(|text| text.parse());
        parsed.transpose().map_err(|_| wrong(&format!("{name} is not a valid address")))
    };
    let identity = text(value, "identity")?;
    let pair = match (address("address")?, address("proxy_address")?) {
        (Some(address), Some(proxy)) => Some(Pair::new(address, proxy)?),
        (None, None) => None,
        _ => return Err(wrong("address and proxy_address go together")),
    };
    Ok(match (identity, pair) {
        (Some(identity), None) => NewParticipant::known_as(identity),
        (None, Some(pair)) => NewParticipant::at(pair),
        _ => return Err(wrong("give either identity, or address and proxy_address")),
    })
}

/// `GET /v1/Interactions/{KD}`.
pub(crate) async fn fetch(call: &Call<'_>, kd: &str) -> Answer {
    let interaction = load::interaction(call, kd).await?;
    answer(call, &interaction).await
}

/// `POST /v1/Interactions/{KD}`: only its webhooks could be changed (rule C.2), and there are none of interactions.
pub(crate) async fn update(call: &Call<'_>, kd: &str) -> Answer {
    let interaction = load::interaction(call, kd).await?;
    call.nothing_else()?;
    answer(call, &interaction).await
}

async fn answer(call: &Call<'_>, interaction: &Interaction) -> Answer {
    let last = interaction.invites.last().map(|invite| invite.task);
    let task = load::tasks(call, last.into_iter()).await?.pop();
    let names = match &task {
        Some(task) => load::names(call, task).await?,
        None => TaskNames::default(),
    };
    Ok(Reply::ok(render(call, interaction, task.as_ref().map(|task| (task, &names)))))
}

fn render(call: &Call<'_>, interaction: &Interaction, task: Option<(&Task, &TaskNames)>) -> Value {
    let url = call.url(&format!("v1/Interactions/{}", interaction.sid));
    json!({
        "sid": interaction.sid,
        "channel": {
            "type": interaction.channel_type.name(),
            "sid": interaction.channel_sid(),
        },
        "routing": task.map(|(task, names)| snapshot::routing(call, task, names)),
        "interaction_context_sid": null,
        "webhook_ttid": interaction.webhook_ttid,
        "links": { "channels": format!("{url}/Channels") },
        "url": url,
    })
}
