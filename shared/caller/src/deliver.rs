//! A call to an endpoint as it is set up: signed as it asks, waited for as its URL says, and repeated at once where that
//! says so; how long it took and what it began to answer is told.

use std::collections::BTreeMap;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use reqwest::{Client, Response};
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::webhook::WebhookEndpoint;
use switchboard_domain::webhook::overrides::{Overrides, Policy};
use switchboard_runtime::Dependencies;
use tokio::time::Instant;

use crate::{Answer, Called, Caller, Reached, Request};

/// At most this many bytes of an answer are read where nothing is done with it.
const FIRST_BYTES: usize = 1024;
/// And for that long at most, once the status is known.
const FIRST_BYTES_WITHIN: Duration = Duration::from_millis(250);
/// At most this many clients with other timeouts are kept.
const CLIENTS_MAX: usize = 32;

/// Clients by how long they wait for a connection, and for an endpoint that is silent.
pub(crate) type Clients = Mutex<BTreeMap<(Duration, Duration), Client>>;

/// A call, and how the endpoint is set up.
#[derive(Debug, Clone, Copy)]
pub struct Letter<'a> {
    /// What is told, to whom.
    pub request: Request<'a>,
    /// How the endpoint is set up, if it is.
    pub endpoint: Option<&'a WebhookEndpoint>,
    /// Its place among the calls of one conversation to one endpoint.
    pub sequence: Option<&'a str>,
    /// What happened.
    pub event: &'a str,
    /// When it happened.
    pub happened: Timestamp,
}

/// How much of an answer is wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Reading {
    /// Its first bytes, if they are there at once.
    First,
    /// All of it.
    Whole,
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Delivered {
    /// Whether it was answered.
    pub called: Called,
    /// What was answered.
    pub answer: Answer,
    /// How long it took, with its immediate repetitions.
    pub took: Duration,
}

impl Caller {
    /// Makes a call; within its time, and with the repetitions that the URL asks for.
    pub async fn deliver(
        &self,
        on: &Dependencies,
        letter: &Letter<'_>,
        reading: Reading,
    ) -> Delivered {
        let (began, timeout) = (Instant::now(), letter.request.timeout);
        let overrides = Overrides::of(letter.request.url);
        if overrides.is_some_and(|it| it.names_edge) {
            tracing::debug!("the URL names an edge; there is only one way out");
        }
        let mut left = overrides.map_or(0, |it| it.retries);
        loop {
            let request =
                Request { timeout: timeout.saturating_sub(began.elapsed()), ..letter.request };
            let letter = Letter { request, ..*letter };
            let (called, answer) = self.once(on, &letter, overrides, reading).await;
            // Whoever asks to be called later is not called at once.
            let again = answer.retry_after.is_none()
                && overrides.is_some_and(|it| repeats(it.policy, &called));
            if !again || left == 0 || began.elapsed() >= timeout {
                return Delivered { called, answer, took: began.elapsed() };
            }
            left -= 1;
        }
    }

    async fn once(
        &self,
        on: &Dependencies,
        letter: &Letter<'_>,
        overrides: Option<Overrides>,
        reading: Reading,
    ) -> (Called, Answer) {
        let reached = match (self.prepared(on, letter), self.client_for(overrides)) {
            (Ok(request), Ok(client)) => self.sent(&client, request).await,
            (Err(called), _) => Err(called),
            (_, Err(_)) => Err(Called::Unanswered),
        };
        match reached {
            Ok(Reached::Endpoint(response)) => {
                let called = Called::Answered(response.status().as_u16());
                let answer = match reading {
                    Reading::Whole => Answer::read(response).await,
                    Reading::First => first(response).await,
                };
                (called, answer)
            }
            Ok(Reached::StandIn(called, answer)) => (called, answer),
            Err(called) => (called, Answer::default()),
        }
    }

    /// The client that waits as a URL says.
    fn client_for(&self, overrides: Option<Overrides>) -> Result<Client, reqwest::Error> {
        let Some(overrides) = overrides else { return Ok(self.client.clone()) };
        let waits = (overrides.connect, overrides.read);
        let mut clients = self.patient.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(client) = clients.get(&waits) {
            return Ok(client.clone());
        }
        let client = Self::client(self.allow_loopback)
            .connect_timeout(overrides.connect)
            .read_timeout(overrides.read)
            .build()?;
        // Who thinks of more has no use for those of before.
        if clients.len() >= CLIENTS_MAX {
            clients.clear();
        }
        clients.insert(waits, client.clone());
        Ok(client)
    }
}

/// Whether a call is repeated at once after that.
const fn repeats(policy: Policy, called: &Called) -> bool {
    match called {
        Called::Answered(400..=499) => policy.refused,
        Called::Answered(500..=599) => policy.broken,
        Called::Unanswered => policy.unconnected,
        Called::TimedOut => policy.unanswered,
        Called::Answered(_) | Called::Forbidden(_) => false,
    }
}

/// The first bytes of an answer. Whoever sends them slowly is not waited for: the status is known.
async fn first(mut response: Response) -> Answer {
    let retry_after = crate::retry_after(&response);
    let mut body = Vec::new();
    let reading = async {
        while body.len() < FIRST_BYTES {
            match response.chunk().await {
                Ok(Some(chunk)) => {
                    body.extend_from_slice(&chunk[..chunk.len().min(FIRST_BYTES - body.len())]);
                }
                Ok(None) | Err(_) => break,
            }
        }
    };
    let _ = tokio::time::timeout(FIRST_BYTES_WITHIN, reading).await;
    Answer { content_type: None, body: Some(body), retry_after }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_call_is_repeated_for_what_the_policy_names_alone() {
        let policy = Overrides::of("https://e.example/#rp=5xx,ct").unwrap().policy;
        let all = [
            (Called::Answered(503), true),
            (Called::Unanswered, true),
            (Called::Answered(404), false),
            (Called::TimedOut, false),
            (Called::Answered(200), false),
            (Called::Forbidden("x"), false),
        ];
        for (called, wanted) in all {
            assert_eq!(repeats(policy, &called), wanted, "{called}");
        }
    }

    #[test]
    fn clients_with_other_timeouts_are_made_once_and_not_without_end() {
        let caller = Caller::new(false).unwrap();
        for millis in 100..=(100 + CLIENTS_MAX as u64 + 5) {
            let url = format!("https://e.example/#ct={millis}");
            caller.client_for(Overrides::of(&url)).unwrap();
            caller.client_for(Overrides::of(&url)).unwrap();
        }
        let kept = caller.patient.lock().unwrap().len();
        assert!((1..=CLIENTS_MAX).contains(&kept), "{kept}");
    }
}
