//! Files from where a carrier or a sender keeps them. The links come from outside, so they are called under the same rules as
//! endpoints: https to vetted addresses, whatever a name leads to. A redirect is followed to an address that is vetted
//! again; what the carrier knows us by goes to the first host alone.

use std::time::Duration;

use reqwest::header::{AUTHORIZATION, CONTENT_DISPOSITION, CONTENT_TYPE, HeaderValue, LOCATION};
use reqwest::{Response, Url};
use switchboard_domain::private::Private;
use tokio::time::Instant;

use crate::{Called, Caller, Reached};

/// The most redirects that are followed.
const REDIRECTS_MAX: usize = 5;

/// A file to fetch.
#[derive(Debug, Clone, Copy)]
pub struct Download<'a> {
    /// Where it is.
    pub url: &'a str,
    /// The values of `Authorization` that open it, the first one first; they go to that host alone.
    pub credentials: &'a [Private<String>],
    /// The most bytes that are read.
    pub bytes_max: u64,
    /// How long all of it may take.
    pub timeout: Duration,
}

/// What came of fetching a file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Fetched {
    /// It is here.
    File(File),
    /// It is longer than was to be read.
    TooLarge,
    /// Something else came of it.
    Not(Called),
}

/// A file as it was answered.
#[derive(Clone, PartialEq, Eq)]
pub struct File {
    /// Its media type, if it was told.
    pub content_type: Option<String>,
    /// Its name, if it was told.
    pub file_name: Option<Private<String>>,
    /// Its content.
    pub content: Vec<u8>,
}

impl std::fmt::Debug for File {
    fn fmt(&self, out: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(out, "File({:?}, {} bytes)", self.content_type, self.content.len())
    }
}

/// One answer on the way to a file.
enum Hop {
    Here(Fetched),
    Elsewhere(Url),
}

impl Caller {
    /// Fetches a file.
    pub async fn fetch(&self, download: Download<'_>) -> Fetched {
        let end = Instant::now() + download.timeout;
        match self.followed(download, end).await {
            Ok(fetched) => fetched,
            Err(called) => Fetched::Not(called),
        }
    }

    /// Posts content to a scanner, and tells its status.
    pub async fn scan(
        &self,
        url: &str,
        content_type: &str,
        content: impl Into<reqwest::Body>,
        timeout: Duration,
    ) -> Called {
        let asked = async {
            let url = self.allowed(url).map_err(Called::Forbidden)?;
            let built = self.client.post(url).timeout(timeout).body(content);
            let built = built.header(CONTENT_TYPE, content_type);
            let request = built.build().map_err(|_| Called::Forbidden("not a request"))?;
            self.sent(&self.client, request).await
        };
        match asked.await {
            Ok(Reached::Endpoint(response)) => Called::Answered(response.status().as_u16()),
            Ok(Reached::StandIn(called, _)) | Err(called) => called,
        }
    }

    async fn followed(&self, download: Download<'_>, end: Instant) -> Result<Fetched, Called> {
        let mut url = self.allowed(download.url).map_err(Called::Forbidden)?;
        let home = url.origin();
        for _ in 0..=REDIRECTS_MAX {
            let credentials: &[Private<String>] = match url.origin() == home {
                true => download.credentials,
                false => &[],
            };
            match self.hop(&url, credentials, download.bytes_max, end).await? {
                Hop::Here(fetched) => return Ok(fetched),
                Hop::Elsewhere(next) => {
                    url = self.allowed(next.as_str()).map_err(Called::Forbidden)?
                }
            }
        }
        Err(Called::Forbidden("it leads on and on"))
    }

