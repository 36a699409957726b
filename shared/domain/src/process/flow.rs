//! What a flow does with its conversation (rules S.3, S.4): the turn of the execution and what it wants of the conversation are one
//! decision.
//!
//! What the conversation refuses ends the execution, and is recorded there: a customer's message is kept whatever becomes of the flow.

use super::conversation::{Command, ConversationChange, decide_all};
use crate::carriage::{InboundMessage, Media};
use crate::conversation::{
    Answers, Conversation, Defaults, Details, NewParticipant, Objection, Pair, Source, Target,
};
use crate::decision::Decision;
use crate::effect::{Call, Effect, FlowCall, InviteRequest};
use crate::flow::{
    Act, End, FlowExecution, Input, Programs, Said, Trigger, Trouble, Turn, advance,
};
use crate::message::Post;
use crate::private::Private;
use crate::sid::{ConversationSid, FlowExecutionSid, FlowSid, MessageSid, ServiceSid, Sid as _};
use crate::timestamp::Timestamp;

/// A flow that a conversation has, in the revision that handles it, and its latest execution there.
#[derive(Debug, Clone, Copy)]
pub struct Handling<'a> {
    /// The flow.
    pub flow: FlowSid,
    /// The revision that begins.
    pub revision: u32,
    /// What it and the flows within it do.
    pub programs: &'a Programs,
    /// Its latest execution, if there was one.
    pub execution: Option<&'a FlowExecution>,
}

/// The identifier of the execution that a message begins: the same message never begins two.
pub fn execution_of(message: MessageSid) -> FlowExecutionSid {
    FlowExecutionSid::derived(&["execution", &message.to_string()])
}

impl Handling<'_> {
    /// What a customer's message is to the flow: a reply, or a beginning where nothing runs and no agent has the conversation.
    pub(super) fn hears(&self, said: Said, is_handed_over: bool, now: Timestamp) -> Option<Turn> {
        match self.execution {
            Some(execution) if execution.is_active() => {
                advance(self.programs, execution, Input::Reply(said), now)
            }
            Some(_) | None if is_handed_over => None,
            Some(_) | None => {
                let addresses = (said.from.clone(), said.to.clone());
                let (sid, flow) = (execution_of(said.message), (self.flow, self.revision));
                let begins = FlowExecution::new(sid, flow, addresses, Trigger::Message(said), now);
                advance(self.programs, &begins, Input::Begin, now)
            }
        }
    }
}

/// What a turn wants of the conversation.
fn commands_of(turn: &Turn, conversation: &Conversation) -> Vec<Command> {
    let execution = &turn.execution;
    let mut commands = Vec::new();
    for (place, act) in turn.acts.iter().enumerate() {
        match act {
            Act::Say { body, media } => {
                commands.push(Command::Post(post(
                    execution,
                    place,
                    (body, media.as_deref()),
                    conversation,
                )));
            }
            Act::Join { identity } if conversation.participant_called(identity).is_none() => {
                commands.push(Command::Join(NewParticipant::known_as(identity.clone())));
            }
            Act::Leave { identity } => {
                let member = conversation.participant_called(identity);
                commands.extend(member.map(|member| Command::Leave(member.number)));
            }
            Act::HandOver(_) if conversation.interaction.is_none() => {
                commands.push(Command::Link(conversation.sid.twin()));
            }
            Act::Join { .. } | Act::HandOver(_) | Act::Call => {}
        }
    }
    commands
}

/// What it says. Its author is the flow (inferred), but in a group, where somebody's number has to speak: who writes as an
/// address of the business is that participant, and is sent no copy.
fn post(
    execution: &FlowExecution,
    place: usize,
    (body, media): (&str, Option<&str>),
    conversation: &Conversation,
) -> Post {
    let (sid, turn) = (execution.sid.to_string(), execution.turn.to_string());
    let author = match conversation.is_group() {
        true => execution.channel.clone(),
        false => execution.flow.to_string(),
    };
    Post {
        sid: MessageSid::derived(&["flow", &sid, &turn, &place.to_string()]),
        author: Some(author),
        body: Some(Private(body.to_owned())).filter(|body| !body.is_empty()),
        media: media.map(|url| Media::by_name(url.to_owned())).into_iter().collect(),
        attributes: None,
        speaker: None,
        origin: None,
        aliases: Vec::new(),
        dates: Default::default(),
        filled: None,
    }
}

/// What a customer wrote, as the flow of its conversation knows it.
pub(super) fn said(inbound: &InboundMessage, conversation: &Conversation) -> Said {
    Said {
        message: inbound.sid(),
        conversation: conversation.sid,
        service: conversation.service,
        from: inbound.from.to_string(),
        to: inbound.to.to_string(),
        body: inbound.text_to(None),
        files: inbound.media.len(),
        attributes: conversation.attributes.clone().map(Private),
    }
}

