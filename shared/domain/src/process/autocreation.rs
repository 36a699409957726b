//! What becomes of a customer's message (rule A.3): it is appended to the open conversation of its
//! address pair, or opens one, or is kept as a message that no conversation wanted.

use std::collections::BTreeSet;

use super::conversation::{Command, decide, decide_all};
use super::flow::{Handling, handled, said};
use super::media;
use crate::address::Address;
use crate::carriage::InboundMessage;
use crate::configuration::{AddressConfiguration, Handler};
use crate::conversation::{
    Answer, Answers, Conversation, Defaults, Details, Lengths, Member, NewParticipant, Objection,
    Pair, Question, Source, State, Target, distinct,
};
use crate::decision::Decision;
use crate::effect::{Call, Effect, InboundCall};
use crate::message::{self, Message, Post};
use crate::refusal::Refusal;
use crate::sender::OwnSender;
use crate::sid::{
    ConversationSid, FlowExecutionSid, MessageSid, MessagingServiceSid, ServiceSid, Sid as _,
};
use crate::timestamp::Timestamp;

/// What is known about a message when it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The names by which the customer was looked up, the sender's address first.
    pub names: &'a [Address],
    /// The open conversation that one of them is bound to.
    pub bound: Option<&'a Conversation>,
    /// The message of that conversation that it answers or reacts to.
    pub target: Option<&'a Message>,
    /// The configuration of the address it was written to.
    pub address: Option<&'a AddressConfiguration>,
    /// The flow of that address, or of the open conversation, if it handles what comes.
    pub flow: Option<Handling<'a>>,
    /// The service of conversations that name none.
    pub default_service: ServiceSid,
    /// The sender of the account that it was written to.
    pub own: Option<&'a OwnSender>,
    /// The messaging service of the business address.
    pub messaging_service: Option<MessagingServiceSid>,
    /// How long a conversation may be quiet that is opened now.
    pub timers: Lengths,
}

/// What became of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum InboundOutcome {
    /// Kept beside the open conversation of a group, which has it already.
    Heard(ConversationSid),
    /// Kept, since the group is opened as the same message comes to another number of ours in it.
    HeardElsewhere,
    /// Appended to an open conversation.
    Appended(ConversationSid),
    /// Opened a conversation.
    Opened(ConversationSid),
    /// Kept, but no conversation wanted it.
    Unrouted,
    /// Kept, but no conversation may have it.
    Refused(Refusal),
}

