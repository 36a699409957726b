//! Appends a customer's message to the open conversation of its address pair, or opens one and starts its
//! handler.
//!
//! Woken by: `inbound.fifo`. Writes: conversation, address binding, message. Asks for:
//! `interaction-invite`, `outbound-message`, `webhook-delivery`.
#![forbid(unsafe_code)]

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_domain::autocreation::{self, Outcome, Situation};
use switchboard_domain::carriage::InboundMessage;
use switchboard_domain::configuration::{
    AddressConfiguration, ConversationConfiguration, Flow, Handler, PhoneNumber,
};
use switchboard_domain::conversation::{
    AddressBinding, Conversation, Pair, State, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{MessagingServiceSid, ServiceSid};
use switchboard_runtime::queue::{body, each_message};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{key, take};

/// So often is read again what changed while it was read.
const READS_MAX: usize = 5;

/// Handles a batch.
pub async fn handle(on: &Dependencies, event: SqsEvent) -> SqsBatchResponse {
    each_message(event, |message| async move { receive(on, &body(&message)?).await }).await
}

async fn receive(on: &Dependencies, inbound: &InboundMessage) -> Result<(), Failure> {
    let outcome = on
        .decide(|| async {
            let known = load(on, inbound).await?;
            if known.written {
                return Ok::<_, Failure>((None, Decision::unchanged()));
            }
            let situation = Situation {
                bound: known.bound.as_ref(),
                address: known.address.as_ref(),
                flow: known.flow.as_ref().map(|flow| flow.definition.as_str()),
                default_service: known.default_service,
                messaging_service: known.messaging_service,
            };
            let (outcome, decision) = autocreation::receive(inbound, situation, on.now())?;
            Ok((Some(outcome), decision))
        })
        .await?;
    match outcome {
        None => tracing::info!(message.sid = %inbound.sid(), "delivered again"),
        Some(Outcome::Appended(sid)) => tracing::info!(conversation.sid = %sid, "appended"),
        Some(Outcome::Opened(sid)) => tracing::info!(conversation.sid = %sid, "opened"),
        Some(Outcome::Unrouted) => {
            tracing::warn!(message.sid = %inbound.sid(), "unrouted: no address configuration");
        }
    }
    Ok(())
}

/// What is known when a message arrives.
struct Known {
    written: bool,
    bound: Option<Conversation>,
    address: Option<AddressConfiguration>,
    flow: Option<Flow>,
    default_service: ServiceSid,
    messaging_service: Option<MessagingServiceSid>,
}

/// Reads what the rule needs. A conversation that was closed between the read of its binding and its own is
/// no refusal: the pair is free by then, so everything is read again.
async fn load(on: &Dependencies, inbound: &InboundMessage) -> Result<Known, Failure> {
    for _ in 0..READS_MAX {
        let known = read(on, inbound).await?;
        if known.bound.as_ref().is_none_or(|bound| bound.state != State::Closed) {
            return Ok(known);
        }
    }
    Err(Failure::Unavailable("a pair whose conversation is closed again and again".to_owned()))
}

/// One batch, and the conversation or the flow that it names.
async fn read(on: &Dependencies, inbound: &InboundMessage) -> Result<Known, Failure> {
    let pair = Pair::new(inbound.from.clone(), inbound.to.clone())?;
    let binding = key::binding(&pair);
    let message = key::message(inbound.sid());
    let address = key::address_configuration_of(&inbound.to);
    let number = key::phone_number_of(&inbound.to);
    let settings = key::conversation_configuration();
    let keys = [&binding, &message, &address, &number, &settings].map(Clone::clone);
    let mut found = on.store.get_all(&keys).await?;
    let settings: ConversationConfiguration = take(&mut found, &settings).unwrap_or_default();
    let number: Option<PhoneNumber> = take(&mut found, &number);
    let mut known = Known {
        written: take::<Message>(&mut found, &message).is_some(),
        bound: None,
        address: take(&mut found, &address),
        flow: None,
        default_service: settings
            .default_service
            .unwrap_or_else(|| default_service_sid(on.config.account_sid)),
        messaging_service: number
            .and_then(|number| number.messaging_service)
            .or(settings.default_messaging_service),
    };
    match take::<AddressBinding>(&mut found, &binding) {
        _ if known.written => {}
        Some(bound) => {
            let conversation = on.store.get(key::conversation(bound.conversation)).await?;
            // Closing removes the binding in the same transaction, so this is a read in between.
            let missing = || Failure::Unavailable("a binding without its conversation".to_owned());
            known.bound = Some(conversation.ok_or_else(missing)?);
        }
        None => {
            if let Some(Handler::Studio { flow, .. }) = known.address.as_ref().map(|it| &it.handler)
            {
                let flow: Option<Flow> = on.store.get(key::flow(*flow)).await?;
                known.flow = flow.filter(|flow| flow.published);
            }
        }
    }
    Ok(known)
}
