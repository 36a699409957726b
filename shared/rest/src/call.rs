//! One request to a REST product, read and taken apart.

use http::{HeaderMap, header};
use lambda_http::{Body, Request};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_runtime::Dependencies;

use crate::BODY_BYTES_MAX;
use crate::params::Params;
use crate::reply::{Answer, ApiError};

/// The methods that the products know.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Method {
    /// Fetch or list.
    Get,
    /// Create or update.
    Post,
    /// Remove.
    Delete,
    /// Anything else.
    Other,
}

/// One request.
pub struct Call<'a> {
    /// What the function works with.
    pub on: &'a Dependencies,
    /// When it came in.
    pub now: Timestamp,
    /// The method.
    pub method: Method,
    /// The product: the first segment of the path.
    pub product: String,
    /// The segments behind it, decoded.
    segments: Vec<String>,
    /// The path as it came, product included.
    pub raw_path: String,
    /// The parameters of the query.
    pub query: Params,
    /// The parameters of the body.
    pub form: Params,
    /// The body, if it was JSON.
    pub json: Option<Value>,
    headers: HeaderMap,
}

impl<'a> Call<'a> {
    /// Reads a request.
    pub(crate) fn read(on: &'a Dependencies, request: Request) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let method = match head.method.as_str() {
            "GET" | "HEAD" => Method::Get,
            "POST" => Method::Post,
            "DELETE" => Method::Delete,
            _ => Method::Other,
        };
        let raw_path = head.uri.path().to_owned();
        let mut segments = Vec::new();
        for segment in raw_path.split('/').filter(|segment| !segment.is_empty()) {
            let decoded = percent_decode_str(segment).decode_utf8();
            segments.push(decoded.map_err(|_| ApiError::not_found(&raw_path))?.into_owned());
        }
        if segments.is_empty() {
            return Err(ApiError::not_found(&raw_path));
        }
        let product = segments.remove(0);
        let (form, json) = read_body(&head.headers, body)?;
        Ok(Self {
            on,
            now: on.now(),
            method,
            product,
            segments,
            raw_path,
            query: Params::parse(head.uri.query().unwrap_or_default().as_bytes()),
            form,
            json,
            headers: head.headers,
        })
    }

    /// The segments of the path behind the product: `["v1", "Workspaces", "WS…"]`.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// A header.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// 404 for this request.
    pub fn not_found(&self) -> ApiError {
        let behind = self.segments.iter().skip(1).map(String::as_str).collect::<Vec<_>>();
        ApiError::not_found(&format!("/{}", behind.join("/")))
    }

    /// What a path that no operation has is answered: 404, or 405 if another method would do.
    pub fn no_such_operation(&self) -> Answer {
        match self.method {
            Method::Other => Err(ApiError::new(405, 20004, "Method not allowed")),
            Method::Get | Method::Post | Method::Delete => Err(self.not_found()),
        }
    }

    /// An identifier out of the path; one of the wrong shape is not found.
    pub fn sid<T: std::str::FromStr>(&self, text: &str) -> Result<T, ApiError> {
        text.parse().map_err(|_| self.not_found())
    }

    /// The absolute URL of a resource of this product: `url("v1/Workspaces/WS…")`.
    pub fn url(&self, path: &str) -> String {
        format!("{}/{}/{path}", self.on.config.public_url, self.product)
    }

    /// Refuses a stale `If-Match` (rule R.5).
    pub fn if_match(&self, version: Version) -> Result<(), ApiError> {
        let Some(given) = self.header("if-match") else {
            return Ok(());
        };
        let tag = given.trim().trim_start_matches("W/").trim_matches('"');
        if tag == "*" || tag == version.to_string() {
            return Ok(());
        }
        let message =
            format!("Precondition failed: If-Match is {given}, the resource is at {version}");
        Err(ApiError::new(412, 20412, message))
    }

    /// Whether a REST change shall call webhooks (rule R.6).
    pub fn webhooks_enabled(&self) -> bool {
        self.header("x-twilio-webhook-enabled").is_some_and(|it| it.eq_ignore_ascii_case("true"))
    }
}

/// Reads a form, or JSON where the content type says so.
fn read_body(headers: &HeaderMap, body: Body) -> Result<(Params, Option<Value>), ApiError> {
    let bytes: &[u8] = match &body {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(ApiError::bad("The body can not be read")),
    };
    if bytes.len() > BODY_BYTES_MAX {
        return Err(ApiError::new(413, 20413, "Request Entity Too Large"));
    }
    let content_type = headers.get(header::CONTENT_TYPE).and_then(|value| value.to_str().ok());
    if content_type.is_some_and(|kind| kind.starts_with("application/json")) && !bytes.is_empty() {
        let value: Value = serde_json::from_slice(bytes).map_err(|error| {
            let place = format!("line {}, column {}", error.line(), error.column());
            ApiError::bad(format!("The body is not valid JSON: {place}"))
        })?;
        return Ok((Params::from_json(&value), Some(value)));
    }
    if std::str::from_utf8(bytes).is_err() {
        return Err(ApiError::bad("The body is not valid UTF-8"));
    }
    Ok((Params::parse(bytes), None))
}
