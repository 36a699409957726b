//! Pulling the plug: the process is killed in the middle of its work, again and again, and started again on the
//! same folder. Whatever was acknowledged is there, once, and goes on by itself.
#![allow(clippy::unwrap_used, reason = "a test may fail")]

use std::collections::BTreeMap;
use std::io::{BufRead as _, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use reqwest::Client;
use serde_json::{Value, json};
use switchboard_carriers::stub::CustomerMessage;
use switchboard_carriers::{stub_of, webhook_path};
use switchboard_check::Moment;
use switchboard_domain::carriage::{CarrierName, CarrierSettings};

const ACCOUNT: &str = "AC00000000000000000000000000000001";
const TOKEN: &str = "local-auth-token";
const NUMBER: &str = "+18005550100";
const CUSTOMERS: usize = 8;
/// When the plug is pulled, in milliseconds after the first message of a round.
const PLUGS_MS: [u64; 6] = [15, 40, 75, 110, 180, 300];

/// A folder that is gone at the end.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

/// A running process on a folder.
struct Running {
    child: Child,
    base: String,
    client: Client,
}

impl Running {
    fn start(folder: &Path) -> Self {
        let mut child = Command::new(env!("CARGO_BIN_EXE_switchboard"))
            .args(["--no-demo", "--port", "0", "--data"])
            .arg(folder)
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
    fn kill(mut self) {
        self.child.kill().unwrap();
        self.child.wait().unwrap();
    }

    async fn api(&self, path: &str, form: &[(&str, &str)]) -> Value {
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
        let response = request.basic_auth(ACCOUNT, Some(TOKEN)).send().await.unwrap();
        let status = response.status();
        let body = response.text().await.unwrap();
        assert!(status.is_success(), "{path}: {status} {body}");
        serde_json::from_str(&body).unwrap()
    }

    async fn make(&self, path: &str, form: &[(&str, &str)]) -> String {
        self.api(path, form).await["sid"].as_str().unwrap().to_owned()
    }

    async fn all(&self, path: &str, key: &str) -> Vec<Value> {
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
    async fn delivers(&self, from: &str, sid: &str) -> bool {
        let carrier = CarrierName::default();
        let (auth_token, own) = (TOKEN.into(), BTreeMap::new());
        let settings = CarrierSettings {
            account_sid: ACCOUNT.parse().unwrap(),
            auth_token: &auth_token,
            public_url: &self.base,
            own: &own,
        };
        let message = CustomerMessage::text(sid, from, NUMBER, sid);
        let url = format!("{}{}", self.base, webhook_path(carrier));
        let signed = stub_of(carrier, &settings).unwrap().inbound(&url, &message);
        let request = self.client.post(signed.url).headers(signed.headers).body(signed.body);
        request.send().await.is_ok_and(|response| response.status() == 200)
    }
}

/// A workspace with nobody in it, and a number whose flow makes a task of every conversation.
async fn set_up(on: &Running) -> String {
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

fn customer(number: usize) -> String {
    format!("+1415555{number:04}")
}

#[tokio::test(flavor = "multi_thread")]
async fn acknowledged_messages_survive_a_killed_process_and_go_on_by_themselves() {
    let unique = format!("switchboard-plug-{}", std::process::id());
    let folder = Folder(std::env::temp_dir().join(unique));
    let mut running = Running::start(&folder.0);
    let workspace = set_up(&running).await;
    let mut acknowledged: BTreeMap<String, Vec<String>> = BTreeMap::new();
    for (round, plug) in PLUGS_MS.into_iter().enumerate() {
        let on = &running;
        let sent = join_all((0..CUSTOMERS).flat_map(|number| {
            (0..4).map(move |count| async move {
                let (from, sid) =
                    (customer(number), format!("SM{round:08x}{number:08x}{count:016x}"));
                let delivered = on.delivers(&from, &sid).await;
                (from, sid, delivered)
            })
        }));
        let sent = tokio::time::timeout(Duration::from_secs(20), async {
            let plug = tokio::time::sleep(Duration::from_millis(plug));
            // The messages are on their way while the plug is pulled.
            let (sent, ()) = tokio::join!(sent, async {
                plug.await;
                let id = on.child.id().to_string();
                Command::new("kill").args(["-9", &id]).status().unwrap();
            });
            sent
        });
        for (from, sid, delivered) in sent.await.expect("no answer hangs") {
            if delivered {
                acknowledged.entry(from).or_default().push(sid);
            }
        }
        running.kill();
        in_order(&folder.0);
        running = Running::start(&folder.0);
    }
    let total: usize = acknowledged.values().map(Vec::len).sum();
    assert!(total > 0, "nothing was acknowledged: the plug is pulled too early");
    println!("{total} messages were acknowledged before a plug was pulled");
    for (from, sids) in &acknowledged {
        check(&running, from, sids).await;
    }
    let tasks = settled_tasks(&running, &workspace, acknowledged.len()).await;
    assert!(tasks.len() >= acknowledged.len());
    running.kill();
    in_order(&folder.0);
}

/// Whatever was cut off, the tables keep every invariant.
fn in_order(folder: &Path) {
    let tables = switchboard::check::folder::read(folder).unwrap();
    let violations = tables.violations(None, Moment::Step);
    assert_eq!(violations, []);
}

/// Every acknowledged message of a customer is in their one conversation, once; indexes have no gaps.
async fn check(on: &Running, from: &str, sids: &[String]) {
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
async fn settled_tasks(on: &Running, workspace: &str, wanted: usize) -> Vec<Value> {
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
