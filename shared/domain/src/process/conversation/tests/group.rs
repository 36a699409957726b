//! Group MMS: who may be in a group, what it is found by, and how a message leaves for it.

use std::collections::BTreeSet;

use super::*;
use crate::address::Address;
use crate::carriage::DeliveryStatus;
use crate::carriage::{InboundMessage, SendOutcome, StatusReport};
use crate::conversation::{GROUP_MAX, GroupBinding, Member};
use crate::refusal::OfGroup;

const OURS: &str = "+14155550001";
const OTHER: &str = "+14155550002";
const ANN: &str = "+14155550101";
const BEN: &str = "+14155550102";
const CAL: &str = "+14155550103";

fn address(text: &str) -> Address {
    text.parse().unwrap()
}

fn telephone(text: &str) -> NewParticipant {
    NewParticipant::of_group(Member::Telephone(address(text)))
}

fn projected(text: &str) -> NewParticipant {
    NewParticipant::of_group(Member::Projected(address(text)))
}

fn agent_at(name: &str, text: &str) -> NewParticipant {
    NewParticipant { identity: Some(name.to_owned()), ..projected(text) }
}

/// Decides where `OURS` and `OTHER` are the account's, and these are bound elsewhere.
fn decided(
    on: &Conversation,
    commands: &[Command],
    source: &Source,
    is_taken: bool,
) -> Result<ConversationChange, Refusal> {
    let mut answers = Answers::default();
    let elsewhere = Answer::Conversation(ConversationSid::derived(&["elsewhere"]));
    loop {
        match decide_all(on, commands.to_vec(), source.clone(), &answers, LATER) {
            Ok(change) => return Ok(change),
            Err(Objection::Refused(refusal)) => return Err(refusal),
            Err(Objection::AskEndpoints(asked)) => panic!("{asked:?}"),
            Err(Objection::AskFirst(questions)) => {
                answers.extend(questions.into_iter().map(|question| {
                    let is_ours = [OURS, OTHER, "+18005550199"]
                        .iter()
                        .any(|own| question == Question::IsOurs(address(own)));
                    let binds =
                        matches!(question, Question::HolderOf(_) | Question::HolderOfGroup(_));
                    let answer = if is_ours { ours() } else { Answer::None };
                    (question, if binds && is_taken { elsewhere } else { answer })
                }));
            }
        }
    }
}

fn joins(
    thread: &mut Thread,
    new: impl IntoIterator<Item = NewParticipant>,
) -> Result<ConversationChange, Refusal> {
    let commands: Vec<Command> = new.into_iter().map(Command::Join).collect();
    let change = decided(&thread.0, &commands, &QUIET, false)?;
    thread.0 = change.conversation.clone();
    Ok(change)
}

fn does(thread: &mut Thread, command: Command) -> Result<ConversationChange, Refusal> {
    let change = decided(&thread.0, &[command], &QUIET, false)?;
    thread.0 = change.conversation.clone();
    Ok(change)
}

/// A group of Ann, Ben and an agent.
fn group() -> Thread {
    let mut thread = Thread::new();
    let _ = joins(&mut thread, [agent_at("alice", OURS), telephone(ANN), telephone(BEN)]).unwrap();
    thread
}

fn update(thread: &mut Thread, number: u32, update: ParticipantUpdate) -> Refusal {
    does(thread, Command::UpdateParticipant(number, update)).unwrap_err()
}

/// The addresses of the groups that a change binds and sets free.
fn bound(change: ConversationChange) -> (Vec<usize>, Vec<usize>) {
    let sizes = |records: &[Record]| {
        let groups = records.iter().filter_map(Record::get::<GroupBinding>);
        groups.map(|it| it.addresses.len()).collect()
    };
    let decision = Decision::from(change);
    (sizes(&decision.puts), sizes(&decision.deletes))
}

fn said_by(author: &str) -> Command {
    Command::Post(Post { author: Some(author.to_owned()), ..post("hello") })
}

