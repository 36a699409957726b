//! Uploads: the record first, then the content, then the record says that it is kept. Whatever is cut off in between is
//! found by the record, which somebody looks after from the beginning.

use std::time::Duration;

use switchboard_domain::codes::Code;
use switchboard_domain::configuration::ConversationConfiguration;
use switchboard_domain::conversation::{Service, User, default_service_sid};
use switchboard_domain::decision::Decision;
use switchboard_domain::media::{
    FILE_NAME_CHARS_MAX, PASSED_BYTES_MAX, Scanned, Upload, may_upload, scanned,
};
use switchboard_domain::private::Private;
use switchboard_domain::process::media::looked_after;
use switchboard_domain::refusal::Refusal;
use switchboard_domain::sid::ServiceSid;
use switchboard_domain::version::Version;
use switchboard_media::Object;
use switchboard_rest::fields::invalid;
use switchboard_rest::{Answer, ApiError, Call, Reply};
use switchboard_store::{key, take};

use crate::Tools;
use crate::body::Attachment;
use crate::file::{Found, render};
use crate::holder;

/// How long the scanner may take.
const SCANNED_WITHIN: Duration = Duration::from_secs(10);
/// What uploads are for, in the words of the SDKs.
const CATEGORIES: [&str; 3] = ["media", "body", "history"];
/// The longest name of an author, in characters.
const AUTHOR_CHARS_MAX: usize = 512;

/// `POST /mcs/v1/Services/{IS}/Media`: the file is the body; `Category` and `Filename` are in the query.
pub(crate) async fn create(
    call: &Call<'_>,
    tools: &Tools,
    service: &str,
    attachment: &Attachment,
) -> Answer {
    let (service, author) = admitted(call, service).await?;
    let (upload, object) = read(call, service, author, attachment)?;
    call.nothing_else()?;
    scan(call, tools, &object).await?;
    call.decide(async || Ok::<_, ApiError>(((), looked_after(upload.clone())))).await?;
    tools.bucket.store(upload.sid, object).await?;
    let kept = call
        .decide(async || {
            let begun: Option<Upload> = call.on.store.get(key::upload(upload.sid)).await?;
            let kept = begun.ok_or(Refusal::NoSuchMedia)?.stored(call.on.now())?;
            Ok::<_, ApiError>((kept.clone(), Decision::put(kept)))
        })
        .await?;
    Ok(Reply::created(render(call, service, &Found::Upload(kept))))
}

/// The service, which exists, and whose file it is: a client's is their own. The account's first service exists before it is
/// ever used.
async fn admitted(
    call: &Call<'_>,
    service: &str,
) -> Result<(ServiceSid, Option<String>), ApiError> {
    let sid: ServiceSid = call.sid(service)?;
    let client = holder::client(call, sid)?;
    let author = call.query.given("Author");
    if author.is_some_and(|author| author.chars().count() > AUTHOR_CHARS_MAX) {
        return Err(Code::AuthorTooLong.into());
    }
    let (at, settings_at) = (key::service(sid), key::conversation_configuration());
    let mut keys = vec![at.clone(), settings_at.clone()];
    let user_at = client.as_ref().map(|client| key::user(User::sid_of(sid, &client.identity)));
    keys.extend(user_at.clone());
    let mut found = call.on.store.get_all(&keys).await?;
    if let (Some(client), Some(user_at)) = (&client, &user_at) {
        let user: Option<User> = take(&mut found, user_at);
        may_upload(client, user.as_ref(), author)?;
    }
    let settings: Option<ConversationConfiguration> = take(&mut found, &settings_at);
    let is_default = sid == default_service_sid(call.on.config.account_sid)
        || settings.is_some_and(|settings| settings.default_service == Some(sid));
    match take::<Service>(&mut found, &at).is_some() || is_default {
        true => Ok((sid, client.map(|it| it.identity).or_else(|| author.map(str::to_owned)))),
        false => Err(call.not_found()),
    }
}

