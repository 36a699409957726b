//! Status callbacks: whoever a message names hears what became of it (rule E.7).

use std::time::Duration;

use switchboard_domain::address::ChannelType;
use switchboard_domain::effect::StatusCall;
use switchboard_domain::message::{Message, failure_text};
use switchboard_domain::process::parameters::Parameters;
use switchboard_runtime::Dependencies;
use switchboard_store::{key, take};

use crate::{Due, Loaded, Told};

/// How long an endpoint has to answer, if its URL does not say otherwise (rule E.7).
const TIMEOUT: Duration = Duration::from_secs(15);

/// The call that is due, if the message is still there.
pub(crate) fn told(on: &Dependencies, call: &StatusCall, mut loaded: Loaded) -> Told {
    let message: Option<Message> = take(&mut loaded, &key::message(call.message));
    let Some(message) = message.filter(|message| !message.removed) else {
        return Told::Gone;
    };
    let Some(listener) = message.status_callback().cloned() else {
        return Told::Unwanted;
    };
    match parameters(on, call, &message) {
        Some(parameters) => Told::Due(Due {
            url: listener.url,
            method: listener.method,
            parameters,
            timeout: TIMEOUT,
        }),
        None => Told::Gone,
    }
}

fn parameters(
    on: &Dependencies,
    call: &StatusCall,
    message: &Message,
) -> Option<Vec<(String, String)>> {
    let copy = message.delivery(call.copy)?;
    let mut all = Parameters::default();
    let sid = message.programmable_sid(Some(copy.number));
    all.add("MessageSid", sid.clone());
    all.add("SmsSid", sid);
    all.add("AccountSid", on.config.account_sid.to_string());
    all.add_given("MessagingServiceSid", message.messaging_service.map(|it| it.to_string()));
    let to = &copy.pair.address;
    all.add("From", copy.pair.proxy.to_string());
    all.add("To", to.to_string());
    all.add("MessageStatus", call.status.clone());
    all.add("SmsStatus", call.status.clone());
    if let Some(code) = call.error_code {
        all.add("ErrorCode", code.to_string());
        all.add_given("ErrorMessage", failure_text(code));
    }
    if to.channel() != ChannelType::Sms
        && let Some((prefix, address)) = to.as_str().split_once(':')
    {
        all.add("ChannelPrefix", prefix);
        all.add("ChannelToAddress", address);
    }
    all.add("ApiVersion", "2010-04-01");
    Some(all.into_pairs())
}