#[test]
fn two_are_bound_as_a_pair_and_three_by_the_set_of_their_addresses() {
    let mut thread = Thread::new();
    let alone = joins(&mut thread, [agent_at("alice", OURS)]).unwrap();
    assert_eq!(written(alone).0, ["Conversation", "User", "Membership"]);
    let two = joins(&mut thread, [telephone(ANN)]).unwrap();
    assert_eq!(written(two).0, ["Conversation", "Membership", "AddressBinding"]);
    let three = joins(&mut thread, [telephone(BEN)]).unwrap();
    let (puts, deletes) = written(three.clone());
    assert_eq!(puts, ["Conversation", "Membership", "GroupBinding"]);
    assert_eq!(deletes, ["AddressBinding"], "whoever writes to us alone is not of the group");
    let keys = Decision::from(three).puts;
    let key = keys.iter().find_map(Record::get::<GroupBinding>).unwrap();
    assert_eq!(key.addresses, BTreeSet::from([OURS, ANN, BEN].map(address)));
    let four = joins(&mut thread, [telephone(CAL)]).unwrap();
    assert_eq!(bound(four), (vec![4], vec![3]));
    let shared = joins(&mut thread, [agent_at("bob", OURS)]).unwrap();
    assert_eq!(bound(shared), (vec![], vec![]), "one number of ours stands for two agents");
}

#[test]
fn a_group_that_changes_or_ends_sets_its_addresses_free() {
    let mut thread = group();
    let left = does(&mut thread, Command::Leave(3)).unwrap();
    let (puts, deletes) = written(left);
    assert_eq!(puts, ["Conversation", "AddressBinding"]);
    assert_eq!(deletes, ["Membership", "GroupBinding"]);
    let closed = does(&mut group(), Command::Close).unwrap();
    assert_eq!(bound(closed), (vec![], vec![3]));
    let removed = does(&mut group(), Command::Remove).unwrap();
    assert_eq!(bound(removed), (vec![], vec![3]));
}

#[test]
fn the_same_addresses_are_one_open_conversation_s() {
    let commands = |count: usize| -> Vec<Command> {
        let all = [projected(OURS), telephone(ANN), telephone(BEN)];
        all.into_iter().take(count).map(Command::Join).collect()
    };
    let taken = |count: usize| decided(&Thread::new().0, &commands(count), &QUIET, true);
    let elsewhere = ConversationSid::derived(&["elsewhere"]);
    assert_eq!(taken(3), Err(Refusal::OfGroup(OfGroup::Exists)));
    assert_eq!(taken(2), Err(Refusal::PairBound(elsewhere)));
    assert!(taken(1).is_ok());
}

#[test]
fn who_can_be_in_a_group_is_a_telephone_or_a_number_of_ours() {
    let refuses = |new: NewParticipant| joins(&mut Thread::new(), [new]).unwrap_err();
    for other in ["+4915123456789", "+18885550100", "12345", "+14155550", "whatsapp:+14155550100"] {
        assert_eq!(refuses(telephone(other)), Refusal::OfGroup(OfGroup::NotATelephone), "{other}");
    }
    assert_eq!(refuses(telephone(OURS)), Refusal::OfGroup(OfGroup::NotATelephone), "it is our own");
    assert_eq!(refuses(projected(ANN)), Refusal::OfGroup(OfGroup::ProjectedNotOurs));
    assert_eq!(
        refuses(projected("+18005550199")),
        Refusal::OfGroup(OfGroup::ProjectedNotOurs),
        "it is toll-free"
    );
    assert_eq!(
        refuses(projected("whatsapp:+14155550001")),
        Refusal::OfGroup(OfGroup::BindingUnsupported)
    );
    let both = NewParticipant { identity: Some("ann".to_owned()), ..telephone(ANN) };
    assert_eq!(refuses(both), Refusal::ParticipantShape);
    let both = NewParticipant { pair: Some(pair(1)), ..telephone(ANN) };
    assert_eq!(refuses(both), Refusal::ParticipantShape);
}

