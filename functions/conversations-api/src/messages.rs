//! Messages of a conversation.

use serde_json::{Value, json};
use switchboard_domain::carriage::{DeliveryStatus, Media};
use switchboard_domain::conversation::{Conversation, Notice};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::{self, BODY_BYTES_MAX, Message, Post};
use switchboard_domain::private::Private;
use switchboard_domain::record::Record;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::{MessageSid, ParticipantSid, Sid as _};
use switchboard_domain::timestamp::Timestamp;
use switchboard_rest::{Answer, ApiError, Call, Params, Reply};
use switchboard_runtime::Failure;
use switchboard_store::{Listing, Page, Table, key};

use crate::input::{self, ATTRIBUTES_MAX, Dates, NAME_CHARS_MAX, given};
use crate::lists;
use crate::scope::{Scope, source};

/// The largest page.
const PAGE_MAX: i64 = 100;
/// What a message may hold elsewhere, and not here yet.
const UNSUPPORTED: [&str; 4] = ["MediaSid", "ContentSid", "ContentVariables", "Subject"];

/// `POST …/Messages`.
pub(crate) async fn create(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let form = &call.form;
    input::refuse(form, &UNSUPPORTED)?;
    let dates = Dates::read(form)?;
    let post = Post {
        sid: call.on.mint(),
        author: author(form)?,
        body: given(form, "Body").map(Private::from),
        media: Vec::new(),
        attributes: input::attributes(form, ATTRIBUTES_MAX)?.flatten(),
        origin: None,
        source: source(call),
    };
    let answer = call
        .on
        .decide(async || {
            let mut conversation = scope.conversation(call, of).await?;
            let mut written = message::append(&mut conversation, post.clone(), call.now)?;
            let message = appended(&mut written)?;
            message.created = dates.created.unwrap_or(call.now);
            message.edited = dates.updated;
            let answer = render(call, scope, &conversation, message);
            Ok::<_, ApiError>((answer, Decision::put(conversation).with(written)))
        })
        .await?;
    Ok(Reply::created(answer))
}

/// `GET …/Messages`: in order of their indexes, or the other way round. The list is a moment behind: a
/// message that was posted just now may be missing from it, and is found by its identifier.
pub(crate) async fn list(call: &Call<'_>, scope: &Scope, of: &str) -> Answer {
    let latest_first = match call.query.get("Order") {
        None | Some("") => false,
        Some(order) if order.eq_ignore_ascii_case("asc") => false,
        Some(order) if order.eq_ignore_ascii_case("desc") => true,
        Some(_) => {
            return Err(ApiError::bad("Invalid parameter: Order must be asc or desc"));
        }
    };
    let request = call.page(PAGE_MAX)?;
    let conversation = scope.conversation(call, of).await?;
    let listing = Listing::list(Table::Conversations, conversation.sid);
    let listing = if latest_first { listing.descending() } else { listing };
    let page: Page<Message> = lists::of_wanted(
        call,
        &listing,
        &request,
        |one: &Message| is_in(&conversation, one),
        |one| key::indexed(one.index),
    )
    .await?;
    let render = |one: &Message| render(call, scope, &conversation, one);
    Ok(call.paged("messages", &request, &page, render))
}

/// `GET …/Messages/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let (conversation, message) = load(call, scope, of, sid).await?;
    Ok(Reply::ok(render(call, scope, &conversation, &message)))
}

