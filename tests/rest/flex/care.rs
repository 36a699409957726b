//! Who is responsible for an interaction, and what is done when nobody is (rules C.15 to C.18).

use std::collections::BTreeSet;

use serde_json::{Value, json};

use super::{
    CONVERSATIONS, CUSTOMER, DESK, INTERACTIONS, Support, a_conversation, an_interaction, channel,
    channel_of, conversation_of, create, seated, task_of, text, world,
};
use crate::world::World;

const ADDRESSES: &str = "/conversations/v1/Configuration/Addresses";

async fn responsible(world: &World, interaction: &Value) -> Value {
    world.get(&format!("{}/Responsible", text(interaction, "url"))).await.expect(200)
}

async fn waiting(world: &World) -> Vec<Value> {
    let page = world.get("/flex-api/v1/Waiting").await.expect(200);
    page["interactions"].as_array().unwrap().clone()
}

/// The customer writes: a message by REST in their name.
async fn writes(world: &World, interaction: &Value) {
    let conversation = conversation_of(world, interaction).await;
    let messages = format!("{CONVERSATIONS}/{}/Messages", text(&conversation, "sid"));
    let form = [("Author", CUSTOMER), ("Body", "are you there?")];
    world.post(&messages, &form).await.expect(201);
    world.settles().await;
}

/// Whoever is in the seat leaves it, and the conversation goes on.
async fn parks(world: &World, interaction: &Value) {
    let all = seated(world, &channel_of(interaction)).await;
    let agent = all.iter().find(|one| one["type"] == "agent").unwrap();
    world.post(&text(agent, "url"), &[("Status", "closed")]).await.expect(200);
    world.settles().await;
}

async fn cancels(world: &World, centre: &Support, task: &str) {
    let form = [("AssignmentStatus", "canceled"), ("Reason", "nobody")];
    world.post(&format!("{}/Tasks/{task}", centre.path), &form).await.expect(200);
    world.settles().await;
}

/// The fallback of these leads through the workflow of the centre.
fn fallback(centre: &Support) -> String {
    json!({ "workspace_sid": centre.workspace, "workflow_sid": centre.workflow }).to_string()
}

async fn an_address(world: &World) -> Value {
    world.post(ADDRESSES, &[("Type", "sms"), ("Address", DESK)]).await.expect(201)
}

async fn invites(world: &World, interaction: &Value) -> Vec<Value> {
    let page = world.get(&format!("{}/Invites", channel_of(interaction))).await.expect(200);
    page["invites"].as_array().unwrap().clone()
}

#[tokio::test]
async fn c5_a_conversation_whose_task_is_canceled_waits_and_is_listed_until_somebody_is_invited() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    assert_eq!(responsible(&world, &made).await["responsible"], "invited");
    assert!(waiting(&world).await.is_empty());
    cancels(&world, &centre, &task_of(&made)).await;
    let who = responsible(&world, &made).await;
    assert_eq!((&who["responsible"], &who["cause"]), (&json!("waiting"), &json!("task_canceled")));
    assert_eq!(who["last_workflow_sid"], json!(centre.workflow));
    assert_eq!(waiting(&world).await, [who]);
    assert_eq!(conversation_of(&world, &made).await["state"], "active", "it stays open");
    let routing = centre.routing().to_string();
    let again = format!("{}/Invites", channel_of(&made));
    world.post(&again, &[("Routing", &routing)]).await.expect(200);
    world.settles().await;
    let who = responsible(&world, &made).await;
    assert_eq!((&who["responsible"], &who["cause"]), (&json!("invited"), &Value::Null));
    assert!(waiting(&world).await.is_empty());
    centre.accepts(&world).await;
    assert_eq!(responsible(&world, &made).await["responsible"], "agent");
}

