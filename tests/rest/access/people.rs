//! People in a browser: their roles decide what they may do, and lists show what is theirs.

use reqwest::Method;
use serde_json::Value;
use switchboard_tests::Api;

use super::world;
use crate::world::World;

const CONVERSATIONS: &str = "/conversations/v1/Conversations";

/// Ann made a conversation, joined it and added bob; carol has a token and no part in it.
struct Scene {
    world: World,
    service: String,
    ann: Api,
    bob: Api,
    carol: Api,
    sid: String,
    path: String,
}

impl Scene {
    async fn open() -> Self {
        let world = world().await;
        let (key, service) = (world.key().await, world.service().await);
        let [ann, bob, carol] =
            ["ann", "bob", "carol"].map(|identity| world.person(&key, &service, identity));
        let sid = ann.make(CONVERSATIONS, &[("FriendlyName", "ours")]).await;
        let path = format!("{CONVERSATIONS}/{sid}");
        for identity in ["ann", "bob"] {
            ann.make(&format!("{path}/Participants"), &[("Identity", identity)]).await;
        }
        Self { world, service, ann, bob, carol, sid, path }
    }

    fn inside(&self, what: &str) -> String {
        format!("{}/{what}", self.path)
    }
}

#[tokio::test]
async fn who_makes_a_conversation_is_its_creator_and_whom_they_add_a_user_of_it() {
    let scene = Scene::open().await;
    let all = scene.ann.get(&scene.inside("Participants")).await.ok();
    let roles = scene.world.get("/conversations/v1/Roles").await.expect(200);
    let role_of = |identity: &str| -> Value {
        let all = all["participants"].as_array().unwrap();
        let one = all.iter().find(|one| one["identity"] == identity).unwrap();
        let roles = roles["roles"].as_array().unwrap();
        let role = roles.iter().find(|role| role["sid"] == one["role_sid"]).unwrap();
        role["friendly_name"].clone()
    };
    assert_eq!(role_of("ann"), "channel admin");
    assert_eq!(role_of("bob"), "channel user");
    let own = scene.ann.get("/conversations/v1/Users/ann/Conversations").await.ok();
    assert_eq!(own["conversations"][0]["created_by"], "ann");
    let users = scene.world.get("/conversations/v1/Users").await.expect(200);
    assert_eq!(users["users"].as_array().map(Vec::len), Some(2), "they came to be by joining");
}

#[tokio::test]
async fn what_somebody_posts_is_theirs_and_others_may_not_touch_it() {
    let scene = Scene::open().await;
    let messages = scene.inside("Messages");
    let said = scene.bob.post(&messages, &[("Body", "hello")]).await.expect(201);
    assert_eq!(said["author"], "bob");
    assert!(said["participant_sid"].as_str().is_some());
    let as_ann = [("Body", "I am ann"), ("Author", "ann")];
    assert_eq!(scene.bob.post(&messages, &as_ann).await.refusal(), (403, 50107));
    let dated = [("Body", "old"), ("DateCreated", "2020-01-01T00:00:00Z")];
    assert_eq!(scene.bob.post(&messages, &dated).await.refusal(), (403, 50107));
    let anns = scene.ann.make(&messages, &[("Body", "mine")]).await;
    let (bobs, anns) =
        (format!("{messages}/{}", said["sid"].as_str().unwrap()), format!("{messages}/{anns}"));
    let text = [("Body", "better")];
    let edited = scene.bob.post(&bobs, &text).await.expect(200);
    assert_eq!((&edited["body"], &edited["author"]), (&"better".into(), &"bob".into()));
    assert_eq!(scene.bob.post(&anns, &text).await.refusal(), (403, 50107));
    assert_eq!(scene.bob.delete(&anns).await.refusal(), (403, 50107));
    assert_eq!(scene.bob.post(&bobs, &[("Author", "ann")]).await.refusal(), (403, 50107));
    assert_eq!(scene.ann.delete(&bobs).await.status, 204, "a channel admin deletes any message");
    assert_eq!(scene.bob.delete(&anns).await.refusal(), (403, 50107));
}

