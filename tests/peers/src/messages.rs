//! Customers write: webhooks as the carrier signs them.

use std::path::Path;
use std::process;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::{stand_in_settings, stub_of, webhook_path};
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;

use crate::http::{Connection, written};
use crate::{Outcome, sample};

/// The business' number.
pub(crate) const BUSINESS: &str = "+15550100001";
/// What is written: as long as a text message is.
pub(crate) const BODY: &str =
    "Good morning, where is my parcel? It was to be here on Friday, and I leave on Monday.";

/// How long a program may take to listen.
const PATIENCE: Duration = Duration::from_secs(30);
/// How often is looked whether it does.
const GLANCE: Duration = Duration::from_micros(200);

/// Who writes how much.
#[derive(Debug)]
pub(crate) struct Load {
    /// Where to.
    pub(crate) port: u16,
    /// How many messages.
    pub(crate) count: usize,
    /// How many customers take turns.
    pub(crate) customers: usize,
    /// How many messages are under way at once.
    pub(crate) at_once: usize,
    /// The number of the first customer.
    pub(crate) first: usize,
}

/// Writes them all, and says how it went. Everybody writes once before somebody writes again, so that two messages of
/// one customer are hardly ever under way together.
pub(crate) fn write(load: &Load, account: &str, token: &str) -> Outcome<Value> {
    let requests = signed(load, account, token)?;
    let next = AtomicUsize::new(0);
    let before = sample::own_seconds();
    let started = Instant::now();
    let taken: Vec<Outcome<Vec<Duration>>> = thread::scope(|scope| {
        let writers: Vec<_> = (0..load.at_once)
            .map(|_| scope.spawn(|| deliver(load.port, &requests, &next)))
            .collect();
        let end = |writer: thread::ScopedJoinHandle<'_, _>| {
            writer.join().unwrap_or_else(|_| Err("a writer panicked".into()))
        };
        writers.into_iter().map(end).collect()
    });
    let seconds = started.elapsed().as_secs_f64();
    let used = sample::own_seconds().zip(before).map(|(after, before)| after - before);
    let mut all = Vec::with_capacity(load.count);
    for some in taken {
        all.extend(some?);
    }
    let each = |total: f64| total * 1000.0 / load.count as f64;
    Ok(json!({
        "messages": all.len(),
        "per_second": all.len() as f64 / seconds,
        "ack_ms": sample::percentiles(all),
        "driver_cpu_ms": used.map(each),
    }))
}

/// Starts a program, and says how long it took until it had answered its first webhook.
pub(crate) fn first(
    load: &Load,
    account: &str,
    token: &str,
    program: &Path,
    arguments: &[String],
) -> Outcome<Value> {
    let requests = signed(load, account, token)?;
    let started = Instant::now();
    let mut child =
        process::Command::new(program).args(arguments).stdout(process::Stdio::null()).spawn()?;
    let answered = loop {
        if started.elapsed() > PATIENCE {
            break Err("nobody listens".into());
        }
        match Connection::to(load.port) {
            Ok(mut connection) => break connection.exchange(&requests[0]),
            Err(_) => thread::sleep(GLANCE),
        }
    };
    let milliseconds = started.elapsed().as_secs_f64() * 1000.0;
    child.kill()?;
    child.wait()?;
    match answered?.status {
        200 => Ok(json!({ "first_ms": milliseconds })),
        status => Err(format!("the first webhook was answered {status}").into()),
    }
}

/// All requests as they go over the wire.
pub(crate) fn signed(load: &Load, account: &str, token: &str) -> Outcome<Vec<Vec<u8>>> {
    let (token, own) = (Private::from(token), stand_in_settings());
    let public_url = format!("http://127.0.0.1:{}", load.port);
    let settings = CarrierSettings {
        account_sid: account.parse()?,
        auth_token: &token,
        public_url: &public_url,
        own: &own,
        connection: None,
    };
    let carrier = CarrierName::default();
    let (stub, path) = (stub_of(carrier, &settings)?, webhook_path(carrier));
    let url = format!("{public_url}{path}");
    let host = format!("127.0.0.1:{}", load.port);
    let one = |number: usize| -> Outcome<Vec<u8>> {
        let customer = load.first + number % load.customers;
        // The last bytes of an identifier count what is kin to it, so what tells messages apart comes first.
        let unique = (customer as u128) << 96 | (number as u128) << 64;
        let id = stub.message_id(unique.to_be_bytes(), false);
        let from = format!("+1415{customer:07}");
        let signed = stub.inbound(&url, &CustomerMessage::text(&id, &from, BUSINESS, BODY));
        let mut headers = vec![("host", host.as_str())];
        for (name, value) in &signed.headers {
            headers.push((name.as_str(), value.to_str()?));
        }
        Ok(written("POST", &path, &headers, &signed.body))
    };
    (0..load.count).map(one).collect()
}

/// Takes one request after the other until there is none left.
fn deliver(port: u16, requests: &[Vec<u8>], next: &AtomicUsize) -> Outcome<Vec<Duration>> {
    let mut connection = Connection::to(port)?;
    let mut taken = Vec::new();
    while let Some(request) = requests.get(next.fetch_add(1, Ordering::Relaxed)) {
        let started = Instant::now();
        let answer = connection.exchange(request)?;
        taken.push(started.elapsed());
        if answer.status != 200 {
            let body = String::from_utf8_lossy(&answer.body);
            return Err(format!("a webhook was answered {}: {body}", answer.status).into());
        }
    }
    Ok(taken)
}
