//! Files of people in a browser: they upload as themselves, see what is shown to them, and nobody else does (rules B.3, F.2).

use serde_json::{Value, json};
use switchboard_tests::{Answered, Api};

use super::world;
use crate::world::World;

const CONVERSATIONS: &str = "/conversations/v1/Conversations";
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n the picture of a parcel";
const BOUNDARY: &str = "multipart/form-data; boundary=----browser";

/// Ann and bob take part in a conversation; carol has a token of the same service, and dave one of another.
struct Scene {
    world: World,
    service: String,
    ann: Api,
    bob: Api,
    carol: Api,
    dave: Api,
    chat: String,
}

impl Scene {
    async fn open() -> Self {
        let world = world().await;
        let (key, service) = (world.key().await, world.service().await);
        let other = world.post("/conversations/v1/Services", &[("FriendlyName", "other")]).await;
        let [ann, bob, carol] =
            ["ann", "bob", "carol"].map(|identity| world.person(&key, &service, identity));
        let dave = world.person(&key, &other.text("sid"), "dave");
        let chat = format!("{CONVERSATIONS}/{}", ann.make(CONVERSATIONS, &[]).await);
        for identity in ["ann", "bob"] {
            ann.make(&format!("{chat}/Participants"), &[("Identity", identity)]).await;
        }
        Self { world, service, ann, bob, carol, dave, chat }
    }

    fn uploads(&self) -> String {
        format!("/mcs/v1/Services/{}/Media", self.service)
    }

    /// A file that somebody uploads as the SDK does.
    async fn uploaded(&self, who: &Api) -> Value {
        let path = format!("{}?Category=media&Filename=parcel.png", self.uploads());
        who.upload(&path, "image/png", PNG).await.expect(201)
    }

    fn at(&self, file: &Value) -> String {
        format!("{}/{}", self.uploads(), file["sid"].as_str().unwrap())
    }

    /// The files as the SDK asks for those of a message.
    async fn set(&self, who: &Api, files: &[&Value]) -> Answered {
        let list: Vec<Value> = files.iter().map(|it| json!({ "media_sid": it["sid"] })).collect();
        self.asked(who, &json!({ "command": "get", "list": list })).await
    }

    async fn asked(&self, who: &Api, command: &Value) -> Answered {
        let path = format!("{}Set", self.uploads());
        who.upload(&path, "application/json", command.to_string().as_bytes()).await
    }
}

/// A form of a browser with this file in it.
fn form(content: &[u8]) -> Vec<u8> {
    let head = b"------browser\r\nContent-Disposition: form-data; name=\"note\"\r\n\r\nmine\r\n\
        ------browser\r\nContent-Disposition: form-data; name=\"file\"; filename=\"map.png\"\r\n\
        Content-Type: image/png\r\n\r\n";
    [&head[..], content, b"\r\n------browser--\r\n"].concat()
}

#[tokio::test]
async fn whoever_takes_part_uploads_as_themselves_and_shows_it_to_the_others() {
    let scene = Scene::open().await;
    let uploaded = scene.uploaded(&scene.ann).await;
    assert_eq!((&uploaded["author"], &uploaded["filename"]), (&"ann".into(), &"parcel.png".into()));
    let messages = format!("{}/Messages", scene.chat);
    let sid = uploaded["sid"].as_str().unwrap();
    let posted = scene.ann.post(&messages, &[("MediaSid", sid)]).await.expect(201);
    assert_eq!(posted["media"][0]["sid"], uploaded["sid"]);
    for who in [&scene.ann, &scene.bob] {
        let found = who.get(&scene.at(&uploaded)).await.expect(200);
        assert_eq!(found["message_sid"], posted["sid"]);
        let address = found["links"]["content_direct_temporary"].as_str().unwrap();
        let address = address.strip_prefix(crate::world::HOST).unwrap_or(address);
        let read = who.read(&format!("{}{address}", scene.world.base_url())).await;
        assert_eq!(read, (200, "image/png".to_owned(), PNG.to_vec()));
        let set = scene.set(who, &[&uploaded]).await.expect(200);
        assert_eq!(
            (&set[0]["code"], &set[0]["media_record"]["sid"]),
            (&200.into(), &uploaded["sid"])
        );
        assert!(set[0]["media_record"]["links"]["content_direct_temporary"].is_string());
    }
    assert_eq!(scene.bob.delete(&format!("{}/Participants/bob", scene.chat)).await.status, 204);
    assert_eq!(scene.bob.get(&scene.at(&uploaded)).await.refusal(), (403, 50107), "who left");
}

#[tokio::test]
async fn a_form_of_a_browser_is_taken_as_its_file_and_no_larger_than_others() {
    let scene = Scene::open().await;
    let (bob, uploads) = (&scene.bob, scene.uploads());
    let uploaded = bob.upload(&uploads, BOUNDARY, &form(PNG)).await.expect(201);
    assert_eq!((&uploaded["author"], &uploaded["filename"]), (&"bob".into(), &"map.png".into()));
    assert_eq!(
        (&uploaded["content_type"], &uploaded["size"]),
        (&"image/png".into(), &PNG.len().into())
    );
    let large = form(&vec![7; 4_500_001]);
    assert_eq!(bob.upload(&uploads, BOUNDARY, &large).await.refusal(), (413, 50512));
    let two = [form(PNG), form(PNG)].concat();
    let two = String::from_utf8_lossy(&two).replacen("------browser--\r\n", "", 1);
    let why = bob.upload(&uploads, BOUNDARY, two.as_bytes()).await.refused(400, 20001);
    assert!(why.contains("more files than one"), "{why}");
}

