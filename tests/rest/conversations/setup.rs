//! Settings, services and address configurations.

use serde_json::json;
use switchboard_domain::conversation::default_service_sid;
use switchboard_tests::ACCOUNT;

use super::{a_flow, world};

#[tokio::test]
async fn every_account_has_a_default_service_with_one_identifier() {
    let world = world().await;
    let settings = world.get("/v1/Configuration").await.expect(200);
    let sid = default_service_sid(ACCOUNT.parse().unwrap()).to_string();
    assert_eq!(settings["default_chat_service_sid"], sid);
    let service = world.get(&format!("/v1/Services/{sid}")).await.expect(200);
    assert_eq!(service["friendly_name"], "Flex Chat Service");
    let all = world.get("/v1/Services").await.expect(200);
    assert_eq!(all["services"].as_array().unwrap().len(), 1);
    world.delete_with_webhooks(&format!("/v1/Services/{sid}")).await.refused(400, 20001);
}

#[tokio::test]
async fn another_service_can_be_the_default_one() {
    let world = world().await;
    let other = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let settings = world
        .post(
            "/v1/Configuration",
            &[
                ("DefaultChatServiceSid", &other),
                ("DefaultInactiveTimer", "PT1M"),
                ("DefaultClosedTimer", "P7D"),
            ],
        )
        .await
        .expect(200);
    assert_eq!(settings["default_chat_service_sid"], other);
    let conversation = world.post("/v1/Conversations", &[]).await.expect(201);
    assert_eq!(conversation["chat_service_sid"], other);
    let again = world.post("/v1/Configuration", &[("DefaultClosedTimer", "")]).await.expect(200);
    assert_eq!(again["default_inactive_timer"], "PT1M");
    assert_eq!(again["default_closed_timer"], json!(null));
}

#[tokio::test]
async fn settings_that_make_no_sense_are_refused_with_their_codes() {
    let world = world().await;
    for (name, value, code) in [
        ("DefaultInactiveTimer", "PT59S", 50375),
        ("DefaultClosedTimer", "PT599S", 50376),
        ("DefaultInactiveTimer", "P6M", 50379),
        ("DefaultClosedTimer", "soon", 50380),
        ("DefaultChatServiceSid", "IS00000000000000000000000000000009", 50050),
        ("DefaultMessagingServiceSid", "MG00000000000000000000000000000009", 50342),
    ] {
        world.post("/v1/Configuration", &[(name, value)]).await.refused(400, code);
    }
    world.post("/v1/Services", &[]).await.refused(400, 20001);
    for (name, value, code) in [
        ("PostWebhookUrl", "example.com", 20001),
        ("Filters", "onSunrise", 50365),
        ("Method", "PUT", 50055),
        ("Target", "fax", 50364),
    ] {
        world.post("/v1/Configuration/Webhooks", &[(name, value)]).await.refused(400, code);
    }
    let long = format!("https://example.com/{}", "a".repeat(3000));
    let long = [("PreWebhookUrl", long.as_str())];
    world.post("/v1/Configuration/Webhooks", &long).await.refused(400, 50372);
}

#[tokio::test]
async fn a_service_with_conversations_stays() {
    let world = world().await;
    let sid = world.post("/v1/Services", &[("FriendlyName", "Other")]).await.text("sid");
    let path = format!("/v1/Services/{sid}");
    let conversations = format!("{path}/Conversations");
    let inside = world.post(&conversations, &[]).await.text("sid");
    world.delete_with_webhooks(&path).await.refused(400, 20001);
    world.delete_with_webhooks(&format!("{conversations}/{inside}")).await.expect(204);
    world.delete_with_webhooks(&path).await.expect(204);
    world.delete_with_webhooks(&path).await.refused(404, 20404);
    world.post(&conversations, &[]).await.refused(404, 20404);
}

