//! A webchat through the laptop: the account opens it, a greeting starts nothing, the guest's first message finds an agent, and
//! the guest ends it.

use reqwest::Method;
use serde_json::{Value, json};
use switchboard_tests::Exchange;

const PAGE: &str = "https://shop.example.com";
const CONVERSATIONS: &str = "/conversations/v1/Conversations";

/// A chat address whose flow hands over, and a key for pages; both identifiers.
async fn opens(exchange: &Exchange) -> (String, String) {
    let flow = exchange.sid("flow");
    let form = [
        ("Type", "chat"),
        ("Address", "chat:scenario"),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", &*flow),
    ];
    let addresses = "/conversations/v1/Configuration/Addresses";
    let address = exchange.api.make(addresses, &form).await;
    let form = [("AddressSid", &*address), ("AllowedOrigins", PAGE)];
    let key = exchange.api.make("/flex-api/v2/DeploymentKeys", &form).await;
    (address, key)
}

async fn from_page(exchange: &Exchange, path: &str, form: &[(&str, &str)]) -> Value {
    let path = format!("/flex-api/v2/Webchat/{path}");
    exchange.api.send(Method::POST, &path, form, &[("origin", PAGE)]).await.ok()
}

/// The agent, if any, who has been asked.
async fn agent_accepts(exchange: &Exchange) {
    for name in ["alice", "bob", "carol"] {
        let agent = exchange.agent(name);
        if !agent.reservations("pending").await.is_empty() {
            agent.accepts().await;
            return;
        }
    }
    panic!("nobody was asked");
}

/// A guest who writes, whoever is there, and ends the chat.
pub(crate) async fn a_guest_writes(exchange: &Exchange) {
    let (_, key) = opens(exchange).await;
    let opened = from_page(exchange, "Init", &[("DeploymentKey", &*key)]).await;
    let conversation = opened["conversation_sid"].as_str().unwrap();
    let guest = opened["identity"].as_str().unwrap();
    let messages = format!("{CONVERSATIONS}/{conversation}/Messages");
    exchange.api.make(&messages, &[("Author", guest), ("Body", "hello")]).await;
    exchange.settles().await;
    let held = [("DeploymentKey", &*key), ("Token", opened["token"].as_str().unwrap())];
    assert_eq!(from_page(exchange, "End", &held).await["status"], "closed");
    exchange.settles().await;
}

/// All of it; the conversation is closed and its task over.
async fn a_webchat(exchange: &Exchange) {
    let (address, key) = opens(exchange).await;
    let named = [("DeploymentKey", &*key), ("CustomerFriendlyName", "Larry")];
    let opened = from_page(exchange, "Init", &named).await;
    let conversation = opened["conversation_sid"].as_str().unwrap();
    let guest = opened["identity"].as_str().unwrap();
    let messages = format!("{CONVERSATIONS}/{conversation}/Messages");
    let greeting = [("Author", "Concierge"), ("Body", "Welcome")];
    exchange.api.make(&messages, &greeting).await;
    exchange.settles().await;
    let interaction = format!("/flex-api/v1/Interactions/KD{}", &conversation[2..]);
    assert_eq!(exchange.api.get(&interaction).await.status, 404, "the guest has said nothing");
    exchange.api.make(&messages, &[("Author", guest), ("Body", "hello")]).await;
    exchange.settles().await;
    let made = exchange.api.get(&interaction).await.ok();
    assert_eq!(made["channel"]["type"], "web");
    agent_accepts(exchange).await;
    exchange.settles().await;
    let inside = format!("{CONVERSATIONS}/{conversation}/Participants");
    let inside = exchange.api.get(&inside).await.ok();
    assert_eq!(inside["participants"].as_array().unwrap().len(), 2, "the agent is seated");
    let held = [("DeploymentKey", &*key), ("Token", opened["token"].as_str().unwrap())];
    let told = from_page(exchange, "Transcript", &held).await;
    let said: Vec<&Value> =
        told["messages"].as_array().unwrap().iter().map(|one| &one["body"]).collect();
    assert_eq!(said, [&json!("Welcome"), &json!("hello")]);
    let ended = from_page(exchange, "End", &held).await;
    assert_eq!(ended["status"], "closed");
    exchange.settles().await;
    let channel = format!("{interaction}/Channels/UO{}", &conversation[2..]);
    let channel = exchange.api.get(&channel).await.ok();
    assert_eq!(channel["status"], "closed");
    let properties = &exchange.api.get(&interaction).await.ok()["routing"]["properties"];
    assert_eq!(properties["assignment_status"], "wrapping");
    let task = format!("{}/Tasks/{}", exchange.workspace, properties["sid"].as_str().unwrap());
    let done = [("AssignmentStatus", "completed"), ("Reason", "done")];
    exchange.api.post(&task, &done).await.ok();
    exchange.settles().await;
    let addresses = format!("/conversations/v1/Configuration/Addresses/{address}");
    assert_eq!(exchange.api.delete(&addresses).await.status, 204);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_guest_finds_an_agent_by_their_first_message_and_ends_the_chat() {
    let exchange = Exchange::open().await;
    a_webchat(&exchange).await;
    exchange.rests().await;
}
