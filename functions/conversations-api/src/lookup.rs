//! In which conversations a participant is: by identity, or by address.
//!
//! An address has one row for each open conversation, its binding, and one for each closed one. Open ones
//! come first; a page may hold both.

use serde_json::{Value, json};
use switchboard_domain::address::Address;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::{
    AddressBinding, Conversation, Membership, Participant, User, Who,
};
use switchboard_domain::record::Record;
use switchboard_domain::sid::{ConversationSid, ParticipantSid, ServiceSid, Sid as _, UserSid};
use switchboard_rest::{
    Answer, ApiError, Call, Direction, PageRequest, Records, Source, Stretch, chained, filtered,
};
use switchboard_store::{Kept, Listing, Page, key};

use crate::conversations::ShownTimers;
use crate::input::NAME_CHARS_MAX;
use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 50;

/// `GET …/ParticipantConversations`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let service = scope.service_sid(call).await?;
    let page = match (call.query.given("Identity"), call.query.given("Address")) {
        (Some(_), Some(_)) => {
            return Err(Code::TwoLookups.into());
        }
        (None, None) => {
            return Err(ApiError::bad("Missing required parameter: Identity or Address"));
        }
        (Some(identity), None) if identity.chars().count() > NAME_CHARS_MAX => {
            return Err(Code::IdentityTooLong.into());
        }
        (Some(identity), None) => of_identity(call, service, identity, &request).await?,
        (None, Some(address)) => {
            let address: Address = address.parse().map_err(|_| Code::InvalidBindingAddress)?;
            let address = address.folded();
            let open = Listing::bindings_of(&address);
            let closed = Listing::memberships_of(&Who::Address(address));
            let open = places(call, service, &open, of_binding);
            let closed = places(call, service, &closed, of_membership);
            chained(&open, &closed, &request, |_| true).await?
        }
    };
    let user = match call.query.given("Identity") {
        Some(identity) => {
            let at = key::user(User::sid_of(service, identity));
            call.on.store.get::<User>(at).await?.map(|user| user.sid)
        }
        None => None,
    };
    Ok(call.paged("conversations", &request, &page, |found| render(call, scope, user, found)))
}

/// A page of the places of an identity in conversations of a service, open and closed ones.
pub(crate) async fn of_identity(
    call: &Call<'_>,
    service: ServiceSid,
    identity: &str,
    request: &PageRequest,
) -> Result<Page<Found>, ApiError> {
    let listing = Listing::memberships_of(&Who::Identity(identity.to_owned()));
    filtered(&places(call, service, &listing, of_membership), request, |_| true).await
}

/// A participant of a conversation, by its number there.
type ParticipantKey = (ConversationSid, u32);

fn of_binding(binding: &AddressBinding) -> ParticipantKey {
    (binding.conversation, binding.number)
}

fn of_membership(membership: &Membership) -> ParticipantKey {
    (membership.conversation, membership.number)
}

/// A participant of a conversation, and where the list has them.
pub(crate) struct Found {
    pub(crate) conversation: Conversation,
    pub(crate) one: Participant,
    edge: String,
}

/// The conversations behind rows of places; those of other services are left out, as are those just gone.
struct Places<'a, T> {
    call: &'a Call<'a>,
    service: ServiceSid,
    rows: Records<'a, T>,
    place: fn(&T) -> ParticipantKey,
}

const fn places<'a, T>(
    call: &'a Call<'a>,
    service: ServiceSid,
    listing: &'a Listing,
    place: fn(&T) -> ParticipantKey,
) -> Places<'a, T> {
    Places { call, service, rows: Records::of(call.on, listing), place }
}

impl<T: Kept + Clone + Into<Record> + Send + Sync> Source for Places<'_, T> {
    type Record = Found;

    async fn read(
        &self,
        beyond: Option<&str>,
        direction: Direction,
        limit: usize,
    ) -> Result<Stretch<Found>, ApiError> {
        let Stretch { records, rest } = self.rows.read(beyond, direction, limit).await?;
        let keys: Vec<_> =
            records.iter().map(|row| key::conversation((self.place)(row).0)).collect();
        let found = self.call.on.store.get_all(&keys).await?;
        let of_row = |(row, key): (&T, &_)| {
            let Some(Record::Conversation(conversation)) = found.get(key) else {
                return None;
            };
            let one = conversation.participant((self.place)(row).1)?.clone();
            let edge = self.rows.edge(row);
            let conversation = Conversation::clone(conversation);
            (conversation.service == self.service).then_some(Found { conversation, one, edge })
        };
        let records = records.iter().zip(&keys).filter_map(of_row).collect();
        Ok(Stretch { records, rest })
    }

    fn edge(&self, found: &Found) -> String {
        found.edge.clone()
    }
}

fn binding(one: &Participant) -> Option<Value> {
    let address = one.pair.as_ref().map(|pair| &pair.address).or(one.telephone());
    let channel = address.or(one.projected())?.channel();
    Some(json!({
        "type": channel.name(),
        "address": address,
        "proxy_address": one.pair.as_ref().map(|pair| &pair.proxy),
        "projected_address": one.projected(),
        "name": null,
        "level": null,
    }))
}

fn render(call: &Call<'_>, scope: &Scope, user: Option<UserSid>, found: &Found) -> Value {
    let (of, one) = (&found.conversation, &found.one);
    let sid: ParticipantSid = of.sid.kin(one.number);
    let conversation = call.url(&scope.path(&format!("Conversations/{}", of.sid)));
    json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": of.service,
        "participant_sid": sid,
        "participant_user_sid": user,
        "participant_identity": one.identity,
        "participant_messaging_binding": binding(one),
        "conversation_sid": of.sid,
        "conversation_unique_name": of.unique_name,
        "conversation_friendly_name": of.friendly_name,
        "conversation_attributes": of.attributes.as_deref().unwrap_or("{}"),
        "conversation_date_created": of.created.iso(),
        "conversation_date_updated": of.updated.iso(),
        "conversation_created_by": of.created_by,
        "conversation_state": of.state.name(),
        "conversation_timers": ShownTimers::of(of),
        "links": {
            "participant": format!("{conversation}/Participants/{sid}"),
            "conversation": conversation,
        },
    })
}
