//! A write is carried out, its answer is lost, and the client repeats it: the caller must not notice. What was asked
//! for once is there once, for every kind of thing that can be created here.

use serde_json::{Value, json};
use switchboard_tests::ACCOUNT;

use crate::world::World;

const ALICE: &str = "+14155550100";
const BOB: &str = "+14155550101";
const DESK: &str = "+18005550199";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const ADDRESSES: &str = "/conversations/v1/Configuration/Addresses";
const FLOWS: &str = "/studio/v2/Flows";

async fn world() -> World {
    World::ticking("conversations-api", "").await
}

/// The members of a list that is one page.
async fn listed(world: &World, path: &str) -> Vec<Value> {
    let page = world.get(path).await.expect(200);
    let records = match page["meta"]["key"].as_str() {
        Some(key) => page[key].clone(),
        // The oldest API has the list among the members of the page.
        None => page.as_object().unwrap().values().find(|it| it.is_array()).unwrap().clone(),
    };
    records.as_array().unwrap().clone()
}

/// Creates by a request whose write is repeated; what was answered. There is one more afterwards.
async fn once(world: &World, path: &str, form: &[(&str, &str)]) -> Value {
    let before = listed(world, path).await.len();
    let made = lossy(world, path, form).await;
    assert_eq!(listed(world, path).await.len(), before + 1, "{path}: {made}");
    made
}

/// The same where nothing is listed.
async fn lossy(world: &World, path: &str, form: &[(&str, &str)]) -> Value {
    world.lose_the_next_answer();
    let answered = world.post(path, form).await;
    assert!(world.has_lost_it(), "{path} wrote nothing");
    assert!((200..300).contains(&answered.status), "{path}: {}", answered.body);
    answered.body
}

/// Removes by a request whose write is repeated.
async fn gone(world: &World, path: &str) {
    world.lose_the_next_answer();
    world.delete(path).await.expect(204);
    assert!(world.has_lost_it(), "{path} removed nothing");
    world.get(path).await.expect(404);
}

fn sid(made: &Value) -> &str {
    made["sid"].as_str().unwrap()
}

fn account(path: &str) -> String {
    format!("/api/2010-04-01/Accounts/{ACCOUNT}{path}")
}

#[tokio::test]
async fn conversations_and_what_is_in_them() {
    let world = world().await;
    world.owns(&[DESK]).await;
    // The default service is made with the first look at it.
    listed(&world, "/conversations/v1/Services").await;
    let service = once(&world, "/conversations/v1/Services", &[("FriendlyName", "mine")]).await;
    let named = [("FriendlyName", "first"), ("UniqueName", "one")];
    let conversation = once(&world, CONVERSATIONS, &named).await;
    let inside = format!("{CONVERSATIONS}/{}", sid(&conversation));
    let webhooks = format!("{inside}/Webhooks");
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://example.com"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    let webhook = once(&world, &webhooks, &form).await;
    let participants = format!("{inside}/Participants");
    let form = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", DESK)];
    let participant = once(&world, &participants, &form).await;
    once(&world, &participants, &[("Identity", "agent")]).await;
    let messages = format!("{inside}/Messages");
    let message = once(&world, &messages, &[("Author", "agent"), ("Body", "Hi")]).await;
    lossy(&world, &format!("{messages}/{}", sid(&message)), &[("Body", "Hello")]).await;
    gone(&world, &format!("{messages}/{}", sid(&message))).await;
    gone(&world, &format!("{webhooks}/{}", sid(&webhook))).await;
    gone(&world, &format!("{participants}/{}", sid(&participant))).await;
    gone(&world, &inside).await;
    gone(&world, &format!("/conversations/v1/Services/{}", sid(&service))).await;
}

