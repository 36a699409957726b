//! Webchat, server side: what the account opens, what pages open, and what becomes of it (rows of G in the reference).

use reqwest::Method;
use serde_json::{Value, json};
use switchboard_domain::conversation::Conversation;
use switchboard_store::key;
use switchboard_tests::Answered;

use super::flows::{FLOWS, definition};
use super::{CONVERSATIONS, Support, World, text, world};

const WEBCHATS: &str = "/flex-api/v2/WebChats";
const KEYS: &str = "/flex-api/v2/DeploymentKeys";
const INIT: &str = "/flex-api/v2/Webchat/Init";
const REFRESH: &str = "/flex-api/v2/Webchat/Tokens/Refresh";
const END: &str = "/flex-api/v2/Webchat/End";
const TRANSCRIPT: &str = "/flex-api/v2/Webchat/Transcript";
const ADDRESSES: &str = "/conversations/v1/Configuration/Addresses";
const PAGE: &str = "https://shop.example.com";

/// A chat address; its identifier.
async fn chat_address(world: &World, more: &[(&str, &str)]) -> String {
    let mut form =
        vec![("Type", "chat"), ("Address", "chat:desk"), ("AutoCreation.Enabled", "true")];
    form.extend_from_slice(more);
    world.post(ADDRESSES, &form).await.text("sid")
}

/// A flow that hands over to the workflow of a centre; its identifier.
async fn flow(world: &World, centre: &Support) -> String {
    let definition = definition(&centre.workflow, "chat");
    let form = [("FriendlyName", "F"), ("Status", "published"), ("Definition", &definition)];
    world.post(FLOWS, &form).await.text("sid")
}

async fn deployment_key(world: &World, address: &str) -> String {
    let form = [("AddressSid", address), ("AllowedOrigins", PAGE)];
    world.post(KEYS, &form).await.text("sid")
}

/// What a page of that origin asks for.
async fn from_page(world: &World, origin: &str, path: &str, form: &[(&str, &str)]) -> Answered {
    world.send(Method::POST, path, form, &[("origin", origin)]).await
}

async fn conversation(world: &World, sid: &str) -> Conversation {
    world.on.store.get(key::conversation(sid.parse().unwrap())).await.unwrap().unwrap()
}

async fn says(world: &World, conversation: &str, author: &str, body: &str) {
    let form = [("Author", author), ("Body", body)];
    world.post(&format!("{CONVERSATIONS}/{conversation}/Messages"), &form).await.expect(201);
    world.settles().await;
}

async fn tasks(world: &World, centre: &Support) -> Vec<Value> {
    let page = world.get(&format!("{}/Tasks", centre.path)).await.expect(200);
    page["tasks"].as_array().unwrap().clone()
}

