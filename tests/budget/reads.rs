//! Every read operation of the API, each on one element: a list is asked for a page of one. One that is routed
//! and not walked here is a failing test.

use serde_json::{Value, json};
use switchboard_domain::carriage::{CarrierName, DeliveryStatus};
use switchboard_tests::cost::Entry;
use switchboard_tests::{ACCOUNT, NUMBER};

use crate::desk::Desk;
use crate::paths::{PAST_THE_ALARM, channel};

/// The customer whose conversation is read.
const READER: &str = "+13105550144";
/// What stands for the digits of an identifier, and for what is looked for.
const DIGITS: &str = "…";

/// Walks them all.
pub(crate) async fn walk(desk: &Desk) -> Vec<Entry> {
    let made = Made::new(desk).await;
    let mut paths = conversations(&made).await;
    paths.extend(messaging(&made).await);
    paths.extend(taskrouter(&made).await);
    paths.extend(interactions(&made).await);
    paths.extend(webchats(&made).await);
    paths.extend(flows(&made).await);
    paths.extend(webhooks(&made).await);
    paths.extend(carriers(&made).await);
    let mut entries = Vec::with_capacity(paths.len());
    for path in paths {
        let name = format!("GET {}", without_digits(&path));
        let read = async { desk.exchange.api.get(&path).await.ok() };
        entries.push(desk.count(&name, 1, read).await);
    }
    entries
}

/// What there is to be read.
struct Made<'a> {
    desk: &'a Desk,
    conversation: String,
    /// The path of the accepted reservation.
    reservation: String,
    webhook: String,
    /// The path of a message that is in no conversation, and has a file.
    message: String,
    key: String,
    sender: String,
}

impl<'a> Made<'a> {
    /// A customer who was answered, the answer delivered; and one of whatever else can be made.
    async fn new(desk: &'a Desk) -> Self {
        let api = &desk.exchange.api;
        desk.writes(READER).await;
        desk.exchange.settles().await;
        let conversation = desk.conversation(READER).await;
        let reservation = desk.offer(&conversation).await;
        desk.answers(&reservation, "accepted").await;
        desk.exchange.settles().await;
        let place = desk.exchange.carrier.sent().len();
        desk.replies(&conversation).await;
        desk.exchange.settles().await;
        desk.reports(place, DeliveryStatus::Delivered).await;
        desk.rests_for(PAST_THE_ALARM).await;
        let webhooks = format!("/conversations/v1/Conversations/{conversation}/Webhooks");
        let webhook = [
            ("Target", "webhook"),
            ("Configuration.Url", "https://example.com"),
            ("Configuration.Filters", "onMessageAdded"),
        ];
        let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
        let message = [
            ("From", NUMBER),
            ("To", READER),
            ("Body", "Your order is on its way."),
            ("MediaUrl", "https://files.example/a.png"),
        ];
        let message = api.make(&format!("{account}/Messages.json"), &message).await;
        let senders =
            format!("/messaging/v1/Services/{}/AlphaSenders", desk.exchange.sid("messaging"));
        Self {
            webhook: api.make(&webhooks, &webhook).await,
            message: format!("{account}/Messages/{message}"),
            key: api.make(&format!("{account}/Keys.json"), &[("FriendlyName", "k")]).await,
            sender: api.make(&senders, &[("AlphaSender", "ACME")]).await,
            desk,
            conversation,
            reservation,
        }
    }

    fn sid(&self, name: &str) -> String {
        self.desk.exchange.sid(name)
    }

    /// The first of a list, and its path as the only one of a page.
    async fn first(&self, path: &str, key: &str) -> (String, String) {
        let page = page_of_one(path);
        let answer = self.desk.exchange.api.get(&page).await.ok();
        (page, text(&answer[key][0]["sid"]))
    }

    /// The paths of users, and of the conversation of the agent who is in it.
    async fn agent(&self, root: &str, conversation: &str) -> [String; 4] {
        let users = format!("{root}/Users");
        let api = &self.desk.exchange.api;
        let people = api.all(&format!("{conversation}/Participants"), "participants").await;
        let agent = people.iter().find_map(|one| one["identity"].as_str()).expect("an agent");
        let user = text(&api.get(&format!("{users}/{agent}")).await.ok()["sid"]);
        let all = format!("{users}/{user}/Conversations");
        let one = format!("{all}/{}", self.conversation);
        [page_of_one(&users), format!("{users}/{user}"), page_of_one(&all), one]
    }

