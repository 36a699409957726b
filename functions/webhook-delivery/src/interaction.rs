//! Webhooks that hear of interactions: whom to call, and whether (rule C.10).

use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::effect::InteractionCall;
use switchboard_domain::interaction::InteractionWebhook;
use switchboard_domain::process::parameters::Parameters;
use switchboard_domain::sid::{
    ChannelParticipantSid, ChannelSid, ConversationSid, InstanceSid, Sid as _,
};
use switchboard_runtime::Dependencies;
use switchboard_store::{Key, key, take};

use crate::conversation::TIMEOUT;
use crate::{Due, Loaded, Told};

/// The records that a call is made of.
pub(crate) fn keys(call: &InteractionCall) -> Vec<Key> {
    let own = call.own.as_deref().map(key::interaction_webhook);
    vec![own.unwrap_or_else(key::conversation_configuration)]
}

/// The call that is due, if the webhook is still there and wants it.
pub(crate) fn told(on: &Dependencies, call: &InteractionCall, mut loaded: Loaded) -> Told {
    let webhook: Option<InteractionWebhook> = match &call.own {
        Some(ttid) => take(&mut loaded, &key::interaction_webhook(ttid)),
        None => {
            let all: Option<ConversationConfiguration> =
                take(&mut loaded, &key::conversation_configuration());
            all.and_then(|all| all.interaction_webhook)
        }
    };
    let Some(webhook) = webhook.filter(|it| it.events.contains(&call.told.event)) else {
        return Told::Unwanted;
    };
    let parameters = parameters(on, call);
    Told::Due(Due { url: webhook.url, method: webhook.method, parameters, timeout: TIMEOUT })
}

/// What is told: the parameters of the published table of each event.
fn parameters(on: &Dependencies, call: &InteractionCall) -> Vec<(String, String)> {
    let (interaction, told) = (call.interaction, &call.told);
    let mut all = Parameters::default();
    all.add("EventType", told.event.name());
    all.add("AccountSid", on.config.account_sid.to_string());
    all.add("InstanceSid", on.config.account_sid.twin::<InstanceSid>().to_string());
    all.add("InteractionSid", interaction.to_string());
    all.add("ChannelSid", interaction.twin::<ChannelSid>().to_string());
    all.add("MediaChannelSid", interaction.twin::<ConversationSid>().to_string());
    all.add("MediaChannelType", call.medium.name());
    all.add_given("ChannelStatus", told.status.clone());
    if let Some(number) = told.participant {
        let sid: ChannelParticipantSid = interaction.kin(number);
        all.add("ParticipantSid", sid.to_string());
        all.add_given("ParticipantType", told.kind.map(|kind| kind.name()));
        all.add_given("TaskSid", told.task.map(|task| task.to_string()));
    }
    if let Some((code, message)) = &told.error {
        all.add("ErrorCode", code.to_string());
        all.add("ErrorMessage", message.clone());
    }
    all.add("RetryCount", "0");
    all.into_pairs()
}
