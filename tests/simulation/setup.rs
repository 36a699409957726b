//! The contact centre that is simulated, made by its own REST API before anything goes wrong.

use std::collections::BTreeMap;

use serde_json::{Value, json};
use switchboard::{Deployment, http_event};

use crate::endpoints::{ASSIGNMENT_URL, EVENTS_URL, FALLBACK_URL};
use crate::random::Random;

/// The account.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its token.
pub(crate) const TOKEN: &str = "local-auth-token";
/// `ACCOUNT:TOKEN` in base64.
const AUTHORIZATION: &str =
    "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpsb2NhbC1hdXRoLXRva2Vu";
/// Where the world reaches us; nobody does.
pub(crate) const PUBLIC_URL: &str = "https://switchboard.example";
/// The number that customers write to.
pub(crate) const NUMBER: &str = "+18005550100";
/// The customers: few, so that they get in each other's way.
pub(crate) const CUSTOMERS: [&str; 3] = ["+14155550101", "+14155550102", "+14155550103"];

/// What a contact centre is like, beyond what all are.
#[derive(Debug, Clone, Default)]
pub(crate) struct Setting {
    /// Whether its workflow has assignment callbacks.
    pub(crate) calls_back: bool,
    /// Of which events its endpoint is told, if it has one; all is empty.
    pub(crate) tells: Option<&'static str>,
    /// After how many seconds a task goes first, if ever.
    pub(crate) ageing: Option<&'static str>,
    /// Whether its workers do one task at a time.
    pub(crate) is_single: bool,
    /// Whether a day passes in the end.
    pub(crate) is_long: bool,
}

/// What a workspace may want to hear of.
const FILTERS: [&str; 3] = [
    "task.created,task.canceled,task.completed,reservation.created,reservation.accepted,\
     reservation.timeout,worker.activity.update",
    "reservation.created,reservation.rejected,reservation.completed",
    "",
];

impl Setting {
    /// Whatever a seed wants.
    pub(crate) fn of(random: &mut Random) -> Self {
        Self {
            calls_back: random.chance(330),
            tells: random.chance(250).then(|| FILTERS[random.weighed(&[4, 3, 1])]),
            ageing: random.chance(330).then(|| ["20", "45"][random.below(2)]),
            is_single: random.chance(200),
            is_long: random.chance(150),
        }
    }
}

/// The sids of what was made, by name.
#[derive(Debug, Clone, Default)]
pub(crate) struct Centre(BTreeMap<String, String>);

impl Centre {
    pub(crate) fn sid(&self, name: &str) -> &str {
        self.0.get(name).unwrap_or_else(|| panic!("nothing is called {name}"))
    }

    pub(crate) fn workspace(&self) -> String {
        format!("/taskrouter/v1/Workspaces/{}", self.sid("workspace"))
    }
}

/// A request to the API as the gateway would hand it over, and the function that serves it.
pub(crate) fn request(method: &str, path: &str, form: &[(&str, &str)]) -> (&'static str, Value) {
    let function = match path.split('/').nth(1).unwrap_or_default() {
        "conversations" => "conversations-api",
        "taskrouter" => "taskrouter-api",
        "flex-api" | "studio" => "flex-api",
        _ => "messaging-api",
    };
    let headers =
        [("authorization", AUTHORIZATION), ("content-type", "application/x-www-form-urlencoded")];
    let body = form_urlencoded::Serializer::new(String::new()).extend_pairs(form).finish();
    (function, http_event(method, path, &headers, body.as_bytes()))
}

/// The body of an answer.
pub(crate) fn body(answer: &Value) -> Value {
    let text = answer["body"].as_str().unwrap_or_default();
    serde_json::from_str(text).unwrap_or_default()
}

async fn make(deployment: &Deployment, path: &str, form: &[(&str, &str)]) -> String {
    let (function, event) = request("POST", path, form);
    let answer = deployment.invoke(function, event).await.expect("the set-up is not disturbed");
    let made = body(&answer);
    made["sid"].as_str().unwrap_or_else(|| panic!("{path}: {answer}")).to_owned()
}

