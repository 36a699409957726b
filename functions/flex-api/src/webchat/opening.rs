//! The opening of a webchat: its conversation, in the service of the chat address, with the guest in it (rule G.2). What the
//! address does with a new conversation begins with the guest's first message.

use serde_json::json;
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::{
    AddressConfiguration, ConversationConfiguration, Flow, Handler,
};
use switchboard_domain::conversation::{
    Conversation, Details, NewParticipant, Source, User, default_service_sid,
};
use switchboard_domain::decision::Decision;
use switchboard_domain::pace::PerSecond;
use switchboard_domain::process::autocreation::handler;
use switchboard_domain::process::conversation::{Command, ConversationChange, decide_all};
use switchboard_domain::process::webchat::flow_of;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{AddressConfigurationSid, ConversationSid, RequestSid, ServiceSid};
use switchboard_domain::webchat::{ANONYMOUS, Webchat, attributes, is_identity};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_runtime::Failure;
use switchboard_store::key;

/// The longest name of a chat or of a customer, in characters.
const NAME_CHARS_MAX: usize = 256;

/// What is asked for.
pub(super) struct Wanted {
    address: AddressConfigurationSid,
    chat_name: Option<String>,
    customer_name: Option<String>,
    attributes: Option<String>,
    identity: Option<String>,
    /// Whether a page asks, which vouches for nobody.
    is_page: bool,
}

impl Wanted {
    /// By the account.
    fn of_account(call: &Call<'_>) -> Result<Self, ApiError> {
        let wrong = |why: &str| ApiError::because(Code::InvalidWebchatParameter, why);
        let address =
            call.form.given("AddressSid").ok_or_else(|| wrong("AddressSid is missing"))?;
        let address = address.parse().map_err(|_| wrong("AddressSid is no address' IG sid"))?;
        let chat_name = call.form.given("ChatFriendlyName").map(str::to_owned);
        if chat_name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
            return Err(wrong("ChatFriendlyName is longer than 256 characters"));
        }
        Ok(Self { chat_name, is_page: false, ..Self::of_page(call, address)? })
    }

    /// By a page, whose key says the address.
    pub(super) fn of_page(
        call: &Call<'_>,
        address: AddressConfigurationSid,
    ) -> Result<Self, ApiError> {
        let wrong = |why: &str| ApiError::because(Code::InvalidWebchatGuest, why);
        let customer_name = call.form.given("CustomerFriendlyName").map(str::to_owned);
        if customer_name.as_ref().is_some_and(|name| name.chars().count() > NAME_CHARS_MAX) {
            return Err(wrong("CustomerFriendlyName is longer than 256 characters"));
        }
        let identity = call.form.given("Identity").map(str::to_owned);
        if identity.as_ref().is_some_and(|identity| !is_identity(identity)) {
            return Err(wrong("Identity is none that somebody can have"));
        }
        let attributes = attributes(call.form.given("PreEngagementData"))?;
        Ok(Self { address, chat_name: None, customer_name, attributes, identity, is_page: true })
    }
}

/// `POST /v2/WebChats`.
pub(super) async fn by_account(call: &Call<'_>) -> Answer {
    let wanted = Wanted::of_account(call)?;
    let conversation = open(call, &wanted).await?;
    Ok(Reply::created(json!({
        "conversation_sid": conversation.sid,
        "identity": conversation.webchat.as_ref().map(|chat| chat.guest.as_str()),
    })))
}

/// Opens the chat; five a second (rule G.1).
pub(super) async fn open(call: &Call<'_>, wanted: &Wanted) -> Result<Conversation, ApiError> {
    call.nothing_else()?;
    let place = Place::of(call, wanted.address).await?;
    let anonymous = || format!("{ANONYMOUS}{}", &call.on.mint::<RequestSid>().to_string()[2..]);
    let guest = wanted.identity.clone().unwrap_or_else(anonymous);
    if wanted.is_page && wanted.identity.is_some() {
        must_be_new(call, place.service, &guest).await?;
    }
    keep_pace(call).await?;
    let sid: ConversationSid = call.on.mint();
    let chat = Webchat { guest, name: wanted.customer_name.clone(), flow: place.flow };
    call.decide(|| async {
        let change = opened(call, wanted, &place, sid, chat.clone()).await?;
        Ok((change.conversation.clone(), Decision::from(change)))
    })
    .await
}

/// A page vouches for nobody, so whoever it opens a chat for by name is nobody who is there already: a token would be for all of
/// their conversations. The account, which knows who it speaks for, can name anybody.
async fn must_be_new(call: &Call<'_>, service: ServiceSid, guest: &str) -> Result<(), ApiError> {
    let found: Option<User> = call.on.store.get(key::user(User::sid_of(service, guest))).await?;
    match found {
        Some(_) => Err(ApiError::because(
            Code::InvalidWebchatGuest,
            "Identity is somebody who is known already; let the account open the chat",
        )),
        None => Ok(()),
    }
}

async fn keep_pace(call: &Call<'_>) -> Result<(), ApiError> {
    let what = format!("{}#WebChats", call.on.config.account_sid);
    match call.on.count(&what, Some(PerSecond::WEBCHATS)).await {
        Err(Failure::Refused(Refusal::TooManyActions)) => Err(Code::TooManyWebchats.into()),
        counted => Ok(counted?),
    }
}

/// Where a chat is opened, and what begins there.
struct Place {
    address: AddressConfiguration,
    service: ServiceSid,
    settings: ConversationConfiguration,
    flow: Option<switchboard_domain::sid::FlowSid>,
}

impl Place {
    async fn of(call: &Call<'_>, sid: AddressConfigurationSid) -> Result<Self, ApiError> {
        let store = &call.on.store;
        let address: Option<AddressConfiguration> =
            store.get(key::address_configuration(sid)).await?;
        let address = address.ok_or(Code::NoSuchChatAddress)?;
        let flow: Option<Flow> = match &address.handler {
            Handler::Studio { flow, .. } => store.get(key::flow(*flow)).await?,
            Handler::Default | Handler::Webhook { .. } => None,
        };
        let flow = match flow {
            Some(flow) => Some(crate::flows::live(call, flow).await?),
            None => None,
        };
        let flow = flow_of(&address, flow.as_ref())?;
        let settings: ConversationConfiguration =
            store.get(key::conversation_configuration()).await?.unwrap_or_default();
        let default = settings.default_service;
        let default = default.unwrap_or_else(|| default_service_sid(call.on.config.account_sid));
        let service = address.service.unwrap_or(default);
        Ok(Self { address, service, settings, flow })
    }
}

async fn opened(
    call: &Call<'_>,
    wanted: &Wanted,
    place: &Place,
    sid: ConversationSid,
    chat: Webchat,
) -> Result<ConversationChange, ApiError> {
    let details = Details {
        friendly_name: wanted.chat_name.clone().map(Some),
        attributes: wanted.attributes.clone().map(Some),
        ..Details::default()
    };
    let named = chat.name.as_ref().map(|name| json!({ "friendly_name": name }).to_string());
    let guest =
        NewParticipant { attributes: named, ..NewParticipant::known_as(chat.guest.clone()) };
    let mut commands = vec![Command::Create(details)];
    commands.extend(handler(&place.address.handler, None).map(Command::Attach));
    commands.push(Command::Join(guest));
    let new = Conversation::new(sid, place.service, place.settings.defaults(), call.now);
    let new = new.for_webchat(chat);
    call.on
        .answering(|answers| {
            decide_all(&new, commands.clone(), Source::Interaction, answers, call.now)
        })
        .await
}