/// Carries out what a message leads to, and what a flow makes of it. If the conversation refuses the flow something, the message
/// is written all the same.
pub(super) fn handled(
    conversation: &Conversation,
    commands: Vec<Command>,
    turn: Option<Turn>,
    (source, answers): (Source, &Answers),
    now: Timestamp,
) -> Result<Decision, Objection> {
    let Some(turn) = turn else {
        return Ok(decide_all(conversation, commands, source, answers, now)?.into());
    };
    let all = commands.iter().cloned().chain(commands_of(&turn, conversation));
    match decide_all(conversation, all, source.clone(), answers, now) {
        Ok(change) => Ok(with(change, turn)),
        Err(Objection::Refused(refusal)) => {
            let change = decide_all(conversation, commands, source, answers, now)?;
            let execution = refused(&turn, refusal.code().number(), now);
            Ok(Decision::from(change).and(execution))
        }
        Err(objection) => Err(objection),
    }
}

/// What a turn asks of other functions.
fn effects(turn: &Turn, conversation: Option<ConversationSid>) -> Vec<Effect> {
    let execution = &turn.execution;
    let effect = |act: &Act| match act {
        Act::Call => {
            let call = FlowCall { execution: execution.sid, turn: execution.turn };
            Some(Effect::Notify(Call::Flow(call)))
        }
        Act::HandOver(_) => {
            let conversation = conversation?;
            Some(Effect::Invite(InviteRequest::Open {
                interaction: conversation.twin(),
                conversation,
                flow: execution.flow,
                message: None,
                execution: Some(execution.sid),
            }))
        }
        Act::Say { .. } | Act::Join { .. } | Act::Leave { .. } => None,
    };
    turn.acts.iter().filter_map(effect).collect()
}

/// A turn with the change that goes with it.
fn with(change: ConversationChange, turn: Turn) -> Decision {
    let asks = effects(&turn, Some(change.conversation.sid));
    let mut decision = Decision::from(change).and(turn.execution);
    decision.puts.extend(turn.older.map(Into::into));
    decision.asking(asks)
}

/// A turn that the conversation refused: the execution is over.
fn refused(turn: &Turn, code: u32, now: Timestamp) -> FlowExecution {
    let mut execution = turn.execution.clone();
    execution.end = None;
    execution.handing = None;
    execution.ended(End::Failed(Trouble::Refused(code)), now)
}

/// Where an execution that was begun by REST speaks, if it has no conversation yet.
#[derive(Debug, Clone, Copy)]
pub struct Place<'a> {
    /// The conversation that it has, or the open one of its two addresses.
    pub conversation: Option<&'a Conversation>,
    /// The service of one that is opened.
    pub service: ServiceSid,
    /// What that gets that does not say otherwise.
    pub defaults: Defaults,
}

/// Lets an execution go on for what it waited for.
///
/// # Errors
/// What is to be asked first. What the conversation refuses is none: it ends the execution.
pub fn go_on(
    programs: &Programs,
    execution: &FlowExecution,
    place: Place<'_>,
    input: Input,
    answers: &Answers,
    now: Timestamp,
) -> Result<Decision, Objection> {
    let Some(mut turn) = advance(programs, execution, input, now) else {
        return Ok(Decision::unchanged());
    };
    let speaks = turn.acts.iter().any(|act| !matches!(act, Act::Call));
    let Some((conversation, before)) = speaks.then(|| begun(&turn, place, now)).flatten() else {
        if speaks {
            turn.execution = refused(&turn, 0, now);
            turn.execution.end = Some(End::Failed(Trouble::NobodyThere));
            turn.acts.clear();
        }
        let asks = effects(&turn, None);
        let mut decision = Decision::put(turn.execution);
        decision.puts.extend(turn.older.map(Into::into));
        return Ok(decision.asking(asks));
    };
    turn.execution.conversation = Some(conversation.sid);
    let all = before.into_iter().chain(commands_of(&turn, &conversation));
    match decide_all(&conversation, all, Source::Interaction, answers, now) {
        Ok(change) => Ok(with(change, turn)),
        Err(Objection::Refused(refusal)) => {
            let execution = refused(&turn, refusal.code().number(), now);
            Ok(Decision::put(execution))
        }
        Err(objection) => Err(objection),
    }
}

