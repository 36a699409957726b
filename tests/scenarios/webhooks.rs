//! Customers' webhooks: really called, signed, after the commit.

use serde_json::json;
use switchboard_tests::{Exchange, NUMBER, eventually};

use crate::endpoint::Endpoint;

/// Lets an address attach this endpoint to its new conversations.
async fn listen(exchange: &Exchange, endpoint: &Endpoint) {
    let path = format!("/conversations/v1/Configuration/Addresses/{}", exchange.sid("address"));
    let form = [
        ("AutoCreation.Type", "webhook"),
        ("AutoCreation.WebhookUrl", endpoint.url.as_str()),
        ("AutoCreation.WebhookMethod", "POST"),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
        ("AutoCreation.WebhookFilters", "onParticipantAdded"),
    ];
    exchange.api.post(&path, &form).await.ok();
}

#[tokio::test(flavor = "multi_thread")]
async fn the_webhook_of_an_address_hears_of_the_message_signed_and_in_order() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    listen(&exchange, &endpoint).await;
    let customer = exchange.customer("+14155550140");
    customer.writes("for your webhook").await;
    exchange.settles().await;
    let calls = endpoint.calls();
    let events: Vec<&str> = calls.iter().map(|call| call.get("EventType")).collect();
    assert_eq!(events, ["onParticipantAdded", "onMessageAdded"]);
    let call = &calls[1];
    assert_eq!((call.get("Body"), call.get("Author")), ("for your webhook", "+14155550140"));
    assert_eq!(call.get("ConversationSid"), customer.conversation().await);
    assert!(endpoint.signed(call));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_is_called_again_and_then_left_alone() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[500, 500, 200]).await;
    listen(&exchange, &endpoint).await;
    exchange.customer("+14155550141").writes("try hard").await;
    eventually("the third call", || async {
        exchange.later(std::time::Duration::from_secs(20));
        tokio::time::sleep(std::time::Duration::from_millis(30)).await;
        (endpoint.calls().len() >= 4).then_some(())
    })
    .await;
    exchange.settles().await;
    let events: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("EventType").to_owned()).collect();
    let expected =
        ["onParticipantAdded", "onParticipantAdded", "onParticipantAdded", "onMessageAdded"];
    assert_eq!(events, expected);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_scoped_webhook_hears_of_rest_changes_only_if_they_say_so() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", endpoint.url.as_str()),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    exchange.api.make(&format!("{path}/Webhooks"), &form).await;
    let messages = format!("{path}/Messages");
    exchange.api.make(&messages, &[("Body", "quiet")]).await;
    let loud = [("X-Twilio-Webhook-Enabled", "true")];
    let form = [("Body", "loud")];
    exchange.api.send(reqwest::Method::POST, &messages, &form, &loud).await.ok();
    exchange.settles().await;
    let bodies: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("Body").to_owned()).collect();
    assert_eq!(bodies, ["loud"]);
    let listed = exchange.api.all(&format!("{path}/Webhooks"), "webhooks").await;
    assert_eq!(listed[0]["configuration"]["url"], json!(endpoint.url));
    let _ = NUMBER;
    exchange.rests().await;
}

/// What an endpoint of the account, or of a service, is to hear of.
async fn is_told(exchange: &Exchange, path: &str, endpoint: &Endpoint, events: &[&str]) {
    let mut form = vec![("PostWebhookUrl", endpoint.url.as_str())];
    form.extend(events.iter().map(|event| ("Filters", *event)));
    exchange.api.post(path, &form).await.ok();
}

fn heard(endpoint: &Endpoint) -> Vec<String> {
    endpoint.calls().iter().map(|call| call.get("EventType").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn the_account_and_the_service_hear_of_customers_and_agents_signed() {
    let exchange = Exchange::open().await;
    let (account, service) = (Endpoint::start(&[200]).await, Endpoint::start(&[200]).await);
    let settings = exchange.api.get("/conversations/v1/Configuration").await.ok();
    let sid = settings["default_chat_service_sid"].as_str().unwrap();
    let everything = [
        "onConversationAdded",
        "onParticipantAdded",
        "onMessageAdded",
        "onDeliveryUpdated",
        "onUserAdded",
    ];
    let path = "/conversations/v1/Configuration/Webhooks";
    is_told(&exchange, path, &account, &everything).await;
    let path = format!("/conversations/v1/Services/{sid}/Configuration/Webhooks");
    is_told(&exchange, &path, &service, &["onMessageAdded", "onMessageAdd"]).await;
    let customer = exchange.customer("+14155550147");
    customer.writes("for everybody").await;
    exchange.settles().await;
    let opened = ["onConversationAdded", "onParticipantAdded", "onMessageAdded"];
    assert_eq!(heard(&account), opened);
    assert_eq!(heard(&service), ["onMessageAdded"]);
    let calls = account.calls();
    assert!(account.signed(&calls[0]) && service.signed(&service.calls()[0]));
    let conversation = customer.conversation().await;
    assert_eq!(calls[0].get("MessagingBinding.Address"), "+14155550147");
    assert_eq!(calls[2].get("Body"), "for everybody");
    for call in &calls {
        assert_eq!(
            (call.get("ConversationSid"), call.get("ChatServiceSid")),
            (&*conversation, sid)
        );
    }

    let alice = exchange.agent("alice");
    let agent = match alice.reservations("pending").await.is_empty() {
        true => exchange.agent("bob"),
        false => alice,
    };
    agent.accepts().await;
    exchange.settles().await;
    agent.replies(&conversation, "an answer").await;
    exchange.settles().await;
    let later = heard(&account).split_off(opened.len());
    let count = |event: &str| later.iter().filter(|one| *one == event).count();
    assert_eq!((count("onUserAdded"), count("onParticipantAdded")), (1, 1), "{later:?}");
    assert_eq!(count("onMessageAdded"), 0, "requests by REST say whether they are told");
    assert!(count("onDeliveryUpdated") >= 2, "{later:?}");
    let calls = account.calls();
    let user = calls.iter().find(|call| call.get("EventType") == "onUserAdded").unwrap();
    let path = format!("/conversations/v1/Users/{}", user.get("Identity"));
    let shown = exchange.api.get(&path).await.ok();
    assert_eq!(shown["sid"], user.get("UserSid"));
    assert_eq!(shown["role_sid"], user.get("RoleSid"));
    assert!(account.signed(user));
    exchange.rests().await;
}
