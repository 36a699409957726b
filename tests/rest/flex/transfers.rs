//! Transfers of a conversation from one agent to another (rule C.9).

use serde_json::{Value, json};
use switchboard_tests::{ACCOUNT, Answered, Centre, Made, Schema, TOKEN};

use super::{
    World, a_conversation, attributes_of, channel, channel_of, conversation_of, create, seated,
    text, world,
};

/// Posts JSON, as the SDK does where it has a body.
async fn sends(world: &World, url: &str, body: &Value) -> Answered {
    let path = url.trim_start_matches(crate::world::HOST);
    let client = world.client(ACCOUNT, TOKEN);
    client.upload(path, "application/json", body.to_string().as_bytes()).await
}

fn to(status: &str) -> Value {
    json!({ "status": status })
}

/// Alice and Bob, each of whom can do two things at a time, and an interaction that Alice has.
struct Desk {
    made: Made,
    interaction: Value,
    channel: String,
}

impl Desk {
    async fn open(world: &World) -> Self {
        let centre = Centre::new("Support", &[])
            .worker("Alice", json!({}))
            .with_capacity("default", "2")
            .worker("Bob", json!({}))
            .with_capacity("default", "2");
        let centre = centre.queue("everybody", "1==1", &[]);
        let first = |made: &Made| json!({ "default_filter": { "queue": made.sid("everybody") } });
        let made = centre.workflow(&[], first).open(world).await;
        world.settles().await;
        let conversation = a_conversation(world).await;
        let properties = json!({
            "workspace_sid": made.sid("workspace"), "queue_sid": made.sid("everybody"),
            "worker_sid": made.sid("Alice"), "attributes": { "topic": "sales" },
            "task_channel_unique_name": "default",
        });
        let routing = json!({ "properties": properties });
        let interaction = create(world, &channel(&conversation), &routing).await.expect(200);
        let channel = channel_of(&interaction);
        let desk = Self { made, interaction, channel };
        desk.answers(world, "Alice", "accepted").await;
        desk
    }

    /// A worker answers what is offered to them.
    async fn answers(&self, world: &World, who: &str, status: &str) -> Value {
        world.settles().await;
        let root = self.made.workspace();
        let all = format!("{root}/Workers/{}/Reservations", self.made.sid(who));
        let pending = world.get(&format!("{all}?ReservationStatus=pending")).await.expect(200);
        let offer = text(&pending["reservations"][0], "sid");
        let form = [("ReservationStatus", status)];
        let answered = world.post(&format!("{all}/{offer}"), &form).await.expect(200);
        world.settles().await;
        answered
    }

    async fn hands_on(&self, world: &World, body: &Value) -> Answered {
        sends(world, &format!("{}/Transfers", self.channel), body).await
    }

    async fn task(&self, world: &World, sid: &str) -> Value {
        world.get(&format!("{}/Tasks/{sid}", self.made.workspace())).await.expect(200)
    }

    /// The tasks of the workspace, oldest first: their state and who asked for them.
    async fn tasks(&self, world: &World) -> Vec<Value> {
        let path = format!("{}/Tasks?Ordering=DateCreated:asc", self.made.workspace());
        world.get(&path).await.expect(200)["tasks"].as_array().unwrap().clone()
    }

    async fn has(&self, world: &World, who: &str) -> u64 {
        let path = format!("{}/Workers/{}/Channels", self.made.workspace(), self.made.sid(who));
        let all = world.get(&path).await.expect(200);
        let channels = all["channels"].as_array().unwrap();
        channels.iter().map(|one| one["assigned_tasks"].as_u64().unwrap()).sum()
    }

    /// Who is in the conversation by an identity.
    async fn inside(&self, world: &World) -> Vec<String> {
        let conversation = text(&conversation_of(world, &self.interaction).await, "sid");
        let path = format!("{}/{conversation}/Participants", super::CONVERSATIONS);
        let all = world.get(&path).await.expect(200);
        let all = all["participants"].as_array().unwrap();
        all.iter().filter_map(|one| one["identity"].as_str()).map(str::to_owned).collect()
    }
}

