//! What webhooks are told of each event: every parameter that rule B.5 names, and where it can be seen, its value.

use std::collections::BTreeMap;

use reqwest::Method;
use serde_json::Value;
use switchboard_tests::{Exchange, NUMBER};

use crate::endpoint::{Endpoint, Heard};

const LOUD: [(&str, &str); 1] = [("X-Twilio-Webhook-Enabled", "true")];
const CUSTOMER: &str = "+14155550180";

/// The parameters of each event, beside those of all.
const TABLE: [(&str, &str); 13] = [
    (
        "onConversationAdded",
        "ConversationSid DateCreated DateUpdated FriendlyName UniqueName Attributes ChatServiceSid \
         MessagingServiceSid MessagingBinding.ProxyAddress MessagingBinding.Address State",
    ),
    (
        "onConversationUpdated",
        "ConversationSid DateCreated DateUpdated FriendlyName UniqueName Attributes ChatServiceSid \
         MessagingServiceSid State",
    ),
    (
        "onConversationRemoved",
        "ConversationSid DateCreated DateUpdated DateRemoved FriendlyName UniqueName Attributes \
         ChatServiceSid MessagingServiceSid State",
    ),
    (
        "onConversationStateUpdated",
        "ChatServiceSid ConversationSid MessagingServiceSid StateFrom StateTo StateUpdated Reason",
    ),
    (
        "onMessageAdded",
        "ConversationSid MessageSid MessagingServiceSid Index DateCreated Body Author \
         ParticipantSid Attributes",
    ),
    (
        "onMessageUpdated",
        "ConversationSid MessageSid MessagingServiceSid Index DateCreated DateUpdated Body Author \
         ParticipantSid Attributes",
    ),
    (
        "onMessageRemoved",
        "ConversationSid MessageSid MessagingServiceSid Index DateCreated DateRemoved Body Author \
         ParticipantSid Attributes",
    ),
    (
        "onParticipantAdded",
        "ConversationSid ParticipantSid DateCreated Attributes MessagingBinding.Type \
         MessagingBinding.Address MessagingBinding.ProxyAddress",
    ),
    (
        "onParticipantUpdated",
        "ConversationSid ParticipantSid DateCreated DateUpdated Identity RoleSid Attributes \
         MessagingBinding.Type LastReadMessageIndex",
    ),
    (
        "onParticipantRemoved",
        "ConversationSid ParticipantSid DateCreated DateUpdated DateRemoved Identity RoleSid \
         Attributes MessagingBinding.Type",
    ),
    (
        "onDeliveryUpdated",
        "ConversationSid ChatServiceSid MessageSid DeliveryReceiptSid ChannelMessageSid \
         ParticipantSid Status ErrorCode DateCreated DateUpdated",
    ),
    (
        "onUserAdded",
        "ChatServiceSid UserSid DateCreated DateUpdated Identity RoleSid Attributes FriendlyName",
    ),
    (
        "onUserUpdated",
        "ChatServiceSid UserSid DateCreated DateUpdated Identity RoleSid Attributes FriendlyName \
         isOnline isNotifiable",
    ),
];

async fn says(exchange: &Exchange, method: Method, path: &str, form: &[(&str, &str)]) -> Value {
    let answered = exchange.api.send(method, path, form, &LOUD).await;
    assert!((200..300).contains(&answered.status), "{path}: {} {}", answered.status, answered.body);
    // Calls of different groups overtake each other.
    exchange.settles().await;
    answered.body
}

