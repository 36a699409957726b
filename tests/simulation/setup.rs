//! The contact centre that is simulated, made by its own REST API before anything goes wrong.

use serde_json::{Value, json};
use switchboard::{Deployment, http_event};
use switchboard_tests::{Centre, Made, Rest};

use crate::beforehand::{ASKED, PRE_URL};
use crate::endpoints::{ASSIGNMENT_URL, EVENTS_URL, FALLBACK_URL};
use crate::groups;
use crate::lines;
use crate::random::Random;

/// The account.
pub(crate) const ACCOUNT: &str = "AC00000000000000000000000000000001";
/// Its token.
pub(crate) const TOKEN: &str = "local-auth-token";
/// `ACCOUNT:TOKEN` in base64.
pub(crate) const AUTHORIZATION: &str =
    "Basic QUMwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMDAwMTpsb2NhbC1hdXRoLXRva2Vu";
/// Where the world reaches us; nobody does.
pub(crate) const PUBLIC_URL: &str = "https://switchboard.example";
/// The number that customers write to.
pub(crate) const NUMBER: &str = "+18005550100";
/// The same on WhatsApp.
pub(crate) const WHATSAPP: &str = "whatsapp:+18005550100";
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
    /// Whether a day may cost only so much.
    pub(crate) is_capped: bool,
    /// Whether conversations get timers.
    pub(crate) has_timers: bool,
    /// Whether one speaks at a time in some conversations.
    pub(crate) has_speakers: bool,
    /// Whether an endpoint is asked before a customer's message is published.
    pub(crate) asks_beforehand: bool,
    /// Whether somebody is in a browser, and programs want their changes told.
    pub(crate) has_clients: bool,
    /// Whether customers opt out of what they are written.
    pub(crate) has_opt_outs: bool,
    /// Whether replies wait for each other and leave as one.
    pub(crate) merges: bool,
    /// Whether programs schedule messages.
    pub(crate) has_schedules: bool,
    /// Whether somebody says what is done when nobody is responsible, and removes what others work on.
    pub(crate) has_cares: bool,
}

/// What each reply costs where a day may cost only so much, which is a few of them.
pub(crate) const RATES: &str = r#"[{ "since": "2020-01-01", "currency": "USD", "rates": [
    { "channel": "sms", "price": "0.01" }, { "channel": "whatsapp", "price": "0.01" } ] }]"#;
pub(crate) const CAPS: &str = r#"{"USD":"0.08"}"#;
/// The same in billionths.
pub(crate) const PRICE: i64 = 10_000_000;
pub(crate) const CAP: i64 = 80_000_000;

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
            is_capped: random.chance(250),
            has_timers: random.chance(400),
            asks_beforehand: random.chance(300),
            has_speakers: random.chance(300),
            has_clients: random.chance(300),
            has_opt_outs: random.chance(300),
            merges: random.chance(300),
            has_schedules: random.chance(300),
            has_cares: random.chance(400),
        }
    }
}

/// A request to the API as the gateway would hand it over, and the function that serves it.
pub(crate) fn request(method: &str, path: &str, form: &[(&str, &str)]) -> (&'static str, Value) {
    let function = match path.split('/').nth(1).unwrap_or_default() {
        "conversations" => "conversations-api",
        "taskrouter" => "taskrouter-api",
        "flex-api" | "studio" => "flex-api",
        "carriers" => "carriers-api",
        "mcs" | "media" => "media-api",
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

/// Requests that are handed to the functions, before anything goes wrong.
struct Undisturbed<'a>(&'a Deployment);

impl Undisturbed<'_> {
    async fn answer(&self, method: &str, path: &str, form: &[(&str, &str)]) -> Value {
        let (function, event) = request(method, path, form);
        let answer = self.0.invoke(function, event).await.expect("the set-up is not disturbed");
        let is_done = answer["statusCode"].as_u64().is_some_and(|status| status < 300);
        assert!(is_done, "{path}: {answer}");
        body(&answer)
    }
}

impl Rest for Undisturbed<'_> {
    async fn creates(&self, path: &str, form: &[(&str, &str)]) -> Value {
        self.answer("POST", path, form).await
    }

    async fn reads(&self, path: &str) -> Value {
        self.answer("GET", path, &[]).await
    }
}