/// G.2: the conversation, the guest in it, the data that was given before; the flow begins with the guest's first message.
#[tokio::test]
async fn g2_the_account_opens_a_chat_and_its_flow_begins_with_the_first_message_of_the_guest() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let flow = flow(&world, &centre).await;
    let studio = [("AutoCreation.Type", "studio"), ("AutoCreation.StudioFlowSid", flow.as_str())];
    let address = chat_address(&world, &studio).await;
    let form = [
        ("AddressSid", address.as_str()),
        ("ChatFriendlyName", "LoquaciousLarry"),
        ("CustomerFriendlyName", "LarryDavid"),
        ("Identity", "seinfeld"),
        ("PreEngagementData", r#"{"cart": 7}"#),
    ];
    let opened = world.post(WEBCHATS, &form).await.expect(201);
    let sid = text(&opened, "conversation_sid");
    assert_eq!(opened, json!({ "conversation_sid": sid, "identity": "seinfeld" }));
    let shown = world.get(&format!("{CONVERSATIONS}/{sid}")).await.expect(200);
    assert_eq!(shown["friendly_name"], "LoquaciousLarry");
    let attributes: Value = serde_json::from_str(&text(&shown, "attributes")).unwrap();
    assert_eq!(attributes, json!({ "pre_engagement_data": { "cart": 7 } }));
    let inside = world.get(&format!("{CONVERSATIONS}/{sid}/Participants")).await.expect(200);
    assert_eq!(inside["participants"][0]["identity"], "seinfeld");
    assert_eq!(inside["participants"][0]["attributes"], r#"{"friendly_name":"LarryDavid"}"#);
    let hooks = world.get(&format!("{CONVERSATIONS}/{sid}/Webhooks")).await.expect(200);
    assert_eq!(hooks["webhooks"][0]["configuration"]["flow_sid"], json!(flow));

    says(&world, &sid, "Concierge", "Welcome").await;
    assert_eq!(tasks(&world, &centre).await.len(), 0, "the guest has said nothing");
    says(&world, &sid, "seinfeld", "hello").await;
    says(&world, &sid, "seinfeld", "hello?").await;
    let tasks = tasks(&world, &centre).await;
    assert_eq!(tasks.len(), 1);
    let attributes: Value = serde_json::from_str(&text(&tasks[0], "attributes")).unwrap();
    for (name, value) in [
        ("conversationSid", json!(sid)),
        ("channelType", json!("web")),
        ("customerName", json!("LarryDavid")),
        ("customerAddress", json!("seinfeld")),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
}

/// G.2: an address without a handler opens a conversation, and nobody is told.
#[tokio::test]
async fn g2_a_guest_whom_nobody_named_is_anonymous() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let form = [("AddressSid", address.as_str())];
    let [one, other] = [
        world.post(WEBCHATS, &form).await.expect(201),
        world.post(WEBCHATS, &form).await.expect(201),
    ];
    assert!(text(&one, "identity").starts_with("guest-"));
    assert_ne!(one["identity"], other["identity"]);
    let sid = text(&one, "conversation_sid");
    says(&world, &sid, &text(&one, "identity"), "hello").await;
    assert_eq!(conversation(&world, &sid).await.interaction, None);
}

/// 45715, 45731, 45733, 45745, 45761, 45765: what is wrong is said by its code, and nothing is written.
#[tokio::test]
async fn g2_what_cannot_be_opened_is_refused_by_its_code() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let (long, large) = ("x".repeat(257), format!("\"{}\"", "x".repeat(16 * 1024)));
    let nobody = format!("IG{}", "0".repeat(32));
    for (form, status, code) in [
        (vec![], 400, 45745),
        (vec![("AddressSid", "IG1")], 400, 45745),
        (vec![("AddressSid", address.as_str()), ("ChatFriendlyName", long.as_str())], 400, 45745),
        (
            vec![("AddressSid", address.as_str()), ("CustomerFriendlyName", long.as_str())],
            400,
            45715,
        ),
        (vec![("AddressSid", address.as_str()), ("Identity", " a")], 400, 45715),
        (vec![("AddressSid", address.as_str()), ("Identity", long.as_str())], 400, 45715),
        (vec![("AddressSid", address.as_str()), ("PreEngagementData", large.as_str())], 400, 45731),
        (vec![("AddressSid", address.as_str()), ("PreEngagementData", "{")], 400, 45733),
        (vec![("AddressSid", nobody.as_str())], 404, 45765),
        (vec![("AddressSid", address.as_str()), ("Colour", "red")], 400, 20001),
    ] {
        assert_eq!(world.post(WEBCHATS, &form).await.refusal(), (status, code), "{form:?}");
    }
    let off = [("AutoCreation.Enabled", "false")];
    world.post(&format!("{ADDRESSES}/{address}"), &off).await.expect(200);
    let form = [("AddressSid", address.as_str())];
    assert_eq!(world.post(WEBCHATS, &form).await.refusal(), (400, 45761));
    let form = [("Type", "sms"), ("Address", super::DESK), ("AutoCreation.Enabled", "true")];
    let sms = world.post(ADDRESSES, &form).await.text("sid");
    assert_eq!(world.post(WEBCHATS, &[("AddressSid", &sms)]).await.refusal(), (400, 45745));
    let all = world.get(CONVERSATIONS).await.expect(200);
    assert_eq!(all["conversations"], json!([]));
}

/// G.1: five a second; 45719.
#[tokio::test]
async fn g1_five_chats_a_second_are_opened() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let form = [("AddressSid", address.as_str())];
    for _ in 0..5 {
        world.post(WEBCHATS, &form).await.expect(201);
    }
    let refused = world.post(WEBCHATS, &form).await;
    assert_eq!((refused.refusal(), refused.retry_after.as_deref()), ((429, 45719), Some("1")));
    world.wait(1);
    world.post(WEBCHATS, &form).await.expect(201);
}