#[tokio::test]
async fn roles_users_and_their_conversations() {
    let world = world().await;
    let (roles, users) = ("/conversations/v1/Roles", "/conversations/v1/Users");
    // The default service is made with the first look at it.
    listed(&world, roles).await;
    let form = [("FriendlyName", "guest"), ("Type", "conversation"), ("Permission", "sendMessage")];
    let role = once(&world, roles, &form).await;
    let one = format!("{roles}/{}", sid(&role));
    lossy(&world, &one, &[("Permission", "leaveConversation")]).await;
    gone(&world, &one).await;
    let user = once(&world, users, &[("Identity", "ann")]).await;
    let again = world.post(users, &[("Identity", "ann")]).await;
    assert_eq!(again.refusal(), (409, 50201), "somebody else's is still in the way");
    let one = format!("{users}/{}", sid(&user));
    lossy(&world, &one, &[("FriendlyName", "Ann")]).await;
    let conversation = once(&world, CONVERSATIONS, &[]).await;
    let participants = format!("{CONVERSATIONS}/{}/Participants", sid(&conversation));
    once(&world, &participants, &[("Identity", "bob")]).await;
    assert_eq!(listed(&world, users).await.len(), 2);
    let read = format!("{users}/bob/Conversations/{}", sid(&conversation));
    lossy(&world, &read, &[("NotificationLevel", "muted")]).await;
    gone(&world, &read).await;
    gone(&world, &one).await;
}

#[tokio::test]
async fn a_conversation_with_participants_and_the_open_one_of_a_pair() {
    let world = world().await;
    world.owns(&[DESK]).await;
    listed(&world, CONVERSATIONS).await;
    let pair = json!({ "messaging_binding": { "address": BOB, "proxy_address": DESK } });
    let form = [("Participant", &*pair.to_string()), ("UniqueName", "two")];
    lossy(&world, "/conversations/v1/ConversationWithParticipants", &form).await;
    let open = listed(&world, CONVERSATIONS).await;
    assert_eq!(open.len(), 1, "{open:?}");
    let participants = format!("{CONVERSATIONS}/{}/Participants", sid(&open[0]));
    assert_eq!(listed(&world, &participants).await.len(), 1);
}

#[tokio::test]
async fn addresses() {
    let world = world().await;
    let form = [("Type", "sms"), ("Address", DESK), ("FriendlyName", "desk")];
    let made = once(&world, ADDRESSES, &form).await;
    // Another caller's is still in the way.
    assert_eq!(world.post(ADDRESSES, &form).await.refusal().0, 409);
    let one = format!("{ADDRESSES}/{}", sid(&made));
    let changed = lossy(&world, &one, &[("FriendlyName", "hall")]).await;
    assert_eq!(changed["friendly_name"], "hall");
    gone(&world, &one).await;
    once(&world, ADDRESSES, &form).await;
}

#[tokio::test]
async fn flows_and_their_revisions() {
    let world = world().await;
    let states =
        json!([{ "name": "Trigger", "type": "trigger", "properties": {}, "transitions": [] }]);
    let definition = json!({ "description": "", "initial_state": "Trigger", "states": states });
    let definition = definition.to_string();
    let form = [("FriendlyName", "F"), ("Status", "draft"), ("Definition", &definition)];
    let made = once(&world, FLOWS, &form).await;
    assert_eq!(made["revision"], 1);
    let flow = format!("{FLOWS}/{}", sid(&made));
    let changed = lossy(&world, &flow, &[("Status", "published")]).await;
    assert_eq!(changed["revision"], 2);
    assert_eq!(world.get(&flow).await.expect(200)["revision"], 2, "it was changed once");
    gone(&world, &flow).await;
}

#[tokio::test]
async fn numbers_services_keys_and_single_messages() {
    let world = world().await;
    let numbers = account("/IncomingPhoneNumbers.json");
    let number = once(&world, &numbers, &[("PhoneNumber", DESK)]).await;
    let again = world.post(&numbers, &[("PhoneNumber", DESK)]).await;
    assert_eq!(again.refusal(), (400, 21422), "somebody else's is still in the way");
    let service = once(&world, "/messaging/v1/Services", &[("FriendlyName", "Pool")]).await;
    let pool = format!("/messaging/v1/Services/{}", sid(&service));
    let pooled = format!("{pool}/PhoneNumbers");
    once(&world, &pooled, &[("PhoneNumberSid", sid(&number))]).await;
    let senders = format!("{pool}/AlphaSenders");
    let sender = once(&world, &senders, &[("AlphaSender", "ACME")]).await;
    let messages = account("/Messages.json");
    let form = [("To", BOB), ("MessagingServiceSid", sid(&service)), ("Body", "Hi")];
    once(&world, &messages, &form).await;
    let key = once(&world, &account("/Keys.json"), &[("FriendlyName", "mine")]).await;
    gone(&world, &format!("{senders}/{}", sid(&sender))).await;
    gone(&world, &format!("{pooled}/{}", sid(&number))).await;
    gone(&world, &pool).await;
    gone(&world, &account(&format!("/Keys/{}.json", sid(&key)))).await;
    gone(&world, &account(&format!("/IncomingPhoneNumbers/{}.json", sid(&number)))).await;
}

