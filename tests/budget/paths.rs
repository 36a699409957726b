//! The paths of the main job, each walked alone, and those that carry the load walked by ten at once as well.

use std::time::Duration;

use serde_json::json;
use switchboard_domain::carriage::DeliveryStatus;
use switchboard_tests::ACCOUNT;
use switchboard_tests::cost::Entry;

use crate::desk::Desk;

/// This many walk at once where batches pay.
const TOGETHER: u32 = 10;
/// A minute and a moment: what waited for an answer within the minute has rung by then.
pub(crate) const PAST_THE_ALARM: Duration = Duration::from_millis(60_007);

/// Walks them all.
pub(crate) async fn walk(desk: &Desk) -> Vec<Entry> {
    let mut entries = Vec::new();
    // A message has to wake the router.
    entries.push(desk.count("router takes over, first reservation", 1, desk.writes(PIONEER)).await);
    end(desk, PIONEER).await;
    alone(desk, &mut entries).await;
    plain(desk, &mut entries).await;
    refused(desk, &mut entries).await;
    together(desk, &mut entries).await;
    let (agent, off) = desk.on_break("agent23").await;
    entries.push(desk.count("agent goes on a break", 1, desk.goes(&agent, &off)).await);
    named(desk, &mut entries).await;
    quiet(desk, &mut entries).await;
    grouped(desk, &mut entries).await;
    entries
}

const PIONEER: &str = "+13105550100";
const CUSTOMER: &str = "+13105550111";
const PLAIN: &str = "+13105550116";
const REJECTED: &str = "+13105550122";
const FORGOTTEN: &str = "+13105550133";

const NAMED: &str = "+13105550144";
const NAMED_MESSAGE: &str = "SM0123456789abcdef0123456789abcdef";
const OTHER_NUMBER: &str = "+18005550177";
const QUIET: &str = "+13105550155";
const LINE: &str = "+13105550187";
const GROUP: &str = "+13105550188";
const MEMBER: &str = "+13105550166";
const OTHER_MEMBER: &str = "+13105550177";
const WHATSAPP: &str = "whatsapp:+18005550177";

/// The channel of a conversation: the same digits.
pub(crate) fn channel(conversation: &str) -> String {
    let digits = &conversation[2..];
    format!("/flex-api/v1/Interactions/KD{digits}/Channels/UO{digits}")
}

async fn close(desk: &Desk, conversation: &str) {
    let form = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
    desk.exchange.api.post(&channel(conversation), &form).await.ok();
}

/// Closes what a customer has open, and lets every alarm ring.
async fn end(desk: &Desk, address: &str) {
    let conversation = desk.conversation(address).await;
    close(desk, &conversation).await;
    desk.rests_for(PAST_THE_ALARM).await;
}

/// A picture from a customer, with all that becomes of it; and a reply where a day may cost only so much: the second of the
/// day, which finds its sum there.
pub(crate) async fn capped(desk: &Desk) -> [Entry; 2] {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let sends = desk.sends_a_picture(CUSTOMER);
    let picture = desk.count("inbound with a picture, appended and copied", 1, sends).await;
    desk.replies(&conversation).await;
    desk.exchange.settles().await;
    [picture, desk.count("reply out, under a cap", 1, desk.replies(&conversation)).await]
}

/// A message and its answer by a connection out of the table, which was read more than a minute ago.
pub(crate) async fn connected(desk: &Desk) -> [Entry; 2] {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    let webhook = desk.connects().await;
    desk.writes_by(&webhook, CUSTOMER).await;
    desk.replies(&conversation).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let written = desk.writes_by(&webhook, CUSTOMER);
    let written = desk.count("inbound by a connection, appended", 1, written).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let replied = desk.replies(&conversation);
    [written, desk.count("reply out by a connection", 1, replied).await]
}

/// A chat address; its identifier.
pub(crate) async fn chat_address(desk: &Desk, more: &[(&str, &str)]) -> String {
    let mut form = vec![("Type", "chat"), ("Address", "chat:desk")];
    form.push(("AutoCreation.Enabled", "true"));
    form.extend_from_slice(more);
    desk.exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await
}

