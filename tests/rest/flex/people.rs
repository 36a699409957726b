//! Who is in a channel beside its customer and its agent (rules C.6, C.12), and who is written to first (rule C.2).

use serde_json::{Value, json};
use switchboard_tests::Answered;

use super::{
    CONVERSATIONS, CUSTOMER, DESK, Support, World, a_conversation, an_interaction, channel,
    channel_of, conversation_of, create, seated, text, world,
};

async fn adds(world: &World, interaction: &Value, kind: &str, media: &Value) -> Answered {
    let media = media.to_string();
    let form = [("Type", kind), ("MediaProperties", media.as_str())];
    world.post(&format!("{}/Participants", channel_of(interaction)), &form).await
}

/// Somebody posts; how many get a copy by their channel.
async fn posts(world: &World, interaction: &Value, author: &str) -> Result<usize, (u16, u64)> {
    let conversation = text(&conversation_of(world, interaction).await, "sid");
    let messages = format!("{CONVERSATIONS}/{conversation}/Messages");
    let answered = world.post(&messages, &[("Author", author), ("Body", "hello")]).await;
    if answered.code().is_some() {
        return Err(answered.refusal());
    }
    let sid = answered.text("sid");
    let receipts = world.get(&format!("{messages}/{sid}/Receipts")).await.expect(200);
    Ok(receipts["delivery_receipts"].as_array().unwrap().len())
}

#[tokio::test]
async fn c12_a_supervisor_listens_coaches_or_joins() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    for (name, mode, outcome) in [
        ("ear", json!(null), Err((403, 50400))),
        ("ear2", json!("listen"), Err((403, 50400))),
        ("coach", json!("coach"), Ok(0)),
        ("third", json!("join"), Ok(1)),
    ] {
        let media = json!({ "identity": name, "mode": mode });
        let added = adds(&world, &made, "supervisor", &media).await.expect(200);
        assert_eq!(added["type"], "supervisor");
        let posted = posts(&world, &made, name).await;
        match outcome {
            Ok(copies) => assert_eq!(posted, Ok(copies), "{name}"),
            Err((status, _)) => assert_eq!(posted.unwrap_err().0, status, "{name}"),
        }
    }
    assert_eq!(posts(&world, &made, "Alice").await, Ok(1), "as ever");
}

#[tokio::test]
async fn c6_every_kind_of_participant_is_added_and_what_contradicts_itself_is_not() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    for kind in ["customer", "external", "unknown"] {
        let added = adds(&world, &made, kind, &json!({ "identity": kind })).await.expect(200);
        assert_eq!(text(&added, "type"), kind);
    }
    let pair = json!({ "address": "+14155550177", "proxy_address": DESK });
    adds(&world, &made, "customer", &pair).await.expect(200);
    for (kind, media, code) in [
        ("agent", json!({ "identity": "bob" }), 45367),
        ("supervisor", json!({ "identity": "eve", "mode": "shout" }), 45367),
        ("supervisor", json!({ "identity": "eve", "mode": "coach" }), 45367),
        ("external", json!({ "identity": "eve", "mode": "listen" }), 45367),
        ("supervisor", json!({}), 45351),
        ("nobody", json!({ "identity": "eve" }), 45367),
    ] {
        let refusal = adds(&world, &made, kind, &media).await.refusal();
        assert_eq!(refusal, (400, code), "{kind} {media}");
    }
    world.post(&channel_of(&made), &[("Status", "closed")]).await.expect(200);
    adds(&world, &made, "external", &json!({ "identity": "late" })).await.refused(400, 45376);
}

