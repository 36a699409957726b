//! Least privilege, both ways. Every request of a function is held against its role wherever the bundle runs here, so a call
//! without permission fails each scenario, each sample event and the simulation. Here is the other way: a permission
//! that nothing makes use of fails.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};
use switchboard::template::{Function, Source};
use switchboard::{Answer, Called, Endpoints, Options, Permission, Permissions, invoke};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::webhook_path_of;
use switchboard_domain::carriage::{CarrierName, Media, message_sid};
use switchboard_domain::message::files_of;
use switchboard_domain::timestamp::Millis;
use switchboard_tests::{ACCOUNT, Api, Exchange, NUMBER, TOKEN, access_token};

use crate::flows::is_begun_and_looked_at;
use crate::webchat::a_guest_writes;

/// What every function's role allows beside its own requests: its log, and the key of whatever is encrypted.
const EVERYWHERE: [(&str, &str); 4] = [
    ("logs:CreateLogStream", "FunctionLogs"),
    ("logs:PutLogEvents", "FunctionLogs"),
    ("kms:Decrypt", "EncryptionKey"),
    ("kms:GenerateDataKey", "EncryptionKey"),
];
/// What Lambda asks in the name of a function that a queue wakes.
const OF_A_QUEUE: [&str; 3] = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"];
/// What Lambda asks in the name of a function that a stream wakes. Streams are listed by Lambda when it begins.
const OF_A_STREAM: [&str; 4] = [
    "dynamodb:DescribeStream",
    "dynamodb:GetRecords",
    "dynamodb:GetShardIterator",
    "dynamodb:ListStreams",
];

/// Where webhooks and callbacks go.
const ENDPOINT: &str = "http://127.0.0.1:9/hook";

/// What a number's endpoint answers.
const ANSWER: &str =
    "<Response><Message><Media>https://files.example/4.png</Media></Message></Response>";

/// What the endpoint hangs at.
const HANGS_AT: &str = "hang";

/// An endpoint that lets the time of one call run out.
#[derive(Debug, Default)]
struct HangsOnce(AtomicBool);

impl Endpoints for HangsOnce {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let is_it = String::from_utf8_lossy(body).contains(&format!("Body={HANGS_AT}&"));
        let hangs = is_it && !self.0.swap(true, Ordering::SeqCst);
        let called = if hangs { Called::TimedOut } else { Called::Answered(200) };
        // What is fetched is a customer's picture.
        let is_file = request.method() == Method::GET;
        let is_line = request.url().path() == "/line";
        let body = is_file.then(|| b"a picture".to_vec());
        let body = body.or_else(|| is_line.then(|| ANSWER.as_bytes().to_vec()));
        let content_type = is_file.then(|| "image/png".to_owned());
        let content_type = content_type.or_else(|| is_line.then(|| "text/xml".to_owned()));
        Box::pin(async { (called, Answer { content_type, body, ..Answer::default() }) })
    }
}

/// The endpoint that hung is called again, and has answered.
async fn is_back(exchange: &Exchange) {
    if exchange.moves_time() {
        exchange.later(Duration::from_secs(10));
    }
    exchange.settles().await;
}

fn permission(action: &str, resource: &str) -> Permission {
    Permission { action: action.to_owned(), resource: resource.to_owned() }
}

/// What Lambda itself needs of a function's role. It writes a batch that is given up to the queue of its mapping.
fn asked_by_lambda(function: &Function, stack: &str) -> BTreeSet<Permission> {
    let mut asked: BTreeSet<Permission> =
        EVERYWHERE.map(|(action, resource)| permission(action, resource)).into();
    let short = |name: &str| name.strip_prefix(stack).unwrap_or(name).to_owned();
    for source in &function.sources {
        match source {
            Source::Queue { queue, .. } => {
                asked.extend(OF_A_QUEUE.map(|action| permission(action, &short(queue))));
            }
            Source::Stream { table, on_failure, .. } => {
                let stream = format!("{}/stream/local", short(table));
                asked.extend(OF_A_STREAM.map(|action| permission(action, &stream)));
                let letters = on_failure.iter().map(|queue| short(queue));
                asked.extend(letters.map(|queue| permission("sqs:SendMessage", &queue)));
            }
            Source::Schedule { .. } => {}
        }
    }
    asked
}