#[test]
fn a_number_of_a_carrier_without_groups_is_in_none() {
    let with = |carrier: CarrierName| {
        let mut answers = Answers::default();
        answers.extend([(Question::IsOurs(address(OURS)), Answer::With(carrier))]);
        decide(&Thread::new().0, Command::Join(projected(OURS)), QUIET, &answers, NOW)
    };
    for carrier in CarrierName::ALL {
        match carrier.knows_groups() {
            true => assert!(with(*carrier).is_ok()),
            false => {
                assert_eq!(
                    with(*carrier),
                    Err(Objection::Refused(Refusal::OfGroup(OfGroup::Disabled)))
                );
            }
        }
    }
    let known: Vec<bool> = CarrierName::ALL.iter().map(|one| one.knows_groups()).collect();
    assert_eq!(known, [true, false]);
}

#[test]
fn nobody_is_in_a_group_twice() {
    let mut thread = group();
    let mut refuses = |new: NewParticipant| joins(&mut thread, [new]).unwrap_err();
    assert_eq!(refuses(telephone(ANN)), Refusal::OfGroup(OfGroup::MemberExists));
    assert_eq!(refuses(agent_at("alice", OURS)), Refusal::OfGroup(OfGroup::MemberExists));
    assert_eq!(refuses(agent_at("alice", OTHER)), Refusal::OfGroup(OfGroup::MemberExists));
    let mut thread = Thread::new();
    let twice = joins(&mut thread, [projected(OURS), projected(OURS)]).unwrap_err();
    assert_eq!(twice, Refusal::OfGroup(OfGroup::MemberExists));
}

#[test]
fn a_group_has_ten_participants() {
    let mut thread = group();
    for number in 3..GROUP_MAX {
        let _ = joins(&mut thread, [telephone(&format!("+1415555020{number}"))]).unwrap();
    }
    let more = joins(&mut thread, [telephone(CAL)]).unwrap_err();
    assert_eq!(more, Refusal::OfGroup(OfGroup::Full));
    let seated = [Command::Join(agent("bob"))];
    let seated = decided(&thread.0, &seated, &Source::Interaction, false).unwrap();
    assert_eq!(seated.conversation.participants.len(), 11, "an agent is seated nevertheless");
}

#[test]
fn a_group_has_a_telephone_and_a_number_of_ours_and_nobody_without_one() {
    let unfit = |new: &[NewParticipant]| joins(&mut Thread::new(), new.to_vec()).unwrap_err();
    let three = [telephone(ANN), telephone(BEN), telephone(CAL)];
    assert_eq!(unfit(&three), Refusal::OfGroup(OfGroup::Unfit));
    let chat = [agent("alice"), telephone(ANN), telephone(BEN), projected(OURS)];
    assert_eq!(unfit(&chat), Refusal::OfGroup(OfGroup::Unfit));
    assert!(joins(&mut Thread::new(), three.into_iter().take(2)).is_ok(), "it can still be one");
    let mut thread = group();
    let mut refuses = |new: NewParticipant| joins(&mut thread, [new]).unwrap_err();
    assert_eq!(refuses(agent("bob")), Refusal::OfGroup(OfGroup::ProjectedMissing));
    assert_eq!(refuses(customer(7)), Refusal::OfGroup(OfGroup::Unfit), "a pair is not in a group");
    let mut pairs = Thread::new();
    pairs.joined(customer(7));
    assert_eq!(joins(&mut pairs, [telephone(ANN)]), Err(Refusal::OfGroup(OfGroup::Unfit)));
}

#[test]
fn a_message_goes_to_everybody_at_once_from_the_number_of_whoever_writes() {
    let mut thread = group();
    let _ = joins(&mut thread, [projected(OTHER)]).unwrap();
    let sent = decided(&thread.0, &[said_by("alice")], &QUIET, false).unwrap();
    let message = sent.message.clone().unwrap();
    let copies: Vec<_> = message
        .deliveries
        .iter()
        .map(|one| (one.pair.address.as_str(), one.pair.proxy.as_str(), one.led_by))
        .collect();
    assert_eq!(copies, [(ANN, OURS, None), (BEN, OURS, Some(1))]);
    assert_eq!(message.deliveries[0].beside, [address(OTHER)]);
    let effects = Decision::from(sent).effects;
    let sends = effects.iter().filter(|effect| matches!(effect, Effect::Send(_)));
    assert_eq!(sends.count(), 1, "the carrier is called once");
    for (author, by) in [(OTHER, OTHER), (OURS, OURS), (ANN, OURS)] {
        let sent = decided(&thread.0, &[said_by(author)], &QUIET, false).unwrap().message.unwrap();
        assert!(sent.deliveries.iter().all(|one| one.pair.proxy.as_str() == by), "{author}");
        let is_own = sent.deliveries.iter().any(|one| one.pair.address.as_str() == author);
        assert!(!is_own, "{author} gets none");
    }
}

