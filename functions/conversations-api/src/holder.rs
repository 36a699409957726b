//! Who holds the access token of a request, in their service (rule F.2).

use switchboard_domain::conversation::Client;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{Call, Caller};

/// Who the caller is in their service; none if they are no client.
pub(crate) fn of<'a>(call: &'a Call<'_>) -> Option<(ServiceSid, &'a str)> {
    let Caller::Holder(holder) = &call.caller else { return None };
    holder.client.as_ref().map(|(service, identity)| (*service, identity.as_str()))
}

/// The caller, as rules know them.
pub(crate) fn client(call: &Call<'_>) -> Option<Client> {
    of(call).map(|(_, identity)| Client { identity: identity.to_owned() })
}
