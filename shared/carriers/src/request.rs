//! A carrier's request, before and after it was verified.

use std::fmt;

use http::{HeaderMap, Method, header};
use switchboard_domain::carriage::CarrierName;

/// Longest body that is looked at: more than any carrier's message, less than a queue message holds.
pub const BODY_BYTES_MAX: usize = 256 * 1024;
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
#[derive(Debug, Clone, Copy)]
pub struct Verified<'a> {
    carrier: CarrierName,
    request: RawRequest<'a>,
}

impl<'a> Verified<'a> {
    pub(crate) fn new(carrier: CarrierName, request: RawRequest<'a>) -> Self {
        Self { carrier, request }
    }

    /// The carrier that made it.
    pub fn carrier(&self) -> CarrierName {
        self.carrier
    }

    pub(crate) fn request(&self) -> &RawRequest<'a> {
        &self.request
    }
}
