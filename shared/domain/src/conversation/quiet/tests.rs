use proptest::prelude::*;

use super::*;
use crate::conversation::{
    Answer, Answers, Conversation, Dates, Defaults, Details, Listening, NewParticipant, Objection,
    Pair, Question, Source,
};
use crate::decision::Decision;
use crate::effect::{Effect, Wake};
use crate::message::Post;
use crate::process::alarm::{AHEAD, ring};
use crate::process::conversation::{Command, ConversationChange, decide, decide_all};
use crate::record::Record;
use crate::refusal::Refusal;
use crate::sid::{ConversationSid, MessageSid, ServiceSid, Sid as _};

const NOW: Timestamp = Timestamp(1_800_000_000_000);
const MINUTE: Millis = Millis::seconds(60);
const TEN: Millis = Millis::seconds(600);
const API: Source = Source::Api { webhooks: false };

/// Neither the account nor the service has webhooks.
fn nobody_listens() -> Answers {
    let question = Question::Listening(ServiceSid::derived(&["s"]));
    [(question, Answer::Listening(Listening::default()))].into_iter().collect()
}

fn after(span: Millis) -> Timestamp {
    NOW + span
}

fn seconds(seconds: i64) -> Millis {
    Millis::seconds(seconds)
}

fn with(inactive: Option<Millis>, closed: Option<Millis>) -> Conversation {
    let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
    let defaults = Defaults { timers: Lengths { inactive, closed }, ..Defaults::default() };
    Conversation::new(sid, service, defaults, NOW)
}

fn done(before: &Conversation, command: Command, now: Timestamp) -> ConversationChange {
    let source = if command == Command::Look { Source::Timer } else { API };
    decide(before, command, source, &nobody_listens(), now).unwrap()
}

fn becomes(state: State) -> Command {
    Command::Update(Details { state: Some(state), ..Details::default() })
}

