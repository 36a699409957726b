use super::*;
use crate::conversation::{Answers, Conversation, Dates, Defaults, NewParticipant, Source};
use crate::message::{Message, Post};
use crate::process::conversation::{Command, ConversationChange, decide, decide_all};
use crate::sid::{ConversationSid, MessageSid, ServiceSid, Sid as _};

const API: Source = Source::Api { webhooks: false };

/// A conversation that follows what is decided about it, at its own time.
struct Thread {
    conversation: Conversation,
    now: Timestamp,
}

impl Thread {
    fn new() -> Self {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let conversation = Conversation::new(sid, service, Defaults::default(), Timestamp(0));
        Self { conversation, now: Timestamp(0) }
    }

    fn does(&mut self, command: Command) -> Result<ConversationChange, Refusal> {
        let mut answers = Answers::default();
        loop {
            match decide(&self.conversation, command.clone(), API, &answers, self.now) {
                Ok(change) => {
                    self.conversation = change.conversation.clone();
                    return Ok(change);
                }
                Err(crate::conversation::Objection::Refused(refusal)) => return Err(refusal),
                Err(crate::conversation::Objection::AskFirst(questions)) => {
                    let none = crate::conversation::Answer::None;
                    answers.extend(questions.into_iter().map(|question| (question, none)));
                }
                Err(other) => panic!("{other:?}"),
            }
        }
    }

    fn takes(&mut self, holder: &str, by: Right) -> Result<u64, Refusal> {
        let length = Millis::seconds(60);
        let taking = Taking { holder: holder.to_owned(), length, by };
        let _ = self.does(Command::Speak(SpeakerCommand::Take(taking)))?;
        Ok(self.speaker().token)
    }

    fn gives_back(&mut self, token: u64) -> Result<ConversationChange, Refusal> {
        self.does(Command::Speak(SpeakerCommand::GiveBack { token }))
    }

    fn writes(&mut self, author: &str, token: Option<u64>) -> Result<Message, Refusal> {
        let change = self.does(Command::Post(post(author, token)))?;
        Ok(change.message.unwrap())
    }

    fn speaker(&self) -> &Speaker {
        self.conversation.speaker.as_ref().unwrap()
    }

    fn holder(&self) -> Option<&str> {
        self.speaker().current(self.now).map(|lease| lease.holder.as_str())
    }
}

fn post(author: &str, token: Option<u64>) -> Post {
    Post {
        sid: MessageSid::derived(&[author]),
        author: Some(author.to_owned()),
        body: Some("hi".into()),
        media: Vec::new(),
        attributes: None,
        speaker: token,
        origin: None,
        aliases: Vec::new(),
        dates: Dates::default(),
        filled: None,
    }
}

fn missing(holder: Option<&str>) -> Refusal {
    Refusal::SpeakerTokenMissing(holder.map(str::to_owned))
}

fn stale(given: u64, last: u64, holder: Option<&str>) -> Refusal {
    Refusal::SpeakerTokenStale { given, last, holder: holder.map(str::to_owned) }
}

fn changes(change: &ConversationChange) -> Vec<(Option<&str>, Option<&str>, u64, SpeakerReason)> {
    let told = change.events.iter().filter_map(ConversationEvent::speaker_change);
    told.map(|it| (it.from.as_deref(), it.to.as_deref(), it.token, it.reason)).collect()
}

#[test]
fn everybody_speaks_until_somebody_asks_for_one_speaker() {
    let mut thread = Thread::new();
    assert_eq!(thread.writes("anybody", None).unwrap().speaker, None);
    assert_eq!(thread.conversation.speaker, None);
    assert_eq!(thread.writes("bot", Some(1)), Err(stale(1, 0, None)), "nobody gave that out");
    let token = thread.takes("bot", Right::Free).unwrap();
    assert_eq!(thread.writes("bot", Some(token)).unwrap().speaker, Some(token));
    assert_eq!(thread.writes("anybody", None), Err(missing(Some("bot"))));
}