#[tokio::test]
async fn roles_decide_and_a_change_of_a_role_counts_at_once() {
    let scene = Scene::open().await;
    let named = [("FriendlyName", "theirs")];
    assert_eq!(scene.bob.post(&scene.path, &named).await.refusal(), (403, 50107));
    scene.ann.post(&scene.path, &named).await.expect(200);
    for (name, value) in
        [("State", "closed"), ("Timers.Closed", "PT10M"), ("DateCreated", "2020-01-01T00:00:00Z")]
    {
        assert_eq!(
            scene.ann.post(&scene.path, &[(name, value)]).await.refusal(),
            (403, 50107),
            "{name}"
        );
    }
    let roles = scene.world.get("/conversations/v1/Roles").await.expect(200);
    let channel_user = roles["roles"].as_array().unwrap().iter();
    let sid = channel_user.clone().find(|it| it["friendly_name"] == "channel user").unwrap()["sid"]
        .clone();
    let role = format!("/conversations/v1/Roles/{}", sid.as_str().unwrap());
    let granted = [("Permission", "editConversationName"), ("Permission", "leaveConversation")];
    scene.world.post(&role, &granted).await.expect(200);
    scene.bob.post(&scene.path, &named).await.expect(200);
    let said = scene.bob.post(&scene.inside("Messages"), &[("Body", "no more")]).await;
    assert_eq!(said.refusal(), (403, 50107));
    let own = scene.inside("Participants/bob");
    assert_eq!(
        scene.bob.post(&own, &[("RoleSid", sid.as_str().unwrap())]).await.refusal(),
        (403, 50107)
    );
    assert_eq!(scene.carol.delete(&own).await.refusal(), (403, 50107));
    assert_eq!(scene.bob.delete(&own).await.status, 204);
    assert_eq!(scene.bob.get(&scene.path).await.refusal(), (404, 20404), "who left sees no more");
}

#[tokio::test]
async fn lists_and_reads_show_what_somebody_takes_part_in() {
    let scene = Scene::open().await;
    scene.world.post(CONVERSATIONS, &[("FriendlyName", "another")]).await.expect(201);
    let named = format!("/conversations/v1/Services/{}/Conversations", scene.service);
    for (who, sids) in
        [(&scene.ann, vec![&scene.sid]), (&scene.bob, vec![&scene.sid]), (&scene.carol, vec![])]
    {
        for path in [CONVERSATIONS, &named] {
            let listed = who.get(path).await.ok();
            let listed = listed["conversations"].as_array().unwrap();
            let listed: Vec<&str> = listed.iter().map(|one| one["sid"].as_str().unwrap()).collect();
            assert_eq!(listed, sids, "{path}");
        }
    }
    for what in ["", "/Messages", "/Participants", "/Participants/ann"] {
        let path = format!("{}{what}", scene.path);
        scene.bob.get(&path).await.expect(200);
        assert_eq!(scene.carol.get(&path).await.refusal(), (404, 20404), "{path}");
    }
    let said = scene.carol.post(&scene.inside("Messages"), &[("Body", "hello")]).await;
    assert_eq!(said.refusal(), (403, 50107));
    let join = scene.carol.post(&scene.inside("Participants"), &[("Identity", "carol")]).await;
    assert_eq!(join.refusal(), (403, 50107), "nobody joins another's conversation by themselves");
}

#[tokio::test]
async fn what_the_account_sets_up_is_for_nobody_in_a_browser() {
    let scene = Scene::open().await;
    let other = scene.world.post("/conversations/v1/Services", &[("FriendlyName", "other")]).await;
    let other = other.text("sid");
    for (method, path) in [
        (Method::GET, "/conversations/v1/Services".to_owned()),
        (Method::POST, "/conversations/v1/Services".to_owned()),
        (Method::GET, format!("/conversations/v1/Services/{}", scene.service)),
        (Method::GET, format!("/conversations/v1/Services/{other}/Conversations")),
        (Method::POST, format!("/conversations/v1/Services/{other}/Conversations")),
        (Method::GET, "/conversations/v1/Configuration".to_owned()),
        (Method::POST, "/conversations/v1/Configuration/Webhooks".to_owned()),
        (Method::GET, "/conversations/v1/Configuration/Addresses".to_owned()),
        (Method::GET, "/conversations/v1/Roles".to_owned()),
        (Method::POST, "/conversations/v1/Roles".to_owned()),
        (Method::GET, "/conversations/v1/Users".to_owned()),
        (Method::POST, "/conversations/v1/Users".to_owned()),
        (Method::DELETE, "/conversations/v1/Users/ann".to_owned()),
        (Method::GET, "/conversations/v1/Users/bob/Conversations".to_owned()),
        (Method::GET, "/conversations/v1/ParticipantConversations?Identity=bob".to_owned()),
        (
            Method::GET,
            "/conversations/v1/ParticipantConversations?Address=%2B14155550100".to_owned(),
        ),
        (Method::GET, "/conversations/v1/Costs".to_owned()),
        (Method::GET, scene.inside("Costs")),
        (Method::GET, scene.inside("Webhooks")),
        (Method::POST, scene.inside("Webhooks")),
        (Method::GET, "/webhooks/v1/Endpoints".to_owned()),
        (Method::GET, "/webhooks/v1/Deliveries".to_owned()),
    ] {
        let refused = scene.ann.send(method.clone(), &path, &[], &[]).await;
        assert_eq!(refused.refusal(), (403, 50107), "{method} {path}");
    }
}

