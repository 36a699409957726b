//! What holders of access tokens may ask for (rule F.2): what is in their service, and of that what they take part in. What they
//! may change there, their roles decide at the door of the conversation.

use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{Grants, Needs, Newcomer, Service, User, UserDetails};
use switchboard_domain::process::conversation::permission::needed_for_user;
use switchboard_domain::sid::ServiceSid;
use switchboard_rest::{Answer, ApiError, Call, Method};
use switchboard_store::key;

use crate::conversations::{self, PAGE_MAX};
use crate::scope::Scope;
use crate::{holder, in_service, lookup};

fn forbidden() -> ApiError {
    Code::NotAuthorized.into()
}

/// The paths behind `/conversations/v1`, for whoever holds an access token.
pub(crate) async fn route(call: &Call<'_>, path: &[&str]) -> Answer {
    let (service, identity) = holder::of(call).ok_or_else(forbidden)?;
    let (scope, inside) = match path {
        ["Services", sid, inside @ ..] => (Scope::of(call.sid(sid)?), inside),
        inside => (Scope::default(), inside),
    };
    if scope.service_sid(call).await? != service {
        return Err(forbidden());
    }
    let is_own =
        |name: &str| name == identity || name == User::sid_of(service, identity).to_string();
    use Method::{Get, Post};
    match (call.method, inside) {
        (Get, ["Conversations"]) => own(call, &scope, service, identity).await,
        (Get, ["ParticipantConversations"]) if call.query.given("Identity") == Some(identity) => {
            in_service(call, &scope, inside).await
        }
        (_, ["Conversations", _, "Webhooks" | "Costs", ..]) => Err(forbidden()),
        (Get | Post, ["Users", _]) | (Post, ["ConversationWithParticipants"]) => {
            in_service(call, &scope, inside).await
        }
        (_, ["Users", name, "Conversations", ..]) if is_own(name) => {
            in_service(call, &scope, inside).await
        }
        (_, ["Conversations", ..]) => in_service(call, &scope, inside).await,
        _ => Err(forbidden()),
    }
}

/// The conversations that the caller takes part in.
async fn own(call: &Call<'_>, scope: &Scope, service: ServiceSid, identity: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let page = lookup::of_identity(call, service, identity, &request).await?;
    Ok(call.paged("conversations", &request, &page, |found| {
        conversations::render(call, scope, &found.conversation)
    }))
}

/// Whether the caller may change a user so; the account may.
///
/// # Errors
/// [`Code::NotAuthorized`].
pub(crate) async fn may_change(
    call: &Call<'_>,
    user: &User,
    details: &UserDetails,
    service: Option<&Service>,
) -> Result<(), ApiError> {
    let Some((_, identity)) = holder::of(call) else { return Ok(()) };
    let is_own = user.identity == identity;
    let needs: Needs = needed_for_user(is_own, details.role.is_some()).ok_or_else(forbidden)?;
    let rights = service.map(|service| service.rights.clone()).unwrap_or_default();
    let role = match is_own {
        true => user.role,
        false => {
            let at = key::user(User::sid_of(user.service, identity));
            let own: Option<User> = call.on.store.get(at).await?;
            own.map_or_else(|| rights.of(Newcomer::User), |own| own.role)
        }
    };
    let granted: Grants = rights.grants(role);
    if granted.meet(&needs) { Ok(()) } else { Err(forbidden()) }
}
