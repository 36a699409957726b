//! A call that tries an endpoint: nothing has happened, and the answer is kept as any other.

use std::time::Duration;

use switchboard_domain::effect::TestCall;
use switchboard_domain::webhook::attempt::TEST_EVENT;
use switchboard_runtime::Dependencies;

use crate::{Due, Told};

/// How long an endpoint has to answer.
const TIMEOUT: Duration = Duration::from_secs(5);

/// What is told.
pub(crate) fn told(on: &Dependencies, call: &TestCall) -> Told {
    let parameters = [
        ("AccountSid", on.config.account_sid.to_string()),
        ("EventType", TEST_EVENT.to_owned()),
        ("Source", "API".to_owned()),
        ("EndpointSid", call.endpoint.to_string()),
        ("RetryCount", "0".to_owned()),
    ];
    let parameters = parameters.into_iter().map(|(name, value)| (name.to_owned(), value));
    Told::Due(Due {
        url: call.url.clone(),
        method: "POST".to_owned(),
        parameters: parameters.collect(),
        timeout: TIMEOUT,
    })
}
