//! A stub of the carrier on loopback: it takes what we send over real HTTP, and posts signed receipts back,
//! so that replies really leave through the carrier's protocol and receipts really return.
//!
//! What is said on the wire is the carrier crate's; here are only the server, the delays between receipts,
//! and the ways in which a carrier can misbehave.

#[cfg(test)]
mod tests;

use std::convert::Infallible;
use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use anyhow::{Context, Result};
use bytes::Bytes;
use http::{HeaderMap, Method, StatusCode, header};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use serde_json::{Value, json};
use switchboard_carriers::twilio::{Connection, stub};
use switchboard_domain::sid::{AccountSid, Sid as _, SmsSid};
use switchboard_runtime::dependencies::{Clock, system_time};
use tokio::net::TcpListener;
use tokio::sync::{Notify, watch};
use tokio::task::JoinSet;

use crate::lock::lock;

/// Longest request that is read.
const REQUEST_BYTES_MAX: usize = 64 * 1024;
/// How long a receipt may take.
const RECEIPT_TIMEOUT: Duration = Duration::from_secs(10);

/// What the carrier does with the messages that it is handed from now on.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Behaviour {
    /// Takes them and reports on them.
    #[default]
    Accept,
    /// Fails with status 503 and takes nothing.
    Down,
    /// Has too many requests, says when to come again in seconds, and takes nothing.
    Busy(u32),
    /// Refuses them with this error code.
    Reject(u32),
    /// Takes them and neither answers nor reports: only its list of messages shows them.
    AcceptThenSilence,
    /// Takes nothing and does not answer.
    Silence,
    /// Takes them and makes each report twice.
    DuplicateReceipts,
    /// Takes them and reports the last status first.
    ReversedReceipts,
    /// Takes them and reports, with this error code, that they did not arrive.
    Undelivered(u32),
    /// Takes them and never reports.
    NoReceipts,
}

/// How long the carrier waits before each report.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Pace {
    /// Before `sent`, after the answer.
    pub sent: Duration,
    /// Before `delivered` or `undelivered`, after `sent`.
    pub delivered: Duration,
    /// Before `read`, after `delivered`; on channels that report it.
    pub read: Duration,
}

impl Default for Pace {
    fn default() -> Self {
        Self {
            sent: Duration::from_millis(20),
            delivered: Duration::from_millis(120),
            read: Duration::from_millis(400),
        }
    }
}

/// One report that the carrier made, or could not make.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Receipt {
    /// The carrier's identifier of the message.
    pub message: String,
    /// The status that was reported.
    pub status: String,
    /// What was answered; none if nobody answered.
    pub answer: Option<u16>,
}

/// The carrier; it stops when it is dropped.
#[derive(Debug)]
pub struct StubCarrier {
    address: SocketAddr,
    carrier: Arc<Carrier>,
    stopping: watch::Sender<bool>,
}

struct Carrier {
    connection: Connection,
    pace: Pace,
    clock: Clock,
    client: reqwest::Client,
    state: Mutex<State>,
    news: Notify,
    stopping: watch::Receiver<bool>,
}

#[derive(Debug, Default)]
struct State {
    behaviour: Behaviour,
    messages: Vec<stub::Message>,
    receipts: Vec<Receipt>,
}

impl fmt::Debug for Carrier {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.debug_struct("Carrier").field("pace", &self.pace).finish_non_exhaustive()
    }
}

impl StubCarrier {
    /// Starts a carrier on a free port of loopback, at the usual pace.
    pub async fn start(account_sid: AccountSid, auth_token: &str) -> Result<Self> {
        Self::start_with(account_sid, auth_token, Pace::default(), Arc::new(system_time)).await
    }

    /// Starts a carrier with a pace and a clock of one's own.
    pub async fn start_with(
        account_sid: AccountSid,
        auth_token: &str,
        pace: Pace,
        clock: Clock,
    ) -> Result<Self> {
        let listener = TcpListener::bind("127.0.0.1:0").await.context("the stub carrier's port")?;
        let address = listener.local_addr()?;
        let (stopping, stopped) = watch::channel(false);
        let client = reqwest::Client::builder()
            .timeout(RECEIPT_TIMEOUT)
            .redirect(reqwest::redirect::Policy::none())
            .no_proxy()
            .build()?;
        let carrier = Arc::new(Carrier {
            connection: Connection {
                account_sid,
                auth_token: auth_token.into(),
                secondary_auth_token: None,
                base_url: format!("http://{address}"),
                status_callback_url: None,
            },
            pace,
            clock,
            client,
            state: Mutex::default(),
            news: Notify::new(),
            stopping: stopped,
        });
        tokio::spawn(listen(listener, Arc::clone(&carrier)));
        Ok(Self { address, carrier, stopping })
    }

