//! Connections that are made by REST, for every carrier: what a customer writes comes in by their webhook, the reply leaves
//! by them, secrets are exchanged while messages come, and what is not believed is noted.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

use http::Method;
use serde_json::Value;
use switchboard_carriers::stub::{CustomerMessage, Stub};
use switchboard_carriers::{keeping_of, webhook_path_of};
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;
use switchboard_domain::sid::ConnectionSid;
use switchboard_tests::{ACCOUNT, Answered, Exchange, eventually};

const CONNECTIONS: &str = "/carriers/v1/Connections";
const CUSTOMER: &str = "whatsapp:+14155550171";
const BUSINESS: &str = "whatsapp:+18005550177";
/// What the carrier calls the number.
const CARRIER_ID: &str = "106540352242922";

/// A connection, and the carrier's account or app behind it.
struct Connected<'a> {
    exchange: &'a Exchange,
    carrier: CarrierName,
    sid: ConnectionSid,
    own: BTreeMap<String, Private<String>>,
    ids: std::cell::Cell<u8>,
}

/// `AUTH_TOKEN` → `AuthToken`.
fn parameter(setting: &str) -> String {
    let word = |word: &str| word[..1].to_owned() + &word[1..].to_lowercase();
    setting.split('_').map(word).collect()
}

impl<'a> Connected<'a> {
    /// Makes a connection with all that the carrier needs, and lets our number go by it.
    async fn to(exchange: &'a Exchange, carrier: CarrierName) -> Self {
        let value = |name: &str| match name {
            "ACCOUNT_SID" => format!("AC{}", "5".repeat(32)),
            name => format!("{}-of-the-connection", name.to_lowercase()),
        };
        let keeping = keeping_of(carrier);
        let given = keeping.required.iter().map(|name| (parameter(name), value(name)));
        let given: Vec<(String, String)> = given.collect();
        let mut form = vec![("Carrier", carrier.name())];
        form.extend(given.iter().map(|(name, value)| (name.as_str(), value.as_str())));
        let sid = exchange.api.make(CONNECTIONS, &form).await;
        let mut number = vec![("Address", BUSINESS)];
        let mut own: BTreeMap<String, Private<String>> = keeping
            .required
            .iter()
            .map(|name| (carrier.setting(name), value(name).into()))
            .collect();
        if let Some(numbers) = keeping.numbers {
            number.push(("CarrierId", CARRIER_ID));
            let bare = BUSINESS.trim_start_matches("whatsapp:");
            own.insert(carrier.setting(numbers), format!("{bare}={CARRIER_ID}").into());
        }
        exchange.api.make(&format!("{CONNECTIONS}/{sid}/Numbers"), &number).await;
        Self { exchange, carrier, sid: sid.parse().unwrap(), own, ids: std::cell::Cell::new(0) }
    }

    fn path(&self) -> String {
        format!("{CONNECTIONS}/{}", self.sid)
    }

    fn webhook(&self) -> String {
        let path = webhook_path_of(self.carrier, self.sid);
        format!("{}{path}", self.exchange.deployment.base_url())
    }

    /// The name of the secret that webhooks are signed with.
    fn signing(&self) -> &'static str {
        keeping_of(self.carrier).secrets[0]
    }

    /// The carrier's side, which signs with this secret.
    fn stub(&self, secret: &str) -> Arc<dyn Stub> {
        let mut own = self.own.clone();
        own.insert(self.carrier.setting(self.signing()), secret.into());
        let settings = CarrierSettings {
            account_sid: ACCOUNT.parse().unwrap(),
            auth_token: &Private::default(),
            public_url: self.exchange.deployment.base_url(),
            own: &own,
            connection: Some(self.sid),
        };
        self.exchange.carrier.connect(self.carrier, &settings).unwrap()
    }

    fn first_secret(&self) -> String {
        self.own[&self.carrier.setting(self.signing())].0.clone()
    }

    /// The customer writes; the carrier signs with this secret.
    async fn comes(&self, secret: &str, body: &str) -> u16 {
        let stub = self.stub(secret);
        self.ids.set(self.ids.get() + 1);
        let id = stub.message_id([self.ids.get(); 16], false);
        let message = CustomerMessage::text(&id, CUSTOMER, BUSINESS, body);
        self.exchange.api.deliver(stub.inbound(&self.webhook(), &message)).await
    }

    async fn shown(&self) -> Value {
        self.exchange.api.get(&self.path()).await.ok()
    }
}

