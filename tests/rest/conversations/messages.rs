//! Messages, and what becomes of their copies.

use serde_json::json;
use switchboard_domain::carriage::SendOutcome;
use switchboard_domain::decision::Decision;
use switchboard_domain::message::Message;
use switchboard_domain::sid::{MessageSid, Sid as _, SmsSid};
use switchboard_domain::timestamp::Timestamp;
use switchboard_store::key;

use super::{ALICE, BOB, a_conversation, events, joins, listens, sids, world};
use crate::world::START;

#[tokio::test]
async fn a_message_goes_to_everybody_on_a_channel_and_is_numbered() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let bob = joins(&world, &conversation, BOB).await;
    let messages = format!("{conversation}/Messages");
    let first = world.post(&messages, &[("Author", ALICE), ("Body", "hi")]).await.expect(201);
    assert_eq!((&first["index"], &first["delivery"]["total"]), (&json!(0), &json!(1)));
    let second = world.post(&messages, &[("Body", "hello")]).await.expect(201);
    assert_eq!((&second["index"], &second["author"]), (&json!(1), &json!("system")));
    assert_eq!((&second["participant_sid"], &second["date_updated"]), (&json!(null), &json!(null)));
    assert_eq!(world.asked().len(), 3);

    let receipts = format!("{messages}/{}/Receipts", first["sid"].as_str().unwrap());
    let receipts_list = world.get(&receipts).await.expect(200);
    let receipt = &receipts_list["delivery_receipts"][0];
    assert_eq!((&receipt["participant_sid"], &receipt["status"]), (&json!(bob), &json!(null)));
    let sid: MessageSid = first["sid"].as_str().unwrap().parse().unwrap();
    assert_eq!(receipt["channel_message_sid"], sid.kin::<SmsSid>(1).to_string());
    let one = format!("{receipts}/{}", receipt["sid"].as_str().unwrap());
    assert_eq!(&world.get(&one).await.expect(200), receipt);
    world.get(&format!("{receipts}/DY{:032}", 1)).await.refused(404, 20404);

    let latest = world.get(&format!("{messages}?Order=DESC&PageSize=1")).await.expect(200);
    assert_eq!(sids(&latest), [second["sid"].as_str().unwrap()]);
    let all = world.get(&messages).await.expect(200);
    assert_eq!(all["messages"], json!([first, second]));
}

#[tokio::test]
async fn an_edited_message_says_when_and_a_deleted_one_is_gone_but_for_its_identifier() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    listens(&world, &conversation, &["onMessageUpdated", "onMessageRemoved"]).await;
    let messages = format!("{conversation}/Messages");
    let made = world.post(&messages, &[("Body", "helo")]).await.expect(201);
    let path = format!("{messages}/{}", made["sid"].as_str().unwrap());
    assert_eq!(world.post_with_webhooks(&path, &[]).await.expect(200), made);
    let edited = world.post_with_webhooks(&path, &[("Body", "hello")]).await.expect(200);
    assert_eq!(edited["body"], "hello");
    assert!(edited["date_updated"].is_string());
    world.post(&path, &[("Body", "")]).await.refused(400, 50503);
    world.delete_with_webhooks(&path).await.expect(204);
    assert_eq!(events(&world.asked()), ["onMessageUpdated", "onMessageRemoved"]);
    world.get(&path).await.refused(404, 20404);
    world.delete_with_webhooks(&path).await.refused(404, 20404);
    assert_eq!(world.get(&messages).await.expect(200)["messages"], json!([]));
    let sid = made["sid"].as_str().unwrap().parse().unwrap();
    let kept: Message = world.on.store.get(key::message(sid)).await.unwrap().unwrap();
    assert!(kept.removed && kept.body.is_none());
}

#[tokio::test]
async fn unsupported_parameters_are_refused_and_not_dropped() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let messages = format!("{conversation}/Messages");
    let webhooks = format!("{conversation}/Webhooks");
    let webhook = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://example.com"),
        ("Configuration.Filters", "onMessageAdded"),
    ];
    for (path, form, name, value) in [
        (&messages, &[("Body", "hi")][..], "MediaSid", "ME00000000000000000000000000000001"),
        (&messages, &[("Body", "hi")], "ContentSid", "HX00000000000000000000000000000001"),
        (&conversation, &[], "Timers.Inactive", "PT1M"),
        (&conversation, &[], "Bindings.Email.Name", "a"),
        (&webhooks, &webhook, "Configuration.ReplayAfter", "0"),
    ] {
        let refused = world.post(path, &[form, &[(name, value)]].concat()).await;
        let words = refused.refused(400, 20001);
        assert!(words.contains(&format!("{name} is not supported yet")), "{words}");
    }
    world.post(&conversation, &[("Timers.Inactive", "PT0S")]).await.expect(200);
}

#[tokio::test]
async fn a_receipt_shows_the_latest_status_and_why_it_got_no_further() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let messages = format!("{conversation}/Messages");
    let sid = world.post(&messages, &[("Body", "hi")]).await.text("sid");
    let at = key::message(sid.parse().unwrap());
    let message: Message = world.on.store.get(at).await.unwrap().unwrap();
    let outcome = SendOutcome::Rejected { error_code: 30008, reason: String::new() };
    let failed = message.record(1, &outcome, Timestamp(START)).unwrap();
    world.given(Decision::put(failed.message)).await;
    let path = format!("{messages}/{sid}");
    let receipts = world.get(&format!("{path}/Receipts")).await.expect(200);
    let receipt = &receipts["delivery_receipts"][0];
    assert_eq!((&receipt["status"], &receipt["error_code"]), (&json!("failed"), &json!(30008)));
    assert_eq!(world.get(&path).await.expect(200)["delivery"]["failed"], "all");
}
