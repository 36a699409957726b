//! Pages of every list of every product: a token belongs to the list that gave it out.

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, Schema};

use crate::world::World;

/// The published descriptions, each with the path that its product has here.
const PUBLISHED: [(&str, &str); 6] = [
    ("twilio_conversations_v1.json", "/conversations"),
    ("twilio_taskrouter_v1.json", "/taskrouter"),
    ("twilio_flex_v1.json", "/flex-api"),
    ("twilio_messaging_v1.json", "/messaging"),
    ("twilio_studio_v2.json", "/studio"),
    ("twilio_api_v2010_messages.json", "/api"),
];

const ALICE: &str = "+14155550100";
const BOB: &str = "+14155550101";
const DESK: &str = "+18005550199";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";

/// A bundle with at least two of almost everything, and the paths of its lists.
struct Full {
    world: World,
    lists: Vec<String>,
}

impl Full {
    async fn open() -> Self {
        let world = World::ticking("taskrouter-api", "").await;
        let mut full = Self { world, lists: Vec::new() };
        let workspace = full.routing().await;
        full.conversing().await;
        full.interacting(&workspace).await;
        full.messaging().await;
        full
    }

    fn list(&mut self, below: &str, names: &[&str]) {
        self.lists.extend(names.iter().map(|name| format!("{below}{name}")));
    }

    async fn make(&self, path: &str, form: &[(&str, &str)]) -> String {
        self.world.post(path, form).await.ok()["sid"].as_str().unwrap_or_default().to_owned()
    }

    async fn first(&self, path: &str) -> Value {
        let page = self.world.get(path).await.expect(200);
        page[page["meta"]["key"].as_str().unwrap()][0].clone()
    }

    /// Two workers, one of whom turned a task down that the other has.
    async fn routing(&mut self) -> String {
        let all = "/taskrouter/v1/Workspaces";
        let form = [("FriendlyName", "Support"), ("Template", "FIFO")];
        self.make(all, &form).await;
        let below = format!("{all}/{}", self.make(all, &form).await);
        let queue = self.first(&format!("{below}/TaskQueues")).await["sid"].clone();
        self.make(&format!("{below}/TaskQueues"), &[("FriendlyName", "Other")]).await;
        let configuration = json!({ "task_routing": { "default_filter": { "queue": queue } } });
        let configuration = configuration.to_string();
        let form = [("FriendlyName", "Other"), ("Configuration", configuration.as_str())];
        let workflow = self.make(&format!("{below}/Workflows"), &form).await;
        let available = format!("{below}/Activities?FriendlyName=Available");
        let available = self.first(&available).await["sid"].as_str().unwrap().to_owned();
        let mut workers = Vec::new();
        for name in ["alice", "bob"] {
            let form = [("FriendlyName", name), ("ActivitySid", available.as_str())];
            workers.push(self.make(&format!("{below}/Workers"), &form).await);
        }
        let mut tasks = Vec::new();
        for _ in 0..2 {
            let form = [("WorkflowSid", workflow.as_str())];
            tasks.push(self.make(&format!("{below}/Tasks"), &form).await);
            self.world.settles().await;
        }
        for worker in &workers {
            let of = format!("{below}/Workers/{worker}/Reservations");
            let offered = self.first(&format!("{of}?ReservationStatus=pending")).await;
            let Some(offered) = offered["sid"].as_str() else { continue };
            let rejected = [("ReservationStatus", "rejected")];
            self.world.post(&format!("{of}/{offered}"), &rejected).await.expect(200);
            self.world.settles().await;
        }
        self.list(all, &["", "?FriendlyName=Support"]);
        self.list(&below, &["/Activities", "/TaskChannels", "/TaskQueues", "/Workflows"]);
        self.list(&below, &["/Activities?Available=false", "/TaskQueues/Statistics", "/Events"]);
        self.list(&below, &["/Workers", "/Workers?Ordering=DateCreated:desc", "/Tasks"]);
        self.list(&below, &["/Tasks?Ordering=Priority:asc", "/Tasks?Ordering=Priority:desc"]);
        self.list(&format!("{below}/Tasks/{}", tasks[0]), &["/Reservations"]);
        self.list(&format!("{below}/Workers/{}", workers[0]), &["/Reservations", "/Channels"]);
        self.list(&format!("{below}/Workers/{}", workers[1]), &["/Reservations", "/Channels"]);
        below
    }