#[test]
fn who_is_not_of_the_group_writes_nothing_into_it() {
    let thread = group();
    for author in ["bob", "system", CAL, OTHER] {
        let refused = decided(&thread.0, &[said_by(author)], &QUIET, false);
        assert_eq!(refused, Err(Refusal::OfGroup(OfGroup::AuthorNotInGroup)), "{author}");
    }
}

#[test]
fn an_agent_who_is_seated_speaks_by_the_number_of_the_group() {
    let mut thread = Thread::new();
    let _ = joins(&mut thread, [projected(OURS), telephone(ANN), telephone(BEN)]).unwrap();
    let seat = [Command::Join(agent("bob"))];
    let seated = decided(&thread.0, &seat, &Source::Interaction, false).unwrap();
    let bob = seated.conversation.participants.last().unwrap().clone();
    assert_eq!(bob.projected(), Some(&address(OURS)));
    let sent = decided(&seated.conversation, &[said_by("bob")], &QUIET, false).unwrap();
    let message = sent.message.unwrap();
    assert_eq!((message.deliveries.len(), message.participant), (2, Some(bob.number)));
    let mut after = Thread(sent.conversation);
    let left = does(&mut after, Command::Leave(bob.number)).unwrap();
    assert_eq!(bound(left), (vec![], vec![]), "the group is the same without them");
}

#[test]
fn what_is_of_a_pair_and_what_is_of_a_group_is_changed_where_it_is() {
    let proxy = |to: Option<&str>| ParticipantUpdate {
        proxy: Some(to.map(address)),
        ..ParticipantUpdate::default()
    };
    let ours = |to: Option<&str>| ParticipantUpdate {
        projected: Some(to.map(address)),
        ..ParticipantUpdate::default()
    };
    let identity =
        |to: &str| ParticipantUpdate { identity: Some(to.to_owned()), ..Default::default() };
    // Alice with a number of ours, Ann and Ben with their telephones.
    let mut thread = group();
    assert_eq!(update(&mut thread, 1, proxy(None)), Refusal::OfGroup(OfGroup::ProxyRemoval));
    assert_eq!(update(&mut thread, 2, proxy(None)), Refusal::OfGroup(OfGroup::ProxyRemoval));
    assert_eq!(
        update(&mut thread, 1, proxy(Some(OTHER))),
        Refusal::OfGroup(OfGroup::ProxyAddition)
    );
    assert_eq!(
        update(&mut thread, 2, proxy(Some(OTHER))),
        Refusal::OfGroup(OfGroup::ProxyAddition)
    );
    assert_eq!(update(&mut thread, 2, ours(None)), Refusal::OfGroup(OfGroup::ProjectedRemoval));
    assert_eq!(
        update(&mut thread, 2, ours(Some(OTHER))),
        Refusal::OfGroup(OfGroup::ProjectedAddition)
    );
    assert_eq!(
        update(&mut thread, 1, ours(Some(CAL))),
        Refusal::OfGroup(OfGroup::ProjectedNotOurs)
    );
    assert_eq!(
        update(&mut thread, 2, identity("bob")),
        Refusal::OfGroup(OfGroup::IdentityAddition)
    );
    let moved = does(&mut thread, Command::UpdateParticipant(1, ours(Some(OTHER)))).unwrap();
    assert_eq!(bound(moved), (vec![3], vec![3]));
    let turn = does(&mut thread, Command::UpdateParticipant(1, identity("bob"))).unwrap();
    assert_eq!(written(turn).1, ["Membership"]);
    assert_eq!(thread.0.participant(1).unwrap().identity.as_deref(), Some("bob"));
    let freed = does(&mut thread, Command::UpdateParticipant(1, ours(None))).unwrap();
    assert_eq!(bound(freed), (vec![], vec![3]));
    // A number of ours alone would be nobody without it.
    let mut alone = Thread::new();
    let _ = joins(&mut alone, [projected(OURS)]).unwrap();
    assert_eq!(update(&mut alone, 1, ours(None)), Refusal::OfGroup(OfGroup::ProjectedRemoval));
    let mut plain = Thread::new();
    let chat = plain.joined(agent("eve"));
    assert_eq!(update(&mut plain, chat, identity("mallory")), Refusal::IdentityStays);
}