/// A chat that is opened, the guest's first message, which finds an agent, and one that follows.
pub(crate) async fn chatted(desk: &Desk) -> [Entry; 3] {
    let flow = desk.exchange.sid("flow");
    let studio = [("AutoCreation.Type", "studio"), ("AutoCreation.StudioFlowSid", &*flow)];
    let address = chat_address(desk, &studio).await;
    let form = [("AddressSid", &*address), ("Identity", "larry")];
    let opens = || async { desk.exchange.api.post("/flex-api/v2/WebChats", &form).await.ok() };
    // Who chats again is known.
    opens().await;
    desk.exchange.settles().await;
    let opened = std::cell::RefCell::new(serde_json::Value::Null);
    let counted = async { *opened.borrow_mut() = opens().await };
    let opening = desk.count("webchat opened", 1, counted).await;
    let conversation = opened.borrow()["conversation_sid"].as_str().unwrap_or_default().to_owned();
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let says = || async {
        let form = [("Author", "larry"), ("Body", "hello")];
        desk.exchange.api.post(&path, &form).await.ok()
    };
    let first = desk.count("webchat, first message of the guest, to an agent", 1, says()).await;
    let next = desk.count("webchat, next message of the guest", 1, says()).await;
    [opening, first, next]
}

/// Messages outside of conversations: one whose sender is named; by a messaging service, the first to somebody and the next;
/// and one that is made of a template.
pub(crate) async fn outside(desk: &Desk) -> [Entry; 4] {
    let service = desk.exchange.sid("messaging");
    let from = ("From", switchboard_tests::NUMBER);
    let by = ("MessagingServiceSid", service.as_str());
    // Which way that sender goes is known for a minute.
    desk.sends(from).await;
    desk.exchange.settles().await;
    let named = desk.count("message by its own number", 1, desk.sends(from)).await;
    let first = desk.count("message by a service, the first to somebody", 1, desk.sends(by)).await;
    let again = desk.count("message by a service", 1, desk.sends(by)).await;
    let template = desk.makes_a_template().await;
    let made = desk.sends_made_of(&template);
    let made = desk.count("message by its own number, made of a template", 1, made).await;
    [named, first, again, made]
}

/// Messages that go out at a time: what it costs to keep one, and to let go one, and ten of one second, for which the tick before has
/// set an alarm.
pub(crate) async fn scheduled(desk: &Desk) -> Vec<Entry> {
    let service = desk.exchange.sid("messaging");
    // Each recipient is used to the sender, and which way that goes is known, as in the long run.
    desk.schedules(&service, TOGETHER).await;
    desk.rests_for(Duration::from_secs(310)).await;
    desk.exchange.ticks().await;
    desk.rests_for(PAST_THE_ALARM).await;
    let mut entries = Vec::new();
    for count in [1, TOGETHER] {
        let schedules = desk.schedules(&service, count);
        entries.push(desk.count("message by a service, scheduled", count, schedules).await);
        desk.rests_for(Duration::from_secs(310)).await;
        desk.exchange.ticks().await;
        let rings = desk.rests_for(PAST_THE_ALARM);
        entries.push(desk.count("scheduled message, let go", count, rings).await);
    }
    entries
}

/// An agent hands a conversation on, and another one takes it over.
pub(crate) async fn transferred(desk: &Desk) -> [Entry; 2] {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    desk.answers(&desk.offer(&conversation).await, "accepted").await;
    desk.rests_for(PAST_THE_ALARM).await;
    let (path, workflow) =
        (format!("{}/Transfers", channel(&conversation)), desk.exchange.sid("workflow"));
    let hands_on = async { desk.exchange.api.post(&path, &[("to", &workflow)]).await.ok() };
    let handed_on = desk.count("handed on, to a reservation", 1, hands_on).await;
    let accepts = desk.offer(&conversation).await;
    let accepts = desk.answers(&accepts, "accepted");
    [handed_on, desk.count("taken over, the first agent leaves", 1, accepts).await]
}

