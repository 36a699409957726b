//! Webhooks that hear of interactions (rule C.10).

use serde_json::{Value, json};
use switchboard_domain::sid::{InstanceSid, Sid as _};

use super::{
    INTERACTIONS, Support, World, a_conversation, channel, channel_of, create, seated, text, world,
};

const ALL: [&str; 7] = [
    "onInteractionCreated",
    "onChannelCreated",
    "onChannelCreateFailed",
    "onChannelStatusUpdated",
    "onParticipantJoined",
    "onParticipantLeft",
    "onParticipantUpdated",
];
const URL: &str = "https://hooks.example.com/interactions";
const OWN: &str = "https://hooks.example.com/own";

fn path() -> String {
    let account: switchboard_domain::sid::AccountSid = switchboard_tests::ACCOUNT.parse().unwrap();
    format!("/flex-api/v1/Instances/{}/InteractionWebhooks", account.twin::<InstanceSid>())
}

async fn listens(world: &World, kind: &str, url: &str, events: &[&str]) -> Value {
    let mut form = vec![("Type", kind), ("WebhookUrl", url), ("WebhookMethod", "POST")];
    form.extend(events.iter().map(|event| ("WebhookEvents", *event)));
    let made = world.post(&path(), &form).await.expect(201);
    world.settles().await;
    made
}

/// What an endpoint was told of interactions since the last look: the event, and one more thing.
fn told(world: &World, url: &str) -> Vec<(String, String)> {
    let heard = world.endpoints.heard();
    let ours = heard.iter().filter(|one| one.url == url);
    ours.map(|one| {
        assert!(one.is_signed, "{one:?}");
        let besides = [one.get("ParticipantType"), one.get("ChannelStatus"), one.get("ErrorCode")];
        (one.event().to_owned(), besides.concat())
    })
    .collect()
}

fn pair(event: &str, besides: &str) -> (String, String) {
    (event.to_owned(), besides.to_owned())
}

