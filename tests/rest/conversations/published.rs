//! Every answer has the shape that is published for it, with a service in the path and without.

use serde_json::Value;
use switchboard_tests::Schema;

use super::{World, a_flow, world};

const FILE: &str = "twilio_conversations_v1.json";
/// Push notifications, which are not built.
const PERIPHERAL: [&str; 5] = [
    "/v1/Credentials",
    "/v1/Credentials/{Sid}",
    "/v1/Services/{ChatServiceSid}/Bindings",
    "/v1/Services/{ChatServiceSid}/Bindings/{Sid}",
    "/v1/Services/{ChatServiceSid}/Configuration/Notifications",
];

/// Creates, fetches and lists one of a kind, and checks all three answers.
async fn check(
    world: &World,
    published: &Schema,
    (template, path): (&str, &str),
    form: &[(&str, &str)],
) -> Value {
    let made = world.post(path, form).await.expect(201);
    published.check("post", template, 201, &made);
    let sid = made["sid"].as_str().unwrap();
    let one = world.get(&format!("{path}/{sid}")).await.expect(200);
    published.check("get", &format!("{template}/{{Sid}}"), 200, &one);
    assert_eq!(one, made);
    let same = world.post(&format!("{path}/{sid}"), &[]).await;
    if same.status == 200 {
        published.check("post", &format!("{template}/{{Sid}}"), 200, &same.body);
    }
    let list = world.get(path).await.expect(200);
    published.check("get", template, 200, &list);
    made
}

#[tokio::test]
async fn answers_have_their_published_shape() {
    let Some(published) = Schema::open(FILE) else {
        return;
    };
    let world = world().await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    conversations(&world, &published, ("/v1", "/v1")).await;
    let in_service = format!("/v1/Services/{service}");
    conversations(&world, &published, ("/v1/Services/{ChatServiceSid}", &in_service)).await;
    settings(&world, &published).await;
    let missing: Vec<_> = published
        .operations()
        .into_iter()
        .filter(|(_, path, _)| !PERIPHERAL.contains(&path.as_str()))
        .filter(|(method, path, status)| !world.has_answered(method, path, *status))
        .collect();
    assert_eq!(missing, [], "no test has these answered");
}

