//! A number that no conversation is opened for: whoever writes to it is answered by the endpoint that listens to it, with a message, with
//! nothing, or with what nobody can read. Whatever goes wrong, what it wants said is said, once.

use switchboard::{Answer, Called};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::message::Message;
use switchboard_domain::process::reply::Reply;

use crate::carrier::{Written, customer_writes};
use crate::endpoints::picked;
use crate::kernel::Kernel;
use crate::mirror::Mirror;
use crate::random::Concern;
use crate::setup::CUSTOMERS;

/// The number.
pub(crate) const LINE: &str = "+18005550188";
/// Who listens to it.
pub(crate) const URL: &str = "https://customer.example/line";
/// The path of that.
pub(crate) const PATH: &str = "line";
/// How often, in a thousand, somebody writes to it.
const OFTEN: usize = 40;

/// What the endpoint says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Said {
    Message,
    Nothing,
    Gibberish,
}

/// How often each is said.
const SAID: [(Said, usize); 3] = [(Said::Message, 60), (Said::Nothing, 25), (Said::Gibberish, 15)];

/// What is said to a message, always the same.
fn said(message: &str) -> Said {
    picked(message, &SAID)
}

/// The answer to what is told.
pub(crate) fn answer(message: &str) -> (Called, Answer) {
    let markup = match said(message) {
        Said::Message => format!("<Response><Message>answer to {message}</Message></Response>"),
        Said::Nothing => "<Response/>".to_owned(),
        Said::Gibberish => "<Response><Message>answer".to_owned(),
    };
    let content_type = Some("text/xml".to_owned());
    let body = Some(markup.into_bytes());
    (Called::Answered(200), Answer { content_type, body, ..Answer::default() })
}

/// What was to be answered and was not, or the other way round.
pub(crate) fn wrong(mirror: &Mirror) -> Option<String> {
    let is_theirs = |one: &&Message| {
        one.origin.as_ref().is_some_and(|origin| origin.pair.proxy.as_str() == LINE)
    };
    let wrong = mirror.messages().filter(is_theirs).find(|inbound| {
        let is_answered = mirror.messages().any(|one| one.sid == Reply::sid(inbound.sid, 0));
        let is_more = mirror.messages().any(|one| one.sid == Reply::sid(inbound.sid, 1));
        is_more || is_answered != (said(&inbound.programmable_sid(None)) == Said::Message)
    });
    wrong.map(|inbound| format!("{} from {}", inbound.sid, inbound.author))
}

impl Kernel {
    /// Perhaps somebody writes to the number.
    pub(crate) async fn somebody_writes_to_the_line(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Lines);
        if !random.chance(OFTEN) {
            return false;
        }
        let from = CUSTOMERS[random.below(CUSTOMERS.len())];
        self.writes_to_the_line(from).await;
        true
    }

    /// A customer writes to the number.
    pub(crate) async fn writes_to_the_line(&mut self, from: &str) {
        self.messages += 1;
        let number = self.messages;
        let written = Written {
            from: from.to_owned(),
            to: LINE.to_owned(),
            others: Vec::new(),
            body: format!("message {number}"),
            carrier: CarrierName::default(),
            names: Vec::new(),
            reply_to: None,
            files: Vec::new(),
        };
        self.post(customer_writes(&format!("SM{number:032x}"), written)).await;
    }

    /// At rest everybody who wrote to the number has been answered as its endpoint wants it.
    pub(crate) fn look_at_the_line(&self) {
        let wrong = wrong(&self.world.state().mirror);
        if let Some(one) = wrong {
            self.world.violated("what an endpoint answers is sent once, and nothing else", one);
        }
    }
}