#[tokio::test]
async fn c4_a_declined_direct_invite_goes_to_the_fallback_of_its_address_once() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let address = an_address(&world).await;
    let care = format!("/flex-api/v1/Addresses/{}/Care", text(&address, "sid"));
    world.post(&care, &[("Fallback", &fallback(&centre))]).await.expect(200);
    let conversation = a_conversation(&world).await;
    let mut routing = centre.to_alice();
    routing["properties"]["attributes"] = json!({ "topic": "refund" });
    let made = create(&world, &channel(&conversation), &routing).await.expect(200);
    world.settles().await;
    let reservations = format!("{}/Workers/{}/Reservations", centre.path, centre.alice);
    let pending = world.get(&format!("{reservations}?ReservationStatus=pending")).await.expect(200);
    let offer = text(&pending["reservations"][0], "sid");
    let rejected = [("ReservationStatus", "rejected")];
    world.post(&format!("{reservations}/{offer}"), &rejected).await.expect(200);
    world.settles().await;
    let all = invites(&world, &made).await;
    assert_eq!(all.len(), 2, "one more invite");
    let second = &all[1]["routing"]["properties"];
    let attributes: Value = serde_json::from_str(second["attributes"].as_str().unwrap()).unwrap();
    assert_eq!(attributes["topic"], "refund", "with what the last task said");
    cancels(&world, &centre, &text(second, "sid")).await;
    assert_eq!(invites(&world, &made).await.len(), 2, "its own end asks nobody");
    assert_eq!(waiting(&world).await.len(), 1);
    writes(&world, &made).await;
    writes(&world, &made).await;
    assert_eq!(invites(&world, &made).await.len(), 3, "the customer's next message asks again");
    assert_eq!(responsible(&world, &made).await["responsible"], "invited");
}

#[tokio::test]
async fn c6_c8_who_parks_is_brought_back_by_the_customer_once_where_that_is_asked_for() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    let care = format!("{}/Care", text(&made, "url"));
    world.post(&care, &[("Resume", "workflow")]).await.expect(200);
    centre.accepts(&world).await;
    parks(&world, &made).await;
    let who = responsible(&world, &made).await;
    assert_eq!((&who["responsible"], &who["cause"]), (&json!("parked"), &json!("agent_left")));
    assert_eq!(who["last_worker_sid"], json!(centre.alice));
    assert!(waiting(&world).await.is_empty(), "it is nobody's to look after");
    for _ in 0..3 {
        writes(&world, &made).await;
    }
    let all = invites(&world, &made).await;
    assert_eq!(all.len(), 2, "a burst brings it back once");
    let second = &all[1]["routing"]["properties"];
    let attributes: Value = serde_json::from_str(second["attributes"].as_str().unwrap()).unwrap();
    assert_eq!(attributes["originalRouting"]["workerSid"], json!(centre.alice));
    assert_eq!(second["workflow_sid"], json!(centre.workflow));
    centre.accepts(&world).await;
    assert_eq!(responsible(&world, &made).await["responsible"], "agent");
}

#[tokio::test]
async fn c6_who_parks_without_asking_for_more_leaves_a_conversation_that_stays_parked() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    centre.accepts(&world).await;
    parks(&world, &made).await;
    writes(&world, &made).await;
    assert_eq!(invites(&world, &made).await.len(), 1);
    assert_eq!(responsible(&world, &made).await["responsible"], "parked");
}