fn learn(used: &mut Permissions, more: Permissions) {
    for (function, permissions) in more {
        used.entry(function).or_default().extend(permissions);
    }
}

/// The sample events.
fn events() -> Vec<PathBuf> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../events");
    let folders = fs::read_dir(root).unwrap().map(|entry| entry.unwrap().path());
    let files = folders.filter(|path| path.is_dir()).flat_map(|folder| {
        fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect::<Vec<_>>()
    });
    let is_event = |path: &PathBuf| {
        let name = path.file_name().and_then(|name| name.to_str()).unwrap_or_default();
        name.ends_with(".json") && name.matches('.').count() == 1
    };
    let mut events: Vec<PathBuf> = files.filter(is_event).collect();
    events.sort();
    events
}

/// Whatever the account has is listed and read, by clients that name an API key.
async fn is_looked_at(exchange: &Exchange, conversation: &str) {
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
    let key = exchange
        .api
        .post(&format!("{account}/Keys.json"), &[("FriendlyName", "reader")])
        .await
        .ok();
    let (name, secret) = (key["sid"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let reader = Api::new(exchange.deployment.base_url(), name, secret);
    let (workspace, alice) = (&exchange.workspace, exchange.sid("alice"));
    let chat = format!("/conversations/v1/Conversations/{conversation}");
    let events = exchange.api.all(&format!("{workspace}/Events"), "events").await;
    for path in [
        format!("{workspace}/Workers/{alice}/Statistics"),
        format!("{workspace}/Events/{}", events[0]["sid"].as_str().unwrap()),
        format!("{workspace}/Events?WorkerSid={alice}"),
        format!("{workspace}/Tasks"),
        format!("{workspace}/Workers/{alice}/Reservations"),
        "/conversations/v1/Conversations".to_owned(),
        format!("{chat}/Messages"),
        format!("{chat}/Participants"),
        "/conversations/v1/Configuration/Addresses".to_owned(),
        "/messaging/v1/Services".to_owned(),
        format!("{account}/Messages.json"),
        format!("{account}/Messages.json?To=%2B14155550160"),
        "/studio/v2/Flows".to_owned(),
        format!("/flex-api/v1/Interactions/KD{}/Channels", &conversation[2..]),
    ] {
        reader.get(&path).await.ok();
    }
    in_a_browser(exchange, (name, secret), conversation).await;
    exchange.api.delete(&format!("{account}/Keys/{name}.json")).await;
}

/// The agent reads by a token of their own, as who writes and as who works.
async fn in_a_browser(exchange: &Exchange, (key, secret): (&str, &str), conversation: &str) {
    let settings = exchange.api.get("/conversations/v1/Configuration").await.ok();
    let grants = json!({
        "identity": "alice",
        "chat": { "service_sid": settings["default_chat_service_sid"] },
        "task_router": { "workspace_sid": exchange.sid("workspace"), "worker_sid": exchange.sid("alice") },
    });
    let now = exchange.deployment.dependencies("conversations-api").unwrap().now();
    let token = access_token(key, secret, &grants, now.0 / 1000);
    let browser = Api::bearing(exchange.deployment.base_url(), &token);
    let all = browser.all("/conversations/v1/Conversations", "conversations").await;
    assert!(all.iter().all(|one| one["sid"].as_str().is_some()), "{conversation}");
    let own = format!("{}/Workers/{}", exchange.workspace, exchange.sid("alice"));
    browser.get(&own).await.ok();
    let service = settings["default_chat_service_sid"].as_str().unwrap();
    let nothing = format!("/mcs/v1/Services/{service}/Media/ME{}", "0".repeat(32));
    assert_eq!(browser.get(&nothing).await.refusal(), (404, 50507));
}

/// The flow mentions the first message and waits for minutes only, the workflow asks before it assigns.
async fn is_set_up(exchange: &Exchange) {
    let definition = json!({ "description": "", "initial_state": "Trigger", "flags": {}, "states": [
        { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
            { "event": "incomingConversationMessage", "next": "agent" }] },
        { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": {
            "workflow": exchange.sid("workflow"), "channel": "sms", "timeout": "600",
            "attributes": r#"{"first":"{{trigger.conversation.Body}}"}"# } },
    ]});
    let (definition, status) = (definition.to_string(), ("Status", "published"));
    let flow = [("FriendlyName", "flow"), status, ("Definition", &definition)];
    let path = format!("/studio/v2/Flows/{}", exchange.sid("flow"));
    exchange.api.post(&path, &[status, ("Definition", &definition)]).await.ok();
    let spare = exchange.api.make("/studio/v2/Flows", &flow).await;
    exchange.api.delete(&format!("/studio/v2/Flows/{spare}")).await;
    let workflow = format!("{}/Workflows/{}", exchange.workspace, exchange.sid("workflow"));
    exchange.api.post(&workflow, &[("AssignmentCallbackUrl", ENDPOINT)]).await.ok();
    let addresses = "/conversations/v1/Configuration/Addresses";
    let form = [
        ("Type", "whatsapp"),
        ("Address", "whatsapp:+18005550101"),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "webhook"),
        ("AutoCreation.WebhookUrl", ENDPOINT),
        ("AutoCreation.WebhookMethod", "POST"),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
    ];
    exchange.api.make(addresses, &form).await;
    let form = [("Type", "sms"), ("Address", "+18005550102")];
    let spare = exchange.api.make(addresses, &form).await;
    exchange.api.delete(&format!("{addresses}/{spare}")).await;
}

/// A message finds an agent and gets an answer, a second agent is asked, and all of it ends.
async fn a_conversation(exchange: &Exchange) {
    let customer = exchange.customer("+14155550160");
    customer.writes("hello").await;
    let conversation = customer.conversation().await;
    let chat = format!("/conversations/v1/Conversations/{conversation}");
    let mut listening = vec![("Target", "webhook"), ("Configuration.Url", ENDPOINT)];
    listening.extend(
        ["onParticipantAdded", "onMessageAdded", "onDeliveryUpdated", "onConversationStateUpdated"]
            .map(|filter| ("Configuration.Filters", filter)),
    );
    exchange.api.make(&format!("{chat}/Webhooks"), &listening).await;
    exchange.settles().await;
    let alice = exchange.agent("alice");
    let agent = match alice.reservations("pending").await.is_empty() {
        true => exchange.agent("bob"),
        false => alice,
    };
    agent.accepts().await;
    agent.replies(&conversation, "an answer").await;
    let aloud = [("X-Twilio-Webhook-Enabled", "true")];
    let (messages, body) = (format!("{chat}/Messages"), [("Body", "one that webhooks hear of")]);
    exchange.api.send(Method::POST, &messages, &body, &aloud).await.ok();
    exchange.settles().await;
    is_looked_at(exchange, &conversation).await;
    let channel = format!("/flex-api/v1/Interactions/KD{0}/Channels/UO{0}", &conversation[2..]);
    let routing = json!({ "properties": {
        "workspace_sid": exchange.sid("workspace"), "workflow_sid": exchange.sid("workflow"),
        "task_channel_unique_name": "sms", "timeout": 600,
    }});
    let invite = [("Routing", &*routing.to_string())];
    exchange.api.post(&format!("{channel}/Invites"), &invite).await.ok();
    let closing = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
    exchange.api.post(&channel, &closing).await.ok();
    exchange.settles().await;
    exchange.ticks().await;
}

/// An agent writes first, accepts as the hosted desk does, hands on, and takes that back.
async fn an_agent_writes_first(exchange: &Exchange) {
    let participants = json!([{ "address": "+14155550163", "proxy_address": NUMBER }]);
    let channel = json!({
        "type": "sms", "initiated_by": "agent", "participants": participants,
        "message": { "body": "Your parcel is here", "author": "carol" },
    });
    let properties = json!({
        "workspace_sid": exchange.sid("workspace"), "queue_sid": exchange.sid("french"),
        "worker_sid": exchange.sid("carol"), "task_channel_unique_name": "sms",
    });
    let (channel, routing) = (channel.to_string(), json!({ "properties": properties }).to_string());
    let form = [("Channel", channel.as_str()), ("Routing", routing.as_str())];
    let opened = exchange.api.post("/flex-api/v1/Interactions", &form).await.ok();
    exchange.settles().await;
    let digits = &opened["sid"].as_str().unwrap()[2..];
    let below = format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}");
    let invite = exchange.api.all(&format!("{below}/Invites"), "invites").await;
    let invite = invite[0]["sid"].as_str().unwrap();
    let offered = exchange.agent("carol").is_offered().await;
    let reservation = json!({ "reservation": { "sid": offered["sid"] } }).to_string();
    let accepts = [("action", "accept"), ("routing", reservation.as_str())];
    exchange.api.post(&format!("{below}/Invites/{invite}"), &accepts).await.ok();
    exchange.settles().await;
    let hands_on = [("to", exchange.sid("english"))];
    let hands_on: Vec<(&str, &str)> =
        hands_on.iter().map(|(name, to)| (*name, to.as_str())).collect();
    let transfer = exchange.api.post(&format!("{below}/Transfers"), &hands_on).await.ok();
    let transfer = transfer["sid"].as_str().unwrap();
    let back = [("status", "failed")];
    exchange.api.post(&format!("{below}/Transfers/{transfer}"), &back).await.ok();
    let closing = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
    exchange.api.post(&below, &closing).await.ok();
    exchange.settles().await;
}

