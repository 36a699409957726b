//! A contact centre whose every move is the same in every run: clock, randomness and order are fixed.

use std::collections::BTreeMap;
use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use sha2::{Digest, Sha256};
use switchboard::stub_carrier::Behaviour;
use switchboard::{Answer, Called, Counters, Endpoints, Options};
use switchboard_carriers::stub::{CustomerMessage, Gesture, Taken};
use switchboard_carriers::webhook_path_of;
use switchboard_domain::carriage::{AliasKind, CarrierName, DeliveryStatus};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_tests::cost::{Cost, Entry};
use switchboard_tests::{ACCOUNT, Exchange, NUMBER, Polls, TOKEN};

use crate::ledger::{Ledger, short};

/// When everything begins. No digit of it is a trailing zero, which DynamoDB would not charge for.
const BEGINNING: Timestamp = Timestamp(1_764_547_261_237);
/// As many agents as make a routing receipt name all the passed-over workers that it may.
const AGENTS: usize = 24;
/// Where replies wait for their carrier.
const OUTBOUND: &str = "outbound.fifo";
/// Between two steps of a walk; never a round number.
const STEP: Duration = Duration::from_millis(1_373);

/// The contact centre with its books.
pub(crate) struct Desk {
    pub(crate) exchange: Exchange,
    ledger: Ledger,
    messages: AtomicU64,
}

/// What everything had cost at a moment.
struct Mark {
    counters: Counters,
    polls: BTreeMap<String, Polls>,
    carried: usize,
}

/// The files of customers, each a picture; and endpoints that have always heard.
#[derive(Debug)]
struct Heard;

impl Endpoints for Heard {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        let answer = match request.method().as_str() {
            "GET" => {
                let content_type = Some("image/png".to_owned());
                Answer { content_type, body: Some(vec![7; 48_113]), ..Answer::default() }
            }
            _ if request.url().path() == "/line" => {
                let said =
                    "<Response><Message>We will be with you in a minute.</Message></Response>";
                let content_type = Some("text/xml".to_owned());
                Answer { content_type, body: Some(said.into()), ..Answer::default() }
            }
            _ => Answer { content_type: None, body: Some(Vec::new()), ..Answer::default() },
        };
        Box::pin(async { (Called::Answered(200), answer) })
    }
}

impl Desk {
    /// Opens it, with agents enough, and a router that has seen one task come and go.
    pub(crate) async fn open() -> Self {
        Self::opened(Options::default()).await
    }

