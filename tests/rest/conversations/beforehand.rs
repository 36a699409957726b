//! Webhooks that are asked before something is done (rule B.5).

use serde_json::{Value, json};
use switchboard::Called;
use switchboard_domain::conversation::HookName;

use super::{ALICE, DESK, a_conversation, events, joins, world};
use crate::world::World;

const ACCOUNT_HOOKS: &str = "/v1/Configuration/Webhooks";
const PRE: &str = "https://example.com/pre";
const POST: &str = "https://example.com/post";

/// What can be asked about.
const ALL: [HookName; 10] = [
    HookName::OnConversationAdd,
    HookName::OnConversationUpdate,
    HookName::OnConversationRemove,
    HookName::OnParticipantAdd,
    HookName::OnParticipantUpdate,
    HookName::OnParticipantRemove,
    HookName::OnMessageAdd,
    HookName::OnMessageUpdate,
    HookName::OnMessageRemove,
    HookName::OnUserUpdate,
];

/// Lets these hooks of a level be asked, and the events after them be told.
async fn asks(world: &World, path: &str, url: &str, hooks: &[HookName]) {
    let mut form = vec![("PreWebhookUrl", url), ("PostWebhookUrl", POST)];
    let names: Vec<String> =
        hooks.iter().flat_map(|hook| [hook.name().to_owned(), afterwards(*hook)]).collect();
    form.extend(names.iter().map(|name| ("Filters", name.as_str())));
    world.post(path, &form).await.expect(200);
}

/// The name of the event after an action.
fn afterwards(hook: HookName) -> String {
    let name = hook.name();
    if name.ends_with('e') { format!("{name}d") } else { format!("{name}ed") }
}

/// A conversation with one of everything, made before anybody was asked.
struct Scene {
    world: World,
    conversation: String,
    message: String,
    participant: String,
}

impl Scene {
    async fn open() -> Self {
        let world = world().await;
        let conversation = a_conversation(&world).await;
        let participant = joins(&world, &conversation, ALICE).await;
        let said = world.post(&format!("{conversation}/Messages"), &[("Body", "hello")]).await;
        world.post("/v1/Users", &[("Identity", "ann")]).await.expect(201);
        asks(&world, ACCOUNT_HOOKS, PRE, &ALL).await;
        world.asked();
        let message = format!("{conversation}/Messages/{}", said.text("sid"));
        let participant = format!("{conversation}/Participants/{participant}");
        Self { world, conversation, message, participant }
    }

    /// Does what a hook is asked about; the status and the answer.
    async fn does(&self, hook: HookName) -> (u16, Value) {
        let Self { world, conversation, message, participant } = self;
        let answered = match hook {
            HookName::OnConversationAdd => {
                world.post_with_webhooks("/v1/Conversations", &[("UniqueName", "new")]).await
            }
            HookName::OnConversationUpdate => {
                world.post_with_webhooks(conversation, &[("FriendlyName", "meant")]).await
            }
            HookName::OnConversationRemove => world.delete_with_webhooks(conversation).await,
            HookName::OnParticipantAdd => {
                let path = format!("{conversation}/Participants");
                world.post_with_webhooks(&path, &[("Identity", "bob")]).await
            }
            HookName::OnParticipantUpdate => {
                world.post_with_webhooks(participant, &[("Attributes", "{\"a\":1}")]).await
            }
            HookName::OnParticipantRemove => world.delete_with_webhooks(participant).await,
            HookName::OnMessageAdd => {
                let path = format!("{conversation}/Messages");
                world.post_with_webhooks(&path, &[("Body", "meant"), ("Author", "ann")]).await
            }
            HookName::OnMessageUpdate => {
                world.post_with_webhooks(message, &[("Body", "meant")]).await
            }
            HookName::OnMessageRemove => world.delete_with_webhooks(message).await,
            _ => world.post_with_webhooks("/v1/Users/ann", &[("FriendlyName", "Ann")]).await,
        };
        (answered.status, answered.body)
    }

    /// Everything that there is.
    async fn everything(&self) -> Value {
        let mut all = Vec::new();
        for path in [
            "/v1/Conversations".to_owned(),
            "/v1/Users".to_owned(),
            self.conversation.clone(),
            format!("{}/Messages", self.conversation),
            format!("{}/Participants", self.conversation),
        ] {
            all.push(self.world.get(&path).await.expect(200));
        }
        Value::Array(all)
    }
}

