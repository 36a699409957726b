//! A file as a resource: an upload, or one that came with a message. Both have one identifier, wherever they are shown.

use serde_json::{Value, json};
use switchboard_domain::carriage::Media;
use switchboard_domain::codes::Code;
use switchboard_domain::conversation::Conversation;
use switchboard_domain::decision::Decision;
use switchboard_domain::media::{MediaState, TEMPORARY, Upload, may_see, may_take_back};
use switchboard_domain::message::{Message, without_file};
use switchboard_domain::process::media::{looked_after, removals};
use switchboard_domain::sid::{ConversationSid, MediaSid, ServiceSid};
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_runtime::{Dependencies, Failure};
use switchboard_store::key;

use crate::holder;

/// What an identifier of a file leads to.
pub(crate) enum Found {
    /// A file that was uploaded, and perhaps a message shows it.
    Upload(Upload),
    /// A file that came with a message.
    OfMessage(Box<Message>, MediaSid, Media),
}

/// What is known of a file's content.
pub(crate) struct Described<'a> {
    pub(crate) sid: MediaSid,
    pub(crate) content_type: &'a str,
    pub(crate) size_bytes: Option<u64>,
    pub(crate) file_name: Option<&'a str>,
    pub(crate) state: MediaState,
}

impl Found {
    /// Whatever the identifier leads to, if it can be seen.
    pub(crate) async fn look(on: &Dependencies, sid: MediaSid) -> Result<Option<Self>, Failure> {
        let Some(of) = sid.message() else {
            let upload: Option<Upload> = on.store.get(key::upload(sid)).await?;
            return Ok(upload.filter(|upload| upload.is_there(on.now())).map(Self::Upload));
        };
        let message: Option<Message> = on.store.get(key::message(of)).await?;
        Ok(message.and_then(|message| {
            let file = message.file(sid)?.clone();
            Some(Self::OfMessage(Box::new(message), sid, file))
        }))
    }

    /// Whether the message that showed it shows it no more: its content goes before its record does.
    pub(crate) async fn is_going(&self, on: &Dependencies) -> Result<bool, Failure> {
        let (sid, message) = match self {
            Self::Upload(upload) => match upload.message {
                Some(message) => (upload.sid, message),
                None => return Ok(upload.is_going),
            },
            Self::OfMessage(message, sid, _) => (*sid, message.sid),
        };
        let message: Option<Message> = on.store.get(key::message(message)).await?;
        Ok(message.is_none_or(|message| message.media_gone.contains(&sid)))
    }

    /// The upload that it is, if it is one.
    fn upload(&self) -> Option<&Upload> {
        match self {
            Self::Upload(upload) => Some(upload),
            Self::OfMessage(..) => None,
        }
    }

    pub(crate) fn described(&self) -> Described<'_> {
        match self {
            Self::Upload(it) => Described {
                sid: it.sid,
                content_type: &it.content_type,
                size_bytes: Some(it.size_bytes),
                file_name: it.file_name.as_ref().map(|name| name.as_str()),
                state: MediaState::Kept,
            },
            Self::OfMessage(_, sid, file) => Described {
                sid: *sid,
                content_type: &file.content_type,
                size_bytes: file.size_bytes,
                file_name: file.file_name.as_ref().map(|name| name.as_str()),
                state: file.state,
            },
        }
    }
}

/// A file of the service that the caller may see: an upload is its own, one of a message is its conversation's.
pub(crate) async fn load(
    call: &Call<'_>,
    service: ServiceSid,
    sid: &str,
) -> Result<Found, ApiError> {
    let client = holder::client(call, service)?;
    let sid: MediaSid = call.sid(sid)?;
    let found = Found::look(call.on, sid).await?.ok_or(Code::NoSuchMedia)?;
    let shown_in = match (&found, &client) {
        (Found::OfMessage(message, ..), _) => conversation(call, message.conversation).await?,
        (Found::Upload(upload), Some(_)) => shown(call, upload).await?,
        (Found::Upload(_), None) => None,
    };
    let of = match (&found, &shown_in) {
        (Found::Upload(upload), _) => Some(upload.service),
        (Found::OfMessage(..), Some(conversation)) => Some(conversation.service),
        (Found::OfMessage(..), None) => None,
    };
    if of != Some(service) {
        return Err(Code::NoSuchMedia.into());
    }
    if let Some(client) = client {
        may_see(&client, found.upload(), shown_in.as_ref())?;
    }
    Ok(found)
}

