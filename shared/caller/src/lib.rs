//! The vetted caller of strangers: the only way to call an address that a customer has configured.
//!
//! It calls https alone, and only addresses of the public internet; it resolves a name, vets what it finds and connects to
//! just that; it follows no redirect, uses no proxy, reads little of an answer, and signs what it says. A function that
//! links this crate may call out, and `infra/template.yaml` says so of it; no function has an HTTP client of its own.
#![forbid(unsafe_code)]

mod beforehand;
mod deliver;
mod fetch;
mod on_use;
mod public;
mod signing;

use std::fmt;
use std::future::Future;
use std::net::{IpAddr, SocketAddr};
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use reqwest::dns::{Addrs, Name, Resolve, Resolving};
use reqwest::header::RETRY_AFTER;
use reqwest::redirect::Policy;
use reqwest::{Client, ClientBuilder, Response, Url};
use switchboard_runtime::Dependencies;

pub use crate::beforehand::{asking, start, start_with};
pub use crate::deliver::{Delivered, Letter, Reading};
pub use crate::fetch::{Download, Fetched, File};
pub use crate::on_use::OnUse;
use crate::public::is_public;

/// At most this much of an answer is read, if it is read at all.
const ANSWER_BYTES_MAX: usize = 64 * 1024;

/// What stands in for the customers' endpoints where nothing may leave the process.
pub trait Endpoints: fmt::Debug + Send + Sync {
    /// What comes of a request, which says itself how long it may take.
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>>;
}

/// Makes the calls; built once.
#[derive(Debug, Clone)]
pub struct Caller {
    client: Client,
    /// Clients for endpoints whose URLs say how long they are to be waited for.
    patient: Arc<deliver::Clients>,
    allow_loopback: bool,
    stand_in: Option<Arc<dyn Endpoints>>,
}

/// One call to make.
#[derive(Debug, Clone, Copy)]
pub struct Request<'a> {
    /// The address, as the customer has configured it.
    pub url: &'a str,
    /// `GET` or `POST`.
    pub method: &'a str,
    /// What is told.
    pub parameters: &'a [(String, String)],
    /// A text of a type that is told in its place.
    pub text: Option<(&'a str, &'a str)>,
    /// Names the call; a copy has the same name.
    pub id: &'a str,
    /// How long the endpoint has to answer.
    pub timeout: Duration,
}

/// What an endpoint had to say.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Answer {
    /// The media type, without its parameters.
    pub content_type: Option<String>,
    /// The text; none if it is too long, or was cut short.
    pub body: Option<Vec<u8>>,
    /// When it asks to be called again, as it says it.
    pub retry_after: Option<String>,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Called {
    /// The endpoint answered.
    Answered(u16),
    /// No answer came.
    Unanswered,
    /// No answer came in time, and all the time was waited for it.
    TimedOut,
    /// The address is none that we call.
    Forbidden(&'static str),
}

impl Called {
    /// Whether the endpoint took it.
    pub const fn succeeded(&self) -> bool {
        matches!(self, Self::Answered(200..=299))
    }

    /// Whether another try would be of no use.
    pub const fn is_final(&self) -> bool {
        match self {
            Self::Answered(429) | Self::Unanswered | Self::TimedOut => false,
            Self::Answered(status) => *status < 500,
            Self::Forbidden(_) => true,
        }
    }

    /// The HTTP status, if there was one.
    pub const fn status(&self) -> Option<u16> {
        match self {
            Self::Answered(status) => Some(*status),
            Self::Unanswered | Self::TimedOut | Self::Forbidden(_) => None,
        }
    }
}

impl fmt::Display for Called {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Answered(status) => write!(out, "answered {status}"),
            Self::Unanswered => out.write_str("did not answer"),
            Self::TimedOut => out.write_str("did not answer in time"),
            Self::Forbidden(why) => write!(out, "is not called: {why}"),
        }
    }
}

impl Caller {
    /// A caller; `allow_loopback` is for the laptop alone.
    pub fn new(allow_loopback: bool) -> Result<Self, reqwest::Error> {
        let client = Self::client(allow_loopback).build()?;
        Ok(Self { client, patient: Arc::default(), allow_loopback, stand_in: None })
    }

    /// A client that follows no redirect, uses no proxy and connects to vetted addresses alone.
    fn client(allow_loopback: bool) -> ClientBuilder {
        Client::builder()
            .redirect(Policy::none())
            .no_proxy()
            .dns_resolver(Arc::new(Vetted { allow_loopback }))
    }

    /// The same, with a stand-in that answers instead of the network.
    #[must_use]
    pub fn answered_by(self, stand_in: Arc<dyn Endpoints>) -> Self {
        Self { stand_in: Some(stand_in), ..self }
    }

    /// Makes a request that is prepared.
    async fn sent(&self, client: &Client, request: reqwest::Request) -> Result<Reached, Called> {
        if let Some(stand_in) = &self.stand_in {
            let (called, answer) = stand_in.answer(request).await;
            return Ok(Reached::StandIn(called, answer));
        }
        let unanswered = |error: reqwest::Error| match error.is_timeout() {
            true => Called::TimedOut,
            false => Called::Unanswered,
        };
        let response = client.execute(request).await.map_err(unanswered)?;
        Ok(Reached::Endpoint(response))
    }

