//! Webhooks that hear of conversations: whom to call, and whether.

use std::time::Duration;

use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{
    Collected, Conversation, EventName, Level, RemovedConversation, Target, collected,
};
use switchboard_domain::effect::WebhookCall;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{ServiceSid, Sid as _, WebhookSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::{Key, key, take};

use crate::parameters;
use crate::{Due, Loaded, Told};

/// How long an endpoint has to answer (rule B.5).
pub(crate) const TIMEOUT: Duration = Duration::from_secs(5);

/// The records that a call is made of.
pub(crate) fn keys(call: &WebhookCall) -> Vec<Key> {
    let conversation = match call.event {
        EventName::OnConversationRemoved => key::removed_conversation(call.conversation),
        _ => key::conversation(call.conversation),
    };
    match call.level {
        Level::Conversation => vec![conversation],
        Level::Service | Level::Account => vec![conversation, key::conversation_configuration()],
    }
}

/// Where and how an event is told at a level, if it is still wanted there.
pub(crate) fn target(
    loaded: &mut Loaded,
    level: Level,
    service: ServiceSid,
    event: EventName,
) -> Option<(String, String)> {
    let settings: Option<ConversationConfiguration> =
        take(loaded, &key::conversation_configuration());
    let settings = settings?;
    let hooks = match level {
        Level::Account => &settings.webhooks,
        Level::Service => settings.service_webhooks.get(&service)?,
        Level::Conversation => return None,
    };
    let url = hooks.told(event)?;
    Some((url.to_owned(), hooks.method().to_owned()))
}

/// The call that is due, if the webhook is still there and wants it.
pub(crate) async fn told(
    on: &Dependencies,
    call: &WebhookCall,
    mut loaded: Loaded,
) -> Result<Told, Failure> {
    let Some((conversation, removed)) = found(call, &mut loaded) else {
        return Ok(Told::Gone);
    };
    let endpoint = match call.level {
        Level::Conversation => endpoint(&conversation, call.webhook),
        level @ (Level::Service | Level::Account) => {
            target(&mut loaded, level, conversation.service, call.event)
        }
    };
    let Some((url, method)) = endpoint else {
        return Ok(Told::Unwanted);
    };
    let about: Option<Message> = match call.message {
        Some(sid) => on.store.get(key::message(sid)).await?,
        None => None,
    };
    if !wants(&conversation, call.webhook, about.as_ref()) {
        return Ok(Told::Unwanted);
    }
    match collects(on, call, &conversation, about.as_ref()).await? {
        Collected::Now => {}
        Collected::Later(wait) => return Ok(Told::Later(wait)),
        Collected::ByTheNext => return Ok(Told::Unwanted),
    }
    Ok(match parameters::of(on, call, &conversation, removed, about.as_ref()) {
        Some(parameters) => Told::Due(Due { url, method, parameters, timeout: TIMEOUT }),
        None => Told::Gone,
    })
}

/// The conversation, or what is left of it and since when.
fn found(call: &WebhookCall, loaded: &mut Loaded) -> Option<(Conversation, Option<Timestamp>)> {
    if call.event != EventName::OnConversationRemoved {
        return Some((take(loaded, &key::conversation(call.conversation))?, None));
    }
    let removed: RemovedConversation = take(loaded, &key::removed_conversation(call.conversation))?;
    Some((removed.last, Some(removed.at)))
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

/// Whether the next message tells this one, or may still: of a webhook that collects messages in a row.
async fn collects(
    on: &Dependencies,
    call: &WebhookCall,
    conversation: &Conversation,
    message: Option<&Message>,
) -> Result<Collected, Failure> {
    let webhook = conversation.webhook_by_sid(conversation.sid.kin::<WebhookSid>(call.webhook));
    let within = webhook.and_then(|webhook| webhook.collects);
    let told = call.event == EventName::OnMessageAdded && call.level == Level::Conversation;
    let (Some(within), Some(message)) = (within.filter(|_| told), message) else {
        return Ok(Collected::Now);
    };
    let behind = message.index + 1;
    let next = match behind < conversation.next_index {
        true => on.store.messages(conversation, behind..behind + 1).await?.pop(),
        false => None,
    };
    Ok(collected(message, next.as_ref(), within, on.now()))
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

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::address::ChannelType;
    use switchboard_domain::conversation::{Answers, Dates, Defaults, Source};
    use switchboard_domain::message::Post;
    use switchboard_domain::process::conversation::{Command, ConversationChange, decide};
    use switchboard_domain::sid::{ConversationSid, MessageSid, ServiceSid};

    #[test]
    fn a_trigger_is_pulled_by_its_words_alone() {
        let (sid, now) = (ConversationSid::derived(&["c"]), Timestamp(0));
        let conversation =
            Conversation::new(sid, ServiceSid::derived(&["s"]), Defaults::default(), now);
        let decided = |on: &Conversation, command| -> ConversationChange {
            decide(on, command, Source::Channel(ChannelType::Sms), &Answers::NONE, now).unwrap()
        };
        let target = Target::Trigger {
            url: "https://example.com".to_owned(),
            method: "POST".to_owned(),
            triggers: vec!["Help".to_owned()],
        };
        let attached = decided(&conversation, Command::Attach(target));
        let (conversation, number) = (attached.conversation, attached.number.unwrap());
        for (body, pulled) in [("please HELP!", true), ("helpless", false), ("hello", false)] {
            let post = Post {
                sid: MessageSid::derived(&[body]),
                author: None,
                body: Some(body.into()),
                media: Vec::new(),
                attributes: None,
                speaker: None,
                origin: None,
                aliases: Vec::new(),
                dates: Dates::default(),
                filled: None,
            };
            let message = decided(&conversation, Command::Post(post)).message;
            assert_eq!(wants(&conversation, number, message.as_ref()), pulled, "{body}");
        }
    }
}