#[tokio::test]
async fn people_change_themselves_and_not_each_other() {
    let scene = Scene::open().await;
    let named = [("FriendlyName", "Ann")];
    scene.ann.post("/conversations/v1/Users/ann", &named).await.expect(200);
    assert_eq!(scene.bob.get("/conversations/v1/Users/ann").await.ok()["friendly_name"], "Ann");
    let refused = scene.bob.post("/conversations/v1/Users/ann", &[("FriendlyName", "Anna")]).await;
    assert_eq!(refused.refusal(), (403, 50107));
    let roles = scene.world.get("/conversations/v1/Roles").await.expect(200);
    let admin = roles["roles"][0]["sid"].as_str().unwrap();
    let raised = scene.ann.post("/conversations/v1/Users/ann", &[("RoleSid", admin)]).await;
    assert_eq!(raised.refusal(), (403, 50107));
    scene.world.post("/conversations/v1/Users/bob", &[("RoleSid", admin)]).await.expect(200);
    scene.bob.post("/conversations/v1/Users/ann", &[("FriendlyName", "Anna")]).await.expect(200);
    let read = scene.inside("");
    let own = format!("/conversations/v1/Users/ann/Conversations/{}", scene.sid);
    scene.ann.make(&scene.inside("Messages"), &[("Body", "one")]).await;
    let marked = scene.ann.post(&own, &[("LastReadMessageIndex", "0")]).await.expect(200);
    assert_eq!(marked["unread_messages_count"], 0, "{read}");
    let others = format!("/conversations/v1/Users/bob/Conversations/{}", scene.sid);
    assert_eq!(
        scene.ann.post(&others, &[("LastReadMessageIndex", "0")]).await.refusal(),
        (403, 50107)
    );
}

#[tokio::test]
async fn endpoints_are_asked_and_told_of_clients_as_the_product_says() {
    const PRE: &str = "https://example.com/pre";
    let scene = Scene::open().await;
    let form = [
        ("PreWebhookUrl", PRE),
        ("PostWebhookUrl", "https://example.com/post"),
        ("Filters", "onMessageAdd"),
        ("Filters", "onMessageAdded"),
    ];
    scene.world.post("/conversations/v1/Configuration/Webhooks", &form).await.expect(200);
    scene.world.asked();
    let said = scene.bob.post(&scene.inside("Messages"), &[("Body", "hello")]).await.expect(201);
    let heard = scene.world.endpoints.heard();
    assert_eq!(heard.len(), 1, "without a header that asks for it");
    let asked = &heard[0];
    assert_eq!((asked.event(), asked.get("Source")), ("onMessageAdd", "SDK"));
    assert_eq!((asked.get("ClientIdentity"), asked.get("Author")), ("bob", "bob"));
    let told = scene.world.asked();
    let told = told.iter().find(|effect| effect["event"] == "onMessageAdded").unwrap();
    assert_eq!((&told["source"], &told["client"]), (&"SDK".into(), &"bob".into()));
    scene.world.endpoints.say(200, r#"{"author":"moderator","body":"***"}"#);
    let changed = scene.bob.post(&scene.inside("Messages"), &[("Body", "rude")]).await.expect(201);
    assert_eq!((&changed["author"], &changed["body"]), (&"moderator".into(), &"***".into()));
    scene.world.endpoints.say(403, "");
    let vetoed = scene.bob.post(&scene.inside("Messages"), &[("Body", "worse")]).await;
    assert_eq!(vetoed.refusal(), (403, 50056));
    assert_eq!(said["body"], "hello");
    scene.world.endpoints.heard();
    let refused = scene.carol.post(&scene.inside("Messages"), &[("Body", "hello")]).await;
    assert_eq!(refused.refusal(), (403, 50107));
    assert!(scene.world.endpoints.heard().is_empty(), "nobody is asked about what is not allowed");
}