#[tokio::test]
async fn c7_a_dormant_channel_wakes_with_the_next_invite() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    centre.accepts(&world).await;
    let form = [("Status", "inactive"), ("Routing", r#"{"status":"closed"}"#)];
    world.post(&channel_of(&made), &form).await.expect(200);
    world.settles().await;
    let who = responsible(&world, &made).await;
    assert_eq!(who["cause"], "channel_inactive");
    assert_eq!(centre.task(&world, &task_of(&made)).await["assignment_status"], "completed");
    let routing = centre.routing().to_string();
    let again = format!("{}/Invites", channel_of(&made));
    world.post(&again, &[("Routing", &routing)]).await.expect(200);
    assert_eq!(world.get(&channel_of(&made)).await.expect(200)["status"], "active");
}

#[tokio::test]
async fn c7_a_conversation_that_is_closed_or_removed_takes_its_channel_and_tasks_with_it() {
    for removed in [false, true] {
        let world = world().await;
        let centre = Support::open(&world).await;
        let made = an_interaction(&world, &centre).await;
        centre.accepts(&world).await;
        let routing = centre.routing().to_string();
        let more = format!("{}/Invites", channel_of(&made));
        let second = world.post(&more, &[("Routing", &routing)]).await.expect(200);
        let conversation = conversation_of(&world, &made).await;
        let path = format!("{CONVERSATIONS}/{}", text(&conversation, "sid"));
        match removed {
            true => world.delete(&path).await.expect(204),
            false => world.post(&path, &[("State", "closed")]).await.expect(200),
        };
        world.settles().await;
        assert_eq!(world.get(&channel_of(&made)).await.expect(200)["status"], "closed");
        assert_eq!(responsible(&world, &made).await["responsible"], "closed");
        let (first, second) = (task_of(&made), task_of(&second));
        assert_eq!(centre.task(&world, &first).await["assignment_status"], "wrapping");
        assert_eq!(centre.task(&world, &second).await["assignment_status"], "canceled");
    }
}

#[tokio::test]
async fn the_care_of_an_address_is_kept_shown_and_taken_back() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let address = an_address(&world).await;
    let care = format!("/flex-api/v1/Addresses/{}/Care", text(&address, "sid"));
    let nothing = world.get(&care).await.expect(200);
    assert_eq!((&nothing["fallback"], &nothing["resume"]), (&Value::Null, &Value::Null));
    let fallback = fallback(&centre);
    let form = [
        ("Fallback", fallback.as_str()),
        ("Resume", "worker"),
        ("CloseAfter", "PT10M"),
        ("CollectSeconds", "5"),
    ];
    let set = world.post(&care, &form).await.expect(200);
    assert_eq!(set["fallback"]["workflow_sid"], json!(centre.workflow));
    assert_eq!((&set["resume"], &set["close_after_seconds"]), (&json!("worker"), &json!(600)));
    assert_eq!(set["collect_seconds"], 5);
    let by_name = world.get(&format!("/flex-api/v1/Addresses/{DESK}/Care")).await.expect(200);
    assert_eq!(by_name, set);
    let named = [("FriendlyName", "desk")];
    world.post(&text(&address, "url"), &named).await.expect(200);
    assert_eq!(world.get(&care).await.expect(200), set, "a change of the address leaves it alone");
    let less = [("Fallback", ""), ("CloseAfter", ""), ("CollectSeconds", "0")];
    let less = world.post(&care, &less).await.expect(200);
    assert_eq!((&less["fallback"], &less["resume"]), (&Value::Null, &json!("worker")));
    world.delete(&care).await.expect(204);
    assert_eq!(world.get(&care).await.expect(200), nothing);
}

#[tokio::test]
async fn care_that_leads_nowhere_or_says_too_much_is_refused() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    let care = format!("{}/Care", text(&made, "url"));
    let priority = json!({ "workspace_sid": centre.workspace, "priority": 1 }).to_string();
    let elsewhere = json!({ "workspace_sid": centre.workspace, "workflow_sid":
        "WWffffffffffffffffffffffffffffffff" })
    .to_string();
    for (name, value) in [
        ("Resume", "later"),
        ("CloseAfter", "PT9M"),
        ("CloseAfter", "soon"),
        ("CollectSeconds", "5"),
        ("Fallback", "[]"),
        ("Fallback", &priority),
        ("Aggregate", "5"),
    ] {
        world.post(&care, &[(name, value)]).await.refused(400, 20001);
    }
    assert_eq!(world.post(&care, &[("Fallback", &elsewhere)]).await.status, 400);
    assert_eq!(world.post(&care, &[("Fallback", "{}")]).await.status, 400);
    let address = an_address(&world).await;
    let of_address = format!("/flex-api/v1/Addresses/{}/Care", text(&address, "sid"));
    world.post(&of_address, &[("CollectSeconds", "11")]).await.refused(400, 20001);
    let missing = "/flex-api/v1/Addresses/IGffffffffffffffffffffffffffffffff/Care";
    world.get(missing).await.refused(404, 20404);
    world.get("/flex-api/v1/Addresses/+18005550111/Care").await.refused(404, 20404);
    let missing = format!("{INTERACTIONS}/KDffffffffffffffffffffffffffffffff");
    world.get(&format!("{missing}/Care")).await.refused(404, 20404);
    world.get(&format!("{missing}/Responsible")).await.refused(404, 20404);
    assert!(waiting(&world).await.is_empty());
}

#[tokio::test]
async fn webhooks_hear_that_a_conversation_waits() {
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = an_interaction(&world, &centre).await;
    let conversation = conversation_of(&world, &made).await;
    let form = [
        ("Target", "webhook"),
        ("Configuration.Url", "https://example.com/waits"),
        ("Configuration.Filters", "onConversationUnattended"),
    ];
    let webhooks = format!("{CONVERSATIONS}/{}/Webhooks", text(&conversation, "sid"));
    world.post(&webhooks, &form).await.expect(201);
    world.asked();
    cancels(&world, &centre, &task_of(&made)).await;
    let told = world.asked().into_iter();
    let told = told.filter(|call| call["event"] == "onConversationUnattended");
    let told: BTreeSet<String> = told.map(|call| call.to_string()).collect();
    assert_eq!(told.len(), 1, "by both roads");
}
