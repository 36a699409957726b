//! The content of files, by temporary addresses: whoever has one needs nothing else, and it is good for a while.

use std::time::Duration;

use form_urlencoded::parse;
use http::header::{
    CACHE_CONTROL, CONTENT_DISPOSITION, CONTENT_SECURITY_POLICY, CONTENT_TYPE, LOCATION,
    X_CONTENT_TYPE_OPTIONS,
};
use http::{HeaderValue, Method, Response, StatusCode};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt as _};
use switchboard_domain::codes::Code;
use switchboard_domain::media::{MediaState, PASSED_BYTES_MAX};
use switchboard_domain::private::Private;
use switchboard_domain::sid::MediaSid;
use switchboard_media::{Bucket, Object, named_disposition};
use switchboard_rest::ApiError;
use switchboard_runtime::deadline::in_time;
use switchboard_runtime::route::below_stage;
use switchboard_runtime::{Dependencies, Failure};

use crate::file::{Described, Found};

/// How long an address of the bucket's own is good: it is followed at once.
const FOLLOWED_WITHIN: Duration = Duration::from_secs(60);

/// A file that is asked for by its address.
pub(crate) struct Asked {
    media: Option<MediaSid>,
    expires: String,
    signature: String,
    is_head: bool,
}

impl Asked {
    /// What a request asks for, if it is one for content.
    pub(crate) fn of(request: &Request) -> Option<Self> {
        let is_head = request.method() == Method::HEAD;
        if request.method() != Method::GET && !is_head {
            return None;
        }
        let raw_path = request.raw_http_path();
        let stage = match request.request_context_ref() {
            Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
            _ => None,
        };
        let media =
            below_stage(raw_path, stage).trim_matches('/').strip_prefix("media/v1/Content/")?;
        let query = request.uri().query().unwrap_or_default();
        let value = |name: &str| {
            let found = parse(query.as_bytes()).find(|(of, _)| of == name);
            found.map(|(_, value)| value.into_owned()).unwrap_or_default()
        };
        Some(Self {
            media: media.parse().ok(),
            expires: value("Expires"),
            signature: value("Signature"),
            is_head,
        })
    }
}

/// Answers the content, or why there is none.
pub(crate) async fn answer(on: &Dependencies, bucket: &Bucket, asked: Asked) -> Response<Body> {
    let is_head = asked.is_head;
    let answered = in_time(answered(on, bucket, asked)).await;
    let mut response = match answered.flatten() {
        Ok(response) => response,
        Err(failure) => {
            tracing::warn!(kind = failure.name(), "content: {failure}");
            refused(Code::Unavailable, "ask again in a moment")
        }
    };
    if is_head {
        *response.body_mut() = Body::Empty;
    }
    response
}

async fn answered(
    on: &Dependencies,
    bucket: &Bucket,
    asked: Asked,
) -> Result<Response<Body>, Failure> {
    let Some(media) = asked.media else {
        return Ok(refused(Code::NoSuchMedia, "that is no identifier of a file"));
    };
    let link = on.config.media_link();
    if let Err(wrong) = link.check(media, &asked.expires, &asked.signature, on.now()) {
        return Ok(forbidden(&wrong.to_string()));
    }
    let Some(found) = Found::look(on, media).await? else {
        return Ok(refused(Code::NoSuchMedia, "it was removed"));
    };
    let file = found.described();
    match file.state {
        MediaState::Waiting => return Ok(refused(Code::Unavailable, "the file is being fetched")),
        MediaState::Failed(failure) => return Ok(refused(Code::NoSuchMedia, failure.reason())),
        MediaState::Kept => {}
    }
    let is_large = file.size_bytes.is_some_and(|size| size > PASSED_BYTES_MAX as u64);
    if is_large && !on.config.media_whole {
        let address = bucket.address(media, file.content_type, FOLLOWED_WITHIN).await?;
        return Ok(elsewhere(&address));
    }
    match bucket.get(media).await? {
        Some(object) => Ok(whole(&file, object)),
        None if found.is_going(on).await? => Ok(refused(Code::NoSuchMedia, "it was removed")),
        None => {
            let lost = format!("the content of {media} is not in the bucket");
            tracing::error!(kind = "Defect", "{lost}");
            Ok(refused(Code::NoSuchMedia, "its content is lost"))
        }
    }
}

/// The file. A browser must not take it for anything else than it is said to be, nor run what is in it.
fn whole(file: &Described<'_>, object: Object) -> Response<Body> {
    let name = file.file_name.map(Private::from);
    let mut response = Response::new(Body::Binary(object.content.to_vec()));
    let headers = response.headers_mut();
    let texts = [
        (CONTENT_TYPE, file.content_type.to_owned()),
        (CONTENT_DISPOSITION, named_disposition(file.content_type, name.as_ref())),
    ];
    for (header, text) in texts {
        if let Ok(value) = HeaderValue::from_str(&text) {
            headers.insert(header, value);
        }
    }
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    headers
        .insert(CONTENT_SECURITY_POLICY, HeaderValue::from_static("sandbox; default-src 'none'"));
    headers.insert(CACHE_CONTROL, HeaderValue::from_static("private, max-age=300"));
    response
}

fn elsewhere(address: &str) -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::FOUND;
    if let Ok(value) = HeaderValue::from_str(address) {
        response.headers_mut().insert(LOCATION, value);
    }
    response
}

fn refused(code: Code, why: &str) -> Response<Body> {
    switchboard_rest::refused(ApiError::because(code, why))
}

fn forbidden(why: &str) -> Response<Body> {
    let mut error = ApiError::saying(Code::NoSuchMedia, why);
    error.status = 403;
    switchboard_rest::refused(error)
}
