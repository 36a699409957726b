//! The command as a process, and what its customers and clients do with it.

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use reqwest::Client;
use serde_json::{Value, json};
use switchboard::check::folder;
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::{stand_in_settings, stub_of, webhook_path};
use switchboard_check::{Facts, Moment};
use switchboard_domain::carriage::{CarrierName, CarrierSettings, message_sid};
use switchboard_domain::conversation::Pair;
use switchboard_domain::sid::MessageSid;
use switchboard_runtime::dependencies::system_time;

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "local-auth-token";
const NUMBER: &str = "+18005550100";

/// A folder that is gone at the end.
pub(crate) struct Folder(pub(crate) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running process on a folder.
pub(crate) struct Running {
    child: Child,
    base: String,
    client: Client,
}

impl Drop for Running {
    /// Nothing of a test that failed goes on.
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Running {
    pub(crate) fn start(folder: &Path) -> Self {
        Self::start_with(folder, &[])
    }

    pub(crate) fn start_with(folder: &Path, variables: &[(&str, PathBuf)]) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["--no-demo", "--port", "0", "--data"])
            .arg(folder)
            .envs(variables.iter().map(|(name, value)| (name, value)))
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let ready = lines
            .by_ref()
            .find_map(|line| line.unwrap().strip_prefix("ready on ").map(str::to_owned));
        // What it prints from here on is of no interest, but it has to be taken.
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, base: ready.expect("it starts"), client: Client::new() }
    }

    /// Pulls the plug: no handler of the process runs.
    pub(crate) fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    /// Ends the process where it stands, while others still wait for its answers.
    pub(crate) fn stop_answering(&self) {
        let id = self.child.id().to_string();
        Command::new("kill").args(["-9", &id]).status().unwrap();
    }

    pub(crate) async fn api(&self, path: &str, form: &[(&str, &str)]) -> Value {
        let (status, body) = self.asked(path, form).await.unwrap();
        assert!((200..300).contains(&status), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    /// Status and body of an answer, if one comes.
    pub(crate) async fn asked(&self, path: &str, form: &[(&str, &str)]) -> Option<(u16, String)> {
        let url =
            if path.starts_with("http") { path.to_owned() } else { format!("{}{path}", self.base) };
        let request = match form {
            [] => self.client.get(url),
            form => {
                let body =
                    form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
                let form = "application/x-www-form-urlencoded";
                self.client.post(url).header("content-type", form).body(body)
            }
        };
        let response = request.basic_auth(ACCOUNT, Some(TOKEN)).send().await.ok()?;
        let status = response.status().as_u16();
        Some((status, response.text().await.ok()?))
    }

    pub(crate) async fn make(&self, path: &str, form: &[(&str, &str)]) -> String {
        self.api(path, form).await["sid"].as_str().unwrap().to_owned()
    }

    pub(crate) async fn all(&self, path: &str, key: &str) -> Vec<Value> {
        let mut found = Vec::new();
        let mut next = Some(path.to_owned());
        while let Some(path) = next {
            let page = self.api(&path, &[]).await;
            found.extend(page[key].as_array().cloned().unwrap());
            next = page["meta"]["next_page_url"].as_str().map(str::to_owned);
        }
        found
    }

    /// One signed message; whether it was acknowledged. Nobody may answer any more.
    pub(crate) async fn delivers(&self, from: &str, sid: &str) -> bool {
        self.answer_to(from, sid).await == Some(200)
    }

    /// One signed message, and the status of the answer, if one comes.
    pub(crate) async fn answer_to(&self, from: &str, sid: &str) -> Option<u16> {
        let carrier = CarrierName::default();
        let (auth_token, own) = (TOKEN.into(), stand_in_settings());
        let settings = CarrierSettings {
            account_sid: ACCOUNT.parse().unwrap(),
            auth_token: &auth_token,
            public_url: &self.base,
            own: &own,
            connection: None,
        };
        let message = CustomerMessage::text(sid, from, NUMBER, sid);
        let url = format!("{}{}", self.base, webhook_path(carrier));
        let signed = stub_of(carrier, &settings).unwrap().inbound(&url, &message);
        let request = self.client.post(signed.url).headers(signed.headers).body(signed.body);
        Some(request.send().await.ok()?.status().as_u16())
    }
}

/// A workspace with nobody in it, and a number whose flow makes a task of every conversation.
pub(crate) async fn set_up(on: &Running) -> String {
    let workspace = on.make("/taskrouter/v1/Workspaces", &[("FriendlyName", "plug")]).await;
    let path = format!("/taskrouter/v1/Workspaces/{workspace}");
    let queue = on.make(&format!("{path}/TaskQueues"), &[("FriendlyName", "all")]).await;
    let rules = json!({"task_routing": {"filters": [], "default_filter": {"queue": queue}}});
    let rules = rules.to_string();
    let form = [("FriendlyName", "all"), ("Configuration", rules.as_str())];
    let workflow = on.make(&format!("{path}/Workflows"), &form).await;
    let definition = json!({"initial_state": "Trigger", "states": [
        {"name": "Trigger", "type": "trigger", "transitions": [
            {"event": "incomingConversationMessage", "next": "agent"}]},
        {"name": "agent", "type": "send-to-flex", "transitions": [],
            "properties": {"workflow": workflow, "channel": "sms"}},
    ]});
    let definition = definition.to_string();
    let form =
        [("FriendlyName", "f"), ("Status", "published"), ("Definition", definition.as_str())];
    let flow = on.make("/studio/v2/Flows", &form).await;
    let form = [
        ("Type", "sms"),
        ("Address", NUMBER),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", flow.as_str()),
    ];
    on.make("/conversations/v1/Configuration/Addresses", &form).await;
    path
}

pub(crate) fn customer(number: usize) -> String {
    format!("+1415555{number:04}")
}

/// Whatever was cut off, the tables keep every invariant.
pub(crate) fn in_order(folder: &Path) {
    let tables = folder::read(folder).unwrap();
    let violations = tables.violations(None, Moment::Step);
    assert_eq!(violations, []);
}

/// And every acknowledged message, by customer and the carrier's identifier, is in a table or in a queue.
pub(crate) fn has_all(folder: &Path, acknowledged: &BTreeMap<String, Vec<String>>) {
    let of = |(from, ids): (&String, &Vec<String>)| -> Vec<(Pair, MessageSid)> {
        let pair = Pair { address: from.parse().unwrap(), proxy: NUMBER.parse().unwrap() };
        ids.iter().map(|id| (pair.clone(), message_sid(CarrierName::default(), id))).collect()
    };
    let acknowledged = acknowledged.iter().flat_map(of).collect();
    let waiting = Some(folder::waiting(folder).unwrap());
    let facts = Facts { acknowledged, waiting, now: system_time(), ..Facts::default() };
    let violations = folder::read(folder).unwrap().violations(Some(&facts), Moment::Step);
    assert_eq!(violations, []);
}

/// Every acknowledged message of a customer is in their one conversation, once; indexes have no gaps.
pub(crate) async fn check(on: &Running, from: &str, sids: &[String]) {
    let until = Instant::now() + Duration::from_secs(60);
    let address: String = form_urlencoded::byte_serialize(from.as_bytes()).collect();
    loop {
        let path = format!("/conversations/v1/ParticipantConversations?Address={address}");
        let conversations = on.all(&path, "conversations").await;
        assert!(conversations.len() <= 1, "{from} is in {}", conversations.len());
        let mut bodies = Vec::new();
        if let Some(one) = conversations.first() {
            let sid = one["conversation_sid"].as_str().unwrap();
            let path = format!("/conversations/v1/Conversations/{sid}/Messages?PageSize=100");
            let messages = on.all(&path, "messages").await;
            for (place, message) in messages.iter().enumerate() {
                assert_eq!(message["index"], json!(place), "{from}: indexes have no gaps");
            }
            bodies = messages.iter().map(|it| it["body"].as_str().unwrap().to_owned()).collect();
        }
        let once = |sid: &&String| bodies.iter().filter(|body| body == sid).count() == 1;
        let missing = sids.iter().filter(|sid| !once(sid)).count();
        if missing == 0 {
            return;
        }
        assert!(
            Instant::now() < until,
            "{from}: {missing} acknowledged messages are not there once"
        );
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}

/// One task for every conversation, whatever was killed between the two.
pub(crate) async fn settled_tasks(on: &Running, workspace: &str, wanted: usize) -> Vec<Value> {
    let until = Instant::now() + Duration::from_secs(60);
    loop {
        let tasks = on.all(&format!("{workspace}/Tasks?PageSize=1000"), "tasks").await;
        let conversation = |task: &Value| {
            let attributes: Value =
                serde_json::from_str(task["attributes"].as_str().unwrap()).unwrap();
            attributes["conversationSid"].as_str().unwrap().to_owned()
        };
        let mut conversations: Vec<String> = tasks.iter().map(conversation).collect();
        conversations.sort();
        let count = conversations.len();
        conversations.dedup();
        assert_eq!(conversations.len(), count, "a conversation has two tasks");
        if count >= wanted {
            return tasks;
        }
        assert!(Instant::now() < until, "{count} tasks for {wanted} conversations");
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
}
