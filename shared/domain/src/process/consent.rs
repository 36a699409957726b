//! What becomes of a customer's keyword: it is obeyed in the same transaction that keeps the message, and confirmed (rule E.3).

use super::notify::sends;
use crate::address::{Address, ChannelType};
use crate::carriage::{CarrierName, Content, InboundMessage};
use crate::consent::{
    Confirmations, Consent, ConsentSource, Heard, Keyword, OptOut, Scope, Stance, Status,
};
use crate::decision::Decision;
use crate::message::keyword_answer;
use crate::sid::MessagingServiceSid;
use crate::timestamp::Timestamp;

/// What is known about whom a keyword was written to, and by whom.
#[derive(Debug, Clone, Default)]
pub struct Listener {
    /// The pool of the sender that it was written to.
    pub pool: Option<MessagingServiceSid>,
    /// The pool's own keywords; none if it has none.
    pub opt_out: Option<OptOut>,
    /// What is known of each name of the person, as [`persons`] has them.
    pub known: Vec<(Address, Option<Consent>)>,
}

/// Whether a message can be a keyword of anybody's, so that somebody has to look.
pub fn can_be_keyword(inbound: &InboundMessage) -> bool {
    let word = || inbound.text().is_some_and(|text| OptOut::word(&text).is_some());
    inbound.to.has_keywords() && (told(inbound).is_some() || word())
}

/// Everybody whom a message is of: one person, who may have several names.
pub fn persons(inbound: &InboundMessage) -> Vec<Address> {
    let channel = inbound.from.channel();
    let mut all: Vec<Address> = Vec::new();
    for name in inbound.names().filter(|name| name.channel() == channel) {
        let person = name.person();
        if !all.contains(&person) {
            all.push(person);
        }
    }
    all
}

/// What the keyword changes, beside the message itself: who wants to hear from whom, and the answer. It is nothing if the message is no
/// keyword, or asks for what is so already.
pub fn obey(inbound: &InboundMessage, listener: &Listener, now: Timestamp) -> Decision {
    let own = listener.opt_out.clone().unwrap_or_default();
    let heard = hears(inbound, listener.opt_out.as_ref());
    let Some(heard) = heard else { return Decision::unchanged() };
    let mut decision = Decision::unchanged();
    let refused = |consent: &Consent| consent.refuses(&Scope::of(&inbound.to, listener.pool));
    let is_refused =
        listener.known.iter().any(|(_, consent)| consent.as_ref().is_some_and(refused));
    let new = match (heard.keyword, is_refused) {
        (Keyword::Stop, _) => Some((Status::OptOut, ConsentSource::OptOutMessage)),
        (Keyword::Start, true) => Some((Status::OptIn, ConsentSource::OptInMessage)),
        // Who is not blocked has said nothing by it.
        (Keyword::Start, false) => return decision,
        (Keyword::Help, _) => None,
    };
    if let Some((status, source)) = new {
        for (person, known) in &listener.known {
            let consent = known.clone().unwrap_or_else(|| Consent::new(person.clone(), now));
            // Said just now: whatever clock dated something later, this is the person's own word.
            let since = consent.stances.iter().map(|one| one.since).fold(now, Timestamp::max);
            let to = Scope::of(&inbound.to, listener.pool);
            let stance = Stance { to, status, source, since, said: None };
            if let Ok(Some(after)) = consent.noting(stance) {
                decision = decision.and(after);
            }
        }
        if decision.is_unchanged() {
            return decision;
        }
    }
    decision.with(answer(inbound, listener, &own, &heard, now))
}

/// The keyword that a message is, in a pool that has these of its own, or none.
pub fn hears(inbound: &InboundMessage, opt_out: Option<&OptOut>) -> Option<Heard> {
    if !inbound.to.has_keywords() {
        return None;
    }
    let text = inbound.text().unwrap_or_default();
    let everybodys = OptOut::default();
    let by_word = opt_out.unwrap_or(&everybodys).hears(&text);
    // A carrier that has heard a keyword of its own list says so, and blocks from then on.
    if let Some(keyword) = told(inbound) {
        let language = by_word.map_or_else(String::new, |heard| heard.language);
        return Some(Heard { keyword, language });
    }
    let counts = match inbound.to.channel() {
        ChannelType::Whatsapp => opt_out.is_some(),
        ChannelType::Sms
        | ChannelType::Rcs
        | ChannelType::Messenger
        | ChannelType::Instagram
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => true,
    };
    by_word.filter(|_| counts)
}