#[tokio::test]
async fn c9_a_cold_transfer_to_a_worker_moves_the_conversation_and_frees_the_first_agent() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    assert_eq!(
        (desk.inside(&world).await, desk.has(&world, "Alice").await),
        (vec!["Alice".to_owned()], 1)
    );
    let note = format!("KQ{}", "a".repeat(32));
    let body = json!({
        "type": "cold", "to": desk.made.sid("Bob"), "attributes": { "urgent": true }, "note_sid": note,
    });
    let transfer = desk.hands_on(&world, &body).await.expect(201);
    assert_eq!(
        (text(&transfer, "status"), text(&transfer, "type")),
        ("active".to_owned(), "cold".to_owned())
    );
    assert_eq!(text(&transfer, "note_sid"), note);
    assert_eq!(desk.inside(&world).await, [""; 0], "she steps out");
    assert_eq!(desk.has(&world, "Alice").await, 1, "and keeps her task");
    assert_eq!(conversation_of(&world, &desk.interaction).await["state"], "active");
    world.settles().await;
    let second = desk.tasks(&world).await[1].clone();
    let attributes: Value = serde_json::from_str(&text(&second, "attributes")).unwrap();
    assert_eq!((&attributes["topic"], &attributes["urgent"]), (&json!("sales"), &json!(true)));
    assert_eq!(attributes["transferTargetType"], "worker");
    desk.answers(&world, "Bob", "accepted").await;
    assert_eq!(desk.inside(&world).await, ["Bob"]);
    assert_eq!((desk.has(&world, "Alice").await, desk.has(&world, "Bob").await), (0, 1));
    assert_eq!(desk.tasks(&world).await[0]["assignment_status"], "completed");
    let transfer = world.get(&text(&transfer, "url")).await.expect(200);
    assert_eq!(transfer["status"], "completed");
    let seats = seated(&world, &desk.channel).await;
    assert_eq!(seats.len(), 2, "{seats:?}");
    assert_eq!(conversation_of(&world, &desk.interaction).await["state"], "active");
    world.post(&desk.channel, &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    assert_eq!(conversation_of(&world, &desk.interaction).await["state"], "closed");
}

#[tokio::test]
async fn c9_a_warm_transfer_to_a_queue_is_not_offered_to_who_hands_on() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let seats = seated(&world, &desk.channel).await;
    let from = text(&seats[1], "sid");
    let body = json!({ "type": "warm", "from": from, "to": desk.made.sid("everybody") });
    let transfer = desk.hands_on(&world, &body).await.expect(201);
    assert_eq!(text(&transfer, "from"), from);
    assert_eq!(desk.inside(&world).await, ["Alice"], "she stays");
    world.settles().await;
    let second = desk.tasks(&world).await[1].clone();
    let offered = world
        .get(&format!("{}/Tasks/{}/Reservations", desk.made.workspace(), text(&second, "sid")))
        .await;
    assert_eq!(offered.expect(200)["reservations"][0]["worker_name"], "Bob");
    desk.answers(&world, "Bob", "rejected").await;
    assert_eq!(desk.tasks(&world).await[1]["assignment_status"], "reserved", "asked again");
    desk.answers(&world, "Bob", "accepted").await;
    assert_eq!(desk.inside(&world).await, ["Bob"]);
    assert_eq!(desk.has(&world, "Alice").await, 0);
}

#[tokio::test]
async fn c9_a_warm_transfer_with_leave_manual_keeps_both_until_the_first_closes_her_part() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let body = json!({ "type": "warm", "to": desk.made.sid("workflow"), "leave": "manual" });
    let transfer = desk.hands_on(&world, &body).await.expect(201);
    assert_eq!(text(&transfer, "to"), desk.made.sid("workflow"));
    desk.answers(&world, "Bob", "accepted").await;
    assert_eq!(desk.inside(&world).await, ["Alice", "Bob"]);
    let alice = text(&seated(&world, &desk.channel).await[1], "url");
    world.post(&alice, &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    assert_eq!(
        (desk.inside(&world).await, desk.has(&world, "Alice").await),
        (vec!["Bob".to_owned()], 0)
    );
}

