//! Conversations.

use serde_json::{Value, json};

use super::{ALICE, DESK, a_conversation, events, joins, listens, sids, world};
use crate::world::HOST;

#[tokio::test]
async fn a_conversation_is_found_by_its_unique_name_which_nobody_else_can_take() {
    let world = world().await;
    let form = [("UniqueName", "order-7"), ("FriendlyName", "Order"), ("Attributes", r#"{"a":1}"#)];
    let made = world.post("/v1/Conversations", &form).await.expect(201);
    assert_eq!(world.get("/v1/Conversations/order-7").await.expect(200), made);
    world.post("/v1/Conversations", &form).await.refused(409, 50353);

    let renamed = [("UniqueName", "order-8")];
    let renamed = world.post("/v1/Conversations/order-7", &renamed).await.expect(200);
    assert_eq!(
        (&renamed["unique_name"], &renamed["attributes"]),
        (&json!("order-8"), &made["attributes"])
    );
    world.get("/v1/Conversations/order-7").await.refused(404, 20404);
    world.post("/v1/Conversations", &[("UniqueName", "order-7")]).await.expect(201);
    let emptied = world.post("/v1/Conversations/order-8", &[("UniqueName", "")]).await.expect(200);
    assert_eq!(emptied["unique_name"], json!(null));
}

#[tokio::test]
async fn services_do_not_see_into_each_other() {
    let world = world().await;
    let other = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let inside = format!("/v1/Services/{other}/Conversations");
    let made = world.post(&inside, &[("UniqueName", "a")]).await.expect(201);
    let sid = made["sid"].as_str().unwrap();
    assert_eq!(made["url"], format!("{HOST}/conversations{inside}/{sid}"));
    world.get(&format!("/v1/Conversations/{sid}")).await.refused(404, 20404);
    world.get("/v1/Conversations/a").await.refused(404, 20404);
    world.post("/v1/Conversations", &[("UniqueName", "a")]).await.expect(201);
    assert_eq!(sids(&world.get(&inside).await.expect(200)), [sid]);
}

#[tokio::test]
async fn a_closed_conversation_stays_closed_and_sets_its_pairs_free() {
    let world = world().await;
    let first = a_conversation(&world).await;
    joins(&world, &first, ALICE).await;
    listens(&world, &first, &["onConversationStateUpdated", "onConversationUpdated"]).await;
    let second = a_conversation(&world).await;
    let form = [("MessagingBinding.Address", ALICE), ("MessagingBinding.ProxyAddress", DESK)];
    let bound = world.post(&format!("{second}/Participants"), &form).await;
    let sid = first.rsplit('/').next().unwrap();
    assert!(bound.text("message").ends_with(sid), "{}", bound.body);
    bound.refused(409, 50416);

    world.asked();
    let closed = [("State", "Closed"), ("FriendlyName", "Done")];
    let closed = world.post_with_webhooks(&first, &closed).await.expect(200);
    assert_eq!(closed["state"], "closed");
    let asked = world.asked();
    assert_eq!(events(&asked), ["onConversationUpdated", "onConversationStateUpdated"]);
    assert_eq!(asked[1]["state_from"], "active");
    world.post(&first, &[("State", "active")]).await.refused(400, 50377);
    world.post(&format!("{first}/Messages"), &[("Body", "hi")]).await.refused(400, 50377);
    joins(&world, &second, ALICE).await;
}

#[tokio::test]
async fn only_a_request_that_asks_for_it_calls_webhooks() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    listens(&world, &conversation, &["onMessageAdded", "onParticipantAdded"]).await;
    let messages = format!("{conversation}/Messages");
    world.post(&messages, &[("Body", "quiet")]).await.expect(201);
    assert_eq!(world.asked(), Vec::<Value>::new());
    world.post_with_webhooks(&messages, &[("Body", "loud")]).await.expect(201);
    let participants = format!("{conversation}/Participants");
    world.post_with_webhooks(&participants, &[("Identity", "agent")]).await.expect(201);
    assert_eq!(events(&world.asked()), ["onMessageAdded", "onParticipantAdded"]);
}

#[tokio::test]
async fn conversations_are_listed_by_date_and_state() {
    let world = world().await;
    let mut made = Vec::new();
    for day in ["2026-01-01", "2026-01-02", "2026-01-03"] {
        let date = format!("{day}T23:59:59Z");
        made.push(world.post("/v1/Conversations", &[("DateCreated", &date)]).await.text("sid"));
    }
    world
        .post(&format!("/v1/Conversations/{}", made[1]), &[("State", "inactive")])
        .await
        .expect(200);
    let list = async |query: &str| {
        sids(&world.get(&format!("/v1/Conversations{query}")).await.expect(200))
    };
    assert_eq!(list("").await, made);
    assert_eq!(list("?State=INACTIVE").await, [made[1].clone()]);
    let dated = list("?StartDate=2026-01-02&EndDate=2026-01-03").await;
    assert_eq!(dated, [made[2].clone(), made[1].clone()]);
    assert_eq!(list("?EndDate=2026-01-01T23:59:59Z").await, [made[0].clone()]);
    assert!(list("?StartDate=2027-01-01&EndDate=2026-01-03").await.is_empty());
    world.get("/v1/Conversations?State=asleep").await.refused(400, 50378);
}

#[tokio::test]
async fn a_list_of_a_state_is_paged_forth_and_back() {
    let world = world().await;
    let mut active = Vec::new();
    for number in 0..7 {
        world.wait(1);
        let state = if number % 2 == 0 { "active" } else { "inactive" };
        let sid = world.post("/v1/Conversations", &[("State", state)]).await.text("sid");
        if state == "active" {
            active.push(sid);
        }
    }
    let first = world.get("/v1/Conversations?State=active&PageSize=3").await.expect(200);
    assert_eq!(sids(&first), active[..3]);
    assert_eq!(first["meta"]["previous_page_url"], json!(null));
    let second = first["meta"]["next_page_url"].as_str().unwrap();
    let second = world.get(second).await.expect(200);
    assert_eq!(sids(&second), active[3..]);
    assert_eq!(second["meta"]["next_page_url"], json!(null));
    let back = second["meta"]["previous_page_url"].as_str().unwrap();
    assert_eq!(sids(&world.get(back).await.expect(200)), active[..3]);
}

#[tokio::test]
async fn a_deleted_conversation_leaves_its_name_and_its_pairs() {
    let world = world().await;
    let named = [("UniqueName", "a")];
    world.post("/v1/Conversations", &named).await.expect(201);
    for number in 0..95 {
        let identity = format!("agent-{number}");
        let participants = "/v1/Conversations/a/Participants";
        world.post(participants, &[("Identity", &identity)]).await.expect(201);
    }
    joins(&world, "/v1/Conversations/a", ALICE).await;
    world.delete_with_webhooks("/v1/Conversations/a").await.expect(204);
    world.delete_with_webhooks("/v1/Conversations/a").await.refused(404, 20404);
    world.post("/v1/Conversations", &named).await.expect(201);
    joins(&world, "/v1/Conversations/a", ALICE).await;
    for identity in ["agent-0", "agent-94"] {
        let path = format!("/v1/ParticipantConversations?Identity={identity}");
        assert_eq!(world.get(&path).await.expect(200)["conversations"], json!([]));
    }
}