    async fn conversing(&mut self) {
        let services = "/conversations/v1/Services";
        let service = self.make(services, &[("FriendlyName", "Other")]).await;
        self.make(services, &[("FriendlyName", "Another")]).await;
        let elsewhere = format!("{services}/{service}/Conversations");
        self.make(&elsewhere, &[]).await;
        self.make(&elsewhere, &[]).await;
        let addresses = "/conversations/v1/Configuration/Addresses";
        for address in [DESK, "+18005550198"] {
            self.make(addresses, &[("Type", "sms"), ("Address", address)]).await;
        }
        let mut conversations = Vec::new();
        for proxy in [DESK, "+18005550198"] {
            let sid = self.make(CONVERSATIONS, &[]).await;
            let below = format!("{CONVERSATIONS}/{sid}");
            for address in [ALICE, BOB] {
                let form = [
                    ("MessagingBinding.Address", address),
                    ("MessagingBinding.ProxyAddress", proxy),
                ];
                self.make(&format!("{below}/Participants"), &form).await;
            }
            self.make(&format!("{below}/Participants"), &[("Identity", "carol")]).await;
            for url in ["https://example.com/1", "https://example.com/2"] {
                let form = [
                    ("Target", "webhook"),
                    ("Configuration.Url", url),
                    ("Configuration.Filters", "onMessageAdded"),
                ];
                self.make(&format!("{below}/Webhooks"), &form).await;
            }
            let mut messages = Vec::new();
            for body in ["one", "two"] {
                let form = [("Body", body), ("Author", "carol")];
                messages.push(self.make(&format!("{below}/Messages"), &form).await);
            }
            conversations.push((below, messages));
        }
        self.list(services, &[""]);
        self.list(CONVERSATIONS, &["", "?StartDate=2026-01-01"]);
        self.list(&elsewhere, &[""]);
        self.list(addresses, &["", "?Type=sms"]);
        for (below, messages) in conversations {
            self.list(&below, &["/Messages", "/Messages?Order=desc", "/Participants", "/Webhooks"]);
            self.list(&format!("{below}/Messages/{}", messages[0]), &["/Receipts"]);
        }
        let lookup = "/conversations/v1/ParticipantConversations";
        let of = ["?Identity=carol", "?Address=%2B14155550100", "?Address=%2B14155550101"];
        self.list(lookup, &of);
    }

    async fn interacting(&mut self, workspace: &str) {
        let sid = workspace.rsplit('/').next().unwrap();
        let routing = json!({ "properties": { "workspace_sid": sid } });
        let workflow = self.first(&format!("{workspace}/Workflows")).await["sid"].clone();
        let routing = {
            let mut routing = routing;
            routing["properties"]["workflow_sid"] = workflow;
            routing.to_string()
        };
        let conversation = self.make(CONVERSATIONS, &[]).await;
        let form =
            [("MessagingBinding.Address", "+14155550102"), ("MessagingBinding.ProxyAddress", DESK)];
        let participants = format!("{CONVERSATIONS}/{conversation}/Participants");
        self.make(&participants, &form).await;
        self.make(&participants, &[("Identity", "dave")]).await;
        let properties = json!({ "media_channel_sid": conversation });
        let channel =
            json!({ "type": "sms", "initiated_by": "customer", "properties": properties });
        let channel = channel.to_string();
        let form = [("Channel", channel.as_str()), ("Routing", routing.as_str())];
        let opened = self.world.post("/flex-api/v1/Interactions", &form).await.ok();
        let (interaction, channel) = (opened["sid"].as_str().unwrap(), &opened["channel"]["sid"]);
        let channels = format!("/flex-api/v1/Interactions/{interaction}/Channels");
        let below = format!("{channels}/{}", channel.as_str().unwrap());
        self.make(&format!("{below}/Invites"), &[("Routing", routing.as_str())]).await;
        self.world.settles().await;
        let definition = json!({
            "states": [{ "name": "Trigger", "type": "trigger", "transitions": [] }],
            "initial_state": "Trigger", "description": "",
        });
        let definition = definition.to_string();
        for name in ["one", "two"] {
            let form =
                [("FriendlyName", name), ("Status", "draft"), ("Definition", definition.as_str())];
            self.make("/studio/v2/Flows", &form).await;
        }
        self.list(&channels, &[""]);
        self.list(&below, &["/Invites", "/Participants"]);
        self.list("/studio/v2/Flows", &[""]);
    }