#[test]
fn a_number_grows_with_every_holder_and_the_last_one_alone_counts() {
    let mut thread = Thread::new();
    let bot = thread.takes("bot", Right::Free).unwrap();
    let ann = thread.takes("ann", Right::Holding(bot)).unwrap();
    let boss = thread.takes("boss", Right::Force).unwrap();
    assert!(bot < ann && ann < boss);
    for token in [bot, ann, boss + 1] {
        assert_eq!(thread.writes("x", Some(token)), Err(stale(token, boss, Some("boss"))));
        assert_eq!(thread.gives_back(token).unwrap_err(), stale(token, boss, Some("boss")));
    }
    thread.writes("x", Some(boss)).unwrap();
    assert!(thread.gives_back(boss).unwrap().is_written);
    assert_eq!(thread.writes("x", Some(boss)), Err(stale(boss, boss, None)));
    assert_eq!(thread.writes("x", None), Err(missing(None)));
    assert!(thread.takes("bot", Right::Free).unwrap() > boss);
}

#[test]
fn the_token_is_taken_when_it_is_free_or_by_force() {
    let mut thread = Thread::new();
    thread.takes("bot", Right::Free).unwrap();
    let until = Timestamp(0) + Millis::seconds(60);
    let taken = Refusal::SpeakerTaken("bot".to_owned(), until);
    assert_eq!(thread.takes("ann", Right::Free), Err(taken));
    assert_eq!(thread.takes("ann", Right::Holding(7)), Err(stale(7, 1, Some("bot"))));
    assert_eq!(thread.takes("ann", Right::Force), Ok(2));
    // Whoever begins anew fences off what they left behind.
    assert_eq!(thread.takes("ann", Right::Free), Ok(3));
    assert_eq!(thread.writes("ann", Some(2)), Err(stale(2, 3, Some("ann"))));
}

#[test]
fn a_lease_ends_by_the_clock_and_is_made_longer_by_who_has_it() {
    let mut thread = Thread::new();
    let token = thread.takes("bot", Right::Free).unwrap();
    thread.now = Timestamp(59_999);
    assert_eq!(thread.takes("bot", Right::Holding(token)), Ok(token));
    thread.now = Timestamp(119_998);
    thread.writes("bot", Some(token)).unwrap();
    thread.now = Timestamp(119_999);
    assert_eq!(thread.writes("bot", Some(token)), Err(stale(token, token, None)));
    assert_eq!(thread.holder(), None);
    assert_eq!(thread.takes("bot", Right::Holding(token)), Err(stale(token, token, None)));
    assert_eq!(thread.takes("ann", Right::Free), Ok(token + 1));
}

#[test]
fn a_repetition_changes_nothing() {
    let mut thread = Thread::new();
    let token = thread.takes("bot", Right::Free).unwrap();
    let next = thread.takes("ann", Right::Holding(token)).unwrap();
    let before = thread.conversation.clone();
    assert_eq!(thread.takes("ann", Right::Holding(token)), Ok(next), "the answer was lost");
    assert_eq!(thread.conversation, before);
    assert!(thread.gives_back(next).unwrap().is_written);
    assert!(!thread.gives_back(next).unwrap().is_written);
    assert_eq!(thread.gives_back(0).unwrap_err(), stale(0, next, None));
}

#[test]
fn customers_always_write() {
    let mut thread = Thread::new();
    let exempt = Some(vec!["web-visitor".to_owned()]);
    let configure = SpeakerCommand::Configure { required: None, agent_takes: None, exempt };
    let configured = thread.does(Command::Speak(configure)).unwrap();
    assert!(configured.events.is_empty(), "nobody's turn has changed");
    thread.takes("bot", Right::Free).unwrap();
    assert_eq!(thread.writes("web-visitor", None).unwrap().speaker, None);
    assert_eq!(thread.writes("other", None), Err(missing(Some("bot"))));
    let origin = crate::message::Origin {
        pair: crate::conversation::Pair::new(
            "+14155550101".parse().unwrap(),
            "+18005550199".parse().unwrap(),
        )
        .unwrap(),
        carrier: crate::carriage::CarrierName::default(),
        carrier_message_id: "SM1".to_owned(),
        content: Vec::new(),
        reply_to: None,
        answers: None,
        profile_name: None,
        extra: Default::default(),
    };
    let inbound = Post { origin: Some(origin), ..post("+14155550101", None) };
    assert!(thread.does(Command::Post(inbound)).is_ok());
}