/// Two customers in one conversation: what one writes is carried to the other. Then it is deleted.
async fn a_group(exchange: &Exchange) {
    let chat = exchange.api.make("/conversations/v1/Conversations", &[]).await;
    for address in ["+14155550161", "+14155550162"] {
        let form =
            [("MessagingBinding.Address", address), ("MessagingBinding.ProxyAddress", NUMBER)];
        let members = format!("/conversations/v1/Conversations/{chat}/Participants");
        exchange.api.make(&members, &form).await;
    }
    exchange.customer("+14155550161").writes("to both of you").await;
    exchange.settles().await;
    exchange.api.delete(&format!("/conversations/v1/Conversations/{chat}")).await;
}

/// A message to a number that opens no conversation, which its endpoint answers.
async fn an_answer(exchange: &Exchange) {
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let line = [("PhoneNumber", "+18005550188"), ("SmsUrl", "http://127.0.0.1:9/line")];
    exchange.api.make(&numbers, &line).await;
    exchange.customer("+14155550189").to("+18005550188").writes("hello").await;
    exchange.settles().await;
}

/// A message that belongs to no conversation is sent and read again.
async fn a_message(exchange: &Exchange) {
    let all = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let picture = ("MediaUrl", "https://files.example/3.png");
    let form = [("To", "+14155550163"), ("From", NUMBER), ("Body", "your parcel is here"), picture];
    let sent = exchange.api.make(&all, &form).await;
    exchange.settles().await;
    let one = all.replace(".json", &format!("/{sent}.json"));
    exchange.api.get(&one).await.ok();
    exchange.api.post(&one, &[("Body", "")]).await.ok();
}