    /// The request of a call: signed, and to nobody who is not to be called.
    fn prepared(&self, on: &Dependencies, letter: &Letter<'_>) -> Result<reqwest::Request, Called> {
        let mut url = self.allowed(letter.request.url).map_err(Called::Forbidden)?;
        // What follows the hash is for us, not for the endpoint.
        url.set_fragment(None);
        let by = signing::By { auth_token: &on.config.auth_token, now: on.now() };
        signing::signed(&by, &self.client, url, letter)
    }

    /// https, to another host; a literal address is vetted here, a name when it is resolved.
    fn allowed(&self, url: &str) -> Result<Url, &'static str> {
        let url = Url::parse(url).map_err(|_| "not a URL")?;
        let host = url.host_str().ok_or("no host")?;
        let literal = host.trim_matches(['[', ']']).parse::<IpAddr>().ok();
        let loopback = host == "localhost" || literal.is_some_and(|address| address.is_loopback());
        match url.scheme() {
            "https" => {}
            "http" if self.allow_loopback && loopback => {}
            _ => return Err("not https"),
        }
        match literal {
            Some(address) if !acceptable(address, self.allow_loopback) => Err("a private address"),
            _ => Ok(url),
        }
    }
}

/// Who answered.
enum Reached {
    /// The endpoint; what it says is still to be read.
    Endpoint(Response),
    /// Who stands in for it.
    StandIn(Called, Answer),
}

impl Answer {
    async fn read(mut response: Response) -> Self {
        let content_type = response.headers().get("content-type").and_then(|it| it.to_str().ok());
        let content_type = content_type.and_then(|it| it.split(';').next());
        let content_type = content_type.map(|it| it.trim().to_ascii_lowercase());
        let retry_after = retry_after(&response);
        let mut body = Vec::new();
        loop {
            match response.chunk().await {
                Ok(Some(chunk)) if body.len() + chunk.len() <= ANSWER_BYTES_MAX => {
                    body.extend_from_slice(&chunk);
                }
                Ok(None) => return Self { content_type, body: Some(body), retry_after },
                Ok(Some(_)) | Err(_) => return Self { content_type, body: None, retry_after },
            }
        }
    }
}

/// When whoever answered asks to be called again.
fn retry_after(response: &Response) -> Option<String> {
    let value = response.headers().get(RETRY_AFTER)?.to_str().ok()?;
    Some(value.to_owned())
}

/// Resolves names, and leaves out every address that is not the public's. The connection is made to what
/// is left, so a name cannot be vetted as one address and called as another.
struct Vetted {
    allow_loopback: bool,
}

impl Resolve for Vetted {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await?;
            let public: Vec<SocketAddr> =
                found.filter(|address| acceptable(address.ip(), allow_loopback)).collect();
            if public.is_empty() {
                return Err("the name has no public address".into());
            }
            Ok(Box::new(public.into_iter()) as Addrs)
        })
    }
}

/// Whether an address belongs to the public internet, or to this machine where that is allowed.
fn acceptable(address: IpAddr, allow_loopback: bool) -> bool {
    if address.is_loopback() { allow_loopback } else { is_public(address) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn private_places_are_not_called() {
        let caller = Caller::new(false).unwrap();
        for wrong in [
            "http://example.com/",
            "https://127.0.0.1/",
            "https://[::1]/",
            "https://10.0.0.1/",
            "https://169.254.169.254/latest/meta-data",
            "https://[::ffff:10.0.0.1]/",
            "https://[fd00::1]/",
            "https://100.64.0.1/",
            "https://0.0.0.0/",
            "https://[64:ff9b::a00:1]/",
            "ftp://example.com/",
            "nonsense",
        ] {
            assert!(caller.allowed(wrong).is_err(), "{wrong}");
        }
        assert!(caller.allowed("https://93.184.216.34/hook").is_ok());
        assert!(caller.allowed("https://example.com/hook").is_ok());
    }

    #[test]
    fn loopback_is_for_the_laptop_alone() {
        let caller = Caller::new(true).unwrap();
        assert!(caller.allowed("http://127.0.0.1:9/").is_ok());
        assert!(caller.allowed("http://localhost:9/").is_ok());
        assert!(caller.allowed("http://example.com/").is_err());
        assert!(caller.allowed("http://10.0.0.1/").is_err());
    }

    #[test]
    fn only_what_may_get_better_is_tried_again() {
        assert!(Called::Answered(200).is_final() && Called::Answered(404).is_final());
        assert!(Called::Answered(302).is_final() && Called::Forbidden("x").is_final());
        assert!(!Called::Answered(500).is_final() && !Called::Unanswered.is_final());
        assert!(!Called::Answered(429).is_final() && !Called::TimedOut.is_final());
    }
}