async fn conversation(
    call: &Call<'_>,
    sid: Option<ConversationSid>,
) -> Result<Option<Conversation>, ApiError> {
    let Some(sid) = sid else { return Ok(None) };
    Ok(call.on.store.get(key::conversation(sid)).await?)
}

/// The conversation of the message that shows an upload.
async fn shown(call: &Call<'_>, upload: &Upload) -> Result<Option<Conversation>, ApiError> {
    let Some(message) = upload.message else { return Ok(None) };
    let message: Option<Message> = call.on.store.get(key::message(message)).await?;
    conversation(call, message.and_then(|message| message.conversation)).await
}

/// `GET /mcs/v1/Services/{IS}/Media/{ME}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let service = call.sid(service)?;
    let found = load(call, service, sid).await?;
    Ok(Reply::ok(render(call, service, &found)))
}

/// `GET …/Media/{ME}/Content`: leads to the temporary address.
pub(crate) async fn content(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let found = load(call, call.sid(service)?, sid).await?;
    let link = call.on.config.media_link();
    Ok(Reply::elsewhere(link.address(found.described().sid, call.now + TEMPORARY)))
}

/// `DELETE …/Media/{ME}`: an upload is taken back; a file of a message is taken off it.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let service: ServiceSid = call.sid(service)?;
    call.decide(async || {
        let found = load(call, service, sid).await?;
        if let Some(client) = holder::client(call, service)? {
            may_take_back(&client, found.upload())?;
        }
        let sid = found.described().sid;
        let message = match found {
            Found::Upload(upload) => match upload.message {
                None => return Ok(((), looked_after(upload.taken_back(call.now)?))),
                Some(message) => {
                    let message: Option<Message> = call.on.store.get(key::message(message)).await?;
                    message.ok_or(Code::NoSuchMedia)?
                }
            },
            Found::OfMessage(message, ..) => *message,
        };
        let after = without_file(&message, sid, call.now).ok_or(Code::NoSuchMedia)?;
        let removal = removals(&after);
        Ok::<_, ApiError>(((), Decision::put(after).asking(removal)))
    })
    .await?;
    Ok(Reply::gone())
}

/// The resource as the SDKs read it: what they do not read is as they would be told it.
pub(crate) fn render(call: &Call<'_>, service: ServiceSid, found: &Found) -> Value {
    let file = found.described();
    let url = call.url(&format!("v1/Services/{service}/Media/{}", file.sid));
    let (created, updated, author, category, message) = match found {
        Found::Upload(it) => {
            (it.created, it.updated, it.author.as_deref(), it.category.as_str(), it.message)
        }
        Found::OfMessage(it, ..) => (
            it.created,
            it.edited.unwrap_or(it.created),
            Some(it.author.as_str()),
            "media",
            Some(it.sid),
        ),
    };
    let channel = match found {
        Found::Upload(_) => None,
        Found::OfMessage(it, ..) => it.conversation,
    };
    let kept = file.state == MediaState::Kept;
    let address = || call.on.config.media_link().address(file.sid, call.now + TEMPORARY);
    json!({
        "sid": file.sid,
        "account_sid": call.on.config.account_sid,
        "service_sid": service,
        "channel_sid": channel,
        "message_sid": message,
        "author": author,
        "category": category,
        "content_type": file.content_type,
        "size": file.size_bytes,
        "filename": file.file_name,
        "state": file.state.name(),
        "error": file.state.failure().map(|failure| failure.reason()),
        "is_multipart_upstream": false,
        "date_created": created.iso(),
        "date_updated": updated.iso(),
        "date_upload_updated": updated.iso(),
        "links": {
            "content": format!("{url}/Content"),
            "content_direct_temporary": kept.then(address),
        },
        "url": url,
    })
}