/// Two messages that are scheduled: one is taken back, and one goes by another sender, since the first has left the pool.
async fn messages_in_time(exchange: &Exchange) {
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
    let form = [("FriendlyName", "news"), ("StatusCallback", ENDPOINT)];
    let service = exchange.api.make("/messaging/v1/Services", &form).await;
    let pool = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    let joins = async |number: &str| {
        let numbers = format!("{account}/IncomingPhoneNumbers.json");
        let sid = exchange.api.make(&numbers, &[("PhoneNumber", number)]).await;
        exchange.api.make(&pool, &[("PhoneNumberSid", &sid)]).await
    };
    let first = joins("+18005550185").await;
    let now = exchange.deployment.dependencies("timer").unwrap().now();
    let at = (now + Millis::seconds(310)).iso();
    let form = [
        ("To", "+14155550168"),
        ("MessagingServiceSid", service.as_str()),
        ("Body", "news"),
        ("ScheduleType", "fixed"),
        ("SendAt", &at),
    ];
    let all = format!("{account}/Messages.json");
    exchange.api.make(&all, &form).await;
    let second = exchange.api.make(&all, &form).await;
    let second = format!("{account}/Messages/{second}.json");
    exchange.api.post(&second, &[("Status", "canceled")]).await.ok();
    joins("+18005550184").await;
    exchange.api.delete(&format!("{pool}/{first}")).await.expect(204);
    exchange.later(Duration::from_secs(320));
    exchange.ticks().await;
}