/// G.1: at most ten keys, of at most ten origins each; the address of one is for good, and a revoked one opens nothing.
#[tokio::test]
async fn g1_deployment_keys_are_made_changed_and_revoked() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let form = [
        ("AddressSid", address.as_str()),
        ("FriendlyName", "Shop"),
        ("AllowedOrigins", "https://Shop.example.com:443"),
        ("AllowedOrigins", "http://localhost:3000"),
    ];
    let key = world.post(KEYS, &form).await.expect(201);
    assert!(text(&key, "sid").starts_with("CV"));
    assert_eq!(key["allowed_origins"], json!([PAGE, "http://localhost:3000"]));
    assert_eq!((&key["address_sid"], &key["token_ttl"]), (&json!(address), &json!(3600)));
    let url = text(&key, "url");
    assert_eq!(world.get(&url).await.expect(200), key);
    let form = [("AllowedOrigins", "https://other.example.com"), ("TokenTtl", "600")];
    let changed = world.post(&url, &form).await.expect(200);
    assert_eq!(changed["allowed_origins"], json!(["https://other.example.com"]));
    assert_eq!((&changed["token_ttl"], &changed["friendly_name"]), (&json!(600), &json!("Shop")));
    world.post(&url, &[("AddressSid", &address)]).await.refused(400, 20001);
    let eleven: Vec<String> = (0..11).map(|n| format!("https://{n}.example.com")).collect();
    let mut many = vec![("AddressSid", address.as_str())];
    many.extend(eleven.iter().map(|origin| ("AllowedOrigins", origin.as_str())));
    for wrong in [
        vec![("AddressSid", address.as_str())],
        vec![("AllowedOrigins", PAGE)],
        vec![("AddressSid", address.as_str()), ("AllowedOrigins", "https://shop.example.com/chat")],
        vec![("AddressSid", address.as_str()), ("AllowedOrigins", PAGE), ("TokenTtl", "10")],
        many,
    ] {
        world.post(KEYS, &wrong).await.refused(400, 20001);
    }
    let nobody = format!("IG{}", "0".repeat(32));
    let form = [("AddressSid", nobody.as_str()), ("AllowedOrigins", PAGE)];
    world.post(KEYS, &form).await.refused(404, 45765);
    for _ in 1..10 {
        deployment_key(&world, &address).await;
    }
    let form = [("AddressSid", address.as_str()), ("AllowedOrigins", PAGE)];
    assert!(world.post(KEYS, &form).await.refused(400, 20001).contains("10 deployment keys"));
    let listed = world.get(KEYS).await.expect(200);
    assert_eq!(listed["deployment_keys"].as_array().unwrap().len(), 10);
    world.delete(&url).await.expect(204);
    world.delete(&url).await.refused(404, 20404);
    world.get(&url).await.refused(404, 20404);
}

/// G.1: the origin is checked, 45711, and nothing is written; CORS on the paths that pages use.
#[tokio::test]
async fn g1_a_page_of_another_origin_opens_nothing() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let key = deployment_key(&world, &address).await;
    let form = [("DeploymentKey", key.as_str())];
    for origin in ["https://evil.example.com", "http://shop.example.com", "null"] {
        assert_eq!(from_page(&world, origin, INIT, &form).await.refusal(), (403, 45711));
    }
    assert_eq!(world.post(INIT, &form).await.refusal(), (403, 45711), "no origin, no browser");
    let other = format!("CV{}", "0".repeat(32));
    for unknown in [other.as_str(), "x"] {
        let form = [("DeploymentKey", unknown)];
        assert_eq!(from_page(&world, PAGE, INIT, &form).await.refusal(), (403, 45711));
    }
    assert_eq!(from_page(&world, PAGE, INIT, &[]).await.refusal(), (400, 45745));
    let all = world.get(CONVERSATIONS).await.expect(200);
    assert_eq!(all["conversations"], json!([]));

    let client = reqwest::Client::new();
    let url = format!("{}{INIT}", world.base_url());
    let preflight = client.request(Method::OPTIONS, &url).header("origin", PAGE);
    let preflight = preflight.header("access-control-request-method", "POST").send().await.unwrap();
    assert_eq!(preflight.status().as_u16(), 204);
    let header = |answer: &reqwest::Response, name: &str| {
        answer.headers().get(name).map(|value| value.to_str().unwrap().to_owned())
    };
    assert_eq!(header(&preflight, "access-control-allow-origin").as_deref(), Some(PAGE));
    assert_eq!(
        header(&preflight, "access-control-allow-methods").as_deref(),
        Some("POST, OPTIONS")
    );
    let opened = client.post(&url).header("origin", PAGE);
    let opened = opened
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("DeploymentKey={key}"))
        .send()
        .await
        .unwrap();
    assert_eq!(opened.status().as_u16(), 201, "no password is asked for");
    assert_eq!(header(&opened, "access-control-allow-origin").as_deref(), Some(PAGE));
    assert_eq!(header(&opened, "cache-control").as_deref(), Some("no-store"));
    assert_eq!(header(&opened, "vary").as_deref(), Some("Origin"));
}

