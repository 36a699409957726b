//! Hands one participant's copy of a message to its carrier, once.
//!
//! Woken by: `outbound.fifo`. Writes: message, spend. Asks for: `webhook-delivery`.
//!
//! The only call that leaves the system before it is recorded, hence: lease, call, record. A process that finds a
//! lease that was never resolved asks the carrier first, and sends again only if it surely does not have the
//! message. A carrier that is down is tried again with growing pauses; meanwhile the pair's later messages
//! wait behind, so their order is kept. What waits for longer than it is valid is not handed over any more.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod merge;
mod sender;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use switchboard_carriers::Lookup;
use switchboard_connections::{By, Connections};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{
    CarrierName, DeliveryStatus, Media, OutboundMessage, Price, SendOutcome,
};
use switchboard_domain::consent::OPTED_OUT;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{QueueName, SendRequest};
use switchboard_domain::media::{HANDED_OUT, MediaState};
use switchboard_domain::message::{
    Begin, CopyOf, Delivery, EXPIRED, Expense, GAVE_UP, Message, OVER_CAP, OverCap,
};
use switchboard_domain::template::HandedOver;
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_runtime::queue::{Next, body, each_group_or_later};
use switchboard_runtime::{Dependencies, Failure, Needs, Patience};
use switchboard_store::{StoreError, key};

use self::merge::{Company, begun, company};
use self::sender::Sender;

/// How long to wait before asking a carrier again that could not tell.
const ASK_AGAIN: Millis = Millis::seconds(30);

/// What it is started with. There is time: its invocations have half a minute or more.
pub const NEEDS: Needs = Needs {
    patience: Patience::LONG,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_OUTBOUND",
        "QUEUE_WEBHOOKS",
        "PUBLIC_URL",
        "MEDIA_URL",
        "AUTH_TOKEN",
        "CARRIERS",
        "SECRETS_KEY",
        "RATE_CARDS",
        "SPEND_CAPS",
    ],
};

/// Handles a batch.
pub async fn handle(
    on: &Dependencies,
    connections: &Connections,
    event: SqsEvent,
) -> SqsBatchResponse {
    each_group_or_later(&on.queues, QueueName::Outbound, event, |message| async move {
        deliver(on, connections, &body(&message)?).await
    })
    .await
}

async fn deliver(
    on: &Dependencies,
    connections: &Connections,
    request: &SendRequest,
) -> Result<Next, Failure> {
    let stored = load(on, request).await?;
    let sender = Sender::of(on, &stored, request.delivery).await?;
    let mut message = sender.tells(stored);
    let work = Work { request, sender };
    let Some(delivery) = message.delivery(request.delivery) else {
        return Err(Failure::Invalid("no such delivery".to_owned()));
    };
    let now = on.now();
    let begin = delivery.begin(now);
    if begin == Begin::Done {
        return Ok(Next::Done);
    }
    if message.expire(request.delivery, now).is_some() {
        return expire(on, &work, message).await;
    }
    let others = match company(on, connections, request, &message).await? {
        Company::Next(next) => return Ok(next),
        Company::Takes(others) => others,
    };
    let by = way(on, connections, (delivery, &work.sender)).await?;
    let outgoing = outgoing(on, (&message, &others), delivery, connections.carrier_of(&by), now);
    let outcome = match begin {
        Begin::Done => return Ok(Next::Done),
        Begin::Wait { until } => return Ok(Next::Later(until - now)),
        Begin::AskFirst { since } => match ask(connections, &by, &outgoing, since, now).await {
            Some(outcome) => outcome,
            None => return Ok(Next::Later(ASK_AGAIN)),
        },
        Begin::Send => {
            match taken(on, &work, (&message, &others), now).await? {
                // Written in between, by whoever copies a file, or sends: it is looked at anew, at once.
                Ok(None) => return Ok(Next::Later(Millis(0))),
                Ok(Some(leased)) => {
                    message = leased;
                    match refused(on, &message, request.delivery).await {
                        Some(refused) => refused,
                        None => connections.send(&by, &outgoing).await,
                    }
                }
                Err(over) => {
                    SendOutcome::Rejected { error_code: OVER_CAP, reason: over.to_string() }
                }
            }
        }
    };
    record(on, &work, message, &outcome).await
}

/// A copy that is to be handed over, and what is known of who sends it.
struct Work<'a> {
    request: &'a SendRequest,
    sender: Sender,
}

impl Work<'_> {
    async fn load(&self, on: &Dependencies) -> Result<Message, Failure> {
        Ok(self.sender.tells(load(on, self.request).await?))
    }
}

/// Takes the delivery, and counts what it costs where that is limited. None if the message was written meanwhile.
async fn taken(
    on: &Dependencies,
    work: &Work<'_>,
    (message, others): (&Message, &[(Message, CopyOf)]),
    now: Timestamp,
) -> Result<Result<Option<Message>, OverCap>, Failure> {
    match expense(on, message, work.request.delivery, now) {
        Ok(None) => Ok(Ok(lease(on, message, others, work.request.delivery, now).await?)),
        Ok(Some(price)) => counted(on, work, (message.clone(), others), &price).await,
        Err(over) => Ok(Err(over)),
    }
}