/// A customer's picture, over something that an attempt before has left in its place; it is read, and goes with its message.
/// An upload that a message shows, and one that none does.
async fn files(exchange: &Exchange) {
    let id = format!("MM{}", "7".repeat(32));
    let sid = message_sid(CarrierName::default(), &id);
    let (media, _) = files_of(sid, &[Media::new("", "image/png")]).next().unwrap();
    let left = exchange.deployment.s3("a test").put_object().bucket("switchboard-mediabucket");
    left.key(media.to_string()).body(b"half".to_vec().into()).send().await.unwrap();
    let customer = exchange.customer("+14155550166");
    let file = [("https://files.example/1.png", "image/png")];
    assert_eq!(customer.delivers_with(&id, "look", &file).await, 200);
    exchange.settles().await;
    let chat = format!("/conversations/v1/Conversations/{}", customer.conversation().await);
    let service = exchange.api.get(&chat).await.text("chat_service_sid");
    let uploads = format!("/mcs/v1/Services/{service}/Media");
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
    let key =
        exchange.api.post(&format!("{account}/Keys.json"), &[("FriendlyName", "k")]).await.ok();
    let (name, secret) = (key["sid"].as_str().unwrap(), key["secret"].as_str().unwrap());
    let reader = Api::new(exchange.deployment.base_url(), name, secret);
    let found = reader.get(&format!("{uploads}/{media}")).await.ok();
    let address = found["links"]["content_direct_temporary"].as_str().unwrap();
    assert_eq!(exchange.api.read(address).await.2, b"a picture");
    exchange.api.delete(&format!("{chat}/Messages/{sid}")).await;
    let uploaded = exchange.api.upload(&uploads, "image/png", b"a map").await.expect(201);
    let upload = ("MediaSid", uploaded["sid"].as_str().unwrap());
    let posted = exchange.api.make(&format!("{chat}/Messages"), &[upload]).await;
    exchange.api.delete(&format!("{chat}/Messages/{posted}")).await;
    exchange.api.upload(&uploads, "image/png", b"a plan").await.expect(201);
    exchange.later(Duration::from_secs(301));
    exchange.settles().await;
}

/// A connection that is made by REST: its webhook, a message and a test by it, and its end.
async fn a_connection(exchange: &Exchange) {
    let carrier = CarrierName::default();
    let all = "/carriers/v1/Connections";
    let form = [("Carrier", carrier.name()), ("AccountSid", ACCOUNT), ("AuthToken", TOKEN)];
    let sid = exchange.api.make(all, &form).await;
    let one = format!("{all}/{sid}");
    let (from, to) = ("whatsapp:+18005550109", "whatsapp:+14155550165");
    let number = exchange.api.make(&format!("{one}/Numbers"), &[("Address", from)]).await;
    let webhook = webhook_path_of(carrier, sid.parse().unwrap());
    let forged = exchange.api.post(&webhook, &[("Body", "forged")]).await;
    assert_eq!(forged.status, 403);
    exchange.api.post(&format!("{one}/Test"), &[("To", to)]).await.ok();
    let messages = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    exchange.api.make(&messages, &[("To", to), ("From", from), ("Body", "by another way")]).await;
    exchange.settles().await;
    // A picture that comes by it is opened with its secrets.
    let id = format!("MM{}", "8".repeat(32));
    let media = [("https://files.example/2.png", "image/png")];
    let picture = CustomerMessage { media: &media, ..CustomerMessage::text(&id, to, from, "look") };
    let webhook = format!("{}{webhook}", exchange.deployment.base_url());
    let posted = exchange.carrier.stub(carrier).inbound(&webhook, &picture);
    assert_eq!(exchange.api.deliver(posted).await, 200);
    exchange.settles().await;
    assert_eq!(exchange.api.all(all, "connections").await.len(), 1);
    exchange.api.delete(&format!("{one}/Numbers/{number}")).await;
    assert_eq!(exchange.api.delete(&one).await.status, 204);
}

