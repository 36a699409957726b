//! Make HTTP Request and Run Function: calls an endpoint, and goes on with what it says.
//!
//! <https://www.twilio.com/docs/studio/widget-library/http-request>, <https://www.twilio.com/docs/studio/widget-library/run-function>. Exports
//! have `method`, `url`, `content_type`, and `body` or a list `parameters`; a function `service_sid`, `environment_sid`, `function_sid` and
//! `url`, of which the URL is called, by POST as a form. Of the answer there are `status_code`, `content_type`, `body`, and `parsed` where it is a
//! JSON object or list. `add_twilio_auth` is refused: no endpoint is given the account's password.

use std::collections::BTreeMap;

use serde_json::{Map, Value, json};

use super::super::end::Trouble;
use super::super::reading::{Pair, Reading};
use super::super::text::Text;
use crate::timestamp::Timestamp;

/// The most that is kept of an answer, in bytes; one that is longer is a failure.
const ANSWER_BYTES_MAX: usize = 16 * 1024;

/// The widget.
#[derive(Debug, Clone, PartialEq)]
pub(in super::super) struct CallOut {
    url: Text,
    is_post: bool,
    content_type: String,
    body: Option<Text>,
    parameters: Vec<Pair>,
}

/// A call that is to be made.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Request {
    /// Where.
    pub url: String,
    /// `GET` or `POST`.
    pub method: &'static str,
    /// What is told.
    pub body: RequestBody,
}

/// What a call tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum RequestBody {
    /// A form, or a query.
    Parameters(Vec<(String, String)>),
    /// A text of a type.
    Text {
        /// The type.
        content_type: String,
        /// The text.
        text: String,
    },
}

/// What came of a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    /// The status; none if nobody answered in time.
    pub status: Option<u16>,
    /// The media type.
    pub content_type: Option<String>,
    /// The text; none if it is too long.
    pub body: Option<String>,
}

impl CallOut {
    pub(super) fn read(kind: &str, reading: &mut Reading<'_>) -> Self {
        let methods = BTreeMap::from([("get", false), ("post", true)]);
        let is_function = kind == "run-function";
        let is_post = reading.one_of("method", &methods).unwrap_or(is_function);
        if reading.properties["add_twilio_auth"].as_bool() == Some(true) {
            reading.fails("add_twilio_auth", "would give the account's password away");
        }
        let content_type = reading.plain("content_type").unwrap_or_default();
        let body = if is_function { None } else { reading.text("body") };
        Self {
            url: reading.required("url"),
            is_post,
            content_type,
            body,
            parameters: reading.pairs("parameters"),
        }
    }

    /// The call that it makes.
    pub(in super::super) fn request(
        &self,
        context: &Value,
        now: Timestamp,
    ) -> Result<Request, Trouble> {
        let url = self.url.filled(context, now)?.trim().to_owned();
        let method = if self.is_post { "POST" } else { "GET" };
        let is_form = self.content_type.starts_with("application/x-www-form-urlencoded");
        // Some exports have a form with both, of which the parameters are what the editor shows.
        let has_parameters = is_form && !self.parameters.is_empty();
        let body = match &self.body {
            Some(body) if self.is_post && !has_parameters => {
                let content_type = match self.content_type.as_str() {
                    "" => "application/x-www-form-urlencoded".to_owned(),
                    given => given.to_owned(),
                };
                RequestBody::Text { content_type, text: body.filled(context, now)? }
            }
            Some(_) | None => {
                let filled = |one: &Pair| Ok((one.key.clone(), one.value.filled(context, now)?));
                let all = self.parameters.iter().map(filled).collect::<Result<_, Trouble>>()?;
                RequestBody::Parameters(all)
            }
        };
        Ok(Request { url, method, body })
    }
}

impl Answer {
    /// Whether the endpoint did what it was asked to.
    pub(in super::super) const fn succeeded(&self) -> bool {
        matches!(self.status, Some(200..=299)) && self.body.is_some()
    }

    /// As the widget shows it.
    pub(in super::super) fn output(&self) -> Value {
        let mut all = Map::new();
        if let Some(status) = self.status {
            all.insert("status_code".to_owned(), json!(status));
        }
        if let Some(kind) = &self.content_type {
            all.insert("content_type".to_owned(), json!(kind));
        }
        let Some(body) = self.body.as_ref().filter(|body| body.len() <= ANSWER_BYTES_MAX) else {
            return Value::Object(all);
        };
        let parsed = serde_json::from_str::<Value>(body).ok();
        if let Some(parsed) = parsed.filter(|it| it.is_object() || it.is_array()) {
            all.insert("parsed".to_owned(), parsed);
        }
        all.insert("body".to_owned(), json!(body));
        Value::Object(all)
    }
}