/// Decides. What is asked for was answered when the situation was read, but for what a door may ask of others. A
/// message that the rules of conversations refuse is kept outside of them: the customer has sent it, and nobody
/// would hear the refusal.
pub fn receive(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(InboundOutcome, Decision), Objection> {
    match routed(inbound, situation, answers, now) {
        Err(Objection::Refused(refusal)) => {
            let message = message::unrouted(inbound, situation.messaging_service);
            let copy = media::copies(&message);
            Ok((InboundOutcome::Refused(refusal), Decision::put(message).asking(copy)))
        }
        decided => decided,
    }
}

fn routed(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(InboundOutcome, Decision), Objection> {
    if let Some(bound) = situation.bound.filter(|bound| bound.is_group()) {
        return of_group(inbound, bound, situation, answers, now);
    }
    if let Some(bound) = situation.bound {
        let commands = [
            Command::Learn(situation.names.to_vec()),
            Command::Post(Post::of(inbound, situation.target)),
        ];
        let decision = replied(inbound, bound, (situation, commands.to_vec()), answers, now)?;
        return Ok((InboundOutcome::Appended(bound.sid), decision));
    }
    match situation.address.filter(|address| address.enabled) {
        Some(_) if comes_elsewhere(inbound, answers)? => {
            let message = message::unrouted(inbound, situation.messaging_service);
            let copy = media::copies(&message);
            Ok((InboundOutcome::HeardElsewhere, Decision::put(message).asking(copy)))
        }
        Some(address) => {
            let (sid, decision) = open(inbound, situation, address, answers, now)?;
            Ok((InboundOutcome::Opened(sid), decision))
        }
        None => {
            let message = message::unrouted(inbound, situation.messaging_service);
            let copy = media::copies(&message);
            let told = told(inbound, situation.own);
            Ok((InboundOutcome::Unrouted, Decision::put(message).asking(copy).asking(told)))
        }
    }
}

/// What becomes of a message in an open conversation, whose flow may wait for it, or begin.
fn replied(
    inbound: &InboundMessage,
    bound: &Conversation,
    (situation, mut commands): (Situation<'_>, Vec<Command>),
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let said = said(inbound, bound);
    let handed = bound.interaction.is_some();
    let turn = situation.flow.and_then(|flow| flow.hears(said, handed, now));
    let webhook = bound.webhooks.iter().find(|one| match one.target {
        Target::Studio { flow, .. } => situation.flow.is_some_and(|it| it.flow == flow),
        Target::Webhook { .. } | Target::Trigger { .. } => false,
    });
    if let (Some(turn), Some(webhook)) = (&turn, webhook) {
        let (flow, execution) = (turn.execution.flow, Some(turn.execution.sid));
        commands.push(Command::Configure(webhook.number, Target::Studio { flow, execution }));
    }
    let source = Source::Channel(inbound.to.channel());
    handled(bound, commands, turn, (source, answers), now)
}

/// Tells who listens to the sender, if anybody may.
fn told(inbound: &InboundMessage, own: Option<&OwnSender>) -> Option<Effect> {
    own.filter(|own| own.may_be_listened_to())?;
    let pair = MessageSid::derived(&[inbound.from.as_str(), inbound.to.as_str()]).to_string();
    let call = InboundCall { inbound: inbound.sid(), pair: pair[2..].to_owned() };
    Some(Effect::Notify(Call::Inbound(call)))
}

/// What becomes of a message to a group that is open (rule A.8). What the group has heard already is kept as any message is.
fn of_group(
    inbound: &InboundMessage,
    bound: &Conversation,
    situation: Situation<'_>,
    answers: &Answers,
    now: Timestamp,
) -> Result<(InboundOutcome, Decision), Objection> {
    if bound.has_heard(&inbound.from, &inbound.to) {
        let message = message::unrouted(inbound, bound.messaging_service);
        let copy = media::copies(&message);
        return Ok((InboundOutcome::Heard(bound.sid), Decision::put(message).asking(copy)));
    }
    let command = Command::Post(Post::of(inbound, situation.target));
    let change = decide(bound, command, Source::Channel(inbound.to.channel()), answers, now)?;
    Ok((InboundOutcome::Appended(bound.sid), change.into()))
}

/// Opens a conversation with the customer, writes the message into it, and attaches its handler. The
/// identifier follows from the message, so the same message never opens two.
fn open(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    address: &AddressConfiguration,
    answers: &Answers,
    now: Timestamp,
) -> Result<(ConversationSid, Decision), Objection> {
    let service = address.service.unwrap_or(situation.default_service);
    let sid = ConversationSid::derived(&["autocreated", &inbound.sid().to_string()]);
    let Situation { messaging_service, timers, .. } = situation;
    let new = Conversation::new(sid, service, Defaults { messaging_service, timers }, now);
    let begun = match inbound.group() {
        Some(all) => joining(inbound, all, answers)?,
        None => pairing(inbound, situation, answers)?,
    };
    let state = begun.is_group.then_some(State::Initializing);
    let mut commands = vec![Command::Create(Details { state, ..Details::default() })];
    let turn = situation.flow.and_then(|flow| flow.hears(said(inbound, &new), false, now));
    let execution = turn.as_ref().map(|turn| turn.execution.sid);
    commands.extend(handler(&address.handler, execution).map(Command::Attach));
    commands.extend(begun.joining.into_iter().map(Command::Join));
    commands.push(Command::Post(Post::of(inbound, None)));
    let source = Source::Channel(inbound.to.channel());
    if turn.is_some() {
        return Ok((sid, handled(&new, commands, turn, (source, &begun.answers), now)?));
    }
    let mut opened = decide_all(&new, commands, source, &begun.answers, now)?;
    opened.conversation.collects(address.care.as_ref().and_then(|care| care.collects));
    Ok((sid, opened.into()))
}

/// Who takes part in a conversation that is opened, and what is known of them.
struct Begun {
    joining: Vec<NewParticipant>,
    answers: Answers,
    is_group: bool,
}

/// A customer, and the address that they wrote to.
fn pairing(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    answers: &Answers,
) -> Result<Begun, Refusal> {
    let pair = Pair::new(inbound.from.clone(), inbound.to.clone())?;
    // No conversation holds the pair or another name of the customer, or the message would have been appended there; the
    // write has that condition.
    let aliases = distinct(std::iter::once(&inbound.from).chain(situation.names));
    let mut answers = answers.clone();
    let free =
        aliases.iter().map(|name| (Question::HolderOf(pair.with(name.clone())), Answer::None));
    answers.extend(free);
    let joining = vec![NewParticipant { aliases, ..NewParticipant::at(pair) }];
    Ok(Begun { joining, answers, is_group: false })
}

/// Which of those who received a message are numbers of ours. Of all but the one to which it came that is asked first.
fn ours_among(inbound: &InboundMessage, answers: &Answers) -> Result<BTreeSet<Address>, Objection> {
    let asked = inbound.others.iter().map(|it| Question::IsOurs(it.clone()));
    let open: Vec<Question> = asked.filter(|it| answers.get(it).is_none()).collect();
    if !open.is_empty() {
        return Err(Objection::AskFirst(open));
    }
    let is_ours = |it: &&Address| {
        matches!(answers.get(&Question::IsOurs((*it).clone())), Some(Answer::With(_)))
    };
    let others = inbound.others.iter().filter(is_ours);
    Ok(others.chain([&inbound.to]).cloned().collect())
}

/// Whether a message to a group comes to several numbers of ours, and this is not the first of them, by which it counts
/// ([`Conversation::has_heard`]).
fn comes_elsewhere(inbound: &InboundMessage, answers: &Answers) -> Result<bool, Objection> {
    if inbound.group().is_none() {
        return Ok(false);
    }
    Ok(ours_among(inbound, answers)?.first() != Some(&inbound.to))
}

/// A group: who wrote, whoever else received it, and the number of ours that did.
fn joining(
    inbound: &InboundMessage,
    all: BTreeSet<Address>,
    answers: &Answers,
) -> Result<Begun, Objection> {
    let ours = ours_among(inbound, answers)?;
    let others = inbound.others.iter().filter(|it| **it != inbound.from && **it != inbound.to);
    let member = |it: &Address| match ours.contains(it) {
        true => Member::Projected(it.clone()),
        false => Member::Telephone(it.clone()),
    };
    let first = Member::Telephone(inbound.from.clone());
    let last = Member::Projected(inbound.to.clone());
    let members = std::iter::once(first).chain(others.map(member)).chain([last]);
    let joining = members.map(NewParticipant::of_group).collect();
    // No conversation holds the group, or the message would have been appended there; the write has that condition.
    let mut answers = answers.clone();
    answers.extend([(Question::HolderOfGroup(all), Answer::None)]);
    Ok(Begun { joining, answers, is_group: true })
}

/// The names that a message brings, as they are looked up, the sender's address first.
pub fn names(inbound: &InboundMessage) -> Vec<Address> {
    let channel = inbound.to.channel();
    distinct(inbound.names().filter(|name| name.channel() == channel))
}

/// The handler becomes a webhook of the conversation, so it can be seen and removed there (rule A.5).
/// `execution` is the one that it begins.
pub fn handler(handler: &Handler, execution: Option<FlowExecutionSid>) -> Option<Target> {
    match handler {
        Handler::Default => None,
        Handler::Webhook { url, method, filters } => Some(Target::Webhook {
            url: url.clone(),
            method: method.clone(),
            filters: filters.clone(),
        }),
        Handler::Studio { flow, .. } => Some(Target::Studio { flow: *flow, execution }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::CarrierName;
    use crate::conversation::EventName;
    use crate::effect::Call;
    use crate::record::Record;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn inbound(id: &str) -> InboundMessage {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        InboundMessage::new(CarrierName::default(), id, pair, "hi", NOW)
    }

    fn address(handler: Handler) -> AddressConfiguration {
        let address = "+18005550199".parse().unwrap();
        AddressConfiguration {
            sid: AddressConfiguration::sid_of(&address),
            kind: address.channel(),
            address,
            friendly_name: None,
            address_country: None,
            enabled: true,
            service: None,
            handler,
            care: None,
            created: NOW,
            updated: NOW,
            version: 1.into(),
        }
    }

    fn situation<'a>(
        bound: Option<&'a Conversation>,
        address: Option<&'a AddressConfiguration>,
        flow: Option<Handling<'a>>,
    ) -> Situation<'a> {
        let default_service = ServiceSid::derived(&["default"]);
        let timers = Lengths::default();
        let messaging_service = None;
        Situation {
            names: &[],
            bound,
            target: None,
            address,
            flow,
            default_service,
            own: None,
            messaging_service,
            timers,
        }
    }

    fn received(inbound: &InboundMessage, situation: Situation<'_>) -> (InboundOutcome, Decision) {
        receive(inbound, situation, &Answers::default(), NOW).unwrap()
    }

    fn conversation_of(decision: &Decision) -> Conversation {
        decision.puts.iter().find_map(Record::get::<Conversation>).unwrap().clone()
    }

    #[test]
    fn a_first_message_opens_a_conversation_bound_to_its_pair() {
        let address = address(Handler::Default);
        let (outcome, decision) = received(&inbound("SM1"), situation(None, Some(&address), None));
        let conversation = conversation_of(&decision);
        assert_eq!(outcome, InboundOutcome::Opened(conversation.sid));
        let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["Conversation", "AddressBinding", "Message"]);
        assert!(decision.effects.is_empty());
        assert_eq!(conversation.next_index, 1);
    }

    #[test]
    fn the_next_message_is_appended_and_wakes_a_quiet_conversation() {
        let address = address(Handler::Default);
        let (_, first) = received(&inbound("SM1"), situation(None, Some(&address), None));
        let quiet = Details { state: Some(State::Inactive), ..Details::default() };
        let (quiet, by) = (Command::Update(quiet), Source::Interaction);
        let open = decide(&conversation_of(&first), quiet, by, &Answers::default(), NOW);
        let open = open.unwrap().conversation;
        let (outcome, second) =
            received(&inbound("SM2"), situation(Some(&open), Some(&address), None));
        assert_eq!(outcome, InboundOutcome::Appended(open.sid));
        let after = conversation_of(&second);
        assert_eq!((after.next_index, after.state), (2, State::Active));
    }

    #[test]
    fn a_webhook_handler_hears_of_the_participant_and_then_of_the_message() {
        let filters = vec![EventName::OnMessageAdded, EventName::OnParticipantAdded];
        let url = "https://example.com".to_owned();
        let address = address(Handler::Webhook { url, method: "POST".to_owned(), filters });
        let (_, decision) = received(&inbound("SM1"), situation(None, Some(&address), None));
        let events: Vec<EventName> = decision
            .effects
            .iter()
            .filter_map(|effect| {
                let Effect::Notify(Call::Conversation(call)) = effect else { return None };
                Some(call.event)
            })
            .collect();
        assert_eq!(events, [EventName::OnParticipantAdded, EventName::OnMessageAdded]);
    }

    #[test]
    fn a_message_that_no_conversation_may_have_is_kept_as_it_came() {
        let address = address(Handler::Default);
        for (to, refusal) in [
            ("+14155550100", Refusal::BindingAddressesEqual),
            ("whatsapp:+18005550199", Refusal::BindingTypesDiffer),
        ] {
            let mut odd = inbound("SM1");
            odd.to = to.parse().unwrap();
            let (outcome, decision) = received(&odd, situation(None, Some(&address), None));
            assert_eq!(outcome, InboundOutcome::Refused(refusal));
            let [Record::Message(kept)] = &decision.puts[..] else { panic!("{decision:?}") };
            assert_eq!((kept.from(None), kept.to(None)), (Some(&odd.from), Some(&odd.to)));
            assert_eq!(kept.conversation, None);
            assert!(kept.can_be(&odd) && !kept.can_be(&inbound("SM1")));
        }
    }

    const OURS: &str = "+14155550001";
    const ALSO_OURS: &str = "+14155550002";
    const ANN: &str = "+14155550101";
    const BEN: &str = "+14155550102";

    fn to_group(id: &str, from: &str, to: &str, others: &[&str]) -> InboundMessage {
        let pair = (from.parse().unwrap(), to.parse().unwrap());
        let others = others.iter().map(|other| other.parse().unwrap()).collect();
        let message = InboundMessage::new(CarrierName::default(), id, pair, "hi all", NOW);
        InboundMessage { others, ..message }
    }

    /// Where two numbers are the account's.
    fn heard(inbound: &InboundMessage, situation: Situation<'_>) -> (InboundOutcome, Decision) {
        match receive(inbound, situation, &Answers::default(), NOW) {
            Err(Objection::AskFirst(questions)) => {
                let answer = |question| {
                    let is_ours = [OURS, ALSO_OURS]
                        .iter()
                        .any(|own| question == Question::IsOurs(own.parse().unwrap()));
                    let with = Answer::With(CarrierName::default());
                    (question, if is_ours { with } else { Answer::None })
                };
                let answers: Answers = questions.into_iter().map(answer).collect();
                receive(inbound, situation, &answers, NOW).unwrap()
            }
            decided => decided.unwrap(),
        }
    }

    #[test]
    fn a_message_to_a_group_opens_a_conversation_of_all_of_them() {
        let address = address(Handler::Default);
        let first = to_group("MM1", ANN, OURS, &[BEN, ALSO_OURS]);
        let (outcome, decision) = heard(&first, situation(None, Some(&address), None));
        let group = conversation_of(&decision);
        assert_eq!(outcome, InboundOutcome::Opened(group.sid));
        let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
        let expected = ["Conversation", "Membership", "Membership", "GroupBinding", "Message"];
        assert_eq!(kinds, expected);
        assert_eq!(group.state, State::Active, "its first message is in it");
        assert_eq!(group.opened_by, Some(1));
        let named: Vec<_> = group
            .participants
            .iter()
            .map(|one| (one.telephone().map(Address::as_str), one.projected().map(Address::as_str)))
            .collect();
        let ours =
            [(Some(ANN), None), (None, Some(ALSO_OURS)), (Some(BEN), None), (None, Some(OURS))];
        assert_eq!(named, ours);
        // It was being opened until then, as a webhook is told at the end.
        let url = "https://example.com".to_owned();
        let filters = vec![
            EventName::OnConversationStateUpdated,
            EventName::OnMessageAdded,
            EventName::OnParticipantAdded,
        ];
        let handler = Handler::Webhook { url, method: "POST".to_owned(), filters };
        let address = self::address(handler);
        let (_, decision) = heard(&first, situation(None, Some(&address), None));
        let told = decision.effects.iter().filter_map(|effect| match effect {
            Effect::Notify(Call::Conversation(call)) => Some(call),
            Effect::Notify(_)
            | Effect::Invite(_)
            | Effect::Route(_)
            | Effect::Send(_)
            | Effect::Media(_)
            | Effect::Wake(_) => None,
        });
        let told: Vec<_> = told.collect();
        let events: Vec<EventName> = told.iter().map(|call| call.event).collect();
        let joined = [EventName::OnParticipantAdded; 4];
        assert_eq!(events[..4], joined);
        assert_eq!(events[4..], [EventName::OnMessageAdded, EventName::OnConversationStateUpdated]);
        let states = (told[5].state_from.as_deref(), told[5].state_to.as_deref());
        assert_eq!(states, (Some("initializing"), Some("active")));
        assert_eq!(told[5].reason, Some(crate::conversation::Reason::Event));
    }

    #[test]
    fn whoever_of_the_group_writes_next_is_appended_once() {
        let address = address(Handler::Default);
        let first = to_group("MM1", ANN, OURS, &[BEN, ALSO_OURS]);
        let (_, opened) = heard(&first, situation(None, Some(&address), None));
        let group = conversation_of(&opened);
        let situation = situation(Some(&group), Some(&address), None);
        let reply = to_group("MM2", BEN, OURS, &[ANN, ALSO_OURS]);
        let (outcome, appended) = heard(&reply, situation);
        assert_eq!(outcome, InboundOutcome::Appended(group.sid));
        assert_eq!(conversation_of(&appended).next_index, 2);
        // It comes to each of our numbers, and what we write comes back to the other one.
        for again in [
            to_group("MM3", BEN, ALSO_OURS, &[ANN, OURS]),
            to_group("MM4", OURS, ALSO_OURS, &[ANN, BEN]),
        ] {
            let (outcome, decision) = heard(&again, situation);
            assert_eq!(outcome, InboundOutcome::Heard(group.sid));
            let [Record::Message(kept)] = &decision.puts[..] else { panic!("{decision:?}") };
            assert_eq!(kept.conversation, None, "it is kept as a message of its own");
        }
    }

    #[test]
    fn a_group_is_opened_as_its_message_comes_to_the_first_number_of_ours() {
        let address = address(Handler::Default);
        let copy = to_group("MM1", ANN, ALSO_OURS, &[BEN, OURS]);
        let (outcome, decision) = heard(&copy, situation(None, Some(&address), None));
        assert_eq!(outcome, InboundOutcome::HeardElsewhere);
        let [Record::Message(kept)] = &decision.puts[..] else { panic!("{decision:?}") };
        assert_eq!(kept.conversation, None);
        let first = to_group("MM2", ANN, OURS, &[BEN, ALSO_OURS]);
        let (outcome, _) = heard(&first, situation(None, Some(&address), None));
        assert!(matches!(outcome, InboundOutcome::Opened(_)));
    }

    #[test]
    fn what_can_be_no_group_is_a_message_of_its_sender() {
        let address = address(Handler::Default);
        let many: Vec<String> = (0..9).map(|number| format!("+1415555030{number}")).collect();
        let many: Vec<&str> = many.iter().map(String::as_str).collect();
        for others in [["+4915123456789"].as_slice(), &["12345"], &many, &[ANN, OURS]] {
            let alone = to_group("MM1", ANN, OURS, others);
            assert_eq!(alone.group(), None, "{others:?}");
            let (_, decision) = heard(&alone, situation(None, Some(&address), None));
            let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
            assert_eq!(kinds, ["Conversation", "AddressBinding", "Message"]);
        }
    }

    #[test]
    fn a_group_to_an_address_that_opens_nothing_is_kept() {
        let lone = to_group("MM1", ANN, OURS, &[BEN]);
        assert_eq!(heard(&lone, situation(None, None, None)).0, InboundOutcome::Unrouted);
    }

    #[test]
    fn a_message_to_an_unknown_address_is_kept() {
        let (outcome, decision) = received(&inbound("SM1"), situation(None, None, None));
        assert_eq!(outcome, InboundOutcome::Unrouted);
        assert_eq!(decision.puts[0].kind(), "Message");
    }
}