/// Takes the delivery, and answers the message as it is stored then. It is taken only if no other process has
/// written since the message was loaded: two senders must never both have it. None if another has.
async fn lease(
    on: &Dependencies,
    message: &Message,
    others: &[(Message, CopyOf)],
    number: u32,
    now: Timestamp,
) -> Result<Option<Message>, Failure> {
    let begun = begun(message, number, others, now);
    let (mut leased, decision) =
        begun.ok_or_else(|| Failure::Defect("a lease of nothing".to_owned()))?;
    // A conflict means that another process has written the message, and perhaps took the delivery.
    match on.commit(&decision).await {
        Err(StoreError::Conflict { .. }) => return Ok(None),
        committed => drop(committed?),
    }
    leased.version += 1;
    Ok(Some(leased))
}

/// Why a copy that is leased is not handed over: one of those who would get it wants nothing from its sender (rule E.3).
///
/// It is looked up behind the lease and before the call, so whoever was told of a STOP is right: no send that was begun after it
/// was written goes to the carrier. One that was begun before it may. If the table does not answer, nothing was sent.
async fn refused(on: &Dependencies, message: &Message, number: u32) -> Option<SendOutcome> {
    if message.is_exempt() {
        return None;
    }
    let sender = &message.delivery(number)?.pair.proxy;
    let copies = message.handed_over_with(number);
    let recipients: Vec<&Address> = copies.map(|one| &one.pair.address).collect();
    match on.is_refused(&recipients, sender, message.messaging_service).await {
        Ok(false) => None,
        Ok(true) => Some(SendOutcome::Rejected {
            error_code: OPTED_OUT,
            reason: "the recipient wants nothing from this sender".to_owned(),
        }),
        Err(failure) => {
            Some(SendOutcome::Retry { reason: failure.to_string(), after_seconds: None })
        }
    }
}

/// What is to be counted of a copy before it is handed over.
fn expense(
    on: &Dependencies,
    message: &Message,
    number: u32,
    now: Timestamp,
) -> Result<Option<Price>, OverCap> {
    let copies = message.handed_over_with(number);
    match on.config.spend_caps.expense(copies, &on.config.rate_cards, now) {
        Expense::Uncounted => Ok(None),
        Expense::Priced(price) => Ok(Some(price)),
        Expense::Unpriced => Err(OverCap::Unpriced),
    }
}

/// Takes the delivery and counts its price in one write. All of a day's copies write the day's sum, so it is decided anew
/// when another one was counted meanwhile, but not when the message was written: two senders must never both have it.
async fn counted(
    on: &Dependencies,
    work: &Work<'_>,
    (message, others): (Message, &[(Message, CopyOf)]),
    price: &Price,
) -> Result<Result<Option<Message>, OverCap>, Failure> {
    let version = message.version;
    let mut known = Some(message);
    on.decide(|| {
        let known = known.take();
        async move {
            let now = on.now();
            let stored = match known {
                Some(message) => message,
                None => work.load(on).await?,
            };
            if stored.version != version {
                return Ok((Ok(None), Decision::unchanged()));
            }
            let spent = on.store.get(key::spend(&now.day(), &price.unit)).await?;
            let begun = begun(&stored, work.request.delivery, others, now);
            let (mut leased, decision) =
                begun.ok_or_else(|| Failure::Defect("a lease of nothing".to_owned()))?;
            let copies = leased.handed_over_with(work.request.delivery).count();
            match on.config.spend_caps.count((price, copies), spent, now) {
                Ok(spend) => {
                    leased.version += 1;
                    Ok((Ok(Some(leased)), decision.and(spend)))
                }
                Err(over) => Ok((Err(over), Decision::unchanged())),
            }
        }
    })
    .await
}

async fn load(on: &Dependencies, request: &SendRequest) -> Result<Message, Failure> {
    let message: Option<Message> = on.store.get(key::message(request.message)).await?;
    message.ok_or_else(|| Failure::NotFound(request.message.to_string()))
}

/// The connection that the sender goes by, else the environment's to a carrier. The sender's record is read only where no
/// customer's message says which carrier that is.
async fn way(
    on: &Dependencies,
    connections: &Connections,
    (delivery, sender): (&Delivery, &Sender),
) -> Result<By, Failure> {
    if let Some(stored) = connections.of_sender(on, &delivery.pair.proxy).await? {
        return Ok(By::Stored(stored));
    }
    let number = match delivery.carrier {
        Some(_) => None,
        None => sender.number(on, delivery).await?,
    };
    Ok(By::Environment(delivery.carrier(number.as_ref())))
}