    async fn messaging(&mut self) {
        let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
        let services = "/messaging/v1/Services";
        self.make(services, &[("FriendlyName", "Other")]).await;
        let service = self.make(services, &[("FriendlyName", "Pool")]).await;
        let below = format!("{services}/{service}");
        for number in ["+18005550197", "+18005550196"] {
            let all = format!("{account}/IncomingPhoneNumbers.json");
            let sid = self.make(&all, &[("PhoneNumber", number)]).await;
            let form = [("PhoneNumberSid", sid.as_str())];
            self.make(&format!("{below}/PhoneNumbers"), &form).await;
            self.make(&format!("{account}/Keys.json"), &[("FriendlyName", number)]).await;
        }
        for sender in ["ACME", "Acme Ltd"] {
            self.make(&format!("{below}/AlphaSenders"), &[("AlphaSender", sender)]).await;
        }
        let mut message = String::new();
        for body in ["one", "two"] {
            let form = [
                ("To", ALICE),
                ("From", "+18005550197"),
                ("Body", body),
                ("MediaUrl", "https://example.com/1.png"),
                ("MediaUrl", "https://example.com/2.png"),
            ];
            message = self.make(&format!("{account}/Messages.json"), &form).await;
        }
        self.list(services, &[""]);
        self.list(&below, &["/PhoneNumbers", "/AlphaSenders", "/ShortCodes", "/ChannelSenders"]);
        self.list(&account, &["/IncomingPhoneNumbers.json", "/Keys.json", "/Messages.json"]);
        self.list(&account, &["/IncomingPhoneNumbers.json?PhoneNumber=800"]);
        self.list(&account, &["/Messages.json?To=%2B14155550100"]);
        self.list(&format!("{account}/Messages/{message}"), &["/Media.json"]);
    }
}

/// A list, asked for with more parameters.
fn with(list: &str, parameters: &str) -> String {
    let separator = if list.contains('?') { '&' } else { '?' };
    format!("{list}{separator}{parameters}")
}

/// The token that leads to the next page.
fn next_token(page: &Value) -> Option<String> {
    let next = page["meta"]["next_page_url"].as_str().or(page["next_page_uri"].as_str())?;
    let (_, token) = next.split_once("PageToken=").expect("a link has its token");
    Some(token.split('&').next().unwrap_or_default().to_owned())
}

#[tokio::test]
async fn a_token_leads_on_in_its_own_list_and_is_refused_by_every_other() {
    let full = Full::open().await;
    let mut tokens = Vec::new();
    for list in &full.lists {
        let page = full.world.get(&with(list, "PageSize=1")).await.expect(200);
        if let Some(token) = next_token(&page) {
            let own = with(list, &format!("PageSize=1&Page=1&PageToken={token}"));
            let second = full.world.get(&own).await.expect(200);
            assert_ne!(second, page, "{list}");
            tokens.push((list, token));
        }
    }
    assert!(tokens.len() >= 40, "{} lists have a second page: {tokens:#?}", tokens.len());
    for list in &full.lists {
        for (other, token) in tokens.iter().filter(|(other, _)| *other != list) {
            let foreign = full.world.get(&with(list, &format!("PageToken={token}"))).await;
            assert_eq!(foreign.refusal(), (400, 20001), "{list} with a token of {other}");
        }
    }
}

#[tokio::test]
async fn a_token_that_was_made_up_is_refused_by_every_list() {
    let full = Full::open().await;
    for list in &full.lists {
        let page = full.world.get(&with(list, "PageSize=1")).await.expect(200);
        let mut forged: Vec<String> = [
            "x",
            "0",
            "YQ",
            "YTE",
            "YldL",
            "YVdXIzE",
            "YlpaWlpaWlpa",
            "____",
            "%20",
            "%F0%9F%92%A9",
            "a1",
            "null",
            "YSA",
            "YfSPv78",
        ]
        .map(str::to_owned)
        .to_vec();
        if let Some(token) = next_token(&page) {
            forged.push(format!("{token}A"));
            forged.push(token[1..].to_owned());
            forged.push(token[..token.len() - 2].to_owned());
            forged.push(token.chars().rev().collect());
            forged.push(format!("{token}{token}"));
        }
        for token in forged {
            let answer = full.world.get(&with(list, &format!("PageToken={token}"))).await;
            assert_eq!(answer.refusal(), (400, 20001), "{list} with {token}");
        }
    }
}

/// Whether a path is one of a template, such as `/v1/Workspaces/{WorkspaceSid}/Tasks`.
fn is_of(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (path, template): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), template.split('/').collect());
    path.len() == template.len()
        && path.iter().zip(&template).all(|(one, other)| one == other || other.starts_with('{'))
}

#[tokio::test]
async fn every_published_list_is_in_these_tests_or_is_not_there() {
    let full = Full::open().await;
    for (file, product) in PUBLISHED {
        let Some(published) = Schema::open(file) else { return };
        for template in published.lists() {
            let template = format!("{product}{template}");
            // The same lists below a service are served by the same code; one of them stands for all.
            if full.lists.iter().any(|list| is_of(list, &template))
                || template.starts_with("/conversations/v1/Services/{ChatServiceSid}/")
            {
                continue;
            }
            let segments = template.split('/').map(|segment| match segment {
                "{AccountSid}" => ACCOUNT,
                it if it.starts_with('{') => "XX00000000000000000000000000000001",
                it => it,
            });
            let path = segments.collect::<Vec<_>>().join("/");
            let answer = full.world.get(&path).await;
            assert_eq!(answer.status, 404, "{template} is served and in no test: {}", answer.body);
        }
    }
}
