//! Webchat, server side (rule G): chats that the account opens, and chats that pages open by a deployment key.
//!
//! What pages ask for is asked without the account's password, from browsers: they are answered with the headers that let the
//! page read the answer (CORS), and only where the deployment key names the origin of the page. Nothing is written before.

pub(crate) mod ending;
mod guest;
pub(crate) mod keys;
pub(crate) mod opening;
pub(crate) mod pages;
pub(crate) mod transcript;

use std::convert::Infallible;

use http::header::{
    ACCESS_CONTROL_ALLOW_HEADERS, ACCESS_CONTROL_ALLOW_METHODS, ACCESS_CONTROL_ALLOW_ORIGIN,
    ACCESS_CONTROL_MAX_AGE, CONTENT_TYPE, ORIGIN, VARY,
};
use http::{HeaderValue, Method, Response, StatusCode};
use lambda_http::{Body, Request};
use switchboard_rest::{Answer, Call, path_of, serve_everybody};
use switchboard_runtime::Dependencies;

/// Headers that a page may send.
const HEADERS: &str = "Content-Type, Ui-Version";
/// How long a browser may keep what it was told about a path, in seconds.
const MAX_AGE: &str = "600";

/// Whether a request is one of those that pages make.
pub(crate) fn is_from_page(request: &Request) -> bool {
    let path = path_of(request);
    let mut segments = path.split('/').filter(|segment| !segment.is_empty());
    segments.next() == Some("flex-api")
        && segments.next() == Some("v2")
        && segments.next() == Some("Webchat")
}

/// Serves a page. A browser that asks what it may do first is told; whether it may then depends on the deployment key, which it
/// only names when it does it.
pub(crate) async fn serve(
    on: &Dependencies,
    request: Request,
) -> Result<Response<Body>, Infallible> {
    let origin = request.headers().get(ORIGIN).cloned();
    let mut response = match *request.method() {
        Method::OPTIONS => asked_first(),
        _ => as_text(serve_everybody(on, request, |call| Box::pin(pages::route(call))).await?),
    };
    let headers = response.headers_mut();
    headers.insert(VARY, HeaderValue::from_static("Origin"));
    if let Some(origin) = origin {
        headers.insert(ACCESS_CONTROL_ALLOW_ORIGIN, origin);
    }
    Ok(response)
}

fn asked_first() -> Response<Body> {
    let mut response = Response::new(Body::Empty);
    *response.status_mut() = StatusCode::NO_CONTENT;
    let headers = response.headers_mut();
    headers.insert(ACCESS_CONTROL_ALLOW_METHODS, HeaderValue::from_static("POST, OPTIONS"));
    headers.insert(ACCESS_CONTROL_ALLOW_HEADERS, HeaderValue::from_static(HEADERS));
    headers.insert(ACCESS_CONTROL_MAX_AGE, HeaderValue::from_static(MAX_AGE));
    response
}

/// A transcript that was asked for as text is an answer with one member, its text.
pub(crate) fn as_text(response: Response<Body>) -> Response<Body> {
    let Body::Text(body) = response.body() else { return response };
    let told: Option<transcript::Told> = serde_json::from_str(body).ok();
    let Some(told) = told else { return response };
    let mut response = response.map(|_| Body::Text(told.transcript));
    let kind = HeaderValue::from_static("text/plain; charset=utf-8");
    response.headers_mut().insert(CONTENT_TYPE, kind);
    response
}

/// What the account asks for.
pub(crate) async fn route(call: &Call<'_>, path: &[&str]) -> Answer {
    use switchboard_rest::Method;
    match (call.method, path) {
        (Method::Post, ["WebChats"]) => opening::by_account(call).await,
        (Method::Get, ["WebChats", ch, "Transcript"]) => transcript::by_account(call, ch).await,
        (Method::Get, ["DeploymentKeys"]) => keys::list(call).await,
        (Method::Post, ["DeploymentKeys"]) => keys::create(call).await,
        (Method::Get, ["DeploymentKeys", cv]) => keys::fetch(call, cv).await,
        (Method::Post, ["DeploymentKeys", cv]) => keys::update(call, cv).await,
        (Method::Delete, ["DeploymentKeys", cv]) => keys::remove(call, cv).await,
        _ => call.no_such_operation(),
    }
}
