//! Conversations themselves.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{Conversation, Details, State, Timer};
use switchboard_domain::decision::Decision;
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::sid::{AccountSid, ConversationSid, MessagingServiceSid, ServiceSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::fields::is_sid;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, body};
use switchboard_store::{Listing, Page, key};

use crate::apply::{apply, decide_with_answers};
use crate::input::{self, CONVERSATION_ATTRIBUTES_MAX};
use crate::scope::Scope;

/// The largest page.
pub(crate) const PAGE_MAX: i64 = 100;
/// How long a conversation is active while it is quiet.
const INACTIVE: &str = "Timers.Inactive";
/// How long it is quiet until it is closed.
const CLOSED: &str = "Timers.Closed";

/// Reads and checks the parameters that create and update share: everything that needs no look into the tables.
pub(crate) fn details(form: &Params) -> Result<Details, ApiError> {
    let unique_name = input::text(form, "UniqueName", Code::UniqueNameTooLong)?;
    if unique_name.as_ref().and_then(Option::as_ref).is_some_and(|name| is_sid_like(name)) {
        return Err(Code::UniqueNameLikeSid.into());
    }
    Ok(Details {
        friendly_name: input::friendly_name(form)?,
        unique_name,
        attributes: input::attributes(form, CONVERSATION_ATTRIBUTES_MAX)?,
        messaging_service: input::messaging_service(form, "MessagingServiceSid")?,
        state: given_state(form)?,
        inactive: input::timer(form, INACTIVE, Timer::Inactive)?,
        closed: input::timer(form, CLOSED, Timer::Closed)?,
        dates: input::dates(form)?,
    })
}

/// The same for one that is new. Timers go with the state that it begins in, which is active unless another one is given
/// (rule B.1).
pub(crate) fn new_details(form: &Params) -> Result<Details, ApiError> {
    let has_timers = form.has(INACTIVE) || form.has(CLOSED);
    if has_timers && form.get("State") == Some("") {
        return Err(Code::TimerWithoutState.into());
    }
    details(form)
}

/// `POST …/Conversations`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope) -> Answer {
    let details = new_details(&call.form)?;
    let service = scope.service(call).await?;
    let sid = call.on.mint();
    let answer = call
        .decide(async || {
            let new = new(call, service, sid).await?;
            let change = decide_with_answers(call, &new, Command::Create(details.clone())).await?;
            let answer = render(call, scope, &change.conversation);
            Ok::<_, ApiError>((answer, Decision::from(change)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// A new conversation, with what the account has configured for those that do not say otherwise.
pub(crate) async fn new(
    call: &Call<'_>,
    service: ServiceSid,
    sid: ConversationSid,
) -> Result<Conversation, ApiError> {
    let settings: Option<ConversationConfiguration> =
        call.on.store.get(key::conversation_configuration()).await?;
    let defaults = settings.unwrap_or_default().defaults();
    Ok(Conversation::new(sid, service, defaults, call.now))
}

/// `GET …/Conversations`: in order of creation; latest first when they are asked for by date.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let wanted = state(&call.query)?;
    let from = day(&call.query, "StartDate", "T00:00:00Z")?;
    let to = day(&call.query, "EndDate", "T23:59:59Z")?;
    let request = call.page(PAGE_MAX)?;
    let mut listing = Listing::conversations_of(scope.service(call).await?);
    if from.is_some() || to.is_some() {
        let low = from.map_or(0, |from| from.0.max(0));
        // The whole of the last second.
        let high = to.map_or(i64::MAX, |to| to.0.max(0).saturating_add(999));
        listing = listing.between(format!("{low:013}"), format!("{high:013}~")).descending();
    }
    let page: Page<Conversation> = call
        .list(&listing, &request, |one: &Conversation| {
            wanted.is_none_or(|state| one.state == state)
        })
        .await?;
    Ok(call.paged("conversations", &request, &page, |one| render(call, scope, one)))
}

/// `GET …/Conversations/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    Ok(Reply::ok(render(call, scope, &scope.conversation(call, name).await?)))
}

/// `POST …/Conversations/{Sid}`. A conversation that is the medium of an interaction is closed here as any
/// other; the interaction learns of it when it looks.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let details = details(&call.form)?;
    let command = |_: &Conversation| Ok(Command::Update(details.clone()));
    let show = |change: &ConversationChange| render(call, scope, &change.conversation);
    Ok(Reply::ok(apply(call, scope, name, command, show).await?))
}

/// `DELETE …/Conversations/{Sid}`: the conversation, its memberships, and its name.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let command = |_: &Conversation| Ok(Command::Remove);
    let show = |change: &ConversationChange| Value::Bool(change.is_over());
    while apply(call, scope, name, command, show).await? != Value::Bool(true) {}
    Ok(Reply::gone())
}

/// The state that somebody wants; nobody makes a conversation `initializing` by hand.
fn given_state(form: &Params) -> Result<Option<State>, ApiError> {
    match state(form)? {
        Some(State::Initializing) => Err(Code::InvalidState.into()),
        given => Ok(given),
    }
}

fn state(params: &Params) -> Result<Option<State>, ApiError> {
    match params.get("State") {
        None => Ok(None),
        Some("") => Err(Code::StateEmpty.into()),
        Some(text) => text.parse().map(Some).map_err(|_| Code::InvalidState.into()),
    }
}

