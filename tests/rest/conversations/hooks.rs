//! Who is told of everything: webhooks of the account and of services.

use serde_json::{Value, json};

use super::{a_conversation, events, listens, world};

const ACCOUNT_HOOKS: &str = "/v1/Configuration/Webhooks";

/// The levels and events of the calls that were asked for.
fn told(asked: &[Value]) -> Vec<(String, String)> {
    let text = |value: &Value| value.as_str().unwrap_or_default().to_owned();
    asked.iter().map(|call| (text(&call["level"]), text(&call["event"]))).collect()
}

fn pairs(all: &[(&str, &str)]) -> Vec<(String, String)> {
    all.iter().map(|(one, other)| ((*one).to_owned(), (*other).to_owned())).collect()
}

#[tokio::test]
async fn webhooks_are_kept_changed_and_taken_away() {
    let world = world().await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let of_service = format!("/v1/Services/{service}/Configuration/Webhooks");
    for path in [ACCOUNT_HOOKS, of_service.as_str()] {
        let before = world.get(path).await.expect(200);
        assert_eq!((&before["method"], &before["filters"]), (&json!("POST"), &json!([])));
        assert_eq!(before["post_webhook_url"], json!(null));
        let form = [
            ("PreWebhookUrl", "https://example.com/pre"),
            ("PostWebhookUrl", "https://example.com/post"),
            ("Method", "get"),
            ("Filters", "ONMESSAGEADDED"),
            ("Filters", "onMessageAdd"),
            ("Filters", "onMessageAdded"),
        ];
        let set = world.post(path, &form).await.expect(200);
        assert_eq!(set["filters"], json!(["onMessageAdded", "onMessageAdd"]));
        assert_eq!(
            (&set["method"], &set["pre_webhook_url"]),
            (&json!("GET"), &json!("https://example.com/pre"))
        );
        assert_eq!(world.get(path).await.expect(200), set);
        assert_eq!(world.post(path, &[]).await.expect(200), set);
        let form =
            [("PreWebhookUrl", ""), ("PostWebhookUrl", ""), ("Method", "POST"), ("Filters", "")];
        assert_eq!(world.post(path, &form).await.expect(200), before);
    }
    let flex = world.post(ACCOUNT_HOOKS, &[("Target", "Flex")]).await.expect(200);
    assert_eq!(flex["target"], "flex");
    world.post(&of_service, &[("Target", "flex")]).await.refused(400, 20001);
    world
        .get("/v1/Services/IS00000000000000000000000000000009/Configuration/Webhooks")
        .await
        .refused(404, 20404);
}

#[tokio::test]
async fn each_level_hears_what_it_asked_for_of_requests_that_say_so() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let service = world.get(&conversation).await.text("chat_service_sid");
    let url = ("PostWebhookUrl", "https://example.com/account");
    let filters = ["onConversationAdded", "onMessageAdded", "onMessageAdd", "onUserAdded"];
    let filters = filters.map(|filter| ("Filters", filter));
    world.post(ACCOUNT_HOOKS, &[&[url], &filters[..]].concat()).await.expect(200);
    let of_service = format!("/v1/Services/{service}/Configuration/Webhooks");
    let form = [
        ("PostWebhookUrl", "https://example.com/service"),
        ("Filters", "onMessageAdded"),
        ("Filters", "onUserUpdated"),
    ];
    world.post(&of_service, &form).await.expect(200);
    listens(&world, &conversation, &["onMessageAdded"]).await;
    assert!(world.asked().is_empty());

    let messages = format!("{conversation}/Messages");
    world.post(&messages, &[("Body", "quiet")]).await.expect(201);
    assert!(world.asked().is_empty());
    world.post_with_webhooks(&messages, &[("Body", "loud")]).await.expect(201);
    let asked = world.asked();
    let everybody =
        [("", "onMessageAdded"), ("service", "onMessageAdded"), ("account", "onMessageAdded")];
    assert_eq!(told(&asked), pairs(&everybody));

    let participants = format!("{conversation}/Participants");
    world.post_with_webhooks(&participants, &[("Identity", "ann")]).await.expect(201);
    assert_eq!(told(&world.asked()), pairs(&[("account", "onUserAdded")]));
    world.post_with_webhooks("/v1/Users", &[("Identity", "bob")]).await.expect(201);
    assert_eq!(told(&world.asked()), pairs(&[("account", "onUserAdded")]));
    world.post_with_webhooks("/v1/Users/bob", &[("FriendlyName", "Bob")]).await.expect(200);
    assert_eq!(told(&world.asked()), pairs(&[("service", "onUserUpdated")]));
    world.post("/v1/Users/bob", &[("FriendlyName", "B")]).await.expect(200);
    world.post_with_webhooks("/v1/Users/bob", &[("FriendlyName", "B")]).await.expect(200);
    assert!(world.asked().is_empty(), "nothing changed, or nobody was to be told");

    world.post_with_webhooks("/v1/Conversations", &[]).await.expect(201);
    assert_eq!(told(&world.asked()), pairs(&[("account", "onConversationAdded")]));
    let other = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let elsewhere = format!("/v1/Services/{other}/Conversations");
    let sid = world.post(&elsewhere, &[]).await.text("sid");
    let messages = format!("{elsewhere}/{sid}/Messages");
    world.post_with_webhooks(&messages, &[("Body", "loud")]).await.expect(201);
    assert_eq!(told(&world.asked()), pairs(&[("account", "onMessageAdded")]));
    world.post(ACCOUNT_HOOKS, &[("Target", "flex")]).await.expect(200);
    world.post_with_webhooks(&messages, &[("Body", "loud")]).await.expect(201);
    assert!(events(&world.asked()).is_empty(), "the contact centre is told instead");
}