#[tokio::test]
async fn strangers_neither_upload_nor_see_anything() {
    let scene = Scene::open().await;
    let uploaded = scene.uploaded(&scene.ann).await;
    let shown = scene.uploaded(&scene.ann).await;
    let messages = format!("{}/Messages", scene.chat);
    scene.ann.make(&messages, &[("MediaSid", shown["sid"].as_str().unwrap())]).await;
    for stranger in [&scene.carol, &scene.dave] {
        let refused = stranger.upload(&scene.uploads(), "image/png", PNG).await;
        assert_eq!(refused.refusal(), (403, 50107));
        for file in [&uploaded, &shown] {
            assert_eq!(stranger.get(&scene.at(file)).await.refusal(), (403, 50107));
            let content = format!("{}/Content", scene.at(file));
            assert_eq!(stranger.get(&content).await.refusal(), (403, 50107));
            assert_eq!(stranger.delete(&scene.at(file)).await.refusal(), (403, 50107));
        }
    }
    let set = scene.set(&scene.carol, &[&uploaded, &shown]).await.expect(200);
    let expected = [&uploaded, &shown]
        .map(|file| json!({ "code": 403, "media_record": { "sid": file["sid"] } }));
    assert_eq!(set, json!(expected));
    let key = scene.world.key().await;
    let worker = json!({ "identity": "ann", "task_router": {
        "workspace_sid": "WS00000000000000000000000000000001",
        "worker_sid": "WK00000000000000000000000000000001", "role": "worker" } });
    let worker = scene.world.holder(&key, &worker);
    assert_eq!(worker.get(&scene.at(&shown)).await.refusal(), (403, 50107), "no chat grant");
}

#[tokio::test]
async fn before_it_is_shown_a_file_is_its_uploaders_alone() {
    let scene = Scene::open().await;
    let (ann, bob) = (&scene.ann, &scene.bob);
    let uploaded = scene.uploaded(ann).await;
    ann.get(&scene.at(&uploaded)).await.expect(200);
    assert_eq!(bob.get(&scene.at(&uploaded)).await.refusal(), (403, 50107));
    assert_eq!(bob.delete(&scene.at(&uploaded)).await.refusal(), (403, 50107));
    let as_bob = format!("{}?Author=bob", scene.uploads());
    assert_eq!(ann.upload(&as_bob, "image/png", PNG).await.refusal(), (403, 50107));
    assert_eq!(ann.delete(&scene.at(&uploaded)).await.status, 204);
    assert_eq!(ann.get(&scene.at(&uploaded)).await.refusal(), (404, 50507));
    let shown = scene.uploaded(ann).await;
    let messages = format!("{}/Messages", scene.chat);
    ann.make(&messages, &[("MediaSid", shown["sid"].as_str().unwrap())]).await;
    let refused = ann.delete(&scene.at(&shown)).await;
    assert_eq!(refused.refusal(), (403, 50107), "it goes with its message");
    // The account may do all of it.
    assert_eq!(scene.world.delete(&scene.at(&shown)).await.status, 204);
}

#[tokio::test]
async fn a_token_that_is_over_uploads_nothing() {
    let scene = Scene::open().await;
    let uploaded = scene.uploaded(&scene.ann).await;
    scene.world.wait(3600 + 60);
    let late = scene.ann.upload(&scene.uploads(), "image/png", PNG).await;
    assert_eq!(late.refusal(), (401, 20104));
    assert_eq!(scene.ann.get(&scene.at(&uploaded)).await.refusal(), (401, 20104));
    let nobody = Api::new(scene.world.base_url(), "", "");
    let refused = nobody.upload(&scene.uploads(), "image/png", PNG).await;
    assert_eq!(refused.refusal(), (401, 20003));
}

#[tokio::test]
async fn several_files_are_asked_for_at_once_each_with_its_own_answer() {
    let scene = Scene::open().await;
    let uploaded = scene.uploaded(&scene.ann).await;
    let unknown = json!({ "sid": "ME00000000000000000000000000000001" });
    let set = scene.set(&scene.ann, &[&unknown, &uploaded]).await.expect(200);
    let codes: Vec<&Value> = set.as_array().unwrap().iter().map(|one| &one["code"]).collect();
    assert_eq!(codes, [&json!(404), &json!(200)]);
    assert_eq!(set[0]["media_record"], unknown);
    for (command, what) in [
        (json!({ "command": "delete", "list": [] }), "command"),
        (json!({ "command": "get" }), "list"),
        (json!({ "command": "get", "list": vec![json!({ "media_sid": "ME" }); 51] }), "list"),
    ] {
        let why = scene.asked(&scene.ann, &command).await.refused(400, 20001);
        assert!(why.contains(what), "{why}");
    }
    let nameless = json!({ "command": "get", "list": [{ "sid": "ME" }] });
    assert_eq!(scene.asked(&scene.ann, &nameless).await.refusal(), (400, 50510));
}