/// `POST …/Messages/{Sid}`: corrects what the conversation shows; what was carried to somebody's phone
/// stays as it was.
pub(crate) async fn update(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    let form = &call.form;
    input::refuse(form, &UNSUPPORTED)?;
    let author = author(form)?;
    let attributes = input::attributes(form, ATTRIBUTES_MAX)?;
    let dates = Dates::read(form)?;
    let answer = call
        .on
        .decide(async || {
            let (conversation, before) = load(call, scope, of, sid).await?;
            let mut after = before.clone();
            if let Some(body) = form.get("Body") {
                after.body = Some(Private::from(body)).filter(|body| !body.is_empty());
                must_say_something(&after)?;
            }
            if let Some(attributes) = &attributes {
                after.attributes.clone_from(attributes);
            }
            if let Some(author) = &author {
                after.author.clone_from(author);
                after.participant = conversation.participant_called(author).map(|one| one.number);
            }
            after.created = dates.created.unwrap_or(before.created);
            after.edited = dates.updated.or(before.edited);
            if after == before {
                let answer = render(call, scope, &conversation, &before);
                return Ok((answer, Decision::unchanged()));
            }
            after.edited = dates.updated.or(Some(call.now));
            let effects = conversation.tell(&about("onMessageUpdated", &after), source(call));
            let answer = render(call, scope, &conversation, &after);
            Ok::<_, ApiError>((answer, Decision::put(after).asking(effects)))
        })
        .await?;
    Ok(Reply::ok(answer))
}

/// `DELETE …/Messages/{Sid}`: the content goes; the identifier stays, so that a carrier who delivers the
/// message again does not bring it back.
pub(crate) async fn remove(call: &Call<'_>, scope: &Scope, of: &str, sid: &str) -> Answer {
    call.on
        .decide(async || {
            let (conversation, mut message) = load(call, scope, of, sid).await?;
            message.removed = true;
            message.body = None;
            message.media = Vec::new();
            message.attributes = None;
            message.edited = Some(call.now);
            let effects = conversation.tell(&about("onMessageRemoved", &message), source(call));
            Ok::<_, ApiError>(((), Decision::put(message).asking(effects)))
        })
        .await?;
    Ok(Reply::gone())
}

/// A message that is in this conversation and was not removed.
pub(crate) async fn load(
    call: &Call<'_>,
    scope: &Scope,
    of: &str,
    sid: &str,
) -> Result<(Conversation, Message), ApiError> {
    let sid: MessageSid = call.sid(sid)?;
    let conversation = scope.conversation(call, of).await?;
    let found: Option<Message> = call.on.store.get(key::message(sid)).await?;
    let message = found.filter(|found| is_in(&conversation, found));
    message.map(|message| (conversation, message)).ok_or_else(|| call.not_found())
}

fn is_in(conversation: &Conversation, message: &Message) -> bool {
    message.conversation == Some(conversation.sid) && !message.removed
}

fn author(form: &Params) -> Result<Option<String>, ApiError> {
    match given(form, "Author") {
        Some(author) if author.chars().count() > NAME_CHARS_MAX => {
            Err(ApiError::new(400, 50310, "Author parameter is too long"))
        }
        given => Ok(given.map(str::to_owned)),
    }
}

fn must_say_something(message: &Message) -> Result<(), Refusal> {
    match &message.body {
        None if message.media.is_empty() => Err(Refusal::EmptyMessage),
        Some(body) if body.len() > BODY_BYTES_MAX => Err(Refusal::BodyTooLong),
        Some(_) | None => Ok(()),
    }
}

fn about(event: &'static str, message: &Message) -> Notice {
    Notice { message: Some(message.sid), number: message.participant, ..Notice::of(event) }
}

/// The message in what was decided about it.
fn appended(written: &mut Decision) -> Result<&mut Message, Failure> {
    let message = written.puts.iter_mut().find_map(|record| match record {
        Record::Message(message) => Some(message.as_mut()),
        _ => None,
    });
    message.ok_or_else(|| Failure::Defect("a message was appended and not written".to_owned()))
}

fn render(call: &Call<'_>, scope: &Scope, of: &Conversation, one: &Message) -> Value {
    let path = scope.path(&format!("Conversations/{}/Messages/{}", of.sid, one.sid));
    let url = call.url(&path);
    let participant = one.participant.map(|number| of.sid.kin::<ParticipantSid>(number));
    scope.stamped(json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid.to_string(),
        "conversation_sid": of.sid,
        "index": one.index,
        "author": one.author,
        "body": one.body.as_ref().map(|body| body.as_str()),
        "media": media(one),
        "attributes": one.attributes.as_deref().unwrap_or("{}"),
        "participant_sid": participant,
        "date_created": one.created.iso(),
        "date_updated": one.edited.map(Timestamp::iso),
        "delivery": summary(one),
        "content_sid": null,
        "url": url,
        "links": {
            "delivery_receipts": format!("{url}/Receipts"),
            "channel_metadata": format!("{url}/ChannelMetadata"),
        },
    }))
}

