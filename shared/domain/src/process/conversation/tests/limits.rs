//! How many, and how often (rule H).

use super::*;
use crate::address::ChannelType;
use crate::pace::{Pace, RateLimits};
use crate::timestamp::Millis;

#[test]
fn a_thousand_are_the_most_of_all() {
    let mut thread = Thread::new();
    let joins =
        |count: usize| (0..count).map(|number| Command::Join(agent(&format!("agent {number}"))));
    let answers = |joining: usize| -> Answers {
        let service = thread.0.service;
        let user = |number: usize| User::sid_of(service, &format!("agent {number}"));
        let users = (0..joining).map(|number| (Question::HasUser(user(number)), Answer::Some));
        users.chain([(Question::RolesOfNewcomers(service), Answer::None)]).collect()
    };
    let too_many = PARTICIPANTS_MAX + 1;
    let refused = decide_all(&thread.0, joins(too_many), QUIET, &answers(too_many), LATER);
    assert_eq!(refused.unwrap_err(), Refusal::TooManyParticipants.into());
    let full =
        decide_all(&thread.0, joins(PARTICIPANTS_MAX), QUIET, &answers(PARTICIPANTS_MAX), LATER);
    thread.0 = full.unwrap().conversation;
    assert_eq!(thread.0.participants.len(), PARTICIPANTS_MAX);
    assert_eq!(thread.refuses(Command::Join(agent("one more"))), Refusal::TooManyParticipants);
    assert!(thread.does(Command::Leave(1)).is_ok());
    thread.joined(agent("one more"));
}

/// A conversation that was written, and answers where it may be changed once a second by REST.
fn paced() -> (Conversation, Answers) {
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    let mut conversation = Conversation::new(sid, service, Defaults::default(), NOW);
    conversation.version = 1.into();
    let limits = RateLimits::parse(r#"{"conversation":1}"#).unwrap();
    let answers = Answers::default().limited(limits);
    (conversation, answers)
}

#[test]
fn requests_are_counted_in_the_conversation_and_what_is_no_request_is_not() {
    let (conversation, answers) = paced();
    let does = |on: &Conversation, command: Command, source: Source, at: Timestamp| {
        decide(on, command, source, &answers, at)
    };
    let first = does(&conversation, Command::Post(post("one")), QUIET, NOW).unwrap();
    let message = first.message.clone().unwrap();
    let after = first.conversation;
    assert!(after.pace.is_some());
    let too_many = || Objection::Refused(Refusal::TooManyActions);
    let second = Command::Post(post("two"));
    assert_eq!(does(&after, second.clone(), QUIET, NOW).unwrap_err(), too_many());
    // What writes only the message is held against the count, and not counted.
    let edit = || Edit { body: Some(Some("other".into())), ..Edit::default() };
    let edited = Command::Edit(Box::new(message.clone()), edit());
    assert_eq!(does(&after, edited, QUIET, NOW).unwrap_err(), too_many());
    let later = NOW + Millis::seconds(1);
    let edited = does(&after, Command::Edit(Box::new(message), edit()), QUIET, later).unwrap();
    assert!(!edited.is_written);
    // What changes nothing is not counted, and neither are customers, agents who are seated, and timers.
    let nothing = does(&after, Command::Update(Details::default()), QUIET, NOW).unwrap();
    assert!(!nothing.is_written);
    for source in [Source::Channel(ChannelType::Sms), Source::Interaction, Source::Timer] {
        let free = does(&after, second.clone(), source.clone(), NOW).unwrap();
        assert_eq!(free.conversation.pace, after.pace, "{source:?}");
    }
    assert!(does(&after, Command::Remove, QUIET, NOW).unwrap().is_over());
    assert!(does(&after, second, QUIET, later).is_ok());
}

#[test]
fn one_request_that_does_several_things_is_counted_once() {
    let (conversation, answers) = paced();
    let both = [Command::Post(post("one")), Command::Post(post("two"))];
    let done = decide_all(&conversation, both, QUIET, &answers, NOW).unwrap();
    let limit = RateLimits::parse(r#"{"conversation":1}"#).unwrap().conversation().unwrap();
    let once = Pace::default().with_one_more(limit, NOW).unwrap();
    assert_eq!(done.conversation.pace, Some(once));
    let mut new = conversation;
    new.version = 0.into();
    let made = decide(&new, Command::Create(Details::default()), QUIET, &answers, NOW).unwrap();
    assert_eq!(made.conversation.pace, None, "what is new is counted elsewhere");
}

#[test]
fn who_is_in_too_many_open_conversations_joins_no_other_by_rest_and_is_seated_all_the_same() {
    let (conversation, _) = paced();
    let limits = RateLimits::parse(r#"{"identity":3}"#).unwrap();
    let service = conversation.service;
    let question = Question::IsInOpen("alice".to_owned(), 3);
    let known = [
        (Question::HasUser(User::sid_of(service, "alice")), Answer::Some),
        (Question::RolesOfNewcomers(service), Answer::None),
    ];
    let answers = |is_in: Option<Answer>| -> Answers {
        let asked = is_in.map(|answer| (question.clone(), answer));
        known.iter().cloned().chain(asked).collect::<Answers>().limited(limits)
    };
    let joins = |source, answers: &Answers| {
        decide(&conversation, Command::Join(agent("alice")), source, answers, NOW)
    };
    assert_eq!(joins(QUIET, &answers(None)), Err(Objection::AskFirst(vec![question.clone()])));
    let refused = joins(QUIET, &answers(Some(Answer::Some)));
    assert_eq!(refused, Err(Refusal::TooManyConversations.into()));
    assert!(joins(QUIET, &answers(Some(Answer::None))).is_ok());
    assert!(joins(Source::Interaction, &answers(None)).is_ok());
}
