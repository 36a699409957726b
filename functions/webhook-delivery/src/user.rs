//! Webhooks that hear of users: whom to call, and whether.

use switchboard_domain::conversation::{EventName, User};
use switchboard_domain::effect::UserCall;
use switchboard_domain::sid::{RoleSid, Sid as _};
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

/// What is told (rule B.5). Nobody is connected yet, nor registered for notifications.
fn parameters(on: &Dependencies, call: &UserCall, user: &User) -> Vec<(String, String)> {
    let role: RoleSid = user.service.kin(user.role);
    let mut all = vec![
        ("AccountSid", on.config.account_sid.to_string()),
        ("EventType", call.event.name().to_owned()),
        ("Source", call.source.clone()),
        ("ChatServiceSid", user.service.to_string()),
        ("UserSid", user.sid.to_string()),
        ("DateCreated", user.created.iso_millis()),
        ("DateUpdated", user.updated.iso_millis()),
        ("Identity", user.identity.clone()),
        ("RoleSid", role.to_string()),
        ("Attributes", user.attributes.clone().unwrap_or_else(|| "{}".to_owned())),
        ("FriendlyName", user.friendly_name.clone().unwrap_or_default()),
        ("RetryCount", "0".to_owned()),
    ];
    if call.event == EventName::OnUserUpdated {
        all.push(("isOnline", "false".to_owned()));
        all.push(("isNotifiable", "false".to_owned()));
    }
    all.into_iter().map(|(name, value)| (name.to_owned(), value)).collect()
}
