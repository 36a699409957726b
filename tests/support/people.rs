//! People: customers who write, agents who accept, reply, leave; and the set-up that brings them together.

use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::webhook_path;
use switchboard_domain::carriage::CarrierName;

use crate::{ACCOUNT, Exchange, NUMBER, eventually};

/// The workers of the set-up, with the language each speaks.
const WORKERS: [(&str, &str); 3] = [("alice", "en"), ("bob", "en"), ("carol", "fr")];

/// Makes the contact centre.
pub(crate) async fn set_up(exchange: &mut Exchange) {
    let api = exchange.api.clone();
    let sid = api.make("/taskrouter/v1/Workspaces", &[("FriendlyName", "centre")]).await;
    exchange.made["workspace"] = json!(sid);
    exchange.workspace = format!("/taskrouter/v1/Workspaces/{sid}");
    let activities = format!("{}/Activities?PageSize=100", exchange.workspace);
    let activities = api.all(&activities, "activities").await;
    let available = activities.iter().find(|one| one["available"] == true).expect("an activity");
    let available = available["sid"].as_str().unwrap_or_default().to_owned();
    exchange.made["available"] = json!(available);
    for (name, language) in WORKERS {
        let attributes =
            json!({ "languages": [language], "contact_uri": format!("client:{name}") });
        let form = [
            ("FriendlyName", name),
            ("Attributes", &attributes.to_string()),
            ("ActivitySid", &available),
        ];
        let worker = api.make(&format!("{}/Workers", exchange.workspace), &form).await;
        exchange.made[name] = json!(worker);
    }
    for (name, language) in [("english", "en"), ("french", "fr")] {
        let target = format!("languages HAS \"{language}\"");
        let form = [("FriendlyName", name), ("TargetWorkers", &target)];
        let queue = api.make(&format!("{}/TaskQueues", exchange.workspace), &form).await;
        exchange.made[name] = json!(queue);
    }
    let configuration = json!({ "task_routing": {
        "filters": [{
            "filter_friendly_name": "French",
            "expression": "language == \"fr\"",
            "targets": [{ "queue": exchange.sid("french") }],
        }],
        "default_filter": { "queue": exchange.sid("english") },
    }});
    let form = [
        ("FriendlyName", "by language"),
        ("Configuration", &configuration.to_string()),
        ("TaskReservationTimeout", "60"),
    ];
    let workflow = api.make(&format!("{}/Workflows", exchange.workspace), &form).await;
    exchange.made["workflow"] = json!(workflow);
    address(exchange).await;
}

/// The number, its messaging service, its flow.
async fn address(exchange: &mut Exchange) {
    let api = exchange.api.clone();
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let number = api.make(&numbers, &[("PhoneNumber", NUMBER)]).await;
    let service = api.make("/messaging/v1/Services", &[("FriendlyName", "centre")]).await;
    let pool = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    api.make(&pool, &[("PhoneNumberSid", &number)]).await;
    let definition = json!({
        "description": "Hands everybody to an agent",
        "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                { "event": "incomingConversationMessage", "next": "agent" }] },
            { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": {
                "workflow": exchange.sid("workflow"), "channel": "sms",
                "attributes": "{\"topic\":\"help\"}" } },
        ],
    });
    let form = [
        ("FriendlyName", "to an agent"),
        ("Status", "published"),
        ("Definition", &definition.to_string()),
    ];
    let flow = api.make("/studio/v2/Flows", &form).await;
    let form = [
        ("Type", "sms"),
        ("Address", NUMBER),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", &flow),
    ];
    let address = api.make("/conversations/v1/Configuration/Addresses", &form).await;
    exchange.made["address"] = json!(address);
    exchange.made["flow"] = json!(flow);
    exchange.made["messaging"] = json!(service);
}

/// Somebody who writes to the business.
#[derive(Clone)]
pub struct Customer<'a> {
    exchange: &'a Exchange,
    address: String,
    to: String,
}

impl<'a> Customer<'a> {
    pub(crate) fn new(exchange: &'a Exchange, address: &str, to: &str) -> Self {
        Self { exchange, address: address.to_owned(), to: to.to_owned() }
    }

