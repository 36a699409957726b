//! Senders of the account's in the pool of a messaging service, whatever kind they are. The sender and the service tell of each
//! other, and both change in one transaction.

use serde_json::Value;
use switchboard_domain::configuration::MessagingService;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{MessagingServiceSid, Sid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, fields, ordered};
use switchboard_store::{Kept, Key, key, take};

use super::{must_be_free, must_have_room, removed};
use crate::services;

/// A sender's place in the pool.
pub(crate) trait Member: Clone {
    /// The sender's identifier.
    type Sid: Sid;
    /// The sender as the account keeps it.
    type Own: Kept;
    /// The parameter that names it.
    const PARAMETER: &'static str;
    /// What a list of them is called.
    const LIST: &'static str;
    /// The path of the account's own list.
    const ACCOUNTS: &'static str;

    /// Where the account keeps it.
    fn key(sid: Self::Sid) -> Key;
    /// The place of a sender.
    fn of(own: &Self::Own, now: Timestamp) -> Self;
    /// Whose it is.
    fn sid(&self) -> Self::Sid;
    /// Since when.
    fn created(&self) -> Timestamp;
    /// The places of this kind.
    fn all(service: &mut MessagingService) -> &mut Vec<Self>;
    /// The messaging service that a sender belongs to.
    fn service(own: &Self::Own) -> Option<MessagingServiceSid>;
    /// The sender in another pool, or in none.
    fn moved(own: Self::Own, to: Option<MessagingServiceSid>, now: Timestamp) -> Self::Own;
    /// The resource as answers show it.
    fn render(&self, call: &Call<'_>, service: MessagingServiceSid) -> Value;
}

/// `POST /v1/Services/{ServiceSid}/…`.
pub(crate) async fn create<M: Member>(call: &Call<'_>, service: &str) -> Answer {
    let service_sid: MessagingServiceSid = call.sid(service)?;
    let sid: M::Sid = fields::sid(M::PARAMETER, call.form.required(M::PARAMETER)?)?;
    let added = call.decide(|| async {
        let keys = [key::messaging_service(service_sid), M::key(sid)];
        let mut found = call.on.store.get_all(&keys).await?;
        let service: Option<MessagingService> = take(&mut found, &keys[0]);
        let mut service = service.ok_or_else(|| call.not_found())?;
        let own: Option<M::Own> = take(&mut found, &keys[1]);
        let own = own.ok_or_else(|| ApiError::not_found(&format!("{}/{sid}", M::ACCOUNTS)))?;
        must_be_free(M::service(&own), service_sid)?;
        must_have_room(&service)?;
        let place = M::of(&own, call.now);
        M::all(&mut service).push(place.clone());
        service.updated = call.now;
        let own = M::moved(own, Some(service_sid), call.now);
        Ok::<_, ApiError>((place, Decision::put(service).and(own)))
    });
    Ok(Reply::created(added.await?.render(call, service_sid)))
}

/// `GET /v1/Services/{ServiceSid}/…`.
pub(crate) async fn list<M: Member>(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let mut service = services::load(call, service).await?;
    let all = std::mem::take(M::all(&mut service));
    let rows = all.into_iter().map(|one| (key::dated(one.created(), one.sid()), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged(M::LIST, &request, &page, |one| one.render(call, service.sid)))
}

/// `GET /v1/Services/{ServiceSid}/…/{Sid}`.
pub(crate) async fn fetch<M: Member>(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: M::Sid = call.sid(sid)?;
    let mut service = services::load(call, service).await?;
    let of = service.sid;
    let member = M::all(&mut service).iter().find(|one| one.sid() == sid);
    Ok(Reply::ok(member.ok_or_else(|| call.not_found())?.render(call, of)))
}

/// `DELETE /v1/Services/{ServiceSid}/…/{Sid}`.
pub(crate) async fn remove<M: Member>(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: M::Sid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let (of, members) = (service.sid, M::all(&mut service));
        let place = members.iter().position(|one| one.sid() == sid);
        members.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        let own: Option<M::Own> = call.on.store.get(M::key(sid)).await?;
        let freed = own.and_then(|own| freed::<M>(own, of, call.now));
        let decision = Decision::put(service);
        Ok::<_, ApiError>(((), freed.into_iter().fold(decision, Decision::and)))
    });
    gone.await?;
    removed()
}

/// A sender that is in no pool any more, if it was in this one.
fn freed<M: Member>(own: M::Own, of: MessagingServiceSid, now: Timestamp) -> Option<M::Own> {
    (M::service(&own) == Some(of)).then(|| M::moved(own, None, now))
}

/// All senders of this kind that are free when the service is gone.
pub(crate) async fn all_freed<M: Member>(
    call: &Call<'_>,
    service: &MessagingService,
    decision: Decision,
) -> Result<Decision, ApiError> {
    let mut places = service.clone();
    let keys: Vec<Key> = M::all(&mut places).iter().map(|one| M::key(one.sid())).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    let own = keys.iter().filter_map(|key| take::<M::Own>(&mut found, key));
    let freed = own.filter_map(|own| freed::<M>(own, service.sid, call.now));
    Ok(freed.fold(decision, Decision::and))
}
