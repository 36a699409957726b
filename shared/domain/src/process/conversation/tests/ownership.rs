//! Whose a proxy address is.

use super::*;
use crate::address::Address;

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

/// How somebody joins by that address of ours, where these are the account's.
fn joins(
    thread: &Thread,
    by: &str,
    source: Source,
    owned: &[&str],
) -> Result<ConversationChange, Refusal> {
    let is_whatsapp = address(by).channel() == ChannelType::Whatsapp;
    let customer = if is_whatsapp { "whatsapp:+14155550100" } else { "+14155550100" };
    let join = NewParticipant::at(Pair::new(address(customer), address(by)).unwrap());
    let mut answers = Answers::default();
    let mut rounds = 0;
    loop {
        match decide(&thread.0, Command::Join(join.clone()), source.clone(), &answers, NOW) {
            Err(Objection::AskFirst(questions)) => {
                rounds += 1;
                assert_eq!(rounds, 1, "all is asked at once: {questions:?}");
                answers.extend(questions.into_iter().map(|question| {
                    let is = |asked: Question| question == asked;
                    let is_owned = owned.iter().any(|it| is(Question::IsOurs(address(it))));
                    let is_pooled =
                        owned.iter().any(|it| is(Question::IsInPool(mg(), address(it))));
                    let there = if is_pooled { Answer::Some } else { Answer::None };
                    (question, if is_owned { ours() } else { there })
                }));
            }
            Err(Objection::Refused(refusal)) => return Err(refusal),
            Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
            Ok(change) => return Ok(change),
        }
    }
}

#[test]
fn nobody_is_added_by_an_address_that_is_not_ours() {
    let thread = Thread::new();
    for source in [QUIET, Source::Api { webhooks: true }, Source::Interaction] {
        let by = |proxy: &str, owned: &[&str]| joins(&thread, proxy, source.clone(), owned);
        assert_eq!(by("+18005550199", &[]), Err(Refusal::ProxyNotOurs));
        assert_eq!(by("+18005550199", &["+18005550198"]), Err(Refusal::ProxyNotOurs));
        assert!(by("+18005550199", &["+18005550199"]).is_ok());
    }
}

#[test]
fn a_number_of_ours_that_is_not_on_whatsapp_is_told_apart_from_another_s() {
    let thread = Thread::new();
    let by = |owned: &[&str]| joins(&thread, "whatsapp:+18005550199", QUIET, owned);
    assert_eq!(by(&[]), Err(Refusal::ProxyNotOurs));
    assert_eq!(by(&["+18005550199"]), Err(Refusal::ProxyNotOnWhatsapp));
    assert!(by(&["whatsapp:+18005550199"]).is_ok());
    assert!(by(&["+18005550199", "whatsapp:+18005550199"]).is_ok());
}

#[test]
fn a_sender_without_a_number_is_one_of_the_conversation_s_pool() {
    let mut thread = Thread::new();
    let by = |thread: &Thread, owned: &[&str]| joins(thread, "ACME", QUIET, owned);
    assert_eq!(by(&thread, &[]), Err(Refusal::ProxyNotOurs));
    let named = Details { messaging_service: Some(Some(mg())), ..Details::default() };
    let _ = thread.does(Command::Update(named)).unwrap();
    assert_eq!(by(&thread, &[]), Err(Refusal::ProxyNotOurs));
    assert!(by(&thread, &["ACME"]).is_ok());
}

#[test]
fn a_carrier_knows_whose_numbers_it_delivers_to() {
    let channel = Source::Channel(ChannelType::Sms);
    assert!(joins(&Thread::new(), "+18005550199", channel, &[]).is_ok());
}
