//! One speaker at a time: what is asked for, what is answered, and what is refused.

use serde_json::json;

use super::{ALICE, DESK, a_conversation, events, joins, listens, world};
use crate::world::World;

#[tokio::test]
async fn the_token_is_taken_handed_over_and_given_back_with_a_service_in_the_path_and_without() {
    let world = world().await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    for all in ["/v1/Conversations".to_owned(), format!("/v1/Services/{service}/Conversations")] {
        let made = world.post(&all, &[]).await.expect(201);
        let conversation = format!("{all}/{}", made["sid"].as_str().unwrap());
        let (speaker, messages) =
            (format!("{conversation}/Speaker"), format!("{conversation}/Messages"));
        let none = world.get(&speaker).await.expect(200);
        let expected = json!({
            "account_sid": made["account_sid"], "chat_service_sid": made["chat_service_sid"],
            "conversation_sid": made["sid"], "required": false, "agent_takes": false, "exempt": [],
            "holder": null, "token": null, "date_taken": null, "date_expires": null,
            "url": format!("https://example.com/conversations{speaker}"),
        });
        assert_eq!(none, expected);
        world.post(&messages, &[("Body", "anybody")]).await.expect(201);
        let taken = world.post(&speaker, &[("Holder", "bot"), ("Ttl", "60")]).await.expect(200);
        assert_eq!((&taken["holder"], &taken["token"]), (&json!("bot"), &json!(1)));
        assert_eq!(
            (&taken["required"], &taken["date_taken"]),
            (&json!(true), &json!("2026-11-22T10:00:00Z"))
        );
        assert_eq!(taken["date_expires"], "2026-11-22T10:01:00Z");
        assert_eq!(world.get(&speaker).await.expect(200), taken);
        let said = world.post(&messages, &[("Body", "anybody")]).await.refused(412, 20412);
        assert!(said.contains("bot"), "{said}");
        world.post(&messages, &[("Body", "hi"), ("SpeakerToken", "1")]).await.expect(201);
        let next = [("Holder", "ann"), ("Token", "1")];
        assert_eq!(world.post(&speaker, &next).await.expect(200)["token"], 2);
        world.post(&messages, &[("Body", "late"), ("SpeakerToken", "1")]).await.refused(412, 20412);
        let said = world.post(&speaker, &[("Holder", "bot")]).await.refused(409, 20409);
        assert!(said.contains("ann is the speaker until 2026-11-22T10:05:00Z"), "{said}");
        world.post(&speaker, &[("Holder", ""), ("Token", "1")]).await.refused(412, 20412);
        let free = world.post(&speaker, &[("Holder", ""), ("Token", "2")]).await.expect(200);
        assert_eq!((&free["holder"], &free["token"]), (&json!(null), &json!(2)));
        world.post(&messages, &[("Body", "x"), ("SpeakerToken", "2")]).await.refused(412, 20412);
        assert_eq!(
            world.post(&speaker, &[("Required", "false")]).await.expect(200)["required"],
            false
        );
        world.post(&messages, &[("Body", "anybody")]).await.expect(201);
        let list = world.get(&messages).await.expect(200);
        assert_eq!(list["messages"].as_array().unwrap().len(), 3, "what was refused left nothing");
        world.post(&speaker, &[("Holder", "bot"), ("Voice", "low")]).await.refused(400, 20001);
        world.post(&conversation, &[("State", "closed")]).await.expect(200);
        world.post(&speaker, &[("Holder", "bot")]).await.refused(400, 50377);
    }
    world.get("/v1/Conversations/none/Speaker").await.refused(404, 20404);
    world.post("/v1/Conversations/none/Speaker", &[("Holder", "bot")]).await.refused(404, 20404);
}

