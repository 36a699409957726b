//! Every answer has the shape that is published for it.

use serde_json::json;
use switchboard_tests::Schema;

use super::{INTERACTIONS, Support, a_conversation, channel, create, text, world};

const FLEX: &str = "twilio_flex_v1.json";
const STUDIO: &str = "twilio_studio_v2.json";

#[tokio::test]
async fn interactions_channels_and_invites_have_their_published_shape() {
    let Some(published) = Schema::open(FLEX) else { return };
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let made = create(&world, &channel(&conversation), &centre.routing()).await.expect(200);
    published.check("post", "/v1/Interactions", 200, &made);
    let url = text(&made, "url");
    let fetched = world.get(&url).await.expect(200);
    published.check("get", "/v1/Interactions/{Sid}", 200, &fetched);
    assert_eq!(fetched, made);
    let named = world.post(&url, &[]).await.expect(200);
    published.check("post", "/v1/Interactions/{Sid}", 200, &named);

    let channels = "/v1/Interactions/{InteractionSid}/Channels";
    let listed = world.get(&text(&made["links"], "channels")).await.expect(200);
    published.check("get", channels, 200, &listed);
    let channel = world.get(&text(&listed["channels"][0], "url")).await.expect(200);
    published.check("get", &format!("{channels}/{{Sid}}"), 200, &channel);
    assert_eq!(channel, listed["channels"][0]);

    let invites = format!("{channels}/{{ChannelSid}}/Invites");
    let to = text(&channel["links"], "invites");
    let routing = centre.routing().to_string();
    let invited = world.post(&to, &[("Routing", &routing)]).await.expect(200);
    published.check("post", &invites, 200, &invited);
    let listed = world.get(&to).await.expect(200);
    published.check("get", &invites, 200, &listed);
    assert_eq!(listed["invites"][1], invited);

    let form = [("Status", "closed"), ("Routing", r#"{"status":"closed"}"#)];
    let closed = world.post(&text(&channel, "url"), &form).await.expect(200);
    published.check("post", &format!("{channels}/{{Sid}}"), 200, &closed);
}

#[tokio::test]
async fn participants_have_their_published_shape() {
    let Some(published) = Schema::open(FLEX) else { return };
    let world = world().await;
    let centre = Support::open(&world).await;
    let conversation = a_conversation(&world).await;
    let made = create(&world, &channel(&conversation), &centre.routing()).await.expect(200);
    centre.accepts(&world).await;
    let fetched = world.get(&text(&made, "url")).await.expect(200);
    published.check("get", "/v1/Interactions/{Sid}", 200, &fetched);
    assert_eq!(fetched["routing"]["reservation"]["reservation_status"], "accepted");

    let path = "/v1/Interactions/{InteractionSid}/Channels/{ChannelSid}/Participants";
    let participants = format!("{}/Participants", super::channel_of(&made));
    let media = json!({ "identity": "supervisor" }).to_string();
    let form = [("Type", "supervisor"), ("MediaProperties", &media)];
    let added = world.post(&participants, &form).await.expect(200);
    published.check("post", path, 200, &added);
    let listed = world.get(&participants).await.expect(200);
    published.check("get", path, 200, &listed);
    assert_eq!(listed["participants"].as_array().unwrap().len(), 3);
    for status in ["wrapup", "closed"] {
        let agent = text(&listed["participants"][1], "url");
        let changed = world.post(&agent, &[("Status", status)]).await.expect(200);
        published.check("post", &format!("{path}/{{Sid}}"), 200, &changed);
    }
}

#[tokio::test]
async fn flows_have_their_published_shape() {
    let Some(published) = Schema::open(STUDIO) else { return };
    let world = world().await;
    let centre = Support::open(&world).await;
    let definition = super::flows::definition(&centre.workflow, "sms");
    let form = [
        ("FriendlyName", "Hand over"),
        ("Status", "draft"),
        ("Definition", &definition),
        ("CommitMessage", "first"),
    ];
    let made = world.post(super::flows::FLOWS, &form).await.expect(201);
    published.check("post", "/v2/Flows", 201, &made);
    let url = text(&made, "url");
    let fetched = world.get(&url).await.expect(200);
    published.check("get", "/v2/Flows/{Sid}", 200, &fetched);
    assert_eq!(fetched, made);
    let changed = world.post(&url, &[("Status", "published")]).await.expect(200);
    published.check("post", "/v2/Flows/{Sid}", 200, &changed);
    let listed = world.get(super::flows::FLOWS).await.expect(200);
    published.check("get", "/v2/Flows", 200, &listed);
    let valid = world.post(&format!("{}/Validate", super::flows::FLOWS), &form).await.expect(200);
    published.check("post", "/v2/Flows/Validate", 200, &valid);
}

#[tokio::test]
async fn links_are_those_of_the_published_examples() {
    let (Some(flex), Some(studio)) = (Schema::open(FLEX), Schema::open(STUDIO)) else { return };
    let world = world().await;
    let centre = Support::open(&world).await;
    let made = super::an_interaction(&world, &centre).await;
    let names = |links: &serde_json::Value| -> Vec<String> {
        links.as_object().unwrap().keys().cloned().collect()
    };
    assert_eq!(names(&made["links"]), flex.links("post", "/v1/Interactions", 200));
    let channel = world.get(&super::channel_of(&made)).await.expect(200);
    let path = "/v1/Interactions/{InteractionSid}/Channels/{Sid}";
    assert_eq!(names(&channel["links"]), flex.links("get", path, 200));
    let definition = super::flows::definition(&centre.workflow, "sms");
    let form = [("FriendlyName", "F"), ("Status", "draft"), ("Definition", &definition)];
    let flow = world.post(super::flows::FLOWS, &form).await.expect(201);
    assert_eq!(names(&flow["links"]), studio.links("post", "/v2/Flows", 201));
    assert_eq!(world.get(INTERACTIONS).await.refusal(), (404, 20404));
}
