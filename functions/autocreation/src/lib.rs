//! Appends a customer's message to the open conversation of its address pair, or opens one and starts its
//! handler. Obeys STOP, START and HELP in the same write. Follows a carrier's notice that a customer has other names.
//!
//! Woken by: `inbound.fifo`. Writes: conversation, address binding, message, renaming, consent, flow execution. Asks for:
//! `interaction-invite`, `outbound-message`, `webhook-delivery`, `media-copy`. Calls customers' endpoints, which are asked beforehand.
//!
//! An endpoint may take five seconds, and a batch may have ten messages of one pair. So pairs do not wait for each other,
//! and when there is no time left to ask about another message, it and those behind it come again at once, in order.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod keyword;
mod names;
mod target;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{Arrival, InboundMessage};
use switchboard_domain::configuration::{
    AddressConfiguration, ConversationConfiguration, Flow, Handler,
};
use switchboard_domain::conversation::{Conversation, Lengths, Pair, Target, default_service_sid};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::QueueName;
use switchboard_domain::flow::{FlowExecution, Programs};
use switchboard_domain::message::Message;
use switchboard_domain::process::autocreation::{self, InboundOutcome, Situation};
use switchboard_domain::process::consent::obey;
use switchboard_domain::process::flow::Handling;
use switchboard_domain::sender::OwnSender;
use switchboard_domain::sid::{FlowSid, MessagingServiceSid, ServiceSid};
use switchboard_domain::timestamp::Millis;
use switchboard_runtime::queue::{Next, body, each_group_or_later};
use switchboard_runtime::{
    Beforehand, Dependencies, Failure, Needs, Patience, own_sender_in, own_sender_key,
};
use switchboard_store::{key, take};

/// What it is started with. What fails comes again only when the message is visible again.
pub const NEEDS: Needs = Needs {
    patience: Patience::WORKER,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_INBOUND",
        "QUEUE_INVITES",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "QUEUE_MEDIA",
        "AUTH_TOKEN",
    ],
};

/// Handles a batch.
pub async fn handle(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    let on = &on.holding_effects();
    let handle = |message| async move { arrive(on, &body(&message)?).await };
    let response = each_group_or_later(&on.queues, QueueName::Inbound, event, handle).await;
    on.release_effects().await;
    response
}

async fn arrive(on: &Dependencies, arrival: &Arrival) -> Result<Next, Failure> {
    match arrival {
        Arrival::Message(inbound) => {
            let beforehand = Beforehand::of_message(inbound.sid());
            match Box::pin(receive(on, inbound, &beforehand)).await {
                Err(failure) if beforehand.is_put_off() => {
                    tracing::info!(message.sid = %inbound.sid(), "put off: {failure}");
                    Ok(Next::Later(Millis(0)))
                }
                received => received.map(|()| Next::Done),
            }
        }
        Arrival::Identity(change) => Box::pin(names::follow(on, change)).await.map(|()| Next::Done),
        Arrival::Unreadable(unreadable) => Err(Failure::Invalid(format!(
            "a webhook of {} that cannot be read: {}",
            unreadable.carrier.name(),
            unreadable.unreadable
        ))),
    }
}

async fn receive(
    on: &Dependencies,
    inbound: &InboundMessage,
    beforehand: &Beforehand,
) -> Result<(), Failure> {
    let mut is_again = false;
    let outcome = on
        .decide(|| {
            // Whether the message was written before, the condition of its own write tells: it is looked up
            // only after a write that failed.
            let is_again = std::mem::replace(&mut is_again, true);
            decide(on, inbound, beforehand, is_again)
        })
        .await?;
    match outcome {
        None => tracing::info!(message.sid = %inbound.sid(), "delivered again"),
        Some(InboundOutcome::Heard(sid)) => {
            tracing::info!(conversation.sid = %sid, "the group has it already");
        }
        Some(InboundOutcome::HeardElsewhere) => {
            tracing::info!(message.sid = %inbound.sid(), "comes to another number of the group");
        }
        Some(InboundOutcome::Appended(sid)) => tracing::info!(conversation.sid = %sid, "appended"),
        Some(InboundOutcome::Opened(sid)) => tracing::info!(conversation.sid = %sid, "opened"),
        Some(InboundOutcome::Unrouted) => {
            tracing::warn!(message.sid = %inbound.sid(), "unrouted: no address configuration");
        }
        Some(InboundOutcome::Refused(refusal)) => {
            let code = refusal.code().number();
            tracing::warn!(message.sid = %inbound.sid(), code, "unrouted: {refusal}");
        }
    }
    Ok(())
}