#[test]
fn the_token_falls_free_when_its_holder_leaves_and_when_the_conversation_ends() {
    let mut thread = Thread::new();
    let ann = thread.does(Command::Join(NewParticipant::known_as("ann".to_owned()))).unwrap();
    let bob = thread.does(Command::Join(NewParticipant::known_as("bob".to_owned()))).unwrap();
    let token = thread.takes("ann", Right::Free).unwrap();
    let left = thread.does(Command::Leave(bob.number.unwrap())).unwrap();
    assert_eq!(changes(&left), []);
    let left = thread.does(Command::Leave(ann.number.unwrap())).unwrap();
    assert_eq!(changes(&left), [(Some("ann"), None, token, SpeakerReason::Left)]);
    assert_eq!(thread.holder(), None);
    let token = thread.takes("bot", Right::Free).unwrap();
    let closed = thread.does(Command::Close).unwrap();
    assert_eq!(changes(&closed), [(Some("bot"), None, token, SpeakerReason::Closed)]);
    assert_eq!(thread.takes("bot", Right::Free), Err(Refusal::ConversationClosed));
    assert_eq!(thread.writes("bot", Some(token)), Err(Refusal::ConversationClosed));
}

#[test]
fn each_change_of_the_speaker_is_told_and_nothing_else_is() {
    let mut thread = Thread::new();
    let take = |holder: &str, by| {
        let length = Millis::seconds(60);
        Command::Speak(SpeakerCommand::Take(Taking { holder: holder.to_owned(), length, by }))
    };
    let taken = thread.does(take("bot", Right::Free)).unwrap();
    assert_eq!(changes(&taken), [(None, Some("bot"), 1, SpeakerReason::Taken)]);
    let renewed = thread.does(take("bot", Right::Holding(1))).unwrap();
    assert!(renewed.events.is_empty());
    let handed = thread.does(take("ann", Right::Holding(1))).unwrap();
    assert_eq!(changes(&handed), [(Some("bot"), Some("ann"), 2, SpeakerReason::HandedOver)]);
    let forced = thread.does(take("boss", Right::Force)).unwrap();
    assert_eq!(changes(&forced), [(Some("ann"), Some("boss"), 3, SpeakerReason::Forced)]);
    thread.now = Timestamp(60_000);
    let late = thread.does(take("bot", Right::Force)).unwrap();
    assert_eq!(changes(&late), [(Some("boss"), Some("bot"), 4, SpeakerReason::Taken)]);
    let off = SpeakerCommand::Configure { required: Some(false), agent_takes: None, exempt: None };
    let off = thread.does(Command::Speak(off)).unwrap();
    assert_eq!(changes(&off), [(Some("bot"), None, 4, SpeakerReason::SwitchedOff)]);
    thread.writes("anybody", None).unwrap();
    assert_eq!(thread.takes("bot", Right::Free), Ok(5), "numbers go on");
}

#[test]
fn what_takes_the_token_and_writes_is_done_whole_or_not_at_all() {
    let thread = Thread::new();
    let taking = Taking { holder: "bot".to_owned(), length: Millis::seconds(60), by: Right::Free };
    let take = Command::Speak(SpeakerCommand::Take(taking));
    let refused = decide_all(
        &thread.conversation,
        [take, Command::Post(post("anybody", None))],
        API,
        &Answers::NONE,
        Timestamp(0),
    );
    assert_eq!(refused.unwrap_err(), missing(Some("bot")).into());
}
