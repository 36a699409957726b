//! The carriers, in this process: their stubs answer as the real ones do, and a log is kept of what they took.
//! What happens to a call is decided at the gate.

use std::sync::Arc;

use http::{Method, Request};
use switchboard::{Fault, driver};
use switchboard_carriers::stub::{CustomerMessage, Mood, Stub, Taken};
use switchboard_carriers::{
    Answer, BoxFuture, Lost, SignedRequest, Transport, stand_in_settings, stub_of, webhook_path,
};
use switchboard_domain::carriage::{AliasKind, CarrierName, CarrierSettings, DeliveryStatus};
use switchboard_domain::sid::MessageSid;
use switchboard_domain::timestamp::Timestamp;

use crate::setup::{ACCOUNT, PUBLIC_URL, TOKEN};
use crate::sometimes::{Sometimes, meet};
use crate::world::World;

/// Why it refuses a message now and then. What its recipient wants is for us to know.
const FILTERED: u32 = 30007;

/// One webhook that the carrier posts until it is answered with success.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Post {
    pub(crate) what: Posted,
    pub(crate) request: SignedRequest,
    /// Whether it was posted before, in vain.
    pub(crate) has_failed: bool,
}

/// What a customer wrote, and what else the carrier says of them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Written {
    pub(crate) from: String,
    pub(crate) to: String,
    /// Who else gets it, if it was written to a group.
    pub(crate) others: Vec<String>,
    pub(crate) body: String,
    pub(crate) carrier: CarrierName,
    pub(crate) names: Vec<(AliasKind, String)>,
    /// The carrier's identifier of the message that is quoted.
    pub(crate) reply_to: Option<String>,
    /// Where the files are that came with it.
    pub(crate) files: Vec<String>,
}

/// What a webhook is about.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Posted {
    /// Messages of customers by the carrier's identifiers; one, if the carrier does not put several into one webhook.
    Messages(Vec<(String, Written)>),
    /// What became of a message of ours.
    Receipt { message: MessageSid, delivery: u32, status: DeliveryStatus },
}

/// The network between the exchange and the carriers, and the carriers behind it.
#[derive(Debug)]
pub(crate) struct Simulated {
    stubs: Vec<Arc<dyn Stub>>,
    world: Arc<World>,
}

impl Simulated {
    pub(crate) fn new(world: Arc<World>) -> Self {
        Self { stubs: CarrierName::ALL.iter().copied().map(stub).collect(), world }
    }

    async fn answer(&self, request: Request<Vec<u8>>) -> Result<Answer, Lost> {
        let is_send = request.method() == Method::POST;
        let what = if is_send { "send" } else { "find" };
        let label = format!("outbound-message carrier {what}");
        let gate = self.world.wait(driver::invocation(), "carrier", label, is_send);
        let passage = gate.await;
        if !is_send {
            meet(&mut self.world.state().met, Sometimes::CarrierAsked);
        }
        let mood = match passage.before {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(Fault::Lost) => return Err(Lost::Unanswered("no answer".to_owned())),
            Some(Fault::Throttled) => Mood::Busy(1),
            Some(Fault::Failed) => Mood::Down,
            Some(Fault::Conflict) => Mood::Refusing(FILTERED),
            None => Mood::Well,
        };
        let answer = self.serve(&request, mood);
        match passage.after {
            Some(Fault::Killed) => driver::die(),
            Some(Fault::Hung) => std::future::pending().await,
            Some(_) => Err(Lost::Unanswered("no answer in time".to_owned())),
            None => Ok(answer),
        }
    }

