//! Interactions: what ties a conversation to the task that finds an agent for it.

use serde_json::{Value, json};

use super::{
    CONVERSATIONS, CUSTOMER, DESK, INTERACTIONS, Support, World, a_conversation, an_interaction,
    attributes_of, channel, channel_of, conversation_of, create, seated, task_of, text, world,
};

#[tokio::test]
async fn an_interaction_ties_the_conversation_of_a_customer_to_a_task() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let mut routing = centre.routing();
    let given = json!({ "topic": "help", "customerName": "Ann", "customerAddress": CUSTOMER });
    routing["properties"]["attributes"] = given;
    routing["properties"]["priority"] = json!(7);
    let made = create(&world, &channel(&conversation), &routing).await.expect(200);
    let task = &made["routing"]["properties"];
    for (name, value) in [
        ("workspace_sid", json!(centre.workspace)),
        ("workflow_sid", json!(centre.workflow)),
        ("workflow_name", json!("workflow")),
        ("queue_sid", json!(centre.queue)),
        ("queue_name", json!("everybody")),
        ("task_channel_unique_name", json!("sms")),
        ("assignment_status", json!("pending")),
        ("priority", json!(7)),
        ("timeout", json!(86_400)),
        ("age", json!(0)),
    ] {
        assert_eq!(task[name], value, "{name}");
    }
    assert_eq!(made["routing"]["reservation"], Value::Null);
    let attributes = attributes_of(&made);
    for (name, value) in [
        ("flexInteractionSid", made["sid"].clone()),
        ("flexInteractionChannelSid", made["channel"]["sid"].clone()),
        ("conversationSid", json!(conversation)),
        ("channelType", json!("sms")),
        ("direction", json!("inbound")),
        ("initiatedBy", json!("customer")),
        ("topic", json!("help")),
        ("customers", json!({ "name": "Ann", "phone": CUSTOMER, "email": null })),
    ] {
        assert_eq!(attributes[name], value, "{name}");
    }
    let asked = world.asked();
    assert!(asked.iter().any(|it| it["subject"]["task"] == task["sid"]), "{asked:?}");
    let customers = seated(&world, &channel_of(&made)).await;
    assert_eq!(customers.len(), 1);
    assert_eq!(customers[0]["type"], "customer");
    assert_eq!(centre.task(&world, &task_of(&made)).await["attributes"], task["attributes"]);
}

#[tokio::test]
async fn a_conversation_has_one_interaction_however_often_it_is_asked_for() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let channel = channel(&conversation);
    let made = create(&world, &channel, &centre.routing()).await.expect(200);
    world.asked();
    let again = create(&world, &channel, &centre.routing()).await.expect(200);
    assert_eq!(again, made);
    assert_eq!(world.asked(), Vec::<Value>::new());
    let tasks = world.get(&format!("{}/Tasks", centre.path)).await.expect(200);
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn c10_a_webhook_that_is_not_there_cannot_be_named() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let (channel, routing) = (channel(&conversation).to_string(), centre.routing().to_string());
    let named = ("WebhookTtid", "flex_1");
    let form = [("Channel", channel.as_str()), ("Routing", &routing), named];
    let words = world.post(INTERACTIONS, &form).await.refused(400, 45366);
    assert!(words.contains("WebhookTtid"), "{words}");
    let made = world.post(INTERACTIONS, &form[..2]).await.expect(200);
    assert_eq!(made["webhook_ttid"], Value::Null);
    let url = text(&made, "url");
    assert_eq!(world.post(&url, &[]).await.expect(200), made);
    assert_eq!(world.post(&url, &[("WebhookTtid", "")]).await.expect(200), made);
    for (wrong, code) in [(named, 45366), (("Channel", "{}"), 20001)] {
        world.post(&url, &[wrong]).await.refused(400, code);
    }
    assert_eq!(world.get(&url).await.expect(200), made);
}