    /// The paths of short codes, senders on channels and letters for a country: in a pool, and in the account.
    async fn others(&self, service: &str) -> Vec<String> {
        let api = &self.desk.exchange.api;
        let codes = format!("/api/2010-04-01/Accounts/{ACCOUNT}/SMS/ShortCodes.json");
        let code = [("ShortCode", "12345"), ("CountryCode", "US")];
        let code = api.make(&codes, &code).await;
        api.make(&format!("{service}/ShortCodes"), &[("ShortCodeSid", &code)]).await;
        let senders = "/messaging/v2/Channels/Senders";
        let sender = api.make(senders, &[("sender_id", "whatsapp:+18005550189")]).await;
        api.make(&format!("{service}/ChannelSenders"), &[("Sid", &sender)]).await;
        let letters = format!("{service}/DestinationAlphaSenders");
        api.make(&letters, &[("AlphaSender", "ACME"), ("IsoCountryCode", "DE")]).await;
        let mut paths = Vec::new();
        for (path, key) in [
            (format!("{service}/ShortCodes"), "short_codes"),
            (format!("{service}/ChannelSenders"), "senders"),
            (letters, "alpha_senders"),
            (codes, "short_codes"),
            (senders.to_owned(), "senders"),
        ] {
            paths.extend(self.list(&path, key).await);
        }
        paths
    }

    /// The paths of a list and of the first that is in it.
    async fn list(&self, path: &str, key: &str) -> [String; 2] {
        let (page, sid) = self.first(path, key).await;
        let one = match path.strip_suffix(".json") {
            Some(path) => format!("{path}/{sid}.json"),
            None => format!("{path}/{sid}"),
        };
        [page, one]
    }
}

async fn conversations(made: &Made<'_>) -> Vec<String> {
    let product = "/conversations/v1";
    let mut paths = vec![format!("{product}/Configuration")];
    paths.extend(
        made.list(&format!("{product}/Configuration/Addresses"), "address_configurations").await,
    );
    paths.extend(made.list(&format!("{product}/Services"), "services").await);
    let one = format!("{product}/Conversations/{}", made.conversation);
    let conversation = made.desk.exchange.api.get(&one).await.ok();
    let service = text(&conversation["chat_service_sid"]);
    for root in [product.to_owned(), format!("{product}/Services/{service}")] {
        let all = format!("{root}/Conversations");
        let one = format!("{all}/{}", made.conversation);
        paths.extend([page_of_one(&all), one.clone()]);
        paths.extend(made.list(&format!("{one}/Participants"), "participants").await);
        let messages = format!("{one}/Messages");
        let [page, _] = made.list(&messages, "messages").await;
        // Only what goes out has receipts: the latest one.
        let (_, sid) = made.first(&format!("{messages}?Order=desc"), "messages").await;
        paths.extend([page, format!("{messages}/{sid}")]);
        let receipts = format!("{messages}/{sid}/Receipts");
        paths.extend(made.list(&receipts, "delivery_receipts").await);
        let (_, first) = made.first(&messages, "messages").await;
        paths.push(format!("{messages}/{first}/ChannelMetadata"));
        paths.extend([format!("{one}/Costs"), format!("{root}/Costs"), format!("{one}/Speaker")]);
        paths.push(format!("{one}/Window"));
        let webhooks = format!("{one}/Webhooks");
        paths.extend([page_of_one(&webhooks), format!("{webhooks}/{}", made.webhook)]);
        let of_whom = format!("{root}/ParticipantConversations");
        paths.push(page_of_one(&format!("{of_whom}?Address=%2B{}", &READER[1..])));
        paths.push(page_of_one(&format!("{of_whom}?Identity=alice")));
        paths.extend(made.list(&format!("{root}/Roles"), "roles").await);
        paths.extend(made.agent(&root, &one).await);
    }
    for root in [product.to_owned(), format!("{product}/Services/{service}")] {
        paths.push(format!("{root}/Configuration/Webhooks"));
    }
    paths.push(format!("{product}/Services/{service}/Configuration"));
    paths
}

