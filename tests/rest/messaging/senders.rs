//! Who sends a message that names a messaging service, and why (rule E.2).

use serde_json::{Value, json};
use switchboard_tests::Schema;

use super::{World, account, world};

const CUSTOMER: &str = "+12125550199";
const SERVICES: &str = "/messaging/v1/Services";

impl World {
    /// Adds a number to a pool; where it is there.
    async fn pooled(&self, service: &str, number: &str) -> String {
        let sid = self.enter_number(number).await;
        let pool = format!("{SERVICES}/{service}/PhoneNumbers");
        let added = self.post(&pool, &[("PhoneNumberSid", &sid)]).await.expect(201);
        added["url"].as_str().unwrap().to_owned()
    }

    async fn send_by(&self, service: &str, to: &str) -> Value {
        let form = [("To", to), ("MessagingServiceSid", service), ("Body", "Your parcel is here")];
        self.post(&account("/Messages.json"), &form).await.expect(201)
    }

    async fn receipt_of(&self, message: &Value) -> Value {
        let sid = message["sid"].as_str().unwrap();
        self.get(&account(&format!("/Messages/{sid}/SenderReceipt.json"))).await.expect(200)
    }
}

#[tokio::test]
async fn a_recipient_keeps_the_sender_of_the_first_message_until_it_leaves_the_pool() {
    let world = world().await;
    let service = world.create_service().await;
    let first = world.pooled(&service, "+16505550100").await;
    assert_eq!(world.send_by(&service, CUSTOMER).await["from"], "+16505550100");
    world.pooled(&service, "+12125550100").await;
    let sticky = world.send_by(&service, CUSTOMER).await;
    assert_eq!(sticky["from"], "+16505550100", "though the other has their area code");
    let other = world.send_by(&service, "+12125550142").await;
    assert_eq!(other["from"], "+12125550100");
    let one = format!("{SERVICES}/{service}");
    world.post(&one, &[("StickySender", "false")]).await.expect(200);
    assert_eq!(world.send_by(&service, CUSTOMER).await["from"], "+12125550100");
    world.post(&one, &[("StickySender", "true")]).await.expect(200);
    let again = world.send_by(&service, CUSTOMER).await;
    assert_eq!(again["from"], "+16505550100", "what they were used to was kept meanwhile");
    assert_eq!(world.delete(&first).await.status, 204);
    let pool = format!("{one}/PhoneNumbers");
    let back = first.rsplit_once('/').unwrap().1;
    world.post(&pool, &[("PhoneNumberSid", back)]).await.expect(201);
    let moved = world.send_by(&service, CUSTOMER).await;
    assert_eq!(moved["from"], "+12125550100", "it left, and is as any other since it is back");
    let receipt = world.receipt_of(&sticky).await;
    assert_eq!((&receipt["rule"], &receipt["sender"]), (&json!("sticky"), &sticky["from"]));
}

#[tokio::test]
async fn the_reason_is_kept_with_the_message() {
    let world = world().await;
    let service = world.create_service().await;
    world.pooled(&service, "+442071838750").await;
    world.pooled(&service, "+13325550100").await;
    let sent = world.send_by(&service, CUSTOMER).await;
    let sid = sent["sid"].as_str().unwrap();
    let receipt = world.receipt_of(&sent).await;
    let uri = account(&format!("/Messages/{sid}/SenderReceipt.json"));
    assert_eq!(receipt["uri"], uri.strip_prefix("/api").unwrap());
    for (field, expected) in [
        ("message_sid", json!(sid)),
        ("messaging_service_sid", json!(service)),
        ("sender", json!("+13325550100")),
        ("kind", json!("long_code")),
        ("rule", json!("overlay")),
        ("alike", json!(1)),
        ("capable", json!(2)),
        ("pool_size", json!(2)),
    ] {
        assert_eq!(receipt[field], expected, "{field}");
    }
    world.enter_number("+18005550100").await;
    let form = [("To", CUSTOMER), ("From", "+18005550100"), ("Body", "Hi")];
    let named = world.post(&account("/Messages.json"), &form).await.expect(201);
    let receipt = world.receipt_of(&named).await;
    assert_eq!((&receipt["rule"], &receipt["kind"]), (&json!("named"), &json!("toll_free")));
    assert_eq!(receipt["messaging_service_sid"], json!(null));
    let named = [("From", "+13325550100"), ("MessagingServiceSid", service.as_str())];
    let form = [&form[..1], &form[2..], &named].concat();
    let named = world.post(&account("/Messages.json"), &form).await.expect(201);
    assert_eq!(world.receipt_of(&named).await["rule"], "named");
    let unknown = account("/Messages/SM0123456789abcdef0123456789abcdef/SenderReceipt.json");
    assert_eq!(world.get(&unknown).await.refusal(), (404, 20404));
    if let Some(reference) = Schema::open("twilio_api_v2010_messages.json") {
        let path = "/2010-04-01/Accounts/{AccountSid}/Messages.json";
        reference.check("post", path, 201, &sent);
    }
}

