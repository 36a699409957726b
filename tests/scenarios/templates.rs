//! Templates on their way (rule E.10): what each channel of each carrier is handed, what a template that is deleted leaves, and the day
//! within which a customer on WhatsApp is written to freely.

use std::time::Duration;

use serde_json::{Value, json};
use switchboard::stub_carrier::Behaviour;
use switchboard_domain::carriage::CarrierName;
use switchboard_tests::{ACCOUNT, Exchange, NUMBER, eventually};

const CONTENT: &str = "/content/v1/Content";
const ANN: &str = "whatsapp:+14155550171";
const OURS: &str = "whatsapp:+18005550100";
/// What a carrier that identifies templates calls the approved one.
const THERE: &str = "HX0123456789abcdef0123456789abcdef";

async fn is_reachable(exchange: &Exchange) {
    let form = [
        ("Type", "whatsapp"),
        ("Address", OURS),
        ("AutoCreation.Enabled", "true"),
        ("AutoCreation.Type", "default"),
    ];
    exchange.api.make("/conversations/v1/Configuration/Addresses", &form).await;
}

async fn a_template(exchange: &Exchange, types: &Value) -> String {
    let (types, variables) = (types.to_string(), json!({ "1": "you" }).to_string());
    let form = [("language", "en"), ("types", &types), ("variables", &variables)];
    exchange.api.make(CONTENT, &form).await
}

async fn a_question(exchange: &Exchange) -> String {
    let buttons = json!([{ "type": "QUICK_REPLY", "title": "Yes", "id": "y" },
        { "type": "QUICK_REPLY", "title": "No", "id": "n" }]);
    let question = json!({ "body": "{{1}}, is {{2}} right?", "actions": buttons });
    a_template(exchange, &json!({ "twilio/quick-reply": question })).await
}

async fn is_approved(exchange: &Exchange, template: &str, name: &str) {
    let form = [("name", name), ("category", "UTILITY"), ("status", "approved")];
    let path = format!("{CONTENT}/{template}/ApprovalRequests/whatsapp");
    exchange.api.post(&path, &form).await.expect(201);
}

/// Writes into a conversation, and says where the receipts are.
async fn posts(exchange: &Exchange, conversation: &str, form: &[(&str, &str)]) -> String {
    let path = format!("/conversations/v1/Conversations/{conversation}/Messages");
    let sid = exchange.api.make(&path, form).await;
    format!("{path}/{sid}/Receipts")
}

async fn becomes(exchange: &Exchange, receipts: &str, wanted: &[&str]) -> Value {
    eventually(wanted[0], || async {
        let all = exchange.api.all(receipts, "delivery_receipts").await;
        all.into_iter().find(|receipt| wanted.iter().any(|status| receipt["status"] == *status))
    })
    .await
}

/// What the carrier took last.
fn taken(exchange: &Exchange) -> String {
    exchange.carrier.sent().pop().map(|one| one.body).unwrap_or_default()
}

const OUT: [&str; 3] = ["sent", "delivered", "read"];