async fn is_reachable(exchange: &Exchange) {
    let form = [
        ("Type", "whatsapp"),
        ("Address", BUSINESS),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_message_comes_in_by_a_connection_and_the_reply_leaves_by_it() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        is_reachable(&exchange).await;
        let connected = Connected::to(&exchange, *carrier).await;
        assert_eq!(connected.comes(&connected.first_secret(), "hello").await / 100, 2);
        let customer = exchange.customer(CUSTOMER).to(BUSINESS);
        let conversation = customer.conversation().await;
        let messages = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let sid = exchange.api.make(&messages, &[("Author", "system"), ("Body", "hi")]).await;
        let receipts = format!("{messages}/{sid}/Receipts");
        eventually("read", || async {
            let all = exchange.api.all(&receipts, "delivery_receipts").await;
            (all.len() == 1 && all[0]["status"] == "read").then_some(())
        })
        .await;
        let sent = exchange.carrier.sent().pop().unwrap();
        assert_eq!(
            (sent.carrier, sent.from.as_str(), sent.body.as_str()),
            (*carrier, BUSINESS, "hi")
        );
        let reports = sent.report_to.unwrap();
        assert!(reports.contains(&connected.sid.to_string()), "reports come to {reports}");
        assert_eq!(connected.shown().await["last_reject"], Value::Null);
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_test_send_is_taken_by_the_carrier_and_its_reports_are_nobodys() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::bare().await;
        let connected = Connected::to(&exchange, *carrier).await;
        let _ = connected.stub(&connected.first_secret());
        let test = format!("{}/Test", connected.path());
        let said = exchange.api.post(&test, &[("To", CUSTOMER), ("Body", "are you there?")]).await;
        let said = said.ok();
        let sent = exchange.carrier.sent().pop().unwrap();
        assert_eq!(
            (said["outcome"].as_str(), sent.body.as_str()),
            (Some("accepted"), "are you there?")
        );
        assert_eq!(said["carrier_message_id"], sent.id);
        assert_eq!(sent.about, None, "nobody could find our names");
        exchange.rests().await;
    }
}

/// The identifier by which the account lists what the customer wrote.
async fn listed(exchange: &Exchange) -> String {
    exchange.settles().await;
    let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let all = exchange.api.get(&path).await.ok();
    let messages = all["messages"].as_array().unwrap().iter();
    let mut inbound = messages.filter(|message| message["direction"] == "inbound");
    inbound.next().unwrap()["sid"].as_str().unwrap().to_owned()
}

async fn types(exchange: &Exchange, sid: &str) -> Answered {
    let form = [("channel", "whatsapp"), ("messageId", sid)];
    exchange.api.post("/messaging/v2/Indicators/Typing.json", &form).await
}

