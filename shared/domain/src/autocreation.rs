//! What becomes of a customer's message (rule A.3): it is appended to the open conversation of its
//! address pair, or opens one, or is kept as a message that no conversation wanted.

use crate::carriage::InboundMessage;
use crate::configuration::{AddressConfiguration, Handler};
use crate::conversation::{Conversation, NewParticipant, Notice, Pair, Source, Target};
use crate::decision::Decision;
use crate::effect::{Effect, InviteRequest};
use crate::flow::{Step, first_step};
use crate::message::{self, Post};
use crate::refusal::Refusal;
use crate::sid::{ConversationSid, MessagingServiceSid, ServiceSid, Sid as _};
use crate::timestamp::Timestamp;

/// What is known about a message when it arrives.
#[derive(Debug, Clone, Copy)]
pub struct Situation<'a> {
    /// The open conversation that its pair is bound to.
    pub bound: Option<&'a Conversation>,
    /// The configuration of the address it was written to.
    pub address: Option<&'a AddressConfiguration>,
    /// The definition of that address' flow, if it has one that is published.
    pub flow: Option<&'a str>,
    /// The service of conversations that name none.
    pub default_service: ServiceSid,
    /// The messaging service of the business address.
    pub messaging_service: Option<MessagingServiceSid>,
}

/// What became of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Outcome {
    /// Appended to an open conversation.
    Appended(ConversationSid),
    /// Opened a conversation.
    Opened(ConversationSid),
    /// Kept, but no conversation wanted it.
    Unrouted,
}

/// Decides.
pub fn receive(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    now: Timestamp,
) -> Result<(Outcome, Decision), Refusal> {
    if let Some(bound) = situation.bound {
        let mut conversation = bound.clone();
        let written = message::append(&mut conversation, Post::of(inbound)?, now)?;
        let sid = conversation.sid;
        return Ok((Outcome::Appended(sid), Decision::put(conversation).with(written)));
    }
    match situation.address.filter(|address| address.enabled) {
        Some(address) => open(inbound, situation, address, now),
        None => {
            let message = message::unrouted(inbound, situation.messaging_service)?;
            Ok((Outcome::Unrouted, Decision::put(message)))
        }
    }
}

/// Opens a conversation with the customer, writes the message into it, and starts its handler. The
/// identifier follows from the message, so the same message never opens two.
fn open(
    inbound: &InboundMessage,
    situation: Situation<'_>,
    address: &AddressConfiguration,
    now: Timestamp,
) -> Result<(Outcome, Decision), Refusal> {
    let service = address.service.unwrap_or(situation.default_service);
    let sid = ConversationSid::derived(&["autocreated", &inbound.sid().to_string()]);
    let mut conversation = Conversation::new(sid, service, now);
    conversation.messaging_service = situation.messaging_service;
    let customer = NewParticipant {
        identity: None,
        pair: Some(Pair::new(inbound.from.clone(), inbound.to.clone())?),
        attributes: None,
        role: None,
    };
    let (number, bound) = conversation.join(customer, now)?;
    attach_handler(&mut conversation, &address.handler, now)?;
    let mut effects = Vec::new();
    if let Handler::Studio { flow, .. } = address.handler
        && let Some(Ok(Step::HandOver(_))) = situation.flow.map(first_step)
    {
        let interaction = sid.twin();
        conversation.interaction = Some(interaction);
        let message = Some(inbound.sid());
        let open = InviteRequest::Open { interaction, conversation: sid, flow, message };
        effects.push(Effect::Invite(open));
    }
    let joined = Notice { number: Some(number), ..Notice::of("onParticipantAdded") };
    effects.extend(conversation.tell(&joined, Source::Channel));
    let written = message::append(&mut conversation, Post::of(inbound)?, now)?;
    let decision = Decision::put(conversation).with(bound).asking(effects).with(written);
    Ok((Outcome::Opened(sid), decision))
}

