//! What is said to a carrier and in which order; the same for every carrier and over any transport.

use http::StatusCode;
use http::header::{AUTHORIZATION, HeaderValue};
use switchboard_domain::carriage::{
    Media, OutboundMessage, SendOutcome, Shown, Signal, Unsupported,
};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::Timestamp;

use crate::carrier::{Carrier, Lookup};
use crate::request::{Answer, ApiRequest};
use crate::transport::{Lost, Transport};

/// The most pages of a carrier's list that are read in one search.
const PAGES_MAX: usize = 5;

/// Hands over one message.
pub async fn send(
    carrier: &dyn Carrier,
    over: &dyn Transport,
    message: &OutboundMessage,
) -> SendOutcome {
    let request = match carrier.build(message) {
        Ok(request) => request,
        Err(Unsupported { error_code, reason }) => {
            return SendOutcome::Rejected { error_code, reason: reason.to_owned() };
        }
    };
    match ask(over, &request).await {
        Ok(answer) => carrier.outcome(&answer),
        Err(Lost::NotSent(reason)) => SendOutcome::Retry { reason, after_seconds: None },
        Err(Lost::Unanswered(reason)) => SendOutcome::Unknown { reason },
    }
}

/// Shows a customer that somebody reads or types, once: a sign that comes late is none.
pub async fn show(carrier: &dyn Carrier, over: &dyn Transport, signal: &Signal) -> Shown {
    let Some(request) = carrier.signal(signal) else { return Shown::NotThere };
    let answer = match ask(over, &request).await {
        Ok(answer) => answer,
        Err(Lost::NotSent(reason) | Lost::Unanswered(reason)) => {
            return Shown::Unavailable { reason };
        }
    };
    if answer.status().is_success() && !denies(&answer) {
        return Shown::Shown;
    }
    match carrier.outcome(&answer) {
        SendOutcome::Rejected { error_code, reason } => Shown::Refused { error_code, reason },
        SendOutcome::Retry { reason, .. } | SendOutcome::Unknown { reason } => {
            Shown::Unavailable { reason }
        }
        SendOutcome::Accepted { .. } => {
            Shown::Unavailable { reason: "the carrier answered with a message".to_owned() }
        }
    }
}

/// Whether a carrier says in a friendly answer that it did not do it: both have `success` there.
fn denies(answer: &Answer) -> bool {
    let body: Option<serde_json::Value> = serde_json::from_slice(answer.body()).ok();
    body.is_some_and(|body| body["success"] == false)
}

/// Asks whether the carrier took the message that was sent at `attempted_at` without an answer.
pub async fn find(
    carrier: &dyn Carrier,
    over: &dyn Transport,
    message: &OutboundMessage,
    attempted_at: Timestamp,
    now: Timestamp,
) -> Lookup {
    let is_settled = now - attempted_at >= carrier.settling();
    let Some(mut next) = carrier.look_up(message) else {
        return match is_settled {
            true => Lookup::NeverTold,
            false => cannot_tell("the carrier keeps no list: its report is waited for"),
        };
    };
    let mut found = Vec::new();
    for _ in 0..PAGES_MAX {
        let page = match ask(over, &next).await {
            Ok(answer) => carrier.listed(&answer, message, attempted_at),
            Err(Lost::NotSent(reason) | Lost::Unanswered(reason)) => Err(reason),
        };
        match page {
            Err(reason) => return Lookup::CannotTell { reason },
            Ok(page) => {
                found.extend(page.found);
                match page.next {
                    None => {
                        return conclusion(found, is_settled);
                    }
                    Some(request) => next = request,
                }
            }
        }
    }
    cannot_tell("the list of messages is too long to read")
}

/// Where a file is now: as the carrier says, where it names files by identifiers, else where its webhook said. None if it
/// does not know the file any more.
///
/// # Errors
/// If it gave no answer to rely on.
pub async fn media_url(
    carrier: &dyn Carrier,
    over: &dyn Transport,
    media: &Media,
) -> Result<Option<Private<String>>, Lost> {
    let Some(request) = carrier.media(media) else { return Ok(Some(media.url.clone())) };
    let answer = ask(over, &request).await?;
    match carrier.media_url(&answer) {
        Some(url) => Ok(Some(url)),
        None if answer.status().is_client_error() && answer.status() != 429 => Ok(None),
        None => {
            Err(Lost::Unanswered(format!("the carrier answered HTTP {}", answer.status().as_u16())))
        }
    }
}

fn conclusion(mut found: Vec<String>, is_settled: bool) -> Lookup {
    match (found.pop(), found.is_empty()) {
        (Some(carrier_message_id), true) => Lookup::Found { carrier_message_id },
        (Some(_), false) => cannot_tell("several messages in the list could be this one"),
        (None, _) if !is_settled => {
            cannot_tell("the attempt is too recent to be missed in the list")
        }
        (None, _) => Lookup::NotFound,
    }
}

fn cannot_tell(reason: &str) -> Lookup {
    Lookup::CannotTell { reason: reason.to_owned() }
}

/// Asks with one secret after the other: a request with a wrong one had no effect.
async fn ask(over: &dyn Transport, request: &ApiRequest) -> Result<Answer, Lost> {
    let mut refused = None;
    for secret in &request.credentials {
        let answer = over.exchange(authorized(request, secret.as_str())?).await?;
        if answer.status() != StatusCode::UNAUTHORIZED {
            return Ok(answer);
        }
        refused = Some(answer);
    }
    refused.ok_or_else(|| Lost::NotSent("no secret is configured for this carrier".to_owned()))
}

fn authorized(request: &ApiRequest, secret: &str) -> Result<http::Request<Vec<u8>>, Lost> {
    // Neither error is shown: it would repeat what must not be.
    let wrong = |what| move |()| Lost::NotSent(format!("{what} makes no request"));
    let mut made = http::Request::builder()
        .method(&request.method)
        .uri(request.url.as_str())
        .body(request.body.0.clone())
        .map_err(|_| ())
        .map_err(wrong("the carrier's URL"))?;
    made.headers_mut().clone_from(&request.headers);
    let mut secret =
        HeaderValue::from_str(secret).map_err(|_| ()).map_err(wrong("the carrier's secret"))?;
    secret.set_sensitive(true);
    made.headers_mut().insert(AUTHORIZATION, secret);
    Ok(made)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn absence_is_believed_only_after_a_while_and_one_match_is_believed_at_once() {
        let found = |count| vec!["SM1".to_owned(); count];
        assert!(matches!(conclusion(found(0), false), Lookup::CannotTell { .. }));
        assert_eq!(conclusion(found(0), true), Lookup::NotFound);
        assert!(matches!(conclusion(found(1), false), Lookup::Found { .. }));
        assert!(matches!(conclusion(found(2), true), Lookup::CannotTell { .. }));
    }
}
