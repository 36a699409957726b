//! Whose a proxy address is (rule B.2).

use super::{ALICE, DESK, a_conversation, world};
use crate::world::World;

const STRANGERS: &str = "+18005550111";

/// Adds Alice by an address of ours, on the channel that it is on.
async fn adds(world: &World, conversation: &str, proxy: &str) -> (u16, Option<u64>) {
    let prefix = if proxy.starts_with("whatsapp:") { "whatsapp:" } else { "" };
    let address = format!("{prefix}{ALICE}");
    let form = [("MessagingBinding.Address", &*address), ("MessagingBinding.ProxyAddress", proxy)];
    let answered = world.post(&format!("{conversation}/Participants"), &form).await;
    (answered.status, answered.code())
}

#[tokio::test]
async fn a_customer_is_added_by_an_address_of_the_account_s_alone() {
    let world = world().await;
    let conversation = a_conversation(&world).await;
    assert_eq!(adds(&world, &conversation, STRANGERS).await, (400, Some(50413)));
    let whatsapp = format!("whatsapp:{DESK}");
    assert_eq!(adds(&world, &conversation, &whatsapp).await, (400, Some(50415)));
    let strangers = format!("whatsapp:{STRANGERS}");
    assert_eq!(adds(&world, &conversation, &strangers).await, (400, Some(50413)));
    assert_eq!(adds(&world, &conversation, "ACME").await, (400, Some(50413)));
    assert_eq!(adds(&world, &conversation, DESK).await, (201, None));

    let addresses = "/v1/Configuration/Addresses";
    for (kind, address) in [("whatsapp", whatsapp.as_str()), ("sms", STRANGERS)] {
        let other = a_conversation(&world).await;
        world.post(addresses, &[("Type", kind), ("Address", address)]).await.expect(201);
        assert_eq!(adds(&world, &other, address).await, (201, None), "{address}");
    }
}

#[tokio::test]
async fn a_sender_without_a_number_is_in_the_pool_of_the_conversation_s_messaging_service() {
    let world = world().await;
    let services = "/messaging/v1/Services";
    let pool = switchboard_tests::Rest::creates(&world, services, &[("FriendlyName", "p")]).await;
    let sid = pool["sid"].as_str().unwrap();
    let path = format!("{services}/{sid}/AlphaSenders");
    switchboard_tests::Rest::creates(&world, &path, &[("AlphaSender", "ACME")]).await;
    let form = [("MessagingServiceSid", sid)];
    let conversation = world.post("/v1/Conversations", &form).await.text("sid");
    let conversation = format!("/v1/Conversations/{conversation}");
    assert_eq!(adds(&world, &conversation, "OTHER").await, (400, Some(50413)));
    assert_eq!(adds(&world, &conversation, "ACME").await, (201, None));
}

#[tokio::test]
async fn whoever_comes_with_a_conversation_is_added_by_an_address_of_ours_too() {
    let world = world().await;
    let participant =
        format!(r#"{{"messaging_binding":{{"address":"{ALICE}","proxy_address":"{STRANGERS}"}}}}"#);
    let form = [("UniqueName", "a"), ("Participant", participant.as_str())];
    world.post("/v1/ConversationWithParticipants", &form).await.refused(400, 50413);
    world.get("/v1/Conversations/a").await.refused(404, 20404);
}