/// Two replies leave as one.
async fn replies_together(exchange: &Exchange) {
    let merging = format!("/messaging/v1/Services/{}/Merging", exchange.made.sid("messaging"));
    exchange.api.post(&merging, &[("Seconds", "1")]).await.ok();
    // What is known of a service counts for a minute.
    exchange.later(Duration::from_secs(61));
    let customer = exchange.customer("+14155550167");
    customer.writes("hello").await;
    exchange.settles().await;
    let conversation = customer.conversation().await;
    let messages = format!("/conversations/v1/Conversations/{conversation}/Messages");
    for body in ["one", "two"] {
        exchange.api.make(&messages, &[("Author", "ann"), ("Body", body)]).await;
    }
    exchange.later(Duration::from_secs(2));
    exchange.settles().await;
    assert_eq!(exchange.api.delete(&merging).await.status, 204);
}

/// A task that waits for minutes only; a worker and a workflow that go.
async fn an_afternoon(exchange: &Exchange) {
    let workspace = &exchange.workspace;
    let workflow = exchange.sid("workflow");
    let form = [("WorkflowSid", &*workflow), ("TaskChannel", "default"), ("Timeout", "600")];
    let task = exchange.api.make(&format!("{workspace}/Tasks"), &form).await;
    exchange.settles().await;
    let of_it = format!("{workspace}/Events?TaskSid={task}");
    assert!(!exchange.api.all(&of_it, "events").await.is_empty());
    exchange.agent("carol").goes("Offline").await;
    let carol = format!("{workspace}/Workers/{}", exchange.sid("carol"));
    exchange.api.delete(&carol).await;
    let configuration = json!({ "task_routing": {
        "filters": [], "default_filter": { "queue": exchange.sid("english") } } });
    let form = [("FriendlyName", "spare"), ("Configuration", &*configuration.to_string())];
    let spare = exchange.api.make(&format!("{workspace}/Workflows"), &form).await;
    exchange.api.delete(&format!("{workspace}/Workflows/{spare}")).await;
    exchange.settles().await;
}

/// More tasks for one worker than the router hands out in one go.
async fn a_crowd() -> Permissions {
    let exchange = Exchange::open().await;
    for name in ["alice", "bob", "carol"] {
        exchange.agent(name).goes("Offline").await;
    }
    let (workspace, workflow) = (&exchange.workspace, exchange.sid("workflow"));
    let form = [("WorkflowSid", &*workflow), ("TaskChannel", "default")];
    let tasks = format!("{workspace}/Tasks");
    for _ in 0..20 {
        join_all((0..24).map(|_| exchange.api.make(&tasks, &form))).await;
    }
    exchange.settles().await;
    let channels = format!("{workspace}/Workers/{}/Channels", exchange.sid("alice"));
    exchange.api.post(&format!("{channels}/default"), &[("Capacity", "480")]).await.ok();
    exchange.agent("alice").goes("Available").await;
    exchange.settles().await;
    assert_eq!(exchange.agent("alice").reservations("pending").await.len(), 480);
    let used = exchange.deployment.permissions();
    exchange.rests().await;
    used
}

