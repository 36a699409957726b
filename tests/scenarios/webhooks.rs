//! Customers' webhooks: really called, signed, after the commit.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Exchange, NUMBER};

use crate::endpoint::{Endpoint, Heard};

pub(crate) const DELIVERIES: &str = "/webhooks/v1/Deliveries";
const ENDPOINTS: &str = "/webhooks/v1/Endpoints";

/// A conversation of which a URL hears what is said in it.
pub(crate) async fn hears(exchange: &Exchange, url: &str) -> String {
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", url),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    let path = format!("/conversations/v1/Conversations/{conversation}/Webhooks");
    exchange.api.make(&path, &form).await;
    conversation
}

/// Attaches a webhook that is told first of the messages from an index on.
async fn hears_from(exchange: &Exchange, conversation: &str, url: &str, index: &str) -> Value {
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", url),
        ("Configuration.Method", "POST"),
        ("Configuration.Filters", "onMessageAdded"),
        ("Configuration.ReplayAfter", index),
    ];
    let path = format!("/conversations/v1/Conversations/{conversation}/Webhooks");
    exchange.api.post(&path, &form).await.expect(201)
}

/// The texts that an endpoint heard of, in order.
fn texts(endpoint: &Endpoint) -> Vec<String> {
    endpoint.calls().iter().map(|call| call.get("Body").to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_that_comes_later_is_told_of_what_was_said_before_and_then_goes_on() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    // Nobody was to be told of these when they were written; more than a page, and than the conversation names itself.
    for number in 0..25 {
        let body = format!("before {number}");
        exchange.api.post(&path, &[("Body", body.as_str())]).await.expect(201);
    }
    let removed = exchange.api.all(&path, "messages").await[7]["sid"].as_str().unwrap().to_owned();
    exchange.api.delete(&format!("{path}/{removed}")).await.expect(204);
    let webhook = hears_from(&exchange, &conversation, &endpoint.url, "3").await;
    assert_eq!(webhook["configuration"]["replay_after"], 3);
    says(&exchange, &conversation, "after").await;
    let mut expected: Vec<String> =
        (3..25).filter(|number| *number != 7).map(|number| format!("before {number}")).collect();
    expected.push("after".to_owned());
    assert_eq!(texts(&endpoint), expected);
    let calls = endpoint.calls();
    assert_eq!((calls[0].get("EventType"), calls[0].get("Index")), ("onMessageAdded", "3"));
    let deliveries = format!("{DELIVERIES}?ConversationSid={conversation}");
    assert_eq!(exchange.api.all(&deliveries, "deliveries").await.len(), expected.len());
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_replay_that_meets_a_failing_endpoint_is_told_again_and_loses_nothing() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[200, 500, 200]).await;
    let conversation = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    for body in ["one", "two", "three"] {
        exchange.api.post(&path, &[("Body", body)]).await.expect(201);
    }
    hears_from(&exchange, &conversation, &endpoint.url, "0").await;
    exchange.settles().await;
    assert_eq!(texts(&endpoint), ["one", "two", "three"], "what fails holds up nobody");
    exchange.later(Duration::from_secs(60));
    exchange.ticks().await;
    assert_eq!(texts(&endpoint), ["one", "two", "three", "two"]);
    exchange.rests().await;
}

