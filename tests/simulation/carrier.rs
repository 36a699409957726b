//! The carrier, in this process: it verifies and reads as the real one does, and keeps a log of what it
//! took. What happens to a call is decided at the gate.

use std::sync::Arc;

use switchboard::{Fault, driver};
use switchboard_carriers::twilio::{Connection, SETTLING, SIGNATURE_HEADER, Twilio, sign};
use switchboard_carriers::{
    BoxFuture, Carrier, Event, Lookup, ParseError, RawRequest, Rejection, Reply, Verified,
};
use switchboard_domain::carriage::{CarrierName, OutboundMessage, SendOutcome};
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;

use crate::setup::{ACCOUNT, PUBLIC_URL, TOKEN};
use crate::world::World;

/// One message that the carrier took.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sent {
    pub(crate) message: MessageSid,
    pub(crate) delivery: u32,
    pub(crate) id: String,
    pub(crate) to: String,
    pub(crate) body: String,
}

/// One webhook that the carrier posts until it is answered with success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) what: Posted,
    pub(crate) url: String,
    pub(crate) form: Vec<(String, String)>,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Posted {
    /// A customer's message.
    Message { id: String, from: String, body: String },
    /// What became of a message of ours.
    Receipt { message: MessageSid, delivery: u32, status: &'static str },
}

/// The carrier.
#[derive(Debug)]
pub(crate) struct Simulated {
    real: Twilio,
    world: Arc<World>,
}

impl Simulated {
    pub(crate) fn new(world: Arc<World>) -> Self {
        let connection = Connection {
            account_sid: ACCOUNT.parse().expect("the account's sid"),
            auth_token: TOKEN.into(),
            secondary_auth_token: None,
            base_url: "http://127.0.0.1:9".to_owned(),
            status_callback_url: Some(format!("{PUBLIC_URL}/webhooks/twilio")),
        };
        Self { real: Twilio::new(connection).expect("a right connection"), world }
    }

    async fn submit(&self, message: &OutboundMessage) -> SendOutcome {
        let label = "outbound-message carrier send".to_owned();
        let number = driver::invocation();
        let gate = self.world.wait(number, "carrier", label, true);
        let passage = gate.await;
        match passage.before {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(Fault::Lost) => return SendOutcome::Unknown { reason: "no answer".to_owned() },
            Some(Fault::Throttled) => {
                return SendOutcome::Retry { reason: "busy".to_owned(), after_seconds: Some(1) };
            }
            Some(Fault::Failed) => {
                return SendOutcome::Retry { reason: "down".to_owned(), after_seconds: None };
            }
            Some(Fault::Conflict) => {
                return SendOutcome::Rejected { error_code: 21610, reason: "no".to_owned() };
            }
            None => {}
        }
        let id = self.take(message);
        match passage.after {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(_) => SendOutcome::Unknown { reason: "no answer in time".to_owned() },
            None => SendOutcome::Accepted { carrier_message_id: id },
        }
    }

    /// Takes a message, and will report on it.
    fn take(&self, message: &OutboundMessage) -> String {
        let mut state = self.world.state();
        let id = format!("SM{:032x}", 0xc0_0000 + state.sent.len());
        state.sent.push(Sent {
            message: message.message,
            delivery: message.delivery,
            id: id.clone(),
            to: message.to.to_string(),
            body: message.body.0.clone(),
        });
        for status in ["sent", "delivered"] {
            let url = format!(
                "{PUBLIC_URL}/webhooks/twilio?message={}&delivery={}",
                message.message, message.delivery
            );
            let (from, to) = (message.from.to_string(), message.to.to_string());
            let form = [
                ("SmsSid", id.as_str()),
                ("MessageStatus", status),
                ("To", &to),
                ("MessageSid", &id),
                ("AccountSid", ACCOUNT),
                ("From", &from),
            ];
            let form = form.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec();
            let (message, delivery) = (message.message, message.delivery);
            let what = Posted::Receipt { message, delivery, status };
            state.posts.push(Post { what, url, form });
        }
        drop(state);
        self.world.tell(&format!("carrier takes {} for {}", message.message, message.delivery));
        id
    }

    async fn ask(&self, message: &OutboundMessage, since: Timestamp, now: Timestamp) -> Lookup {
        let label = "outbound-message carrier find".to_owned();
        let number = driver::invocation();
        let gate = self.world.wait(number, "carrier", label, false);
        let passage = gate.await;
        match passage.before.or(passage.after) {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(_) => return Lookup::CannotTell { reason: "no answer".to_owned() },
            None => {}
        }
        let state = self.world.state();
        let same = |one: &&Sent| one.message == message.message && one.delivery == message.delivery;
        match state.sent.iter().find(same) {
            Some(sent) => Lookup::Found { carrier_message_id: sent.id.clone() },
            None if now - since < SETTLING => {
                Lookup::CannotTell { reason: "too recent".to_owned() }
            }
            None => Lookup::NotFound,
        }
    }
}

impl Carrier for Simulated {
    fn name(&self) -> CarrierName {
        self.real.name()
    }

    fn verify<'a>(
        &self,
        request: RawRequest<'a>,
        now: Timestamp,
    ) -> Result<Verified<'a>, Rejection> {
        self.real.verify(request, now)
    }

    fn parse(&self, verified: &Verified<'_>, now: Timestamp) -> Result<Vec<Event>, ParseError> {
        self.real.parse(verified, now)
    }

    fn acknowledge(&self, events: &[Event]) -> Reply {
        self.real.acknowledge(events)
    }

    fn send<'a>(&'a self, message: &'a OutboundMessage) -> BoxFuture<'a, SendOutcome> {
        Box::pin(self.submit(message))
    }

    fn find<'a>(
        &'a self,
        message: &'a OutboundMessage,
        attempted_at: Timestamp,
        now: Timestamp,
    ) -> BoxFuture<'a, Lookup> {
        Box::pin(self.ask(message, attempted_at, now))
    }
}

/// The webhook of a customer's message.
pub(crate) fn customer_writes(id: &str, from: &str, to: &str, body: &str) -> Post {
    let form = [
        ("MessageSid", id),
        ("SmsSid", id),
        ("AccountSid", ACCOUNT),
        ("From", from),
        ("To", to),
        ("Body", body),
        ("NumMedia", "0"),
    ];
    Post {
        what: Posted::Message { id: id.to_owned(), from: from.to_owned(), body: body.to_owned() },
        url: format!("{PUBLIC_URL}/webhooks/twilio"),
        form: form.map(|(name, value)| (name.to_owned(), value.to_owned())).to_vec(),
    }
}

impl Post {
    /// The event that the gateway would make of it.
    pub(crate) fn event(&self) -> serde_json::Value {
        let signature = sign(&self.url, &self.form, TOKEN);
        let headers = [
            (SIGNATURE_HEADER, signature.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let mut body = form_urlencoded::Serializer::new(String::new());
        let body = body.extend_pairs(&self.form).finish();
        let path = self.url.strip_prefix(PUBLIC_URL).unwrap_or(&self.url);
        switchboard::http_event("POST", path, &headers, body.as_bytes())
    }
}
