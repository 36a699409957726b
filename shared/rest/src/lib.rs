//! The conventions that all REST products share (rule R): one place, used by every operation.
//!
//! A product is one function: `handle(&Call) -> Answer`, a match over method and path. Everything around it
//! happens here: Basic auth, form bodies, error bodies, paging, ETags, request ids.

#![forbid(unsafe_code)]

mod auth;
mod call;
pub mod fields;
mod page;
mod params;
mod reply;
pub mod settings;

use std::convert::Infallible;
use std::pin::Pin;

use http::{HeaderValue, Response, StatusCode};
use lambda_http::{Body, Request, RequestExt as _, service_fn};
use serde_json::json;
use switchboard_runtime::deadline::{in_time, until};
use switchboard_runtime::{Dependencies, Error, Needs, end_of};

pub use call::{Call, Method};
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

/// Serves one product, the one function that answers all its operations: checks who is asking, reads the request, lets `product` answer, writes the answer. If the time of
/// the invocation is over before, the answer is 503.
pub async fn serve(
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Result<Response<Body>, Infallible> {
    let answer = in_time(answer(on, request, product)).await;
    let mut response = match answer.map_err(ApiError::from).flatten() {
        Ok(reply) => written(reply),
        Err(error) => {
            error.log();
            written(error.into_reply())
        }
    };
    let request_id = on.mint::<switchboard_domain::sid::RequestSid>().to_string();
    if let Ok(value) = HeaderValue::from_str(&request_id) {
        response.headers_mut().insert("twilio-request-id", value);
    }
    Ok(response)
}

async fn answer(
    on: &Dependencies,
    request: Request,
    product: impl for<'c> Fn(&'c Call<'c>) -> Answering<'c> + Sync,
) -> Answer {
    auth::check(on, request.headers()).await?;
    let call = Call::read(on, request)?;
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
    if reply.status == 503 {
        headers.insert("retry-after", HeaderValue::from_static("1"));
    }
    if let Some(etag) = reply.etag.and_then(|tag| HeaderValue::from_str(&tag.to_string()).ok()) {
        headers.insert("etag", etag);
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
