//! Participants of a conversation: people in the chat, and people on channels.

use serde_json::{Value, json};
use switchboard_domain::address::Address;
use switchboard_domain::conversation::{
    AddressBinding, Conversation, NewParticipant, Notice, Pair, Participant,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{ParticipantSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_store::{key, take};

use crate::conversations::must_fit;
use crate::input::{self, ATTRIBUTES_MAX, Change, Dates, NAME_CHARS_MAX};
use crate::scope::{Scope, source};

/// The largest page.
const PAGE_MAX: i64 = 100;

/// Somebody who is to join.
#[derive(Debug, Clone)]
pub(crate) struct Joining {
    new: NewParticipant,
    dates: Dates,
}

impl Joining {
    /// Reads and checks the parameters.
    pub(crate) fn read(form: &Params) -> Result<Self, ApiError> {
        if form.has("MessagingBinding.ProjectedAddress") {
            return Err(ApiError::new(400, 50452, "Group MMS is not enabled for this Account"));
        }
        let identity = form.get("Identity").map(identity).transpose()?;
        let new = NewParticipant {
            pair: pair(form)?,
            identity,
            attributes: input::attributes(form, ATTRIBUTES_MAX)?.flatten(),
            role: role(form)?.flatten(),
        };
        if new.identity.is_some() == new.pair.is_some() {
            return Err(Refusal::ParticipantShape.into());
        }
        Ok(Self { new, dates: Dates::read(form)? })
    }

    /// Adds the participant; the conversation itself is not yet in the decision.
    pub(crate) fn join(
        &self,
        conversation: &mut Conversation,
        now: Timestamp,
    ) -> Result<(u32, Decision), ApiError> {
        let (number, found_by) = conversation.join(self.new.clone(), now)?;
        if let Some(one) = conversation.participants.last_mut() {
            one.created = self.dates.created.unwrap_or(now);
            one.updated = self.dates.updated.unwrap_or(one.created);
        }
        must_fit(conversation)?;
        Ok((number, found_by))
    }
}

/// Refuses address pairs that belong to an open conversation (rule A.2).
pub(crate) async fn must_be_free(call: &Call<'_>, joining: &[Joining]) -> Result<(), ApiError> {
    let pairs = joining.iter().filter_map(|one| one.new.pair.as_ref());
    let keys: Vec<_> = pairs.map(key::binding).collect();
    if keys.is_empty() {
        return Ok(());
    }
    let mut found = call.on.store.get_all(&keys).await?;
    let bound = keys.iter().find_map(|key| take::<AddressBinding>(&mut found, key));
    match bound {
        Some(bound) => Err(Refusal::PairBound(bound.conversation).into()),
        None => Ok(()),
    }
}

/// `POST …/Participants`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let joining = Joining::read(&call.form)?;
    let answer = call
        .on
        .decide(async || {
            let mut conversation = scope.conversation(call, of).await?;
            conversation.must_be_open()?;
            must_be_free(call, std::slice::from_ref(&joining)).await?;
            let (number, found_by) = joining.join(&mut conversation, call.now)?;
            let notice = Notice { number: Some(number), ..Notice::of("onParticipantAdded") };
            let effects = conversation.tell(&notice, source(call));
            let answer = rendered(call, scope, &conversation, number);
            Ok::<_, ApiError>((answer, Decision::put(conversation).with(found_by).asking(effects)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET …/Participants`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let conversation = scope.conversation(call, of).await?;
    let page = request.of_parts(&conversation.participants, |one| one.number);
    let render = |one: &Participant| render(call, scope, &conversation, one);
    Ok(call.paged("participants", &request, &page, render))
}

/// `GET …/Participants/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    let conversation = scope.conversation(call, of).await?;
    let one = called(call, &conversation, name)?;
    Ok(Reply::ok(render(call, scope, &conversation, one)))
}

/// `POST …/Participants/{Sid}`. Who somebody is does not change: not the identity, not the addresses.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    let form = &call.form;
    let attributes = input::attributes(form, ATTRIBUTES_MAX)?;
    let role = role(form)?;
    let last_read_index = last_read_index(form)?;
    let last_read = form.instant("LastReadTimestamp")?;
    let dates = Dates::read(form)?;
    let answer = call
        .on
        .decide(async || {
            let mut conversation = scope.conversation(call, of).await?;
            let before = called(call, &conversation, name)?.clone();
            must_stay(form, &before)?;
            let mut after = before.clone();
            if let Some(attributes) = &attributes {
                after.attributes.clone_from(attributes);
            }
            if let Some(role) = &role {
                after.role.clone_from(role);
            }
            if let Some(index) = last_read_index {
                after.last_read_index = index;
                after.last_read = index.map(|_| call.now);
            }
            after.last_read = last_read.or(after.last_read);
            after.created = dates.created.unwrap_or(before.created);
            after.updated = dates.updated.unwrap_or(before.updated);
            if after == before {
                let answer = render(call, scope, &conversation, &before);
                return Ok((answer, Decision::unchanged()));
            }
            conversation.must_be_open()?;
            after.updated = dates.updated.unwrap_or(call.now);
            let number = after.number;
            let place = conversation.participants.iter_mut().find(|one| one.number == number);
            if let Some(place) = place {
                *place = after;
            }
            must_fit(&conversation)?;
            let notice = Notice { number: Some(number), ..Notice::of("onParticipantUpdated") };
            let effects = conversation.tell(&notice, source(call));
            let answer = rendered(call, scope, &conversation, number);
            Ok::<_, ApiError>((answer, Decision::put(conversation).asking(effects)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Participants/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    call.on
        .decide(async || {
            let mut conversation = scope.conversation(call, of).await?;
            let number = called(call, &conversation, name)?.number;
            let unbound = conversation.leave(number, call.now)?;
            let notice = Notice { number: Some(number), ..Notice::of("onParticipantRemoved") };
            let effects = conversation.tell(&notice, source(call));
            Ok::<_, ApiError>(((), Decision::put(conversation).with(unbound).asking(effects)))
        })
        .await?;
    Ok(Reply::gone())
}

/// By the identifier, or by the identity.
fn called<'a>(
    call: &Call<'_>,
    conversation: &'a Conversation,
    name: &str,
) -> Result<&'a Participant, ApiError> {
    let found = match name.parse::<ParticipantSid>() {
        Ok(sid) => conversation.participant_by_sid(sid),
        Err(_) => conversation.participant_called(name),
    };
    found.ok_or_else(|| call.not_found())
}

fn identity(text: &str) -> Result<String, ApiError> {
    if text.is_empty() {
        return Err(ApiError::new(400, 50204, "Identity not provided"));
    }
    if text.chars().count() > NAME_CHARS_MAX {
        return Err(ApiError::new(400, 50207, "Identity too long"));
    }
    if input::looks_like_sid(text, "US") || input::looks_like_sid(text, "MB") {
        return Err(ApiError::new(400, 50206, "Identity should not match user SID pattern"));
    }
    Ok(text.to_owned())
}

fn pair(form: &Params) -> Result<Option<Pair>, ApiError> {
    let address = form.get("MessagingBinding.Address");
    let proxy = form.get("MessagingBinding.ProxyAddress");
    if address.is_none() && proxy.is_none() {
        return Ok(None);
    }
    let error = |code, sentence| move || ApiError::new(400, code, sentence);
    let address = address
        .filter(|text| !text.is_empty())
        .ok_or_else(error(50411, "Participant address is empty"))?;
    let proxy = proxy
        .filter(|text| !text.is_empty())
        .ok_or_else(error(50412, "Participant proxy address is empty"))?;
    let address: Address =
        address.parse().map_err(|_| error(50407, "Invalid messaging binding address")())?;
    let proxy: Address =
        proxy.parse().map_err(|_| error(50408, "Invalid participant proxy address")())?;
    Ok(Some(Pair::new(address, proxy)?))
}

fn role(form: &Params) -> Result<Change<String>, ApiError> {
    match form.get("RoleSid") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) if input::looks_like_sid(text, "RL") => Ok(Some(Some(text.to_owned()))),
        Some(_) => Err(ApiError::new(400, 50109, "Conversation role not found")),
    }
}

/// A number, or nothing: `null` takes the mark away.
fn last_read_index(form: &Params) -> Result<Change<u32>, ApiError> {
    match form.get("LastReadMessageIndex") {
        None => Ok(None),
        Some("" | "null") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(index) => Ok(Some(Some(index))),
            Err(_) => Err(ApiError::new(400, 50421, "Invalid last read message index format")),
        },
    }
}

fn must_stay(form: &Params, one: &Participant) -> Result<(), ApiError> {
    if form.get("Identity").is_some_and(|given| one.identity.as_deref() != Some(given)) {
        let message = "Identity parameter not acceptable for this Participant";
        return Err(ApiError::new(400, 50211, message));
    }
    let proxy = one.pair.as_ref().map(|pair| &pair.proxy);
    let given = form.get("MessagingBinding.ProxyAddress");
    if given.is_some_and(|given| given.parse::<Address>().ok().as_ref() != proxy) {
        input::refuse(form, &["MessagingBinding.ProxyAddress"])?;
        return Err(ApiError::new(400, 50412, "Participant proxy address is empty"));
    }
    if form.has("MessagingBinding.ProjectedAddress") {
        return Err(ApiError::new(400, 50452, "Group MMS is not enabled for this Account"));
    }
    Ok(())
}

fn rendered(call: &Call<'_>, scope: &Scope, conversation: &Conversation, number: u32) -> Value {
    let one = conversation.participant(number);
    one.map_or(Value::Null, |one| render(call, scope, conversation, one))
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Participant) -> Value {
    let sid: ParticipantSid = of.sid.kin(one.number);
    let path = scope.path(&format!("Conversations/{}/Participants/{sid}", of.sid));
    scope.stamped(json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": of.sid,
        "sid": sid,
        "identity": one.identity,
        "attributes": one.attributes.as_deref().unwrap_or("{}"),
        "messaging_binding": one.pair.as_ref().map(|pair| json!({
            "type": pair.address.channel().name(),
            "address": pair.address,
            "proxy_address": pair.proxy,
        })),
        "role_sid": one.role,
        "date_created": one.created.iso(),
        "date_updated": one.updated.iso(),
        "url": call.url(&path),
        "last_read_message_index": one.last_read_index,
        "last_read_timestamp": one.last_read.map(Timestamp::iso),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_participant_is_an_identity_or_an_address_pair() {
        let refused = |form: Value| Joining::read(&Params::from_json(&form)).unwrap_err().code;
        let pair = |address: &str, proxy: &str| json!({ "MessagingBinding.Address": address, "MessagingBinding.ProxyAddress": proxy });
        assert_eq!(refused(json!({})), 20001);
        assert_eq!(refused(json!({ "Identity": "" })), 50204);
        assert_eq!(refused(json!({ "Identity": "a".repeat(257) })), 50207);
        assert_eq!(refused(json!({ "Identity": format!("US{:032}", 1) })), 50206);
        assert_eq!(refused(json!({ "MessagingBinding.Address": "+14155550100" })), 50412);
        assert_eq!(refused(pair("", "+14155550100")), 50411);
        assert_eq!(refused(pair("+1", "+14155550100")), 50407);
        assert_eq!(refused(pair("+14155550100", "fax:1")), 50408);
        assert_eq!(refused(pair("+14155550100", "+14155550100")), 50409);
        assert_eq!(refused(pair("whatsapp:+14155550101", "+14155550100")), 50414);
        assert_eq!(refused(json!({ "MessagingBinding.ProjectedAddress": "+14155550100" })), 50452);
        let both = json!({ "Identity": "a", "MessagingBinding.Address": "+14155550101",
            "MessagingBinding.ProxyAddress": "+14155550100" });
        assert_eq!(refused(both), 20001);
    }
}
