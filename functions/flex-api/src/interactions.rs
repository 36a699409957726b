//! Interactions: created for a conversation that exists, or with one of their own (rule C.2).

use serde_json::{Value, json};
use switchboard_domain::address::{Address, ChannelType};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{
    Conversation, Details, NewParticipant, Pair, Source, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::interaction::{ChannelStatus, InitiatedBy, Interaction, Told};
use switchboard_domain::message::Post;
use switchboard_domain::process::conversation::{Command, decide_all};
use switchboard_domain::process::interaction;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{ConversationSid, InteractionContextSid, RequestSid, Sid as _};
use switchboard_domain::task::Task;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::first::First;
use crate::load::{self, TaskNames};
use crate::order::{Resolved, Routing, bad, text};
use crate::{snapshot, webhooks};

/// The `Channel` parameter.
struct Channel {
    kind: ChannelType,
    initiated_by: InitiatedBy,
    conversation: Option<ConversationSid>,
    participants: Vec<NewParticipant>,
    first: Option<First>,
}

/// What else an interaction is to have.
struct Besides {
    webhook_ttid: Option<String>,
    context: Option<InteractionContextSid>,
    post: Option<Post>,
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
    let post = match &channel.first {
        Some(first) => Some(first.post(call).await?),
        None => None,
    };
    let webhook_ttid = named_webhook(call).await?;
    let context = call.form.sid("InteractionContextSid")?;
    let besides = Besides { webhook_ttid, context, post };
    let minted: ConversationSid = call.on.mint();
    let opened =
        call.decide(|| open(call, &channel, (&routing, &resolved), &besides, minted)).await;
    let (interaction, task) = match opened {
        Ok(opened) => opened,
        Err(error) => {
            told_of_failure(call, &channel, &besides, minted, &error).await;
            return Err(error);
        }
    };
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
    (routing, resolved): (&Routing, &Resolved),
    besides: &Besides,
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
    commands.extend(besides.post.clone().map(Command::Post));
    let rule = |answers: &_| {
        let commands = commands.clone();
        let change = decide_all(&before, commands, Source::Interaction, answers, call.now)?;
        let conversation = &change.conversation;
        let by_customer = channel.initiated_by == InitiatedBy::Customer;
        if conversation.participants.is_empty() && by_customer {
            return Err(Refusal::NoCustomer.into());
        }
        let workspace = resolved.workflow.workspace;
        let (kind, by) = (channel.kind, channel.initiated_by);
        let mut interaction = Interaction::new(conversation, kind, by, workspace, call.now);
        interaction.webhook_ttid.clone_from(&besides.webhook_ttid);
        interaction.context = besides.context;
        let order = routing.order(resolved);
        let task = interaction::invite(&mut interaction, conversation, order, call.now)?;
        let written = interaction::written(None, interaction.clone(), conversation, answers)?;
        let announced = task.announcement();
        let decision = written.with(change.into()).and(task.clone()).asking(announced);
        Ok(((interaction, Some(task)), decision))
    };
    call.on.answering::<_, ApiError>(rule).await
}

/// The webhook that the request names, which hears of the interaction.
async fn named_webhook(call: &Call<'_>) -> Result<Option<String>, ApiError> {
    let Some(ttid) = call.form.given("WebhookTtid") else { return Ok(None) };
    match webhooks::is_nameable(call, ttid).await? {
        true => Ok(Some(ttid.to_owned())),
        false => Err(bad("WebhookTtid names no webhook of the type interaction")),
    }
}

/// Tells whoever hears of interactions that there is no channel. Nothing is written that could carry this, so it goes by the quick
/// road alone, once.
async fn told_of_failure(
    call: &Call<'_>,
    channel: &Channel,
    besides: &Besides,
    minted: ConversationSid,
    error: &ApiError,
) {
    let Ok(settings) = call.on.store.get(key::conversation_configuration()).await else { return };
    let settings: ConversationConfiguration = settings.unwrap_or_default();
    let sid = channel.conversation.unwrap_or(minted);
    let listening = settings.listening(default_service_sid(call.on.config.account_sid));
    let told = Told::failed(error.code, &error.message);
    let about = (sid.twin(), channel.kind, besides.webhook_ttid.as_deref());
    let id = call.on.mint::<RequestSid>();
    let calls = interaction::calls_about(about, &told, listening).into_iter().enumerate();
    let calls: Vec<_> = calls.map(|(place, effect)| (format!("{id}-{place}"), effect)).collect();
    call.on.queues.send_effects(&calls, call.now).await;
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
        let participants = participants?;
        fit(kind, &participants)?;
        let first = value.get("message").filter(|it| !it.is_null());
        let first = first.map(|first| First::read(first, initiated_by, kind)).transpose()?;
        let channel = Self { kind, initiated_by, conversation, participants, first };
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

/// Who is on a channel of messages has addresses, and who is in a chat an identity (rule C.2: else 45351); others may be beside them.
fn fit(kind: ChannelType, participants: &[NewParticipant]) -> Result<(), ApiError> {
    let fits = |one: &NewParticipant| match kind {
        ChannelType::Chat | ChannelType::Web => one.identity.is_some(),
        _ => one.pair.is_some(),
    };
    if participants.is_empty() || participants.iter().any(fits) {
        return Ok(());
    }
    let why = "no participant is on the channel: chats have identities, others addresses";
    Err(ApiError::because(Code::InvalidChannelParticipant, why))
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

/// `POST /v1/Interactions/{KD}`: which webhook hears of it can be changed, and nothing else (rule C.2). An empty one takes it away.
pub(crate) async fn update(call: &Call<'_>, kd: &str) -> Answer {
    load::interaction(call, kd).await?;
    let is_given = call.form.has("WebhookTtid");
    let ttid = named_webhook(call).await?;
    let interaction = call
        .decide(|| async {
            let before = load::interaction(call, kd).await?;
            let mut after = before.clone();
            if is_given {
                after.webhook_ttid.clone_from(&ttid);
            }
            if after == before {
                return Ok::<_, ApiError>((after, Decision::unchanged()));
            }
            after.updated = call.now;
            Ok((after.clone(), Decision::put(after)))
        })
        .await?;
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
        "interaction_context_sid": interaction.context,
        "webhook_ttid": interaction.webhook_ttid,
        "links": { "channels": format!("{url}/Channels") },
        "url": url,
    })
}
