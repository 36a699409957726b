//! How a carrier's API is reached: the only thing of this crate that leaves the process.

use std::error::Error as _;
use std::fmt::Debug;
use std::pin::Pin;
use std::sync::OnceLock;
use std::time::Duration;

use reqwest::{Client, redirect};

use crate::request::Answer;

/// A future that can be returned by a trait object.
pub type BoxFuture<'a, T> = Pin<Box<dyn Future<Output = T> + Send + 'a>>;

/// How long an unused connection is kept: a frozen function would find it dead.
const IDLE: Duration = Duration::from_secs(20);
/// Longest answer that is read.
const ANSWER_BYTES_MAX: usize = 8 * 1024 * 1024;

/// Carries requests to a carrier and answers back.
pub trait Transport: Debug + Send + Sync {
    /// Makes one request, once, and follows no redirect.
    fn exchange(&self, request: http::Request<Vec<u8>>) -> BoxFuture<'_, Result<Answer, Lost>>;
}

/// No complete answer. The reasons are for people, and name no address of a customer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Lost {
    /// The request was surely not sent.
    NotSent(String),
    /// The request may have been received.
    Unanswered(String),
}

/// How long a call to a carrier may take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Timeouts {
    /// Until the connection stands; when it lapses the request was surely not sent.
    pub connect: Duration,
    /// Until the whole answer is there.
    pub total: Duration,
}

impl Default for Timeouts {
    fn default() -> Self {
        Self { connect: Duration::from_secs(5), total: Duration::from_secs(15) }
    }
}

/// Over the network.
#[derive(Debug)]
pub struct Http {
    timeouts: Timeouts,
    // Made on first use: functions that only receive need no trust store.
    client: OnceLock<Result<Client, String>>,
}

impl Http {
    /// With those timeouts.
    pub const fn new(timeouts: Timeouts) -> Self {
        Self { timeouts, client: OnceLock::new() }
    }

    fn build(&self) -> Result<Client, String> {
        Client::builder()
            .connect_timeout(self.timeouts.connect)
            .timeout(self.timeouts.total)
            .pool_idle_timeout(IDLE)
            .redirect(redirect::Policy::none())
            .user_agent(concat!("switchboard/", env!("CARGO_PKG_VERSION")))
            .build()
            .map_err(|error| format!("no HTTP client: {}", chain(error)))
    }

    async fn call(&self, request: http::Request<Vec<u8>>) -> Result<Answer, Lost> {
        let client = self.client.get_or_init(|| self.build());
        let client = client.as_ref().map_err(|reason| Lost::NotSent(reason.clone()))?;
        let request = request.try_into().map_err(lost)?;
        let mut response = client.execute(request).await.map_err(lost)?;
        let mut answer = Answer::default();
        *answer.status_mut() = response.status();
        answer.headers_mut().clone_from(response.headers());
        while let Some(chunk) = response.chunk().await.map_err(lost)? {
            if answer.body().len() + chunk.len() > ANSWER_BYTES_MAX {
                return Err(Lost::Unanswered("the answer is too long".to_owned()));
            }
            answer.body_mut().extend_from_slice(&chunk);
        }
        Ok(answer)
    }
}

impl Transport for Http {
    fn exchange(&self, request: http::Request<Vec<u8>>) -> BoxFuture<'_, Result<Answer, Lost>> {
        Box::pin(self.call(request))
    }
}

fn lost(error: reqwest::Error) -> Lost {
    let not_sent = error.is_connect() || error.is_builder();
    let reason = chain(error);
    if not_sent { Lost::NotSent(reason) } else { Lost::Unanswered(reason) }
}

/// The error and its causes, without the URL: a query holds addresses of customers.
fn chain(error: reqwest::Error) -> String {
    let error = error.without_url();
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text = format!("{text}: {error}");
        cause = error.source();
    }
    text
}