    /// Lets the carrier answer whose request it is, by a clock that agrees with the sender's: how far those two
    /// may be apart is not what is simulated.
    fn serve(&self, request: &Request<Vec<u8>>, mood: Mood) -> Answer {
        let skew = self.world.state().skew.get("outbound-message").copied().unwrap_or(0);
        let now = Timestamp(self.world.now().0 + skew);
        let mut state = self.world.state();
        let served = self
            .stubs
            .iter()
            .find_map(|stub| Some((stub.answer(request, &state.sent, mood, now)?, stub.as_ref())));
        let Some((served, stub)) = served else {
            drop(state);
            self.world.violated("a call goes to a carrier", request.uri().to_string());
            return Answer::default();
        };
        let Some(taken) = served.taken else { return served.answer };
        let (message, delivery) = taken.about.expect("the carrier is asked to tell us back");
        let statuses = [DeliveryStatus::Sent, DeliveryStatus::Delivered];
        for (copy, status) in taken.copies().flat_map(|copy| statuses.map(|it| (copy.clone(), it)))
        {
            let report = stub.report(&Taken { status, ..copy.clone() });
            let request = report.expect("the carrier is asked to report");
            let delivery = state.mirror.copy_to(message, &copy.to).unwrap_or(delivery);
            let what = Posted::Receipt { message, delivery, status };
            state.posts.push(Post { what, request, has_failed: false });
        }
        let copy = state.mirror.messages().find(|one| one.sid == message);
        let others = copy.and_then(|one| one.delivery(delivery)).map_or(0, |one| one.merged.len());
        let has_all = others == 0 || taken.body.lines().count() == others + 1;
        state.sent.push(taken);
        drop(state);
        if !has_all {
            let rule = "what leaves together is all there";
            self.world.violated(rule, format!("{message}, with {others} others"));
        }
        self.world.log(&format!("carrier takes {message}, copy {delivery}"));
        served.answer
    }
}

impl Transport for Simulated {
    fn exchange(&self, request: Request<Vec<u8>>) -> BoxFuture<'_, Result<Answer, Lost>> {
        Box::pin(self.answer(request))
    }
}

/// The stub of a carrier, connected with the simulated account.
fn stub(carrier: CarrierName) -> Arc<dyn Stub> {
    let (auth_token, own) = (TOKEN.into(), stand_in_settings());
    let account_sid = ACCOUNT.parse().expect("the account's sid");
    let public_url = PUBLIC_URL;
    let settings = CarrierSettings {
        account_sid,
        auth_token: &auth_token,
        public_url,
        own: &own,
        connection: None,
    };
    stub_of(carrier, &settings).expect("right settings")
}

/// The webhook of a customer's message.
pub(crate) fn customer_writes(id: &str, written: Written) -> Post {
    let mut posts = customers_write(written.carrier, vec![(id.to_owned(), written)]);
    posts.pop().expect("a webhook for a message")
}

/// The webhooks of several messages by one carrier: one for all of them, or one for each.
pub(crate) fn customers_write(carrier: CarrierName, all: Vec<(String, Written)>) -> Vec<Post> {
    let url = format!("{PUBLIC_URL}{}", webhook_path(carrier));
    let names: Vec<Vec<(AliasKind, &str)>> = all
        .iter()
        .map(|(_, one)| one.names.iter().map(|(kind, name)| (*kind, name.as_str())).collect())
        .collect();
    let files: Vec<Vec<(&str, &str)>> = all
        .iter()
        .map(|(_, one)| one.files.iter().map(|url| (url.as_str(), "image/jpeg")).collect())
        .collect();
    let others: Vec<Vec<&str>> =
        all.iter().map(|(_, one)| one.others.iter().map(String::as_str).collect()).collect();
    let messages: Vec<CustomerMessage<'_>> = all
        .iter()
        .zip(names.iter().zip(&others))
        .zip(&files)
        .map(|(((id, one), (names, others)), media)| {
            let text = CustomerMessage::text(id, &one.from, &one.to, &one.body);
            CustomerMessage { names, others, media, reply_to: one.reply_to.as_deref(), ..text }
        })
        .collect();
    let requests = stub(carrier).inbound_together(&url, &messages);
    let is_together = requests.len() < all.len();
    assert!(requests.len() == all.len() || requests.len() == 1, "one webhook, or one for each");
    let mut left = all.into_iter();
    let post = |request| {
        let most = if is_together { usize::MAX } else { 1 };
        let what = Posted::Messages(left.by_ref().take(most).collect());
        Post { what, request, has_failed: false }
    };
    requests.into_iter().map(post).collect()
}

impl Post {
    /// The event that the gateway would make of it.
    pub(crate) fn event(&self) -> serde_json::Value {
        let headers: Vec<(&str, &str)> = self
            .request
            .headers
            .iter()
            .map(|(name, value)| (name.as_str(), value.to_str().expect("text")))
            .collect();
        let path = self.request.url.strip_prefix(PUBLIC_URL).unwrap_or(&self.request.url);
        switchboard::http_event("POST", path, &headers, self.request.body.as_bytes())
    }
}
