//! Customers who want nothing more, who want to hear from us again, and who ask for help, at any time: before, while and after
//! agents write to them. Their number is in a pool, which confirms by itself.

use switchboard_check::{Around, Snapshot};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::consent::{Consent, OPTED_OUT, Scope};
use switchboard_domain::message::Message;
use switchboard_domain::record::Record;

use crate::carrier::{Written, customer_writes};
use crate::kernel::Kernel;
use crate::random::Concern;
use crate::setup::{CUSTOMERS, NUMBER};
use crate::sometimes::{Met, Sometimes, meet};
use crate::steps::{Found, Scene};
use crate::world::World;

/// How often, in a thousand, somebody who acts writes a keyword.
const OFTEN: usize = 120;
/// What they write, spelled in several ways; the last are none.
const WORDS: [&str; 8] =
    ["STOP", " stop\n", "Unsubscribe", "START", "unstop ", "HELP", "please stop", "thanks"];
/// How often each.
const WEIGHTS: [usize; 8] = [4, 2, 2, 5, 2, 2, 1, 1];

impl Kernel {
    /// Perhaps a customer writes a keyword; not in every contact centre.
    pub(crate) async fn somebody_opts(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Opting);
        if !self.setting.has_opt_outs || !random.chance(OFTEN) {
            return false;
        }
        let from = CUSTOMERS[random.below(CUSTOMERS.len())];
        let word = WORDS[random.weighed(&WEIGHTS)];
        self.says(from, word).await;
        true
    }

    /// A customer writes just that.
    pub(crate) async fn says(&mut self, from: &str, word: &str) {
        self.messages += 1;
        let id = format!("SM{:032x}", self.messages);
        let written = Written {
            from: from.to_owned(),
            to: NUMBER.to_owned(),
            others: Vec::new(),
            body: word.to_owned(),
            carrier: CarrierName::default(),
            names: Vec::new(),
            reply_to: None,
            files: Vec::new(),
        };
        self.post(customer_writes(&id, written)).await;
    }
}

/// What is written together with a customer's message was asked for by one word, unless an endpoint made another one of it.
pub(crate) fn look(found: &mut Found, consent: &Consent, scene: &Scene<'_>) {
    if scene.book.beforehand.is_asked {
        return;
    }
    let written = scene.changes.iter().find_map(|change| match (&change.before, &change.after) {
        (None, Some(Record::Message(one))) if one.origin.is_some() => Some(one),
        _ => None,
    });
    let text = written.and_then(|one| one.body.as_ref()).map(|body| body.trim());
    let is_sentence = text.is_some_and(|text| text.contains(char::is_whitespace));
    found.when(is_sentence, "nobody opts out within a sentence", || format!("{consent:?}"));
}

/// What is refused for its recipient's sake is refused to somebody who said something, and is no answer to what they asked for.
pub(crate) fn look_at_rest(messages: &[&Message], snapshot: &Snapshot, world: &World) {
    for message in messages {
        for copy in message.deliveries.iter().filter(|it| it.error_code == Some(OPTED_OUT)) {
            if message.is_exempt() {
                let rule = "the answer to a STOP goes out to whoever wrote it";
                world.violated(rule, format!("{copy:?} of {}", message.sid));
            }
            if snapshot.consent(&copy.pair.address.person()).is_none() {
                let rule = "nobody is left alone who has said nothing";
                world.violated(rule, format!("{copy:?} of {}", message.sid));
            }
        }
    }
}

/// Notes what a customer's word has led to.
pub(crate) fn note(before: Option<&Consent>, after: &Consent, scene: &Scene<'_>, met: &mut Met) {
    let was = before.is_some_and(Consent::refuses_any);
    match (was, after.refuses_any()) {
        (false, true) => {
            let waits = |one: &Message| {
                one.deliveries.iter().any(|copy| {
                    copy.pair.address.person() == after.person
                        && copy.carrier_message_id.is_none()
                        && copy.error_code.is_none()
                })
            };
            meet(met, Sometimes::OptedOut);
            if scene.mirror.messages().any(|one| waits(one) && !one.is_exempt()) {
                meet(met, Sometimes::OptedOutWhileSending);
            }
        }
        (true, false) => meet(met, Sometimes::OptedInAgain),
        (true, true) | (false, false) => {}
    }
}

/// Notes what was not sent because somebody wants nothing.
pub(crate) fn note_refused(
    before: Option<&Message>,
    after: &Message,
    scene: &Scene<'_>,
    met: &mut Met,
) {
    for copy in &after.deliveries {
        let was = before.and_then(|before| before.delivery(copy.number));
        let is_new = copy.error_code == Some(OPTED_OUT)
            && was.is_some_and(|was| was.error_code != copy.error_code);
        let consent = scene.mirror.consent(&copy.pair.address.person());
        let to = Scope::of(&copy.pair.proxy, after.messaging_service);
        if is_new && consent.is_some_and(|consent| consent.refuses(&to)) {
            meet(met, Sometimes::RefusedByConsent);
        }
    }
}
