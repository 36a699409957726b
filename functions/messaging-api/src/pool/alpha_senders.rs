//! Alphanumeric senders in the pool of a messaging service.

use serde_json::{Value, json};
use switchboard_domain::codes::Code;
use switchboard_domain::configuration::AlphaSender;
use switchboard_domain::decision::Decision;
use switchboard_domain::sid::{AlphaSenderSid, MessagingServiceSid};
use switchboard_rest::{Answer, ApiError, Call, Order, Reply, ordered};
use switchboard_store::key;

use super::{ALPHA_SENDERS_MAX, removed};
use crate::services;

/// `POST /v1/Services/{ServiceSid}/AlphaSenders`.
pub(crate) async fn create(call: &Call<'_>, service: &str) -> Answer {
    let sender = call.form.get("AlphaSender").unwrap_or_default().trim();
    if sender.is_empty() {
        return Err(Code::AlphaSenderMissing.into());
    }
    if !is_alpha_sender(sender) {
        let rule = "it has at most 11 letters, digits, spaces and + - _ &, and at least one letter";
        return Err(ApiError::because(Code::InvalidAlphaSender, rule));
    }
    let minted: AlphaSenderSid = call.on.mint();
    let added = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        if service.alpha_senders.iter().any(|one| one.sender == sender) {
            return Err(Code::SenderInPool.into());
        }
        if service.alpha_senders.len() >= ALPHA_SENDERS_MAX {
            return Err(Code::PoolFull.into());
        }
        let new = AlphaSender { sid: minted, sender: sender.to_owned(), created: call.now };
        service.alpha_senders.push(new.clone());
        service.updated = call.now;
        Ok::<_, ApiError>(((service.sid, new), Decision::put(service)))
    });
    let (service, sender) = added.await?;
    Ok(Reply::created(render(call, service, &sender)))
}

/// Up to 11 letters, digits, spaces and a few signs, with at least one letter.
pub(crate) fn is_alpha_sender(text: &str) -> bool {
    text.len() <= 11
        && text.bytes().any(|byte| byte.is_ascii_alphabetic())
        && text.bytes().all(|byte| byte.is_ascii_alphanumeric() || b" +-_&".contains(&byte))
}

/// `GET /v1/Services/{ServiceSid}/AlphaSenders`.
pub(crate) async fn list(call: &Call<'_>, service: &str) -> Answer {
    let request = call.page(1000)?;
    let service = services::load(call, service).await?;
    let rows = service.alpha_senders.into_iter().map(|one| (key::dated(one.created, one.sid), one));
    let page = ordered(rows.collect(), Order::Ascending, &request);
    Ok(call.paged("alpha_senders", &request, &page, |one| render(call, service.sid, one)))
}

/// `GET /v1/Services/{ServiceSid}/AlphaSenders/{Sid}`.
pub(crate) async fn fetch(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: AlphaSenderSid = call.sid(sid)?;
    let service = services::load(call, service).await?;
    let sender = service.alpha_senders.iter().find(|one| one.sid == sid);
    Ok(Reply::ok(render(call, service.sid, sender.ok_or_else(|| call.not_found())?)))
}

/// `DELETE /v1/Services/{ServiceSid}/AlphaSenders/{Sid}`.
pub(crate) async fn remove(call: &Call<'_>, service: &str, sid: &str) -> Answer {
    let sid: AlphaSenderSid = call.sid(sid)?;
    let gone = call.decide(|| async {
        let mut service = services::load(call, service).await?;
        let place = service.alpha_senders.iter().position(|one| one.sid == sid);
        service.alpha_senders.remove(place.ok_or_else(|| call.not_found())?);
        service.updated = call.now;
        Ok::<_, ApiError>(((), Decision::put(service)))
    });
    gone.await?;
    removed()
}

/// The resource as answers show it.
pub(crate) fn render(call: &Call<'_>, service: MessagingServiceSid, one: &AlphaSender) -> Value {
    json!({
        "sid": one.sid,
        "account_sid": call.on.config.account_sid,
        "service_sid": service,
        "date_created": one.created.iso(),
        "date_updated": one.created.iso(),
        "alpha_sender": one.sender,
        "capabilities": ["SMS"],
        "url": call.url(&format!("v1/Services/{service}/AlphaSenders/{}", one.sid)),
    })
}

#[cfg(test)]
mod tests {
    use super::is_alpha_sender;

    #[test]
    fn an_alphanumeric_sender_has_a_letter_and_eleven_characters_at_most() {
        for right in ["ACME", "A1 +-_&", "abcdefghijk"] {
            assert!(is_alpha_sender(right), "{right}");
        }
        for wrong in ["", "12345", "abcdefghijkl", "Ä", "a.b"] {
            assert!(!is_alpha_sender(wrong), "{wrong}");
        }
    }
}