/// Reads and decides; no outcome means that the message was written before.
async fn decide(
    on: &Dependencies,
    inbound: &InboundMessage,
    beforehand: &Beforehand,
    is_again: bool,
) -> Result<(Option<InboundOutcome>, Decision), Failure> {
    if is_again && let Some(known) = on.store.get::<Message>(key::message(inbound.sid())).await? {
        return match known.can_be(inbound) {
            true => Ok((None, Decision::unchanged())),
            false => Err(Failure::Invalid("another customer's message has this identifier".into())),
        };
    }
    let known = load(on, inbound).await?;
    let situation = Situation {
        names: &known.names,
        bound: known.bound.as_ref(),
        target: known.target.as_ref(),
        address: known.address.as_ref(),
        flow: known.flow.as_ref().map(|flow| Handling {
            flow: flow.flow,
            revision: flow.revision,
            programs: &flow.programs,
            execution: flow.execution.as_ref(),
        }),
        default_service: known.default_service,
        own: known.own.as_ref(),
        messaging_service: known.messaging_service,
        timers: known.timers,
    };
    let listener = keyword::listener(on, inbound, &known).await?;
    let rule = |answers: &_| {
        let now = on.now();
        let (outcome, decision) = autocreation::receive(inbound, situation, answers, now)?;
        let obeyed = listener.as_ref().map(|to| obey(inbound, to, now));
        Ok((outcome, decision.with(obeyed.unwrap_or_default())))
    };
    let (outcome, decision) = on.answering_for::<_, Failure>(beforehand, rule).await?;
    Ok((Some(outcome), decision))
}

/// What is known when a message arrives.
struct Known {
    names: Vec<Address>,
    bound: Option<Conversation>,
    target: Option<Message>,
    address: Option<AddressConfiguration>,
    flow: Option<Handles>,
    default_service: ServiceSid,
    own: Option<OwnSender>,
    messaging_service: Option<MessagingServiceSid>,
    timers: Lengths,
}

/// The flow that handles what comes, as it was read.
struct Handles {
    flow: FlowSid,
    revision: u32,
    programs: Programs,
    execution: Option<FlowExecution>,
}

/// The flow of an open conversation, unless an agent has it: what it runs, or what the next message begins.
async fn of_bound(on: &Dependencies, bound: &Conversation) -> Result<Option<Handles>, Failure> {
    let target = bound.webhooks.iter().find_map(|one| match one.target {
        Target::Studio { flow, execution } => Some((flow, execution)),
        Target::Webhook { .. } | Target::Trigger { .. } => None,
    });
    let Some((flow, execution)) = target.filter(|_| bound.interaction.is_none()) else {
        return Ok(None);
    };
    let execution: Option<FlowExecution> = match execution {
        Some(execution) => on.store.get(key::flow_execution(execution)).await?,
        None => None,
    };
    if let Some(runs) = execution.as_ref().filter(|it| it.is_active()) {
        let (flow, revision) = (runs.flow, runs.revision);
        let programs = on.programs(flow, revision).await?;
        return Ok(Some(Handles { flow, revision, programs, execution }));
    }
    let Some(known) = on.store.get::<Flow>(key::flow(flow)).await? else { return Ok(None) };
    let published = on.published(&known).await?;
    Ok(published.map(|(revision, programs)| Handles { flow, revision, programs, execution }))
}

/// Reads what the rule needs.
async fn load(on: &Dependencies, inbound: &InboundMessage) -> Result<Known, Failure> {
    if Pair::new(inbound.from.clone(), inbound.to.clone()).is_err() {
        return unbound(on, inbound, Vec::new()).await;
    }
    let found = match inbound.group() {
        Some(all) => names::open_group(on, &all).await?,
        None => names::open(on, &inbound.to, autocreation::names(inbound)).await?,
    };
    let Some(bound) = found.open else {
        return unbound(on, inbound, found.names).await;
    };
    let target = target::of(on, inbound, &bound).await?;
    let flow = of_bound(on, &bound).await?;
    let default_service = default_service_sid(on.config.account_sid);
    Ok(Known {
        names: found.names,
        bound: Some(bound),
        target,
        address: None,
        flow,
        default_service,
        own: None,
        messaging_service: None,
        timers: Lengths::default(),
    })
}

/// What is to become of a pair that has no open conversation: its address' configuration, and the flow that
/// this names.
async fn unbound(
    on: &Dependencies,
    inbound: &InboundMessage,
    names: Vec<Address>,
) -> Result<Known, Failure> {
    let address = key::address_configuration_of(&inbound.to);
    let own = own_sender_key(&inbound.to);
    let settings = key::conversation_configuration();
    let keys = [&address, &own, &settings].map(Clone::clone);
    let mut found = on.store.get_all(&keys).await?;
    let settings: ConversationConfiguration = take(&mut found, &settings).unwrap_or_default();
    let defaults = settings.defaults();
    let own = found.remove(&own).as_ref().and_then(own_sender_in);
    let address: Option<AddressConfiguration> = take(&mut found, &address);
    let flow: Option<Flow> = match address.as_ref().map(|it| &it.handler) {
        Some(Handler::Studio { flow, .. }) => on.store.get(key::flow(*flow)).await?,
        _ => None,
    };
    let published = match &flow {
        Some(flow) => on.published(flow).await?,
        None => None,
    };
    let flow = flow.zip(published).map(|(flow, (revision, programs))| Handles {
        flow: flow.sid,
        revision,
        programs,
        execution: None,
    });
    Ok(Known {
        names,
        bound: None,
        target: None,
        address,
        flow,
        default_service: settings
            .default_service
            .unwrap_or_else(|| default_service_sid(on.config.account_sid)),
        messaging_service: own
            .as_ref()
            .and_then(|own| own.messaging_service)
            .or(defaults.messaging_service),
        own,
        timers: defaults.timers,
    })
}