#[tokio::test]
async fn workspaces_what_they_contain_and_tasks() {
    let world = world().await;
    let workspaces = "/taskrouter/v1/Workspaces";
    let form = [("FriendlyName", "Support"), ("Template", "FIFO")];
    let workspace = once(&world, workspaces, &form).await;
    let root = format!("{workspaces}/{}", sid(&workspace));
    let below = |segment: &str| format!("{root}/{segment}");
    let activity = once(&world, &below("Activities"), &[("FriendlyName", "Lunch")]).await;
    let form = [("FriendlyName", "Post"), ("UniqueName", "post")];
    let channel = once(&world, &below("TaskChannels"), &form).await;
    let queue = once(&world, &below("TaskQueues"), &[("FriendlyName", "Everybody")]).await;
    let routing = json!({ "task_routing": { "default_filter": { "queue": sid(&queue) } } });
    let form = [("FriendlyName", "W"), ("Configuration", &*routing.to_string())];
    let workflow = once(&world, &below("Workflows"), &form).await;
    let worker = once(&world, &below("Workers"), &[("FriendlyName", "Alice")]).await;
    let form = [("WorkflowSid", sid(&workflow)), ("Attributes", r#"{"topic":"bill"}"#)];
    let task = once(&world, &below("Tasks"), &form).await;
    gone(&world, &below(&format!("Tasks/{}", sid(&task)))).await;
    for (segment, made) in [
        ("Workers", worker),
        ("Workflows", workflow),
        ("TaskQueues", queue),
        ("TaskChannels", channel),
        ("Activities", activity),
    ] {
        gone(&world, &below(&format!("{segment}/{}", sid(&made)))).await;
    }
    gone(&world, &root).await;
}

#[tokio::test]
async fn interactions_invites_and_seats() {
    let world = world().await;
    world.owns(&[DESK]).await;
    let form = [("FriendlyName", "Support"), ("Template", "FIFO")];
    let workspace = world.post("/taskrouter/v1/Workspaces", &form).await.expect(201);
    let tasks = format!("/taskrouter/v1/Workspaces/{}/Tasks", sid(&workspace));
    let conversation = world.post(CONVERSATIONS, &[("FriendlyName", "c")]).await.expect(201);
    let form = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", DESK)];
    let participants = format!("{CONVERSATIONS}/{}/Participants", sid(&conversation));
    world.post(&participants, &form).await.expect(201);
    let properties = json!({ "media_channel_sid": sid(&conversation) });
    let channel = json!({ "type": "sms", "initiated_by": "customer", "properties": properties });
    let routing = json!({ "properties": { "workspace_sid": sid(&workspace) } }).to_string();
    let form = [("Channel", &*channel.to_string()), ("Routing", &routing)];
    let interaction = lossy(&world, "/flex-api/v1/Interactions", &form).await;
    assert_eq!(listed(&world, &tasks).await.len(), 1);
    let url = format!("/flex-api/v1/Interactions/{}", sid(&interaction));
    let channel = format!("{url}/Channels/{}", sid(&interaction["channel"]));
    once(&world, &format!("{channel}/Invites"), &[("Routing", &routing)]).await;
    assert_eq!(listed(&world, &tasks).await.len(), 2);
    let form = [("Type", "supervisor"), ("MediaProperties", r#"{"identity":"boss"}"#)];
    once(&world, &format!("{channel}/Participants"), &form).await;
}
