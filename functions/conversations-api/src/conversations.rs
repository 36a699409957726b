//! Conversations themselves.

use serde_json::{Value, json};
use switchboard_domain::configuration::{ConversationConfiguration, MessagingService};
use switchboard_domain::conversation::{Conversation, Notice, State, UniqueName};
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::Effect;
use switchboard_domain::sid::{ConversationSid, MessagingServiceSid, ServiceSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{Listing, Page, Table, key};

use crate::input::{self, CONVERSATION_ATTRIBUTES_MAX, Change, Dates, Timer, given};
use crate::lists;
use crate::scope::{Scope, source};

/// The largest page.
const PAGE_MAX: i64 = 100;
/// So many participants are removed in one transaction, with room for the conversation and its name.
const LEAVE_AT_ONCE: usize = 90;
/// A conversation with everybody in it is one item; this leaves room below the store's 400 KB.
const ITEM_BYTES_MAX: usize = 350 * 1024;

/// The parameters that create and update share.
#[derive(Debug, Clone)]
pub(crate) struct Fields {
    friendly_name: Change<String>,
    unique_name: Change<String>,
    attributes: Change<String>,
    messaging_service: Change<MessagingServiceSid>,
    state: Option<State>,
    dates: Dates,
}

impl Fields {
    /// Reads and checks everything that needs no look into the tables.
    pub(crate) fn read(form: &Params) -> Result<Self, ApiError> {
        input::refuse(form, &["Bindings.Email.Address", "Bindings.Email.Name"])?;
        for (timer, name) in
            [(Timer::Inactive, "Timers.Inactive"), (Timer::Closed, "Timers.Closed")]
        {
            // None of our conversations has a timer, so turning one off is done already.
            if let Some(Some(_)) = timer.read(form, name)? {
                input::refuse(form, &[name])?;
            }
        }
        let unique_name = input::text(form, "UniqueName", 50004, "Unique Name too long")?;
        if unique_name.as_ref().and_then(Option::as_ref).is_some_and(|name| is_sid_like(name)) {
            let message = "Unique name should not match conversation sid pattern";
            return Err(ApiError::new(400, 50390, message));
        }
        Ok(Self {
            friendly_name: input::friendly_name(form)?,
            unique_name,
            attributes: input::attributes(form, CONVERSATION_ATTRIBUTES_MAX)?,
            messaging_service: input::messaging_service(form, "MessagingServiceSid")?,
            state: state(form)?,
            dates: Dates::read(form)?,
        })
    }

    fn is_empty(&self) -> bool {
        self.friendly_name.is_none()
            && self.unique_name.is_none()
            && self.attributes.is_none()
            && self.messaging_service.is_none()
            && self.state.is_none()
            && self.dates == Dates::default()
    }

    /// Everything but the state and the unique name, which take more than a field.
    fn apply(&self, conversation: &mut Conversation, now: Timestamp) {
        if let Some(friendly_name) = &self.friendly_name {
            conversation.friendly_name.clone_from(friendly_name);
        }
        if let Some(attributes) = &self.attributes {
            conversation.attributes.clone_from(attributes);
        }
        if let Some(messaging_service) = self.messaging_service {
            conversation.messaging_service = messaging_service;
        }
        conversation.created = self.dates.created.unwrap_or(conversation.created);
        conversation.updated = self.dates.updated.unwrap_or(now);
    }
}

/// `POST …/Conversations`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope) -> Answer {
    let fields = Fields::read(&call.form)?;
    let service = scope.service(call).await?;
    let sid = call.on.mint();
    let answer = call
        .on
        .decide(async || {
            let (conversation, names) = begin(call, service, sid, &fields).await?;
            let answer = render(call, scope, &conversation);
            Ok::<_, ApiError>((answer, Decision::put(conversation).with(names)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// A new conversation, and its name.
pub(crate) async fn begin(
    call: &Call<'_>,
    service: ServiceSid,
    sid: ConversationSid,
    fields: &Fields,
) -> Result<(Conversation, Decision), ApiError> {
    if fields.state == Some(State::Closed) {
        return Err(ApiError::new(400, 50384, "Initial state can't be 'closed'"));
    }
    let settings: Option<ConversationConfiguration> =
        call.on.store.get(key::conversation_configuration()).await?;
    let mut conversation = Conversation::new(sid, service, call.now);
    conversation.messaging_service = settings.and_then(|it| it.default_messaging_service);
    messaging_service_exists(call, fields).await?;
    fields.apply(&mut conversation, fields.dates.created.unwrap_or(call.now));
    conversation.state = fields.state.unwrap_or(State::Active);
    let names = rename(call, &mut conversation, fields).await?;
    Ok((conversation, names))
}

/// `GET …/Conversations`: in order of creation; latest first when they are asked for by date.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let wanted = state(&call.query)?;
    let from = day(&call.query, "StartDate", "T00:00:00Z")?;
    let to = day(&call.query, "EndDate", "T23:59:59Z")?;
    let request = call.page(PAGE_MAX)?;
    let mut listing = Listing::list(Table::Conversations, scope.service(call).await?);
    if from.is_some() || to.is_some() {
        let low = from.map_or(0, |from| from.0.max(0));
        // The whole of the last second.
        let high = to.map_or(i64::MAX, |to| to.0.max(0).saturating_add(999));
        listing = listing.between(format!("{low:013}"), format!("{high:013}~")).descending();
    }
    let page: Page<Conversation> = lists::of_wanted(
        call,
        &listing,
        &request,
        |one: &Conversation| wanted.is_none_or(|state| one.state == state),
        |one| key::dated(one.created, one.sid),
    )
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
    let fields = Fields::read(&call.form)?;
    let answer = call
        .on
        .decide(async || {
            let before = scope.conversation(call, name).await?;
            if fields.is_empty() {
                return Ok((render(call, scope, &before), Decision::unchanged()));
            }
            before.must_be_open()?;
            messaging_service_exists(call, &fields).await?;
            let mut after = before.clone();
            let names = rename(call, &mut after, &fields).await?;
            let freed = match fields.state {
                Some(State::Closed) => after.close(call.now),
                Some(state @ (State::Active | State::Inactive)) => {
                    after.state = state;
                    Decision::unchanged()
                }
                None => Decision::unchanged(),
            };
            fields.apply(&mut after, call.now);
            must_fit(&after)?;
            let effects = notices(call, &before, &after);
            let answer = render(call, scope, &after);
            let decision = Decision::put(after).with(names).with(freed).asking(effects);
            Ok::<_, ApiError>((answer, decision))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Conversations/{Sid}`: the conversation, everybody's place in it, and its name. Its messages
/// stay behind, out of reach. Effects travel with a record that is written, and none is left to carry
/// them, so webhooks of the conversation do not hear of its end.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, name: &str) -> Answer {
    let mut done = false;
    while !done {
        done = call
            .on
            .decide(async || {
                let mut conversation = scope.conversation(call, name).await?;
                let leaving = conversation.participants.iter().take(LEAVE_AT_ONCE);
                let leaving: Vec<u32> = leaving.map(|one| one.number).collect();
                let mut decision = Decision::unchanged();
                for number in leaving {
                    decision = decision.with(conversation.leave(number, call.now)?);
                }
                if !conversation.participants.is_empty() {
                    return Ok((false, Decision::put(conversation).with(decision)));
                }
                if let Some(named) = name_record(call, &conversation).await? {
                    decision = decision.without(named);
                }
                Ok::<_, ApiError>((true, decision.without(conversation)))
            })
            .await?;
    }
    Ok(Reply::gone())
}

/// Refuses what would no longer be one item.
pub(crate) fn must_fit(conversation: &Conversation) -> Result<(), ApiError> {
    let length = |text: &Option<String>| text.as_ref().map_or(0, String::len);
    let each = 256; // numbers, dates and the names of attributes
    let participants: usize = conversation
        .participants
        .iter()
        .map(|one| {
            let pair = one.pair.as_ref();
            let pair = pair.map_or(0, |it| it.address.as_str().len() + it.proxy.as_str().len());
            each + pair + length(&one.identity) + length(&one.attributes) + length(&one.role)
        })
        .sum();
    if participants + length(&conversation.attributes) > ITEM_BYTES_MAX {
        let message =
            "The attributes of the conversation and its participants are too long together";
        return Err(ApiError::new(400, 50303, message));
    }
    Ok(())
}

async fn messaging_service_exists(call: &Call<'_>, fields: &Fields) -> Result<(), ApiError> {
    let Some(Some(sid)) = fields.messaging_service else {
        return Ok(());
    };
    let found: Option<MessagingService> = call.on.store.get(key::messaging_service(sid)).await?;
    found.map(|_| ()).ok_or_else(input::foreign_messaging_service)
}

/// Takes the new name and lets go of the old one.
async fn rename(
    call: &Call<'_>,
    conversation: &mut Conversation,
    fields: &Fields,
) -> Result<Decision, ApiError> {
    let Some(wanted) = &fields.unique_name else {
        return Ok(Decision::unchanged());
    };
    if conversation.unique_name == *wanted {
        return Ok(Decision::unchanged());
    }
    let mut decision = Decision::unchanged();
    if let Some(old) = name_record(call, conversation).await? {
        decision = decision.without(old);
    }
    if let Some(name) = wanted {
        let service = conversation.service;
        let taken: Option<UniqueName> = call.on.store.get(key::unique_name(service, name)).await?;
        if taken.is_some() {
            let message = "Conversation with provided unique name already exists";
            return Err(ApiError::new(409, 50353, message));
        }
        let (name, conversation) = (name.clone(), conversation.sid);
        decision = decision.and(UniqueName { service, name, conversation, version: Version::NEW });
    }
    conversation.unique_name.clone_from(wanted);
    Ok(decision)
}

async fn name_record(
    call: &Call<'_>,
    conversation: &Conversation,
) -> Result<Option<UniqueName>, ApiError> {
    let Some(name) = &conversation.unique_name else {
        return Ok(None);
    };
    let named: Option<UniqueName> =
        call.on.store.get(key::unique_name(conversation.service, name)).await?;
    Ok(named.filter(|named| named.conversation == conversation.sid))
}

fn notices(call: &Call<'_>, before: &Conversation, after: &Conversation) -> Vec<Effect> {
    let mut effects = Vec::new();
    let described = |one: &Conversation| {
        let names = (one.friendly_name.clone(), one.unique_name.clone());
        (names, one.attributes.clone(), one.messaging_service)
    };
    if described(before) != described(after) {
        effects.extend(after.tell(&Notice::of("onConversationUpdated"), source(call)));
    }
    if before.state != after.state {
        let state_from = Some(before.state);
        let notice = Notice { state_from, ..Notice::of("onConversationStateUpdated") };
        effects.extend(after.tell(&notice, source(call)));
    }
    effects
}

fn state(params: &Params) -> Result<Option<State>, ApiError> {
    let all = [State::Active, State::Inactive, State::Closed];
    match params.get("State") {
        None => Ok(None),
        Some("") => Err(ApiError::new(400, 50374, "'State' field can't be empty")),
        Some(text) => {
            let known = all.into_iter().find(|state| state.name().eq_ignore_ascii_case(text));
            let known = known
                .ok_or_else(|| ApiError::new(400, 50378, "'State' parameter value is invalid"))?;
            Ok(Some(known))
        }
    }
}

/// A date, or a day with the time of day that is meant.
fn day(query: &Params, name: &str, time_of_day: &str) -> Result<Option<Timestamp>, ApiError> {
    let whole_day =
        given(query, name).and_then(|text| Timestamp::parse_iso(&format!("{text}{time_of_day}")));
    match whole_day {
        Some(time) => Ok(Some(time)),
        None => query.instant(name),
    }
}

fn is_sid_like(name: &str) -> bool {
    input::looks_like_sid(name, "CH")
}

/// The conversation as the caller sees it.
pub(crate) fn render(call: &Call<'_>, scope: &Scope, one: &Conversation) -> Value {
    let url = call.url(&scope.path(&format!("Conversations/{}", one.sid)));
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": one.service,
        "messaging_service_sid": one.messaging_service,
        "friendly_name": one.friendly_name,
        "unique_name": one.unique_name,
        "attributes": one.attributes.as_deref().unwrap_or("{}"),
        "state": one.state.name(),
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "timers": {},
        "bindings": {},
        "url": url,
        "links": {
            "participants": format!("{url}/Participants"),
            "messages": format!("{url}/Messages"),
            "webhooks": format!("{url}/Webhooks"),
            "export": format!("{url}/Export"),
        },
    })
}

#[cfg(test)]
mod tests {
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
            ("Timers.Closed", "P1D", 20001),
            ("UniqueName", "CH0123456789abcdef0123456789ABCDEF", 50390),
            ("MessagingServiceSid", "MG1", 50341),
            ("DateCreated", "yesterday", 50308),
            ("Bindings.Email.Name", "a", 20001),
        ] {
            let refused = Fields::read(&form(name, value)).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, code), "{name}={value}");
        }
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