#[tokio::test]
async fn the_webhooks_of_a_service_go_with_it() {
    let world = world().await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let path = format!("/v1/Services/{service}");
    let hooks = format!("{path}/Configuration/Webhooks");
    world.post(&hooks, &[("Filters", "onMessageAdded")]).await.expect(200);
    world.delete(&path).await.expect(204);
    world.get(&hooks).await.refused(404, 20404);
    world.post(&hooks, &[("Filters", "onMessageAdded")]).await.refused(404, 20404);
}

#[tokio::test]
async fn a_webhook_of_a_conversation_says_from_which_message_on_it_was_told() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let messages = format!("{conversation}/Messages");
    for body in ["one", "two"] {
        world.post(&messages, &[("Body", body)]).await.expect(201);
    }
    let webhooks = format!("{conversation}/Webhooks");
    let from = |filter, index| {
        let url = ("Configuration.Url", "https://example.com");
        let filter = ("Configuration.Filters", filter);
        [("Target", "webhook"), url, filter, ("Configuration.ReplayAfter", index)]
    };
    for index in ["-1", "1.5", "first", "4294967296"] {
        let words = world.post(&webhooks, &from("onMessageAdded", index)).await.refused(400, 20001);
        assert!(words.contains("Configuration.ReplayAfter must be a whole number"), "{words}");
    }
    let words = world.post(&webhooks, &from("onParticipantAdded", "0")).await.refused(400, 20001);
    assert!(words.contains("onMessageAdded"), "{words}");
    assert!(world.asked().is_empty());
    let made = world.post(&webhooks, &from("onMessageAdded", "1")).await.expect(201);
    assert_eq!(made["configuration"]["replay_after"], 1);
    let asked = world.asked();
    assert_eq!((asked.len(), &asked[0]["from"]), (1, &json!(1)), "{asked:?}");
    let path = format!("{webhooks}/{}", made["sid"].as_str().unwrap());
    assert_eq!(world.get(&path).await.expect(200), made);
    let words = world.post(&path, &[("Configuration.ReplayAfter", "0")]).await.refused(400, 20001);
    assert!(words.contains("Configuration.ReplayAfter"), "{words}");
    // What has no message yet has nothing to replay, and says so all the same.
    let later = world.post(&webhooks, &from("onMessageAdded", "7")).await.expect(201);
    assert_eq!(later["configuration"]["replay_after"], 7);
    assert!(world.asked().is_empty());
    let plain = [&from("onMessageAdded", "")[..3]].concat();
    let plain = world.post(&webhooks, &plain).await.expect(201);
    assert!(plain["configuration"].get("replay_after").is_none());
}
