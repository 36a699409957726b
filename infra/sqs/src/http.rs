//! A small HTTP listener over the shared handle, for clients outside the process.

use std::convert::Infallible;
use std::io;

use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Method, Request, StatusCode, header};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;

use crate::server::{Response, Sqs};

/// A message of 1 MiB with every character escaped still fits.
const BODY_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Serves SQS's JSON protocol on a listener until it is dropped.
///
/// # Errors
/// Returns why the listener can take no more connections.
pub async fn serve(listener: TcpListener, sqs: Sqs) -> io::Result<()> {
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let sqs = sqs.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| answer(sqs.clone(), request));
            // A client that goes away in the middle is its own affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn answer(
    sqs: Sqs,
    request: Request<Incoming>,
) -> Result<hyper::Response<Full<Bytes>>, Infallible> {
    if request.method() != Method::POST {
        return Ok(plain(StatusCode::METHOD_NOT_ALLOWED, "SQS takes POST requests."));
    }
    let target = request
        .headers()
        .get("x-amz-target")
        .and_then(|value| value.to_str().ok())
        .unwrap_or_default()
        .to_owned();
    match Limited::new(request.into_body(), BODY_BYTES_MAX).collect().await {
        Ok(body) => Ok(write(sqs.call(&target, &body.to_bytes()).await)),
        Err(_) => Ok(plain(StatusCode::PAYLOAD_TOO_LARGE, "The request is too large.")),
    }
}

fn write(response: Response) -> hyper::Response<Full<Bytes>> {
    let mut builder = hyper::Response::builder().status(response.status);
    for (name, value) in response.headers {
        builder = builder.header(name, value);
    }
    builder
        .body(Full::new(response.body.into()))
        .unwrap_or_else(|_| plain(StatusCode::INTERNAL_SERVER_ERROR, "No answer could be written."))
}

fn plain(status: StatusCode, text: &'static str) -> hyper::Response<Full<Bytes>> {
    let mut response = hyper::Response::new(Full::new(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    let kind = header::HeaderValue::from_static("text/plain");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