/// What is handed over. A file that we keep is fetched by the carrier, at an address that is good for as long as it may take
/// to do so.
fn outgoing(
    on: &Dependencies,
    (message, merged): (&Message, &[(Message, CopyOf)]),
    delivery: &Delivery,
    carrier: CarrierName,
    now: Timestamp,
) -> OutboundMessage {
    let link = on.config.media_link();
    let files = message.files().map(|(sid, file)| match (file.state, file.url.is_empty()) {
        (MediaState::Kept, true) => {
            Media { url: link.address(sid, now + HANDED_OUT).into(), ..file.clone() }
        }
        _ => file.clone(),
    });
    let pair = (delivery.pair.proxy.clone(), delivery.pair.address.clone());
    let names = (message.sid, delivery.number);
    if let Some(filled) = &message.filled {
        let channel = delivery.pair.address.channel();
        let HandedOver { body, media, composed } = filled.handed_over(channel, carrier);
        return OutboundMessage { media, composed, ..OutboundMessage::text(names, pair, body.0) };
    }
    let body = match merged {
        [] => message.body.clone().unwrap_or_default().0,
        _ => message.text_with(merged.iter().map(|(message, _)| message)),
    };
    // A group gets one message, which names everybody in it.
    let others = message.handed_over_with(delivery.number).skip(1).map(|one| &one.pair.address);
    OutboundMessage {
        valid_seconds: message.valid_seconds(delivery, now),
        others: others.chain(&delivery.beside).cloned().collect(),
        media: files.collect(),
        ..OutboundMessage::text(names, pair, body)
    }
}

/// Asks the carrier what became of a send whose end was never written.
async fn ask(
    connections: &Connections,
    by: &By,
    outgoing: &OutboundMessage,
    since: Timestamp,
    now: Timestamp,
) -> Option<SendOutcome> {
    match connections.find(by, outgoing, since, now).await {
        Lookup::Found { carrier_message_id } => Some(SendOutcome::Accepted { carrier_message_id }),
        Lookup::NotFound => Some(SendOutcome::Retry {
            reason: "the carrier never had it".to_owned(),
            after_seconds: Some(0),
        }),
        Lookup::NeverTold => Some(SendOutcome::Rejected {
            error_code: GAVE_UP,
            reason: "nobody can tell whether the carrier had it".to_owned(),
        }),
        Lookup::CannotTell { reason } => {
            tracing::warn!("the carrier cannot tell: {reason}");
            None
        }
    }
}

/// Fails a copy that has waited for longer than it is valid. Whoever is quicker and begins to send it does so: what is under way
/// is never called expired.
async fn expire(on: &Dependencies, work: &Work<'_>, known: Message) -> Result<Next, Failure> {
    let mut known = Some(known);
    on.decide(|| {
        let known = known.take();
        async move {
            let message = match known {
                Some(message) => message,
                None => work.load(on).await?,
            };
            let Some(progress) = message.expire(work.request.delivery, on.now()) else {
                return Ok((Next::Later(Millis(0)), Decision::unchanged()));
            };
            tracing::warn!(error_code = EXPIRED, "not sent: it waited for longer than it is valid");
            let told = on.calls_about(&message, &progress).await?;
            Ok((Next::Done, Decision::put(progress.message).asking(told)))
        }
    })
    .await
}

/// Writes down what the carrier answered, on the message as it was known before; if it was changed
/// meanwhile, on the message as it is.
async fn record(
    on: &Dependencies,
    work: &Work<'_>,
    known: Message,
    outcome: &SendOutcome,
) -> Result<Next, Failure> {
    let mut known = Some(known);
    on.decide(|| {
        let known = known.take();
        async move {
            let message = match known {
                Some(message) => message,
                None => work.load(on).await?,
            };
            let Some(progress) = message.record(work.request.delivery, outcome, on.now()) else {
                return Ok((Next::Later(ASK_AGAIN), Decision::unchanged()));
            };
            let told = on.calls_about(&message, &progress).await?;
            let answer = after_recording(&progress.message, work.request.delivery, outcome);
            Ok((answer, Decision::put(progress.message).asking(told)))
        }
    })
    .await
}

fn after_recording(message: &Message, number: u32, outcome: &SendOutcome) -> Next {
    let Some(delivery) = message.delivery(number) else {
        return Next::Done;
    };
    match outcome {
        SendOutcome::Retry { after_seconds, reason }
            if delivery.status == DeliveryStatus::Queued =>
        {
            tracing::warn!(attempts = delivery.attempts, "not sent: {reason}");
            let asked = Millis::seconds(i64::from(after_seconds.unwrap_or_default()));
            Next::Later(delivery.backoff().max(asked))
        }
        SendOutcome::Rejected { error_code, reason } => {
            tracing::warn!(error_code, "rejected: {reason}");
            Next::Done
        }
        SendOutcome::Accepted { .. } => {
            // Counted by the template, which raises an alarm when few of them arrive.
            tracing::info!(copy = "accepted", channel = delivery.pair.address.channel().name());
            Next::Done
        }
        SendOutcome::Retry { .. } | SendOutcome::Unknown { .. } => Next::Done,
    }
}