fn message() -> Command {
    Command::Post(Post {
        sid: MessageSid::derived(&["m"]),
        author: None,
        body: Some("hi".into()),
        media: Vec::new(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Dates { created: Some(Timestamp(1)), updated: None },
        filled: None,
    })
}

fn look(conversation: &Conversation) -> Option<Timestamp> {
    conversation.timers.and_then(|timers| timers.look)
}

/// The states that it goes through by its timers alone, and when.
fn left_alone(mut conversation: Conversation) -> Vec<(i64, State)> {
    let mut states = Vec::new();
    while let Some(at) = look(&conversation) {
        let change = done(&conversation, Command::Look, at);
        if let [ConversationEvent::StateUpdated { to, reason: Reason::Timer, .. }] =
            change.events[..]
        {
            states.push(((at - NOW).0 / 1000, to));
        }
        conversation = change.conversation;
    }
    states
}

#[test]
fn what_is_left_alone_changes_as_its_timers_say() {
    use State::{Closed, Inactive};
    for (inactive, closed, states) in [
        (None, None, vec![]),
        (Some(MINUTE), None, vec![(60, Inactive)]),
        (None, Some(TEN), vec![(600, Closed)]),
        (Some(MINUTE), Some(TEN), vec![(60, Inactive), (660, Closed)]),
    ] {
        assert_eq!(left_alone(with(inactive, closed)), states, "{inactive:?} {closed:?}");
        let pending = with(inactive, closed).pending();
        let said = |wanted| states.iter().find(|(_, it)| *it == wanted).map(|(at, _)| *at);
        let at = |time: Option<Timestamp>| time.map(|time| (time - NOW).0 / 1000);
        assert_eq!(at(pending.inactive), said(Inactive), "{inactive:?} {closed:?}");
        assert_eq!(at(pending.closed), said(Closed), "{inactive:?} {closed:?}");
    }
}

#[test]
fn a_message_begins_anew_and_leaves_the_look_alone() {
    let before = with(Some(MINUTE), Some(TEN));
    let change = done(&before, message(), after(seconds(50)));
    let conversation = change.conversation.clone();
    assert_eq!(look(&conversation), Some(after(MINUTE)), "no row moves");
    assert_eq!(conversation.pending().inactive, Some(after(seconds(110))));
    assert_eq!(conversation.pending().closed, Some(after(seconds(710))));
    let looked = done(&conversation, Command::Look, after(MINUTE));
    assert_eq!((looked.conversation.state, looked.events.len()), (State::Active, 0));
    assert_eq!(looked.conversation.updated, conversation.updated, "nobody changed it");
    assert_eq!(look(&looked.conversation), Some(after(seconds(110))));
    let over = done(&looked.conversation, Command::Look, after(seconds(110)));
    assert_eq!(over.conversation.state, State::Inactive);
    assert_eq!(over.conversation.updated, after(seconds(110)));
}

#[test]
fn a_message_wakes_a_quiet_one_whose_look_comes_as_early_as_it_has_to() {
    let before = with(Some(MINUTE), Some(TEN));
    let quiet = done(&before, Command::Look, after(MINUTE)).conversation;
    assert_eq!(quiet.pending(), Pending { inactive: None, closed: Some(after(seconds(660))) });
    let woken = done(&quiet, message(), after(seconds(100)));
    let update = ConversationEvent::StateUpdated {
        from: State::Inactive,
        to: State::Active,
        reason: Reason::Event,
    };
    assert_eq!(woken.events[0], update);
    assert_eq!(look(&woken.conversation), Some(after(seconds(160))));
    let late = done(&quiet, message(), after(seconds(630)));
    assert_eq!(look(&late.conversation), Some(after(seconds(660))), "the look stays where it is");
}

#[test]
fn a_hand_on_the_state_begins_anew_and_the_same_state_does_not() {
    let before = with(Some(MINUTE), Some(TEN));
    let same = done(&before, becomes(State::Active), after(seconds(30))).conversation;
    assert_eq!(same.pending(), before.pending());
    let quiet = done(&before, becomes(State::Inactive), after(seconds(30))).conversation;
    assert_eq!(quiet.pending(), Pending { inactive: None, closed: Some(after(seconds(630))) });
    let awake = done(&quiet, becomes(State::Active), after(seconds(40))).conversation;
    assert_eq!(awake.pending().inactive, Some(after(seconds(100))));
    let closed = done(&awake, becomes(State::Closed), after(seconds(50))).conversation;
    assert_eq!((closed.timers, closed.pending()), (None, Pending::default()));
}

#[test]
fn timers_that_are_set_begin_then_and_one_that_is_not_named_stays() {
    let set =
        |inactive, closed| Command::Update(Details { inactive, closed, ..Details::default() });
    let before = with(None, Some(TEN));
    let both = done(&before, set(Some(Some(MINUTE)), None), after(seconds(30))).conversation;
    let pending = Pending { inactive: Some(after(seconds(90))), closed: Some(after(seconds(690))) };
    assert_eq!((both.pending(), look(&both)), (pending, Some(after(seconds(90)))));
    let one = done(&both, set(Some(None), None), after(seconds(40))).conversation;
    assert_eq!(one.pending(), Pending { inactive: None, closed: Some(after(seconds(640))) });
    assert_eq!(look(&one), Some(after(seconds(640))));
    let none = done(&one, set(None, Some(None)), after(seconds(50))).conversation;
    assert_eq!(none.timers, None);
    let closed = Details { state: Some(State::Closed), ..Details::default() };
    let closing = Command::Update(Details { inactive: Some(Some(MINUTE)), ..closed });
    assert_eq!(done(&both, closing, after(MINUTE)).conversation.timers, None);
}

#[test]
fn a_new_one_may_say_otherwise_than_the_account() {
    let create = |details: Details| {
        done(&with(Some(MINUTE), Some(TEN)), Command::Create(details), NOW).conversation
    };
    assert_eq!(create(Details::default()).timers, with(Some(MINUTE), Some(TEN)).timers);
    let longer = create(Details { inactive: Some(Some(TEN)), ..Details::default() });
    assert_eq!((look(&longer), longer.pending().inactive), (Some(after(TEN)), Some(after(TEN))));
    let off = Details { inactive: Some(None), closed: Some(None), ..Details::default() };
    assert_eq!(create(off).timers, None);
    let quiet = create(Details { state: Some(State::Inactive), ..Details::default() });
    assert_eq!(quiet.pending(), Pending { inactive: None, closed: Some(after(TEN)) });
    let dates = Dates { created: Some(Timestamp(1)), updated: Some(Timestamp(2)) };
    let old = create(Details { dates, ..Details::default() });
    assert_eq!(old.pending().inactive, Some(after(MINUTE)), "it is quiet since it is there");
}

#[test]
fn a_clock_that_is_behind_takes_no_time_away() {
    let before = with(Some(MINUTE), None);
    let posted = done(&before, message(), NOW + Millis(-300_000)).conversation;
    assert_eq!(posted.pending(), before.pending());
    let ahead = done(&before, message(), after(seconds(300))).conversation;
    let behind = done(&ahead, message(), after(seconds(10))).conversation;
    assert_eq!(behind.pending().inactive, Some(after(seconds(360))));
}

#[test]
fn what_is_looked_at_early_twice_or_for_nothing_is_not_written() {
    let both = with(Some(MINUTE), Some(TEN));
    let quiet = done(&both, Command::Look, after(MINUTE)).conversation;
    let closed = done(&quiet, Command::Look, after(seconds(660))).conversation;
    assert_eq!(closed.state, State::Closed);
    let silent = done(&with(Some(MINUTE), None), Command::Look, after(MINUTE)).conversation;
    for (conversation, now) in [
        (&both, after(seconds(59))),
        (&quiet, after(MINUTE)),
        (&quiet, after(seconds(659))),
        (&silent, after(TEN)),
        (&closed, after(seconds(9_999))),
        (&with(None, None), after(TEN)),
    ] {
        let change = done(conversation, Command::Look, now);
        assert!(Decision::from(change).is_unchanged(), "{conversation:?}");
    }
}

#[test]
fn a_timer_closes_as_a_hand_does_and_tells_webhooks_why() {
    use crate::carriage::CarrierName;
    use crate::conversation::{EventName, Target};
    use crate::effect::Call;
    let pair = Pair::new("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap()).unwrap();
    let free = [
        (Question::IsOurs(pair.proxy.clone()), Answer::With(CarrierName::default())),
        (Question::HolderOf(pair.clone()), Answer::None),
    ];
    let free = free.into_iter().collect();
    let target = Target::Webhook {
        url: "https://example.com".to_owned(),
        method: "POST".to_owned(),
        filters: vec![EventName::OnConversationStateUpdated],
    };
    let commands = [Command::Join(NewParticipant::at(pair)), Command::Attach(target)];
    let open = decide_all(&with(None, Some(TEN)), commands, API, &free, NOW).unwrap().conversation;
    let kinds = |records: &[Record]| records.iter().map(Record::kind).collect::<Vec<_>>();
    let now = after(TEN);
    let by_hand = Decision::from(done(&open, Command::Close, now));
    let by_timer = ring(&open, &nobody_listens(), now).unwrap();
    assert_eq!(kinds(&by_timer.puts), kinds(&by_hand.puts));
    assert_eq!(kinds(&by_timer.deletes), ["AddressBinding"]);
    assert_eq!(kinds(&by_hand.deletes), kinds(&by_timer.deletes));
    let [Effect::Notify(Call::Conversation(call))] = &by_timer.effects[..] else {
        panic!("{by_timer:?}")
    };
    let told = (call.state_from.as_deref(), call.state_to.as_deref(), call.reason);
    assert_eq!(told, (Some("active"), Some("closed"), Some(Reason::Timer)));
    let closed = by_timer.puts.iter().find_map(Record::get::<Conversation>).unwrap();
    let posted = decide(closed, message(), API, &Answers::NONE, now);
    assert_eq!(posted, Err(Objection::Refused(Refusal::ConversationClosed)));
}

#[test]
fn a_look_that_moves_into_the_next_minute_is_woken_for_at_once() {
    let before = with(Some(MINUTE), None);
    for (written, is_soon) in [(1, true), (59, true)] {
        let busy = done(&before, message(), after(seconds(written))).conversation;
        let decision = ring(&busy, &nobody_listens(), after(MINUTE)).unwrap();
        let alarms: Vec<_> = decision.effects.iter().collect();
        let due = after(seconds(60 + written));
        assert_eq!(due <= after(MINUTE) + AHEAD, is_soon);
        let [Effect::Wake(Wake::Conversation(alarm))] = alarms[..] else { panic!("{alarms:?}") };
        assert_eq!((alarm.at, alarm.conversation), (due, before.sid));
    }
    let long = with(Some(TEN), None);
    let busy = done(&long, message(), after(seconds(599))).conversation;
    let decision = ring(&busy, &nobody_listens(), after(TEN)).unwrap();
    assert_eq!((decision.puts.len(), decision.effects.len()), (1, 0), "a tick finds it in time");
}

/// What can happen to a conversation, and how many seconds after what happened before.
fn course() -> impl Strategy<Value = Vec<(u8, i64)>> {
    prop::collection::vec((0..6_u8, 0..900_i64), 1..20)
}

proptest! {
    /// The look is never too late, and what a look changes had been quiet for as long as its timer says.
    #[test]
    fn nothing_is_looked_at_too_late_or_closed_too_early(
        inactive in prop::option::of(60..700_i64), closed in prop::option::of(600..900_i64),
        course in course(),
    ) {
        let mut on = with(inactive.map(seconds), closed.map(seconds));
        let (mut now, mut last) = (NOW, NOW);
        for (what, pause) in course {
            now = now + seconds(pause);
            // Whoever keeps the looks does so in time.
            while let Some(at) = look(&on).filter(|at| *at <= now) {
                let before = on.state;
                let change = done(&on, Command::Look, at);
                prop_assert!(change.is_written || before == State::Closed);
                on = change.conversation;
                let wanted = match (before, on.state) {
                    (State::Active, State::Active) | (State::Inactive, State::Inactive) => continue,
                    (State::Active, State::Inactive) => inactive,
                    _ => closed,
                };
                prop_assert_eq!(at - last, seconds(wanted.unwrap()));
                last = at;
            }
            if on.state == State::Closed {
                break;
            }
            let command = match what {
                0 | 1 => message(),
                2 => becomes(State::Inactive),
                3 => becomes(State::Active),
                _ => Command::Look,
            };
            let is_activity = matches!(command, Command::Post(_))
                || matches!(&command, Command::Update(details) if details.state != Some(on.state));
            on = done(&on, command, now).conversation;
            if is_activity {
                last = now;
            }
            let due = on.timers.and_then(|timers| timers.next(on.state)).map(|(at, _)| at);
            prop_assert_eq!(look(&on).is_some(), due.is_some());
            prop_assert!(look(&on) <= due);
        }
    }
}