    /// Asks one address, with one secret after the other for as long as they are refused.
    async fn hop(
        &self,
        url: &Url,
        credentials: &[Private<String>],
        bytes_max: u64,
        end: Instant,
    ) -> Result<Hop, Called> {
        let mut secrets = credentials.iter();
        let mut secret = secrets.next();
        loop {
            let left = end.saturating_duration_since(Instant::now());
            let mut built = self.client.get(url.clone()).timeout(left);
            if let Some(secret) = secret {
                let mut value = HeaderValue::from_str(secret.as_str())
                    .map_err(|_| Called::Forbidden("the carrier's secret makes no request"))?;
                value.set_sensitive(true);
                built = built.header(AUTHORIZATION, value);
            }
            let built = built.header("user-agent", "Switchboard/0.1").header("accept", "*/*");
            let request = built.build().map_err(|_| Called::Forbidden("not a request"))?;
            let hop = match self.sent(&self.client, request).await? {
                Reached::Endpoint(response) => answered(url, response, bytes_max).await?,
                Reached::StandIn(called, answer) => Hop::Here(stood_in(called, answer, bytes_max)),
            };
            let is_refused = matches!(hop, Hop::Here(Fetched::Not(Called::Answered(401))));
            match secrets.next().filter(|_| is_refused) {
                Some(next) => secret = Some(next),
                None => return Ok(hop),
            }
        }
    }
}

async fn answered(url: &Url, mut response: Response, bytes_max: u64) -> Result<Hop, Called> {
    let status = response.status();
    let text = |name| response.headers().get(name).and_then(|it| it.to_str().ok());
    if status.is_redirection() {
        let next = text(LOCATION).and_then(|location| url.join(location).ok());
        return next.map(Hop::Elsewhere).ok_or(Called::Answered(status.as_u16()));
    }
    if !status.is_success() {
        return Ok(Hop::Here(Fetched::Not(Called::Answered(status.as_u16()))));
    }
    let content_type = text(CONTENT_TYPE).map(str::to_owned);
    let file_name = text(CONTENT_DISPOSITION).and_then(file_name);
    if response.content_length().is_some_and(|length| length > bytes_max) {
        return Ok(Hop::Here(Fetched::TooLarge));
    }
    // What it says it is long: a file that grows as it comes takes twice as much.
    let length = response.content_length().unwrap_or_default();
    let mut content = Vec::with_capacity(usize::try_from(length).unwrap_or_default());
    let cut = |error: reqwest::Error| match error.is_timeout() {
        true => Called::TimedOut,
        false => Called::Unanswered,
    };
    while let Some(chunk) = response.chunk().await.map_err(cut)? {
        if (content.len() + chunk.len()) as u64 > bytes_max {
            return Ok(Hop::Here(Fetched::TooLarge));
        }
        content.extend_from_slice(&chunk);
    }
    Ok(Hop::Here(Fetched::File(File { content_type, file_name, content })))
}

fn stood_in(called: Called, answer: crate::Answer, bytes_max: u64) -> Fetched {
    match (called.succeeded(), answer.body) {
        (true, Some(content)) if content.len() as u64 <= bytes_max => {
            Fetched::File(File { content_type: answer.content_type, file_name: None, content })
        }
        (true, _) => Fetched::TooLarge,
        (false, _) => Fetched::Not(called),
    }
}

/// The name that `Content-Disposition` gives, without whatever path stands before it.
fn file_name(disposition: &str) -> Option<Private<String>> {
    let parts = disposition.split(';').map(str::trim);
    let name = parts.filter_map(|part| part.strip_prefix("filename=")).next()?;
    let name = name.trim_matches('"').rsplit(['/', '\\']).next().unwrap_or_default();
    let name: String = name.chars().filter(|it| !it.is_control()).take(255).collect();
    (!name.is_empty()).then_some(Private(name))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_taken_without_its_path() {
        for (disposition, name) in [
            ("attachment; filename=\"a b.png\"", Some("a b.png")),
            ("inline; filename=../../etc/passwd", Some("passwd")),
            ("attachment; filename=\"c:\\x\\y.pdf\"; size=1", Some("y.pdf")),
            ("attachment; filename=\"\"", None),
            ("attachment", None),
        ] {
            assert_eq!(
                file_name(disposition).as_ref().map(|it| it.as_str()),
                name,
                "{disposition}"
            );
        }
    }
}