/// An emoji on a reply of ours: the one message is looked for among the latest.
pub(crate) async fn reacted(desk: &Desk) -> Entry {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    desk.replies(&conversation).await;
    desk.rests_for(PAST_THE_ALARM).await;
    desk.count("inbound reaction, appended", 1, desk.reacts(CUSTOMER)).await
}

/// A STOP in a pool that confirms, and a reply that is refused for it.
pub(crate) async fn opted(desk: &Desk) -> [Entry; 2] {
    let service = desk.exchange.sid("messaging");
    let path = format!("/messaging/v1/Services/{service}/OptOut");
    desk.exchange.api.post(&path, &[("Confirmations", "always")]).await.ok();
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    desk.replies(&conversation).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let stops = desk.says(CUSTOMER, "STOP");
    let stop = desk.count("inbound STOP, obeyed and confirmed", 1, stops).await;
    desk.rests_for(PAST_THE_ALARM).await;
    let refused = "reply refused, its recipient wants none";
    [stop, desk.count(refused, 1, desk.replies(&conversation)).await]
}

/// A message of which the account, its service and the conversation are told.
pub(crate) async fn told(desk: &Desk) -> Entry {
    let api = &desk.exchange.api;
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    let path = format!("/conversations/v1/Conversations/{conversation}");
    let service =
        api.get(&path).await.ok()["chat_service_sid"].as_str().unwrap_or_default().to_owned();
    let url = ("PostWebhookUrl", "https://crm.example.com/told");
    let form = [url, ("Filters", "onMessageAdded"), ("Method", "POST")];
    api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    let at_service = format!("/conversations/v1/Services/{service}/Configuration/Webhooks");
    api.post(&at_service, &form).await.ok();
    let own = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://crm.example.com/told"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    api.make(&format!("{path}/Webhooks"), &own).await;
    desk.count("inbound, appended, told at three levels", 1, desk.writes(CUSTOMER)).await
}

/// A webhook that is attached to a conversation of eleven messages and told of all of them: two pages.
pub(crate) async fn replayed(desk: &Desk) -> Entry {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(CUSTOMER).await;
    for _ in 0..10 {
        desk.writes(CUSTOMER).await;
    }
    desk.rests_for(PAST_THE_ALARM).await;
    let own = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://crm.example.com/told"),
        ("Configuration.Filters", "onMessageAdded"),
        ("Configuration.ReplayAfter", "0"),
    ];
    let path = format!("/conversations/v1/Conversations/{conversation}/Webhooks");
    let attached = async { desk.exchange.api.make(&path, &own).await };
    desk.count("webhook attached, told of eleven messages", 1, attached).await
}

/// A message to a number that opens no conversation: its endpoint is told, and answers with one of its own.
pub(crate) async fn answered(desk: &Desk) -> Entry {
    let numbers = format!("/api/2010-04-01/Accounts/{ACCOUNT}/IncomingPhoneNumbers.json");
    let line = [("PhoneNumber", LINE), ("SmsUrl", "https://crm.example.com/line")];
    desk.exchange.api.make(&numbers, &line).await;
    desk.rests_for(PAST_THE_ALARM).await;
    desk.count(
        "inbound, told to its number, answered",
        1,
        desk.writes_to_group(CUSTOMER, LINE, &[]),
    )
    .await
}

/// A message about which an endpoint is asked before it is published.
pub(crate) async fn asked(desk: &Desk) -> Entry {
    desk.writes(CUSTOMER).await;
    desk.exchange.settles().await;
    let url = ("PreWebhookUrl", "https://crm.example.com/asked");
    let form = [url, ("Filters", "onMessageAdd"), ("Method", "POST")];
    desk.exchange.api.post("/conversations/v1/Configuration/Webhooks", &form).await.ok();
    desk.count("inbound, appended, asked beforehand", 1, desk.writes(CUSTOMER)).await
}