async fn messaging(made: &Made<'_>) -> Vec<String> {
    let services = "/messaging/v1/Services";
    let one = format!("{services}/{}", made.sid("messaging"));
    let mut paths = vec![page_of_one(services), one.clone()];
    paths.extend(made.list(&format!("{one}/PhoneNumbers"), "phone_numbers").await);
    let senders = format!("{one}/AlphaSenders");
    paths.extend([page_of_one(&senders), format!("{senders}/{}", made.sender)]);
    paths.extend(made.others(&one).await);
    paths.push(format!("{services}/Usecases"));
    paths.push(format!("{one}/OptOut"));
    paths.push(format!("{one}/Merging"));
    paths.extend(consents(made).await);
    paths.extend(templates(made).await);
    let account = format!("/api/2010-04-01/Accounts/{ACCOUNT}");
    paths.push(format!("{account}.json"));
    let numbers = format!("{account}/IncomingPhoneNumbers.json");
    paths.extend(made.list(&numbers, "incoming_phone_numbers").await);
    let keys = format!("{account}/Keys");
    paths.extend([page_of_one(&format!("{keys}.json")), format!("{keys}/{}.json", made.key)]);
    let messages = format!("{account}/Messages.json");
    paths.extend([page_of_one(&messages), format!("{}.json", made.message)]);
    paths.extend(made.list(&format!("{}/Media.json", made.message), "media_list").await);
    paths.push(format!("{}/SenderReceipt.json", made.message));
    paths
}

/// A template, and all that is read of templates.
async fn templates(made: &Made<'_>) -> Vec<String> {
    let sid = made.desk.makes_a_template().await;
    let one = format!("/content/v1/Content/{sid}");
    let lists = [
        "v1/Content",
        "v1/ContentAndApprovals",
        "v1/LegacyContent",
        "v2/Content",
        "v2/ContentAndApprovals",
    ];
    let lists = lists.into_iter().map(|list| page_of_one(&format!("/content/{list}")));
    [one.clone(), format!("{one}/ApprovalRequests")].into_iter().chain(lists).collect()
}

/// What somebody said who is a reader of nothing else.
async fn consents(made: &Made<'_>) -> [String; 2] {
    let item = json!({ "contact_id": "+13105550199", "correlation_id": "0".repeat(32),
        "sender_id": made.sid("messaging"), "status": "opt-in", "source": "website" });
    let all = "/accounts/v1/Consents";
    let form = [("Items", item.to_string())];
    let form = form.each_ref().map(|(name, text)| (*name, text.as_str()));
    made.desk.exchange.api.post(&format!("{all}/Bulk"), &form).await.ok();
    [page_of_one(all), format!("{all}/+13105550199")]
}