async fn conversations(world: &World, published: &Schema, (template, base): (&str, &str)) {
    let at = |behind: &str| (format!("{template}{behind}"), format!("{base}{behind}"));
    let (conversations, path) = at("/Conversations");
    let name = [("UniqueName", "a"), ("FriendlyName", "A")];
    let made = check(world, published, (&conversations, &path), &name).await;
    let path = format!("{path}/{}", made["sid"].as_str().unwrap());
    let conversation = format!("{conversations}/{{ConversationSid}}");
    let inside = |behind: &str| (format!("{conversation}{behind}"), format!("{path}{behind}"));

    let (kind, to) = inside("/Participants");
    let proxy = if template == "/v1" { "+18005550191" } else { "+18005550192" };
    let pair =
        [("MessagingBinding.Address", "+14155550100"), ("MessagingBinding.ProxyAddress", proxy)];
    check(world, published, (&kind, &to), &pair).await;
    check(world, published, (&kind, &to), &[("Identity", "agent")]).await;
    let (kind, to) = inside("/Messages");
    let message = check(world, published, (&kind, &to), &[("Body", "hi")]).await;
    let receipts = format!("{to}/{}/Receipts", message["sid"].as_str().unwrap());
    let receipts = world.get(&receipts).await.expect(200);
    let of_message = format!("{kind}/{{MessageSid}}/Receipts");
    published.check("get", &of_message, 200, &receipts);
    let url = receipts["delivery_receipts"][0]["url"].as_str().unwrap().to_owned();
    let receipt = world.get(&url).await.expect(200);
    published.check("get", &format!("{of_message}/{{Sid}}"), 200, &receipt);
    let (kind, to) = inside("/Webhooks");
    let flow = if template == "/v1" { a_flow(world).await } else { String::new() };
    let webhook = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://example.com"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    check(world, published, (&kind, &to), &webhook).await;
    if !flow.is_empty() {
        let studio = [("Target", "studio"), ("Configuration.FlowSid", flow.as_str())];
        check(world, published, (&kind, &to), &studio).await;
    }
    people(world, published, (template, base), made["sid"].as_str().unwrap()).await;
    let (kind, to) = at("/ParticipantConversations");
    for query in ["Identity=agent", "Address=%2B14155550100"] {
        let found = world.get(&format!("{to}?{query}")).await.expect(200);
        assert_eq!(found["conversations"].as_array().unwrap().len(), 1);
        published.check("get", &kind, 200, &found);
    }
    let (kind, to) = at("/ConversationWithParticipants");
    let made = world.post(&to, &[("Participant", r#"{"identity":"x"}"#)]).await.expect(201);
    published.check("post", &kind, 201, &made);
    let own = format!("{base}/Users/agent/Conversations/{}", path.rsplit('/').next().unwrap());
    world.delete(&own).await.expect(204);
    for list in ["Messages", "Participants", "Webhooks"] {
        removes(world, &format!("{path}/{list}")).await;
    }
    world.delete(&path).await.expect(204);
}

/// Removes the first of a list.
async fn removes(world: &World, list: &str) {
    let all = world.get(list).await.expect(200);
    let key = all["meta"]["key"].as_str().unwrap();
    let sid = all[key][0]["sid"].as_str().unwrap();
    world.delete(&format!("{list}/{sid}")).await.expect(204);
}

/// Roles, users, and the conversation that the agent is in.
async fn people(
    world: &World,
    published: &Schema,
    (template, base): (&str, &str),
    conversation: &str,
) {
    let at = |behind: &str| (format!("{template}{behind}"), format!("{base}{behind}"));
    let (kind, to) = at("/Roles");
    let role = [("FriendlyName", "guest"), ("Type", "conversation"), ("Permission", "sendMessage")];
    let made = check(world, published, (&kind, &to), &role).await;
    let one = format!("{to}/{}", made["sid"].as_str().unwrap());
    let changed = world.post(&one, &[("Permission", "leaveConversation")]).await.expect(200);
    published.check("post", &format!("{kind}/{{Sid}}"), 200, &changed);
    let (kind, to) = at("/Users");
    let ann = [("Identity", "ann"), ("FriendlyName", "Ann")];
    check(world, published, (&kind, &to), &ann).await;
    world.delete(&format!("{to}/ann")).await.expect(204);
    world.delete(&format!("{base}/Roles/{}", made["sid"].as_str().unwrap())).await.expect(204);
    let (kind, to) =
        (format!("{kind}/{{UserSid}}/Conversations"), format!("{to}/agent/Conversations"));
    let list = world.get(&to).await.expect(200);
    published.check("get", &kind, 200, &list);
    assert_eq!(list["conversations"].as_array().unwrap().len(), 1);
    let (kind, to) = (format!("{kind}/{{ConversationSid}}"), format!("{to}/{conversation}"));
    let one = world.get(&to).await.expect(200);
    published.check("get", &kind, 200, &one);
    assert_eq!(one, list["conversations"][0]);
    let read = world.post(&to, &[("LastReadMessageIndex", "0")]).await.expect(200);
    published.check("post", &kind, 200, &read);
    let (hooks, webhooks) = at("/Configuration/Webhooks");
    let shown = world.get(&webhooks).await.expect(200);
    published.check("get", &hooks, 200, &shown);
    let form = [("PostWebhookUrl", "https://example.com"), ("Filters", "onMessageAdded")];
    let changed = world.post(&webhooks, &form).await.expect(200);
    published.check("post", &hooks, 200, &changed);
    assert_eq!(world.get(&webhooks).await.expect(200), changed);
    if template != "/v1" {
        let (kind, to) = at("/Configuration");
        let settings = world.get(&to).await.expect(200);
        published.check("get", &kind, 200, &settings);
        let same = world.post(&to, &[("ReachabilityEnabled", "false")]).await.expect(200);
        published.check("post", &kind, 200, &same);
        assert_eq!(same, settings);
    }
}

#[tokio::test]
async fn settings_have_their_published_shape() {
    let Some(published) = Schema::open(FILE) else {
        return;
    };
    settings(&world().await, &published).await;
}

async fn settings(world: &World, published: &Schema) {
    let account = "/v1/Configuration";
    let settings = world.get(account).await.expect(200);
    published.check("get", account, 200, &settings);
    let same = world.post(account, &[]).await.expect(200);
    published.check("post", account, 200, &same);
    let services = "/v1/Services";
    let made = check(world, published, (services, services), &[("FriendlyName", "Spare")]).await;
    let spare = format!("{services}/{}", made["sid"].as_str().unwrap());
    world.delete(&spare).await.expect(204);
    let flow = a_flow(world).await;
    let addresses = "/v1/Configuration/Addresses";
    let studio = [
        ("Type", "sms"),
        ("Address", "+18005550199"),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", flow.as_str()),
    ];
    check(world, published, (addresses, addresses), &studio).await;
    world.delete(&format!("{addresses}/+18005550199")).await.expect(204);
}