/// One customer, from the first word to the end.
async fn alone(desk: &Desk, entries: &mut Vec<Entry>) {
    entries.push(desk.count("inbound, to a reservation", 1, desk.writes(CUSTOMER)).await);
    let conversation = desk.conversation(CUSTOMER).await;
    let offer = desk.offer(&conversation).await;
    let accepts = desk.answers(&offer, "accepted");
    entries.push(desk.count("accepted, agent seated", 1, accepts).await);
    let rings = desk.rests_for(PAST_THE_ALARM);
    entries.push(desk.count("alarm of an answered reservation", 1, rings).await);
    entries.push(desk.count("inbound, appended", 1, desk.writes(CUSTOMER)).await);
    entries.push(desk.count("reply out", 1, desk.replies(&conversation)).await);
    entries.push(desk.count("receipt", 1, desk.reports(0, DeliveryStatus::Delivered)).await);
    entries.push(
        desk.count("receipt that says nothing new", 1, desk.reports(0, DeliveryStatus::Sent)).await,
    );
    let routing = json!({ "properties": {
        "workspace_sid": desk.exchange.sid("workspace"),
        "workflow_sid": desk.exchange.sid("workflow"),
        "task_channel_unique_name": "sms", "attributes": { "topic": "second opinion" },
    }})
    .to_string();
    let (path, form) =
        (format!("{}/Invites", channel(&conversation)), [("Routing", routing.as_str())]);
    let invites = async { desk.exchange.api.post(&path, &form).await.ok() };
    entries.push(desk.count("second invite, to a reservation", 1, invites).await);
    let offer = desk.offer(&conversation).await;
    let accepts = desk.answers(&offer, "accepted");
    entries.push(desk.count("second agent seated", 1, accepts).await);
    entries.push(desk.count("close, two agents", 1, close(desk, &conversation)).await);
    desk.rests_for(PAST_THE_ALARM).await;
}

/// A conversation with one agent, who never had one, and its end.
async fn plain(desk: &Desk, entries: &mut Vec<Entry>) {
    desk.writes(PLAIN).await;
    desk.exchange.settles().await;
    let conversation = desk.conversation(PLAIN).await;
    let offer = desk.offer(&conversation).await;
    desk.forgets_who_is_offered(&offer).await;
    let accepts = desk.answers(&offer, "accepted");
    entries.push(desk.count("accepted, agent seated for the first time", 1, accepts).await);
    desk.rests_for(PAST_THE_ALARM).await;
    entries.push(desk.count("close", 1, close(desk, &conversation)).await);
}