async fn taskrouter(made: &Made<'_>) -> Vec<String> {
    let workspace = &made.desk.exchange.workspace;
    let mut paths = vec![page_of_one("/taskrouter/v1/Workspaces"), workspace.clone()];
    for (what, key) in [
        ("Activities", "activities"),
        ("TaskChannels", "channels"),
        ("TaskQueues", "task_queues"),
        ("Workflows", "workflows"),
        ("Workers", "workers"),
    ] {
        paths.extend(made.list(&format!("{workspace}/{what}"), key).await);
    }
    paths.extend(made.list(&format!("{workspace}/Events"), "events").await);
    let queues = format!("{workspace}/TaskQueues");
    let (_, queue) = made.first(&queues, "task_queues").await;
    paths.extend([format!("{queues}/{queue}/Ageing"), format!("{queues}/{queue}/Warnings")]);
    let reservation = made.desk.exchange.api.get(&made.reservation).await.ok();
    let worker = format!("{workspace}/Workers/{}", text(&reservation["worker_sid"]));
    paths.extend(made.list(&format!("{worker}/Channels"), "channels").await);
    let tasks = format!("{workspace}/Tasks");
    let task = format!("{tasks}/{}", text(&reservation["task_sid"]));
    let (_, workflow) = made.first(&format!("{workspace}/Workflows"), "workflows").await;
    let flow = format!("{workspace}/Workflows/{workflow}");
    let tests = format!("{flow}/RoutingTests");
    let form = [("UniqueName", "one"), ("Tasks", r#"[{"worker":null}]"#)];
    made.desk.exchange.api.post(&tests, &form).await.ok();
    made.desk.exchange.settles().await;
    paths.extend([format!("{flow}/Warnings"), tests.clone(), format!("{tests}/one")]);
    for form in ["RealTimeStatistics", "CumulativeStatistics", "Statistics"] {
        paths.push(format!("{workspace}/{form}"));
        paths.push(format!("{workspace}/Workflows/{workflow}/{form}"));
        paths.push(format!("{queues}/{queue}/{form}"));
        paths.push(format!("{workspace}/Workers/{form}"));
    }
    paths.extend([format!("{queues}/Statistics?PageSize=1"), format!("{worker}/Statistics")]);
    paths.push(format!("{workspace}/Workers/Fairness"));
    let held = format!("{workspace}/Reservations/{}", text(&reservation["sid"]));
    paths.extend([page_of_one(&tasks), task.clone()]);
    paths.extend([format!("{task}/Receipt"), format!("{held}/Receipt")]);
    paths.push(format!("{task}/Position"));
    for of in [task, worker] {
        let all = format!("{of}/Reservations");
        paths.extend([page_of_one(&all), format!("{all}/{}", text(&reservation["sid"]))]);
    }
    paths
}

async fn interactions(made: &Made<'_>) -> Vec<String> {
    let (channel, api) = (channel(&made.conversation), &made.desk.exchange.api);
    let transfers = format!("{channel}/Transfers");
    let workflow = made.sid("workflow");
    let transfer = api.make(&transfers, &[("to", &workflow)]).await;
    let transfer = format!("{transfers}/{transfer}");
    api.post(&transfer, &[("status", "failed")]).await.ok();
    let configuration = "/flex-api/v1/Configuration";
    let workspace = made.sid("workspace");
    api.post(configuration, &[("taskrouter_workspace_sid", &workspace)]).await.ok();
    made.desk.rests_for(PAST_THE_ALARM).await;
    let reservation = api.get(&made.reservation).await.ok();
    let worker = text(&reservation["worker_sid"]);
    let user = format!("/flex-api/v2/Instances/GO{}/Users/FU{}", &ACCOUNT[2..], &worker[2..]);
    let (channels, _) = channel.rsplit_once('/').expect("a path");
    let (interaction, _) = channels.rsplit_once('/').expect("a path");
    let flows = "/studio/v2/Flows";
    vec![
        interaction.to_owned(),
        format!("{interaction}/Responsible"),
        format!("{interaction}/Care"),
        page_of_one("/flex-api/v1/Waiting"),
        format!("/flex-api/v1/Addresses/{NUMBER}/Care"),
        page_of_one(channels),
        channel.clone(),
        page_of_one(&format!("{channel}/Invites")),
        page_of_one(&format!("{channel}/Participants")),
        page_of_one(&transfers),
        transfer,
        configuration.to_owned(),
        user,
        page_of_one(flows),
        format!("{flows}/{}", made.sid("flow")),
    ]
}

/// A chat that nobody wrote in, and a key for pages.
async fn webchats(made: &Made<'_>) -> [String; 3] {
    let api = &made.desk.exchange.api;
    let address = crate::paths::chat_address(made.desk, &[]).await;
    let form = [("AddressSid", &*address)];
    let opened = api.post("/flex-api/v2/WebChats", &form).await.ok();
    let keys = "/flex-api/v2/DeploymentKeys";
    let form = [("AddressSid", &*address), ("AllowedOrigins", "https://example.com")];
    let key = api.make(keys, &form).await;
    let chat = format!("/flex-api/v2/WebChats/{}", text(&opened["conversation_sid"]));
    [format!("{chat}/Transcript"), keys.to_owned(), format!("{keys}/{key}")]
}

/// The flow of the desk, and the execution of whoever wrote last.
async fn flows(made: &Made<'_>) -> Vec<String> {
    let flow = format!("/studio/v2/Flows/{}", made.sid("flow"));
    let executions = made.desk.exchange.api.all(&format!("{flow}/Executions"), "executions").await;
    let one = format!("{flow}/Executions/{}", text(&executions[0]["sid"]));
    let steps = made.desk.exchange.api.all(&format!("{one}/Steps"), "steps").await;
    let step = format!("{one}/Steps/{}", text(&steps[0]["sid"]));
    let context = |of: &str| format!("{of}/Context");
    vec![
        page_of_one(&format!("{flow}/Revisions")),
        format!("{flow}/Revisions/1"),
        format!("{flow}/TestUsers"),
        page_of_one(&format!("{flow}/Executions")),
        context(&one),
        page_of_one(&format!("{one}/Steps")),
        context(&step),
        step,
        one,
    ]
}

/// An endpoint that was tried once.
async fn webhooks(made: &Made<'_>) -> Vec<String> {
    let exchange = &made.desk.exchange;
    let endpoints = "/webhooks/v1/Endpoints";
    let url = ("Url", "https://crm.example.com/tried");
    let endpoint = exchange.api.make(endpoints, &[url, ("StandardWebhooks", "true")]).await;
    let one = format!("{endpoints}/{endpoint}");
    let delivery = exchange.api.make(&format!("{one}/Test"), &[]).await;
    exchange.settles().await;
    let deliveries = "/webhooks/v1/Deliveries";
    let tried = format!("{deliveries}/{delivery}");
    vec![page_of_one(endpoints), one, page_of_one(deliveries), tried]
}

async fn carriers(made: &Made<'_>) -> Vec<String> {
    let all = "/carriers/v1/Connections";
    let form = [
        ("Carrier", CarrierName::default().name()),
        ("AccountSid", "AC50000000000000000000000000000000"),
        ("AuthToken", "0123456789-token"),
    ];
    let sid = made.desk.exchange.api.make(all, &form).await;
    let one = format!("{all}/{sid}");
    let numbers = format!("{one}/Numbers");
    made.desk.exchange.api.make(&numbers, &[("Address", "whatsapp:+18005550188")]).await;
    let mut paths = vec![page_of_one(all), one.clone()];
    paths.extend(made.list(&format!("{one}/Secrets"), "secrets").await);
    paths.extend(made.list(&numbers, "numbers").await);
    paths
}

fn page_of_one(path: &str) -> String {
    let mark = if path.contains('?') { '&' } else { '?' };
    format!("{path}{mark}PageSize=1")
}

fn text(value: &Value) -> String {
    value.as_str().expect("a text").to_owned()
}

/// A path as the lock file names it: of an identifier only the letters.
fn without_digits(path: &str) -> String {
    let path = path.replace("?PageSize=1", "").replace("&PageSize=1", "");
    let path = path.split_once('=').map_or(path.clone(), |(path, _)| format!("{path}={DIGITS}"));
    let shown = |part: &str| match part.split_once('.').unwrap_or((part, "")) {
        (sid, _) if is_sid(sid) => part.replacen(&sid[2..], DIGITS, 1),
        _ => part.to_owned(),
    };
    path.split('/').map(shown).collect::<Vec<_>>().join("/")
}

fn is_sid(part: &str) -> bool {
    part.len() == 34
        && part[..2].bytes().all(|byte| byte.is_ascii_uppercase())
        && part[2..].bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// The routes of the REST functions, as they are written.
const ROUTES: [&str; 8] = [
    include_str!("../../functions/carriers-api/src/lib.rs"),
    include_str!("../../functions/conversations-api/src/lib.rs"),
    include_str!("../../functions/flex-api/src/lib.rs"),
    include_str!("../../functions/flex-api/src/webchat.rs"),
    include_str!("../../functions/messaging-api/src/lib.rs"),
    include_str!("../../functions/taskrouter-api/src/lib.rs"),
    include_str!("../../functions/taskrouter-api/src/routing_tests.rs"),
    include_str!("../../functions/taskrouter-api/src/statistics.rs"),
];

/// Whether a path ends as a route says: each of its parts is spelled in quotes, or has a name and is anything.
fn ends_as(path: &str, route: &[&str]) -> bool {
    let parts: Vec<&str> = path.split(['/', '?']).filter(|part| !part.contains('=')).collect();
    let spelled = |part: &str| part.strip_suffix(".json").unwrap_or(part).to_owned();
    parts.len() >= route.len()
        && parts[parts.len() - route.len()..].iter().zip(route).all(|(part, wanted)| {
            match wanted.strip_prefix('"').and_then(|it| it.strip_suffix('"')) {
                Some(word) => spelled(part) == word,
                // The form of statistics is a word of its own.
                None => part.contains(DIGITS) || ["form", "number"].contains(wanted),
            }
        })
}

/// Every route that is got and that no path ends as.
pub(crate) fn not_walked(paths: &[Entry]) -> Vec<String> {
    let routes = ROUTES.iter().flat_map(|source| source.split("Get, [").skip(1));
    let routes = routes.filter_map(|rest| rest.split_once(']').map(|(route, _)| route));
    let walked = |route: &str| {
        let parts: Vec<&str> = route.split(", ").filter(|part| !part.is_empty()).collect();
        paths.iter().any(|one| one.path.starts_with("GET") && ends_as(&one.path, &parts))
    };
    routes.filter(|route| !walked(route)).map(str::to_owned).collect()
}
