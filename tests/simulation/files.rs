//! Files: customers send pictures, of which some cannot be had; agents upload some, show them, take them back, or forget
//! them. What must hold of them at rest, `infra/check` says.

use serde_json::Value;
use switchboard::http_event;
use switchboard::{Answer, Called};
use switchboard_domain::carriage::CarrierName;
use switchboard_domain::conversation::{State, default_service_sid};
use switchboard_domain::sid::AccountSid;

use crate::carrier::{Written, customer_writes};
use crate::kernel::Kernel;
use crate::random::{Concern, Random};
use crate::setup::{ACCOUNT, AUTHORIZATION, CUSTOMERS, NUMBER};

/// Where customers' files are.
pub(crate) const HOST: &str = "files.example";
/// How often in a thousand something is done about files.
const OFTEN: usize = 70;
/// What a file of a customer can be, each as often as its weight says.
const FILES: [(&str, usize); 5] =
    [("good", 12), ("dead", 2), ("page", 2), ("empty", 1), ("gone", 1)];

/// What people have done with uploads.
#[derive(Debug, Default)]
pub(crate) struct Uploads {
    /// The identifiers of those that were kept.
    kept: Vec<String>,
    /// The paths of the messages that show one.
    shown: Vec<String>,
}

impl Uploads {
    /// Learns from an answer what there is.
    pub(crate) fn hear(&mut self, name: &str, answer: &Value) {
        let sid = || answer["sid"].as_str().map(str::to_owned);
        if name.contains("/mcs/v1/") {
            self.kept.extend(sid());
        } else if name.contains("MediaSid") {
            let conversation = answer["conversation_sid"].as_str().unwrap_or_default();
            let path =
                |sid| format!("/conversations/v1/Conversations/{conversation}/Messages/{sid}");
            self.shown.extend(sid().map(path));
        }
    }
}

/// What is at the address of a customer's file.
pub(crate) fn at(path: &str) -> (Called, Answer) {
    let file = |content_type: &str, body: String| {
        let content_type = Some(content_type.to_owned());
        (
            Called::Answered(200),
            Answer { content_type, body: Some(body.into_bytes()), ..Answer::default() },
        )
    };
    match path.split('/').next().unwrap_or_default() {
        "good" => file("image/png", format!("a picture: {path}")),
        "page" => file("text/html", "<html>sign in</html>".to_owned()),
        "empty" => file("image/png", String::new()),
        "gone" => (Called::Answered(410), Answer::default()),
        _ => (Called::Answered(404), Answer::default()),
    }
}

fn uploads() -> String {
    let account: AccountSid = ACCOUNT.parse().expect("the account");
    format!("/mcs/v1/Services/{}/Media", default_service_sid(account))
}

impl Kernel {
    /// Perhaps somebody does something with a file.
    pub(crate) async fn somebody_has_a_file(&mut self) -> bool {
        let random = &mut self.streams.decision(Concern::Files);
        if !random.chance(OFTEN) {
            return false;
        }
        match random.weighed(&[6, 3, 4, 2, 1]) {
            0 => self.a_customer_sends_files(random).await,
            1 => self.an_agent_uploads(random).await,
            2 => self.an_agent_shows_an_upload(random).await,
            3 => self.an_agent_takes_a_message_away(random).await,
            _ => self.an_agent_takes_an_upload_back(random).await,
        }
        true
    }

    async fn a_customer_sends_files(&mut self, random: &mut Random) {
        self.messages += 1;
        let number = self.messages;
        let weights = FILES.map(|(_, weight)| weight);
        let file = |place: usize, random: &mut Random| {
            let what = FILES[random.weighed(&weights)].0;
            format!("https://{HOST}/{what}/{number}/{place}")
        };
        let files = (0..1 + random.below(2)).map(|place| file(place, random)).collect();
        let from = CUSTOMERS[random.below(CUSTOMERS.len())].to_owned();
        let written = Written {
            from,
            to: NUMBER.to_owned(),
            others: Vec::new(),
            body: format!("message {number}"),
            carrier: CarrierName::default(),
            names: Vec::new(),
            reply_to: None,
            files,
        };
        self.post(customer_writes(&format!("MM{number:032x}"), written)).await;
    }

    async fn an_agent_uploads(&mut self, random: &mut Random) {
        let content = format!("an upload of {} bytes or so", random.below(1000));
        let headers = [("authorization", AUTHORIZATION), ("content-type", "image/png")];
        let event = http_event("POST", &uploads(), &headers, content.as_bytes());
        self.ask_with("media-api", format!("agent: POST {}", uploads()), event).await;
    }

    async fn an_agent_shows_an_upload(&mut self, random: &mut Random) {
        let Some(upload) = random.pick(&self.facts.uploads.kept).cloned() else { return };
        let open: Vec<String> = {
            let state = self.world.state();
            let open = state.mirror.conversations().filter(|one| one.state != State::Closed);
            open.map(|one| one.sid.to_string()).collect()
        };
        let Some(conversation) = random.pick(&open).cloned() else { return };
        let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
        let form = [("Author", "alice"), ("Body", "look"), ("MediaSid", upload.as_str())];
        self.ask_knowing("POST", &path, &form).await;
    }

    async fn an_agent_takes_a_message_away(&mut self, random: &mut Random) {
        let Some(path) = random.pick(&self.facts.uploads.shown).cloned() else { return };
        self.ask_knowing("DELETE", &path, &[]).await;
    }

    async fn an_agent_takes_an_upload_back(&mut self, random: &mut Random) {
        let Some(upload) = random.pick(&self.facts.uploads.kept).cloned() else { return };
        self.ask_knowing("DELETE", &format!("{}/{upload}", uploads()), &[]).await;
    }
}
