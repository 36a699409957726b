//! Serves files: what clients upload for messages, what messages show, and the content of both.
//!
//! Woken by: HTTP. Writes: upload, message. Asks for: `media-copy`, which looks after what finds no message and removes what
//! is taken away.
//!
//! Whoever holds an access token uploads as themselves, and sees what is shown to them.
//!
//! An upload's body is the file itself, or a form with the file in it; the SDKs send the one from Node and the other from a
//! browser. Its content is read by a temporary address, which needs no password and is good for five minutes (rule B.3).
//! What is too large to be passed through a function leads on to an address of the bucket's own.
#![forbid(unsafe_code)]
#![recursion_limit = "256"]

mod body;
mod content;
mod file;
mod holder;
mod set;
mod upload;

use std::convert::Infallible;
use std::sync::Arc;

use http::Response;
use lambda_http::{Body, Request};
use switchboard_caller::OnUse;
use switchboard_media::Bucket;
use switchboard_rest::{Answer, Call, Method};
use switchboard_runtime::{Dependencies, Needs, Patience};

use crate::body::Attachment;

/// What it is started with. A client waits, and may ask again.
pub const NEEDS: Needs = Needs {
    patience: Patience::CLIENT,
    variables: &[
        "TABLE_CONVERSATIONS",
        "TABLE_CONFIGURATION",
        "QUEUE_MEDIA",
        "MEDIA_BUCKET",
        "AUTH_TOKEN",
        "PUBLIC_URL",
        "MEDIA_SCAN_URL",
        "SECRETS_KEY",
    ],
};

/// What it works with.
#[derive(Debug, Clone)]
pub struct Tools {
    /// Who asks the scanner, if there is one.
    pub caller: OnUse,
    /// Where content is kept.
    pub bucket: Bucket,
}

/// Serves one request: content by its temporary address, everything else as a REST product.
pub async fn handle(
    on: &Dependencies,
    tools: &Tools,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    if let Some(asked) = content::Asked::of(&request) {
        return Ok(content::answer(on, &tools.bucket, asked).await);
    }
    let (request, attachment) = Attachment::taken(request).await;
    let (tools, attachment) = (tools.clone(), Arc::new(attachment));
    switchboard_rest::serve_holders(on, request, move |call| {
        let (tools, attachment) = (tools.clone(), Arc::clone(&attachment));
        Box::pin(async move { route(call, &tools, &attachment).await })
    })
    .await
}

async fn route(call: &Call<'_>, tools: &Tools, attachment: &Attachment) -> Answer {
    use Method::{Delete, Get, Post};
    match (call.product.as_str(), call.path().as_slice()) {
        ("mcs", ["v1", "Services", service, "Media", rest @ ..]) => match (call.method, rest) {
            (Post, []) => upload::create(call, tools, service, attachment).await,
            (Get, [sid]) => file::fetch(call, service, sid).await,
            (Delete, [sid]) => file::remove(call, service, sid).await,
            (Get, [sid, "Content"]) => file::content(call, service, sid).await,
            _ => call.no_such_operation(),
        },
        ("mcs", ["v1", "Services", service, "MediaSet"]) if call.method == Post => {
            set::get(call, service).await
        }
        _ => call.no_such_operation(),
    }
}