/// An endpoint is to be asked about a message, and there is no time for it: the message is put off.
async fn a_hurry() -> Permissions {
    let (before, own) = Options::default()
        .template
        .split_once("  AutocreationFunction:\n")
        .map(|(before, own)| (before.to_owned(), own.replacen("Timeout: 20\n", "Timeout: 5\n", 1)))
        .unwrap();
    let template = format!("{before}  AutocreationFunction:\n{own}");
    let exchange = Exchange::opened(Options { template, ..Options::default() }).await;
    let form = [("PreWebhookUrl", ENDPOINT), ("Filters", "onConversationAdd")];
    exchange.api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    exchange.customer("+14155550165").writes("hello").await;
    exchange.settles().await;
    assert_eq!(exchange.deployment.dead_letters().await.unwrap().len(), 1, "in vain, to the end");
    let used = exchange.deployment.permissions();
    exchange.deployment.stop().await;
    used
}

#[tokio::test(flavor = "multi_thread")]
async fn no_role_allows_what_its_function_never_asks_for() {
    let endpoints: Arc<dyn Endpoints> = Arc::new(HangsOnce::default());
    let options = Options { endpoints: Some(endpoints), ..Options::default() };
    let exchange = Exchange::opened(options).await;
    // Without an upload whose time is over, the permissions for files are idle.
    if !exchange.moves_time() {
        return;
    }
    is_set_up(&exchange).await;
    a_conversation(&exchange).await;
    a_group(&exchange).await;
    an_agent_writes_first(&exchange).await;
    a_message(&exchange).await;
    an_answer(&exchange).await;
    a_connection(&exchange).await;
    files(&exchange).await;
    replies_together(&exchange).await;
    messages_in_time(&exchange).await;
    a_guest_writes(&exchange).await;
    is_begun_and_looked_at(&exchange, ENDPOINT, NUMBER).await;
    an_afternoon(&exchange).await;
    // The second one waits until the endpoint is back.
    for body in [HANGS_AT, "hello"] {
        let customer = exchange.customer("whatsapp:+14155550164").to("whatsapp:+18005550101");
        customer.writes(body).await;
    }
    exchange.settles().await;
    is_back(&exchange).await;
    let mut used = exchange.deployment.permissions();
    learn(&mut used, a_crowd().await);
    learn(&mut used, a_hurry().await);
    for event in events() {
        let outcome = invoke::replay(&event).await.unwrap();
        learn(&mut used, outcome.permissions);
    }
    let stack = exchange.deployment.table_name("");
    let mut idle = Vec::new();
    for (name, function) in &exchange.deployment.template().functions {
        let lambdas = asked_by_lambda(function, &stack);
        let missing: Vec<_> = lambdas.difference(&function.allowed).collect();
        assert!(missing.is_empty(), "{name} cannot be woken without {missing:?}");
        let own = used.remove(name).unwrap_or_default();
        let never =
            function.allowed.iter().filter(|one| !own.contains(one) && !lambdas.contains(one));
        idle.extend(never.map(|one| format!("{name}: {one}")));
    }
    assert!(idle.is_empty(), "allowed, and never asked for:\n{}", idle.join("\n"));
    exchange.rests().await;
}

/// A role that lacks one permission makes its function fail, by whichever road it goes.
#[tokio::test(flavor = "multi_thread")]
async fn a_call_that_its_role_does_not_allow_fails() {
    for road in [switchboard::Road::Near, switchboard::Road::Sdk] {
        let role = "PolicyName: messaging-api";
        let template = Options::default().template;
        let (before, own) = template.split_once(role).unwrap();
        let own = own.replacen("dynamodb:PutItem", "dynamodb:DescribeTable", 1);
        let template = format!("{before}{role}{own}");
        let exchange = Exchange::with(Options { template, road, ..Options::default() }).await;
        let form = [("FriendlyName", "a pool")];
        let answer = exchange.api.post("/messaging/v1/Services", &form).await;
        assert_eq!(answer.status, 500, "{road:?}");
        let refused = exchange.deployment.refused();
        let wanted = permission("dynamodb:PutItem", "configuration");
        assert_eq!(refused["messaging-api"], BTreeSet::from([wanted]));
        let kept: Vec<Value> = exchange.api.all("/messaging/v1/Services", "services").await;
        assert!(kept.is_empty(), "{kept:?}");
        exchange.deployment.stop().await;
    }
}