#[tokio::test]
async fn an_address_is_configured_once_and_found_by_itself() {
    let world = world().await;
    let form = [
        ("Type", "SMS"),
        ("Address", "+18005550199"),
        ("FriendlyName", "Front desk"),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "Webhook"),
        ("AutoCreation.WebhookUrl", "https://example.com/hook"),
        ("AutoCreation.WebhookMethod", "POST"),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
        ("AutoCreation.WebhookFilters", "onParticipantAdded"),
    ];
    let made = world.post("/v1/Configuration/Addresses", &form).await.expect(201);
    assert_eq!(made["auto_creation"]["webhook_filters"].as_array().unwrap().len(), 2);
    world.post("/v1/Configuration/Addresses", &form).await.refused(409, 20409);
    let found = world.get("/v1/Configuration/Addresses/%2B18005550199").await.expect(200);
    assert_eq!(found["sid"], made["sid"]);

    let flow = a_flow(&world).await;
    let path = "/v1/Configuration/Addresses/+18005550199";
    let changed = world
        .post(
            path,
            &[
                ("AutoCreation.Type", "studio"),
                ("AutoCreation.StudioFlowSid", &flow),
                ("AutoCreation.StudioRetryCount", "3"),
            ],
        )
        .await
        .expect(200);
    assert_eq!(changed["auto_creation"]["studio_flow_sid"], flow);
    assert_eq!(changed["auto_creation"]["enabled"], true);
    assert_eq!(changed["friendly_name"], "Front desk");
    let same = world.post(path, &[]).await.expect(200);
    assert_eq!(same, changed);

    let listed = |kind: &str| format!("/v1/Configuration/Addresses?Type={kind}");
    let sms = world.get(&listed("sms")).await.expect(200);
    assert_eq!(sms["address_configurations"].as_array().unwrap().len(), 1);
    let whatsapp = world.get(&listed("whatsapp")).await.expect(200);
    assert_eq!(whatsapp["address_configurations"], json!([]));
    world.delete_with_webhooks(path).await.expect(204);
    world.delete_with_webhooks(path).await.refused(404, 20404);
}

#[tokio::test]
async fn an_address_without_a_working_handler_is_refused() {
    let world = world().await;
    let path = "/v1/Configuration/Addresses";
    for (name, value, code) in [
        ("Type", "fax", 20001),
        ("Type", "whatsapp", 20001),
        ("AutoCreation.Type", "fax", 45762),
        ("AutoCreation.Type", "webhook", 45764),
        ("AutoCreation.Type", "studio", 45763),
        ("AutoCreation.ConversationServiceSid", "IS1", 50050),
        ("AutoCreation.Enabled", "perhaps", 20001),
        ("AddressCountry", "Atlantis", 20001),
    ] {
        let form = [("Type", "sms"), ("Address", "+18005550199"), (name, value)];
        world.post(path, &form).await.refused(400, code);
    }
    let unknown = [
        ("Type", "sms"),
        ("Address", "+18005550199"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", "FW00000000000000000000000000000009"),
    ];
    world.post(path, &unknown).await.refused(400, 50367);
    world.post(path, &[("Type", "sms")]).await.refused(400, 20001);
}

#[tokio::test]
async fn an_address_takes_no_parameters_of_another_kind_of_handler() {
    let world = world().await;
    let flow = a_flow(&world).await;
    let addresses = "/v1/Configuration/Addresses";
    let webhook = [
        ("AutoCreation.WebhookUrl", "https://example.com"),
        ("AutoCreation.WebhookMethod", "GET"),
        ("AutoCreation.WebhookFilters", "onMessageAdded"),
    ];
    let studio = [
        ("Type", "sms"),
        ("Address", "+18005550199"),
        ("AutoCreation.Type", "studio"),
        ("AutoCreation.StudioFlowSid", flow.as_str()),
    ];
    for dropped in webhook {
        let form = [&studio[..], &[dropped]].concat();
        let words = world.post(addresses, &form).await.refused(400, 20001);
        assert!(words.contains(dropped.0), "{words}");
    }
    let made = world.post(addresses, &studio).await.expect(201);
    let url = made["url"].as_str().unwrap().to_owned();
    for dropped in webhook {
        let words = world.post(&url, &[dropped]).await.refused(400, 20001);
        assert!(words.contains(dropped.0), "{words}");
    }
    assert_eq!(world.get(&url).await.expect(200), made);
    let other =
        [("AutoCreation.Type", "webhook"), ("AutoCreation.StudioRetryCount", "1"), webhook[0]];
    world.post(&url, &other).await.refused(400, 20001);
    let changed = world.post(&url, &[other[0], webhook[0]]).await.expect(200);
    assert_eq!(changed["auto_creation"]["webhook_url"], "https://example.com");
}