#[tokio::test]
async fn c10_who_hears_of_all_interactions_is_told_of_every_event_in_order() {
    let world = world().await;
    let centre = Support::open(&world).await;
    listens(&world, "global", URL, &ALL).await;
    let conversation = a_conversation(&world).await;
    let made = create(&world, &channel(&conversation), &centre.routing()).await.expect(200);
    world.settles().await;
    assert_eq!(told(&world, URL), [pair("onInteractionCreated", ""), pair("onChannelCreated", "")]);
    centre.accepts(&world).await;
    assert_eq!(told(&world, URL), [pair("onParticipantJoined", "agent")]);
    let media = json!({ "identity": "supervisor" }).to_string();
    let form = [("Type", "supervisor"), ("MediaProperties", media.as_str())];
    world.post(&format!("{}/Participants", channel_of(&made)), &form).await.expect(200);
    world.settles().await;
    assert_eq!(told(&world, URL), [pair("onParticipantJoined", "supervisor")]);
    let agent = text(&seated(&world, &channel_of(&made)).await[1], "url");
    world.post(&agent, &[("Status", "wrapup")]).await.expect(200);
    world.post(&agent, &[("Status", "wrapup")]).await.expect(200);
    world.settles().await;
    assert_eq!(told(&world, URL), [pair("onParticipantUpdated", "agent")], "twice is once");
    world.post(&agent, &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    assert_eq!(told(&world, URL), [pair("onParticipantLeft", "agent")]);
    world.post(&channel_of(&made), &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    let left = |kind| pair("onParticipantLeft", kind);
    let closed = pair("onChannelStatusUpdated", "closed");
    assert_eq!(told(&world, URL), [left("customer"), left("supervisor"), closed]);
    create(&world, &channel(&conversation), &centre.routing()).await.refused(400, 45354);
    world.settles().await;
    assert_eq!(told(&world, URL), [pair("onChannelCreateFailed", "45354")]);
}

#[tokio::test]
async fn c10_a_call_has_the_published_parameters() {
    let world = world().await;
    let centre = Support::open(&world).await;
    listens(&world, "global", URL, &["onParticipantJoined"]).await;
    let made = super::an_interaction(&world, &centre).await;
    centre.accepts(&world).await;
    let heard = world.endpoints.heard();
    let [call] = &heard[..] else { panic!("{heard:?}") };
    let digits = text(&made, "sid")[2..].to_owned();
    for (name, value) in [
        ("EventType", "onParticipantJoined".to_owned()),
        ("AccountSid", switchboard_tests::ACCOUNT.to_owned()),
        ("InstanceSid", format!("GO{}", &switchboard_tests::ACCOUNT[2..])),
        ("InteractionSid", format!("KD{digits}")),
        ("ChannelSid", format!("UO{digits}")),
        ("MediaChannelSid", format!("CH{digits}")),
        ("MediaChannelType", "sms".to_owned()),
        ("ParticipantSid", text(&seated(&world, &channel_of(&made)).await[1], "sid")),
        ("ParticipantType", "agent".to_owned()),
        ("TaskSid", super::task_of(&made)),
    ] {
        assert_eq!(call.get(name), value, "{name}");
    }
}

#[tokio::test]
async fn c10_a_webhook_of_an_interaction_hears_of_who_names_it_and_both_are_called() {
    let world = world().await;
    let centre = Support::open(&world).await;
    listens(&world, "global", URL, &["onInteractionCreated"]).await;
    let own =
        listens(&world, "interaction", OWN, &["onInteractionCreated", "onParticipantJoined"]).await;
    let ttid = text(&own, "ttid");
    assert!(ttid.starts_with("flex_interactionwebhook_"), "{ttid}");
    super::an_interaction(&world, &centre).await;
    world.settles().await;
    assert_eq!(told(&world, URL).len(), 1, "nobody named the other one");

    let conversation = world.post(super::CONVERSATIONS, &[]).await.text("sid");
    let participants = format!("{}/{conversation}/Participants", super::CONVERSATIONS);
    world.post(&participants, &[("Identity", "visitor")]).await.expect(201);
    let (channel, routing) = (channel(&conversation).to_string(), centre.to_alice().to_string());
    let form = [("Channel", channel.as_str()), ("Routing", &routing), ("WebhookTtid", &ttid)];
    let made = world.post(INTERACTIONS, &form).await.expect(200);
    assert_eq!(text(&made, "webhook_ttid"), ttid);
    world.settles().await;
    let heard = world.endpoints.heard();
    let urls: Vec<&str> = heard.iter().map(|one| one.url.as_str()).collect();
    assert!(urls.contains(&URL) && urls.contains(&OWN), "{urls:?}");
    let changed = world.post(&text(&made, "url"), &[("WebhookTtid", "")]).await.expect(200);
    assert_eq!(changed["webhook_ttid"], Value::Null);
    let changed = world.post(&text(&made, "url"), &[("WebhookTtid", &ttid)]).await.expect(200);
    assert_eq!(changed["webhook_ttid"], json!(ttid));
    world.delete(&format!("{}/{ttid}", path())).await.expect(204);
    world.post(&text(&made, "url"), &[("WebhookTtid", &ttid)]).await.refused(400, 45366);
    world.post(&channel_of(&made), &[("Status", "closed")]).await.expect(200);
    world.settles().await;
    assert_eq!(told(&world, OWN), [], "it is gone");
}

#[tokio::test]
async fn c10_webhooks_are_made_shown_changed_and_taken_away() {
    let world = world().await;
    let form = [("WebhookUrl", URL), ("Filters", "onChannelCreated"), ("Method", "get")];
    let made = world.post(&path(), &form).await.expect(201);
    assert_eq!(
        (&made["type"], &made["webhook_method"], &made["webhook_events"]),
        (&json!("global"), &json!("GET"), &json!(["onChannelCreated"]))
    );
    world.post(&path(), &form).await.refused(409, 20409);
    let own = listens(&world, "interaction", OWN, &["onParticipantLeft"]).await;
    let all = world.get(&path()).await.expect(200);
    assert_eq!(all["interaction_webhooks"], json!([made, own]));
    for (one, name) in [(&made, "all"), (&own, "one")] {
        let url = format!("{}/{}", path(), text(one, "ttid"));
        assert_eq!(world.get(&url).await.expect(200), *one);
        let changed = [("FriendlyName", name), ("WebhookEvents", "onParticipantLeft")];
        let changed = world.post(&url, &changed).await.expect(200);
        assert_eq!(
            (&changed["friendly_name"], &changed["webhook_url"]),
            (&json!(name), &one["webhook_url"])
        );
        assert_eq!(changed["webhook_events"], json!(["onParticipantLeft"]));
        world.delete(&url).await.expect(204);
        assert_eq!(world.get(&url).await.refusal(), (404, 20404));
    }
    assert_eq!(world.get(&path()).await.expect(200)["interaction_webhooks"], json!([]));
}

#[tokio::test]
async fn c10_a_webhook_that_says_too_little_is_refused() {
    let world = world().await;
    let right = [("WebhookUrl", URL), ("WebhookEvents", "onChannelCreated")];
    for wrong in [
        vec![right[0]],
        vec![right[1]],
        vec![("WebhookUrl", "ftp://example.com"), right[1]],
        vec![right[0], ("WebhookEvents", "onNothing")],
        vec![right[0], right[1], ("Type", "local")],
        vec![right[0], right[1], ("WebhookMethod", "PUT")],
        vec![right[0], right[1], ("Unknown", "x")],
    ] {
        world.post(&path(), &wrong).await.refused(400, 20001);
    }
    let elsewhere = format!("/flex-api/v1/Instances/GO{}/InteractionWebhooks", "0".repeat(32));
    assert_eq!(world.get(&elsewhere).await.refusal(), (404, 20404));
    assert_eq!(world.post(&elsewhere, &right).await.refusal(), (404, 20404));
}
