//! What a customer writes is asked about before it is published (rules A.4, B.5).

use std::pin::Pin;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use serde_json::{Value, json};
use switchboard::{Answer, Called, Deployment, Endpoints, Options};
use switchboard_domain::address::Address;
use switchboard_domain::carriage::{Arrival, CarrierName, InboundMessage};
use switchboard_domain::configuration::{AddressConfiguration, ConversationConfiguration, Handler};
use switchboard_domain::conversation::{AddressBinding, Conversation, HookName, Hooks, Pair};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::Message;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_runtime::Dependencies;
use switchboard_store::key;
use switchboard_tests::{Exchange, NUMBER};
use tokio::time::{Instant, sleep, timeout};

use crate::endpoint::Endpoint;

const HOOKS: &str = "/conversations/v1/Configuration/Webhooks";

/// Lets an endpoint of the account be asked.
async fn asks(exchange: &Exchange, endpoint: &Endpoint, events: &[&str]) {
    let mut form = vec![("PreWebhookUrl", endpoint.url.as_str())];
    form.extend(events.iter().map(|event| ("Filters", *event)));
    exchange.api.post(HOOKS, &form).await.ok();
}

fn heard(endpoint: &Endpoint) -> Vec<String> {
    endpoint.calls().iter().map(|call| call.get("EventType").to_owned()).collect()
}

fn bodies(messages: &[Value]) -> Vec<&str> {
    messages.iter().map(|one| one["body"].as_str().unwrap_or_default()).collect()
}

/// The customer's ordinary messages, which are logged whatever becomes of them.
async fn logged(exchange: &Exchange, from: &str) -> Vec<Value> {
    let account = switchboard_tests::ACCOUNT;
    let from: String = form_urlencoded::byte_serialize(from.as_bytes()).collect();
    let path = format!("/api/2010-04-01/Accounts/{account}/Messages.json?From={from}");
    exchange.api.all(&path, "messages").await
}

const EVERYTHING: [&str; 3] = ["onConversationAdd", "onParticipantAdd", "onMessageAdd"];

#[tokio::test(flavor = "multi_thread")]
async fn a_first_message_is_asked_about_as_the_conversation_that_it_opens_and_the_next_as_a_message()
 {
    let exchange = Exchange::open().await;
    let name = json!({ "friendly_name": "named by the endpoint" }).to_string();
    let text = json!({ "body": "[removed]", "attributes": "{\"clean\":true}" }).to_string();
    let endpoint = Endpoint::saying(vec![(200, name), (200, text)]).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550160");
    customer.writes("first").await;
    exchange.settles().await;
    customer.writes("a bad word").await;
    exchange.settles().await;
    assert_eq!(heard(&endpoint), ["onConversationAdd", "onMessageAdd"]);
    let calls = endpoint.calls();
    assert!(calls.iter().all(|call| endpoint.signed(call)));
    let opening = |name| calls[0].get(name);
    assert_eq!((opening("MessageBody"), opening("ConversationSid")), ("first", ""));
    assert_eq!(opening("MessagingBinding.Address"), "+14155550160");
    assert_eq!(opening("MessagingBinding.ProxyAddress"), NUMBER);
    let conversation = customer.conversation().await;
    let appended = |name| calls[1].get(name);
    assert_eq!((appended("Body"), appended("Author")), ("a bad word", "+14155550160"));
    assert_eq!((appended("ConversationSid"), appended("Source")), (&*conversation, "SMS"));
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let shown = exchange.api.get(&path).await.ok();
    assert_eq!(shown["friendly_name"], "named by the endpoint");
    let messages = exchange.messages(&conversation).await;
    assert_eq!(bodies(&messages), ["first", "[removed]"]);
    assert_eq!(messages[1]["attributes"], "{\"clean\":true}");
    exchange.rests().await;
}