fn read(
    call: &Call<'_>,
    service: ServiceSid,
    author: Option<String>,
    attachment: &Attachment,
) -> Result<(Upload, Object), ApiError> {
    let (content_type, named, content) = match attachment {
        Attachment::File { content_type, file_name, content } => (content_type, file_name, content),
        Attachment::None => return Err(ApiError::bad("The body has to be the file: it is empty")),
        Attachment::Unreadable => {
            return Err(ApiError::bad("The body is a form of parts, and none of them is a file"));
        }
        Attachment::Several => {
            return Err(ApiError::bad("The body is a form with more files than one"));
        }
        Attachment::TooLarge => {
            let why = format!("{PASSED_BYTES_MAX} bytes are the most");
            return Err(ApiError::because(Code::MediaTooLarge, why));
        }
    };
    if content.is_empty() {
        return Err(ApiError::bad("The body has to be the file: it is empty"));
    }
    let content_type = content_type.trim();
    if !is_media_type(content_type) {
        return Err(ApiError::because(Code::InvalidMediaType, "it is to be like image/png"));
    }
    let file_name = call.query.given("Filename").or(named.as_deref());
    if file_name.is_some_and(|name| name.chars().count() > FILE_NAME_CHARS_MAX) {
        return Err(invalid("Filename", "must have at most 255 characters"));
    }
    let category = call.query.given("Category").unwrap_or(CATEGORIES[0]);
    if !CATEGORIES.contains(&category) {
        return Err(invalid("Category", "must be media, body or history"));
    }
    let upload = Upload {
        sid: call.on.mint(),
        service,
        content_type: content_type.to_owned(),
        size_bytes: content.len() as u64,
        file_name: file_name.map(Private::from),
        category: category.to_owned(),
        author,
        is_kept: false,
        message: None,
        is_going: false,
        created: call.now,
        updated: call.now,
        version: Version::NEW,
    };
    Ok((upload, Object { content_type: content_type.to_owned(), content: content.clone() }))
}

/// `type/subtype`, perhaps with parameters, in characters that a header may have.
fn is_media_type(text: &str) -> bool {
    let is_token = |part: &str| {
        let is_part = |it: u8| it.is_ascii_alphanumeric() || b"!#$&-^_.+".contains(&it);
        !part.is_empty() && part.bytes().all(is_part)
    };
    let kind = text.split(';').next().unwrap_or_default().trim();
    let is_kind = kind.split_once('/').is_some_and(|(kind, sub)| is_token(kind) && is_token(sub));
    is_kind && text.len() <= 255 && text.bytes().all(|it| (b' '..=b'~').contains(&it))
}

/// Refuses what the scanner refuses; without an answer of it nothing is kept.
async fn scan(call: &Call<'_>, tools: &Tools, object: &Object) -> Result<(), ApiError> {
    let Some(url) = &call.on.config.media_scan_url else { return Ok(()) };
    let caller = tools.caller.get().ok_or(Code::Unavailable)?;
    let content = object.content.clone();
    let called = caller.scan(url, &object.content_type, content, SCANNED_WITHIN).await;
    match scanned(called.status()) {
        Scanned::Clean => Ok(()),
        Scanned::Refused => {
            Err(ApiError::because(Code::InvalidMediaType, "the scanner refuses the file"))
        }
        Scanned::Unknown => {
            tracing::warn!("the scanner {called}");
            Err(Code::Unavailable.into())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_media_type_is_one() {
        for right in ["image/png", "image/svg+xml", "text/plain; charset=utf-8", "a/b"] {
            assert!(is_media_type(right), "{right}");
        }
        for wrong in ["", "png", "/", "image/", "image/png\r\nX: y", "ima ge/png", "é/b"] {
            assert!(!is_media_type(wrong), "{wrong}");
        }
    }
}