#[tokio::test]
async fn an_interaction_of_the_api_brings_its_own_conversation_or_nothing_at_all() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let customer = json!({ "address": CUSTOMER, "proxy_address": DESK });
    let participants = json!([customer, { "identity": "visitor" }]);
    let channel = json!({ "type": "sms", "initiated_by": "api", "participants": participants });
    let made = create(&world, &channel, &centre.routing()).await.expect(200);
    let conversation = conversation_of(&world, &made).await;
    assert_eq!(conversation["state"], "active");
    let inside = format!("{CONVERSATIONS}/{}/Participants", text(&conversation, "sid"));
    let inside = world.get(&inside).await.expect(200);
    assert_eq!(inside["participants"].as_array().unwrap().len(), 2);
    assert_eq!(attributes_of(&made)["direction"], "inbound");

    let message = create(&world, &channel, &centre.routing()).await.refused(409, 50416);
    assert!(message.ends_with(&text(&conversation, "sid")), "{message}");
    let all = world.get(CONVERSATIONS).await.expect(200);
    assert_eq!(all["conversations"].as_array().unwrap().len(), 1);
    let tasks = world.get(&format!("{}/Tasks", centre.path)).await.expect(200);
    assert_eq!(tasks["tasks"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn an_agent_who_writes_first_gets_the_task() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let participants = json!([{ "address": CUSTOMER, "proxy_address": DESK }]);
    let channel = json!({ "type": "sms", "initiated_by": "agent", "participants": participants });
    create(&world, &channel, &centre.routing()).await.refused(400, 45366);
    let made = create(&world, &channel, &centre.to_alice()).await.expect(200);
    assert_eq!(made["routing"]["properties"]["routing_target"], json!(centre.alice));
    let attributes = attributes_of(&made);
    assert_eq!(
        (&attributes["direction"], &attributes["initiatedBy"]),
        (&json!("outbound"), &json!("agent"))
    );
    let accepted = centre.accepts(&world).await;
    assert_eq!(text(&accepted, "task_sid"), task_of(&made));
    assert_eq!(seated(&world, &channel_of(&made)).await[1]["type"], "agent");
}

#[tokio::test]
async fn a_conversation_that_is_closed_or_empty_gets_no_channel() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let empty = world.post(CONVERSATIONS, &[]).await.text("sid");
    create(&world, &channel(&empty), &centre.routing()).await.refused(400, 45355);
    world.post(&format!("{CONVERSATIONS}/{empty}"), &[("State", "closed")]).await.expect(200);
    create(&world, &channel(&empty), &centre.routing()).await.refused(400, 45354);

    let conversation = a_conversation(&world).await;
    let made = create(&world, &channel(&conversation), &centre.routing()).await.expect(200);
    world.post(&channel_of(&made), &[("Status", "closed")]).await.expect(200);
    create(&world, &channel(&conversation), &centre.routing()).await.refused(400, 45354);
    let path = format!("{CONVERSATIONS}/{conversation}");
    world.delete(&path).await.expect(204);
    create(&world, &channel(&conversation), &centre.routing()).await.refused(400, 45354);
}

#[tokio::test]
async fn a_channel_that_says_too_little_is_refused() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let routing = centre.routing().to_string();
    world.post(INTERACTIONS, &[("Routing", &routing)]).await.refused(400, 45366);
    world.post(INTERACTIONS, &[("Routing", &routing), ("Channel", "{")]).await.refused(400, 20001);
    let nowhere = format!("CH{}", "0".repeat(32));
    for (name, value, code) in [
        ("type", json!(null), 45366),
        ("type", json!("fax"), 45366),
        ("initiated_by", json!(null), 45366),
        ("initiated_by", json!("nobody"), 45366),
        ("initiated_by", json!("agent"), 45366),
        ("properties", json!({}), 45366),
        ("properties", json!({ "media_channel_sid": "CH1" }), 45366),
        ("properties", json!({ "media_channel_sid": nowhere }), 45366),
        ("participants", json!([{}]), 45351),
        ("participants", json!([{ "identity": "a", "address": CUSTOMER }]), 45351),
        ("participants", json!([{ "address": CUSTOMER }]), 45351),
        ("participants", json!([{ "proxy_address": DESK }]), 45351),
        ("participants", json!([{ "address": "nobody at all", "proxy_address": DESK }]), 45351),
    ] {
        let mut channel = channel(&conversation);
        channel[name] = value;
        let refusal = create(&world, &channel, &centre.routing()).await.refusal();
        assert_eq!(refusal, (400, code), "{channel}");
    }
    is_untouched(&world, &centre).await;
}

