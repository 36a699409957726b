//! Calls customers' webhooks: signed, bounded, tried again.
//!
//! Woken by: `webhooks.fifo`. Writes: webhook attempt. Asks for: nothing.
//!
//! What is called belongs to a stranger. It is https (loopback only on the laptop), its address is resolved,
//! vetted and then used as it is, redirects are not followed, answers are not read. An endpoint that fails
//! holds up only its own conversation.
#![forbid(unsafe_code)]

mod caller;
mod parameters;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
use switchboard_domain::configuration::WebhookAttempt;
use switchboard_domain::conversation::{Conversation, Target};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{QueueName, WebhookCall};
use switchboard_domain::message::Message;
use switchboard_domain::sid::{Sid as _, WebhookSid};
use switchboard_domain::timestamp::Millis;
use switchboard_runtime::queue::{Next, body, each_message_or_later};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{key, take};

pub use caller::{Called, Caller};

/// An endpoint is tried so often.
const ATTEMPTS_MAX: u32 = 4;

/// Handles a batch.
pub async fn handle(on: &Dependencies, caller: &Caller, event: SqsEvent) -> SqsBatchResponse {
    each_message_or_later(&on.queues, QueueName::Webhooks, event, |message| async move {
        serve(on, caller, &message).await
    })
    .await
}

async fn serve(on: &Dependencies, caller: &Caller, message: &SqsMessage) -> Result<Next, Failure> {
    let call: WebhookCall = body(message)?;
    let id = message.attributes.get("MessageDeduplicationId").cloned();
    let id = id.ok_or_else(|| Failure::Invalid("no deduplication id".to_owned()))?;
    let keys = [key::conversation(call.conversation), key::webhook_attempt(&id)];
    let mut found = on.store.get_all(&keys).await?;
    let before: Option<WebhookAttempt> = take(&mut found, &keys[1]);
    if before.as_ref().is_some_and(|before| before.done) {
        return Ok(Next::Done);
    }
    let Some(conversation) = take::<Conversation>(&mut found, &keys[0]) else {
        return Ok(Next::Done);
    };
    let Some((url, method)) = endpoint(&conversation, call.webhook) else {
        return Ok(Next::Done);
    };
    let about: Option<Message> = match call.message {
        Some(sid) => on.store.get(key::message(sid)).await?,
        None => None,
    };
    if !wants(&conversation, call.webhook, about.as_ref()) {
        return Ok(Next::Done);
    }
    let Some(parameters) = parameters::of(on, &call, &conversation, about.as_ref()) else {
        return Ok(Next::Done);
    };
    let called = caller.call(on, &url, &method, &parameters, &id).await;
    let attempt = next_attempt(on, &id, &call, before, &called);
    let (done, attempts) = (attempt.done, attempt.attempts);
    let written = on.store.commit(&Decision::put(attempt)).await;
    // A copy that was quicker wrote the same; nothing depends on who was first.
    if let Err(error) = written {
        tracing::debug!("attempt not noted: {error}");
    }
    if done {
        return Ok(Next::Done);
    }
    let wait = Millis::seconds(1_i64 << (2 * attempts).min(10));
    tracing::warn!(attempts, "webhook put off: it {called}");
    Ok(Next::Later(wait))
}

/// Where and how; nothing if the webhook was removed since.
fn endpoint(conversation: &Conversation, number: u32) -> Option<(String, String)> {
    let sid = conversation.sid.kin::<WebhookSid>(number);
    match &conversation.webhook_by_sid(sid)?.target {
        Target::Webhook { url, method, .. } | Target::Trigger { url, method, .. } => {
            Some((url.clone(), method.clone()))
        }
        Target::Studio { .. } => None,
    }
}

/// Whether a webhook with trigger words is called: if one of them is a word of the message, in any case.
fn wants(conversation: &Conversation, number: u32, message: Option<&Message>) -> bool {
    let webhook = conversation.webhook_by_sid(conversation.sid.kin::<WebhookSid>(number));
    let Some(Target::Trigger { triggers, .. }) = webhook.map(|webhook| &webhook.target) else {
        return true;
    };
    let body = message.and_then(|message| message.body.as_ref());
    let body = body.map(|body| body.to_lowercase()).unwrap_or_default();
    let words: Vec<&str> = body.split(|letter: char| !letter.is_alphanumeric()).collect();
    triggers.iter().any(|trigger| words.contains(&trigger.to_lowercase().as_str()))
}

fn next_attempt(
    on: &Dependencies,
    id: &str,
    call: &WebhookCall,
    before: Option<WebhookAttempt>,
    called: &Called,
) -> WebhookAttempt {
    let attempts = before.as_ref().map_or(0, |before| before.attempts) + 1;
    let done = called.is_final() || attempts >= ATTEMPTS_MAX;
    if done && !called.succeeded() {
        tracing::warn!(event = call.event, attempts, "webhook given up: it {called}");
    }
    WebhookAttempt {
        id: id.to_owned(),
        conversation: call.conversation,
        event: call.event.clone(),
        message: call.message,
        attempts,
        status: called.status(),
        done,
        updated: on.now(),
        version: before.map_or(0, |before| before.version),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::conversation::Source;
    use switchboard_domain::message::{Post, append};
    use switchboard_domain::record::Record;
    use switchboard_domain::sid::{ConversationSid, MessageSid, ServiceSid};
    use switchboard_domain::timestamp::Timestamp;

    #[test]
    fn a_trigger_is_pulled_by_its_words_alone() {
        let (sid, now) = (ConversationSid::derived(&["c"]), Timestamp(0));
        let mut conversation = Conversation::new(sid, ServiceSid::derived(&["s"]), now);
        let target = Target::Trigger {
            url: "https://example.com".to_owned(),
            method: "POST".to_owned(),
            triggers: vec!["Help".to_owned()],
        };
        let number = conversation.attach(target, now).unwrap();
        for (body, pulled) in [("please HELP!", true), ("helpless", false), ("hello", false)] {
            let post = Post {
                sid: MessageSid::derived(&[body]),
                author: None,
                body: Some(body.into()),
                media: Vec::new(),
                attributes: None,
                origin: None,
                source: Source::Channel,
            };
            let written = append(&mut conversation, post, now).unwrap();
            let Record::Message(message) = &written.puts[0] else { panic!("no message") };
            assert_eq!(wants(&conversation, number, Some(message)), pulled, "{body}");
        }
    }
}