/// The conversation that a turn speaks in, with what makes it that: it is opened if there is none, and hears replies from then on.
/// None if the addresses are none.
fn begun(turn: &Turn, place: Place<'_>, now: Timestamp) -> Option<(Conversation, Vec<Command>)> {
    let execution = &turn.execution;
    let target = Target::Studio { flow: execution.flow, execution: Some(execution.sid) };
    if let Some(known) = place.conversation {
        if execution.conversation == Some(known.sid) {
            return Some((known.clone(), Vec::new()));
        }
        let of_flow = known.webhooks.iter().find(|one| match one.target {
            Target::Studio { flow, .. } => flow == execution.flow,
            Target::Webhook { .. } | Target::Trigger { .. } => false,
        });
        let attach = match of_flow {
            Some(webhook) => Command::Configure(webhook.number, target),
            None => Command::Attach(target),
        };
        return Some((known.clone(), vec![attach]));
    }
    if execution.conversation.is_some() {
        return None;
    }
    let pair = (execution.contact.parse().ok()?, execution.channel.parse().ok()?);
    let pair = Pair::new(pair.0, pair.1).ok()?;
    let sid = ConversationSid::derived(&["flow", &execution.sid.to_string()]);
    let new = Conversation::new(sid, place.service, place.defaults, now);
    let commands = vec![
        Command::Create(Details::default()),
        Command::Attach(target),
        Command::Join(NewParticipant::at(pair)),
    ];
    Some((new, commands))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::conversation::decide;
    use super::*;
    use crate::carriage::CarrierName;
    use crate::conversation::{Answer, Question};
    use crate::flow::{Graph, Program, Wait};
    use crate::record::Record;
    use crate::sid::WorkflowSid;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn inbound(id: &str, text: &str) -> InboundMessage {
        let pair = ("+14155550100".parse().unwrap(), "+18005550199".parse().unwrap());
        InboundMessage::new(CarrierName::default(), id, pair, text, NOW)
    }

    fn programs() -> Programs {
        let flow = FlowSid::derived(&["f"]);
        let workflow = WorkflowSid::derived(&["w"]).to_string();
        let state = |name: &str, kind: &str, properties: Value, transitions: Value| json!({"name": name, "type": kind, "properties": properties, "transitions": transitions});
        let definition = json!({"initial_state": "t", "states": [
            state("t", "trigger", json!({}), json!([{"event": "incomingMessage", "next": "hello"},
                {"event": "incomingRequest", "next": "hello"}])),
            state("hello", "send-message", json!({"body": "Hello"}), json!([{"event": "sent", "next": "ask"}])),
            state("ask", "send-and-wait-for-reply", json!({"body": "Well?"}),
                json!([{"event": "incomingMessage", "next": "agent"}])),
            state("agent", "send-to-flex", json!({"workflow": workflow, "channel": "sms"}), json!([])),
        ]});
        let graph = Graph::read(&definition.to_string()).unwrap();
        Programs::from([(flow, Arc::new(Program { flow, revision: 1, graph }))])
    }

    fn handling<'a>(programs: &'a Programs, execution: Option<&'a FlowExecution>) -> Handling<'a> {
        Handling { flow: FlowSid::derived(&["f"]), revision: 1, programs, execution }
    }

    fn free(pair: Pair) -> Answers {
        let ours = (Question::IsOurs(pair.proxy.clone()), Answer::With(CarrierName::default()));
        [ours, (Question::HolderOf(pair), Answer::None)].into_iter().collect()
    }

    fn conversation() -> Conversation {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let new = Conversation::new(sid, service, Defaults::default(), NOW);
        let pair = inbound("SM0", "");
        let pair = Pair::new(pair.from, pair.to).unwrap();
        let joins = Command::Join(NewParticipant::at(pair.clone()));
        let answers = free(pair);
        decide(&new, joins, Source::Interaction, &answers, NOW).unwrap().conversation
    }

    fn hears(on: &Conversation, text: &str, execution: Option<&FlowExecution>) -> Decision {
        let (inbound, programs) = (inbound(text, text), programs());
        let handed = on.interaction.is_some();
        let turn = handling(&programs, execution).hears(said(&inbound, on), handed, NOW);
        let source = Source::Channel(inbound.to.channel());
        let commands = vec![Command::Post(Post::of(&inbound, None))];
        handled(on, commands, turn, (source, &Answers::default()), NOW).unwrap()
    }

    fn of<T: crate::record::RecordKind + Clone>(decision: &Decision) -> Vec<T> {
        decision.puts.iter().filter_map(Record::get::<T>).cloned().collect()
    }

    #[test]
    fn what_a_flow_says_stands_behind_the_message_that_it_hears_and_is_sent() {
        let decision = hears(&conversation(), "hi", None);
        let mut messages: Vec<crate::message::Message> = of(&decision);
        messages.sort_by_key(|one| one.index);
        let bodies: Vec<_> = messages.iter().map(|one| one.body.clone().unwrap().0).collect();
        assert_eq!(bodies, ["hi", "Hello", "Well?"]);
        assert!(
            messages[1].author == FlowSid::derived(&["f"]).to_string()
                && messages[1].deliveries.len() == 1
        );
        let sends = decision.effects.iter().filter(|it| matches!(it, Effect::Send(_)));
        assert_eq!(sends.count(), 2);
        let [execution] = &of::<FlowExecution>(&decision)[..] else { panic!("{decision:?}") };
        assert!(matches!(execution.waits, Some(Wait::Reply { .. })));
    }

    #[test]
    fn a_reply_goes_on_and_the_hand_over_is_asked_for_in_the_same_decision() {
        let first = hears(&conversation(), "hi", None);
        let (conversation, execution) =
            (of::<Conversation>(&first).remove(0), of::<FlowExecution>(&first).remove(0));
        let second = hears(&conversation, "yes", Some(&execution));
        let handed = of::<Conversation>(&second).remove(0);
        assert_eq!(handed.interaction, Some(handed.sid.twin()));
        let asked = second.effects.iter().filter(|it| matches!(it, Effect::Invite(_)));
        assert_eq!(asked.count(), 1);
        let over = of::<FlowExecution>(&second).remove(0);
        assert_eq!((&over.end, over.sid), (&Some(End::HandedOver), execution.sid));
        // What the customer writes to the agent begins nothing.
        let third = hears(&handed, "hello?", Some(&over));
        assert!(of::<FlowExecution>(&third).is_empty());
    }

    #[test]
    fn when_an_execution_is_over_the_next_message_begins_another_one() {
        let first = hears(&conversation(), "hi", None);
        let (conversation, execution) =
            (of::<Conversation>(&first).remove(0), of::<FlowExecution>(&first).remove(0));
        let stopped = execution.clone().ended(End::Stopped, NOW);
        let again = hears(&conversation, "again", Some(&stopped));
        let next = of::<FlowExecution>(&again).remove(0);
        assert!(next.sid != execution.sid && next.is_active());
    }

    #[test]
    fn what_the_conversation_refuses_ends_the_execution_and_keeps_the_message() {
        let required = crate::conversation::SpeakerCommand::Configure {
            required: Some(true),
            agent_takes: None,
            exempt: None,
        };
        let before = conversation();
        let required = Command::Speak(required);
        let guarded =
            decide(&before, required, Source::Api { webhooks: false }, &Answers::default(), NOW);
        let guarded = guarded.unwrap().conversation;
        let decision = hears(&guarded, "hi", None);
        assert_eq!(of::<crate::message::Message>(&decision).len(), 1);
        let execution = of::<FlowExecution>(&decision).remove(0);
        assert!(matches!(execution.end, Some(End::Failed(Trouble::Refused(_)))), "{execution:?}");
    }

    #[test]
    fn an_execution_by_rest_opens_the_conversation_in_which_it_speaks() {
        let programs = programs();
        let addresses = ("+14155550100".to_owned(), "+18005550199".to_owned());
        let sid = FlowExecutionSid::derived(&["e"]);
        let begins = FlowExecution::new(
            sid,
            (FlowSid::derived(&["f"]), 1),
            addresses,
            Trigger::Request(json!({})),
            NOW,
        );
        let place = Place {
            conversation: None,
            service: ServiceSid::derived(&["s"]),
            defaults: Defaults::default(),
        };
        let pair = inbound("SM0", "");
        let pair = Pair::new(pair.from, pair.to).unwrap();
        let answers = free(pair);
        let decision = go_on(&programs, &begins, place, Input::Begin, &answers, NOW).unwrap();
        let opened = of::<Conversation>(&decision).remove(0);
        let execution = of::<FlowExecution>(&decision).remove(0);
        assert_eq!((execution.conversation, opened.next_index), (Some(opened.sid), 2));
        let target = Target::Studio { flow: execution.flow, execution: Some(sid) };
        assert_eq!(opened.webhooks[0].target, target);
        // Addresses that are none: it is over, and says why.
        let nowhere = FlowExecution { contact: "whatsapp:+14155550100".to_owned(), ..begins };
        let decision = go_on(&programs, &nowhere, place, Input::Begin, &answers, NOW).unwrap();
        let over = of::<FlowExecution>(&decision).remove(0);
        assert_eq!(over.end, Some(End::Failed(Trouble::NobodyThere)));
    }
}