#[tokio::test]
async fn c6_the_wrap_up_of_one_agent_touches_no_other() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    centre.accepts(&world).await;
    let capacity = format!("{}/Workers/{}/Channels/default", centre.path, centre.alice);
    let sms = format!("{}/Workers/{}/Channels/sms", centre.path, centre.alice);
    for channel in [capacity, sms] {
        world.post(&channel, &[("Capacity", "3")]).await.ok();
    }
    let routing = centre.to_alice().to_string();
    let invites = format!("{}/Invites", channel_of(&made));
    let invited = world.post(&invites, &[("Routing", &routing)]).await.expect(200);
    centre.accepts(&world).await;
    let seats = seated(&world, &channel_of(&made)).await;
    assert_eq!(seats.len(), 3, "the customer and two seats");
    world.post(&text(&seats[1], "url"), &[("Status", "wrapup")]).await.expect(200);
    world.settles().await;
    let first = centre.task(&world, &super::task_of(&made)).await;
    let second = centre.task(&world, &super::task_of(&invited)).await;
    assert_eq!(
        (&first["assignment_status"], &second["assignment_status"]),
        (&json!("wrapping"), &json!("assigned"))
    );
    world.post(&text(&seats[1], "url"), &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    let second = centre.task(&world, &super::task_of(&invited)).await;
    assert_eq!(second["assignment_status"], "assigned");
    assert_eq!(conversation_of(&world, &made).await["state"], "active");
}

fn outbound(by: &str, message: &Value) -> Value {
    let participants = json!([{ "address": CUSTOMER, "proxy_address": DESK }]);
    json!({ "type": "sms", "initiated_by": by, "participants": participants, "message": message })
}

#[tokio::test]
async fn c2_the_first_message_goes_out_with_the_conversation_that_it_opens() {
    for by in ["agent", "api"] {
        let world = world().await;
        let centre = Support::open(&world).await;
        let context = format!("HQ{}", "a".repeat(32));
        let channel = outbound(by, &json!({ "body": "Your parcel is here", "author": "Alice" }));
        let (channel, routing) = (channel.to_string(), centre.to_alice().to_string());
        let form = [
            ("Channel", channel.as_str()),
            ("Routing", &routing),
            ("InteractionContextSid", &context),
        ];
        let made = world.post(super::INTERACTIONS, &form).await.expect(200);
        assert_eq!(text(&made, "interaction_context_sid"), context);
        let conversation = text(&conversation_of(&world, &made).await, "sid");
        let messages = format!("{CONVERSATIONS}/{conversation}/Messages");
        let messages = world.get(&messages).await.expect(200);
        let first = &messages["messages"][0];
        assert_eq!(
            (text(first, "author"), text(first, "body")),
            ("Alice".to_owned(), "Your parcel is here".to_owned())
        );
        let receipts = text(&first["links"], "delivery_receipts");
        world.settles().await;
        let receipts = world.get(&receipts).await.expect(200);
        assert_eq!(receipts["delivery_receipts"][0]["status"], "sent", "{receipts}");
        assert_eq!(super::attributes_of(&made)["initiatedBy"], by);
    }
}

#[tokio::test]
async fn c2_a_first_message_that_cannot_be_sent_opens_nothing() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let none = format!("HX{}", "0".repeat(32));
    let mut on_whatsapp = outbound("api", &json!({ "body": "hello" }));
    on_whatsapp["type"] = json!("whatsapp");
    for (channel, code) in [
        (outbound("api", &json!({})), 45352),
        (on_whatsapp, 45352),
        (outbound("api", &json!({ "body": "x".repeat(1601) })), 50511),
    ] {
        let answered = create(&world, &channel, &centre.to_alice()).await;
        let (status, given) = answered.refusal();
        assert!((400..500).contains(&status), "{channel}");
        assert!(given == code || code == 50511, "{given} of {channel}");
    }
    let unknown = outbound("api", &json!({ "content_sid": none }));
    let (status, _) = create(&world, &unknown, &centre.to_alice()).await.refusal();
    assert_eq!(status, 400);
    let conversation = a_conversation(&world).await;
    let mut by_customer = channel(&conversation);
    by_customer["message"] = json!({ "body": "hello" });
    create(&world, &by_customer, &centre.routing()).await.refused(400, 45352);
    let mut chat = outbound("api", &json!(null));
    chat["type"] = json!("chat");
    create(&world, &chat, &centre.routing()).await.refused(400, 45351);
    let tasks = world.get(&format!("{}/Tasks", centre.path)).await.expect(200);
    assert_eq!(tasks["tasks"], json!([]));
}