#[tokio::test]
async fn a_number_with_a_campaign_goes_first_to_the_united_states() {
    let world = world().await;
    let service = world.create_service().await;
    world.pooled(&service, "+12125550100").await;
    let registered = world.pooled(&service, "+16505550100").await;
    let number = registered.rsplit_once('/').unwrap().1;
    let number = account(&format!("/IncomingPhoneNumbers/{number}.json"));
    assert_eq!(world.post(&number, &[("CampaignSid", "BN1")]).await.refusal(), (400, 20001));
    assert_eq!(world.send_by(&service, CUSTOMER).await["from"], "+12125550100");
    let campaign = "CM0123456789abcdef0123456789abcdef";
    world.post(&number, &[("CampaignSid", campaign)]).await.expect(200);
    let sent = world.send_by(&service, CUSTOMER).await;
    assert_eq!(sent["from"], "+16505550100", "the one that they are used to would be blocked");
    world.post(&number, &[("CampaignSid", "")]).await.expect(200);
    assert_eq!(world.send_by(&service, "+12125550142").await["from"], "+12125550100");
    let form = [("PhoneNumber", "+13105550100"), ("CampaignSid", campaign)];
    let entered = world.post(&account("/IncomingPhoneNumbers.json"), &form).await.expect(201);
    let pool = format!("{SERVICES}/{service}/PhoneNumbers");
    let sid = entered["sid"].as_str().unwrap();
    world.post(&pool, &[("PhoneNumberSid", sid)]).await.expect(201);
    assert_eq!(world.send_by(&service, "+12125550143").await["from"], "+13105550100");
}

#[tokio::test]
async fn a_message_that_is_refused_leaves_no_sender_that_somebody_is_used_to() {
    let world = world().await;
    let service = world.create_service().await;
    world.pooled(&service, CUSTOMER).await;
    let form = [("To", CUSTOMER), ("MessagingServiceSid", service.as_str()), ("Body", "Hi")];
    let refused = world.post(&account("/Messages.json"), &form).await;
    assert_eq!(refused.refusal(), (400, 63031), "to itself");
    world.pooled(&service, "+12125550100").await;
    let other = world.send_by(&service, "+12125550142").await;
    assert!(["+12125550100", CUSTOMER].contains(&other["from"].as_str().unwrap()));
    let unknown = [form[0], form[1], form[2], ("Nonsense", "1")];
    assert_eq!(world.post(&account("/Messages.json"), &unknown).await.refusal(), (400, 20001));
}

#[tokio::test]
async fn smart_encoding_of_a_service_shortens_its_text_messages_alone() {
    let world = world().await;
    let service = world.create_service().await;
    world.pooled(&service, "+12125550100").await;
    let text = "“It’s here”\t– see you…";
    let by = ("MessagingServiceSid", service.as_str());
    let send = async |sender: (&str, &str), more: &[(&str, &str)]| {
        let form = [&[("To", CUSTOMER), ("Body", text), sender], more].concat();
        world.post(&account("/Messages.json"), &form).await.expect(201)["body"].clone()
    };
    assert_eq!(send(by, &[]).await, "\"It's here\" - see you...");
    assert_eq!(send(by, &[("From", "+12125550100")]).await, "\"It's here\" - see you...");
    assert_eq!(send(("From", "+12125550100"), &[]).await, text, "only a service does that");
    assert_eq!(send(by, &[("MediaUrl", "https://files.example/a.png")]).await, text);
    world.post(&format!("{SERVICES}/{service}"), &[("SmartEncoding", "false")]).await.expect(200);
    assert_eq!(send(by, &[]).await, text);
}

#[tokio::test]
async fn segments_are_the_standards_and_the_receipt_has_the_vendors() {
    let world = world().await;
    world.enter_number("+12125550100").await;
    for (text, encoding, ours, vendors) in [
        ("Hi €".to_owned(), "GSM-7", "1", "1"),
        ("€".repeat(81), "GSM-7", "2", "2"),
        ("कि".repeat(67), "UCS-2", "2", "3"),
    ] {
        let form = [("To", CUSTOMER), ("From", "+12125550100"), ("Body", text.as_str())];
        let sent = world.post(&account("/Messages.json"), &form).await.expect(201);
        assert_eq!(sent["num_segments"], ours, "{text}");
        let receipt = world.receipt_of(&sent).await;
        assert_eq!(receipt["encoding"], encoding);
        assert_eq!(receipt["num_segments"], ours);
        assert_eq!(receipt["num_segments_by_clusters"], vendors);
    }
}
