//! Participants and webhooks: what lives inside a conversation.

use serde_json::json;

use super::{ALICE, BOB, DESK, a_conversation, a_flow, joins, listens, sids, world};

#[tokio::test]
async fn a_participant_is_found_by_identifier_or_identity_and_keeps_who_it_is() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let participants = format!("{conversation}/Participants");
    let made = world.post(&participants, &[("Identity", "agent")]).await.expect(201);
    world.post(&participants, &[("Identity", "agent")]).await.refused(409, 50433);
    let path = format!("{participants}/agent");
    assert_eq!(world.get(&path).await.expect(200), made);
    let roles = world.get("/v1/Roles").await.expect(200);
    let role = sids(&roles).pop().unwrap();
    let unknown = [("RoleSid", "RL00000000000000000000000000000001")];
    world.post(&path, &unknown).await.refused(400, 50109);
    let form = [
        ("Attributes", r#"{"role":"agent"}"#),
        ("LastReadMessageIndex", "3"),
        ("RoleSid", &role),
        ("Identity", "agent"),
    ];
    let read = world.post(&path, &form).await.expect(200);
    assert_eq!(read["last_read_message_index"], 3);
    assert!(read["last_read_timestamp"].is_string());
    let unread = world.post(&path, &[("LastReadMessageIndex", "null")]).await.expect(200);
    assert_eq!(unread["last_read_message_index"], json!(null));
    assert_eq!(unread["role_sid"], role);
    world.post(&path, &[("Identity", "another")]).await.refused(400, 50211);
    world.post(&path, &[("LastReadMessageIndex", "x")]).await.refused(400, 50421);
    world.delete_with_webhooks(&path).await.expect(204);
    world.delete_with_webhooks(&path).await.refused(404, 20404);
}

#[tokio::test]
async fn participants_are_listed_a_page_at_a_time() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let alice = joins(&world, &conversation, ALICE).await;
    let bob = joins(&world, &conversation, BOB).await;
    let path = format!("{conversation}/Participants?PageSize=1");
    let first = world.get(&path).await.expect(200);
    let second = world.get(first["meta"]["next_page_url"].as_str().unwrap()).await.expect(200);
    assert_eq!((sids(&first), sids(&second)), (vec![alice], vec![bob]));
    assert_eq!(second["meta"]["next_page_url"], json!(null));
}

#[tokio::test]
async fn a_conversation_has_five_listeners_at_most() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    let webhooks = format!("{conversation}/Webhooks");
    let flow = a_flow(&world).await;
    let studio = [("Target", "STUDIO"), ("Configuration.FlowSid", flow.as_str())];
    let studio = world.post(&webhooks, &studio).await.expect(201);
    assert_eq!(studio["configuration"], json!({ "flow_sid": flow }));
    let trigger = [
        ("Target", "trigger"),
        ("Configuration.Url", "https://example.com"),
        ("Configuration.Triggers", "stop"),
    ];
    let trigger = world.post(&webhooks, &trigger).await.expect(201);
    assert_eq!(trigger["configuration"]["triggers"], json!(["stop"]));
    for _ in 0..3 {
        listens(&world, &conversation, &["onMessageAdded"]).await;
    }
    let form = [("Target", "studio"), ("Configuration.FlowSid", flow.as_str())];
    world.post(&webhooks, &form).await.refused(400, 50361);
    assert_eq!(sids(&world.get(&webhooks).await.expect(200)).len(), 5);

    let path = format!("{webhooks}/{}", trigger["sid"].as_str().unwrap());
    let changed = world.post(&path, &[("Configuration.Method", "GET")]).await.expect(200);
    assert_eq!(changed["configuration"]["method"], "get");
    assert_eq!(changed["configuration"]["triggers"], json!(["stop"]));
    world.post(&path, &[("Configuration.Url", "")]).await.refused(400, 50369);
    world.delete_with_webhooks(&path).await.expect(204);
    world.get(&path).await.refused(404, 20404);
    world.post(&webhooks, &[]).await.refused(400, 50368);
    world.post(&webhooks, &[("Target", "studio")]).await.refused(400, 50367);
}

#[tokio::test]
async fn a_conversation_comes_with_its_participants_or_not_at_all() {
    let world = world().await;
    let alice =
        format!(r#"{{"messaging_binding":{{"address":"{ALICE}","proxy_address":"{DESK}"}}}}"#);
    let form = [
        ("UniqueName", "a"),
        ("Participant", alice.as_str()),
        ("Participant", r#"{ "identity": "agent" }"#),
    ];
    let path = "/v1/ConversationWithParticipants";
    let made = world.post(path, &form).await.expect(201);
    let participants = made["links"]["participants"].as_str().unwrap();
    assert_eq!(sids(&world.get(participants).await.expect(200)).len(), 2);

    let second = [("UniqueName", "b"), ("Participant", alice.as_str())];
    world.post(path, &second).await.refused(409, 50416);
    world.get("/v1/Conversations/b").await.refused(404, 20404);
    let twice = [("Participant", r#"{"identity":"x"}"#), ("Participant", r#"{"identity":"x"}"#)];
    world.post(path, &twice).await.refused(409, 50433);
    let many = vec![("Participant", r#"{"identity":"x"}"#); 11];
    world.post(path, &many).await.refused(400, 20001);
    world.post(path, &[("Participant", "[]")]).await.refused(400, 20001);
}
