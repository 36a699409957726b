//! Participants of a conversation: people in the chat, and people on channels.

use serde::Serialize;
use serde_json::Value;
use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{
    Conversation, Given, Member, NewParticipant, Pair, Participant, ParticipantUpdate,
};
use switchboard_domain::process::conversation::{Command, ConversationChange};
use switchboard_domain::refusal::{OfGroup, Refusal};
use switchboard_domain::sid::{
    AccountSid, ConversationSid, ParticipantSid, RoleSid, ServiceSid, Sid as _,
};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply, body};

use crate::apply::apply;
use crate::input::{self, ATTRIBUTES_MAX};
use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 100;
/// The parameters of addresses.
const ADDRESS: &str = "MessagingBinding.Address";
const PROXY: &str = "MessagingBinding.ProxyAddress";
const PROJECTED: &str = "MessagingBinding.ProjectedAddress";

/// Reads and checks the parameters of a participant who is to join.
pub(crate) fn joining(form: &Params) -> Result<NewParticipant, ApiError> {
    let (pair, member) = reached(form)?;
    let identity = form.get("Identity").map(input::identity).transpose()?;
    let new = NewParticipant {
        pair,
        member,
        aliases: Vec::new(),
        identity,
        attributes: input::attributes(form, ATTRIBUTES_MAX)?.flatten(),
        role: role(form)?.flatten(),
        presence: None,
        dates: input::dates(form)?,
    };
    let has_address = new.pair.is_some() || matches!(new.member, Some(Member::Telephone(_)));
    if new.identity.is_some() == has_address && new.member.is_none()
        || new.identity.is_some() && has_address
    {
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

/// `POST …/Participants/{Sid}`.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, name: &str) -> Answer {
    let form = &call.form;
    let update = ParticipantUpdate {
        identity: form.get("Identity").map(input::identity).transpose()?,
        proxy: ours(form, PROXY, Code::InvalidProxyAddress)?,
        projected: ours(form, PROJECTED, Code::ProjectedNotOurs)?,
        attributes: input::attributes(form, ATTRIBUTES_MAX)?,
        role: role(form)?,
        last_read_index: input::last_read_index(form)?,
        last_read: form.instant("LastReadTimestamp")?,
        muted: None,
        dates: input::dates(form)?,
    };
    let command = |conversation: &Conversation| {
        let one = called(call, conversation, name)?;
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

/// Where a participant is reached: by a pair of addresses, or as one of a group (rule A.8), which of the two the parameters say that are
/// there. An address that could be in no group needs its proxy.
fn reached(form: &Params) -> Result<(Option<Pair>, Option<Member>), ApiError> {
    let (address, proxy) = (form.get(ADDRESS), form.get(PROXY));
    if let Some(projected) = form.get(PROJECTED) {
        let projected = Some(projected).filter(|text| !text.is_empty());
        let projected = projected.ok_or(Code::ProjectedMissing)?;
        if address.is_some() || proxy.is_some() {
            return Err(Refusal::from(OfGroup::BindingUnsupported).into());
        }
        let projected = projected.parse().map_err(|_| Code::ProjectedNotOurs)?;
        return Ok((None, Some(Member::Projected(projected))));
    }
    if address.is_none() && proxy.is_none() {
        return Ok((None, None));
    }
    let address = address.filter(|text| !text.is_empty()).ok_or(Code::AddressMissing)?;
    let address: Result<Address, _> = address.parse();
    if proxy.is_none() && address.as_ref().is_ok_and(Address::is_long_code) {
        return Ok((None, address.ok().map(Member::Telephone)));
    }
    let proxy = proxy.filter(|text| !text.is_empty()).ok_or(Code::ProxyAddressMissing)?;
    let address = address.map_err(|_| Code::InvalidBindingAddress)?;
    let proxy: Address = proxy.parse().map_err(|_| Code::InvalidProxyAddress)?;
    Ok((Some(Pair::new(address, proxy)?), None))
}

/// A number of ours that is to be changed; the word `null`, or nothing, takes it away (OpenAPI).
fn ours(form: &Params, name: &str, malformed: Code) -> Result<Given<Address>, ApiError> {
    match form.get(name) {
        None => Ok(None),
        Some("" | "null") => Ok(Some(None)),
        Some(text) => match text.parse() {
            Ok(address) => Ok(Some(Some(address))),
            Err(_) => Err(malformed.into()),
        },
    }
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
    #[serde(skip_serializing_if = "Option::is_none")]
    address: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    proxy_address: Option<&'a Address>,
    #[serde(skip_serializing_if = "Option::is_none")]
    projected_address: Option<&'a Address>,
}

impl<'a> Binding<'a> {
    fn of(one: &'a Participant) -> Option<Self> {
        let address = one.pair.as_ref().map(|pair| &pair.address).or(one.telephone());
        let proxy_address = one.pair.as_ref().map(|pair| &pair.proxy);
        let projected_address = one.projected();
        let r#type = address.or(projected_address)?.channel().name();
        Some(Self { r#type, address, proxy_address, projected_address })
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
        messaging_binding: Binding::of(one),
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
        assert_eq!(refused(json!({ "MessagingBinding.Address": "+4915123456789" })), 50412);
        assert_eq!(refused(json!({ "MessagingBinding.Address": "+18005550100" })), 50412);
        assert_eq!(refused(json!({ "MessagingBinding.Address": "whatsapp:+14155550100" })), 50412);
        assert_eq!(refused(pair("", "+14155550100")), 50411);
        assert_eq!(refused(pair("+1", "+14155550100")), 50407);
        assert_eq!(refused(pair("+14155550100", "fax:1")), 50408);
        assert_eq!(refused(pair("+14155550100", "+14155550100")), 50409);
        assert_eq!(refused(pair("whatsapp:+14155550101", "+14155550100")), 50414);
        let both = json!({ "Identity": "a", "MessagingBinding.Address": "+14155550101",
            "MessagingBinding.ProxyAddress": "+14155550100" });
        assert_eq!(refused(both), 20001);
    }

    #[test]
    fn somebody_in_a_group_has_an_address_alone_or_a_projected_one() {
        let read = |form: Value| joining(&Params::from_json(&form)).map(|new| new.member);
        let refused = |form: Value| read(form).unwrap_err().code;
        let own: Address = "+14155550100".parse().unwrap();
        let telephone = json!({ "MessagingBinding.Address": "+14155550100" });
        assert_eq!(read(telephone).unwrap(), Some(Member::Telephone(own.clone())));
        let projected = json!({ "MessagingBinding.ProjectedAddress": "+14155550100" });
        assert_eq!(read(projected).unwrap(), Some(Member::Projected(own.clone())));
        let named =
            json!({ "MessagingBinding.ProjectedAddress": "+14155550100", "Identity": "ann" });
        assert_eq!(read(named).unwrap(), Some(Member::Projected(own)));
        assert_eq!(refused(json!({ "MessagingBinding.ProjectedAddress": "" })), 50434);
        assert_eq!(refused(json!({ "MessagingBinding.ProjectedAddress": "+1" })), 50439);
        for beside in ["MessagingBinding.Address", "MessagingBinding.ProxyAddress"] {
            let both = json!({ "MessagingBinding.ProjectedAddress": "+14155550100",
                beside: "+14155550101" });
            assert_eq!(refused(both), 50420, "{beside}");
        }
        let both = json!({ "MessagingBinding.Address": "+14155550100", "Identity": "ann" });
        assert_eq!(refused(both), 20001);
    }
}