#[tokio::test]
async fn a_message_of_an_sdk_names_its_token_in_its_attributes() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let messages = format!("{conversation}/Messages");
    let with = |token: &'static str| [("Body", "hi"), ("Attributes", token)];
    world.post(&messages, &with(r#"{"speaker_token":7}"#)).await.expect(201);
    world.post(&format!("{conversation}/Speaker"), &[("Holder", "bot")]).await.expect(200);
    let kept = world.post(&messages, &with(r#"{"speaker_token":1}"#)).await.expect(201);
    assert_eq!(kept["attributes"], r#"{"speaker_token":1}"#);
    for stale in [r#"{"speaker_token":2}"#, r#"{"speaker_token":"1"}"#, "{}", "[1]"] {
        world.post(&messages, &with(stale)).await.refused(412, 20412);
    }
    let both = [("Body", "hi"), ("SpeakerToken", "2"), ("Attributes", r#"{"speaker_token":1}"#)];
    world.post(&messages, &both).await.refused(412, 20412);
    world.post(&messages, &[("Body", "hi"), ("SpeakerToken", "first")]).await.refused(400, 20001);
}

#[tokio::test]
async fn webhooks_hear_of_each_speaker() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let speaker = format!("{conversation}/Speaker");
    listens(&world, &conversation, &["onSpeakerChanged"]).await;
    let takes = [("Holder", "bot")];
    world.post(&speaker, &takes).await.expect(200);
    assert!(world.asked().is_empty(), "a change by REST is not told unless that is asked for");
    world.post_with_webhooks(&speaker, &[("Holder", "bot"), ("Token", "1")]).await.expect(200);
    assert!(world.asked().is_empty(), "for longer is no change");
    world.post_with_webhooks(&speaker, &[("Holder", "ann"), ("Token", "1")]).await.expect(200);
    world.post_with_webhooks(&speaker, &[("Holder", ""), ("Token", "2")]).await.expect(200);
    let asked = world.asked();
    assert_eq!(events(&asked), ["onSpeakerChanged"; 2]);
    let (over, back) = (&asked[0]["speaker"], &asked[1]["speaker"]);
    assert_eq!((&over["from"], &over["to"]), (&json!("bot"), &json!("ann")));
    assert_eq!((&over["token"], &over["reason"]), (&json!(2), &json!("HANDED_OVER")));
    assert_eq!((&back["from"], &back["to"]), (&json!("ann"), &json!(null)));
    assert_eq!(back["reason"], "GIVEN_BACK");
}

#[tokio::test]
async fn two_who_take_it_at_once_have_one_after_the_other() {
    let world = World::ticking("conversations-api", "/conversations").await;
    world.owns(&[DESK]).await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let speaker = format!("{conversation}/Speaker");
    let ann = [("Holder", "ann")];
    let first = world.post(&speaker, &ann);
    let crossed = world
        .crossed("conversations-api", first, async {
            world.post(&speaker, &[("Holder", "bot")]).await.expect(200);
        })
        .await;
    crossed.refused(409, 20409);
    // A message that was decided before a handover is decided anew after it.
    let messages = format!("{conversation}/Messages");
    let late = [("Author", DESK), ("Body", "late"), ("SpeakerToken", "1")];
    let crossed = world
        .crossed("conversations-api", world.post(&messages, &late), async {
            let next = [("Holder", "ann"), ("Token", "1")];
            world.post(&speaker, &next).await.expect(200);
        })
        .await;
    crossed.refused(412, 20412);
    assert_eq!(world.get(&messages).await.expect(200)["messages"], json!([]));
}

#[tokio::test]
async fn a_customer_who_is_in_the_chat_needs_no_token() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let (speaker, messages) =
        (format!("{conversation}/Speaker"), format!("{conversation}/Messages"));
    let form = [("Holder", "bot"), ("Exempt", "visitor"), ("Exempt", "other")];
    let shown = world.post(&speaker, &form).await.expect(200);
    assert_eq!(shown["exempt"], json!(["visitor", "other"]));
    world.post(&messages, &[("Author", "visitor"), ("Body", "hello")]).await.expect(201);
    world.post(&messages, &[("Author", "stranger"), ("Body", "hello")]).await.refused(412, 20412);
    assert_eq!(world.post(&speaker, &[("Exempt", "")]).await.expect(200)["exempt"], json!([]));
    world.post(&messages, &[("Author", "visitor"), ("Body", "hello")]).await.refused(412, 20412);
}
