//! Removing a messaging service with its pool.

use switchboard_domain::configuration::{
    ConversationConfiguration, MessagingService, PoolChannelSender, PoolNumber, PoolShortCode,
};
use switchboard_domain::decision::Decision;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::key;

use crate::pool::members::all_freed;
use crate::services::load;

/// At most this many numbers are freed in one transaction with the removal; those of a fuller pool are freed before.
const FREED_MAX: usize = 98;

/// `DELETE /v1/Services/{Sid}`: the senders of its pool are free again, and it is not the conversations' default one
/// any more. The settings that say so are written in any case, so that it does not become it meanwhile. Conversations
/// and messages keep the identifier (rule E.1).
pub(crate) async fn remove(call: &Call<'_>, sid: &str) -> Answer {
    let step = || async {
        let settings_at = key::conversation_configuration();
        let settings = call.on.store.get::<ConversationConfiguration>(settings_at).await?;
        let mut settings = settings.unwrap_or_default();
        let mut service = load(call, sid).await?;
        let decision = freed(call, &service).await?;
        if decision.puts.len() > FREED_MAX {
            service.numbers.clear();
            service.short_codes.clear();
            service.channel_senders.clear();
            service.updated = call.now;
            return Ok::<_, ApiError>((false, decision.and(service)));
        }
        settings.default_messaging_service =
            settings.default_messaging_service.filter(|default| *default != service.sid);
        Ok((true, decision.without(service).and(settings)))
    };
    while !call.decide(step).await? {}
    Ok(Reply::gone())
}

/// Everything of the account's that is in its pool, and is free from now on.
async fn freed(call: &Call<'_>, service: &MessagingService) -> Result<Decision, ApiError> {
    let decision = Decision::unchanged();
    let decision = all_freed::<PoolNumber>(call, service, decision).await?;
    let decision = all_freed::<PoolShortCode>(call, service, decision).await?;
    all_freed::<PoolChannelSender>(call, service, decision).await
}
