//! States and timers (rule B.1): how they are asked for, what is answered, and what is refused.

use serde_json::{Value, json};

use super::{ALICE, DESK, a_conversation, events, joins, listens, world};
use crate::world::World;

const BOTH: [(&str, &str); 2] = [("Timers.Inactive", "PT1M"), ("Timers.Closed", "PT10M")];

/// What is pending of a conversation by each of the ways to look at it.
async fn shown(world: &World, path: &str) -> Value {
    let fetched = world.get(path).await.expect(200);
    let (list, sid) = path.rsplit_once('/').unwrap();
    let listed = world.get(list).await.expect(200);
    let listed = listed["conversations"].as_array().unwrap();
    let listed = listed.iter().find(|one| one["sid"] == sid).unwrap();
    assert_eq!(listed["timers"], fetched["timers"]);
    fetched["timers"].clone()
}

#[tokio::test]
async fn what_is_pending_is_shown_as_dates() {
    let world = world().await;
    let service = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    for all in ["/v1/Conversations".to_owned(), format!("/v1/Services/{service}/Conversations")] {
        let made = world.post(&all, &BOTH).await.expect(201);
        assert_eq!(made["state"], "active", "without a state it begins active");
        let both = json!({ "date_inactive": "2026-11-22T10:01:00Z", "date_closed": "2026-11-22T10:11:00Z" });
        assert_eq!(made["timers"], both);
        let path = format!("{all}/{}", made["sid"].as_str().unwrap());
        assert_eq!(shown(&world, &path).await, both);
        let quiet = world.post(&path, &[("State", "inactive")]).await.expect(200);
        assert_eq!(quiet["timers"], json!({ "date_closed": "2026-11-22T10:10:00Z" }));
        let one = world.post(&path, &[("State", "active"), ("Timers.Inactive", "PT0S")]).await;
        let one = one.expect(200);
        assert_eq!(one["timers"], json!({ "date_closed": "2026-11-22T10:10:00Z" }));
        let closed = world.post(&path, &[("State", "closed"), BOTH[0]]).await.expect(200);
        assert_eq!((&closed["state"], &closed["timers"]), (&json!("closed"), &json!({})));
        world.post(&path, &BOTH).await.refused(400, 50377);
    }
}

#[tokio::test]
async fn a_search_by_participant_shows_them_too() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    joins(&world, &conversation, ALICE).await;
    let alice = [("Identity", "alice")];
    world.post(&format!("{conversation}/Participants"), &alice).await.expect(201);
    let service = world.get(&conversation).await.text("chat_service_sid");
    for (timers, pending) in [
        (BOTH[0], json!({ "date_inactive": "2026-11-22T10:01:00Z" })),
        (("Timers.Inactive", ""), json!({})),
    ] {
        world.post(&conversation, &[timers]).await.expect(200);
        for root in ["/v1".to_owned(), format!("/v1/Services/{service}")] {
            let path =
                format!("{root}/ParticipantConversations?Address={}", ALICE.replace('+', "%2B"));
            let found = world.get(&path).await.expect(200);
            assert_eq!(found["conversations"][0]["conversation_timers"], pending);
            let theirs = world.get(&format!("{root}/Users/alice/Conversations")).await.expect(200);
            assert_eq!(theirs["conversations"][0]["timers"], pending);
        }
    }
}

#[tokio::test]
async fn wrong_timers_and_states_are_refused_by_their_codes_and_change_nothing() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let with = "/v1/ConversationWithParticipants".to_owned();
    for path in ["/v1/Conversations".to_owned(), with.clone(), conversation.clone()] {
        for (form, code) in [
            (vec![("Timers.Inactive", "PT59S")], 50375),
            (vec![("Timers.Closed", "PT9M59S")], 50376),
            (vec![("Timers.Inactive", "P6M")], 50379),
            (vec![("Timers.Closed", "PT1H30")], 50380),
            (vec![("Timers.Inactive", "PT1M"), ("Timers.Closed", "-PT5M")], 50380),
            (vec![("State", "")], 50374),
            (vec![("State", "initializing")], 50378),
        ] {
            world.post(&path, &form).await.refused(400, code);
        }
    }
    let named = world.post(&conversation, &[("Timers.Closed", "P1Y2D")]).await;
    assert!(named.text("message").contains("\"1Y\""), "{}", named.body);
    for path in ["/v1/Conversations", &with] {
        world.post(path, &[("State", ""), BOTH[0]]).await.refused(400, 50382);
        world.post(path, &[("State", "closed"), BOTH[1]]).await.refused(400, 50384);
    }
    assert_eq!(world.get(&conversation).await.expect(200)["timers"], json!({}));
}