#[tokio::test(flavor = "multi_thread")]
async fn that_somebody_types_is_shown_by_the_connection_that_the_message_came_by() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        is_reachable(&exchange).await;
        let connected = Connected::to(&exchange, *carrier).await;
        assert_eq!(connected.comes(&connected.first_secret(), "hello").await / 100, 2);
        let sid = listed(&exchange).await;
        assert_eq!(types(&exchange, &sid).await.ok()["success"], true);
        let id = connected.stub(&connected.first_secret()).message_id([1; 16], false);
        assert_eq!(exchange.carrier.signs(), [(*carrier, id)]);
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_types_by_another_carrier_than_the_one_that_knows_the_message() {
    for carrier in CarrierName::ALL.iter().filter(|carrier| !carrier.is_default()) {
        let exchange = Exchange::open().await;
        is_reachable(&exchange).await;
        let customer = exchange.customer(CUSTOMER).to(BUSINESS);
        assert_eq!(customer.writes("hello").await, 200);
        let sid = listed(&exchange).await;
        let _connected = Connected::to(&exchange, *carrier).await;
        let words = types(&exchange, &sid).await.refused(400, 20001);
        assert!(words.contains("went by before"), "{words}");
        assert!(exchange.carrier.signs().is_empty());
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn both_secrets_count_until_the_old_one_is_removed() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        if !exchange.moves_time() {
            return;
        }
        is_reachable(&exchange).await;
        let connected = Connected::to(&exchange, *carrier).await;
        let (old, new) = (connected.first_secret(), "0123456789-the-new-secret");
        assert_eq!(connected.comes(&old, "by the old one").await / 100, 2);
        let secrets = format!("{}/Secrets", connected.path());
        let name = parameter(connected.signing());
        let before = exchange.api.all(&secrets, "secrets").await;
        let before = before.iter().find(|one| one["name"] == *name).unwrap()["sid"].clone();
        exchange.later(Duration::from_secs(2));
        exchange.api.make(&secrets, &[("Name", &name), ("Value", new)]).await;
        assert_eq!(connected.comes(new, "by the new one, at once").await / 100, 2);
        assert_eq!(connected.comes(&old, "by the old one").await / 100, 2);
        let gone = format!("{secrets}/{}", before.as_str().unwrap());
        assert_eq!(exchange.api.delete(&gone).await.status, 204);
        exchange.later(Duration::from_secs(61));
        assert_eq!(connected.comes(&old, "by the removed one").await, 403);
        assert_eq!(connected.comes(new, "by the new one").await / 100, 2);
        let shown = connected.shown().await;
        assert_eq!(shown["last_reject"]["reason"], "wrong_signature");
        exchange.settles().await;
        let conversation = exchange.customer(CUSTOMER).to(BUSINESS).conversation().await;
        assert_eq!(exchange.messages(&conversation).await.len(), 4);
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_flood_of_bad_requests_writes_once_a_minute() {
    let exchange = Exchange::bare().await;
    let connected = Connected::to(&exchange, CarrierName::default()).await;
    let before = exchange.deployment.counters();
    for _ in 0..20 {
        assert_eq!(connected.comes("another-secret", "hello").await, 403);
    }
    let used = exchange.deployment.counters().since(&before).of("inbound-webhook");
    assert_eq!(used.write_units, 1.0);
    // The connection, the connection again as it did not fit, and whether something was noted before.
    assert!(used.read_units <= 3.0 + 1.0, "{used:?}");
    let first = connected.shown().await["last_reject"]["time"].clone();
    if exchange.moves_time() {
        exchange.later(Duration::from_secs(60));
        assert_eq!(connected.comes("another-secret", "hello").await, 403);
        assert_ne!(connected.shown().await["last_reject"]["time"], first);
    }
    exchange.rests().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_webhook_of_no_connection_is_not_found() {
    let exchange = Exchange::bare().await;
    let connected = Connected::to(&exchange, CarrierName::default()).await;
    let nobody: ConnectionSid = format!("CN{}", "0".repeat(32)).parse().unwrap();
    for carrier in CarrierName::ALL {
        let paths = [webhook_path_of(*carrier, nobody), webhook_path_of(*carrier, connected.sid)];
        for path in paths.iter().take(if *carrier == connected.carrier { 1 } else { 2 }) {
            let answer = exchange.api.send(Method::POST, path, &[("Body", "x")], &[]).await;
            assert_eq!(answer.status, 404, "{path}");
        }
    }
    exchange.rests().await;
}

/// Whatever stands in the tables, raw.
#[tokio::test(flavor = "multi_thread")]
async fn the_tables_have_no_secret_in_them() {
    let exchange = Exchange::bare().await;
    let snapshot = async || switchboard::check::of_deployment(&exchange.deployment).await.unwrap();
    for carrier in CarrierName::ALL {
        let connected = Connected::to(&exchange, *carrier).await;
        let first = connected.first_secret();
        assert_eq!(connected.comes(&first, "hello").await / 100, 2);
        let records = snapshot().await.records;
        assert!(records.iter().any(|one| one.kind() == "CarrierConnection"));
        let sid = format!("{records:?}");
        for (name, secret) in &connected.own {
            let is_plain = keeping_of(*carrier).plain.iter().any(|it| carrier.setting(it) == *name);
            let is_number =
                keeping_of(*carrier).numbers.is_some_and(|it| carrier.setting(it) == *name);
            assert!(
                is_plain || is_number || !sid.contains(secret.as_str()),
                "{name} is in a record"
            );
        }
        let number = exchange.api.all(&format!("{}/Numbers", connected.path()), "numbers").await;
        let number = number[0]["sid"].as_str().unwrap().to_owned();
        exchange.api.delete(&format!("{}/Numbers/{number}", connected.path())).await;
    }
}