    /// One where a day may cost only so much.
    pub(crate) async fn capped() -> Self {
        let cards = r#"[{ "since": "2020-01-01", "currency": "USD", "rates": [
            { "channel": "sms", "price": "0.0079" } ] }]"#;
        let caps = r#"{"USD":"25"}"#;
        let (rate_cards, spend_caps) = (Some(cards.to_owned()), Some(caps.to_owned()));
        Self::opened(Options { rate_cards, spend_caps, ..Options::default() }).await
    }

    /// One where whoever is told hears it.
    pub(crate) async fn told() -> Self {
        Self::opened(Options { endpoints: Some(Arc::new(Heard)), ..Options::default() }).await
    }

    async fn opened(options: Options) -> Self {
        let ledger = Ledger::default();
        let drawn = AtomicU64::new(0);
        let entropy = move || {
            let number = drawn.fetch_add(1, Ordering::SeqCst).to_be_bytes();
            let digest = Sha256::digest(number);
            std::array::from_fn(|place| digest[place])
        };
        let exchange = Exchange::opened(Options {
            is_driven: false,
            clock: Some(Arc::new(|| BEGINNING)),
            entropy: Some(Arc::new(entropy)),
            faults: Some(Arc::new(ledger.clone())),
            endpoints: Some(Arc::new(Heard)),
            ..options
        })
        .await;
        exchange.carrier.set(Behaviour::NoReceipts);
        let desk = Self { exchange, ledger, messages: AtomicU64::new(0) };
        for number in 3..AGENTS {
            desk.hire(&format!("agent{number:02}")).await;
        }
        desk.agents_are_known().await;
        desk.exchange.settles().await;
        desk
    }

    async fn hire(&self, name: &str) {
        let attributes = json!({ "languages": ["en"], "contact_uri": format!("client:{name}") });
        let form = [
            ("FriendlyName", name),
            ("Attributes", &attributes.to_string()),
            ("ActivitySid", &self.exchange.sid("available")),
        ];
        self.exchange.api.make(&format!("{}/Workers", self.exchange.workspace), &form).await;
    }

    /// Makes all agents users, as they are once they have had a conversation.
    async fn agents_are_known(&self) {
        let all = format!("{}/Workers", self.exchange.workspace);
        for agent in self.exchange.api.all(&all, "workers").await {
            let name = agent["friendly_name"].as_str().unwrap_or_default();
            self.exchange.api.make("/conversations/v1/Users", &[("Identity", name)]).await;
        }
    }

    /// Lets nobody know who is offered a reservation, as if they had never had a conversation.
    pub(crate) async fn forgets_who_is_offered(&self, offer: &str) {
        let offer = self.exchange.api.get(offer).await.ok();
        let name = offer["worker_name"].as_str().unwrap_or_default();
        self.exchange.api.delete(&format!("/conversations/v1/Users/{name}")).await;
    }

    /// The path of an agent, and an activity in which nobody gets tasks.
    pub(crate) async fn on_break(&self, name: &str) -> (String, String) {
        let (api, workspace) = (&self.exchange.api, &self.exchange.workspace);
        let sid = |one: &Value| one["sid"].as_str().unwrap_or_default().to_owned();
        let agents = api.all(&format!("{workspace}/Workers?FriendlyName={name}"), "workers").await;
        let activities = api.all(&format!("{workspace}/Activities"), "activities").await;
        let off = activities.iter().find(|one| one["available"] == false).expect("such a one");
        (format!("{workspace}/Workers/{}", sid(&agents[0])), sid(off))
    }

    /// An agent does something else from now on.
    pub(crate) async fn goes(&self, agent: &str, activity: &str) {
        self.exchange.api.post(agent, &[("ActivitySid", activity)]).await.ok();
    }

    /// A customer writes.
    pub(crate) async fn writes(&self, address: &str) {
        self.says(address, "Hello, I have a question about my order.").await;
    }

    /// The same in these words.
    pub(crate) async fn says(&self, address: &str, body: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("SM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let customer = self.exchange.customer(address);
        assert_eq!(customer.delivers(&sid, body).await, 200);
    }

    /// Somebody puts an emoji on what they were sent last.
    pub(crate) async fn reacts(&self, address: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("SM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let sent = self.exchange.carrier.sent().pop().expect("something was sent");
        let gesture = Some(Gesture::Reaction(&sent.id, Some("👍")));
        let message = CustomerMessage { gesture, ..CustomerMessage::text(&sid, "", "", "") };
        self.exchange.customer(address).delivers_as(message).await;
    }

    /// Somebody writes to us and to others at once.
    pub(crate) async fn writes_to_group(&self, address: &str, business: &str, others: &[&str]) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("MM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let message = CustomerMessage {
            others,
            ..CustomerMessage::text(&sid, "", "", "Hello, who of you is at home today?")
        };
        self.exchange.customer(address).to(business).delivers_as(message).await;
    }

    /// Somebody sends a picture.
    pub(crate) async fn sends_a_picture(&self, address: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("MM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let customer = self.exchange.customer(address);
        let url = "https://files.example/accounts/AC1/messages/MM1/media/ME0123456789abcdef";
        let files = [(url, "image/jpeg")];
        assert_eq!(customer.delivers_with(&sid, "It arrived like this.", &files).await, 200);
    }

    /// The same to another of the business' addresses.
    pub(crate) async fn writes_to(&self, address: &str, business: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("SM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let customer = self.exchange.customer(address).to(business);
        assert_eq!(customer.delivers(&sid, "Hello, I have a question about my order.").await, 200);
    }

    /// Somebody writes by WhatsApp, where carriers tell more than one name.
    pub(crate) async fn writes_by_whatsapp(&self, address: &str, business: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("SM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let names = [(AliasKind::UserId, "US.13491208655302741918")];
        let customer = self.exchange.customer(address).to(business).called(&names);
        assert_eq!(customer.delivers(&sid, "Hello, I have a question about my order.").await, 200);
    }

    /// Lets the number of everybody go by a connection of its own, and says where its webhook is.
    pub(crate) async fn connects(&self) -> String {
        let carrier = CarrierName::default();
        let (api, all) = (&self.exchange.api, "/carriers/v1/Connections");
        let form = [("Carrier", carrier.name()), ("AccountSid", ACCOUNT), ("AuthToken", TOKEN)];
        let sid = api.make(all, &form).await;
        api.make(&format!("{all}/{sid}/Numbers"), &[("Address", NUMBER)]).await;
        let path = webhook_path_of(carrier, sid.parse().expect("its identifier"));
        format!("{}{path}", self.exchange.deployment.base_url())
    }

    /// A customer writes, and the carrier posts it to that webhook.
    pub(crate) async fn writes_by(&self, webhook: &str, address: &str) {
        let number = self.messages.fetch_add(1, Ordering::SeqCst);
        let sid = format!("SM{}", hex(&Sha256::digest(number.to_be_bytes())));
        let body = "Hello, I have a question about my order.";
        let message = CustomerMessage::text(&sid, address, NUMBER, body);
        let stub = self.exchange.carrier.stub(CarrierName::default());
        let answered = self.exchange.api.deliver(stub.inbound(webhook, &message)).await;
        assert_eq!(answered, 200);
    }

    /// The carrier reports on the message that it took at a place.
    pub(crate) async fn reports(&self, place: usize, status: DeliveryStatus) {
        let carrier = &self.exchange.carrier;
        let taken = Taken { status, ..carrier.sent()[place].clone() };
        let report = carrier.stub(taken.carrier).report(&taken);
        let report = report.expect("a status callback was asked for");
        let answered = self.exchange.api.deliver(report).await;
        assert!((200..300).contains(&answered), "{answered}");
    }

    /// Lets a moment pass.
    fn breathes(&self) {
        self.exchange.later(STEP);
    }

    /// Works everything off that is due at a time when nothing new comes.
    pub(crate) async fn rests_for(&self, span: Duration) {
        self.exchange.settles().await;
        self.exchange.later(span);
        self.exchange.settles().await;
    }

    /// The conversation of a customer, its only one that is open.
    pub(crate) async fn conversation(&self, address: &str) -> String {
        self.exchange.customer(address).conversation().await
    }

    /// The open offer about a conversation: the path of the reservation.
    pub(crate) async fn offer(&self, conversation: &str) -> String {
        let tasks = self.exchange.tasks().await;
        let about = |task: &&Value| {
            task["assignment_status"] == "reserved"
                && task["attributes"].as_str().is_some_and(|it| it.contains(conversation))
        };
        let task = tasks.iter().find(about).expect("an offered task");
        let path = format!(
            "{}/Tasks/{}/Reservations",
            self.exchange.workspace,
            task["sid"].as_str().unwrap_or_default()
        );
        let offers = self.exchange.api.all(&path, "reservations").await;
        let open = offers.iter().find(|one| one["reservation_status"] == "pending");
        format!("{path}/{}", open.expect("an offer")["sid"].as_str().unwrap_or_default())
    }

    /// Answers an offer.
    pub(crate) async fn answers(&self, offer: &str, status: &str) {
        self.exchange.api.post(offer, &[("ReservationStatus", status)]).await.ok();
    }

    /// An agent answers a customer.
    pub(crate) async fn replies(&self, conversation: &str) {
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let form =
            [("Author", "alice"), ("Body", "Good morning! What is the number of the order?")];
        self.exchange.api.post(&path, &form).await.ok();
    }

    /// A message that is in no conversation, by whom it says.
    pub(crate) async fn sends(&self, sender: (&str, &str)) {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let form = [("To", "+13105550177"), ("Body", "Your order is on its way."), sender];
        self.exchange.api.post(&path, &form).await.ok();
    }

    /// A template in two types.
    pub(crate) async fn makes_a_template(&self) -> String {
        let types = serde_json::json!({
            "twilio/text": { "body": "{{1}}, your order is on its way." },
            "twilio/quick-reply": { "body": "Is {{1}} right?", "actions": [
                { "type": "QUICK_REPLY", "title": "Yes" }] },
        });
        let form = [("language", "en"), ("types", &types.to_string())];
        self.exchange.api.make("/content/v1/Content", &form).await
    }

    /// A message that is in no conversation, made of a template.
    pub(crate) async fn sends_made_of(&self, template: &str) {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let from = ("From", NUMBER);
        let made = [("ContentSid", template), ("ContentVariables", "{\"1\":\"Ann\"}")];
        let form = [("To", "+13105550177"), from, made[0], made[1]];
        self.exchange.api.post(&path, &form).await.ok();
    }

    /// A program schedules messages for six minutes from now.
    pub(crate) async fn schedules(&self, service: &str, count: u32) {
        let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
        let now = self.exchange.deployment.dependencies("timer").expect("a clock").now();
        let at = (now + Millis::seconds(360)).iso();
        for number in 0..count {
            let to = format!("+1310555{number:04}");
            let form = [
                ("To", to.as_str()),
                ("MessagingServiceSid", service),
                ("Body", "Your order is on its way."),
                ("ScheduleType", "fixed"),
                ("SendAt", at.as_str()),
            ];
            self.exchange.api.post(&path, &form).await.ok();
        }
    }

    /// Begins to count.
    fn mark(&self) -> Mark {
        drop(self.ledger.take());
        Mark {
            counters: self.exchange.deployment.counters(),
            polls: self.polls(),
            carried: self.exchange.carrier.sent().len(),
        }
    }

    /// What was used since.
    ///
    /// # Panics
    /// If the engine's count of units is not the ledger's.
    fn since(&self, mark: &Mark) -> Cost {
        let entries = self.ledger.take();
        let used = self.exchange.deployment.counters().since(&mark.counters);
        let total = used.total();
        let sum = |bill: &BTreeMap<String, f64>| bill.values().sum::<f64>();
        let counted = (total.write_units, total.read_units);
        assert_eq!(
            counted,
            (sum(&entries.writes), sum(&entries.reads)),
            "the engine counts other units than DynamoDB's rules: {entries:#?}"
        );
        let mut queues = entries.sends;
        queues =
            queues.into_iter().map(|(queue, sends)| (format!("{queue} send"), sends)).collect();
        for (queue, now) in self.polls() {
            let before = mark.polls.get(&queue).copied().unwrap_or_default();
            for (what, count) in [
                ("receive", now.receives - before.receives),
                ("delete", now.deletes - before.deletes),
            ] {
                if count > 0 {
                    queues.insert(format!("{} {what}", short(&queue)), exact(count));
                }
            }
        }
        let rounds = |polls: &BTreeMap<String, Polls>| {
            let of = |(queue, polls): (&String, &Polls)| {
                (short(queue) == OUTBOUND).then_some(polls.rounds)
            };
            polls.iter().find_map(of).unwrap_or_default()
        };
        let carrier_waits = exact(rounds(&self.polls()) - rounds(&mark.polls));
        let functions = used.functions.iter().filter(|(_, usage)| usage.invocations > 0);
        let invocations: BTreeMap<String, f64> =
            functions.map(|(name, usage)| (name.clone(), exact(usage.invocations))).collect();
        Cost {
            writes: entries.writes,
            reads: entries.reads,
            queues,
            invocations,
            carrier_waits,
            carrier_calls: exact(
                i64::try_from(self.exchange.carrier.sent().len() - mark.carried).expect("few"),
            ),
        }
    }

    /// Counts a walk: from its first request until nothing is left to do.
    pub(crate) async fn count<T>(
        &self,
        path: &str,
        times: u32,
        walk: impl Future<Output = T>,
    ) -> Entry {
        self.exchange.settles().await;
        self.breathes();
        let mark = self.mark();
        walk.await;
        self.exchange.settles().await;
        let entry = Entry::new(path, times, self.since(&mark));
        if std::env::var_os("BUDGET_SIZES").is_some() {
            self.tell_sizes(path, times);
        }
        entry
    }

    /// Where the bytes are, for a reader who looks for units to save.
    #[expect(clippy::print_stdout, reason = "somebody asked for it")]
    fn tell_sizes(&self, path: &str, times: u32) {
        println!("{path} × {times}");
        for kind in [
            "Conversation",
            "Message",
            "Interaction",
            "Task",
            "Head",
            "AddressBinding",
            "Occurrence",
        ] {
            let Some((size, item)) = self.ledger.largest(kind) else { continue };
            println!("  {kind}: {size} bytes at most");
            if std::env::var("BUDGET_SIZES").is_ok_and(|wanted| wanted == kind) {
                println!("{}", serde_json::to_string_pretty(&item).expect("an item"));
            }
        }
    }

    fn polls(&self) -> BTreeMap<String, Polls> {
        self.exchange.hand.as_ref().expect("driven by hand").polls()
    }
}

fn exact(count: i64) -> f64 {
    f64::from(i32::try_from(count).expect("a small count"))
}

fn hex(digest: &[u8]) -> String {
    digest[..16].iter().map(|byte| format!("{byte:02x}")).collect()
}
