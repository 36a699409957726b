//! What a webhook is told of each event (rule B.5, post-hook parameters).

use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::Content;
use switchboard_domain::conversation::{
    Conversation, EventName, Participant, Reason, SpeakerChange,
};
use switchboard_domain::effect::WebhookCall;
use switchboard_domain::encoding::segments;
use switchboard_domain::message::Message;
use switchboard_domain::private::Private;
use switchboard_domain::process::parameters::Parameters;
use switchboard_domain::sid::{ParticipantSid, ReceiptSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_runtime::Dependencies;

/// The parameters in a fixed order; none if what the event is about is gone. `removed` is when the conversation was removed.
pub(crate) fn of(
    on: &Dependencies,
    call: &WebhookCall,
    conversation: &Conversation,
    removed: Option<Timestamp>,
    message: Option<&Message>,
) -> Option<Vec<(String, String)>> {
    let mut all = Parameters::default();
    all.add("AccountSid", on.config.account_sid.to_string());
    all.add("EventType", call.event.name());
    all.add("Source", call.source.clone());
    all.add_given("ClientIdentity", call.client.clone());
    all.add("ConversationSid", conversation.sid.to_string());
    all.place(conversation);
    all.add("RetryCount", "0");
    match call.event {
        EventName::OnDeliveryUpdated => delivery(&mut all, message?, call.number?, conversation)?,
        EventName::OnConversationStateUpdated => state(&mut all, call, conversation),
        EventName::OnSpeakerChanged => speaker(&mut all, call.speaker.as_deref()?),
        EventName::OnMessageAdded | EventName::OnMessageUpdated | EventName::OnMessageRemoved => {
            written(&mut all, message?, conversation, call.event);
        }
        EventName::OnParticipantAdded
        | EventName::OnParticipantUpdated
        | EventName::OnParticipantRemoved => {
            let sid = conversation.sid.kin::<ParticipantSid>(call.number?);
            all.add("ParticipantSid", sid.to_string());
            let there = conversation.participant(call.number?);
            if let Some(one) = call.who.as_deref().or(there) {
                member(&mut all, one, conversation, call.event);
            }
        }
        EventName::OnConversationUpdated => about(&mut all, conversation, None),
        EventName::OnConversationRemoved => about(&mut all, conversation, removed),
        EventName::OnConversationUnattended => {
            about(&mut all, conversation, None);
            all.add_given("InteractionSid", conversation.interaction.map(|it| it.to_string()));
        }
        EventName::OnConversationAdded => {
            about(&mut all, conversation, None);
            all.first_pair(conversation);
        }
        // Told of without a conversation.
        EventName::OnUserAdded | EventName::OnUserUpdated => return None,
    }
    Some(all.into_pairs())
}

/// What a number's or a service's endpoint is told of a customer's message (rule E.4): the vendor's own parameters, and with them
/// whatever else the carrier said.
pub(crate) fn received(on: &Dependencies, message: &Message) -> Vec<(String, String)> {
    let mut all = Parameters::default();
    let Some(origin) = &message.origin else { return all.into_pairs() };
    let sid = message.programmable_sid(None);
    for name in ["MessageSid", "SmsSid", "SmsMessageSid"] {
        all.add(name, sid.clone());
    }
    let account = on.config.account_sid;
    all.add("AccountSid", account.to_string());
    all.add_given("MessagingServiceSid", message.messaging_service.map(|it| it.to_string()));
    all.add("From", origin.pair.address.to_string());
    all.add("To", origin.pair.proxy.to_string());
    let body = message.body.as_ref().map(|body| body.0.clone()).unwrap_or_default();
    let is_text = origin.pair.proxy.channel() == ChannelType::Sms && message.media.is_empty();
    all.add("NumSegments", if is_text { segments(&body) } else { 1 }.to_string());
    all.add("Body", body);
    all.add("NumMedia", message.media.len().to_string());
    let root =
        format!("{}/api/2010-04-01/Accounts/{account}/Messages/{sid}/Media", on.config.public_url);
    for (place, (file, media)) in message.files().enumerate() {
        all.add(&format!("MediaUrl{place}"), format!("{root}/{file}"));
        all.add(&format!("MediaContentType{place}"), media.content_type.clone());
    }
    all.add("SmsStatus", "received");
    all.add("ApiVersion", "2010-04-01");
    all.add_given("ProfileName", origin.profile_name.as_ref().map(|name| name.0.clone()));
    origin.content.iter().for_each(|part| content(&mut all, part));
    all.channel_metadata(Some(origin), &message.media);
    let mut pairs = all.into_pairs();
    for (name, value) in &origin.extra {
        if !pairs.iter().any(|(known, _)| known == name) {
            pairs.push((name.clone(), value.0.clone()));
        }
    }
    pairs
}

/// What a message consists of beside text and files, where the vendor has parameters of its own for it.
fn content(all: &mut Parameters, part: &Content) {
    let text = |value: &Option<Private<String>>| value.as_ref().map(|value| value.0.clone());
    match part {
        Content::Location { latitude, longitude, name, address } => {
            all.add("Latitude", latitude.0.clone());
            all.add("Longitude", longitude.0.clone());
            all.add_given("Label", text(name));
            all.add_given("Address", text(address));
        }
        Content::Button { text: words, payload } => {
            all.add_given("ButtonText", text(words));
            all.add_given("ButtonPayload", text(payload));
        }
        Content::ListChoice { id, title, description } => {
            all.add_given("ListId", text(id));
            all.add_given("ListTitle", text(title));
            all.add_given("ListDescription", text(description));
        }
        Content::Forwarded { many_times } => {
            all.add("Forwarded", "true");
            all.add_given("FrequentlyForwarded", many_times.then_some("true"));
        }
        // These are in the channel's metadata.
        _ => {}
    }
}

fn state(all: &mut Parameters, call: &WebhookCall, conversation: &Conversation) {
    all.add("StateFrom", call.state_from.clone().unwrap_or_default());
    let state = call.state_to.clone();
    all.add("StateTo", state.unwrap_or_else(|| conversation.state.name().to_owned()));
    all.add("StateUpdated", conversation.updated.iso_millis());
    // A call from before it was told: REST or a message.
    let by_source = if call.source == "API" { Reason::Api } else { Reason::Event };
    all.add("Reason", call.reason.unwrap_or(by_source).name());
}

/// Ours, as the event is. Nobody is an empty text.
fn speaker(all: &mut Parameters, change: &SpeakerChange) {
    all.add("Speaker", change.to.clone().unwrap_or_default());
    all.add("SpeakerFrom", change.from.clone().unwrap_or_default());
    all.add("SpeakerToken", change.token.to_string());
    all.add_given("DateExpires", change.until.map(Timestamp::iso_millis));
    all.add("Reason", change.reason.name());
}

fn about(all: &mut Parameters, conversation: &Conversation, removed: Option<Timestamp>) {
    all.dates(conversation.created, Some(conversation.updated));
    all.add_given("DateRemoved", removed.map(Timestamp::iso_millis));
    all.conversation(conversation);
}

fn written(all: &mut Parameters, message: &Message, conversation: &Conversation, event: EventName) {
    all.add("MessageSid", message.sid.to_string());
    all.add("Index", message.index.to_string());
    all.dates(message.created, message.edited);
    // Its removal was the last change, and has taken its content away.
    let removed = message.edited.filter(|_| event == EventName::OnMessageRemoved);
    all.add_given("DateRemoved", removed.map(Timestamp::iso_millis));
    all.message(message, conversation);
}

fn member(all: &mut Parameters, one: &Participant, conversation: &Conversation, event: EventName) {
    all.dates(one.created, Some(one.updated));
    // They left when the conversation was last changed, or before.
    let removed = (event == EventName::OnParticipantRemoved).then_some(conversation.updated);
    all.add_given("DateRemoved", removed.map(Timestamp::iso_millis));
    all.participant(one, conversation);
    if event == EventName::OnParticipantUpdated {
        all.add_given("LastReadMessageIndex", one.last_read_index.map(|it| it.to_string()));
    }
}

fn delivery(
    all: &mut Parameters,
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
    all.add("Status", delivery.status.name());
    all.add("ErrorCode", delivery.error_code.unwrap_or_default().to_string());
    all.dates(delivery.created, Some(delivery.updated));
    Some(())
}
