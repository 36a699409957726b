//! Participants of a conversation: people in the chat, and people on channels.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{
    Conversation, Given, NewParticipant, Pair, Participant, ParticipantUpdate,
};
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{
    AccountSid, ConversationSid, ParticipantSid, RoleSid, ServiceSid, Sid as _,
};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, body};

use crate::apply::apply;
use crate::input::{self, ATTRIBUTES_MAX};
use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 100;

/// Reads and checks the parameters of a participant who is to join.
pub(crate) fn joining(form: &Params) -> Result<NewParticipant, ApiError> {
    if form.has("MessagingBinding.ProjectedAddress") {
        return Err(Code::GroupMmsDisabled.into());
    }
    let identity = form.get("Identity").map(input::identity).transpose()?;
    let new = NewParticipant {
        pair: pair(form)?,
        aliases: Vec::new(),
        identity,
        attributes: input::attributes(form, ATTRIBUTES_MAX)?.flatten(),
        role: role(form)?.flatten(),
        dates: input::dates(form)?,
    };
    if new.identity.is_some() == new.pair.is_some() {
        return Err(Refusal::ParticipantShape.into());
    }
    Ok(new)
}

/// `POST …/Participants`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let joining = joining(&call.form)?;
    let command = |_: &Conversation| Ok(Command::Join(joining.clone()));
    let show = |change: &ConversationChange| rendered(call, scope, change);
    Ok(Reply::created(apply(call, scope, of, command, show).await?))
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

/// `POST …/Participants/{Sid}`. Who they are does not change: not the identity, not the addresses.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    let form = &call.form;
    let update = ParticipantUpdate {
        identity: form.get("Identity").map(str::to_owned),
        attributes: input::attributes(form, ATTRIBUTES_MAX)?,
        role: role(form)?,
        last_read_index: input::last_read_index(form)?,
        last_read: form.instant("LastReadTimestamp")?,
        muted: None,
        dates: input::dates(form)?,
    };
    let command = |conversation: &Conversation| {
        let one = called(call, conversation, name)?;
        proxy_must_stay(form, one)?;
        Ok(Command::UpdateParticipant(one.number, update.clone()))
    };
    let show = |change: &ConversationChange| rendered(call, scope, change);
    Ok(Reply::ok(apply(call, scope, of, command, show).await?))
}

/// `DELETE …/Participants/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    let command =
        |conversation: &Conversation| Ok(Command::Leave(called(call, conversation, name)?.number));
    apply(call, scope, of, command, |_| Value::Null).await?;
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

fn pair(form: &Params) -> Result<Option<Pair>, ApiError> {
    let address = form.get("MessagingBinding.Address");
    let proxy = form.get("MessagingBinding.ProxyAddress");
    if address.is_none() && proxy.is_none() {
        return Ok(None);
    }
    let address = address.filter(|text| !text.is_empty()).ok_or(Code::AddressMissing)?;
    let proxy = proxy.filter(|text| !text.is_empty()).ok_or(Code::ProxyAddressMissing)?;
    let address: Address = address.parse().map_err(|_| Code::InvalidBindingAddress)?;
    let proxy: Address = proxy.parse().map_err(|_| Code::InvalidProxyAddress)?;
    Ok(Some(Pair::new(address, proxy)?))
}

fn role(form: &Params) -> Result<Given<RoleSid>, ApiError> {
    match form.get("RoleSid") {
        None => Ok(None),
        Some("") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(sid) => Ok(Some(Some(sid))),
            Err(_) => Err(Code::NoSuchRole.into()),
        },
    }
}

fn proxy_must_stay(form: &Params, one: &Participant) -> Result<(), ApiError> {
    let proxy = one.pair.as_ref().map(|pair| &pair.proxy);
    let given = form.get("MessagingBinding.ProxyAddress");
    if given.is_some_and(|given| given.parse::<Address>().ok().as_ref() != proxy) {
        return Err(match form.given("MessagingBinding.ProxyAddress") {
            Some(_) => invalid("MessagingBinding.ProxyAddress", "is not supported yet"),
            None => Code::ProxyAddressMissing.into(),
        });
    }
    if form.has("MessagingBinding.ProjectedAddress") {
        return Err(Code::GroupMmsDisabled.into());
    }
    Ok(())
}

/// The participant that a change was about.
fn rendered(call: &Call<'_>, scope: &Scope, change: &ConversationChange) -> Value {
    let one = change.number.and_then(|number| change.conversation.participant(number));
    one.map_or(Value::Null, |one| render(call, scope, &change.conversation, one))
}

/// A participant as answers show them.
#[derive(Debug, Serialize)]
struct Shown<'a> {
    sid: ParticipantSid,
    account_sid: AccountSid,
    #[serde(skip_serializing_if = "Option::is_none")]
    chat_service_sid: Option<ServiceSid>,
    conversation_sid: ConversationSid,
    identity: Option<&'a str>,
    attributes: &'a str,
    messaging_binding: Option<Binding<'a>>,
    role_sid: Option<String>,
    date_created: String,
    date_updated: String,
    last_read_message_index: Option<u32>,
    last_read_timestamp: Option<String>,
    url: String,
}

#[derive(Debug, Serialize)]
struct Binding<'a> {
    r#type: &'static str,
    address: &'a Address,
    proxy_address: &'a Address,
}

impl<'a> Binding<'a> {
    fn of(pair: &'a Pair) -> Self {
        let (address, proxy_address) = (&pair.address, &pair.proxy);
        Self { r#type: address.channel().name(), address, proxy_address }
    }
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Participant) -> Value {
    let sid: ParticipantSid = of.sid.kin(one.number);
    let path = scope.path(&format!("Conversations/{}/Participants/{sid}", of.sid));
    body(&Shown {
        sid,
        account_sid: call.on.config.account_sid,
        chat_service_sid: scope.named(),
        conversation_sid: of.sid,
        identity: one.identity.as_deref(),
        attributes: one.attributes.as_deref().unwrap_or("{}"),
        messaging_binding: one.pair.as_ref().map(Binding::of),
        role_sid: one.role_sid(of.service),
        date_created: one.created.iso(),
        date_updated: one.updated.iso(),
        last_read_message_index: one.last_read_index,
        last_read_timestamp: one.last_read.map(Timestamp::iso),
        url: call.url(&path),
    })
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_participant_is_an_identity_or_an_address_pair() {
        let refused = |form: Value| joining(&Params::from_json(&form)).unwrap_err().code;
        let pair = |address: &str, proxy: &str| json!({ "MessagingBinding.Address": address, "MessagingBinding.ProxyAddress": proxy });
        assert_eq!(refused(json!({})), 20001);
        assert_eq!(refused(json!({ "Identity": "" })), 50204);
        assert_eq!(refused(json!({ "Identity": "SYSTEM" })), 50203);
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
