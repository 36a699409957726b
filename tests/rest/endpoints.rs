//! The endpoints that customers have configured, in this process: what they are asked is kept, and they say what they are told to.

use std::collections::{BTreeMap, VecDeque};
use std::pin::Pin;
use std::sync::Mutex;

use serde_json::Value;
use switchboard::{Answer, Called};
use switchboard_carriers::{SIGNATURE_HEADER, sign};
use switchboard_tests::TOKEN;

/// One call of an endpoint.
#[derive(Debug, Clone)]
pub(crate) struct Heard {
    /// Its address, with what was asked if that is in it.
    pub(crate) url: String,
    /// What names the call.
    pub(crate) token: String,
    /// What was asked.
    pub(crate) form: BTreeMap<String, String>,
    /// Whether it was signed with the account's token.
    pub(crate) is_signed: bool,
}

impl Heard {
    fn of(request: &reqwest::Request) -> Self {
        let body = request.body().and_then(|body| body.as_bytes()).unwrap_or_default();
        let pairs: Vec<(String, String)> = form_urlencoded::parse(body).into_owned().collect();
        let signed: Vec<(&str, &str)> =
            pairs.iter().map(|(name, value)| (name.as_str(), value.as_str())).collect();
        let header = |name: &str| {
            let value = request.headers().get(name).and_then(|value| value.to_str().ok());
            value.unwrap_or_default().to_owned()
        };
        let url = request.url().to_string();
        let in_url = request.url().query_pairs().into_owned();
        Self {
            is_signed: header(SIGNATURE_HEADER) == sign(&url, &signed, TOKEN),
            token: header("I-Twilio-Idempotency-Token"),
            form: in_url.chain(pairs.clone()).collect(),
            url,
        }
    }

    /// A parameter, or nothing.
    pub(crate) fn get(&self, name: &str) -> &str {
        self.form.get(name).map(String::as_str).unwrap_or_default()
    }

    /// The event that it is about.
    pub(crate) fn event(&self) -> &str {
        self.get("EventType")
    }
}

/// All endpoints. They have nothing to say unless they are told what.
#[derive(Debug, Default)]
pub(crate) struct Endpoints {
    heard: Mutex<Vec<Heard>>,
    says: Mutex<VecDeque<(Called, Option<Vec<u8>>)>>,
}

impl Endpoints {
    /// The next one answers so.
    pub(crate) fn say(&self, status: u16, text: &str) {
        self.answer_with(Called::Answered(status), Some(text.as_bytes().to_vec()));
    }

    /// The next one answers with this object.
    pub(crate) fn say_json(&self, value: &Value) {
        self.say(200, &value.to_string());
    }

    /// The next call comes to this.
    pub(crate) fn answer_with(&self, called: Called, text: Option<Vec<u8>>) {
        self.says.lock().unwrap().push_back((called, text));
    }

    /// What they were asked since the last look.
    pub(crate) fn heard(&self) -> Vec<Heard> {
        std::mem::take(&mut self.heard.lock().unwrap())
    }

    /// The events that they were asked about since the last look.
    pub(crate) fn events(&self) -> Vec<String> {
        self.heard().iter().map(|one| one.event().to_owned()).collect()
    }
}

impl switchboard::Endpoints for Endpoints {
    fn answer(
        &self,
        request: reqwest::Request,
    ) -> Pin<Box<dyn Future<Output = (Called, Answer)> + Send + '_>> {
        self.heard.lock().unwrap().push(Heard::of(&request));
        let said = self.says.lock().unwrap().pop_front();
        let (called, body) = said.unwrap_or((Called::Answered(200), Some(Vec::new())));
        Box::pin(async move { (called, Answer { content_type: None, body, ..Answer::default() }) })
    }
}
