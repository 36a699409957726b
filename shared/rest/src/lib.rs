//! The conventions that all REST products share (rule R): one place, used by every operation.
//!
//! A product is one function: `handle(&Call) -> Answer`, a match over method and path. Everything around it
//! happens here: Basic auth, form bodies, error bodies, paging, ETags, request ids.

#![forbid(unsafe_code)]

mod auth;
mod bearer;
mod call;
pub mod fields;
mod guest;
mod page;
mod params;
mod reply;
pub mod settings;
pub mod template;
mod token;

use std::convert::Infallible;
use std::future::poll_fn;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::Poll;

use http::{HeaderValue, Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _, service_fn};
use serde_json::json;
use switchboard_runtime::deadline::{in_time, until};
use switchboard_runtime::{Dependencies, Error, Needs, end_of};

pub use auth::{Caller, known};
pub use bearer::{KEYS_TOKEN_TTL_S, token_for};
pub use call::{Call, Method, path_of};
pub use guest::{guest_of, guest_token};
pub use page::{
    Direction, LOOKED_AT_MAX, Order, PageRequest, Records, Source, Stretch, chained, filtered,
    ordered,
};
pub use params::Params;
pub use reply::{Answer, ApiError, Reply, body};

/// The longest body that a REST request may have, in bytes.
pub const BODY_BYTES_MAX: usize = 2 * 1024 * 1024;

/// An answer that is being made.
pub type Answering<'c> = Pin<Box<dyn Future<Output = Answer> + Send + 'c>>;

/// An operation's answer, in memory of its own. A function that chooses among many operations must not be async: it would
/// keep room on the stack for the answers of all of them while one is made, a megabyte in a debug build.
pub fn boxed<'c>(answer: impl Future<Output = Answer> + Send + 'c) -> Answering<'c> {
    Box::pin(answer)
}

/// Runs a function that answers requests: starts it as every function is, and hands it each request.
///
/// # Errors
/// If the environment does not say what it has to, or Lambda cannot be asked for the next request.
pub async fn run<F>(
    needs: Needs,
    handle: impl Fn(&'static Dependencies, Request) -> F,
) -> Result<(), Error>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send,
{
    run_on(switchboard_runtime::start(needs).await?, handle).await
}

/// The same of one that is started.
///
/// # Errors
/// If Lambda cannot be asked for the next request.
pub async fn run_on<F>(
    on: &'static Dependencies,
    handle: impl Fn(&'static Dependencies, Request) -> F,
) -> Result<(), Error>
where
    F: Future<Output = Result<Response<Body>, Infallible>> + Send,
{
    let handle = |request: Request| until(end_of(&request.lambda_context()), handle(on, request));
    lambda_http::run(service_fn(handle)).await
}

/// Whom a function lets in beside the account and its keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Door {
    /// Nobody.
    Keys,
    /// Whoever holds an access token.
    Holders,
    /// Everybody.
    Everybody,
}

/// Serves one product, the one function that answers all its operations: checks who is asking, reads the request, lets `product` answer, writes the answer. If the time of
/// the invocation is over before, the answer is 503.
pub async fn serve(
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Result<Response<Body>, Infallible> {
    serve_at(Door::Keys, on, request, product).await
}

/// The same of a product that holders of access tokens use as well: what they may do, it decides.
pub async fn serve_holders(
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Result<Response<Body>, Infallible> {
    serve_at(Door::Holders, on, request, product).await
}

/// The same of what everybody may ask for.
pub async fn serve_everybody(
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Result<Response<Body>, Infallible> {
    serve_at(Door::Everybody, on, request, product).await
}

async fn serve_at(
    door: Door,
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Result<Response<Body>, Infallible> {
    // In memory of its own: every layer around it would need as much of the stack again.
    let answer = in_time(Box::pin(unbroken(answer(door, on, request, product)))).await;
    let mut response = match answer.map_err(ApiError::from).flatten() {
        Ok(reply) => written(reply),
        Err(error) => refused(error),
    };
    let request_id = on.mint::<switchboard_domain::sid::RequestSid>().to_string();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("twilio-request-id", value);
    }
    Ok(response)
}

/// The answer, or 500 in place of a panic: the SDKs read errors of one shape. Where a panic ends the process, as on
/// Lambda, this does nothing, and the gateway answers in words of its own. A panic without words is none of ours: it ends the
/// invocation.
async fn unbroken(answer: impl Future<Output = Answer>) -> Answer {
    let mut answer = std::pin::pin!(answer);
    poll_fn(|context| {
        let polled = catch_unwind(AssertUnwindSafe(|| answer.as_mut().poll(context)));
        polled.unwrap_or_else(|panic| {
            let words = panic.downcast_ref::<String>().map(String::as_str);
            match words.or_else(|| panic.downcast_ref::<&str>().copied()) {
                Some(words) => Poll::Ready(Err(ApiError::broken(words))),
                None => resume_unwind(panic),
            }
        })
    })
    .await
}

async fn answer(
    door: Door,
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Answer {
    let caller = match door {
        Door::Everybody => Caller::Nobody,
        Door::Keys | Door::Holders => {
            Caller::of(on, request.headers(), door == Door::Holders).await?
        }
    };
    let call = Call::read(on, caller, request)?;
    call.caller.may(call.method.action(), &call.product, &call.path())?;
    if call.method == Method::Delete {
        call.nothing_else()?;
    }
    let reply = product(&call).await?;
    // A caller who narrows a list with what it does not know would take all records for those they meant.
    if call.method == Method::Get {
        call.nothing_else()?;
    }
    Ok(reply)
}

/// An error as every operation answers it, for what is served beside operations.
pub fn refused(error: ApiError) -> Response<Body> {
    error.log();
    written(error.into_reply())
}

fn written(reply: Reply) -> Response<Body> {
    let mut response = Response::new(match reply.body {
        Some(body) => Body::Text(body.to_string()),
        None => Body::Empty,
    });
    *response.status_mut() =
        StatusCode::from_u16(reply.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let headers = response.headers_mut();
    if reply.status != 204 {
        headers.insert("content-type", HeaderValue::from_static("application/json"));
    }
    if reply.status == 401 {
        headers.insert(
            "www-authenticate",
            HeaderValue::from_static("Basic realm=\"Switchboard API\""),
        );
    }
    if reply.is_secret {
        headers.insert("cache-control", HeaderValue::from_static("no-store"));
    }
    // Who comes too often can come again within a second.
    if matches!(reply.status, 429 | 503) {
        headers.insert("retry-after", HeaderValue::from_static("1"));
    }
    if let Some(etag) = reply.etag.and_then(|tag| HeaderValue::from_str(&tag.to_string()).ok()) {
        headers.insert("etag", etag);
    }
    if let Some(location) = reply.location.and_then(|url| HeaderValue::from_str(&url).ok()) {
        headers.insert("location", location);
    }
    response
}

/// The body of an error as the SDKs expect it: exactly these four members (rule R.2).
fn error_body(status: u16, code: u32, message: &str) -> serde_json::Value {
    json!({
        "code": code,
        "message": message,
        "more_info": format!("https://www.twilio.com/docs/errors/{code}"),
        "status": status,
    })
}
