//! The messages whose time comes: each is let go once, never before it (Message Scheduling).

use std::collections::BTreeMap;

use futures_util::future::join_all;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{Effect, MessagesAlarm, Wake};
use switchboard_domain::message::{self, Look, Message, Pool, needs_another_sender};
use switchboard_domain::process::alarm::AHEAD;
use switchboard_domain::process::schedule::changed;
use switchboard_domain::record::Record;
use switchboard_domain::sender::StickySender;
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

/// A tick sets alarms for so many messages at most: what fits into its time. The rest is due at the next one.
const MESSAGES_MAX: usize = 20_000;
/// So many messages of one second are one alarm: they are loaded by one request.
const TOGETHER: usize = 25;

/// Lets the messages of an alarm go, or sets it again if its time is still to come. What they ask for is sent together.
pub(crate) async fn look(on: &Dependencies, alarm: MessagesAlarm) -> Result<(), Failure> {
    let now = on.now();
    if now < alarm.at {
        return on.queues.try_send_effects(&[set(alarm)], now).await;
    }
    let on = on.holding_effects();
    let outcome = let_go(&on, &alarm.messages).await;
    on.release_effects().await;
    outcome
}

/// Each by itself: one that changed meanwhile holds up no other.
async fn let_go(on: &Dependencies, messages: &[MessageSid]) -> Result<(), Failure> {
    let keys: Vec<Key> = messages.iter().map(|sid| key::message(*sid)).collect();
    let mut found = on.store.get_all(&keys).await?;
    let messages: Vec<Message> = keys.iter().filter_map(|key| take(&mut found, key)).collect();
    let services = messages.iter().filter_map(|it| it.messaging_service);
    let services: Vec<Key> = services.map(key::messaging_service).collect();
    let services = on.store.get_all(&distinct(services)).await?;
    let gone = messages.into_iter().map(|message| Box::pin(one(on, message, &services)));
    join_all(gone).await.into_iter().collect()
}

fn distinct(mut keys: Vec<Key>) -> Vec<Key> {
    keys.sort();
    keys.dedup();
    keys
}

async fn one(
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
    let due = on.store.messages_due(now + AHEAD, MESSAGES_MAX).await?;
    let alarms: Vec<_> = together(&due, now).into_iter().map(set).collect();
    on.queues.try_send_effects(&alarms, now).await
}

/// The messages of each second, in as few alarms as they fit into. What is overdue is due now.
fn together(due: &[(MessageSid, Timestamp)], now: Timestamp) -> Vec<MessagesAlarm> {
    let mut seconds: BTreeMap<i64, Vec<(MessageSid, Timestamp)>> = BTreeMap::new();
    for (sid, at) in due {
        let at = (*at).max(now);
        seconds.entry(at.seconds()).or_default().push((*sid, at));
    }
    let alarm = |some: &[(MessageSid, Timestamp)]| MessagesAlarm {
        at: some.iter().map(|(_, at)| *at).max().unwrap_or(now),
        messages: some.iter().map(|(sid, _)| *sid).collect(),
    };
    seconds.values().flat_map(|all| all.chunks(TOGETHER)).map(alarm).collect()
}

fn set(alarm: MessagesAlarm) -> (String, Effect) {
    // Nobody looks at the name: the queue of timers takes copies for what they are.
    let name = alarm.messages.first().map(MessageSid::to_string).unwrap_or_default();
    (name, Effect::Wake(Wake::Messages(alarm)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::sid::Sid as _;

    #[test]
    fn messages_of_one_second_are_one_alarm_that_rings_when_the_last_is_due() {
        let sid = |number: u32| MessageSid::derived(&[&number.to_string()]);
        let now = Timestamp(10_500);
        let mut due: Vec<_> = (0..60).map(|number| (sid(number), Timestamp(30_000))).collect();
        due.insert(0, (sid(90), Timestamp(2_000)));
        due.push((sid(91), Timestamp(30_900)));
        due.push((sid(92), Timestamp(31_000)));
        let alarms = together(&due, now);
        let counts: Vec<_> = alarms.iter().map(|one| (one.at.0, one.messages.len())).collect();
        assert_eq!(counts, [(10_500, 1), (30_000, 25), (30_000, 25), (30_900, 11), (31_000, 1)]);
        assert_eq!(alarms[0].messages, [sid(90)]);
    }
}