#[tokio::test]
async fn c9_a_transfer_that_is_declined_gives_the_conversation_back() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let body = json!({ "to": desk.made.sid("Bob") });
    let transfer = desk.hands_on(&world, &body).await.expect(201);
    assert_eq!(transfer["type"], "cold", "if nothing is said");
    desk.answers(&world, "Bob", "rejected").await;
    let transfer = world.get(&text(&transfer, "url")).await.expect(200);
    assert_eq!(transfer["status"], "failed");
    assert_eq!(
        (desk.inside(&world).await, desk.has(&world, "Alice").await),
        (vec!["Alice".to_owned()], 1)
    );
    assert_eq!(desk.tasks(&world).await[1]["assignment_status"], "canceled");
    assert_eq!(
        desk.task(&world, &super::task_of(&desk.interaction)).await["assignment_status"],
        "assigned"
    );
}

#[tokio::test]
async fn c9_a_transfer_whose_time_is_over_gives_the_conversation_back() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let body = json!({ "to": desk.made.sid("everybody"), "timeout": 30 });
    let transfer = desk.hands_on(&world, &body).await.expect(201);
    world.settles().await;
    world.wait(60);
    world.settles().await;
    let transfer = world.get(&text(&transfer, "url")).await.expect(200);
    assert_eq!(transfer["status"], "failed");
    assert_eq!(desk.inside(&world).await, ["Alice"]);
}

#[tokio::test]
async fn c9_a_transfer_is_taken_back_and_too_late_that_is_refused() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let body = json!({ "to": desk.made.sid("Bob") });
    for status in ["failed", "canceled"] {
        let url = text(&desk.hands_on(&world, &body).await.expect(201), "url");
        let taken = sends(&world, &url, &to(status)).await.expect(200);
        assert_eq!(taken["status"], "failed");
        world.settles().await;
        assert_eq!(desk.inside(&world).await, ["Alice"]);
    }
    let url = text(&desk.hands_on(&world, &body).await.expect(201), "url");
    sends(&world, &url, &to("completed")).await.refused(400, 45313);
    desk.answers(&world, "Bob", "accepted").await;
    sends(&world, &url, &to("failed")).await.refused(400, 45313);
    let all = world.get(&format!("{}/Transfers", desk.channel)).await.expect(200);
    assert_eq!(all["transfers"].as_array().unwrap().len(), 3);
}

#[tokio::test]
async fn c9_what_cannot_be_handed_on_is_refused_and_nothing_is_written() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let bob = desk.made.sid("Bob");
    let none = |prefix: &str| format!("{prefix}{}", "0".repeat(32));
    for (body, code) in [
        (json!({}), 45313),
        (json!({ "to": "bob" }), 45313),
        (json!({ "to": bob, "type": "external" }), 45313),
        (json!({ "to": bob, "from": "alice" }), 45313),
        (json!({ "to": bob, "from": none("UT") }), 45310),
        (json!({ "to": bob, "from": none("WT") }), 45310),
        (json!({ "to": bob, "leave": "manual" }), 45313),
        (json!({ "to": bob, "queue_sid": none("WQ") }), 45313),
        (json!({ "to": bob, "workflow_sid": none("WW") }), 45313),
        (json!({ "to": bob, "attributes": "x" }), 20001),
        (json!({ "to": bob, "attributes": { "long": "x".repeat(4000) } }), 45313),
        (json!({ "to": bob, "note_sid": "KQ" }), 20001),
        (json!({ "to": bob, "priority": -1 }), 20001),
        (json!({ "to": bob, "unknown": "x" }), 20001),
        (json!({ "to": none("WK") }), 45313),
        (json!({ "to": none("WQ") }), 45313),
        (json!({ "to": none("WW") }), 45313),
        (json!({ "to": desk.made.sid("Alice") }), 45313),
    ] {
        let refusal = desk.hands_on(&world, &body).await.refusal();
        let status = if code == 45310 { 404 } else { 400 };
        assert_eq!(refusal, (status, code), "{body}");
    }
    assert_eq!(desk.tasks(&world).await.len(), 1);
    desk.hands_on(&world, &json!({ "to": bob })).await.expect(201);
    desk.hands_on(&world, &json!({ "to": bob })).await.refused(400, 45313);
    world.post(&desk.channel, &[("Status", "closed")]).await.expect(200);
    let all = world.get(&format!("{}/Transfers", desk.channel)).await.expect(200);
    assert_eq!(all["transfers"][0]["status"], "failed");
    desk.hands_on(&world, &json!({ "to": bob })).await.refused(404, 45310);
}

