//! People: customers who write, agents who accept, reply, leave; and the contact centre that brings them together.

use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::webhook_path;
use switchboard_domain::carriage::{AliasKind, CarrierName};

use crate::{Centre, Exchange, Made, NUMBER, eventually};

/// Makes the contact centre: alice and bob speak English, carol speaks French.
pub(crate) async fn set_up(exchange: &mut Exchange) {
    let mut centre = Centre::new("centre", &[]);
    for (name, language) in [("alice", "en"), ("bob", "en"), ("carol", "fr")] {
        let contact = format!("client:{name}");
        centre = centre.worker(name, json!({ "languages": [language], "contact_uri": contact }));
    }
    for (name, language) in [("english", "en"), ("french", "fr")] {
        centre = centre.queue(name, &format!("languages HAS \"{language}\""), &[]);
    }
    let by_language = |made: &Made| {
        json!({
            "filters": [{
                "filter_friendly_name": "French",
                "expression": "language == \"fr\"",
                "targets": [{ "queue": made.sid("french") }],
            }],
            "default_filter": { "queue": made.sid("english") },
        })
    };
    let centre = centre.workflow(&[("TaskReservationTimeout", "60")], by_language);
    let centre = centre.number(NUMBER, "{\"topic\":\"help\"}");
    exchange.made = centre.open(&exchange.api).await;
    exchange.workspace = exchange.made.workspace();
}

/// A customer of the business.
#[derive(Clone)]
pub struct Customer<'a> {
    exchange: &'a Exchange,
    carrier: CarrierName,
    address: String,
    to: String,
    names: Vec<(AliasKind, String)>,
}

impl<'a> Customer<'a> {
    pub(crate) fn new(exchange: &'a Exchange, address: &str, to: &str) -> Self {
        let carrier = CarrierName::default();
        let (address, to) = (address.to_owned(), to.to_owned());
        Self { exchange, carrier, address, to, names: Vec::new() }
    }

    /// The same customer, writing by another carrier.
    #[must_use]
    pub fn by(self, carrier: CarrierName) -> Self {
        Self { carrier, ..self }
    }

    /// The same customer, of whom the carrier tells these names beside the address.
    #[must_use]
    pub fn called(self, names: &[(AliasKind, &str)]) -> Self {
        let names = names.iter().map(|(kind, name)| (*kind, (*name).to_owned())).collect();
        Self { names, ..self }
    }

    /// The same customer, writing to another address.
    #[must_use]
    pub fn to(mut self, address: &str) -> Self {
        address.clone_into(&mut self.to);
        self
    }

    /// Writes: a signed webhook of the carrier, under a new message id.
    pub async fn writes(&self, body: &str) -> u16 {
        let id = self.exchange.carrier.stub(self.carrier).message_id(random(), false);
        self.delivers(&id, body).await
    }

    /// Sends files, each an address and a media type, with a text; answers the carrier's identifier.
    ///
    /// # Panics
    /// If the webhook is not taken.
    pub async fn sends(&self, body: &str, media: &[(&str, &str)]) -> String {
        let id = self.exchange.carrier.stub(self.carrier).message_id(random(), true);
        assert_eq!(self.delivers_with(&id, body, media).await, 200);
        id
    }

    /// The carrier delivers a message under this id.
    pub async fn delivers(&self, sid: &str, body: &str) -> u16 {
        self.delivers_with(sid, body, &[]).await
    }

    /// The same with files.
    pub async fn delivers_with(&self, sid: &str, body: &str, media: &[(&str, &str)]) -> u16 {
        self.posts(sid, CustomerMessage { media, ..CustomerMessage::text("", "", "", body) }).await
    }

    /// Does what a message says, whoever it names, under a new message id, which is answered.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn does(&self, message: CustomerMessage<'_>) -> String {
        let id = self.exchange.carrier.stub(self.carrier).message_id(random(), false);
        self.delivers_as(CustomerMessage { id: &id, ..message }).await;
        id
    }

    /// The same under the id that the message has.
    ///
    /// # Panics
    /// If it is not taken.
    pub async fn delivers_as(&self, message: CustomerMessage<'_>) {
        let status = self.posts(message.id, message).await;
        assert_eq!(status / 100, 2, "{message:?}");
    }

    async fn posts(&self, sid: &str, message: CustomerMessage<'_>) -> u16 {
        let carrier = self.carrier;
        let url = format!("{}{}", self.exchange.deployment.base_url(), webhook_path(carrier));
        let names: Vec<_> = self.names.iter().map(|(kind, name)| (*kind, name.as_str())).collect();
        let (from, to) = (self.address.as_str(), self.to.as_str());
        let message = CustomerMessage { id: sid, from, to, names: &names, ..message };
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

    /// Where the agent is.
    pub fn path(&self) -> String {
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
