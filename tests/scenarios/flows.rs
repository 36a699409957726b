//! Flows in the product's format (`tests/flows`), modelled on public exports, each run by the real functions (rules S.1 to S.5).

use std::time::Duration;

use serde_json::{Value, json};
use switchboard_tests::{Customer, Exchange};
use tokio::net::TcpListener;

use crate::endpoint::Endpoint;

const FLOWS: &str = "/studio/v2/Flows";
/// What stands in the files for what a test makes.
const WORKFLOW: &str = "WW00000000000000000000000000000001";
const SUBFLOW: &str = "FW00000000000000000000000000000001";
const HOST: &str = "https://flows.example";

fn file(name: &str) -> String {
    let path = format!("{}/flows/{name}.json", env!("CARGO_MANIFEST_DIR"));
    std::fs::read_to_string(path).unwrap()
}

/// The flow of the number is this one from now on, with an endpoint's address in place of the file's.
async fn follows(exchange: &Exchange, name: &str, url: &str) -> String {
    let definition = file(name).replace(WORKFLOW, &exchange.sid("workflow"));
    let definition = definition.replace(&format!("{HOST}/orders"), url);
    let definition = definition.replace(&format!("{HOST}/log"), url);
    let definition = definition.replace(&format!("{HOST}/consents"), url);
    follows_definition(exchange, &definition).await
}

async fn follows_definition(exchange: &Exchange, definition: &str) -> String {
    let flow = format!("{FLOWS}/{}", exchange.sid("flow"));
    let form = [("Status", "published"), ("Definition", definition)];
    exchange.api.post(&flow, &form).await.ok();
    flow
}

/// A program begins a flow that asks an endpoint and hands over, and looks at everything that is kept of it.
pub(crate) async fn is_begun_and_looked_at(exchange: &Exchange, url: &str, from: &str) {
    let next = |event: &str, next: &str| json!({ "event": event, "next": next });
    let request = json!({ "method": "GET", "url": url });
    let agents =
        json!({ "workflow": exchange.sid("workflow"), "channel": "default", "attributes": "{}" });
    let definition = json!({
        "description": "", "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {},
              "transitions": [next("incomingRequest", "lookup")] },
            { "name": "lookup", "type": "make-http-request", "properties": request,
              "transitions": [next("success", "agent"), next("failed", "agent")] },
            { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": agents },
        ],
    });
    let definition = definition.to_string();
    let form = [("FriendlyName", "lookup"), ("Status", "published"), ("Definition", &*definition)];
    let flow = format!("{FLOWS}/{}", exchange.api.make(FLOWS, &form).await);
    let all = format!("{flow}/Executions");
    let execution = exchange.api.make(&all, &[("To", "+15552000150"), ("From", from)]).await;
    exchange.settles().await;
    for (path, key) in [
        (format!("{flow}/Revisions"), "revisions"),
        (all.clone(), "executions"),
        (format!("{all}/{execution}/Steps"), "steps"),
    ] {
        assert!(!exchange.api.all(&path, key).await.is_empty(), "{path}");
    }
    exchange.api.all("/flex-api/v1/Waiting", "interactions").await;
}

/// A flow that does nothing but hand over.
fn leading_to(workflow: &str) -> String {
    let next = json!({ "event": "incomingConversationMessage", "next": "agent" });
    let agents = json!({ "workflow": workflow, "channel": "default", "attributes": "{}" });
    json!({
        "description": "", "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [next] },
            { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": agents },
        ],
    })
    .to_string()
}