#[tokio::test]
async fn the_accounts_defaults_are_a_conversations_own_from_its_beginning() {
    let world = world().await;
    let before = a_conversation(&world).await;
    let defaults = [("DefaultInactiveTimer", "PT90S"), ("DefaultClosedTimer", "P1W")];
    let kept = world.post("/v1/Configuration", &defaults).await.expect(200);
    assert_eq!(
        (&kept["default_inactive_timer"], &kept["default_closed_timer"]),
        (&json!("PT90S"), &json!("P1W"))
    );
    assert_eq!(world.get(&before).await.expect(200)["timers"], json!({}), "it was there before");
    let of_account =
        json!({ "date_inactive": "2026-11-22T10:01:30Z", "date_closed": "2026-11-29T10:01:30Z" });
    let first = a_conversation(&world).await;
    assert_eq!(shown(&world, &first).await, of_account);
    let participant = [("Participant", r#"{"identity":"alice"}"#)];
    let with = world.post("/v1/ConversationWithParticipants", &participant).await.expect(201);
    assert_eq!(with["timers"], of_account);
    let own = [("Timers.Inactive", "PT0S"), ("Timers.Closed", "PT1H")];
    let own = world.post("/v1/Conversations", &own).await.expect(201);
    assert_eq!(own["timers"], json!({ "date_closed": "2026-11-22T11:00:00Z" }));
    let none = [("DefaultInactiveTimer", "PT0S"), ("DefaultClosedTimer", "")];
    let none = world.post("/v1/Configuration", &none).await.expect(200);
    assert_eq!(none["default_inactive_timer"], json!(null));
    assert_eq!(shown(&world, &first).await, of_account, "later defaults do not touch it");
    let last = a_conversation(&world).await;
    assert_eq!(shown(&world, &last).await, json!({}));
    for (name, wrong, code) in [
        ("DefaultInactiveTimer", "PT1S", 50375),
        ("DefaultClosedTimer", "PT1M", 50376),
        ("DefaultInactiveTimer", "P1M", 50379),
        ("DefaultClosedTimer", "ten minutes", 50380),
    ] {
        world.post("/v1/Configuration", &[(name, wrong)]).await.refused(400, code);
    }
}

#[tokio::test]
async fn activity_begins_anew_and_other_changes_do_not() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    world.post(&conversation, &BOTH[..1]).await.expect(200);
    let inactive =
        async || world.get(&conversation).await.expect(200)["timers"]["date_inactive"].clone();
    world.wait(20);
    joins(&world, &conversation, ALICE).await;
    world.post(&conversation, &[("FriendlyName", "Parcel"), ("State", "active")]).await.expect(200);
    assert_eq!(inactive().await, "2026-11-22T10:01:00Z");
    let messages = format!("{conversation}/Messages");
    let old = [("Body", "hi"), ("DateCreated", "2020-01-01T00:00:00Z")];
    let message = world.post(&messages, &old).await.text("sid");
    assert_eq!(inactive().await, "2026-11-22T10:01:20Z", "whenever it is said to be written");
    world.wait(10);
    world.post(&format!("{messages}/{message}"), &[("Body", "ho")]).await.expect(200);
    assert_eq!(inactive().await, "2026-11-22T10:01:20Z");
    world.post(&conversation, &BOTH[..1]).await.expect(200);
    assert_eq!(inactive().await, "2026-11-22T10:01:30Z", "timers that are set begin");
}

#[tokio::test]
async fn a_webhook_is_told_what_changed_the_state() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let pair = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", DESK)];
    world.post(&format!("{conversation}/Participants"), &pair).await.expect(201);
    listens(&world, &conversation, &["onConversationStateUpdated"]).await;
    world.asked();
    world.post_with_webhooks(&conversation, &[("State", "inactive")]).await.expect(200);
    let messages = format!("{conversation}/Messages");
    world.post_with_webhooks(&messages, &[("Body", "are you there?")]).await.expect(201);
    let asked = world.asked();
    assert_eq!(events(&asked), ["onConversationStateUpdated"; 2]);
    let told = asked.iter().filter(|one| one["event"].is_string());
    let told = told.map(|one| (&one["state_from"], &one["state_to"], &one["reason"]));
    let told: Vec<_> = told.map(|(from, to, why)| format!("{from} {to} {why}")).collect();
    assert_eq!(told, [r#""active" "inactive" "API""#, r#""inactive" "active" "EVENT""#]);
}