#[tokio::test]
async fn a_customer_is_written_to_from_an_address_of_ours_alone() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let by = |proxy: &str| {
        let participants = json!([{ "address": CUSTOMER, "proxy_address": proxy }]);
        json!({ "type": "sms", "initiated_by": "api", "participants": participants })
    };
    let strangers = by("+18005550111");
    create(&world, &strangers, &centre.routing()).await.refused(400, 50413);
    create(&world, &by(DESK), &centre.routing()).await.expect(200);
}

#[tokio::test]
async fn a_routing_that_leads_nowhere_is_refused() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let channel = channel(&conversation);
    world.post(INTERACTIONS, &[("Channel", &channel.to_string())]).await.refused(400, 45366);
    let none = |prefix: &str| json!(format!("{prefix}{}", "0".repeat(32)));
    for (name, value) in [
        ("workspace_sid", json!(null)),
        ("workspace_sid", json!("WS1")),
        ("workspace_sid", none("WS")),
        ("workflow_sid", none("WW")),
        ("task_channel_unique_name", json!("fax")),
        ("task_channel_sid", none("TC")),
        ("worker_sid", json!(centre.alice)),
        ("attributes", json!("{")),
        ("attributes", json!({ "long": "a".repeat(4096) })),
        ("priority", json!(-1)),
        ("timeout", json!(1_209_601)),
    ] {
        let mut routing = centre.routing();
        routing["properties"][name] = value;
        let refusal = create(&world, &channel, &routing).await.refusal();
        assert_eq!(refusal, (400, 45366), "{routing}");
    }
    for name in ["worker_sid", "queue_sid"] {
        let mut routing = centre.to_alice();
        routing["properties"][name] = none(if name == "worker_sid" { "WK" } else { "WQ" });
        create(&world, &channel, &routing).await.refused(400, 45366);
    }
    let second = [("FriendlyName", "B"), ("Configuration", r#"{"task_routing":{"filters":[]}}"#)];
    world.post(&format!("{}/Workflows", centre.path), &second).await.expect(201);
    let message = create(&world, &channel, &centre.routing()).await.refused(400, 45366);
    assert!(message.contains("workflow_sid"), "{message}");
    is_untouched(&world, &centre).await;
}

/// No request left anything behind.
async fn is_untouched(world: &World, centre: &Support) {
    let tasks = world.get(&format!("{}/Tasks", centre.path)).await.expect(200);
    assert_eq!(tasks["tasks"], json!([]));
    let all = world.get(CONVERSATIONS).await.expect(200);
    assert_eq!(all["conversations"].as_array().unwrap().len(), 1);
}

#[tokio::test]
async fn missing_interactions_are_not_found() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    let unknown = format!("{INTERACTIONS}/KD{}", "0".repeat(32));
    let wrong = format!("{}/Channels/UO{}", text(&made, "url"), "0".repeat(32));
    for path in [
        unknown.clone(),
        format!("{INTERACTIONS}/KD1"),
        format!("{unknown}/Channels"),
        format!("{wrong}/Invites"),
        format!("{wrong}/Participants"),
        format!("{wrong}/Transfers"),
        wrong.clone(),
    ] {
        assert_eq!(world.get(&path).await.refusal(), (404, 20404), "{path}");
    }
    let media = json!({ "identity": "supervisor" }).to_string();
    let routing = centre.routing().to_string();
    for (path, form) in [
        (unknown, vec![("WebhookTtid", "flex_1")]),
        (wrong.clone(), vec![("Status", "closed")]),
        (format!("{wrong}/Invites"), vec![("Routing", routing.as_str())]),
        (
            format!("{wrong}/Participants"),
            vec![("Type", "supervisor"), ("MediaProperties", &media)],
        ),
    ] {
        assert_eq!(world.post(&path, &form).await.refusal(), (404, 20404), "{path}");
    }
}