#[tokio::test(flavor = "multi_thread")]
async fn a_question_goes_with_buttons_or_in_lines_and_a_deleted_template_goes_all_the_same() {
    for carrier in CarrierName::ALL {
        let exchange = Exchange::open().await;
        is_reachable(&exchange).await;
        let customer = exchange.customer(ANN).to(OURS).by(*carrier);
        customer.writes("hello").await;
        let conversation = customer.conversation().await;
        let template = a_question(&exchange).await;
        exchange.settles().await;
        exchange.carrier.set(Behaviour::Down);
        let variables = json!({ "2": "noon {{1}}" }).to_string();
        let form = [("ContentSid", template.as_str()), ("ContentVariables", &variables)];
        let receipts = posts(&exchange, &conversation, &form).await;
        exchange.api.delete(&format!("{CONTENT}/{template}")).await.expect(204);
        exchange.carrier.set(Behaviour::Accept);
        becomes(&exchange, &receipts, &OUT).await;
        let expected = match carrier.takes_questions() {
            true => "you, is noon {{1}} right?",
            false => "you, is noon {{1}} right?\n- Yes\n- No",
        };
        assert_eq!(taken(&exchange), expected, "{carrier:?}");
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_day_after_the_customers_last_message_only_what_is_approved_goes() {
    for carrier in CarrierName::ALL {
        let (name, sent) = match carrier.identifies_templates() {
            true => (THERE, format!("{THERE} {{\"1\":\"you\",\"2\":\"noon\"}}")),
            false => ("parcel_left", "parcel_left you noon".to_owned()),
        };
        let exchange = Exchange::open().await;
        if !exchange.moves_time() {
            return;
        }
        is_reachable(&exchange).await;
        let customer = exchange.customer(ANN).to(OURS).by(*carrier);
        customer.writes("hello").await;
        let conversation = customer.conversation().await;
        let template = a_question(&exchange).await;
        exchange.settles().await;
        let window = format!("/conversations/v1/Conversations/{conversation}/Window");
        let open = exchange.api.get(&window).await.ok();
        assert_eq!(open["windows"][0]["is_open"], true);

        exchange.later(Duration::from_secs(23 * 3600));
        let receipts = posts(&exchange, &conversation, &[("Body", "are you there?")]).await;
        becomes(&exchange, &receipts, &OUT).await;
        exchange.later(Duration::from_secs(2 * 3600));
        let closed = exchange.api.get(&window).await.ok();
        assert_eq!(closed["windows"][0]["is_open"], false);
        assert_eq!(closed["windows"][0]["last_inbound"], open["windows"][0]["last_inbound"]);
        let count = exchange.carrier.sent().len();
        let variables = json!({ "2": "noon" }).to_string();
        let made = [("ContentSid", template.as_str()), ("ContentVariables", &variables)];
        for form in [&[("Body", "are you there?")][..], &made] {
            let receipts = posts(&exchange, &conversation, form).await;
            let failed = becomes(&exchange, &receipts, &["failed"]).await;
            assert_eq!(failed["error_code"], 63016);
        }
        exchange.settles().await;
        assert_eq!(exchange.carrier.sent().len(), count, "no carrier was called");
        is_approved(&exchange, &template, name).await;
        let receipts = posts(&exchange, &conversation, &made).await;
        becomes(&exchange, &receipts, &OUT).await;
        assert_eq!(taken(&exchange), sent);

        customer.writes("here I am").await;
        exchange.settles().await;
        let receipts = posts(&exchange, &conversation, &[("Body", "good")]).await;
        becomes(&exchange, &receipts, &OUT).await;
        exchange.rests().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_template_with_a_file_goes_outside_of_conversations_as_the_channel_takes_it() {
    let exchange = Exchange::open().await;
    let media = json!({ "body": "Look, {{1}}", "media": ["https://files.example.com/1.png"] });
    let template = a_template(&exchange, &json!({ "twilio/media": media })).await;
    let path = format!("/api/2010-04-01/Accounts/{ACCOUNT}/Messages.json");
    let form = [("To", "+14155550172"), ("From", NUMBER), ("ContentSid", &template)];
    let sent = exchange.api.post(&path, &form).await.expect(201);
    let one = format!(
        "/api/2010-04-01/Accounts/{ACCOUNT}/Messages/{}.json",
        sent["sid"].as_str().unwrap()
    );
    eventually("it is out", || async {
        let status = exchange.api.get(&one).await.ok()["status"].clone();
        OUT.iter().any(|out| status == *out).then_some(())
    })
    .await;
    let taken = exchange.carrier.sent().pop().unwrap();
    assert_eq!(taken.body, "Look, you");
    assert_eq!(taken.media_urls, ["https://files.example.com/1.png"]);
    exchange.rests().await;
}
