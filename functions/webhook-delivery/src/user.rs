//! Webhooks that hear of users: whom to call, and whether.

use switchboard_domain::conversation::{EventName, User};
use switchboard_domain::effect::UserCall;
use switchboard_domain::process::parameters::Parameters;
use switchboard_runtime::Dependencies;
use switchboard_store::{Key, key, take};

use crate::conversation::{TIMEOUT, target};
use crate::{Due, Loaded, Told};

/// The records that a call is made of.
pub(crate) fn keys(call: &UserCall) -> [Key; 2] {
    [key::user(call.user), key::conversation_configuration()]
}

/// The call that is due, if the user is still there and it is still wanted.
pub(crate) fn told(on: &Dependencies, call: &UserCall, mut loaded: Loaded) -> Told {
    let user: Option<User> = take(&mut loaded, &key::user(call.user));
    let Some(user) = user else {
        return Told::Gone;
    };
    let Some((url, method)) = target(&mut loaded, call.level, user.service, call.event) else {
        return Told::Unwanted;
    };
    let parameters = parameters(on, call, &user);
    Told::Due(Due { url, method, parameters, timeout: TIMEOUT })
}

/// What is told (rule B.5).
fn parameters(on: &Dependencies, call: &UserCall, user: &User) -> Vec<(String, String)> {
    let mut all = Parameters::default();
    all.add("AccountSid", on.config.account_sid.to_string());
    all.add("EventType", call.event.name());
    all.add("Source", call.source.clone());
    all.add_given("ClientIdentity", call.client.clone());
    all.user(user, call.event == EventName::OnUserUpdated);
    all.add("RetryCount", "0");
    all.into_pairs()
}