    /// The same customer, writing to another address.
    #[must_use]
    pub fn to(mut self, address: &str) -> Self {
        address.clone_into(&mut self.to);
        self
    }

    /// Writes: a signed webhook of the carrier, under a new message id.
    pub async fn writes(&self, body: &str) -> u16 {
        let hex = format!("{:032x}", u128::from_be_bytes(random()));
        self.delivers(&format!("SM{hex}"), body).await
    }

    /// The carrier delivers a message under this id.
    pub async fn delivers(&self, sid: &str, body: &str) -> u16 {
        let carrier = CarrierName::default();
        let url = format!("{}{}", self.exchange.deployment.base_url(), webhook_path(carrier));
        let message = CustomerMessage::text(sid, &self.address, &self.to, body);
        let signed = self.exchange.carrier.stub(carrier).inbound(&url, &message);
        self.exchange.api.deliver(signed).await
    }

    /// The conversations that this customer is or was in.
    pub async fn conversations(&self) -> Vec<Value> {
        let address: String = form_urlencoded::byte_serialize(self.address.as_bytes()).collect();
        let path = format!("/conversations/v1/ParticipantConversations?Address={address}");
        self.exchange.api.all(&path, "conversations").await
    }

    /// The open conversation of this customer.
    pub async fn conversation(&self) -> String {
        let found = eventually("an open conversation", || async {
            let all = self.conversations().await;
            let mut open = all.into_iter().filter(|one| one["conversation_state"] != "closed");
            open.next().map(|one| one["conversation_sid"].as_str().unwrap_or_default().to_owned())
        });
        found.await
    }
}

fn random() -> [u8; 16] {
    switchboard_runtime::dependencies::system_entropy()
}

/// One of the workers.
#[derive(Clone)]
pub struct Agent<'a> {
    exchange: &'a Exchange,
    name: String,
    sid: String,
}

impl<'a> Agent<'a> {
    pub(crate) fn new(exchange: &'a Exchange, name: &str) -> Self {
        Self { exchange, name: name.to_owned(), sid: exchange.sid(name) }
    }

    fn path(&self) -> String {
        format!("{}/Workers/{}", self.exchange.workspace, self.sid)
    }

    /// The agent's reservations in that state.
    pub async fn reservations(&self, status: &str) -> Vec<Value> {
        let path = format!("{}/Reservations?ReservationStatus={status}", self.path());
        self.exchange.api.all(&path, "reservations").await
    }

    /// Waits for an offer.
    pub async fn is_offered(&self) -> Value {
        eventually(&format!("an offer for {}", self.name), || async {
            self.reservations("pending").await.into_iter().next()
        })
        .await
    }

    /// Answers the offer that is open, or the next one.
    pub async fn answers(&self, status: &str) -> Value {
        let offer = self.is_offered().await;
        let sid = offer["sid"].as_str().unwrap_or_default();
        let path = format!("{}/Reservations/{sid}", self.path());
        self.exchange.api.post(&path, &[("ReservationStatus", status)]).await.ok()
    }

    /// Accepts, and waits until the seat is taken.
    pub async fn accepts(&self) -> Value {
        let reservation = self.answers("accepted").await;
        self.exchange.settles().await;
        reservation
    }

    /// Rejects.
    pub async fn rejects(&self) -> Value {
        let reservation = self.answers("rejected").await;
        self.exchange.settles().await;
        reservation
    }

    /// Writes into a conversation.
    pub async fn replies(&self, conversation: &str, body: &str) -> Value {
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let form = [("Author", self.name.as_str()), ("Body", body)];
        self.exchange.api.post(&path, &form).await.ok()
    }

    /// Goes to an activity.
    pub async fn goes(&self, activity: &str) {
        let path = format!("{}/Activities?PageSize=100", self.exchange.workspace);
        let all = self.exchange.api.all(&path, "activities").await;
        let found = all.iter().find(|one| one["friendly_name"] == activity);
        let sid = found.and_then(|one| one["sid"].as_str()).unwrap_or_default();
        self.exchange.api.post(&self.path(), &[("ActivitySid", sid)]).await.ok();
        self.exchange.settles().await;
    }

    /// The worker as it stands.
    pub async fn stands(&self) -> Value {
        self.exchange.api.get(&self.path()).await.ok()
    }
}
