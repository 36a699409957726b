//! One request to a REST product, read and taken apart.

use http::{HeaderMap, header};
use lambda_http::request::RequestContext;
use lambda_http::{Body, Request, RequestExt};
use percent_encoding::percent_decode_str;
use serde_json::Value;
use switchboard_domain::access::Action;
use switchboard_domain::codes::Code;
use switchboard_domain::decision::Decision;
use switchboard_domain::timestamp::Timestamp;
use switchboard_domain::version::Version;
use switchboard_runtime::route::below_stage;
use switchboard_runtime::{Beforehand, Dependencies};

use crate::BODY_BYTES_MAX;
use crate::auth::{Caller, credentials};
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

impl Method {
    /// What it does to one resource.
    pub(crate) const fn action(self) -> Action {
        match self {
            Self::Get => Action::Read,
            Self::Delete => Action::Delete,
            Self::Post | Self::Other => Action::Update,
        }
    }
}

/// One request.
pub struct Call<'a> {
    /// What the function works with.
    pub on: &'a Dependencies,
    /// Who is asking.
    pub caller: Caller,
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
    /// What it asks the endpoints of customers.
    pub beforehand: Beforehand,
    headers: HeaderMap,
}

impl<'a> Call<'a> {
    /// Reads a request.
    pub(crate) fn read(
        on: &'a Dependencies,
        caller: Caller,
        request: Request,
    ) -> Result<Self, ApiError> {
        let (head, body) = request.into_parts();
        let method = match head.method.as_str() {
            "GET" | "HEAD" => Method::Get,
            "POST" => Method::Post,
            "DELETE" => Method::Delete,
            _ => Method::Other,
        };
        let raw_path = head.raw_http_path().to_owned();
        let mut segments = Vec::new();
        for segment in path_of(&head).split('/').filter(|segment| !segment.is_empty()) {
            let decoded = percent_decode_str(segment).decode_utf8();
            segments.push(decoded.map_err(|_| ApiError::not_found(&raw_path))?.into_owned());
        }
        if segments.is_empty() {
            return Err(ApiError::not_found(&raw_path));
        }
        let product = segments.remove(0);
        let (form, json) = read_body(&head.headers, body)?;
        let query = Params::parse(head.uri.query().unwrap_or_default().as_bytes());
        query.nothing_spread()?;
        if json.is_none() {
            form.nothing_spread()?;
        }
        Ok(Self {
            on,
            caller,
            now: on.now(),
            method,
            product,
            segments,
            raw_path,
            query,
            form,
            json,
            beforehand: Beforehand::default(),
            headers: head.headers,
        })
    }

    /// The segments of the path behind the product: `["v1", "Workspaces", "WS…"]`.
    pub fn path(&self) -> Vec<&str> {
        self.segments.iter().map(String::as_str).collect()
    }