/// Makes the contact centre: three workers, two queues, one flow that hands everybody over.
pub(crate) async fn centre(on: &Deployment, setting: &Setting) -> Centre {
    let mut centre = Centre::default();
    let mut named = |name: &str, sid: String| drop(centre.0.insert(name.to_owned(), sid));
    let mut form = vec![("FriendlyName", "centre")];
    if let Some(filter) = setting.tells {
        form.extend([("EventCallbackUrl", EVENTS_URL), ("EventsFilter", filter)]);
    }
    if setting.is_single {
        form.push(("MultiTaskEnabled", "false"));
    }
    let workspace = make(on, "/taskrouter/v1/Workspaces", &form).await;
    let root = format!("/taskrouter/v1/Workspaces/{workspace}");
    named("workspace", workspace);
    let (function, event) = request("GET", &format!("{root}/Activities?PageSize=50"), &[]);
    let activities = body(&on.invoke(function, event).await.expect("activities"));
    for one in activities["activities"].as_array().into_iter().flatten() {
        let name = one["friendly_name"].as_str().unwrap_or_default();
        named(name, one["sid"].as_str().unwrap_or_default().to_owned());
    }
    let all = activities["activities"].as_array().into_iter().flatten();
    let available = all.clone().find(|one| one["available"] == true).expect("an activity");
    let available = available["sid"].as_str().unwrap_or_default().to_owned();
    named("available", available.clone());
    let offline = all.clone().find(|one| one["available"] == false).expect("an activity");
    named("offline", offline["sid"].as_str().unwrap_or_default().to_owned());
    for (name, language) in [("alice", "en"), ("bob", "en"), ("carol", "fr")] {
        let attributes =
            json!({ "languages": [language], "contact_uri": format!("client:{name}") });
        let attributes = attributes.to_string();
        let form = [
            ("FriendlyName", name),
            ("Attributes", attributes.as_str()),
            ("ActivitySid", available.as_str()),
        ];
        let worker = make(on, &format!("{root}/Workers"), &form).await;
        if name == "alice" {
            // One who can do two things at once.
            let channel = format!("{root}/Workers/{worker}/Channels/sms");
            make(on, &channel, &[("Capacity", "2")]).await;
        }
        named(name, worker);
    }
    let (english, anybody) = queues(on, &root, setting).await;
    let configuration = workflow(&english, &anybody, 90);
    let mut form = vec![
        ("FriendlyName", "first"),
        ("Configuration", configuration.as_str()),
        ("TaskReservationTimeout", "60"),
    ];
    if setting.calls_back {
        form.push(("AssignmentCallbackUrl", ASSIGNMENT_URL));
        form.push(("FallbackAssignmentCallbackUrl", FALLBACK_URL));
    }
    let workflow = make(on, &format!("{root}/Workflows"), &form).await;
    address(on, &workflow, &mut named).await;
    named("english", english);
    named("anybody", anybody);
    named("workflow", workflow);
    centre
}

/// The queue of those who speak English, two of whom are asked at once, and that of everybody. Where tasks are done
/// one by one, those of the first move their workers.
async fn queues(on: &Deployment, root: &str, setting: &Setting) -> (String, String) {
    let mut activities = Vec::new();
    for name in ["Asked", "Talking"].iter().filter(|_| setting.is_single) {
        let form = [("FriendlyName", *name), ("Available", "false")];
        activities.push(make(on, &format!("{root}/Activities"), &form).await);
    }
    let mut english = vec![
        ("FriendlyName", "english"),
        ("TargetWorkers", "languages HAS \"en\""),
        ("MaxReservedWorkers", "2"),
    ];
    if let [asked, talking] = activities.as_slice() {
        english.push(("ReservationActivitySid", asked));
        english.push(("AssignmentActivitySid", talking));
    }
    let mut anybody = vec![("FriendlyName", "anybody"), ("TargetWorkers", "1==1")];
    if let Some(bound) = setting.ageing {
        english.push(("AgeingBound", bound));
        anybody.push(("AgeingBound", bound));
    }
    let path = format!("{root}/TaskQueues");
    (make(on, &path, &english).await, make(on, &path, &anybody).await)
}

/// Those who speak English first, everybody after a while.
pub(crate) fn workflow(english: &str, anybody: &str, seconds: u32) -> String {
    json!({ "task_routing": {
        "filters": [{ "filter_friendly_name": "all", "expression": "1==1", "targets": [
            { "queue": english, "timeout": seconds }, { "queue": anybody } ] }],
        "default_filter": { "queue": anybody },
    }})
    .to_string()
}

/// The number, its messaging service, its flow.
async fn address(on: &Deployment, workflow: &str, named: &mut impl FnMut(&str, String)) {
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let number = make(on, &numbers, &[("PhoneNumber", NUMBER)]).await;
    let service = make(on, "/messaging/v1/Services", &[("FriendlyName", "centre")]).await;
    let pool = format!("/messaging/v1/Services/{service}/PhoneNumbers");
    make(on, &pool, &[("PhoneNumberSid", &number)]).await;
    let definition = json!({
        "description": "Hands everybody to an agent",
        "initial_state": "Trigger",
        "states": [
            { "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [
                { "event": "incomingConversationMessage", "next": "agent" }] },
            { "name": "agent", "type": "send-to-flex", "transitions": [], "properties": {
                "workflow": workflow, "channel": "sms",
                "attributes": "{\"topic\":\"{{trigger.message.Body}}\"}" } },
        ],
    })
    .to_string();
    let form =
        [("FriendlyName", "flow"), ("Status", "published"), ("Definition", definition.as_str())];
    let flow = make(on, "/studio/v2/Flows", &form).await;
    let form = [
        ("Type", "sms"),
        ("Address", NUMBER),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", &flow),
    ];
    named("address", make(on, "/conversations/v1/Configuration/Addresses", &form).await);
    named("flow", flow);
}
