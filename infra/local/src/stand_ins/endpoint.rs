//! A customer's endpoint on loopback, for webhooks to be called: it counts, and answers as it is told.

use std::convert::Infallible;
use std::sync::Arc;
use std::sync::atomic::{AtomicU16, AtomicUsize, Ordering};

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Empty, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response, StatusCode};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

/// Longest call that is read.
const CALL_BYTES_MAX: usize = 1024 * 1024;

#[derive(Debug)]
struct Shared {
    status: AtomicU16,
    calls: AtomicUsize,
}

/// The endpoint; it is gone when it is dropped.
#[derive(Debug)]
pub(crate) struct Endpoint {
    url: String,
    shared: Arc<Shared>,
    server: JoinHandle<()>,
}

impl Endpoint {
    /// Opens it on a free port; it answers 200 until it is told otherwise.
    pub(crate) async fn open() -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await?;
        let url = format!("http://{}", listener.local_addr()?);
        let shared = Arc::new(Shared { status: AtomicU16::new(200), calls: AtomicUsize::new(0) });
        let server = tokio::spawn(listen(listener, Arc::clone(&shared)));
        Ok(Self { url, shared, server })
    }

    pub(crate) fn url(&self) -> &str {
        &self.url
    }

    pub(crate) fn answer(&self, status: u16) {
        self.shared.status.store(status, Ordering::SeqCst);
    }

    pub(crate) fn calls(&self) -> usize {
        self.shared.calls.load(Ordering::SeqCst)
    }
}

impl Drop for Endpoint {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn listen(listener: TcpListener, shared: Arc<Shared>) {
    while let Ok((stream, _)) = listener.accept().await {
        let shared = Arc::clone(&shared);
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let shared = Arc::clone(&shared);
                async move { Ok::<_, Infallible>(serve(&shared, request).await) }
            });
            // Who called and went away is of no interest.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn serve(shared: &Shared, request: Request<Incoming>) -> Response<Empty<Bytes>> {
    // Read to its end, so that the connection can be used again; the content is of no interest.
    let _ = Limited::new(request.into_body(), CALL_BYTES_MAX).collect().await;
    shared.calls.fetch_add(1, Ordering::SeqCst);
    let status = StatusCode::from_u16(shared.status.load(Ordering::SeqCst));
    let mut response = Response::new(Empty::new());
    *response.status_mut() = status.unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    response
}