/// The handler becomes a webhook of the conversation, so it can be seen and removed there (rule A.5).
fn attach_handler(
    conversation: &mut Conversation,
    handler: &Handler,
    now: Timestamp,
) -> Result<(), Refusal> {
    let target = match handler {
        Handler::Default => return Ok(()),
        Handler::Webhook { url, method, filters } => {
            Target::Webhook { url: url.clone(), method: method.clone(), filters: filters.clone() }
        }
        Handler::Studio { flow, .. } => Target::Studio { flow: *flow },
    };
    conversation.attach(target, now).map(|_| ())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::carriage::CarrierName;
    use crate::effect::Call;
    use crate::record::Record;
    use crate::sid::FlowSid;

    const NOW: Timestamp = Timestamp(1_000_000);

    fn inbound(id: &str) -> InboundMessage {
        InboundMessage {
            carrier: CarrierName::default(),
            carrier_message_id: id.to_owned(),
            from: "+14155550100".parse().unwrap(),
            to: "+18005550199".parse().unwrap(),
            body: "hi".into(),
            media: Vec::new(),
            profile_name: None,
            received_at: NOW,
            extra: std::collections::BTreeMap::default(),
            truncated: std::collections::BTreeSet::default(),
        }
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
            created: NOW,
            updated: NOW,
            version: 1.into(),
        }
    }

    fn situation<'a>(
        bound: Option<&'a Conversation>,
        address: Option<&'a AddressConfiguration>,
        flow: Option<&'a str>,
    ) -> Situation<'a> {
        let default_service = ServiceSid::derived(&["default"]);
        Situation { bound, address, flow, default_service, messaging_service: None }
    }

    fn conversation_of(decision: &Decision) -> Conversation {
        let found = decision.puts.iter().find_map(|record| match record {
            Record::Conversation(conversation) => Some(conversation.as_ref().clone()),
            _ => None,
        });
        found.unwrap()
    }

    #[test]
    fn a_first_message_opens_a_conversation_bound_to_its_pair() {
        let address = address(Handler::Default);
        let (outcome, decision) =
            receive(&inbound("SM1"), situation(None, Some(&address), None), NOW).unwrap();
        let conversation = conversation_of(&decision);
        assert_eq!(outcome, Outcome::Opened(conversation.sid));
        let kinds: Vec<&str> = decision.puts.iter().map(Record::kind).collect();
        assert_eq!(kinds, ["Conversation", "AddressBinding", "Message"]);
        assert!(decision.effects.is_empty());
        assert_eq!(conversation.next_index, 1);
    }

    #[test]
    fn the_next_message_is_appended_and_wakes_a_quiet_conversation() {
        let address = address(Handler::Default);
        let (_, first) =
            receive(&inbound("SM1"), situation(None, Some(&address), None), NOW).unwrap();
        let mut open = conversation_of(&first);
        open.state = crate::conversation::State::Inactive;
        let (outcome, second) =
            receive(&inbound("SM2"), situation(Some(&open), Some(&address), None), NOW).unwrap();
        assert_eq!(outcome, Outcome::Appended(open.sid));
        let after = conversation_of(&second);
        assert_eq!((after.next_index, after.state), (2, crate::conversation::State::Active));
    }

    #[test]
    fn a_flow_that_hands_over_asks_for_the_interaction_in_the_same_decision() {
        let flow = FlowSid::derived(&["f"]);
        let address = address(Handler::Studio { flow, retry_count: 3 });
        let definition = r#"{"initial_state":"t","states":[
            {"name":"t","type":"trigger","transitions":[{"event":"incomingConversationMessage","next":"a"}]},
            {"name":"a","type":"send-to-flex","transitions":[],"properties":{
                "workflow":"WW00000000000000000000000000000000","channel":"chat"}}]}"#;
        let (_, decision) =
            receive(&inbound("SM1"), situation(None, Some(&address), Some(definition)), NOW)
                .unwrap();
        let conversation = conversation_of(&decision);
        let interaction = conversation.interaction.unwrap();
        let message = Some(inbound("SM1").sid());
        let open =
            InviteRequest::Open { interaction, conversation: conversation.sid, flow, message };
        assert_eq!(decision.effects, [Effect::Invite(open)]);
    }

    #[test]
    fn a_webhook_handler_hears_of_the_participant_and_then_of_the_message() {
        let filters = vec!["onMessageAdded".to_owned(), "onParticipantAdded".to_owned()];
        let url = "https://example.com".to_owned();
        let address = address(Handler::Webhook { url, method: "POST".to_owned(), filters });
        let (_, decision) =
            receive(&inbound("SM1"), situation(None, Some(&address), None), NOW).unwrap();
        let events: Vec<&str> = decision
            .effects
            .iter()
            .filter_map(|effect| match effect {
                Effect::Notify(Call::Conversation(call)) => Some(call.event.as_str()),
                _ => None,
            })
            .collect();
        assert_eq!(events, ["onParticipantAdded", "onMessageAdded"]);
    }

    #[test]
    fn a_message_to_an_unknown_address_is_kept() {
        let (outcome, decision) =
            receive(&inbound("SM1"), situation(None, None, None), NOW).unwrap();
        assert_eq!(outcome, Outcome::Unrouted);
        assert_eq!(decision.puts[0].kind(), "Message");
    }
}
