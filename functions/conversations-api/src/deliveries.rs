//! The log of calls to webhooks, the latest event first, and their replay (rule B.5). They are kept for thirty days.

use serde_json::{Value, json};
use strum::VariantArray as _;
use switchboard_domain::decision::Decision;
use switchboard_domain::effect::{AgainCall, Call as Told, Effect, TestCall};
use switchboard_domain::sid::{ConversationSid, DeliverySid, EndpointSid, RequestSid};
use switchboard_domain::timestamp::{Millis, Timestamp};
use switchboard_domain::webhook::attempt::{KEPT, Standing, timed};
use switchboard_domain::webhook::{Try, WebhookAttempt, WebhookEndpoint};
use switchboard_rest::fields::{invalid, one_of};
use switchboard_rest::{
    Answer, ApiError, Call, Direction, Params, Reply, Source, Stretch, filtered,
};
use switchboard_store::{Deliveries, Store, StoreError, key};

use crate::{endpoints, input};

/// The largest page.
const PAGE_MAX: i64 = 100;
/// At most this many calls are replayed by one request.
const REPLAYED_MAX: usize = 200;
/// At most this many are looked at by one request for that.
const LOOKED_AT_MAX: usize = 2_000;
/// They are read this many at a time.
const READ_AT_ONCE: usize = 100;

/// What a list is narrowed to.
struct Filter {
    endpoint: Option<EndpointSid>,
    url: Option<String>,
    standing: Option<Standing>,
    conversation: Option<ConversationSid>,
    from: Timestamp,
    to: Timestamp,
}

impl Filter {
    fn read(call: &Call<'_>, given: &Params) -> Result<Self, ApiError> {
        let standing = |text| one_of("Status", text, Standing::VARIANTS, Standing::name);
        let oldest = call.now + Millis(-KEPT.0);
        let to = given.instant("EndDate")?;
        Ok(Self {
            endpoint: None,
            url: None,
            standing: given.given("Status").map(standing).transpose()?,
            conversation: None,
            from: given.instant("StartDate")?.unwrap_or(oldest).max(oldest),
            // Dates that have only seconds include the last one.
            to: to.map_or(call.now, |to| if to.0 % 1000 == 0 { to + Millis(999) } else { to }),
        })
    }

    fn keeps(&self, one: &WebhookAttempt) -> bool {
        let endpoint = one.url.as_deref().map(WebhookEndpoint::sid_of);
        self.endpoint.is_none_or(|wanted| endpoint == Some(wanted))
            && self.url.as_ref().is_none_or(|wanted| one.url.as_ref() == Some(wanted))
            && self.standing.is_none_or(|wanted| one.standing() == wanted)
            && self.conversation.is_none_or(|wanted| one.about == wanted.to_string())
    }
}

/// `GET /v1/Deliveries`.
pub(crate) async fn list(call: &Call<'_>) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let query = &call.query;
    let filter = Filter {
        endpoint: query.sid("Endpoint")?,
        url: query.given("Url").map(str::to_owned),
        conversation: query.sid("ConversationSid")?,
        ..Filter::read(call, query)?
    };
    let log = Log { store: &call.on.store, from: filter.from, to: filter.to };
    let page = filtered(&log, &request, |one| filter.keeps(one)).await?;
    Ok(call.paged("deliveries", &request, &page, |one| render(call, one)))
}

/// `GET /v1/Deliveries/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, sid: &str) -> Answer {
    Ok(Reply::ok(render(call, &load(call, sid).await?)))
}

/// `POST /v1/Deliveries/{Sid}/Replay`: the call is made again now, under its name, whatever came of it.
pub(crate) async fn replay(call: &Call<'_>, sid: &str) -> Answer {
    let replayed = call
        .decide(async || {
            let loaded = load(call, sid).await?;
            let cannot = "This delivery cannot be replayed: its answer was waited for";
            let replayed = loaded.replayed(call.now).ok_or_else(|| ApiError::bad(cannot))?;
            if let Some(url) = &replayed.url {
                let at = key::webhook_endpoint(WebhookEndpoint::sid_of(url));
                let endpoint: Option<WebhookEndpoint> = call.on.store.get(at).await?;
                must_be_on(endpoint.as_ref())?;
            }
            Ok::<_, ApiError>((replayed.clone(), Decision::put(replayed)))
        })
        .await?;
    send(call, &replayed).await;
    Ok(accepted(render(call, &replayed)))
}

/// `POST /v1/Endpoints/{Sid}/Replay`: what failed in a time, the earliest first, within the minute. One request takes so many
/// at most, and says where the next one goes on.
pub(crate) async fn replay_all(call: &Call<'_>, sid: &str) -> Answer {
    let endpoint = endpoints::load(call, sid).await?;
    must_be_on(Some(&endpoint))?;
    let filter = Filter::read(call, &call.form)?;
    let standing = filter.standing.or(Some(Standing::Failed));
    let filter = Filter { endpoint: Some(endpoint.sid()), standing, ..filter };
    call.nothing_else()?;
    let (mut count, mut looked_at, mut edge) = (0, 0, None::<String>);
    let mut next = None;
    'all: loop {
        let wanted = Deliveries {
            from: filter.from,
            to: filter.to,
            beyond: edge.as_deref(),
            latest_first: false,
        };
        let found = call.on.store.deliveries(wanted, READ_AT_ONCE).await?;
        let is_last = found.len() < READ_AT_ONCE;
        for one in found {
            if count >= REPLAYED_MAX || looked_at >= LOOKED_AT_MAX {
                next = one.created;
                break 'all;
            }
            looked_at += 1;
            edge = Some(Deliveries::edge(&one));
            if let Some(replayed) = one.replayed(call.now).filter(|_| filter.keeps(&one)) {
                match call.on.commit(&Decision::put(replayed)).await {
                    Ok(_) => count += 1,
                    // It was made, or replayed, by somebody else just now.
                    Err(StoreError::Conflict { .. }) => {}
                    Err(error) => return Err(error.into()),
                }
            }
        }
        if is_last {
            break;
        }
    }
    Ok(accepted(json!({
        "endpoint_sid": endpoint.sid(),
        "replayed": count,
        "next_start_date": next.map(Timestamp::iso_millis),
    })))
}