/// A date, or a day with the time of day that is meant.
pub(crate) fn day(
    query: &Params,
    name: &str,
    time_of_day: &str,
) -> Result<Option<Timestamp>, ApiError> {
    let whole_day =
        query.given(name).and_then(|text| Timestamp::parse_iso(&format!("{text}{time_of_day}")));
    match whole_day {
        Some(time) => Ok(Some(time)),
        None => query.instant(name),
    }
}

fn is_sid_like(name: &str) -> bool {
    is_sid(name, "CH")
}

/// A conversation as answers show it.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    sid: ConversationSid,
    account_sid: AccountSid,
    chat_service_sid: ServiceSid,
    messaging_service_sid: Option<MessagingServiceSid>,
    friendly_name: Option<&'a str>,
    unique_name: Option<&'a str>,
    attributes: &'a str,
    state: &'static str,
    date_created: String,
    date_updated: String,
    timers: ShownTimers,
    bindings: Empty,
    links: Links,
    url: String,
}

/// When its state is going to change if nothing happens; what is not, is not there.
#[derive(Debug, Serialize)]
pub(crate) struct ShownTimers {
    #[serde(skip_serializing_if = "Option::is_none")]
    date_inactive: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    date_closed: Option<String>,
}

impl ShownTimers {
    /// The timers of a conversation.
    pub(crate) fn of(one: &Conversation) -> Self {
        let pending = one.pending();
        Self {
            date_inactive: pending.inactive.map(Timestamp::iso),
            date_closed: pending.closed.map(Timestamp::iso),
        }
    }
}

/// An object without members.
#[derive(Debug, Serialize)]
struct Empty {}

#[derive(Debug, Serialize)]
struct Links {
    participants: String,
    messages: String,
    webhooks: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    export: Option<String>,
}

impl<'a> Shown<'a> {
    fn of(call: &Call<'_>, scope: &Scope, one: &'a Conversation) -> Self {
        let url = call.url(&scope.path(&format!("Conversations/{}", one.sid)));
        Self {
            sid: one.sid,
            account_sid: call.on.config.account_sid,
            chat_service_sid: one.service,
            messaging_service_sid: one.messaging_service,
            friendly_name: one.friendly_name.as_deref(),
            unique_name: one.unique_name.as_deref(),
            attributes: one.attributes.as_deref().unwrap_or("{}"),
            state: one.state.name(),
            date_created: one.created.iso(),
            date_updated: one.updated.iso(),
            timers: ShownTimers::of(one),
            bindings: Empty {},
            links: Links {
                participants: format!("{url}/Participants"),
                messages: format!("{url}/Messages"),
                webhooks: format!("{url}/Webhooks"),
                export: Some(format!("{url}/Export")),
            },
            url,
        }
    }
}

/// The conversation as the caller sees it.
pub(crate) fn render(call: &Call<'_>, scope: &Scope, one: &Conversation) -> Value {
    body(&Shown::of(call, scope, one))
}

/// The same without the link to its export, which one that came with its participants does not have.
pub(crate) fn render_without_export(call: &Call<'_>, scope: &Scope, one: &Conversation) -> Value {
    let mut shown = Shown::of(call, scope, one);
    shown.links.export = None;
    body(&shown)
}

#[cfg(test)]
mod tests {
    use serde_json::json;
    use switchboard_domain::timestamp::Millis;

    use super::*;

    fn form(name: &str, value: &str) -> Params {
        Params::from_json(&json!({ name: value }))
    }

    #[test]
    fn mistakes_are_answered_with_their_published_codes() {
        for (name, value, code) in [
            ("State", "", 50374),
            ("State", "initializing", 50378),
            ("Timers.Inactive", "PT1S", 50375),
            ("Timers.Closed", "PT1M", 50376),
            ("Timers.Closed", "P1Y", 50380),
            ("Timers.Inactive", "PT1H30", 50379),
            ("UniqueName", "CH0123456789abcdef0123456789ABCDEF", 50390),
            ("MessagingServiceSid", "MG1", 50341),
            ("DateCreated", "yesterday", 50308),
        ] {
            let refused = details(&form(name, value)).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code), "{name}={value}");
        }
    }

    #[test]
    fn a_new_one_may_have_timers_without_a_state_but_not_beside_an_empty_one() {
        let both =
            |state: &str| Params::from_json(&json!({ "Timers.Closed": "P1D", "State": state }));
        let taken = new_details(&form("Timers.Closed", "P1D")).unwrap();
        assert_eq!(taken.closed, Some(Some(Millis::seconds(86_400))));
        assert_eq!(new_details(&both("inactive")).unwrap().state, Some(State::Inactive));
        assert_eq!(new_details(&both("")).unwrap_err().code, 50382);
        assert_eq!(new_details(&form("State", "")).unwrap_err().code, 50374);
        assert_eq!(details(&both("")).unwrap_err().code, 50374, "an update has a state to keep");
    }

    #[test]
    fn a_day_stands_for_its_first_or_its_last_second() {
        let query = form("D", "2026-11-22");
        let first = day(&query, "D", "T00:00:00Z").unwrap().unwrap();
        let last = day(&query, "D", "T23:59:59Z").unwrap().unwrap();
        assert_eq!((last - first).0, 86_399_000);
        assert!(day(&form("D", "2026-11-22T10:00:00Z"), "D", "T00:00:00Z").unwrap().is_some());
        assert!(day(&form("D", "soon"), "D", "T00:00:00Z").is_err());
    }
}
