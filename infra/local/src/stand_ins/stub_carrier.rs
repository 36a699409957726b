//! The stubs of all carriers on one port of loopback: they take what we send over real HTTP, and post signed
//! receipts back, so that replies really leave through the carrier's protocol and receipts really return.
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
use http::{HeaderMap, Method, StatusCode};
use http_body_util::{BodyExt as _, Full, Limited};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper::{Request, Response};
use hyper_util::rt::TokioIo;
use switchboard_carriers::stub::{Mood, Served, Stub, Taken};
use switchboard_carriers::{stand_in_settings, stub_of, webhook_path};
use switchboard_domain::address::ChannelType;
use switchboard_domain::carriage::{CarrierName, CarrierSettings, DeliveryStatus};
use switchboard_domain::private::Private;
use switchboard_domain::sid::AccountSid;
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
    /// Takes them and never reports; a gateway before it answers that something broke.
    AcceptBehindGateway,
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
    pub status: DeliveryStatus,
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
    stubs: Vec<Arc<dyn Stub>>,
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
    /// Where those carriers report that are told once and for all.
    registered: Option<String>,
    messages: Vec<Taken>,
    receipts: Vec<Receipt>,
    signs: Vec<(CarrierName, String)>,
    /// The same carriers with other accounts and apps, the latest first.
    others: Vec<Arc<dyn Stub>>,
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
            stubs: stubs(account_sid, auth_token)?,
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

    /// The carrier's own side of the wire.
    ///
    /// # Panics
    /// Never: every carrier has a stub.
    pub fn stub(&self, carrier: CarrierName) -> &dyn Stub {
        let stub = self.carrier.stubs.iter().find(|stub| stub.name() == carrier);
        stub.expect("every carrier has a stub").as_ref()
    }

    /// Lets a carrier have another account or app, of a connection that is not the environment's.
    ///
    /// # Errors
    /// If a setting is not what it should be.
    pub fn connect(
        &self,
        carrier: CarrierName,
        settings: &CarrierSettings<'_>,
    ) -> Result<Arc<dyn Stub>> {
        let stub = stub_of(carrier, settings)?;
        lock(&self.carrier.state).others.insert(0, Arc::clone(&stub));
        Ok(stub)
    }

    /// Registers an exchange, by the address at which the world reaches it, with the carriers that are told once and for
    /// all where to report.
    pub fn register(&self, origin: &str) {
        lock(&self.carrier.state).registered = Some(origin.to_owned());
    }

    /// The messages that it took, in order, as they stand now.
    pub fn sent(&self) -> Vec<Taken> {
        lock(&self.carrier.state).messages.clone()
    }

    /// The signs that somebody reads or types that it showed, in order: by which carrier, and under which message of the
    /// customer's.
    pub fn signs(&self) -> Vec<(CarrierName, String)> {
        lock(&self.carrier.state).signs.clone()
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

/// The stub of every carrier, with this account.
fn stubs(account_sid: AccountSid, auth_token: &str) -> Result<Vec<Arc<dyn Stub>>> {
    let (auth_token, own) = (Private::from(auth_token), stand_in_settings());
    let settings = CarrierSettings {
        account_sid,
        auth_token: &auth_token,
        public_url: "",
        own: &own,
        connection: None,
    };
    let stubs = CarrierName::ALL.iter().map(|carrier| stub_of(*carrier, &settings));
    Ok(stubs.collect::<Result<_, _>>()?)
}

async fn serve(carrier: &Arc<Carrier>, request: Request<Incoming>) -> Response<Full<Bytes>> {
    let (head, body) = request.into_parts();
    let Ok(body) = Limited::new(body, REQUEST_BYTES_MAX).collect().await else {
        return bare(StatusCode::PAYLOAD_TOO_LARGE);
    };
    let request = Request::from_parts(head, body.to_bytes().to_vec());
    let behaviour = lock(&carrier.state).behaviour;
    if behaviour == Behaviour::Silence && request.method() == Method::POST {
        std::future::pending::<()>().await;
    }
    let Some((served, stub)) = carrier.answer(&request, behaviour) else {
        return bare(StatusCode::NOT_FOUND);
    };
    if let Some(message) = served.taken {
        carrier.news.notify_waiters();
        if behaviour == Behaviour::AcceptThenSilence {
            std::future::pending::<()>().await;
        }
        if behaviour == Behaviour::AcceptBehindGateway {
            return bare(StatusCode::BAD_GATEWAY);
        }
        tokio::spawn(report(Arc::clone(carrier), stub, message, behaviour));
    }
    served.answer.map(|body| Full::new(Bytes::from(body)))
}

impl Behaviour {
    /// How the carrier answers then.
    const fn mood(self) -> Mood {
        match self {
            Self::Down => Mood::Down,
            Self::Busy(seconds) => Mood::Busy(seconds),
            Self::Reject(code) => Mood::Refusing(code),
            Self::Accept
            | Self::AcceptThenSilence
            | Self::AcceptBehindGateway
            | Self::Silence
            | Self::DuplicateReceipts
            | Self::ReversedReceipts
            | Self::Undelivered(_)
            | Self::NoReceipts => Mood::Well,
        }
    }
}

/// Makes the reports on one message, each after its delay.
async fn report(carrier: Arc<Carrier>, stub: Arc<dyn Stub>, message: Taken, behaviour: Behaviour) {
    let mut stopping = carrier.stopping.clone();
    let reports = async {
        for (delay, status, error_code) in reports_on(&message, behaviour, carrier.pace) {
            tokio::time::sleep(delay).await;
            let now = carrier.moved(&message.id, status, error_code);
            for _ in 0..if behaviour == Behaviour::DuplicateReceipts { 2 } else { 1 } {
                for copy in now.iter().flat_map(Taken::copies) {
                    carrier.post(stub.as_ref(), &copy).await;
                }
            }
        }
    };
    tokio::select! {
        () = reports => {}
        _ = stopping.wait_for(|stopping| *stopping) => {}
    }
}

type Report = (Duration, DeliveryStatus, Option<u32>);

fn reports_on(message: &Taken, behaviour: Behaviour, pace: Pace) -> Vec<Report> {
    let sent = (pace.sent, DeliveryStatus::Sent, None);
    let mut reports = match behaviour {
        Behaviour::NoReceipts => return Vec::new(),
        Behaviour::Undelivered(code) => {
            return vec![sent, (pace.delivered, DeliveryStatus::Undelivered, Some(code))];
        }
        _ => vec![sent, (pace.delivered, DeliveryStatus::Delivered, None)],
    };
    let channel = message.to.split_once(':').and_then(|(prefix, _)| ChannelType::parse(prefix));
    if channel.is_some() {
        reports.push((pace.read, DeliveryStatus::Read, None));
    }
    if behaviour == Behaviour::ReversedReceipts {
        reports.reverse();
    }
    reports
}

impl Carrier {
    /// Lets the carrier answer whose request it is, and keeps what it takes.
    fn answer(
        &self,
        request: &Request<Vec<u8>>,
        behaviour: Behaviour,
    ) -> Option<(Served, Arc<dyn Stub>)> {
        let (now, mood) = ((self.clock)(), behaviour.mood());
        let mut state = lock(&self.state);
        let answers = state.others.iter().chain(&self.stubs).filter_map(|stub| {
            Some((stub.answer(request, &state.messages, mood, now)?, Arc::clone(stub)))
        });
        // Whoever does not know the account or its secret says so; then it is another one's.
        let mut refused = None;
        let mut known = None;
        for (served, stub) in answers {
            match served.answer.status() {
                StatusCode::UNAUTHORIZED | StatusCode::NOT_FOUND => refused = Some((served, stub)),
                _ => {
                    known = Some((served, stub));
                    break;
                }
            }
        }
        let (mut served, stub) = known.or(refused)?;
        if let (Some(taken), true) = (&mut served.taken, stub.reports_where_registered()) {
            let registered = state.registered.as_ref();
            let at = registered.map(|origin| format!("{origin}{}", webhook_path(taken.carrier)));
            taken.report_to = taken.report_to.take().or(at);
        }
        state.messages.extend(served.taken.clone());
        state.signs.extend(served.shown.clone().map(|about| (stub.name(), about)));
        Some((served, stub))
    }

    /// Writes a status down and gives the message back as it is now.
    fn moved(&self, id: &str, status: DeliveryStatus, error_code: Option<u32>) -> Option<Taken> {
        let mut state = lock(&self.state);
        let message = state.messages.iter_mut().find(|message| message.id == id)?;
        message.status = status;
        message.error_code = error_code;
        Some(message.clone())
    }

    /// Posts the status callback; only to this machine, whatever the sender asked for.
    async fn post(&self, stub: &dyn Stub, message: &Taken) {
        let Some(request) = stub.report(message) else { return };
        let answer = match is_loopback(&request.url) {
            true => self.called(request.url, request.headers, request.body).await,
            false => None,
        };
        lock(&self.state).receipts.push(Receipt {
            message: message.id.clone(),
            status: message.status,
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

fn bare(status: StatusCode) -> Response<Full<Bytes>> {
    let mut response = Response::default();
    *response.status_mut() = status;
    response
}
