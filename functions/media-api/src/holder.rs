//! Who holds the access token of a request, in the service of its path (rule F.2).

use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Client;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{ApiError, Call, Caller};

/// The client that asks; none if it is the account, or one of its keys.
///
/// # Errors
/// [`Code::NotAuthorized`], if the token is for another service, or for none.
pub(crate) fn client(call: &Call<'_>, service: ServiceSid) -> Result<Option<Client>, ApiError> {
    let Caller::Holder(holder) = &call.caller else { return Ok(None) };
    match &holder.client {
        Some((of, identity)) if *of == service => Ok(Some(Client { identity: identity.clone() })),
        Some(_) | None => Err(Code::NotAuthorized.into()),
    }
}