#[tokio::test]
async fn every_action_is_asked_about_once_and_signed_and_done_if_nobody_objects() {
    for hook in ALL {
        let scene = Scene::open().await;
        let (status, body) = scene.does(hook).await;
        assert!((200..300).contains(&status), "{}: {status} {body}", hook.name());
        let heard = scene.world.endpoints.heard();
        let [asked] = &heard[..] else { panic!("{}: {heard:?}", hook.name()) };
        assert_eq!((asked.event(), asked.url.as_str()), (hook.name(), PRE));
        assert!(asked.is_signed && asked.token.len() == 32, "{asked:?}");
        assert_eq!((asked.get("Source"), asked.get("AccountSid").len()), ("API", 34));
        let told = scene.world.asked();
        let told: Vec<&str> = told.iter().filter_map(|call| call["event"].as_str()).collect();
        assert_eq!(told, [afterwards(hook)], "it is told afterwards");
    }
}

#[tokio::test]
async fn a_veto_is_answered_to_the_caller_and_nothing_is_done() {
    for (hook, status) in ALL.into_iter().zip([400, 403, 404, 409, 422, 429, 500, 502, 503, 599]) {
        let scene = Scene::open().await;
        let before = scene.everything().await;
        scene.world.endpoints.say(status, r#"{"body": "other", "friendly_name": "other"}"#);
        let (answered, body) = scene.does(hook).await;
        assert_eq!((answered, &body["code"]), (403, &json!(50056)), "{}: {body}", hook.name());
        assert_eq!(scene.everything().await, before, "{}", hook.name());
        assert!(scene.world.asked().is_empty(), "{}: nothing is told", hook.name());
        assert_eq!(scene.world.endpoints.events(), [hook.name()]);
        let (answered, body) = scene.does(hook).await;
        assert!((200..300).contains(&answered), "{}: {body}", hook.name());
    }
}

#[tokio::test]
async fn nobody_is_asked_about_a_request_that_does_not_say_so() {
    let scene = Scene::open().await;
    let Scene { world, conversation, message, participant } = &scene;
    world.post("/v1/Conversations", &[]).await.expect(201);
    world.post(conversation, &[("FriendlyName", "f")]).await.expect(200);
    world.post(&format!("{conversation}/Messages"), &[("Body", "b")]).await.expect(201);
    world.post(message, &[("Body", "c")]).await.expect(200);
    world.post(participant, &[("Attributes", "{\"a\":1}")]).await.expect(200);
    world.post("/v1/Users/ann", &[("FriendlyName", "Ann")]).await.expect(200);
    world.delete(message).await.expect(204);
    world.delete(participant).await.expect(204);
    world.delete(conversation).await.expect(204);
    assert!(world.endpoints.heard().is_empty() && events(&world.asked()).is_empty());
}

#[tokio::test]
async fn nobody_is_asked_about_what_cannot_be_done_or_changes_nothing() {
    let scene = Scene::open().await;
    let Scene { world, conversation, .. } = &scene;
    let participants = format!("{conversation}/Participants");
    let pair = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", DESK)];
    world.post_with_webhooks(&participants, &pair).await.refused(409, 50416);
    let messages = format!("{conversation}/Messages");
    world.post_with_webhooks(&messages, &[("Body", "")]).await.refused(400, 50503);
    world.post_with_webhooks(&messages, &[("Body", "b"), ("Bdoy", "b")]).await.refused(400, 20001);
    world.post_with_webhooks(conversation, &[("FriendlyName", "")]).await.expect(200);
    world.post_with_webhooks("/v1/Users/ann", &[("FriendlyName", "")]).await.expect(200);
    world.post_with_webhooks(conversation, &[("State", "inactive")]).await.expect(200);
    assert_eq!(world.endpoints.events(), Vec::<String>::new());
}

#[tokio::test]
async fn an_endpoint_changes_what_it_names() {
    let scene = Scene::open().await;
    let world = &scene.world;
    let name = json!({"friendly_name": "theirs", "unique_name": "no", "body": "no"});
    world.endpoints.say_json(&name);
    let (_, made) = scene.does(HookName::OnConversationAdd).await;
    assert_eq!((&made["friendly_name"], &made["unique_name"]), (&json!("theirs"), &json!("new")));
    world.endpoints.say_json(&name);
    let (_, changed) = scene.does(HookName::OnConversationUpdate).await;
    assert_eq!(changed["friendly_name"], "theirs");
    for hook in [HookName::OnMessageAdd, HookName::OnMessageUpdate] {
        world.endpoints.say_json(&json!({"body": "theirs"}));
        let (_, message) = scene.does(hook).await;
        assert_eq!((&message["body"], &message["attributes"]), (&json!("theirs"), &json!("{}")));
        world.endpoints.say_json(&json!({"author": "clerk", "attributes": "{\"a\": 2}"}));
        let (_, message) = scene.does(hook).await;
        let expected = (&json!("meant"), &json!("clerk"), &json!("{\"a\": 2}"));
        assert_eq!((&message["body"], &message["author"], &message["attributes"]), expected);
        let path = format!("{}/Messages/{}", scene.conversation, message["sid"].as_str().unwrap());
        assert_eq!(world.get(&path).await.expect(200), message, "as it is answered it is kept");
    }
}

#[tokio::test]
async fn what_an_endpoint_puts_in_its_place_has_to_be_valid() {
    let long = "x".repeat(257);
    let object = |name: &str, value: &str| json!({ name: value });
    for (hook, says, code) in [
        (HookName::OnMessageAdd, object("author", &long), 50310),
        (HookName::OnMessageAdd, object("attributes", "{"), 50304),
        (
            HookName::OnMessageUpdate,
            object("attributes", &format!("\"{}\"", "x".repeat(4096))),
            50303,
        ),
        (HookName::OnMessageAdd, object("body", &"x".repeat(32 * 1024 + 1)), 50504),
        (HookName::OnMessageAdd, object("body", ""), 50503),
        (HookName::OnMessageUpdate, object("body", ""), 50503),
        (HookName::OnMessageAdd, json!({ "body": 7 }), 20001),
        (HookName::OnConversationAdd, object("friendly_name", &long), 50003),
        (HookName::OnConversationUpdate, object("friendly_name", &long), 50003),
    ] {
        let scene = Scene::open().await;
        let before = scene.everything().await;
        scene.world.endpoints.say_json(&says);
        let (status, body) = scene.does(hook).await;
        assert_eq!((status, &body["code"]), (400, &json!(code)), "{}: {body}", hook.name());
        assert_eq!(scene.everything().await, before, "{}", hook.name());
    }
}

#[tokio::test]
async fn an_endpoint_that_says_nothing_of_use_stops_nothing() {
    let text = |text: &str| Some(text.as_bytes().to_vec());
    for (called, said) in [
        (Called::TimedOut, None),
        (Called::Unanswered, None),
        (Called::Forbidden("a private address"), None),
        (Called::Answered(302), text("")),
        (Called::Answered(200), None),
        (Called::Answered(200), text("OK")),
        (Called::Answered(200), text("{\"body\": ")),
        (Called::Answered(200), text("[{\"body\": \"theirs\"}]")),
        (Called::Answered(204), text("")),
    ] {
        let scene = Scene::open().await;
        scene.world.endpoints.answer_with(called.clone(), said);
        let (status, message) = scene.does(HookName::OnMessageAdd).await;
        assert_eq!((status, &message["body"]), (201, &json!("meant")), "{called}");
        assert_eq!(scene.world.endpoints.events(), ["onMessageAdd"], "asked once");
    }
}

#[tokio::test]
async fn a_private_address_is_never_asked() {
    let scene = Scene::open().await;
    asks(&scene.world, ACCOUNT_HOOKS, "https://169.254.169.254/", &ALL).await;
    let (status, _) = scene.does(HookName::OnMessageAdd).await;
    assert_eq!(status, 201);
    assert!(scene.world.endpoints.heard().is_empty());
}

#[tokio::test]
async fn the_hook_of_a_service_is_asked_instead_of_the_accounts() {
    let scene = Scene::open().await;
    let world = &scene.world;
    let sid = world.get(&scene.conversation).await.text("chat_service_sid");
    let of_service = format!("/v1/Services/{sid}/Configuration/Webhooks");
    let theirs = "https://example.com/service";
    asks(world, &of_service, theirs, &[HookName::OnMessageAdd]).await;
    scene.does(HookName::OnMessageAdd).await;
    scene.does(HookName::OnMessageUpdate).await;
    let urls: Vec<String> = world.endpoints.heard().into_iter().map(|one| one.url).collect();
    assert_eq!(urls, [theirs], "and about the other nobody");
    world.post(&of_service, &[("PreWebhookUrl", ""), ("Method", "GET")]).await.expect(200);
    world.post(ACCOUNT_HOOKS, &[("Method", "GET")]).await.expect(200);
    scene.does(HookName::OnMessageAdd).await;
    let heard = world.endpoints.heard();
    assert!(heard[0].url.starts_with(&format!("{PRE}?AccountSid=AC")), "{heard:?}");
    assert!(heard[0].is_signed && heard[0].get("Body") == "meant");
}

#[tokio::test]
async fn a_decision_that_is_made_anew_asks_nobody_twice() {
    let scene = Scene::open().await;
    let Scene { world, conversation, .. } = &scene;
    world.endpoints.say_json(&json!({"body": "theirs"}));
    let messages = format!("{conversation}/Messages");
    let between = async {
        world.post(conversation, &[("FriendlyName", "in between")]).await.expect(200);
    };
    let form = [("Body", "meant")];
    let posting = world.post_with_webhooks(&messages, &form);
    let posted = world.crossed("conversations-api", posting, between).await.expect(201);
    assert_eq!(posted["body"], "theirs");
    assert_eq!(world.endpoints.events(), ["onMessageAdd"]);
}

#[tokio::test]
async fn a_conversation_with_participants_is_asked_about_and_so_is_each_of_them() {
    let scene = Scene::open().await;
    let world = &scene.world;
    let form = [
        ("FriendlyName", "team"),
        ("Participant", r#"{"identity": "bob"}"#),
        ("Participant", r#"{"identity": "eve"}"#),
    ];
    world.post_with_webhooks("/v1/ConversationWithParticipants", &form).await.expect(201);
    let heard = world.endpoints.heard();
    let asked: Vec<(&str, &str)> =
        heard.iter().map(|one| (one.event(), one.get("Identity"))).collect();
    let expected =
        [("onConversationAdd", ""), ("onParticipantAdd", "bob"), ("onParticipantAdd", "eve")];
    assert_eq!(asked, expected);
    let tokens: std::collections::BTreeSet<&str> =
        heard.iter().map(|one| one.token.as_str()).collect();
    assert_eq!(tokens.len(), 3);
    world.endpoints.say(200, "");
    world.endpoints.say(200, "");
    world.endpoints.say(403, "");
    world.post_with_webhooks("/v1/ConversationWithParticipants", &form).await.refused(403, 50056);
}

#[tokio::test]
async fn a_large_conversation_is_asked_about_before_anybody_leaves_it() {
    let scene = Scene::open().await;
    let Scene { world, conversation, .. } = &scene;
    let path = format!("{conversation}/Participants");
    for number in 0..95 {
        let identity = format!("member {number}");
        world.post(&path, &[("Identity", identity.as_str())]).await.expect(201);
    }
    world.endpoints.say(403, "");
    world.delete_with_webhooks(conversation).await.refused(403, 50056);
    let count = |page: &Value| page["participants"].as_array().unwrap().len();
    let page = world.get(&format!("{path}?PageSize=100")).await.expect(200);
    assert_eq!(count(&page), 96);
    world.delete_with_webhooks(conversation).await.expect(204);
    let asked = world.endpoints.events();
    assert_eq!(asked, ["onConversationRemove", "onConversationRemove"]);
}

#[tokio::test]
async fn what_is_asked_has_what_is_there_before() {
    let names = |hook: HookName| async move {
        let scene = Scene::open().await;
        scene.does(hook).await;
        let heard = scene.world.endpoints.heard();
        let common = ["AccountSid", "EventType", "Source", "ChatServiceSid"];
        assert!(common.iter().all(|name| heard[0].form.contains_key(*name)), "{heard:?}");
        let rest = heard[0].form.keys().filter(|name| !common.contains(&name.as_str()));
        rest.cloned().collect::<Vec<String>>()
    };
    let described = ["Attributes", "FriendlyName", "State", "UniqueName"];
    assert_eq!(names(HookName::OnConversationAdd).await, described);
    let dated = ["Attributes", "ConversationSid", "DateCreated", "DateUpdated"];
    for hook in [HookName::OnConversationUpdate, HookName::OnConversationRemove] {
        let all = [&dated[..], &["FriendlyName", "State", "UniqueName"]].concat();
        assert_eq!(names(hook).await, all);
    }
    let written = ["Attributes", "Author", "Body", "ConversationSid"];
    assert_eq!(names(HookName::OnMessageAdd).await, written);
    for hook in [HookName::OnMessageUpdate, HookName::OnMessageRemove] {
        let all = [&written[..], &["DateCreated", "Index", "MessageSid"]].concat();
        let asked = names(hook).await;
        assert!(all.iter().all(|name| asked.contains(&(*name).to_owned())), "{asked:?}");
    }
    let joining = ["Attributes", "ConversationSid", "Identity", "MessagingBinding.Type", "RoleSid"];
    assert_eq!(names(HookName::OnParticipantAdd).await, joining);
    for hook in [HookName::OnParticipantUpdate, HookName::OnParticipantRemove] {
        let bound = ["MessagingBinding.Address", "MessagingBinding.ProxyAddress"];
        let all = [&dated[..], &bound, &["MessagingBinding.Type", "ParticipantSid"]].concat();
        assert_eq!(names(hook).await, all);
    }
    let asked = names(HookName::OnUserUpdate).await;
    for name in ["UserSid", "Identity", "RoleSid", "FriendlyName", "isOnline", "isNotifiable"] {
        assert!(asked.contains(&name.to_owned()), "{asked:?}");
    }
}