/// What a token says, whoever signed it.
fn claims(token: &str) -> Value {
    use base64::Engine as _;
    let part = token.split('.').nth(1).unwrap();
    let bytes = base64::engine::general_purpose::URL_SAFE_NO_PAD.decode(part).unwrap();
    serde_json::from_slice(&bytes).unwrap()
}

/// A chat that a page opened: its token and its conversation.
async fn opened(world: &World, key: &str, more: &[(&str, &str)]) -> (String, String) {
    let mut form = vec![("DeploymentKey", key)];
    form.extend_from_slice(more);
    let opened = from_page(world, PAGE, INIT, &form).await.expect(201);
    (text(&opened, "token"), text(&opened, "conversation_sid"))
}

/// G.2: a token with a chat grant, short, renewed while it is good.
#[tokio::test]
async fn g2_a_page_gets_a_token_and_another_one_while_that_is_good() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let key = deployment_key(&world, &address).await;
    let form = [("DeploymentKey", key.as_str()), ("Identity", "larry")];
    let opened = from_page(&world, PAGE, INIT, &form).await.expect(201);
    let (token, sid) = (text(&opened, "token"), text(&opened, "conversation_sid"));
    assert_eq!(opened["identity"], "larry");
    let said = claims(&token);
    assert_eq!(said["grants"]["identity"], "larry");
    let service = conversation(&world, &sid).await.service.to_string();
    assert_eq!(said["grants"]["chat"]["service_sid"], json!(service));
    assert_eq!(said["exp"].as_i64().unwrap() - said["iat"].as_i64().unwrap(), 3600);
    let again = from_page(&world, PAGE, INIT, &form).await;
    assert_eq!(again.refusal(), (400, 45715), "a page vouches for nobody who is there already");

    world.wait(3599);
    let form = [("DeploymentKey", key.as_str()), ("Token", token.as_str())];
    assert_eq!(
        from_page(&world, "https://evil.test", REFRESH, &form).await.refusal(),
        (403, 45711)
    );
    let renewed = from_page(&world, PAGE, REFRESH, &form).await.expect(200);
    assert_eq!(
        (&renewed["identity"], &renewed["conversation_sid"]),
        (&json!("larry"), &json!(sid))
    );
    let newer = claims(&text(&renewed, "token"));
    assert_eq!(newer["exp"].as_i64().unwrap() - said["exp"].as_i64().unwrap(), 3599);
    world.wait(1);
    assert_eq!(from_page(&world, PAGE, REFRESH, &form).await.refusal(), (401, 20104));
    let forged = format!("{}x", text(&renewed, "token"));
    for (wrong, refusal) in [(forged.as_str(), (401, 20107)), ("x", (401, 20101))] {
        let form = [("DeploymentKey", key.as_str()), ("Token", wrong)];
        assert_eq!(from_page(&world, PAGE, REFRESH, &form).await.refusal().0, refusal.0, "{wrong}");
    }
    let other = deployment_key(&world, &address).await;
    let form = [("DeploymentKey", other.as_str()), ("Token", &text(&renewed, "token"))];
    assert_eq!(from_page(&world, PAGE, REFRESH, &form).await.refusal(), (401, 20107));
    let no_token = [("DeploymentKey", key.as_str())];
    assert_eq!(from_page(&world, PAGE, REFRESH, &no_token).await.refusal(), (400, 45745));
    world.delete(&format!("{KEYS}/{key}")).await.expect(204);
    let form = [("DeploymentKey", key.as_str()), ("Token", &text(&renewed, "token"))];
    assert_eq!(from_page(&world, PAGE, REFRESH, &form).await.refusal(), (403, 45711), "revoked");
}

