//! The REST API as a stranger uses it: forms in, JSON out.

use reqwest::redirect::Policy;
use reqwest::{Client, Method, RequestBuilder};
use serde_json::Value;
use switchboard_carriers::SignedRequest;

/// An account's client.
#[derive(Debug, Clone)]
pub struct Api {
    base: String,
    name: String,
    password: String,
    /// What is sent in place of name and password.
    token: Option<String>,
    client: Client,
}

/// What was answered.
#[derive(Debug, Clone, PartialEq)]
pub struct Answered {
    /// The HTTP status.
    pub status: u16,
    /// The version of the resource.
    pub etag: Option<String>,
    /// After how many seconds to ask again.
    pub retry_after: Option<String>,
    /// The body; null if it is none or no JSON.
    pub body: Value,
}

impl Answered {
    /// The body of a success.
    ///
    /// # Panics
    /// If it was none.
    pub fn ok(self) -> Value {
        assert!((200..300).contains(&self.status), "{}: {}", self.status, self.body);
        self.body
    }

    /// The body of an answer with that status.
    ///
    /// # Panics
    /// If it has another one.
    #[track_caller]
    pub fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.body);
        self.body
    }

    /// The status of an error, which its body repeats, and its published code.
    ///
    /// # Panics
    /// If it is no error.
    #[track_caller]
    pub fn refusal(&self) -> (u16, u64) {
        let code = self.code().unwrap_or_else(|| panic!("{}: {}", self.status, self.body));
        assert_eq!(self.body["status"], self.status, "{}", self.body);
        (self.status, code)
    }

    /// The words of an error with that status and that code.
    ///
    /// # Panics
    /// If it is no error, or another one.
    #[track_caller]
    pub fn refused(self, status: u16, code: u64) -> String {
        assert_eq!(self.refusal(), (status, code), "{}", self.body);
        self.body["message"].as_str().unwrap_or_default().to_owned()
    }

    /// A member of the body that is text.
    pub fn text(&self, name: &str) -> String {
        self.body[name].as_str().unwrap_or_default().to_owned()
    }

    /// The published code of an error.
    pub fn code(&self) -> Option<u64> {
        self.body["code"].as_u64()
    }
}

impl Api {
    /// A client with these credentials.
    pub fn new(base: &str, name: &str, password: &str) -> Self {
        Self {
            base: base.to_owned(),
            name: name.to_owned(),
            password: password.to_owned(),
            token: None,
            client: Client::builder().redirect(Policy::none()).build().expect("a client"),
        }
    }

    /// A client that bears a token.
    pub fn bearing(base: &str, token: &str) -> Self {
        Self { token: Some(token.to_owned()), ..Self::new(base, "", "") }
    }

    /// The same request with who asks.
    fn named(&self, request: RequestBuilder) -> RequestBuilder {
        match &self.token {
            Some(token) => request.bearer_auth(token),
            None => request.basic_auth(&self.name, Some(&self.password)),
        }
    }

    /// One request.
    pub async fn send(
        &self,
        method: Method,
        path: &str,
        form: &[(&str, &str)],
        headers: &[(&str, &str)],
    ) -> Answered {
        let url = match path.starts_with("http") {
            true => path.to_owned(),
            false => format!("{}{path}", self.base),
        };
        let request = self.named(self.client.request(method, url));
        let mut request = request.header("content-type", "application/x-www-form-urlencoded");
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        let response = request.body(body).send().await.expect("the API answers");
        let status = response.status().as_u16();
        let header = |name: &str| {
            let value = response.headers().get(name).and_then(|it| it.to_str().ok());
            value.map(str::to_owned)
        };
        let (etag, retry_after) = (header("etag"), header("retry-after"));
        let bytes = response.bytes().await.expect("the API ends its answer");
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answered { status, etag, retry_after, body }
    }

    /// Delivers what a carrier signed, and says how it was answered.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn deliver(&self, webhook: SignedRequest) -> u16 {
        let request = self.client.post(webhook.url).headers(webhook.headers).body(webhook.body);
        request.send().await.expect("the webhook is answered").status().as_u16()
    }

    /// Creates or updates.
    pub async fn post(&self, path: &str, form: &[(&str, &str)]) -> Answered {
        self.send(Method::POST, path, form, &[]).await
    }

    /// Fetches.
    pub async fn get(&self, path: &str) -> Answered {
        self.send(Method::GET, path, &[], &[]).await
    }

    /// Removes.
    pub async fn delete(&self, path: &str) -> Answered {
        self.send(Method::DELETE, path, &[], &[]).await
    }

    /// Uploads a file as the SDK for Node does: its bytes, with a media type of their own.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn upload(&self, path: &str, content_type: &str, content: &[u8]) -> Answered {
        let request = self.client.post(format!("{}{path}", self.base));
        let request = self.named(request).header("content-type", content_type);
        let response = request.body(content.to_vec()).send().await.expect("the API answers");
        let status = response.status().as_u16();
        let bytes = response.bytes().await.expect("the API ends its answer");
        let body = serde_json::from_slice(&bytes).unwrap_or_default();
        Answered { status, etag: None, retry_after: None, body }
    }

    /// Reads an address as a browser does that has no password: status, media type and content.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn read(&self, url: &str) -> (u16, String, Vec<u8>) {
        let response = self.client.get(url).send().await.expect("somebody answers");
        let status = response.status().as_u16();
        let kind = response.headers().get("content-type").and_then(|it| it.to_str().ok());
        let kind = kind.unwrap_or_default().to_owned();
        (status, kind, response.bytes().await.expect("a whole answer").to_vec())
    }

    /// The same with the account's password; a redirect is followed once, without it.
    ///
    /// # Panics
    /// If nobody answers.
    pub async fn read_as_account(&self, path: &str) -> (u16, String, Vec<u8>) {
        let answered = self.get(path).await;
        match answered.body["location"].as_str() {
            Some(elsewhere) if answered.status == 302 => self.read(elsewhere).await,
            _ => (answered.status, String::new(), Vec::new()),
        }
    }

    /// Creates, and answers the new sid.
    pub async fn make(&self, path: &str, form: &[(&str, &str)]) -> String {
        let made = self.post(path, form).await.ok();
        made["sid"].as_str().unwrap_or_else(|| panic!("{path}: no sid in {made}")).to_owned()
    }

    /// Every record of a list, page by page.
    pub async fn all(&self, path: &str, key: &str) -> Vec<Value> {
        let mut records = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.get(&path).await.ok();
            records.extend(page[key].as_array().cloned().unwrap_or_default());
            next = page["meta"]["next_page_url"].as_str().map(str::to_owned);
        }
        records
    }
}