/// Makes the contact centre: three workers, two queues, one flow that hands everybody over.
pub(crate) async fn centre(on: &Deployment, setting: &Setting) -> Made {
    let mut workspace = Vec::new();
    if let Some(filter) = setting.tells {
        workspace.extend([("EventCallbackUrl", EVENTS_URL), ("EventsFilter", filter)]);
    }
    if setting.is_single {
        workspace.push(("MultiTaskEnabled", "false"));
    }
    let mut centre = Centre::new("centre", &workspace);
    for (name, language) in [("alice", "en"), ("bob", "en"), ("carol", "fr")] {
        let contact = format!("client:{name}");
        centre = centre.worker(name, json!({ "languages": [language], "contact_uri": contact }));
        if name == "alice" {
            // One who can do two things at once.
            centre = centre.with_capacity("sms", "2");
        }
    }
    let mut callbacks = vec![("TaskReservationTimeout", "60")];
    if setting.calls_back {
        callbacks.push(("AssignmentCallbackUrl", ASSIGNMENT_URL));
        callbacks.push(("FallbackAssignmentCallbackUrl", FALLBACK_URL));
    }
    let routing = |made: &Made| routing(made.sid("english"), made.sid("anybody"), 90);
    let centre = queues(centre, setting).workflow(&callbacks, routing);
    let centre = centre.number(NUMBER, "{\"topic\":\"{{trigger.message.Body}}\"}");
    let centre = centre.open(&Undisturbed(on)).await;
    let address = [
        ("Type", "whatsapp"),
        ("Address", WHATSAPP),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", centre.sid("flow")),
    ];
    Undisturbed(on).creates("/conversations/v1/Configuration/Addresses", &address).await;
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    Undisturbed(on).creates(&numbers, &[("PhoneNumber", groups::OURS)]).await;
    let address = [
        ("Type", "sms"),
        ("Address", groups::OURS),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    Undisturbed(on).creates("/conversations/v1/Configuration/Addresses", &address).await;
    let line = [("PhoneNumber", lines::LINE), ("SmsUrl", lines::URL)];
    Undisturbed(on).creates(&numbers, &line).await;
    if setting.asks_beforehand {
        let mut hooks = vec![("PreWebhookUrl", PRE_URL)];
        hooks.extend(ASKED.map(|hook| ("Filters", hook.name())));
        Undisturbed(on).creates("/conversations/v1/Configuration/Webhooks", &hooks).await;
    }
    if setting.merges {
        let service = format!("/messaging/v1/Services/{}/Merging", centre.sid("messaging"));
        Undisturbed(on).creates(&service, &[("Seconds", "2")]).await;
    }
    if setting.has_opt_outs {
        let service = format!("/messaging/v1/Services/{}/OptOut", centre.sid("messaging"));
        Undisturbed(on).creates(&service, &[("Confirmations", "always")]).await;
    }
    centre
}

/// The queue of those who speak English, two of whom are asked at once, and that of everybody. Where tasks are done
/// one by one, those of the first move their workers.
fn queues(mut centre: Centre, setting: &Setting) -> Centre {
    let mut bound = Vec::new();
    bound.extend(setting.ageing.map(|seconds| ("AgeingBound", seconds)));
    let english = [[("MaxReservedWorkers", "2")].as_slice(), &bound].concat();
    centre = centre.queue("english", "languages HAS \"en\"", &english);
    if setting.is_single {
        let activities =
            [("ReservationActivitySid", "Asked"), ("AssignmentActivitySid", "Talking")];
        centre = centre.activity("Asked", false).activity("Talking", false).moving_to(&activities);
    }
    centre.queue("anybody", "1==1", &bound)
}

/// Those who speak English first, everybody after a while.
fn routing(english: &str, anybody: &str, seconds: u32) -> Value {
    json!({
        "filters": [{ "filter_friendly_name": "all", "expression": "1==1", "targets": [
            { "queue": english, "timeout": seconds }, { "queue": anybody } ] }],
        "default_filter": { "queue": anybody },
    })
}

/// The same as a configuration.
pub(crate) fn workflow(english: &str, anybody: &str, seconds: u32) -> String {
    json!({ "task_routing": routing(english, anybody, seconds) }).to_string()
}