    /// The origin of its API.
    pub fn base_url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// The messages that it took, in order, as they stand now.
    pub fn sent(&self) -> Vec<stub::Message> {
        lock(&self.carrier.state).messages.clone()
    }

    /// The reports that it made, in order.
    pub fn receipts(&self) -> Vec<Receipt> {
        lock(&self.carrier.state).receipts.clone()
    }

    /// Changes what it does with the messages that come from now on.
    pub fn set(&self, behaviour: Behaviour) {
        lock(&self.carrier.state).behaviour = behaviour;
    }

    /// Waits until something holds, looking again whenever the carrier takes or reports a message; says
    /// whether it came to hold in time.
    pub async fn until(&self, limit: Duration, holds: impl Fn(&Self) -> bool) -> bool {
        let waiting = async {
            loop {
                let news = self.carrier.news.notified();
                tokio::pin!(news);
                news.as_mut().enable();
                if holds(self) {
                    return;
                }
                news.await;
            }
        };
        tokio::time::timeout(limit, waiting).await.is_ok()
    }

    /// Closes the port, all connections and all reports that are still to be made: from now on it refuses
    /// connections.
    pub fn stop(&self) {
        // The receiver is kept by the carrier, so there is one.
        let _ = self.stopping.send(true);
    }
}

impl Drop for StubCarrier {
    fn drop(&mut self) {
        self.stop();
    }
}

async fn listen(listener: TcpListener, carrier: Arc<Carrier>) {
    let mut stopping = carrier.stopping.clone();
    let mut connections = JoinSet::new();
    loop {
        let accepted = tokio::select! {
            accepted = listener.accept() => accepted,
            _ = stopping.wait_for(|stopping| *stopping) => return,
            Some(_) = connections.join_next() => continue,
        };
        let Ok((stream, _)) = accepted else { continue };
        let carrier = Arc::clone(&carrier);
        connections.spawn(async move {
            let service = service_fn(move |request| {
                let carrier = Arc::clone(&carrier);
                async move { Ok::<_, Infallible>(serve(&carrier, request).await) }
            });
            let connection = http1::Builder::new().serve_connection(TokioIo::new(stream), service);
            // A client that goes away in the middle is its own affair.
            let _ = connection.await;
        });
    }
}

async fn serve(carrier: &Arc<Carrier>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_BYTES_MAX).collect().await else {
        return refused(413, 20413, "Request Entity Too Large");
    };
    if let Err(refusal) = stub::authorize(&carrier.connection, &head.headers) {
        return answer(refusal.status, &refusal.json());
    }
    let account = carrier.connection.account_sid;
    let path = head.uri.path().strip_prefix(&format!("/2010-04-01/Accounts/{account}/Messages"));
    match (&head.method, path) {
        (&Method::POST, Some(".json")) => take(carrier, &body.to_bytes()).await,
        (&Method::GET, Some(".json")) => {
            let state = lock(&carrier.state);
            let query = head.uri.query().unwrap_or_default();
            answer(200, &stub::list(account, &state.messages, query))
        }
        (&Method::GET, Some(one)) => {
            let sid = one.trim_start_matches('/').trim_end_matches(".json");
            let state = lock(&carrier.state);
            match state.messages.iter().find(|message| message.sid_text() == sid) {
                Some(message) => answer(200, &message.json(account)),
                None => refused(404, 20404, "The requested resource was not found"),
            }
        }
        _ => refused(404, 20404, "The requested resource was not found"),
    }
}

/// Takes a message, or does not, as the carrier behaves now.
async fn take(carrier: &Arc<Carrier>, form: &[u8]) -> Response<Full<Bytes>> {
    let behaviour = lock(&carrier.state).behaviour;
    match behaviour {
        Behaviour::Down => return refused(503, 20503, "Service Unavailable"),
        Behaviour::Busy(seconds) => {
            let mut busy = refused(429, 20429, "Too Many Requests");
            busy.headers_mut().insert(header::RETRY_AFTER, seconds.into());
            return busy;
        }
        Behaviour::Reject(code) => return refused(400, code, "The message is rejected"),
        Behaviour::Silence => std::future::pending().await,
        Behaviour::Accept
        | Behaviour::AcceptThenSilence
        | Behaviour::DuplicateReceipts
        | Behaviour::ReversedReceipts
        | Behaviour::Undelivered(_)
        | Behaviour::NoReceipts => {}
    }
    let message = match carrier.accept(form) {
        Ok(message) => message,
        Err(refusal) => return answer(refusal.status, &refusal.json()),
    };
    carrier.news.notify_waiters();
    if behaviour == Behaviour::AcceptThenSilence {
        std::future::pending::<()>().await;
    }
    let accepted = answer(201, &message.json(carrier.connection.account_sid));
    tokio::spawn(report(Arc::clone(carrier), message, behaviour));
    accepted
}