/// Something is said that is told.
pub(crate) async fn says(exchange: &Exchange, conversation: &str, body: &str) {
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let loud = [("X-Twilio-Webhook-Enabled", "true")];
    exchange.api.send(reqwest::Method::POST, &path, &[("Body", body)], &loud).await.ok();
    exchange.settles().await;
}

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
    exchange.settles().await;
    let first = ["onParticipantAdded", "onMessageAdded"];
    assert_eq!(heard(&endpoint), first, "the first one that fails holds up nobody");
    for _ in 0..4 {
        exchange.later(Duration::from_secs(60));
        exchange.ticks().await;
    }
    let mut again = heard(&endpoint).split_off(2);
    again.sort();
    assert_eq!(again, ["onMessageAdded", "onParticipantAdded"], "each once more, and no more");
    let calls = endpoint.calls();
    let of = |event: &str| calls.iter().filter(|call| call.get("EventType") == event).collect();
    let added: Vec<&Heard> = of("onMessageAdded");
    let token = |call: &Heard| call.header("i-twilio-idempotency-token").to_owned();
    assert_eq!(token(added[0]), token(added[1]), "it is the same call");
    assert_eq!((added[0].get("RetryCount"), added[1].get("RetryCount")), ("0", "1"));
    let sequence = |event: &str| {
        let calls: Vec<&Heard> = of(event);
        calls[0].header("x-switchboard-sequence").parse::<u128>().unwrap()
    };
    assert!(sequence("onParticipantAdded") < sequence("onMessageAdded"));
    let listed = exchange.api.all(DELIVERIES, "deliveries").await;
    let statuses: Vec<&str> = listed.iter().map(|one| one["status"].as_str().unwrap()).collect();
    assert_eq!(statuses, ["delivered"; 2]);
    let attempts = |one: &Value| one["attempts"].as_array().unwrap().clone();
    let all: Vec<Value> = listed.iter().flat_map(attempts).collect();
    let answers: Vec<&Value> = all.iter().map(|one| &one["response_status"]).collect();
    assert_eq!(answers, [&json!(500), &json!(200), &json!(500), &json!(200)]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_was_refused_is_kept_listed_and_replayed() {
    let exchange = Exchange::open().await;
    let endpoint =
        Endpoint::saying(vec![(404, "{\"who\":\"nobody\"}".to_owned()), (200, String::new())])
            .await;
    let conversation = hears(&exchange, &endpoint.url).await;
    says(&exchange, &conversation, "lost?").await;
    let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
    assert_eq!(failed.len(), 1, "{failed:?}");
    let one = &failed[0];
    assert_eq!(one["conversation_sid"], conversation.as_str());
    assert_eq!(one["attempts"][0]["response"], "{\"who\":\"nobody\"}");
    let sid = one["sid"].as_str().unwrap();
    let path = format!("{DELIVERIES}/{sid}");
    assert_eq!(exchange.api.get(&path).await.ok(), *one);
    for (filter, count) in [
        (format!("Url={}", endpoint.url), 1),
        ("Url=https://other.example/".to_owned(), 0),
        (format!("ConversationSid={conversation}"), 1),
        ("Status=pending".to_owned(), 0),
        ("EndDate=2020-01-01T00:00:00Z".to_owned(), 0),
    ] {
        let found = exchange.api.all(&format!("{DELIVERIES}?{filter}"), "deliveries").await;
        assert_eq!(found.len(), count, "{filter}");
    }
    assert_eq!(
        exchange.api.get(&format!("{DELIVERIES}?Status=lost")).await.refusal(),
        (400, 20001)
    );
    let replayed = exchange.api.post(&format!("{path}/Replay"), &[]).await.expect(202);
    assert_eq!(replayed["status"], "pending");
    exchange.settles().await;
    let seen = exchange.api.get(&path).await.ok();
    assert_eq!((&seen["status"], &seen["attempt_count"]), (&json!("delivered"), &json!(2)));
    let calls = endpoint.calls();
    let token = |place: usize| calls[place].header("i-twilio-idempotency-token").to_owned();
    assert_eq!(token(0), token(1));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_fails_for_days_is_switched_off_and_replayed_when_it_is_on_again() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::start(&[404, 404, 200]).await;
    let conversation = hears(&exchange, &endpoint.url).await;
    says(&exchange, &conversation, "one").await;
    exchange.later(Duration::from_secs(5 * 24 * 3600 + 60));
    says(&exchange, &conversation, "two").await;
    says(&exchange, &conversation, "three").await;
    assert_eq!(endpoint.calls().len(), 2, "it is not called any more");
    let listed = exchange.api.all(ENDPOINTS, "endpoints").await;
    assert_eq!((listed.len(), &listed[0]["disabled_reason"]), (1, &json!("failing")));
    let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
    assert_eq!(failed.len(), 3);
    assert_eq!(failed[0]["failure_reason"], "endpoint_off");
    let path = format!("{ENDPOINTS}/{}", listed[0]["sid"].as_str().unwrap());
    let replay = format!("{path}/Replay");
    let why = exchange.api.post(&replay, &[]).await.refused(400, 20001);
    assert!(why.contains("switched off"), "{why}");
    exchange.api.post(&path, &[("Enabled", "true")]).await.ok();
    let replayed = exchange.api.post(&replay, &[]).await.expect(202);
    assert_eq!((&replayed["replayed"], &replayed["next_start_date"]), (&json!(3), &json!(null)));
    exchange.ticks().await;
    assert_eq!(endpoint.calls().len(), 5);
    let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
    assert_eq!(failed.len(), 0, "{failed:?}");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_it_is_gone_is_not_called_again_until_it_is_switched_on() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200, 410, 200]).await;
    let conversation = hears(&exchange, &endpoint.url).await;
    for body in ["heard", "gone", "unheard"] {
        says(&exchange, &conversation, body).await;
    }
    let told: Vec<String> =
        endpoint.calls().iter().map(|call| call.get("Body").to_owned()).collect();
    assert_eq!(told, ["heard", "gone"]);
    let listed = exchange.api.all(ENDPOINTS, "endpoints").await;
    assert_eq!(listed.len(), 1, "it is noted though nobody set it up");
    let one = &listed[0];
    assert_eq!((&one["enabled"], &one["disabled_reason"]), (&json!(false), &json!("gone")));
    let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
    let reasons: Vec<&Value> = failed.iter().map(|one| &one["failure_reason"]).collect();
    assert_eq!(reasons, [&json!("endpoint_off"), &json!(null)], "the latest comes first");
    let path = format!("{ENDPOINTS}/{}", one["sid"].as_str().unwrap());
    exchange.api.post(&path, &[("Enabled", "true")]).await.ok();
    says(&exchange, &conversation, "heard again").await;
    assert_eq!(endpoint.calls().len(), 3);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_busy_is_called_again_when_it_asks_for_it() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    let endpoint = Endpoint::busy(&[(503, Some("3600")), (429, None), (200, None)]).await;
    let conversation = hears(&exchange, &endpoint.url).await;
    says(&exchange, &conversation, "no hurry").await;
    let pending = exchange.api.all(&format!("{DELIVERIES}?Status=pending"), "deliveries").await;
    assert_eq!(pending.len(), 1);
    let (due, asked) =
        (&pending[0]["date_next_attempt"], &pending[0]["attempts"][0]["date_retry_after"]);
    assert!(due.is_string() && due == asked, "{pending:?}");
    let passes = async |seconds| {
        exchange.later(Duration::from_secs(seconds));
        exchange.ticks().await;
        endpoint.calls().len()
    };
    assert_eq!(passes(300).await, 1, "by the schedule it would have been called");
    assert_eq!(passes(3200).await, 1);
    assert_eq!(passes(120).await, 2);
    // It does not ask for more, so the schedule goes on.
    assert_eq!(passes(60).await, 3);
    assert_eq!(
        exchange.api.all(&format!("{DELIVERIES}?Status=delivered"), "deliveries").await.len(),
        1
    );
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_is_set_up_tried_and_taken_away_and_tells_no_secret() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let form = [
        ("Url", endpoint.url.as_str()),
        ("StandardWebhooks", "true"),
        ("SignatureAlgorithm", "HMAC_SHA256"),
    ];
    let made = exchange.api.post(ENDPOINTS, &form).await.expect(201);
    let (secret, key) = (made["secret"].as_str().unwrap(), &made["shared_key"]);
    assert_eq!(exchange.api.post(ENDPOINTS, &form).await.refusal(), (409, 20409));
    let path = format!("{ENDPOINTS}/{}", made["sid"].as_str().unwrap());
    let shown = exchange.api.get(&path).await.ok().to_string();
    for hidden in [&secret[6..], key["secret"].as_str().unwrap()] {
        assert!(!shown.contains(hidden), "{shown}");
    }
    let tried = exchange.api.post(&format!("{path}/Test"), &[]).await.expect(202);
    exchange.settles().await;
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 1);
    let named = format!("key={},algorithm=HMAC_SHA256", key["key"].as_str().unwrap());
    assert_eq!(calls[0].header("x-twilio-webhooks-signature-settings"), named);
    assert!(calls[0].header("webhook-signature").starts_with("v1,"));
    let said: Value = serde_json::from_str(&calls[0].body).unwrap();
    assert_eq!(
        (&said["type"], &said["data"]["EndpointSid"]),
        (&json!("onEndpointTested"), &made["sid"])
    );
    let seen = format!("{DELIVERIES}/{}", tried["sid"].as_str().unwrap());
    assert_eq!(exchange.api.get(&seen).await.ok()["status"], "delivered");
    exchange.api.post(&format!("{path}/RotateSecret"), &[]).await.ok();
    exchange.api.post(&format!("{path}/Test"), &[]).await.expect(202);
    exchange.settles().await;
    let signatures = endpoint.calls()[1].header("webhook-signature").to_owned();
    assert_eq!(signatures.split(' ').count(), 2, "{signatures}");
    for (form, what) in [
        (&[("Url", "https://e.example/?a=1")][..], "query"),
        (&[("Url", "nonsense")], "URL"),
        (&[("Url", "https://e.example/"), ("SignatureAlgorithm", "MD5")], "SignatureAlgorithm"),
        (&[("Url", "https://e.example/"), ("Secret", "mine")], "Secret"),
    ] {
        let why = exchange.api.post(ENDPOINTS, form).await.refused(400, 20001);
        assert!(why.contains(what), "{why}");
    }
    let elsewhere = [("Url", "https://other.example/")];
    exchange.api.post(&format!("{path}/Test"), &elsewhere).await.refused(400, 20001);
    let too_long = [("OverlapSeconds", "700000")];
    exchange.api.post(&format!("{path}/RotateSecret"), &too_long).await.refused(400, 20001);
    exchange.api.delete(&path).await.expect(204);
    assert_eq!(exchange.api.get(&path).await.refusal(), (404, 20404));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_is_switched_off_by_rest_is_not_called() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let conversation = hears(&exchange, &endpoint.url).await;
    let form = [("Url", endpoint.url.as_str()), ("Enabled", "false")];
    let made = exchange.api.post(ENDPOINTS, &form).await.expect(201);
    assert_eq!(made["disabled_reason"], "requested");
    says(&exchange, &conversation, "unheard").await;
    assert_eq!(endpoint.calls().len(), 0);
    let failed = exchange.api.all(&format!("{DELIVERIES}?Status=failed"), "deliveries").await;
    assert_eq!((failed.len(), &failed[0]["attempt_count"]), (1, &json!(0)));
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