#[tokio::test(flavor = "multi_thread")]
async fn s2_a_draft_changes_nothing_for_who_writes_by_a_carrier_or_in_a_webchat() {
    let exchange = Exchange::open().await;
    let (flow, workflow) = (format!("{FLOWS}/{}", exchange.sid("flow")), exchange.sid("workflow"));
    let workflows = format!("{}/Workflows", exchange.workspace);
    let first = exchange.api.get(&format!("{workflows}/{workflow}")).await.ok();
    let configuration = first["configuration"].as_str().unwrap();
    let form = [("FriendlyName", "Tomorrow's"), ("Configuration", configuration)];
    let other = exchange.api.make(&workflows, &form).await;
    follows_definition(&exchange, &leading_to(&workflow)).await;
    let draft = [("Status", "draft"), ("Definition", &*leading_to(&other))];
    exchange.api.post(&flow, &draft).await.ok();
    exchange.customer("+15552000151").writes("hello").await;
    let form = [
        ("Type", "chat"),
        ("Address", "chat:drafted"),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", &*exchange.sid("flow")),
    ];
    let address = exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    let form = [("AddressSid", &*address), ("Identity", "larry")];
    let chat = exchange.api.post("/flex-api/v2/WebChats", &form).await.ok();
    let chat = chat["conversation_sid"].as_str().unwrap();
    let said = [("Author", "larry"), ("Body", "hello")];
    exchange.api.make(&format!("/conversations/v1/Conversations/{chat}/Messages"), &said).await;
    exchange.settles().await;
    let tasks = exchange.tasks().await;
    assert_eq!(tasks.len(), 2, "{tasks:?}");
    assert!(tasks.iter().all(|task| task["workflow_sid"] == workflow), "{tasks:?}");
    exchange.rests().await;
}

async fn says(exchange: &Exchange, customer: &Customer<'_>, body: &str) {
    customer.writes(body).await;
    exchange.settles().await;
}

/// The texts that went to customers, in order.
fn sent(exchange: &Exchange) -> Vec<String> {
    exchange.carrier.sent().iter().map(|one| one.body.clone()).collect()
}

async fn executions(exchange: &Exchange, flow: &str) -> Vec<Value> {
    exchange.api.all(&format!("{flow}/Executions"), "executions").await
}

/// The attributes of the only task.
async fn task(exchange: &Exchange) -> Value {
    let tasks = exchange.tasks().await;
    assert_eq!(tasks.len(), 1, "{tasks:?}");
    serde_json::from_str(tasks[0]["attributes"].as_str().unwrap()).unwrap()
}