/// Everything that can happen to a conversation with a customer and somebody in the chat, and to that user.
async fn everything(exchange: &Exchange) {
    let post = |path: String, form: &'static [(&'static str, &'static str)]| async move {
        says(exchange, Method::POST, &path, form).await
    };
    let customer = exchange.customer(CUSTOMER);
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let chat = format!("/conversations/v1/Conversations/{conversation}");
    post(chat.clone(), &[("FriendlyName", "order 7"), ("UniqueName", "seven")]).await;
    post(format!("{chat}/Participants"), &[("Identity", "eve")]).await;
    post(format!("{chat}/Participants/eve"), &[("LastReadMessageIndex", "0")]).await;
    let form = &[("Body", "one"), ("Author", "eve")];
    let message = post(format!("{chat}/Messages"), form).await;
    let message = format!("{chat}/Messages/{}", message["sid"].as_str().unwrap());
    post(message.clone(), &[("Body", "two")]).await;
    says(exchange, Method::DELETE, &message, &[]).await;
    says(exchange, Method::DELETE, &format!("{chat}/Participants/eve"), &[]).await;
    post("/conversations/v1/Users/eve".to_owned(), &[("FriendlyName", "Eve")]).await;
    post(chat.clone(), &[("State", "inactive")]).await;
    says(exchange, Method::DELETE, &chat, &[]).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn every_event_is_told_with_every_parameter() {
    let exchange = Exchange::open().await;
    let service = exchange.api.make("/messaging/v1/Services", &[("FriendlyName", "desk")]).await;
    let settings = [("DefaultMessagingServiceSid", service.as_str())];
    exchange.api.post("/conversations/v1/Configuration", &settings).await.ok();
    let endpoint = Endpoint::start(&[200]).await;
    let mut form = vec![("PostWebhookUrl", endpoint.url.as_str())];
    form.extend(TABLE.iter().map(|(event, _)| ("Filters", *event)));
    exchange.api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    everything(&exchange).await;
    let calls = endpoint.calls();
    let first = |event: &str| -> Option<&Heard> {
        // The agent's seat comes in between; the one in the chat is looked at.
        let mut all = calls.iter().filter(|call| call.get("EventType") == event);
        all.find(|call| event != "onParticipantUpdated" || call.get("Identity") == "eve")
    };
    let mut missing = BTreeMap::new();
    for (event, names) in TABLE {
        let Some(call) = first(event) else {
            missing.insert(event, vec!["the call"]);
            continue;
        };
        let common = ["AccountSid", "EventType", "Source"];
        let wanted = names.split_whitespace().chain(common);
        let has = |name: &&str| call.parameters.iter().any(|(given, _)| given == name);
        let lacks: Vec<&str> = wanted.filter(|name| !has(name)).collect();
        if !lacks.is_empty() {
            missing.insert(event, lacks);
        }
    }
    assert!(missing.is_empty(), "{missing:?}");
    let removed = first("onConversationRemoved").unwrap();
    assert_eq!((removed.get("FriendlyName"), removed.get("UniqueName")), ("order 7", "seven"));
    assert_eq!(removed.get("State"), "inactive");
    let left = first("onParticipantRemoved").unwrap();
    assert_eq!((left.get("Identity"), left.get("MessagingBinding.Type")), ("eve", "CHAT"));
    let added = first("onParticipantAdded").unwrap();
    assert_eq!(added.get("MessagingBinding.Address"), CUSTOMER);
    assert_eq!(added.get("MessagingBinding.ProxyAddress"), NUMBER);
    assert_eq!(first("onParticipantUpdated").unwrap().get("LastReadMessageIndex"), "0");
    assert!(calls.iter().all(|call| endpoint.signed(call)));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_conversations_own_webhook_hears_of_its_end() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let all = "/conversations/v1/Conversations";
    let path = format!("{all}/{}", exchange.api.make(all, &[("FriendlyName", "short")]).await);
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", endpoint.url.as_str()),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onConversationRemoved"),
    ];
    exchange.api.make(&format!("{path}/Webhooks"), &form).await;
    says(&exchange, Method::DELETE, &path, &[]).await;
    exchange.api.get(&path).await.refused(404, 20404);
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 1);
    assert_eq!(calls[0].get("EventType"), "onConversationRemoved");
    assert_eq!(calls[0].get("FriendlyName"), "short");
    assert!(!calls[0].get("DateRemoved").is_empty());
    let quiet = format!("{all}/{}", exchange.api.make(all, &[]).await);
    exchange.api.delete(&quiet).await;
    exchange.settles().await;
    assert_eq!(endpoint.calls().len(), 1);
    exchange.rests().await;
}