/// Makes the reports on one message, each after its delay.
async fn report(carrier: Arc<Carrier>, message: stub::Message, behaviour: Behaviour) {
    let mut stopping = carrier.stopping.clone();
    let reports = async {
        for (delay, status, error_code) in reports_on(&message, behaviour, carrier.pace) {
            tokio::time::sleep(delay).await;
            let now = carrier.moved(message.sid, status, error_code);
            for _ in 0..if behaviour == Behaviour::DuplicateReceipts { 2 } else { 1 } {
                if let Some(now) = &now {
                    carrier.post(now).await;
                }
            }
        }
    };
    tokio::select! {
        () = reports => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

type Report = (Duration, &'static str, Option<u32>);

fn reports_on(message: &stub::Message, behaviour: Behaviour, pace: Pace) -> Vec<Report> {
    let sent = (pace.sent, "sent", None);
    let mut reports = match behaviour {
        Behaviour::NoReceipts => return Vec::new(),
        Behaviour::Undelivered(code) => {
            return vec![sent, (pace.delivered, "undelivered", Some(code))];
        }
        _ => vec![sent, (pace.delivered, "delivered", None)],
    };
    if message.to.starts_with("whatsapp:") {
        reports.push((pace.read, "read", None));
    }
    if behaviour == Behaviour::ReversedReceipts {
        reports.reverse();
    }
    reports
}

impl Carrier {
    /// Keeps a message. Its identifier follows from the form, which names our own message, and its place.
    fn accept(&self, form: &[u8]) -> Result<stub::Message, stub::Refusal> {
        let mut state = lock(&self.state);
        let place = state.messages.len().to_string();
        let sid = SmsSid::derived(&["taken", &String::from_utf8_lossy(form), &place]);
        let message = stub::accept(form, sid, (self.clock)())?;
        state.messages.push(message.clone());
        Ok(message)
    }

    /// Writes a status down and gives the message back as it is now.
    fn moved(&self, sid: SmsSid, status: &str, error_code: Option<u32>) -> Option<stub::Message> {
        let mut state = lock(&self.state);
        let message = state.messages.iter_mut().find(|message| message.sid == sid)?;
        message.status = status.to_owned();
        message.error_code = error_code;
        Some(message.clone())
    }

    /// Posts the status callback; only to this machine, whatever the sender asked for.
    async fn post(&self, message: &stub::Message) {
        let Some(request) = message.status_callback(&self.connection) else { return };
        let answer = match is_loopback(&request.url) {
            true => self.called(request.url, request.headers, request.body).await,
            false => None,
        };
        lock(&self.state).receipts.push(Receipt {
            message: message.sid_text(),
            status: message.status.clone(),
            answer,
        });
        self.news.notify_waiters();
    }

    async fn called(&self, url: String, headers: HeaderMap, body: String) -> Option<u16> {
        let answer = self.client.post(url).headers(headers).body(body).send().await;
        answer.ok().map(|answer| answer.status().as_u16())
    }
}

fn is_loopback(url: &str) -> bool {
    let host = url.parse::<http::Uri>().ok().and_then(|url| url.host().map(str::to_owned));
    host.is_some_and(|host| {
        let address = host.trim_matches(['[', ']']).parse::<IpAddr>();
        host == "localhost" || address.is_ok_and(|address| address.is_loopback())
    })
}

fn refused(status: u16, code: u32, message: &str) -> Response<Full<Bytes>> {
    answer(status, &json!({ "code": code, "message": message, "status": status }))
}

fn answer(status: u16, body: &Value) -> Response<Full<Bytes>> {
    let mut response = Response::new(Full::new(Bytes::from(body.to_string())));
    *response.status_mut() =
        StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let kind = header::HeaderValue::from_static("application/json");
    response.headers_mut().insert(header::CONTENT_TYPE, kind);
    response
}