    /// Name and password of the request, by Basic.
    pub fn credentials(&self) -> Option<(String, String)> {
        credentials(&self.headers)
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
            Method::Other => Err(Code::MethodNotAllowed.into()),
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

    /// Lets `rule` load and decide, commits what it decided and sends the effects ([`Dependencies::decide`]). A
    /// parameter that was not read before cannot have a part in the decision, so it is refused here.
    pub async fn decide<T, F>(&self, rule: impl FnMut() -> F) -> Result<T, ApiError>
    where
        F: Future<Output = Result<(T, Decision), ApiError>>,
    {
        self.nothing_else()?;
        self.on.decide(rule).await
    }

    /// Refuses a parameter that was not read until now.
    pub fn nothing_else(&self) -> Result<(), ApiError> {
        self.query.nothing_else()?;
        self.form.nothing_else()
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
        let why = format!("If-Match is {given}, the resource is at {version}");
        Err(ApiError::because(Code::StaleVersion, why))
    }

    /// Whether a REST change shall call webhooks (rule R.6).
    pub fn webhooks_enabled(&self) -> bool {
        self.header("x-twilio-webhook-enabled").is_some_and(|it| it.eq_ignore_ascii_case("true"))
    }
}

/// The path of a request, the product first, below the stage that it came by.
pub fn path_of(request: &impl RequestExt) -> String {
    let stage = match request.request_context_ref() {
        Some(RequestContext::ApiGatewayV2(context)) => context.stage.as_deref(),
        _ => None,
    };
    below_stage(request.raw_http_path(), stage).to_owned()
}

/// The content type of forms.
const FORM: &str = "application/x-www-form-urlencoded";
/// The content type of the operations that take JSON.
const JSON: &str = "application/json";

/// Reads a form, or a JSON object where the content type says so. Anything else is refused: it would be taken for
/// parameters with strange names, and dropped.
fn read_body(headers: &HeaderMap, body: Body) -> Result<(Params, Option<Value>), ApiError> {
    let bytes: &[u8] = match &body {
        Body::Empty => &[],
        Body::Text(text) => text.as_bytes(),
        Body::Binary(bytes) => bytes,
        _ => return Err(ApiError::bad("The body cannot be read")),
    };
    if bytes.len() > BODY_BYTES_MAX {
        return Err(Code::BodyTooLarge.into());
    }
    if bytes.is_empty() {
        return Ok((Params::default(), None));
    }
    let kind = match headers.get(header::CONTENT_TYPE) {
        Some(value) => value.to_str().unwrap_or_default().split(';').next().unwrap_or_default(),
        None => FORM,
    };
    match kind.trim() {
        kind if kind.eq_ignore_ascii_case(JSON) => read_json(bytes),
        kind if kind.eq_ignore_ascii_case(FORM) => Ok((read_form(bytes)?, None)),
        _ => {
            Err(ApiError::bad(format!("The body has to be a form: its Content-Type is not {FORM}")))
        }
    }
}

fn read_json(bytes: &[u8]) -> Result<(Params, Option<Value>), ApiError> {
    let value: Value = serde_json::from_slice(bytes).map_err(|error| {
        let place = format!("line {}, column {}", error.line(), error.column());
        ApiError::bad(format!("The body is not valid JSON: {place}"))
    })?;
    match value.is_object() {
        true => Ok((Params::from_json(&value), Some(value))),
        false => Err(ApiError::bad("The body is not a JSON object")),
    }
}

/// A form whose names are names: JSON or XML that is sent as a form has others.
fn read_form(bytes: &[u8]) -> Result<Params, ApiError> {
    if std::str::from_utf8(bytes).is_err() {
        return Err(ApiError::bad("The body is not valid UTF-8"));
    }
    let form = Params::parse(bytes);
    let is_name = |name: &str| {
        let is_part = |byte: u8| byte.is_ascii_alphanumeric() || b"._-[]".contains(&byte);
        !name.is_empty() && name.bytes().all(is_part)
    };
    let is_form = form.iter().all(|(name, _)| is_name(name));
    let why = "The body is not a form: it has names that no parameter can have";
    if is_form { Ok(form) } else { Err(ApiError::bad(why)) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(content_type: Option<&str>, body: &[u8]) -> Result<Params, ApiError> {
        let mut headers = HeaderMap::new();
        if let Some(kind) = content_type {
            headers.insert(header::CONTENT_TYPE, kind.parse().unwrap());
        }
        read_body(&headers, Body::Binary(body.to_vec())).map(|(params, _)| params)
    }

    #[test]
    fn a_form_or_a_json_object_is_read() {
        for kind in [None, Some(FORM), Some("Application/X-WWW-Form-Urlencoded; charset=UTF-8")] {
            assert_eq!(read(kind, b"A.B=1&C=2").unwrap().get("A.B"), Some("1"), "{kind:?}");
        }
        for kind in [JSON, "application/json; charset=utf-8", "APPLICATION/JSON"] {
            assert_eq!(read(Some(kind), b"{\"A\": 1}").unwrap().get("A"), Some("1"), "{kind}");
        }
        assert!(read(Some("text/xml"), b"").is_ok(), "nothing was sent");
    }

    #[test]
    fn a_body_that_is_neither_is_refused() {
        for (kind, body) in [
            (Some("multipart/form-data; boundary=x"), &b"--x"[..]),
            (Some("text/plain"), b"A=1"),
            (Some("application/xml"), b"<A/>"),
            (Some("application/jsonp"), b"{}"),
            (Some(""), b"A=1"),
            (Some(JSON), b"[1]"),
            (Some(JSON), b"1"),
            (Some(JSON), b"{"),
            (None, b"{\"A\": 1}"),
            (Some(FORM), b"{\"A\": \"b=c\"}"),
            (Some(FORM), b"<A>1</A>"),
            (Some(FORM), b"=1"),
            (Some(FORM), b"A B=1"),
            (Some(FORM), b"\xff\xfe"),
        ] {
            let refused = read(kind, body).map(|_| ()).unwrap_err();
            assert_eq!((refused.status, refused.code), (400, 20001), "{kind:?} {body:?}");
        }
    }
}
