//! A client of our own REST API over plain HTTP, as anybody could write it.

use std::time::Duration;

use anyhow::{Context, Result, bail};
use reqwest::Method;
use serde_json::Value;

/// How long a call may take.
const TIMEOUT: Duration = Duration::from_secs(15);

/// The client.
#[derive(Debug, Clone)]
pub(crate) struct Rest {
    base_url: String,
    account_sid: String,
    auth_token: String,
    client: reqwest::Client,
}

impl Rest {
    pub(crate) fn new(base_url: &str, account_sid: &str, auth_token: &str) -> Result<Self> {
        let client = reqwest::Client::builder().timeout(TIMEOUT).no_proxy().build()?;
        Ok(Self {
            base_url: base_url.to_owned(),
            account_sid: account_sid.to_owned(),
            auth_token: auth_token.to_owned(),
            client,
        })
    }

    /// The account's SID.
    pub(crate) fn account(&self) -> &str {
        &self.account_sid
    }

    /// Fetches or lists.
    pub(crate) async fn get(&self, path: &str) -> Result<Value> {
        self.call(Method::GET, path, String::new()).await
    }

    /// Creates or updates.
    pub(crate) async fn post<N, V>(&self, path: &str, form: &[(N, V)]) -> Result<Value>
    where
        N: AsRef<str>,
        V: AsRef<str>,
    {
        let mut body = form_urlencoded::Serializer::new(String::new());
        body.extend_pairs(form.iter().map(|(name, value)| (name.as_ref(), value.as_ref())));
        self.call(Method::POST, path, body.finish()).await
    }

    async fn call(&self, method: Method, path: &str, body: String) -> Result<Value> {
        let what = format!("{method} {path}");
        let mut request = self
            .client
            .request(method.clone(), format!("{}{path}", self.base_url))
            .basic_auth(&self.account_sid, Some(&self.auth_token));
        if method == Method::POST {
            request =
                request.header("content-type", "application/x-www-form-urlencoded").body(body);
        }
        let answer = request.send().await.with_context(|| what.clone())?;
        let status = answer.status();
        let text = answer.text().await.with_context(|| what.clone())?;
        if !status.is_success() {
            bail!("{what} is answered {status}: {text}");
        }
        serde_json::from_str(&text).with_context(|| format!("{what} is not answered with JSON"))
    }
}