/// The keyword that the carrier says it has heard (`OptOutType`).
fn told(inbound: &InboundMessage) -> Option<Keyword> {
    inbound.content.iter().find_map(|part| {
        if let Content::OptOut { choice } = part { choice.parse().ok() } else { None }
    })
}

/// The answer to a keyword, if it is ours to give. It goes back by the carrier that brought it.
fn answer(
    inbound: &InboundMessage,
    listener: &Listener,
    own: &OptOut,
    heard: &Heard,
    now: Timestamp,
) -> Decision {
    let is_ours = match own.confirmations {
        Confirmations::Always => true,
        Confirmations::Never => false,
        Confirmations::Auto => {
            told(inbound).is_none() && !answers_by_itself(inbound.carrier, &inbound.to)
        }
    };
    let text = own.answer(heard);
    let message = keyword_answer(inbound, heard.keyword, text, listener.pool, now);
    match message.filter(|_| is_ours) {
        Some(message) => {
            let effects = sends(&message);
            Decision::put(message).asking(effects)
        }
        None => Decision::unchanged(),
    }
}

/// Whether a carrier answers the built-in keywords by itself: the one does on long codes and RCS, and not on short codes by
/// themselves.
fn answers_by_itself(carrier: CarrierName, sender: &Address) -> bool {
    let is_handled = match sender.channel() {
        ChannelType::Sms => sender.as_str().starts_with('+'),
        ChannelType::Rcs => true,
        ChannelType::Whatsapp
        | ChannelType::Messenger
        | ChannelType::Instagram
        | ChannelType::Gbm
        | ChannelType::Email
        | ChannelType::Apple
        | ChannelType::Chat
        | ChannelType::Web
        | ChannelType::Voice => false,
    };
    is_handled && carrier.answers_keywords()
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::consent::Language;
    use crate::effect::Effect;
    use crate::message::Message;
    use crate::record::Record;
    use crate::sid::Sid as _;

    const NOW: Timestamp = Timestamp(1_000_000);
    const ANN: &str = "+14155550100";
    const OURS: &str = "+18005550199";

    fn writes(from: &str, to: &str, body: &str) -> InboundMessage {
        let pair = (from.parse().unwrap(), to.parse().unwrap());
        InboundMessage::new(CarrierName::default(), "SM1", pair, body, NOW)
    }

    /// Somebody of whom that is known, and a pool that confirms.
    fn listener(inbound: &InboundMessage, known: Option<Consent>) -> Listener {
        let opt_out = OptOut { confirmations: Confirmations::Always, ..OptOut::default() };
        let persons = persons(inbound).into_iter().map(|person| (person, known.clone()));
        let pool = Some(MessagingServiceSid::derived(&["pool"]));
        Listener { pool, opt_out: Some(opt_out), known: persons.collect() }
    }

    fn obeyed(body: &str, known: Option<Consent>) -> (Option<Consent>, Option<Message>, Decision) {
        let inbound = writes(ANN, OURS, body);
        assert!(can_be_keyword(&inbound));
        let decision = obey(&inbound, &listener(&inbound, known), NOW);
        let consent = decision.puts.iter().find_map(Record::get::<Consent>).cloned();
        let answer = decision.puts.iter().find_map(Record::get::<Message>).cloned();
        (consent, answer, decision)
    }

    #[test]
    fn a_stop_blocks_and_is_confirmed_in_one_decision_and_a_start_takes_it_back() {
        let (stopped, answer, decision) = obeyed(" stop ", None);
        let (stopped, answer) = (stopped.unwrap(), answer.unwrap());
        let pool = Some(MessagingServiceSid::derived(&["pool"]));
        assert!(stopped.refuses(&Scope::of(&OURS.parse().unwrap(), pool)));
        assert_eq!(stopped.person.as_str(), ANN);
        assert_eq!(stopped.stances[0].source, ConsentSource::OptOutMessage);
        assert!(answer.is_exempt());
        assert_eq!(answer.deliveries[0].pair.address.as_str(), ANN);
        assert_eq!(answer.deliveries[0].carrier, Some(CarrierName::default()));
        assert!(answer.body.as_ref().unwrap().contains("START"));
        let [Effect::Send(send)] = &decision.effects[..] else { panic!("{decision:?}") };
        assert_eq!(send.message, answer.sid);
        // Again: nothing new, and no second answer.
        let (_, _, again) = obeyed("STOPALL", Some(stopped.clone()));
        assert_eq!(again, Decision::unchanged());
        let (started, answer, _) = obeyed("unstop", Some(stopped));
        assert!(!started.unwrap().refuses_any());
        assert!(!answer.unwrap().is_exempt(), "it waits for what is said next");
    }

    #[test]
    fn a_start_of_somebody_who_is_not_blocked_and_help_change_nobody_s_mind() {
        let (_, _, start) = obeyed("YES", None);
        assert_eq!(start, Decision::unchanged());
        let (consent, answer, _) = obeyed("info", None);
        assert_eq!(consent, None);
        assert!(answer.unwrap().is_exempt());
    }

    #[test]
    fn what_is_no_keyword_changes_nothing() {
        let inbound = writes(ANN, OURS, "please stop");
        assert!(!can_be_keyword(&inbound));
        assert_eq!(obey(&inbound, &listener(&inbound, None), NOW), Decision::unchanged());
        let (_, _, word) = obeyed("thanks", None);
        assert_eq!(word, Decision::unchanged());
        for (from, to) in [("messenger:1", "messenger:2"), ("instagram:1", "instagram:2")] {
            let inbound = writes(from, to, "STOP");
            assert!(!can_be_keyword(&inbound));
            assert_eq!(obey(&inbound, &listener(&inbound, None), NOW), Decision::unchanged());
        }
    }

    #[test]
    fn on_whatsapp_a_keyword_counts_where_its_pool_has_keywords_of_its_own() {
        let inbound = writes("whatsapp:+14155550100", "whatsapp:+18005550199", "STOP");
        let with = listener(&inbound, None);
        assert!(!obey(&inbound, &with, NOW).is_unchanged());
        let without = Listener { opt_out: None, ..with };
        assert_eq!(obey(&inbound, &without, NOW), Decision::unchanged());
    }

    #[test]
    fn a_keyword_that_the_carrier_has_heard_counts_whatever_it_is() {
        let mut inbound = writes(ANN, OURS, "nada mas");
        inbound.content = vec![Content::OptOut { choice: "stop".to_owned() }];
        assert!(can_be_keyword(&inbound));
        let auto = Listener { opt_out: None, ..listener(&inbound, None) };
        let decision = obey(&inbound, &auto, NOW);
        let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["Consent"], "the carrier has answered it");
    }

    #[test]
    fn nobody_is_answered_twice_where_the_carrier_answers_by_itself() {
        let sms = (ANN, OURS);
        let rcs = ("rcs:+14155550100", "rcs:agent");
        let short = (ANN, "12345");
        let that = |answers: bool| {
            let mut all = CarrierName::ALL.iter().copied();
            all.find(|one| one.answers_keywords() == answers).unwrap()
        };
        let (does, does_not) = (that(true), that(false));
        for ((from, to), carrier, confirmations, is_answered) in [
            (sms, does, Confirmations::Auto, false),
            (rcs, does, Confirmations::Auto, false),
            (short, does, Confirmations::Auto, true),
            (sms, does_not, Confirmations::Auto, true),
            (sms, does, Confirmations::Always, true),
            (sms, does_not, Confirmations::Never, false),
        ] {
            let inbound = InboundMessage { carrier, ..writes(from, to, "STOP") };
            let opt_out = Some(OptOut { confirmations, ..OptOut::default() });
            let decision = obey(&inbound, &Listener { opt_out, ..listener(&inbound, None) }, NOW);
            let answered = decision.puts.iter().any(|one| one.get::<Message>().is_some());
            assert_eq!(answered, is_answered, "{to} by {carrier:?}, {confirmations:?}");
            assert!(decision.puts.iter().any(|one| one.get::<Consent>().is_some()));
        }
    }

    #[test]
    fn the_answer_is_in_the_language_of_the_keyword() {
        let inbound = writes(ANN, OURS, "Baja");
        let mut with = listener(&inbound, None);
        let language = Language {
            stop: Some(vec!["BAJA".to_owned()]),
            stop_text: Some("Adiós.".to_owned()),
            ..Language::default()
        };
        let languages = BTreeMap::from([("es".to_owned(), language)]);
        with.opt_out = Some(OptOut { confirmations: Confirmations::Always, languages });
        let decision = obey(&inbound, &with, NOW);
        let answer = decision.puts.iter().find_map(Record::get::<Message>).unwrap();
        assert_eq!(answer.body.as_ref().unwrap().as_str(), "Adiós.");
    }
}
