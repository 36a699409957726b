//! The REST API over one connection at a time.

use std::sync::Mutex;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use crate::Outcome;
use crate::http::{Answer, Connection, written};

/// A client of the account.
#[derive(Debug)]
pub(crate) struct Api {
    port: u16,
    host: String,
    authorization: String,
    idle: Mutex<Vec<Connection>>,
}

impl Api {
    /// A client with these credentials.
    pub(crate) fn new(port: u16, account: &str, token: &str) -> Self {
        Self {
            port,
            host: format!("127.0.0.1:{port}"),
            authorization: format!("Basic {}", STANDARD.encode(format!("{account}:{token}"))),
            idle: Mutex::new(Vec::new()),
        }
    }

    /// A request as it goes over the wire.
    pub(crate) fn written(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Vec<u8> {
        let headers = [
            ("host", self.host.as_str()),
            ("authorization", self.authorization.as_str()),
            ("content-type", "application/x-www-form-urlencoded"),
        ];
        let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
        written(method, path, &headers, &body)
    }

    /// One exchange over a connection of its own, or one that nobody uses.
    pub(crate) fn exchange(&self, request: &[u8]) -> Outcome<Answer> {
        let idle = self.idle.lock().map_err(|_| "a client panicked")?.pop();
        let mut connection = match idle {
            Some(connection) => connection,
            None => Connection::to(self.port)?,
        };
        let answer = connection.exchange(request)?;
        self.idle.lock().map_err(|_| "a client panicked")?.push(connection);
        Ok(answer)
    }

    /// Drops the connections that nobody uses: after a long pause the other side has closed them.
    pub(crate) fn rested(&self) -> Outcome<()> {
        self.idle.lock().map_err(|_| "a client panicked")?.clear();
        Ok(())
    }

    fn call(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Outcome<Value> {
        let answer = self.exchange(&self.written(method, path, form))?;
        match answer.status {
            200..300 => Ok(serde_json::from_slice(&answer.body)?),
            status => {
                let body = String::from_utf8_lossy(&answer.body);
                Err(format!("{method} {path}: {status} {body}").into())
            }
        }
    }

    /// Creates or changes.
    pub(crate) fn post(&self, path: &str, form: &[(&str, &str)]) -> Outcome<Value> {
        self.call("POST", path, form)
    }

    /// Reads.
    pub(crate) fn get(&self, path: &str) -> Outcome<Value> {
        self.call("GET", path, &[])
    }

    /// Creates, and says what it is called.
    pub(crate) fn make(&self, path: &str, form: &[(&str, &str)]) -> Outcome<String> {
        let made = self.post(path, form)?;
        let sid = made["sid"].as_str().ok_or_else(|| format!("{path}: no sid in {made}"))?;
        Ok(sid.to_owned())
    }

    /// All of a list.
    fn all(&self, first: &str, key: &str) -> Outcome<Vec<Value>> {
        let (mut path, mut all) = (first.to_owned(), Vec::new());
        loop {
            let page = self.get(&path)?;
            all.extend(page[key].as_array().cloned().unwrap_or_default());
            let next = page["meta"]["next_page_url"].as_str().and_then(|it| it.split_once("://"));
            let Some((_, next)) = next else { return Ok(all) };
            path = next.find('/').map_or_else(String::new, |at| next[at..].to_owned());
        }
    }

    /// A customer's first message to the number opens a conversation, and nobody is called.
    pub(crate) fn address(&self, number: &str) -> Outcome<Value> {
        let form = [
            ("Type", "sms"),
            ("Address", number),
            ("AutoCreation.Enabled", "true"),
            ("AutoCreation.Type", "default"),
        ];
        self.post("/conversations/v1/Configuration/Addresses", &form)
    }

    /// How many messages the conversations have.
    pub(crate) fn stored(&self) -> Outcome<Value> {
        let path = "/conversations/v1/Conversations?PageSize=100";
        let conversations = self.all(path, "conversations")?;
        let mut messages = 0;
        for sid in conversations.iter().filter_map(|one| one["sid"].as_str()) {
            let path = format!("/conversations/v1/Conversations/{sid}/Messages?PageSize=100");
            messages += self.all(&path, "messages")?.len();
        }
        Ok(json!({ "conversations": conversations.len(), "messages": messages }))
    }
}
