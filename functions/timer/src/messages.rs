//! The messages whose time comes: each is let go once, never before it (Message Scheduling).

use std::collections::BTreeMap;
use std::time::Duration;

use futures_util::future::join_all;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Effect, MessagesAlarm, Wake};
use switchboard_domain::message::{self, Look, Message, Pool, needs_another_sender};
use switchboard_domain::process::alarm::AHEAD;
use switchboard_domain::process::schedule::{TICK_MAX, alarms, changed, groups};
use switchboard_domain::record::Record;
use switchboard_domain::sender::StickySender;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

/// The longest that somebody waits for a moment.
const CLOSE: Duration = Duration::from_secs(1);

/// Lets the messages of an alarm go, or sets it again if its time is still to come. What some of them ask for is sent together.
/// An alarm that is early by less than a second because the moment matters is waited for.
pub(crate) async fn look(on: &Dependencies, alarm: MessagesAlarm) -> Result<(), Failure> {
    if alarm.is_behind {
        until(on, alarm.at).await;
    }
    let now = on.now();
    if now < alarm.at {
        return on.queues.try_send_effects(&[set(alarm)], now).await;
    }
    let (messages, services) = load(on, &alarm.messages).await?;
    let mut outcome = Ok(());
    for (at, some) in groups(alarm.at, &messages) {
        until(on, at).await;
        let on = on.holding_effects();
        let gone = some.iter().map(|one| Box::pin(let_go(&on, one.clone(), &services)));
        let all: Result<(), Failure> = join_all(gone).await.into_iter().collect();
        outcome = outcome.and(all);
        on.release_effects().await;
    }
    outcome
}

/// Waits for a moment that is close.
async fn until(on: &Dependencies, at: Timestamp) {
    let milliseconds = u64::try_from((at - on.now()).0).unwrap_or(0);
    if milliseconds > 0 {
        tokio::time::sleep(Duration::from_millis(milliseconds).min(CLOSE)).await;
    }
}

async fn load(
    on: &Dependencies,
    messages: &[MessageSid],
) -> Result<(Vec<Message>, BTreeMap<Key, Record>), Failure> {
    let keys: Vec<Key> = messages.iter().map(|sid| key::message(*sid)).collect();
    let mut found = on.store.get_all(&keys).await?;
    let messages: Vec<Message> = keys.iter().filter_map(|key| take(&mut found, key)).collect();
    let services = messages.iter().filter_map(|it| it.messaging_service);
    let services: Vec<Key> = services.map(key::messaging_service).collect();
    let services = on.store.get_all(&distinct(services)).await?;
    Ok((messages, services))
}

fn distinct(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort();
    keys.dedup();
    keys
}

/// Each by itself: one that changed meanwhile holds up no other.
async fn let_go(
    on: &Dependencies,
    known: Message,
    services: &BTreeMap<Key, Record>,
) -> Result<(), Failure> {
    let sid = known.sid;
    let mut known = Some(known);
    on.decide(|| {
        let known = known.take();
        async move {
            let message = match known {
                Some(message) => Some(message),
                None => on.store.get(key::message(sid)).await?,
            };
            match message {
                Some(message) => Ok::<_, Failure>(((), decide(on, &message, services).await?)),
                None => Ok(((), Decision::unchanged())),
            }
        }
    })
    .await
}

async fn decide(
    on: &Dependencies,
    message: &Message,
    services: &BTreeMap<Key, Record>,
) -> Result<Decision, Failure> {
    let of_message = message.messaging_service.map(key::messaging_service);
    let service = of_message.and_then(|key| services.get(&key)?.get::<MessagingService>());
    let to = message.deliveries.first().map(|copy| &copy.pair.address);
    let used_to: Option<StickySender> = match (service, to) {
        (Some(service), Some(to)) if needs_another_sender(message, service) => {
            on.store.get(key::sticky_sender_of(service.sid, to)).await?
        }
        (Some(_) | None, _) => None,
    };
    let pool = Pool { service, used_to: used_to.as_ref() };
    Ok(match message::look(message, pool, on.now()) {
        Look::Goes(after) => changed(message, *after),
        // One that is early is looked at again when the tick finds it.
        Look::Over | Look::Early { .. } => Decision::unchanged(),
    })
}

/// Sets alarms for the messages that are due before the next tick, also for those that an earlier one was lost of.
pub(crate) async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let now = on.now();
    let due = on.store.messages_due(now + AHEAD, TICK_MAX).await?;
    let alarms: Vec<_> = alarms(&due, now).into_iter().map(set).collect();
    on.queues.try_send_effects(&alarms, now).await
}

fn set(alarm: MessagesAlarm) -> (String, Effect) {
    // Nobody looks at the name: the queue of timers takes copies for what they are.
    let name = alarm.messages.first().map(MessageSid::to_string).unwrap_or_default();
    (name, Effect::Wake(Wake::Messages(alarm)))
}
