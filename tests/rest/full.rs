//! A bundle that has some of everything, with the paths of all its lists and a form for each of its operations.

use serde_json::{Value, json};
use switchboard_domain::carriage::{CarrierName, InboundMessage};
use switchboard_domain::decision::Decision;
use switchboard_domain::message::unrouted;
use switchboard_domain::timestamp::Timestamp;
use switchboard_tests::ACCOUNT;

use crate::world::{START, World};

/// The published descriptions, each with the path that its product has here.
pub(crate) const PUBLISHED: [(&str, &str); 10] = [
    ("twilio_conversations_v1.json", "/conversations"),
    ("twilio_taskrouter_v1.json", "/taskrouter"),
    ("twilio_flex_v1.json", "/flex-api"),
    ("twilio_flex_v2.json", "/flex-api"),
    ("twilio_messaging_v1.json", "/messaging"),
    ("twilio_messaging_v2.json", "/messaging"),
    ("twilio_messaging_v3.json", "/messaging"),
    ("twilio_studio_v2.json", "/studio"),
    ("twilio_api_v2010_messages.json", "/api"),
    ("twilio_api_v2010_extras.json", "/api"),
];

const ALICE: &str = "+14155550100";
const BOB: &str = "+14155550101";
const DESK: &str = "+18005550199";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";

/// A bundle with at least two of almost everything, and the paths of its lists.
pub(crate) struct Full {
    pub(crate) world: World,
    /// The paths of lists, some with filters or an order.
    pub(crate) lists: Vec<String>,
    /// What can be created and changed, each with a form that is right.
    pub(crate) posts: Vec<(String, Vec<(String, String)>)>,
}

impl Full {
    pub(crate) async fn open() -> Self {
        let world = World::ticking("taskrouter-api", "").await;
        let mut full = Self { world, lists: Vec::new(), posts: Vec::new() };
        let workspace = full.routing().await;
        full.conversing().await;
        full.interacting(&workspace).await;
        full.messaging().await;
        full
    }

    fn list(&mut self, below: &str, names: &[&str]) {
        self.lists.extend(names.iter().map(|name| format!("{below}{name}")));
    }

