//! What a webhook is told of each event (rule B.5, post-hook parameters).

use serde_json::json;
use switchboard_domain::conversation::{Conversation, EventName, Participant, Reason};
use switchboard_domain::effect::WebhookCall;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{ParticipantSid, ReceiptSid, Sid as _, SmsSid};
use switchboard_runtime::Dependencies;

/// The parameters in a fixed order; none if what the event is about is gone.
pub(crate) fn of(
    on: &Dependencies,
    call: &WebhookCall,
    conversation: &Conversation,
    message: Option<&Message>,
) -> Option<Vec<(String, String)>> {
    let mut all = List(Vec::new());
    all.add("AccountSid", on.config.account_sid.to_string());
    all.add("EventType", call.event.name().to_owned());
    all.add("Source", call.source.clone());
    all.add("ConversationSid", conversation.sid.to_string());
    all.add("ChatServiceSid", conversation.service.to_string());
    if let Some(service) = conversation.messaging_service {
        all.add("MessagingServiceSid", service.to_string());
    }
    all.add("RetryCount", "0".to_owned());
    match call.event {
        EventName::OnDeliveryUpdated => delivery(&mut all, message?, call.number?, conversation)?,
        EventName::OnConversationStateUpdated => {
            all.add("StateFrom", call.state_from.clone().unwrap_or_default());
            let state = call.state_to.clone();
            all.add("StateTo", state.unwrap_or_else(|| conversation.state.name().to_owned()));
            all.add("StateUpdated", conversation.updated.iso_millis());
            // A call from before it was told: REST or a message.
            let by_source = if call.source == "API" { Reason::Api } else { Reason::Event };
            all.add("Reason", call.reason.unwrap_or(by_source).name().to_owned());
        }
        EventName::OnMessageAdded | EventName::OnMessageUpdated | EventName::OnMessageRemoved => {
            written(&mut all, message?, conversation);
        }
        EventName::OnParticipantAdded
        | EventName::OnParticipantUpdated
        | EventName::OnParticipantRemoved => {
            let participant = conversation.participant(call.number?);
            all.add(
                "ParticipantSid",
                conversation.sid.kin::<ParticipantSid>(call.number?).to_string(),
            );
            if let Some(participant) = participant {
                member(&mut all, participant, conversation);
            }
        }
        EventName::OnConversationUpdated | EventName::OnConversationRemoved => {
            about(&mut all, conversation);
        }
        EventName::OnConversationAdded => {
            about(&mut all, conversation);
            let mut pairs = conversation.participants.iter().filter_map(|one| one.pair.as_ref());
            if let Some(pair) = pairs.next() {
                all.add("MessagingBinding.Address", pair.address.to_string());
                all.add("MessagingBinding.ProxyAddress", pair.proxy.to_string());
            }
        }
        // Told of without a conversation.
        EventName::OnUserAdded | EventName::OnUserUpdated => return None,
    }
    Some(all.0)
}

struct List(Vec<(String, String)>);

impl List {
    fn add(&mut self, name: &str, value: String) {
        self.0.push((name.to_owned(), value));
    }
}

fn about(all: &mut List, conversation: &Conversation) {
    all.add("DateCreated", conversation.created.iso_millis());
    all.add("DateUpdated", conversation.updated.iso_millis());
    all.add("FriendlyName", conversation.friendly_name.clone().unwrap_or_default());
    all.add("UniqueName", conversation.unique_name.clone().unwrap_or_default());
    all.add("Attributes", conversation.attributes.clone().unwrap_or_else(|| "{}".to_owned()));
    all.add("State", conversation.state.name().to_owned());
}

fn written(all: &mut List, message: &Message, conversation: &Conversation) {
    all.add("MessageSid", message.sid.to_string());
    all.add("Index", message.index.to_string());
    all.add("DateCreated", message.created.iso_millis());
    if let Some(edited) = message.edited {
        all.add("DateUpdated", edited.iso_millis());
    }
    all.add("Body", message.body.as_ref().map(|body| body.0.clone()).unwrap_or_default());
    all.add("Author", message.author.clone());
    if let Some(number) = message.participant {
        let sid: ParticipantSid = conversation.sid.kin(number);
        all.add("ParticipantSid", sid.to_string());
    }
    all.add("Attributes", message.attributes.clone().unwrap_or_else(|| "{}".to_owned()));
    if !message.media.is_empty() {
        let media: Vec<_> = message
            .media
            .iter()
            .map(|file| json!({ "ContentType": file.content_type, "Size": file.size_bytes }))
            .collect();
        all.add("Media", json!(media).to_string());
    }
}

fn member(all: &mut List, participant: &Participant, conversation: &Conversation) {
    all.add("DateCreated", participant.created.iso_millis());
    all.add("DateUpdated", participant.updated.iso_millis());
    if let Some(identity) = &participant.identity {
        all.add("Identity", identity.clone());
        all.add("MessagingBinding.Type", "CHAT".to_owned());
    }
    if let Some(role) = participant.role_sid(conversation.service) {
        all.add("RoleSid", role);
    }
    if let Some(pair) = &participant.pair {
        all.add("MessagingBinding.Type", pair.address.channel().name().to_uppercase());
        all.add("MessagingBinding.Address", pair.address.to_string());
        all.add("MessagingBinding.ProxyAddress", pair.proxy.to_string());
    }
    all.add("Attributes", participant.attributes.clone().unwrap_or_else(|| "{}".to_owned()));
}

fn delivery(
    all: &mut List,
    message: &Message,
    number: u32,
    conversation: &Conversation,
) -> Option<()> {
    let delivery = message.delivery(number)?;
    all.add("MessageSid", message.sid.to_string());
    all.add("DeliveryReceiptSid", message.sid.kin::<ReceiptSid>(number).to_string());
    all.add("ChannelMessageSid", message.sid.kin::<SmsSid>(number).to_string());
    if let Some(participant) = delivery.participant {
        let sid: ParticipantSid = conversation.sid.kin(participant);
        all.add("ParticipantSid", sid.to_string());
    }
    all.add("Status", delivery.status.name().to_owned());
    all.add("ErrorCode", delivery.error_code.unwrap_or_default().to_string());
    all.add("DateCreated", delivery.created.iso_millis());
    all.add("DateUpdated", delivery.updated.iso_millis());
    Some(())
}