#[test]
fn a_customer_of_ours_comes_into_a_group_and_back() {
    let proxy = |to: Option<&str>| {
        let proxy = Some(to.map(address));
        Command::UpdateParticipant(1, ParticipantUpdate { proxy, ..Default::default() })
    };
    let mut thread = Thread::new();
    let pair = Pair::new(address(ANN), address(OURS)).unwrap();
    let _ = joins(&mut thread, [NewParticipant::at(pair)]).unwrap();
    let other = does(&mut thread, proxy(Some(OTHER))).unwrap();
    let (puts, deletes) = written(other);
    assert_eq!((puts, deletes), (vec!["Conversation", "AddressBinding"], vec!["AddressBinding"]));
    let alone = does(&mut thread, proxy(None)).unwrap();
    let (puts, deletes) = written(alone);
    assert_eq!((puts, deletes), (vec!["Conversation", "Membership"], vec!["AddressBinding"]));
    assert_eq!(thread.0.participant(1).unwrap().telephone(), Some(&address(ANN)));
    let back = does(&mut thread, proxy(Some(OURS))).unwrap();
    let (puts, deletes) = written(back);
    assert_eq!((puts, deletes), (vec!["Conversation", "AddressBinding"], vec!["Membership"]));
    let strangers = does(&mut thread, proxy(Some(CAL)));
    assert_eq!(strangers, Err(Refusal::ProxyNotOurs));
}

#[test]
fn what_a_member_writes_has_reached_the_others_already() {
    let thread = group();
    let pair = (address(ANN), address(OURS));
    let mut inbound = InboundMessage::new(CarrierName::default(), "MM1", pair, "hi", NOW);
    inbound.others.insert(address(BEN));
    let post = Command::Post(Post::of(&inbound, None));
    let source = Source::Channel(ChannelType::Sms);
    let heard = decided(&thread.0, &[post], &source, false).unwrap();
    let message = heard.message.unwrap();
    assert_eq!((message.participant, message.deliveries.len()), (Some(2), 0));
    let has_heard = |from: &str, to: &str| thread.0.has_heard(&address(from), &address(to));
    assert!(!has_heard(ANN, OURS));
    assert!(has_heard(OURS, OTHER), "what we wrote ourselves");
}

#[test]
fn every_recipient_has_a_receipt_and_the_carrier_one_message() {
    let sent = decided(&group().0, &[said_by("alice")], &QUIET, false).unwrap();
    let message = sent.message.unwrap();
    let accepted = SendOutcome::Accepted { carrier_message_id: "MM1".to_owned() };
    let out = message.record(1, &accepted, LATER).unwrap();
    assert_eq!(out.events.len(), 2);
    let status = |message: &Message, number: u32| message.delivery(number).unwrap().status;
    assert!([1, 2].iter().all(|one| status(&out.message, *one) == DeliveryStatus::Sent));
    let report =
        |id: &str| StatusReport::new(CarrierName::default(), id, DeliveryStatus::Delivered, LATER);
    let number = out.message.copy_to(1, Some(&address(BEN)));
    assert_eq!(number, 2);
    assert_eq!(out.message.copy_to(1, None), 1);
    // The carrier may call a recipient's copy by an identifier of its own.
    let read = out.message.report(number, &report("MM2"), LATER).unwrap().message;
    assert_eq!(
        (status(&read, 1), status(&read, 2)),
        (DeliveryStatus::Sent, DeliveryStatus::Delivered)
    );
    let refused = SendOutcome::Rejected { error_code: 21610, reason: String::new() };
    let failed = message.record(1, &refused, LATER).unwrap().message;
    assert!([1, 2].iter().all(|one| status(&failed, *one) == DeliveryStatus::Failed));
}