#[tokio::test]
async fn c9_the_task_or_the_reservation_names_who_hands_on_as_well() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let seat = seated(&world, &desk.channel).await[1].clone();
    for name in ["task_sid", "reservation_sid"] {
        let from = text(&seat["routing_properties"], name);
        let body = json!({ "from": from, "to": desk.made.sid("Bob") });
        let transfer = desk.hands_on(&world, &body).await.expect(201);
        assert_eq!(transfer["from"], seat["sid"]);
        sends(&world, &text(&transfer, "url"), &to("failed")).await.expect(200);
    }
    assert_eq!(attributes_of(&desk.interaction)["topic"], "sales");
}

#[tokio::test]
async fn c9_transfers_have_their_published_shape() {
    let Some(published) = Schema::open("twilio_flex_v1.json") else { return };
    let world = world().await;
    let desk = Desk::open(&world).await;
    let path = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Transfers";
    let made = desk.hands_on(&world, &json!({ "to": desk.made.sid("Bob") })).await.expect(201);
    published.check("post", path, 201, &made);
    let url = text(&made, "url");
    let fetched = world.get(&url).await.expect(200);
    published.check("get", &format!("{path}/{{Sid}}"), 200, &fetched);
    let failed = sends(&world, &url, &to("failed")).await;
    published.check("post", &format!("{path}/{{Sid}}"), 200, &failed.expect(200));
}

/// As the hosted desk does it, over its bridge: the same operations, spelled otherwise.
#[tokio::test]
async fn c5_an_invite_is_accepted_or_declined_and_a_channel_closed_as_the_hosted_desk_does_it() {
    let world = world().await;
    let desk = Desk::open(&world).await;
    let properties = json!({
        "workspace_sid": desk.made.sid("workspace"), "queue_sid": desk.made.sid("everybody"),
        "worker_sid": desk.made.sid("Bob"), "task_channel_unique_name": "default",
    });
    let routing = json!({ "properties": properties }).to_string();
    for (action, inside) in [("decline", vec!["Alice"]), ("accept", vec!["Alice", "Bob"])] {
        let invites = format!("{}/Invites", desk.channel);
        let invited = world.post(&invites, &[("Routing", &routing)]).await.expect(200);
        world.settles().await;
        let of =
            format!("{}/Tasks/{}/Reservations", desk.made.workspace(), super::task_of(&invited));
        let offered = text(&world.get(&of).await.expect(200)["reservations"][0], "sid");
        let reservation =
            json!({ "type": "taskrouter", "properties": {}, "reservation": { "sid": offered } });
        let url = text(&invited, "url");
        for wrong in
            [json!({ "action": "perhaps", "routing": reservation }), json!({ "action": action })]
        {
            sends(&world, &url, &wrong).await.refused(400, 45366);
        }
        let answered = sends(&world, &url, &json!({ "action": action, "routing": reservation }))
            .await
            .expect(200);
        assert_eq!(answered["sid"], invited["sid"]);
        world.settles().await;
        assert_eq!(desk.inside(&world).await, inside, "{action}");
    }
    let unknown = format!("{}/Invites/KG{}", desk.channel, "0".repeat(32));
    let reservation = json!({ "reservation": { "sid": format!("WR{}", "0".repeat(32)) } });
    let body = json!({ "action": "accept", "routing": reservation });
    sends(&world, &unknown, &body).await.refused(404, 20404);
    let close = json!({ "status": "close", "routing": { "status": "close" } });
    let closed = sends(&world, &desk.channel, &close).await.expect(200);
    assert_eq!(closed["status"], "closed");
    world.settles().await;
    assert_eq!((desk.has(&world, "Alice").await, desk.has(&world, "Bob").await), (0, 0));
}