/// `POST /v1/Endpoints/{Sid}/Test`: one call, which is kept as every other; its answer is seen there a moment later.
pub(crate) async fn test(call: &Call<'_>, sid: &str) -> Answer {
    let endpoint = endpoints::load(call, sid).await?;
    let url = match call.form.given("Url") {
        Some(url) => input::url(url)?,
        None => endpoint.url.clone(),
    };
    if WebhookEndpoint::sid_of(&url) != endpoint.sid() {
        return Err(invalid("Url", "is none of this endpoint"));
    }
    let id = format!("test-{}", &call.on.mint::<RequestSid>().to_string()[2..18]);
    let about = Told::Test(TestCall { endpoint: endpoint.sid(), url });
    let attempt = WebhookAttempt::new(timed(&id, call.now), about, call.now);
    let attempt = WebhookAttempt { due: Some(call.now), ..attempt };
    call.decide(async || Ok::<_, ApiError>(((), Decision::put(attempt.clone())))).await?;
    send(call, &attempt).await;
    Ok(accepted(render(call, &attempt)))
}

/// 202, with a body: it is done in a moment.
const fn accepted(body: Value) -> Reply {
    Reply::with(202, Some(body))
}

/// Sends for a call that is due at once; if that fails, the next tick does.
pub(crate) async fn send(call: &Call<'_>, attempt: &WebhookAttempt) {
    if let (Some(place), Some(due)) = (attempt.place(), attempt.due) {
        let delivery = place.sid();
        let again = Effect::Notify(Told::Again(AgainCall { delivery }));
        call.on.queues.send_effects(&[(format!("{delivery}-{}", due.0), again)], call.now).await;
    }
}

fn must_be_on(endpoint: Option<&WebhookEndpoint>) -> Result<(), ApiError> {
    match endpoint.is_some_and(|endpoint| endpoint.off.is_some()) {
        true => Err(ApiError::bad("The endpoint is switched off: enable it before a replay")),
        false => Ok(()),
    }
}

async fn load(call: &Call<'_>, sid: &str) -> Result<WebhookAttempt, ApiError> {
    let sid: DeliverySid = call.sid(sid)?;
    call.on.store.get(key::delivery(sid)).await?.ok_or_else(|| call.not_found())
}

/// The calls of a span of time, the latest first.
struct Log<'a> {
    store: &'a Store,
    from: Timestamp,
    to: Timestamp,
}

impl Source for Log<'_> {
    type Record = WebhookAttempt;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<WebhookAttempt>, ApiError> {
        let latest_first = direction == Direction::Forwards;
        let wanted = Deliveries { from: self.from, to: self.to, beyond, latest_first };
        let records = self.store.deliveries(wanted, limit).await?;
        let is_last = records.len() < limit;
        let rest = records.last().filter(|_| !is_last).map(Deliveries::edge);
        Ok(Stretch { records, rest })
    }

    fn edge(&self, record: &WebhookAttempt) -> String {
        Deliveries::edge(record)
    }
}

/// A call as answers show it.
pub(crate) fn render(call: &Call<'_>, one: &WebhookAttempt) -> Value {
    let sid = one.place().map(|place| place.sid().to_string());
    let conversation: Option<ConversationSid> = one.about.parse().ok();
    let reason: Option<&str> = one.ended.map(Into::into);
    json!({
        "sid": sid,
        "account_sid": call.on.config.account_sid,
        "endpoint_sid": one.url.as_deref().map(WebhookEndpoint::sid_of),
        "endpoint_url": one.url,
        "event_type": one.event,
        "resource_sid": one.about,
        "conversation_sid": conversation,
        "message_sid": one.message,
        "status": one.standing().name(),
        "failure_reason": reason,
        "attempt_count": one.attempts,
        "response_status": one.status,
        "idempotency_token": one.id,
        "sequence": one.sequence,
        "date_next_attempt": one.due.map(Timestamp::iso),
        "date_created": one.created.map(Timestamp::iso),
        "date_updated": one.updated.iso(),
        "attempts": one.tries.iter().map(attempt).collect::<Vec<_>>(),
        "url": sid.map(|sid| call.url(&format!("v1/Deliveries/{sid}"))),
    })
}

fn attempt(one: &Try) -> Value {
    json!({
        "date": one.at.iso_millis(),
        "duration_ms": one.ms,
        "response_status": one.status,
        "error": one.error,
        "response": one.said.as_ref().map(|said| &said.0),
        "date_retry_after": one.until.map(Timestamp::iso),
    })
}
