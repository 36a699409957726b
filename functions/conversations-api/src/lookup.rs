//! In which conversations somebody is: by identity, or by address.
//!
//! An address has one row for each open conversation, its binding, and one for each closed one. Open ones
//! come first. The two are read one after the other, and a page may span both.

use serde_json::{Value, json};
use switchboard_domain::address::Address;
use switchboard_domain::conversation::{AddressBinding, Conversation, Membership, Participant};
use switchboard_domain::sid::{ConversationSid, ParticipantSid, Sid as _};
use switchboard_rest::{Answer, ApiError, Call, PageRequest};
use switchboard_store::{Cursor, FromRecord, Kept, Listing, Page, Table, key, take};

use crate::input::{NAME_CHARS_MAX, given};
use crate::scope::Scope;

/// The largest page.
const PAGE_MAX: i64 = 50;
/// Rows of open conversations' address pairs.
const OPEN: &str = "P#";
/// Rows of closed conversations, and of identities.
const CLOSED: &str = "C#";
/// Sorts behind every row of its kind.
const LAST: &str = "\u{10FFFF}";

/// Somebody's place in a conversation.
type Place = (ConversationSid, u32);

/// `GET …/ParticipantConversations`.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope) -> Answer {
    let request = call.page(PAGE_MAX)?;
    let places = match (given(&call.query, "Identity"), given(&call.query, "Address")) {
        (Some(_), Some(_)) => {
            let message = "Either Identity or Address can be looked up, not both at a time";
            return Err(ApiError::new(400, 50451, message));
        }
        (None, None) => {
            return Err(ApiError::bad("Missing required parameter: Identity or Address"));
        }
        (Some(identity), None) if identity.chars().count() > NAME_CHARS_MAX => {
            return Err(ApiError::new(400, 50207, "Identity too long"));
        }
        (Some(identity), None) => {
            let pk = format!("I#{identity}");
            let cursor = request.cursor.clone().filter(|cursor| edge(cursor).starts_with(CLOSED));
            closed(call, &pk, cursor.as_ref(), request.size).await?
        }
        (None, Some(address)) => {
            let address: Address = address
                .parse()
                .map_err(|_| ApiError::new(400, 50407, "Invalid messaging binding address"))?;
            of_address(call, &format!("A#{address}"), &request).await?
        }
    };
    let page = filled(call, scope, places).await?;
    let render =
        |(conversation, one): &(Conversation, Participant)| render(call, scope, conversation, one);
    Ok(call.paged("conversations", &request, &page, render))
}

fn edge(cursor: &Cursor) -> &str {
    match cursor {
        Cursor::After(edge) | Cursor::Before(edge) => edge,
    }
}

async fn rows<T: Kept + FromRecord>(
    call: &Call<'_>,
    pk: &str,
    kind: &str,
    cursor: Option<&Cursor>,
    size: usize,
    place: impl Fn(&T) -> Place,
) -> Result<Page<Place>, ApiError> {
    let listing = Listing::partition(Table::Conversations, pk, kind);
    let page: Page<T> = call.on.store.page(&listing, cursor, size).await?;
    let records = page.records.iter().map(place).collect();
    Ok(Page { records, next: page.next, previous: page.previous })
}

async fn open(
    call: &Call<'_>,
    pk: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Place>, ApiError> {
    rows(call, pk, OPEN, cursor, size, |it: &AddressBinding| (it.conversation, it.number)).await
}

async fn closed(
    call: &Call<'_>,
    pk: &str,
    cursor: Option<&Cursor>,
    size: usize,
) -> Result<Page<Place>, ApiError> {
    rows(call, pk, CLOSED, cursor, size, |it: &Membership| (it.conversation, it.number)).await
}

/// A page of open conversations, then closed ones.
async fn of_address(
    call: &Call<'_>,
    pk: &str,
    request: &PageRequest,
) -> Result<Page<Place>, ApiError> {
    let size = request.size;
    let cursor = request.cursor.as_ref();
    let among_closed = cursor.is_some_and(|cursor| edge(cursor).starts_with(CLOSED));
    match cursor {
        Some(Cursor::Before(_)) if among_closed => {
            let mut page = closed(call, pk, cursor, size).await?;
            let missing = size - page.records.len();
            if page.previous.is_none() && missing > 0 {
                let from_the_end = Cursor::Before(format!("{OPEN}{LAST}"));
                let before = open(call, pk, Some(&from_the_end), missing).await?;
                page.records.splice(0..0, before.records);
                page.previous = before.previous;
            } else if page.previous.is_none() {
                page.previous = Some(Cursor::Before(format!("{OPEN}{LAST}")));
            }
            Ok(page)
        }
        Some(Cursor::After(_)) if among_closed => closed(call, pk, cursor, size).await,
        Some(Cursor::After(edge) | Cursor::Before(edge)) if !edge.starts_with(OPEN) => {
            Err(ApiError::bad("Invalid parameter: PageToken is none that was given out"))
        }
        _ => {
            let mut page = open(call, pk, cursor, size).await?;
            if page.next.is_some() {
                return Ok(page);
            }
            let missing = size - page.records.len();
            if missing == 0 {
                let more = closed(call, pk, None, 1).await?;
                page.next = more.records.first().map(|_| Cursor::After(format!("{OPEN}{LAST}")));
                return Ok(page);
            }
            let behind = closed(call, pk, None, missing).await?;
            page.records.extend(behind.records);
            page.next = behind.next;
            Ok(page)
        }
    }
}

/// The conversations behind the places; those of other services are left out, as are those just gone.
async fn filled(
    call: &Call<'_>,
    scope: &Scope,
    places: Page<Place>,
) -> Result<Page<(Conversation, Participant)>, ApiError> {
    let service = scope.service_sid(call).await?;
    let keys: Vec<_> = places.records.iter().map(|(sid, _)| key::conversation(*sid)).collect();
    let mut found = call.on.store.get_all(&keys).await?;
    let mut records = Vec::with_capacity(keys.len());
    for ((_, number), key) in places.records.iter().zip(&keys) {
        let conversation: Option<Conversation> = take(&mut found, key);
        let Some(conversation) = conversation.filter(|it| it.service == service) else {
            continue;
        };
        let Some(one) = conversation.participant(*number).cloned() else {
            continue;
        };
        records.push((conversation, one));
    }
    Ok(Page { records, next: places.next, previous: places.previous })
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Participant) -> Value {
    let sid: ParticipantSid = of.sid.kin(one.number);
    let conversation = call.url(&scope.path(&format!("Conversations/{}", of.sid)));
    json!({
        "account_sid": call.on.config.account_sid.to_string(),
        "chat_service_sid": of.service,
        "participant_sid": sid,
        "participant_user_sid": null,
        "participant_identity": one.identity,
        "participant_messaging_binding": one.pair.as_ref().map(|pair| json!({
            "type": pair.address.channel().name(),
            "address": pair.address,
            "proxy_address": pair.proxy,
            "projected_address": null,
            "name": null,
            "level": null,
        })),
        "conversation_sid": of.sid,
        "conversation_unique_name": of.unique_name,
        "conversation_friendly_name": of.friendly_name,
        "conversation_attributes": of.attributes.as_deref().unwrap_or("{}"),
        "conversation_date_created": of.created.iso(),
        "conversation_date_updated": of.updated.iso(),
        "conversation_created_by": null,
        "conversation_state": of.state.name(),
        "conversation_timers": {},
        "links": {
            "participant": format!("{conversation}/Participants/{sid}"),
            "conversation": conversation,
        },
    })
}
