//! The alarms of conversations, which become inactive or are closed when they have been quiet for long enough (rule B.1).

use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{ConversationAlarm, Effect, Wake};
use switchboard_domain::process::alarm::{AHEAD, ring};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::{TOLERANCE, has_come};

/// A tick sets so many alarms at most: what fits into its time several times over. The rest is due at the next one.
const ALARMS_MAX: usize = 5_000;

/// Looks at a conversation, or sets the alarm again if its time is still to come. A conversation that is gone needs nothing.
pub(crate) async fn look(on: &Dependencies, alarm: ConversationAlarm) -> Result<(), Failure> {
    let now = on.now();
    if !has_come(alarm.at, now) {
        return on.queues.try_send_effects(&[set(alarm)], now).await;
    }
    on.decide(|| async {
        let key = key::conversation(alarm.conversation);
        let Some(conversation) = on.store.get::<Conversation>(key).await? else {
            return Ok(((), Decision::unchanged()));
        };
        // One that is early by so little is on time.
        let now = on.now();
        let now = now.max(alarm.at.min(now + TOLERANCE));
        let decision =
            on.answering::<_, Failure>(|answers| ring(&conversation, answers, now)).await?;
        Ok::<_, Failure>(((), decision))
    })
    .await
}

/// Sets an alarm for each conversation that is due before the next tick, also for those that an earlier one was lost of.
pub(crate) async fn tick(on: &Dependencies) -> Result<(), Failure> {
    let now = on.now();
    let due = on.store.due(now + AHEAD, ALARMS_MAX).await?;
    let alarms: Vec<_> = due.into_iter().map(set).collect();
    on.queues.try_send_effects(&alarms, now).await
}

fn set(alarm: ConversationAlarm) -> (String, Effect) {
    // Nobody looks at the name: the queue of timers takes copies for what they are.
    (alarm.conversation.to_string(), Effect::Wake(Wake::Conversation(alarm)))
}