/// Two telephones that write to each other and to us, and are answered together. Nobody routes them.
async fn grouped(desk: &Desk, entries: &mut Vec<Entry>) {
    let form = [
        ("Type", "sms"),
        ("Address", GROUP),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    desk.exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    for what in ["opened", "appended"] {
        let path = format!("inbound to a group of three, {what}");
        let writes = desk.writes_to_group(MEMBER, GROUP, &[OTHER_MEMBER]);
        entries.push(desk.count(&path, 1, writes).await);
    }
    let conversation = desk.conversation(MEMBER).await;
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let form = [("Author", GROUP), ("Body", "Good morning to both of you!")];
    let replies = async { desk.exchange.api.post(&path, &form).await.ok() };
    entries.push(desk.count("reply out to a group of three", 1, replies).await);
}

/// Customers with more names than one: each costs its binding at the opening, and nothing later. Nobody routes them.
async fn named(desk: &Desk, entries: &mut Vec<Entry>) {
    for (kind, address) in [("sms", OTHER_NUMBER), ("whatsapp", WHATSAPP)] {
        let form = [
            ("Type", kind),
            ("Address", address),
            ("AutoCreation.Enabled", "true"),
            ("AutoCreation.Type", "default"),
        ];
        desk.exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
    }
    let one_name = desk.exchange.customer(NAMED).to(OTHER_NUMBER);
    let writes = async { assert_eq!(one_name.delivers(NAMED_MESSAGE, "Hello.").await, 200) };
    entries.push(desk.count("inbound under one name, opened", 1, writes).await);
    let (from, to) = (format!("whatsapp:{NAMED}"), WHATSAPP);
    for what in ["opened", "appended"] {
        let path = format!("inbound by WhatsApp under two names, {what}");
        entries.push(desk.count(&path, 1, desk.writes_by_whatsapp(&from, to)).await);
    }
}

/// A conversation with timers, which nobody routes: what it costs to write to it, and what its alarms do that the tick before
/// has set: one that rings too early, and two that do not.
async fn quiet(desk: &Desk, entries: &mut Vec<Entry>) {
    let settings = "/conversations/v1/Configuration";
    let timers = [("DefaultInactiveTimer", "PT10M"), ("DefaultClosedTimer", "PT1H")];
    desk.exchange.api.post(settings, &timers).await.ok();
    let writes = || desk.writes_to(QUIET, OTHER_NUMBER);
    entries.push(desk.count("inbound with timers, opened", 1, writes()).await);
    entries.push(desk.count("inbound with timers, appended", 1, writes()).await);
    let off = [("DefaultInactiveTimer", "PT0S"), ("DefaultClosedTimer", "PT0S")];
    desk.exchange.api.post(settings, &off).await.ok();
    desk.rests_for(Duration::from_secs(300)).await;
    writes().await;
    for (what, until_the_tick) in [
        ("alarm of a conversation that is not quiet", 270),
        ("alarm of a quiet conversation, inactive", 240),
        ("alarm of a quiet conversation, closed", 3_570),
    ] {
        desk.rests_for(Duration::from_secs(until_the_tick)).await;
        desk.exchange.ticks().await;
        let rings = desk.rests_for(PAST_THE_ALARM);
        entries.push(desk.count(what, 1, rings).await);
    }
    entries.push(desk.count("a minute's tick", 1, desk.exchange.ticks()).await);
}

/// Offers that are refused or forgotten.
async fn refused(desk: &Desk, entries: &mut Vec<Entry>) {
    desk.writes(REJECTED).await;
    desk.exchange.settles().await;
    let offer = desk.offer(&desk.conversation(REJECTED).await).await;
    let rejects = desk.answers(&offer, "rejected");
    entries.push(desk.count("rejected, to the next reservation", 1, rejects).await);
    end(desk, REJECTED).await;
    desk.writes(FORGOTTEN).await;
    desk.exchange.settles().await;
    let forgets = desk.rests_for(PAST_THE_ALARM);
    entries.push(desk.count("timed out, to the next reservation", 1, forgets).await);
    end(desk, FORGOTTEN).await;
}

/// Ten customers at the same time: what a busy minute costs.
async fn together(desk: &Desk, entries: &mut Vec<Entry>) {
    let customers: Vec<String> = (0..TOGETHER).map(|it| format!("+131055502{it:02}")).collect();
    let write = async || {
        for customer in &customers {
            desk.writes(customer).await;
        }
    };
    entries.push(desk.count("inbound, to a reservation", TOGETHER, write()).await);
    let (mut conversations, mut offers) = (Vec::new(), Vec::new());
    for customer in &customers {
        let conversation = desk.conversation(customer).await;
        offers.push(desk.offer(&conversation).await);
        conversations.push(conversation);
    }
    let accept = async {
        for offer in &offers {
            desk.answers(offer, "accepted").await;
        }
    };
    entries.push(desk.count("accepted, agent seated", TOGETHER, accept).await);
    let rings = desk.rests_for(PAST_THE_ALARM);
    entries.push(desk.count("alarm of an answered reservation", TOGETHER, rings).await);
    entries.push(desk.count("inbound, appended", TOGETHER, write()).await);
    let before = desk.exchange.carrier.sent().len();
    let answer = async {
        for conversation in &conversations {
            desk.replies(conversation).await;
        }
    };
    entries.push(desk.count("reply out", TOGETHER, answer).await);
    let report = async {
        for place in before..desk.exchange.carrier.sent().len() {
            desk.reports(place, DeliveryStatus::Delivered).await;
        }
    };
    entries.push(desk.count("receipt", TOGETHER, report).await);
    let hang_up = async {
        for conversation in &conversations {
            close(desk, conversation).await;
        }
    };
    entries.push(desk.count("close", TOGETHER, hang_up).await);
    desk.rests_for(PAST_THE_ALARM).await;
}
