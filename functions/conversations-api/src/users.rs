//! Users of a service: who signs in with an identity (rule B.6).

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{
    Conversation, EventName, Listening, Membership, Newcomer, Service, State, User, UserDetails,
    Verdict, Who,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Effect;
use switchboard_domain::process::conversation::{Command, decide, inquiries};
use switchboard_domain::process::notify;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{RoleSid, Sid as _, UserSid};
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_runtime::Beforehand;
use switchboard_store::{Cursor, Listing, Page, key};

use crate::clients;
use crate::input::{self, ATTRIBUTES_MAX, NAME_CHARS_MAX};
use crate::scope::{self, Scope, source};

/// The largest page.
const PAGE_MAX: i64 = 50;
/// How many memberships of somebody who goes are looked at in one go.
const LEAVING_PAGE: usize = 100;

/// `POST …/Users`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope) -> Answer {
    let identity = input::identity(call.form.get("Identity").unwrap_or_default())?;
    let (details, role) = details(&call.form)?;
    let answer = call
        .decide(async || {
            let service = scope.whole_service(call).await?;
            let at = key::user(User::sid_of(service.sid, &identity));
            if call.on.store.get::<User>(at).await?.is_some() {
                return Err(Code::UserExists.into());
            }
            let newcomer = service.rights.of(Newcomer::User);
            let mut user = User::new(service.sid, identity.clone(), newcomer, call.now);
            let details = with_role(&details, role, Some(&service))?;
            user.describe(&details, call.now);
            let answer = render(call, scope, &user, Some(&service));
            let effects = told(call, &user, EventName::OnUserAdded).await?;
            Ok::<_, ApiError>((answer, Decision::put(user).asking(effects)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET …/Users`. Who is present is not told in a list.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let listing = Listing::users_of(scope.service(call).await?);
    let page: Page<User> = call.list(&listing, &request, |_: &User| true).await?;
    Ok(call.paged("users", &request, &page, |user| render(call, scope, user, None)))
}

/// `GET …/Users/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let (user, service) = with_service(call, scope, name).await?;
    Ok(Reply::ok(render(call, scope, &user, service.as_ref())))
}

/// `POST …/Users/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let (details, role) = details(&call.form)?;
    let answer = call
        .decide(async || {
            let (mut user, service) = with_service(call, scope, name).await?;
            let details = with_role(&details, role, service.as_ref())?;
            clients::may_change(call, &user, &details, service.as_ref()).await?;
            let is_change = user.describe(&details, call.now);
            let answer = render(call, scope, &user, service.as_ref());
            if !is_change {
                return Ok::<_, ApiError>((answer, Decision::unchanged()));
            }
            let listening = scope::listening(call, user.service).await?;
            may_be_changed(call, &user, listening).await?;
            let effects =
                notify::of_user(&user, EventName::OnUserUpdated, &source(call), listening);
            Ok((answer, Decision::put(user).asking(effects)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Users/{Sid}`: they leave the conversations that are not closed, then they are gone. What they wrote stays.
/// Should the time run out on the way, the next request goes on where this one stopped.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    call.nothing_else()?;
    let user = load(call, scope, name).await?;
    leave_everything(call, &user).await?;
    call.decide(async || {
        let user = load(call, scope, name).await?;
        Ok::<_, ApiError>(((), Decision::unchanged().without(user)))
    })
    .await?;
    Ok(Reply::gone())
}

/// Asks whoever is to be asked before a user is changed.
async fn may_be_changed(
    call: &Call<'_>,
    user: &User,
    listening: Listening,
) -> Result<(), ApiError> {
    let Some(inquiry) = inquiries::of_user(user, &source(call), listening) else { return Ok(()) };
    match call.beforehand.verdict(call.on, inquiry).await? {
        Verdict::Vetoed => Err(Refusal::WebhookVetoed.into()),
        Verdict::Unfit(code) => Err(Refusal::WebhookAnswer(code).into()),
        Verdict::Allowed | Verdict::Changed(_) => Ok(()),
    }
}

/// The calls that an event of a user leads to.
async fn told(call: &Call<'_>, user: &User, event: EventName) -> Result<Vec<Effect>, ApiError> {
    let listening = scope::listening(call, user.service).await?;
    Ok(notify::of_user(user, event, &source(call), listening))
}

/// A user of the service, by the identifier or by the identity.
pub(crate) async fn load(call: &Call<'_>, scope: &Scope, name: &str) -> Result<User, ApiError> {
    let service = scope.service_sid(call).await?;
    let sid = match name.parse::<UserSid>() {
        Ok(sid) => sid,
        Err(_) if name.chars().count() > NAME_CHARS_MAX => return Err(call.not_found()),
        Err(_) => User::sid_of(service, name),
    };
    let found: Option<User> = call.on.store.get(key::user(sid)).await?;
    found.filter(|user| user.service == service).ok_or_else(|| call.not_found())
}

/// And the service, which may be gone since.
async fn with_service(
    call: &Call<'_>,
    scope: &Scope,
    name: &str,
) -> Result<(User, Option<Service>), ApiError> {
    let user = load(call, scope, name).await?;
    let service = call.on.store.get(key::service(user.service)).await?;
    Ok((user, service))
}

/// What is said of a user, and which role they are to have.
fn details(form: &Params) -> Result<(UserDetails, Option<RoleSid>), ApiError> {
    let details = UserDetails {
        friendly_name: input::friendly_name(form)?,
        attributes: input::attributes(form, ATTRIBUTES_MAX)?,
        role: None,
    };
    let role = match form.get("RoleSid") {
        None => None,
        Some("") => return Err(Code::RoleMissing.into()),
        Some(text) => Some(text.parse().map_err(|_| Code::NoSuchUserRole)?),
    };
    Ok((details, role))
}

/// With the role, if it is one of the service's that users can have.
fn with_role(
    details: &UserDetails,
    role: Option<RoleSid>,
    service: Option<&Service>,
) -> Result<UserDetails, ApiError> {
    let Some(sid) = role else { return Ok(details.clone()) };
    let found = service.and_then(|service| service.role(sid));
    let found = found.filter(|role| role.kind == Newcomer::User.kind());
    let role = Some(found.ok_or(Code::NoSuchUserRole)?.number);
    Ok(UserDetails { role, ..details.clone() })
}

async fn leave_everything(call: &Call<'_>, user: &User) -> Result<(), ApiError> {
    let listing = Listing::memberships_of(&Who::Identity(user.identity.clone()));
    let mut cursor: Option<Cursor> = None;
    loop {
        let page: Page<Membership> =
            call.on.store.page(&listing, cursor.as_ref(), LEAVING_PAGE).await?;
        for membership in &page.records {
            leave(call, user, membership).await?;
        }
        cursor = page.next;
        if cursor.is_none() {
            return Ok(());
        }
    }
}

async fn leave(call: &Call<'_>, user: &User, membership: &Membership) -> Result<(), ApiError> {
    // Each conversation that they leave is asked about.
    let beforehand = Beforehand::default();
    call.on
        .decide(async || {
            let at = key::conversation(membership.conversation);
            let found: Option<Conversation> = call.on.store.get(at).await?;
            let is_theirs =
                |it: &Conversation| it.service == user.service && it.state != State::Closed;
            let Some(conversation) = found.filter(is_theirs) else {
                return Ok(((), Decision::unchanged()));
            };
            let mut all = conversation.participants.iter();
            let one = all.find(|one| one.identity.as_ref() == Some(&user.identity));
            let Some(number) = one.map(|one| one.number) else {
                return Ok(((), Decision::unchanged()));
            };
            let command = Command::Leave(number);
            let rule = |answers: &_| {
                decide(&conversation, command.clone(), source(call), answers, call.now)
            };
            let change = call.on.answering_for::<_, ApiError>(&beforehand, rule).await?;
            Ok::<_, ApiError>(((), Decision::from(change)))
        })
        .await
}

/// A user as answers show them. Presence is shown where the service does; nobody is connected, as there are no
/// connections yet, nor registered for notifications.
fn render(call: &Call<'_>, scope: &Scope, user: &User, service: Option<&Service>) -> Value {
    let url = call.url(&scope.path(&format!("Users/{}", user.sid)));
    let presence = service.filter(|service| service.reachability).map(|_| false);
    json!({
        "sid": user.sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": user.service,
        "role_sid": user.service.kin::<RoleSid>(user.role),
        "identity": user.identity,
        "friendly_name": user.friendly_name,
        "attributes": user.attributes.as_deref().unwrap_or("{}"),
        "is_online": presence,
        "is_notifiable": presence,
        "date_created": user.created.iso(),
        "date_updated": user.updated.iso(),
        "url": url,
        "links": { "user_conversations": format!("{url}/Conversations") },
    })
}