/// Sets up how an endpoint is signed for; what it is told of its secrets.
async fn set_up(exchange: &Exchange, endpoint: &Endpoint, how: &[(&str, &str)]) -> Value {
    let mut form = vec![("Url", endpoint.url.as_str())];
    form.extend(how);
    exchange.api.post("/webhooks/v1/Endpoints", &form).await.expect(201)
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_asked_is_signed_for_as_it_is_set_up() {
    let exchange = Exchange::open().await;
    let text = json!({ "body": "[removed]" }).to_string();
    let endpoint = Endpoint::saying(vec![(200, String::new()), (200, text)]).await;
    let how = [("SignatureAlgorithm", "HMAC_SHA256"), ("StandardWebhooks", "true")];
    let made = set_up(&exchange, &endpoint, &how).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550169");
    customer.writes("first").await;
    exchange.settles().await;
    customer.writes("a bad word").await;
    exchange.settles().await;
    let calls = endpoint.calls();
    assert_eq!(calls.len(), 2);
    let (key, secret) = (&made["shared_key"], made["secret"].as_str().unwrap());
    for (call, event) in calls.iter().zip(["onConversationAdd", "onMessageAdd"]) {
        let named = format!("key={},algorithm=HMAC_SHA256", key["key"].as_str().unwrap());
        assert_eq!(call.header("x-twilio-webhooks-signature-settings"), named);
        assert!(endpoint.signed_by_key(call, key["secret"].as_str().unwrap()), "{event}");
        assert!(call.signed_by_standard(secret), "{event}");
        assert_eq!(call.header("webhook-id"), call.header("i-twilio-idempotency-token"));
        let said: Value = serde_json::from_str(&call.body).unwrap();
        assert_eq!((&said["type"], &said["data"]["EventType"]), (&json!(event), &json!(event)));
    }
    let messages = exchange.messages(&customer.conversation().await).await;
    assert_eq!(bodies(&messages), ["first", "[removed]"], "and what it answers is done");
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_switched_off_is_not_asked() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[403]).await;
    set_up(&exchange, &endpoint, &[("Enabled", "false")]).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550170");
    customer.writes("nobody objects").await;
    exchange.settles().await;
    assert_eq!(endpoint.calls().len(), 0);
    let messages = exchange.messages(&customer.conversation().await).await;
    assert_eq!(bodies(&messages), ["nobody objects"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_that_is_refused_is_kept_outside_and_not_asked_about_again() {
    let exchange = Exchange::open().await;
    let endpoint = Endpoint::start(&[403, 200, 500, 200]).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550161");
    customer.delivers("SM00000000000000000000000000000a01", "refused").await;
    exchange.settles().await;
    assert!(customer.conversations().await.is_empty(), "nothing is opened");
    assert_eq!(bodies(&logged(&exchange, "+14155550161").await), ["refused"]);
    assert!(exchange.tasks().await.is_empty(), "nobody is asked to answer");
    for _ in 0..2 {
        if exchange.moves_time() {
            // Past the time in which the queue itself knows a copy.
            exchange.later(Duration::from_secs(400));
        }
        customer.delivers("SM00000000000000000000000000000a01", "refused").await;
        exchange.settles().await;
    }
    assert_eq!(heard(&endpoint), ["onConversationAdd"], "a repetition is not asked about");

    customer.delivers("SM00000000000000000000000000000a02", "welcome").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    customer.delivers("SM00000000000000000000000000000a03", "refused, too").await;
    exchange.settles().await;
    customer.delivers("SM00000000000000000000000000000a04", "welcome back").await;
    exchange.settles().await;
    let messages = exchange.messages(&conversation).await;
    assert_eq!(bodies(&messages), ["welcome", "welcome back"]);
    let mut all = logged(&exchange, "+14155550161").await;
    all.sort_by_key(|one| one["body"].as_str().unwrap_or_default().to_owned());
    assert_eq!(bodies(&all), ["refused", "refused, too", "welcome", "welcome back"]);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_says_what_is_not_valid_keeps_the_message_outside() {
    let exchange = Exchange::open().await;
    let long = json!({ "author": "x".repeat(300) }).to_string();
    let endpoint = Endpoint::saying(vec![(200, String::new()), (200, long)]).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550162");
    customer.writes("first").await;
    exchange.settles().await;
    customer.writes("second").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    assert_eq!(bodies(&exchange.messages(&conversation).await), ["first"]);
    assert_eq!(logged(&exchange, "+14155550162").await.len(), 2);
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_an_endpoint_says_has_written_the_customer_gets_no_copy() {
    let exchange = Exchange::open().await;
    let other = json!({ "author": "somebody" }).to_string();
    let endpoint = Endpoint::saying(vec![(200, other)]).await;
    asks(&exchange, &endpoint, &["onMessageAdd"]).await;
    let customer = exchange.customer("+14155550163");
    customer.writes("first").await;
    exchange.settles().await;
    customer.writes("second").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let messages = exchange.messages(&conversation).await;
    assert_eq!(
        (&messages[1]["author"], &messages[1]["delivery"]),
        (&json!("somebody"), &json!(null))
    );
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_endpoint_that_misbehaves_holds_up_nothing() {
    let exchange = Exchange::open().await;
    let flood = json!({ "body": "x".repeat(10 << 20) }).to_string();
    let answers = vec![
        (200, flood),
        (302, String::new()),
        (200, "{\"body\": \"cut".to_owned()),
        (200, "\u{0}".to_owned()),
    ];
    let endpoint = Endpoint::saying(answers).await;
    asks(&exchange, &endpoint, &EVERYTHING).await;
    let customer = exchange.customer("+14155550164");
    let texts = ["one", "two", "three", "four"];
    for text in texts {
        customer.writes(text).await;
        exchange.settles().await;
    }
    let conversation = customer.conversation().await;
    assert_eq!(bodies(&exchange.messages(&conversation).await), texts);
    assert_eq!(heard(&endpoint).len(), 4, "each once, and no redirect is followed");
    let nobody = [("PreWebhookUrl", "http://127.0.0.1:9/")];
    exchange.api.post(HOOKS, &nobody).await.ok();
    customer.writes("five").await;
    exchange.settles().await;
    assert_eq!(exchange.messages(&conversation).await.len(), 5);
    exchange.rests().await;
}

/// Endpoints in this process, by the path of their URL: `slow` takes all of its time, `told` answers at once.
#[derive(Debug)]
struct Slow {
    began: Instant,
    told: Mutex<Vec<(String, Duration)>>,
    asked: Mutex<Vec<String>>,
}

impl Endpoints for Slow {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        let bytes = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let form: Vec<(String, String)> = form_urlencoded::parse(bytes).into_owned().collect();
        let body = form.into_iter().find(|(name, _)| name == "Body");
        let body = body.map(|(_, value)| value).unwrap_or_default();
        let (path, patience) = (request.url().path().to_owned(), *request.timeout().unwrap());
        Box::pin(async move {
            if path == "/told" {
                self.told.lock().unwrap().push((body, self.began.elapsed()));
                return (Called::Answered(200), Answer::default());
            }
            let is_slow = body.starts_with("slow");
            self.asked.lock().unwrap().push(body);
            let takes = if is_slow { Duration::MAX } else { Duration::ZERO };
            match timeout(patience, sleep(takes)).await {
                Ok(()) => (
                    Called::Answered(200),
                    Answer { content_type: None, body: Some(vec![]), ..Answer::default() },
                ),
                Err(_) => (Called::TimedOut, Answer::default()),
            }
        })
    }
}

/// A deployment whose clock is the runtime's, and whose account is asked about every message that is appended.
struct Desk {
    deployment: Deployment,
    on: Dependencies,
    endpoints: Arc<Slow>,
}

impl Desk {
    async fn open() -> Self {
        let began = Instant::now();
        let endpoints = Arc::new(Slow { began, told: Mutex::default(), asked: Mutex::default() });
        let clock = move || {
            let passed = i64::try_from(began.elapsed().as_millis()).unwrap();
            Timestamp(1_795_000_000_000 + passed)
        };
        let options = Options {
            clock: Some(Arc::new(clock)),
            endpoints: Some(Arc::clone(&endpoints) as _),
            ..Options::default()
        };
        let deployment = Deployment::start(options).await.unwrap();
        let mut on = deployment.dependencies("autocreation").unwrap();
        on.store = deployment.store("the desk", on.config.tables.clone());
        let webhooks = Hooks {
            pre_url: Some("https://customer.example/slow".to_owned()),
            post_url: Some("https://customer.example/told".to_owned()),
            filters: vec![HookName::OnMessageAdd, HookName::OnMessageAdded],
            ..Hooks::default()
        };
        let settings = ConversationConfiguration { webhooks, ..Default::default() };
        let _ = on.commit(&Decision::put(settings).and(number())).await.unwrap();
        Self { deployment, on, endpoints }
    }

    /// A customer writes these texts, one behind the other.
    async fn writes(&self, from: &str, texts: &[String]) {
        let sqs = self.deployment.sqs_client("inbound-webhook");
        for text in texts {
            let pair = (from.parse().unwrap(), NUMBER.parse().unwrap());
            let id = format!("{from}{}", text.replace(' ', "-"));
            let inbound =
                InboundMessage::new(CarrierName::default(), &id, pair, text, self.on.now());
            let message = sqs.send_message().queue_url(self.deployment.queue_url("inbound.fifo"));
            let body = serde_json::to_string(&Arrival::Message(Box::new(inbound))).unwrap();
            let message = message.message_body(body).message_group_id(from);
            message.message_deduplication_id(id).send().await.unwrap();
        }
    }

    /// What a customer has written into the open conversation, with when it was published.
    async fn published(&self, from: &str) -> Vec<(String, Timestamp)> {
        let address: Address = from.parse().unwrap();
        let pair = Pair { address, proxy: NUMBER.parse().unwrap() };
        let binding: Option<AddressBinding> = self.on.store.get(key::binding(&pair)).await.unwrap();
        let Some(binding) = binding else { return Vec::new() };
        let at = key::conversation(binding.conversation);
        let conversation: Conversation = self.on.store.get(at).await.unwrap().unwrap();
        let all = 0..conversation.next_index;
        let messages = self.on.store.messages(&conversation, all).await.unwrap();
        let shown = |one: Message| {
            (one.body.as_ref().map(|body| body.0.clone()).unwrap_or_default(), one.created)
        };
        messages.into_iter().map(shown).collect()
    }
}

/// The number that customers write to opens conversations.
fn number() -> AddressConfiguration {
    let address: Address = NUMBER.parse().unwrap();
    AddressConfiguration {
        sid: AddressConfiguration::sid_of(&address),
        kind: address.channel(),
        address,
        friendly_name: None,
        address_country: None,
        enabled: true,
        service: None,
        handler: Handler::Default,
        care: None,
        created: Timestamp(0),
        updated: Timestamp(0),
        version: Version::NEW,
    }
}

/// Whether the tables and queues are those in this process, whose clock is ours.
fn is_embedded() -> bool {
    ["DYNAMODB_ENDPOINT", "SQS_ENDPOINT"].iter().all(|name| std::env::var_os(name).is_none())
}

#[tokio::test(start_paused = true)]
async fn ten_messages_that_take_five_seconds_each_are_published_in_order_and_hold_up_nobody_else() {
    if !is_embedded() {
        return;
    }
    let (slow, quick) = ("+14155550170", "+14155550171");
    let desk = Desk::open().await;
    for from in [slow, quick] {
        desk.writes(from, &["first".to_owned()]).await;
    }
    sleep(Duration::from_secs(5)).await;
    let sent = desk.on.now();
    let mut texts: Vec<String> = (0..10).map(|number| format!("slow {number}")).collect();
    desk.writes(slow, &texts).await;
    desk.writes(quick, &["quick".to_owned()]).await;
    sleep(Duration::from_secs(2)).await;
    let published = desk.published(quick).await;
    assert_eq!(published.len(), 2, "while the other one is asked about");
    assert!((published[1].1 - sent).0 < 1_000, "{published:?}");
    let told = desk.endpoints.told.lock().unwrap().clone();
    assert!(told.iter().any(|(body, _)| body == "quick"), "and it is told of: {told:?}");

    sleep(Duration::from_secs(90)).await;
    texts.insert(0, "first".to_owned());
    let published = desk.published(slow).await;
    let bodies: Vec<&String> = published.iter().map(|(body, _)| body).collect();
    assert_eq!(bodies, texts.iter().collect::<Vec<_>>(), "in order, and each once");
    let took = published[10].1 - sent;
    assert!((50_000..60_000).contains(&took.0), "ten times five seconds, not {took:?}");
    let asked = desk.endpoints.asked.lock().unwrap().clone();
    assert_eq!(asked.iter().filter(|body| body.starts_with("slow")).count(), 10, "each once");
    assert!(desk.deployment.dead_letters().await.unwrap().is_empty());
    desk.deployment.stop().await;
}