/// The files; their identifiers follow from the message's.
fn media(message: &Message) -> Option<Vec<Value>> {
    if message.media.is_empty() {
        return None;
    }
    let each = |(number, file): (u32, &Media)| {
        let twin = message.sid.kin::<MessageSid>(number).to_string();
        json!({
            "sid": format!("ME{}", &twin[2..]),
            "size": file.size_bytes,
            "content_type": file.content_type,
            "filename": null,
        })
    };
    Some((1..).zip(&message.media).map(each).collect())
}

/// How far all copies got, in words (rule B.4). Each step counts the ones behind it; a message that
/// goes to nobody on a channel has no summary.
fn summary(message: &Message) -> Option<Value> {
    use DeliveryStatus::{Delivered, Failed, Read, Sent, Undelivered};
    let total = message.deliveries.len();
    if total == 0 {
        return None;
    }
    let word = |reached: &[DeliveryStatus]| {
        let count = message.deliveries.iter().filter(|one| reached.contains(&one.status)).count();
        match count {
            0 => "none",
            count if count == total => "all",
            _ => "some",
        }
    };
    Some(json!({
        "total": total,
        "sent": word(&[Sent, Delivered, Read, Undelivered]),
        "delivered": word(&[Delivered, Read]),
        "read": word(&[Read]),
        "failed": word(&[Failed]),
        "undelivered": word(&[Undelivered]),
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use switchboard_domain::conversation::{NewParticipant, Pair, Source};
    use switchboard_domain::sid::{ConversationSid, ServiceSid};

    fn message_to(statuses: &[DeliveryStatus]) -> Message {
        let (sid, service) = (ConversationSid::derived(&["c"]), ServiceSid::derived(&["s"]));
        let mut conversation = Conversation::new(sid, service, Timestamp(0));
        for number in 0..statuses.len() {
            let address = format!("+1415555010{number}").parse().unwrap();
            let pair = Pair::new(address, "+18005550199".parse().unwrap()).unwrap();
            let new =
                NewParticipant { identity: None, pair: Some(pair), attributes: None, role: None };
            let _ = conversation.join(new, Timestamp(0)).unwrap();
        }
        let post = Post {
            sid: MessageSid::derived(&["m"]),
            author: None,
            body: Some("hi".into()),
            media: Vec::new(),
            attributes: None,
            origin: None,
            source: Source::Api { webhooks: false },
        };
        let mut written = message::append(&mut conversation, post, Timestamp(0)).unwrap();
        let mut message = appended(&mut written).unwrap().clone();
        for (delivery, status) in message.deliveries.iter_mut().zip(statuses) {
            delivery.status = *status;
        }
        message
    }

    #[test]
    fn the_summary_counts_each_step_and_the_ones_behind_it() {
        use DeliveryStatus::{Delivered, Failed, Queued, Read, Undelivered};
        let words = |statuses: &[DeliveryStatus]| summary(&message_to(statuses)).unwrap();
        let both = words(&[Delivered, Read]);
        assert_eq!((&both["total"], &both["sent"]), (&json!(2), &json!("all")));
        assert_eq!((&both["delivered"], &both["read"]), (&json!("all"), &json!("some")));
        assert_eq!((&both["failed"], &both["undelivered"]), (&json!("none"), &json!("none")));
        let mixed = words(&[Failed, Undelivered, Queued]);
        assert_eq!((&mixed["sent"], &mixed["delivered"]), (&json!("some"), &json!("none")));
        assert_eq!((&mixed["failed"], &mixed["undelivered"]), (&json!("some"), &json!("some")));
    }

    #[test]
    fn a_message_to_nobody_on_a_channel_has_no_summary() {
        assert_eq!(summary(&message_to(&[])), None);
    }
}