async fn passes(exchange: &Exchange, mut seconds: u64) {
    while seconds > 0 {
        let step = seconds.min(60);
        exchange.later(Duration::from_secs(step));
        exchange.ticks().await;
        seconds -= step;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn business_hours_hand_over_or_say_when() {
    let exchange = Exchange::open().await;
    follows(&exchange, "business-hours", "").await;
    let now = exchange.deployment.dependencies("timer").unwrap().now();
    let (day, second) = (now.seconds().div_euclid(86_400), now.seconds().rem_euclid(86_400));
    // 1970 began on a Thursday.
    let is_weekday = (day + 3).rem_euclid(7) < 5;
    let is_open = is_weekday && (9 * 3600..=17 * 3600).contains(&(second / 60 * 60));
    let customer = exchange.customer("+14155550301");
    says(&exchange, &customer, "hello").await;
    match is_open {
        true => assert_eq!(exchange.tasks().await.len(), 1),
        false => {
            assert_eq!(sent(&exchange), ["We are here on weekdays from 9 to 17 UTC."]);
            assert!(exchange.tasks().await.is_empty());
        }
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_language_is_asked_for_until_it_is_known_and_routes() {
    let exchange = Exchange::open().await;
    let flow = follows(&exchange, "language", "").await;
    let customer = exchange.customer("+14155550302");
    for body in ["hello", "what?", " Français "] {
        says(&exchange, &customer, body).await;
    }
    let question = "1 English\n2 Français";
    assert_eq!(sent(&exchange), [question, "Please answer 1 or 2.", question]);
    let attributes = task(&exchange).await;
    assert_eq!(
        (&attributes["language"], &attributes["name"]),
        (&json!("fr"), &json!("+14155550302"))
    );
    let [one] = &executions(&exchange, &flow).await[..] else { panic!("one execution") };
    assert_eq!((&one["status"], &one["flow_version"]), (&json!("ended"), &json!(2)));
    let url = one["url"].as_str().unwrap().split_once("/studio").unwrap().1.to_owned();
    let steps = exchange.api.all(&format!("/studio{url}/Steps?PageSize=3"), "steps").await;
    assert_eq!(steps.last().unwrap()["name"], "incomingConversationMessage");
    assert_eq!(steps[0]["transitioned_from"], "send_to_flex_1");
    let context = exchange.api.get(&format!("/studio{url}/Context")).await.ok();
    assert_eq!(context["context"]["flow"]["variables"]["language"], "fr");
    // The agent has the conversation: what the customer writes begins nothing, and the flow says no more.
    says(&exchange, &customer, "hello?").await;
    assert_eq!((executions(&exchange, &flow).await.len(), sent(&exchange).len()), (1, 3));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_does_not_reply_is_asked_again_and_then_goes_on() {
    let exchange = Exchange::open().await;
    if !exchange.moves_time() {
        return;
    }
    follows(&exchange, "language", "").await;
    says(&exchange, &exchange.customer("+14155550303"), "hello").await;
    passes(&exchange, 119).await;
    assert_eq!(sent(&exchange).len(), 1);
    passes(&exchange, 61).await;
    assert_eq!(sent(&exchange).len(), 2, "it asks twice");
    assert!(exchange.tasks().await.is_empty());
    passes(&exchange, 180).await;
    assert_eq!(task(&exchange).await["language"], "en");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_order_is_looked_up_and_what_the_endpoint_says_is_told() {
    let exchange = Exchange::open().await;
    let found = r#"{"order": {"id": 4711, "state": "shipped"}}"#.to_owned();
    let endpoint = Endpoint::saying(vec![(200, found), (200, String::new())]).await;
    follows(&exchange, "order-lookup", &endpoint.url).await;
    let customer = exchange.customer("+14155550304");
    says(&exchange, &customer, "where is it?").await;
    says(&exchange, &customer, "4711").await;
    assert_eq!(sent(&exchange), ["What is your order number?", "Order 4711 is SHIPPED."]);
    let calls = endpoint.calls();
    assert_eq!(calls[0].body, r#"{"order": "4711", "from": "+14155550304"}"#);
    assert_eq!(calls[0].header("content-type"), "application/json;charset=utf-8");
    assert_eq!((calls.len(), calls[1].get("order")), (2, "4711"));
    // It has come to its end; the next message begins anew.
    says(&exchange, &customer, "and the other one?").await;
    assert_eq!(sent(&exchange).len(), 3);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_that_hangs_is_given_up_and_the_customer_is_handed_over() {
    let exchange = Exchange::open().await;
    let silent = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let url = format!("http://{}/hook#rt=200", silent.local_addr().unwrap());
    follows(&exchange, "order-lookup", &url).await;
    let customer = exchange.customer("+14155550305");
    says(&exchange, &customer, "where is it?").await;
    says(&exchange, &customer, "4711").await;
    assert_eq!(sent(&exchange)[1], "We cannot look that up now (no answer).");
    let attributes = task(&exchange).await;
    assert_eq!((&attributes["order"], &attributes["found"]), (&json!("4711"), &Value::Null));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn consent_is_asked_for_and_told() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[200]).await;
    let flow = follows(&exchange, "whatsapp-opt-in", &endpoint.url).await;
    let customer = exchange.customer("+14155550306");
    for body in ["hello", "perhaps", "OK"] {
        says(&exchange, &customer, body).await;
    }
    assert_eq!(sent(&exchange)[2], "Thank you. You can say stop at any time.");
    let calls = endpoint.calls();
    assert_eq!((calls[0].get("who"), calls[0].get("consent")), ("+14155550306", "yes"));
    assert!(endpoint.signed(&calls[0]));
    assert_eq!(executions(&exchange, &flow).await[0]["status"], "ended");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_survey_is_begun_by_rest_when_the_conversation_is_closed() {
    let exchange = Exchange::open().await;
    let flow = follows(&exchange, "survey", "").await;
    let form =
        [("To", "+14155550307"), ("From", "+18005550100"), ("Parameters", r#"{"name":"Ann"}"#)];
    let begun = exchange.api.post(&format!("{flow}/Executions"), &form).await.ok();
    assert_eq!(begun["status"], "active");
    exchange.settles().await;
    assert_eq!(sent(&exchange), ["Hi Ann, how was it?", "From 1 to 5?"]);
    let customer = exchange.customer("+14155550307");
    says(&exchange, &customer, "2").await;
    says(&exchange, &customer, "  nobody answered ").await;
    assert_eq!(sent(&exchange)[2..], ["What went wrong?", "Thank you!"]);
    let path = format!("{flow}/Executions/{}", begun["sid"].as_str().unwrap());
    let context = exchange.api.get(&format!("{path}/Context")).await.ok();
    assert_eq!(context["context"]["flow"]["variables"]["why"], "nobody answered");
    assert_eq!(exchange.api.get(&path).await.ok()["status"], "ended");
    assert_eq!(customer.conversations().await.len(), 1);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_that_goes_round_hands_its_customers_to_its_agents_and_says_why() {
    let exchange = Exchange::open().await;
    let flow = follows(&exchange, "fallback-to-queue", "").await;
    says(&exchange, &exchange.customer("+14155550308"), "hello").await;
    assert_eq!(task(&exchange).await["from"], "+14155550308");
    let [one] = &executions(&exchange, &flow).await[..] else { panic!("one execution") };
    assert_eq!(one["status"], "ended");
    assert_eq!(one["context"]["ended"]["reason"], "it goes round without waiting");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_text_that_cannot_be_filled_in_ends_the_flow_and_hands_over() {
    let exchange = Exchange::open().await;
    let broken = file("parking").replace("Will you wait (1)", "{% if x %}Will you wait (1)");
    let definition = broken.replace(WORKFLOW, &exchange.sid("workflow"));
    let flow = follows_definition(&exchange, &definition).await;
    let warnings = exchange.api.get(&flow).await.ok()["warnings"].to_string();
    assert!(
        warnings.contains("ask_wait") && warnings.contains("cannot be filled in"),
        "{warnings}"
    );
    says(&exchange, &exchange.customer("+14155550309"), "hello").await;
    assert!(sent(&exchange).is_empty());
    assert_eq!(task(&exchange).await["from"], "+14155550309");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_will_not_wait_is_parked() {
    let exchange = Exchange::open().await;
    follows(&exchange, "parking", "").await;
    let customer = exchange.customer("+14155550310");
    says(&exchange, &customer, "hello").await;
    says(&exchange, &customer, "2 please").await;
    assert_eq!(sent(&exchange)[1], "We will come back to you.");
    let attributes = task(&exchange).await;
    assert_eq!((&attributes["parked"], &attributes["waited"]), (&json!(true), &json!("2 please")));
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flow_runs_another_one() {
    let exchange = Exchange::open().await;
    let greeting = file("greeting");
    let form = [("FriendlyName", "g"), ("Status", "published"), ("Definition", greeting.as_str())];
    let greeting = exchange.api.make(FLOWS, &form).await;
    let definition = file("subflow").replace(SUBFLOW, &greeting);
    let definition = definition.replace(WORKFLOW, &exchange.sid("workflow"));
    follows_definition(&exchange, &definition).await;
    let customer = exchange.customer("+14155550311");
    says(&exchange, &customer, "hello").await;
    says(&exchange, &customer, " ann ").await;
    assert_eq!(sent(&exchange), ["You wrote “hello”. Who are you?", "Thank you, Ann."]);
    assert_eq!(task(&exchange).await["name"], "Ann");
    exchange.rests().await;
}
