//! What a service answers, embedded or behind an endpoint.

use anyhow::{Result, bail};
use serde_json::{Value, json};
use switchboard_disk::Unkept;

/// What a service answers.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(&'static str, String)>,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn new(status: u16, body: impl Into<Vec<u8>>) -> Self {
        let headers = vec![("content-type", "application/x-amz-json-1.0".to_owned())];
        Self { status, headers, body: body.into() }
    }

    pub(crate) fn not_json() -> Self {
        let kind = "com.amazon.coral.service#SerializationException";
        Self::error(400, kind, "the request is not JSON")
    }

    /// A refusal or a failure, in the services' own form.
    pub(crate) fn error(status: u16, kind: &str, message: &str) -> Self {
        Self::new(status, json!({ "__type": kind, "message": message }).to_string())
    }

    /// What was done may be lost again, so it is not answered for.
    pub(crate) fn unkept(unkept: Unkept) -> Self {
        Self::error(500, "InternalServerError", &unkept.to_string())
    }

    /// The body of a success.
    pub(crate) fn read(self) -> Result<Value> {
        let body: Value = serde_json::from_slice(&self.body).unwrap_or_default();
        if self.status != 200 {
            let message = body["message"].as_str().or_else(|| body["Message"].as_str());
            bail!("{} ({})", message.unwrap_or("no message"), body["__type"]);
        }
        Ok(body)
    }
}