    fn post(&mut self, path: &str, form: &[(&str, &str)]) {
        let form = form.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned()));
        self.posts.push((path.to_owned(), form.collect()));
    }

    /// Something that is created in a list, with a form that can be sent again.
    async fn makes(&mut self, path: &str, form: &[(&str, &str)]) -> String {
        self.post(path, form);
        self.make(path, form).await
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
        self.makes(all, &form).await;
        let below = format!("{all}/{}", self.make(all, &form).await);
        self.post(&below, &[("FriendlyName", "Support")]);
        let queue = self.first(&format!("{below}/TaskQueues")).await["sid"].clone();
        let other = self.makes(&format!("{below}/TaskQueues"), &[("FriendlyName", "Other")]).await;
        self.post(&format!("{below}/TaskQueues/{other}"), &[("TargetWorkers", "1==1")]);
        self.post(&format!("{below}/TaskQueues/RealTimeStatistics"), &[("TaskQueueSids", &other)]);
        let configuration = json!({ "task_routing": { "default_filter": { "queue": queue } } });
        let configuration = configuration.to_string();
        let form = [("FriendlyName", "Other"), ("Configuration", configuration.as_str())];
        let workflow = self.makes(&format!("{below}/Workflows"), &form).await;
        let one = format!("{below}/Workflows/{workflow}");
        self.post(&one, &[("ReEvaluateTasks", "true")]);
        self.post(&format!("{one}/Rehearsal"), &[]);
        for (list, name) in [("Activities", "Lunch"), ("TaskChannels", "Fax")] {
            let form = [("FriendlyName", name), ("UniqueName", name)];
            let form = &form[..if list == "Activities" { 1 } else { 2 }];
            let sid = self.make(&format!("{below}/{list}"), form).await;
            self.post(&format!("{below}/{list}/{sid}"), &[("FriendlyName", name)]);
        }
        self.post(&format!("{below}/Activities"), &[("FriendlyName", "A"), ("Available", "1")]);
        let channel = [("FriendlyName", "Fax"), ("UniqueName", "fax2")];
        self.post(&format!("{below}/TaskChannels"), &channel);
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
            let task = self.makes(&format!("{below}/Tasks"), &form).await;
            self.post(&format!("{below}/Tasks/{task}"), &[("Priority", "1")]);
            tasks.push(task);
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
        let new = [("FriendlyName", "carol"), ("ActivitySid", &available), ("Attributes", "{}")];
        self.post(&format!("{below}/Workers"), &new);
        for worker in &workers {
            let one = format!("{below}/Workers/{worker}");
            let reservation = self.first(&format!("{one}/Reservations")).await;
            let links = ["task", "worker"].map(|of| reservation["links"][of].as_str().unwrap());
            for of in links.map(|link| link.trim_start_matches(crate::world::HOST).to_owned()) {
                let sid = reservation["sid"].as_str().unwrap();
                self.post(&format!("{of}/Reservations/{sid}"), &[]);
            }
            self.post(&one, &[("Attributes", "{\"a\":1}")]);
            self.post(&format!("{one}/Channels/default"), &[("Capacity", "3")]);
        }
        self.list(all, &["", "?FriendlyName=Support"]);
        self.routing_lists(&below, &tasks, &workers);
        below
    }

    fn routing_lists(&mut self, below: &str, tasks: &[String], workers: &[String]) {
        self.list(below, &["/Activities", "/TaskChannels", "/TaskQueues", "/Workflows"]);
        self.list(below, &["/Activities?Available=false", "/TaskQueues/Statistics", "/Events"]);
        self.list(below, &["/Workers", "/Workers?Ordering=DateCreated:desc", "/Tasks"]);
        self.list(below, &["/Tasks?Ordering=Priority:asc", "/Tasks?Ordering=Priority:desc"]);
        self.list(&format!("{below}/Tasks/{}", tasks[0]), &["/Reservations"]);
        self.list(&format!("{below}/Workers/{}", workers[0]), &["/Reservations", "/Channels"]);
        self.list(&format!("{below}/Workers/{}", workers[1]), &["/Reservations", "/Channels"]);
    }

    async fn conversing(&mut self) {
        let services = "/conversations/v1/Services";
        let service = self.makes(services, &[("FriendlyName", "Other")]).await;
        self.make(services, &[("FriendlyName", "Another")]).await;
        self.post("/conversations/v1/Configuration", &[]);
        self.post("/conversations/v1/ConversationWithParticipants", &[("FriendlyName", "A")]);
        let elsewhere = format!("{services}/{service}/Conversations");
        self.make(&elsewhere, &[]).await;
        self.make(&elsewhere, &[]).await;
        let addresses = "/conversations/v1/Configuration/Addresses";
        for address in [DESK, "+18005550198"] {
            let sid = self.make(addresses, &[("Type", "sms"), ("Address", address)]).await;
            let disabled = ("AutoCreation.Enabled", "false");
            self.post(&format!("{addresses}/{sid}"), &[disabled]);
        }
        self.post(addresses, &[("Type", "sms"), ("Address", "+18005550193")]);
        let mut conversations = Vec::new();
        for proxy in [DESK, "+18005550198"] {
            let sid = self.makes(CONVERSATIONS, &[]).await;
            let below = format!("{CONVERSATIONS}/{sid}");
            self.post(&below, &[("FriendlyName", "A")]);
            self.post(&format!("{below}/Participants"), &[("Identity", "erin")]);
            for address in [ALICE, BOB] {
                let form = [
                    ("MessagingBinding.Address", address),
                    ("MessagingBinding.ProxyAddress", proxy),
                ];
                self.make(&format!("{below}/Participants"), &form).await;
            }
            let identity = [("Identity", "carol")];
            let carol = self.make(&format!("{below}/Participants"), &identity).await;
            self.post(&format!("{below}/Participants/{carol}"), &[("Attributes", "{}")]);
            for url in ["https://example.com/1", "https://example.com/2"] {
                let form = [
                    ("Target", "webhook"),
                    ("Configuration.Url", url),
                    ("Configuration.Filters", "onMessageAdded"),
                ];
                let webhook = self.makes(&format!("{below}/Webhooks"), &form).await;
                let method = ("Configuration.Method", "GET");
                self.post(&format!("{below}/Webhooks/{webhook}"), &[method]);
            }
            let mut messages = Vec::new();
            for body in ["one", "two"] {
                let form = [("Body", body), ("Author", "carol")];
                let message = self.makes(&format!("{below}/Messages"), &form).await;
                self.post(&format!("{below}/Messages/{message}"), &[("Body", "three")]);
                messages.push(message);
            }
            conversations.push((below, messages));
        }
        self.people(services, &service).await;
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

    /// Roles and users of the default service, where carol has two conversations.
    async fn people(&mut self, services: &str, service: &str) {
        let base = "/conversations/v1";
        let role = [("FriendlyName", "R"), ("Type", "service"), ("Permission", "joinConversation")];
        let sid = self.makes(&format!("{base}/Roles"), &role).await;
        self.post(&format!("{base}/Roles/{sid}"), &role[2..]);
        let ann = self.make(&format!("{base}/Users"), &[("Identity", "ann")]).await;
        self.post(&format!("{base}/Users"), &[("Identity", "new")]);
        self.post(&format!("{base}/Users/{ann}"), &[("FriendlyName", "Ann")]);
        let carols = format!("{base}/Users/carol/Conversations");
        let first = self.first(&carols).await["conversation_sid"].as_str().unwrap().to_owned();
        self.post(&format!("{carols}/{first}"), &[("NotificationLevel", "muted")]);
        self.post(&format!("{base}/Configuration/Webhooks"), &[("Filters", "onMessageAdded")]);
        let reachable = [("ReachabilityEnabled", "true")];
        self.post(&format!("{services}/{service}/Configuration"), &reachable);
        self.list(base, &["/Roles", "/Users", "/Users/carol/Conversations"]);
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
        self.post("/flex-api/v1/Interactions", &form);
        self.post(&format!("/flex-api/v1/Interactions/{interaction}"), &[]);
        self.makes(&format!("{below}/Invites"), &[("Routing", routing.as_str())]).await;
        let care = format!("/flex-api/v1/Interactions/{interaction}/Care");
        self.post(&care, &[("Resume", "workflow")]);
        let media = [("Type", "supervisor"), ("MediaProperties", "{\"identity\":\"eve\"}")];
        self.post(&format!("{below}/Participants"), &media);
        let seated = self.first(&format!("{below}/Participants")).await;
        let seat = format!("{below}/Participants/{}", seated["sid"].as_str().unwrap());
        self.post(&seat, &[("Status", "closed")]);
        let task = opened["routing"]["properties"]["sid"].as_str().unwrap();
        self.transferring(workspace, task, &below).await;
        self.post(&below, &[("Status", "closed")]);
        self.list(&channels, &[""]);
        self.list("/flex-api/v1", &["/Waiting"]);
        self.list(&below, &["/Invites", "/Participants"]);
        self.at_the_desk(workspace).await;
        self.flowing().await;
    }

    /// Webchats, and what the desktop keeps.
    async fn at_the_desk(&mut self, workspace: &str) {
        let chats = [("Type", "chat"), ("Address", "chat:desk"), ("AutoCreation.Enabled", "true")];
        let chats = self.make("/conversations/v1/Configuration/Addresses", &chats).await;
        self.post("/flex-api/v2/WebChats", &[("AddressSid", &chats)]);
        self.post("/flex-api/v1/Configuration", &[("ui_language", "en")]);
        let of = workspace.rsplit('/').next().unwrap();
        let configured = [("taskrouter_workspace_sid", of)];
        self.world.post("/flex-api/v1/Configuration", &configured).await.expect(200);
        let worker = self.first(&format!("{workspace}/Workers")).await["sid"].clone();
        let user = format!(
            "/flex-api/v2/Instances/GO{}/Users/FU{}",
            &ACCOUNT[2..],
            &worker.as_str().unwrap()[2..]
        );
        self.post(&user, &[("Locale", "en-US")]);
        let instance = format!("/flex-api/v1/Instances/GO{}/InteractionWebhooks", &ACCOUNT[2..]);
        for url in ["https://example.com/1", "https://example.com/2"] {
            let form = [
                ("Type", "interaction"),
                ("WebhookUrl", url),
                ("WebhookEvents", "onChannelCreated"),
            ];
            let made = self.world.post(&instance, &form).await.ok();
            self.post(&instance, &form);
            let one = format!("{instance}/{}", made["ttid"].as_str().unwrap());
            self.post(&one, &[("FriendlyName", "A")]);
        }
        self.list(&instance, &[""]);
        self.world.settles().await;
    }

    async fn flowing(&mut self) {
        let definition = json!({
            "states": [
                { "name": "Trigger", "type": "trigger", "transitions": [
                    { "event": "incomingRequest", "next": "set" }] },
                { "name": "set", "type": "set-variables", "transitions": [],
                    "properties": { "variables": [{ "key": "a", "value": "b" }] } },
            ],
            "initial_state": "Trigger", "description": "",
        });
        let definition = definition.to_string();
        for name in ["one", "two"] {
            let form =
                [("FriendlyName", name), ("Status", "draft"), ("Definition", definition.as_str())];
            let flow = self.makes("/studio/v2/Flows", &form).await;
            self.post(&format!("/studio/v2/Flows/{flow}"), &form[..2]);
            self.post("/studio/v2/Flows/Validate", &form);
            let flow = format!("/studio/v2/Flows/{flow}");
            self.post(&format!("{flow}/TestUsers"), &[("TestUsers", "+14155550100")]);
            self.world.post(&flow, &[("Status", "published")]).await.expect(200);
            let form = [("To", "+14155550177"), ("From", DESK)];
            for _ in 0..2 {
                let execution = self.makes(&format!("{flow}/Executions"), &form).await;
                self.world.settles().await;
                self.post(&format!("{flow}/Executions/{execution}"), &[("Status", "ended")]);
                self.list(&format!("{flow}/Executions/{execution}"), &["/Steps"]);
            }
            self.list(&flow, &["/Revisions", "/Executions"]);
        }
        self.list("/studio/v2/Flows", &[""]);
    }

    /// An agent takes the task, and hands it on; that was taken back once.
    async fn transferring(&mut self, workspace: &str, task: &str, below: &str) {
        self.world.settles().await;
        let offers = format!("{workspace}/Tasks/{task}/Reservations");
        let offered = self.first(&format!("{offers}?ReservationStatus=pending")).await;
        let accepted = [("ReservationStatus", "accepted")];
        let offered = offered["sid"].as_str().unwrap();
        self.world.post(&format!("{offers}/{offered}"), &accepted).await.expect(200);
        self.world.settles().await;
        let queue = self.first(&format!("{workspace}/TaskQueues")).await["sid"].clone();
        let (all, form) = (format!("{below}/Transfers"), [("to", queue.as_str().unwrap())]);
        let made = self.world.post(&all, &form).await.expect(201);
        let one = format!("{all}/{}", made["sid"].as_str().unwrap());
        self.world.post(&one, &[("status", "failed")]).await.expect(200);
        self.world.settles().await;
        self.post(&all, &form);
        self.post(&one, &[("status", "failed")]);
        self.list(below, &["/Transfers"]);
    }

    async fn messaging(&mut self) {
        let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
        let services = "/messaging/v1/Services";
        self.makes(services, &[("FriendlyName", "Other")]).await;
        self.post(&format!("{account}.json"), &[("FriendlyName", "ACME")]);
        let service = self.make(services, &[("FriendlyName", "Pool")]).await;
        let below = format!("{services}/{service}");
        self.post(&below, &[("StickySender", "false")]);
        for number in ["+18005550197", "+18005550196"] {
            let all = format!("{account}/IncomingPhoneNumbers.json");
            let sid = self.make(&all, &[("PhoneNumber", number)]).await;
            self.post(&format!("{account}/IncomingPhoneNumbers/{sid}.json"), &[]);
            let form = [("PhoneNumberSid", sid.as_str())];
            self.make(&format!("{below}/PhoneNumbers"), &form).await;
            let form = [("FriendlyName", number)];
            let key = self.makes(&format!("{account}/Keys.json"), &form).await;
            self.post(&format!("{account}/Keys/{key}.json"), &form);
        }
        let all = format!("{account}/IncomingPhoneNumbers.json");
        self.post(&all, &[("PhoneNumber", "+18005550195")]);
        let free = self.make(&all, &[("PhoneNumber", "+18005550194")]).await;
        self.post(&format!("{below}/PhoneNumbers"), &[("PhoneNumberSid", &free)]);
        self.post(&format!("{below}/AlphaSenders"), &[("AlphaSender", "Others")]);
        for sender in ["ACME", "Acme Ltd"] {
            self.make(&format!("{below}/AlphaSenders"), &[("AlphaSender", sender)]).await;
        }
        self.senders(&account, &below).await;
        self.post(&format!("{below}/OptOut"), &[("Confirmations", "never")]);
        self.post(&format!("{below}/Merging"), &[("Seconds", "2")]);
        for (number, contact) in ["+14155550171", "+14155550172"].into_iter().enumerate() {
            let item = json!({ "contact_id": contact, "correlation_id": format!("{number:032x}"),
                "sender_id": service, "status": "opt-in", "source": "website" });
            let (bulk, items) = ("/accounts/v1/Consents/Bulk", item.to_string());
            let form = [("Items", items.as_str())];
            self.post(bulk, &form);
            self.world.post(bulk, &form).await.ok();
        }
        self.list("/accounts/v1/Consents", &[""]);
        self.content().await;
        let mut message = String::new();
        for body in ["one", "two"] {
            let form = [
                ("To", ALICE),
                ("From", "+18005550197"),
                ("Body", body),
                ("MediaUrl", "https://example.com/1.png"),
                ("MediaUrl", "https://example.com/2.png"),
            ];
            message = self.makes(&format!("{account}/Messages.json"), &form).await;
        }
        self.post(&format!("{account}/Messages/{message}.json"), &[]);
        self.post(&format!("{account}/Tokens.json"), &[("Ttl", "60")]);
        self.typing().await;
        self.list(services, &[""]);
        self.list(&below, &["/PhoneNumbers", "/AlphaSenders", "/ShortCodes", "/ChannelSenders"]);
        self.list(&below, &["/DestinationAlphaSenders"]);
        self.list(&account, &["/SMS/ShortCodes.json"]);
        self.list("/messaging/v2/Channels/Senders", &["", "?Channel=whatsapp"]);
        self.list(&account, &["/IncomingPhoneNumbers.json", "/Keys.json", "/Messages.json"]);
        self.list(&account, &["/IncomingPhoneNumbers.json?PhoneNumber=800"]);
        self.list(&account, &["/Messages.json?To=%2B14155550100"]);
        self.list(&format!("{account}/Messages/{message}"), &["/Media.json"]);
    }

    /// Templates, one of which WhatsApp approved.
    async fn content(&mut self) {
        let types = json!({ "twilio/text": { "body": "Hello {{1}}" } }).to_string();
        let variables = json!({ "1": "you" }).to_string();
        let form = [("language", "en"), ("types", types.as_str()), ("variables", &variables)];
        for _ in 0..2 {
            let sid = self.makes("/content/v1/Content", &form).await;
            let path = format!("/content/v1/Content/{sid}/ApprovalRequests/whatsapp");
            self.post(&path, &[("name", "hello"), ("category", "UTILITY")]);
        }
        for (version, list) in [
            ("v1", "Content"),
            ("v1", "ContentAndApprovals"),
            ("v2", "Content"),
            ("v2", "ContentAndApprovals"),
        ] {
            self.list(&format!("/content/{version}/{list}"), &[""]);
        }
        self.list("/content/v2/Content", &["?Language=en"]);
    }

    /// What a customer wrote on WhatsApp, so that somebody can be seen to type.
    async fn typing(&mut self) {
        let pair =
            ("whatsapp:+14155550171".parse().unwrap(), "whatsapp:+18005550197".parse().unwrap());
        let carrier = CarrierName::default();
        let id = self.world.carrier().stub(carrier).message_id([7; 16], false);
        let message =
            unrouted(&InboundMessage::new(carrier, id, pair, "hi", Timestamp(START)), None);
        let sid = message.programmable_sid(None);
        self.world.given_as("messaging-api", Decision::put(message)).await;
        for version in ["v2", "v3"] {
            let form = [("channel", "whatsapp"), ("messageId", sid.as_str())];
            self.post(&format!("/messaging/{version}/Indicators/Typing.json"), &form);
        }
    }

    /// Short codes, senders on channels, and letters for one country.
    async fn senders(&mut self, account: &str, service: &str) {
        let (codes, senders) =
            (format!("{account}/SMS/ShortCodes.json"), "/messaging/v2/Channels/Senders");
        for (code, sender) in [("12345", "whatsapp:+18005550197"), ("54321", "messenger:77")] {
            let sid = self.make(&codes, &[("ShortCode", code), ("CountryCode", "US")]).await;
            self.post(&format!("{account}/SMS/ShortCodes/{sid}.json"), &[]);
            self.make(&format!("{service}/ShortCodes"), &[("ShortCodeSid", &sid)]).await;
            let sid = self.make(senders, &[("sender_id", sender)]).await;
            self.post(&format!("{senders}/{sid}"), &[]);
            self.make(&format!("{service}/ChannelSenders"), &[("Sid", &sid)]).await;
        }
        self.post(&codes, &[("ShortCode", "98765"), ("CountryCode", "US")]);
        let free = self.make(&codes, &[("ShortCode", "56789"), ("CountryCode", "US")]).await;
        self.post(&format!("{service}/ShortCodes"), &[("ShortCodeSid", &free)]);
        self.post(senders, &[("sender_id", "whatsapp:+18005550198")]);
        let free = self.make(senders, &[("sender_id", "whatsapp:+18005550196")]).await;
        self.post(&format!("{service}/ChannelSenders"), &[("Sid", &free)]);
        let letters = format!("{service}/DestinationAlphaSenders");
        self.post(&letters, &[("AlphaSender", "Les autres"), ("IsoCountryCode", "FR")]);
        for country in ["DE", "FR"] {
            let form = [("AlphaSender", "ACME"), ("IsoCountryCode", country)];
            self.make(&letters, &form).await;
        }
    }
}

/// Whether a path is one of a template, such as `/v1/Workspaces/{WorkspaceSid}/Tasks`.
pub(crate) fn is_of(path: &str, template: &str) -> bool {
    let path = path.split('?').next().unwrap_or_default();
    let (path, template): (Vec<&str>, Vec<&str>) =
        (path.split('/').collect(), template.split('/').collect());
    path.len() == template.len()
        && path.iter().zip(&template).all(|(one, other)| one == other || other.starts_with('{'))
}