/// G.1: the customer ends the chat; the tasks wrap up (C.7).
#[tokio::test]
async fn g1_the_guest_ends_the_chat_and_its_tasks_wrap_up() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let flow = flow(&world, &centre).await;
    let studio = [("AutoCreation.Type", "studio"), ("AutoCreation.StudioFlowSid", flow.as_str())];
    let address = chat_address(&world, &studio).await;
    let key = deployment_key(&world, &address).await;
    let (token, sid) = opened(&world, &key, &[("Identity", "larry")]).await;
    says(&world, &sid, "larry", "hello").await;
    centre.accepts(&world).await;
    let form = [("DeploymentKey", key.as_str()), ("Token", token.as_str())];
    let ended = from_page(&world, PAGE, END, &form).await.expect(200);
    assert_eq!((&ended["status"], &ended["identity"]), (&json!("closed"), &json!("larry")));
    world.settles().await;
    assert_eq!(tasks(&world, &centre).await[0]["assignment_status"], "wrapping");
    assert_eq!(from_page(&world, PAGE, END, &form).await.expect(200), ended, "twice is once");

    let (token, sid) = opened(&world, &key, &[]).await;
    let form = [("DeploymentKey", key.as_str()), ("Token", token.as_str())];
    from_page(&world, PAGE, END, &form).await.expect(200);
    let shown = world.get(&format!("{CONVERSATIONS}/{sid}")).await.expect(200);
    assert_eq!(shown["state"], "closed", "nobody was asked yet");
}

/// G.2: the transcript, as JSON and as text, for the guest by their token and for the account.
#[tokio::test]
async fn g2_a_transcript_is_told_as_json_and_as_text() {
    let world = world().await;
    let address = chat_address(&world, &[]).await;
    let key = deployment_key(&world, &address).await;
    let named = [("Identity", "larry"), ("CustomerFriendlyName", "Larry David")];
    let (token, sid) = opened(&world, &key, &named).await;
    says(&world, &sid, "larry", "hello").await;
    says(&world, &sid, "ann", "Good morning").await;
    let form = [("DeploymentKey", key.as_str()), ("Token", token.as_str())];
    let told = from_page(&world, PAGE, TRANSCRIPT, &form).await.expect(200);
    let lines = told["messages"].as_array().unwrap();
    assert_eq!((&lines[0]["name"], &lines[0]["is_guest"]), (&json!("Larry David"), &json!(true)));
    assert_eq!((&lines[1]["author"], &lines[1]["body"]), (&json!("ann"), &json!("Good morning")));
    assert_eq!(told["is_complete"], true);
    let of_account = format!("{WEBCHATS}/{sid}/Transcript");
    assert_eq!(world.get(&of_account).await.expect(200), told);
    let url = format!("{}{TRANSCRIPT}", world.base_url());
    let asked = reqwest::Client::new().post(&url).header("origin", PAGE);
    let asked = asked
        .header("content-type", "application/x-www-form-urlencoded")
        .body(format!("DeploymentKey={key}&Token={token}&Format=text"));
    let answer = asked.send().await.unwrap();
    let kind = answer.headers()["content-type"].to_str().unwrap().to_owned();
    assert_eq!(kind, "text/plain; charset=utf-8");
    let at = text(&lines[0], "date_created");
    let expected = format!("[{at}] Larry David: hello\n[{at}] ann: Good morning\n");
    assert_eq!(answer.text().await.unwrap(), expected);
    let form = [("DeploymentKey", key.as_str()), ("Token", token.as_str()), ("Format", "zip")];
    assert_eq!(from_page(&world, PAGE, TRANSCRIPT, &form).await.refusal(), (400, 20001));
    let plain = world.post(CONVERSATIONS, &[]).await.text("sid");
    world.get(&format!("{WEBCHATS}/{plain}/Transcript")).await.refused(404, 20404);
}

/// G.2: a webhook handler is attached, and hears of the guest's message.
#[tokio::test]
async fn g2_an_address_with_a_webhook_attaches_it() {
    let world = world().await;
    let hook = [
        ("AutoCreation.Type", "webhook"),
        ("AutoCreation.WebhookUrl", "https://bot.example.com/x"),
    ];
    let address = chat_address(&world, &hook).await;
    let opened = world.post(WEBCHATS, &[("AddressSid", &address)]).await.expect(201);
    let sid = text(&opened, "conversation_sid");
    let hooks = world.get(&format!("{CONVERSATIONS}/{sid}/Webhooks")).await.expect(200);
    assert_eq!(hooks["webhooks"][0]["configuration"]["url"], "https://bot.example.com/x");
}
