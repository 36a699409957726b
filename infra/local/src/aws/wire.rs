//! Tables and queues on a port, for clients outside of this process: conformance probes, a look with the AWS command line,
//! a function that runs in a process of its own. It is the code that the functions' own requests go through.

use std::collections::BTreeMap;
use std::convert::Infallible;
use std::sync::Arc;
use std::time::Duration;

use anyhow::Result;
use bytes::Bytes;
use http_body_util::{BodyExt, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;

use crate::aws::answer::Answer;
use crate::aws::dynamo::{Opening, Tables};
use crate::aws::objects;
use crate::aws::options::Road;
use crate::aws::template::Template;

/// A transaction may bring 4 MB, a batch 16.
const BODY_BYTES_MAX: usize = 32 * 1024 * 1024;
/// How often expired items are looked for.
const SWEEP: Duration = Duration::from_secs(1);

/// Serves DynamoDB's JSON protocol over tables in memory, of which there are none at first.
///
/// # Errors
/// Returns why the listener can take no more connections.
pub async fn serve_tables(listener: TcpListener) -> Result<()> {
    let none = Template {
        functions: BTreeMap::new(),
        queues: Vec::new(),
        tables: Vec::new(),
        routes: Vec::new(),
    };
    let (template, road, meter) = (&none, Road::Sdk, Arc::default());
    let tables =
        Tables::open(Opening { file: None, clock: None, template, stack: "", road, meter })?;
    let sweeping = tables.clone();
    tokio::spawn(async move {
        loop {
            tokio::time::sleep(SWEEP).await;
            if let Err(error) = sweeping.sweep() {
                tracing::warn!("cannot sweep the tables: {error:#}");
            }
        }
    });
    serve(listener, move |asked| {
        let tables = tables.clone();
        async move { tables.answer("outside", &asked.operation, &asked.body).await }
    })
    .await
}

/// What somebody outside asks.
pub(super) struct Asked {
    /// The service, by the first half of the target: `AmazonSQS`.
    pub(super) service: String,
    pub(super) operation: String,
    pub(super) bytes: Bytes,
    /// The document; of a request that names no service, which is one to a bucket, there is none.
    pub(super) body: Value,
    /// The same request as a bucket reads it.
    pub(super) object: objects::Asked,
}

/// Answers every request that comes by a listener.
///
/// # Errors
/// Returns why the listener can take no more connections.
pub(super) async fn serve<F>(
    listener: TcpListener,
    answer: impl Fn(Asked) -> F + Clone + Send + Sync + 'static,
) -> Result<()>
where
    F: Future<Output = Answer> + Send + 'static,
{
    loop {
        let (stream, _) = listener.accept().await?;
        stream.set_nodelay(true)?;
        let answer = answer.clone();
        tokio::spawn(async move {
            let service = service_fn(move |request| {
                let answer = answer.clone();
                async move {
                    let answered = match read(request).await {
                        Ok(asked) => answer(asked).await,
                        Err(refusal) => refusal,
                    };
                    Ok::<_, Infallible>(write(answered))
                }
            });
            // A client that goes away in the middle is its own affair.
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), service).await;
        });
    }
}

async fn read(request: Request<Incoming>) -> Result<Asked, Answer> {
    let target = request.headers().get("x-amz-target").and_then(|it| it.to_str().ok());
    let (service, operation) = target.and_then(|it| it.split_once('.')).unwrap_or_default();
    let (service, operation) = (service.to_owned(), operation.to_owned());
    let (head, body) = request.into_parts();
    let body = Limited::new(body, BODY_BYTES_MAX).collect().await;
    let bytes = body.map_err(|_| Answer::new(413, "The request is too large."))?.to_bytes();
    let body = match service.is_empty() {
        true => Value::Null,
        false => serde_json::from_slice(&bytes).map_err(|_| Answer::not_json())?,
    };
    let path = head.uri.path_and_query().map_or("/", |path| path.as_str());
    let object = objects::Asked::read(head.method, path, head.headers, bytes.clone());
    Ok(Asked { service, operation, bytes, body, object })
}

fn write(answer: Answer) -> Response<Full<Bytes>> {
    let mut builder = Response::builder().status(answer.status);
    for (name, value) in answer.headers {
        builder = builder.header(name, value);
    }
    builder.body(Full::new(answer.body.into())).unwrap_or_default()
}
