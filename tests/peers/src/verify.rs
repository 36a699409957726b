//! What a webhook costs before anything is done about it: its signature, and what it says.

use std::hint::black_box;
use std::time::Instant;

use http::Method;
use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::{
    RawRequest, SIGNATURE_HEADER, SignedRequest, connection_to, stand_in_settings, stub_of,
    webhook_path,
};
use switchboard_domain::carriage::{CarrierName, CarrierSettings};
use switchboard_domain::private::Private;
use switchboard_domain::timestamp::Timestamp;

use crate::Outcome;
use crate::messages::{BODY, BUSINESS};

/// So many webhooks take turns.
const DIFFERENT: usize = 64;
/// Where they are said to be posted.
const ORIGIN: &str = "https://messages.example.com";
/// When.
const NOW: Timestamp = Timestamp(1_796_040_000_000);

/// Verifies and reads so many webhooks, after as many that warm everything up.
pub(crate) fn measure(count: usize, account: &str, token: &str) -> Outcome<Value> {
    let token = Private::from(token);
    let own = stand_in_settings();
    let settings = CarrierSettings {
        account_sid: account.parse()?,
        auth_token: &token,
        public_url: ORIGIN,
        own: &own,
        connection: None,
    };
    let carrier = connection_to(CarrierName::default(), &settings)?;
    let requests = requests(&settings)?;
    let read = |request: &SignedRequest| -> Outcome<usize> {
        let raw = RawRequest {
            method: &Method::POST,
            url: &request.url,
            headers: &request.headers,
            body: request.body.as_bytes(),
        };
        let verified = carrier.verify(raw, NOW)?;
        Ok(black_box(carrier.parse(&verified, NOW)?).len())
    };
    let mut started = Instant::now();
    let mut events = 0;
    for round in 0..2 {
        started = Instant::now();
        events = 0;
        for number in 0..count {
            events += read(black_box(&requests[(number + round) % DIFFERENT]))?;
        }
    }
    let micros = started.elapsed().as_secs_f64() * 1e6 / count as f64;
    if events != count {
        return Err(format!("{events} messages in {count} webhooks").into());
    }
    Ok(json!({ "microseconds a webhook": micros }))
}

/// The same webhooks as text, for whoever else verifies them.
pub(crate) fn print(account: &str, token: &str) -> Outcome<Value> {
    let token = Private::from(token);
    let own = stand_in_settings();
    let settings = CarrierSettings {
        account_sid: account.parse()?,
        auth_token: &token,
        public_url: ORIGIN,
        own: &own,
        connection: None,
    };
    let one = |request: SignedRequest| {
        let signature = request.headers.get(SIGNATURE_HEADER).and_then(|it| it.to_str().ok());
        json!({ "url": request.url, "signature": signature, "body": request.body })
    };
    Ok(requests(&settings)?.into_iter().map(one).collect())
}

fn requests(settings: &CarrierSettings<'_>) -> Outcome<Vec<SignedRequest>> {
    let stub = stub_of(CarrierName::default(), settings)?;
    let url = format!("{ORIGIN}{}", webhook_path(CarrierName::default()));
    let one = |number: usize| {
        let (id, from) = (format!("SM{number:032x}"), format!("+1555019{number:04}"));
        stub.inbound(&url, &CustomerMessage::text(&id, &from, BUSINESS, BODY))
    };
    Ok((0..DIFFERENT).map(one).collect())
}
