//! A carrier's request to us, before and after it was verified; and ours to a carrier.

use std::fmt;

use http::{HeaderMap, Method, header};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::private::Private;

use crate::form::Parameters;

/// Longest body that is looked at: nearly what a function can be handed. What is too long in it is cut later, as
/// the carrier would only send it again.
pub const BODY_BYTES_MAX: usize = 4 * 1024 * 1024;
/// Most parameters of one form that are looked at.
pub const PARAMETERS_MAX: usize = 1000;

/// A request exactly as it came: signatures are over bytes that any re-encoding would change.
#[derive(Clone, Copy)]
pub struct RawRequest<'a> {
    /// The method.
    pub method: &'a Method,
    /// The URL as we gave it to the carrier: the public base, the raw path and the raw query.
    pub url: &'a str,
    /// The headers.
    pub headers: &'a HeaderMap,
    /// The body.
    pub body: &'a [u8],
}

impl<'a> RawRequest<'a> {
    /// The query, still encoded; empty without one.
    pub(crate) fn query(&self) -> &'a str {
        let (url, _) = self.url.split_once('#').unwrap_or((self.url, ""));
        url.split_once('?').map_or("", |(_, query)| query)
    }

    /// Whether the body says of itself that it is a form.
    pub(crate) fn is_form(&self) -> bool {
        let content_type = self.headers.get(header::CONTENT_TYPE);
        let text = content_type.and_then(|value| value.to_str().ok()).unwrap_or("");
        let (media_type, _) = text.split_once(';').unwrap_or((text, ""));
        media_type.trim().eq_ignore_ascii_case("application/x-www-form-urlencoded")
    }
}

impl fmt::Debug for RawRequest<'_> {
    /// Query, headers and body are the customer's or secret.
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "RawRequest({}, {} bytes)", self.method, self.body.len())
    }
}

/// A request that its carrier was proven to have made; only [`Carrier::verify`](crate::Carrier::verify)
/// makes one.
#[derive(Debug)]
pub struct Verified<'a> {
    carrier: CarrierName,
    request: RawRequest<'a>,
    form: Option<Parameters<'a>>,
}

impl<'a> Verified<'a> {
    pub(crate) fn new(carrier: CarrierName, request: RawRequest<'a>) -> Self {
        Self { carrier, request, form: None }
    }

    /// The same with the parameters that its signature covers, which are not decoded twice.
    pub(crate) fn with_form(self, form: Parameters<'a>) -> Self {
        Self { form: Some(form), ..self }
    }

    /// The carrier that made it.
    pub fn carrier(&self) -> CarrierName {
        self.carrier
    }

    pub(crate) fn request(&self) -> &RawRequest<'a> {
        &self.request
    }

    pub(crate) fn form(&self) -> Option<&Parameters<'a>> {
        self.form.as_ref()
    }
}

/// A request as a carrier would make it of us, signature included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct SignedRequest {
    /// The URL.
    pub url: String,
    /// The headers, the signature among them.
    pub headers: HeaderMap,
    /// The body, posted.
    pub body: String,
}

impl SignedRequest {
    /// The request as it is to be verified.
    pub fn raw(&self) -> RawRequest<'_> {
        RawRequest {
            method: &Method::POST,
            url: &self.url,
            headers: &self.headers,
            body: self.body.as_bytes(),
        }
    }
}

/// A request to a carrier's API.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ApiRequest {
    /// The method.
    pub method: Method,
    /// The URL; a query holds addresses of customers.
    pub url: Private<String>,
    /// The headers, but for `Authorization`.
    pub headers: HeaderMap,
    /// The body.
    pub body: Private<Vec<u8>>,
    /// The values of `Authorization` that are in use, the first one first: the next is tried when one is answered
    /// with 401.
    pub credentials: Vec<Private<String>>,
}

/// What a carrier's API answered.
pub type Answer = http::Response<Vec<u8>>;
